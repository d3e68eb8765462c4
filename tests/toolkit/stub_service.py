"""A service on a real socket that answers exactly what a test tells it to, resets and half answers included."""

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

SIGNED_IN = {"X-VSS-UserData": "11111111-2222-3333-4444-555555555555:dana@contoso.example"}
PERSON = {
    "authenticatedUser": {
        "id": "11111111-2222-3333-4444-555555555555",
        "providerDisplayName": "Dana Ortiz",
        "properties": {"Account": {"$type": "System.String", "$value": "dana@contoso.example"}},
    }
}


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """What to answer; `reset` breaks the connection instead, `cut` ends it after so many bytes of the body."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"
    reset: bool = False
    cut: int | None = None

    def raw(self) -> bytes:
        payload = (
            self.body if isinstance(self.body, bytes) else b"" if self.body is None else json.dumps(self.body).encode()
        )
        lines = [f"HTTP/1.1 {self.status} Stub", f"Content-Length: {len(payload)}"]
        if payload:
            lines.append(f"Content-Type: {self.content_type}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + payload[: self.cut]


EMPTY_401 = Reply(401, headers={"WWW-Authenticate": 'Basic realm="https://stub/"', "X-TFS-ProcessId": "1"})
RESET = Reply(reset=True)


def ok(body: object, **headers: str) -> Reply:
    return Reply(200, body, {**SIGNED_IN, **{name.replace("_", "-"): value for name, value in headers.items()}})


def failure(status: int, type_key: str, message: str, **headers: str) -> Reply:
    return Reply(
        status,
        {"$id": "1", "message": message, "typeKey": type_key, "errorCode": 0, "eventId": 3000},
        {**SIGNED_IN, **{name.replace("_", "-"): value for name, value in headers.items()}},
    )


Answer = Callable[[Seen], Reply]


class StubService:
    """Answers with the replies in order, the last one again and again; or asks a function.

    Args:
        replies: The replies, or the function.
        at_once: Whether requests that come at the same time are answered so, and not one after the other.
    """

    def __init__(self, replies: Sequence[Reply] | Answer, *, at_once: bool = False) -> None:
        self._replies, self._at_once = replies, at_once
        self.seen: list[Seen] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self._lock = threading.Lock()
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/contoso"

    def __enter__(self) -> Self:
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=5)

    def asked(self, part: str) -> list[Seen]:
        return [request for request in self.seen if part in request.target]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reader:
            while (seen := _request(reader)) is not None:
                with contextlib.nullcontext() if self._at_once else self._lock:
                    reply = self._next(seen)
                    self.seen.append(seen)
                if reply.reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                try:
                    connection.sendall(reply.raw())
                except OSError:
                    return
                if reply.cut is not None:
                    return

    def _next(self, seen: Seen) -> Reply:
        if callable(self._replies):
            return self._replies(seen)
        return self._replies[min(len(self.seen), len(self._replies) - 1)]


def _request(reader) -> Seen | None:
    try:
        line = reader.readline().decode()
        if not line.strip():
            return None
        method, target, _ = line.split(" ", 2)
        headers = {}
        while (header := reader.readline().decode().strip()) != "":
            name, _, value = header.partition(":")
            headers[name.strip().lower()] = value.strip()
        return Seen(method, target, headers, reader.read(int(headers.get("content-length", "0"))))
    except (OSError, ValueError):
        return None
