"""What a person decides: shown in full, an edit shown twice, a no remembered, and never asked too often."""

import pytest
from langchain_core.messages import HumanMessage, RemoveMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from azure_devops_agents.approvals.fingerprint import fingerprint
from azure_devops_agents.evidence.record import evidence_of_text
from azure_devops_agents.investigation.budgets import Budgets
from azure_devops_agents.investigation.events import ApprovalAsked, ReportReady
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
READ = Call.to("get_work_item", id=4)
YES = {"decision": "approve", "approver": "dana"}
NO = {"decision": "reject", "approver": "dana", "reason": "known already"}


def steps(*calls):
    return ScriptedModel(steps=[call if isinstance(call, list) else [call] for call in calls])


@pytest.fixture
def investigate(toolkit, tmp_path):
    def start(*calls, budgets=None):
        return open_investigator(steps(*calls), toolkit, path=tmp_path / "threads.sqlite", budgets=budgets)

    return start


def titles(organization):
    return [item.title for item in organization.work_items if "gate" in item.title.lower()]


def waiting(events):
    """The approvals that are asked, a bug's before a task's: they are prepared at once and come in any order."""
    asked = [event for event in events if isinstance(event, ApprovalAsked)]
    return sorted(asked, key=lambda wait: str(wait.view["arguments"].get("type")))


def edit(**arguments):
    return {"decision": "edit", "approver": "dana", "arguments": {"type": "Bug", "project": "Platform", **arguments}}


def texts(investigator, thread="t"):
    return "\n".join(str(message.content) for message in investigator.state(thread)["messages"])


# -- edits -----------------------------------------------------------------------------------------------------------


def test_an_edited_call_is_shown_once_more_before_it_is_written(investigate, organization):
    with investigate(BUG, REPORT) as investigator:
        [first] = waiting(investigator.ask("t", "File it."))
        [second] = waiting(investigator.answer("t", {first.interrupt_id: edit(title="Gate 7 is open")}))
        assert titles(organization) == []
        assert second.interrupt_id != first.interrupt_id
        assert second.view["arguments"]["title"] == "Gate 7 is open"
        assert second.view["edited"] is True
        assert first.view["edited"] is False
        list(investigator.answer("t", {second.interrupt_id: YES}))
    assert titles(organization) == ["Gate 7 is open"]


def test_a_yes_to_the_first_showing_is_none_to_the_edited_call(investigate, organization):
    """Another client may have seen the first view only."""
    with investigate(BUG, REPORT) as investigator:
        [first] = waiting(investigator.ask("t", "File it."))
        [second] = waiting(investigator.answer("t", {first.interrupt_id: edit(title="Gate 7 is open")}))
        assert list(investigator.answer("t", {first.interrupt_id: YES})) == []
        assert [entry.interrupt_id for entry in investigator.pending("t")] == [second.interrupt_id]
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
        [first] = waiting(investigator.ask("t", "File it."))
        [second] = waiting(investigator.answer("t", {first.interrupt_id: edit(**arguments)}))
        assert "The edited call does not fit" in second.view["problem"]
        assert second.view["arguments"]["title"] == "The gate is open"
        list(investigator.answer("t", {second.interrupt_id: {"decision": "reject"}}))
    assert titles(organization) == []


def test_an_edit_may_name_a_host_and_the_model_may_not(investigate, organization):
    link = "See https://wiki.example/gate"
    with investigate(Call.to("create_work_item", **BUG.arguments, description=link), BUG, REPORT) as investigator:
        [first] = waiting(investigator.ask("t", "File it."))
        assert "a link to wiki.example, which nobody named" in texts(investigator)
        edited = edit(title="The gate is open", description=link)
        [second] = waiting(investigator.answer("t", {first.interrupt_id: edited}))
        list(investigator.answer("t", {second.interrupt_id: YES}))
    assert titles(organization) == ["The gate is open"]


def test_a_host_in_the_person_s_question_may_be_linked(investigate, organization):
    call = Call.to("create_work_item", **BUG.arguments, description="See https://wiki.example/gate")
    with investigate(call, REPORT) as investigator:
        [wait] = waiting(investigator.ask("t", "File it, with a link to https://wiki.example please."))
        list(investigator.answer("t", {wait.interrupt_id: YES}))
    assert titles(organization) == ["The gate is open"]


def test_with_several_writes_an_edit_makes_the_others_wait_and_each_happens_once(investigate, organization):
    other = Call.to("create_work_item", type="Task", title="Close the gate", project="Platform")
    with investigate([BUG, READ, other], REPORT) as investigator:
        one, two = waiting(investigator.ask("t", "File both."))
        answers = {one.interrupt_id: edit(title="Gate 7 is open"), two.interrupt_id: YES}
        [again] = waiting(investigator.answer("t", answers))
        assert titles(organization) == []
        events = list(investigator.answer("t", {again.interrupt_id: YES}))
    assert sorted(titles(organization)) == ["Close the gate", "Gate 7 is open"]
    assert sum(isinstance(event, ReportReady) for event in events) == 1


