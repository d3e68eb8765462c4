"""The events of an investigation: text of the model, tools that run, writes that wait, the budget, the report.

The nodes announce them in the stream of LangGraph, mode "custom", as plain data with a `type`. The investigator reads
them there as well; the text of the model comes in the mode "messages", and a question about writes as an interrupt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, cast

from langgraph.config import get_stream_writer

from langchain_azure_devops.adapters.langchain import WAITING

__all__ = [
    "ApprovalAsked",
    "BudgetUsed",
    "Event",
    "ModelAnswered",
    "ModelText",
    "ReportReady",
    "SecondLookBegun",
    "ToolFinished",
    "ToolStarted",
    "Waited",
    "WriteDecided",
]


@dataclass(frozen=True)
class ModelText:
    """A piece of the text that the model writes."""

    text: str


@dataclass(frozen=True)
class ToolStarted:
    """The model asked for a tool; `call` is the id of the call."""

    type: ClassVar[str] = "tool_started"
    tool: str
    arguments: Mapping[str, Any]
    call: str = ""


@dataclass(frozen=True)
class ToolFinished:
    """A call is answered; `summary` says in one line what the answer is.

    `evidence_id` is empty for a call that leaves no evidence, such as a refused one.
    """

    type: ClassVar[str] = "tool_finished"
    evidence_id: str
    tool: str
    status: str
    summary: str
    call: str = ""


@dataclass(frozen=True)
class Waited:
    """A tool waits because the service asks for it; `text` says why and how long."""

    text: str


@dataclass(frozen=True)
class BudgetUsed:
    """The model has taken a turn: `used` says what the question has used of its budget, and `left` what remains."""

    type: ClassVar[str] = "budget"
    used: Mapping[str, Any]
    left: Mapping[str, Any]


@dataclass(frozen=True)
class WriteDecided:
    """The approval of one write has reached another step.

    `decision` is `asked` when a person is asked about it, and afterwards what was decided: approve, edit, reject or
    stop. `approver` is empty while a person is asked.
    """

    type: ClassVar[str] = "approval"
    call: str
    tool: str
    decision: str
    approver: str = ""


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
        """The views of the writes that wait, in the order of the decisions."""
        return cast("Sequence[Mapping[str, Any]]", self.request["views"])

    @property
    def problem(self) -> str:
        """The reason why the last answer was not accepted; empty before the first answer."""
        return str(self.request["problem"])


@dataclass(frozen=True)
class ModelAnswered:
    """The model answered in plain text, such as a question to the person. There is no report; the person goes on."""

    type: ClassVar[str] = "model_answered"
    text: str


@dataclass(frozen=True)
class SecondLookBegun:
    """An independent pass begins to look at the report; the tools that follow are its own."""

    type: ClassVar[str] = "second_look"


@dataclass(frozen=True)
class ReportReady:
    """The question is answered."""

    type: ClassVar[str] = "report"
    report: Mapping[str, Any]


Announced = ToolStarted | ToolFinished | BudgetUsed | WriteDecided | ModelAnswered | SecondLookBegun | ReportReady
Event = ModelText | Waited | ApprovalAsked | Announced
_ANNOUNCED: Mapping[str, type[Announced]] = {
    kind.type: kind
    for kind in (ToolStarted, ToolFinished, BudgetUsed, WriteDecided, ModelAnswered, SecondLookBegun, ReportReady)
}


def announce(event: Announced) -> None:
    """Announce an event in the stream of the run; to be called in a node. Its texts must be inert."""
    get_stream_writer()({"type": event.type, **asdict(event)})


def read_event(data: object) -> Event | None:
    """Return the event that plain data in the stream holds; None for data of other graphs."""
    if not isinstance(data, Mapping):
        return None
    if data.get("type") == WAITING:
        return Waited(str(data["text"]))
    kind = _ANNOUNCED.get(str(data.get("type")))
    return None if kind is None else kind(**{name: value for name, value in data.items() if name != "type"})
