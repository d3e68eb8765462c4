"""The nodes of the investigation graph, each in a blocking and a non-blocking form made of the same parts."""

from dataclasses import dataclass, field
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langgraph.config import get_config
from langgraph.types import Command, interrupt

from azure_devops_agents.approval import presenting, view
from azure_devops_agents.intents import IntentLog
from azure_devops_agents.investigation.evidence import (
    READ_EVIDENCE,
    ReadEvidence,
    as_evidence,
    gathered,
    preview,
    read_on,
)
from azure_devops_agents.investigation.model_turn import refusal_in, spoken
from azure_devops_agents.investigation.prompts import OVER_BUDGET, SYSTEM, setting
from azure_devops_agents.investigation.report import (
    SECTIONS,
    WRITE_REPORT,
    WriteReport,
    checked,
    coverage,
    parsed,
    plain,
)
from azure_devops_agents.investigation.routing import Budgets, over_budget, stopped
from azure_devops_agents.investigation.state import (
    CallTask,
    Decision,
    Evidence,
    State,
    answered_throughout,
    of_question,
    unanswered,
)
from azure_devops_agents.models import UnknownQuestion
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.grants import Approval, WriteRequest
from langchain_azure_devops.redaction import redact
from langchain_azure_devops.tools import TOOLS
from langchain_azure_devops.toolset import Tool

_CHECKPOINTER = "__pregel_checkpointer"


