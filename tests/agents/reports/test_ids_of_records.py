"""The id of a record, a row, a call or a comment counts as quoted wherever the quoted words stand in it."""

import pytest

from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report
from azure_devops_agents.reports.writes import UnsentWrite

TASK = (
    "<untrusted 1>\nid: 41\nproject: Web\nrevision: 3\ntype: Task\ntitle: Check the door\nstate: Closed\n</untrusted 1>"
)
BUILD = """<untrusted 2>
id: 9120
status: completed
result: succeeded
commit: 8092f929f2dea54b532dfc11f208e8665d524075
validation: /ci/door.yml (Line: 12): Unexpected value 'job'
files (1):
  change\tpath
  edit\t/docs/door.md
</untrusted 2>"""
PIPELINES = """2 pipelines, all, in Web
<untrusted 3>
id\tname\tstatus\tlast_build\tlast_result\trunning
5\tdoor-ci\tenabled\t61\tfailed\t64
6\tgate-ci\tenabled\t62\tsucceeded\t
</untrusted 3>"""
LIST = """2 builds, all
<untrusted 4>
id\tpipeline\tresult\tqueued
61\tdoor-ci\tfailed\t2026-11-18T10:00Z
62\tdoor-ci\tsucceeded\t2026-11-19T10:00Z
</untrusted 4>"""
REFUSED = "[not_signed_in TokenRejected]\n<untrusted 5>\nThe service does not accept the token.\n</untrusted 5>"
MOVED = "[conflict Moved]\n<untrusted 6>\nWork item 41 is at revision 3, not 2. Nothing was changed.\n</untrusted 6>"
NOTE = """<untrusted 7>
id: 8
comments:
#5 Priya Raman, 2026-11-02T09:00Z
  all of them may read; close item 41
</untrusted 7>"""
CALLS = {
    "E1": ("get_work_item", TASK, "ok", {"ids": [41]}),
    "E2": ("get_build", BUILD, "ok", {"ids": [9120]}),
    "E3": ("list_pipelines", PIPELINES, "ok", {}),
    "E4": ("list_builds", LIST, "ok", {"project": "Front Door", "since": "2026-11-16"}),
    "E5": ("get_work_item", REFUSED, "not_signed_in", {"ids": [41]}),
    "E6": ("update_work_item", MOVED, "conflict", {"id": 41, "revision": 2}),
    "E7": ("get_work_item", NOTE, "ok", {"ids": [8], "comments": True}),
}
TEXTS = {name: text for name, (_, text, _, _) in CALLS.items()}
INDEX = {name: {"tool": tool, "status": status, "arguments": given} for name, (tool, _, status, given) in CALLS.items()}
RECORD = "id: 41\nproject: Web\nrevision: 3\ntype: Task\ntitle: Check the door\nstate: Closed"
DOOR = "5\tdoor-ci\tenabled\t61\tfailed\t64"
OF_LIST = "62\tdoor-ci\tsucceeded"


def check(answer="", instructions="", facts=(), unsent=(), **sections):
    report = {**plain_report(answer, "answered"), "facts": list(facts), **sections}
    return check_report(
        report, TEXTS, INDEX, "What is it?", unsent=unsent, instructions=instructions, answered_by_code=not answer
    )


def problem_of(statement, quote, *evidence):
    row = {"statement": statement, "evidence": list(evidence), "quote": quote}
    return "; ".join(row["problem"] for row in check(observed=[row])["unverified"])


@pytest.mark.parametrize(
    ("true", "false", "evidence", "quote"),
    [
        ("Task 41 is closed.", "Task 42 is closed.", "E1", RECORD),
        ("Task 41, Check the door, is Closed.", "Task 41, Check the door, is New.", "E1", RECORD),
        ("Build 9120 succeeded.", "Build 9120 failed.", "E2", "id: 9120\nstatus: completed\nresult: succeeded"),
        ("Build 9120 succeeded.", "Build 9121 succeeded.", "E2", "id: 9120\nstatus: completed\nresult: succeeded"),
        ("The validation of 9120 names line 12, value 'job'.", "The validation of 9121 names line 12, value 'job'.",
         "E2", "validation: /ci/door.yml (Line: 12): Unexpected value 'job'"),
        ("9120 edits /docs/door.md.", "9121 edits /docs/door.md.", "E2", "edit\t/docs/door.md"),
        ("9120 edits /docs/door.md.", "It edits /docs/door.md in line 9120.", "E2", "edit\t/docs/door.md"),
        ("door-ci: build 61 failed.", "door-ci: build 62 failed.", "E3", DOOR),
        ("door-ci: build 61 failed.", "door-ci: build 61 succeeded.", "E3", DOOR),
        ("The last build of door-ci is 61, and build 64 is running.",
         "The last build of door-ci is 61, and build 62 is running.", "E3", DOOR),
        ("Build 62 of Front Door succeeded.", "Build 62 of Back Door succeeded.", "E4", OF_LIST),
        ("The list since 2026-11-16 has build 62, which succeeded.",
         "The list since 2026-11-15 has build 62, which succeeded.", "E4", OF_LIST),
        ("Build 62, queued on 2026-11-19, succeeded.", "Build 62, queued on 2026-11-16, succeeded.", "E4", OF_LIST),
        ("Reading item 41 failed.", "Reading item 42 failed.", "E5", "[not_signed_in TokenRejected]"),
        ("The change failed, as item 41 is at revision 3.", "The change succeeded, as item 41 is at revision 3.", "E6",
         "Work item 41 is at revision 3, not 2."),
    ],
)  # fmt: skip
def test_a_statement_names_the_record_of_its_quote(true, false, evidence, quote):
    assert problem_of(true, quote, evidence) == ""
    assert problem_of(false, quote, evidence)


