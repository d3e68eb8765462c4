"""The ASGI layer in front of the application that injects faults and enforces the rate limit."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from dataclasses import dataclass, replace
from socket import SO_LINGER, SOL_SOCKET
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from azure_devops_simulator.api.access import SIGN_IN_PAGE, identify
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.state.faults import Fault, Pace
from azure_devops_simulator.state.organization import Organization

TRANSPORT = "transport"
"""The key of the connection's transport in the state of its requests."""

CONTROL_PATH = "/_simulator"
"""The path of the control endpoint. Faults and the rate limit do not apply to it."""

_PIECES = 8
_ENDLESS_IN_PROCESS = 64_000_000
_RETRY_AFTER = 5.0
_LATE: set[asyncio.Task[None]] = set()
"""The operations that take effect later; a loop keeps no reference to its tasks."""

_ERRORS: dict[int, tuple[str, str]] = {
    401: (
        "UnauthorizedRequestException",
        "TF400813: The user '' is not authorized to access this resource.",
    ),
    403: (
        "AccessCheckException",
        "Access Denied: The user needs more permissions on this resource to perform this action.",
    ),
    409: (
        "GitReferenceStaleException",
        "TF401028: The reference has already been updated by another client, so you cannot update it.",
    ),
    412: (
        "TestPatchOperationFailedException",
        "VS403351: Test Operation for path /rev failed, the value was not equal to the test value.",
    ),
    429: (
        "VssServiceException",
        "TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource.",
    ),
    500: ("VssServiceException", "TF400898: An Internal Error Occurred."),
    503: (
        "HostShutdownException",
        "TF24668: The following team project collection is stopped. Start the collection and then try again.",
    ),
}
"""Type key and text of the errors that a fault can answer. For 429 and 500 only code and text are known facts."""


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class FaultMiddleware:
    """Passes each request on unless a fault or the rate limit of the organization stops it."""

    def __init__(self, app: ASGIApp, organization: Organization) -> None:
        self._app = app
        self._organization = organization

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        organization = self._organization
        if scope["path"].startswith(f"{CONTROL_PATH}/"):
            await self._app(scope, receive, send)
            return
        fault = organization.faults.take(scope["method"], scope["path"]) if organization.faults else None
        if fault is None and organization.throttle is None:
            await self._app(scope, receive, send)
            return
        pace = organization.throttle.take(self._user_id(scope)) if organization.throttle else None
        if pace is not None and pace.state == "block":
            await _send(_blocked(pace), send)
            return
        if pace is not None and pace.state != "quiet":
            await asyncio.sleep(pace.delay)
            send = _with_headers(send, _rate_headers(pace))
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await _FaultyRequest(self._app, fault, scope, receive, send).answer()

    def _user_id(self, scope: Scope) -> str:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        authorization = headers.get(b"authorization", b"").decode("latin-1")
        return identify(self._organization, authorization).user.id


