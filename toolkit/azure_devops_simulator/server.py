"""The simulator as a running server: in a thread for tests and programs, in the foreground for the command line."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Self

import uvicorn

from azure_devops_simulator.app import create_app
from azure_devops_simulator.organization import Organization

_START_SECONDS = 10.0


def listen(port: int = 0) -> socket.socket:
    """A listening socket on the loopback interface; port 0 takes a free one."""
    # asyncio turns Nagle's algorithm off only for sockets that name their protocol; with it every answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(512)
    return listener


def base_url(organization: Organization, listener: socket.socket) -> str:
    """The organization's address on a listening socket."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}/{organization.name}"


def web_server(organization: Organization) -> uvicorn.Server:
    """A server that is not started yet."""
    config = uvicorn.Config(
        create_app(organization),
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


class SimulatorServer:
    """Serves an organization on a free loopback port while the `with` block lasts.

    Usable in sync and async tests: the server has its own thread and event loop.
    """

    def __init__(self, organization: Organization, port: int = 0) -> None:
        self.organization = organization
        self._server = web_server(organization)
        self._listener = listen(port)
        self.base_url = base_url(organization, self._listener)
        self._thread = threading.Thread(target=self._serve, name="azure-devops-simulator", daemon=True)

    def _serve(self) -> None:
        self._server.run(sockets=[self._listener])

    def start(self) -> None:
        """Start serving; returns when connections are accepted."""
        self._thread.start()
        latest = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if time.monotonic() > latest or not self._thread.is_alive():
                raise RuntimeError("the simulator did not start")
            time.sleep(0.002)

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._server.should_exit = True
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
