"""The tools of the graph, and the updates of the state that answer a call."""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from inspect import cleandoc
from typing import Any, Literal

from langchain_core.messages import AnyMessage, ToolMessage
from langchain_core.tools import BaseTool
from pydantic import BaseModel

from azure_devops_agents.approvals.view import graph_approver
from azure_devops_agents.approvals.write_journal import Outcome
from azure_devops_agents.evidence.record import Answer, ReadEvidence, evidence_of_message, given_arguments, preview
from azure_devops_agents.investigation.budgets import Meter, describe_time
from azure_devops_agents.investigation.state import CallTask
from azure_devops_agents.investigation.turns.token_counts import count_schema
from azure_devops_agents.investigation.turns.tool_choice import Choice, FindTools, choose_tools
from azure_devops_agents.reports.report import WriteReport
from langchain_azure_devops import AzureDevOps, AzureDevOpsToolkit
from langchain_azure_devops.calls import ReadLimit, limit_reads, strict_schema
from langchain_azure_devops.errors import WriteOutcomeUnknown
from langchain_azure_devops.text import fence

_EDITED = (
    "[A person edited this call before they approved it. The values that were sent are theirs, not those that you "
    "asked for. Do not ask for yours again.]"
)
_EARLIER = {
    "written": "written by an earlier attempt, and not sent again",
    "unknown": "begun by an earlier attempt; whether it was written is not known, and it was not sent again",
}
"""The summary of a write that an earlier attempt began, by its status."""
_FAILED_EARLIER = "refused in an earlier attempt, and not sent again"


def available_tools(toolkit: AzureDevOpsToolkit, *, only_reads: bool = False) -> dict[str, BaseTool]:
    """Return the graph's tools by name, as the token allows them now; a new token may bring others."""
    access: Literal["read"] | None = "read" if only_reads else None
    return {str(tool.name): tool for tool in toolkit.get_tools(approver=graph_approver, access=access)}


def declare_own_tool(arguments: type[BaseModel]) -> dict[str, Any]:
    """Declare a tool that the graph itself serves, with a schema that the strict mode of every provider accepts."""
    name, description = str(arguments.model_config["title"]), cleandoc(arguments.__doc__ or "")
    declared = {"name": name, "description": description, "parameters": strict_schema(arguments)}
    return {"type": "function", "function": declared}


def offer_tools(toolkit: AzureDevOpsToolkit, messages: Sequence[AnyMessage], *, only_reads: bool = False) -> Choice:
    """Choose the tools that the model sees: those of the toolkit that fit, and the agent's own.

    Without messages, these are the tools that it sees from the first turn on.
    """
    own, search = [declare_own_tool(ReadEvidence), declare_own_tool(WriteReport)], declare_own_tool(FindTools)
    taken = sum(map(count_schema, (*own, search)))
    choice = choose_tools(available_tools(toolkit, only_reads=only_reads), toolkit.absent, messages, taken)
    return replace(choice, tools=[*choice.tools, *own, *([search] if choice.more else [])])


def list_writers(toolkit: AzureDevOpsToolkit) -> list[str]:
    """Return the names of the tools that write, as the token allows them now."""
    return [name for name, tool in available_tools(toolkit).items() if (tool.metadata or {})["access"] == "write"]


def destination_of(toolkit: AzureDevOpsToolkit) -> str:
    """Return the organization and project that calls go to.

    At another destination an approval is void, and no earlier result answers a call.
    """
    settings = toolkit.client.settings
    return f"{settings.url('core')}, default project {settings.default_project or 'none'}"


def own_words(toolkit: AzureDevOpsToolkit) -> str:
    """Return what the agent knows without evidence: where it works, which projects it sees, and its tools."""
    projects = toolkit.connection.projects if toolkit.connection else ()
    return " ".join(("Azure DevOps", destination_of(toolkit), *projects, *toolkit.declarations))


def limit_time(toolkit: AzureDevOpsToolkit, meter: Meter, task: CallTask) -> AbstractContextManager[ReadLimit | None]:
    """End what a call reads at the time limit of its question; None when the question sets none."""
    if not (step := task.get("time")):
        return nullcontext()
    timeouts = toolkit.client.context.timeouts
    left = max(0.0, meter.left_in_step(step, timeouts.call + timeouts.recovery))
    return limit_reads(left, f"The time of this question is up: it left {describe_time(left)} for this call.")


