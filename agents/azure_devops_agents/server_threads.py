"""Delete what a LangGraph server no longer needs: threads that are old, and what is kept beside deleted threads.

That is their evidence, their approvals, and what the journal holds of their writes; a write whose outcome is not known
stays, because a later one may equal it. `langgraph.json` names `app`, and the server adds it to its own application.
The server itself knows nothing of the evidence in its store and of the journal, and `langgraph dev` deletes no old
threads.
"""

import asyncio
import functools
import logging
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.extras import ExtraMissing, naming_extras

with naming_extras():
    from langgraph.config import get_store
    from langgraph.store.base import BaseStore
    from langgraph_sdk import get_client
    from langgraph_sdk.client import LangGraphClient
    from langgraph_sdk.errors import NotFoundError
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from azure_devops_agents.approvals.write_journal import WriteJournal
    from azure_devops_agents.evidence.store import EvidenceTexts, alist_owners
    from azure_devops_agents.server import open_parts
    from azure_devops_agents.threads.opening import read_retention

__all__ = ["adelete_old", "app"]

app: Starlette
"""What the server adds to its application (`http.app` in `langgraph.json`)."""

_ID = re.compile(r"[0-9a-fA-F-]{36}")
_THREAD = re.compile(rf"/threads/({_ID.pattern})/?")
_SECONDS_BETWEEN = 3600.0
_PAGE = 500
_log = logging.getLogger(__name__)


async def adelete_old(
    client: LangGraphClient, store: BaseStore, journal: WriteJournal, days: int, now: datetime
) -> None:
    """Delete the threads that did not change for so many days, and what is kept beside all threads that are deleted.

    Args:
        client: The server.
        store: The server's store.
        journal: The writes that were begun. Several servers may share it, so only threads with evidence in this store
            count as deleted: a write that another server would forget could be sent twice.
        days: The days; 0 deletes no thread.
        now: The time.
    """
    if days:
        for thread in await _list_unchanged(client, now - timedelta(days=days)):
            # Somebody else may delete it first.
            with suppress(NotFoundError):
                await client.threads.delete(thread)
    # The evidence of a thread is listed before the server is asked for the thread, so a new thread is never taken for
    # a deleted one.
    owners = [owner for owner in await alist_owners(store) if _ID.fullmatch(owner)]
    for first in range(0, len(owners), _PAGE):
        asked = owners[first : first + _PAGE]
        found = await client.threads.search(ids=asked, limit=_PAGE, select=["thread_id"])
        for thread in set(asked) - {row["thread_id"] for row in found}:
            await _adelete_beside(store, journal, thread)


async def _adelete_beside(store: BaseStore, journal: WriteJournal, thread: str) -> None:
    """Delete what is kept beside a deleted thread. By its evidence it is known as deleted, so that goes last."""
    # The server makes up the names of threads, so none begins with another.
    await asyncio.to_thread(journal.delete_settled, thread, ())
    await EvidenceTexts(store, thread).adelete()


async def _list_unchanged(client: LangGraphClient, before: datetime) -> list[str]:
    old: list[str] = []
    while True:
        page = await client.threads.search(
            limit=_PAGE, offset=len(old), sort_by="updated_at", sort_order="asc", select=["thread_id", "updated_at"]
        )
        stale = [row["thread_id"] for row in page if _as_time(row["updated_at"]) < before]
        old += stale
        if len(stale) < _PAGE:
            return old


def _as_time(given: Any) -> datetime:
    return given if isinstance(given, datetime) else datetime.fromisoformat(str(given))


class _DeletesBeside:
    """Deletes what is kept beside a thread as soon as the server has deleted the thread, and before it says so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        deleted = _THREAD.fullmatch(scope["path"]) if scope.get("method") == "DELETE" else None
        if deleted is None:
            await self._app(scope, receive, send)
            return

        async def delete_and_send(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 204:
                kept = scope["app"].state
                await _adelete_beside(kept.store, kept.journal, deleted[1].lower())
            await send(message)

        await self._app(scope, receive, delete_and_send)


async def _delete_regularly(store: BaseStore, journal: WriteJournal, days: int) -> None:
    async with get_client(api_key=None) as client:
        while True:
            try:
                await adelete_old(client, store, journal, days, datetime.now(UTC))
            except Exception:  # noqa: BLE001 - the server must go on without tidying; the log shows what is wrong
                _log.exception("Old threads and evidence could not be deleted. The server tries again in an hour.")
            await asyncio.sleep(_SECONDS_BETWEEN)


@asynccontextmanager
async def _open(application: Starlette) -> AsyncIterator[None]:
    store, journal = get_store(), (await asyncio.to_thread(open_parts)).journal
    application.state.store, application.state.journal = store, journal
    task = asyncio.create_task(_delete_regularly(store, journal, read_retention()))
    try:
        yield
    finally:
        task.cancel()


@functools.cache
def _make_app() -> Starlette:
    return Starlette(middleware=[Middleware(_DeletesBeside)], lifespan=_open)


def __getattr__(name: str) -> Starlette:
    """Return `app` as soon as the settings let the server work; else the process ends and says why.

    What is raised later, while the server starts, would be shown as a traceback, and with each request again.
    """
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        open_parts()
        read_retention()
    except (AzureDevOpsError, ExtraMissing) as error:
        sys.exit(f"The server cannot start. {error}")
    return _make_app()
