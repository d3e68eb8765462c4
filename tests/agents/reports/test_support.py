"""The answer and the sections of a report are compared with the evidence, each in its own way."""

import pytest

from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report, list_problems

BUILDS = """2 builds, all
<untrusted 0>
id\tpipeline\tstatus\tresult\trequested_for\tqueued
17\tdocs-publish\tcompleted\tsucceeded\tTom Becker\t2026-11-16T08:00Z
18\tdocs-publish\tcompleted\tfailed\tMina Sato\t2026-11-17T08:00Z
</untrusted 0>"""
REFUSED = "[denied ScopeMissing vso.code]\nThe token lacks vso.code."
TEXTS = {"E1": BUILDS, "E2": REFUSED}
INDEX = {
    "E1": {"tool": "list_builds", "arguments": {"pipeline": "docs-publish"}, "status": "ok"},
    "E2": {"tool": "list_repositories", "arguments": {}, "status": "denied"},
}
ROW = {"statement": "Build 17 succeeded.", "evidence": ["E1"], "quote": "17\tdocs-publish\tcompleted\tsucceeded"}


def answering(answer, **more):
    return check_report({**plain_report(answer), "observed": [ROW], **more}, TEXTS, INDEX, "Is docs-publish healthy?")


@pytest.mark.parametrize(
    "answer",
    [
        "Build 17 of docs-publish succeeded on 16 November.",
        "Two builds ran; 17 passed, and build 18 of Mina Sato failed.",
        "The repositories are not known, because the token lacks vso.code.",
        "It is not known. Ask somebody else.",
    ],
)
def test_a_supported_answer_is_not_marked(answer):
    assert answering(answer)["answer_unverified"] == []


@pytest.mark.parametrize(
    "answer",
    [
        "Build 17 ran on Monday.",
        "Build 17 ran on Mon, 16 November.",
        "Build 18 ran on Tue. 17 Nov 2026.",
        "Both builds ran in the morning, and no build runs on Mondays only.",
        "Approx. 5 builds of docs-publish are kept.",
        "It took approx. 90 seconds.",
        "There are two builds, and both builds were queued in November.",
    ],
)
def test_weekdays_counts_in_words_and_estimates_are_not_marked(answer):
    assert answering(answer)["answer_unverified"] == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("All is well. Build 17 ran on Fridays.", "Friday"),
        ("All is well. Build 17 ran on Sun, 16 November.", "Sun"),
        ("All is well. Build 16 was green.", "16"),
        ("All is well. Build 17 failed.", "succeeded"),
        ("All is well. Build 17 ran on 17 November.", "17 November"),
        ("All is well. Mina Sato queued build 17.", "Mina Sato"),
        ("All is well. Five builds ran.", "Five"),
    ],
)
def test_the_sentence_that_lacks_support_is_named_with_the_reason(answer, reason):
    checked = answering(answer)
    [marked] = checked["answer_unverified"]
    assert marked["statement"] == answer.removeprefix("All is well. ")
    assert reason in marked["problem"]
    assert marked["statement"] in "\n".join(list_problems(checked))


def test_what_code_answered_is_not_checked():
    report = plain_report("No report was written (60 tool calls).")
    assert check_report(report, TEXTS, INDEX, answered_by_code=True)["answer_unverified"] == []


def test_a_rejected_hypothesis_may_say_what_is_not_so_of_things_that_are_there():
    row = {**ROW, "statement": "Build 17 failed as build 18 did."}
    assert answering("Done.", hypotheses_rejected=[row])["unverified"] == []
    unknown = {**ROW, "statement": "Build 99 failed as well."}
    assert len(answering("Done.", hypotheses_rejected=[unknown])["unverified"]) == 1


def test_an_inference_may_join_what_several_rows_say():
    row = {**ROW, "statement": "Build 18 failed after build 17 succeeded.", "reasoning": "The rows follow each other."}
    assert answering("Done.", inferred=[row])["unverified"] == []


