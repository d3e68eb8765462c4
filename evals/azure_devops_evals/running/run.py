"""Run a case, and say how it came out."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from langchain_core.tools import BaseTool

from azure_devops_evals.case import Case, Check, Outcome
from azure_devops_evals.checks import asked_as_in, gates, reported, verdict
from azure_devops_evals.counts import Count
from azure_devops_evals.running.log_safety import make_safe
from azure_devops_evals.running.metrics import ZERO, measure
from azure_devops_evals.running.play import RECORDINGS, Environment, Player, open_environment, play
from azure_devops_evals.running.trace import trace

Status = Literal["pass", "fail", "miss", "agent error", "infrastructure error", "harness error", "stale"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True)
class Result:
    """How a case came out.

    Attributes:
        case: Its id.
        area: Its area.
        status: `fail` by a check, `miss` by a request the recording does not hold, `agent error` when the agent raised,
            `infrastructure error` when the model could not be reached, `harness error` when the suite itself is broken,
            `stale` when it was not evaluated because what it was recorded with has changed.
        reasons: Why it is not a pass.
        seconds: How long it took.
        counts: What was measured: how many of how many, by the name of the metric.
        trace: What happened, for people; empty for a pass.
        trial: Which of several runs of the same case, from 1.
    """

    case: str
    area: str
    status: Status
    reasons: tuple[str, ...] = ()
    seconds: float = 0.0
    counts: Mapping[str, Count] = field(default_factory=dict)
    trace: str = ""
    trial: int = 1


def run_case(case: Case, *, steps: Player | None = None, recordings: Path = RECORDINGS) -> Result:
    """Play the reference solution of a case, or another, and check what came out."""
    return play_and_judge(
        case, lambda: open_environment(case, recordings), case.steps if steps is None else steps, expected_checks(case)
    )


def expected_checks(case: Case) -> tuple[Check, ...]:
    """Everything that is expected of a case: what it names, and what is expected of every case."""
    return (*gates(case), *checks_of(case))


def checks_of(case: Case) -> tuple[Check, ...]:
    """What a case expects: the checks it names, and what follows from its solutions."""
    implied: list[Check] = [reported(), asked_as_in((case.steps, *case.routes))]
    if not any(check.about == "verdict" for check in case.checks) and case.steps and case.steps[-1]:
        last = case.steps[-1][-1].arguments.get("verdict")
        implied += [verdict(str(last))] if last else []
    return (*implied, *case.checks)


def failures_of(case: Case, outcome: Outcome) -> list[str]:
    """What is wrong with an outcome, in words; empty when it is as expected."""
    return failures(expected_checks(case), outcome)


def failures(checks: tuple[Check, ...], outcome: Outcome) -> list[str]:
    """What is wrong with an outcome by these checks; what the agent raised comes first."""
    found = ((check, check.failure(outcome)) for check in checks)
    return [*([outcome.crash] if outcome.crash else []), *(f"{check.name}: {why}" for check, why in found if why)]


def play_and_judge(
    case: Case,
    open_place: Callable[[], Environment],
    player: Player,
    checks: tuple[Check, ...],
    *,
    any_wording: bool = False,
    trial: int = 1,
    inject_fault: Callable[[Sequence[BaseTool]], None] = lambda _: None,
) -> Result:
    """Let somebody answer the question of a case in a place, and judge what came out by these checks."""
    started = time.perf_counter()
    try:
        place = open_place()
        outcome = play(case, place, player, inject_fault=inject_fault)
        reasons = failures(checks, outcome)
        passed = not reasons and not place.misses and not outcome.outage
        counts = measure(case, outcome, checks, misses=len(place.misses), passed=passed, any_wording=any_wording)
        status: Status = "fail" if reasons else "pass"
        if outcome.crash:
            status = "agent error"
        if outcome.outage:
            status, reasons = "infrastructure error", [f"The model could not be reached: {outcome.outage}"]
            # It says nothing about the agent; what must never happen counts whatever else went wrong.
            counts = {name: counts[name] for name in ZERO}
        if place.misses:
            status, reasons = "miss", [str(miss) for miss in place.misses]
        told = trace(case, outcome, reasons) if reasons else ""
    except Exception as error:  # noqa: BLE001 - one broken case must not hide the others
        reason = make_safe(f"{type(error).__name__}: {error}")
        return Result(case.id, case.area, "harness error", (reason,), time.perf_counter() - started, trial=trial)
    safe = tuple(make_safe(reason, outcome.secrets) for reason in reasons)
    return Result(case.id, case.area, status, safe, time.perf_counter() - started, counts, told, trial)
