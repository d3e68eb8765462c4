"""Apply a unified diff to a text: at its line numbers or, if they are off, at the one place where it fits."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.tools.changes.file_text import Edit, FileText, show_lines

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_NO_END = "\\"
_AROUND, _MOST_SHOWN = 1, 12
_MOST_HUNKS, _MOST_PLACES = 1_000, 20


@dataclass
class _Hunk:
    """A part of a diff.

    Attributes:
        number: Its number, from 1.
        first: The line at which its old lines begin, from 1; the line before it when it has none.
        lines: Its lines, each with its mark: blank for kept, `-` for removed and `+` for added.
        ends: The sides whose last line has no line end: `-` or `+`.
    """

    number: int
    first: int
    lines: list[tuple[str, str]] = field(default_factory=list)
    ends: set[str] = field(default_factory=set)

    def side(self, mark: str) -> list[str]:
        """The lines of the old side (`-`) or of the new one (`+`)."""
        return [line for kind, line in self.lines if kind in {" ", mark}]


def apply_diff(file: FileText, diff: str) -> None:
    """Apply a unified diff of one file.

    Raises:
        InvalidRequest: It is no unified diff, or a part of it does not fit; nothing of it counts then.
    """
    hunks = list(_parse(file.path, diff))
    if not hunks:
        raise _refuse(file.path, "it has no part that begins with '@@ -1,2 +1,3 @@'")
    if len(hunks) > _MOST_HUNKS:
        raise _refuse(file.path, f"it has more than {_MOST_HUNKS:,} parts. Give fewer in one call")
    lines = file.lines
    ended = lines[-1] == ""
    if ended:
        lines.pop()
    starts = _starts(file.text)
    edits: list[Edit] = []
    least = moved = 0
    for hunk in hunks:
        old = hunk.side("-")
        expected = max(hunk.first - (1 if old else 0), 0) + moved
        at = _place(file.path, hunk, lines, expected, least)
        if "-" in hunk.ends and (at + len(old) < len(lines) or ended):
            raise _refuse(file.path, f"part {hunk.number} ends with a line without a line end, and the file does not")
        edits += _find_edits(hunk, at, starts, len(file.text))
        least, moved = at + len(old), moved + at - expected
    file.apply(edits)


def _parse(path: str, diff: str) -> Iterator[_Hunk]:
    rows = diff.removesuffix("\n").split("\n")
    number = row = 0
    while row < len(rows):
        begins = _HUNK.match(rows[row])
        row += 1
        if begins is None:
            if number and rows[row - 1].strip():
                raise _refuse(path, f"part {number} is followed by {rows[row - 1][:80]!r}, which belongs to no part")
            # What stands before the first part are names, which the path of the change says.
            continue
        number += 1
        hunk = _Hunk(number, int(begins[1]))
        old, new = int(begins[2] or 1), int(begins[4] or 1)
        while row < len(rows) and not _HUNK.match(rows[row]):
            line = rows[row].removesuffix("\r")
            if line.startswith(_NO_END) and hunk.lines:
                last = hunk.lines[-1][0]
                hunk.ends |= {"-", "+"} if last == " " else {last}
            elif line[:1] in {" ", "+", "-"}:
                hunk.lines.append((line[0], line[1:]))
            elif line:
                raise _refuse(path, f"a line of part {number} begins with none of ' ', '+' and '-': {line[:80]!r}")
            elif len(hunk.side("-")) < old or len(hunk.side("+")) < new:
                # Many programs remove the blank that marks an empty line.
                hunk.lines.append((" ", ""))
            row += 1
        _check_counts(path, hunk, begins[0], old, new)
        yield hunk


def _check_counts(path: str, hunk: _Hunk, head: str, old: int, new: int) -> None:
    """A part whose lines are not as many as it says may have lost some of them."""
    there = len(hunk.side("-")), len(hunk.side("+"))
    if there != (old, new):
        raise _refuse(
            path,
            f"part {hunk.number} begins with {head!r}, but has {there[0]} old and {there[1]} new lines. If no line is "
            f"missing, begin it with '@@ -{hunk.first},{there[0]} +{hunk.first},{there[1]} @@'",
        )


def _find_edits(hunk: _Hunk, at: int, starts: list[int], size: int) -> Iterator[Edit]:
    """Yield the edits of a part whose old lines begin at a line (from 0) of a text with these starts of its lines.

    A last line without an end stays so, unless the diff says otherwise.
    """
    last_line = at + len(hunk.side("-"))
    place = at
    for kept, gone, added in _blocks(hunk):
        first, last = place + kept, place + kept + gone
        place = last
        at_end = last == last_line == len(starts) - 1
        if starts[last] <= size:
            text = "".join(f"{line}\n" for line in added)
            yield Edit(starts[first], starts[last], text.removesuffix("\n") if at_end and "+" in hunk.ends else text)
            continue
        text = "\n".join(added) if starts[first] <= size else "".join(f"\n{line}" for line in added)
        ends = at_end and "-" in hunk.ends and "+" not in hunk.ends and bool(added)
        yield Edit(min(starts[first], size), size, f"{text}\n" if ends else text)


def _blocks(hunk: _Hunk) -> Iterator[tuple[int, int, list[str]]]:
    """Yield the changed blocks: how many lines are kept before it and removed by it, and the lines that it adds."""
    kept = gone = 0
    added: list[str] = []
    for mark, line in [*hunk.lines, (" ", "")]:
        if mark == " ":
            if gone or added:
                yield kept, gone, added
                kept, gone, added = 0, 0, []
            kept += 1
        elif mark == "-":
            gone += 1
        else:
            added.append(line)


def _starts(text: str) -> list[int]:
    """Return where each line begins in a text, and where one behind the last would."""
    found = [0]
    lines = text.split("\n")
    for line in lines[:-1] if lines[-1] == "" else lines:
        found.append(found[-1] + len(line) + 1)
    return found


def _place(path: str, hunk: _Hunk, lines: list[str], expected: int, least: int) -> int:
    """Return the line (from 0) at which the old lines of a part stand.

    Raises:
        InvalidRequest: They stand nowhere behind the parts before, or at several places and none of them is the named.
    """
    old = hunk.side("-")
    if not old:
        if least <= expected <= len(lines):
            return expected
        raise _refuse(path, f"part {hunk.number} adds lines after line {hunk.first}, which the file does not have")
    if least <= expected and lines[expected : expected + len(old)] == old:
        return expected
    places = range(least, len(lines) - len(old) + 1)
    found_at = (at for at in places if lines[at] == old[0] and lines[at : at + len(old)] == old)
    fits = list(islice(found_at, _MOST_PLACES))
    if len(fits) == 1:
        return fits[0]
    if fits:
        found = ", ".join(str(at + 1) for at in fits)
        raise _refuse(
            path,
            f"the old lines of part {hunk.number} stand at lines {found}, and not at line {hunk.first}. Name the line, "
            "or give more lines around the change",
        )
    first = max(expected - _AROUND, 0)
    rows = list(enumerate(lines[first : expected + min(len(old), _MOST_SHOWN) + _AROUND], start=first + 1))
    there = f"Around line {hunk.first} stands:\n{show_lines(rows)}" if rows else f"It has {len(lines)} lines"
    raise _refuse(path, f"the old lines of part {hunk.number} are not in the file. {there}")


def _refuse(path: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"The diff of {path} was not applied: {why}.", subject="changes")
