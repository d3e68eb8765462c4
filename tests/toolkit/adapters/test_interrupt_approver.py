"""A person approves the writes of somebody's own graph by LangGraph's interrupts: no answer reaches another one."""

import asyncio
import json
import subprocess
import sys
import textwrap
from datetime import UTC, datetime

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.types import Command, RetryPolicy, interrupt
from tool_calls import FULL, seed_with_tokens

from azure_devops_agents.models.scripted import Call, ScriptedModel
from langchain_azure_devops import (
    Approval,
    AzureDevOps,
    AzureDevOpsToolkit,
    Result,
    Scope,
    Toolset,
    approve_writes_with,
    interrupt_approver,
)
from langchain_azure_devops.safety import read_entries

THREAD = {"configurable": {"thread_id": "dana"}}
APPROVE = {"decisions": [{"type": "approve"}]}


@pytest.fixture
def organization():
    """The seeded organization, at the time of this machine: what it made is found by when it was made."""
    seeded = seed_with_tokens()
    seeded.clock.set(datetime.now(UTC))
    seeded.clock.rate = 1
    return seeded


@pytest.fixture
def toolkit(server, tmp_path):
    with AzureDevOpsToolkit(
        base_url=server.base_url,
        pat=FULL,
        scopes="app_token",
        default_project="Platform",
        audit=tmp_path / "audit.jsonl",
    ) as made:
        yield made


def titles(organization):
    """The titles of the work items that a test created."""
    return sorted(item.title for item in organization.work_items if item.title.startswith("New:"))


def create(*names):
    return [Call.to("create_work_item", type="Bug", title=f"New: {name}") for name in names]


def agent_of(toolkit, *steps, saver=None):
    return create_agent(
        ScriptedModel(steps=list(steps)), toolkit.get_tools(approver=interrupt_approver), checkpointer=saver
    )


def graph_of(toolkit, *steps, saver):
    """A graph of one's own: all tool calls of a turn run in one task."""
    model = ScriptedModel(steps=list(steps))
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
    graph.add_node("tools", ToolNode(toolkit.get_tools(approver=interrupt_approver)))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    return graph.compile(checkpointer=saver)


ASKED = {"messages": [HumanMessage("File it.")]}


def run(graph, given, way):
    """Invoke a graph in one of the two ways, and return its state."""
    if way == "sync":
        return graph.invoke(given, THREAD)
    return asyncio.run(graph.ainvoke(given, THREAD))


def questions(state):
    return list(state.get("__interrupt__", ()))


def answers_of(state):
    return [message for message in state["messages"] if isinstance(message, ToolMessage)]


def events(toolkit):
    path = toolkit.client.audit.path
    return [entry.event for entry in read_entries(path) if entry.event != "read"] if path.exists() else []


@pytest.fixture(params=["sync", "async"])
def way(request):
    return request.param


# -- an approver of one's own --------------------------------------------------------------------------------------


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_approver_of_ones_own_may_interrupt(toolkit, organization, way, asynchronous):
    def ask(request):
        return Approval(interrupt(request.arguments["title"]) == "yes", request.digest, "dana")

    async def ask_async(request):
        return ask(request)

    tools = toolkit.get_tools(approver=ask_async if asynchronous else ask)
    agent = create_agent(ScriptedModel(steps=[create("one")]), tools, checkpointer=InMemorySaver())
    [question] = questions(run(agent, ASKED, way))
    assert question.value == "New: one"
    # Nobody has answered, so nobody has denied anything.
    assert events(toolkit) == []
    run(agent, Command(resume="yes"), way)
    assert titles(organization) == ["New: one"]
    assert events(toolkit) == ["approved", "granted", "written"]


def test_a_typed_function_may_interrupt_in_a_node(toolkit, organization):
    from langchain_azure_devops.tools.work_items.tools import create_work_item

    def write(state):
        with approve_writes_with(lambda request: Approval(interrupt("may I?"), request.digest, "dana")):
            create_work_item.call_sync(toolkit.client, type="Bug", title="New: one")

    graph = StateGraph(MessagesState)
    graph.add_node("write", write)
    graph.add_edge(START, "write")
    compiled = graph.compile(checkpointer=InMemorySaver())
    assert len(questions(compiled.invoke(ASKED, THREAD))) == 1
    assert titles(organization) == []
    compiled.invoke(Command(resume=True), THREAD)
    assert titles(organization) == ["New: one"]


# -- create_agent --------------------------------------------------------------------------------------------------


