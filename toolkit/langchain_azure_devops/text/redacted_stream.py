"""Redact a text of any length while it is read, in blocks that overlap so that none of them splits a secret.

A block that holds wanted lines is redacted as a whole, with what surrounds it. From all other blocks only the secrets
are learned that stand under a name, because only they cannot be recognized without it; that costs a tenth. What was
learned anywhere in the text is replaced in all that is kept of it.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import NamedTuple

from langchain_azure_devops.text.known_secrets import KnownSecrets
from langchain_azure_devops.text.readings import read
from langchain_azure_devops.text.replacements import Replacement, render
from langchain_azure_devops.text.written_forms import flatten_text

_BLOCK = 128 * 1024
AROUND = 16 * 1024
"""Characters before and after each block that are redacted with it: a private key of the largest kind has 13,000."""
_NAMES = (
    b"pass",
    b"pwd",
    b"secret",
    b"token",
    b"key",
    b"cred",
    b"auth",
    b"login",
    b"sig=",
    b"bearer",
    b"mysql",
    b"securestring",
)
_IN_ADDRESS = re.compile(rb"://[^\s/@'\"]{1,100}@")
_SIGN = re.compile(
    rb"[^\n]{0,40}?[=:>,\"'(\]]|[^\n]{0,40} -|[^\n]{0,20} (?:is|was) |(?:pass(?:word|wd)?|pwd)[ \t]"
    rb"|[^\n]{0,40}\n[ \t-]{0,40}value"
)
_OPTION = re.compile(rb"(?:^|[ \n])--?[\w.-]{0,20}$")
_WIDE = re.compile(rb"-----begin|\"?kind\"?: {0,2}[\"']?secret\b")
"""What is followed by a whole block, or what tells that the document around it holds secrets."""
_DOCUMENT = 4_000
_NAME, _VALUE = 48, 400
"""How many characters a name with its sign has at most, and a value."""

Wanted = Callable[[int, int, str], bool]
"""Decides whether lines of a block may be kept, from the numbers of its first and last line and its text."""


class _Window(NamedTuple):
    """A part of the text in memory: what was passed on before, the block, and what follows it.

    Attributes:
        text: All of it.
        done: How much of it was passed on before.
        line: The number of the line in which the block begins.
    """

    text: str = ""
    done: int = 0
    line: int = 1


async def redact_stream(texts: AsyncIterator[str], secrets: KnownSecrets, wanted: Wanted) -> AsyncIterator[str]:
    """Yield a text piece by piece, with pseudonyms in the wanted parts; its lines keep their numbers.

    Args:
        texts: The text in pieces of any size.
        secrets: Learns what the text names.
        wanted: Decides which parts are redacted. The others are passed on as they are, and nobody may see them.
    """
    window, fresh, size = _Window(), list[str](), 0
    async for text in texts:
        fresh.append(text)
        size += len(text)
        if size >= _BLOCK:
            window = window._replace(text="".join([window.text, *fresh]))
            fresh, size = [], 0
            piece, window = _pass_on(window, secrets, wanted, end=False)
            yield piece
    window = window._replace(text="".join([window.text, *fresh]))
    yield _pass_on(window, secrets, wanted, end=True)[0]


def _pass_on(window: _Window, secrets: KnownSecrets, wanted: Wanted, *, end: bool) -> tuple[str, _Window]:
    """Return the next piece of the text, and the window that remains."""
    text, done, line = window
    most = len(text) if end else max(done, len(text) - AROUND)
    last = line + text.count("\n", done, most)
    if done == 0 == len(text) - most or wanted(line, last, text):
        found = secrets.find(text)
        cut = most if end else _find_cut(text, done, most, found)
        piece = render(text, found, done, cut)
    else:
        learn_named(text[max(0, done - AROUND) :], secrets)
        cut = most if end else _find_cut(text, done, most, [])
        piece = text[done:cut]
    keep = max(0, cut - AROUND)
    return piece, _Window(text[keep:], cut - keep, line + text.count("\n", done, cut))


def _find_cut(text: str, done: int, most: int, found: list[Replacement]) -> int:
    """Return where a block ends: at the end of a line if it can, and never inside a secret."""
    cut = text.rfind("\n", done, most) + 1 or most
    for part in found:
        if part.start < cut < part.end:
            return part.start if part.start > done else part.end
    return cut


def find_around(text: str, places: Sequence[int], secrets: KnownSecrets) -> list[Replacement]:
    """Find the secrets that stand around some places of a text, whatever a distant part of it names them.

    Args:
        text: The whole text.
        places: Where the parts are that will be shown, with at most `AROUND` characters before and after them.
        secrets: Learns the secrets of the whole text.
    """
    if len(text) <= _BLOCK // 2:
        return secrets.find(text)
    learn_named(text, secrets)
    # Invisible characters do not count for what stands around a place.
    seen = read(text)
    spans: list[tuple[int, int]] = []
    for place in sorted(seen.place_of(place) for place in places):
        start, end = max(0, place - AROUND), place + AROUND
        spans = [*spans[:-1], (spans[-1][0], end)] if spans and start <= spans[-1][1] else [*spans, (start, end)]
    parts = [seen.original_span(start, min(end, len(seen.text))) for start, end in spans]
    found = [(start, part) for start, end in parts for part in secrets.find(text[start:end])]
    return [part._replace(start=start + part.start, end=start + part.end) for start, part in found]


def learn_named(text: str, secrets: KnownSecrets) -> None:
    """Learn the secrets of a text that stand under a name, without a look at the rest of it."""
    text = read(text).text
    flat = flatten_text(text)
    spans: list[tuple[int, int]] = []
    for at in sorted(_find_names(flat)):
        if spans and at < spans[-1][1] - _VALUE // 2:
            continue
        wide = _WIDE.match(flat, at)
        # The lines just before a name may tell what it means.
        line = flat.rfind(b"\n", 0, max(0, at - _NAME)) + 1
        start = max(line, at - _VALUE) if wide is None else max(0, at - _DOCUMENT)
        end = _find_end(flat, at) if wide is None else at + (AROUND if wide[0][:1] == b"-" else _DOCUMENT)
        if spans and start <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((start, end))
    if spans:
        secrets.redact_all([text[start:end] for start, end in spans])


def _find_end(flat: bytes, at: int) -> int:
    """Return where the value after a name ends: with its line, or with the next one, on which it may stand."""
    end = flat.find(b"\n", at, at + _VALUE)
    following = flat.find(b"\n", end + 1, at + _VALUE) if end >= 0 else -1
    return following if following >= 0 else at + _VALUE


def _find_names(flat: bytes) -> Iterator[int]:
    """Yield the places of names that a value may follow: after a sign, or as an option of a command."""
    for name in _NAMES:
        for at in _find_all(flat, name):
            if _SIGN.match(flat, at, at + _NAME) or _OPTION.search(flat[max(0, at - _NAME // 2) : at]):
                yield at
    yield from (at for at in _find_all(flat, b"://") if _IN_ADDRESS.match(flat, at))
    yield from _find_all(flat, b"-----begin")
    for at in _find_all(flat, b"kind"):
        # A quote before the word belongs to it.
        start = at - (flat[max(0, at - 1) : at] == b'"')
        if _WIDE.match(flat, start):
            yield start


def _find_all(flat: bytes, part: bytes) -> Iterator[int]:
    """Yield where a part stands; a search for plain text is many times faster than a regular expression."""
    at = flat.find(part)
    while at >= 0:
        yield at
        at = flat.find(part, at + len(part))
