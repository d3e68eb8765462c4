"""Find in a text what a reader takes for the tag of a fence or for its nonce, whatever it is written with.

The text is reduced to the letters and angle brackets that a reader sees: compatibility forms, accents, other scripts,
escapes such as `&lt;` and everything between the letters are taken away. Every letter keeps its place in the text, and
the time grows only with the length of the text.
"""

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from langchain_azure_devops.text.letter_shapes import ALIKE, ROUGHLY

_WORD = "untrusted"
_LEAST_NONCE = 8
"""A nonce of fewer characters is not unguessable, and would be found in ordinary words."""

# The letters of the tag, the hexadecimal digits of a nonce and the brackets. Other letters are as nothing in between.
_SHAPE = {
    character: shape
    for table in (ALIKE, ROUGHLY)
    for shape, characters in table.items()
    if shape in "abcdef<>" or shape in _WORD
    for character in characters
}
_LETTER = re.compile(r"\bLETTER (?:[A-Z-]+ )*?([A-Z])(?: WITH .*)?$")
_OPENS = re.compile(r"LESS-THAN|PRECED|\bLEFT\b[A-Z -]*\bANGLE\b|LEFT ARROWHEAD")
_CLOSES = re.compile(r"GREATER-THAN|SUCCEED|\bRIGHT\b[A-Z -]*\bANGLE\b|RIGHT ARROWHEAD")
# Written without alternatives at the beginning and without IGNORECASE: that is several times as fast.
_ESCAPE = re.compile(
    r"[&\\%](?:"
    r"(?<=&)(?:(?:[aA][mM][pP]|\#0*38|\#[xX]0*26);)*"
    r"(?:\#[0-9]{1,9}|\#[xX][0-9a-fA-F]{1,8}|[a-zA-Z][a-zA-Z0-9]{1,30});?"
    r"|(?<=\\)(?:u(?:[0-9a-fA-F]{4}|\{[0-9a-fA-F]{1,6}\})|x[0-9a-fA-F]{2})"
    r"|(?<=%)(?:25)*[0-9a-fA-F]{2})"
)
_AMPERSANDS = re.compile(r"(?:(?:[aA][mM][pP]|#0*38|#[xX]0*26);)+")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
# The rest of another name, such as `untrusted_input`. What looks like a nonce, or only like emphasis, is none.
_REST_OF_NAME = re.compile(rf"(?!_*[0-9a-fA-F]{{{_LEAST_NONCE},}}(?![0-9A-Za-z_]))_*[0-9A-Za-z]")
_BETWEEN = re.compile(rb"<[^<>]*>")
# The last bracket before the name, with nothing but other brackets between the letters.
_TAG = re.compile(rb"<>*" + rb"[<>]*".join(re.escape(letter.encode()) for letter in _WORD))
_MANY = 64
_LEVELS = 4
"""Levels of tags within tags; where there are more, every letter is looked at."""


def _table(kept: bytes) -> tuple[bytes, bytes]:
    """Return the table that makes letters small, and the bytes that are removed."""
    return bytes(range(256)).lower(), bytes(sorted(set(range(256)) - set(kept + kept.upper())))


_LETTERS = _table(b"abcdefghijklmnopqrstuvwxyz<>")
_LETTERS_AND_DIGITS = _table(b"abcdefghijklmnopqrstuvwxyz0123456789")


class Found(NamedTuple):
    """A place in a text.

    Attributes:
        start: Its first character.
        end: The character behind it.
        nonce: Whether it is the nonce; otherwise it is the bracket of a tag.
    """

    start: int
    end: int
    nonce: bool


def find_fence_parts(text: str, nonce: str = "", *, every: bool = False) -> list[Found]:
    """Find the opening brackets of everything that reads as the tag of a fence, and the nonce wherever it stands.

    Args:
        text: The text.
        nonce: The nonce of the fence around the text; a short one is not looked for.
        every: Whether to return all opening brackets of a text with a tag, where it is not clear what belongs together.

    Returns:
        The places in order, without overlaps.
    """
    wanted = "".join(map(fold, nonce))
    wanted = wanted if len(wanted) >= _LEAST_NONCE else ""
    plain = _plain(text)
    tagged = b"<" in plain and _may_hold_tag(plain.translate(*_LETTERS))
    named = bool(wanted) and wanted.encode() in plain.translate(*_LETTERS_AND_DIGITS)
    if not tagged and not named:
        return []
    units = _Units.read(text)
    tags = _find_tags(units, text) if tagged else set()
    if tags and every:
        tags = {place for unit, place in zip(*units, strict=True) if unit == "<"}
    places = [Found(*place, nonce=False) for place in tags]
    places += [Found(*place, nonce=True) for place in _find_nonces(units, wanted)] if named else []
    found: list[Found] = []
    for place in sorted(places):
        if not found or place.start >= found[-1].end:
            found.append(place)
    return found