def test_stop_beside_an_edit_writes_nothing_and_reports_once(investigate, organization):
    other = Call.to("create_work_item", type="Task", title="Close the gate", project="Platform")
    with investigate([BUG, other], REPORT) as investigator:
        one, two = waiting(investigator.ask("t", "File both."))
        answers = {one.interrupt_id: edit(title="Gate 7 is open"), two.interrupt_id: {"decision": "stop"}}
        [again] = waiting(investigator.answer("t", answers))
        events = list(investigator.answer("t", {again.interrupt_id: YES}))
    assert titles(organization) == []
    assert sum(isinstance(event, ReportReady) for event in events) == 1


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
        [wait] = waiting(investigator.ask("t", "File it."))
        assert waiting(investigator.answer("t", {wait.interrupt_id: NO})) == []
        assert "A person rejected this very write in this thread" in texts(investigator)
        assert waiting(investigator.ask("t", "What else?")) == []
    assert titles(organization) == []


def test_another_write_and_another_thread_can_be_asked_for(investigate):
    other = Call.to("create_work_item", **{**BUG.arguments, "title": "The roof is open"})
    with investigate(BUG, other, REPORT) as investigator:
        [wait] = waiting(investigator.ask("t", "File it."))
        assert len(waiting(investigator.answer("t", {wait.interrupt_id: NO}))) == 1
    with investigate(BUG, REPORT) as investigator:
        assert len(waiting(investigator.ask("u", "File it."))) == 1


def test_rejecting_what_was_edited_rejects_what_the_model_asked(investigate):
    with investigate(BUG, BUG, REPORT) as investigator:
        [first] = waiting(investigator.ask("t", "File it."))
        [second] = waiting(investigator.answer("t", {first.interrupt_id: edit(title="Gate 7 is open")}))
        assert waiting(investigator.answer("t", {second.interrupt_id: NO})) == []


def test_fingerprint_forgets_what_does_not_matter_and_nothing_else():
    def of(**arguments):
        return fingerprint(WriteRequest("update_work_item", arguments, "", None))

    assert of(id=1, title="A b") == of(id=1, title="a  B!", revision=7) == of(id=1, title="a b", revision=8, tags=None)
    assert of(id=1, title="a") != of(id=2, title="a")
    assert of(id=1, title="a") != of(id=1, title="a", description="")
    assert of(id=1, state="Closed") != of(id=1, state="Active")


# -- not too often ---------------------------------------------------------------------------------------------------


def numbered(number):
    return Call.to("create_work_item", type="Bug", title=f"Gate {number} is open", project="Platform")


def test_only_so_many_approvals_wait_at_once(investigate):
    with investigate([numbered(n) for n in range(8)], REPORT, budgets=Budgets(approvals_at_once=3)) as investigator:
        waits = waiting(investigator.ask("t", "File them."))
        assert len(waits) == 3
        list(investigator.answer("t", {wait.interrupt_id: YES for wait in waits}))
        assert texts(investigator).count("Not asked: 3 approvals wait already") == 5


def test_the_same_write_twice_in_one_turn_is_asked_once(investigate, organization):
    with investigate([BUG, READ, BUG], REPORT) as investigator:
        waits = waiting(investigator.ask("t", "File it."))
        assert len(waits) == 1
        list(investigator.answer("t", {waits[0].interrupt_id: YES}))
        assert "Not asked: the same write waits already" in texts(investigator)
    assert len(titles(organization)) == 1


def test_only_so_many_are_asked_for_a_question(investigate, organization):
    calls = [[numbered(2 * n), numbered(2 * n + 1)] for n in range(4)]
    with investigate(*calls, REPORT, numbered(9), REPORT, budgets=Budgets(approvals=4)) as investigator:
        events = investigator.ask("t", "File them.")
        asked = 0
        while waits := waiting(events):
            asked += len(waits)
            events = investigator.answer("t", {wait.interrupt_id: YES for wait in waits})
        assert asked == 4
        assert "a person was asked 4 times for this question" in texts(investigator)
        assert waiting(investigator.ask("t", "Some more."))
    assert len(titles(organization)) == 4


# -- what is shown ---------------------------------------------------------------------------------------------------


