"""Decode a text in the encodings in which a secret could be written: Base64, Base32, Base85, hexadecimal, numbers."""

import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

ENCODED = 14
"""Characters of the shortest text in which ten characters are encoded."""
_MOSTLY, _IN_A_ROW = 0.9, 4
_BITS = re.compile(r"(?:[01]{6,8}[^\w]{1,4}){6,}")
# The numbers of characters. The first digit tells how many follow, so that no separator is needed. Many of them in a
# row are no chance; between the rows may be a line break, or the number of a line.
_NUMBERS = tuple(
    (re.compile(number), re.compile(rf"(?:{number}){{{_IN_A_ROW},}}(?:\d{{1,2}}(?:{number}){{{_IN_A_ROW},}})*"), said)
    for number, said in (
        (r"1[0-2]\d|[3-9]\d", {str(code): chr(code) for code in range(30, 130)}),
        (r"[01][0-7]{2}|[4-7][0-7]", {form % code: chr(code) for code in range(128) for form in ("%03o", "%02o")}),
    )
)
_SEPARATE_NUMBER = re.compile(r"(?<!\w)(?:1[0-2]\d|[3-9]\d|10|9)(?!\w)")
_NOT_BASE32_HEX = bytes(code for code in range(256) if code not in b"0123456789ABCDEFGHIJKLMNOPQRSTUV")
_NOT_DIGITS = bytes(code for code in range(256) if code not in b"0123456789")
_NOT_BITS = bytes(code for code in range(256) if code not in b"01")
_FEWEST_DIGITS = 20
_DIGITS_BEHIND = 600
"""Digits that are read once more, because a secret may begin before them."""
_PREFIX = re.compile(rb"0[xX]")
_READABLE = re.compile(rb"[\t\n\r -~]{10,}")
# With the signs that words, paths and addresses do not have; nearly every text in Base85 has three of them.
_WORDS_OF_BASE85 = (
    (
        base64.b85decode,
        re.compile(r"(?<!\S)(?=(?:[\w./:=&%-]*[^\w\s./:=&%-]){3})[0-9A-Za-z!#$%&()*+;<=>?@^_`{|}~-]{20,2000}(?!\S)"),
    ),
    (base64.a85decode, re.compile(r"(?<!\S)(?=(?:[\w./:=&%-]*[^\w\s./:=&%-]){3})[!-uz]{20,2000}(?!\S)")),
)
_STRETCH = re.compile(r"[A-Za-z0-9+/_-]{16,}")
_HEXADECIMAL_WORD = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_BASE32_WORD = re.compile(r"[A-Za-z2-7]+")
_STANDARD = bytes.maketrans(b"-_", b"+/")
_BASE64 = frozenset(b"-_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
_BASE32 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_HEXADECIMAL = frozenset(b"0123456789ABCDEFabcdefxX")
_NOT_BASE64, _NOT_BASE32, _NOT_HEXADECIMAL = (
    bytes(code for code in range(256) if code not in alphabet) for alphabet in (_BASE64, _BASE32, _HEXADECIMAL)
)
_BASE32_DIGITS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghijklmnopqrstuv")


class Decoded(NamedTuple):
    """One decoded text.

    Attributes:
        text: The readable characters.
        unbroken: Whether no characters between them were left out, so that the text may be encoded once more.
    """

    text: str
    unbroken: bool = True


def condense(text: str) -> bytes:
    """Return a text without the separators that the decoders leave out: two such texts that are equal say the same."""
    characters = text.encode("ascii", "ignore").translate(None, _NOT_BASE64)
    separated = characters.translate(None, b"-_/")
    return separated if len(separated) > _MOSTLY * len(characters) else characters


def decode(text: str) -> Iterator[Decoded]:
    """Yield what is readable in a text taken for Base64, Base32, Base85, hexadecimal, bits or numbers of characters.

    Where a secret begins is not known, so that a text is decoded from each of the first characters on.
    """
    yield from map(Decoded, _decode_letters(text))
    yield from _decode_numbers(text)


def _decode_letters(text: str) -> Iterator[str]:
    plain = text.encode("ascii", "ignore")
    for decode in (_decode_base64, _decode_base32, _decode_hexadecimal):
        for decoded in decode(plain):
            # Windows writes two bytes for a letter.
            for readable in _READABLE.findall(decoded.replace(b"\0", b"") if b"\0" in decoded else decoded):
                yield readable.decode()
    for decode_word, pattern in _WORDS_OF_BASE85:
        for word in dict.fromkeys(pattern.findall(text)):
            with suppress(ValueError):
                yield decode_word(word).decode()
    for stretch in dict.fromkeys(_STRETCH.findall(text)):
        # Whole words as well: they may say something in other letters, and nothing stands before what they say.
        for said in _decode_word(stretch):
            with suppress(ValueError):
                yield said.decode()
    yield from _decode_bits(text, plain)


def _decode_base64(text: bytes) -> Iterator[bytes]:
    # Padding ends a part, and what follows begins anew.
    parts = text.translate(_STANDARD, _NOT_BASE64).split(b"=")
    for start in range(4):
        yield b"".join(_decode_part(part, start) for part in parts if len(part) > start)


def _decode_part(part: bytes, start: int) -> bytes:
    # One character says nothing; too much padding is left out.
    end = len(part) - 1 if (len(part) - start) % 4 == 1 else len(part)
    return binascii.a2b_base64(part[start:end] + b"==")


def _decode_base32(text: bytes) -> Iterator[bytes]:
    upper = text.upper()
    # The alphabet of the standard, and the one in which the digits come first.
    for digits in (upper.translate(_BASE32_DIGITS, _NOT_BASE32), upper.translate(None, _NOT_BASE32_HEX)):
        if not digits:
            continue
        # Python reads and writes numbers of such bases in linear time. Each shift is one place where it may begin.
        number, size = int(digits, 32), len(digits) * 5 // 8 + 1
        for start in range(8):
            yield (number >> start).to_bytes(size)


def _decode_hexadecimal(text: bytes) -> Iterator[bytes]:
    digits = _PREFIX.sub(b"", text.translate(None, _NOT_HEXADECIMAL)).translate(None, b"xX")
    for start in range(2):
        yield binascii.unhexlify(digits[start : start + (len(digits) - start) // 2 * 2])


def _decode_word(word: str) -> Iterator[bytes]:
    """Decode a word from its first character on."""
    yield _decode_part(word.encode().translate(_STANDARD), 0)
    if _HEXADECIMAL_WORD.fullmatch(word):
        yield binascii.unhexlify(word)
    if _BASE32_WORD.fullmatch(word):
        yield base64.b32decode(word[: len(word) // 8 * 8].upper())


def _decode_numbers(text: str) -> Iterator[Decoded]:
    """Yield what the digits of a text say as numbers of characters.

    Nearly any digits say something when those that say nothing are left out: those of a commit do. This is searched,
    but only the stretches in which each digit counts are an encoding of something that may be encoded itself.
    """
    yield Decoded("".join([chr(int(number)) for number in _SEPARATE_NUMBER.findall(text)]))
    digits = text.encode("ascii", "ignore").translate(None, _NOT_DIGITS).decode()
    if len(digits) >= _FEWEST_DIGITS:
        for number, stretch, said in _NUMBERS:
            for start in range(3):
                end = _find_end_of_own(number, digits, start)
                yield Decoded("".join([said[each] for each in number.findall(digits, start, end)]), unbroken=False)
            for found in stretch.findall(digits):
                yield Decoded("".join([said[each] for each in number.findall(found)]))


def _find_end_of_own(number: re.Pattern[str], digits: str, start: int) -> int:
    """Return where the numbers that are read from a digit on have become those that are read from the first one on.

    Then follow the digits of one more secret, which may have begun before.
    """
    first, later = number.finditer(digits), number.finditer(digits, start)
    one, other = next(first, None), next(later, None)
    while start and one and other:
        if one.start() == other.start():
            return one.start() + _DIGITS_BEHIND
        if one.start() < other.start():
            one = next(first, None)
        else:
            other = next(later, None)
    return len(digits)


def _decode_bits(text: str, plain: bytes) -> Iterator[str]:
    bits = plain.translate(None, _NOT_BITS)
    if len(bits) >= 4 * _FEWEST_DIGITS:
        number, size = int(bits, 2), len(bits) // 8 + 1
        for start in range(8):
            for readable in _READABLE.findall((number >> start).to_bytes(size)):
                yield readable.decode()
        for found in _BITS.findall(text):
            yield "".join([chr(int(group, 2)) for group in re.findall(r"[01]{6,8}", found)])
