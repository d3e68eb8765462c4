"""A wrong answer beside right quotes and facts fails, and a right one in other words passes."""

import pytest
from worded_reports import RIGHT_REPORTS, WRONG_REPORTS

from azure_devops_agents.models.scripted import Call
from azure_devops_evals.cases import CASES
from azure_devops_evals.running.play import open_environment, play
from azure_devops_evals.running.run import expected_checks, failures

BY_ID = {case.id: case for case in CASES}
_OF_THE_REFERENCE = {"wording", "route"}
"""Checks that only the reference solution has to pass."""


def judge(case, answer=None):
    *before, last = case.steps
    report = last[-1]
    changed = report if answer is None else Call(name=report.name, arguments={**report.arguments, "answer": answer})
    outcome = play(case, open_environment(case), [*before, [*last[:-1], changed]])
    return failures(tuple(one for one in expected_checks(case) if one.about not in _OF_THE_REFERENCE), outcome)


@pytest.mark.parametrize("wrong", WRONG_REPORTS, ids=lambda wrong: f"{wrong.case}: {wrong.answer[:40]}")
def test_a_wrong_answer_beside_right_quotes_fails(wrong):
    assert judge(BY_ID[wrong.case], wrong.answer)


@pytest.mark.parametrize("right", RIGHT_REPORTS, ids=lambda right: f"{right.case}: {right.answer[:40]}")
def test_a_right_answer_in_other_words_passes(right):
    assert judge(BY_ID[right.case], right.answer) == []
