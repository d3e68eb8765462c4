"""What a person decides: shown in full, an edit shown twice, a no remembered, and never asked too often."""

import copy
from datetime import UTC, datetime

import pytest
from agent_decisions import NO, STOP, YES, answer, asked, edit, questions, report_of
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from azure_devops_agents.approvals.fingerprint import fingerprint
from azure_devops_agents.evidence.record import evidence_of_text, index_entry
from azure_devops_agents.investigation.budgets import Budgets
from azure_devops_agents.investigation.events import ReportReady
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.investigation.state import merge_evidence
from azure_devops_agents.models.scripted import Call, ScriptedModel
from langchain_azure_devops.errors import AuditFailed
from langchain_azure_devops.safety.audit import AuditLog, read_entries
from langchain_azure_devops.safety.grants import WriteRequest
from langchain_azure_devops.tools.work_items.tools import get_work_item, query_work_items

REPORT = Call.to("write_report", answer="Done.", verdict="answered")
BUG = Call.to("create_work_item", type="Bug", title="The gate is open", project="Platform")
TASK = Call.to("create_work_item", type="Task", title="Close the gate", project="Platform")
READ = Call.to("get_work_item", ids=[4])


def numbered(number):
    return Call.to("create_work_item", type="Bug", title=f"Gate {number} is open", project="Platform")


def steps(*calls):
    return ScriptedModel(steps=[call if isinstance(call, list) else [call] for call in calls])


@pytest.fixture
def investigate(toolkit, tmp_path):
    def start(*calls, budgets=None):
        return open_investigator(steps(*calls), toolkit, path=tmp_path / "threads.sqlite", budgets=budgets)

    return start


def titles(organization):
    return [item.title for item in organization.work_items if "gate" in item.title.lower()]


def edit_bug(**arguments):
    return edit(**{"type": "Bug", "project": "Platform", **arguments})


def texts(investigator, thread="t"):
    return "\n".join(str(message.content) for message in investigator.state(thread)["messages"])


# -- edits -----------------------------------------------------------------------------------------------------------


def test_an_edited_call_is_shown_once_more_before_it_is_written(investigate, organization):
    with investigate(BUG, REPORT) as investigator:
        first = asked(investigator.ask("t", "File it."))
        second = asked(answer(investigator, first, edit_bug(title="Gate 7 is open")))
        assert titles(organization) == []
        assert second.interrupt_id != first.interrupt_id
        assert second.views[0]["arguments"]["title"] == "Gate 7 is open"
        assert second.request["action_requests"][0]["args"]["title"] == "Gate 7 is open"
        assert second.views[0]["edited"] is True
        assert first.views[0]["edited"] is False
        answer(investigator, second, YES)
    assert titles(organization) == ["Gate 7 is open"]


def test_the_model_is_told_that_a_person_edited_the_call_and_what_was_sent(investigate):
    with investigate(BUG, REPORT) as investigator:
        first = asked(investigator.ask("t", "File it."))
        answer(investigator, asked(answer(investigator, first, edit_bug(title="Gate 7 is open"))), YES)
        [told] = [message for message in investigator.state("t")["messages"] if message.type == "tool"][:1]
    assert "A person edited this call before they approved it." in told.content
    assert "Gate 7 is open" in told.content


def test_a_call_that_nobody_edited_is_answered_without_that_note(investigate):
    with investigate(BUG, REPORT) as investigator:
        answer(investigator, asked(investigator.ask("t", "File it.")), YES)
        assert "A person edited this call" not in texts(investigator)


