"""Packed bodies, unpacked within bounds: a few kilobytes on the wire can stand for gigabytes.

httpx unpacks a whole piece of the network at once, and 64 kB of it can become 64 MB before anybody can count. Here no
step makes more than PIECE_BYTES.
"""

import zlib
from collections.abc import AsyncIterator, Iterator

import httpx

from langchain_azure_devops.errors import InvalidRequest, ServiceFault

PIECE_BYTES = 64 * 1024
MAX_RATIO = 500
"""How many times larger than what was sent a body may be; text reaches 200 only when it repeats itself."""
_UNLIMITED_BYTES = 16 * 1024 * 1024
_GZIP_OR_ZLIB, _BARE = 47, -15
_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})
_GZIP = b"\x1f\x8b"


async def decompress(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body without its packing, in pieces of at most PIECE_BYTES.

    Raises:
        InvalidRequest: It unpacks to more than MAX_RATIO times its size.
        ServiceFault: It is packed in a way that was not asked for.
        httpx.DecodingError: It is damaged, or ends in the middle.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if response.is_stream_consumed:
        # A transport that answers from memory has unpacked it already.
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
            f"The answer is packed as {encoding!r}, which was not asked for: something between here and the service "
            "changed it. Check the proxy settings.",
            subject=encoding,
        )


class _Decompressor:
    """What is known of a packed body so far."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._inside = False
        self._held = b""
        self._parts = self._received = self._made = 0

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        """What some more of the packed body unpacks to."""
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
        """What was held back for want of room, when the body is over."""
        piece = self._inflate.flush() if self._inside else b""
        if (self._inside and not self._inflate.eof) or (self._held and not self._parts):
            raise httpx.DecodingError("the packed body ends in the middle")
        return piece

    def _begins(self, packed: bytes) -> bool:
        """Whether a packed part begins here; several gzip parts may follow each other, and padding the last one."""
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
                f"The answer unpacks to more than {MAX_RATIO} times what was sent and was not read to its end: "
                "this is no ordinary text. Leave it out.",
                subject="packed",
            )

    def _step(self, packed: bytes) -> bytes:
        try:
            return self._inflate.decompress(packed, PIECE_BYTES)
        except zlib.error as error:
            if self._made or self._parts:
                raise httpx.DecodingError(str(error)) from error
        try:
            # Some servers send `deflate` without the frame that belongs to it.
            self._inflate = zlib.decompressobj(_BARE)
            return self._inflate.decompress(packed, PIECE_BYTES)
        except zlib.error as error:
            raise httpx.DecodingError(str(error)) from error
