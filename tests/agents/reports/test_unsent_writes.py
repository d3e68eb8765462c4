"""A write that was not sent leaves no evidence: the decision about it supports what a report tells of it."""

import pytest
from agent_decisions import asked, report_of

from azure_devops_agents.investigation.events import ApprovalAsked
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report
from azure_devops_agents.reports.writes import UnsentWrite

BUG = Call.to("create_work_item", type="Bug", title="The gate is open", project="Platform")
COMMENT = Call.to("add_work_item_comment", id=4, text="It is known.")
NO = {"type": "reject", "message": "known already"}


def refuse(toolkit, tmp_path, answer, *writes, verdict="answered", no=NO):
    report = Call.to("write_report", answer=answer, verdict=verdict)
    model = ScriptedModel(steps=[list(writes), [report], [Call.to("write_report", answer="Again.", verdict=verdict)]])
    with open_investigator(model, toolkit, path=tmp_path / "threads.sqlite") as investigator:
        question = asked(investigator.ask("t", "File it."))
        events = investigator.answer("t", question.interrupt_id, {"decisions": [no] * len(writes)})
        return report_of(list(events))


@pytest.mark.parametrize("verdict", ["answered", "inconclusive"])
@pytest.mark.parametrize(
    "answer",
    [
        "Nothing was filed: you rejected the bug.",
        'The bug "The gate is open" of Platform was not filed, because you said it is known already.',
        "You rejected it. I filed nothing.",
    ],
)
def test_a_report_of_a_rejected_write_is_neither_repaired_nor_marked(toolkit, tmp_path, answer, verdict):
    report = refuse(toolkit, tmp_path, answer, BUG, verdict=verdict)
    assert (report["answer"], report["answer_unverified"]) == (answer, [])


def test_a_change_that_was_rejected_is_told_with_its_target_and_values(toolkit, organization, tmp_path):
    [item] = [item for item in organization.work_items if item.id == 4]
    change = Call.to("update_work_item", id=4, revision=item.revision.number, state="Resolved")
    answer = "Bug 4 stays as it is: you rejected its change to Resolved."
    assert refuse(toolkit, tmp_path, answer, change)["answer_unverified"] == []


def test_writes_that_were_rejected_are_told_apart(toolkit, tmp_path):
    second = Call.to("create_work_item", type="Bug", title="The door is open", project="Platform")
    told = refuse(toolkit, tmp_path, "Nothing was filed.", BUG, second, COMMENT)["coverage"]["not_written"]
    assert told == [
        'create_work_item "The gate is open", rejected: known already',
        'create_work_item "The door is open", rejected: known already',
        "add_work_item_comment 4, rejected: known already",
    ]


def test_a_long_reason_is_cut_with_a_mark_and_a_shorter_one_is_not(toolkit, tmp_path):
    reason = "Known already, see the other one. " * 147
    [told] = refuse(toolkit, tmp_path, "Done.", BUG, no={**NO, "message": reason})["coverage"]["not_written"]
    assert told.endswith(" [cut; 4,998 characters]")
    assert len(told) < 600
    [told] = refuse(toolkit, tmp_path / "2", "Done.", BUG, no={**NO, "message": reason[:500]})["coverage"][
        "not_written"
    ]
    assert told.endswith(f", rejected: {reason[:500].strip()}")


WRONG = Call.to("create_work_item", title="The gate is open", project="Platform")
ELSEWHERE = Call.to("add_work_item_comment", id=4, text="See https://elsewhere.example/a.")
NOWHERE = Call.to("update_work_item", id=99999, revision=1, state="Resolved")


def ask(toolkit, tmp_path, *turns):
    """Return what the report of these turns says that was not written; every write that is asked about is rejected."""
    report = [Call.to("write_report", answer="Done.", verdict="answered")]
    steps = [*([turn] for turn in turns), report, report]
    with open_investigator(ScriptedModel(steps=steps), toolkit, path=tmp_path / "threads.sqlite") as investigator:
        events = list(investigator.ask("t", "File it."))
        while any(isinstance(event, ApprovalAsked) for event in events):
            events = list(investigator.answer("t", asked(events).interrupt_id, {"decisions": [NO]}))
        return report_of(events)["coverage"].get("not_written", [])


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (ELSEWHERE, "add_work_item_comment 4, refused: "),
        (NOWHERE, "update_work_item 99999, refused: "),
        (WRONG, 'create_work_item "The gate is open", refused: '),
    ],
)
def test_a_write_that_code_refused_is_told_with_the_reason(toolkit, tmp_path, write, told):
    [line] = ask(toolkit, tmp_path, write)
    assert line.startswith(told)
    assert len(line) > len(told)


