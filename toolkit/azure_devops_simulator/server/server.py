"""Run the simulator as a server: in a thread for tests and programs, in the foreground for the command line."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from azure_devops_simulator.server.app import create_app
from azure_devops_simulator.server.fault_middleware import TRANSPORT
from azure_devops_simulator.server.request_log import RequestLog
from azure_devops_simulator.server.serving import Server, ServerThread, listen
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.world.builder.organizations import OrganizationBuilder

_KEEP_ALIVE_SECONDS = 600
"""How long an idle connection stays open. If it ended sooner, a client that reuses it for a POST would get a reset."""


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
    host, port = listener.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}:{port}/{organization.name}"


def web_server(
    organization: Organization,
    certificate: Certificate | None = None,
    *,
    control: bool = False,
    strict: bool = False,
    requests: RequestLog | None = None,
) -> Server:
    """Return a server that is not started yet. With a certificate it speaks TLS only.

    Raises:
        OSError: the certificate or its key cannot be read.
    """
    config = uvicorn.Config(
        create_app(organization, control=control, strict=strict, requests=requests),
        http=_Connection,
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        date_header=False,  # answers are dated by the organization's own clock
        ssl_certfile=certificate.chain if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
    )
    config.load()  # here, and not in the thread that serves, where nobody would see what is wrong
    return Server(config)


class SimulatorServer:
    """Serves an organization on a free loopback port while the `with` block lasts.

    It works in sync and async tests because the server has its own thread and event loop. With `control` it also
    answers below `/_simulator`, where a test in another process adds faults, moves the clock and so on. With `strict`
    everything that is not simulated is answered with 501. With `verbose` each request is printed on stderr.

    `requests` is the log of the requests, with what clients asked for that is not simulated.
    """

    def __init__(
        self,
        organization: Organization | OrganizationBuilder,
        port: int = 0,
        *,
        certificate: Certificate | None = None,
        control: bool = False,
        strict: bool = False,
        verbose: bool = False,
    ) -> None:
        organization = organization.organization if isinstance(organization, OrganizationBuilder) else organization
        self.organization: Organization = organization
        self.requests = RequestLog(verbose=verbose)
        server = web_server(organization, certificate, control=control, strict=strict, requests=self.requests)
        listener = listen(port)
        self.base_url = base_url(organization, listener, certificate)
        self._thread = ServerThread(server, listener, "azure-devops-simulator")

    def start(self) -> None:
        """Start serving. Returns when the server accepts connections."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._thread.stop()

    def __enter__(self) -> Self:
        """Start serving."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self.stop()
