"""The proof of the suite: solutions pass, wrong agents fail by a check, and injected faults are noticed."""

import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from operator import itemgetter
from typing import get_args

from azure_devops_agents.models.scripted import Step
from azure_devops_evals.case import Case
from azure_devops_evals.counts import Count
from azure_devops_evals.running.parallel import run_parallel
from azure_devops_evals.running.play import Environment, open_environment
from azure_devops_evals.running.run import Result, Status, expected_checks, play_and_judge, run_case
from azure_devops_evals.scoring.baseline import Baseline
from azure_devops_evals.selfcheck.argued import ARGUED
from azure_devops_evals.selfcheck.faulty_results import FAULTY_RESULTS, believe
from azure_devops_evals.selfcheck.faulty_writes import FAULTY_WRITES, SpoilingTransport
from azure_devops_evals.selfcheck.mutations import Kind, Mutant, inject_fault, mutants
from azure_devops_evals.selfcheck.reference import last_report, play_reference, with_report
from azure_devops_evals.selfcheck.wrong_agents import WRONG_AGENTS, play_wrong

CAUGHT_AT_LEAST = 0.90
WRONG_AT_LEAST = 0.99
"""The share of wrong agents that must fail. `ARGUED` names the others, each with the reason."""
_PER_KIND = 2
"""The number of faults of each kind that are tried in a case, unless all are tried."""

_BELIEVED: Kind = "believed results"
_SPOILED: Kind = "writes on their way"
_TOOLKIT = frozenset({_BELIEVED, _SPOILED})
_OF_THE_AGENT = frozenset(get_args(Kind)) - _TOOLKIT
"""Faults that the baseline may tell of, such as more tokens. A check must tell of a fault of the toolkit."""
_MOST_NAMES = 4

Task = tuple[str, str, str]
"""The case, the kind (`route`, `wrong agent` or the kind of a mutant), and the name."""


@dataclass(frozen=True)
class Trial:
    """One attempt and its result. A void attempt found nothing to change and does not count."""

    case: str
    kind: str
    name: str
    status: Status
    reason: str
    void: bool = False

    @property
    def as_it_should(self) -> bool:
        """Return whether a solution passed, a wrong agent failed by a check (not by a miss), or a fault was found."""
        if self.kind == "route":
            return self.status == "pass"
        if self.kind == "wrong agent":
            return self.status == "fail"
        return self.status in {"fail", "miss", "agent error"} or bool(self.reason)

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.case}: {self.kind}: {self.name} ({self.status})"


