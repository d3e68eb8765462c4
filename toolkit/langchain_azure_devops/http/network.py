"""The network: one pool of connections to an organization, on plain asyncio.

httpx's own transport supports several kinds of event loops through a layer that runs the loop nine times for one small
answer. The client has its own asyncio loop, so it does without this layer, and a request costs half as much.
"""

import asyncio
import ssl
import urllib.request
from collections import deque
from collections.abc import AsyncIterator, Iterable
from functools import cache
from typing import Any

import httpcore
import httpx

from langchain_azure_devops.errors import Misconfigured
from langchain_azure_devops.http.connecting import open_socket
from langchain_azure_devops.settings import is_loopback

MAX_CONNECTIONS = 16
"""The pool slows down beyond about 20."""
_KEEP_SECONDS = 30.0
_UNREAD_BYTES = 256 * 1024


def open_network(base_url: str) -> httpx.AsyncBaseTransport:
    """Create the transport to one organization, through the proxy of the environment if there is one."""
    url = httpx.URL(base_url)
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    # A proxy cannot reach the loopback of this machine, and a simulator must work behind a proxy.
    if proxy is not None and (is_loopback(url.host) or urllib.request.proxy_bypass(url.host)):
        proxy = None
    return Network(proxy and _check_proxy_url(proxy))


_LAST_PORT = 65_535


def _check_proxy_url(proxy: str) -> str:
    """Return the URL of a proxy, which may be given without its scheme.

    Raises:
        Misconfigured: It is no URL, or a kind of proxy that is not supported.
    """
    whole = proxy if "://" in proxy else f"http://{proxy}"
    try:
        url = httpx.URL(whole)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host or (url.port or 0) > _LAST_PORT:
        # The URL is never shown, because it may contain a password.
        raise Misconfigured(
            "The proxy of the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) cannot be used: it must be such as "
            "http://proxy.example:8080; SOCKS is not supported. To go without it for this host, add it to NO_PROXY.",
            subject="proxy",
        )
    return whole


@cache
def _tls_context() -> ssl.SSLContext:
    """Create the TLS context once for all clients, because that takes 20 ms."""
    return httpx.create_ssl_context()


class Network(httpx.AsyncBaseTransport):
    """A pool of connections that raises the errors of httpx."""

    def __init__(self, proxy: str | None = None) -> None:
        """Prepare without connecting; `proxy` is a URL, perhaps with a name and a password."""
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_tls_context(),
            proxy=None if proxy is None else _make_proxy(httpx.URL(proxy)),
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=_KEEP_SECONDS,
            network_backend=_AsyncioBackend(),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the body of the answer is read on demand."""
        url = request.url
        assert isinstance(request.stream, httpx.AsyncByteStream)  # noqa: S101 - requests of an asynchronous client
        asked = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = await self._pool.handle_async_request(asked)
        except _ERRORS as error:
            raise _to_httpx_error(error) from error
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of an answer as it arrives."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._stream:
                yield piece
        except _ERRORS as error:
            raise _to_httpx_error(error) from error

    async def aclose(self) -> None:
        await self._stream.aclose()


_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


def _to_httpx_error(error: Exception) -> httpx.TransportError:
    """Convert an error of httpcore into the one of httpx, which has the same name."""
    kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
    return kind(str(error))


def _make_proxy(url: httpx.URL) -> httpcore.Proxy:
    auth = (url.username, url.password) if url.username or url.password else None
    return httpcore.Proxy(str(url.copy_with(username=None, password=None)), auth=auth)


# -- asyncio -------------------------------------------------------------------------------------------------------


class _AsyncioBackend(httpcore.AsyncNetworkBackend):
    """Opens connections on the running asyncio loop."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's name
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        stream = _Stream(loop)
        try:
            async with asyncio.timeout(timeout):
                connected = await open_socket(host, port, local_address)
                wire, _ = await loop.create_connection(lambda: stream, sock=connected)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"No connection within {timeout} s") from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        for option in socket_options or ():
            wire.get_extra_info("socket").setsockopt(*option)
        return stream

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Stream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection: the data that was not read yet, and the futures that wait for data or for room to write."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._wire: asyncio.Transport
        self._unread: deque[bytes] = deque()
        self._size = 0
        self._paused = False
        self._ended = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._full = False

    # -- called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what asyncio gives for TCP
        self._wire = transport

    def data_received(self, data: bytes) -> None:
        self._unread.append(data)
        self._size += len(data)
        if self._size > _UNREAD_BYTES and not self._paused:
            self._paused = True
            self._wire.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        self._ended = True
        _wake(self._reader)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._error = True, exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _wake(self._writer)

    # -- called by httpcore

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's name
        while not self._unread:
            if self._error is not None:
                raise httpcore.ReadError(str(self._error)) from self._error
            if self._ended:
                return b""
            self._reader = self._loop.create_future()
            await _wait_within(self._reader, timeout, httpcore.ReadTimeout)
        piece = self._unread.popleft()
        if len(piece) > max_bytes:
            self._unread.appendleft(piece[max_bytes:])
            piece = piece[:max_bytes]
        self._size -= len(piece)
        if self._paused and self._size <= _UNREAD_BYTES // 2:
            self._paused = False
            self._wire.resume_reading()
        return piece

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's name
        if buffer:
            if self._ended:
                raise httpcore.WriteError(str(self._error or "The connection was closed"))
            self._wire.write(buffer)
        while self._full and not self._ended:
            self._writer = self._loop.create_future()
            await _wait_within(self._writer, timeout, httpcore.WriteTimeout)

    async def aclose(self) -> None:
        self._wire.close()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's name
    ) -> httpcore.AsyncNetworkStream:
        try:
            wire = await self._loop.start_tls(
                self._wire, self, ssl_context, server_hostname=server_hostname, ssl_handshake_timeout=timeout
            )
        except (TimeoutError, ConnectionAbortedError) as error:
            raise httpcore.ConnectTimeout(f"No TLS handshake within {timeout} s") from error
        except (OSError, ssl.SSLError) as error:
            self._wire.abort()
            raise httpcore.ConnectError(str(error)) from error
        assert wire is not None  # noqa: S101 - None only when the connection was lost, which raises above
        self._wire = wire
        return self

    def get_extra_info(self, info: str) -> object:
        if info == "is_readable":
            # Data or the end of an idle connection means that the connection cannot be used again.
            return bool(self._unread) or self._ended
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._wire.get_extra_info(names.get(info, info))


def _wake(waiting: "asyncio.Future[None] | None") -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)


async def _wait_within(waiting: "asyncio.Future[None]", seconds: float | None, late: type[Exception]) -> None:
    """Wait for an event on the connection, at most `seconds`."""
    if seconds is None:
        await waiting
        return
    timer = waiting.get_loop().call_later(seconds, _time_out, waiting, late, seconds)
    try:
        await waiting
    finally:
        timer.cancel()


def _time_out(waiting: "asyncio.Future[None]", late: type[Exception], seconds: float) -> None:
    if not waiting.done():
        waiting.set_exception(late(f"Nothing happened within {seconds:g} s"))
