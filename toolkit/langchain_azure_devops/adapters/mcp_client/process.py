"""A process that speaks MCP over its standard input and output.

The client library has such a transport, too. It copies all that arrived of a line with every piece that arrives, so
that the log of a long build takes minutes, and it does not tell whether the process still runs. A write must not be
sent to a process that may be dead already.
"""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from langchain_azure_devops.extras import naming_extras

with naming_extras():
    from mcp.client.stdio import get_default_environment
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

_LONGEST_MESSAGE = 256 * 1024 * 1024
"""A message that is longer ends the process, instead of filling the memory."""
_LONG = 1_000_000
_END_SECONDS = 2.0
_KEPT_ERRORS = 8_000

T = TypeVar("T")
Streams = tuple[MemoryObjectReceiveStream[SessionMessage | Exception], MemoryObjectSendStream[SessionMessage]]


class ErrorOutput:
    """The last characters that a process wrote to its standard error."""

    def __init__(self) -> None:
        """Begin empty."""
        self._text, self._cut = "", False

    @property
    def last_line(self) -> str:
        """The last line; empty when only its end was kept, which may be the half of a secret."""
        lines = self._text.strip().splitlines()[self._cut :]
        return lines[-1] if lines else ""

    async def read(self, stream: asyncio.StreamReader) -> None:
        """Read until the end, and keep the last characters."""
        while piece := await stream.read(4096):
            text = self._text + piece.decode("utf-8", "replace")
            self._text, self._cut = text[-_KEPT_ERRORS:], self._cut or len(text) > _KEPT_ERRORS


@asynccontextmanager
async def open_process(
    command: Sequence[str], environment: Mapping[str, str], errors: ErrorOutput, ended: Callable[[], None]
) -> AsyncIterator[Streams]:
    """Start a process, and end it with the block.

    The process gets only the variables of the environment that every program needs, and those that are given. It ends
    by itself when its standard input closes, also when this process is killed.

    Args:
        command: The program and its arguments.
        environment: Further variables.
        errors: Keeps what the process writes to its standard error.
        ended: Called when nothing more will come from the process.

    Raises:
        OSError: The program cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env={**get_default_environment(), **environment},
        limit=_LONGEST_MESSAGE,
        # Ctrl-C is for this process, which decides what becomes of a call.
        start_new_session=os.name == "posix",
    )
    incoming, received = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, to_send = anyio.create_memory_object_stream[SessionMessage](0)
    tasks = [
        asyncio.create_task(_read(process, incoming, ended)),
        asyncio.create_task(_write(process, to_send)),
        asyncio.create_task(errors.read(_given(process.stderr))),
    ]
    try:
        yield received, outgoing
    finally:
        await _end(process)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for stream in (received, outgoing, incoming, to_send):
            stream.close()


async def _read(
    process: Process, incoming: MemoryObjectSendStream[SessionMessage | Exception], ended: Callable[[], None]
) -> None:
    output = _given(process.stdout)
    try:
        # A line that is too long raises ValueError, and its process is of no use any more.
        with incoming, suppress(ValueError, ConnectionError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            while line := await output.readline():
                await incoming.send(await _parse(line))
    finally:
        ended()
        _kill(process)


async def _parse(line: bytes) -> SessionMessage | Exception:
    try:
        parse = jsonrpc_message_adapter.validate_json
        # Other calls go on while a long answer is parsed.
        message = await asyncio.to_thread(parse, line) if len(line) > _LONG else parse(line)
    except ValueError as error:
        return error
    return SessionMessage(message)


async def _write(process: Process, to_send: MemoryObjectReceiveStream[SessionMessage]) -> None:
    target = _given(process.stdin)
    with to_send, suppress(ConnectionError, RuntimeError):
        async for sent in to_send:
            target.write(sent.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
            await target.drain()


async def _end(process: Process) -> None:
    """Close the standard input and wait for the end; a process that does not end by itself is killed."""
    _given(process.stdin).close()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                await process.wait()
    finally:
        # Also when this task is cancelled, because the client is closed.
        _kill(process)
        await process.wait()


def _kill(process: Process) -> None:
    """Kill a process that runs, and what it started: a command such as npx starts the server as another process."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            if os.name == "posix":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()


def _given(stream: T | None) -> T:
    assert stream is not None  # noqa: S101 - the process was started with pipes
    return stream