def test_an_agent_asks_in_the_standard_shape_and_writes_once(toolkit, organization, way):
    agent = agent_of(toolkit, create("one"), saver=InMemorySaver())
    [question] = questions(run(agent, ASKED, way))
    [action] = question.value["action_requests"]
    assert action["name"] == "create_work_item"
    assert action["args"] == {
        "type": "Bug",
        "title": "New: one",
        "project": "Platform",
        "fields": [],
        "links": [],
        "tags": [],
    }
    for word in ("tidewater", "Platform", "New: one", "Current values: none"):
        assert word in action["description"]
    assert question.value["review_configs"] == [
        {"action_name": "create_work_item", "allowed_decisions": ["approve", "reject"]}
    ]
    view = question.value["azure_devops"]
    assert (view["organization"], view["project"]) == ("tidewater", "Platform")
    # It is stored and sent to front ends as JSON.
    assert json.loads(json.dumps(question.value)) == question.value
    state = run(agent, Command(resume=APPROVE), way)
    assert titles(organization) == ["New: one"]
    assert [message.status for message in answers_of(state)] == ["success"]
    assert events(toolkit) == ["approved", "granted", "written"]


def test_the_question_shows_the_current_values(toolkit, organization):
    item = next(iter(organization.work_items))
    call = Call.to("update_work_item", id=item.id, revision=item.revision.number, state="Resolved")
    agent = agent_of(toolkit, [call], saver=InMemorySaver())
    [question] = questions(agent.invoke(ASKED, THREAD))
    assert question.value["azure_devops"]["current"]["title"] == item.title
    assert item.title in question.value["action_requests"][0]["description"]


def test_one_decision_alone_is_understood(toolkit, organization, way):
    agent = agent_of(toolkit, create("one"), saver=InMemorySaver())
    run(agent, ASKED, way)
    run(agent, Command(resume={"type": "approve"}), way)
    assert titles(organization) == ["New: one"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"decisions": [{"type": "reject", "message": "not today"}]}, "not today"),
        ({"type": "reject"}, "rejected"),
        ({"decisions": [{"type": "respond", "message": "yes"}]}, "is no decision about a write"),
        ({"decisions": [{"type": "approve"}, {"type": "approve"}]}, "exactly one decision"),
        ({"decisions": []}, "exactly one decision"),
        ({"decisions": {"type": "approve"}}, "exactly one decision"),
        ({"decisions": ["approve"]}, "is no decision about a write"),
        ({"type": ["approve"]}, "is no decision about a write"),
        ({"type": "Approve"}, "is no decision about a write"),
        ({"approved": True}, "is no decision about a write"),
        (True, "is no decision about a write"),
        ("approve", "is no decision about a write"),
        (
            {"decisions": [{"type": "edit", "edited_action": {"name": "create_work_item", "args": {"title": "Else"}}}]},
            "a person wants other arguments",
        ),
    ],
    ids=repr,
)
def test_whatever_is_no_approval_writes_nothing(toolkit, organization, answer, words):
    agent = agent_of(toolkit, create("one"), saver=InMemorySaver())
    agent.invoke(ASKED, THREAD)
    [message] = answers_of(agent.invoke(Command(resume=answer), THREAD))
    assert message.status == "error"
    assert message.content.startswith("[blocked WriteBlocked create_work_item]")
    assert words in message.content
    assert titles(organization) == []
    assert events(toolkit) == ["denied"]


def test_without_a_checkpointer_or_a_graph_nothing_is_written(toolkit, organization, way):
    [message] = answers_of(run(agent_of(toolkit, create("one")), ASKED, way))
    assert "the graph has no checkpointer" in message.content
    [tool] = toolkit.get_tools(names="create_work_item", approver=interrupt_approver)
    assert "not made inside of one" in tool.invoke({"type": "Bug", "title": "New: two"})
    assert titles(organization) == []


def test_what_changed_since_the_question_is_not_written(toolkit, organization, way):
    item = next(iter(organization.work_items))
    agent = agent_of(toolkit, [Call.to("add_work_item_comment", id=item.id, text="Done.")], saver=InMemorySaver())
    [question] = questions(run(agent, ASKED, way))
    assert question.value["azure_devops"]["current"]["title"] == item.title
    with AzureDevOpsToolkit(
        base_url=toolkit.client.settings.url("core"), pat=FULL, scopes="app_token", writes="allow"
    ) as other:
        [update] = other.get_tools(names="update_work_item")
        update.invoke({"id": item.id, "revision": item.revision.number, "title": "Something else"})
    [message] = answers_of(run(agent, Command(resume=APPROVE), way))
    assert "no longer true" in message.content
    assert item.comments == []


