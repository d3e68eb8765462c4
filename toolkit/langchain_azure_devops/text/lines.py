"""Lines of a body that is read piece by piece; only the wanted lines stay in memory."""

import codecs
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field

from langchain_azure_devops.text.known_secrets import PSEUDONYM_MARK, KnownSecrets
from langchain_azure_devops.text.readings import read
from langchain_azure_devops.text.redacted_stream import Wanted, redact_stream

MAX_SCAN_BYTES = 64 * 1024 * 1024
"""The most bytes of one body that are read."""
MAX_COUNTED_CHARACTERS = 4 * 1024 * 1024
"""After the wanted lines, this many characters are still read to count the lines; enough for most files."""
MAX_LINE = 4_000
"""The most characters of one line that are kept; minified files have lines of megabytes."""
BREAKS = str.maketrans("\r\x85\u2028\u2029", "    ")
"""Replaces the characters that some readers take for the end of a line."""
LFS = "version https://git-lfs.github.com/spec/"
"""How a pointer of Git LFS begins."""
_SNIFF_BYTES = 8_192


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


async def number_lines(
    chunks: AsyncIterator[bytes], seen: ScannedLines, secrets: KnownSecrets, wanted: Wanted
) -> AsyncGenerator[tuple[int, str], None]:
    """Yield the lines of a text with their numbers, and note in `seen` what was read.

    Args:
        chunks: The bytes of the text.
        seen: Gets what was read.
        secrets: Learns the secrets of the whole text.
        wanted: Decides from the first and last number and the text of a part whether its lines may be shown. Only
            then they hold pseudonyms; all other lines are only for counting and searching.
    """
    rest = ""
    async for text in redact_stream(decode_pieces(chunks, seen), secrets, wanted):
        lines = (rest + text).split("\n")
        rest = lines.pop()[: MAX_LINE * 2]
        for line in lines:
            seen.count += 1
            yield seen.count, _sanitize_line(line)
    if rest:
        seen.count += 1
        yield seen.count, _sanitize_line(rest)


async def decode_pieces(chunks: AsyncIterator[bytes], seen: ScannedLines) -> AsyncIterator[str]:
    """Decode the bytes of a text as far as it is read; nothing when it is not text."""
    decoder: codecs.IncrementalDecoder | None = None
    async for chunk in chunks:
        if decoder is None:
            encoding = detect_encoding(chunk)
            seen.lfs = chunk.startswith(LFS.encode())
            if encoding is None:
                seen.binary, seen.whole = True, False
                return
            decoder = codecs.getincrementaldecoder(encoding)("replace")
        seen.size += len(chunk)
        yield decoder.decode(chunk)
        if seen.size >= MAX_SCAN_BYTES:
            seen.whole = False
            return


def _sanitize_line(line: str) -> str:
    """Remove characters that some readers take for the end of a line, so that line numbers stay true."""
    line = line[: MAX_LINE * 2].rstrip("\r")
    return line if line.isprintable() else line.translate(BREAKS)


def finish_lines(kept: Iterable[tuple[int, str]], secrets: KnownSecrets, *, redacted: bool) -> list[tuple[int, str]]:
    """Return the lines that are shown: with pseudonyms for all that was learned up to the end, and not too long.

    Args:
        kept: The lines.
        secrets: Knows the secrets of the whole text.
        redacted: Whether the lines come from wanted parts, in which every rule was applied already.
    """
    numbers, lines = [number for number, _ in kept], "\n".join(line for _, line in kept)
    cleared = secrets.replace_known(lines) if redacted else secrets.redact(lines)
    return [(number, line[:MAX_LINE]) for number, line in zip(numbers, cleared.split("\n"), strict=False)]


async def read_range(
    chunks: AsyncIterator[bytes], first: int, last: int | None, budget: int, secrets: KnownSecrets
) -> ScannedLines:
    """Read the lines from `first` to `last` that fit into `budget` characters, and count further lines for a while."""
    seen = ScannedLines()
    room, left = budget, MAX_COUNTED_CHARACTERS

    def is_wanted(begin: int, end: int, _text: str) -> bool:
        return end >= first and (last is None or begin <= last) and room > 0

    async with aclosing(number_lines(chunks, seen, secrets, is_wanted)) as lines:
        async for number, line in lines:
            if number < first:
                continue
            if (last is None or number <= last) and room > 0:
                room -= min(len(line), MAX_LINE) + 1
                seen.kept.append((number, line))
                continue
            left -= len(line) + 1
            if left < 0:
                seen.whole = False
                break
    seen.kept = finish_lines(seen.kept, secrets, redacted=True)
    return seen


async def find_lines(
    chunks: AsyncIterator[bytes], words: list[str], context: int, most: int, secrets: KnownSecrets, first: int = 1
) -> tuple[ScannedLines, int]:
    """Find the lines that contain one of the words in any case, with the lines around them, and count the matches.

    The words are plain text, because a slow regular expression could block the client. They are compared with what is
    shown, without colours and invisible characters: a pseudonym finds its secret, and no part of a secret is found, or
    the count of matches would tell it.

    Args:
        chunks: The bytes of the text.
        words: What to find.
        context: How many lines around each match to keep.
        most: How many matches to keep.
        secrets: The secrets of the client.
        first: The line from which on matches count.
    """
    seen = ScannedLines()
    wanted = [read(secrets.replace_known(word)).text.lower() for word in words]
    before: list[tuple[int, str]] = []
    after = matches = 0

    def is_wanted(_begin: int, end: int, text: str) -> bool:
        lowered = read(text).text.lower()
        return end >= first and any(word in lowered or PSEUDONYM_MARK in word for word in wanted)

    async for number, line in number_lines(chunks, seen, secrets, is_wanted):
        lowered = read(line).text.lower()
        if number >= first and any(word in lowered for word in wanted):
            matches += 1
            if matches <= most:
                seen.kept += [*before, (number, line)]
                before, after = [], context
        elif after > 0:
            seen.kept.append((number, line))
            after -= 1
        else:
            before = [*before, (number, line)][-context:] if context else []
    # Lines around a match may come from a part that holds none.
    seen.kept = finish_lines(seen.kept, secrets, redacted=False)
    return seen, matches


def detect_encoding(start: bytes) -> str | None:
    """Detect the encoding of a text; None when it is not text. Like git, a NUL byte counts as the sign of a binary."""
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return None if b"\0" in start[:_SNIFF_BYTES] else "utf-8"


def shorten_line(line: str, at: int, most: int) -> str:
    """Return at most `most` characters of a line, around the place `at`, with an ellipsis for the rest."""
    if len(line) <= most:
        return line
    start = 0 if at < most * 2 // 3 else min(at - most // 3, len(line) - most)
    end = start + most
    return f"{'…' if start else ''}{line[start:end]}{'…' if end < len(line) else ''}"