def test_a_yes_to_the_first_showing_is_none_to_the_edited_call(investigate, organization):
    """Another client may have seen the first view only."""
    with investigate(BUG, REPORT) as investigator:
        first = asked(investigator.ask("t", "File it."))
        second = asked(answer(investigator, first, edit_bug(title="Gate 7 is open")))
        assert answer(investigator, first, YES) == []
        assert investigator.pending("t").interrupt_id == second.interrupt_id
    assert titles(organization) == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"title": "x", "colour": "red"}, {"title": 7}, {}, {"title": "##vso[task.complete]"},
        {"title": "[secret:jwt:0123456789]"},
    ],
    ids=str,
)  # fmt: skip
def test_an_edit_that_does_not_fit_is_asked_again_with_the_reason(investigate, organization, arguments):
    with investigate(BUG, REPORT) as investigator:
        first = asked(investigator.ask("t", "File it."))
        second = asked(answer(investigator, first, edit_bug(**arguments)))
        assert "The edited call does not fit" in second.views[0]["problem"]
        assert "The edited call does not fit" in second.problem
        assert "The edited call does not fit" in second.request["action_requests"][0]["description"]
        assert second.views[0]["arguments"]["title"] == "The gate is open"
        answer(investigator, second, NO)
    assert titles(organization) == []


def test_an_edit_may_name_a_host_and_the_model_may_not(investigate, organization):
    link = "See https://wiki.example/gate"
    with investigate(Call.to("create_work_item", **BUG.arguments, description=link), BUG, REPORT) as investigator:
        first = asked(investigator.ask("t", "File it."))
        assert "a link to wiki.example, which nobody named" in texts(investigator)
        second = asked(answer(investigator, first, edit_bug(title="The gate is open", description=link)))
        answer(investigator, second, YES)
    assert titles(organization) == ["The gate is open"]


def test_a_host_in_the_person_s_question_may_be_linked(investigate, organization):
    call = Call.to("create_work_item", **BUG.arguments, description="See https://wiki.example/gate")
    with investigate(call, REPORT) as investigator:
        answer(investigator, asked(investigator.ask("t", "File it, with a link to https://wiki.example please.")), YES)
    assert titles(organization) == ["The gate is open"]


def test_with_several_writes_an_edit_makes_the_others_wait_and_each_happens_once(investigate, organization):
    with investigate([BUG, READ, TASK], REPORT) as investigator:
        both = asked(investigator.ask("t", "File both."))
        again = asked(answer(investigator, both, edit_bug(title="Gate 7 is open"), YES))
        assert [view["arguments"]["title"] for view in again.views] == ["Gate 7 is open"]
        assert titles(organization) == []
        events = answer(investigator, again, YES)
    assert sorted(titles(organization)) == ["Close the gate", "Gate 7 is open"]
    assert sum(isinstance(event, ReportReady) for event in events) == 1


def test_stop_beside_an_edit_and_a_yes_writes_nothing_asks_nothing_and_reports_once(investigate, organization):
    with investigate([BUG, TASK, numbered(3)], REPORT) as investigator:
        question = asked(investigator.ask("t", "File them."))
        events = answer(investigator, question, edit_bug(title="Gate 7 is open"), YES, STOP)
        assert questions(events) == []
        assert investigator.pending("t") is None
    assert titles(organization) == []
    assert sum(isinstance(event, ReportReady) for event in events) == 1


@pytest.mark.parametrize(
    ("decisions", "told"),
    [
        ([YES, STOP], ["approved and not carried out", "stopped"]),
        ([STOP, NO], ["stopped", "rejected: known already"]),
        ([edit_bug(title="Gate 7 is open"), STOP], ["stopped", "stopped"]),
    ],
    ids=["yes", "no", "edit"],
)
def test_each_write_beside_a_stop_is_told_once_and_by_its_title(investigate, decisions, told):
    with investigate([BUG, TASK], REPORT) as investigator:
        report = report_of(answer(investigator, asked(investigator.ask("t", "File both.")), *decisions))
    listed = [text for status, texts in report["coverage"].items() if status == "not_written" for text in texts]
    named = [
        f'create_work_item "{call.arguments["title"]}", {how}' for call, how in zip((BUG, TASK), told, strict=True)
    ]
    assert sorted(listed) == sorted(named)


