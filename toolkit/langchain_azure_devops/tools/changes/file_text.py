"""The text of a file that is edited: its encoding, its byte order mark and the end of each line are kept."""

import codecs
import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.text.lines import LFS, detect_encoding

Redact = Callable[[str], str]
"""Replaces the secrets in a text by pseudonyms."""
_SECRET = re.compile(r"\[secret:[a-z-]+(?::[0-9a-f]{10})?\]")
_BREAK = re.compile(r"\r?\n")
_NEAR = 3
_SHOWN_LINE = 160
_MOST_COMPARED = 20_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Edit(NamedTuple):
    """A part of a text, by start and end, and the text that takes its place."""

    start: int
    end: int
    new: str


class FileText:
    """A text whose lines end with a line feed here, and as they did before in the bytes that are made of it.

    What is searched in it is compared with the text that readers are shown: the place of a secret is found by nothing,
    or the answers would tell what it is.

    Attributes:
        path: The name of the file, for messages.
        text: The text.
    """

    def __init__(self, path: str, raw: bytes, redact: Redact) -> None:
        """Decode a file.

        Args:
            path: Its name.
            raw: Its bytes.
            redact: Replaces the secrets in a text.

        Raises:
            InvalidRequest: It is no text.
        """
        if detect_encoding(raw) is None:
            raise InvalidRequest(f"{path} is a binary file, and only text can be edited.", subject="changes")
        if raw.startswith(LFS.encode()):
            raise InvalidRequest(
                f"{path} is a pointer of Git LFS: the file itself is stored outside of the repository and cannot be "
                "edited here.",
                subject="changes",
            )
        self.path, self._redact = path, redact
        self._mark, self._encoding = next(
            ((mark, encoding) for mark, encoding in _MARKS if raw.startswith(mark)), (b"", "utf-8")
        )
        whole, self._strict = _decode(path, raw[len(self._mark) :], self._encoding)
        self._ends = _BREAK.findall(whole)
        self.text = whole.replace("\r\n", "\n")
        self._shown = ("", "")

    def encode(self) -> bytes:
        """Return the bytes of the file with the text as it is now.

        Raises:
            InvalidRequest: The text has characters that do not fit to the rest of the file.
        """
        first, *others = self.text.split("\n")
        whole = first + "".join(end + line for end, line in zip(self._ends, others, strict=True))
        try:
            return self._mark + whole.encode(self._encoding, "surrogateescape")
        except UnicodeEncodeError as error:
            why = f"The text for {self.path} cannot be stored: {error.reason}."
            raise InvalidRequest(why, subject="changes") from None

    def apply(self, edits: Sequence[Edit]) -> None:
        """Replace parts of the text; new lines end as those did that they replace, or as the line before.

        Args:
            edits: The parts, in order and without overlaps.

        Raises:
            InvalidRequest: A new text has characters that do not fit to the rest of the file.
        """
        if not self._strict and not all(edit.new.isascii() for edit in edits):
            raise InvalidRequest(
                f"{self.path} is not encoded in UTF-8, so only ASCII characters can be written into it.",
                subject="changes",
            )
        pieces: list[str] = []
        ends: list[str] = []
        at = line = 0
        for edit in edits:
            pieces += [self.text[at : edit.start], edit.new]
            kept = self.text.count("\n", at, edit.start)
            ends += self._ends[line : line + kept]
            line += kept
            replaced = self._ends[line : line + self.text.count("\n", edit.start, edit.end)]
            around = replaced[-1:] or self._ends[line - 1 : line] or self._ends[line : line + 1] or ["\n"]
            count = edit.new.count("\n")
            ends += (replaced + around * count)[:count]
            line += len(replaced)
            at = edit.end
        self.text = "".join([*pieces, self.text[at:]])
        self._ends = [*ends, *self._ends[line:]]

    def replace_found(self, search: str, new: str, times: int | None) -> None:
        """Replace a text wherever it occurs.

        Args:
            search: The text as it stands in the file, with its spaces; lines end with a line feed.
            new: The text that takes its place.
            times: How often it occurs; None for once, where the caller cannot say anything else.

        Raises:
            InvalidRequest: It occurs more or less often; the message says where, or which lines are like it.
        """
        found = [place for start, end in self._find_visible() for place in _find_all(self.text, search, start, end)]
        if len(found) != (times or 1):
            raise InvalidRequest(self._explain_count(search, found, times), subject="changes")
        self.apply([Edit(start, start + len(search), new) for start in found])

    @property
    def lines(self) -> list[str]:
        """The lines as readers are shown them, without secrets; an empty one stands behind the last line end."""
        lines = self._show().split("\n")
        if len(lines) != self.text.count("\n") + 1:
            why = f"{self.path} holds a secret over several lines, so it is not edited by its lines."
            raise InvalidRequest(why, subject="changes")
        return lines

    def _show(self) -> str:
        if self._shown[0] != self.text:
            self._shown = (self.text, self._redact(self.text))
        return self._shown[1]

    def _find_visible(self) -> list[tuple[int, int]]:
        """Return the parts of the text, by start and end, that hold no part of a secret."""
        parts = _SECRET.split(self._show())
        forward = _locate(self.text, parts)
        backward = [
            len(self.text) - end for end in _locate(self.text[::-1], [part[::-1] for part in parts[::-1]], ends=True)
        ]
        # A short part may stand in a secret as well: then both ways do not lead to the same place.
        spans = zip(parts, forward, backward[::-1], strict=False)
        return [(start, start + len(part)) for part, start, other in spans if start == other]

    def _explain_count(self, search: str, found: list[int], times: int | None) -> str:
        if found:
            lines = ", ".join(str(self.line_at(start)) for start in found[:20])
            more = ", and more" if len(found) > 20 else ""
            several = ", or give times to replace all of them" if times else ""
            return (
                f"{self.path} was not edited: the searched text occurs {_count(len(found))}, at line {lines}{more}, "
                f"and not {_count(times or 1)}. Search for more of the text around the place that is meant{several}."
            )
        return f"{self.path} was not edited: the searched text is not in it. {self._describe_near(search)}"

    def line_at(self, place: int) -> int:
        """Return the number of the line that a place of the text is on, from 1."""
        return self.text.count("\n", 0, place) + 1

    def _describe_near(self, search: str) -> str:
        """Describe the lines that are most like the first line of a text with something on it."""
        wanted = next((line.strip() for line in search.split("\n") if line.strip()), "")
        lines = self.lines[:_MOST_COMPARED]
        stripped = {line.strip() for line in lines if line.strip() and len(line) <= 10 * _SHOWN_LINE}
        near = difflib.get_close_matches(wanted[: 10 * _SHOWN_LINE], stripped, n=_NEAR, cutoff=0.5)
        rows = [(number, line) for number, line in enumerate(lines, start=1) if line.strip() in near][:_NEAR]
        if not rows:
            return f"No line is like its first one, {wanted[:_SHOWN_LINE]!r}. Read it again."
        return f"These lines are like its first one:\n{show_lines(rows)}"


