"""Answer the calls that the agent does not carry out, in the form of the toolkit's errors."""

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import BaseMessage, ToolMessage

from azure_devops_agents.evidence.record import Answer, evidence_of_text
from azure_devops_agents.evidence.summary import summarize_error
from langchain_azure_devops.errors import AzureDevOpsError, Denied, InvalidRequest, Unavailable
from langchain_azure_devops.results import error_artifact
from langchain_azure_devops.text import clean, disarm_fences


class ToolAbsent(Denied):
    """The token or the settings leave this tool out."""


class BudgetExceeded(AzureDevOpsError):
    """The budget of the question is used up, so the call was not carried out."""

    status = "blocked"


class NotCarriedOut(AzureDevOpsError):
    """The call was not carried out, because of another call of its turn or because the question ended."""

    status = "blocked"


class ReportNotSupported(InvalidRequest):
    """Evidence does not support all of a report."""


class ReportInPlainText(InvalidRequest):
    """The model answered in plain text what a report should say."""


_NOT_CARRIED_OUT = frozenset({BudgetExceeded.__name__, NotCarriedOut.__name__})


class AnswerLost(Unavailable):
    """The process ended before the answer to the call was stored."""


def describe_refusal(error: AzureDevOpsError) -> str:
    """Return the text of a refusal: the machine-readable line, then the message.

    The agent wrote the message, so it needs no fence. It may repeat a name that the model chose, so it can hold none.
    """
    return f"{error.headline}\n{disarm_fences(clean(error.message))}"


def refusal_message(call: Mapping[str, Any], error: AzureDevOpsError, text: str = "") -> ToolMessage:
    """Build the tool message that answers a refused call.

    Args:
        call: The tool call.
        error: Why it was refused.
        text: What the model reads; by default the refusal in the agent's own words.
    """
    artifact = error_artifact(error)
    return ToolMessage(
        text or describe_refusal(error),
        # Only a text that the toolkit rendered can repeat words of others.
        artifact=artifact if text else {**artifact, "origins": []},
        tool_call_id=str(call["id"]),
        name=str(call["name"]),
        status="error",
    )


def was_not_carried_out(message: ToolMessage) -> bool:
    """Return whether a message answers a call that was not carried out, so that it cost nothing."""
    artifact = message.artifact if isinstance(message.artifact, dict) else {}
    return artifact.get("class") in _NOT_CARRIED_OUT


def is_refusal(message: BaseMessage, kind: type[AzureDevOpsError]) -> bool:
    """Return whether a message refuses a call for one kind of reason."""
    artifact = message.artifact if isinstance(message, ToolMessage) else None
    return isinstance(artifact, dict) and artifact.get("class") == kind.__name__


def refuse_call(call: Mapping[str, Any], error: AzureDevOpsError, text: str = "") -> dict[str, Any]:
    """Refuse a call by an update of the state, without evidence."""
    return {"messages": [refusal_message(call, error, text)]}


def evidence_of_refusal(evidence_id: str, call: dict[str, Any], error: AzureDevOpsError, text: str = "") -> Answer:
    """Return the evidence of a call that was refused: in the agent's own words, or in a text that may hold others'."""
    summary = summarize_error(error_artifact(error))
    evidence = evidence_of_text(evidence_id, call, error.status, text or describe_refusal(error), summary)
    return {**evidence, "untrusted": bool(text)}
