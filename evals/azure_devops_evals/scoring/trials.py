"""Run trials of a live model in the simulated organization, and summarize and compare them."""

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
"""Statuses that say nothing about the model. They count neither as successes nor as trials."""
_ONE_WAY = frozenset({"route", "quotes", "wording"})
"""Checks that only the reference solution can be held to: the tools it calls, the words it quotes, and its wording."""
SIGNIFICANT = 0.05

Tally = tuple[int, int]
"""Successes, and trials that were evaluated."""


def checks_for_any_solution(case: Case) -> tuple[Check, ...]:
    """Return the checks that apply to any solution, whichever tools it calls and however it words its answer."""
    looked = (grounded(),) if any(check.about == "quotes" for check in case.checks) else ()
    found = (*gates(case), *looked, *checks_of(case))
    return tuple(one.otherwise or one for one in found if one.about not in _ONE_WAY)


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
        ids: The ids of the cases.
        model: The model, such as `openai:gpt-5`. OPENAI_BASE_URL gives the address of a compatible server.
        trials: The number of trials for each case.
        jobs: The number of processes.
        fail_fast: Start no further trial after the first that does not pass.
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
        trial=task[1],
        options=("--model", model),
    )


def tallies(results: Sequence[Result]) -> dict[str, Tally]:
    """Count for each case the successes and the trials that were evaluated."""
    found: dict[str, Tally] = {}
    for result in results:
        passed, of = found.get(result.case, (0, 0))
        counts = result.status not in NOT_EVALUATED
        found[result.case] = (passed + (result.status == "pass"), of + counts)
    return found


@dataclass(frozen=True)
class Reliability:
    """A summary of the trials of a model.

    Attributes:
        passed: The number of trials that passed.
        evaluated: The number of trials that were evaluated.
        of: The number of all trials.
        interval: The 95 % Wilson interval of the share of passes; None without an evaluated trial. Trials of one case
            are not independent of each other, so with several of them the interval is a little too narrow.
        powers: pass^k for k = 1, 2, ..., each the mean over the cases with at least k evaluated trials.
    """

    passed: int
    evaluated: int
    of: int
    interval: tuple[float, float] | None
    powers: tuple[float, ...]

    @classmethod
    def of_results(cls, results: Sequence[Result]) -> "Reliability":
        """Summarize results over all cases."""
        counts = tallies(results)
        passed, evaluated = (sum(tally[part] for tally in counts.values()) for part in (0, 1))
        powers = []
        for k in range(1, max((of for _, of in counts.values()), default=0) + 1):
            known = [pass_power(found, of, k) for found, of in counts.values() if of >= k]
            powers.append(sum(known) / len(known))
        interval = wilson(passed, evaluated) if evaluated else None
        return cls(passed, evaluated, len(results), interval, tuple(powers))

    def lines(self) -> list[str]:
        """Return the lines of a summary for people."""
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
        """Return the summary as JSON."""
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
    """The comparison of two runs, case by case.

    Attributes:
        better: The cases with a higher share of passes than before.
        worse: The cases with a lower share of passes.
        same: The number of cases that do not differ.
        p: The two-sided exact sign test over the cases. With one trial for each case it is McNemar's exact test.
        alone: The cases that were evaluated in only one of the runs; they are not compared.
    """

    better: tuple[str, ...]
    worse: tuple[str, ...]
    same: int
    p: float
    alone: tuple[str, ...]

    @property
    def regressed(self) -> bool:
        """Return whether the run is worse by more than chance explains."""
        return len(self.worse) > len(self.better) and self.p < SIGNIFICANT

    def lines(self) -> list[str]:
        """Return the lines of a summary for people."""
        rows = [f"compared: {len(self.better)} better, {len(self.worse)} worse, {self.same} the same; p = {self.p:.3g}"]
        rows += [f"    better: {', '.join(self.better)}"] if self.better else []
        rows += [f"    worse: {', '.join(self.worse)}"] if self.worse else []
        return rows + ([f"    not in both: {', '.join(self.alone)}"] if self.alone else [])


def compare_runs(before: Mapping[str, Tally], after: Mapping[str, Tally]) -> Comparison:
    """Compare two runs case by case."""
    known = {case for case in {*before, *after} if before.get(case, (0, 0))[1] and after.get(case, (0, 0))[1]}
    # Compare whole numbers, so that 2 of 4 and 1 of 2 are exactly the same share.
    gains = {case: after[case][0] * before[case][1] - before[case][0] * after[case][1] for case in known}
    better = tuple(sorted(case for case, gain in gains.items() if gain > 0))
    worse = tuple(sorted(case for case, gain in gains.items() if gain < 0))
    same = len(known) - len(better) - len(worse)
    alone = tuple(sorted({*before, *after} - known))
    return Comparison(better, worse, same, sign_test(len(better), len(worse)), alone)


def load_tallies(path: Path) -> dict[str, Tally]:
    """Read the tallies of a run that `--output` wrote.

    Raises:
        ValueError: The file is not such a run.
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
