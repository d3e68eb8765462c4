"""The MCP server over streamable HTTP: only for hosts with the token, and not for pages of a browser."""

import logging
import re
import secrets
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Self

import uvicorn
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend
from mcp.server.auth.provider import AccessToken
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware.authentication import AuthenticationMiddleware

from langchain_azure_devops.adapters.mcp_server.server import make_mcp_server
from langchain_azure_devops.adapters.toolkit import AzureDevOpsToolkit
from langchain_azure_devops.errors import Misconfigured

PATH = "/mcp"
_LEAST_TOKEN = 24
_CLOSE_SECONDS = 2
_NAME = re.compile(r"[\w.-]+|\[[0-9A-Fa-f:.]+\]", re.ASCII)


class HttpServer:
    """An MCP server over HTTP, bound to its port.

        with AzureDevOpsToolkit.connect(organization="contoso") as toolkit:
            server = HttpServer(toolkit)
            print(server.url, server.token)
            server.run()

    Attributes:
        url: The address for hosts.
        local: Whether only this machine reaches it. HTTP is not encrypted: others need a proxy with TLS in front.
        token: What hosts send as `Authorization: Bearer ...`.
    """

    def __init__(
        self,
        toolkit: AzureDevOpsToolkit,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str | None = None,
        names: Sequence[str] = (),
        text_only: bool = False,
    ) -> None:
        """Listen on a port; `run` serves.

        Args:
            toolkit: A verified toolkit; the caller closes it after the server has ended.
            host: The address to listen on.
            port: The port; 0 takes a free one.
            token: The token that hosts have to send; by default a new one.
            names: Further names under which hosts reach this server, such as the one of a proxy in front of it. A
                request for another name is refused, because a page of a browser may have sent it.
            text_only: Leave the data out of results; see `make_mcp_server`.

        Raises:
            Misconfigured: The token is too short, a name is none, or the address cannot be used.
        """
        self.token = secrets.token_urlsafe(32) if token is None else check_token(token)
        if wrong := [name for name in names if not _NAME.fullmatch(name)]:
            raise Misconfigured(
                f"names= takes names without scheme and path, such as tools.example, not {wrong[0]!r}.",
                subject="names",
            )
        if not names and _is_wildcard(host):
            raise Misconfigured(
                f"The server would listen on every address ({host}), so it does not know its own name. Give the names "
                "under which hosts reach it with names=.",
                subject="names",
            )
        self._socket = _listen(host, port)
        self.port = int(self._socket.getsockname()[1])
        self.local = _is_loopback(host)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{names[0] if _is_wildcard(host) else shown}:{self.port}{PATH}"
        own = ["127.0.0.1", "localhost", "[::1]"] if self.local else [shown]
        allowed = [text for name in (*own, *names) for text in (name, f"{name}:{self.port}")]
        self._app = make_http_app(toolkit, self.token, allowed, text_only=text_only)

    def run(self) -> None:
        """Serve until the process is interrupted; raises KeyboardInterrupt then."""
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=_CLOSE_SECONDS,
        )
        server = uvicorn.Server(config)
        errors = logging.getLogger("uvicorn.error")

        def still_serves(_: logging.LogRecord) -> bool:
            # A host that listens when the server is stopped is cut off, which is no error.
            return not server.should_exit

        errors.addFilter(still_serves)
        try:
            server.run(sockets=[self._socket])
        finally:
            errors.removeFilter(still_serves)
            self.close()

    def close(self) -> None:
        """Free the port."""
        self._socket.close()

    def __enter__(self) -> Self:
        """Use the server in a `with` statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Free the port."""
        self.close()


def make_http_app(
    toolkit: AzureDevOpsToolkit, token: str, hosts: Sequence[str], *, text_only: bool = False
) -> Starlette:
    """Return the ASGI application, for servers of your own.

    Args:
        toolkit: A verified toolkit.
        token: The token that hosts have to send.
        hosts: The accepted values of the header `Host`; a request of a browser has to come from one of them, too.
        text_only: Leave the data out of results; see `make_mcp_server`.
    """
    verifier = _OneToken(check_token(token))
    security = TransportSecuritySettings(
        allowed_hosts=list(hosts),
        allowed_origins=[f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts],
    )
    app = make_mcp_server(toolkit, text_only=text_only).streamable_http_app(
        streamable_http_path=PATH, transport_security=security, token_verifier=verifier
    )
    app.add_middleware(AuthenticationMiddleware, backend=BearerAuthBackend(verifier))
    return app


def check_token(token: str) -> str:
    """Return a token that is long enough to be no guess.

    Raises:
        Misconfigured: It is short, or has characters that no header can carry.
    """
    if len(token) < _LEAST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise Misconfigured(
            f"token= needs at least {_LEAST_TOKEN} letters, digits or signs without spaces. Leave it out to get a new "
            "one.",
            subject="token",
        )
    return token


class _OneToken:
    """Accepts one token, and takes the same time for every other one."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    async def verify_token(self, token: str) -> AccessToken | None:
        if not secrets.compare_digest(token.encode("utf-8", "surrogateescape"), self._token):
            return None
        return AccessToken(token="", client_id="mcp-host", scopes=[])


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((host, port))
            made.listen(128)
        except BaseException:
            made.close()
            raise
    except (OSError, OverflowError) as error:
        raise Misconfigured(
            f"The server cannot listen on {host} port {port}: {error}. Choose another address or port.", subject="port"
        ) from error
    return made


def _is_wildcard(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return host == ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
