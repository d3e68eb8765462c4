"""Investigate in threads that outlive the process: take questions and yield events."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, HumanMessage
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.sqlite import SqliteStore
from langgraph.types import Command

from azure_devops_agents.approvals.thread_lock import hold_thread
from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.evidence.record import FullEvidence
from azure_devops_agents.evidence.storable import storable
from azure_devops_agents.evidence.store import EvidenceTexts
from azure_devops_agents.investigation.events import ApprovalAsked, Event, ModelText, Waited, events_of, show_inert
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.outgoing import Outgoing
from azure_devops_agents.investigation.routing import Budgets
from azure_devops_agents.models.scripted import UnknownQuestion
from azure_devops_agents.paths import state_path
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.adapters.langchain import WAITING
from langchain_azure_devops.errors import Conflict
from langchain_azure_devops.safety import ApprovedPlan, make_private, make_private_folder

__all__ = ["ApprovalPending", "Investigator", "open_investigator"]


class ApprovalPending(Conflict):
    """A write of this thread waits for an answer. No new question is accepted before."""


class Investigator:
    """Ask questions and answer approvals on threads, one at a time on each thread."""

    def __init__(
        self,
        graph: CompiledStateGraph[Any, Any, Any, Any],
        redacted: Callable[[Any], Any] | None = None,
        locks: Path | None = None,
        inert: Callable[[Any], Any] | None = None,
    ) -> None:
        """Use a graph that has a checkpointer.

        Args:
            graph: The graph.
            redacted: Takes the secrets out of a question or an answer before it is stored.
            inert: Makes what the events show of calls and results inert, because a page may render it.
            locks: The file of the threads: other processes that use it wait for each other, thread by thread.
        """
        if graph.checkpointer is None:
            raise ValueError("An investigator needs a graph with a checkpointer: approvals would be lost without one.")
        self._graph = graph
        self._redacted = redacted or (lambda given: given)
        self._inert = inert or (lambda shown: shown)
        self._shared = locks
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def ask(self, thread: str, question: str) -> Iterator[Event]:
        """Ask a question and yield its events, which end with a report or with approvals to answer.

        Raises:
            ApprovalPending: A write of this thread still waits for an answer.
        """
        with self._hold(thread):
            if self.pending(thread):
                raise ApprovalPending(
                    "A write of this thread waits for an answer. Approve, edit, reject or stop it first.",
                    subject=thread,
                )
            asked = HumanMessage(self._redacted(storable(question)))
            given = {"messages": [asked], "started": time.time(), "report": None, "failure": None}
            try:
                yield from self._run(thread, given)
            except UnknownQuestion:
                # The question ends here: there is nothing to continue.
                self._graph.update_state(_config(thread), {"report": None}, as_node="check")
                raise

    def answer(self, thread: str, decisions: Mapping[str, object]) -> Iterator[Event]:
        """Answer waiting approvals by their ids; an answer to one that no longer waits changes nothing."""
        with self._hold(thread):
            waiting = {asked.interrupt_id for asked in self.pending(thread)}
            fitting = {identifier: answer for identifier, answer in decisions.items() if identifier in waiting}
            if fitting:
                # The time that a person takes to decide does not count.
                given: Command[Any] = Command(resume=self._redacted(storable(fitting)), update={"started": time.time()})
                yield from self._run(thread, given)

    def pending(self, thread: str) -> list[ApprovalAsked]:
        """Return the approvals that wait on a thread."""
        snapshot = self._graph.get_state(_config(thread))
        return [ApprovalAsked(str(entry.id), entry.value) for entry in snapshot.interrupts]

    def state(self, thread: str) -> Mapping[str, Any]:
        """Return what the thread stores: evidence, decisions, report, messages."""
        return dict(self._graph.get_state(_config(thread)).values)

    def evidence(self, thread: str) -> dict[str, FullEvidence]:
        """Return the evidence of a thread with its texts, without the secrets that are known by now."""
        store = self._graph.store
        if store is None:
            raise ValueError("This graph has no store, so nobody knows where the texts of its evidence are.")
        known = EvidenceTexts(store, thread).complete(self.state(thread).get("evidence", {}))
        cleared: dict[str, FullEvidence] = self._redacted(known)
        return cleared

    def resume(self, thread: str) -> Iterator[Event]:
        """Continue a question that an earlier process left unfinished."""
        with self._hold(thread):
            snapshot = self._graph.get_state(_config(thread))
            if snapshot.next and not snapshot.interrupts:
                yield from self._run(thread, None)

    def _run(self, thread: str, given: object) -> Iterator[Event]:
        # Each step is on disk before the next begins, because an approval must outlive the process that writes.
        modes: Any = ["updates", "messages", "custom"]
        parts: Iterator[Any] = self._graph.stream(given, _config(thread), stream_mode=modes, durability="sync")
        for mode, part in parts:
            if mode == "messages":
                message, metadata = part
                if isinstance(message, AIMessageChunk) and metadata.get("langgraph_node") == "model" and message.text:
                    yield ModelText(str(message.text))
            elif mode == "custom":
                if isinstance(part, dict) and part.get("type") == WAITING:
                    yield Waited(str(part["text"]))
            else:
                yield from (show_inert(event, self._inert) for event in events_of(part))

    @contextmanager
    def _hold(self, thread: str) -> Iterator[None]:
        """Keep all other clients, in this process and in others, away from a thread.

        Raises:
            Conflict: Another client is at work on it.
        """
        with self._guard:
            lock = self._locks.setdefault(thread, threading.Lock())
        with lock, nullcontext() if self._shared is None else hold_thread(self._shared, thread):
            yield


def _config(thread: str) -> Any:
    return {"configurable": {"thread_id": thread}, "recursion_limit": 200}


@contextmanager
def open_investigator(
    model: BaseChatModel,
    toolkit: AzureDevOpsToolkit,
    *,
    path: Path | None = None,
    budgets: Budgets | None = None,
    plan: ApprovedPlan | None = None,
) -> Iterator[Investigator]:
    """Open an investigator that stores its threads in an SQLite file, readable by its owner only.

    Args:
        model: Any chat model that calls tools.
        toolkit: A verified toolkit.
        path: The file; by default under the user's state directory.
        budgets: How much one question may cost.
        plan: Decides about every write in place of a person.
    """
    file = path or make_private_folder(state_path().parent) / state_path().name
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = sqlite3.connect(make_private(file), check_same_thread=False, timeout=10)
    # The saver and the store begin transactions of their own, so each needs a connection of its own.
    beside = sqlite3.connect(file, check_same_thread=False, timeout=10, isolation_level=None)
    journal = WriteJournal(file)
    saver, store = SqliteSaver(connection), SqliteStore(beside)
    saver.setup()
    store.setup()
    try:
        graph = build_graph(
            model, toolkit, budgets=budgets, journal=journal, checkpointer=saver, store=store, plan=plan
        )
        yield Investigator(graph, toolkit.client.secrets.redact_value, file, Outgoing(toolkit.client).value)
    finally:
        journal.close()
        # A step may still be stored in the background; closing the file now would crash the process.
        with saver.lock, store.lock:
            connection.close()
            beside.close()
