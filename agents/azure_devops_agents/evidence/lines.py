"""The lines of evidence, and the numbers that they have in their file or log."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

NUMBERED = re.compile(r"[ \t]{0,8}(?:L(?:ine )?)?(\d{1,7})(?:[:|\t]|- |-$|\u2192)[ \t]?")
"""The number in front of a line, as logs have it and as models copy it."""
_FIRST_AND_LAST = re.compile(r"lines ([\d,]{1,12})-([\d,]{1,12})\b")
_FENCE = re.compile(r"</?untrusted [\w-]{1,64}>")
_LONGEST_LINE = 1_500


@dataclass(frozen=True)
class Line:
    """A line of evidence.

    Attributes:
        number: Its number in the file or log, or else in the evidence. What stands before the first line of a file has
            the number 1, and what stands after another line has the number of that one.
        text: What it says.
        shown: The same with its number in front, if it stands in the file or log, or if nothing here has a number of
            its own.
    """

    number: int
    text: str
    shown: str


def read_lines_of(text: str) -> list[Line]:
    """Return the lines of evidence. A very long line without a number of its own counts as several."""
    return list(_read(text))


def _read(text: str) -> Iterator[Line]:
    lines = text.split("\n")
    numbers = number_lines(lines)
    if not numbers:
        pieces = enumerate(split_lines(text), 1)
        yield from (Line(number, piece, f"{number}: {piece}") for number, piece in pieces)
        return
    number = 1
    for index, line in enumerate(lines):
        number = numbers.get(index, number)
        bare = index not in numbers or has_own_number(line, number)
        yield Line(number, line, line if bare else f"{number}: {line}")


def has_own_number(line: str, number: int) -> bool:
    """Return whether a line begins with its number, as the lines of a log do."""
    found = NUMBERED.match(line)
    return found is not None and int(found[1]) == number


def is_fence(line: str) -> bool:
    """Return whether a line begins or ends a fence; no line that people wrote can pass for one."""
    return _FENCE.fullmatch(line) is not None


def number_lines(lines: list[str]) -> dict[int, int]:
    """Return the number of each line of a file or log by its index in the evidence; empty when it is neither."""
    shown = _FIRST_AND_LAST.match(lines[0]) if lines else None
    if shown is not None:
        first, last = (int(number.replace(",", "") or 0) for number in shown.groups())
        end = next((index for index in range(len(lines) - 1, -1, -1) if lines[index].startswith("</untrusted ")), 0)
        begin = end - (last - first + 1)
        return {index: first + index - begin for index in range(begin, end)} if 0 < begin < end else {}
    if "lines:" not in lines:
        return {}
    begin = lines.index("lines:") + 1
    matches = ((index, NUMBERED.match(lines[index])) for index in range(begin, len(lines)))
    return {index: int(match[1]) for index, match in matches if match}


def split_lines(text: str) -> list[str]:
    """Split a text into lines. A very long line counts as several, so that all of it can be read."""
    return [
        line[start : start + _LONGEST_LINE]
        for line in text.split("\n")
        for start in range(0, max(1, len(line)), _LONGEST_LINE)
    ]