# -- a no is remembered ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        {}, {"title": "the GATE is open"}, {"title": "The  gate is\nopen"}, {"title": "The gate is open."},
        {"title": "The g\u200bate is open"}, {"tags": []}, {"description": ""}, {"title": "Ｔhe gate is open"},
    ],
    ids=ascii,
)  # fmt: skip
def test_a_rejected_write_is_not_asked_again(investigate, organization, changed):
    again = Call.to("create_work_item", **{**BUG.arguments, **changed})
    with investigate(BUG, again, REPORT, again, REPORT) as investigator:
        assert questions(answer(investigator, asked(investigator.ask("t", "File it.")), NO)) == []
        assert "A person rejected this very write in this thread" in texts(investigator)
        assert questions(investigator.ask("t", "What else?")) == []
    assert titles(organization) == []


def test_another_write_and_another_thread_can_be_asked_for(investigate):
    other = Call.to("create_work_item", **{**BUG.arguments, "title": "The roof is open"})
    with investigate(BUG, other, REPORT) as investigator:
        assert len(questions(answer(investigator, asked(investigator.ask("t", "File it.")), NO))) == 1
    with investigate(BUG, REPORT) as investigator:
        assert len(questions(investigator.ask("u", "File it."))) == 1


def test_rejecting_what_was_edited_rejects_what_the_model_asked(investigate):
    with investigate(BUG, BUG, REPORT) as investigator:
        first = asked(investigator.ask("t", "File it."))
        second = asked(answer(investigator, first, edit_bug(title="Gate 7 is open")))
        assert questions(answer(investigator, second, NO)) == []


def test_fingerprint_forgets_what_does_not_matter_and_nothing_else():
    def of(**arguments):
        return fingerprint(WriteRequest("update_work_item", arguments, "", None))

    assert of(id=1, title="A b") == of(id=1, title="a  B!", revision=7) == of(id=1, title="a b", revision=8, tags=None)
    assert of(id=1, title="a") != of(id=2, title="a")
    assert of(id=1, title="a") != of(id=1, title="a", description="")
    assert of(id=1, state="Closed") != of(id=1, state="Active")


# -- not too often ---------------------------------------------------------------------------------------------------


def test_only_so_many_approvals_wait_at_once(investigate):
    with investigate([numbered(n) for n in range(8)], REPORT, budgets=Budgets(approvals_at_once=3)) as investigator:
        question = asked(investigator.ask("t", "File them."))
        assert [view["arguments"]["title"] for view in question.views] == [f"Gate {n} is open" for n in range(3)]
        answer(investigator, question, YES, YES, YES)
        assert texts(investigator).count("]\nNot asked: 3 approvals wait already") == 5


def test_the_same_write_twice_in_one_turn_is_asked_once(investigate, organization):
    with investigate([BUG, READ, BUG], REPORT) as investigator:
        answer(investigator, asked(investigator.ask("t", "File it.")), YES)
        assert "Not asked: the same write waits already" in texts(investigator)
    assert len(titles(organization)) == 1


def test_only_so_many_are_asked_for_a_question(investigate, organization):
    calls = [[numbered(2 * n), numbered(2 * n + 1)] for n in range(4)]
    with investigate(*calls, REPORT, numbered(9), REPORT, budgets=Budgets(approvals=4)) as investigator:
        events = investigator.ask("t", "File them.")
        shown = 0
        while found := questions(events):
            shown += len(found[0].views)
            events = answer(investigator, found[0], *[YES] * len(found[0].views))
        assert shown == 4
        assert "a person was asked 4 times for this question" in texts(investigator)
        assert questions(investigator.ask("t", "Some more."))
    assert len(titles(organization)) == 4


# -- what is shown ---------------------------------------------------------------------------------------------------


