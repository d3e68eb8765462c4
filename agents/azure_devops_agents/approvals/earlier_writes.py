"""Remember writes of earlier processes whose outcome is not known, so that an equal one is not sent without a word."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any

from azure_devops_agents.approvals.write_journal import OpenWrite, WriteJournal
from langchain_azure_devops import AzureDevOps, Tool
from langchain_azure_devops.errors import InvalidRequest

_FOUND = "It was found as asked when an equal write was asked for."


@contextmanager
def recall_writes(client: AzureDevOps, tool: Tool[..., Any], journal: WriteJournal, place: str) -> Iterator[None]:
    """Tell the client of the open writes of the journal; store which of them the block has found to be done.

    Args:
        client: The client that would write.
        tool: The tool that would write.
        journal: The writes that were begun.
        place: The organization and project that the write goes to.
    """
    remembered = _remember(client, tool, journal.list_open(tool.name, place))
    yield
    for write_id, is_found in remembered.items():
        if is_found():
            journal.finish(write_id, "written", _FOUND)


@asynccontextmanager
async def arecall_writes(
    client: AzureDevOps, tool: Tool[..., Any], journal: WriteJournal, place: str
) -> AsyncIterator[None]:
    """Tell the client of the open writes, like `recall_writes`, without blocking."""
    remembered = _remember(client, tool, await asyncio.to_thread(journal.list_open, tool.name, place))
    yield
    for write_id, is_found in remembered.items():
        if is_found():
            await asyncio.to_thread(journal.finish, write_id, "written", _FOUND)


def _remember(client: AzureDevOps, tool: Tool[..., Any], found: Iterable[OpenWrite]) -> dict[str, Callable[[], bool]]:
    """Tell the client of open writes; return, by their ids in the journal, what says whether each is found."""
    remembered = dict[str, Callable[[], bool]]()
    for entry in found:
        # Arguments that no longer fit belong to a call that cannot be asked for any more.
        with suppress(InvalidRequest):
            write = tool.recall(client, json.loads(entry.arguments), entry.begun)
            if write.state == "unknown":
                remembered[entry.write_id] = partial(client.write_memory.has_made, write)
    return remembered
