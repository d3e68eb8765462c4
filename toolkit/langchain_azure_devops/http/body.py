"""The body of an answer: decompressed within bounds, in memory up to a limit or in pieces across broken connections."""

import asyncio
import hashlib
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import httpx

from langchain_azure_devops.errors import InvalidRequest, ServiceFault, Unreachable

MAX_ANSWER_BYTES = 32 * 1024 * 1024
MAX_ERROR_BYTES = 256 * 1024
"""The most bytes that are read of an error answer: the reason stands at its beginning."""
TRANSFER_ERRORS = (httpx.TransportError, httpx.DecodingError)
"""The errors of a broken connection and of a truncated body."""
_BODY_HEADERS = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})
_ENDS = {b"{": b"}", b"[": b"]"}


async def read_body(response: httpx.Response) -> httpx.Response:
    """Read a body into memory and decode it; read only the beginning of an error answer.

    Raises:
        InvalidRequest: The body is larger than MAX_ANSWER_BYTES.
        httpx.RemoteProtocolError: The body ends in the middle.
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
    """Return whether JSON ends too early. A proxy that truncates a body may also change its declared length."""
    if not response.headers.get("content-type", "").startswith("application/json"):
        return False
    text = content.strip()
    return text[:1] in _ENDS and text[-1:] != _ENDS[text[:1]]


def _decoded_headers(response: httpx.Response) -> list[tuple[bytes, bytes]]:
    """Return the headers without those about the encoding of the body; in bytes, because they may hold any."""
    return [(name, value) for name, value in response.headers.raw if name.lower() not in _BODY_HEADERS]


class ResumedBody(httpx.AsyncByteStream):
    """A decoded body that is requested again when the connection breaks.

    The part that was delivered before is skipped, but only if the new answer begins with exactly these bytes: a reader
    never gets two halves of different files.
    """

    def __init__(
        self, response: httpx.Response, again: Callable[[Exception], Awaitable[httpx.Response]], deadline: float
    ) -> None:
        """Read from `response`, and from the answer that `again` returns when the connection breaks."""
        self._response = response
        self._again = again
        self._deadline = deadline

    def make_response(self) -> httpx.Response:
        """Return the response with this body."""
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
        """Yield every byte of the body once and in order, even if the connection breaks several times."""
        delivered, digest = 0, hashlib.blake2b()
        part = _part_of(self._response)
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
                            raise self._changed_error()
                    if fresh:
                        digest.update(fresh)
                        delivered += len(fresh)
                        yield fresh
                if skip:
                    raise self._changed_error()
            except TRANSFER_ERRORS as error:
                await self._response.aclose()
                self._response = await self._again(error)
                if _part_of(self._response) != part:
                    raise self._changed_error() from error
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
                    "The time for this call ran out while its answer was read. Ask for less: a line range, or the "
                    "lines that contain a word."
                ) from None
            yield piece

    async def aclose(self) -> None:
        """Return the connection to the pool."""
        await self._response.aclose()

    def _changed_error(self) -> Unreachable:
        return Unreachable(
            "The connection broke while an answer was read, and the second answer was different: the content changed "
            "in between. Read it again."
        )


def _part_of(response: httpx.Response) -> tuple[int, str]:
    """Return which part of its content an answer has: all of it, or a range."""
    return response.status_code, response.headers.get("content-range", "")


PIECE_BYTES = 64 * 1024
MAX_RATIO = 500
"""The largest permitted ratio of a decompressed body to the compressed one; only repetitive text reaches 200."""
_UNLIMITED_BYTES = 16 * 1024 * 1024
_GZIP_OR_ZLIB, _BARE = 47, -15
_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})
_GZIP = b"\x1f\x8b"


async def decompress(response: httpx.Response) -> AsyncIterator[bytes]:
    """Decompress a body, in pieces of at most PIECE_BYTES.

    httpx decompresses a whole piece of the network at once, and 64 kB of it can become 64 MB before anybody can count.

    Raises:
        InvalidRequest: The body becomes more than MAX_RATIO times as large.
        ServiceFault: The body is compressed in a way that was not asked for.
        httpx.DecodingError: The body is damaged, or ends in the middle.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if response.is_stream_consumed:
        # A transport that answers from memory has decompressed the body already.
        for start in range(0, len(response.content), PIECE_BYTES):
            yield response.content[start : start + PIECE_BYTES]
    elif encoding in {"identity", ""}:
        async for piece in response.aiter_raw(PIECE_BYTES):
            yield piece
    elif encoding in _COMPRESSED:
        packing = _Decompressor()
        async for packed in response.aiter_raw():
            for piece in packing.pieces(packed):
                yield piece
        if rest := packing.rest():
            yield rest
    else:
        raise ServiceFault(
            f"The answer is compressed as {encoding!r}, which was not asked for: something between here and the "
            "service changed it. Check the proxy settings.",
            subject="encoding",
        )


class _Decompressor:
    """Decompresses a body piece by piece and counts the bytes."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._inside = False
        self._held = b""
        self._parts = self._received = self._made = 0

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        """Decompress the next part of the body."""
        self._received += len(packed)
        packed, self._held = self._held + packed, b""
        while packed:
            if not self._inside and not self._begins(packed):
                return
            piece = self._step(packed)
            self._count(piece)
            if piece:
                yield piece
            packed = self._inflate.unconsumed_tail
            if self._inflate.eof:
                self._inside, self._parts, packed = False, self._parts + 1, self._inflate.unused_data

    def rest(self) -> bytes:
        """Return what is left at the end of the body."""
        piece = self._inflate.flush() if self._inside else b""
        if (self._inside and not self._inflate.eof) or (self._held and not self._parts):
            raise httpx.DecodingError("the compressed body ends in the middle")
        return piece

    def _begins(self, packed: bytes) -> bool:
        """Return whether a compressed part begins here. Several gzip parts may follow each other, then padding."""
        if len(packed) < len(_GZIP):
            self._held = packed
            return False
        if self._parts and not packed.startswith(_GZIP):
            return False
        self._inflate, self._inside = zlib.decompressobj(_GZIP_OR_ZLIB), True
        return True

    def _count(self, piece: bytes) -> None:
        self._made += len(piece)
        if self._made > _UNLIMITED_BYTES and self._made > MAX_RATIO * self._received:
            raise InvalidRequest(
                f"The answer becomes more than {MAX_RATIO} times as large when it is decompressed, so it was not read "
                "to its end: it is probably not text. Do not read it.",
                subject="packed",
            )

    def _step(self, packed: bytes) -> bytes:
        try:
            return self._inflate.decompress(packed, PIECE_BYTES)
        except zlib.error as error:
            if self._made or self._parts:
                raise httpx.DecodingError(str(error)) from error
        try:
            # Some servers send `deflate` without the zlib header.
            self._inflate = zlib.decompressobj(_BARE)
            return self._inflate.decompress(packed, PIECE_BYTES)
        except zlib.error as error:
            raise httpx.DecodingError(str(error)) from error
