"""Trials of a live model in the simulated organization, and what they say about it."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import JsonValue

from azure_devops_agents.models.providers import open_model
from azure_devops_evals.case import Case, Check
from azure_devops_evals.checks import gates, grounded
from azure_devops_evals.running.parallel import Done, run_parallel
from azure_devops_evals.running.play import open_world
from azure_devops_evals.running.run import Result, checks_of, play_and_judge
from azure_devops_evals.scoring.statistics import pass_power, sign_test, wilson

NOT_EVALUATED = frozenset({"infrastructure error", "harness error", "stale"})
"""Outcomes that say nothing about the model; they are neither successes nor trials."""
_ONE_WAY = frozenset({"route", "quotes", "wording"})
"""What only the reference solution can be held to: which tool it asked, which words it quotes, and how it puts it."""
SIGNIFICANT = 0.05

Tally = tuple[int, int]
"""Successes, and trials that were evaluated."""


def checks_for_any_solution(case: Case) -> tuple[Check, ...]:
    """What is expected of whoever answers the question, whatever way was taken and however it is worded."""
    looked = (grounded(),) if any(check.about == "quotes" for check in case.checks) else ()
    return (*gates(case, any_wording=True), *looked, *(one for one in checks_of(case) if one.about not in _ONE_WAY))


def run_trials(
    ids: Sequence[str],
    model: str,
    trials: int,
    *,
    jobs: int | None = None,
    fail_fast: bool = False,
    on_result: Callable[[Result], None] = lambda _: None,
) -> Done[Result]:
    """Ask a model the question of each case several times, each time in a fresh simulated organization.

    Args:
        ids: Which cases.
        model: Such as `openai:gpt-5`; the address of a compatible server comes from OPENAI_BASE_URL.
        trials: How often each.
        jobs: How many processes.
        fail_fast: Begin nothing after the first trial that does not pass.
        on_result: Called with each result as soon as it is there.
    """
    tasks = [(case, trial) for trial in range(1, trials + 1) for case in ids]
    work = partial(_try, model=model)
    return run_parallel(
        work, tasks, jobs=jobs, stop=lambda one: fail_fast and one.status != "pass", on_result=on_result
    )


def _try(task: tuple[str, int], model: str) -> Result:
    from azure_devops_evals import cases  # noqa: PLC0415 - looked up where it runs

    case = next(one for one in cases.CASES if one.id == task[0])
    return play_and_judge(
        case,
        lambda: open_world(case),
        open_model(model),
        checks_for_any_solution(case),
        any_wording=True,
        trial=task[1],
    )


def tallies(results: Sequence[Result]) -> dict[str, Tally]:
    """For each case its successes and the trials that were evaluated."""
    found: dict[str, Tally] = {}
    for result in results:
        passed, of = found.get(result.case, (0, 0))
        counts = result.status not in NOT_EVALUATED
        found[result.case] = (passed + (result.status == "pass"), of + counts)
    return found


@dataclass(frozen=True)
class Reliability:
    """What trials say about a model.

    Attributes:
        passed: Trials that passed.
        evaluated: Trials that were evaluated.
        of: All trials.
        interval: Of the share of passes, 95 % by Wilson; None without an evaluated trial. Trials of one case are not
            independent of each other: with several of them the interval is a little too narrow.
        powers: pass^k for k = 1, 2, ... as the mean over the cases with at least k evaluated trials.
    """

    passed: int
    evaluated: int
    of: int
    interval: tuple[float, float] | None
    powers: tuple[float, ...]

    @classmethod
    def of_results(cls, results: Sequence[Result]) -> "Reliability":
        """Summed up over the cases."""
        counts = tallies(results)
        passed, evaluated = (sum(tally[part] for tally in counts.values()) for part in (0, 1))
        powers = []
        for k in range(1, max((of for _, of in counts.values()), default=0) + 1):
            known = [pass_power(found, of, k) for found, of in counts.values() if of >= k]
            powers.append(sum(known) / len(known))
        interval = wilson(passed, evaluated) if evaluated else None
        return cls(passed, evaluated, len(results), interval, tuple(powers))

    def lines(self) -> list[str]:
        """For people."""
        if self.interval is None:
            return [f"reliability: none of {self.of} trials was evaluated"]
        low, high = (100 * bound for bound in self.interval)
        share = 100 * self.passed / self.evaluated
        powers = ", ".join(f"pass^{k} {100 * power:.1f} %" for k, power in enumerate(self.powers, 1))
        return [
            f"passed {self.passed}/{self.evaluated} = {share:.1f} %, 95 % interval {low:.1f} to {high:.1f} % (Wilson)",
            f"{powers}; {self.of - self.evaluated} of {self.of} trials not evaluated",
        ]

    def as_json(self) -> dict[str, JsonValue]:
        """For machines."""
        interval: JsonValue = list(self.interval) if self.interval else None
        return {
            "passed": self.passed,
            "evaluated": self.evaluated,
            "trials": self.of,
            "wilson_95": interval,
            "pass_power": list(self.powers),
        }


@dataclass(frozen=True)
class Comparison:
    """Two runs compared case by case.

    Attributes:
        better: Cases with a higher share of passes than before.
        worse: Cases with a lower one.
        same: How many cases do not differ.
        p: Two-sided exact sign test over the cases; with one trial each it is McNemar's exact test.
        alone: Cases that were evaluated in only one of the runs, and say nothing here.
    """

    better: tuple[str, ...]
    worse: tuple[str, ...]
    same: int
    p: float
    alone: tuple[str, ...]

    @property
    def regressed(self) -> bool:
        """Whether it is worse, and more than chance explains."""
        return len(self.worse) > len(self.better) and self.p < SIGNIFICANT

    def lines(self) -> list[str]:
        """For people."""
        rows = [f"compared: {len(self.better)} better, {len(self.worse)} worse, {self.same} the same; p = {self.p:.3g}"]
        rows += [f"    better: {', '.join(self.better)}"] if self.better else []
        rows += [f"    worse: {', '.join(self.worse)}"] if self.worse else []
        return rows + ([f"    not in both: {', '.join(self.alone)}"] if self.alone else [])


def compare_runs(before: Mapping[str, Tally], after: Mapping[str, Tally]) -> Comparison:
    """Whether a run is better or worse than another, case by case."""
    known = {case for case in {*before, *after} if before.get(case, (0, 0))[1] and after.get(case, (0, 0))[1]}
    # Compared as whole numbers: 2 of 4 and 1 of 2 are the same share.
    gains = {case: after[case][0] * before[case][1] - before[case][0] * after[case][1] for case in known}
    better = tuple(sorted(case for case, gain in gains.items() if gain > 0))
    worse = tuple(sorted(case for case, gain in gains.items() if gain < 0))
    same = len(known) - len(better) - len(worse)
    alone = tuple(sorted({*before, *after} - known))
    return Comparison(better, worse, same, sign_test(len(better), len(worse)), alone)


def load_tallies(path: Path) -> dict[str, Tally]:
    """The tallies of a run that `--output` wrote.

    Raises:
        ValueError: The file is no such run.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["cases"]
        found: dict[str, Tally] = defaultdict(lambda: (0, 0))
        for row in rows:
            passed, of = found[row["case"]]
            found[row["case"]] = (passed + (row["status"] == "pass"), of + (row["status"] not in NOT_EVALUATED))
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not a run that --output wrote: {error!r}") from error
    return dict(found)
