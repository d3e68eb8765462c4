"""Whole reports in other words: right ones pass, and wrong ones fail.

Independent readers wrote them. A reader saw the question, the evidence of the reference solution and the form of a
report, and no check, no code and no other report. As an agent does, a reader could repair a report once, where the
check of reports told what its evidence does not support. The files in `other_words` hold the reports by case.
"""

import json
from pathlib import Path

import pytest

from azure_devops_evals.cases import CASES
from azure_devops_evals.running.play import open_environment, play
from azure_devops_evals.running.run import failures
from azure_devops_evals.scoring.trials import checks_for_any_solution
from azure_devops_evals.selfcheck.reference import with_report

BY_ID = {case.id: case for case in CASES}
READERS = {path.stem: json.loads(path.read_text()) for path in Path(__file__).parents[1].glob("other_words/*.json")}
REPORTS = [
    pytest.param(kind, case, report, id=f"{readers}: {case} {kind} {number}")
    for readers, cases in sorted(READERS.items())
    for case, kinds in cases.items()
    for kind, reports in kinds.items()
    for number, report in enumerate(reports, 1)
]
FAILING: dict[str, str] = {}
"""The right reports that fail, by the id of the test, each with the reason. One in twenty may."""


def judge(case, report):
    environment = open_environment(case)
    outcome = play(case, environment, with_report(case, report))
    assert not environment.misses
    return failures(checks_for_any_solution(case), outcome)


@pytest.mark.parametrize(("kind", "case", "report"), REPORTS)
def test_a_reader_who_is_right_passes_and_one_who_is_wrong_fails(kind, case, report, request):
    name = request.node.callspec.id
    assert bool(judge(BY_ID[case], report)) == (kind == "wrong" or name in FAILING)


def test_nearly_all_right_reports_pass():
    right = [report.id for report in REPORTS if report.values[0] == "right"]
    assert set(FAILING) <= set(right)
    assert len(FAILING) <= 0.05 * len(right)


def test_readers_wrote_three_right_reports_for_twenty_cases():
    written = {case: sum(len(cases.get(case, {}).get("right", ())) for cases in READERS.values()) for case in BY_ID}
    assert sum(number >= 3 for number in written.values()) >= 20