def test_the_difference_to_the_current_state_is_shown_field_by_field(toolkit, investigate):
    bug = query_work_items.call_sync(toolkit.client, type="Bug", limit=1).items[0]
    steps_now = get_work_item.call_sync(toolkit.client, id=bug.id).repro_steps or ""
    lines = steps_now.split("\n")
    text = "\n".join([*lines[:-1], "A new last line."]) if len(lines) > 1 else f"{steps_now}\nA new last line."
    call = Call.to(
        "update_work_item", id=bug.id, revision=bug.revision, title=f"{bug.title}!", description=text,
        tags=bug.tags or "x", fields=[{"name": "Microsoft.VSTS.Common.Priority", "value": "1"}],
    )  # fmt: skip
    with investigate(call, REPORT) as investigator:
        [wait] = waiting(investigator.ask("t", "Change it."))
    changes = {change["field"]: change for change in wait.view["changes"]}
    assert (changes["title"]["old"], changes["title"]["new"]) == (bug.title, f"{bug.title}!")
    assert "+A new last line." in changes["description"]["lines"]
    assert not any(line.startswith("-") and line[1:] in text.split("\n") for line in changes["description"]["lines"])
    assert changes["Microsoft.VSTS.Common.Priority"]["new"] == "1"
    assert changes["Microsoft.VSTS.Common.Priority"]["known"] is True
    assert wait.view["project"] == get_work_item.call_sync(toolkit.client, id=bug.id).project


def test_what_was_read_before_is_named_with_its_authors(investigate):
    with investigate([READ, Call.to("list_pipelines")], BUG, REPORT) as investigator:
        [wait] = waiting(investigator.ask("t", "Look, then file it."))
    [source] = [entry for entry in wait.view["read_before"] if entry["tool"] == "get_work_item"]
    assert source["of"] == {"id": 4}
    assert source["authors"]
    assert source["by"]


def test_a_mark_only_grows_and_outlives_a_summary(toolkit):
    saver, config = InMemorySaver(), {"configurable": {"thread_id": "t"}}
    graph = build_graph(steps(READ, REPORT), toolkit, checkpointer=saver)
    graph.invoke({"messages": [("user", "Look.")]}, config)
    messages = graph.get_state(config).values["messages"]
    graph.update_state(config, {"messages": [RemoveMessage(message.id) for message in messages]}, as_node="check")
    graph.update_state(config, {"messages": [HumanMessage("A summary.")], "untrusted_read": False}, as_node="check")
    clean = {**evidence_of_text("E1", {"id": "x", "name": "y", "args": {}}, "ok", "clean", "clean"), "origins": []}
    graph.update_state(config, {"evidence": {"E1": clean}}, as_node="check")
    values = graph.get_state(config).values
    assert values["untrusted_read"] is True
    assert values["evidence"]["E1"]["untrusted"] is True
    assert values["evidence"]["E1"]["origins"]
    resumed = build_graph(steps(BUG, REPORT), toolkit, checkpointer=saver)
    state = resumed.invoke({"messages": [("user", "File it.")]}, config)
    [wait] = state["__interrupt__"]
    assert wait.value["untrusted_read"] is True
    assert wait.value["read_before"]


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
    graph.invoke(Command(resume={old.id: YES}), config)
    assert titles(organization) == []


def test_a_secret_in_an_answer_is_not_stored(investigate, organization, tmp_path):
    secret = "ghp_Zk3vQ9xT7bN2mW8rY5cL1dF6hJ4gS0aPqEuV"
    with investigate(BUG, BUG, REPORT) as investigator:
        [wait] = waiting(investigator.ask("t", "File it."))
        edited = edit(title="The gate", description=f"Opens with {secret}")
        [wait] = waiting(investigator.answer("t", {wait.interrupt_id: edited}))
        assert "stands for a secret" in wait.view["problem"]
        list(investigator.answer("t", {wait.interrupt_id: {**NO, "reason": f"{secret} opens it"}}))
        assert "A person said no: [secret:" in texts(investigator)
    assert titles(organization) == []
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()]


def test_decisions_are_on_record_with_the_person(toolkit, tmp_path, investigate):
    toolkit.client.audit = AuditLog(tmp_path / "audit.jsonl")
    other = Call.to("create_work_item", type="Task", title="Close the gate", project="Platform")
    with investigate([BUG, other], BUG, REPORT) as investigator:
        one, two = waiting(investigator.ask("t", "File both."))
        list(investigator.answer("t", {one.interrupt_id: NO, two.interrupt_id: YES}))
    found = [(entry.event, entry.details) for entry in read_entries(toolkit.client.audit.path)]
    denied, again = [details for event, details in found if event == "denied"]
    assert (denied["approver"], denied["reason"]) == ("dana", "known already")
    assert "rejected this very write" in again["reason"]
    assert [details["approver"] for event, details in found if event == "approved"] == ["dana"]


def test_a_rejection_that_cannot_be_recorded_is_an_error_and_not_silent(toolkit, tmp_path, investigate):
    with investigate(BUG, REPORT) as investigator:
        [wait] = waiting(investigator.ask("t", "File it."))
        (tmp_path / "audit.jsonl").mkdir()
        toolkit.client.audit = AuditLog(tmp_path / "audit.jsonl")
        with pytest.raises(AuditFailed):
            list(investigator.answer("t", {wait.interrupt_id: NO}))