def tool_call(call: dict[str, Any]) -> dict[str, Any]:
    """Return a call in the form that makes a bound tool answer with a tool message."""
    return {"type": "tool_call", "id": call["id"], "name": call["name"], "args": call["args"]}


def answer_call(call: dict[str, Any], text: str, artifact: object = None) -> dict[str, Any]:
    """Answer a call by an update of the state, without evidence."""
    return {"messages": [ToolMessage(text, artifact=artifact, tool_call_id=call["id"], name=call["name"])]}


def record_evidence(
    call: dict[str, Any], evidence: Answer, status: Literal["success", "error"], artifact: object = None
) -> dict[str, Any]:
    """Answer a call by an update of the state: the evidence, whose text is stored, and a preview of it for the model.

    Args:
        call: The tool call.
        evidence: The whole result.
        status: Whether the tool succeeded.
        artifact: The artifact of the tool message. Only that of an error is kept: each checkpoint stores all messages,
            and the data of a result would be stored a second time with each of them.
    """
    message = ToolMessage(
        preview(evidence),
        artifact=artifact if status == "error" else None,
        tool_call_id=call["id"],
        name=call["name"],
        status=status,
    )
    return {"messages": [message], "evidence": {evidence["id"]: evidence}, "untrusted_read": evidence["untrusted"]}


def record_write(
    toolkit: AzureDevOpsToolkit, evidence_id: str, call: dict[str, Any], message: ToolMessage, *, edited: bool = False
) -> dict[str, Any]:
    """Answer a call that writes by an update of the state: its evidence says what was written, or what failed.

    The model is shown what it lacks to quote it: the targets that the answer does not name, such as links. It knows the
    texts that it wrote, unless a person edited the call: then it is told so, with all the values that were sent.
    """
    artifact: Mapping[str, Any] = message.artifact or {}
    tool = toolkit.declarations[call["name"]]
    evidence = evidence_of_message(evidence_id, tool, call, message, destination_of(toolkit))
    if message.status != "error":
        evidence["status"], evidence["data"] = "written", artifact.get("data")
    elif artifact.get("class") == WriteOutcomeUnknown.__name__:
        evidence["status"] = "unknown"
    if evidence["status"] != "written":
        text = f"{evidence['text']}\n{_EDITED}" if edited else evidence["text"]
        return record_evidence(call, {**evidence, "text": text}, message.status, message.artifact)
    sent = given_arguments(call["args"])
    untold = {name: value for name, value in sent.items() if tool.is_target(name) and not _is_told(value, evidence)}
    text = _add_sent(toolkit.client, evidence["text"], sent if edited else untold)
    shown: Answer = {**evidence, "text": f"{text}\n{_EDITED}" if edited else text}
    update = record_evidence(call, shown, message.status, message.artifact)
    update["evidence"] = {evidence_id: {**evidence, "text": _add_sent(toolkit.client, evidence["text"], sent)}}
    return update


def record_found(
    toolkit: AzureDevOpsToolkit, evidence_id: str, call: dict[str, Any], found: Outcome, *, edited: bool = False
) -> dict[str, Any]:
    """Answer a call with the outcome of a write that was begun before, as if the tool had answered just now."""
    message = ToolMessage(
        found.text,
        artifact=found.artifact,
        tool_call_id=call["id"],
        name=call["name"],
        status="success" if found.status == "written" else "error",
    )
    update = record_write(toolkit, evidence_id, call, message, edited=edited)
    # Without data, the text alone is known.
    told = f"{update['evidence'][evidence_id]['summary']}; " if found.artifact else ""
    status = found.status or "unknown"
    summary = f"{told}{_EARLIER.get(status, _FAILED_EARLIER)}"
    update["evidence"][evidence_id].update({"status": status, "summary": summary})
    return update


def _add_sent(client: AzureDevOps, text: str, sent: Mapping[str, Any]) -> str:
    """Add the values that were sent to the answer to a write, which lacks some of them, such as links."""
    if not sent:
        return text
    values = "\n".join(f"{name}: {_as_text(value)}" for name, value in sent.items())
    return f"{text}\n\nThe values that were sent:\n{fence(client.secrets.redact(values), client.context.nonce())}"


def _is_told(value: object, evidence: Answer) -> bool:
    """Return whether the answer to a write has a value that was sent."""
    return not isinstance(value, list) and _as_text(value) in evidence["text"]


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
