"""The audit log of what was read, asked, allowed, refused and written: a file of chained JSON lines.

Each line holds a number, the time, the event, its details, the hash of the line before and its own hash. Changing,
removing or moving a line breaks the chain at this place. A chain has a limit: the owner of the file can cut its end off
or rewrite the whole file. Where that matters, send the log to another machine as it grows, or compare it with the
service.
"""

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, TypedDict, cast, get_args

from filelock import lock_descriptor
from pydantic import JsonValue

from langchain_azure_devops.errors import AuditFailed, Misconfigured
from langchain_azure_devops.safety.line_writer import LineWriter
from langchain_azure_devops.safety.private_files import open_private
from langchain_azure_devops.settings import Settings, check_choice
from langchain_azure_devops.text.known_secrets import KnownSecrets
from langchain_azure_devops.text.untrusted import clean

AuditEvent = Literal["read", "denied", "approved", "granted", "written", "failed", "unknown", "plan"]
"""`granted` comes before the request, and `written`, `failed` or `unknown` after it. A grant without any of them, as
after a crash, counts as `unknown`."""

EntryEvent = Literal[AuditEvent, "torn"]
"""The event of a line: `torn` stands for a line that a process began and did not finish. Nobody records it."""

_BEGINNING = "0" * 64
_TORN: EntryEvent = "torn"
_TEXTS = ("at", "event", "prev", "hash")
_NO_LINE = "it is not a line of an audit log"
_SMALL_BLOCK, _BLOCK = 4 * 1024, 64 * 1024
_MAX_DETAILS = 16_000
_MAX_TEXT = 300
_MAX_ITEMS = 40
_LOCK_POLL_SECONDS = 0.002
LOCK_SECONDS = 10.0


@dataclass(frozen=True)
class Entry:
    """One line of an audit log.

    Attributes:
        number: The number of the line, from 1.
        at: The time in UTC.
        event: The kind of event: an EntryEvent, unless a later version of this package wrote the line.
        details: The details of the event, without secrets.
        hash: The hash of this line.
    """

    number: int
    at: datetime
    event: str
    details: Mapping[str, JsonValue]
    hash: str


@dataclass(frozen=True)
class Verification:
    """The result of checking a chain.

    Attributes:
        entries: How many lines are complete and in order, from the first on.
        broken: The number of the first line that does not fit, None when all lines fit.
        reason: Why it does not fit.
        torn: How often a process ended in the middle of a line; the chain continues after it.
        head: The hash of the last line that fits. Keep it elsewhere to prove later that nothing was cut off.
    """

    entries: int
    broken: int | None = None
    reason: str = ""
    torn: int = 0
    head: str = _BEGINNING


class AuditLog:
    """An audit log in a file that only its owner can read; several threads and processes may append at once.

    A thread of its own writes the lines, so that a slow disk holds up only the call whose event is recorded.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Append to the file at `path`, which the first event creates."""
        self.path = path
        self._writer = LineWriter(f"azure-devops-audit {path.name}", _Appender(path, clock))

    def record(self, event: AuditEvent, details: Mapping[str, JsonValue]) -> None:
        """Append one line, and block until it is written; the time does not depend on the length of the log.

        What changes something, or allows it, is on the disk when this returns.

        Raises:
            AuditFailed: The file cannot be written, or its end is not part of a log.
        """
        self._submit(event, details).result()

    async def record_async(self, event: AuditEvent, details: Mapping[str, JsonValue]) -> None:
        """Append one line without blocking the event loop; see `record`. Cancelling the wait still writes the line."""
        await asyncio.wrap_future(self._submit(event, details))

    def record_soon(self, event: AuditEvent, details: Mapping[str, JsonValue]) -> None:
        """Append one line after those before it, without waiting; for a caller that is being cancelled."""
        self._submit(event, details)

    def _submit(self, event: AuditEvent, details: Mapping[str, JsonValue]) -> Future[None]:
        check_choice("event", event, get_args(AuditEvent))
        return self._writer.submit((event, details))

    def flush(self) -> None:
        """Block until every event so far is written, or could not be."""
        self._writer.flush()


