"""Find known secrets, and parts of them, in a text: every window of ten characters counts.

Text and secrets are compared without case, blanks and look-alike letters, both with and without signs. A window of
ordinary words, of which a passphrase or an address with a password consists, counts only as part of the whole secret:
it says little about it, and whoever makes a text with a false secret could choose which harmless texts it blocks. Of
the own tokens every window counts.
"""

import base64
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

WINDOW = 10
"""Characters of a secret that must not be written."""
_ORDINARY = 16
"""Letters and digits of a secret of ordinary words, from which on it counts with other signs between them, too."""
SHORTEST = 6
"""Characters of the shortest secret that is looked for."""
_GROUP, _SHIFTS = 8, (0, 3, 6)
_MANY_PAIRS, _FEW_PAIRS, _MOSTLY = 4, 2, 0.8
_LEAST_DIFFERENT = 5
_FEWEST_DIFFERENT = 3
"""Characters of a secret; with fewer it is a placeholder."""
_PLACES = 100
"""Secrets that may begin in the same ordinary words."""
# The pairs of letters that are most frequent in English text and in code.
_PAIRS = frozenset(
    b"re es th st er on te in he or it at se an en nt ti de to et ea ed ec ta ro nd co ts ar al as is ra ne el si "
    b"sa ns tr li io so ri me le no ha na ss pe ge ng rt ur pr ch of tt om ve po ct la ep em op ef ls ev di am nc "
    b"rs pa ce ma sp ou ca ot od ac ll un ul ue ol da fi ap ds ex ad il sc oo im ag ei lo wi ho fo os id ke ty fa "
    b"ni yp ut ie tu mo ld sw qu cl dt ee".split()
)
_FOLD = bytes(code + 32 if 65 <= code <= 90 else code for code in range(256))
_SEPARATORS = bytes(code for code in range(256) if not chr(code).isalnum() or code > 127)
_ROT13 = bytes.maketrans(b"abcdefghijklmnopqrstuvwxyz", b"nopqrstuvwxyzabcdefghijklm")
_LOOKS_LIKE = str.maketrans(
    "абвгԁеєһіїјкӏмнорԛгѕтуѵԝхүзАВЕЅКМНІЈОРСТУХЬЗαβενηικορτυχγωΑΒΕΖΗΙΚΜΝΟΡΤΥΧıɡɑöøłđ",
    "a6brdeehiijklmhopqrstyvwxy3ABESKMHIJOPCTYXb3abevnikoptuxywABEZHIKMNOPTYXigaoold",
)
_LETTERS: dict[int, int | str] = {
    **{first + place: ord("a") + place for first in (0x1F150, 0x1F170, 0x1F1E6) for place in range(26)},
    **{0x1F130 + place: ord("a") + place for place in range(26)},
    ord("с"): "c",
}
_FRAME = re.compile(r"-----(?:BEGIN|END) [A-Z0-9 ]{1,60}-----")
_PREFIX = re.compile(r"^[A-Za-z]{2,8}[_-](?:[A-Za-z]{2,5}[_-])?(?=[A-Za-z0-9]{16})")
_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,100}:([^\s/@]{6,200})@")
_KEY_HEADER = 64
"""The characters at the beginning of a key that are the same in every key of its kind."""


