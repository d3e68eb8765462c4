"""Attacks on the approval of writes in somebody's own graph: restarts, repeated answers, nodes that run again."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from deepagents import create_deep_agent
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, Send, interrupt
from tool_calls import FULL, UPLOADS, seed_with_tokens

from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_simulator.areas.builds.run import finish_build
from langchain_azure_devops import TOOLS, AzureDevOpsToolkit, interrupt_approver
from langchain_azure_devops.safety import read_entries

THREAD = {"configurable": {"thread_id": "dana"}}
ASKED = {"messages": [HumanMessage("File it.")]}
APPROVE = {"decisions": [{"type": "approve"}]}
REJECT = {"decisions": [{"type": "reject", "message": "not today"}]}
CREATE = Call.to("create_work_item", type="Bug", title="New: one")


@pytest.fixture
def organization():
    seeded = seed_with_tokens()
    seeded.clock.set(datetime.now(UTC))
    seeded.clock.rate = 1
    # What runs in the seed goes on running, so that it can be canceled.
    running = next(build for build in seeded.builds.builds.values() if build.status == "inProgress")
    finish_build(running, seeded.clock.now() + timedelta(hours=1))
    return seeded


@pytest.fixture
def connect(server, tmp_path):
    """Make toolkits of the same organization: each stands for another process or another user."""
    made = []

    def make(**options):
        made.append(
            AzureDevOpsToolkit(
                base_url=server.base_url,
                pat=FULL,
                scopes="app_token",
                default_project="Platform",
                audit=tmp_path / "audit.jsonl",
                attachments_folder=UPLOADS.folder,
                **options,
            )
        )
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def toolkit(connect):
    return connect()


def titles(organization):
    return sorted(item.title for item in organization.work_items if item.title.startswith("New:"))


def answers_of(state):
    return [message for message in state["messages"] if isinstance(message, ToolMessage)]


def events(toolkit):
    path = toolkit.client.audit.path
    return [entry.event for entry in read_entries(path) if entry.event != "read"] if path.exists() else []


def descriptions(state):
    values = [each.value for each in state["__interrupt__"]]
    return [action["description"] for value in values for action in value.get("action_requests", [value])]


def approving(mode):
    return APPROVE if mode == "batched" else APPROVE["decisions"][0]


def rejecting(mode):
    return REJECT if mode == "batched" else REJECT["decisions"][0]


def shown_by_middleware(toolkit, *calls, saver, mode="batched", model=None):
    return create_agent(
        model or ScriptedModel(steps=[list(calls)]),
        toolkit.get_tools(approver=toolkit.middleware_approver),
        middleware=[HumanInTheLoopMiddleware(toolkit.interrupt_on(), interrupt_mode=mode)],
        checkpointer=saver,
    )


MODES = pytest.mark.parametrize("mode", ["batched", "per_call"])


# -- the middleware --------------------------------------------------------------------------------------------------


@MODES
def test_what_another_process_showed_is_not_written(connect, organization, mode):
    item = next(iter(organization.work_items))
    call, saver = Call.to("add_work_item_comment", id=item.id, text="Done."), InMemorySaver()
    state = shown_by_middleware(connect(), call, saver=saver, mode=mode).invoke(ASKED, THREAD)
    assert item.title in descriptions(state)[0]
    item.revision.fields["System.Title"] = "Something else"
    asking_again = ScriptedModel(steps=[[call], [call]])
    restarted = shown_by_middleware(connect(), saver=saver, mode=mode, model=asking_again)
    state = restarted.invoke(Command(resume=approving(mode)), THREAD)
    assert item.comments == []
    [message] = answers_of(state)
    assert "did not show this call" in message.content
    assert (
        "Another process or another toolkit may have shown it, as before a restart: ask for it again."
        in message.content
    )
    # The model asks again, and the person sees what is true now.
    assert "Something else" in descriptions(state)[0]
    restarted.invoke(Command(resume=approving(mode)), THREAD)
    assert [comment.text for comment in item.comments] == ["Done."]


@MODES
def test_a_write_that_will_be_refused_whatever_is_decided_is_refused(connect, organization, mode):
    item = next(iter(organization.work_items))
    hidden = organization.work_items.items.pop(item.id)
    toolkit = connect()
    agent = shown_by_middleware(
        toolkit, Call.to("add_work_item_comment", id=item.id, text="Done."), saver=InMemorySaver(), mode=mode
    )
    state = agent.invoke(ASKED, THREAD)
    assert "will be refused, whatever you decide" in descriptions(state)[0]
    organization.work_items.items[item.id] = hidden
    agent.invoke(Command(resume=approving(mode)), THREAD)
    assert item.comments == []


@MODES
def test_another_agent_without_the_middleware_does_not_write_what_was_shown(toolkit, organization, mode):
    saver = InMemorySaver()
    shown_by_middleware(toolkit, CREATE, saver=saver, mode=mode).invoke(ASKED, THREAD)
    bare = create_agent(
        ScriptedModel(steps=[[CREATE]]),
        toolkit.get_tools(approver=toolkit.middleware_approver),
        checkpointer=InMemorySaver(),
    )
    bare.invoke(ASKED, THREAD)
    assert titles(organization) == []


@MODES
def test_a_subagent_without_the_middleware_does_not_write_what_was_rejected(toolkit, organization, mode):
    saver = InMemorySaver()
    bare = create_agent(ScriptedModel(steps=[[CREATE]]), toolkit.get_tools(approver=toolkit.middleware_approver))
    graph = StateGraph(MessagesState)
    graph.add_node("asking", shown_by_middleware(toolkit, CREATE, saver=None, mode=mode))
    graph.add_node("bare", lambda state: bare.invoke(ASKED))
    graph.add_edge(START, "asking")
    graph.add_edge("asking", "bare")
    compiled = graph.compile(checkpointer=saver)
    compiled.invoke(ASKED, THREAD)
    compiled.invoke(Command(resume=rejecting(mode)), THREAD)
    assert titles(organization) == []


def deep_agent(toolkit, helper, *steps):
    tools = toolkit.get_tools(approver=toolkit.middleware_approver)
    return create_deep_agent(
        ScriptedModel(steps=list(steps)),
        tools,
        subagents=[helper],
        interrupt_on=toolkit.interrupt_on(),
        checkpointer=InMemorySaver(),
    )


DELEGATE = [Call.to("task", subagent_type="writer", description="File it.")]


@pytest.mark.parametrize(("answer", "written"), [(APPROVE, ["New: one"]), (REJECT, [])], ids=["approved", "rejected"])
def test_a_subagent_of_deepagents_asks(toolkit, organization, answer, written):
    model = ScriptedModel(steps=[[CREATE]])
    helper = {"name": "writer", "description": "Writes.", "system_prompt": "Write.", "model": model}
    agent = deep_agent(toolkit, helper, DELEGATE)
    state = agent.invoke(ASKED, THREAD)
    assert "tidewater" in descriptions(state)[0]
    assert titles(organization) == []
    agent.invoke(Command(resume=answer), THREAD)
    assert titles(organization) == written


def test_a_subagent_of_deepagents_without_the_middleware_does_not_write_what_was_rejected(toolkit, organization):
    tools = toolkit.get_tools(approver=toolkit.middleware_approver)
    bare = create_agent(ScriptedModel(steps=[[CREATE]]), tools)
    helper = {"name": "writer", "description": "Writes.", "runnable": bare}
    agent = deep_agent(toolkit, helper, [CREATE], DELEGATE)
    agent.invoke(ASKED, THREAD)
    state = agent.invoke(Command(resume=REJECT), THREAD)
    assert [message.name for message in answers_of(state)] == ["create_work_item", "task"]
    assert titles(organization) == []


def test_two_users_of_one_toolkit_answer_for_themselves(toolkit, organization):
    """Both have the same question with the same id of a call, each in a thread of their own."""
    agent = shown_by_middleware(toolkit, CREATE, saver=InMemorySaver())
    other = {"configurable": {"thread_id": "eve"}}
    agent.invoke(ASKED, THREAD)
    agent.invoke(ASKED, other)
    agent.invoke(Command(resume=REJECT), THREAD)
    assert titles(organization) == []
    agent.invoke(Command(resume=APPROVE), other)
    assert titles(organization) == ["New: one"]


# -- interrupt_approver ----------------------------------------------------------------------------------------------


def asking(toolkit, saver, write):
    tools = {tool.name: tool for tool in toolkit.get_tools(approver=interrupt_approver)}
    graph = StateGraph(MessagesState)
    graph.add_node("write", lambda state: {"messages": write(tools)})
    graph.add_edge(START, "write")
    return graph.compile(checkpointer=saver)


def call_of(call, number="1"):
    return {"type": "tool_call", "id": number, "name": call.name, "args": call.arguments}


@pytest.mark.parametrize("answer", [APPROVE, REJECT], ids=["approved", "rejected"])
def test_the_answer_to_a_write_is_none_to_a_later_question_of_the_same_node(toolkit, organization, answer):
    heard = []

    def write(tools):
        message = tools[CREATE.name].invoke(call_of(CREATE))
        heard.append(interrupt("Delete the project?"))
        return [message]

    graph = asking(toolkit, InMemorySaver(), write)
    graph.invoke(ASKED, THREAD)
    [question] = graph.invoke(Command(resume=answer), THREAD)["__interrupt__"]
    assert question.value == "Delete the project?"
    [message] = answers_of(graph.invoke(Command(resume="no"), THREAD))
    assert heard == ["no"]
    assert titles(organization) == (["New: one"] if answer is APPROVE else [])
    assert ("not today" in message.content) is (answer is REJECT)


def test_the_answer_to_an_outdated_write_is_none_to_a_later_question(toolkit, organization):
    item = next(iter(organization.work_items))
    heard = []

    def write(tools):
        message = tools["add_work_item_comment"].invoke(
            call_of(Call.to("add_work_item_comment", id=item.id, text="Done."))
        )
        heard.append(interrupt("Delete the project?"))
        return [message]

    graph = asking(toolkit, InMemorySaver(), write)
    graph.invoke(ASKED, THREAD)
    item.revision.fields["System.Title"] = "Something else"
    state = graph.invoke(Command(resume=APPROVE), THREAD)
    assert heard == []
    assert [each.value for each in state["__interrupt__"]] == ["Delete the project?"]
    graph.invoke(Command(resume="no"), THREAD)
    assert heard == ["no"]
    assert item.comments == []


def test_an_approval_of_what_changed_right_before_the_write_stays_unused(toolkit, organization):
    item = next(iter(organization.work_items))
    call = Call.to("add_work_item_comment", id=item.id, text="Done.")
    runs = []

    class Changing(InMemorySaver):
        """Another person changes the item while the checkpoint notes that the answer is used."""

        def put_writes(self, config, writes, task_id, task_path=""):
            if writes[0][0] == "azure_devops_used":
                item.revision.fields["System.Title"] = "Something else"
            super().put_writes(config, writes, task_id, task_path)

    def write(tools):
        runs.append(tools[call.name].invoke(call_of(call)))
        if len(runs) == 1:
            raise ConnectionError
        return [runs[-1]]

    graph = asking(toolkit, Changing(), write)
    graph.invoke(ASKED, THREAD)
    with pytest.raises(ConnectionError):
        graph.invoke(Command(resume=APPROVE), THREAD)
    [message] = answers_of(graph.invoke(None, THREAD))
    assert item.comments == []
    # It was surely not sent, also when the node runs again.
    assert all("no longer true" in text for text in (runs[0].content, message.content))
    assert events(toolkit) == ["approved", "granted", "failed", "denied", "denied"]


def test_equal_writes_of_a_fan_out_are_done_as_often_as_is_said(toolkit, organization):
    [tool] = toolkit.get_tools(names=CREATE.name, approver=interrupt_approver)
    graph = StateGraph(MessagesState)
    graph.add_node("write", lambda state: {"messages": [tool.invoke(call_of(CREATE, state["number"]))]})
    # Two calls of them have the same id, as those of a careless model.
    graph.add_conditional_edges(START, lambda _: [Send("write", {"number": each}) for each in "112"], ["write"])
    compiled = graph.compile(checkpointer=InMemorySaver())
    asked = compiled.invoke(ASKED, THREAD)["__interrupt__"]
    assert len(asked) == 3
    state = compiled.invoke(Command(resume={each.id: APPROVE for each in asked}), THREAD)
    said = [message.status for message in answers_of(state)]
    assert len(said) == 3
    assert said.count("success") == len(titles(organization)) == events(toolkit).count("written") > 0


# -- answers that come late, twice, or after a change of the state -----------------------------------------------------


def agent_of(kind, toolkit, saver, model=None):
    """An agent that asks in one of three ways, and the form of a yes."""
    if kind != "approver":
        return shown_by_middleware(toolkit, CREATE, saver=saver, mode=kind, model=model), approving(kind)
    model = model or ScriptedModel(steps=[[CREATE]])
    return create_agent(model, toolkit.get_tools(approver=interrupt_approver), checkpointer=saver), APPROVE


KINDS = pytest.mark.parametrize("kind", ["approver", "batched", "per_call"])


@KINDS
async def test_three_clients_that_answer_at_once_write_once_and_all_hear_of_it(toolkit, organization, kind, tmp_path):
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "threads.db")) as saver:
        agent, yes = agent_of(kind, toolkit, saver)
        await agent.ainvoke(ASKED, THREAD)
        states = await asyncio.gather(*(agent.ainvoke(Command(resume=yes), THREAD) for _ in range(3)))
    assert titles(organization) == ["New: one"]
    assert [message.status for state in states for message in answers_of(state)] == ["success"] * 3
    assert events(toolkit) == ["approved", "granted", "written", "written", "written"]


@KINDS
def test_an_answer_that_came_before_the_question_approves_nothing(toolkit, organization, kind):
    """A client answers once more while nothing is asked; LangGraph hands this answer to the next question."""
    failed = []

    class Failing(ScriptedModel):
        def calls(self, messages, turn):
            if not failed:
                failed.append(True)
                raise ConnectionError
            return super().calls(messages, turn)

    agent, yes = agent_of(kind, toolkit, None, Failing(steps=[[CREATE]]))
    graph = StateGraph(MessagesState)
    graph.add_node("agent", agent)
    graph.add_edge(START, "agent")
    compiled = graph.compile(checkpointer=InMemorySaver())
    with pytest.raises(ConnectionError):
        compiled.invoke(ASKED, THREAD)
    [message] = answers_of(compiled.invoke(Command(resume=yes), THREAD))
    assert message.status == "error"
    assert titles(organization) == []
    assert "approved" not in events(toolkit)


@KINDS
def test_a_call_that_the_host_changed_while_it_was_asked_about_is_not_approved(toolkit, organization, kind):
    agent, yes = agent_of(kind, toolkit, InMemorySaver())
    agent.invoke(ASKED, THREAD)
    last = agent.get_state(THREAD).values["messages"][-1]
    other = {**last.tool_calls[0], "args": {"type": "Bug", "title": "New: other"}}
    agent.update_state(THREAD, {"messages": [last.model_copy(update={"tool_calls": [other]})]}, as_node="model")
    agent.invoke(Command(resume=yes), THREAD)
    assert titles(organization) == []


PROGRAM = """
import os, sqlite3, sys, time
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command
from langchain_azure_devops import TOOLS, AzureDevOpsToolkit, interrupt_approver