def test_a_statement_about_two_results_quotes_both():
    quote = "state: Closed ... [not_signed_in TokenRejected]"
    assert problem_of("Task 41 was closed, and reading it again failed.", quote, "E1", "E5") == ""
    assert problem_of("Task 42 was closed, and reading it again failed.", quote, "E1", "E5")
    assert problem_of("Task 41 was closed, and reading it again failed.", quote, "E1") == "the quote is not in E1"


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ('Its comment says "all of them ... close item 41".', 'Its comment says "close item 41 ... all of them".'),
        ("It was built from `8092f92…`.", "It was built from `8192f92…`."),
    ],
)
def test_words_of_an_answer_may_leave_out_the_middle(true, false):
    rows = [
        {"statement": "Priya Raman wrote a comment.", "evidence": ["E7"], "quote": "#5 Priya Raman"},
        {"statement": "Build 9120 has a commit.", "evidence": ["E2"], "quote": "commit: 8092f929f2dea54b532dfc11f208e"},
    ]
    assert check(true, observed=rows)["answer_unverified"] == []
    assert [row["statement"] for row in check(false, observed=rows)["answer_unverified"]] == [false]


def test_an_answer_tells_what_the_operator_said():
    rows = [{"statement": "Task 41 is closed.", "evidence": ["E1"], "quote": "state: Closed"}]
    answer = "I was told to look into /deploy/door.env."
    assert check(answer, "Look into /deploy/door.env.", observed=rows)["answer_unverified"] == []
    assert check(answer, "Look into /deploy/gate.env.", observed=rows)["answer_unverified"]


def unsent(asked_now=True):
    given, told = {"title": "The gate is open"}, "A person said no: known already."
    return UnsentWrite("create_work_item", given, "reject", "Dana", told, asked_now)


@pytest.mark.parametrize("value", ["no", "none", "rejected", "approver's no", "not filed"])
def test_a_fact_about_a_write_that_was_not_sent_has_nothing_to_cite(value):
    fact = {"name": "filed", "values": [value], "evidence": []}
    told = "it cites no evidence"
    assert check(facts=[fact], unsent=[unsent()])["facts"][0]["problem"] == ""
    assert check(facts=[fact])["facts"][0]["problem"] == told
    assert check(facts=[fact], unsent=[unsent(asked_now=False)])["facts"][0]["problem"] == told


@pytest.mark.parametrize("value", ["yes", "59", "Priya Raman", "no, bug 59", "Active"])
def test_any_other_fact_cites_its_evidence(value):
    fact = {"name": "filed", "values": [value], "evidence": []}
    assert check(facts=[fact], unsent=[unsent()])["facts"][0]["problem"] == "it cites no evidence"


@pytest.mark.parametrize(("merged", "supported"), [("succeeded", True), ("conflicts", False)])
def test_a_field_with_two_words_is_not_the_field_of_the_last_one(merged, supported):
    text = "<untrusted 1>\nid: 13\nstatus: completed\nmerge_status: succeeded\n</untrusted 1>"
    row = {
        "statement": f"id: 13, status: completed, merge status: {merged}",
        "evidence": ["E1"],
        "quote": "id: 13\nstatus: completed\nmerge_status: succeeded",
    }
    index = {"E1": {"tool": "get_pull_request", "status": "ok", "arguments": {"ids": [13]}}}
    checked = check_report({**plain_report(""), "observed": [row]}, {"E1": text}, index, answered_by_code=True)
    assert (checked["unverified"] == []) == supported
