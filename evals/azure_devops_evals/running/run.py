"""Play a case and judge the outcome."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from langchain_core.tools import BaseTool

from azure_devops_evals.case import Case, Check, Outcome
from azure_devops_evals.checks import asked_as_in, gates, gives, reported, stated, verdict
from azure_devops_evals.counts import Count
from azure_devops_evals.recording.replay import ReplayMiss
from azure_devops_evals.running.log_safety import make_safe
from azure_devops_evals.running.metrics import ZERO, measure
from azure_devops_evals.running.play import RECORDINGS, Environment, Player, open_environment, play
from azure_devops_evals.running.trace import trace

Status = Literal["pass", "fail", "miss", "agent error", "infrastructure error", "harness error", "stale"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True)
class Result:
    """The result of a case.

    Attributes:
        case: The id of the case.
        area: The area of the case.
        status: `fail` by a check; `miss` by a request that the recording does not hold; `agent error` when the agent
            raised; `infrastructure error` when the model could not be reached; `harness error` when the suite itself is
            broken; `stale` when the recorded answers belong to another agent, so that the case was not evaluated.
        reasons: Why it is not a pass.
        seconds: The time it took.
        counts: The metrics by name, each as how many of how many.
        trace: The events in their order; empty for a pass.
        trial: The number of the run, from 1, when a case is run several times.
        not_applicable: The checks that do not apply to the agent. They count neither as passed nor as failed.
    """

    case: str
    area: str
    status: Status
    reasons: tuple[str, ...] = ()
    seconds: float = 0.0
    counts: Mapping[str, Count] = field(default_factory=dict)
    trace: str = ""
    trial: int = 1
    not_applicable: tuple[str, ...] = ()


def run_case(case: Case, *, steps: Player | None = None, recordings: Path = RECORDINGS) -> Result:
    """Play the reference solution of a case, or another solution, and judge the outcome."""
    return play_and_judge(
        case,
        lambda: open_environment(case, recordings),
        case.steps if steps is None else steps,
        expected_checks(case),
        options=() if recordings == RECORDINGS else ("--recordings", str(recordings)),
    )


def expected_checks(case: Case) -> tuple[Check, ...]:
    """Return all checks of a case: the gates that every case must pass, and its own checks."""
    return (*gates(case), *checks_of(case))


def checks_of(case: Case) -> tuple[Check, ...]:
    """Return the checks that a case names, and those that follow from its solutions."""
    implied: list[Check] = [reported(), stated(), asked_as_in((case.steps, *case.routes))]
    if not any(check.about == "verdict" for check in case.checks) and case.steps and case.steps[-1]:
        last = case.steps[-1][-1].arguments.get("verdict")
        implied += [verdict(str(last))] if last else []
    implied += [gives(name, value) for name, value in case.expects.items()]
    return (*implied, *case.checks)


def failures_of(case: Case, outcome: Outcome) -> list[str]:
    """Return the failed checks of an outcome, of all checks of the case."""
    return failures(expected_checks(case), outcome)


def failures(checks: tuple[Check, ...], outcome: Outcome) -> list[str]:
    """Return the failed checks of an outcome; an error that the agent raised comes first."""
    found = ((check, check.failure(outcome)) for check in checks)
    return [*([outcome.crash] if outcome.crash else []), *(f"{check.name}: {why}" for check, why in found if why)]


def play_and_judge(
    case: Case,
    open_environment: Callable[[], Environment],
    player: Player,
    checks: tuple[Check, ...],
    *,
    trial: int = 1,
    options: Sequence[str] = (),
    inject_fault: Callable[[Sequence[BaseTool]], None] = lambda _: None,
) -> Result:
    """Let a player answer the question of a case in an environment, and judge the outcome by these checks.

    An error of the suite or of the simulator becomes a harness error: one broken case must not hide the others. The
    trace names the `options` with which the command plays the case in this way.
    """
    started = time.perf_counter()
    try:
        environment = open_environment()
        outcome = play(case, environment, player, inject_fault=inject_fault)
        result = judge_outcome(case, outcome, environment.misses, checks, options=options)
    except Exception as error:  # noqa: BLE001 - one broken case must not hide the others
        result = Result(case.id, case.area, "harness error", (make_safe(f"{type(error).__name__}: {error}"),))
    return replace(result, seconds=time.perf_counter() - started, trial=trial)


def judge_outcome(
    case: Case,
    outcome: Outcome,
    misses: Sequence[ReplayMiss],
    checks: tuple[Check, ...],
    *,
    options: Sequence[str] = (),
) -> Result:
    """Judge an outcome by these checks, and by the requests that the recording did not hold."""
    reasons = failures(checks, outcome)
    passed = not reasons and not misses and not outcome.outage
    counts = measure(case, outcome, checks, misses=len(misses), passed=passed)
    status: Status = "fail" if reasons else "pass"
    if outcome.crash:
        status = "agent error"
    if outcome.outage:
        status, reasons = "infrastructure error", [f"The model could not be reached: {outcome.outage}"]
        # An outage says nothing about the agent, but what must never happen counts whatever else went wrong.
        counts = {name: counts[name] for name in ZERO}
    if misses:
        status, reasons = "miss", [str(miss) for miss in misses]
    told = trace(case, outcome, reasons, options) if reasons else ""
    safe = tuple(make_safe(reason, outcome.secrets) for reason in reasons)
    return Result(case.id, case.area, status, safe, counts=counts, trace=told)