def test_each_of_two_calls_in_tasks_of_their_own_gets_its_own_answer(toolkit, organization, way):
    agent = agent_of(toolkit, create("one", "two"), saver=InMemorySaver())
    asked = {
        question.value["azure_devops"]["arguments"]["title"]: question for question in questions(run(agent, ASKED, way))
    }
    assert sorted(asked) == ["New: one", "New: two"]
    resume = {asked["New: one"].id: {"type": "reject"}, asked["New: two"].id: {"type": "approve"}}
    run(agent, Command(resume=resume), way)
    assert titles(organization) == ["New: two"]


def test_two_equal_writes_are_two_questions(toolkit, organization, way):
    agent = agent_of(toolkit, create("same", "same"), saver=InMemorySaver())
    first, second = questions(run(agent, ASKED, way))
    state = run(agent, Command(resume={first.id: APPROVE}), way)
    assert titles(organization) == ["New: same"]
    assert [question.id for question in questions(state)] == [second.id]
    run(agent, Command(resume=APPROVE), way)
    assert titles(organization) == ["New: same", "New: same"]


# -- a ToolNode that runs several calls in one task ------------------------------------------------------------------


@pytest.mark.parametrize("attempt", range(5))
def test_the_answer_reaches_the_write_that_was_shown_and_no_other(toolkit, organization, way, attempt):
    graph = graph_of(toolkit, create("one", "two", "three"), saver=InMemorySaver())
    [question] = questions(run(graph, ASKED, way))
    state = run(graph, Command(resume=APPROVE), way)
    assert questions(state) == []
    assert titles(organization) == [question.value["azure_devops"]["arguments"]["title"]]
    refused = [message.content for message in answers_of(state) if message.status == "error"]
    assert len(refused) == 2
    assert all("Ask for this write again in a later step" in text for text in refused)


def test_equal_writes_in_one_task_take_one_answer_for_one_write(toolkit, organization, way):
    graph = graph_of(toolkit, create("same", "same"), create("same"), saver=InMemorySaver())
    run(graph, ASKED, way)
    state = run(graph, Command(resume=APPROVE), way)
    assert titles(organization) == ["New: same"]
    assert sorted(message.status for message in answers_of(state)) == ["error", "success"]
    # The model asked again, and so is the person.
    assert len(questions(state)) == 1
    run(graph, Command(resume=APPROVE), way)
    assert titles(organization) == ["New: same", "New: same"]


def test_another_question_of_the_same_task_lends_no_answer(toolkit, organization, way):
    from langchain_core.tools import tool

    @tool
    def ask_the_user(text: str) -> str:
        """Ask the user."""
        return str(interrupt(text))

    saver = InMemorySaver()
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode([ask_the_user, *toolkit.get_tools(approver=interrupt_approver)]))
    graph.add_edge(START, "tools")
    compiled = graph.compile(checkpointer=saver)
    calls = [
        {"type": "tool_call", "id": "1", "name": "ask_the_user", "args": {"text": "Shall I go on?"}},
        {"type": "tool_call", "id": "2", "name": "create_work_item", "args": {"type": "Bug", "title": "New: one"}},
    ]
    state, rounds = run(compiled, {"messages": [AIMessage("", tool_calls=calls)]}, way), 0
    while (asked := questions(state)) and rounds < 5:
        # This person approves no write.
        said = {"type": "approve"} if asked[0].value == "Shall I go on?" else {"type": "reject"}
        state, rounds = run(compiled, Command(resume=said), way), rounds + 1
    assert titles(organization) == []


# -- nodes that run again ------------------------------------------------------------------------------------------


FILED = {"name": "create_work_item", "args": {"type": "Bug", "title": "New: one"}}


def looping_graph(toolkit, saver, after, asked=FILED):
    """A graph whose node calls the tools itself, one after another, and then does something else."""
    [tool] = toolkit.get_tools(names=asked["name"], approver=interrupt_approver)

    def write(state):
        call = {"type": "tool_call", "id": "1", **asked}
        message = tool.invoke(call)
        after()
        return {"messages": [message]}

    graph = StateGraph(MessagesState)
    graph.add_node("write", write, retry_policy=RetryPolicy(initial_interval=0.01, max_attempts=2, retry_on=KeyError))
    graph.add_edge(START, "write")
    return graph.compile(checkpointer=saver)


