"""Decide what kind of failure it was, by which rule, and what to do: by code, from what the service recorded."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from langchain_azure_devops.tools.builds.reading import SeenStep
from langchain_azure_devops.tools.builds.timeline import CANCELED
from langchain_azure_devops.tools.diagnosis.reference import RawBuild
from langchain_azure_devops.tools.failure_view import Category, Proof, match_line

Kind = Literal[
    "test",
    "build",
    "validation or policy",
    "infrastructure",
    "time-out",
    "cancelled",
    "permission",
    "dependency",
    "unknown",
    "none",
]
Advice = Literal["retry", "fix", "escalate", "wait", "none"]
"""What to do: run it again, change code or settings, ask somebody who may do more, wait for its end, or nothing."""

_SURE = 0.9
_RANKS: tuple[Category, ...] = ("time-out", "infrastructure", "permission", "dependency", "validation", "test", "build")
"""Which kind counts where two are proven equally well: what keeps a step from running comes before what it found."""
_OUTSIDE = frozenset({"time-out", "infrastructure"})
"""What ends a step from outside. If it is proven, what the step wrote before is no cause."""
_FAILED = frozenset({"failed", "abandoned"})
"""The results of steps that failed by themselves, or whose agent was lost."""
_ADVICE: dict[Kind, Advice] = {
    "test": "fix",
    "build": "fix",
    "validation or policy": "fix",
    "infrastructure": "retry",
    "time-out": "retry",
    "cancelled": "none",
    "permission": "escalate",
    "dependency": "fix",
    "unknown": "escalate",
    "none": "none",
}


class Verdict(NamedTuple):
    """What kind of failure it was.

    Attributes:
        kind: The kind.
        rule: The rule that decided, in words, with the place of its proof.
        advice: What to do.
        log: The log in which the proof stands.
    """

    kind: Kind
    rule: str
    advice: Advice
    log: int | None = None


def decide(
    build: RawBuild,
    messages: Sequence[str],
    errors: Sequence[tuple[str, str]],
    seen: Sequence[SeenStep],
    flaky: bool | None,
    *,
    steps_known: bool = True,
) -> Verdict:
    """Decide what kind of failure it was.

    Args:
        build: The build.
        messages: What the service said when it refused to run the pipeline.
        errors: The errors of its jobs and stages themselves, each with the name of the job or stage.
        seen: The failed steps, the first one first.
        flaky: Whether all failed tests are flaky; None when no failed test was published.
        steps_known: Whether the service told which steps failed.
    """
    if nothing := _decide_without_failure(build, seen):
        return nothing
    decided = (
        _decide_by_messages(messages)
        or _decide_by_issues(errors, seen)
        or _decide_by_cancellation(build, seen, flaky)
        or _decide_by_logs(seen, flaky)
    )
    if decided is None and flaky is not None:
        decided = _say_test("failed tests were published", flaky)
    decided = decided or _say("unknown", _explain_unknown(seen, steps_known=steps_known))
    return decided if build.status == "completed" else _wait_for_end(build, decided)


def _decide_without_failure(build: RawBuild, seen: Sequence[SeenStep]) -> Verdict | None:
    if build.status != "completed":
        failed = any(each.failure.result in _FAILED for each in seen)
        return None if failed else Verdict("none", f"the build is {build.status}", "wait")
    return Verdict("none", "the build succeeded", "none") if build.result == "succeeded" else None


def _wait_for_end(build: RawBuild, decided: Verdict) -> Verdict:
    """Say that a build still runs in which something failed; it can be run again only when it has ended."""
    advice: Advice = "wait" if decided.advice == "retry" else decided.advice
    return decided._replace(rule=f"{decided.rule}; the build is still {build.status}", advice=advice)


def _explain_unknown(seen: Sequence[SeenStep], *, steps_known: bool) -> str:
    """Say why no rule decided: of logs that were not read, nothing is known."""
    if not steps_known:
        return "the steps of the build could not be read"
    if not seen:
        return "the service reports no failed step"
    with_log = [each for each in seen if each.failure.log is not None]
    if not with_log:
        return "the failed steps wrote no log"
    read = sum(1 for each in with_log if each.view)
    if read == len(with_log):
        return "no rule knows what the failed steps wrote"
    if not read:
        return "no log of the failed steps could be read"
    return f"no rule knows what {read} of {len(with_log)} failed steps wrote, and the other logs were not read"


def _decide_by_messages(messages: Sequence[str]) -> Verdict | None:
    return _say("validation or policy", f"the service refused the pipeline: {messages[0]}") if messages else None


def _decide_by_cancellation(build: RawBuild, seen: Sequence[SeenStep], flaky: bool | None) -> Verdict | None:
    """Decide about a cancelled build: by what failed before, by what cancelled it, else nothing failed."""
    if build.result != "canceled":
        return None
    if failed := _list_failed_before(seen):
        decided = _decide_by_logs(failed, flaky) or _say("unknown", _explain_unknown(failed, steps_known=True))
        return decided._replace(rule=f"{decided.rule}; the build was cancelled, too")
    outside = [proof for step in seen for proof in _list_outside(step)]
    if outside:
        return _say(_kind_of(outside[0].category), f"{outside[0].rule}, line {outside[0].number} of a cancelled step")
    who = f"; {build.changed_by} changed it last" if build.changed_by else ""
    return _say("cancelled", f"the build was cancelled before a step failed, and no other reason is reported{who}")


def _list_failed_before(seen: Sequence[SeenStep]) -> list[SeenStep]:
    """Return the steps that failed by themselves, not those of a job in which an earlier one was cancelled."""
    cancelled: set[str] = set()
    failed: list[SeenStep] = []
    for each in seen:
        if each.failure.result == "canceled" or f"error: {CANCELED}" in each.failure.issues:
            cancelled.add(each.failure.where)
        elif each.failure.result in _FAILED and each.failure.where not in cancelled:
            failed.append(each)
    return failed


def _decide_by_logs(seen: Sequence[SeenStep], flaky: bool | None) -> Verdict | None:
    """Decide by the strongest proof in the log of the first failed step that has one."""
    found = _find_proof(seen)
    if found is None:
        return None
    step, proof = found
    kind = _kind_of(proof.category)
    rule = f"{proof.rule}, line {proof.number} of log {step.failure.log}"
    if kind == "test" or (kind == "build" and flaky is not None and _may_be_tests(step, proof)):
        return _say_test(rule, flaky)._replace(log=step.failure.log)
    return _say(kind, rule)._replace(log=step.failure.log)


def _may_be_tests(step: SeenStep, proof: Proof) -> bool:
    """Return whether failed tests can be what a step failed of: not where a compiler or another tool says why."""
    return proof.generic or any(each.category == "test" for each in (step.view.proofs if step.view else ()))


def _decide_by_issues(errors: Sequence[tuple[str, str]], seen: Sequence[SeenStep]) -> Verdict | None:
    """Decide by what the service itself reported of a job or step, such as that its agent was lost."""
    for name, message in errors:
        if verdict := _decide_by_issue(name, message):
            return verdict
    for each in seen:
        if each.failure.type.startswith("Checkpoint"):
            return _say("validation or policy", f"the check {each.failure.name} of {each.failure.where} did not pass")
        for issue in each.failure.issues:
            kind, _, message = issue.partition(": ")
            if kind == "error" and (verdict := _decide_by_issue(each.failure.name, message)):
                return verdict
    return None


def _decide_by_issue(name: str, message: str) -> Verdict | None:
    rule = match_line(f"##[error]{message}")
    if rule and rule.category and rule.score >= _SURE and rule.category not in {"test", "build"}:
        return _say(_kind_of(rule.category), f"{rule.name}: an issue of {name}")
    return None


def _find_proof(seen: Sequence[SeenStep]) -> tuple[SeenStep, Proof] | None:
    """Return the strongest proof in the first failed step that has one, and that step."""
    for each in seen:
        proofs = each.view.proofs if each.view else []
        if not proofs:
            continue
        best = min(
            _list_outside(each) or proofs, key=lambda proof: (-round(proof.score, 1), _RANKS.index(proof.category))
        )
        return each, best
    return None


def _list_outside(step: SeenStep) -> list[Proof]:
    """Return the proofs that the step was ended from outside."""
    proofs = step.view.proofs if step.view else []
    return [proof for proof in proofs if proof.category in _OUTSIDE and proof.score >= _SURE]


def _kind_of(category: Category) -> Kind:
    return "validation or policy" if category == "validation" else category


def _say(kind: Kind, rule: str) -> Verdict:
    return Verdict(kind, rule, _ADVICE[kind])


def _say_test(rule: str, flaky: bool | None) -> Verdict:
    """Advise to run flaky tests again, and to repair the others."""
    if flaky:
        return Verdict("test", f"{rule}; every failed test is flaky", "retry")
    return _say("test", rule)
