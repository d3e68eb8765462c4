"""Investigate in threads that outlive the process: take questions and yield events."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, HumanMessage
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, Interrupt, StateSnapshot

from azure_devops_agents.evidence.record import FullEvidence
from azure_devops_agents.evidence.storable import storable
from azure_devops_agents.evidence.store import EvidenceTexts
from azure_devops_agents.investigation.budgets import Budgets, read_budgets
from azure_devops_agents.investigation.events import ApprovalAsked, Event, ModelText, ToolFinished, read_event
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.second_look import wants_second_look
from azure_devops_agents.investigation.spending import CeilingReached, open_spending
from azure_devops_agents.investigation.turns.instructions import load_instructions
from azure_devops_agents.models.scripted import UnknownQuestion
from azure_devops_agents.threads.database import ThreadDatabase
from azure_devops_agents.threads.migration import migrate_threads
from azure_devops_agents.threads.opening import find_database, open_threads, read_retention
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.errors import Conflict
from langchain_azure_devops.safety import ApprovedPlan

_NO_ANSWER = "asked by an earlier version"

__all__ = ["ApprovalPending", "Investigator", "open_investigator"]


class ApprovalPending(Conflict):
    """A write of this thread waits for an answer. No new question is accepted before."""


class Investigator:
    """Asks questions and answers approvals on threads, one at a time on each thread."""

    def __init__(
        self,
        graph: CompiledStateGraph[Any, Any, Any, Any],
        redacted: Callable[[Any], Any] | None = None,
        threads: ThreadDatabase | None = None,
    ) -> None:
        """Use a graph that has a checkpointer.

        Args:
            graph: The graph.
            redacted: Takes the secrets out of a question or an answer before it is stored.
            threads: Where the threads are stored: other processes that use it wait for each other, thread by thread.
        """
        if graph.checkpointer is None:
            raise ValueError("An investigator needs a graph with a checkpointer: approvals would be lost without one.")
        self._graph = graph
        self._redacted = redacted or (lambda given: given)
        self._threads = threads
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def ask(self, thread: str, question: str) -> Iterator[Event]:
        """Ask a question and yield its events, which end with a report or with approvals to answer.

        Raises:
            ApprovalPending: A write of this thread still waits for an answer.
        """
        with self._hold(thread):
            if self._read(thread).interrupts:
                raise ApprovalPending(
                    "A write of this thread waits for an answer. Approve, edit, reject or stop it first.",
                    subject=thread,
                )
            asked = HumanMessage(self._redacted(storable(question)))
            given = {"messages": [asked]}
            try:
                yield from self._run(thread, given)
            except (UnknownQuestion, CeilingReached):
                # The question ends here: there is nothing to continue.
                self._graph.update_state(_config(thread), {"report": None}, as_node="check")
                raise

    def answer(self, thread: str, interrupt_id: str, answer: object) -> Iterator[Event]:
        """Answer the writes that wait; an answer to a question that no longer waits changes nothing.

        Args:
            thread: The thread.
            interrupt_id: The id of the question, from `ApprovalAsked`.
            answer: `{"decisions": [...]}` with one decision for each write in their order. Everything that is no
                answer is asked again with the reason.
        """
        with self._hold(thread):
            asked = self.pending(thread)
            if asked is not None and asked.interrupt_id == interrupt_id:
                given: Command[Any] = Command(resume={interrupt_id: self._redacted(storable(answer))})
                yield from self._run(thread, given)

    def pending(self, thread: str) -> ApprovalAsked | None:
        """Return the question about the writes that wait on a thread; None when no write waits."""
        snapshot = self._read(thread)
        asked = [ApprovalAsked(str(entry.id), entry.value) for entry in snapshot.interrupts if _is_question(entry)]
        return asked[0] if asked else None

    def state(self, thread: str) -> Mapping[str, Any]:
        """Return what the thread stores: evidence, decisions, report, messages."""
        return dict(self._read(thread).values)

    def evidence(self, thread: str) -> dict[str, FullEvidence]:
        """Return the evidence of a thread with its texts, without the secrets that are known by now."""
        store = self._graph.store
        if store is None:
            raise ValueError("This graph has no store, so nobody knows where the texts of its evidence are.")
        index = self.state(thread).get("evidence", {})
        with self._naming_faults():
            known = EvidenceTexts(store, thread).complete(index)
        cleared: dict[str, FullEvidence] = self._redacted(known)
        return cleared

    def resume(self, thread: str) -> Iterator[Event]:
        """Continue a question that an earlier process left unfinished.

        Writes that an earlier version asked about are prepared and asked about anew; no answer to it counts.
        """
        with self._hold(thread):
            snapshot = self._read(thread)
            outlived = {str(entry.id): _NO_ANSWER for entry in snapshot.interrupts if not _is_question(entry)}
            if outlived:
                yield from self._run(thread, Command(resume=outlived))
            elif snapshot.tasks and not snapshot.interrupts:
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
                event = read_event(part)
                if event is not None and not (isinstance(event, ToolFinished) and not event.evidence_id):
                    yield event
            else:
                for entry in part.get("__interrupt__", ()):
                    yield ApprovalAsked(str(entry.id), entry.value)
        if self._threads is not None:
            self._threads.prune(thread)

    def _read(self, thread: str) -> StateSnapshot:
        """Return what is stored of a thread."""
        with self._naming_faults():
            return self._graph.get_state(_config(thread))

    def _naming_faults(self) -> AbstractContextManager[None]:
        return nullcontext() if self._threads is None else self._threads.naming_faults()

    @contextmanager
    def _hold(self, thread: str) -> Iterator[None]:
        """Keep all other clients, in this process and in others, away from a thread.

        Raises:
            Conflict: Another client is at work on it.
        """
        with self._guard:
            lock = self._locks.setdefault(thread, threading.Lock())
        held = nullcontext() if self._threads is None else self._threads.hold(thread)
        with lock, self._naming_faults(), held:
            yield


def _is_question(entry: Interrupt) -> bool:
    """Return whether an interrupt has the shape of this version."""
    return isinstance(entry.value, Mapping) and {"action_requests", "views"} <= entry.value.keys()


def _config(thread: str) -> Any:
    return {"configurable": {"thread_id": thread}}


@contextmanager
def open_investigator(
    model: BaseChatModel,
    toolkit: AzureDevOpsToolkit,
    *,
    path: Path | None = None,
    database: str | None = None,
    retention_days: int | None = None,
    budgets: Budgets | None = None,
    plan: ApprovedPlan | None = None,
    name_approver: Callable[[], str] | None = None,
    instructions: str | None = None,
    second_look: bool | None = None,
) -> Iterator[Investigator]:
    """Open an investigator that stores its threads, in an SQLite file readable by its owner only or in Postgres.

    Args:
        model: Any chat model that calls tools.
        toolkit: A verified toolkit.
        path: The file; by default under the user's state directory.
        database: The URL of a Postgres database in place of a file; by default `AZURE_DEVOPS_AGENT_DATABASE`.
        retention_days: Threads that did not change for this number of days are deleted now; 0 keeps all. By default
            `AZURE_DEVOPS_AGENT_RETENTION_DAYS`.
        budgets: How much one question may cost; by default what the environment says, see `read_budgets`.
        plan: Decides about every write in place of a person.
        name_approver: Names the person who answers. No name in an answer is read.
        instructions: The operator's own instructions; by default those that the environment names, see
            `load_instructions`.
        second_look: Whether an independent pass looks at each report; by default as the environment says.

    Raises:
        ThreadsUnusable: The threads cannot be read or stored.
        Misconfigured: A setting of the environment has a value that it cannot have.
    """
    days = read_retention(retention_days)
    limits = budgets or read_budgets()
    told = load_instructions() if instructions is None else instructions
    threads = open_threads(path, database)
    spending = None
    try:
        spending = open_spending(find_database(path, database))
        threads.expire(days, datetime.now(UTC))
        graph = build_graph(
            model,
            toolkit,
            budgets=limits,
            journal=threads.journal,
            checkpointer=threads.saver,
            store=threads.store,
            plan=plan,
            name_approver=name_approver,
            instructions=told,
            second_look=wants_second_look() if second_look is None else second_look,
            spending=spending,
        )
        migrate_threads(graph, threads)
        yield Investigator(graph, toolkit.client.secrets.redact_value, threads)
    finally:
        if spending is not None:
            spending.close()
        threads.close()
