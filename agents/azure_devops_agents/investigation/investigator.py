"""An investigation in a thread that outlives the process: questions in, events out."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from azure_devops_agents.approvals.journal import IntentLog
from azure_devops_agents.approvals.thread_lock import alone
from azure_devops_agents.approvals.view import without_secrets
from azure_devops_agents.cli.terminal import machine_readable
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.routing import Budgets
from azure_devops_agents.models.opening import UnknownQuestion
from azure_devops_agents.paths import state_path
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.adapters.langchain import WAITING
from langchain_azure_devops.errors import Conflict
from langchain_azure_devops.safety.write_plan import ApprovedPlan


@dataclass(frozen=True)
class ModelText:
    """A piece of what the model says."""

    text: str


@dataclass(frozen=True)
class ToolStarted:
    """The model asked for a tool."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class ToolFinished:
    """A tool answered; `summary` is the first line of its answer."""

    evidence_id: str
    tool: str
    status: str
    summary: str


@dataclass(frozen=True)
class Waited:
    """A tool waits, for the service asks for it; `text` says why and how long."""

    text: str


@dataclass(frozen=True)
class ApprovalAsked:
    """A write waits for a person."""

    interrupt_id: str
    view: Mapping[str, Any]


@dataclass(frozen=True)
class ReportReady:
    """The question is answered."""

    report: Mapping[str, Any]


Event = ModelText | ToolStarted | Waited | ToolFinished | ApprovalAsked | ReportReady


class ApprovalPending(Conflict):
    """A write of this thread waits for an answer; nothing else can be asked before."""


class Investigator:
    """Asks and answers on threads; one at a time on each thread."""

    def __init__(
        self,
        graph: CompiledStateGraph[Any, Any, Any, Any],
        redacted: Callable[[Any], Any] | None = None,
        locks: Path | None = None,
    ) -> None:
        """Use a graph that has a checkpointer.

        Args:
            graph: The graph.
            redacted: Takes the secrets out of a question or an answer before it is stored.
            locks: The file of the threads: other processes that use it wait for each other, thread by thread.
        """
        if graph.checkpointer is None:
            raise ValueError("An investigator needs a graph with a checkpointer: approvals would be lost without one.")
        self._graph = graph
        self._redacted = redacted or (lambda given: given)
        self._shared = locks
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def ask(self, thread: str, question: str) -> Iterator[Event]:
        """Put a question; ends with a report or with approvals to answer.

        Raises:
            ApprovalPending: A write of this thread still waits for an answer.
        """
        with self._alone(thread):
            if self.pending(thread):
                raise ApprovalPending(
                    "A write of this thread waits for an answer. Approve, edit, reject or stop it first.",
                    subject=thread,
                )
            asked = HumanMessage(self._redacted(question))
            given = {"messages": [asked], "started": time.time(), "report": None, "failure": None}
            try:
                yield from self._run(thread, given)
            except UnknownQuestion:
                # There is nothing to go on with: the question is over.
                self._graph.update_state(_config(thread), {"report": None}, as_node="check")
                raise

    def answer(self, thread: str, decisions: Mapping[str, object]) -> Iterator[Event]:
        """Answer waiting approvals by their ids; an answer to one that no longer waits changes nothing."""
        with self._alone(thread):
            waiting = {asked.interrupt_id for asked in self.pending(thread)}
            fitting = {identifier: answer for identifier, answer in decisions.items() if identifier in waiting}
            if fitting:
                # The clock of the question does not run while a person thinks.
                given: Command[Any] = Command(resume=self._redacted(fitting), update={"started": time.time()})
                yield from self._run(thread, given)

    def pending(self, thread: str) -> list[ApprovalAsked]:
        """The approvals that wait on a thread."""
        snapshot = self._graph.get_state(_config(thread))
        return [ApprovalAsked(str(entry.id), entry.value) for entry in snapshot.interrupts]

    def state(self, thread: str) -> Mapping[str, Any]:
        """What the thread remembers: evidence, decisions, report, messages."""
        return dict(self._graph.get_state(_config(thread)).values)

    def resume(self, thread: str) -> Iterator[Event]:
        """Go on where a process ended in the middle of a question."""
        with self._alone(thread):
            snapshot = self._graph.get_state(_config(thread))
            if snapshot.next and not snapshot.interrupts:
                yield from self._run(thread, None)

    def _run(self, thread: str, given: object) -> Iterator[Event]:
        # Each step is on disk before the next begins: what a person approved must outlive the process that writes it.
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
                yield from _events(part)

    @contextmanager
    def _alone(self, thread: str) -> Iterator[None]:
        """Hold a thread against everybody else, in this process and in others.

        Raises:
            Conflict: Another client is at work on it.
        """
        with self._guard:
            lock = self._locks.setdefault(thread, threading.Lock())
        with lock, nullcontext() if self._shared is None else alone(self._shared, thread):
            yield


def _events(update: Mapping[str, Any]) -> Iterator[Event]:
    for node, change in update.items():
        if node == "__interrupt__":
            yield from (ApprovalAsked(str(entry.id), entry.value) for entry in change)
        elif not isinstance(change, dict):
            continue
        elif node == "model":
            for message in change.get("messages", []):
                if isinstance(message, AIMessage):
                    yield from (ToolStarted(call["name"], call["args"]) for call in message.tool_calls)
        elif node in {"read", "approve", "write"}:
            for entry in change.get("evidence", {}).values():
                yield ToolFinished(entry["id"], entry["tool"], entry["status"], _summary(entry["text"]))
        elif node == "check":
            yield ReportReady(change["report"])


def _summary(text: str) -> str:
    """The line that says most: the heading of a table, the headline of an error, the first field of a record."""
    lines = [line for line in text.split("\n") if line and not line.startswith("<untrusted ")]
    head = lines[0] if lines else ""
    if head.startswith("[") and len(lines) > 1:
        return f"{head} {lines[1]}"
    named = [line for line in lines[:4] if line.startswith(("id: ", "title: ", "pipeline: ", "number: "))]
    return ", ".join(named) if named else head.split("; more: repeat", 1)[0]


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
    """An investigator whose threads are kept in an SQLite file, readable by its owner only.

    Args:
        model: Any chat model that calls tools.
        toolkit: A verified toolkit.
        path: The file; by default under the user's state directory.
        budgets: How much one question may cost.
        plan: Decides about every write in place of a person.
    """
    file = path or state_path()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.touch(mode=0o600)
    connection = sqlite3.connect(file, check_same_thread=False, timeout=10)
    intents = IntentLog(file)
    saver = SqliteSaver(connection)
    try:
        graph = build_graph(model, toolkit, budgets=budgets, intents=intents, checkpointer=saver, plan=plan)
        yield Investigator(graph, partial(without_secrets, toolkit.client), file)
    finally:
        intents.close()
        # A step that lost a race may still be storing in the background; closing under it would crash the process.
        with saver.lock:
            connection.close()


def as_json(state: Mapping[str, Any]) -> str:
    """Report and evidence for machines."""
    return machine_readable({"report": state.get("report"), "evidence": list(state.get("evidence", {}).values())})
