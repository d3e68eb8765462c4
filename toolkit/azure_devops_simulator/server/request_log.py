"""What clients asked for: the newest requests, and what they needed that is not simulated.

It keeps no query, no header and no body of a request, because any of them may hold a secret.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from azure_devops_simulator.server.fault_middleware import CONTROL_PATH
from azure_devops_simulator.server.not_simulated import HEADER
from azure_devops_simulator.state.values import JsonObject

_NEWEST = 1000
_KINDS = 1000
_OTHERS = "other requests"
_HEADER = HEADER.lower().encode()
_USER = b"x-vss-userdata"


@dataclass(frozen=True)
class LoggedRequest:
    """One request and its answer.

    `status` is 0 if there was no answer. `user` is empty if nobody was signed in. `not_simulated` names what the
    request needed and the simulator lacks.
    """

    method: str
    path: str
    status: int
    milliseconds: float
    user: str = ""
    not_simulated: str = ""

    def line(self) -> str:
        """Return the request as one line."""
        missed = f"  not simulated: {self.not_simulated}" if self.not_simulated else ""
        time_taken = f"{self.milliseconds:.0f} ms"
        return f"{self.method} {self.path} {self.status or 'no answer'} {time_taken} {self.user or '-'}{missed}"

    def json(self) -> JsonObject:
        """Return the request as JSON."""
        return {
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "milliseconds": round(self.milliseconds, 1),
            "user": self.user,
            "notSimulated": self.not_simulated,
        }


class RequestLog:
    """The newest 1,000 requests, and how often clients asked for each thing that is not simulated.

    Each of these things is printed on stderr once. With `verbose` every request is printed there.
    """

    def __init__(self, *, verbose: bool = False) -> None:
        self._verbose = verbose
        self._newest: deque[LoggedRequest] = deque(maxlen=_NEWEST)
        self._missing: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, request: LoggedRequest) -> None:
        """Log one request."""
        missed = request.not_simulated
        with self._lock:
            self._newest.append(request)
            first = bool(missed) and missed not in self._missing
            if first and len(self._missing) >= _KINDS:
                first, missed = False, _OTHERS
            if missed:
                self._missing[missed] += 1
        if self._verbose:
            _print(request.line())
        elif first:
            _print(f"not simulated: {missed}")

    @property
    def newest(self) -> Sequence[LoggedRequest]:
        """The newest requests, the oldest of them first."""
        with self._lock:
            return list(self._newest)

    @property
    def not_simulated(self) -> dict[str, int]:
        """How often clients asked for each thing that is not simulated, the most frequent first."""
        with self._lock:
            return dict(self._missing.most_common())

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._newest.clear()
            self._missing.clear()

    def summary(self) -> str:
        """Return what clients asked for that is not simulated, one thing on each line, or "" if there is nothing."""
        rows = [f"{count:7,} x {what}\n" for what, count in self.not_simulated.items()]
        return "".join(["Requests for what is not simulated:\n", *rows]) if rows else ""

    def json(self) -> JsonObject:
        """Return everything as JSON."""
        return {"requests": [request.json() for request in self.newest], "notSimulated": {**self.not_simulated}}


class LoggedApp:
    """An application whose requests are logged as its clients see them, with faults and crashes."""

    def __init__(self, app: ASGIApp, log: RequestLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and log it."""
        if scope["path"].startswith(f"{CONTROL_PATH}/"):
            await self._app(scope, receive, send)
            return
        started, status, logged = time.perf_counter(), 0, False
        headers: dict[bytes, bytes] = {}

        def log() -> None:
            path: bytes = scope.get("raw_path") or scope["path"].encode()
            user = headers.get(_USER, b"").decode("latin-1").partition(":")[2]
            missed = headers.get(_HEADER, b"").decode("latin-1")
            milliseconds = (time.perf_counter() - started) * 1000
            text = ascii(path.decode("latin-1"))[1:-1]
            self._log.add(LoggedRequest(scope["method"], text, status, milliseconds, user, missed))

        async def watched(message: Message) -> None:
            nonlocal status, headers, logged
            if message["type"] == "http.response.start":
                status, headers = message["status"], dict(message["headers"])
            elif not message.get("more_body", False):
                # Before the end is sent: a client that has its answer finds it in the log.
                log()
                logged = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            if not logged:
                log()


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
