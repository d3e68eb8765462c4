"""What kind of file some bytes are, told from the bytes alone: the name of a file proves nothing."""

import codecs
from collections.abc import AsyncIterator
from typing import NamedTuple

_SAMPLE = 8_192
_MOST_CONTROLS = 0.02
_CONTROLS = bytes([*range(7), 11, *range(14, 27), *range(28, 32), 127])
_BREAKS = "\n\r\t"

PNG, JPEG, GIF, WEBP = "PNG image", "JPEG image", "GIF image", "WebP image"
IMAGES = frozenset({PNG, JPEG, GIF, WEBP})
"""The images that can be shown."""
ARCHIVES = frozenset({"ZIP archive or Office document", "gzip archive", "7-Zip archive", "RAR archive", "XZ archive"})

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"PK\x03\x04", "ZIP archive or Office document"),
    (b"PK\x05\x06", "ZIP archive or Office document"),
    (b"\x1f\x8b", "gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"\xfd7zXZ\x00", "XZ archive"),
    (b"%PDF-", "PDF document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "older Office document"),
    (b"MZ", "Windows program"),
    (b"\x7fELF", "Linux program"),
    (b"MDMP", "Windows memory dump"),
    (b"SQLite format 3\x00", "SQLite database"),
    (b"BM", "BMP image"),
    (b"II*\x00", "TIFF image"),
    (b"MM\x00*", "TIFF image"),
)
_UNSURE = frozenset({b"BM", b"MZ", b"MDMP"})
"""Beginnings that a text may have, too."""


class Kind(NamedTuple):
    """What a file is.

    Attributes:
        name: In words, such as `PNG image` or `text in UTF-8`.
        encoding: The encoding of a text; empty for anything else.
    """

    name: str
    encoding: str = ""


def sniff(start: bytes) -> Kind:
    """Return what a file is that begins with these bytes."""
    found = next((magic for magic in _MAGIC if start.startswith(magic[0])), None)
    if found is not None and found[0] not in _UNSURE:
        return Kind(found[1])
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return Kind(WEBP)
    if start[4:8] == b"ftyp":
        return Kind("video or HEIF image")
    if encoding := _find_encoding(start):
        return Kind(f"text in {_NAMES[encoding]}", encoding)
    return Kind(found[1] if found else "binary file of an unknown type")


_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 without a byte order mark",
    "utf-16-be": "UTF-16 without a byte order mark",
    "utf-32": "UTF-32",
    "cp1252": "Latin-1",
}


def _find_encoding(start: bytes) -> str:
    """Return the encoding of a text; empty when the bytes are none."""
    sample = start[:_SAMPLE]
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    if b"\x00" in sample:
        return _find_wide(sample)
    if len(sample) - len(sample.translate(None, _CONTROLS)) > _MOST_CONTROLS * len(sample):
        return ""
    return "utf-8" if _decode(start, "utf-8") is not None else "cp1252"


def _find_wide(sample: bytes) -> str:
    """Return which UTF-16 without a byte order mark some bytes are: the one in which they read as text."""
    shares = {encoding: _share_of_ascii(sample, encoding) for encoding in ("utf-16-le", "utf-16-be")}
    best = max(shares, key=lambda encoding: shares[encoding])
    return best if shares[best] > 0 else ""


def _share_of_ascii(sample: bytes, encoding: str) -> float:
    """Return how much of a text is ASCII; nothing when it is no text or has neither a line break nor half of ASCII."""
    text = _decode(sample, encoding)
    if not text:
        return 0
    unprintable = sum(not character.isprintable() and character not in _BREAKS for character in text)
    ascii_share = sum(character.isascii() for character in text) / len(text)
    if unprintable > _MOST_CONTROLS * len(text) or (ascii_share < 0.5 and "\n" not in text):
        return 0
    return ascii_share


def _decode(start: bytes, encoding: str) -> str | None:
    """Decode the beginning of a text, which may end inside of a character."""
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(start)
    except UnicodeDecodeError:
        return None


async def to_utf8(pieces: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    """Yield a text in UTF-8, piece by piece."""
    if encoding in {"utf-8", "utf-8-sig"}:
        async for piece in pieces:
            yield piece
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    async for piece in pieces:
        # A zero byte would make a binary file of it.
        yield decoder.decode(piece).replace("\x00", "\ufffd").encode(errors="replace")
