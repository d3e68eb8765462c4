"""Tell the host that a call waits."""

import asyncio
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from mcp.server.session import ServerSession

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.runtime import Waiting
from langchain_azure_devops.text.known_secrets import KnownSecrets

_log = logging.getLogger("langchain_azure_devops.mcp_server")
_report: ContextVar[Callable[[Waiting], None] | None] = ContextVar("azure_devops_mcp_report", default=None)


class _Announcer:
    """Tells the host of the call that waits, and whoever was told before."""

    def __init__(self, elsewhere: Callable[[Waiting], None]) -> None:
        self._elsewhere = elsewhere

    def __call__(self, waiting: Waiting) -> None:
        # The client's loop runs each call with the context variables of its caller.
        if (report := _report.get()) is not None:
            report(waiting)
        self._elsewhere(waiting)


def announce_waits(client: AzureDevOps) -> None:
    """Let the waits of a client reach the host whose call waits."""
    if not isinstance(client.progress, _Announcer):
        client.progress = _Announcer(client.progress)


class Reports:
    """The reports of one call, in their order."""

    def __init__(self, session: ServerSession, known: KnownSecrets) -> None:
        """Report to the host of this session; the log of reports that fail holds none of the known secrets."""
        self._session, self._known, self._loop = session, known, asyncio.get_running_loop()
        self._sent: list[asyncio.Task[None]] = []

    @contextmanager
    def forward(self) -> Iterator[None]:
        """Report the waits of all calls inside the block."""
        token = _report.set(self._receive)
        try:
            yield
        finally:
            _report.reset(token)

    async def finish(self) -> None:
        """Wait until all reports are on their way: none may follow the result of the call."""
        await asyncio.gather(*self._sent)

    def _receive(self, waiting: Waiting) -> None:
        self._loop.call_soon_threadsafe(self._send, str(waiting))

    def _send(self, text: str) -> None:
        self._sent.append(self._loop.create_task(self._report(len(self._sent) + 1, text)))

    async def _report(self, number: int, text: str) -> None:
        """Send a report. A host that cannot take it still gets the result of the call, which may have written."""
        try:
            await self._session.report_progress(number, None, text)
        except Exception:  # noqa: BLE001 - whatever the way to the host raises
            _log.warning("A report of progress failed:\n%s", self._known.redact(traceback.format_exc()))
