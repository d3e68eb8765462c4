"""Run the simulator as a server: in a thread for tests and programs, in the foreground for the command line."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from azure_devops_simulator.server.app import create_app
from azure_devops_simulator.server.fault_middleware import TRANSPORT
from azure_devops_simulator.state.organization import Organization

_START_SECONDS = 10.0
_STOP_SECONDS = 1.0
"""How long running requests may still take when the server stops."""


class _Connection(HttpToolsProtocol):
    """A connection that gives its transport to the application, so that a fault can break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, TRANSPORT: transport}
        self._tls = transport.get_extra_info("ssl_object") is not None
        super().connection_made(transport)

    def shutdown(self) -> None:
        # A TLS transport that is closed twice forgets its socket.
        if not self.transport.is_closing():
            super().shutdown()
        # A TLS client that is gone never answers the closing message. Waiting for it would leave the socket open.
        if self._tls and self.transport.is_closing():
            self.transport.abort()


class _Server(uvicorn.Server):
    """A server that stops at once. uvicorn checks only ten times a second whether to stop, and then waits again."""

    _loop: asyncio.AbstractEventLoop
    _stopped: asyncio.Event

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)

    def stop(self) -> None:
        """End the main loop. Any thread and any signal handler may call this."""
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


def listen(port: int = 0) -> socket.socket:
    """Return a listening socket on the loopback interface. Port 0 takes a free one."""
    # asyncio turns off Nagle's algorithm, which costs 40 ms an answer, only for sockets that name their protocol.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(512)
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener


@dataclass(frozen=True)
class Certificate:
    """The certificate chain and its private key for a TLS port, both as PEM files.

    Clients that only talk to `https://dev.azure.com` need a certificate for the service's hosts, an authority that they
    trust, and a way to reach the port. The tests show one for Node.
    """

    chain: Path
    key: Path


def base_url(organization: Organization, listener: socket.socket, certificate: Certificate | None = None) -> str:
    """Return the address of the organization on a listening socket."""
    scheme = "https" if certificate else "http"
    return f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/{organization.name}"


def web_server(organization: Organization, certificate: Certificate | None = None, *, control: bool = False) -> _Server:
    """Return a server that is not started yet. With a certificate it speaks TLS only.

    Raises:
        OSError: the certificate or its key cannot be read.
    """
    config = uvicorn.Config(
        create_app(organization, control=control),
        http=_Connection,
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        date_header=False,  # answers are dated by the organization's own clock
        ssl_certfile=certificate.chain if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
    )
    config.load()  # here, and not in the thread that serves, where nobody would see what is wrong
    return _Server(config)


class SimulatorServer:
    """Serves an organization on a free loopback port while the `with` block lasts.

    It works in sync and async tests because the server has its own thread and event loop. With `control` it also
    answers below `/_simulator`, where a test in another process adds faults, moves the clock and so on.
    """

    def __init__(
        self,
        organization: Organization,
        port: int = 0,
        *,
        certificate: Certificate | None = None,
        control: bool = False,
    ) -> None:
        self.organization = organization
        self._server = web_server(organization, certificate, control=control)
        self._listener = listen(port)
        self.base_url = base_url(organization, self._listener, certificate)
        self._thread = threading.Thread(target=self._serve, name="azure-devops-simulator", daemon=True)

    def _serve(self) -> None:
        self._server.run(sockets=[self._listener])

    def start(self) -> None:
        """Start serving. Returns when the server accepts connections."""
        self._thread.start()
        latest = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if time.monotonic() > latest or not self._thread.is_alive():
                raise RuntimeError("the simulator did not start")
            time.sleep(0.002)

    def stop(self) -> None:
        """Stop serving and free the port."""
        if self._server.started:
            self._server.stop()
        self._thread.join(_START_SECONDS)
        self._listener.close()

    def __enter__(self) -> Self:
        """Start serving."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self.stop()