def show_lines(rows: list[tuple[int, str]]) -> str:
    """Return lines with their numbers, as the tools that read files show them."""
    return "\n".join(f"{number}: {line[:_SHOWN_LINE]}" for number, line in rows)


def _decode(path: str, raw: bytes, encoding: str) -> tuple[str, bool]:
    """Decode a text; of one that is not encoded in UTF-8 the other bytes are kept, and False says so."""
    try:
        return raw.decode(encoding), True
    except UnicodeDecodeError:
        if encoding != "utf-8":
            raise InvalidRequest(f"{path} is damaged: it is no valid {encoding}.", subject="changes") from None
        return raw.decode(encoding, "surrogateescape"), False


def _locate(text: str, parts: list[str], *, ends: bool = False) -> list[int]:
    """Return where each part of a text begins (or ends) that has something between them; nothing if one is missing."""
    found: list[int] = []
    at = 0
    for number, part in enumerate(parts):
        start = text.find(part, at + 1 if number else 0)
        if start < 0:
            return []
        at = start + len(part)
        found.append(at if ends else start)
    return found


def _find_all(text: str, search: str, start: int, end: int) -> Iterator[int]:
    """Yield where a text occurs between two places, without overlaps."""
    at = text.find(search, start, end)
    while at >= 0:
        yield at
        at = text.find(search, at + len(search), end)


def _count(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
