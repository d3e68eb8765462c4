"""The forms in which a known secret may be written, and an index that finds all of them in a text at once.

A text is compared in small letters and with one byte for each character, so that positions stay the same. Up to
`_FEW` forms are searched one by one. More of them are found by grams: short pieces of each form, of which every
occurrence contains one at a position that is a multiple of the gram's size. The time then depends on the length of the
text and not on the number of secrets.
"""

import base64
import html
import json
import re
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import quote, quote_plus

SHORTEST = 6
"""Shorter values are too likely to be something else."""
_SHORTEST_INSIDE = 8
_SHORTEST_WORD = 10
_WORDS = (
    "accessible administrator application applications authentication authorization automation certificate "
    "certificates collection components configuration connection connections contributor contributors controller "
    "credential credentials deployment deployments description development documentation elasticsearch encryption "
    "enterprise environment environments evaluation expression extensions foundation generation government "
    "identifier implementation information infrastructure integration integrations javascript kubernetes "
    "localhost maintenance management middleware monitoring navigation notification operations organization "
    "parameters permission permissions postgresql processing production programming properties protection "
    "references registration repositories repository restricted serializer serviceaccount statistics "
    "subscription superadmin superuser synchronization technology temporarily temporary terraform translation "
    "typescript undefined university validation verification visualstudio"
)
_COMMON_WORDS = frozenset(_WORDS.split())
_KEY_LINE = re.compile(
    r"[ \t>|+-]{0,40}([A-Za-z0-9+/]{40,}={0,2}|(?=[^\s]*\d)(?=[^\s]*[A-Z])[A-Za-z0-9+/]{16,39}={0,2})"
)
_BASE64 = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789+/-_")
_NOT_ASCII = ord("?")
_FEW = 48
_LONG, _LONG_FORM = 8, 15
_SHORT = 4


class WrittenForm(NamedTuple):
    """One form of a secret.

    Attributes:
        needle: The form in small letters, one byte for each character.
        exact: The form itself where the needle stands for more than one text; else empty.
        shown: What replaces it.
        word: Whether it counts only where no letter or digit stands next to it.
        base64: Whether the characters around it may belong to it, because Base64 mixes neighbours.
    """

    needle: bytes
    exact: str
    shown: str
    word: bool = False
    base64: bool = False


def flatten_text(text: str) -> bytes:
    """Return a text in small letters with one byte for each character."""
    return text.encode("ascii", "replace").lower()


def is_distinctive(value: str) -> bool:
    """Return whether a value that stands alone is surely the secret, and not just a short text or a word."""
    if value.isalpha() and (len(value) < _SHORTEST_WORD or value.lower() in _COMMON_WORDS):
        return False
    return len(value.strip()) >= SHORTEST and len(set(value)) > 2


def list_forms(secret: str, shown: str, *, encoded: bool = True) -> Iterator[WrittenForm]:
    """Yield the forms of a secret: as it is, escaped as other languages do, and in Base64.

    Args:
        secret: The secret.
        shown: What replaces it.
        encoded: Whether to yield more than the secret as it is.
    """
    if "\n" in secret:
        for line in dict.fromkeys(secret.split("\n")):
            if found := _KEY_LINE.fullmatch(line.rstrip("\r")):
                yield _make_form(found[1], shown)
    else:
        word = len(secret) < _SHORTEST_INSIDE or secret.isalpha() or secret.isdigit()
        yield _make_form(secret, shown, word=word)
        if encoded:
            yield from (_make_form(text, shown, word=word) for text in _escape(secret))
    if encoded:
        yield from _encode(secret, shown)


def _make_form(text: str, shown: str, *, word: bool = False, base64: bool = False) -> WrittenForm:
    needle = flatten_text(text)
    return WrittenForm(needle, text if _NOT_ASCII in needle else "", shown, word, base64)


def _escape(secret: str) -> Iterable[str]:
    """Return the different ways to escape a secret; most secrets need no escape, and then there are none."""
    if secret.isalnum() and secret.isascii():
        return ()
    raw = secret.encode("utf-8", "surrogatepass")
    escaped = json.dumps(secret)[1:-1]
    careful = "".join(f"\\u{ord(each):04x}" if each in "&<>'\"+`" else each for each in secret.replace("\\", "\\\\"))
    ways = (
        quote(raw, safe=""),
        quote(raw, safe="/"),
        quote(raw, safe="!'()*~"),
        quote_plus(raw),
        escaped,
        json.dumps(escaped)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        escaped.replace("/", "\\/"),
        careful,
        html.escape(secret),
        html.escape(secret, quote=False),
        html.escape(secret).replace("&#x27;", "&#39;"),
        html.escape(secret).replace("&#x27;", "&apos;"),
        secret.replace("'", "''"),
        secret.replace('"', '""'),
        secret.replace('"', '\\"'),
        secret.replace("'", "'\\''"),
    )
    return [way for way in dict.fromkeys(ways) if way != secret]


