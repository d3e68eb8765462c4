"""Show a text with something else in place of its secrets, line by line."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from langchain_azure_devops.text.readings import Reading
from langchain_azure_devops.text.secret_rules import BETWEEN

_BREAK = BETWEEN[1:]


class Replacement(NamedTuple):
    """A part of a text that holds a secret, and what is shown instead; empty for the rest of an overlap."""

    start: int
    end: int
    shown: str


def merge(found: Sequence[Replacement] | Iterator[Replacement]) -> list[Replacement]:
    """Order the parts of a text that are replaced, and let none of them overlap; all of what they cover goes."""
    merged: list[Replacement] = []
    at = 0
    for part in sorted(found, key=lambda part: (part.start, -part.end)):
        if part.start >= at:
            merged.append(part)
        elif part.end > at:
            merged.append(Replacement(at, part.end, ""))
        at = max(at, part.end)
    return merged


def render(text: str, found: Sequence[Replacement], start: int = 0, end: int | None = None) -> str:
    """Return a text, or a part of it, with what replaces its secrets. Line breaks inside a secret stay."""
    end = len(text) if end is None else end
    pieces, at = [], start
    for part in found:
        if part.end <= start or part.start >= end:
            continue
        low, high = max(part.start, start), min(part.end, end)
        pieces += [text[at:low], _show(text[low:high], part.shown)]
        at = high
    return "".join([*pieces, text[at:end]])


def _show(secret: str, shown: str) -> str:
    """Return what is shown for a secret: for one of several lines, the same on each line that is not blank."""
    return "\n".join(_show_line(line, shown) for line in secret.split("\n")) if "\n" in secret else shown


def _show_line(line: str, shown: str) -> str:
    before = _BREAK if line.startswith(_BREAK) else ""
    after = "\r" if line.endswith("\r") else ""
    return before + (shown if line.strip().strip(_BREAK) else "") + after


def map_back(found: Sequence[Replacement], reading: Reading) -> list[Replacement]:
    """Return where the parts of a reading are in the text that was read."""
    return [Replacement(*reading.original_span(part.start, part.end), part.shown) for part in found]


def combine(found: Sequence[Replacement], read: Sequence[Replacement], reading: Reading) -> list[Replacement]:
    """Return the parts that were found in a text, which split nothing that its reading leaves out, and in the reading.

    Args:
        found: The parts of the text.
        read: The parts of the reading.
        reading: The reading of the text.
    """
    widened = [Replacement(*reading.widen(part.start, part.end), part.shown) for part in found]
    return [*widened, *map_back(read, reading)]
