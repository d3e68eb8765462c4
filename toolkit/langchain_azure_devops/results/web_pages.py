"""The web pages of results: where a person opens a record, a row, some lines or a part of it, and what it is called."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import get_args
from urllib.parse import quote

from pydantic import JsonValue

from langchain_azure_devops.results.models import Lines, Result
from langchain_azure_devops.text.untrusted import one_line

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_LINES = frozenset({"line", "end"})
_LONGEST_CAPTION = 120
_BACKSLASH = quote("\\", safe="")


def find_web_pages(
    kind: type[Result],
    records: Sequence[Result],
    several: bool,
    base_url: str,
    arguments: Mapping[str, JsonValue],
    looked_at: str = "",
) -> dict[str, JsonValue] | None:
    """Return the web address of the one record, or a pattern for all rows; None when there is no web page.

    `url` is the page of a record and `pattern` that of a row, with fields of the row in braces. `list` is the page that
    lists such records, or else that of the project or organization; an empty list has it, too, and a record whose own
    page is not known has it as its `url`. `lines` is the page of a record or row with the lines to show: `{line}` is
    the first of them and `{end}` the line behind the last. `parts` has a pattern for each field of a record that lists
    parts with pages of their own.

    Args:
        kind: The class of the record or of the rows.
        records: The record, or the rows that the text shows.
        several: Whether they are the rows of a list.
        base_url: Where the web pages of the organization are.
        arguments: The arguments of the call, which complete an address.
        looked_at: The path of the page that shows what a list looked at, where the call knows one.
    """
    if not base_url:
        return None
    found: dict[str, JsonValue] = {}
    if several:
        found["list"] = f"{base_url}/{looked_at}" if looked_at else _find_overview(kind, base_url, arguments)
    if records and (page := _complete(kind.web, records, several, base_url, arguments)):
        found["pattern" if several else "url"] = page
        if kind.web_lines:
            found["lines"] = page + kind.web_lines
        if not several and (parts := _find_parts(records[0], base_url, arguments)):
            found["parts"] = parts
    elif records and not several and kind.web and kind.web_list:
        found["url"] = _find_overview(kind, base_url, arguments)
    return found or None


def name_result(records: Sequence[Result], several: bool) -> str | None:
    """Return what the one record is called in a sentence, such as `Bug 59`; None for several and for a nameless one."""
    if several or not records or not records[0].caption:
        return None
    values = {name: getattr(records[0], name, None) for name in _PLACEHOLDER.findall(records[0].caption)}
    if None in values.values():
        return None
    return one_line(records[0].caption.format_map(values))[:_LONGEST_CAPTION]


def number_lines_of(
    records: Sequence[Result], several: bool, first_row: int, starts: Sequence[int]
) -> dict[str, JsonValue] | None:
    """Say how the lines of a text belong to rows, or to the lines of a file or log; None when they do not.

    `at` is the line of the text with the first row, or with the line `first` of the source. Where `at` is 0, each line
    begins with its own number. `starts` has the line of the text at which each of several whole records begins.
    """
    if not records:
        return None
    if several and starts:
        return {"starts": [*starts]}
    if several:
        return {"at": first_row, "first": 0}
    if type(records[0]).numbered:
        return {"at": 0, "first": 0}
    return {"at": first_row, "first": records[0].first_line} if isinstance(records[0], Lines) and first_row else None


def _find_overview(kind: type[Result], base_url: str, arguments: Mapping[str, JsonValue]) -> str:
    """Return the page that lists such records. Where none lists exactly these, that of the project or organization."""
    nearest = [kind.web_list, *(("{project}",) if "{project}" in kind.web_list else ())]
    return next(filter(None, (_complete(each, (), False, base_url, arguments) for each in nearest)), base_url)


def _find_parts(record: Result, base_url: str, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return a pattern for each list in a record whose rows have web pages of their own."""
    found: dict[str, JsonValue] = {}
    where = {**arguments, **{name: value for name, value in record if isinstance(value, str | int)}}
    where |= {name: value for name in record.web_names if (value := getattr(record, name)) is not None}
    for name, field in type(record).model_fields.items():
        rows = getattr(record, name)
        kind = next((part for part in get_args(field.annotation) if isinstance(part, type)), None)
        if isinstance(rows, list) and rows and kind and issubclass(kind, Result) and kind.web and not field.exclude:
            pattern = _complete(kind.web, rows, True, base_url, where)
            if pattern is not None:
                found[name] = pattern
    return found


def _complete(
    template: str, records: Sequence[Result], several: bool, base_url: str, arguments: Mapping[str, JsonValue]
) -> str | None:
    """Fill in the address of a kind of record. A placeholder for a field that rows show stays."""

    def find(name: str) -> str | None:
        found = next((value for record in records if (value := getattr(record, name, None)) is not None), None)
        if several and found is not None and _is_shown(type(records[0]), name):
            return f"{{{name}}}"
        value = arguments.get(name) if found is None else found
        return None if value in (None, "*") else quote(str(value), safe="")

    filled = _fill_address(template, find)
    return None if filled is None else f"{base_url}/{filled}"


def list_page_fields(pattern: str) -> list[str]:
    """Return the fields of a row that complete the pattern of its web page."""
    return [name for name in dict.fromkeys(_PLACEHOLDER.findall(pattern)) if name not in _LINES]


def page_of_row(pattern: str, row: Mapping[str, object]) -> str:
    """Return the web page of a row; empty when the row lacks a value. The placeholders of lines stay.

    Args:
        pattern: The `pattern` or `lines` of an artifact's `urls`, or one of its `parts`.
        row: The row, or what it has of the fields in `list_page_fields`.
    """

    def find(name: str) -> str | None:
        if name in _LINES:
            return f"{{{name}}}"
        return None if row.get(name) is None else quote(str(row[name]), safe="")

    return _fill_address(pattern, find) or ""


def _fill_address(template: str, find: Callable[[str], str | None]) -> str | None:
    """Fill in an address; a part of its query without a value is left out, and None is returned without a path.

    Where a name is a path of its own, such as that of an iteration, its backslashes part it in the address as well.
    """
    path, _, query = template.partition("?")
    filled = _fill_in(path, find) if path else None
    if filled is None:
        return None
    filled = filled.replace(_BACKSLASH, "/")
    parts = [part for each in query.split("&") if each and (part := _fill_in(each, find))]
    return filled + ("?" + "&".join(parts) if parts else "")


def _fill_in(template: str, find: Callable[[str], str | None]) -> str | None:
    values = {name: find(name) for name in _PLACEHOLDER.findall(template)}
    return None if None in values.values() else _PLACEHOLDER.sub(lambda match: str(values[match[1]]), template)


def _is_shown(kind: type[Result], name: str) -> bool:
    """Return whether the data of a row has this field; one that it leaves out has the same value in every row."""
    field = kind.model_fields.get(name)
    return field is not None and not field.exclude
