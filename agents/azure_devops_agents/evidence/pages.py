"""The web pages of evidence: of a record, and of the row, the part or the lines in which a quote stands."""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_azure_devops.results import list_page_fields, page_of_row

_NUMBER = re.compile(r"(\d{1,9})[:-]")
_LEAST_KEY = 4
_DIFF_OF = "+++ b"
_BEGINNING = 20


@dataclass(frozen=True)
class PagePlace:
    """The page that shows a quote, and which lines of the file or log it is in; both may be unknown."""

    url: str = ""
    lines: str = ""


def index_pages(artifact: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the index keeps of an artifact's web pages: addresses, and the values that complete them.

    `rows` has the values of a pattern for each row, `numbers` the lines of each row that are lines of a file, `parts`
    the same for the parts of a record. `at`, `first` and `starts` say how the lines of the text belong to rows or to
    lines of the source.
    """
    urls = artifact.get("urls")
    if not isinstance(urls, Mapping):
        return {"url": str(artifact["url"])} if artifact.get("url") else None
    kept: dict[str, Any] = {name: urls[name] for name in ("url", "pattern", "list", "lines") if name in urls}
    kept |= artifact.get("lines") or {}
    data = artifact.get("data")
    if isinstance(data, list) and "pattern" in urls:
        kept["rows"] = _values(urls["pattern"], data)
        if "lines" in urls:
            kept["numbers"] = [[line["line"] for line in row.get("lines") or ()] for row in data]
    if isinstance(data, Mapping) and isinstance(urls.get("parts"), Mapping):
        kept["parts"] = [
            {"pattern": pattern, "rows": _values(pattern, data.get(name) or ())}
            for name, pattern in urls["parts"].items()
        ]
    return kept


def page_of(urls: Mapping[str, Any] | None) -> str:
    """Return the page of a record or of the only row, or else that of the list; empty when there is none."""
    if not urls:
        return ""
    if "url" in urls:
        return str(urls["url"])
    rows: Sequence[Any] = urls.get("rows") or ()
    row = _page(str(urls["pattern"]), rows[0]) if len(rows) == 1 and urls.get("pattern") else ""
    return row or str(urls.get("list") or "")


def page_of_quote(urls: Mapping[str, Any] | None, text: str, places: Sequence[int], said: str) -> PagePlace:
    """Return the page of a quote.

    Args:
        urls: What the index keeps of the pages.
        text: The text of the evidence.
        places: The indices of the lines of the text that hold the quote.
        said: The quote.
    """
    if not urls or not places:
        return PagePlace(page_of(urls))
    lines = text.split("\n")
    if "url" in urls:
        if "lines" in urls and (numbers := [number for place in places if (number := _number(urls, lines, place))]):
            return _show_lines(str(urls["lines"]), min(numbers), max(numbers))
        return PagePlace(_find_part(urls.get("parts") or (), lines, places[0]) or str(urls["url"]))
    rows: Sequence[Any] = urls.get("rows") or ()
    quoted = [row for place in places if 0 <= (row := _row_of(urls, place)) < len(rows)]
    if not quoted or quoted[0] != _row_of(urls, places[0]):
        return PagePlace(page_of(urls))
    return _show_rows(urls, list(dict.fromkeys(quoted)), lines[places[0]], said)


def _show_rows(urls: Mapping[str, Any], quoted: Sequence[int], line: str, said: str) -> PagePlace:
    """Return the page of the first row that is quoted, and the file and line in it, where the rows are of files."""
    rows: Sequence[Any] = urls["rows"]
    numbers = urls["numbers"][quoted[0]] if urls.get("numbers") else ()
    if not numbers:
        return PagePlace(_page(str(urls["pattern"]), rows[quoted[0]]))
    number = _nearest(numbers, line, said)
    shown = _show_lines(_page(str(urls["lines"]), rows[quoted[0]]), number, number)
    files = [path for row in quoted if (path := _path_of(str(urls["lines"]), rows[row]))]
    if len(rows) == 1 or not files:
        return shown
    return PagePlace(shown.url, ", ".join((files[0], shown.lines, *files[1:])))


def _row_of(urls: Mapping[str, Any], place: int) -> int:
    """Return the index of the row that a line of the text belongs to; it may be outside of the rows."""
    starts = urls.get("starts")
    return bisect_right(starts, place + 1) - 1 if starts else place + 1 - int(urls.get("at") or 0)


def _path_of(pattern: str, values: Sequence[Any]) -> str:
    """Return the path of a row's file; empty when its page is none of a file."""
    return str(dict(zip(list_page_fields(pattern), values, strict=False)).get("path") or "")


def _values(pattern: str, rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    names = list_page_fields(pattern)
    return [[row.get(name) for name in names] for row in rows]


def _page(pattern: str, values: Sequence[Any]) -> str:
    return page_of_row(pattern, dict(zip(list_page_fields(pattern), values, strict=False)))


def _number(urls: Mapping[str, Any], lines: Sequence[str], place: int) -> int | None:
    """Return the number that a line of the text has in its file or log; None for a line that is not from there."""
    at, first = int(urls.get("at") or 0), int(urls.get("first") or 0)
    if not at:
        found = _NUMBER.match(lines[place])
        return int(found[1]) if found else None
    number = first + place + 1 - at
    return number if number >= first and not lines[place].startswith("</untrusted ") else None


def _show_lines(pattern: str, first: int, last: int) -> PagePlace:
    url = pattern.replace("{line}", str(first)).replace("{end}", str(last + 1)) if pattern else ""
    return PagePlace(url, f"line {first}" if first == last else f"lines {first}-{last}")


def _find_part(parts: Sequence[Mapping[str, Any]], lines: Sequence[str], place: int) -> str:
    """Return the page of the part that a line names, or in whose diff it stands; empty when there is none."""
    header = next((line for line in reversed(lines[: place + 1]) if line.startswith(_DIFF_OF)), "")
    for part in parts:
        for values in part["rows"]:
            key = str(values[0] or "")
            if len(key) >= _LEAST_KEY and (key in lines[place] or header.removeprefix(_DIFF_OF) == key):
                return _page(str(part["pattern"]), values)
    return ""


def _nearest(numbers: Sequence[int], row: str, said: str) -> int:
    """Return the number of the line in a row that holds a quote: the last one that stands before it."""
    begin = row.find(said[:_BEGINNING])
    before = [number for number in numbers if 0 <= row.find(f"{number} ") <= max(begin, 0)]
    return before[-1] if before else numbers[0]
