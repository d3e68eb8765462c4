"""The reading half of the investigation graph: the model's turns, the calls that read, and the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.investigation.clearing import clear_message, clear_state
from azure_devops_agents.investigation.evidence import (
    READ_EVIDENCE,
    ReadEvidence,
    answer_call,
    available_tools,
    evidence_of_message,
    evidence_of_refusal,
    read_lines,
    record_evidence,
    tool_call,
)
from azure_devops_agents.investigation.messages import find_refusal, join_message
from azure_devops_agents.investigation.outgoing import Outgoing
from azure_devops_agents.investigation.prompts import OVER_BUDGET, SYSTEM
from azure_devops_agents.investigation.refusals import BudgetExceeded, ToolAbsent, refuse_call
from azure_devops_agents.investigation.report import (
    SECTIONS,
    WRITE_REPORT,
    WriteReport,
    check_quotes,
    list_coverage,
    parse_report,
    plain_report,
)
from azure_devops_agents.investigation.routing import Budgets, is_stopped, over_budget
from azure_devops_agents.investigation.state import (
    CallTask,
    Decision,
    Evidence,
    State,
    answer_every_call,
    calls_of_question,
    list_unanswered_calls,
)
from azure_devops_agents.investigation.streaming import InertModel
from azure_devops_agents.models.scripted import UnknownQuestion
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.results import describe_organization, error_artifact

T = TypeVar("T")

_LONGEST_FAILURE = 300


@dataclass
class ReadNodes:
    """The nodes that read, with what they share. Nothing of it enters the state."""

    model: BaseChatModel
    toolkit: AzureDevOpsToolkit
    budgets: Budgets
    journal: WriteJournal

    def writers(self) -> list[str]:
        """Return the names of the tools that write, as the token allows them now."""
        return [
            name for name, tool in available_tools(self.toolkit).items() if (tool.metadata or {})["access"] == "write"
        ]

    # -- model -----------------------------------------------------------------------------------------------------

    def call_model(self, state: State) -> dict[str, Any]:
        """Let the model take its next step."""
        runnable, messages = self._prepare_turn(state)
        try:
            return self._take_turn(state, list(runnable.stream(messages)))
        except Exception as error:  # noqa: BLE001 - providers raise what they like; the thread must survive it
            return self._record_failure(error)

    async def acall_model(self, state: State) -> dict[str, Any]:
        """Let the model take its next step, without blocking."""
        runnable, messages = self._prepare_turn(state)
        try:
            parts = [part async for part in runnable.astream(messages)]
            return self._take_turn(state, parts)
        except Exception as error:  # noqa: BLE001 - providers raise what they like; the thread must survive it
            return self._record_failure(error)

    def _prepare_turn(self, state: State) -> tuple[Runnable[Any, AIMessage], list[Any]]:
        settings = self.toolkit.client.settings
        system = f"{SYSTEM}\n{describe_organization(settings.organization, settings.default_project)}"
        limit = over_budget(state, self.budgets)
        tools: list[Any] = (
            [WriteReport] if limit else [*available_tools(self.toolkit).values(), ReadEvidence, WriteReport]
        )
        if limit:
            system += "\n" + OVER_BUDGET.format(limit=limit)
        inert = InertModel(inner=self.model.bind_tools(tools), outgoing=self._outgoing(state))
        return inert, [SystemMessage(system), *self._conversation(state)]

    def _outgoing(self, state: State) -> Outgoing:
        """Return the rules for what leaves this thread."""
        return Outgoing.of_thread(self.toolkit.client, state["messages"])

    def _conversation(self, state: State) -> list[AnyMessage]:
        """Return the conversation for the provider, without the secrets that are known by now."""
        return [clear_message(message, self._clear) for message in answer_every_call(self._clear_questions(state))]

    def _clear(self, value: T) -> T:
        """Replace the known secrets in plain data."""
        return self.toolkit.client.secrets.redact_value(value, learn=False)

    def _clear_questions(self, state: State) -> list[AnyMessage]:
        """Return the messages, without secrets that a person put into a question."""
        redact = self.toolkit.client.secrets.redact_value
        return [clear_message(each, redact) if isinstance(each, HumanMessage) else each for each in state["messages"]]

    def _take_turn(self, state: State, parts: Sequence[BaseMessage]) -> dict[str, Any]:
        """Store the message of the model, and the questions before it without secrets."""
        said = join_message(parts, state["messages"], self.toolkit.client.secrets.redact_value)
        pairs = zip(state["messages"], self._clear_questions(state), strict=True)
        inert = self._outgoing(state).message(said)
        return {"messages": [*(after for before, after in pairs if after is not before), inert], "failure": None}

    def _record_failure(self, error: Exception) -> dict[str, Any]:
        """Store a failure of the model. A question that the offline model does not know is raised."""
        if isinstance(error, UnknownQuestion):
            raise error
        told = Outgoing(self.toolkit.client).text(str(error)[:_LONGEST_FAILURE])
        return {"failure": f"The model failed: {type(error).__name__}: {told}"}

    def collect(self, state: State) -> dict[str, Any]:
        """Wait until every call of the step is answered or decided, and replace the secrets that became known by it."""
        return clear_state(state, self._clear)

    # -- one tool call ---------------------------------------------------------------------------------------------

    def read(self, task: CallTask) -> dict[str, Any]:
        """Carry out a call that reads."""
        tools = available_tools(self.toolkit)
        if answered := self._answer_without_tool(task, tools):
            return answered
        return self._record(task, tools[task["call"]["name"]].invoke(tool_call(task["call"])))

    async def aread(self, task: CallTask) -> dict[str, Any]:
        """Carry out a call that reads, without blocking."""
        tools = available_tools(self.toolkit)
        if answered := self._answer_without_tool(task, tools):
            return answered
        return self._record(task, await tools[task["call"]["name"]].ainvoke(tool_call(task["call"])))

    def _answer_without_tool(self, task: CallTask, tools: dict[str, BaseTool]) -> dict[str, Any] | None:
        """Answer a call that no tool of Azure DevOps serves; None when one does."""
        call = task["call"]
        if task["over_budget"]:
            spent = "Not carried out: the budget of tool calls for this question is used up."
            return refuse_call(call, BudgetExceeded(spent, subject="calls"))
        if call.get("malformed"):
            malformed = f"The arguments cannot be used: {call['malformed']} Repeat the call with other arguments."
            return refuse_call(call, InvalidRequest(malformed, subject="arguments"))
        try:
            if call["name"] == WRITE_REPORT:
                parse_report(call["args"])
            if call["name"] == READ_EVIDENCE:
                nonce = self.toolkit.client.context.nonce()
                return answer_call(call, self._clear(read_lines(task["evidence"], call["args"], nonce)))
        except ValueError as error:
            return refuse_call(call, InvalidRequest(str(error), subject="arguments"))
        return None if call["name"] in tools else self._refuse_absent(task, tools)

    def _refuse_absent(self, task: CallTask, tools: dict[str, BaseTool]) -> dict[str, Any]:
        """Refuse a call of a tool that is left out, or that does not exist, and record that as evidence."""
        call = task["call"]
        absent = self.toolkit.absent.get(call["name"])
        kind = ToolAbsent if absent else InvalidRequest
        why = f": {absent.reason} ({', '.join(absent.scopes)})" if absent else f". Tools: {', '.join(tools)}"
        error = kind(f"There is no tool {call['name']}{why}.", subject=call["name"])
        return record_evidence(
            call, evidence_of_refusal(task["evidence_id"], call, error), "error", error_artifact(error)
        )

    def _record(self, task: CallTask, message: ToolMessage) -> dict[str, Any]:
        """Store the answer of a tool as evidence, with a preview for the model."""
        call = task["call"]
        tool = self.toolkit.declarations.get(call["name"])
        evidence = evidence_of_message(task["evidence_id"], tool, call, message)
        return record_evidence(call, evidence, message.status, message.artifact)

    # -- the end ---------------------------------------------------------------------------------------------------

    def report(self, state: State) -> dict[str, Any]:
        """Take the report from the model's last message, check its quotes, and answer the calls that remain.

        The quotes are compared with the evidence before the report is made inert. From then on, also the call that
        brought it shows what a page may render.
        """
        open_calls = list_unanswered_calls(state["messages"])
        wanted = next((call for call in open_calls if call["name"] == WRITE_REPORT and "malformed" not in call), None)
        answers: list[AnyMessage] = [
            ToolMessage(
                "Done." if call is wanted else "Not carried out: the report was written.", tool_call_id=call["id"]
            )
            for call in open_calls
        ]
        outgoing, last = self._outgoing(state), state["messages"][-1]
        if wanted is not None and isinstance(last, AIMessage):
            answers.insert(0, outgoing.report_call(last, WRITE_REPORT))
        checked = check_quotes(self._clear(self._take_report(state, wanted)), self._clear(state.get("evidence", {})))
        return {"messages": answers, "report": outgoing.value(checked)}

    def _take_report(self, state: State, wanted: dict[str, Any] | None) -> dict[str, Any]:
        if state.get("failure"):
            return plain_report(f"{state['failure']}. What was found until then is in the evidence.")
        if is_stopped(state):
            return plain_report("Stopped by a person.")
        if wanted is not None:
            try:
                return parse_report(wanted["args"])
            except ValueError as error:
                return plain_report(f"The model's report does not have the form of one: {error}")
        last = state["messages"][-1]
        if refusal := find_refusal(last):
            return plain_report(f"The model refused: {refusal}")
        text = str(last.text) if isinstance(last, AIMessage) else ""
        limit = over_budget(state, self.budgets)
        return plain_report(
            text or f"No report was written ({limit or 'the model said nothing; it may have refused'}).",
            "answered" if text else "inconclusive",
        )

    def check(self, state: State) -> dict[str, Any]:
        """State what the report does not cover."""
        cleared = clear_state(state, self._clear)
        known = {**state.get("evidence", {}), **cleared.get("evidence", {})}
        report = dict(state["report"] or check_quotes(plain_report(""), known))
        limits = [text for text in (state.get("failure"), over_budget(state, self.budgets)) if text]
        calls = calls_of_question(state)
        cited = {identifier for section in SECTIONS for entry in report[section] for identifier in entry["evidence"]}
        decided = state.get("decisions", {})
        report["coverage"] = list_coverage(
            {name: entry for name, entry in known.items() if entry["call"] in calls or name in cited},
            {name: entry for name, entry in decided.items() if name in calls},
            limits,
        )
        for status, text in _list_unfinished_writes(self.journal, known, decided):
            report["coverage"].setdefault(status, []).append(text)
        return {**cleared, "report": self._outgoing(state).value(report)}


def _list_unfinished_writes(
    journal: WriteJournal, known: dict[str, Evidence], decided: dict[str, Decision]
) -> list[tuple[str, str]]:
    """List approved writes without an answer, because the process ended or another client said stop."""
    answered = {entry["call"] for entry in known.values()}
    found = []
    for identifier, decision in decided.items():
        if decision["decision"] != "approve" or identifier in answered:
            continue
        name, before = decision["call"]["name"], journal.outcome(decision["write_id"])
        if before is None:
            found.append(("not_written", f"{name}, approved and not carried out"))
        else:
            found.append((before.status or "unknown", f"{name}, begun when the process ended"))
    return found