def test_the_difference_to_the_current_state_is_shown_field_by_field(toolkit, investigate):
    bug = query_work_items.call_sync(toolkit.client, type="Bug", limit=1).items[0]
    steps_now = get_work_item.call_sync(toolkit.client, ids=[bug.id]).repro_steps or ""
    lines = steps_now.split("\n")
    text = "\n".join([*lines[:-1], "A new last line."]) if len(lines) > 1 else f"{steps_now}\nA new last line."
    call = Call.to(
        "update_work_item", id=bug.id, revision=bug.revision, title=f"{bug.title}!", description=text,
        tags=bug.tags or "x", fields=[{"name": "Microsoft.VSTS.Common.Priority", "value": "1"}],
    )  # fmt: skip
    with investigate(call, REPORT) as investigator:
        [view] = asked(investigator.ask("t", "Change it.")).views
    changes = {change["field"]: change for change in view["changes"]}
    assert (changes["title"]["old"], changes["title"]["new"]) == (bug.title, f"{bug.title}!")
    assert "+A new last line." in changes["description"]["lines"]
    assert not any(line.startswith("-") and line[1:] in text.split("\n") for line in changes["description"]["lines"])
    assert changes["Microsoft.VSTS.Common.Priority"]["new"] == "1"
    assert changes["Microsoft.VSTS.Common.Priority"]["known"] is True
    assert view["project"] == get_work_item.call_sync(toolkit.client, ids=[bug.id]).project


def test_what_a_write_rests_on_is_named_with_its_authors(investigate):
    with investigate([READ, Call.to("list_pipelines")], BUG, REPORT) as investigator:
        [view] = asked(investigator.ask("t", "Look, then file it.")).views
    [source] = [entry for entry in view["evidence"] if entry["tool"] == "get_work_item"]
    assert source["of"] == {"ids": [4]}
    assert source["untrusted"] is True
    assert source["authors"]
    assert source["by"]


def test_cited_evidence_comes_first_and_at_most_five_results_are_shown(investigate):
    reads = [Call.to("get_work_item", ids=[number]) for number in range(1, 9)]
    cites = Call.to("create_work_item", type="Bug", title="As E2 and E4 say", project="Platform")
    with investigate(reads, cites, REPORT) as investigator:
        question = asked(investigator.ask("t", "Look, then file it."))
    [view] = question.views
    assert [(entry["id"], entry["cited"]) for entry in view["evidence"]] == [
        ("E4", True), ("E2", True), ("E8", False), ("E7", False), ("E6", False),
    ]  # fmt: skip
    assert view["evidence_more"] == {"results": 3, "untrusted": 3}
    assert (
        "Rests on: E4 get_work_item(ids=[4]), text of others" in question.request["action_requests"][0]["description"]
    )
    assert "and 3 more results, 3 of them with text of others" in view["description"]


def test_a_mark_only_grows_and_outlives_a_summary(toolkit):
    saver, config = InMemorySaver(), {"configurable": {"thread_id": "t"}}
    graph = build_graph(steps(READ, REPORT), toolkit, checkpointer=saver)
    graph.invoke({"messages": [("user", "Look.")]}, config)
    messages = graph.get_state(config).values["messages"]
    graph.update_state(config, {"messages": [RemoveMessage(message.id) for message in messages]}, as_node="check")
    graph.update_state(config, {"messages": [HumanMessage("A summary.")], "untrusted_read": False}, as_node="check")
    clean, _ = index_entry(
        evidence_of_text("E1", {"id": "x", "name": "y", "args": {}}, "ok", "clean", "clean"), datetime.now(UTC)
    )
    graph.update_state(config, {"evidence": {"E1": clean}}, as_node="check")
    values = graph.get_state(config).values
    assert values["untrusted_read"] is True
    assert values["evidence"]["E1"]["untrusted"] is True
    assert values["evidence"]["E1"]["origins"]
    resumed = build_graph(steps(BUG, REPORT), toolkit, checkpointer=saver)
    state = resumed.invoke({"messages": [("user", "File it.")]}, config)
    [wait] = state["__interrupt__"]
    [view] = wait.value["views"]
    assert view["untrusted_read"] is True
    assert view["evidence"]


