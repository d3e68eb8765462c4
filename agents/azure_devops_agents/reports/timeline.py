"""The time line of a report: the dated facts that it cites, in UTC and in order. Code builds it; no model is asked."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple

from azure_devops_agents.reports.outline import one_line
from azure_devops_agents.reports.quotes import QuoteFinder

LEAST = 3
"""A time line of fewer facts says nothing that the statements do not say."""
_SECTIONS = ("observed", "inferred")
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_TIME = r"(?:[T ,]{1,2}(?:at )?(\d\d):(\d\d)(?::\d\d(?:\.\d+)?)?(?: ?(Z|UTC|GMT|[+-]\d\d:?\d\d))?)?"
_DATE = re.compile(
    rf"(?<![\d.-])(?:(\d{{4}})-(\d\d)-(\d\d)|(\d{{1,2}})\.? ({_MONTHS})[a-z]*\.?,? (\d{{4}})"
    rf"|({_MONTHS})[a-z]*\.? (\d{{1,2}}),? (\d{{4}})){_TIME}(?![\d-])",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.;!?])\s+")


class _Date(NamedTuple):
    """A point in time; only its day is known when it is not `precise`."""

    moment: datetime
    precise: bool

    def __str__(self) -> str:
        return f"{self.moment:%Y-%m-%d %H:%M}" if self.precise else f"{self.moment:%Y-%m-%d}"


def build_timeline(report: Mapping[str, Any], texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the rows of the time line, oldest first: `time`, `text`, `evidence` and `places`; none for few facts.

    A fact is dated by its own words, or else by its quote, or else by the only date in the line that the quote is from.
    A fact without evidence gets no row.

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
        for date, text in _date_statement(entry, finder)
    ]
    if len({(row["time"], row["text"]) for _, row in rows}) < LEAST:
        return []
    rows.sort(key=lambda pair: (pair[0].moment, not pair[0].precise))
    return [row for _, row in rows]


def _date_statement(entry: Mapping[str, Any], finder: QuoteFinder) -> Iterator[tuple[_Date, str]]:
    """Yield the dates of a statement, each with the sentence that it is in."""
    statement = one_line(entry["statement"])
    dated = [(dates[0], sentence) for sentence in _SENTENCE.split(statement) if (dates := list(_find_dates(sentence)))]
    if dated:
        yield from dated
        return
    quote = str(entry.get("quote") or "")
    found = finder.find(quote, entry["evidence"]) if quote.strip() else None
    for source, only in ((quote, False), (found.text if found else "", True)):
        dates = list(dict.fromkeys(_find_dates(source)))
        if dates and (len(dates) == 1 or not only):
            yield dates[0], statement
            return


def _find_dates(text: str) -> Iterator[_Date]:
    for found in _DATE.finditer(text):
        year, month, day = (
            (found[1], found[2], found[3])
            if found[1]
            else (found[6], found[5], found[4])
            if found[4]
            else (found[9], found[7], found[8])
        )
        number = int(month) if month.isdigit() else _MONTHS.split("|").index(month[:3].lower()) + 1
        try:
            moment = datetime(
                int(year), number, int(day), int(found[10] or 0), int(found[11] or 0), tzinfo=_zone(found[12])
            )
        except ValueError:
            continue
        yield _Date(moment.astimezone(UTC), found[10] is not None)


def _zone(written: str | None) -> timezone:
    """Return the zone of a time; times without one are in UTC, as all results write them."""
    if not written or not written[1:2].isdigit():
        return UTC
    digits = written[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if written[0] == "-" else offset)
