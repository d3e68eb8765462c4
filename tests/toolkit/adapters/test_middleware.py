"""LangChain's human-in-the-loop middleware and deepagents ask about our writes, and nothing else passes the gate."""

import asyncio
from datetime import UTC, datetime

import pytest
from deepagents import create_deep_agent
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from tool_calls import FULL, seed_with_tokens

from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_simulator import Organization, SimulatorServer
from langchain_azure_devops import TOOLS, AzureDevOpsToolkit, approve_writes_with, interrupt_approver
from langchain_azure_devops.errors import Misconfigured, WriteBlocked

ASKED = {"messages": [HumanMessage("File it.")]}
THREAD = {"configurable": {"thread_id": "dana"}}
CREATE = Call.to("create_work_item", type="Bug", title="New: one")
APPROVE, REJECT = {"type": "approve"}, {"type": "reject", "message": "not today"}
EDIT = {
    "type": "edit",
    "edited_action": {"name": "create_work_item", "args": {"type": "Bug", "title": "New: edited"}},
}


@pytest.fixture
def organization():
    return seed_with_tokens()


@pytest.fixture
def toolkit(server):
    with AzureDevOpsToolkit(base_url=server.base_url, pat=FULL, scopes="app_token", default_project="Platform") as made:
        yield made


def titles(organization):
    return sorted(item.title for item in organization.work_items if item.title.startswith("New:"))


def agent_of(toolkit, mode, *calls, decisions=("approve", "edit", "reject"), kind="langchain"):
    tools = toolkit.get_tools(approver=toolkit.middleware_approver)
    model = ScriptedModel(steps=[list(calls)])
    asked = toolkit.interrupt_on(decisions)
    if kind == "deepagents":
        return create_deep_agent(model, tools, interrupt_on=asked, checkpointer=InMemorySaver())
    middleware = HumanInTheLoopMiddleware(asked, interrupt_mode=mode)
    return create_agent(model, tools, middleware=[middleware], checkpointer=InMemorySaver())


def run(agent, given, way="sync"):
    return agent.invoke(given, THREAD) if way == "sync" else asyncio.run(agent.ainvoke(given, THREAD))


def answer(agent, state, *decisions, way="sync"):
    """Answer all that is asked, in the form of the mode."""
    asked = state["__interrupt__"]
    if "action_requests" in asked[0].value:
        return run(agent, Command(resume={"decisions": list(decisions)}), way)
    return run(agent, Command(resume={each.id: one for each, one in zip(asked, decisions, strict=True)}), way)


def descriptions(state):
    values = [each.value for each in state["__interrupt__"]]
    return [action["description"] for value in values for action in value.get("action_requests", [value])]


def answers_of(state):
    return [message for message in state["messages"] if isinstance(message, ToolMessage)]


MODES = pytest.mark.parametrize("mode", ["batched", "per_call"])
WAYS = pytest.mark.parametrize("way", ["sync", "async"])


@MODES
@WAYS
def test_a_person_sees_a_write_and_approves_it_once(toolkit, organization, mode, way):
    agent = agent_of(toolkit, mode, CREATE)
    state = run(agent, ASKED, way)
    [text] = descriptions(state)
    for word in ("tidewater", "Platform", "New: one"):
        assert word in text
    assert titles(organization) == []
    [message] = answers_of(answer(agent, state, APPROVE, way=way))
    assert message.status == "success"
    assert titles(organization) == ["New: one"]


@MODES
@WAYS
def test_the_current_values_are_shown_and_still_hold_when_it_is_written(toolkit, organization, mode, way):
    item = next(iter(organization.work_items))
    agent = agent_of(toolkit, mode, Call.to("add_work_item_comment", id=item.id, text="Done."))
    state = run(agent, ASKED, way)
    assert item.title in descriptions(state)[0]
    with AzureDevOpsToolkit(base_url=toolkit.client.settings.url("core"), pat=FULL, writes="allow") as other:
        other.verify()
        [update] = other.get_tools(names="update_work_item")
        update.invoke({"id": item.id, "revision": item.revision.number, "title": "Something else"})
    [message] = answers_of(answer(agent, state, APPROVE, way=way))
    assert message.content.startswith("[blocked")
    assert item.comments == []


@MODES
def test_a_rejected_write_is_not_written(toolkit, organization, mode):
    agent = agent_of(toolkit, mode, CREATE)
    [message] = answers_of(answer(agent, run(agent, ASKED), REJECT))
    assert "not today" in message.content
    assert titles(organization) == []


@MODES
def test_an_edited_write_is_written_as_the_person_edited_it(toolkit, organization, mode):
    agent = agent_of(toolkit, mode, CREATE)
    answer(agent, run(agent, ASKED), EDIT)
    assert titles(organization) == ["New: edited"]