@dataclass
class Nodes:
    """What the nodes share; nothing of it enters the state."""

    model: BaseChatModel
    toolkit: AzureDevOpsToolkit
    budgets: Budgets
    intents: IntentLog
    tools: dict[str, BaseTool] = field(init=False)

    def __post_init__(self) -> None:
        """Look up the tools once."""
        self.tools = {str(tool.name): tool for tool in self.toolkit.get_tools()}

    @property
    def place(self) -> str:
        """Where writes go: what a person approved for one place is not carried out in another."""
        settings = self.toolkit.client.settings
        return f"{settings.url('core')}, default project {settings.default_project or 'none'}"

    @staticmethod
    def _declared(name: str) -> Tool[..., Any]:
        """The tool behind a bound name, which may carry a prefix."""
        return TOOLS[max((plain for plain in TOOLS if name.endswith(plain)), key=len)]

    # -- model -----------------------------------------------------------------------------------------------------

    def think(self, state: State) -> dict[str, Any]:
        """Let the model take its next step."""
        runnable, messages = self._prepared(state)
        try:
            return {"messages": [spoken(list(runnable.stream(messages)), state["messages"])], "failure": None}
        except Exception as error:  # noqa: BLE001 - providers raise what they like; the thread must survive it
            return _failed(error)

    async def athink(self, state: State) -> dict[str, Any]:
        """Let the model take its next step, without blocking."""
        runnable, messages = self._prepared(state)
        try:
            parts = [part async for part in runnable.astream(messages)]
            return {"messages": [spoken(parts, state["messages"])], "failure": None}
        except Exception as error:  # noqa: BLE001 - providers raise what they like; the thread must survive it
            return _failed(error)

    def _prepared(self, state: State) -> tuple[Runnable[Any, AIMessage], list[Any]]:
        settings = self.toolkit.client.settings
        system = f"{SYSTEM}\n{setting(settings.organization, settings.default_project)}"
        limit = over_budget(state, self.budgets)
        offered: list[Any] = [WriteReport] if limit else [*self.tools.values(), ReadEvidence, WriteReport]
        if limit:
            system += "\n" + OVER_BUDGET.format(limit=limit)
        return self.model.bind_tools(offered), [SystemMessage(system), *self._told(state)]

    def _told(self, state: State) -> list[AnyMessage]:
        """The conversation as a provider takes it, without the secrets a person may have put into a question."""
        client = self.toolkit.client
        return [
            message.model_copy(
                update={"content": redact(message.content, client.context.pseudonym_key, client.pseudonyms.__setitem__)}
            )
            if isinstance(message, HumanMessage) and isinstance(message.content, str)
            else message
            for message in answered_throughout(state["messages"])
        ]

    # -- one tool call ---------------------------------------------------------------------------------------------

    def read(self, task: CallTask) -> dict[str, Any]:
        """Carry out a call that reads."""
        answered = self._without_tool(task)
        return answered or self._recorded(task, self._tool(task).invoke(_tool_call(task)))

    async def aread(self, task: CallTask) -> dict[str, Any]:
        """Carry out a call that reads, without blocking."""
        answered = self._without_tool(task)
        return answered or self._recorded(task, await self._tool(task).ainvoke(_tool_call(task)))

    def _tool(self, task: CallTask) -> BaseTool:
        return self.tools[task["call"]["name"]]

    def _without_tool(self, task: CallTask) -> dict[str, Any] | None:
        """The answer to a call that no tool of Azure DevOps serves; None when one does."""
        call = task["call"]
        if task["over_budget"]:
            return _said(call, "[blocked] Not carried out: the budget of tool calls for this question is used up.")
        if call.get("malformed"):
            return _said(call, f"[invalid] The arguments are not valid JSON: {call['malformed']}. Repeat the call.")
        try:
            if call["name"] == WRITE_REPORT:
                parsed(call["args"])
            if call["name"] == READ_EVIDENCE:
                nonce = self.toolkit.client.context.nonce()
                return _said(call, read_on(task["evidence"], call["args"], nonce), "success")
        except ValueError as error:
            return _said(call, f"[invalid] {error}")
        if call["name"] not in self.tools:
            absent = self.toolkit.absent.get(call["name"])
            why = f": {absent.reason} ({', '.join(absent.scopes)})" if absent else f". Tools: {', '.join(self.tools)}"
            text = f"[denied] There is no tool {call['name']}{why}."
            evidence = as_evidence(task["evidence_id"], call, "denied" if absent else "invalid", text)
            return _update(call, evidence, "error")
        return None

    def _recorded(self, task: CallTask, message: ToolMessage) -> dict[str, Any]:
        """A tool's answer as evidence, and its preview for the model."""
        call = task["call"]
        evidence = gathered(task["evidence_id"], self._declared(call["name"]), call, message)
        return _update(call, evidence, message.status)

    # -- writes ----------------------------------------------------------------------------------------------------

    def approve(self, task: CallTask) -> Command[Any]:
        """Ask a person; nothing is written here."""
        prepared = self._request(task)
        if not isinstance(prepared, WriteRequest):
            return Command(update=prepared)
        shown = self.toolkit.client.run_sync(self._view(task, prepared))
        return Command(update=self._decided(task, prepared, interrupt(shown)))

    async def aapprove(self, task: CallTask) -> Command[Any]:
        """Ask a person, without blocking."""
        prepared = self._request(task)
        if not isinstance(prepared, WriteRequest):
            return Command(update=prepared)
        shown = await self.toolkit.client.run(self._view(task, prepared))
        return Command(update=self._decided(task, prepared, interrupt(shown)))

    async def _view(self, task: CallTask, request: WriteRequest) -> dict[str, Any]:
        cited = list(task["evidence"].values())
        return await view(self.toolkit.client, request, untrusted_read=task["untrusted_read"], cited=cited)

    def _request(self, task: CallTask) -> WriteRequest | dict[str, Any]:
        """What to ask, or the answer when there is nothing to ask."""
        call = task["call"]
        if get_config()["configurable"].get(_CHECKPOINTER) is None:
            return _said(call, "[blocked] Nobody can be asked: this graph runs without a checkpointer.")
        if task["place"] != self.place:
            return _said(call, self._elsewhere(task["place"]))
        tool = self._declared(call["name"])
        try:
            return tool.request(self.toolkit.client, tool.validate(call["args"]))
        except AzureDevOpsError as error:
            return _said(call, f"{error.headline}\n{error.message}")

    def _decided(self, task: CallTask, request: WriteRequest, answer: object) -> dict[str, Any]:
        """A person's answer as a decision; an edit approves the call as it became, and nothing else."""
        given: dict[str, Any] = answer if isinstance(answer, dict) else {}
        call, tool = task["call"], self._declared(task["call"]["name"])
        reason = str(given.get("reason") or "")
        decision = given.get("decision")
        if decision == "edit" and isinstance(given.get("arguments"), dict):
            try:
                changed = tool.request(self.toolkit.client, tool.validate(given["arguments"]))
            except AzureDevOpsError as error:
                decision, reason = "reject", f"the edited call does not fit: {error.message}"
            else:
                call, request, decision = {**call, "args": given["arguments"]}, changed, "approve"
        if decision not in {"approve", "stop"}:
            decision = "reject"
        entry = Decision(
            call=call,
            evidence_id=task["evidence_id"],
            decision=decision,
            approver=str(given.get("approver") or "unknown"),
            reason=reason,
            digest=request.digest,
            intent=f"{_position()}:{request.digest}",
            place=task["place"],
        )
        update: dict[str, Any] = {"decisions": {call["id"]: entry}}
        if decision != "approve":
            why = f": {reason}" if reason else ""
            text = f"[blocked WriteBlocked {call['name']}]\nA person said no{why}. Do not ask again for the same."
            update.update(_said(call, text))
        return update

    def _elsewhere(self, place: str) -> str:
        return f"[blocked] Nothing was written: the write was prepared for {place}; this process is at {self.place}."

    def _settled(self, decision: Decision) -> dict[str, Any] | None:
        """The answer to a write that must not be sent; None when it may be, and it is stored that it begins."""
        if decision["place"] != self.place:
            return _said(decision["call"], self._elsewhere(decision["place"]))
        before = self.intents.begin(decision["intent"], decision["call"]["name"])
        return None if before is None else self._again(decision, before.status, before.text)

    def write(self, decision: Decision) -> dict[str, Any]:
        """Carry out an approved write, once."""
        if settled := self._settled(decision):
            return settled
        with presenting(_approval(decision)):
            message = self.tools[decision["call"]["name"]].invoke(_call_of(decision["call"]))
        return self._written(decision, message)

    async def awrite(self, decision: Decision) -> dict[str, Any]:
        """Carry out an approved write, once, without blocking."""
        if settled := self._settled(decision):
            return settled
        with presenting(_approval(decision)):
            message = await self.tools[decision["call"]["name"]].ainvoke(_call_of(decision["call"]))
        return self._written(decision, message)

    def _written(self, decision: Decision, message: ToolMessage) -> dict[str, Any]:
        tool = self._declared(decision["call"]["name"])
        evidence = gathered(decision["evidence_id"], tool, decision["call"], message)
        if message.status != "error":
            evidence["status"] = "written"
        elif "WriteOutcomeUnknown" in evidence["text"].split("\n", 1)[0]:
            evidence["status"] = "unknown"
        self.intents.finish(decision["intent"], evidence["status"], evidence["text"])
        return _update(decision["call"], evidence, message.status)

    def _again(self, decision: Decision, status: str | None, text: str) -> dict[str, Any]:
        """The answer to a write that was begun before: what became of it, or that this is not known."""
        name = decision["call"]["name"]
        unknown = (
            f"[unavailable WriteOutcomeUnknown {name}]\nThis write was begun before and its outcome was not stored: it "
            "may or may not have happened. It is not sent again. Look whether it is there."
        )
        evidence = as_evidence(
            decision["evidence_id"], decision["call"], status or "unknown", text if status else unknown
        )
        evidence["untrusted"] = True
        return _update(decision["call"], evidence, "success" if status == "written" else "error")

    # -- the end ---------------------------------------------------------------------------------------------------

    def report(self, state: State) -> dict[str, Any]:
        """Take the report out of the model's last message, and answer the calls that are left."""
        open_calls = unanswered(state["messages"])
        wanted = next((call for call in open_calls if call["name"] == WRITE_REPORT and "malformed" not in call), None)
        answers = [
            ToolMessage(
                "Done." if call is wanted else "Not carried out: the report was written.", tool_call_id=call["id"]
            )
            for call in open_calls
        ]
        return {"messages": answers, "report": self._report_of(state, wanted)}

    def _report_of(self, state: State, wanted: dict[str, Any] | None) -> dict[str, Any]:
        if state.get("failure"):
            return plain(f"{state['failure']}. What was found until then is in the evidence.")
        if stopped(state):
            return plain("Stopped by a person.")
        if wanted is not None:
            try:
                return parsed(wanted["args"])
            except ValueError as error:
                return plain(f"The model's report does not have the form of one: {error}")
        last = state["messages"][-1]
        if refusal := refusal_in(last):
            return plain(f"The model refused: {refusal}")
        text = str(last.text) if isinstance(last, AIMessage) else ""
        limit = over_budget(state, self.budgets)
        return plain(
            text or f"No report was written ({limit or 'the model said nothing; it may have refused'}).",
            "answered" if text else "inconclusive",
        )

    def check(self, state: State) -> dict[str, Any]:
        """Look for every quote, and write down what the report does not cover."""
        report = checked(state["report"] or plain(""), state.get("evidence", {}))
        limits = [text for text in (state.get("failure"), over_budget(state, self.budgets)) if text]
        calls = of_question(state)
        cited = {identifier for section in SECTIONS for entry in report[section] for identifier in entry["evidence"]}
        known, decided = state.get("evidence", {}), state.get("decisions", {})
        report["coverage"] = coverage(
            {name: entry for name, entry in known.items() if entry["call"] in calls or name in cited},
            {name: entry for name, entry in decided.items() if name in calls},
            limits,
        )
        for status, text in self._left_open(known, decided):
            report["coverage"].setdefault(status, []).append(text)
        return {"report": report}

    def _left_open(self, known: dict[str, Evidence], decided: dict[str, Decision]) -> list[tuple[str, str]]:
        """Approved writes of the whole thread without an answer: the process ended, or somebody else said stop."""
        answered = {entry["call"] for entry in known.values()}
        found = []
        for identifier, decision in decided.items():
            if decision["decision"] != "approve" or identifier in answered:
                continue
            name, before = decision["call"]["name"], self.intents.outcome(decision["intent"])
            if before is None:
                found.append(("not_written", f"{name}, approved and not carried out"))
            else:
                found.append((before.status or "unknown", f"{name}, begun when the process ended"))
        return found


