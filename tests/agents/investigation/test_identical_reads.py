"""An identical read is answered from the evidence only where its result cannot have changed."""

import json
import re

import pytest

from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.models.scripted import Call, ScriptedModel

REPORT = [Call.to("write_report", answer="Done.", verdict="answered")]


@pytest.fixture
def ask(toolkit):
    def run(*calls):
        graph = build_graph(ScriptedModel(steps=[*([call] for call in calls), REPORT]), toolkit)
        return graph.invoke({"messages": [("user", "?")]})

    return run


def read(**more):
    return Call.to("read_repository_file", repository="docs", path="/README.md", **more)


def answers(state):
    return [str(message.content) for message in state["messages"] if message.type == "tool"]


def test_a_file_at_a_commit_is_read_once_and_shown_again(ask, toolkit):
    [branches] = toolkit.get_tools(names="list_branches")
    call = {"type": "tool_call", "id": "1", "name": "list_branches", "args": {"repository": "docs"}}
    [commit, *_] = re.findall(r"\b[0-9a-f]{40}\b", json.dumps(branches.invoke(call).artifact["data"]))
    at = read(version=commit, version_type="commit")
    state = ask(at, at, Call.to("list_projects"))
    assert "Cite E1.]" in answers(state)[1]
    assert answers(state)[0] in answers(state)[1]
    assert [(name, entry["tool"]) for name, entry in state["evidence"].items()] == [
        ("E1", "read_repository_file"),
        ("E2", "list_projects"),
    ]
    assert state["report"]["usage"]["calls"] == 2


@pytest.mark.parametrize(
    "call",
    [read(), read(version="main"), Call.to("list_pull_requests"), Call.to("get_build_log", build=35)],
    ids=str,
)
def test_what_may_have_changed_is_read_again(ask, call):
    state = ask(call, call)
    assert len(state["evidence"]) == 2
    assert state["report"]["usage"]["calls"] == 2


def test_a_read_that_failed_is_tried_again(ask):
    missing = read(version="0" * 40, version_type="commit")
    assert len(ask(missing, missing)["evidence"]) == 2