def fold(text: str) -> bytes:
    """Return a text in small letters of ASCII, without blanks."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).translate(_LETTERS).translate(_LOOKS_LIKE)
    return text.encode("ascii", "ignore").translate(_FOLD, b" \t\r\n")


def compact(text: str) -> bytes:
    """Return the letters and digits of a text as lower-case ASCII."""
    return fold(text).translate(None, _SEPARATORS)


class SecretIndex:
    """All windows of a set of secrets, prepared for texts of any length."""

    def __init__(self, secrets: Sequence[str], tokens: Sequence[str] = ()) -> None:
        """Prepare the secrets.

        Args:
            secrets: The secrets that are known.
            tokens: The own tokens, of which every window counts, also one of ordinary words.
        """
        prepared = [_prepare(secret, own=False) for secret in secrets if secret not in tokens]
        prepared += [_prepare(token, own=True) for token in tokens]
        self._letters = _Windows([entry.letters for entry in prepared if entry.letters])
        # Signs count as characters, too: ten characters may hold fewer letters and digits.
        self._signs = _Windows([entry.signs for entry in prepared if entry.signs])
        self._short = {made for entry in prepared for made in entry.short}
        self._beginnings = {form[:SHORTEST] for form in self._short}
        # What letters and digits do not tell apart from other texts is compared as it is.
        literal = sorted({entry.literal for entry in prepared if entry.literal})
        self._literal = re.compile("|".join(map(_whole, literal))) if literal else None
        self._same = not self._signs and self._literal is None

    def __bool__(self) -> bool:
        """Return whether there is any secret to look for."""
        return bool(self._letters or self._short or not self._same)

    def occurs_in(self, text: str, searched: set[bytes] | None = None) -> bool:
        """Return whether a secret or a part of one is in a text.

        Args:
            text: The text.
            searched: The letters of other readings in which none was found; those of this text are added.
        """
        if self._literal is not None and self._literal.search(text):
            return True
        folded = fold(text)
        plain = folded.translate(None, _SEPARATORS)
        if searched is not None and self._same:
            if plain in searched:
                return False
            searched.add(plain)
        return self._letters.occur_in(plain) or self._signs.occur_in(folded) or self._has_short(plain)

    def _has_short(self, plain: bytes) -> bool:
        if not self._short or self._beginnings.isdisjoint(
            plain[at : at + SHORTEST] for at in range(len(plain) - SHORTEST + 1)
        ):
            return False
        return any(form in plain for form in self._short)


@lru_cache(maxsize=8)
def index_secrets(secrets: tuple[str, ...], tokens: tuple[str, ...]) -> SecretIndex:
    """Return the index of secrets and own tokens, which is built once for each set."""
    return SecretIndex(secrets, tokens)


class _Form(NamedTuple):
    """A secret as it is compared, and whether each of its windows counts."""

    text: bytes
    random: bool
    own: bool


class _Prepared(NamedTuple):
    """What one secret is compared by."""

    letters: _Form | None
    signs: _Form | None
    short: frozenset[bytes]
    literal: str


@lru_cache(maxsize=32_768)
def _prepare(secret: str, *, own: bool) -> _Prepared:
    if len(set(secret)) < _FEWEST_DIFFERENT:
        return _Prepared(None, None, frozenset(), "")
    telling = secret if own else _telling_part(secret)
    folded, plain = fold(telling), compact(telling)
    random = _is_random(plain)
    signs = _Form(folded, random, own) if len(folded) > len(plain) and len(folded) >= WINDOW else None
    if WINDOW <= len(plain) < _ORDINARY and not own and not any(_list_specific(plain)):
        return _Prepared(None, signs, frozenset(), secret)
    if len(plain) >= WINDOW:
        return _Prepared(_Form(plain, random, own), signs, frozenset(), "")
    short = set(_list_forms(plain)) if len(plain) >= SHORTEST and is_specific(plain) else set()
    short.update(made for made in _encode_short(secret) if len(made) >= SHORTEST)
    return _Prepared(None, signs, frozenset(short), secret if len(secret) >= SHORTEST else "")


class _Windows:
    """The windows of secrets that are compared in one way, and where they are in a text.

    Groups of eight characters are compared as numbers, at three of eight places: each window holds one of these.
    """

    def __init__(self, forms: Sequence[_Form]) -> None:
        made = {(text, form.random, form.own) for form in forms for text in _list_forms(form.text)}
        self._own = b" ".join(text for text, _, own in made if own)
        self._random = b" ".join(text for text, random, own in made if random and not own)
        self._ordinary = b" ".join(text for text, random, own in made if not random and not own)
        self._groups = {group for text, _, _ in made for shift in range(_GROUP) for group in _group(text, shift)}

    def __bool__(self) -> bool:
        return bool(self._groups)

    def occur_in(self, plain: bytes) -> bool:
        if not self._groups or len(plain) < WINDOW:
            return False
        hits = [shift for shift in _SHIFTS if not self._groups.isdisjoint(_group(plain, shift))]
        return bool(hits) and self._is_there(plain, hits)

    def _is_there(self, plain: bytes, shifts: Sequence[int]) -> bool:
        known: dict[bytes, list[int]] = {}
        for start in self._possible_windows(plain, shifts):
            window = plain[start : start + WINDOW]
            if window not in known:
                known[window] = list(_find_places(self._ordinary, window))
                if self._counts(window, bool(known[window])):
                    return True
            if any(_is_whole(plain, start, self._ordinary, place) for place in known[window]):
                return True
        return False

    def _counts(self, window: bytes, ordinary: bool) -> bool:
        """Return whether a window is a part of a secret that counts by itself."""
        if window in self._own:
            return True
        letters = window.translate(None, _SEPARATORS)
        if _is_trivial(letters):
            return False
        if window in self._random:
            # What reads as words is part of a random secret once in a thousand times.
            return not letters.isalpha() or is_specific(letters)
        return ordinary and all(is_specific(form, _FEW_PAIRS) for form in _list_forms(letters))

    def _possible_windows(self, plain: bytes, shifts: Sequence[int]) -> Iterator[int]:
        for shift in shifts:
            for number, group in enumerate(_group(plain, shift)):
                if group in self._groups:
                    at = shift + number * _GROUP
                    yield from range(max(0, at - WINDOW + _GROUP), min(at, len(plain) - WINDOW) + 1)


def _group(text: bytes, shift: int) -> "memoryview[int]":
    """Return the groups of characters from a place on as numbers, without those at the end that make no whole group."""
    return memoryview(text)[shift : shift + max(0, len(text) - shift) // _GROUP * _GROUP].cast("Q")


def is_specific(part: bytes, most: int = _MANY_PAIRS) -> bool:
    """Return whether a part of a secret looks made by chance, and not like words, a number or an alphabet.

    Args:
        part: The part, as compact text.
        most: How many pairs of letters in ten characters may be frequent ones.
    """
    common = sum(part[at : at + 2] in _PAIRS for at in range(len(part) - 1))
    return common * WINDOW <= most * len(part) and not _is_trivial(part)


def _is_trivial(part: bytes) -> bool:
    """Return whether a part is a number, repeats few characters, or counts them up or down."""
    steps = sum(abs(part[at] - part[at + 1]) <= 1 for at in range(len(part) - 1))
    return part.isdigit() or len(set(part)) < _LEAST_DIFFERENT or 2 * steps > len(part)


def _is_random(form: bytes) -> bool:
    """Return whether a secret looks made by chance nearly everywhere; then every window of it counts."""
    windows = list(_list_specific(form))
    return sum(windows) >= _MOSTLY * len(windows)


def _list_specific(form: bytes) -> Iterator[bool]:
    """Yield for each window of a secret whether it looks made by chance."""
    return (is_specific(form[at : at + WINDOW]) for at in range(len(form) - WINDOW + 1))


def _list_forms(form: bytes) -> tuple[bytes, ...]:
    """Return a secret forwards, backwards and rotated by 13 letters, as it may stand inside an encoding."""
    return form, form[::-1], form.translate(_ROT13)


def _encode_short(secret: str) -> Iterator[bytes]:
    """Yield a short secret in hexadecimal and Base64; its decoding would be too short to be looked at."""
    yield secret.encode().hex().encode()
    for shift in range(3):
        # What stands before it shifts its groups; the characters at the edges are mixed with others.
        encoded = compact(base64.b64encode(b"\0" * shift + secret.encode()).decode())
        yield encoded[4 if shift else 0 : len(encoded) - (len(secret) + shift) % 3]


def _telling_part(secret: str) -> str:
    """Leave out what says little: frames and headers of keys, prefixes such as `github_pat_`, hosts of addresses."""
    if "-----BEGIN" in secret or "-----END" in secret:
        body = _FRAME.sub("", secret).strip()
        return body[_KEY_HEADER:] if "-----BEGIN" in secret else body
    if secret.startswith("eyJ") and secret.count(".") == 2:
        return secret.partition(".")[2]
    if address := _ADDRESS.search(secret):
        return address[1]
    return _PREFIX.sub("", secret)


def _whole(secret: str) -> str:
    """Return a pattern for a secret that stands alone, and not inside a longer word."""
    return rf"(?<!\w){re.escape(secret)}(?!\w)" if secret[0].isalnum() and secret[-1].isalnum() else re.escape(secret)


def _find_places(text: bytes, part: bytes) -> Iterator[int]:
    at = text.find(part)
    for _ in range(_PLACES):
        if at < 0:
            return
        yield at
        at = text.find(part, at + 1)


def _is_whole(text: bytes, at: int, known: bytes, place: int) -> bool:
    """Return whether the whole secret around a place in all of them is in a text, around another place."""
    start = known.rfind(b" ", 0, place) + 1
    end = known.find(b" ", place)
    secret = known[start : end if end >= 0 else len(known)]
    return at >= place - start and text.startswith(secret, at - (place - start))
