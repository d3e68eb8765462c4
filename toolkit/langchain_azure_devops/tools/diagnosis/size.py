"""Keep a diagnosis within 6,000 tokens: long texts are cut, and lists lose their last rows, which it says."""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from langchain_azure_devops.results.models import Result
from langchain_azure_devops.text.known_secrets import KnownSecrets
from langchain_azure_devops.tools.diagnosis.models import Diagnosis
from langchain_azure_devops.tools.diagnosis.tokens import count_tokens, cut_text

MOST_TOKENS = 5_300
"""The size of what is told, by an estimate; the names of the fields and what stands around it take the rest."""
_LOG_LINES, _DIFF, _LEAST_LOG = 2_800, 700, 600
_TEXTS = (120, 60, 35, 20)
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
    "earlier": _Rows(4, 1, "failures of earlier attempts"),
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
        size = _drop_rows(lists, _measure(shown.model_copy(update=lists)))
        if size <= MOST_TOKENS:
            break
    else:
        if shown.log_lines:
            room = max(_LEAST_LOG, count_tokens(shown.log_lines) - (size - MOST_TOKENS))
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
        spare = {name: _measure(rows) for name, rows in lists.items() if len(rows) > _ROWS[name].least}
        if not spare:
            break
        largest = max(spare, key=lambda name: spare[name])
        size -= _measure(lists[largest].pop())
    return size


def _cut_texts(found: Diagnosis, secrets: KnownSecrets, most: int) -> Diagnosis:
    """Cut the texts that stand alone. Log lines and the difference are free of secrets already."""
    texts: dict[str, str | None] = {
        "log_lines": _cut_lines(found.log_lines, _LOG_LINES),
        "diff": _cut_lines(found.diff, _DIFF),
    }
    for name in ("decided_by", "elsewhere", "pipeline", "branch", "requested_for"):
        text = getattr(found, name)
        texts[name] = text and cut_text(secrets.redact(text), 2 * most)
    return found.model_copy(update=texts)


def _cut_row(row: Row, secrets: KnownSecrets, most: int) -> Row:
    """Return a row with its texts cut, and a step with its first issues."""
    if isinstance(row, str):
        return cut_text(secrets.redact(row), 2 * most)
    changed: dict[str, object] = {}
    for name, value in row:
        if isinstance(value, str) and name not in _WHOLE and count_tokens(value) > most:
            changed[name] = cut_text(secrets.redact(value), most)
        elif isinstance(value, list):
            changed[name] = [cut_text(secrets.redact(str(each)), most) for each in value[:_ISSUES]]
    return row.model_copy(update=changed)


def _cut_lines(text: str | None, most: int) -> str | None:
    """Return the first lines of a text, as many as fit."""
    if text is None:
        return None
    short = cut_text(text, most)
    if short == text:
        return text
    whole = short.rpartition("\n")[0]
    return f"{whole}\n[cut]" if whole else short


def _measure(value: object) -> int:
    """Return about how many tokens a value takes, with what separates it from the next one."""
    if isinstance(value, Result):
        return sum(_measure(each) for _, each in value)
    if isinstance(value, list):
        return sum(_measure(each) for each in value)
    return count_tokens(str(value)) + 1 if value is not None else 1