def test_marks_of_two_states_add_up():
    old = {"E1": {"untrusted": True, "origins": [{"author": "a"}]}}
    new = {"E1": {"untrusted": False, "origins": [{"author": "b"}]}, "E2": {"untrusted": False, "origins": []}}
    both = merge_evidence(old, new)
    assert both["E1"] == {"untrusted": True, "origins": [{"author": "a"}, {"author": "b"}]}
    assert both["E2"]["untrusted"] is False


# -- a new message while an approval waits ---------------------------------------------------------------------------


def test_a_new_message_past_the_investigator_makes_the_old_approval_worthless(toolkit, organization):
    """A LangGraph server has no investigator: whoever sends a message there begins a new question."""
    saver, config = InMemorySaver(), {"configurable": {"thread_id": "t"}}
    graph = build_graph(steps(BUG, REPORT), toolkit, checkpointer=saver)
    state = graph.invoke({"messages": [("user", "File it.")]}, config)
    [old] = state["__interrupt__"]
    graph.invoke({"messages": [("user", "Never mind. What is new?")]}, config)
    graph.invoke(Command(resume={old.id: {"decisions": [YES]}}), config)
    assert titles(organization) == []


def test_a_yes_counts_only_for_the_call_that_was_shown(toolkit, organization):
    """Whoever may write the thread can change the call under its view."""
    saver, config = InMemorySaver(), {"configurable": {"thread_id": "t"}}
    graph = build_graph(steps(BUG, REPORT), toolkit, checkpointer=saver)
    graph.invoke({"messages": [("user", "File it.")]}, config)
    waiting = copy.deepcopy(graph.get_state(config).values["waiting"])
    [task] = waiting.values()
    task["call"]["args"]["title"] = "Never shown"
    graph.update_state(config, {"waiting": waiting}, as_node="collect")
    state = graph.invoke(Command(resume={"decisions": [YES]}), config)
    assert state["__interrupt__"][0].value["views"][0]["arguments"]["title"] == "Never shown"
    assert not [item for item in organization.work_items if item.title == "Never shown"]
    graph.invoke(Command(resume={"decisions": [NO]}), config)
    assert not [item for item in organization.work_items if item.title == "Never shown"]


@pytest.mark.parametrize("changed", [{}, {"title": "Never shown"}])
def test_a_copied_decision_neither_writes_nor_reports_a_write(toolkit, organization, changed):
    saver, config = InMemorySaver(), {"configurable": {"thread_id": "t"}}
    graph = build_graph(steps(BUG, REPORT, REPORT), toolkit, checkpointer=saver)
    graph.invoke({"messages": [("user", "File it.")]}, config)
    graph.invoke(Command(resume={"decisions": [YES]}), config)
    [decision] = graph.get_state(config).values["decisions"].values()
    call = {**decision["call"], "id": "copied", "args": {**decision["call"]["args"], **changed}}
    copied = {**decision, "call": call, "evidence_id": ""}
    asks = [HumanMessage("Once more."), AIMessage("", tool_calls=[call])]
    graph.update_state(config, {"messages": asks, "decisions": {"copied": copied}}, as_node="collect")
    state = graph.invoke(None, config)
    assert state["report"]["written"] == []
    assert [entry["status"] for entry in state["evidence"].values()].count("written") == 1
    assert len([item for item in organization.work_items if item.title in ("The gate is open", "Never shown")]) == 1