FINDINGS = """2 of 2 work items
<untrusted 0>
id\tproject\ttype\ttitle\tchanged
4\tPlatform\tBug\tFinding 7: storage is reachable\t2026-10-07T03:45Z
33\tPlatform\tBug\tFinding 9: the audit log is kept for 7 days\t2026-09-30T08:00Z
</untrusted 0>"""


def about_findings(answer):
    row = {"statement": "Bug 33 is of Platform.", "evidence": ["E1"], "quote": "33\tPlatform\tBug"}
    index = {"E1": {"tool": "query_work_items", "arguments": {}, "status": "ok"}}
    return check_report({**plain_report(answer), "observed": [row]}, {"E1": FINDINGS}, index)["answer_unverified"]


@pytest.mark.parametrize(
    "answer", ["Two would be: findings 7 and 9, bugs 4 and 33.", "Nothing was changed: the change was put off."]
)
def test_what_one_row_says_together_and_a_colon_in_a_sentence_are_not_marked(answer):
    assert about_findings(answer) == []


@pytest.mark.parametrize("answer", ["Two: findings 8 and 9, bugs 4 and 33.", "Bug 33, changed: 2026-10-07."])
def test_what_no_row_says_and_another_value_of_a_field_are_marked(answer):
    assert len(about_findings(answer)) == 1


WRITTEN = {
    f"E{number}": {"tool": tool, "arguments": {}, "status": "written"}
    for number, tool in enumerate(("create_work_item", "add_work_item_comment", "run_pipeline"), 3)
}


@pytest.mark.parametrize(
    "answer",
    [
        "A bug was filed for it.",
        "The bug is filed.",
        "I asked Mina Sato to fix it.",
        "I've also commented on build 17.",
        "Filed, with the log.",
        "Mina Sato was notified.",
        "We restarted build 17.",
    ],
)
def test_a_write_that_the_agent_tells_of_needs_the_evidence_of_one(answer):
    [marked] = answering(answer)["answer_unverified"]
    assert "nothing was written" in marked["problem"]
    texts, index = {**TEXTS, **dict.fromkeys(WRITTEN, "id: 60")}, {**INDEX, **WRITTEN}
    report = {**plain_report(answer), "observed": [ROW]}
    assert check_report(report, texts, index, "Ask Mina Sato.")["answer_unverified"] == []


@pytest.mark.parametrize(
    "answer",
    [
        "No bug was filed for it.",
        "I filed nothing.",
        "A bug should be filed for it.",
        "I would have asked Mina Sato.",
        "I looked at both builds and compared them.",
        "Build 17 was queued by Tom Becker.",
        'Somebody says: "I filed a bug for it."',
    ],
)
def test_what_was_not_written_or_others_wrote_is_not_marked(answer):
    problems = [row["problem"] for row in answering(answer)["answer_unverified"]]
    assert not any("nothing was written" in problem for problem in problems)


@pytest.mark.parametrize("verdict", ["answered", "incident", "no_incident", "ready", "at_risk", "not_ready"])
def test_a_report_that_decides_something_cites_evidence(verdict):
    answer = "Everything is fine, nothing ever failed here."
    checked = check_report(plain_report(answer, verdict), TEXTS, INDEX, "Is docs-publish healthy?")
    assert {"statement": answer, "problem": "the report cites no evidence"} in checked["answer_unverified"]
    assert any("cites no evidence" in problem for problem in list_problems(checked))
    cited = check_report(plain_report("Both builds ran [E1].", verdict), TEXTS, INDEX)
    assert cited["answer_unverified"] == []


def test_a_report_that_decides_nothing_may_cite_nothing():
    assert check_report(plain_report("It is not known."), TEXTS, INDEX)["answer_unverified"] == []


