"""Read an archive by ranges of its bytes: the directory at its end, and then only the file that is wanted."""

import re
import struct
import zipfile
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx

from langchain_azure_devops.errors import InvalidRequest, ServiceFault
from langchain_azure_devops.tools.tests_and_artifacts.zip_stream import (
    Entry,
    ZipStream,
    damaged,
    describe,
)

Fetch = Callable[[Mapping[str, str]], AbstractAsyncContextManager[httpx.Response]]
"""Requests the archive with further headers."""

TAIL = 128 * 1024
"""How many bytes of the end are asked for first; the end record with its comment has at most half of that."""
MOST_DIRECTORY = 4 * 1024 * 1024
"""The most bytes of a directory that are read; an archive with a larger one is read as a stream."""
MOST_LISTED = 30_000
"""The most files of a directory: each needs some 700 bytes of memory."""
_HEADER, _LONGEST_FIELD = 30, 65_535
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")
# A range of a compressed answer could not be decompressed.
_PLAIN = {"Accept-Encoding": "identity"}
_WHOLE, _PARTIAL = 200, 206
_DIRECTORY_ENTRY = b"PK\x01\x02"


@asynccontextmanager
async def open_archive(fetch: Fetch) -> AsyncIterator["ZipStream | ZipRanges"]:
    """Open an archive: by ranges where the service sends them, otherwise as a stream from its beginning.

    A service that makes the archive while it sends it cannot send ranges and answers the first request with the whole
    archive, which is then read.

    Raises:
        ServiceFault: The archive is damaged, or it changed while it was read.
    """
    async with AsyncExitStack() as opened:
        try:
            response = await opened.enter_async_context(fetch({"Range": f"bytes=-{TAIL}", **_PLAIN}))
        except InvalidRequest:
            # Some services refuse a range without a beginning, and every range of an empty file.
            response = await opened.enter_async_context(fetch({}))
        if response.status_code == _PARTIAL:
            source = await _read_tail(fetch, opened, response)
            directory = await _read_directory(source) if source is not None else None
            if source is not None and directory is not None:
                yield ZipRanges(source, *directory)
                return
            response = await opened.enter_async_context(fetch({}))
        yield ZipStream(response.aiter_bytes())


class ZipRanges:
    """The entries of an archive by its directory; the content of each is requested when it is read."""

    size_of_last = 0

    def __init__(self, source: "_Source", infos: list[zipfile.ZipInfo], end: int) -> None:
        self._source = source
        self._infos = infos
        self._starts = [*sorted(info.header_offset for info in infos), end]
        self._chosen: tuple[Entry, int] | None = None

    async def entries(self) -> AsyncIterator[Entry]:
        """Yield the files of the archive. After each, the caller may read its content."""
        for info in self._infos:
            entry = describe(
                info.orig_filename, info.flag_bits, info.compress_type, (info.CRC, info.compress_size, info.file_size)
            )
            if not entry.name.endswith("/"):
                self._chosen = entry, info.header_offset
                yield entry

    async def content(self) -> AsyncIterator[bytes]:
        """Yield the content of the entry that was yielded last.

        Raises:
            ServiceFault: The file is not what the directory says, or the archive changed since that was read.
        """
        if self._chosen is None:
            return
        entry, start = self._chosen
        packed = entry.packed or 0
        following = self._starts[bisect_left(self._starts, start) + 1]
        if start < 0 or start + _HEADER + packed > following:
            raise damaged(f"its directory lets {entry.name[:200]!r} overlap with something else")
        end = min(following, start + _HEADER + 2 * _LONGEST_FIELD + packed)
        response = await self._source.open(start, end)
        if isinstance(response, bytes):
            pieces = ZipStream(_once(response)).listed_content(entry)
        elif response.status_code == _PARTIAL:
            pieces = ZipStream(response.aiter_bytes()).listed_content(entry)
        else:
            pieces = _find_content(ZipStream(response.aiter_bytes()), entry.name)
        async for piece in pieces:
            yield piece


async def _find_content(archive: ZipStream, name: str) -> AsyncIterator[bytes]:
    """Yield the content of a file of the whole archive, which the service sent because it is another one by now."""
    async for entry in archive.entries():
        if entry.name == name and not entry.unreadable:
            async for piece in archive.content():
                yield piece
            return
    raise _changed()


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


