"""Serve an application on a socket in a thread of its own, and stop at once."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable
from types import FrameType

import uvicorn

_START_SECONDS = 10.0
_STOP_SECONDS = 1.0
"""How long running requests may still take when the server stops."""


class Server(uvicorn.Server):
    """A server that stops at once. uvicorn checks only ten times a second whether to stop, and then waits again.

    It calls `when_started` when it accepts connections and handles signals.
    """

    when_started: Callable[[], None] | None = None
    _loop: asyncio.AbstractEventLoop
    _stopped: asyncio.Event

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)
        if self.when_started:
            self.when_started()

    def stop(self) -> None:
        """End the main loop. Any thread and any signal handler may call this."""
        self.should_exit = True
        self._loop.call_soon_threadsafe(self._stopped.set)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self.stop()

    async def main_loop(self) -> None:
        await self._stopped.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                while state.connections or state.tasks:  # noqa: ASYNC110 - uvicorn tells nobody when the last one ends
                    await asyncio.sleep(0.001)
        for task in state.tasks:
            task.cancel()


def listen(port: int = 0, host: str = "127.0.0.1") -> socket.socket:
    """Return a socket that listens on a host's address. Port 0 takes a free one."""
    # The port is given to `bind` alone, which refuses one that is too large.
    family, _, _, _, (address, _, *more) = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
    # asyncio turns off Nagle's algorithm, which costs 40 ms an answer, only for sockets that name their protocol.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port, *more))
        listener.listen(512)
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener


class ServerThread:
    """A server that runs in a thread with an event loop, so that it works beside sync and async code.

    Args:
        server: the server.
        listener: where it listens; closed when it stops.
        name: the name of the thread.
    """

    def __init__(self, server: Server, listener: socket.socket, name: str) -> None:
        self._server = server
        self._listener = listener
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)

    def _serve(self) -> None:
        self._server.run(sockets=[self._listener])

    def start(self) -> None:
        """Start serving. Returns when the server accepts connections."""
        self._thread.start()
        latest = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if time.monotonic() > latest or not self._thread.is_alive():
                raise RuntimeError(f"{self._thread.name} did not start")
            time.sleep(0.002)

    def stop(self) -> None:
        """Stop serving and free the port."""
        if self._server.started:
            self._server.stop()
        self._thread.join(_START_SECONDS)
        self._listener.close()
