"""Lines of a build log: a range, the end, or those that contain words."""

from collections import deque
from typing import NamedTuple

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.text.lines import (
    MAX_SCAN_BYTES,
    ScannedLines,
    find_lines,
    finish_lines,
    number_lines,
    read_range,
)
from langchain_azure_devops.text.untrusted import clean
from langchain_azure_devops.tools.builds.models import LogMatches
from langchain_azure_devops.tools.builds.reading import stream_log
from langchain_azure_devops.tools.failure_view.time_stamps import remove_time_stamps

_TAIL = 60
_TAIL_TEXT = 4_000
_RANGE = 1_000
_WHOLE, _AROUND = 5_000, 400
"""A log of so many lines is read whole, because any line may name a secret that stands in the wanted ones. Of a longer
log, so many lines before and after them are read; the largest private key has fewer."""
_UNREAD = "Only lines {first:,}-{last:,} were read; a secret that only other lines name may be shown without its name."
_MAX_TEXT = 120_000
_MAX_HITS = 50

Kept = list[tuple[int, str]]


class KeptLines(NamedTuple):
    """Lines of a log with their numbers, and what a reader has to know of them."""

    lines: Kept
    notes: list[str]


class _Span(NamedTuple):
    """The lines of a log that are read; None for its end."""

    first: int
    last: int | None

    def as_query(self) -> dict[str, QueryValue]:
        return {"startLine": self.first, "endLine": self.last}


async def read_tail(client: AzureDevOps, where: PathValues, total: int | None, last: int | None) -> KeptLines:
    """Return a few lines up to the end or to another line. A log of unknown length is read whole."""
    end = min(total, last) if total and last else total or last
    first = max(1, end - _TAIL + 1) if end else 1
    span = _choose_span(first, end, total) if end else None
    before = span.first - 1 if span else 0
    newest: deque[tuple[int, str]] = deque(maxlen=_TAIL)
    async with stream_log(client, where, span.as_query() if span else None) as text:
        async for number, line in number_lines(
            remove_time_stamps(text), ScannedLines(), client.secrets, lambda *_: False
        ):
            if end is None or before + number <= end:
                newest.append((before + number, line))
    read = [entry for entry in newest if entry[0] >= first]
    lines = deque(finish_lines(read, client.secrets, redacted=False))
    kept: Kept = []
    room = _TAIL_TEXT
    while lines and (not kept or len(lines[-1][1]) < room):
        kept.append(lines.pop())
        room -= len(kept[-1][1]) + 1
    return KeptLines(kept[::-1], _name_unread(span, total) if kept else [])


async def read_lines(
    client: AzureDevOps, where: PathValues, total: int | None, first: int, last: int | None
) -> KeptLines:
    """Return a range of at most 1,000 lines."""
    last = min(last or total or first + _RANGE, first + _RANGE - 1)
    if last < first:
        return KeptLines([], [])
    span = _choose_span(first, last, total)
    before = span.first - 1
    async with stream_log(client, where, span.as_query()) as text:
        read = await read_range(remove_time_stamps(text), first - before, last - before, _MAX_TEXT, client.secrets)
    kept = [(before + number, line) for number, line in read.kept]
    return KeptLines(kept, _name_unread(span, total) if kept else [])


async def find_matches(
    client: AzureDevOps, where: PathValues, words: list[str], context: int, first: int | None, last: int | None
) -> LogMatches:
    """Find the lines that contain one of the words, and keep those around each of the first 50."""
    wanted_from = max(first or 1, 1)
    before = max(0, wanted_from - 1 - _AROUND)
    query = _Span(before + 1, last).as_query() if before or last else None
    async with stream_log(client, where, query) as text:
        seen, hits = await find_lines(
            remove_time_stamps(text), words, context, _MAX_HITS, client.secrets, wanted_from - before
        )
    wanted = [clean(client.secrets.replace_known(word)).lower() for word in words]
    kept = [(before + number, line) for number, line in seen.kept if before + number >= wanted_from]
    holding = {number for number, line in kept if any(word in clean(line).lower() for word in wanted)}
    notes = []
    following = None
    if not seen.whole:
        following = before + seen.count + 1
        notes.append(f"reading stopped after {MAX_SCAN_BYTES // 2**20} MB")
    if hits > _MAX_HITS:
        following = max(holding, default=before + seen.count) + 1
        notes.insert(0, f"the first {_MAX_HITS} matches are shown")
    if following is not None:
        notes.append(f"go on with first_line={following}.")
    note = "; ".join(notes)
    return LogMatches(
        build=int(where["build"] or 0),
        log=int(where["log"] or 0),
        matching=hits,
        total_lines=before + seen.count if seen.whole and last is None else None,
        note=note[:1].upper() + note[1:] or None,
        go_on={"first_line": following} if following else None,
        lines="\n".join(f"{number}{':' if number in holding else '-'} {line}" for number, line in kept),
    )


def _name_unread(span: _Span | None, total: int | None) -> list[str]:
    """Return the note that says which lines of a log were read, if not all were."""
    if span is None or span.last is None:
        return []
    return [_UNREAD.format(first=span.first, last=min(span.last, total or span.last))]


def _choose_span(first: int, last: int, total: int | None) -> _Span:
    """Return the lines that are read, so that secrets in the wanted lines are recognized."""
    if total is not None and total <= _WHOLE:
        return _Span(1, None)
    return _Span(max(1, first - _AROUND), last + _AROUND)
