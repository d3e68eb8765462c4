"""Store the texts of what the nodes found. The state gets an index entry for each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import Runnable, RunnableLambda
from langgraph.config import get_config, get_store
from langgraph.store.base import BaseStore
from langgraph.types import Command

from azure_devops_agents.evidence.record import index_entry
from azure_devops_agents.evidence.store import EvidenceTexts
from langchain_azure_devops import AzureDevOps


@dataclass(frozen=True)
class EvidenceOfRun:
    """The evidence of the run that is going on.

    Attributes:
        client: Its clock says when something was read.
        fallback: Holds the texts when a graph around this one has no store.
    """

    client: AzureDevOps
    fallback: BaseStore

    def texts(self) -> EvidenceTexts:
        """Return the texts of the thread that runs; to be called in a node."""
        thread = get_config()["configurable"].get("thread_id")
        # A graph around this one may have no store.
        store: BaseStore | None = get_store()
        return EvidenceTexts(self.fallback if store is None else store, str(thread or ""))

    def storing(self, node: Callable[[Any], Any], anode: Callable[[Any], Awaitable[Any]]) -> Runnable[Any, Any]:
        """Return a node that stores the texts of the evidence in its updates, and keeps index entries in them."""

        def run(given: Any) -> Any:
            update = node(given)
            self.texts().save(self._take_texts(update))
            return update

        async def arun(given: Any) -> Any:
            update = await anode(given)
            await self.texts().asave(self._take_texts(update))
            return update

        return RunnableLambda(run, arun)

    def _take_texts(self, update: Any) -> list[str]:
        """Replace the answers in an update by index entries, and return their texts."""
        changes = update.update if isinstance(update, Command) else update
        found: dict[str, Any] = (changes.get("evidence") if isinstance(changes, dict) else None) or {}
        texts = []
        for name, answer in list(found.items()):
            if "text" in answer:
                entry, text = index_entry(answer, self.client.context.clock())
                found[name] = entry
                texts.append(text)
        return texts