def _failed(error: Exception) -> dict[str, Any]:
    """The failure as part of the state; a question nobody understands is the caller's to answer."""
    if isinstance(error, UnknownQuestion):
        raise error
    return {"failure": f"The model failed: {type(error).__name__}: {str(error)[:300]}"}


def _position() -> str:
    """Where in the thread an approval stands: the same for everybody who answers the same question."""
    configurable = get_config()["configurable"]
    return f"{configurable.get('thread_id')}:{configurable.get('checkpoint_ns')}"


def _approval(decision: Decision) -> Approval:
    return Approval(True, decision["digest"], decision["approver"], decision["reason"])


def _call_of(call: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool_call", "id": call["id"], "name": call["name"], "args": call["args"]}


def _tool_call(task: CallTask) -> dict[str, Any]:
    return _call_of(task["call"])


def _said(call: dict[str, Any], text: str, status: Literal["success", "error"] = "error") -> dict[str, Any]:
    return {"messages": [ToolMessage(text, tool_call_id=call["id"], name=call["name"], status=status)]}


def _update(call: dict[str, Any], evidence: Evidence, status: Literal["success", "error"]) -> dict[str, Any]:
    message = ToolMessage(preview(evidence), tool_call_id=call["id"], name=call["name"], status=status)
    return {
        "messages": [message],
        "evidence": {evidence["id"]: evidence},
        "untrusted_read": evidence["untrusted"],
    }