@dataclass(frozen=True)
class Proof:
    """The results of the proof.

    Attributes:
        trials: All attempts.
        interrupted: Whether the proof was interrupted.
        whole: Whether all cases of the suite were tried.
    """

    trials: Sequence[Trial]
    interrupted: bool = False
    whole: bool = False

    @property
    def counts(self) -> dict[str, Count]:
        """Count for each kind the attempts that ended as they should."""
        found: dict[str, Count] = {}
        for trial in self.trials:
            if trial.void:
                continue
            old = found.get(trial.kind, Count(0, 0))
            found[trial.kind] = Count(old.found + trial.as_it_should, old.of + 1)
        return found

    @property
    def faults(self) -> Count:
        """Count the injected faults that were noticed."""
        counts = [count for kind, count in self.counts.items() if kind not in {"route", "wrong agent"}]
        return Count(sum(count.found for count in counts), sum(count.of for count in counts))

    @property
    def holds(self) -> bool:
        """Return whether all solutions and wrong agents ended as they should, and nearly every fault was noticed.

        Of the whole suite, some case must notice each fault of the toolkit.
        """
        passed = [(one.case, one.name) for one in self._odd if one.kind in {"route", "wrong agent"}]
        wrong = self.counts.get("wrong agent", Count(0, 0))
        certain = ARGUED.keys() >= set(passed) and wrong.found >= WRONG_AT_LEAST * wrong.of
        noticed = self.faults.found >= CAUGHT_AT_LEAST * self.faults.of
        known = not self.whole or all(count.found for count, _ in self.noticing.values())
        return certain and noticed and known and not self.stale and not self.interrupted

    @property
    def stale(self) -> list[str]:
        """Name the wrong agents that fail, although a reason is given why they may pass."""
        failed = [
            trial for trial in self.trials if trial.kind == "wrong agent" and trial.as_it_should and not trial.void
        ]
        return [f"{one.case}: {one.name}" for one in failed if (one.case, one.name) in ARGUED]

    @property
    def noticing(self) -> dict[str, tuple[Count, list[str]]]:
        """Count for each fault of the toolkit where it changes something and is noticed, and name those cases."""
        found: dict[str, tuple[Count, list[str]]] = {}
        for name in (*FAULTY_RESULTS, *FAULTY_WRITES):
            tried = [one for one in self.trials if one.kind in _TOOLKIT and one.name == name and not one.void]
            cases = [one.case for one in tried if one.as_it_should]
            found[name] = Count(len(cases), len(tried)), cases
        return found

    @property
    def _odd(self) -> list[Trial]:
        """The trials that did not end as they should."""
        return [trial for trial in self.trials if not trial.as_it_should and not trial.void]

    def lines(self) -> list[str]:
        """Return the counts, and name everything that did not end as it should."""
        names = {"route": "solutions that pass", "wrong agent": "wrong agents that fail by a check"}
        rows = [f"{names.get(kind, f'faults in {kind} noticed')}: {count}" for kind, count in self.counts.items()]
        share = 100 * self.faults.found / self.faults.of if self.faults.of else 0.0
        rows.append(f"faults noticed: {self.faults} = {share:.1f} %, at least {100 * CAUGHT_AT_LEAST:.0f} % are needed")
        if self.interrupted:
            rows.append(f"interrupted after {len(self.trials)} trials: this proves nothing of the rest")
        reasons = ((trial, ARGUED.get((trial.case, trial.name), "")) for trial in self._odd)
        rows += [f"    {trial}{f': {reason}' if reason else ''}" for trial, reason in reasons]
        rows += [f"    {one} fails now; take its reason out of ARGUED" for one in self.stale]
        rows.append("faults of the toolkit, of the cases where each changes an answer or a write:")
        return [*rows, *self._table()]

    def _table(self) -> Iterator[str]:
        """Yield which cases notice each fault of the toolkit, as far as the tried cases can tell."""
        width = max(map(len, self.noticing))
        for name, (count, cases) in self.noticing.items():
            if count.of or (self.whole and not self.interrupted):
                more = [f"and {len(cases) - _MOST_NAMES} more"] if len(cases) > _MOST_NAMES else []
                noticed_by = ", ".join([*cases[:_MOST_NAMES], *more]) or "NO CASE"
                yield f"    {name:{width}}  {count!s:>7}  {noticed_by}"


def prove(
    chosen: Sequence[Case],
    *,
    every: bool = False,
    jobs: int | None = None,
    on_result: Callable[[Trial], None] = lambda _: None,
) -> Proof:
    """Try solutions, wrong agents and faults on cases.

    Args:
        chosen: The cases.
        every: Whether to try every fault, not only a few of each kind in each case.
        jobs: The number of processes.
        on_result: Called with each trial as soon as it is there.
    """
    from azure_devops_evals import cases  # noqa: PLC0415 - looked up where it runs

    def tell(trials: Sequence[Trial]) -> None:
        for trial in trials:
            on_result(trial)

    # One process tries all of a case: it plays the reference solution once, and remembers what it searched and read.
    by_case = [list(its) for _, its in groupby(tasks(chosen, every=every), key=itemgetter(0))]
    done = run_parallel(_try_all, by_case, jobs=jobs, on_result=tell)
    return Proof(list(chain.from_iterable(done.results)), done.interrupted, len(chosen) == len(cases.CASES))


def _try_all(chosen: Sequence[Task]) -> list[Trial]:
    return [_tried(task) for task in chosen]


