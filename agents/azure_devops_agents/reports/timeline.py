"""Build the time line of a report from the dated facts that it cites, in UTC and in order."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from azure_devops_agents.reports.outline import one_line
from azure_devops_agents.reports.quotes import QuoteFinder
from azure_devops_agents.reports.words.dates import Moment, find_dates
from azure_devops_agents.reports.words.sentences import split_sentences

LEAST = 3
"""The fewest dated facts that make a time line."""
_SECTIONS = ("observed", "inferred")
_MOST_READ = 100_000
"""Characters of one piece of evidence in which dates are looked for."""
_PART = re.compile(r"(?<=;)\s+")


class _Date(NamedTuple):
    """A point in time; only its day is known when it is not `precise`."""

    moment: datetime
    precise: bool

    def __str__(self) -> str:
        return f"{self.moment:%Y-%m-%d %H:%M}" if self.precise else f"{self.moment:%Y-%m-%d}"


def build_timeline(report: Mapping[str, Any], texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the rows of the time line, oldest first: `time`, `text`, `evidence` and `places`; none for few facts.

    A fact is dated by its own words, or else by the only date of its quote, or else by the only date in the lines that
    the quote is from. Of several dates code cannot tell which one is meant. A fact without evidence gets no row, and
    neither does one that several dated rows of a list stand for.

    Args:
        report: The report, whose quotes were found.
        texts: The text of each piece of evidence.
    """
    finder = QuoteFinder(texts)
    rows = [
        (date, {"time": str(date), "text": text, "evidence": entry["evidence"], "places": entry.get("places") or {}})
        for section in _SECTIONS
        for entry in report.get(section) or ()
        if entry["evidence"]
        for date, text in _date_statement(entry, finder, _moments_of(entry, texts))
    ]
    if len({(row["time"], row["text"]) for _, row in rows}) < LEAST:
        return []
    rows.sort(key=lambda pair: (pair[0].moment, not pair[0].precise))
    return [row for _, row in rows]


def _moments_of(entry: Mapping[str, Any], texts: Mapping[str, str]) -> list[Moment]:
    """Return the dates and times in the evidence of a statement."""
    cited = "\n".join(texts.get(name, "")[:_MOST_READ] for name in entry["evidence"])
    return [reading for written in find_dates(cited) for reading in written.readings]


def _date_statement(
    entry: Mapping[str, Any], finder: QuoteFinder, known: Sequence[Moment]
) -> Iterator[tuple[_Date, str]]:
    """Yield the dates of a statement, each with the sentence that it is in."""
    statement = one_line(entry["statement"])
    parts = (part for sentence in split_sentences(statement) for part in _PART.split(sentence.text))
    sentences = [part.removesuffix(";") for part in parts]
    if dated := [(dates[0], sentence) for sentence in sentences if (dates := list(_read_dates(sentence, known)))]:
        yield from dated
        return
    quote = str(entry.get("quote") or "")
    found = finder.find(quote, entry["evidence"]) if quote.strip() else None
    rows = [line for line in (found.text.split("\n") if found else ()) if "\t" in line and not line.startswith(" ")]
    if sum(any(_read_dates(row, known)) for row in rows) > 1:
        return
    for source in (quote, found.text if found else ""):
        if days := set(_read_dates(source, known)):
            if len(days) == 1:
                yield days.pop(), statement
            return


def _read_dates(text: str, known: Sequence[Moment]) -> Iterator[_Date]:
    """Yield the dates of a text whose day is certain; one without a year has the year that the evidence gives it."""
    for written in find_dates(text):
        days = {date for reading in written.readings if (date := _complete(reading, known))}
        if len(days) == 1:
            yield days.pop()


def _complete(reading: Moment, known: Sequence[Moment]) -> _Date | None:
    if reading.year is None and reading.day is not None:
        years = {moment.year for moment in known if moment.year is not None and reading.agrees(moment)}
        reading = replace(reading, year=years.pop() if len(years) == 1 else None)
    if reading.exact is not None:
        return _Date(reading.exact, True)
    day = reading.day_of_year
    return _Date(datetime(day.year, day.month, day.day, tzinfo=UTC), False) if day else None
