"""The write gate, and the order of the layers behind it: token, retries with pacing, network."""

import re
from collections.abc import Mapping
from functools import cache

import httpx

from langchain_azure_devops.errors import WriteBlocked
from langchain_azure_devops.http.credentials import AuthTransport, Credential
from langchain_azure_devops.http.request import PROBES, RequestContext, RequestSource
from langchain_azure_devops.http.retries import RetryTransport
from langchain_azure_devops.runtime import Timeouts
from langchain_azure_devops.safety.grants import Grant, Operation

_OVERRIDES = frozenset({"x-http-method-override", "x-http-method", "x-method-override"})


class WriteGate(httpx.AsyncBaseTransport):
    """Lets reads pass, and a write only with a grant for exactly this write."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        """Wrap the transport `inner`."""
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Check a request and pass it on.

        Raises:
            WriteBlocked: It is a write and has no grant that covers it.
        """
        context: RequestContext = request.extensions["request_context"]
        _check_form(context, request)
        if context.probe:
            _check_probe(context, request)
        elif not context.reads:
            spend_grant(context.client, context.grant, context.operation, context.path)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()


def spend_grant(
    client: RequestSource, grant: Grant | None, operation: Operation, path: Mapping[str, str | int | None]
) -> None:
    """Use a grant for one write, before anything of it is sent.

    Args:
        client: The client whose write it is.
        grant: The grant of the tool call that it belongs to; None when there is none.
        operation: What it carries out.
        path: The values of the placeholders in its route.

    Raises:
        WriteBlocked: The client only reads, there is no grant, or the grant does not cover this write.
    """
    write = f"{operation.method} {operation.template}"
    if client.read_only:
        raise WriteBlocked(f"{write} was not sent: this client only reads.", subject="read_only")
    if grant is None:
        raise WriteBlocked(f"{write} was not sent: a write needs an approved tool call.", subject="grant")
    client.grants.spend(grant, operation, path)


def _check_form(context: RequestContext, request: httpx.Request) -> None:
    """Check that the request is the one that its context describes; otherwise a write could pose as a read."""
    path = request.url.raw_path.decode("ascii").partition("?")[0]
    if request.method != context.operation.method or not _route_pattern(context.operation.template).search(path):
        raise WriteBlocked(
            f"{request.method} {path} was not sent: it is not the {context.operation.method} "
            f"{context.operation.template} that it claims to be.",
            subject="route",
        )
    if _OVERRIDES & {name.lower() for name in request.headers}:
        raise WriteBlocked("A request was not sent: a header would turn it into another one.", subject="route")


@cache
def _route_pattern(template: str) -> re.Pattern[str]:
    """Build the pattern of the paths of a route, with any prefix."""
    parts = re.split(r"(/\{project\}|\{\w+\})", template)
    forms = {"/{project}": "(?:/[^/]+)?"}
    return re.compile(
        "".join(forms.get(part, "[^/]+" if part.startswith("{") else re.escape(part)) for part in parts) + "$"
    )


def _check_probe(context: RequestContext, request: httpx.Request) -> None:
    known = {(operation, body) for operation, _, body in PROBES.values()}
    if context.client.read_only or (context.operation, request.content.decode()) not in known:
        raise WriteBlocked("A probe was not sent: it is not one of the constant probes, or this client only reads.")


def build_layers(
    inner: httpx.AsyncBaseTransport, credential: Credential, timeouts: Timeouts
) -> httpx.AsyncBaseTransport:
    """Put all layers in front of the network; the write gate is the outermost."""
    return WriteGate(AuthTransport(RetryTransport(inner, timeouts), credential))
