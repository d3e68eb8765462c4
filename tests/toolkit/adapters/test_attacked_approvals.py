"""Attacks on the approval of writes in somebody's own graph: restarts, repeated answers, nodes that run again."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from tool_calls import FULL, seed_with_tokens

from azure_devops_agents.models.scripted import Call, ScriptedModel
from langchain_azure_devops import AzureDevOpsToolkit, interrupt_approver
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


def shown_by_middleware(toolkit, *calls, saver, mode="batched", **options):
    return create_agent(
        ScriptedModel(steps=[list(calls)]),
        toolkit.get_tools(approver=toolkit.middleware_approver),
        middleware=[HumanInTheLoopMiddleware(toolkit.interrupt_on(), interrupt_mode=mode)],
        checkpointer=saver,
        **options,
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
    restarted = shown_by_middleware(connect(), call, saver=saver, mode=mode)
    state = restarted.invoke(Command(resume=approving(mode)), THREAD)
    assert item.comments == []
    [message] = answers_of(state)
    assert "did not show this call" in message.content


@MODES
def test_a_write_that_will_be_refused_whatever_is_decided_is_refused(connect, server, organization, mode):
    item = next(iter(organization.work_items))
    hidden = organization.work_items.items.pop(item.id) if hasattr(organization.work_items, "items") else None
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


def test_nothing_false_is_said_about_a_write_that_changed_what_was_shown(toolkit, organization):
    item = next(iter(organization.work_items))
    call = Call.to("update_work_item", id=item.id, revision=item.revision.number, title="New: title")
    runs = []

    def write(tools):
        runs.append(tools[call.name].invoke(call_of(call)))
        if len(runs) == 1:
            raise ConnectionError
        return [runs[-1]]

    graph = asking(toolkit, InMemorySaver(), write)
    graph.invoke(ASKED, THREAD)
    with pytest.raises(ConnectionError):
        graph.invoke(Command(resume=APPROVE), THREAD)
    assert runs[0].status == "success", runs[0].content
    [message] = answers_of(graph.invoke(None, THREAD))
    assert "nothing was sent" not in message.content
    assert "denied" not in events(toolkit)


PROGRAM = """
import os, sqlite3, sys, time
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command
from langchain_azure_devops import AzureDevOpsToolkit, interrupt_approver

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
