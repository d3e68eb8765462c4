"""Remember writes of earlier processes whose outcome is not known, so that an equal one is not sent without a word."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from azure_devops_agents.approvals.write_journal import WriteJournal
from langchain_azure_devops import AzureDevOps, Tool
from langchain_azure_devops.errors import InvalidRequest


@contextmanager
def recall_writes(client: AzureDevOps, tool: Tool[..., Any], journal: WriteJournal, destination: str) -> Iterator[None]:
    """Tell the client of the open writes of the journal; store which of them the block has found to be done.

    Args:
        client: The client that would write.
        tool: The tool that would write.
        journal: The writes that were begun.
        destination: The organization and project that the write goes to.
    """
    open_before = []
    for entry in journal.list_open(tool.name, destination):
        # Arguments that no longer fit belong to a call that cannot be asked for any more.
        with suppress(InvalidRequest):
            write = tool.recall(client, json.loads(entry.arguments), entry.begun)
            if write.state == "unknown":
                open_before.append((entry.write_id, write))
    yield
    for write_id, write in open_before:
        if client.write_memory.has_made(write):
            journal.finish(write_id, "written", "It was found as asked when an equal write was asked for.")
