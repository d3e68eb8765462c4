"""Decode contents in Base64 that are text, and encode them again as they were."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable

_BASE64 = re.compile(r"[A-Za-z0-9+/\r\n]{16,}={0,2}\s*")
_MARKS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_NO_TEXT = re.compile(r"[\x00-\x07\x0e-\x1a\x1c-\x1f]")


def encoding_of(content: bytes) -> str:
    """Return the encoding of a text, or nothing for what is no text: UTF-8, UTF-16, or else Latin-1."""
    for mark, encoding in _MARKS:
        if content.startswith(mark) and _decodes(content, encoding):
            return encoding
    # A text in UTF-16 without a mark has a zero in every second byte, or in most of them.
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = content[start::2]
        if len(content) % 2 == 0 and half.count(0) * 2 > len(half) and _decodes(content, encoding):
            return encoding
    if _decodes(content, "utf-8"):
        return "utf-8"
    return "" if _NO_TEXT.search(content.decode("latin-1")) else "latin-1"


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def replace_in(content: bytes, replace: Callable[[str], str]) -> bytes:
    """Return a content with its text replaced; what is no text stays."""
    encoding = encoding_of(content)
    return replace(content.decode(encoding)).encode(encoding) if encoding else content


def replace_in_base64(text: str, replace: Callable[[str], str]) -> str:
    """Return a text that is Base64 as a whole with the text in it replaced; other texts stay."""
    if not _BASE64.fullmatch(text):
        return text
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        return text
    new = replace_in(content, replace)
    return text if new == content else base64.b64encode(new).decode("ascii")
