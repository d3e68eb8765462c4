"""Render a result as the compact text that a model reads, within a budget."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple

from pydantic import JsonValue

from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.results.models import (
    EVERYWHERE,
    Lines,
    Page,
    PartialResult,
    Place,
    Records,
    Result,
    marks_of,
)
from langchain_azure_devops.results.provenance import error_origins
from langchain_azure_devops.text.untrusted import clean, disarm_fences, escape_cell, fence, one_line

DEFAULT_BUDGET = 32_000
"""Characters of one result as text."""
MAX_BUDGET = 120_000
_FRAME = 400
"""Characters kept for the lines around the fence."""
_MAX_CELL = 400
_MAX_BODY = 8_000
"""Characters of a body in a table, such as a comment, which has no other place where it could be read on."""
_MAX_CURSOR = 2_000
_MAX_REASON = 160
_MAX_MESSAGE = 8_000
"""Characters of an error: it may repeat an argument, however long that is."""
_MAX_PLACE = 80
_MORE_NOTES = 60
_NO_VALUE = "(empty)"


class Rendered(NamedTuple):
    """A result as text.

    Attributes:
        text: What the model reads.
        next: The arguments with which the same call brings what follows; None when nothing follows.
        gaps: Whether something is missing that no such call brings.
        rows: How many rows of a page the text shows.
        notes: What was cut to fit.
        first_row: The line of the text, from 1, with the first row or the first numbered line; 0 when it has none.
        starts: The line of the text, from 1, at which each of several records begins.
    """

    text: str
    next: dict[str, JsonValue] | None = None
    gaps: bool = False
    rows: int = 0
    notes: tuple[str, ...] = ()
    first_row: int = 0
    starts: tuple[int, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything that the service has is in the text."""
        return self.next is None and not self.gaps


def render(result: Result | Page[Any], nonce: str, budget: int = DEFAULT_BUDGET) -> Rendered:
    """Render a result; everything that people and builds wrote lies inside one fence.

    Args:
        result: A record, a page or a stretch of text.
        nonce: Makes the fence unguessable.
        budget: The most characters the text may have, at most MAX_BUDGET.
    """
    budget = min(budget, MAX_BUDGET)
    if isinstance(result, Records):
        return _records(result, nonce, budget)
    if isinstance(result, Page):
        return _page(result, nonce, budget)
    if isinstance(result, Lines):
        return _lines(result, nonce, budget)
    return _record(result, nonce, budget)


def render_error(error: AzureDevOpsError, nonce: str) -> str:
    """Render an error as a model reads it: a machine-readable line, then the message, in a fence unless it is ours."""
    message = clean(error.message)
    if len(message) > _MAX_MESSAGE:
        message = f"{message[:_MAX_MESSAGE]}…"
    return f"{error.headline}\n{fence(message, nonce) if error_origins(error) else disarm_fences(message)}"


# -- tables --------------------------------------------------------------------------------------------------------


class Column(NamedTuple):
    """A field of a row."""

    name: str
    body: bool


@cache
def columns(row: type[Result]) -> tuple[Column, ...]:
    """Return the fields of a record in order, and which of them are bodies."""
    return tuple(
        Column(name, any(mark.body for mark in marks_of(field)))
        for name, field in row.model_fields.items()
        if not field.exclude
    )


