"""Keep a diagnosis within 6,000 tokens: long texts are cut, and lists lose their last rows, which it says."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from langchain_azure_devops.results.models import Result
from langchain_azure_devops.text.known_secrets import KnownSecrets
from langchain_azure_devops.tools.diagnosis.models import Diagnosis

MOST_TOKENS = 5_300
"""The size as JSON, by an estimate; what stands around it when it is shown takes the rest."""
_TOKEN = re.compile(r"\d{1,3}|[A-Za-z]{1,6}|[^\W\d_]|[^\w\s]{1,2}|\s+|.")
"""About what one token covers. A tokenizer is no part of the toolkit, and dates and hashes have many short ones."""
_LOG_LINES, _DIFF, _LEAST_LOG = 2_800, 700, 600
_TEXTS = (60, 35, 20)
"""How many tokens one text of a row may have; less where the room is short."""
_ISSUES = 4
_WHOLE = frozenset({"change"})
"""Words of the service. A secret with a tag around it is not recognized when the end of the tag is cut off."""


class _Rows(NamedTuple):
    """How many rows of a list are shown at most, how many stay when the room is short, and what they are."""

    most: int
    least: int
    what: str


_ROWS: Mapping[str, _Rows] = {
    "failed": _Rows(8, 3, "failed steps"),
    "tests": _Rows(10, 3, "failed tests"),
    "pipeline_changes": _Rows(20, 5, "changes of the pipeline"),
    "commits": _Rows(8, 3, "commits"),
    "files": _Rows(12, 3, "changed files"),
    "durations": _Rows(6, 1, "stages that took longer or shorter"),
    "notes": _Rows(20, 5, "notes"),
}
"""A list begins with what counts the most."""

Row = TypeVar("Row", Result, str)


def fit(found: Diagnosis, secrets: KnownSecrets) -> Diagnosis:
    """Return a diagnosis that is small enough, and in whose notes stands what was left out.

    Args:
        found: The diagnosis with all its rows.
        secrets: Replaces secrets before a text is cut, because half of one is not recognized.
    """
    totals = {name: len(getattr(found, name)) for name in _ROWS}
    totals["files"] = found.file_count or totals["files"]
    totals["tests"] = max(found.failed_test_count or 0, totals["tests"])
    for most in _TEXTS:
        shown = _cut_texts(found, secrets, most)
        lists: dict[str, list[Result | str]] = {
            name: [_cut_row(row, secrets, most) for row in getattr(found, name)[: rows.most]]
            for name, rows in _ROWS.items()
        }
        size = _drop_rows(lists, _count(shown.model_copy(update=lists).model_dump_json()))
        if size <= MOST_TOKENS:
            break
    else:
        if shown.log_lines:
            room = max(_LEAST_LOG, _count(shown.log_lines) - (size - MOST_TOKENS))
            shown = shown.model_copy(update={"log_lines": _cut_lines(shown.log_lines, room)})
    cut = [
        f"{len(lists[name])} of {totals[name]:,} {rows.what} are shown."
        for name, rows in _ROWS.items()
        if len(lists[name]) < totals[name]
    ]
    more = ["compare_builds, list_test_results and get_build show more."] if cut else []
    return shown.model_copy(update={**lists, "notes": [*lists["notes"], *cut, *more]})


def _drop_rows(lists: Mapping[str, list[Result | str]], size: int) -> int:
    """Take the last rows from the largest lists until the size is small enough, and return the size."""
    while size > MOST_TOKENS:
        spare = {name: _count_rows(rows) for name, rows in lists.items() if len(rows) > _ROWS[name].least}
        if not spare:
            break
        largest = max(spare, key=lambda name: spare[name])
        size -= _count_rows([lists[largest].pop()])
    return size


def _cut_texts(found: Diagnosis, secrets: KnownSecrets, most: int) -> Diagnosis:
    """Cut the texts that stand alone. Log lines and the difference are free of secrets already."""
    texts: dict[str, str | None] = {
        "log_lines": _cut_lines(found.log_lines, _LOG_LINES),
        "diff": _cut_lines(found.diff, _DIFF),
    }
    for name in ("decided_by", "elsewhere", "pipeline", "branch", "requested_for"):
        text = getattr(found, name)
        texts[name] = text and _cut(secrets.redact(text), 2 * most)
    return found.model_copy(update=texts)


def _cut_row(row: Row, secrets: KnownSecrets, most: int) -> Row:
    """Return a row with its texts cut, and a step with its first issues."""
    if isinstance(row, str):
        return _cut(secrets.redact(row), 2 * most)
    changed: dict[str, object] = {}
    for name, value in row:
        if isinstance(value, str) and name not in _WHOLE and _count(value) > most:
            changed[name] = _cut(secrets.redact(value), most)
        elif isinstance(value, list):
            changed[name] = [_cut(secrets.redact(str(each)), most) for each in value[:_ISSUES]]
    return row.model_copy(update=changed)


def _cut(text: str, most: int) -> str:
    """Return the beginning of a text."""
    for number, token in enumerate(_TOKEN.finditer(text)):
        if number == most:
            return f"{text[: token.start()]}…"
    return text


def _cut_lines(text: str | None, most: int) -> str | None:
    """Return the first lines of a text, as many as fit."""
    if text is None:
        return None
    short = _cut(text, most)
    if short == text:
        return text
    whole = short.rpartition("\n")[0]
    return f"{whole}\n[cut]" if whole else short


def _count(text: str) -> int:
    return sum(1 for _ in _TOKEN.finditer(text))


def _count_rows(rows: Sequence[Result | str]) -> int:
    return sum(_count(row if isinstance(row, str) else row.model_dump_json()) for row in rows)
