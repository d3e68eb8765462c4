"""Lines of a body that is read piece by piece; only the wanted lines stay in memory."""

import codecs
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field

MAX_SCAN_BYTES = 64 * 1024 * 1024
"""The most bytes of one body that are read."""
MAX_COUNTED_CHARACTERS = 4 * 1024 * 1024
"""After the wanted lines, this many characters are still read to count the lines; enough for most files."""
MAX_LINE = 4_000
"""The most characters of one line that are kept; minified files have lines of megabytes."""
_SNIFF_BYTES = 8_192
_BREAKS = str.maketrans("\r\x85\u2028\u2029", "    ")
_LFS = b"version https://git-lfs.github.com/spec/"


@dataclass
class ScannedLines:
    """The part of a body that was read.

    Attributes:
        kept: The wanted lines, with their numbers from 1.
        count: How many lines were read.
        whole: Whether the body was read to its end.
        binary: Whether the body is not text.
        lfs: Whether the body is a Git LFS pointer.
        size: How many bytes were read.
    """

    kept: list[tuple[int, str]] = field(default_factory=list)
    count: int = 0
    whole: bool = True
    binary: bool = False
    lfs: bool = False
    size: int = 0


async def number_lines(chunks: AsyncIterator[bytes], seen: ScannedLines) -> AsyncGenerator[tuple[int, str], None]:
    """Yield the lines of a text with their numbers, and note in `seen` what was read."""
    decoder: codecs.IncrementalDecoder | None = None
    rest = ""
    async for chunk in chunks:
        if decoder is None:
            encoding = detect_encoding(chunk)
            seen.lfs = chunk.startswith(_LFS)
            if encoding is None:
                seen.binary, seen.whole = True, False
                return
            decoder = codecs.getincrementaldecoder(encoding)("replace")
        seen.size += len(chunk)
        lines = (rest + decoder.decode(chunk)).split("\n")
        rest = lines.pop()[: MAX_LINE * 2]
        for line in lines:
            seen.count += 1
            yield seen.count, _sanitize_line(line)
        if seen.size >= MAX_SCAN_BYTES:
            seen.whole = False
            return
    if rest:
        seen.count += 1
        yield seen.count, _sanitize_line(rest)


def _sanitize_line(line: str) -> str:
    """Remove characters that some readers take for the end of a line, so that line numbers stay true."""
    line = line[:MAX_LINE].rstrip("\r")
    return line if line.isprintable() else line.translate(_BREAKS)


async def read_range(chunks: AsyncIterator[bytes], first: int, last: int | None, budget: int) -> ScannedLines:
    """Read the lines from `first` to `last` that fit into `budget` characters, and count further lines for a while."""
    seen = ScannedLines()
    room, left = budget, MAX_COUNTED_CHARACTERS
    async with aclosing(number_lines(chunks, seen)) as lines:
        async for number, line in lines:
            if number < first:
                continue
            if (last is None or number <= last) and room > 0:
                room -= len(line) + 1
                seen.kept.append((number, line))
                continue
            left -= len(line) + 1
            if left < 0:
                seen.whole = False
                break
    return seen


async def find_lines(
    chunks: AsyncIterator[bytes], words: list[str], context: int, most: int
) -> tuple[ScannedLines, int]:
    """Find the lines that contain one of the words in any case, with the lines around them, and count the matches.

    The words are plain text, because a slow regular expression could block the client.
    """
    seen = ScannedLines()
    wanted = [word.lower() for word in words]
    before: list[tuple[int, str]] = []
    after = matches = 0
    async for number, line in number_lines(chunks, seen):
        lowered = line.lower()
        if any(word in lowered for word in wanted):
            matches += 1
            if matches <= most:
                seen.kept += [*before, (number, line)]
                before, after = [], context
        elif after > 0:
            seen.kept.append((number, line))
            after -= 1
        else:
            before = [*before, (number, line)][-context:] if context else []
    return seen, matches


def detect_encoding(start: bytes) -> str | None:
    """Detect the encoding of a text; None when it is not text. Like git, a NUL byte counts as the sign of a binary."""
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return None if b"\0" in start[:_SNIFF_BYTES] else "utf-8"