def test_what_no_statement_cites_does_not_support_an_answer():
    answer = "Build 17 succeeded. Build 18 failed."
    [whole] = check_report(plain_report(answer, "answered"), TEXTS, INDEX)["answer_unverified"]
    assert whole["statement"] == answer
    assert all(part in whole["problem"] for part in ("the report cites no evidence", "Build 17", "Build 18"))


def test_a_citation_of_evidence_that_is_not_there_is_marked():
    [marked] = answering("Build 17 succeeded [E1, E7].")["answer_unverified"]
    assert marked["problem"] == "there is no evidence E7"


RUNS = """3 builds, all
<untrusted 0>
id\tpipeline\tstatus\tresult\tbranch\trequested_for\tqueued
21\tdocs\tcompleted\tsucceeded\tmain\tDana Ortiz\t2026-11-01T08:00Z
22\tdocs\tcompleted\tfailed\tmain\tMina Sato\t2026-11-03T08:00Z
23\tapi\tcompleted\tsucceeded\tstable\tTom Becker\t2026-11-04T08:00Z
</untrusted 0>"""
ITEM = """<untrusted 0>
id: 59
type: Bug
title: Rounding of tax is wrong
state: Active
assigned_to: Priya Raman
tags: billing, tax
</untrusted 0>"""
LOG = """<untrusted 0>
build: 22
log: 3
lines:
7: KeyError: 'TAX_RATE'
</untrusted 0>"""


def checked_rows(statement, evidence, quote):
    index = {
        "E1": {"tool": "list_builds", "arguments": {}, "status": "ok"},
        "E2": {"tool": "get_work_item", "arguments": {"ids": [59]}, "status": "ok"},
        "E3": {"tool": "get_build_log", "arguments": {"build": 22, "log": 3}, "status": "ok"},
    }
    row = {"statement": statement, "evidence": [evidence, "E1"], "quote": quote}
    report = {**plain_report("It is not known."), "observed": [row]}
    return check_report(report, {"E1": RUNS, "E2": ITEM, "E3": LOG}, index)["unverified"]


FIRST, SECOND = "21\tdocs\tcompleted\tsucceeded", "22\tdocs\tcompleted\tfailed\tmain"


@pytest.mark.parametrize(
    ("statement", "evidence", "quote"),
    [
        ("Build 21 ran on stable.", "E1", FIRST),
        ("Build 21 ran on branch release.", "E1", FIRST),
        ("Build 21 is one of api.", "E1", FIRST),
        ("All builds succeeded.", "E1", FIRST),
        ("All three builds succeeded.", "E1", FIRST),
        ("Every build of docs failed.", "E1", SECOND),
        ("No build ever failed.", "E1", FIRST),
        ("None of the builds failed.", "E1", FIRST),
        ("Bug 59 is tagged security.", "E2", "tags: billing, tax"),
        ("The bug is a Task.", "E2", "type: Bug"),
        ("Bug 59 is unassigned.", "E2", "assigned_to: Priya Raman"),
        ("Build 21 fails with 'TAX_RATE'.", "E3", "KeyError: 'TAX_RATE'"),
    ],
)
def test_another_value_of_a_row_and_a_rule_that_a_row_breaks_are_marked(statement, evidence, quote):
    assert len(checked_rows(statement, evidence, quote)) == 1


@pytest.mark.parametrize(
    ("statement", "evidence", "quote"),
    [
        ("Build 21 ran on branch main.", "E1", FIRST),
        ("All builds on stable succeeded.", "E1", "23\tapi\tcompleted\tsucceeded"),
        ("No build of api failed.", "E1", "23\tapi\tcompleted\tsucceeded"),
        ("Bug 59 is tagged billing and not stable.", "E2", "tags: billing, tax"),
        ("The bug is a Bug.", "E2", "type: Bug"),
        ("Build 22 fails with 'TAX_RATE'.", "E3", "KeyError: 'TAX_RATE'"),
    ],
)
def test_the_values_of_a_row_and_a_rule_that_every_row_keeps_stay(statement, evidence, quote):
    assert checked_rows(statement, evidence, quote) == []
