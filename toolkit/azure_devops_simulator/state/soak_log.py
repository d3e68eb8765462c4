"""A log of many thousand lines that needs no memory, because each line is made when it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

SOAK_LINES = 50_000


@dataclass(frozen=True)
class SoakLog(Sequence[str]):
    """The log of a soak run. The same number always gives the same line."""

    lines: int = SOAK_LINES
    error_at: int | None = None

    def __len__(self) -> int:
        """Return the number of lines."""
        return self.lines

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        """Return a line by its index from 0, or several."""
        if isinstance(index, slice):
            return [self._line(at) for at in range(*index.indices(self.lines))]
        at = index + self.lines if index < 0 else index
        if not 0 <= at < self.lines:
            raise IndexError(index)
        return self._line(at)

    def _line(self, at: int) -> str:
        if at == 0:
            return "##[section]Starting: Replay five hours of traffic"
        if at == self.lines - 1:
            return "##[section]Finishing: Replay five hours of traffic"
        if at + 1 == self.error_at:
            return (
                "ERROR soak.client request 451253 GET /shipments/TW-204417 gave up after 30.0 s: "
                "PoolTimeout: couldn't get a connection after 30.00 sec (pool size 10, 10 in use, 37 waiting)"
            )
        worker, request = at * 7919 % 40, at * 14 + at % 11
        milliseconds = 18 + at * 2654435761 % 173
        if at % 97 == 0:
            return f"INFO  soak.stats sent={request} ok={request} p50={31 + at % 9} ms p99={164 + at % 41} ms rate=40/s"
        path = ("/shipments", f"/shipments/TW-{200000 + at * 31 % 90000}", "/labels/preview", "/healthz")[at % 4]
        return f"INFO  soak.client worker={worker:02d} request={request} GET {path} 200 {milliseconds} ms"
