"""What a report proposes, and how it numbers its parts, states nothing: only ids and names must exist."""

import pytest

from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report

BUILDS = """2 builds, all
<untrusted 0>
id\tpipeline\tresult\tbranch\trequested_for\tqueued
7\tdocs\tsucceeded\tmain\tDana Ortiz\t2026-11-01T08:00Z
9\tdocs\tfailed\tmain\tMina Sato\t2026-11-03T08:00Z
</untrusted 0>"""
ITEM = """<untrusted 1>
id: 30
title: The gate is open
state: Active
assigned_to: Tom Becker
</untrusted 1>"""
TEXTS = {"E1": BUILDS, "E2": ITEM}
INDEX = {
    "E1": {"tool": "list_builds", "arguments": {}, "status": "ok"},
    "E2": {"tool": "get_work_item", "arguments": {"ids": [30]}, "status": "ok"},
}
ROW = {"statement": "Build 9 failed.", "evidence": ["E1"], "quote": "9\tdocs\tfailed"}


def check(answer):
    report = {**plain_report(answer, "answered"), "observed": [ROW]}
    return check_report(report, TEXTS, INDEX)["answer_unverified"]


@pytest.mark.parametrize(
    "answer",
    [
        "Next steps: ask Tom Becker for a review by 24 November.",
        "**Recommendation:** re-run build 9 twice after Tom Becker has closed bug 30.",
        "I recommend to re-run build 7 on 5 December.",
        "I would suggest that Tom Becker looks at bug 30.",
        "You should set GATE_TIMEOUT to 60 first.",
        "If build 9 fails as well, ask Tom Becker first [E1].",
        "Ask Tom Becker within 3 days.",
        "I recommend to re-run it, because build 9 failed.",
        "Next step: Ask Tom Becker.",
    ],
)
def test_a_proposal_needs_no_quote(answer):
    assert check(answer) == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Next steps: ask Nora Quist for a review.", "Nora Quist"),
        ("I recommend to re-run build 99.", "build 99"),
        ("You should look at build 9, because build 7 failed.", "build 7"),
        ("I recommend to merge it; build 7 failed.", "build 7"),
        ("You should know that build 7 failed.", "build 7"),
        ("Next steps: build 7 failed.", "build 7"),
        ("If you look at it, build 7 failed.", "build 7"),
        ("Please note that Tom Becker queued build 7.", "Tom Becker"),
        ("Build 7 failed, so you should re-run it.", "build 7"),
    ],
)
def test_what_a_proposal_names_must_exist_and_what_it_states_is_checked(answer, reason):
    [marked] = check(answer)
    assert reason.lower() in marked["problem"].lower()


@pytest.mark.parametrize(
    "answer",
    [
        "Step 2: build 9 failed [E1].",
        "## 1. Cause\n\nBuild 9 failed [E1].",
        "Build 9 failed[^1].\n\n[^1]: E1",
        "Build 9 failed (evidence E1, row 3).",
        "Build 9 failed (E1: list_builds).",
    ],
)
def test_headings_labels_and_footnotes_state_nothing(answer):
    assert check(answer) == []


@pytest.mark.parametrize("answer", ["## Build 7 failed", "Step 2: build 7 failed.", "Build 7 failed[^1].\n\n[^1]: E1"])
def test_what_stands_in_a_heading_or_after_a_label_is_checked(answer):
    assert check(answer)
