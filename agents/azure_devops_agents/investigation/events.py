"""The events of an investigation as plain data: text of the model, tools that run, writes that wait, the report."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from langchain_core.messages import AIMessage

__all__ = ["ApprovalAsked", "Event", "ModelText", "ReportReady", "ToolFinished", "ToolStarted", "Waited"]


@dataclass(frozen=True)
class ModelText:
    """A piece of the text that the model writes."""

    text: str


@dataclass(frozen=True)
class ToolStarted:
    """The model asked for a tool."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class ToolFinished:
    """A tool answered; `summary` says in one line what it answered."""

    evidence_id: str
    tool: str
    status: str
    summary: str


@dataclass(frozen=True)
class Waited:
    """A tool waits because the service asks for it; `text` says why and how long."""

    text: str


@dataclass(frozen=True)
class ApprovalAsked:
    """Writes wait for the decision of a person.

    Attributes:
        interrupt_id: Its id, which the answer names.
        request: The question: `action_requests`, `review_configs`, our richer `views`, and the `problem` of the last
            answer.
    """

    interrupt_id: str
    request: Mapping[str, Any]

    @property
    def views(self) -> Sequence[Mapping[str, Any]]:
        """What the person is shown of each write, in the order in which they are decided."""
        return cast("Sequence[Mapping[str, Any]]", self.request["views"])

    @property
    def problem(self) -> str:
        """Why the last answer was not accepted; empty when there was none."""
        return str(self.request["problem"])


@dataclass(frozen=True)
class ReportReady:
    """The question is answered."""

    report: Mapping[str, Any]


Event = ModelText | ToolStarted | Waited | ToolFinished | ApprovalAsked | ReportReady


def events_of(update: Mapping[str, Any]) -> Iterator[Event]:
    """Yield the events in one update of the graph's state."""
    for node, change in update.items():
        if node == "__interrupt__":
            yield from (ApprovalAsked(str(entry.id), entry.value) for entry in change)
        elif not isinstance(change, dict):
            continue
        elif node == "model":
            for message in change.get("messages", []):
                if isinstance(message, AIMessage):
                    yield from (ToolStarted(call["name"], call["args"]) for call in message.tool_calls)
        elif node in {"read", "prepare", "approve", "write"}:
            for entry in change.get("evidence", {}).values():
                yield ToolFinished(entry["id"], entry["tool"], entry["status"], entry["summary"])
        elif node == "check":
            yield ReportReady(change["report"])


def show_inert(event: Event, inert: Callable[[Any], Any]) -> Event:
    """Make what an event shows of a call or a result inert. An approval shows exactly what would be written."""
    if isinstance(event, ToolStarted):
        return ToolStarted(inert(event.tool), inert(event.arguments))
    if isinstance(event, ToolFinished):
        return replace(event, tool=inert(event.tool), summary=inert(event.summary))
    return event