@dataclass(frozen=True)
class _FaultyRequest:
    """One request that meets a fault."""

    app: ASGIApp
    fault: Fault
    scope: Scope
    receive: Receive
    send: Send

    async def answer(self) -> None:
        fault = self.fault
        late = fault.kind in {"truncate", "slow", "endless"}
        passes = late or fault.kind == "delay" or (fault.kind == "throttle" and (fault.status or 429) < 400)
        waits = fault.delay if fault.kind not in {"slow", "endless"} else 0.0
        if fault.when != "after":
            await asyncio.sleep(waits)
        if fault.when == "late":
            await self._take_effect_later()
        answer = await self._collect() if passes or fault.when == "after" else None
        if fault.when == "after":
            await asyncio.sleep(waits)
        if fault.kind == "reset":
            if answer is None and fault.when != "late":
                # A client that is still sending would miss the reset and see an orderly end.
                await self._drain()
            await self._reset()
        elif answer is None or not passes:
            await _send(_error(fault), self.send)
        elif late:
            await self._inject_fault(answer)
        else:
            await _send(_throttled(fault, answer) if fault.kind == "throttle" else answer, self.send)

    async def _take_effect_later(self) -> None:
        """Read the request now, and let the operation happen after the answer; nobody sees its own answer."""
        parts: list[bytes] = []
        more = True
        while more:
            message = await self.receive()
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)

        async def body() -> Message:
            return {"type": "http.request", "body": b"".join(parts), "more_body": False}

        async def nobody(_message: Message) -> None:
            pass

        async def happen() -> None:
            await asyncio.sleep(self.fault.late)
            await self.app(self.scope, body, nobody)

        task = asyncio.create_task(happen())
        _LATE.add(task)
        task.add_done_callback(_LATE.discard)

    async def _collect(self) -> _Answer:
        """Let the operation happen and hold its answer back."""
        start: list[Message] = []
        parts: list[bytes] = []

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.append(message)
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        await self.app(self._plain() if self.fault.kind == "endless" else self.scope, self.receive, keep)
        return _Answer(start[0]["status"], list(start[0]["headers"]), b"".join(parts))

    def _plain(self) -> Scope:
        """Return the request without Accept-Encoding: a repeated compressed body has nothing after its first end."""
        headers = [pair for pair in self.scope["headers"] if pair[0] != b"accept-encoding"]
        return {**self.scope, "headers": headers}

    async def _inject_fault(self, answer: _Answer) -> None:
        if self.fault.kind == "slow":
            step = max(1, -(-len(answer.body) // _PIECES))
            pieces = [answer.body[at : at + step] for at in range(0, len(answer.body), step)]
            await self._stream(answer, pieces, ends=True)
        elif self.fault.kind == "truncate":
            if len(answer.body) < 2:
                await self._reset()
            else:
                await self._stream(answer, [answer.body[: len(answer.body) // 2]], ends=False)
                await self._hang_up("the connection was closed in the middle of the answer")
        else:
            await self._endless(answer)

    async def _stream(self, answer: _Answer, pieces: list[bytes], *, ends: bool) -> None:
        waits = self.fault.delay if self.fault.kind == "slow" else 0.0
        await self.send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        for piece in pieces:
            await asyncio.sleep(waits)
            await self.send({"type": "http.response.body", "body": piece, "more_body": True})
        if ends:
            await self.send({"type": "http.response.body", "body": b""})

    async def _endless(self, answer: _Answer) -> None:
        """Repeat the body until the client hangs up. Without a socket it ends after 64 MB as a broken answer."""
        headers = [(name, value) for name, value in answer.headers if name != b"content-length"]
        await self.send({"type": "http.response.start", "status": answer.status, "headers": headers})
        gone = asyncio.ensure_future(self._gone())
        sent, body = 0, answer.body or b" "
        while not gone.done() and (self._transport or sent < _ENDLESS_IN_PROCESS):
            await self.send({"type": "http.response.body", "body": body, "more_body": True})
            sent += len(body)
            await asyncio.sleep(self.fault.delay)
        gone.cancel()
        if self._transport is None:
            await self._hang_up("the answer had no end")

    @property
    def _transport(self) -> asyncio.Transport | None:
        found: asyncio.Transport | None = self.scope.get("state", {}).get(TRANSPORT)
        return found

    async def _reset(self) -> None:
        """Drop the connection with a TCP reset, whatever has been sent so far."""
        if transport := self._transport:
            # Without lingering, closing the socket sends a reset instead of the usual end.
            transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        await self._hang_up("the connection was reset by the peer")

    async def _hang_up(self, reason: str) -> None:
        """Close the connection after what was sent. Without a socket, raise the error that the client would see."""
        if transport := self._transport:
            transport.close()
            await self._gone()
            return
        import httpx  # noqa: PLC0415 - the client's own error, needed only where no socket is between us

        raise httpx.ReadError(reason)

    async def _drain(self) -> None:
        while (await self.receive()).get("more_body", False):
            pass

    async def _gone(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass


async def _send(answer: _Answer, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


def _with_headers(send: Send, more: list[tuple[bytes, bytes]]) -> Send:
    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return dressed


def _headers(**named: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]


def _error(fault: Fault) -> _Answer:
    status = fault.status or (429 if fault.kind == "throttle" else 503)
    key, message = _ERRORS.get(status, ("VssServiceException", f"The request failed with status {status}."))
    text = json.dumps(ServiceError(status, key, message).body()).encode()
    activity = str(uuid4())
    headers = _headers(activityid=activity, x_vss_e2eid=activity)
    kind, body = {
        "json": ("application/json; charset=utf-8", text),
        "bom": ("application/json", b"\xef\xbb\xbf" + text),
        "html": ("text/html; charset=utf-8", _page(status)),
        "empty": ("", b""),
    }[fault.body]
    if kind:
        headers += _headers(content_type=kind)
    headers += _headers(content_length=str(len(body)))
    if fault.kind == "throttle":
        headers += _rate_headers(_pace(fault))
    elif fault.retry_after is not None:
        headers += _headers(retry_after=f"{fault.retry_after:g}")
    return _Answer(status, headers, body)


def _page(status: int) -> bytes:
    if status < 400:
        return SIGN_IN_PAGE.encode()
    return (
        f"<!DOCTYPE html>\n<html><head><title>Azure DevOps Services | {status}</title></head>"
        f"<body><h1>{status}</h1><p>The service is unavailable.</p></body></html>\n"
    ).encode()


def _pace(fault: Fault) -> Pace:
    wait = _RETRY_AFTER if fault.retry_after is None else fault.retry_after
    return Pace("flag", limit=200, remaining=0, reset=wait, delay=fault.delay, retry_after=wait)


def _throttled(fault: Fault, answer: _Answer) -> _Answer:
    return replace(answer, headers=answer.headers + _rate_headers(_pace(fault)))


def _rate_headers(pace: Pace) -> list[tuple[bytes, bytes]]:
    """Return the X-RateLimit headers of a state. Delays and refusals also get Retry-After."""
    found = _headers(
        x_ratelimit_resource="Concurrency",
        x_ratelimit_limit=str(pace.limit),
        x_ratelimit_remaining=str(pace.remaining),
        x_ratelimit_reset=str(int(time.time() + pace.reset)),
    )
    if pace.delay:
        found += _headers(x_ratelimit_delay=f"{pace.delay:.3f}")
    if pace.retry_after:
        found += _headers(retry_after=f"{pace.retry_after:g}")
    return found


def _blocked(pace: Pace) -> _Answer:
    plain = _error(Fault("status", status=429))
    return replace(plain, headers=plain.headers + _rate_headers(pace))