def _page(page: Page[Any], nonce: str, budget: int) -> Rendered:
    if not page.items:
        where, hint = _describe_place(page.looked_in, everywhere="any visible project")
        more = f'; more: repeat with cursor="{page.cursor}"' if page.cursor else ""
        nothing = f"No {_name_rows(page, 0)} found{where}{hint}{more}."
        notes = _render_notes(page, budget - _FRAME)
        noted = [fence(notes, nonce)] if notes else []
        following: dict[str, JsonValue] | None = {"cursor": page.cursor} if page.cursor else None
        return Rendered("\n".join([nothing, *noted]), following, page.partial)
    rows = _table(page.items)
    room = budget - _FRAME - _MAX_CURSOR
    notes = _render_notes(page, room // 3)
    room -= len(notes)
    shown, size = 0, len(rows[0])
    for line in rows[1:]:
        size += len(line) + 1
        if size > room and shown:
            break
        shown += 1
    cut = shown < len(page.items)
    cursor = page.cursor_after(shown) if cut else page.cursor
    complete = cursor is None and not page.partial
    of = f" of {page.total}" if page.total is not None and page.total >= shown else ""
    more = f'; more: repeat with cursor="{cursor}"' if cursor else ""
    called = _name_rows(page, page.total if of and page.total is not None else shown)
    whole = ", all" if complete and not of else ", not all" if page.partial else ""
    where, hint = _describe_place(page.looked_in)
    head = f"{shown}{of} {called}{whole}{',' * bool(where and whole)}{where}{hint}{more}"
    body = "\n".join(rows[: shown + 1])
    text = f"{head}\n{fence(body[:room] + (f'{chr(10)}{notes}' if notes else ''), nonce)}"
    going_on: dict[str, JsonValue] | None = {"cursor": cursor} if cursor else None
    # Before the first row stand the first line, the beginning of the fence, and the names of the columns.
    return Rendered(text, going_on, page.partial, shown, first_row=4)


def _describe_place(place: Place | None, everywhere: str = "every visible project") -> tuple[str, str]:
    """Return where a list looked, and how it looks in more places. The names are those that the caller gave."""
    if place is None:
        return "", ""
    project = everywhere if place.project == EVERYWHERE else _name_place(place.project)
    repository = f"{_name_place(place.repository)} of " if place.repository else ""
    where = place.words or f"{repository}{project}"
    return f" in {where}", f"; {place.hint}" if place.hint else ""


def _name_place(name: str) -> str:
    return disarm_fences(one_line(name))[:_MAX_PLACE]


def _render_notes(page: Page[Any], room: int) -> str:
    """Return the notes, one on each line. They may hold names that people chose, so they belong inside the fence."""
    lines = [f"note: {one_line(note)}" for note in page.notes]
    lines += [
        f"not read: {one_line(failed.place)} ({failed.status}): {one_line(failed.reason)[:_MAX_REASON]}"
        for failed in page.failed
    ]
    kept = ""
    for position, line in enumerate(lines):
        if len(kept) + len(line) > room - _MORE_NOTES:
            return f"{kept}note: {len(lines) - position} more notes were omitted"
        kept += f"{line}\n"
    return kept.rstrip("\n")


def _name_rows(page: Page[Any], count: int) -> str:
    """Return the name of this many rows of a page."""
    row = page.row_type()
    return row.singular if count == 1 else row.plural


def _table(items: Sequence[Result]) -> list[str]:
    """Return a heading and a line for each row, tab-separated.

    Columns that are empty in every row are left out, but not those that the call asked for by name.
    """
    kind = type(items[0])
    shown = [column for column in columns(kind) if column.name != kind.spread]
    names = [column.name for column in shown]
    cells = [(column.name, _body if column.body else _cell) for column in shown]
    wide = [[cell(getattr(item, name)) for name, cell in cells] for item in items]
    kept = [index for index in range(len(names)) if any(row[index] for row in wide)]
    asked = [{each.name: each.value for each in getattr(item, kind.spread)} for item in items] if kind.spread else []
    further = list(dict.fromkeys(name for row in asked for name in row))
    if further:
        for row, values in zip(wide, asked, strict=True):
            row.extend(_cell(values.get(name)) for name in further)
        kept += range(len(names), len(names) + len(further))
        names += map(_cell, further)
    return [
        "\t".join(names[index] for index in kept),
        *("\t".join(row[index] for index in kept) for row in wide),
    ]


def _cell(value: object) -> str:
    if type(value) is str:
        text = value if value.isascii() and value.isprintable() and "\\" not in value else escape_cell(value)
        return text if len(text) <= _MAX_CELL else f"{text[: _MAX_CELL - 1]}…"
    return _PLAIN.get(type(value), _composed)(value)


def _body(value: object) -> str:
    text = escape_cell("" if value is None else str(value))
    if len(text) <= _MAX_BODY:
        return text
    end = f"… ({len(text):,} characters)"
    return text[: _MAX_BODY - len(end)] + end


def _instant(value: Any) -> str:
    return f"{value.year:04}-{value.month:02}-{value.day:02}T{value.hour:02}:{value.minute:02}Z"


_PLAIN: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "",
    bool: lambda value: "yes" if value else "",
    int: str,
    float: lambda value: f"{value:g}",
    datetime: _instant,
}


def _composed(value: Any) -> str:
    if isinstance(value, Result) and value.cell:
        cells = {name: _cell(getattr(value, name)) or _NO_VALUE for name, _ in columns(type(value))}
        return value.cell.format_map(cells)
    if isinstance(value, Result):
        return " ".join(text for name, _ in columns(type(value)) if (text := _cell(getattr(value, name))))
    if isinstance(value, list | tuple):
        return "; ".join(_cell(part) for part in value)
    return escape_cell(str(value))


# -- records -------------------------------------------------------------------------------------------------------