@MODES
@pytest.mark.parametrize(
    "decision", [{"type": "respond", "message": "done"}, {"type": "yes"}, EDIT], ids=lambda d: d["type"]
)
def test_a_decision_that_is_not_allowed_writes_nothing(toolkit, organization, mode, decision):
    agent = agent_of(toolkit, mode, CREATE, decisions=["approve", "reject"])
    state = run(agent, ASKED)
    with pytest.raises(ValueError, match=r"decision|approve|reject"):
        answer(agent, state, decision)
    assert titles(organization) == []


@MODES
def test_each_call_of_a_turn_gets_its_own_decision(toolkit, organization, mode):
    agent = agent_of(toolkit, mode, CREATE, Call.to("create_work_item", type="Bug", title="New: two"))
    state = run(agent, ASKED)
    order = ["one" if "New: one" in text else "two" for text in descriptions(state)]
    answer(agent, state, *(APPROVE if name == "two" else REJECT for name in order))
    assert titles(organization) == ["New: two"]


def test_a_write_that_cannot_be_shown_is_refused_whatever_the_person_says(toolkit, organization):
    agent = agent_of(toolkit, "batched", Call.to("add_work_item_comment", id=999_999, text="Done."))
    state = run(agent, ASKED)
    assert "will be refused, whatever you decide" in descriptions(state)[0]
    [message] = answers_of(answer(agent, state, APPROVE))
    assert message.status == "error"


def test_without_the_middleware_nothing_is_written(toolkit, organization):
    tools = toolkit.get_tools(approver=toolkit.middleware_approver)
    agent = create_agent(ScriptedModel(steps=[[CREATE]]), tools, checkpointer=InMemorySaver())
    [message] = answers_of(agent.invoke(ASKED, THREAD))
    assert "HumanInTheLoopMiddleware(toolkit.interrupt_on())" in message.content
    # A call that was approved in one thread is none in another, and none of another tool.
    asking = agent_of(toolkit, "batched", CREATE)
    run(asking, ASKED)
    agent.invoke(ASKED, {"configurable": {"thread_id": "eve"}})
    assert titles(organization) == []


@WAYS
@pytest.mark.parametrize("first", ["tools", "interrupt_on"])
def test_tools_without_another_approver_have_the_one_of_the_middleware(toolkit, organization, first, way):
    tools = toolkit.get_tools() if first == "tools" else None
    middleware = HumanInTheLoopMiddleware(toolkit.interrupt_on())
    tools = tools or toolkit.get_tools()
    agent = create_agent(ScriptedModel(steps=[[CREATE]]), tools, middleware=[middleware], checkpointer=InMemorySaver())
    state = run(agent, ASKED, way)
    assert titles(organization) == []
    [message] = answers_of(answer(agent, state, APPROVE, way=way))
    assert message.status == "success"
    # An agent that nobody asks about still writes nothing.
    bare = create_agent(ScriptedModel(steps=[[CREATE]]), tools, checkpointer=InMemorySaver())
    [message] = answers_of(bare.invoke(ASKED, {"configurable": {"thread_id": "eve"}}))
    assert "HumanInTheLoopMiddleware did not show this call" in message.content
    assert titles(organization) == ["New: one"]


def test_nobody_is_asked_about_a_tool_that_the_token_does_not_allow(server):
    reading = ("vso.project", "vso.code", "vso.work", "vso.build")
    with AzureDevOpsToolkit(base_url=server.base_url, pat=FULL, scopes=reading, name_prefix="ado_") as made:
        assert made.interrupt_on() == {}
        middleware = HumanInTheLoopMiddleware(made.interrupt_on())
        call = Call.to("ado_create_work_item", type="Bug", title="New: one")
        agent = create_agent(
            ScriptedModel(steps=[[call]]), made.get_tools(), middleware=[middleware], checkpointer=InMemorySaver()
        )
        state = agent.invoke(ASKED, THREAD)
    assert "__interrupt__" not in state
    assert "ado_create_work_item is not a valid tool" in answers_of(state)[0].content
    with AzureDevOpsToolkit(base_url=server.base_url, pat=FULL, scopes=(*reading, "vso.work_write")) as made:
        asked = made.interrupt_on()
        writers = {tool.name for tool in made.get_tools() if tool.metadata["access"] == "write"}
    assert "create_work_item" in asked
    assert asked.keys() == writers


def test_another_approver_comes_before_the_one_of_the_middleware(toolkit, organization):
    given = CREATE.arguments
    [before, refusing] = [toolkit.get_tools(names=CREATE.name, **of)[0] for of in ({}, {"approver": None})]
    assert "the approver is toolkit.middleware_approver" in before.invoke(given)
    toolkit.interrupt_on()
    with pytest.raises(WriteBlocked, match="no approver was given"):
        TOOLS[CREATE.name].call_sync(toolkit.client, **given)
    assert "no approver was given" in refusing.invoke(given)
    assert "HumanInTheLoopMiddleware did not show this call" in before.invoke(given)
    with approve_writes_with(None):
        assert "no approver was given" in before.invoke(given)
    assert titles(organization) == []
    with approve_writes_with(lambda request: request.approve(by="dana")):
        before.invoke(given)
    assert titles(organization) == ["New: one"]


