"""Read the entries of a zip archive from a stream, without the archive or an entry in memory or on disk."""

import struct
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from langchain_azure_devops.errors import InvalidRequest, ServiceFault

MOST_READ = 256 * 1024 * 1024
"""The most bytes of one archive that are read."""
MOST_INFLATED = 1024 * 1024 * 1024
"""The most bytes that are inflated of one archive: a small archive may hold petabytes."""
_PIECE = 64 * 1024
_HEADER = struct.Struct("<4sHHHHHIIIHH")
_LOCAL, _DESCRIPTOR = b"PK\x03\x04", b"PK\x07\x08"
_END = (b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x06\x08")
_ENCRYPTED, _SIZES_FOLLOW, _UTF_8 = 0x1, 0x8, 0x800
_STORED, _DEFLATED = 0, 8
_UNKNOWN = 0xFFFFFFFF
_MOST_ENTRIES = 100_000


@dataclass(frozen=True)
class Entry:
    """A file of an archive.

    Attributes:
        name: Its path as the archive has it. It is compared and shown only, and names no file of this machine.
        method: How it is compressed.
        told: Its checksum, its size in the archive and its size in bytes; None where only its end tells them.
        unreadable: Why its content cannot be read; empty when it can.
    """

    name: str
    method: int
    told: tuple[int, int, int] | None
    unreadable: str = ""

    @property
    def size(self) -> int | None:
        """Its size in bytes."""
        return self.told and self.told[2]

    @property
    def packed(self) -> int | None:
        """Its size in the archive."""
        return self.told and self.told[1]


class ZipStream:
    """The entries of an archive in their order; each is read or skipped before the next one.

    `size_of_last` is the size of the entry that was skipped last.
    """

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._held = bytearray()
        self._read = self._inflated = 0
        self._content: AsyncIterator[bytes] | None = None
        self._told: tuple[int, int, int] | None = None
        self._taken = 0
        self.size_of_last = 0

    async def entries(self) -> AsyncIterator[Entry]:
        """Yield the files of the archive. After each, the caller may read its content.

        Raises:
            InvalidRequest: The archive is larger than what is read.
            ServiceFault: It is no zip archive, or it is damaged.
        """
        for _ in range(_MOST_ENTRIES):
            start = bytes(await self._peek(4))
            if start in _END or not start:
                return
            entry = await self._take_header()
            content = self._content = self._contents(entry)
            folder = entry.name.endswith("/")
            if not folder:
                yield entry
            left = 0
            async for piece in content:
                left += len(piece)
            self.size_of_last = self.size_of_last if folder else left
        raise InvalidRequest(f"The archive has more than {_MOST_ENTRIES:,} files, which are not all read.")

    async def listed_content(self, listed: Entry) -> AsyncIterator[bytes]:
        """Yield the content of a file whose header begins the stream, and which the directory describes as `listed`.

        Raises:
            ServiceFault: The header or the content is not what the directory says.
        """
        found = await self._take_header()
        agrees = (found.name, found.method, found.unreadable) == (listed.name, listed.method, listed.unreadable)
        if not agrees or found.told not in {None, listed.told}:
            raise damaged(f"{listed.name[:200]!r} is not what its directory says")
        self._content = self._contents(listed)
        async for piece in self.content():
            yield piece

    async def content(self) -> AsyncIterator[bytes]:
        """Yield the content of the entry that was yielded last.

        Raises:
            ServiceFault: Its checksum or one of its sizes is not what the archive says.
        """
        size = checksum = 0
        if self._content is None:
            return
        async for piece in self._content:
            size += len(piece)
            checksum = zlib.crc32(piece, checksum)
            if self._told is not None and size > self._told[2]:
                break
            yield piece
        if self._told != (checksum, self._taken, size):
            raise damaged("the checksum or a size of the file is wrong")

    async def _take_header(self) -> Entry:
        if bytes(await self._peek(4)) != _LOCAL:
            raise damaged("no file begins where one should")
        _, _, flags, method, _, _, checksum, packed, size, length, extra = _HEADER.unpack(
            await self._take(_HEADER.size)
        )
        name, more = await self._take(length), await self._take(extra)
        if _UNKNOWN in (packed, size):
            packed, size = _read_long_sizes(more, packed, size)
        path = name.decode("utf-8" if flags & _UTF_8 else "cp437", "replace")
        return describe(path, flags, method, None if flags & _SIZES_FOLLOW else (checksum, packed, size))

    async def _contents(self, entry: Entry) -> AsyncIterator[bytes]:
        self._told, self._taken = entry.told, 0
        if entry.packed is not None and (entry.unreadable or entry.method == _STORED):
            async for piece in self._raw(entry.packed):
                self._taken += len(piece)
                yield piece
        elif entry.method == _DEFLATED:
            async for piece in self._inflate():
                yield piece
            if entry.told is None:
                self._told = await self._take_descriptor()
        else:
            raise ServiceFault(
                f"The archive does not say where {entry.name[:200]!r} ends. Download it in a browser to look at it."
            )

    async def _raw(self, left: int) -> AsyncIterator[bytes]:
        while left > 0:
            await self._peek(1)
            piece = bytes(self._held[: min(left, _PIECE)])
            if not piece:
                raise ServiceFault("The archive of the artifact ends too early. Try again.")
            del self._held[: len(piece)]
            left -= len(piece)
            yield piece

    async def _inflate(self) -> AsyncIterator[bytes]:
        inflater = zlib.decompressobj(-15)
        while not inflater.eof:
            await self._peek(1)
            given = bytes(self._held[:_PIECE])
            if not given:
                raise ServiceFault("The archive of the artifact ends too early. Try again.")
            try:
                piece = inflater.decompress(given, _PIECE)
            except zlib.error as error:
                raise damaged("a file cannot be inflated") from error
            # What follows the end is unused; before it, what did not fit into the piece is left.
            left = max(len(inflater.unused_data), len(inflater.unconsumed_tail))
            del self._held[: len(given) - left]
            self._taken += len(given) - left
            self._inflated += len(piece)
            if self._inflated > MOST_INFLATED:
                raise InvalidRequest(
                    f"More than {MOST_INFLATED // 2**20} MB would have to be inflated, so reading stopped.",
                    subject="path",
                )
            yield piece

    async def _take_descriptor(self) -> tuple[int, int, int]:
        """Take what follows a file; old writers leave out its mark, and large files have longer sizes."""
        if bytes(await self._peek(4)) == _DESCRIPTOR:
            await self._take(4)
        following = bytes(await self._peek(24))
        short = following[12:16] in (_LOCAL, *_END) or len(following) <= 12
        checksum, packed, size = struct.unpack("<III" if short else "<IQQ", await self._take(12 if short else 20))
        return checksum, packed, size

    async def _peek(self, size: int) -> bytearray:
        """Return the next bytes without taking them; fewer at the end."""
        while len(self._held) < size:
            try:
                chunk = await anext(self._chunks)
            except StopAsyncIteration:
                break
            self._read += len(chunk)
            if self._read > MOST_READ:
                raise InvalidRequest(
                    f"The first {MOST_READ // 2**20} MB of the archive were read without finding all that was wanted. "
                    "Download the artifact in a browser.",
                    subject="path",
                )
            self._held += chunk
        return self._held[:size]

    async def _take(self, size: int) -> bytes:
        taken = bytes(await self._peek(size))
        if len(taken) < size:
            raise ServiceFault("The archive of the artifact ends too early. Try again.")
        del self._held[:size]
        return taken


def describe(path: str, flags: int, method: int, told: tuple[int, int, int] | None) -> Entry:
    """Describe a file by what its header or the directory says."""
    path = path.replace("\\", "/")
    if flags & _ENCRYPTED:
        return Entry(path, method, told, "is encrypted")
    if method not in {_STORED, _DEFLATED}:
        return Entry(path, method, told, f"is compressed by method {method}, which is not supported")
    return Entry(path, method, told)


def damaged(why: str) -> ServiceFault:
    """Make the error for an archive that contradicts itself."""
    return ServiceFault(f"The archive of the artifact is damaged: {why}. Download it in a browser to look at it.")


def _read_long_sizes(extra: bytes, packed: int, size: int) -> tuple[int, int]:
    """Return the sizes of a large file, which stand in an extra field; the packed one behind the other."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        values = [struct.unpack_from("<Q", extra, place)[0] for place in range(at + 4, at + 4 + length - 7, 8)]
        if kind == 1 and at + 4 + length <= len(extra):
            if size == _UNKNOWN and values:
                size = values.pop(0)
            if packed == _UNKNOWN and values:
                packed = values.pop(0)
            return packed, size
        at += 4 + length
    return packed, size