url, folder, step, me, other = sys.argv[1:]

class Together(SqliteSaver):
    waited = step == "ask"

    def get_tuple(self, config):
        found = super().get_tuple(config)
        if config["configurable"].get("checkpoint_id") and not self.waited:
            self.waited = True
            open(f"{folder}/{me}", "w").close()
            while not os.path.exists(f"{folder}/{other}"):
                time.sleep(0.01)
        return found

toolkit = AzureDevOpsToolkit(base_url=url, pat="full-token", scopes="app_token", default_project="Platform")
[tool] = toolkit.get_tools(names="create_work_item", approver=interrupt_approver)
call = {"type": "tool_call", "id": "1", "name": tool.name, "args": {"type": "Bug", "title": "New: one"}}
builder = StateGraph(MessagesState)
builder.add_node("write", lambda state: {"messages": [tool.invoke(call)]})
builder.add_edge(START, "write")
saver = Together(sqlite3.connect(f"{folder}/threads.db", check_same_thread=False, timeout=60))
graph = builder.compile(checkpointer=saver)
given = {"messages": []} if step == "ask" else Command(resume={"decisions": [{"type": "approve"}]})
state = graph.invoke(given, {"configurable": {"thread_id": "dana"}})
print(*[message.content for message in state["messages"]])
"""


def test_two_processes_that_answer_at_once_write_once(server, organization, tmp_path):
    """Both have read the checkpoint before either has noted there that it uses the answer."""

    def start(*arguments):
        command = [sys.executable, "-c", PROGRAM, server.base_url, str(tmp_path), *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    _, error = start("ask", "", "").communicate(timeout=60)
    assert error == ""
    answering = [start("answer", "a", "b"), start("answer", "b", "a")]
    said = [process.communicate(timeout=120) for process in answering]
    assert titles(organization) == ["New: one"], said
    assert [error for _, error in said] == ["", ""]
    assert sum("so it counts as done; it was not sent again" in text for text, _ in said) == 1


@pytest.mark.parametrize("name", sorted(name for name, tool in TOOLS.items() if tool.access == "write"))
def test_no_tool_says_something_false_when_its_node_runs_again(connect, name):
    """The write itself changed the state, so what is read before it may be refused the second time."""
    example, runs, toolkit = Call(name=name, arguments=dict(TOOLS[name].examples[0])), [], connect(toolsets="all")

    def write(tools):
        runs.append(tools[name].invoke(call_of(example)))
        if len(runs) == 1:
            raise ConnectionError
        return [runs[-1]]

    graph = asking(toolkit, InMemorySaver(), write)
    graph.invoke(ASKED, THREAD)
    with pytest.raises(ConnectionError):
        graph.invoke(Command(resume=APPROVE), THREAD)
    assert runs[0].status == "success", runs[0].content
    [message] = answers_of(graph.invoke(None, THREAD))
    assert message.status == "success" or "OutcomeUnknown" in message.content
    assert events(toolkit)[:3] == ["approved", "granted", "written"]
    assert events(toolkit)[3:] in (["written"], ["unknown"])
