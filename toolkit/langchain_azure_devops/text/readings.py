"""A text as whoever gets it reads it, with the way back to the positions of the original.

Before a text reaches a model, its invisible characters and its colours are removed. A secret with one of them inside,
or directly before it, is whole only then. Secrets are therefore looked for in the reading and replaced in the original.
"""

import html
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter

from langchain_azure_devops.text.untrusted import ANSI, HIDDEN

# It separates texts that are searched as one, and stands after a line break there.
_APART = "\x1e"
# Invisible characters and terminal commands as messages spell them when they quote a value.
_SPELLED = (
    r"\\(?:(?:x1b|x9b|u001b|u009b|033|e)(?:\[[0-?]{0,40}[ -/]{0,4}[@-~])"
    r"|xad|x0[0-8bcef]|x1[0-9a-f]|x7f|u(?:00ad|034f|061c|180[b-f]|200[b-f]|202[a-e]|20[67][0-9a-f]|feff|fe0[0-9a-f]))"
)
# Commands whose parts read as text when only the characters that begin and end them are taken out: links, titles,
# and the choice of letters. They end where a message spells their end, or with their line.
_ESCAPE = r"\\(?:x1b|u001b)"
_ENDS = r"\\(?:x07|x9c|u0007|u009c|a)"
_SPELLED_COMMAND = re.compile(
    rf"(?:{_ESCAPE}\]|\\(?:x9d|u009d))(?:[^\\\r\n\x85\u2028\u2029]|(?!{_ENDS}|{_ESCAPE})\\)*+(?:{_ENDS}|{_ESCAPE}\\{{1,2}})?"
    rf"|{_ESCAPE}(?:[ -/]{{1,4}}[0-~]|(?![\[\]])[0-~])"
)
_IS_SPELLED = re.compile(_SPELLED)
_NOT_READ = re.compile(f"{ANSI}|(?<!\n){_APART}|(?!{_APART}){HIDDEN}|{_SPELLED}")
_BREAK = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
_PLAIN = bytes([*b"\n\t", *range(32, 127)])
_CARRIAGE, _SEPARATOR = b"\r", _APART.encode()
_MARK = "[secret:"
_TYPED = re.compile(r"\[secret:(?:[a-z-]+(?::[0-9a-f]{10})?\])?")
_WORD_GOES_ON = re.compile(
    r"(?:\[secret:[a-z-]+(?::[0-9a-f]{10})?\]|(?!\[secret:)[^\s\"'`<>A-Za-z0-9]){0,200}+[A-Za-z0-9]"
)
_WORD_CAME_BEFORE = re.compile(r"[A-Za-z0-9]\Z")
# Letters and digits need no escape. Signs are escaped in the written forms of each secret.
_CODE = r"(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])"
_NUMBER = rf"(?:[xX]0{{0,5}}{_CODE}|0{{0,5}}(?:4[89]|5[0-7]|6[5-9]|[78]\d|9[0789]|1[01]\d|12[0-2])(?!\d))"
_NEEDLESS = re.compile(rf"%{_CODE}|\\(?:u00|x|u\{{){_CODE}|&\#{_NUMBER}")
_ESCAPES = re.compile(
    r"%([0-9A-Fa-f]{2})|\\u(?:00([0-9A-Fa-f]{2})|\{0{0,4}([0-9A-Fa-f]{2})\})|\\x([0-9A-Fa-f]{2})"
    r"|(&(?:\#[0-9A-Za-z]{1,8}|[a-z]{2,6});?)"
)


