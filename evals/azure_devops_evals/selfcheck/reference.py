"""The reference solution of a case, from which wrong solutions are made: its report, its evidence, and its play."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from azure_devops_agents.models.scripted import Call, Step
from azure_devops_agents.reports.report import WRITE_REPORT
from azure_devops_agents.reports.units import Source
from azure_devops_evals.case import Case, Outcome
from azure_devops_evals.running.play import open_environment, play

Report = Mapping[str, Any]


def last_report(case: Case) -> Report | None:
    """Return the report of the reference solution; None when a person stops the run before it."""
    last = case.steps[-1][-1] if case.steps and case.steps[-1] and not stops_early(case) else None
    return last.arguments if last is not None and last.name == WRITE_REPORT else None


def stops_early(case: Case) -> bool:
    """Return whether the approver stops the run before its last step, so that a fault in that step cannot be seen."""
    answers = case.approver if isinstance(case.approver, Sequence) else ()
    return any(answer["type"] == "stop" for answer in answers)


def with_report(case: Case, report: Report) -> list[Step]:
    """Return the reference solution with another report at its end."""
    *before, last = case.steps
    return [*before, [*last[:-1], Call(name=WRITE_REPORT, arguments=dict(report))]]


def list_sources(outcome: Outcome) -> dict[str, Source]:
    """Return the evidence of an outcome as the check of reports reads it."""
    evidence = outcome.evidence.items()
    return {name: Source(name, str(one["text"]), str(one["tool"]), one["arguments"]) for name, one in evidence}


@cache
def play_reference(identifier: str) -> Outcome:
    """Play the reference solution of a case; its evidence is what wrong reports take their values from."""
    from azure_devops_evals import cases  # noqa: PLC0415 - looked up where it runs

    case = next(one for one in cases.CASES if one.id == identifier)
    return play(case, open_environment(case), case.steps)
