"""What every request passes, outermost first: write gate, pacer and retry, sign-in detection, network."""

import asyncio
import random
import ssl
import time
import urllib.request
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Protocol

import httpx

from langchain_azure_devops.errors import (
    AzureDevOpsError,
    InvalidRequest,
    ProxyPage,
    SignInRequired,
    TlsFailure,
    Unreachable,
    WriteBlocked,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.grants import Grant, Operation
from langchain_azure_devops.settings import is_loopback

READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

READ_POSTS = frozenset(
    Operation("POST", template)
    for template in (
        "/{project}/_apis/wit/wiql",
        "/{project}/_apis/wit/workitemsbatch",
        "/{project}/_apis/search/codesearchresults",
    )
)
"""POSTs that only read, each checked against the published scopes: a read scope suffices and nothing is stored."""

_NOBODY = "00000000-0000-0000-0000-000000000000"
PROBES: Mapping[str, tuple[Operation, str, str]] = {
    "vso.code_write": (
        Operation("POST", f"/_apis/git/repositories/{_NOBODY}/refs"),
        "application/json",
        "{}",
    ),
    "vso.work_write": (
        Operation("PATCH", "/_apis/wit/workitems/2147483647"),
        "application/json-patch+json",
        '[{"op":"test","path":"/rev","value":1}]',
    ),
}
"""Requests that ask whether a write scope is there and cannot act: the target cannot exist and the body is refused."""

MAX_ANSWER_BYTES = 32 * 1024 * 1024
_PIECE_BYTES = 64 * 1024
CALL_SECONDS = 90.0
_RETRIED_STATUSES = frozenset({429, 502, 503, 504})
_MAX_RETRIES = 5
_PARALLEL = 8
_SIGN_IN_HOSTS = ("login.microsoftonline.com", "visualstudio.com", "login.live.com", "login.windows.net")


class Asker(Protocol):
    """The client a request comes from: decides whether writes can be granted at all."""

    read_only: bool


@dataclass(frozen=True)
class Passage:
    """What the layers need to know of a request; travels in its extensions under `passage`.

    Attributes:
        operation: The operation the request carries out.
        project: The project in its path, as the caller named it.
        client: The client that sends it.
        grant: The grant of the tool call it belongs to.
        probe: It is one of PROBES.
        streamed: The caller reads the body piece by piece and caps it.
    """

    operation: Operation
    project: str | None
    client: Asker
    grant: Grant | None = None
    probe: bool = False
    streamed: bool = False

    @property
    def reads(self) -> bool:
        """Whether the request cannot change anything."""
        return self.operation.method in READ_METHODS or self.operation in READ_POSTS or self.probe


class WriteGate(httpx.AsyncBaseTransport):
    """Lets reads pass, and writes only with a grant for exactly this write."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        """Stand in front of `inner`."""
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Check, then pass on.

        Raises:
            WriteBlocked: A write without a grant that covers it.
        """
        passage: Passage = request.extensions["passage"]
        if passage.probe:
            _check_probe(passage, request)
        elif not passage.reads:
            if passage.client.read_only:
                raise WriteBlocked(
                    f"{passage.operation.method} {passage.operation.template} was not sent: this client only reads.",
                    subject="read_only",
                )
            if passage.grant is None:
                raise WriteBlocked(
                    f"{passage.operation.method} {passage.operation.template} was not sent: "
                    "a write needs an approved tool call.",
                    subject="grant",
                )
            passage.grant.spend(passage.operation, passage.project, passage.client)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close what is behind."""
        await self._inner.aclose()


def _check_probe(passage: Passage, request: httpx.Request) -> None:
    known = {(operation, body) for operation, _, body in PROBES.values()}
    if passage.client.read_only or (passage.operation, request.content.decode()) not in known:
        raise WriteBlocked("A probe was not sent: it is not one of the constant probes, or this client only reads.")


class PacedRetry(httpx.AsyncBaseTransport):
    """Bounds how much is under way, waits when the service says so, and repeats what may be repeated.

    Reads are repeated after 429, 502, 503, 504, after a 500 without an error body of the service, and after a broken
    connection. A write is repeated only when the service surely did not take it: after a 429 and when the connection
    was never made. A write whose answer is lost is reported as such and not repeated.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        """Stand in front of `inner`."""
        self._inner = inner
        self._slots = asyncio.Semaphore(_PARALLEL)
        self._not_before = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and send again where that is safe, within the call's deadline."""
        passage: Passage = request.extensions["passage"]
        deadline = time.monotonic() + CALL_SECONDS
        attempt = 0
        while True:
            await self._turn(deadline)
            try:
                async with self._slots:
                    response = await self._exchange(request, passage)
            except httpx.TransportError as error:
                if not _may_repeat(error, passage) or not await _pause(attempt, None, deadline):
                    raise _explained(error, request, passage) from error
            else:
                wait = _seconds(response.headers)
                if wait is not None:
                    self._not_before = max(self._not_before, time.monotonic() + min(wait, CALL_SECONDS))
                if not passage.reads and _lost(response):
                    raise _unknown(f"answered {response.status_code} to the write", request, passage)
                if not _asks_again(response, passage) or not await _pause(attempt, wait, deadline):
                    return response
                await response.aclose()
            attempt += 1

    async def aclose(self) -> None:
        """Close what is behind."""
        await self._inner.aclose()

    async def _turn(self, deadline: float) -> None:
        wait = min(self._not_before, deadline) - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)

    async def _exchange(self, request: httpx.Request, passage: Passage) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if passage.streamed and response.status_code < 400:
            return response
        response.request = request
        return await _whole(response)


