"""The body of an answer: whole in memory up to a cap, or piece by piece across broken connections."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx

from langchain_azure_devops.errors import InvalidRequest, Unreachable
from langchain_azure_devops.http.decompression import PIECE_BYTES, decompress

MAX_ANSWER_BYTES = 32 * 1024 * 1024
MAX_ERROR_BYTES = 256 * 1024
"""Of an error answer no more is read: its reason stands at its beginning."""
TRANSFER_ERRORS = (httpx.TransportError, httpx.DecodingError)
"""What a connection that breaks, or a body that is cut, is reported as."""
_BODY_HEADERS = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})
_ENDS = {b"{": b"}", b"[": b"]"}


async def read_body(response: httpx.Response) -> httpx.Response:
    """The response with its decoded body in memory, of an error answer the beginning.

    Raises:
        InvalidRequest: It is larger than MAX_ANSWER_BYTES.
        httpx.RemoteProtocolError: It ends in the middle.
    """
    pieces: list[bytes] = []
    size = 0
    try:
        async for piece in decompress(response):
            size += len(piece)
            pieces.append(piece)
            if response.is_error and size > MAX_ERROR_BYTES:
                return httpx.Response(
                    response.status_code, headers=_decoded_headers(response), content=b"".join(pieces)
                )
            if size > MAX_ANSWER_BYTES:
                raise InvalidRequest(
                    f"The answer is larger than {MAX_ANSWER_BYTES // 2**20} MB and was not read to its end. "
                    "Ask for less: a lower limit, a narrower filter, or a line range."
                )
    finally:
        await response.aclose()
    content = b"".join(pieces)
    if _is_truncated(response, content):
        raise httpx.RemoteProtocolError("the answer ends in the middle of its JSON")
    return httpx.Response(response.status_code, headers=_decoded_headers(response), content=content)


def _is_truncated(response: httpx.Response, content: bytes) -> bool:
    """Whether JSON lacks its end: a proxy that cuts a body may give it a length that fits."""
    if not response.headers.get("content-type", "").startswith("application/json"):
        return False
    text = content.strip()
    return text[:1] in _ENDS and text[-1:] != _ENDS[text[:1]]


def _decoded_headers(response: httpx.Response) -> list[tuple[bytes, bytes]]:
    """The headers without those that speak of the body as it was sent; in bytes, for they may hold any."""
    return [(name, value) for name, value in response.headers.raw if name.lower() not in _BODY_HEADERS]


class ResumedBody(httpx.AsyncByteStream):
    """A decoded body; when the connection breaks it is asked for again, and what was delivered before is skipped.

    Only if the new answer begins with exactly the bytes that were delivered: a reader never gets two halves of two
    different files.
    """

    def __init__(
        self, response: httpx.Response, again: Callable[[Exception], Awaitable[httpx.Response]], deadline: float
    ) -> None:
        """Read from `response`, and from what `again` brings when that breaks, until the deadline."""
        self._response = response
        self._again = again
        self._deadline = deadline

    def answer(self) -> httpx.Response:
        """The response with this body."""
        return httpx.Response(self._response.status_code, headers=_decoded_headers(self._response), stream=self)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The body in pieces of PIECE_BYTES, so that the first one shows whether it is text."""
        held = b""
        async for piece in self._deliver():
            held += piece
            while len(held) >= PIECE_BYTES:
                yield held[:PIECE_BYTES]
                held = held[PIECE_BYTES:]
        if held:
            yield held

    async def _deliver(self) -> AsyncIterator[bytes]:
        """Every byte of the body once and in order, however often the connection breaks."""
        delivered, digest = 0, hashlib.blake2b()
        while True:
            skip, seen = delivered, hashlib.blake2b()
            try:
                async for piece in self._pieces():
                    fresh = piece
                    if skip:
                        seen.update(piece[:skip])
                        fresh = piece[skip:]
                        skip -= len(piece) - len(fresh)
                        if not skip and seen.digest() != digest.digest():
                            raise self._changed()
                    if fresh:
                        digest.update(fresh)
                        delivered += len(fresh)
                        yield fresh
                if skip:
                    raise self._changed()
            except TRANSFER_ERRORS as error:
                await self._response.aclose()
                self._response = await self._again(error)
            else:
                return

    async def _pieces(self) -> AsyncIterator[bytes]:
        pieces = decompress(self._response)
        while True:
            try:
                async with asyncio.timeout(max(0.0, self._deadline - time.monotonic())):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise Unreachable(
                    "The time for this call was used up while its answer was read. Ask for less of it: a line range, "
                    "or the lines with a word."
                ) from None
            yield piece

    async def aclose(self) -> None:
        """Give the connection back."""
        await self._response.aclose()

    def _changed(self) -> Unreachable:
        return Unreachable(
            "The connection broke while an answer was read, and what came the second time was not the same: it changed "
            "in between. Read it again."
        )
