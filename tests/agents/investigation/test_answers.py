"""The question about writes has the shape that front ends know; what is no answer is asked again with the reason."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from agent_decisions import NO, STOP, YES, answer, asked, edit, questions
from agent_tokens import FULL
from langchain.agents.middleware.human_in_the_loop import HITLRequest, HITLResponse
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, Send, interrupt
from pydantic import TypeAdapter

from azure_devops_agents.approvals.answers import read_answer
from azure_devops_agents.investigation.budgets import Budgets
from azure_devops_agents.investigation.events import WriteDecided
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import ApprovalPending, Investigator, open_investigator
from azure_devops_agents.investigation.state import State
from azure_devops_agents.models.scripted import Call, ScriptedModel
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.runtime import RunContext

REPORT = Call.to("write_report", answer="Done.", verdict="answered")
BUG = Call.to("create_work_item", type="Bug", title="The gate is open", project="Platform")
TASK = Call.to("create_work_item", type="Task", title="Close the gate", project="Platform")
CONFIG = {"configurable": {"thread_id": "t"}}
OLD_SHAPE = {"decision": "approve", "approver": "dana"}
NO_ANSWERS = [
    "approve", True, 1, [], ["approve"], OLD_SHAPE, {"decisions": []}, {"decisions": "approve"},
    {"decisions": {"0": YES}}, {"decisions": ["approve"]}, {"decisions": [None]}, {"decisions": [OLD_SHAPE]},
    {"decisions": [{"type": "yes"}]}, {"decisions": [{"type": ["approve"]}]}, {"decisions": [YES, YES, YES]},
    {"decisions": [{"type": "respond", "message": "It is done already."}] * 2}, {"approve": True},
    {"decisions": [YES, {"type": "respond", "message": "done"}]}, {"decisions": [YES, {"type": "edit"}]},
    {"decisions": [YES, {"type": "edit", "edited_action": {"name": "create_work_item", "args": "all"}}]},
    {"decisions": [YES, edit("update_work_item", id=4)]}, {"decisions": [YES, {**YES, "digest": 7}]},
    {"decisions": [YES, YES], "type": "approve"}, [{"type": "accept", "args": None}] * 2,
    [{"type": "accept"}, {"type": "ignore"}],
]  # fmt: skip


def model(*turns):
    return ScriptedModel(steps=[turn if isinstance(turn, list) else [turn] for turn in turns])


def titles(organization):
    return [item.title for item in organization.work_items if "gate" in item.title]


@pytest.fixture
def graph(toolkit):
    """The graph alone: a LangGraph server has no investigator."""
    return lambda *turns: build_graph(model(*turns), toolkit, checkpointer=InMemorySaver())


def ask(graph):
    [interrupt] = graph.invoke({"messages": [("user", "File them.")]}, CONFIG)["__interrupt__"]
    return interrupt


def test_the_question_has_the_shape_of_langchain_s_own_types(graph):
    question = ask(graph([BUG, TASK], REPORT)).value
    request = TypeAdapter(HITLRequest).validate_python(question)
    assert [action["name"] for action in request["action_requests"]] == ["create_work_item", "create_work_item"]
    assert [action["args"]["title"] for action in request["action_requests"]] == ["The gate is open", "Close the gate"]
    assert all("Organization: tidewater" in action["description"] for action in request["action_requests"])
    assert (
        request["review_configs"]
        == [{"action_name": "create_work_item", "allowed_decisions": ["approve", "edit", "reject"]}] * 2
    )
    assert [view["arguments"]["type"] for view in question["views"]] == ["Bug", "Task"]


def test_every_answer_of_langchain_s_own_types_but_respond_is_taken(graph, organization):
    given = {"decisions": [edit(**{**BUG.arguments, "title": "Gate 7 is open"}), {"type": "reject", "message": "no"}]}
    TypeAdapter(HITLResponse).validate_python(given)
    running = graph([BUG, TASK], REPORT)
    ask(running)
    [again] = running.invoke(Command(resume=given), CONFIG)["__interrupt__"]
    approved = TypeAdapter(HITLResponse).validate_python({"decisions": [{"type": "approve"}]})
    done = running.invoke(Command(resume=approved), CONFIG)
    assert again.value["views"][0]["edited"] is True
    assert done["report"]["answer"] == "Done."
    assert any(item.title == "Gate 7 is open" for item in organization.work_items)
    assert titles(organization) == []


def test_the_schema_of_the_answer_is_published(graph):
    schema = ask(graph([BUG, TASK], REPORT)).response_schema
    assert schema["properties"]["decisions"]["minItems"] == schema["properties"]["decisions"]["maxItems"] == 2
    alone = ask(graph(BUG, REPORT)).response_schema
    assert len(alone["anyOf"]) == 2


@pytest.mark.parametrize("given", NO_ANSWERS, ids=str)
def test_what_is_no_answer_is_asked_again_with_the_reason_and_decides_nothing(graph, organization, given):
    running = graph([BUG, TASK], REPORT)
    first = ask(running)
    state = running.invoke(Command(resume=given), CONFIG)
    [again] = state["__interrupt__"]
    assert 'Send {"decisions": [...]} with 2 decisions' in again.value["problem"]
    assert again.id != first.id
    assert again.value["views"] == first.value["views"]
    assert (titles(organization), state.get("decisions", {})) == ([], {})
    done = running.invoke(Command(resume={"decisions": [YES, NO]}), CONFIG)
    assert titles(organization) == ["The gate is open"]
    assert done["report"]["answer"] == "Done."
    assert running.get_state(CONFIG).values["problem"] == ""


async def test_rubbish_is_asked_again_without_blocking_as_well(graph, organization):
    running = graph([BUG, TASK], REPORT)
    await running.ainvoke({"messages": [("user", "File them.")]}, CONFIG)
    for _ in range(3):
        state = await running.ainvoke(Command(resume=OLD_SHAPE), CONFIG)
        assert "This is no answer to the question" in state["__interrupt__"][0].value["problem"]
    await running.ainvoke(Command(resume={"decisions": [NO, YES]}), CONFIG)
    assert titles(organization) == ["Close the gate"]


@pytest.mark.parametrize("decision", [YES, NO, STOP], ids=lambda decision: decision["type"])
def test_a_bare_decision_counts_when_one_write_waits(graph, organization, decision):
    running = graph(BUG, REPORT)
    ask(running)
    running.invoke(Command(resume=decision), CONFIG)
    assert bool(titles(organization)) == (decision is YES)


@pytest.mark.parametrize("decision", [YES, NO, STOP], ids=lambda decision: decision["type"])
def test_a_bare_decision_is_no_answer_when_several_writes_wait(graph, organization, decision):
    running = graph([BUG, TASK], REPORT)
    ask(running)
    state = running.invoke(Command(resume=decision), CONFIG)
    assert "One decision came, and 2 writes wait" in state["__interrupt__"][0].value["problem"]
    assert titles(organization) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "No decision came, and one write waits."),
        ([YES, YES], "2 decisions came, and one write waits."),
        ("approve", "The answer cannot be used: decisions is no list."),
        ([{"type": "yes"}], "decision 1 has none of the types approve, edit, reject and stop."),
        ([{"type": 7}], "decision 1 has none of the types approve, edit, reject and stop."),
        ([YES, {}], "decision 2 has no type."),
        ([YES, "approve"], "decision 2 is no object."),
        ([{"type": "edit"}], "edited_action of decision 1 is missing."),
        (
            [{"type": "edit", "edited_action": {"name": "create_work_item", "args": 3}}],
            "edited_action.args of decision 1 is no object.",
        ),
        ([{**YES, "digest": 7}, {}], "digest of decision 1 is no text; decision 2 has no type."),
    ],
    ids=str,
)
def test_the_reason_is_a_sentence_for_people(given, said):
    with pytest.raises(ValueError, match=re.escape(said)) as refused:
        read_answer({"decisions": given}, ["create_work_item"])
    assert "_type" not in str(refused.value)
    assert str(refused.value).endswith('or {"type": "stop"}.')


def test_the_stream_says_why_a_rejected_write_was_not_carried_out(graph):
    running = graph(BUG, REPORT)
    ask(running)
    parts = list(running.stream(Command(resume={**NO, "message": "Not today."}), CONFIG, stream_mode="custom"))
    [finished] = [part for part in parts if part["type"] == "tool_finished" and part["tool"] == "create_work_item"]
    assert (finished["evidence_id"], finished["status"]) == ("", "blocked")
    assert finished["summary"] == "A person said no: Not today. Do not ask again for the same."


@pytest.mark.parametrize("no_answer", NO_ANSWERS, ids=str)
def test_every_description_says_why_an_answer_was_not_accepted(graph, no_answer):
    """Front ends such as agent-chat-ui show the descriptions alone."""
    running = graph([BUG, TASK], REPORT)
    shown = ask(running).value
    again = running.invoke(Command(resume=no_answer), CONFIG)["__interrupt__"][0].value
    assert [each["description"] for each in again["action_requests"]] == [
        f"Not accepted: {again['problem']}\n{each['description']}" for each in shown["action_requests"]
    ]


def test_respond_is_refused_in_words_that_say_why(graph):
    running = graph(BUG, REPORT)
    ask(running)
    state = running.invoke(Command(resume={"type": "respond", "message": "It is filed."}), CONFIG)
    assert "The type respond is not allowed here" in state["__interrupt__"][0].value["problem"]


def test_one_decision_that_is_asked_again_does_not_undo_the_others(toolkit, organization, tmp_path):
    with open_investigator(model([BUG, TASK], REPORT), toolkit, path=tmp_path / "t.sqlite") as investigator:
        both = asked(investigator.ask("t", "File them."))
        other = {**YES, "digest": "of another view"}
        events = list(answer(investigator, both, YES, other))
        decided = [event.decision for event in events if isinstance(event, WriteDecided)]
        again = asked(events)
        # Only a decision that counts is announced.
        assert decided == ["approve", "asked"]
        assert [view["arguments"]["type"] for view in again.views] == ["Task"]
        assert titles(organization) == []
        assert questions(answer(investigator, again, YES)) == []
    assert sorted(titles(organization)) == ["Close the gate", "The gate is open"]


def test_the_time_that_a_person_takes_is_measured_by_the_graph_and_does_not_count(server):
    now = [datetime(2026, 11, 28, tzinfo=UTC)]
    context = RunContext(clock=lambda: now[0])
    settings = {"base_url": server.base_url, "pat": FULL, "default_project": "Platform"}
    with AzureDevOpsToolkit.connect(**settings, context=context) as toolkit:
        running = build_graph(model(BUG, REPORT), toolkit, checkpointer=InMemorySaver(), budgets=Budgets(seconds=300))
        ask(running)
        now[0] += timedelta(minutes=10)
        running.invoke(Command(resume={"decisions": "rubbish"}), CONFIG)
        now[0] += timedelta(minutes=1)
        running.invoke(Command(resume=YES), CONFIG)
        state = running.get_state(CONFIG).values
    assert state["waited"] == 660.0
    assert state["limit"] == ""


def earlier_graph(saver, destination):
    """The part of the version before that asked: a task and an interrupt for each write, and answers of its own."""

    def take_turn(_state):
        return {"messages": [AIMessage("", tool_calls=[{"name": BUG.name, "args": BUG.arguments, "id": "call_1"}])]}

    def prepare(state):
        call = state["messages"][-1].tool_calls[0]
        task = {
            "call": call, "evidence_id": "E1", "evidence": {}, "untrusted_read": True, "destination": destination,
            "over_budget": False, "read_before": [], "rejected": [], "refusal": "", "named": {}, "unedited": "",
            "problem": "", "view": {"tool": BUG.name}, "state": None,
        }  # fmt: skip
        return Command(goto=Send("approve", task))

    graph = StateGraph(State)
    graph.add_node("model", take_turn)
    graph.add_node("prepare", prepare, destinations=("approve",))
    graph.add_node("approve", lambda task: interrupt(task["view"]))
    graph.add_edge(START, "model")
    graph.add_edge("model", "prepare")
    return graph.compile(checkpointer=saver)


@pytest.mark.parametrize("given", [OLD_SHAPE, {"decisions": [YES]}], ids=["its own answer", "an answer of today"])
def test_a_write_that_an_earlier_version_asked_about_is_asked_about_anew(toolkit, organization, given):
    saver, settings = InMemorySaver(), toolkit.client.settings
    destination = f"{settings.url('core')}, default project {settings.default_project}"
    earlier_graph(saver, destination).invoke({"messages": [("user", "File it.")]}, CONFIG)
    running = build_graph(model(BUG, REPORT), toolkit, checkpointer=saver)
    investigator = Investigator(running)
    assert investigator.pending("t") is None
    with pytest.raises(ApprovalPending):
        list(investigator.ask("t", "And now?"))
    [old] = running.get_state(CONFIG).interrupts
    state = running.invoke(Command(resume={old.id: given}), CONFIG)
    assert "An earlier version asked about this write" in state["__interrupt__"][0].value["problem"]
    assert titles(organization) == []
    answer(investigator, investigator.pending("t"), YES)
    assert titles(organization) == ["The gate is open"]


def test_resuming_a_thread_asks_anew_what_an_earlier_version_asked(toolkit, organization):
    saver, settings = InMemorySaver(), toolkit.client.settings
    destination = f"{settings.url('core')}, default project {settings.default_project}"
    earlier_graph(saver, destination).invoke({"messages": [("user", "File it.")]}, CONFIG)
    investigator = Investigator(build_graph(model(BUG, REPORT), toolkit, checkpointer=saver))
    [view] = asked(investigator.resume("t")).views
    assert view["arguments"]["title"] == "The gate is open"
    assert titles(organization) == []


def test_an_edit_may_send_lists_as_their_json_text_as_some_chat_windows_do(graph, organization):
    opened = graph(Call.to("create_work_item", **BUG.arguments, tags=["door"]), REPORT)
    [request] = ask(opened).value["action_requests"]
    changed = {name: json.dumps(value) if isinstance(value, list) else value for name, value in request["args"].items()}
    changed["tags"] = '["door", "night shift"]'
    [shown] = opened.invoke(Command(resume={"decisions": [edit(**changed)]}), CONFIG)["__interrupt__"]
    assert shown.value["problem"] == ""
    opened.invoke(Command(resume={"decisions": [YES]}), CONFIG)
    [filed] = [item for item in organization.work_items if item.title == BUG.arguments["title"]]
    assert filed.revision.fields["System.Tags"] == "door; night shift"
