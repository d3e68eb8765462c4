"""Serve the investigation by a LangGraph server: `langgraph dev --config langgraph.json`.

The settings come from the environment alone: the organization and its token as everywhere (`AZURE_DEVOPS_ORG`,
`AZURE_DEVOPS_PAT`, `AZURE_DEVOPS_PROJECT`), and the model by `AZURE_DEVOPS_AGENT_MODEL`. A client of the server cannot
choose another organization, another token or another model.
"""

import asyncio
import functools
import os
import threading
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel

from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.models.providers import open_model
from azure_devops_agents.paths import audit_path
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.extras import naming_extras

with naming_extras():
    from langgraph.graph.state import CompiledStateGraph
    from langgraph_sdk.runtime import ServerRuntime

    from azure_devops_agents.investigation.budgets import Budgets, read_budgets
    from azure_devops_agents.investigation.graph import build_graph
    from azure_devops_agents.investigation.second_look import wants_second_look
    from azure_devops_agents.investigation.spending import Spending, open_spending
    from azure_devops_agents.investigation.turns.instructions import load_instructions
    from azure_devops_agents.settings import MODEL
    from azure_devops_agents.threads.opening import find_database

__all__ = ["make_graph"]

_opening = threading.Lock()


@dataclass(frozen=True)
class Parts:
    """The parts that all runs share. They are opened once, because the server makes the graph anew for every run."""

    toolkit: AzureDevOpsToolkit
    model: BaseChatModel
    journal: WriteJournal
    budgets: Budgets
    instructions: str
    second_look: bool
    spending: Spending


async def make_graph(runtime: ServerRuntime[Any]) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Make the graph for one run, or for one read of a thread or of the schemas.

    The server brings the checkpointer, the store, and the user whose name stands beside an approval. A run verifies the
    connection if no run before it could; a read needs none, so that a front end shows its threads also while Azure
    DevOps cannot be reached. The graph itself says in the thread why a run has no usable connection.
    """
    parts = await asyncio.to_thread(open_parts)
    if runtime.execution_runtime is not None and not _is_verified(parts.toolkit):
        await parts.toolkit.averify()
    return build_graph(
        parts.model,
        parts.toolkit,
        budgets=parts.budgets,
        journal=parts.journal,
        instructions=parts.instructions,
        second_look=parts.second_look,
        spending=parts.spending,
    )


def _is_verified(toolkit: AzureDevOpsToolkit) -> bool:
    return toolkit.connection is not None and toolkit.connection.error is None


def open_parts() -> Parts:
    """Open what the runs share, once, whichever thread asks first."""
    with _opening:
        return _open_parts_once()


@functools.cache
def _open_parts_once() -> Parts:
    toolkit = AzureDevOpsToolkit(audit=audit_path(), toolsets="all")
    model = open_model(os.environ.get(MODEL) or None)
    place = find_database()
    spending = open_spending(place)
    spending.check_model(model)
    return Parts(
        toolkit,
        model,
        WriteJournal(place),
        read_budgets(),
        load_instructions(),
        wants_second_look(),
        spending,
    )