def _record(record: Result, nonce: str, budget: int) -> Rendered:
    room = budget - _FRAME
    lines: list[str] = []
    bodies: list[tuple[str, str]] = []
    for name, body in columns(type(record)):
        value = getattr(record, name)
        if value is None or value in ("", []):
            continue
        if body:
            bodies.append((name, clean(str(value))))
        elif isinstance(value, list) and value and isinstance(value[0], Result):
            lines.append(f"{name} ({len(value)}):")
            lines.extend(f"  {line}" for line in _table(value))
        elif text := _cell(value) or ("no" if value is False else ""):
            lines.append(f"{name}: {text}")
    text, notes = _within("\n".join(lines), room // 2 if bodies else room, "fields")
    for position, (name, body_text) in enumerate(bodies):
        share = max(200, (room - len(text)) // (len(bodies) - position))
        part, cut = _within(body_text, share, name)
        text += f"\n{name}:\n{part}"
        notes += cut
    following: dict[str, JsonValue] | None = None
    gaps = bool(notes)
    if isinstance(record, PartialResult):
        following = dict(record.go_on) if record.go_on else None
        gaps = gaps or record.partial or bool(record.unread)
    more = [f'more: repeat with cursor="{following["cursor"]}"'] if following and "cursor" in following else []
    return Rendered("\n".join([fence(text.strip("\n"), nonce), *notes, *more]), following, gaps, notes=tuple(notes))


def _records(page: Records[Any], nonce: str, budget: int) -> Rendered:
    """Render as many whole records as fit, each in a fence of its own, so that none can add to another."""
    notes = _render_notes(page, budget // 3)
    room = budget - _FRAME - len(notes)
    shown: list[tuple[str, Rendered]] = []
    for record in page.items:
        part = _record(record, nonce, room if not shown else budget)
        if shown and len(part.text) + _FRAME > room:
            break
        room -= len(part.text) + _FRAME
        shown.append((f"{record.singular} {record.id}:", part))
    left: list[JsonValue] = [record.id for record in page.items[len(shown) :]]
    gaps = page.partial or any(part.gaps for _, part in shown)
    of = f" of {len(page.items)}" if left else ""
    more = f"; more: repeat with ids={left}" if left else ""
    whole = ", not all" if page.partial else "" if left or gaps else ", all"
    parts = [f"{len(shown)}{of} {_name_rows(page, len(page.items))}{whole}{more}"]
    parts += [f"{heading}\n{part.text}" for heading, part in shown]
    if notes:
        parts.append(fence(notes, nonce))
    cut = tuple(note for _, part in shown for note in part.notes)
    starts = tuple(accumulate((part.text.count("\n") + 2 for _, part in shown[:-1]), initial=2)) if shown else ()
    return Rendered("\n".join(parts), {"ids": left} if left else None, gaps, len(shown), cut, starts=starts)


def _within(text: str, room: int, what: str) -> tuple[str, list[str]]:
    """Cut a text at the end of a line so that it fits, and return a note that says so."""
    if len(text) <= room:
        return text, []
    end = text.rfind("\n", 0, room)
    kept = text[: end if end > room // 2 else room]
    return kept, [f"{what}: {len(kept):,} of {len(text):,} characters shown."]


# -- numbered text -------------------------------------------------------------------------------------------------


def _lines(result: Lines, nonce: str, budget: int) -> Rendered:
    heads = [
        f"{name}: {text}"
        for name, _ in columns(type(result))
        if name not in Lines.model_fields and (text := one_line(_cell(getattr(result, name))))
    ]
    head = "\n".join(heads)
    room = budget - _FRAME - len(head)
    text, cut = _within(clean(result.text), room, "text")
    last = result.first_line + text.count("\n") if text else result.first_line - 1
    total = result.total_lines
    of = f" of {total:,}" if total is not None else ""
    span = f"lines {result.first_line:,}-{last:,}{of}" if text else f"no lines{of}"
    goes_on = bool(cut) or (total is not None and 0 < last < total)
    more = f"; go on with first_line={last + 1}" if goes_on else ""
    body = f"{head}\n{text}" if head and text else head or text
    following: dict[str, JsonValue] | None = {"first_line": last + 1} if goes_on else None
    # The end is unknown, so the text may be incomplete.
    gaps = result.partial or result.first_line > 1 or total is None or (not text and total > 0)
    # Before the first line stand the first line of the text, the beginning of the fence, and the fields.
    first_row = 3 + len(heads) if text else 0
    return Rendered(f"{span}{more}\n{fence(body, nonce)}", following, gaps, first_row=first_row)
