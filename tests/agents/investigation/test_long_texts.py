"""A write with a long text: nobody else waits while it is checked, it is searched once, and one too long is refused."""

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.models.scripted import Call, ScriptedModel
from langchain_azure_devops.safety import content_policy

BUG = Call.to("create_work_item", type="Bug", title="The gate is open", project="Platform")
REPORT = Call.to("write_report", answer="Done.", verdict="answered")
CONFIG = {"configurable": {"thread_id": "t"}}


def edit(**more):
    edited = {"name": BUG.name, "args": {**BUG.arguments, **more}}
    return {"decisions": [{"type": "edit", "edited_action": edited}]}


@pytest.fixture
def long_text(request):
    """A text that no other test has searched."""
    return "".join(f"The gate is open, word {number}.\n" for number in range(1_000)) + request.node.name


@pytest.fixture
def searched(monkeypatch):
    """The searches of long texts for secrets: each calls what is put into the list `meanwhile`, and is counted."""
    real, found, meanwhile = content_policy.read_in_all_ways, [], []

    def search(text, budget):
        if "The gate is open, word 999." in text:
            found.append(len(text))
            for each in meanwhile:
                each()
        return real(text, budget)

    monkeypatch.setattr(content_policy, "read_in_all_ways", search)
    return found, meanwhile


@pytest.fixture
def graph(toolkit):
    return build_graph(ScriptedModel(steps=[[BUG], [REPORT]]), toolkit, checkpointer=InMemorySaver())


@asynccontextmanager
async def ticking(meanwhile):
    """Let another task go on; each search of a long text waits for it, and notes whether it did."""
    ticked, went_on = threading.Event(), []

    async def tick():
        while True:
            ticked.set()
            await asyncio.sleep(0)

    def wait_for_a_tick():
        ticked.clear()
        # On the loop itself nothing ticks meanwhile.
        went_on.append(ticked.wait(5))

    meanwhile.append(wait_for_a_tick)
    other = asyncio.create_task(tick())
    yield went_on
    other.cancel()


async def test_another_task_goes_on_while_a_long_edit_is_checked(graph, long_text, searched):
    _, meanwhile = searched
    await graph.ainvoke({"messages": [("user", "File it.")]}, CONFIG)
    async with ticking(meanwhile) as went_on:
        again = await graph.ainvoke(Command(resume=edit(description=long_text)), CONFIG)
    assert again["__interrupt__"][0].value["action_requests"][0]["args"]["description"] == long_text
    assert went_on
    assert all(went_on)


async def test_another_task_goes_on_while_a_tool_checks_a_long_text(toolkit, long_text, searched, organization):
    _, meanwhile = searched
    [tool] = toolkit.get_tools(names=[BUG.name], approver=lambda request: request.approve(by="dana"))
    async with ticking(meanwhile) as went_on:
        await tool.ainvoke({**BUG.arguments, "description": long_text})
    assert any(item.title == "The gate is open" for item in organization.work_items)
    assert went_on
    assert all(went_on)


def test_an_edit_that_is_too_long_for_the_service_is_refused_before_it_is_shown(graph):
    first = graph.invoke({"messages": [("user", "File it.")]}, CONFIG)
    again = graph.invoke(Command(resume=edit(description="word " * 210_000)), CONFIG)
    [before], [after] = first["__interrupt__"], again["__interrupt__"]
    assert after.value["problem"].startswith("The edited call does not fit: ")
    assert "more than 1,048,576 characters" in after.value["problem"]
    assert after.value["action_requests"][0]["args"] == before.value["action_requests"][0]["args"]


def test_a_long_edit_is_searched_once_until_it_is_written(graph, long_text, searched, organization):
    found, _ = searched
    graph.invoke({"messages": [("user", "File it.")]}, CONFIG)
    graph.invoke(Command(resume=edit(description=long_text)), CONFIG)
    # The text itself, all arguments together, and the text that a person is shown.
    assert len(found) == 3
    graph.invoke(Command(resume={"decisions": [{"type": "approve"}]}), CONFIG)
    assert len(found) == 3
    assert any(item.title == "The gate is open" for item in organization.work_items)


def test_a_long_text_is_searched_again_when_a_secret_became_known(graph, long_text, searched, toolkit):
    found, _ = searched
    graph.invoke({"messages": [("user", "File it.")]}, CONFIG)
    graph.invoke(Command(resume=edit(description=long_text)), CONFIG)
    before = len(found)
    toolkit.client.secrets.redact("password = hW8!kk2Lqz0ve7")
    graph.invoke(Command(resume={"decisions": [{"type": "approve"}]}), CONFIG)
    assert len(found) > before