def tasks(chosen: Sequence[Case], *, every: bool) -> Iterator[Task]:
    """Return the trials in a fixed order."""
    for case in chosen:
        yield from ((case.id, "route", str(number)) for number in range(1 + len(case.routes)))
        yield from ((case.id, "wrong agent", name) for name in WRONG_AGENTS)
        yield from ((case.id, _BELIEVED, name) for name in FAULTY_RESULTS)
        yield from ((case.id, _SPOILED, name) for name in FAULTY_WRITES if case.changes)
        made = list(mutants(case))
        yield from ((case.id, mutant.kind, mutant.name) for mutant in (made if every else _few(case, made)))


def _few(case: Case, made: Sequence[Mutant]) -> Iterator[Mutant]:
    """Choose some faults of each kind, different sorts in different cases."""
    by_kind: dict[str, dict[str, Mutant]] = defaultdict(dict)
    for mutant in made:
        sort = re.sub(r"\d+(\.\d+)?|, \w+,|another \w+", "", mutant.name)
        by_kind[mutant.kind].setdefault(sort, mutant)
    for one_of_each in by_kind.values():
        shuffled = sorted(one_of_each.values(), key=lambda one: zlib.crc32(f"{case.id}/{one.name}".encode()))
        yield from shuffled[:_PER_KIND]


def _tried(task: Task) -> Trial:
    from azure_devops_evals import cases  # noqa: PLC0415 - looked up where it runs

    identifier, kind, name = task
    case = next(one for one in cases.CASES if one.id == identifier)
    void = False
    if kind == "route":
        result = run_case(case, steps=(case.steps, *case.routes)[int(name)])
    elif kind == _SPOILED:
        return _try_spoiled(case, name)
    elif kind == "wrong agent":
        played = play_wrong(name, case, cases.CASES)
        if played is None:
            return Trial(identifier, kind, name, "pass", "", void=True)
        result = _run_wrong(case, *played)
    else:
        mutant = _make_mutant(case, kind, name)
        if mutant is None:
            return Trial(identifier, kind, name, "pass", "", void=True)
        result, void = run_mutant(mutant), mutant.void
    reasons = result.reasons or (Baseline.load().regressions([result], whole=False) if kind in _OF_THE_AGENT else ())
    return Trial(identifier, kind, name, result.status, reasons[0] if reasons else "", void)


def _try_spoiled(case: Case, name: str) -> Trial:
    """Run a case whose writes change on their way to the service."""
    transports: list[SpoilingTransport] = []

    def open_spoiled() -> Environment:
        environment = open_environment(case)
        transports.append(SpoilingTransport(environment.transport, FAULTY_WRITES[name]))
        return replace(environment, transport=transports[0])

    result = play_and_judge(case, open_spoiled, case.steps, expected_checks(case))
    return Trial(case.id, _SPOILED, name, result.status, "".join(result.reasons[:1]), not transports[0].touched)


def _make_mutant(case: Case, kind: str, name: str) -> Mutant | None:
    """Return a mutant; None when an agent that believes the faulty results would answer the same."""
    if kind != _BELIEVED:
        return next(one for one in mutants(case) if (one.kind, one.name) == (kind, name))
    right, tamper = last_report(case), FAULTY_RESULTS[name]
    report = None if right is None else believe(right, play_reference(case.id), tamper)
    return None if report is None else Mutant(_BELIEVED, name, case, with_report(case, report), tamper)


def _run_wrong(case: Case, played: Case, steps: Sequence[Step]) -> Result:
    """Run a wrong agent, and judge it by the checks of the case."""
    return play_and_judge(played, lambda: open_environment(played), steps, expected_checks(case))


def run_mutant(mutant: Mutant) -> Result:
    """Run a case with a fault, and judge it by the checks of the case without one."""
    case = mutant.case
    return play_and_judge(
        case,
        lambda: open_environment(case),
        mutant.steps,
        expected_checks(case),
        inject_fault=lambda tools: inject_fault(tools, mutant),
    )
