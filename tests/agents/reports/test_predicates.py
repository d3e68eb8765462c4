"""Verbs, levels and totals of a sentence are compared with the fields and the lines that hold them."""

import pytest

from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report

BUG = """work item 4
<untrusted 0>
id: 4
type: Bug
state: Active
assigned_to: Priya Raman
priority: 1
severity: 2 - High
created_by: Mina Sato
changed_by: Dana Ortiz
</untrusted 0>"""
LOG = """lines 338-340 of 340
<untrusted 1>
build: 35
log: 5
lines:
340: === 1 failed, 2 passed, 3 warnings, 2 errors in 3.02s ===
</untrusted 1>"""
BUILDS = """4 builds, all
<untrusted 2>
id\tpipeline\tstatus\tresult
32\tnightly-soak\tcompleted\tsucceeded
35\tplatform-ci\tcompleted\tfailed
36\tdocs\tcompleted\tsucceeded
37\tnightly-soak\tcompleted\tfailed
</untrusted 2>"""
PULL_REQUEST = """pull request 13
<untrusted 3>
id: 13
author: Tom Becker
status: completed
closed_by: Dana Ortiz
</untrusted 3>"""
TEXTS = {"E1": BUG, "E2": LOG, "E3": BUILDS, "E4": PULL_REQUEST}
INDEX = {
    "E1": {"tool": "get_work_item", "arguments": {"ids": [4]}, "status": "ok"},
    "E2": {"tool": "get_build_log", "arguments": {"build": 35}, "status": "ok"},
    "E3": {"tool": "list_builds", "arguments": {}, "status": "ok"},
    "E4": {"tool": "get_pull_request", "arguments": {"ids": [13]}, "status": "ok"},
}
QUOTES = {
    "E1": "state: Active",
    "E2": "1 failed, 2 passed, 3 warnings, 2 errors",
    "E3": "32\tnightly-soak\tcompleted\tsucceeded",
    "E4": "status: completed",
}
OTHER = {"statement": "Build 36 succeeded.", "evidence": ["E3"], "quote": "36\tdocs\tcompleted\tsucceeded"}


def marks(statement, evidence):
    """Return whether a statement with its quote is marked, and the same sentence in an answer that cites it."""
    row = {"statement": statement, "evidence": [evidence], "quote": QUOTES[evidence]}
    stated = check_report({**plain_report("Unknown."), "observed": [row]}, TEXTS, INDEX)["unverified"]
    answer = f"{statement[:-1]} [{evidence}]."
    answered = check_report({**plain_report(answer), "observed": [OTHER]}, TEXTS, INDEX)["answer_unverified"]
    return bool(stated), bool(answered)


@pytest.mark.parametrize(
    ("statement", "evidence"),
    [
        ("Bug 4 is assigned to Dana Ortiz.", "E1"),
        ("Bug 4 was created by Dana Ortiz.", "E1"),
        ("Bug 4 has severity 1 - Critical.", "E1"),
        ("Bug 4 is of critical severity.", "E1"),
        ("Bug 4 has priority 2.", "E1"),
        ("Two tests failed and one had an error.", "E2"),
        ("2 tests failed.", "E2"),
        ("There are 3 errors.", "E2"),
        ("nightly-soak has never failed.", "E3"),
        ("nightly-soak never succeeds.", "E3"),
        ("nightly-soak always failed.", "E3"),
        ("Pull request 13 was merged by Tom Becker.", "E4"),
        ("Pull request 13 was opened by Dana Ortiz.", "E4"),
    ],
)
def test_another_person_level_or_total_is_marked(statement, evidence):
    assert marks(statement, evidence) == (True, True)


@pytest.mark.parametrize(
    ("statement", "evidence"),
    [
        ("Bug 4 is assigned to Priya Raman.", "E1"),
        ("Bug 4 is not assigned to Dana Ortiz.", "E1"),
        ("Bug 4 was created by Mina Sato.", "E1"),
        ("Bug 4 has severity 2 and priority 1.", "E1"),
        ("Bug 4 is of high severity.", "E1"),
        ("One test failed and two had an error.", "E2"),
        ("1 test failed, 2 passed.", "E2"),
        ("Build 35 failed with 2 errors.", "E2"),
        ("nightly-soak has never been canceled.", "E3"),
        ("nightly-soak has not always failed.", "E3"),
        ("Pull request 13 was merged by Dana Ortiz.", "E4"),
        ("Pull request 13 was opened by Tom Becker.", "E4"),
    ],
)
def test_the_right_person_level_and_total_are_not_marked(statement, evidence):
    assert marks(statement, evidence) == (False, False)


SENT = """<untrusted 5>
id: 4
revision: 6
</untrusted 5>

The values that were sent:
<untrusted 5>
id: 4
fields: [{"name": "Microsoft.VSTS.Common.Priority", "value": "3"}]
</untrusted 5>"""


@pytest.mark.parametrize(("level", "marked"), [("1", False), ("3", False), ("2", True)])
def test_a_level_may_be_the_one_that_was_sent(level, marked):
    write = {"tool": "update_work_item", "arguments": {"id": 4}, "status": "written"}
    row = {"statement": "Bug 4 is Active.", "evidence": ["E1"], "quote": "state: Active"}
    report = {**plain_report(f"Bug 4 has priority {level} now [E5]."), "observed": [row]}
    checked = check_report(report, {**TEXTS, "E5": SENT}, {**INDEX, "E5": write})
    assert bool(checked["answer_unverified"]) is marked


REFUSED = "[conflict RevisionConflict 2]\n<untrusted 6>\nWork item 4 is at revision 2, not 1.\n</untrusted 6>"


@pytest.mark.parametrize(
    ("statement", "marked"),
    [
        ("The first attempt failed because the item was at revision 2.", False),
        ("The update failed.", False),
        ("The deployment failed.", True),
        ("The change of build 2 failed.", True),
    ],
)
def test_a_call_that_was_refused_has_failed_and_no_build_has(statement, marked):
    row = {"statement": statement, "evidence": ["E5"], "quote": "Work item 4 is at revision 2, not 1."}
    call = {"tool": "update_work_item", "arguments": {"id": 4, "revision": 1}, "status": "conflict"}
    report = {**plain_report("None."), "observed": [row]}
    checked = check_report(report, {**TEXTS, "E5": REFUSED}, {**INDEX, "E5": call})
    assert bool(checked["unverified"]) is marked
