"""Measure the check of reports: no true sentence of a reference report is marked, and nearly every error is.

The reference reports of all cases are the true ones. `errors.py` makes the false ones of them: of each sentence of an
answer, and of each quote as a statement would repeat it. It makes them in two ways: from the facts that the check
recognizes, and from the columns of the records alone, which also counts the facts that the check does not recognize.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azure_devops_agents.reports.report import SECTIONS, WRITE_REPORT, parse_report
from azure_devops_agents.reports.support import SupportChecker
from azure_devops_agents.reports.words.sentences import split_sentences
from azure_devops_evals.case import Case, Outcome
from azure_devops_evals.counts import Count
from azure_devops_evals.running.parallel import run_parallel
from azure_devops_evals.running.play import open_environment, play
from azure_devops_evals.selfcheck.errors import DENIED, seed_cells, seed_denials, seed_errors
from azure_devops_evals.selfcheck.reference import list_sources

MARKED_AT_LEAST = 0.95
CELLS_AT_LEAST = 0.80
DENIALS_AT_LEAST = 0.90
_CELL = "column "
_STOPPED = "Stopped by a person."


@dataclass(frozen=True)
class Judged:
    """One sentence and whether the check marked it.

    Attributes:
        case: The case.
        kind: `true`, or the kind of the fact that is wrong.
        near: Whether the wrong value occurs elsewhere in the evidence.
        sentence: The sentence.
        marked: Whether the check marked it.
    """

    case: str
    kind: str
    near: bool
    sentence: str
    marked: bool

    @property
    def is_fact(self) -> bool:
        """Whether a fact that the check recognizes is wrong."""
        return self.kind not in {"true", DENIED} and not self.is_cell

    @property
    def is_cell(self) -> bool:
        """Whether the wrong value comes from a column, and not from the facts that the check recognizes."""
        return self.kind.startswith(_CELL)


@dataclass(frozen=True)
class SupportMeasure:
    """The results of the measure.

    Attributes:
        judged: All sentences.
    """

    judged: Sequence[Judged]

    @property
    def true(self) -> Count:
        """Count the true sentences that were marked, of all of them."""
        return self._count("true", marked=True)

    @property
    def errors(self) -> Count:
        """Count the errors that were marked."""
        return _count_marked(entry for entry in self.judged if entry.is_fact)

    @property
    def denials(self) -> Count:
        """Count the denied true sentences that were marked."""
        return _count_marked(entry for entry in self.judged if entry.kind == DENIED)

    @property
    def cells(self) -> Count:
        """Count the errors that were marked, of those that were made from the columns of the records alone."""
        return _count_marked(entry for entry in self.judged if entry.is_cell)

    @property
    def holds(self) -> bool:
        """Return whether no true sentence was marked, nearly every error and denial was, and most other cells were."""
        most = self.cells.found >= CELLS_AT_LEAST * self.cells.of
        most = most and self.denials.found >= DENIALS_AT_LEAST * self.denials.of
        return not self.true.found and self.errors.found >= MARKED_AT_LEAST * self.errors.of and most

    def lines(self) -> list[str]:
        """Return the counts, and name every true sentence that was marked."""
        rows = [f"true sentences of reference reports marked as not verified: {self.true}"]
        share = 100 * self.errors.found / self.errors.of if self.errors.of else 0.0
        least = f"at least {100 * MARKED_AT_LEAST:.0f} % are needed"
        rows.append(f"errors in reports marked: {self.errors} = {share:.1f} %, {least}")
        share = 100 * self.cells.found / self.cells.of if self.cells.of else 0.0
        least = f"at least {100 * CELLS_AT_LEAST:.0f} % are needed"
        rows.append(f"sentences with another cell of the same column marked: {self.cells} = {share:.1f} %, {least}")
        share = 100 * self.denials.found / self.denials.of if self.denials.of else 0.0
        least = f"at least {100 * DENIALS_AT_LEAST:.0f} % are needed"
        rows.append(f"true sentences that a frame denies marked: {self.denials} = {share:.1f} %, {least}")
        for near, where in ((True, "occurs elsewhere in the evidence"), (False, "occurs nowhere")):
            wrong = [entry for entry in self.judged if entry.is_fact and entry.near is near]
            rows.append(f"    another value that {where}: {_count_marked(wrong)}")
        odd = [entry for entry in self.judged if entry.marked == (entry.kind == "true")]
        return [*rows, *(f"    {entry.case}: {entry.kind}: {entry.sentence}" for entry in odd)]

    def _count(self, kind: str, *, marked: bool) -> Count:
        chosen = [entry for entry in self.judged if entry.kind == kind]
        return Count(sum(entry.marked is marked for entry in chosen), len(chosen))


def _count_marked(judged: Iterable[Judged]) -> Count:
    marked = [entry.marked for entry in judged]
    return Count(sum(marked), len(marked))


def measure_support(chosen: Sequence[Case], *, jobs: int | None = None) -> SupportMeasure:
    """Check the reference reports of cases, and the same reports with errors in them, in several processes."""
    done = run_parallel(_judge_by_id, [case.id for case in chosen], jobs=jobs)
    if done.interrupted:
        raise KeyboardInterrupt
    return SupportMeasure([entry for judged in done.results for entry in judged])


def _judge_by_id(identifier: str) -> list[Judged]:
    from azure_devops_evals import cases  # noqa: PLC0415 - looked up where it runs

    return list(_judge_case(next(case for case in cases.CASES if case.id == identifier)))


def _judge_case(case: Case) -> Iterator[Judged]:
    for steps in (case.steps, *case.routes):
        last = steps[-1][-1] if steps and steps[-1] else None
        outcome = play(case, open_environment(case), steps)
        if last is not None and last.name == WRITE_REPORT and outcome.report["answer"] != _STOPPED:
            yield from _judge_report(case, parse_report(last.arguments), outcome)


def _judge_report(case: Case, report: Mapping[str, Any], outcome: Outcome) -> Iterator[Judged]:
    texts = {name: str(entry["text"]) for name, entry in outcome.evidence.items()}
    sources = list_sources(outcome)
    checker = SupportChecker(texts, outcome.evidence, case.asked, approvers=outcome.approvers)
    report = {**report, "unverified": []}
    rows = [row for section in SECTIONS for row in report[section] if row["quote"]]
    rows = [row for row in rows if row["quote"] not in case.unverified]

    def marks_statement(row: Any) -> Callable[[str], bool]:
        return lambda sentence: bool(checker.check("observed", {**row, "statement": sentence}))

    def marks_answer(sentence: str) -> bool:
        return bool(checker.check_answer({**report, "answer": sentence}))

    sentences = [one.text for one in split_sentences(str(report["answer"])) if one.text not in case.unverified]
    said: list[tuple[str, str, Callable[[str], bool]]] = [(sentence, sentence, marks_answer) for sentence in sentences]
    for row in rows:
        plain = " ".join(str(row["quote"]).replace("\t", ", ").split())
        said.append((str(row["statement"]), plain, marks_statement(row)))
    for sentence, plain, marks in said:
        yield Judged(case.id, "true", False, sentence, marks(sentence))
        for error in seed_errors(plain, sources):
            yield Judged(case.id, error.kind, error.near, error.sentence, marks(error.sentence))
        for error in seed_denials(sentence):
            yield Judged(case.id, error.kind, error.near, error.sentence, marks(error.sentence))
        for error in seed_cells(sentence, sources):
            yield Judged(case.id, error.kind, error.near, error.sentence, marks(error.sentence))
