"""Decide what blocks, and with which exit code."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from azure_devops_evals.counts import add_counts
from azure_devops_evals.running.metrics import ZERO
from azure_devops_evals.running.run import Result
from azure_devops_evals.scoring.baseline import Baseline
from azure_devops_evals.scoring.trials import Comparison


class Exit(IntEnum):
    """The exit codes. The gravest reason decides; all reasons are printed."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    FORBIDDEN = 3
    HARNESS = 4
    INFRASTRUCTURE = 5
    REGRESSED = 6
    STALE = 7
    INTERRUPTED = 130


_GRAVEST_FIRST = (
    Exit.INTERRUPTED,
    Exit.FORBIDDEN,
    Exit.HARNESS,
    Exit.INFRASTRUCTURE,
    Exit.FAILED,
    Exit.REGRESSED,
    Exit.STALE,
    Exit.PASSED,
)


@dataclass(frozen=True)
class Decision:
    """The decision whether a run blocks.

    Attributes:
        exit: The exit code.
        reasons: The reasons that block, one line each.
    """

    exit: Exit
    reasons: tuple[str, ...] = ()


def judge(
    results: Sequence[Result],
    baseline: Baseline | None = None,
    *,
    whole: bool = False,
    interrupted: bool = False,
    comparison: Comparison | None = None,
    strict: bool = False,
) -> Decision:
    """Decide whether results block.

    Args:
        results: The results of a run.
        baseline: The baseline to compare with; None for no comparison.
        whole: Whether every case was run; then a case of the baseline without a result is gone.
        interrupted: Whether the run was interrupted.
        comparison: The comparison with a stored run of a model. Then only a worse run blocks, not a single failure.
        strict: Whether stale cases block.
    """
    found = [*_forbidden(results), *_by_status(results)]
    if comparison is not None:
        found = [(code, reason) for code, reason in found if code != Exit.FAILED]
        if comparison.regressed:
            found.append((Exit.REGRESSED, comparison.lines()[0]))
    if baseline is not None:
        found += [(Exit.REGRESSED, f"regression: {line}") for line in baseline.regressions(results, whole=whole)]
    if strict:
        found += [(Exit.STALE, f"stale: {result.case}") for result in results if result.status == "stale"]
    if interrupted:
        found.append((Exit.INTERRUPTED, "interrupted: the rest was not run"))
    if not results:
        found.append((Exit.HARNESS, "nothing was run"))
    exits = {code for code, _ in found} | {Exit.PASSED}
    return Decision(next(code for code in _GRAVEST_FIRST if code in exits), tuple(reason for _, reason in found))


def _forbidden(results: Iterable[Result]) -> list[tuple[Exit, str]]:
    results = list(results)
    totals = add_counts(result.counts for result in results)
    return [
        (Exit.FORBIDDEN, f"{name}: {totals[name].found}, in {', '.join(_where(results, name))}")
        for name in ZERO
        if name in totals and totals[name].found
    ]


def _where(results: Iterable[Result], name: str) -> list[str]:
    return sorted({result.case for result in results if name in result.counts and result.counts[name].found})


def _by_status(results: Iterable[Result]) -> list[tuple[Exit, str]]:
    codes = {
        "fail": Exit.FAILED,
        "miss": Exit.FORBIDDEN,
        "agent error": Exit.FAILED,
        "infrastructure error": Exit.INFRASTRUCTURE,
        "harness error": Exit.HARNESS,
    }
    return [(codes[result.status], f"{result.status}: {result.case}") for result in results if result.status in codes]