@dataclass(frozen=True)
class Reading:
    """A text without some parts of the original.

    Attributes:
        text: The text.
        removed: For each removed part its place in `text`, and how many characters were removed up to its end.
    """

    text: str
    removed: tuple[tuple[int, int], ...] = ()

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a part of the text stands in the original, with what was removed inside and directly before."""
        return start + self._removed_before(start), end + self._removed_before(end)

    def place_of(self, original: int) -> int:
        """Return the place in the text of a place in the original."""
        at = bisect_right(self.removed, original, key=sum)
        return (
            min(original - self._sum(at), self.removed[at][0]) if at < len(self.removed) else original - self._sum(at)
        )

    def widen(self, start: int, end: int) -> tuple[int, int]:
        """Extend a part of the original so that it splits nothing of what was removed."""
        at, until = (bisect_right(self.removed, place, key=sum) for place in (start, end - 1))
        if at < len(self.removed):
            start = min(start, self.removed[at][0] + self._sum(at))
        if until < len(self.removed) and self.removed[until][0] + self._sum(until) < end:
            end = max(end, sum(self.removed[until]))
        return start, end

    def _removed_before(self, place: int) -> int:
        return self._sum(bisect_left(self.removed, place, key=itemgetter(0)))

    def _sum(self, parts: int) -> int:
        return self.removed[parts - 1][1] if parts else 0


def read(text: str) -> Reading:
    """Return a text without invisible characters and terminal escapes, and with newlines for single line breaks."""
    spelled = "\\" in text and _IS_SPELLED.search(text) is not None
    if not spelled and text.isascii() and (text.isprintable() or _is_plain(text)):
        return Reading(text)
    spans = [match.span() for match in _NOT_READ.finditer(text)]
    reading = _without(text, spans) if spans else Reading(text)
    shown = _BREAK.sub("\n", reading.text)
    return reading if shown == reading.text else Reading(shown, reading.removed)


def read_past_commands(text: str) -> Reading:
    """Return a text without whole commands to a terminal that a message spells, as the beginning of a link.

    `read` takes out only the characters that begin and end such a command, because what stands between them is shown.
    """
    if "\\" not in text:
        return Reading(text)
    spans = [match.span() for match in _SPELLED_COMMAND.finditer(text)]
    return _without(text, spans) if spans else Reading(text)


def _is_plain(text: str) -> bool:
    others = text.encode().translate(None, _PLAIN)
    # Windows ends lines with both characters, and a separator stands after a line break.
    return not others or (
        not others.strip(_CARRIAGE + _SEPARATOR)
        and others.count(_CARRIAGE) == text.count("\r\n")
        and others.count(_SEPARATOR) == text.count("\n" + _APART)
    )


def read_past_pseudonyms(text: str, is_given: Callable[[str], bool]) -> Reading:
    """Return a text without pseudonyms that somebody typed beside a value to make it look like a reference.

    Args:
        text: The text.
        is_given: Whether a pseudonym stands for something.
    """
    if _MARK not in text:
        return Reading(text)
    typed = [match for match in _TYPED.finditer(text) if not is_given(match[0])]
    unfinished = {match.start() for match in typed if match[0] == _MARK}
    if unfinished:
        text = "".join(" " if at in unfinished else each for at, each in enumerate(text))
    spans = [match.span() for match in typed if match[0] != _MARK and _stands_in_a_word(text, match)]
    return _without(text, spans) if spans else Reading(text)


def _stands_in_a_word(text: str, match: re.Match[str]) -> bool:
    return (
        _WORD_GOES_ON.match(text, match.end()) is not None
        or _WORD_CAME_BEFORE.search(text, max(0, match.start() - 1), match.start()) is not None
    )


def read_escapes(text: str) -> Reading | None:
    """Return a text without its escapes when letters or digits are escaped, which need none; otherwise None."""
    if ("%" not in text and "\\" not in text and "&#" not in text) or not _NEEDLESS.search(text):
        return None
    pieces, removed, at, gone, size = list[str](), list[tuple[int, int]](), 0, 0, 0
    for start, end, shown in _list_escapes(text):
        pieces += [text[at:start], shown]
        size += start - at + len(shown)
        gone += end - start - len(shown)
        removed.append((size - 1, gone))
        at = end
    return Reading("".join([*pieces, text[at:]]), tuple(removed))


def _list_escapes(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _ESCAPES.finditer(text):
        shown = html.unescape(match[5]) if match[5] else chr(int(match[match.lastindex or 0], 16))
        if len(shown) == 1 and shown.isprintable() and shown.isascii():
            yield *match.span(), shown


def _without(text: str, spans: list[tuple[int, int]]) -> Reading:
    pieces, at = list[str](), 0
    for start, end in spans:
        pieces.append(text[at:start])
        at = end
    sums = list(accumulate(end - start for start, end in spans))
    places = [start - gone for (start, _), gone in zip(spans, [0, *sums], strict=False)]
    return Reading("".join([*pieces, text[at:]]), tuple(zip(places, sums, strict=True)))
