"""A person sees that a tool waits, why, and for how long; a model reads when to come back."""

import json
import subprocess
import sys

import pytest
from agent_decisions import report_of
from langgraph.graph import END, START, StateGraph

from azure_devops_agents.investigation.events import ToolFinished, Waited
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_simulator import Fault, seed_organization
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.adapters.langchain import WAITING

TOKEN = "a-token"
LIST = Call.to("list_pull_requests")
REPORT = Call.to("write_report", answer="Done.", verdict="answered")


def throttle(seconds, times=1):
    return Fault(kind="throttle", path="/pullrequests", retry_after=seconds, times=times)


@pytest.fixture
def organization():
    made = seed_organization()
    made.add_token(TOKEN)
    return made


@pytest.fixture
def toolkit(server):
    with AzureDevOpsToolkit.connect(base_url=server.base_url, pat=TOKEN, default_project="Platform") as made:
        yield made


def graph_of(toolkit):
    """A graph of somebody else's, with a sync and an async node."""
    [tool] = [tool for tool in toolkit.get_tools() if tool.name == "list_pull_requests"]

    def node(state):
        return {"text": tool.invoke({"type": "tool_call", "id": "1", "name": tool.name, "args": {}}).content}

    async def anode(state):
        return {"text": (await tool.ainvoke({"type": "tool_call", "id": "1", "name": tool.name, "args": {}})).content}

    def build(chosen):
        graph = StateGraph(dict)
        graph.add_node("list", chosen)
        graph.add_edge(START, "list")
        graph.add_edge("list", END)
        return graph.compile()

    return build(node), build(anode)


def test_a_wait_shows_in_the_stream_of_any_graph(organization, toolkit):
    graph, _ = graph_of(toolkit)
    organization.faults.add(throttle(1))
    [told] = list(graph.stream({}, stream_mode="custom"))
    assert told["type"] == WAITING
    assert told["reason"] == "throttled"
    assert told["text"] == "throttled, continuing in 1 s"
    assert 0.5 < told["seconds"] <= 1


async def test_a_wait_shows_in_the_stream_of_an_asynchronous_graph(organization, toolkit):
    _, graph = graph_of(toolkit)
    organization.faults.add(throttle(1))
    told = [part async for part in graph.astream({}, stream_mode="custom")]
    assert [part["text"] for part in told] == ["throttled, continuing in 1 s"]


def test_outside_of_a_graph_a_callback_is_told(organization, server):
    told = []
    with AzureDevOpsToolkit(
        base_url=server.base_url, pat=TOKEN, default_project="Platform", progress=told.append
    ) as toolkit:
        organization.faults.add(throttle(1))
        [tool] = [tool for tool in toolkit.get_tools() if tool.name == "list_pull_requests"]
        tool.invoke({})
    assert [str(waiting) for waiting in told] == ["throttled, continuing in 1 s"]


def test_the_investigator_tells_of_a_wait_before_the_tool_has_answered(organization, toolkit, tmp_path):
    organization.faults.add(throttle(1))
    model = ScriptedModel(steps=[[LIST], [REPORT]])
    with open_investigator(model, toolkit, path=tmp_path / "threads.sqlite") as investigator:
        events = list(investigator.ask("t", "What is open?"))
    kinds = [type(event) for event in events]
    assert kinds.index(Waited) < kinds.index(ToolFinished)


def test_a_tool_that_gives_up_says_throttled_and_when_to_come_back_and_so_does_the_coverage(
    organization, toolkit, tmp_path
):
    organization.faults.add(throttle(3600, times=None))
    model = ScriptedModel(steps=[[LIST], [REPORT]])
    with open_investigator(model, toolkit, path=tmp_path / "threads.sqlite") as investigator:
        events = list(investigator.ask("t", "What is open?"))
        evidence = investigator.evidence("t")["E1"]
    [finished] = [event for event in events if isinstance(event, ToolFinished)]
    assert finished.status == "throttled"
    assert evidence["text"].startswith("[throttled Throttled 3600s]")
    assert "Come back in 3600 s" in evidence["text"]
    report = report_of(events)
    assert "E1 list_pull_requests" in report["coverage"]["throttled"][0]


def test_verify_says_on_stderr_that_it_waits_and_keeps_stdout_clean(organization, server):
    organization.faults.add(Fault(kind="throttle", path="/connectionData", retry_after=1, times=1))
    ran = subprocess.run(
        [sys.executable, "-m", "azure_devops_agents.cli.main", "verify", "--base-url", server.base_url, "--json"],
        env={"AZURE_DEVOPS_PAT": TOKEN, "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["status"] == "connected"
    assert "throttled, continuing in 1 s" in ran.stderr
