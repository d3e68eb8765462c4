"""Look for secrets in the bytes of a file, whatever its encoding: a file that is sent cannot be changed first."""

import codecs
import re
from collections.abc import Iterator

from langchain_azure_devops.text.known_secrets import KnownSecrets

_BLOCK = 128 * 1024
_AROUND = 16 * 1024
_SHORTEST = 6
_ASCII_SHARE = 0.7
_PLAIN = re.compile(rf"[\t\r\n\x20-\x7e]{{{_SHORTEST},}}")
_KIND = re.compile(r"\[secret:([a-z-]+)")
_WITHOUT_ZEROS = "without zero bytes"


def find_secret_in_bytes(content: bytearray, secrets: KnownSecrets) -> str | None:
    """Return what kind of secret a file holds; None when none is found.

    The bytes are read as UTF-8, Latin-1 and, where they have zero bytes, as UTF-16 of both byte orders. Archives and
    other formats that encode their content are not looked into.
    """
    for reading in _readings(content):
        for text in _windows(content, reading):
            if found := secrets.find(_reduce(text)):
                kind = _KIND.match(found[0].shown)
                return kind[1] if kind else "secret"
    return None


def _readings(content: bytearray) -> Iterator[str]:
    yield "utf-8"
    if not content.isascii():
        yield "latin-1"
    if 0 in content:
        # Without zero bytes, UTF-16 at any place in any byte order reads as Latin-1.
        yield from ("utf-16-le", "utf-16-be", _WITHOUT_ZEROS)


def _windows(content: bytearray, reading: str) -> Iterator[str]:
    """Yield a file as text, in parts that overlap so that none of them splits a secret."""
    encoding = "latin-1" if reading == _WITHOUT_ZEROS else reading
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    before = ""
    for start in range(0, len(content), _BLOCK):
        block = bytes(content[start : start + _BLOCK])
        text = before + decoder.decode(block.replace(b"\0", b"") if reading == _WITHOUT_ZEROS else block)
        yield text
        before = text[-_AROUND:]


def _reduce(text: str) -> str:
    """Return the readable parts of a text that is mostly unreadable, because the rest takes long to search."""
    plain = _PLAIN.findall(text)
    return text if sum(map(len, plain)) >= _ASCII_SHARE * len(text) else "\n".join(plain)
