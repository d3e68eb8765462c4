"""Store the texts of what the nodes found. The state gets an index entry for each."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.runnables import Runnable
from langgraph.config import get_config, get_store
from langgraph.store.base import BaseStore

from azure_devops_agents.evidence.record import index_entry
from azure_devops_agents.evidence.store import EvidenceTexts
from azure_devops_agents.evidence.summary import summarize_refusal
from azure_devops_agents.investigation.events import ToolFinished, announce
from azure_devops_agents.investigation.outgoing import Outgoing
from azure_devops_agents.investigation.turns.node import Node
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
        """Return a node that stores the texts of the evidence in its updates, and keeps index entries in them.

        The calls that an update answers are announced in the stream.
        """

        def run(given: Any) -> Any:
            update = node(given)
            self.texts().save(self._take_texts(update))
            self._announce_answers(update)
            return update

        async def arun(given: Any) -> Any:
            update = await anode(given)
            await self.texts().asave(self._take_texts(update))
            self._announce_answers(update)
            return update

        return Node(run, arun)

    def _announce_answers(self, update: Mapping[str, Any]) -> None:
        """Announce the calls that an update answers. A page may render their texts, so these are made inert."""
        inert = Outgoing(self.client).value
        evidence = {entry["call"]: entry for entry in update.get("evidence", {}).values()}
        for message in update.get("messages", ()):
            entry = evidence.get(message.tool_call_id)
            tool = str(entry["tool"] if entry else message.name)
            status, summary = (entry["status"], entry["summary"]) if entry else _describe_answer(message)
            name = entry["id"] if entry else ""
            announce(ToolFinished(name, inert(tool), status, inert(summary), message.tool_call_id))

    def _take_texts(self, update: Mapping[str, Any]) -> list[str]:
        """Replace the answers in an update by index entries, and return their texts without known secrets."""
        found: dict[str, Any] = update.get("evidence", {})
        texts = []
        for name, answer in list(found.items()):
            if "text" in answer:
                cleared = self.client.secrets.redact_value(answer, learn=False)
                entry, text = index_entry(cleared, self.client.context.clock())
                found[name] = entry
                texts.append(text)
        return texts


def _describe_answer(message: ToolMessage) -> tuple[str, str]:
    """Return the status and the summary of an answer that left no evidence."""
    if message.status != "error" or not isinstance(message.artifact, dict):
        return "ok", ""
    return str(message.artifact.get("status") or "error"), summarize_refusal(message.artifact, str(message.text))
