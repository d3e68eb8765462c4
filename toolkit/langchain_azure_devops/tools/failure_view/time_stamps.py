"""Take the time away that the service writes before each line of a log."""

import re
from collections.abc import AsyncIterator

_STAMP = re.compile(rb"(?m)^(?:\xef\xbb\xbf)?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z ?")
_LONGEST = 40
"""More bytes than a time has. A shorter piece of a line may be the beginning of one."""


async def remove_time_stamps(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield a log without the times before its lines.

    A secret that stands on the line below its name is recognized only without them.
    """
    rest, inside = b"", False
    async for chunk in chunks:
        text = rest + chunk
        last = text.rfind(b"\n") + 1
        rest = text[last:] if len(text) - last < _LONGEST and (last or not inside) else b""
        ready = text[: len(text) - len(rest)]
        if ready:
            yield _remove(ready, inside)
            inside = not ready.endswith(b"\n")
    if rest:
        yield _remove(rest, inside)


def _remove(text: bytes, inside: bool) -> bytes:
    """Remove the times from a piece of a log, which may begin inside of a line."""
    head = text.find(b"\n") + 1 or len(text) if inside else 0
    return text[:head] + _STAMP.sub(b"", text[head:])