async def _whole(response: httpx.Response) -> httpx.Response:
    """The response with its decoded body in memory, at most MAX_ANSWER_BYTES of it."""
    pieces: list[bytes] = []
    size = 0
    try:
        async for piece in response.aiter_bytes():
            size += len(piece)
            if size > MAX_ANSWER_BYTES:
                raise InvalidRequest(
                    f"The answer is larger than {MAX_ANSWER_BYTES // 2**20} MB and was not read to its end. "
                    "Ask for less: a lower limit, a narrower filter, or a line range."
                )
            pieces.append(piece)
    finally:
        await response.aclose()
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in _BODY_HEADERS]
    return httpx.Response(response.status_code, headers=headers, content=b"".join(pieces))


_BODY_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def _may_repeat(error: httpx.TransportError, passage: Passage) -> bool:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        # Nothing was sent. A certificate that is not accepted or a name that does not resolve will not change soon.
        return not (_is_tls(error) or _is_final(error))
    return passage.reads


def _asks_again(response: httpx.Response, passage: Passage) -> bool:
    if response.status_code == 429:
        return True
    if not passage.reads:
        return False
    if response.status_code == 500:
        return b'"typeKey"' not in response.content
    return response.status_code in _RETRIED_STATUSES


def _lost(response: httpx.Response) -> bool:
    """Whether a failure says nothing of what became of a write; an error body of the service with a 500 does."""
    return response.status_code >= 500 and not (response.status_code == 500 and b'"typeKey"' in response.content)


async def _pause(attempt: int, asked: float | None, deadline: float) -> bool:
    """Wait before the next attempt; False when there is no time or no attempt left."""
    if attempt >= _MAX_RETRIES:
        return False
    jittered = (0.2 * 2**attempt) * (0.5 + random.random() / 2)  # noqa: S311 - spreads load, guards nothing
    wait = max(jittered, asked or 0.0)
    if time.monotonic() + wait > deadline:
        return False
    await asyncio.sleep(wait)
    return True


def _seconds(headers: httpx.Headers) -> float | None:
    """How long the service asks to wait; it says so on successful answers, too."""
    text = headers.get("retry-after")
    if text is None:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def _is_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return "CERTIFICATE_VERIFY_FAILED" in str(error) or "[SSL" in str(error)


def _is_final(error: BaseException) -> bool:
    return "Name or service not known" in str(error) or "nodename nor servname" in str(error)