@pytest.mark.parametrize(("first", "again"), [(WRONG, BUG), (ELSEWHERE, COMMENT)])
def test_a_refused_write_that_the_model_asked_for_again_is_told_once(toolkit, tmp_path, first, again):
    [line] = ask(toolkit, tmp_path, first, again)
    assert line.endswith(", rejected: known already")


def test_a_write_that_is_refused_after_an_equal_one_was_decided_is_told_as_well(toolkit, tmp_path):
    rejected, refused = ask(toolkit, tmp_path, COMMENT, ELSEWHERE)
    assert (rejected.split(", ")[1], refused.split(", ")[1].split(":")[0]) == ("rejected: known already", "refused")


def check(answer, verdict="answered", *, decision="reject", asked_now=True):
    unsent = UnsentWrite("update_work_item", {"id": 4, "state": "Resolved"}, decision, "Dana Ortiz", "", asked_now)
    return check_report(plain_report(answer, verdict), {}, {}, unsent=[unsent])["answer_unverified"]


@pytest.mark.parametrize(
    "answer",
    [
        "Bug 4 is resolved.",
        "Bug 5 stays as it is, you rejected the change.",
        "You approved the change of bug 4.",
        "Mina Sato rejected the change of bug 4.",
        "Pull request 4 was rejected.",
        "I changed bug 4.",
    ],
)
def test_a_decision_supports_nothing_else(answer):
    assert check(answer)


def test_a_decision_of_the_past_is_known_and_is_no_evidence_of_a_new_answer():
    [marked] = check("Dana Ortiz rejected the change of bug 4.", asked_now=False)
    assert marked["problem"] == "the report cites no evidence"


@pytest.mark.parametrize("verdict", ["incident", "no_incident", "ready", "at_risk", "not_ready"])
def test_what_is_decided_about_the_organization_needs_evidence_beside_a_decision(verdict):
    assert check("Nothing was changed: you rejected it.", verdict)


@pytest.mark.parametrize("decision", ["", "stop", "outdated"])
def test_a_write_that_was_refused_otherwise_needs_no_evidence_either(decision):
    assert check("Nothing was changed.", decision=decision) == []


def check_approved(answer):
    texts = {"E1": "[denied ScopeMissing]\n<untrusted 0>\nthe token lacks vso.work_write\n</untrusted 0>"}
    index = {"E1": {"tool": "update_work_item", "arguments": {"id": 4, "state": "Resolved"}, "status": "denied"}}
    report = plain_report(f"{answer} [E1]", "answered")
    return check_report(report, texts, index, approvers={"E1": "Dana Ortiz"})["answer_unverified"]


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("The change was approved but the service refused it.", "The change was rejected but the service took it."),
        ("Dana Ortiz approved the change of bug 4.", "Mina Sato approved the change of bug 4."),
        ("You approved it, and the update failed.", "You approved it, and build 4 failed."),
        ("You approved the change.", "A reviewer approved the pull request."),
        ("You approved that.", "You approved that, and Mina Sato has it."),
    ],
)
def test_the_approval_of_a_write_that_was_sent_is_known_and_supports_nothing_else(true, false):
    assert check_approved(true) == []
    assert check_approved(false)


def test_an_answer_may_tell_that_a_write_was_approved(toolkit, tmp_path):
    answer = "Your comment on bug 4 was approved [E1]."
    assert refuse(toolkit, tmp_path, answer, COMMENT, no={"type": "approve"})["answer_unverified"] == []


WRITTEN = {
    "E1": {"tool": "create_work_item", "arguments": {"type": "Bug", "title": "The gate is open"}, "status": "written"}
}
COMMENT_REFUSED = UnsentWrite("add_work_item_comment", {"id": 4, "text": "It is known."}, "reject", "Dana", "", True)


def check_beside_bug(answer, *unsent):
    texts = {"E1": "id: 59\ntype: Bug\ntitle: The gate is open"}
    return check_report(plain_report(answer, "answered"), texts, WRITTEN, unsent=unsent)["answer_unverified"]


@pytest.mark.parametrize(
    "answer",
    [
        "I filed bug 59, and I added a comment to work item 4.",
        "I commented on work item 4.",
        "We opened a pull request for bug 59.",
        "A comment was added to work item 4.",
    ],
)
def test_one_write_supports_no_claim_of_another_kind_of_write(answer):
    assert "was written" in " ".join(marked["problem"] for marked in check_beside_bug(answer, COMMENT_REFUSED))


@pytest.mark.parametrize("answer", ["I filed bug 59.", "I opened a bug, 59.", "Bug 59 was created."])
def test_a_write_supports_what_is_told_of_it(answer):
    assert check_beside_bug(answer, COMMENT_REFUSED) == []
