"""An identical read is answered from the evidence only where its result cannot have changed."""

import json
import re

import pytest
from agent_tokens import FULL
from langgraph.checkpoint.memory import InMemorySaver

from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.models.scripted import Call, ScriptedModel
from langchain_azure_devops import AzureDevOpsToolkit

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


@pytest.fixture
def commit(toolkit):
    [branches] = toolkit.get_tools(names="list_branches")
    call = {"type": "tool_call", "id": "1", "name": "list_branches", "args": {"repository": "docs"}}
    return re.findall(r"\b[0-9a-f]{40}\b", json.dumps(branches.invoke(call).artifact["data"]))[0]


FINAL = {
    "file": lambda commit: read(version=commit),
    "file by the id alone": lambda commit: read(version=commit),
    "folder": lambda commit: Call.to("list_repository_files", repository="docs", version=commit),
    "end of a log": lambda _: Call.to("get_build_log", build=35, log=5),
    "lines of a log": lambda _: Call.to("get_build_log", build=35, log=5, first_line=3, last_line=9),
    "words in a log": lambda _: Call.to("get_build_log", build=35, log=5, contains="KeyError"),
}


@pytest.mark.parametrize("kind", FINAL)
def test_what_cannot_change_is_read_once_and_shown_again(ask, commit, kind):
    call = FINAL[kind](commit)
    state = ask(call, call, Call.to("list_projects"))
    assert "Cite E1.]" in answers(state)[1]
    assert answers(state)[0] in answers(state)[1]
    assert [(name, entry["tool"]) for name, entry in state["evidence"].items()] == [
        ("E1", call.name),
        ("E2", "list_projects"),
    ]
    assert state["report"]["usage"]["calls"] == 2


def test_a_thread_that_goes_on_in_another_project_reads_again(server):
    call, threads = Call.to("get_build_log", build=35, log=5), InMemorySaver()
    for project in ("Platform", "Payments"):
        with AzureDevOpsToolkit.connect(base_url=server.base_url, pat=FULL, default_project=project) as toolkit:
            graph = build_graph(ScriptedModel(steps=[[call], REPORT]), toolkit, checkpointer=threads)
            state = graph.invoke({"messages": [("user", "?")]}, {"configurable": {"thread_id": "1"}})
    assert [entry["status"] for entry in state["evidence"].values()] == ["partial", "not_found"]


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
    missing = read(version="0" * 40)
    assert len(ask(missing, missing)["evidence"]) == 2