def _explained(error: httpx.TransportError, request: httpx.Request, passage: Passage) -> AzureDevOpsError:
    host = request.url.host
    if _is_tls(error):
        return TlsFailure(
            f"The certificate of {host} was not accepted: {error}. Behind a company proxy, set SSL_CERT_FILE to the "
            "company's root certificates.",
            subject=host,
        )
    never_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError)
    if not passage.reads and not never_sent:
        return _unknown(f"broke the connection after the write was sent ({type(error).__name__})", request, passage)
    return Unreachable(
        f"{host} could not be reached: {str(error) or type(error).__name__}. Check the network, the proxy settings "
        "(HTTPS_PROXY) and, for Azure DevOps Server, the base URL.",
        subject=host,
    )


def _unknown(happened: str, request: httpx.Request, passage: Passage) -> WriteOutcomeUnknown:
    return WriteOutcomeUnknown(
        f"{request.url.host} {happened}, so it may or may not have happened. It was not repeated. Look whether it is "
        "there before trying again.",
        subject=passage.operation.template,
    )


class SignInDetection(httpx.AsyncBaseTransport):
    """Turns a sign-in page or a proxy's page into the error it is, before anybody reads it as data."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        """Stand in front of `inner`."""
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on, then look at what came back.

        Raises:
            SignInRequired: The service wants a sign-in.
            ProxyPage: Something else answered with a page.
        """
        response = await self._inner.handle_async_request(request)
        html = response.headers.get("content-type", "").lower().startswith("text/html")
        answered = html and response.status_code < 300
        foreign = html and 400 <= response.status_code < 500 and not _from_service(response)
        if answered or foreign or response.status_code == 203 or 300 <= response.status_code < 400:
            await response.aclose()
            raise _page_error(response, request)
        return response

    async def aclose(self) -> None:
        """Close what is behind."""
        await self._inner.aclose()


def _from_service(response: httpx.Response) -> bool:
    return any(name.startswith(("x-vss-", "x-tfs-")) for name in response.headers)


def _page_error(response: httpx.Response, request: httpx.Request) -> AzureDevOpsError:
    host = request.url.host
    target = httpx.URL(response.headers.get("location", "")).host
    if _from_service(response) or target.endswith(_SIGN_IN_HOSTS) or "_signin" in response.headers.get("location", ""):
        return SignInRequired(
            f"{host} answered with its sign-in page (status {response.status_code}) instead of data: it does not "
            "accept this token. It is wrong, expired or revoked, or belongs to another organization. Make a new one, "
            "set AZURE_DEVOPS_PAT, and run 'azure-devops-agent verify'.",
            subject=str(response.status_code),
        )
    return ProxyPage(
        f"Something between here and {host} answered with a page of its own (status {response.status_code}): a proxy, "
        "a captive portal or a firewall. Open the address in a browser on this machine, or set HTTPS_PROXY.",
        subject=str(response.status_code),
    )


@cache
def _tls() -> ssl.SSLContext:
    """One TLS context for all clients: making one takes 20 ms."""
    return httpx.create_ssl_context()


def network(base_url: str) -> httpx.AsyncBaseTransport:
    """Connections to one organization, through the proxy of the environment where there is one."""
    url = httpx.URL(base_url)
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    # A proxy cannot reach this machine's loopback: a simulator must work behind one, too.
    if proxy is not None and (is_loopback(url.host) or urllib.request.proxy_bypass(url.host)):
        proxy = None
    # The pool of httpx slows down beyond about 20 connections.
    limits = httpx.Limits(max_connections=16, max_keepalive_connections=16, keepalive_expiry=30.0)
    return httpx.AsyncHTTPTransport(verify=_tls(), proxy=proxy, limits=limits)


def layered(inner: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
    """All layers in front of the network."""
    return WriteGate(PacedRetry(SignInDetection(inner)))


async def capped(response: httpx.Response, limit: int) -> AsyncIterator[bytes]:
    """The decoded body piece by piece, at most `limit` bytes of it."""
    left = limit
    # Whole pieces, so that the first one shows whether this is text, however the network cut it.
    async for piece in response.aiter_bytes(_PIECE_BYTES):
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return
