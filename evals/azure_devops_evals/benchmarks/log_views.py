"""Measure how many critical lines of failing logs the failure view shows, beside what people do without it."""

import asyncio
import re
import statistics
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from azure_devops_evals.benchmarks.budgets import Measurement
from azure_devops_evals.benchmarks.labelled_logs import LabelledLog, load_logs
from azure_devops_evals.benchmarks.service import Stub
from azure_devops_evals.recording.format import PSEUDONYM_KEY
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.text import KnownSecrets
from langchain_azure_devops.tools import TOOLS
from langchain_azure_devops.tools.failure_view import FailureView, read_failure_view

_LONGEST = 300
"""The other ways show no more of a line than the view does."""
_CONTEXT = 3
_FAILS = re.compile("(?i)error|fail")
_PIECE = 64 * 1024


class Shown(NamedTuple):
    """What one way to look at a log shows.

    Attributes:
        numbers: The numbers of the lines.
        characters: How many characters they have with their numbers.
    """

    numbers: frozenset[int]
    characters: int

    def share(self, log: LabelledLog) -> float:
        """Return which share of the critical lines is shown."""
        return len(log.critical & self.numbers) / len(log.critical)


def read_view(log: LabelledLog, characters: int) -> FailureView:
    """Return the failure view of a log, as `get_build_log` makes it."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(log.content), _PIECE):
            yield log.content[start : start + _PIECE]

    return asyncio.run(read_failure_view(pieces(), KnownSecrets(PSEUDONYM_KEY), characters))


def _view(characters: int) -> Callable[[LabelledLog], Shown]:
    def show(log: LabelledLog) -> Shown:
        return _count(read_view(log, characters).lines)

    return show


def _last(most: int) -> Callable[[LabelledLog], Shown]:
    def show(log: LabelledLog) -> Shown:
        return _take(log, range(max(1, len(log.lines) - most + 1), len(log.lines) + 1))

    return show


def _grep(log: LabelledLog) -> Shown:
    found = [number for number, line in enumerate(log.lines, 1) if _FAILS.search(line)]
    around = {near for number in found for near in range(number - _CONTEXT, number + _CONTEXT + 1)}
    return _take(log, [number for number in sorted(around) if 1 <= number <= len(log.lines)])


def _take(log: LabelledLog, numbers: Iterable[int]) -> Shown:
    return _count((number, log.lines[number - 1][:_LONGEST]) for number in numbers)


def _count(lines: Iterable[tuple[int, str]]) -> Shown:
    """Count what a reader gets: each line behind its number, a colon and a space, and a line feed."""
    sizes = {number: len(line) + len(str(number)) + 3 for number, line in lines}
    return Shown(frozenset(sizes), sum(sizes.values()))


class Way(NamedTuple):
    """A way to look at a log.

    Attributes:
        budget: The name of its budget.
        heading: Its name in a table.
        show: Choose the lines of a log.
    """

    budget: str
    heading: str
    show: Callable[[LabelledLog], Shown]


WAYS = (
    Way("view-6000", "view 6,000", _view(6_000)),
    Way("view-16000", "view 16,000", _view(16_000)),
    Way("last-60", "last 60", _last(60)),
    Way("last-200", "last 200", _last(200)),
    Way("grep", "grep -C3", _grep),
)
"""The failure view in two sizes; the end of a log; the lines with `error` or `fail` and three lines around each."""


class Compared(NamedTuple):
    """What each way shows of one log, by the name of its budget."""

    log: LabelledLog
    shown: Mapping[str, Shown]


def compare(logs: Iterable[LabelledLog]) -> Iterator[Compared]:
    """Look at each log in every way."""
    for log in logs:
        yield Compared(log, {way.budget: way.show(log) for way in WAYS})


def log_views(stub: Stub) -> Iterator[Measurement]:
    """Compare the ways on the logs of the project, apart for those that the rules were tuned on and the others."""
    with stub.client() as client:
        text = str(bind(TOOLS["get_build_log"], client).invoke({"build": 1, "log": 3}))
    detail = f"{text.count(chr(10)) + 1} lines, with what a model is told around them"
    yield Measurement("view-size", len(text), "", detail)
    compared = list(compare(load_logs()))
    for way in WAYS:
        for variant, held_back in (("logs for tuning", False), ("logs held back", True)):
            shown = [(one.log, one.shown[way.budget]) for one in compared if one.log.held_back == held_back]
            shares = [each.share(log) for log, each in shown]
            characters = statistics.mean(each.characters for _, each in shown)
            whole = sum(share == 1 for share in shares)
            detail = f"{len(shown)} logs, on average {characters:,.0f} characters; every critical line of {whole}"
            yield Measurement(way.budget, 100 * statistics.mean(shares), variant, detail)
