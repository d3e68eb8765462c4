"""Carry out the calls that read, and answer those that no tool serves."""

from dataclasses import dataclass
from typing import Any, cast

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool

from azure_devops_agents.evidence.record import (
    READ_EVIDENCE,
    Answer,
    Evidence,
    evidence_of_message,
    find_evidence,
    mark_cut,
    preview,
    read_lines,
)
from azure_devops_agents.investigation.budgets import SERVED, Meter
from azure_devops_agents.investigation.clearing import clear_known
from azure_devops_agents.investigation.refusals import (
    BudgetExceeded,
    NotCarriedOut,
    ToolAbsent,
    evidence_of_refusal,
    refuse_call,
)
from azure_devops_agents.investigation.state import CallTask
from azure_devops_agents.investigation.storing import EvidenceOfRun
from azure_devops_agents.investigation.tool_calls import (
    answer_call,
    available_tools,
    destination_of,
    limit_time,
    offer_tools,
    record_evidence,
    tool_call,
)
from azure_devops_agents.investigation.turns.tool_choice import FIND_TOOLS, answer_search, found_artifact
from azure_devops_agents.reports.report import WRITE_REPORT, parse_report
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest
from langchain_azure_devops.results import error_artifact


@dataclass
class ReadNode:
    """The node that carries out one call that reads, with what it needs. Nothing of it enters the state."""

    toolkit: AzureDevOpsToolkit
    evidence: EvidenceOfRun
    meter: Meter
    only_reads: bool = False

    def read(self, task: CallTask) -> dict[str, Any]:
        """Carry out a call that reads."""
        tools = available_tools(self.toolkit, only_reads=self.only_reads)
        if answered := self._answer_without_tool(task, tools):
            return answered
        if known := self._select_known(task):
            return self._answer_from_evidence(task, self.evidence.texts().load(known))
        with limit_time(self.toolkit, self.meter, task) as limit:
            message = tools[task["call"]["name"]].invoke(tool_call(task["call"]))
        return self._record(task, message, cut=limit is not None and limit.cut)

    async def aread(self, task: CallTask) -> dict[str, Any]:
        """Carry out a call that reads, without blocking."""
        tools = available_tools(self.toolkit, only_reads=self.only_reads)
        if answered := self._answer_without_tool(task, tools):
            return answered
        if known := self._select_known(task):
            return self._answer_from_evidence(task, await self.evidence.texts().aload(known))
        with limit_time(self.toolkit, self.meter, task) as limit:
            message = await tools[task["call"]["name"]].ainvoke(tool_call(task["call"]))
        return self._record(task, message, cut=limit is not None and limit.cut)

    def _answer_without_tool(self, task: CallTask, tools: dict[str, BaseTool]) -> dict[str, Any] | None:
        """Answer a call that no tool of Azure DevOps serves; None when one does."""
        call = task["call"]
        if error := _find_obstacle(task):
            return refuse_call(call, error)
        try:
            if call["name"] == WRITE_REPORT:
                parse_report(call["args"])
            if call["name"] == FIND_TOOLS:
                return self._find_tools(call, tools)
            if call["name"] == READ_EVIDENCE:
                find_evidence(task["evidence"], call["args"])
                return None
        except ValueError as error:
            return refuse_call(call, InvalidRequest(str(error), subject="arguments"))
        return None if call["name"] in tools else self._refuse_absent(task, tools)

    def _find_tools(self, call: dict[str, Any], tools: dict[str, BaseTool]) -> dict[str, Any]:
        """Answer a search for tools. Later turns read from the message what was found."""
        seen = offer_tools(self.toolkit, (), only_reads=self.only_reads).names
        text, names = answer_search(self.toolkit, call["args"], tools, seen)
        return answer_call(call, text, found_artifact(names))

    def _select_known(self, task: CallTask) -> dict[str, Evidence]:
        """Return the entry whose text answers a call; empty when the service has to be asked."""
        if task["call"]["name"] != READ_EVIDENCE:
            return task["evidence"]
        entry = find_evidence(task["evidence"], task["call"]["args"])
        return {entry["id"]: entry}

    def _answer_from_evidence(self, task: CallTask, texts: dict[str, str]) -> dict[str, Any]:
        """Answer a call with earlier evidence: a part that the model reads on in, or the same result again."""
        return (self._read_on if task["call"]["name"] == READ_EVIDENCE else self._show_again)(task, texts)

    def _read_on(self, task: CallTask, texts: dict[str, str]) -> dict[str, Any]:
        """Answer with lines of earlier evidence, without the secrets that are known by now."""
        [(name, text)] = texts.items()
        call, client = task["call"], self.toolkit.client
        try:
            lines = read_lines(task["evidence"][name], text, call["args"], client.context.nonce())
        except ValueError as error:
            return refuse_call(call, InvalidRequest(str(error), subject="arguments"))
        return answer_call(call, clear_known(client, lines))

    def _show_again(self, task: CallTask, texts: dict[str, str]) -> dict[str, Any]:
        """Answer a call with the earlier result of the same call, which cannot have changed."""
        [(name, text)] = texts.items()
        again = preview(cast("Answer", {**task["evidence"][name], "text": text}))
        told = f"[Nothing was read: {name} answers the same call, and its result cannot change. Cite {name}.]\n{again}"
        return answer_call(task["call"], clear_known(self.toolkit.client, told), {SERVED: name})

    def _refuse_absent(self, task: CallTask, tools: dict[str, BaseTool]) -> dict[str, Any]:
        """Refuse a call of a tool that is left out, or that does not exist, and record that as evidence."""
        call = task["call"]
        absent = self.toolkit.absent.get(call["name"])
        kind = ToolAbsent if absent else InvalidRequest
        why = f": {absent}" if absent else f". Tools: {', '.join(tools)}"
        error = kind(f"There is no tool {call['name']}{why}.", subject=call["name"])
        return record_evidence(
            call, evidence_of_refusal(task["evidence_id"], call, error), "error", error_artifact(error)
        )

    def _record(self, task: CallTask, message: ToolMessage, *, cut: bool) -> dict[str, Any]:
        """Store the answer of a tool as evidence, with a preview for the model.

        Args:
            task: The call.
            message: The answer.
            cut: Whether the time limit of the question cut the read.
        """
        call = task["call"]
        tool = self.toolkit.declarations.get(call["name"])
        evidence = evidence_of_message(task["evidence_id"], tool, call, message, destination_of(self.toolkit))
        if cut:
            evidence = mark_cut(evidence)
        return record_evidence(call, evidence, message.status, message.artifact)


def _find_obstacle(task: CallTask) -> AzureDevOpsError | None:
    """Return why a call is refused whatever tool it names; None when nothing stands in its way."""
    call = task["call"]
    if task["over_budget"]:
        spent = f"Not carried out: the budget of this question is used up ({task['over_budget']})."
        return BudgetExceeded(spent, subject=task["over_budget"])
    if task["refusal"]:
        return NotCarriedOut(f"Not carried out: {task['refusal']}", subject=call["name"])
    if call.get("malformed"):
        malformed = f"The arguments cannot be used: {call['malformed']} Repeat the call with other arguments."
        return InvalidRequest(malformed, subject="arguments")
    return None