# -- ranges --------------------------------------------------------------------------------------------------------


@dataclass
class _Source:
    """The archive on the service, of which the bytes from `start` on are here already.

    Attributes:
        fetch: Requests it.
        opened: Holds the answers open until the archive is left.
        version: The headers by which the service tells one version of it from another.
        total: Its size.
        start: Where `tail` begins in it.
        tail: Its end.
    """

    fetch: Fetch
    opened: AsyncExitStack
    version: tuple[str, str]
    total: int
    start: int
    tail: bytes

    async def open(self, start: int, end: int) -> bytes | httpx.Response:
        """Return a range if it is here; otherwise request it.

        The answer is the range, or the whole archive where the service sends no range or has another archive by now.
        """
        if start >= self.start:
            return self.tail[start - self.start : end - self.start]
        headers = {"Range": f"bytes={start}-{end - 1}", **_PLAIN}
        tag, changed = self.version
        if validator := changed if tag.startswith("W/") or not tag else tag:
            headers["If-Range"] = validator
        try:
            response = await self.opened.enter_async_context(self.fetch(headers))
        except InvalidRequest as error:
            raise _changed() from error
        same = _bounds_of(response) == (start, end, self.total) and _version_of(response) == self.version
        if response.status_code != _WHOLE and not same:
            raise _changed()
        return response


async def _read_tail(fetch: Fetch, opened: AsyncExitStack, response: httpx.Response) -> _Source | None:
    """Return what an answer tells about the end of the archive; None when it is not the end that was asked for."""
    bounds = _bounds_of(response)
    if bounds is None:
        return None
    start, end, total = bounds
    if end != total or end - start != min(TAIL, total):
        return None
    tail = await _read_exactly(response, end - start)
    return None if tail is None else _Source(fetch, opened, _version_of(response), total, start, tail)


async def _read_exactly(response: httpx.Response, size: int) -> bytes | None:
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > size:
            return None
    return bytes(content) if len(content) == size else None


def _bounds_of(response: httpx.Response) -> tuple[int, int, int] | None:
    """Return the first byte of a range, the one behind its last, and the size of the whole; None if it tells none."""
    match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
    if match is None or response.status_code != _PARTIAL:
        return None
    first, last, total = (int(number) for number in match.groups())
    return (first, last + 1, total) if first <= last < total else None


def _version_of(response: httpx.Response) -> tuple[str, str]:
    return response.headers.get("etag", ""), response.headers.get("last-modified", "")


def _changed() -> ServiceFault:
    return ServiceFault("The archive of the artifact changed while it was read. Read it again.")


# -- the directory -------------------------------------------------------------------------------------------------


async def _read_directory(source: _Source) -> tuple[list[zipfile.ZipInfo], int] | None:
    """Return the files of the directory, and where it begins; None when it is too large.

    It is requested where the tail has only its end.
    """
    while source.tail.count(_DIRECTORY_ENTRY) <= MOST_LISTED:
        try:
            with zipfile.ZipFile(_Held(source)) as archive:
                return archive.infolist(), archive.start_dir
        except _Missing as missing:
            start = missing.start
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as error:
            raise damaged("its directory cannot be read") from error
        size = source.start - start
        if size + len(source.tail) > MOST_DIRECTORY:
            return None
        response = await source.open(start, source.start)
        assert isinstance(response, httpx.Response)  # noqa: S101 - what is missing lies before the tail
        more = await _read_exactly(response, size) if response.status_code == _PARTIAL else None
        if more is None:
            raise _changed()
        source.start, source.tail = start, more + source.tail
    return None


class _Missing(Exception):
    """What is read begins before the bytes that are here."""

    def __init__(self, start: int) -> None:
        super().__init__(start)
        self.start = start


class _Held:
    """The archive as `zipfile` reads it: it has its whole size, and only its end can be read."""

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._at = 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._at = offset + {0: 0, 1: self._at, 2: self._source.total}[whence]
        if self._at < 0:
            raise OSError("before the beginning")
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        begin = self._at - self._source.start
        if begin < 0:
            raise _Missing(self._at)
        found = self._source.tail[begin : None if size < 0 else begin + size]
        self._at += len(found)
        return found