@lru_cache(8192)
def fold(character: str) -> str:
    """Return the small Latin letters, digits and angle brackets that a reader sees in a character."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(map(_fold_part, decomposed))


def _fold_part(character: str) -> str:
    if character.isascii():
        return character if character.isalnum() or character in "<>" else ""
    if character in _SHAPE:
        return _SHAPE[character]
    if (digit := unicodedata.digit(character, None)) is not None:
        return str(digit)
    name = unicodedata.name(character, "")
    if _OPENS.search(name):
        return "<"
    if _CLOSES.search(name):
        return ">"
    letter = _LETTER.search(name)
    return letter[1].lower() if letter else ""


# -- whether there is anything to find ----------------------------------------------------------------------------


def _plain(text: str) -> bytes:
    """Return a text in ASCII as a reader sees it: escapes are resolved, and what looks like no letter is left out."""
    if "&" in text or "\\" in text or "%" in text:
        text = _ESCAPE.sub(lambda found: _unescape(found[0]), text)
    if text.isascii():
        return text.encode()
    seen = {character: folded for character in set(text) if character > "\x7f" and (folded := fold(character))}
    if len(seen) > _MANY:
        # The letters of ASCII stand in the table because a look-up that fails is slow.
        text = text.translate({**{code: chr(code) for code in range(128)}, **{ord(key): seen[key] for key in seen}})
    else:
        for character, folded in seen.items():
            text = text.replace(character, folded)
    return _NOT_ASCII.sub("", text).encode()


@lru_cache(8192)
def _unescape(escape: str) -> str:
    if escape[0] == "&":
        return html.unescape(f"&{_AMPERSANDS.sub('', escape[1:], count=1)}")
    code = int(escape[-2:] if escape[0] == "%" else escape[2:].strip("{}"), 16)
    return chr(code) if code < 0x110000 else ""


def _may_hold_tag(letters: bytes) -> bool:
    """Return whether the tag can be read anywhere, also with other tags between its letters."""
    for _ in range(_LEVELS):
        if _TAG.search(letters):
            return True
        shorter = _BETWEEN.sub(b"", letters)
        if len(shorter) == len(letters):
            return False
        letters = shorter
    return True


# -- where it is ---------------------------------------------------------------------------------------------------


class _Units(NamedTuple):
    """The letters, digits and brackets that a reader sees, each with the place where it comes from."""

    seen: list[str]
    places: list[tuple[int, int]]

    @classmethod
    def read(cls, text: str) -> "_Units":
        """Take every unit from a text; all letters of an escape come from the same place."""
        units = cls([], [])
        folded = {character: fold(character) for character in set(text)}
        position = 0
        for escape in _ESCAPE.finditer(text):
            units._read_plain(text, position, escape.start(), folded)
            for character in _unescape(escape[0]):
                for unit in fold(character):
                    units.seen.append(unit)
                    units.places.append(escape.span())
            position = escape.end()
        units._read_plain(text, position, len(text), folded)
        return units

    def _read_plain(self, text: str, start: int, end: int, folded: Mapping[str, str]) -> None:
        for position in range(start, end):
            for unit in folded[text[position]]:
                self.seen.append(unit)
                self.places.append((position, position + 1))

    def without(self, units: str) -> "_Units":
        """Leave some units out."""
        kept = [index for index, unit in enumerate(self.seen) if unit not in units]
        return _Units([self.seen[index] for index in kept], [self.places[index] for index in kept])


def _find_tags(units: _Units, text: str) -> set[tuple[int, int]]:
    """Find the brackets before the name of the fence, as the letters stand and around the tags between them."""
    letters = units.without("0123456789")
    _leave_other_names(letters, text)
    return _find_directly(letters) | _find_around_tags(letters)


def _leave_other_names(letters: _Units, text: str) -> None:
    """Take a letter out of each longer name that begins like that of the fence and is written in one piece.

    Whatever stands between the letters, a reader may leave out; a name in one piece has the end that is seen.
    """
    for found in re.finditer(_WORD, "".join(letters.seen)):
        places = letters.places[found.start() : found.end()]
        whole = all(before[1] >= after[0] for before, after in pairwise(places))
        if whole and _REST_OF_NAME.match(text, places[-1][1]):
            letters.seen[found.start()] = "_"


def _find_directly(letters: _Units) -> set[tuple[int, int]]:
    """Find the brackets of which only brackets stand before the name."""
    places: set[tuple[int, int]] = set()
    following = ""
    for unit, place in zip(reversed(letters.seen), reversed(letters.places), strict=True):
        if unit not in "<>":
            following = (unit + following)[: len(_WORD)]
        elif unit == "<" and following == _WORD:
            places.add(place)
    return places


def _find_around_tags(letters: _Units) -> set[tuple[int, int]]:
    """Find the brackets before the name when whole tags between its letters are left out."""
    kept = _Units([], [])
    open_at: list[int] = []
    for unit, place in zip(letters.seen, letters.places, strict=True):
        if unit == ">" and open_at:
            begun = open_at.pop()
            if "".join(kept.seen[begun + 1 : begun + 1 + len(_WORD)]) != _WORD:
                del kept.seen[begun:], kept.places[begun:]
            continue
        if unit == "<":
            open_at.append(len(kept.seen))
        kept.seen.append(unit)
        kept.places.append(place)
    return _find_directly(kept)


def _find_nonces(units: _Units, nonce: str) -> Iterator[tuple[int, int]]:
    """Find the places from the first to the last character of each nonce."""
    seen = units.without("<>")
    joined = "".join(seen.seen)
    position = joined.find(nonce)
    while position >= 0:
        last = position + len(nonce) - 1
        yield seen.places[position][0], seen.places[last][1]
        position = joined.find(nonce, last + 1)
