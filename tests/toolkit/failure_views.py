"""Failure views of made-up logs."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from langchain_azure_devops.text import KnownSecrets
from langchain_azure_devops.tools.failure_view import CHARACTERS, FailureView, read_failure_view

STAMP = "2026-11-20T08:13:45.1234567Z "
ERROR = "src/app.c:7:12: error: expected ';' before '}' token"
QUIET = [f"copy the file number {number} to the staging area" for number in range(2_000)]
"""Lines that tell nothing, far more than a view shows."""


def view_of(log: bytes | str | Iterable[str], characters: int = CHARACTERS, piece: int = 64 * 1024) -> FailureView:
    """Return the failure view of a log, which is read in pieces of so many bytes."""
    text = log if isinstance(log, bytes | str) else "\n".join(log)
    content = text if isinstance(text, bytes) else text.encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), piece):
            yield content[start : start + piece]

    return asyncio.run(read_failure_view(pieces(), KnownSecrets(b"a key for pseudonyms"), characters))


def size_of(view: FailureView) -> int:
    """Return how many characters a view takes: each line behind its number, a colon and a space, and a line feed."""
    return sum(len(line) + len(str(number)) + 3 for number, line in view.lines)
