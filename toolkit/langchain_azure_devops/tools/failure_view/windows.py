"""Cut a text that is read piece by piece into windows of whole lines that overlap."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from langchain_azure_devops.text.lines import MAX_LINE
from langchain_azure_devops.text.redacted_stream import AROUND

_BLOCK = 128 * 1024


@dataclass(eq=False)
class Window:
    """Some lines of a text.

    Attributes:
        first: The number of the first line.
        lines: The lines, each cut at twice the length that may be shown.
        begin: The index of the first line that no window before had; the lines before it are only its surroundings.
        end: The index behind the last line that belongs to this window; the next window begins with the lines behind.
    """

    first: int
    lines: list[str]
    begin: int
    end: int


async def cut_windows(pieces: AsyncIterator[str]) -> AsyncIterator[Window]:
    """Yield the windows of a text; each has the characters around its own lines that tell a secret in them."""
    lines, first, begin, fresh, rest = list[str](), 1, 0, 0, ""
    async for piece in pieces:
        parts = (rest + piece).split("\n")
        rest = parts.pop()[: MAX_LINE * 2]
        lines += [part[: MAX_LINE * 2] for part in parts]
        fresh += len(piece)
        if fresh < _BLOCK:
            continue
        end = _step_back(lines, len(lines), begin)
        if end > begin:
            yield Window(first, lines, begin, end)
            kept = _step_back(lines, end, 0)
            lines, first, begin, fresh = lines[kept:], first + kept, end - kept, 0
    yield Window(first, [*lines, rest] if rest else lines, begin, len(lines) + bool(rest))


def _step_back(lines: list[str], end: int, least: int) -> int:
    """Return the index of the line that begins enough characters before another one."""
    size = 0
    while end > least and size < AROUND:
        end -= 1
        size += len(lines[end]) + 1
    return end