def test_a_write_of_a_dropped_question_does_not_come_back(toolkit, organization):
    saver, config = InMemorySaver(), {"configurable": {"thread_id": "t"}}
    graph = build_graph(steps(BUG, REPORT), toolkit, checkpointer=saver)
    graph.invoke({"messages": [("user", "File it.")]}, config)
    dropped = graph.get_state(config).values["waiting"]
    state = graph.invoke({"messages": [("user", "File it, please.")]}, config)
    assert len(state["__interrupt__"][0].value["views"]) == 1
    waiting = graph.get_state(config).values["waiting"]
    assert len(waiting) == 1
    assert not dropped.keys() & waiting.keys()
    graph.invoke(Command(resume={"decisions": [YES]}), config)
    assert titles(organization) == ["The gate is open"]
    assert graph.get_state(config).values["waiting"] == {}


def test_a_secret_in_an_answer_is_not_stored(investigate, organization, tmp_path):
    secret = "ghp_Zk3vQ9xT7bN2mW8rY5cL1dF6hJ4gS0aPqEuV"
    with investigate(BUG, BUG, REPORT) as investigator:
        question = asked(investigator.ask("t", "File it."))
        edited = edit_bug(title="The gate", description=f"Opens with {secret}")
        question = asked(answer(investigator, question, edited))
        assert "stands for a secret" in question.problem
        question = asked(investigator.answer("t", question.interrupt_id, {"type": secret, "message": secret}))
        answer(investigator, question, {**NO, "message": f"{secret} opens it"})
        assert "A person said no: [secret:" in texts(investigator)
    assert titles(organization) == []
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()]


def test_decisions_are_on_record_with_the_person_that_this_process_names(toolkit, tmp_path):
    toolkit.client.audit = AuditLog(tmp_path / "audit.jsonl")
    mallory = {"approver": "Mallory", "user": "Mallory"}
    with open_investigator(
        steps([BUG, TASK], BUG, REPORT), toolkit, path=tmp_path / "threads.sqlite", name_approver=lambda: "dana"
    ) as investigator:
        question = asked(investigator.ask("t", "File both."))
        given = {"decisions": [{**NO, **mallory}, {**YES, **mallory}], **mallory}
        list(investigator.answer("t", question.interrupt_id, given))
        decided = investigator.state("t")["decisions"].values()
    assert [entry["approver"] for entry in decided] == ["dana", "dana"]
    found = [(entry.event, entry.details) for entry in read_entries(toolkit.client.audit.path)]
    denied, again = [details for event, details in found if event == "denied"]
    assert (denied["approver"], denied["reason"]) == ("dana", "known already")
    assert "rejected this very write" in again["reason"]
    assert [details["approver"] for event, details in found if event == "approved"] == ["dana"]
    assert "Mallory" not in (tmp_path / "audit.jsonl").read_text()


def test_an_approver_whom_nobody_names_is_unknown(investigate):
    with investigate(BUG, REPORT) as investigator:
        answer(investigator, asked(investigator.ask("t", "File it.")), {**YES, "approver": "Mallory"})
        [decision] = investigator.state("t")["decisions"].values()
    assert decision["approver"] == "unknown"


def test_nothing_is_written_when_the_approver_cannot_be_named(toolkit, organization, tmp_path):
    def fail():
        raise LookupError("nobody is signed in")

    with open_investigator(
        steps(BUG, REPORT), toolkit, path=tmp_path / "threads.sqlite", name_approver=fail
    ) as investigator:
        question = asked(investigator.ask("t", "File it."))
        with pytest.raises(LookupError):
            answer(investigator, question, YES)
        assert investigator.pending("t").interrupt_id == question.interrupt_id
    assert titles(organization) == []


def test_a_rejection_that_cannot_be_recorded_is_an_error_and_not_silent(toolkit, tmp_path, investigate):
    with investigate(BUG, REPORT) as investigator:
        question = asked(investigator.ask("t", "File it."))
        (tmp_path / "audit.jsonl").mkdir()
        toolkit.client.audit = AuditLog(tmp_path / "audit.jsonl")
        with pytest.raises(AuditFailed):
            answer(investigator, question, NO)
