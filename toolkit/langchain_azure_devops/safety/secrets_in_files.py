"""Look for secrets in the bytes of a file, whatever its encoding: a file that is sent cannot be changed first.

A file may be large and hold much that looks encoded, such as checksums and images. So an encoded part counts only where
it says text, unlike in the texts that a model writes, which are read in many more ways.
"""

import base64
import codecs
import re
from collections.abc import Iterator

from langchain_azure_devops.safety.secret_readings import unescape
from langchain_azure_devops.text.known_secrets import KnownSecrets

_BLOCK = 128 * 1024
_AROUND = 16 * 1024
_SHORTEST = 6
_ASCII_SHARE = 0.7
_PLAIN = re.compile(rf"[\t\r\n\x20-\x7e]{{{_SHORTEST},}}")
_KIND = re.compile(r"\[secret:([a-z-]+)")
_WITHOUT_ZEROS = "without zero bytes"
_DEPTH = 2
"""How often what an encoded part says is decoded again."""
_ESCAPED = re.compile(r"\\[xuUoN0-7{]|%[0-9A-Fa-fu]|&[#A-Za-z]|=[0-9A-F]{2}|=\r?$")
_ESCAPES = re.compile(
    r"(?:\\[xuU]\{?[0-9A-Fa-f]{2,8}\}?|%u?[0-9A-Fa-f]{2}|&#[xX]?[0-9A-Fa-f]{1,6};?|=[0-9A-F]{2}|\\[0-7]{2,3}){6,}"
)
_WORD = r"[A-Za-z0-9+/_-]"
# A long one may be wrapped. Any line break ends the others.
_BASE64 = re.compile(rf"{_WORD}{{16,}}={{0,2}}(?:\r?\n[ \t]{{0,40}}{_WORD}{{4,}}={{0,2}})*")
_BASE32 = re.compile(r"[A-Z2-7]{24,}")
_HEXADECIMAL = re.compile(r"(?:(?:0x)?[0-9A-Fa-f]{2}[ \t\r\n,:]{0,2}){12,}")
_NO_SIGN = re.compile(r"[=\s]")
_NO_DIGIT = re.compile(r"0x|[^0-9A-Fa-f]")
_STANDARD = bytes.maketrans(b"-_", b"+/")
_ONLY_HEXADECIMAL = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_READABLE = re.compile(rb"[\t\r\n -~]{12,}")
_WIDE = re.compile(rb"(?:[\t\r\n -~]\0){12,}")


def find_secret_in_bytes(content: bytearray, secrets: KnownSecrets) -> str | None:
    """Return what kind of secret a file holds; None when none is found.

    The bytes are read as UTF-8, Latin-1 and, where they have zero bytes, as UTF-16 of both byte orders; escapes,
    Base64, Base32 and hexadecimal digits in them are decoded. Archives and other formats that encode their content are
    not looked into.
    """
    for reading in _readings(content):
        for text in _windows(content, reading):
            plain = _reduce(text)
            for said in (plain, *_decode(plain)):
                if found := secrets.find(said):
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


def _decode(text: str, depth: int = 0) -> Iterator[str]:
    """Yield what a text says in encodings: its lines without escapes, and all that its encoded parts say."""
    lines = [line for line in text.split("\n") if _ESCAPED.search(line)]
    escaped = "\n".join([*lines, *(run[0] for line in lines for run in _ESCAPES.finditer(line))])
    plain = list(unescape(escaped)) if escaped else []
    seen: set[tuple[re.Pattern[str], str]] = set()
    said = "\n".join(piece for form in (text, *plain) for piece in _decode_parts(form, seen))
    for form in (*plain, said):
        if form:
            yield form
    if said and depth + 1 < _DEPTH:
        yield from _decode(said, depth + 1)


def _decode_parts(text: str, seen: set[tuple[re.Pattern[str], str]]) -> Iterator[str]:
    """Yield the texts in the parts of a text that may be encoded. Where in a part a text begins is not known."""
    runs = [run.split("\n") for run in _find_new(_BASE64, text, seen)]
    # Each line may be encoded for itself, or all of them together.
    forms = dict.fromkeys(_NO_SIGN.sub("", form) for lines in runs for form in ("".join(lines), *lines))
    coded = [form.encode().translate(_STANDARD) for form in forms if not _ONLY_HEXADECIMAL.fullmatch(form)]
    for start in range(4):
        yield from _read(base64.b64decode(b"////".join(_fill_up(form[start:]) for form in coded)))
    for run in _find_new(_BASE32, text, seen):
        yield from _read(base64.b32decode(run[: len(run) // 8 * 8]))
    found = [_NO_DIGIT.sub("", run) for run in _find_new(_HEXADECIMAL, text, seen)]
    for start in range(2):
        yield from _read(bytes.fromhex("ff".join(run[start : start + (len(run) - start) // 2 * 2] for run in found)))


def _find_new(pattern: re.Pattern[str], text: str, seen: set[tuple[re.Pattern[str], str]]) -> list[str]:
    """Return the parts that were not found before, each once."""
    new = [form for form in dict.fromkeys(pattern.findall(text)) if (pattern, form) not in seen]
    seen.update((pattern, form) for form in new)
    return new


def _fill_up(characters: bytes) -> bytes:
    """Return characters of Base64 that others may follow: what they say ends with them."""
    over = len(characters) % 4
    return characters[:-1] if over == 1 else characters + b"/" * (-over % 4)


def _read(content: bytes) -> Iterator[str]:
    """Yield the texts in decoded bytes, in ASCII or UTF-16, that are long enough to be no chance."""
    for stretch in (*_READABLE.findall(content), *_WIDE.findall(content)):
        yield stretch.replace(b"\0", b"").decode()