@pytest.mark.parametrize("error", [ConnectionError, KeyError], ids=["resumed", "retried"])
def test_a_write_that_was_done_is_found_and_not_sent_when_its_node_runs_again(toolkit, organization, error):
    runs = []

    def fail_once():
        runs.append(1)
        if len(runs) == 1:
            raise error

    graph = looping_graph(toolkit, InMemorySaver(), fail_once)
    graph.invoke(ASKED, THREAD)
    if error is ConnectionError:
        with pytest.raises(ConnectionError):
            graph.invoke(Command(resume=APPROVE), THREAD)
        state = graph.invoke(None, THREAD)
    else:
        state = graph.invoke(Command(resume=APPROVE), THREAD)
    assert len(runs) == 2
    assert titles(organization) == ["New: one"]
    [message] = answers_of(state)
    assert message.status == "success"
    assert "so it counts as done; it was not sent again" in message.content
    assert events(toolkit) == ["approved", "granted", "written", "written"]


def test_a_write_that_cannot_be_done_twice_is_found_when_its_node_runs_again(toolkit, organization):
    """The pull request is completed already, by this very call: that is no refusal."""
    runs = []

    def fail_once():
        runs.append(1)
        if len(runs) == 1:
            raise ConnectionError

    commit = organization.pull_requests[15].last_source
    asked = {"name": "update_pull_request", "args": {"id": 15, "status": "completed", "source_commit": commit}}
    graph = looping_graph(toolkit, InMemorySaver(), fail_once, asked)
    graph.invoke(ASKED, THREAD)
    with pytest.raises(ConnectionError):
        graph.invoke(Command(resume=APPROVE), THREAD)
    assert organization.pull_requests[15].status == "completed"
    [message] = answers_of(graph.invoke(None, THREAD))
    assert message.status == "success"
    assert "it was not sent again" in message.content
    # A new question about the same write is refused by what is there now.
    asking = looping_graph(toolkit, InMemorySaver(), lambda: None, asked)
    state = asking.invoke(ASKED, {"configurable": {"thread_id": "another"}})
    assert not questions(state)
    [message] = answers_of(state)
    assert "was not completed: it is completed" in message.content


def test_a_node_that_interrupts_after_a_write_does_not_write_again(toolkit, organization):
    graph = looping_graph(toolkit, InMemorySaver(), lambda: interrupt("go on?"))
    graph.invoke(ASKED, THREAD)
    [question] = questions(graph.invoke(Command(resume=APPROVE), THREAD))
    assert question.value == "go on?"
    graph.invoke(Command(resume=APPROVE), THREAD)
    assert titles(organization) == ["New: one"]


PROGRAM = """
import json, os, sqlite3, sys
from langchain.agents import create_agent
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command
from azure_devops_agents.models.scripted import Call, ScriptedModel
from langchain_azure_devops import AzureDevOpsToolkit, interrupt_approver

url, file, kind, step = sys.argv[1:]
toolkit = AzureDevOpsToolkit(base_url=url, pat="full-token", scopes="app_token", default_project="Platform")
tools = toolkit.get_tools(approver=interrupt_approver)
saver = SqliteSaver(sqlite3.connect(file, check_same_thread=False))
titles = ["New: same"] * 2 if kind == "equal" else ["New: one", "New: two"]
calls = [Call.to("create_work_item", type="Bug", title=title) for title in titles]
model = ScriptedModel(steps=[calls[:1] if kind in ("agent", "killed") else calls])
if kind == "agent":
    graph = create_agent(model, tools, checkpointer=saver)
else:
    node = ToolNode(tools)
    def run_tools(state):
        done = node.invoke(state)
        if kind == "killed" and step == "resume":
            os._exit(9)
        return done
    builder = StateGraph(MessagesState)
    builder.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
    builder.add_node("tools", run_tools)
    builder.add_edge(START, "model")
    builder.add_edge("model", "tools")
    graph = builder.compile(checkpointer=saver)
given = {
    "start": {"messages": [("user", "File it.")]},
    "resume": Command(resume={"decisions": [{"type": "approve"}]}),
    "again": None,
}[step]
state = graph.invoke(given, {"configurable": {"thread_id": "dana"}})
asked = [each.value["azure_devops"]["arguments"]["title"] for each in state.get("__interrupt__", ())]
print(json.dumps([asked, [message.content for message in state["messages"] if message.type == "tool"]]))
"""


def process(server, folder, kind, step, code=0):
    """Run one step of a program in a process of its own; the checkpoints are all that connects the steps."""
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), server.base_url, str(folder / "threads.db"), kind, step]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if code == 0 else None


@pytest.mark.parametrize("kind", ["agent", "different", "equal"])
def test_a_restart_between_question_and_answer(server, organization, tmp_path, kind):
    [title], _ = process(server, tmp_path, kind, "start")
    assert titles(organization) == []
    asked, messages = process(server, tmp_path, kind, "resume")
    assert titles(organization) == [title]
    assert asked == []
    assert sum("later step" in text for text in messages) == (0 if kind == "agent" else 1)


