"""Delete what a LangGraph server no longer needs: threads that are old, and the evidence of deleted threads.

`langgraph.json` names `app`, and the server adds it to its own application. The server itself knows nothing of the
evidence in its store, and `langgraph dev` deletes no old threads.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from langchain_azure_devops.extras import naming_extras

with naming_extras():
    from langgraph.config import get_store
    from langgraph.store.base import BaseStore
    from langgraph_sdk import get_client
    from langgraph_sdk.client import LangGraphClient
    from langgraph_sdk.errors import NotFoundError
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from azure_devops_agents.evidence.store import EvidenceTexts, alist_owners
    from azure_devops_agents.threads.opening import read_retention

__all__ = ["adelete_old", "app"]

_ID = re.compile(r"[0-9a-fA-F-]{36}")
_THREAD = re.compile(rf"/threads/({_ID.pattern})/?")
_SECONDS_BETWEEN = 3600.0
_PAGE = 500
_log = logging.getLogger(__name__)


async def adelete_old(client: LangGraphClient, store: BaseStore, days: int, now: datetime) -> None:
    """Delete the threads that did not change for so many days, and the evidence of all threads that are deleted.

    Args:
        client: The server.
        store: The server's store.
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


class _DeletesEvidence:
    """Deletes the evidence of a thread as soon as the server has deleted the thread, and before it says so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        deleted = _THREAD.fullmatch(scope["path"]) if scope.get("method") == "DELETE" else None
        if deleted is None:
            await self._app(scope, receive, send)
            return

        async def delete_and_send(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 204:
                await EvidenceTexts(scope["app"].state.store, deleted[1].lower()).adelete()
            await send(message)

        await self._app(scope, receive, delete_and_send)


async def _delete_regularly(store: BaseStore, days: int) -> None:
    async with get_client(api_key=None) as client:
        while True:
            try:
                await adelete_old(client, store, days, datetime.now(UTC))
            except Exception:  # noqa: BLE001 - the server must go on without tidying; the log shows what is wrong
                _log.exception("Old threads and evidence could not be deleted. The server tries again in an hour.")
            await asyncio.sleep(_SECONDS_BETWEEN)


@asynccontextmanager
async def _open(application: Starlette) -> AsyncIterator[None]:
    application.state.store = get_store()
    task = asyncio.create_task(_delete_regularly(application.state.store, read_retention()))
    try:
        yield
    finally:
        task.cancel()


app = Starlette(middleware=[Middleware(_DeletesEvidence)], lifespan=_open)
"""What the server adds to its application (`http.app` in `langgraph.json`)."""
