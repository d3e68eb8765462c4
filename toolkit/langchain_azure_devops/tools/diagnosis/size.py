"""Keep a diagnosis within 6,000 tokens: long texts are cut, and lists lose their last rows, which it says."""

from collections.abc import Mapping
from typing import TypeVar

from langchain_azure_devops.results.models import Result
from langchain_azure_devops.tools.diagnosis.models import Diagnosis

MOST_BYTES = 13_500
"""The size as JSON in UTF-8. A token of a log or a list of hashes has about 2.5 bytes."""
_LOG_LINES, _DIFF = 8_000, 2_000
_TEXT, _ISSUES = 200, 4
_ROWS: Mapping[str, tuple[int, int, str]] = {
    "failed": (8, 3, "failed steps"),
    "tests": (10, 3, "failed tests"),
    "pipeline_changes": (20, 6, "changes of the pipeline"),
    "commits": (8, 3, "commits"),
    "files": (12, 3, "changed files"),
    "durations": (6, 1, "stages that took longer or shorter"),
    "notes": (20, 6, "notes"),
}
"""The most rows of each list, and how many stay when the room is short. A list begins with what counts the most."""


def fit(found: Diagnosis) -> Diagnosis:
    """Return a diagnosis that is small enough, and in whose notes stands what was left out."""
    totals = {name: len(getattr(found, name)) for name in _ROWS}
    rows = {name: [_cut_row(row) for row in getattr(found, name)[:most]] for name, (most, _, _) in _ROWS.items()}
    texts = {
        "log_lines": _cut_lines(found.log_lines, _LOG_LINES),
        "diff": _cut_lines(found.diff, _DIFF),
        "decided_by": _cut(found.decided_by, 2 * _TEXT),
        "elsewhere": _cut(found.elsewhere, 3 * _TEXT) if found.elsewhere else None,
        "pipeline": _cut(found.pipeline, _TEXT),
        "branch": _cut(found.branch, _TEXT),
    }
    size = len(found.model_copy(update={**rows, **texts}).model_dump_json().encode())
    while size > MOST_BYTES:
        spare = {name: sum(map(_size_of, own)) for name, own in rows.items() if len(own) > _ROWS[name][1]}
        if not spare:
            break
        largest = max(spare, key=lambda name: spare[name])
        size -= _size_of(rows[largest].pop())
    if size > MOST_BYTES and texts["log_lines"]:
        room = max(1_000, _bytes_of(texts["log_lines"]) - (size - MOST_BYTES))
        texts["log_lines"] = _cut_lines(texts["log_lines"], room)
    if found.file_count is not None:
        totals["files"] = found.file_count
    if found.failed_test_count is not None:
        totals["tests"] = max(found.failed_test_count, totals["tests"])
    cut = [
        f"{len(own)} of {totals[name]:,} {_ROWS[name][2]} are shown."
        for name, own in rows.items()
        if len(own) < totals[name]
    ]
    if cut:
        cut.append("compare_builds, list_test_results and get_build show more.")
    return found.model_copy(update={**rows, **texts, "notes": [*rows["notes"], *cut]})


Row = TypeVar("Row", Result, str)


def _cut_row(row: Row) -> Row:
    """Return a row with its texts cut, and a step with its first issues."""
    if isinstance(row, str):
        return _cut(row, 2 * _TEXT)
    changed: dict[str, object] = {}
    for name, value in row:
        if isinstance(value, str):
            changed[name] = _cut(value, _TEXT)
        elif isinstance(value, list):
            changed[name] = [_cut(str(each), _TEXT) for each in value[:_ISSUES]]
    return row.model_copy(update=changed)


def _cut(text: str, most: int) -> str:
    """Return the beginning of a text, by bytes."""
    data = text.encode()
    return text if len(data) <= most else f"{data[:most].decode('utf-8', 'ignore')}…"


def _cut_lines(text: str | None, most: int) -> str | None:
    """Return the first lines of a text."""
    if text is None or _bytes_of(text) <= most:
        return text
    whole = _cut(text, most).rpartition("\n")[0]
    return f"{whole}\n[cut]" if whole else _cut(text, most)


def _bytes_of(text: str) -> int:
    return len(text.encode())


def _size_of(row: Result | str) -> int:
    return _bytes_of(row if isinstance(row, str) else row.model_dump_json())