def test_a_process_that_died_after_the_write_does_not_write_again(server, organization, tmp_path):
    process(server, tmp_path, "killed", "start")
    process(server, tmp_path, "killed", "resume", code=9)
    assert titles(organization) == ["New: one"]
    _, [message] = process(server, tmp_path, "killed", "again")
    assert titles(organization) == ["New: one"]
    assert "so it counts as done; it was not sent again" in message


def test_typed_functions_in_one_node_take_one_answer_for_one_write(toolkit, organization):
    from langchain_azure_devops.errors import WriteBlocked
    from langchain_azure_devops.tools.work_items.tools import create_work_item

    refused = []

    def write(state):
        with approve_writes_with(interrupt_approver):
            create_work_item.call_sync(toolkit.client, type="Bug", title="New: one")
            try:
                create_work_item.call_sync(toolkit.client, type="Bug", title="New: two")
            except WriteBlocked as error:
                refused.append(error.message)

    graph = StateGraph(MessagesState)
    graph.add_node("write", write)
    graph.add_edge(START, "write")
    compiled = graph.compile(checkpointer=InMemorySaver())
    compiled.invoke(ASKED, THREAD)
    compiled.invoke(Command(resume=APPROVE), THREAD)
    assert titles(organization) == ["New: one"]
    assert len(refused) == 1
    assert "asked a person about something else" in refused[0]


def test_a_run_from_an_earlier_checkpoint_asks_again(toolkit, organization):
    saver = InMemorySaver()
    agent = agent_of(toolkit, create("one"), saver=saver)
    agent.invoke(ASKED, THREAD)
    before = agent.get_state(THREAD).config
    agent.invoke(Command(resume=APPROVE), THREAD)
    assert titles(organization) == ["New: one"]
    state = agent.invoke(None, before)
    assert len(questions(state)) == 1
    assert titles(organization) == ["New: one"]


@pytest.mark.parametrize("durability", ["exit", "async", "sync"])
def test_whenever_the_checkpoints_are_stored(server, toolkit, organization, tmp_path, durability):
    with SqliteSaver.from_conn_string(str(tmp_path / "threads.db")) as saver:
        agent = agent_of(toolkit, create("one"), saver=saver)
        agent.invoke(ASKED, THREAD, durability=durability)
        agent.invoke(Command(resume=APPROVE), THREAD, durability=durability)
    assert titles(organization) == ["New: one"]


# -- other places ----------------------------------------------------------------------------------------------------


def test_an_agent_inside_of_a_graph_asks_through_it(toolkit, organization, way):
    inner = agent_of(toolkit, create("one"))
    outer = StateGraph(MessagesState)
    outer.add_node("inner", inner)
    outer.add_edge(START, "inner")
    graph = outer.compile(checkpointer=InMemorySaver())
    assert len(questions(run(graph, ASKED, way))) == 1
    run(graph, Command(resume=APPROVE), way)
    assert titles(organization) == ["New: one"]


async def test_with_an_asynchronous_checkpointer(toolkit, organization, tmp_path):
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "threads.db")) as saver:
        agent = agent_of(toolkit, create("one"), saver=saver)
        await agent.ainvoke(ASKED, THREAD)
        await agent.ainvoke(Command(resume=APPROVE), THREAD)
    assert titles(organization) == ["New: one"]


async def test_a_blocking_graph_inside_a_running_loop(toolkit, organization, tmp_path):
    with SqliteSaver.from_conn_string(str(tmp_path / "threads.db")) as saver:
        graph = looping_graph(toolkit, saver, lambda: None)
        graph.invoke(ASKED, THREAD)
        graph.invoke(Command(resume=APPROVE), THREAD)
    assert titles(organization) == ["New: one"]


def test_a_tool_of_a_user_may_ask_the_user_itself(toolkit, way):
    mine = Toolset.named("mine", "Tools of a user.")

    class Said(Result):
        text: str

    @mine.read(Scope.CODE)
    async def ask_the_user(client: AzureDevOps, *, question: str) -> Said:
        """Ask the user."""
        return Said(text=f"The user says {interrupt(question)}.")

    toolkit.add_tools([mine])
    agent = agent_of(toolkit, [Call.to("ask_the_user", question="Which one?")], saver=InMemorySaver())
    [question] = questions(run(agent, ASKED, way))
    assert question.value == "Which one?"
    [message] = answers_of(run(agent, Command(resume="the second"), way))
    assert "The user says the second." in message.content
