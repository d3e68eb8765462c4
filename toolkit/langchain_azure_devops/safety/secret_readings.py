"""Read a text in the ways in which a secret could be written into it: escaped, encoded, spread out or labelled.

Each reading costs time in proportion to the text. Decodings are read again, so that Base64 of Base64 or percent signs
inside hexadecimal are found; `MAX_DEPTH` limits how often, and `Budget` limits the characters of all readings.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from langchain_azure_devops.safety.new_lines import NewLines
from langchain_azure_devops.safety.secret_decodings import ENCODED, Decoded, condense, decode
from langchain_azure_devops.text.untrusted import clean

MAX_DEPTH = 2
"""How often decoded text is decoded again."""
_ROUNDS = 3
"""How often escapes are undone, because an escape may be escaped."""
_SEPARATED = 0.65
_SHARE, _LEAST = 48, 400_000
_TAG = re.compile(
    r"<!--.{0,300}?-->|<[A-Za-z/!?][^<>]{0,400}>|\{%.{0,200}?%\}|/\*.{0,200}?\*/|\]\([^()\n]{0,200}\)", re.DOTALL
)
_ESCAPE = re.compile(
    r"\\x\{([0-9A-Fa-f]{1,6})\}|\\x([0-9A-Fa-f]{2})|\\u\{([0-9A-Fa-f]{1,6})\}|\\u([0-9A-Fa-f]{4})"
    r"|\\U([0-9A-Fa-f]{8})|[Uu]\+([0-9A-Fa-f]{4,6})[ ;,]?|%u([0-9A-Fa-f]{4})"
)
_CHARACTER_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9A-Fa-f]+;?|[A-Za-z0-9]{1,32};?)")
_QUOTED_PRINTABLE = re.compile(r"=([0-9A-Fa-f]{2})")
_SOFT_BREAK = re.compile(r"=[ \t]*\r?\n")
_OCTAL = re.compile(r"\\o?\{?([0-7]{2,3})\}?")
_CSS = re.compile(r"\\([0-9A-Fa-f]{2,6})[ \t\n]?")
_NAMED = re.compile(r"\\N\{([A-Z0-9 -]{1,60})\}")
# Before a piece of a secret: a number in a list, or a name with a colon or an equals sign.
_NUMBER = re.compile(r"(?<!\w)\d{1,4}+[).:\]]")
_LABEL = re.compile(r"(?<!\w)[A-Za-z]\w{2,20}+[ \t]{0,3}+(?:[=:]>?|->)")
_FEWEST_LABELS, _FEWEST_ESCAPES, _MIDDLE = 2, 8, 2
_OTHER_LETTER = re.compile("[\u2100-\u214f\u2460-\u24ff\uff00-\uffef\U0001d400-\U0001d7ff\U0001f100-\U0001f1ff]")
_QUOTED = re.compile(r"\"([^\"\n]{1,200})\"|'([^'\n]{1,200})'|`([^`\n]{1,200})`|“([^”\n]{1,200})”")
_CELL = re.compile(r"[^|]*[\w\\%&][^|]*")
_NOT_IN_ESCAPES = re.compile(r"[^A-Za-z0-9\\%&#={}+]+")
_MAY_BE_ESCAPED = re.compile(r"[\\%+]")
_WORD = re.compile(r"\w+")
_ROT13 = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "NOPQRSTUVWXYZABCDEFGHIJKLMnopqrstuvwxyzabcdefghijklm",
)
# Dates and ids taken for the numbers of characters say control characters now and then, an encoding never.
_WITHOUT_CONTROLS = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]{14,}")
# A long word, and a short one with a digit.
_ENCODED_WORD = re.compile(r"(?<!\S)(?:\S{10,}|(?=\S{0,8}\d)\S{1,9}(?!\S))")
_LONG_STRETCH = re.compile(r"[\w+/=\s,.:-]{14}", re.ASCII)
_BEGINS_ESCAPE = re.compile(r"\\[xuUoN0-7{]|%[0-9A-Fa-fu]|&[#a-zA-Z]|=[0-9A-F]{2}|U\+|</?\w")
_FEWEST_SIGNS = 4
# Characters that nobody sees and that stand for a letter: tags, and variation selectors that stand for a byte.
_SMUGGLED = {
    **{0xE0000 + code: code for code in range(0x20, 0x7F)},
    **{0xFE00 + code: code for code in range(16)},
    **{0xE0100 + code: code + 16 for code in range(240)},
}
_MAY_BE_SMUGGLED = re.compile("[\ufe00-\ufe0f\U000e0020-\U000e007e\U000e0100-\U000e01ef]")


@dataclass
class Budget:
    """The characters that all readings of a text may have.

    Attributes:
        left: What is left of them.
        exceeded: Whether a reading was left out because of them.
    """

    left: int
    exceeded: bool = False

    @classmethod
    def for_text(cls, text: str) -> "Budget":
        """Return the budget of a text, which grows in proportion to it."""
        return cls(_LEAST + _SHARE * len(text))

    def take(self, size: int) -> bool:
        """Take the characters of one more reading; False when there are not enough."""
        self.left -= size
        self.exceeded = self.exceeded or self.left < 0
        return self.left >= 0


@dataclass(frozen=True)
class Reading:
    """A text as somebody may read it.

    Attributes:
        text: The text.
        whole: Whether its words are still in their order, so that a secret in it has the form that rules know.
    """

    text: str
    whole: bool


def read_in_all_ways(text: str, budget: Budget) -> Iterator[Reading]:
    """Yield a text in all its readings, each once; later ones are left out when the budget is used up."""
    yield from _Readings(budget).of_text(text)


@dataclass
class _Readings:
    """The readings of one text, and what was read and decoded already."""

    budget: Budget
    seen: set[str] = field(default_factory=set)
    decoded: set[bytes] = field(default_factory=set)

    def of_text(self, text: str, depth: int = 0) -> Iterator[Reading]:
        """Yield the readings of a text. What was decoded twice is read as it is."""
        plain = list(self._take(_undo_markup(text)))
        yield from (Reading(form, whole=True) for form in plain)
        if depth == MAX_DEPTH:
            return
        others = list(self._take(map(NewLines().choose, _undo_layouts(plain))))
        encoded = _ENCODED_WORD.findall(text) if depth == 0 else []
        if encoded:
            # Reversed or rotated prose shows in the reversed or rotated secret. These are for encodings.
            words = " ".join(encoded)
            turned = (words[::-1], words.translate(_ROT13))
            others += [form for words in turned for form in self._take(_undo_markup(words))]
        yield from (Reading(form, whole=False) for form in others)
        # Decoded text is laid out anew, or encoded once more; both together are left to the reader.
        for form in plain if depth else (" ".join(encoded), *plain, *others):
            yield from self._of_decoded(form, depth)

    def _of_decoded(self, text: str, depth: int) -> Iterator[Reading]:
        parts = [part for part in self._decode(text) if self.budget.take(len(part.text))]
        yield Reading("\n".join(part.text for part in parts), whole=True)
        # The rest is chance: what a text says that was no encoding.
        pieces = (piece for part in parts if part.unbroken for piece in _WITHOUT_CONTROLS.findall(part.text))
        if again := "\n".join(piece for piece in pieces if _may_be_encoded(piece)):
            yield from self.of_text(again, depth + 1)

    def _take(self, texts: Iterable[str]) -> Iterator[str]:
        for text in texts:
            if text not in self.seen and self.budget.take(len(text)):
                self.seen.add(text)
                yield text

    def _decode(self, text: str) -> Iterator[Decoded]:
        """Decode a text unless another one said the same to the decoders."""
        characters = condense(text)
        if len(characters) >= ENCODED and characters not in self.decoded:
            self.decoded.add(characters)
            yield from decode(text)


def _may_be_encoded(text: str) -> bool:
    """Return whether a decoded text may hold a part of a secret in one more encoding."""
    return len(text) >= ENCODED and (
        _LONG_STRETCH.search(text) is not None or len(_BEGINS_ESCAPE.findall(text)) >= _FEWEST_SIGNS
    )


def _undo_markup(text: str) -> Iterator[str]:
    """Yield a text with and without its markup, each with and without its escapes; of a long text what is new in each.

    What is not new was read before, and so was what becomes of it.
    """
    choose = NewLines().choose
    yield choose(text)
    if _MAY_BE_SMUGGLED.search(text):
        yield choose(text.translate(_SMUGGLED))
    text = clean(text)
    compatible = unicodedata.normalize("NFKC", text) if len(_OTHER_LETTER.findall(text)) >= _FEWEST_ESCAPES else text
    yield choose(text)
    others = [choose(other) for other in (_TAG.sub("", text), compatible) if other != text]
    yield from others
    for shown in (text, *others):
        for unescaped in map(choose, unescape(shown)):
            yield unescaped
            bare = choose(_TAG.sub("", clean(unescaped)))
            yield bare
            yield from map(choose, unescape(bare))


def unescape(text: str) -> Iterator[str]:
    """Yield a text with its escapes undone in three ways: a number after a sign has several meanings."""
    for undo in (_undo_octal, _undo_style_sheet, _undo_quoted_printable):
        plain = text
        for _ in range(_ROUNDS):
            before = plain
            plain = undo(_undo_common(plain))
            if plain == before:
                break
        if plain != text:
            yield plain


def _undo_common(text: str) -> str:
    if "\\" in text:
        text = _NAMED.sub(_named_character, text)
    if _MAY_BE_ESCAPED.search(text):
        text = _ESCAPE.sub(lambda found: _character(found[found.lastindex or 0], 16) or found[0], text)
    if "%" in text:
        text = unquote(text, errors="ignore")
    if "&" not in text:
        return text
    # Each one is looked up once: in an address, the names of its parameters look like them.
    references = {found: html.unescape(found) for found in set(_CHARACTER_REFERENCE.findall(text))}
    return _CHARACTER_REFERENCE.sub(lambda found: references[found[0]], text)


def _undo_octal(text: str) -> str:
    return _OCTAL.sub(lambda found: _character(found[1], 8) or found[0], text) if "\\" in text else text


def _undo_style_sheet(text: str) -> str:
    return _CSS.sub(lambda found: _character(found[1], 16) or found[0], text) if "\\" in text else text


def _undo_quoted_printable(text: str) -> str:
    if "=" not in text:
        return text
    return _QUOTED_PRINTABLE.sub(lambda found: _character(found[1], 16), _SOFT_BREAK.sub("", text))


def _character(digits: str, base: int) -> str:
    code = int(digits, base)
    return chr(code) if code < 0x110000 else ""


def _named_character(found: re.Match[str]) -> str:
    try:
        return unicodedata.lookup(found[1])
    except KeyError:
        return found[0]


def _undo_layouts(texts: Iterable[str]) -> Iterator[str]:
    """Yield texts in other layouts; what is put together then may be an escape."""
    for text in texts:
        yield from _undo_layout(text)
        for dense in (_NOT_IN_ESCAPES.sub("", text), *_remove_labels(text)):
            yield from (plain for plain in unescape(dense) if len(dense) - len(plain) >= _FEWEST_ESCAPES)


def _undo_layout(text: str) -> Iterator[str]:
    """Yield a text without labels or separators, and the words that a reader would put together."""
    if len(dense := _NOT_IN_ESCAPES.sub("", text)) < _SEPARATED * len(text):
        yield dense
    yield from _remove_labels(text)
    quoted = ["".join(filter(None, found)) for found in _QUOTED.findall(text)]
    if len(quoted) > 1:
        yield "".join(quoted)
        yield "".join(quoted[1::2])
    lines = [cells for line in text.split("\n") if (cells := _CELL.findall(line) if "|" in line else line.split())]
    if len(lines) > 1:
        yield "".join(cells[0] for cells in lines)
        yield "".join(cells[-1].strip() for cells in lines)
        if sum(len(cells) > _MIDDLE for cells in lines) >= _FEWEST_ESCAPES:
            yield "".join(cells[1].strip() for cells in lines if len(cells) > _MIDDLE)
    yield "".join(word[0] for word in _WORD.findall(text))


def _remove_labels(text: str) -> Iterator[str]:
    for pattern in (_NUMBER, _LABEL):
        shown, count = pattern.subn(" ", text)
        if count >= _FEWEST_LABELS:
            yield _NOT_IN_ESCAPES.sub("", shown)
