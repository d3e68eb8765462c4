"""One long session with the vendor's server for each client, on the client's event loop."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import JsonValue, ValidationError

from langchain_azure_devops.adapters.mcp_client.operations import Offer, check_offers
from langchain_azure_devops.adapters.mcp_client.process import ErrorOutput, Streams
from langchain_azure_devops.errors import (
    AzureDevOpsError,
    InvalidRequest,
    Misconfigured,
    ServiceFault,
    Unreachable,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.extras import naming_extras
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.safety.grants import current_call
from langchain_azure_devops.text.untrusted import one_line

with naming_extras():
    from mcp import ClientSession, MCPError
    from mcp_types import (
        CONNECTION_CLOSED,
        INVALID_PARAMS,
        METHOD_NOT_FOUND,
        CallToolResult,
        Implementation,
        PaginatedRequestParams,
        Tool,
        ToolListChangedNotification,
    )

_CLIENT = Implementation(name="langchain-azure-devops", version="1")
_SHOWN = 300
_MOST_PAGES = 20
_REFUSED = {INVALID_PARAMS, METHOD_NOT_FOUND}
"""The codes by which a server says that it did not even begin with a call."""


class Launch(Protocol):
    """Opens a connection to a server."""

    def __call__(
        self, token: str, errors: ErrorOutput, ended: Callable[[], None]
    ) -> AbstractAsyncContextManager[Streams]:
        """Return the streams of a connection.

        Args:
            token: The token of the client.
            errors: Keeps what the server writes to its standard error.
            ended: Called when nothing more will come.
        """


@dataclass
class Session:
    """A connection to one process. It holds no client, so that a client that nobody closes can be garbage-collected.

    Attributes:
        token: The token that the process was started with.
        errors: What the process wrote to its standard error.
        stop: Set when the session must end.
        ready: The connection, once the list of the server was checked.
        offers: The list of the server.
        calls: How many calls are under way.
        retired: Whether no further call may begin.
    """

    token: str
    errors: ErrorOutput = field(default_factory=ErrorOutput)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    ready: "asyncio.Future[ClientSession]" = field(default_factory=asyncio.Future)
    offers: Sequence[Offer] = ()
    calls: int = 0
    retired: bool = False

    def retire(self) -> None:
        """Begin no further call, and end with the last one."""
        self.retired = True
        if not self.calls:
            self.stop.set()

    def end(self) -> None:
        """End at once, because the process is gone."""
        self.retired = True
        self.stop.set()

    async def hold(self, launch: Launch) -> None:
        """Open the connection, check the list of the server, and keep it open until the session must end."""
        failed: Exception = Unreachable("The MCP server was stopped while it started.", subject="mcp")
        try:
            async with launch(self.token, self.errors, self.end) as streams, self._connect(streams) as connection:
                try:
                    told = await connection.initialize()
                    self.offers = [dump_offer(tool) for tool in await _list_tools(connection)]
                    check_offers(self.offers, told.server_info.version)
                    self.ready.set_result(connection)
                    await self.stop.wait()
                except (MCPError, AzureDevOpsError, ValidationError) as error:
                    # It would leave the block as a group of errors.
                    failed = error
        except OSError as error:
            failed = error
        finally:
            self.end()
            if not self.ready.done():
                self.ready.set_exception(failed)
            # Nobody may be waiting any more.
            self.ready.exception()

    def _connect(self, streams: Streams) -> ClientSession:
        async def notice(message: object) -> None:
            if isinstance(message, ToolListChangedNotification):
                self.retire()

        return ClientSession(*streams, client_info=_CLIENT, message_handler=notice)


class VendorServer:
    """The vendor's server for one client: it starts with the first call, and again when its process ended.

    Everything runs on the client's event loop.
    """

    def __init__(self, client: AzureDevOps, launch: Launch) -> None:
        """Prepare without starting anything."""
        self.client = client
        self._launch = launch
        self._session: Session | None = None
        self._starting = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def list_offers(self) -> Sequence[Offer]:
        """Start the server, and return its list after it was checked."""
        return (await self._open())[0].offers

    async def call(self, tool: str, arguments: Mapping[str, JsonValue], *, writes: bool) -> CallToolResult:
        """Call a tool of the server. Only a call that reads is repeated, once, on a new process when its own ended.

        Raises:
            WriteOutcomeUnknown: A write was sent, and its answer is missing or cannot be read.
            Unreachable: The server cannot be started, ended, or did not answer in time.
            InvalidRequest: The server does not take these arguments.
            ServiceFault: Its answer cannot be read.
        """
        try:
            return await self._call_once(tool, arguments)
        except _NoAnswerError as first:
            if writes:
                why = f"The MCP server {first.why}, and the write had been sent to it."
                raise WriteOutcomeUnknown(why, subject=tool) from first
            if not first.ended:
                raise first.as_read() from first
        try:
            return await self._call_once(tool, arguments)
        except _NoAnswerError as second:
            raise second.as_read() from second

    async def _call_once(self, tool: str, arguments: Mapping[str, JsonValue]) -> CallToolResult:
        session, connection = await self._open()
        session.calls += 1
        try:
            async with asyncio.timeout(self._seconds_left()):
                return await connection.call_tool(tool, dict(arguments))
        except TimeoutError:
            session.retire()
            raise _NoAnswerError("did not answer in time", Unreachable) from None
        except MCPError as error:
            if error.code in _REFUSED:
                message = f"The MCP server does not take these arguments: {one_line(error.message)}"
                raise InvalidRequest(message, subject="arguments") from error
            ended = error.code == CONNECTION_CLOSED
            why = "ended" if ended else f"answered with error {error.code}: {one_line(error.message)}"
            raise _NoAnswerError(why, Unreachable if ended else ServiceFault, ended=ended) from error
        except (ValidationError, RuntimeError) as error:
            why = f"gave an answer that cannot be read ({type(error).__name__})"
            raise _NoAnswerError(why, ServiceFault) from error
        finally:
            session.calls -= 1
            if session.retired:
                session.retire()

    async def _open(self) -> tuple[Session, ClientSession]:
        """Return the running session, or start one: the first, or one with another token, or after the last ended."""
        token = await self.client.credential.token()
        async with self._starting:
            session = self._session
            if session is not None and session.token != token:
                session.retire()
            if session is None or session.retired:
                session = self._session = Session(token)
                # The session outlives this call and must not see its context, which holds the grant of a write.
                task = asyncio.get_running_loop().create_task(session.hold(self._launch), context=Context())
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            try:
                async with asyncio.timeout(self.client.context.timeouts.call):
                    return session, await asyncio.shield(session.ready)
            except TimeoutError:
                session.end()
                why = "it did not answer in time"
            except (MCPError, OSError, ValidationError) as error:
                why = one_line(str(error)) or type(error).__name__
        wrote = self._show(session.errors.last_line)
        told = f"The MCP server could not be started: {self._show(why)}.{wrote and f' It wrote: {wrote}'}"
        raise Unreachable(told, subject="mcp")

    def _show(self, text: str) -> str:
        """Return the beginning of a text of the server; it is cut last, because half a secret is not recognized."""
        return self.client.secrets.redact(one_line(text))[:_SHOWN]

    def _seconds_left(self) -> float:
        call = current_call.get()
        limit = self.client.context.timeouts.call
        return max(0.0, call.deadline - time.monotonic()) if call and call.deadline else limit


class _NoAnswerError(Exception):
    """A call has no answer.

    Attributes:
        why: What the server did instead.
        kind: The class of the error for a call that only reads.
        ended: Whether its process ended.
    """

    def __init__(self, why: str, kind: type[AzureDevOpsError], *, ended: bool = False) -> None:
        super().__init__(why)
        self.why, self.kind, self.ended = why, kind, ended

    def as_read(self) -> AzureDevOpsError:
        """Return the error for a call that only reads."""
        return self.kind(f"The MCP server {self.why}. Nothing was written; try again.", subject="mcp")


def dump_offer(tool: Tool) -> Offer:
    """Return a tool of the server as plain JSON, as the server sent it."""
    return tool.model_dump(mode="json", by_alias=True, exclude_none=True)


async def _list_tools(session: ClientSession) -> list[Tool]:
    """Return the whole list of the server, page by page."""
    tools: list[Tool] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await session.list_tools(params=PaginatedRequestParams(cursor=cursor) if cursor else None)
        tools += page.tools
        cursor = page.next_cursor
        if cursor is None:
            return tools
    raise Misconfigured(
        f"The MCP server was not used: its list of tools has more than {_MOST_PAGES} pages.", subject="mcp"
    )
