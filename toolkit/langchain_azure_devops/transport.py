"""What every request passes, outermost first: write gate, pacer and retry, sign-in detection, network."""

from collections.abc import AsyncIterator

import httpx

from langchain_azure_devops.context import Patience
from langchain_azure_devops.errors import WriteBlocked
from langchain_azure_devops.passage import PROBES, Passage
from langchain_azure_devops.retries import PacedRetry
from langchain_azure_devops.sign_in import SignInDetection

_PIECE_BYTES = 64 * 1024


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


def layered(inner: httpx.AsyncBaseTransport, patience: Patience) -> httpx.AsyncBaseTransport:
    """All layers in front of the network."""
    return WriteGate(PacedRetry(SignInDetection(inner), patience))


async def capped(response: httpx.Response, limit: int) -> AsyncIterator[bytes]:
    """The decoded body piece by piece, at most `limit` bytes of it."""
    left = limit
    # Whole pieces, so that the first one shows whether this is text, however the network cut it.
    async for piece in response.aiter_bytes(_PIECE_BYTES):
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return
