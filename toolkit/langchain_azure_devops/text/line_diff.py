"""Compare the lines of two texts, as a unified diff, in a time that no text can prolong.

Lines that stand exactly once on both sides are matched first, and what lies between them is compared edit by edit. Both
end when a text turns out to be too hard; what is not matched by then counts as replaced, so that the diff is still
right, only longer than it could be.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from langchain_azure_devops.text.lines import BREAKS

MAX_SHOWN_LINE = 2_000
"""The most characters of one line that a diff shows."""
NO_END = "\n\\ No newline at end of file"
"""What follows a last line without a line end; no other line contains it."""
_CONTEXT = 3
_PIECE_LINES, _PIECE = 100, 4_000
"""A long hunk is divided into several of so many lines and characters, so that it can be cut between them."""
_EFFORT, _EFFORT_PER_LINE = 200_000, 8


class Match(NamedTuple):
    """Equal lines: where they begin on both sides, from 0, and how many they are."""

    old: int
    new: int
    size: int


class Comparison(NamedTuple):
    """The equal lines of two texts.

    Attributes:
        matches: In order.
        whole: Whether the comparison came to its end. Otherwise, there may be more equal lines.
    """

    matches: list[Match]
    whole: bool


class _Region(NamedTuple):
    """The lines that are still to be compared; both ends lie behind the last line."""

    old: int
    old_end: int
    new: int
    new_end: int


def split_lines(text: str) -> list[str]:
    """Split a text into lines without their ends; `NO_END` follows a last line that has none."""
    if not text:
        return []
    lines = text.split("\n")
    if last := lines.pop():
        lines.append(last + NO_END)
    return lines


def match_lines(old: Sequence[str], new: Sequence[str]) -> list[Match]:
    """Return which lines of two texts are the same, in order; all others were removed or added."""
    return compare_lines(old, new).matches


def compare_lines(old: Sequence[str], new: Sequence[str]) -> Comparison:
    """Return which lines of two texts are the same, in order, and whether all of them were found."""
    numbers: dict[str, int] = {}
    ours, theirs = ([numbers.setdefault(line, len(numbers)) for line in lines] for lines in (old, new))
    effort = _EFFORT + _EFFORT_PER_LINE * (len(ours) + len(theirs))
    found: list[Match] = []
    whole = True
    waiting = [_Region(0, len(ours), 0, len(theirs))]
    while waiting:
        region, ends = _strip(ours, theirs, waiting.pop())
        found += ends
        effort -= region.old_end - region.old + region.new_end - region.new
        if region.old == region.old_end or region.new == region.new_end:
            continue
        if effort < 0:
            whole = False
            continue
        anchors = _find_anchors(ours, theirs, region)
        if anchors:
            found += [Match(*anchor, 1) for anchor in anchors]
            starts = [(region.old, region.new), *((old_at + 1, new_at + 1) for old_at, new_at in anchors)]
            stops = [*anchors, (region.old_end, region.new_end)]
            waiting += [
                _Region(start[0], stop[0], start[1], stop[1]) for start, stop in zip(starts, stops, strict=True)
            ]
        else:
            matches, used = _find_edits(ours, theirs, region, effort)
            found += matches
            whole = whole and (bool(matches) or used <= effort)
            effort -= used
    return Comparison(_join(sorted(found)), whole)


def _strip(ours: list[int], theirs: list[int], region: _Region) -> tuple[_Region, list[Match]]:
    """Take the equal lines at the beginning and at the end away from a region."""
    old, old_end, new, new_end = region
    while old < old_end and new < new_end and ours[old] == theirs[new]:
        old, new = old + 1, new + 1
    while old < old_end and new < new_end and ours[old_end - 1] == theirs[new_end - 1]:
        old_end, new_end = old_end - 1, new_end - 1
    ends = [
        Match(region.old, region.new, old - region.old),
        Match(old_end, new_end, region.old_end - old_end),
    ]
    return _Region(old, old_end, new, new_end), [match for match in ends if match.size]


def _find_anchors(ours: list[int], theirs: list[int], region: _Region) -> list[tuple[int, int]]:
    """Return the lines that stand once on each side of a region, as many as keep their order."""
    there = _find_single(theirs, region.new, region.new_end)
    here = _find_single(ours, region.old, region.old_end)
    pairs = [(at, there[line]) for line, at in here.items() if line in there]
    # The longest run of rising places: each pile holds the smallest place that ends a run of its length.
    piles: list[int] = []
    tops: list[int] = []
    before: list[int | None] = []
    for index, (_, place) in enumerate(pairs):
        pile = bisect_left(piles, place)
        before.append(tops[pile - 1] if pile else None)
        piles[pile : pile + 1], tops[pile : pile + 1] = [place], [index]
    run: list[tuple[int, int]] = []
    at: int | None = tops[-1] if tops else None
    while at is not None:
        run.append(pairs[at])
        at = before[at]
    return run[::-1]


def _find_single(lines: list[int], start: int, end: int) -> dict[int, int]:
    """Return the lines that stand once between two places, with their place, in order."""
    places: dict[int, int] = {}
    several: set[int] = set()
    for at in range(start, end):
        if lines[at] in places:
            several.add(lines[at])
        places[lines[at]] = at
    return {line: at for line, at in places.items() if line not in several}


def _find_edits(ours: list[int], theirs: list[int], region: _Region, effort: int) -> tuple[list[Match], int]:
    """Return the equal lines of the shortest way from one side to the other, and how much effort that was.

    This is the greedy algorithm of Myers. Nothing is equal if the effort does not suffice.
    """
    old, old_end, new, new_end = region
    height, width = old_end - old, new_end - new
    furthest = {1: 0}
    trail: list[dict[int, int]] = []
    used = 0
    for edits in range(height + width + 1):
        trail.append(furthest)
        furthest = dict(furthest)
        used += len(furthest)
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (diagonal != edits and _reach(furthest, diagonal - 1, diagonal + 1))
            at = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
            begun = at
            while at < height and at - diagonal < width and ours[old + at] == theirs[new + at - diagonal]:
                at += 1
            furthest[diagonal] = at
            used += at - begun + 1
            if at >= height and at - diagonal >= width:
                return _trace(trail, region), used
        if used > effort:
            break
    return [], used


def _reach(furthest: dict[int, int], left: int, right: int) -> bool:
    return furthest[left] < furthest[right]


def _trace(trail: list[dict[int, int]], region: _Region) -> list[Match]:
    """Return the equal lines of the way that the edits went, from its end to its beginning."""
    at, other = region.old_end - region.old, region.new_end - region.new
    found: list[Match] = []
    for edits in range(len(trail) - 1, -1, -1):
        furthest, diagonal = trail[edits], at - other
        down = diagonal == -edits or (diagonal != edits and _reach(furthest, diagonal - 1, diagonal + 1))
        came = diagonal + 1 if down else diagonal - 1
        before = furthest[came]
        begun = before if down else before + 1
        if at > begun:
            found.append(Match(region.old + begun, region.new + begun - diagonal, at - begun))
        at, other = before, before - came
    return found[::-1]


def _join(matches: list[Match]) -> list[Match]:
    """Join matches that follow each other directly."""
    joined: list[Match] = []
    for match in matches:
        last = joined[-1] if joined else None
        if last and (last.old + last.size, last.new + last.size) == (match.old, match.new):
            joined[-1] = last._replace(size=last.size + match.size)
        else:
            joined.append(match)
    return joined


def make_hunks(
    old: Sequence[str], new: Sequence[str], matches: Sequence[Match], longest: int | None = MAX_SHOWN_LINE
) -> list[str]:
    """Return the hunks of a unified diff, each with its `@@` line; the line numbers are those of the texts.

    Args:
        old: The lines of the old text.
        new: The lines of the new text.
        matches: Which of them are the same.
        longest: The most characters of one line that are shown; None shows all of them as they are.
    """
    hunks: list[str] = []
    for lines, old_at, new_at in _group(old, new, matches):
        hunks += _write(lines, old_at, new_at, longest)
    return hunks


def show_difference(old: str, new: str) -> list[str]:
    """Return the lines of a unified diff of two texts in which everything that differs is shown, however long."""
    sides = [split_lines(f"{text}\n" if text else "") for text in (old, new)]
    return "\n".join(make_hunks(sides[0], sides[1], match_lines(sides[0], sides[1]), longest=None)).split("\n")


def _group(
    old: Sequence[str], new: Sequence[str], matches: Sequence[Match]
) -> Iterator[tuple[list[tuple[str, str]], int, int]]:
    """Yield the marked lines of each hunk, and where it begins on both sides."""
    lines: list[tuple[str, str]] = []
    start = (0, 0)
    ends = [Match(0, 0, 0), *matches, Match(len(old), len(new), 0)]
    for before, match in pairwise(ends):
        gap = (before.old + before.size, before.new + before.size)
        if gap == (match.old, match.new):
            # Only around the first and the last match can there be no change.
            changed: list[tuple[str, str]] = []
        else:
            changed = [("-", line) for line in old[gap[0] : match.old]]
            changed += [("+", line) for line in new[gap[1] : match.new]]
        if changed and not lines:
            shown = min(_CONTEXT, before.size)
            start = (gap[0] - shown, gap[1] - shown)
            lines = [(" ", line) for line in new[start[1] : gap[1]]]
        lines += changed
        last = match.old + match.size == len(old) and match.new + match.size == len(new)
        if lines and (match.size > 2 * _CONTEXT or last):
            lines += [(" ", line) for line in new[match.new : match.new + min(_CONTEXT, match.size)]]
            yield lines, *start
            lines = []
        elif lines:
            lines += [(" ", line) for line in new[match.new : match.new + match.size]]


def _write(lines: list[tuple[str, str]], old_at: int, new_at: int, longest: int | None) -> Iterator[str]:
    """Write a hunk; a long one as several that follow each other directly."""
    piece: list[tuple[str, str]] = []
    size = 0
    for mark, line in [*lines, ("", "")]:
        length = len(line) if longest is None else min(len(line), longest)
        if piece and (not mark or len(piece) >= _PIECE_LINES or size + length > _PIECE):
            removed = sum(mark != "+" for mark, _ in piece)
            added = sum(mark != "-" for mark, _ in piece)
            body = [f"{mark}{_show(line, longest)}" for mark, line in piece]
            yield "\n".join([f"@@ -{_span(old_at, removed)} +{_span(new_at, added)} @@", *body])
            old_at, new_at, piece, size = old_at + removed, new_at + added, [], 0
        piece.append((mark, line))
        size += length + 1


def _span(at: int, count: int) -> str:
    """Return the lines of one side as the line of a hunk names them."""
    return f"{at + 1}" if count == 1 else f"{at + 1},{count}" if count else f"{at},0"


def _show(line: str, longest: int | None) -> str:
    """Return a line without characters that some readers take for the end of a line, and not too long."""
    if longest is None:
        return line
    text, end = (line.removesuffix(NO_END), NO_END) if line.endswith(NO_END) else (line, "")
    if len(text) > longest:
        text = f"{text[:longest]}…"
    return f"{text if text.isprintable() else text.translate(BREAKS)}{end}"