def _encode(secret: str, shown: str) -> Iterator[WrittenForm]:
    """Yield the parts of Base64 texts that only depend on the secret, whatever stands before and after it."""
    raw = secret.encode("utf-8", "surrogatepass")
    for before in range(3):
        full = (before + len(raw)) * 8 // 6
        text = base64.b64encode(b"\0" * before + raw).decode()[before and before + 1 : full]
        if len(text) >= _SHORTEST_INSIDE:
            yield _make_form(text, shown, base64=True)
            if "+" in text or "/" in text:
                yield _make_form(text.replace("+", "-").replace("/", "_"), shown, base64=True)


class FormIndex:
    """Finds forms in texts. Safe to use from several threads while one of them adds forms."""

    def __init__(self) -> None:
        """Begin without any form."""
        self._forms: dict[bytes, WrittenForm] = {}
        self._long: dict[int, dict[bytes, WrittenForm]] = {}
        self._short: dict[int, dict[bytes, WrittenForm]] = {}
        self._long_grams: set[int] = set()
        self._short_grams: set[int] = set()
        self._steps: tuple[int, ...] = (0,)

    def __len__(self) -> int:
        """The number of forms."""
        return len(self._forms)

    def add(self, form: WrittenForm) -> None:
        """Add a form; the first of several secrets with the same form replaces it."""
        if form.needle in self._forms:
            return
        table, grams, own = self._cut(form)
        for gram in own:
            table.setdefault(gram, {})[form.needle] = form
            grams.add(gram)
        self._forms[form.needle] = form

    def remove(self, form: WrittenForm) -> None:
        """Remove a form, unless it stands for another secret."""
        if self._forms.get(form.needle) != form:
            return
        del self._forms[form.needle]
        table, grams, own = self._cut(form)
        for gram in own:
            forms = table.get(gram, {})
            forms.pop(form.needle, None)
            if not forms:
                table.pop(gram, None)
                grams.discard(gram)

    def _cut(self, form: WrittenForm) -> tuple[dict[int, dict[bytes, WrittenForm]], set[int], list[int]]:
        """Return the table and the set that hold the grams of a form, and these grams."""
        long = len(form.needle) >= _LONG_FORM
        size, table, grams = (_LONG, self._long, self._long_grams) if long else (
            _SHORT, self._short, self._short_grams,
        )  # fmt: skip
        offsets = size if long or len(form.needle) >= 2 * size - 1 else size // 2
        if offsets < size and not long:
            self._steps = (0, size // 2)
        end = len(form.needle) - (size + offsets - 1)
        own = [form.needle[offset : offset + size] for offset in range(end, end + offsets)]
        return table, grams, [int.from_bytes(gram, sys.byteorder) for gram in own]

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield where a form begins and ends and what replaces it, in no particular order; they may overlap."""
        if not self._forms:
            return
        flat = flatten_text(text)
        for form in self._list_candidates(flat):
            at = flat.find(form.needle)
            while at >= 0:
                end = at + len(form.needle)
                if _fits(form, text, at, end):
                    yield (*_spread(flat, at, end), form.shown) if form.base64 else (at, end, form.shown)
                at = flat.find(form.needle, at + 1)

    def _list_candidates(self, flat: bytes) -> Iterable[WrittenForm]:
        """Return the forms that may be in a text."""
        if len(self._forms) <= _FEW:
            return list(self._forms.values())
        found: dict[bytes, WrittenForm] = {}
        parts = [(flat, _LONG, self._long_grams, self._long)] if self._long_grams else []
        if self._short_grams:
            parts += [(flat[step:], _SHORT, self._short_grams, self._short) for step in self._steps]
        for part, size, grams, table in parts:
            for gram in grams.intersection(_cut_into_grams(part, size)):
                found.update(table.get(gram, {}))
        return found.values()


def _cut_into_grams(flat: bytes, size: int) -> "memoryview[int]":
    """Return the pieces of a text as numbers, without those characters at the end that make no whole piece."""
    whole = memoryview(flat)[: len(flat) // size * size]
    return whole.cast("Q") if size == _LONG else whole.cast("I")


def _fits(form: WrittenForm, text: str, start: int, end: int) -> bool:
    if form.exact and text[start:end].lower() != form.exact.lower():
        return False
    return not (form.word and (_is_word(text, start - 1) or _is_word(text, end)))


def _is_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and (text[at].isalnum() or text[at] == "_")


def _spread(flat: bytes, start: int, end: int) -> tuple[int, int]:
    """Take in the characters of a Base64 text that mix the secret with its neighbours, and the padding."""
    if start > 0 and flat[start - 1] in _BASE64:
        start -= 1
    if end < len(flat) and flat[end] in _BASE64:
        end += 1
    while end < len(flat) and flat[end] == ord("="):
        end += 1
    return start, end