def test_a_tool_task_that_runs_again_does_not_write_again(toolkit, organization):
    organization.clock.set(datetime.now(UTC))
    organization.clock.rate = 1
    runs = []

    class Failing(HumanInTheLoopMiddleware):
        def wrap_tool_call(self, request, handler):
            done = handler(request)
            runs.append(done)
            if len(runs) == 1:
                raise ConnectionError
            return done

    tools = toolkit.get_tools(approver=toolkit.middleware_approver)
    agent = create_agent(
        ScriptedModel(steps=[[CREATE]]),
        tools,
        middleware=[Failing(toolkit.interrupt_on())],
        checkpointer=InMemorySaver(),
    )
    state = run(agent, ASKED)
    with pytest.raises(ConnectionError):
        answer(agent, state, APPROVE)
    agent.invoke(None, THREAD)
    assert len(runs) == 2
    assert titles(organization) == ["New: one"]


@WAYS
@pytest.mark.parametrize("decision", [APPROVE, REJECT, EDIT], ids=lambda d: d["type"])
def test_deepagents_asks_in_the_same_way(toolkit, organization, way, decision):
    agent = agent_of(toolkit, "batched", CREATE, kind="deepagents")
    state = run(agent, ASKED, way)
    assert "tidewater" in descriptions(state)[0]
    answer(agent, state, decision, way=way)
    written = {"approve": ["New: one"], "reject": [], "edit": ["New: edited"]}
    assert titles(organization) == written[decision["type"]]


@WAYS
@pytest.mark.parametrize("control", ["middleware", "interrupt_approver"])
def test_a_subagent_of_deepagents_asks_through_its_parent(toolkit, organization, way, control):
    middleware = control == "middleware"
    tools = toolkit.get_tools(approver=toolkit.middleware_approver if middleware else interrupt_approver)
    filer = {
        "name": "filer",
        "description": "Files bugs.",
        "system_prompt": "File the bug.",
        "model": ScriptedModel(steps=[[CREATE]]),
        "tools": tools,
    }
    agent = create_deep_agent(
        ScriptedModel(steps=[[Call.to("task", description="File it.", subagent_type="filer")]]),
        [],
        subagents=[filer],
        interrupt_on=toolkit.interrupt_on() if middleware else None,
        checkpointer=InMemorySaver(),
    )
    state = run(agent, ASKED, way)
    assert "New: one" in descriptions(state)[0]
    assert titles(organization) == []
    answer(agent, state, APPROVE, way=way)
    assert titles(organization) == ["New: one"]


def test_only_the_writes_are_asked_about_under_their_bound_names(server):
    with AzureDevOpsToolkit(base_url=server.base_url, pat=FULL, scopes="app_token", name_prefix="ado_") as made:
        writes = {tool.name for tool in made.get_tools(access="write")}
        assert {*made.interrupt_on()} == writes
        assert all(name.startswith("ado_") for name in writes)
        assert {tuple(each["allowed_decisions"]) for each in made.interrupt_on().values()} == {
            ("approve", "edit", "reject")
        }


def test_the_description_shows_no_secret_and_acts_nowhere(toolkit, organization):
    item = next(iter(organization.work_items))
    token = "ghp_" + "x7Kq2LmZ9vTf4RbN8sWd1YcH6pJg3EaUo5Qi"
    item.revision.fields["System.Title"] = f"![x](https://evil.example/?q=1) {token} a\u200bb"
    agent = agent_of(toolkit, "batched", Call.to("add_work_item_comment", id=item.id, text="Done."))
    [text] = descriptions(run(agent, ASKED))
    assert token not in text
    assert "](https://evil.example" not in text
    assert "\u200b" not in text


@pytest.mark.parametrize("wrong", ["approve", ["respond"], ["yes"], []], ids=repr)
def test_a_decision_that_does_not_exist_is_a_mistake(toolkit, wrong):
    with pytest.raises(Misconfigured, match="allowed_decisions= takes a list of some of approve, edit, reject"):
        toolkit.interrupt_on(wrong)


def test_two_toolkits_whose_tools_have_the_same_names_do_not_approve_for_each_other(toolkit, organization):
    other_organization = Organization("riverbank")
    other_organization.add_token(FULL)
    with (
        SimulatorServer(other_organization) as second,
        AzureDevOpsToolkit(base_url=second.base_url, pat=FULL, scopes="app_token", default_project="Platform") as other,
    ):
        # The tools are those of one organization, and what the person is shown is of the other one.
        agent = create_agent(
            ScriptedModel(steps=[[CREATE]]),
            toolkit.get_tools(approver=toolkit.middleware_approver),
            middleware=[HumanInTheLoopMiddleware({**toolkit.interrupt_on(), **other.interrupt_on()})],
            checkpointer=InMemorySaver(),
        )
        state = run(agent, ASKED)
        assert "riverbank" in descriptions(state)[0]
        [message] = answers_of(answer(agent, state, APPROVE))
    assert "give each of them a name_prefix" in message.content
    assert titles(organization) == []