class _Appender:
    """Appends events to the file, as many at once as wait."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._clock = clock

    def __call__(self, events: Sequence[tuple[str, Mapping[str, JsonValue]]]) -> None:
        try:
            descriptor = self._open()
            try:
                self._lock(descriptor)
                _append(
                    descriptor, self._make_lines(descriptor, events), sync=any(event != "read" for event, _ in events)
                )
            finally:
                # Closing the file also releases the lock.
                os.close(descriptor)
        except OSError as error:
            raise AuditFailed(
                f"The audit log {self._path} cannot be written: {error.strerror}. Set another file with "
                "AZURE_DEVOPS_AUDIT or audit=."
            ) from error

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        try:
            return open_private(self._path, flags)
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return open_private(self._path, flags)
        except Misconfigured as error:
            raise AuditFailed(error.message, subject=error.subject) from None

    def _lock(self, descriptor: int) -> None:
        """Lock the file. A process that holds the lock for long, because it hangs, must not block all others."""
        latest = time.monotonic() + LOCK_SECONDS
        while not lock_descriptor(descriptor, blocking=False):
            if time.monotonic() > latest:
                raise AuditFailed(
                    f"The audit log {self._path} cannot be written: another process has kept it locked for more than "
                    f"{LOCK_SECONDS:.0f} s. End the process that hangs, or set another file with AZURE_DEVOPS_AUDIT "
                    "or audit=."
                )
            time.sleep(_LOCK_POLL_SECONDS)

    def _make_lines(self, descriptor: int, events: Sequence[tuple[str, Mapping[str, JsonValue]]]) -> bytes:
        """The lines to append; before them one for what an interrupted process left."""
        end = _read_end(descriptor, self._path)
        last, at = (end.number, end.hash), self._clock()
        lines = b"" if end.closed else b"\n"
        if end.rest:
            torn, last = _make_line(last, at, _TORN, _describe_remains(end.rest))
            lines += torn
        for event, details in events:
            line, last = _make_line(last, at, event, details)
            lines += line
        return lines


class AuditedClient(Protocol):
    """A client with an audit log, or None."""

    audit: AuditLog | None
    settings: Settings
    secrets: KnownSecrets


def record_event(client: AuditedClient, event: AuditEvent, **details: JsonValue) -> None:
    """Record an event of a client, and block until that is done; nothing when the client has no audit log.

    Secrets are replaced and long texts are cut.
    """
    if client.audit is not None:
        client.audit.record(event, _prepare_details(client, details))


async def record_event_async(client: AuditedClient, event: AuditEvent, **details: JsonValue) -> None:
    """Record an event of a client without blocking the event loop; see `record_event`."""
    if client.audit is not None:
        await client.audit.record_async(event, _prepare_details(client, details))


def record_event_soon(client: AuditedClient, event: AuditEvent, **details: JsonValue) -> None:
    """Record an event of a client whose call is being cancelled and cannot wait; a failure is not reported."""
    if client.audit is not None:
        client.audit.record_soon(event, _prepare_details(client, details))


def _prepare_details(client: AuditedClient, details: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    given = {"organization": client.settings.organization, **details}
    told = {name: _redact_value(client, value) for name, value in given.items() if value not in (None, [], {})}
    if len(content := _canonical(told)) > _MAX_DETAILS:
        kept: dict[str, JsonValue] = {name: value for name, value in told.items() if name in {"tool", "digest"}}
        return {**kept, "left_out": _describe_remains(content)}
    return told


def read_entries(path: Path) -> Iterator[Entry]:
    """Read the complete lines of a log in the order of the file; `verify_chain` checks the chain."""
    with path.open("rb") as file:
        for line in file:
            if (found := _parse_line(line)) is not None:
                yield _to_entry(found)


def verify_chain(path: Path) -> Verification:
    """Check every line of a log against the one before it."""
    count, torn, head, rest, number = 0, 0, _BEGINNING, b"", 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if (found := _parse_line(line)) is None:
                rest += line
                continue
            if reason := _find_chain_error(found, count, head, rest):
                return Verification(count, number - rest.count(b"\n"), reason, torn, head)
            torn += found["event"] == _TORN
            count, head, rest = count + 1, found["hash"], b""
    if rest.endswith(b"\n"):
        return Verification(count, number - rest.count(b"\n") + 1, _NO_LINE, torn, head)
    return Verification(count, torn=torn + bool(rest), head=head)


# -- lines ---------------------------------------------------------------------------------------------------------


def _make_line(
    last: tuple[int, str], at: datetime, event: str, details: Mapping[str, JsonValue]
) -> tuple[bytes, tuple[int, str]]:
    """Make one line, and return with it the number and the hash that the next line needs."""
    number, before = last[0] + 1, last[1]
    content: dict[str, JsonValue] = {
        "n": number,
        "at": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "event": event,
        "details": dict(details),
        "prev": before,
    }
    digest = _sha256(_canonical(content))
    return _canonical({**content, "hash": digest}) + b"\n", (number, digest)


def _canonical(content: Mapping[str, JsonValue]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class _Line(TypedDict):
    n: int
    at: str
    event: str
    details: dict[str, JsonValue]
    prev: str
    hash: str


def _parse_line(line: bytes) -> _Line | None:
    """Parse a line that has exactly the form in which lines are written; None for anything else."""
    try:
        found = json.loads(line)
        datetime.fromisoformat(found["at"])
        whole = _canonical(found) == line.removesuffix(b"\n")
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    fits = whole and set(found) == set(_Line.__annotations__)
    fits = fits and type(found["n"]) is int and isinstance(found["details"], dict)
    return cast("_Line", found) if fits and all(isinstance(found[name], str) for name in _TEXTS) else None


def _to_entry(found: _Line) -> Entry:
    at = datetime.fromisoformat(found["at"])
    return Entry(found["n"], at, found["event"], found["details"], found["hash"])


def _find_chain_error(found: _Line, count: int, head: str, rest: bytes) -> str:
    """Say why a line does not follow the one before; empty when it does."""
    content = cast("dict[str, JsonValue]", {name: value for name, value in found.items() if name != "hash"})
    if rest and (found["event"] != _TORN or found["details"] != _describe_remains(rest)):
        return _NO_LINE
    if found["hash"] != _sha256(_canonical(content)):
        return "it was changed: its hash does not fit"
    if found["prev"] != head or found["n"] != count + 1:
        return "it does not follow the line before: lines were removed, added or moved"
    return ""


def _describe_remains(rest: bytes) -> dict[str, JsonValue]:
    left = rest.rstrip(b"\n")
    return {"bytes": len(left), "sha256": _sha256(left)}


class _End(NamedTuple):
    """The number and hash of the last complete line, the remains after it, and whether the file ends a line."""

    number: int
    hash: str
    rest: bytes
    closed: bool


def _read_end(descriptor: int, path: Path) -> _End:
    """Find the end of a log of any length by reading its last block."""
    size = os.fstat(descriptor).st_size
    for most in (_SMALL_BLOCK, _BLOCK):
        start = max(0, size - most)
        os.lseek(descriptor, start, os.SEEK_SET)
        if (end := _find_end(os.read(descriptor, most), whole=start == 0)) is not None:
            return end
    raise AuditFailed(
        f"{path} does not end like an audit log, so nothing is added to it. Run 'azure-devops-agent audit verify', "
        "keep the file, and give a new one a place with AZURE_DEVOPS_AUDIT."
    )


def _find_end(block: bytes, *, whole: bool) -> _End | None:
    """Find the end of a log in its last block, which may be the whole log; None when it is not there."""
    closed = not block or block.endswith(b"\n")
    rest = b""
    for line in reversed(block.splitlines(keepends=True)):
        if (found := _parse_line(line)) is not None and (line.endswith(b"\n") or not rest):
            if rest and closed:
                return None
            return _End(found["n"], found["hash"], rest, closed)
        rest = line + rest
    if whole and (not rest or not closed) and b"\n" not in rest:
        return _End(0, _BEGINNING, rest, closed)
    return None


def _append(descriptor: int, content: bytes, *, sync: bool) -> None:
    """Append lines; when that fails midway, remove them all, so that a call that failed left no line behind.

    Where they cannot be removed either, the next writer closes the interrupted line and records that it was torn.
    """
    size = os.fstat(descriptor).st_size
    try:
        _write_all(descriptor, content)
        if sync:
            os.fsync(descriptor)
    except OSError:
        with suppress(OSError):
            os.ftruncate(descriptor, size)
        raise


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


# -- details -------------------------------------------------------------------------------------------------------


def _redact_value(client: AuditedClient, value: JsonValue) -> JsonValue:
    """Replace the secrets in a value, remove hidden characters and cut what is long."""
    if isinstance(value, str):
        text = clean(client.secrets.redact(value))
        return (
            text
            if len(text) <= _MAX_TEXT
            else f"{text[:_MAX_TEXT]}… ({len(text)} characters, {_sha256(text.encode())[:12]})"
        )
    if isinstance(value, list):
        return [_redact_value(client, part) for part in value[:_MAX_ITEMS]]
    if isinstance(value, dict):
        return {name: _redact_value(client, part) for name, part in list(value.items())[:_MAX_ITEMS]}
    return value
