"""The nodes of the investigation graph, each in a blocking and a non-blocking form made of the same parts."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, SystemMessage, ToolMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langgraph.config import get_config
from langgraph.types import Command, Send, interrupt

from azure_devops_agents.approval import presenting, view
from azure_devops_agents.intents import IntentLog
from azure_devops_agents.investigation.evidence import READ_EVIDENCE, ReadEvidence, gathered, preview, read_on
from azure_devops_agents.investigation.prompts import OVER_BUDGET, SYSTEM, setting
from azure_devops_agents.investigation.report import WRITE_REPORT, WriteReport, checked, coverage, parsed, plain
from azure_devops_agents.investigation.state import CallTask, Decision, Evidence, State, since_question, unanswered
from azure_devops_agents.models import UnknownQuestion
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.grants import Approval, WriteRequest
from langchain_azure_devops.tools import TOOLS

_CHARACTERS_PER_TOKEN = 4
_CHECKPOINTER = "__pregel_checkpointer"


@dataclass(frozen=True)
class Budgets:
    """How much one question may cost.

    Attributes:
        calls: Tool calls.
        tokens: Approximate tokens of the conversation.
        seconds: Time since the question, without the time a person takes to decide.
    """

    calls: int = 25
    tokens: int = 200_000
    seconds: float = 300.0


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

    # -- model -----------------------------------------------------------------------------------------------------

    def think(self, state: State) -> dict[str, Any]:
        """Let the model take its next step."""
        runnable, messages = self._prepared(state)
        try:
            return {"messages": [runnable.invoke(messages)], "failure": None}
        except UnknownQuestion:
            raise
        except Exception as error:  # noqa: BLE001 - providers raise what they like; the thread must survive it
            return {"failure": f"The model failed: {type(error).__name__}: {str(error)[:300]}"}

    async def athink(self, state: State) -> dict[str, Any]:
        """Let the model take its next step, without blocking."""
        runnable, messages = self._prepared(state)
        try:
            return {"messages": [await runnable.ainvoke(messages)], "failure": None}
        except UnknownQuestion:
            raise
        except Exception as error:  # noqa: BLE001 - providers raise what they like; the thread must survive it
            return {"failure": f"The model failed: {type(error).__name__}: {str(error)[:300]}"}

    def _prepared(self, state: State) -> tuple[Runnable[Any, AIMessage], list[Any]]:
        settings = self.toolkit.client.settings
        system = f"{SYSTEM}\n{setting(settings.organization, settings.default_project)}"
        limit = over_budget(state, self.budgets)
        offered: list[Any] = [WriteReport] if limit else [*self.tools.values(), ReadEvidence, WriteReport]
        if limit:
            system += "\n" + OVER_BUDGET.format(limit=limit)
        return self.model.bind_tools(offered), [SystemMessage(system), *state["messages"]]

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
        if call.get("malformed"):
            return _said(call, f"[invalid] The arguments are not valid JSON: {call['malformed']}. Repeat the call.")
        if call["name"] == READ_EVIDENCE:
            try:
                return _said(
                    call, read_on(task["evidence"], call["args"], self.toolkit.client.context.nonce()), "success"
                )
            except ValueError as error:
                return _said(call, f"[invalid] {error}")
        if call["name"] not in self.tools:
            absent = self.toolkit.absent.get(call["name"])
            why = f": {absent.reason} ({', '.join(absent.scopes)})" if absent else f". Tools: {', '.join(self.tools)}"
            return _said(call, f"[denied] There is no tool {call['name']}{why}.")
        return None

    def _recorded(self, task: CallTask, message: ToolMessage) -> dict[str, Any]:
        """A tool's answer as evidence, and its preview for the model."""
        call = task["call"]
        evidence = gathered(task["evidence_id"], TOOLS.get(call["name"]), call, message)
        return _update(call, evidence, message.status)

    # -- writes ----------------------------------------------------------------------------------------------------

    def approve(self, task: CallTask) -> Command[Any]:
        """Ask a person; nothing is written here."""
        prepared = self._request(task)
        if not isinstance(prepared, WriteRequest):
            return Command(update=prepared)
        client = self.toolkit.client
        shown = client.run_sync(view(client, prepared, untrusted_read=task["untrusted_read"]))
        return Command(update=self._decided(task, prepared, interrupt(shown)))

    async def aapprove(self, task: CallTask) -> Command[Any]:
        """Ask a person, without blocking."""
        prepared = self._request(task)
        if not isinstance(prepared, WriteRequest):
            return Command(update=prepared)
        client = self.toolkit.client
        shown = await client.run(view(client, prepared, untrusted_read=task["untrusted_read"]))
        return Command(update=self._decided(task, prepared, interrupt(shown)))

    def _request(self, task: CallTask) -> WriteRequest | dict[str, Any]:
        """What to ask, or the answer when there is nothing to ask."""
        call = task["call"]
        if get_config()["configurable"].get(_CHECKPOINTER) is None:
            return _said(call, "[blocked] Nobody can be asked: this graph runs without a checkpointer.")
        tool = TOOLS[call["name"]]
        try:
            return tool.request(self.toolkit.client, tool.validate(call["args"]))
        except AzureDevOpsError as error:
            return _said(call, f"{error.headline}\n{error.message}")

    def _decided(self, task: CallTask, request: WriteRequest, answer: object) -> dict[str, Any]:
        """A person's answer as a decision; an edit asks again, for the call it became."""
        given: dict[str, Any] = answer if isinstance(answer, dict) else {}
        call, tool = task["call"], TOOLS[task["call"]["name"]]
        reason = str(given.get("reason") or "")
        decision = given.get("decision")
        if decision == "edit" and isinstance(given.get("arguments"), dict):
            edited: CallTask = {**task, "call": {**call, "args": given["arguments"]}}
            try:
                changed = tool.request(self.toolkit.client, tool.validate(given["arguments"]))
            except AzureDevOpsError as error:
                decision, reason = "reject", f"the edited call does not fit: {error.message}"
            else:
                # The person wrote these arguments: what is approved is the call as it became, nothing else.
                task, call, request, decision = edited, edited["call"], changed, "approve"
        if decision not in {"approve", "stop"}:
            decision = "reject"
        entry = Decision(
            call=call,
            evidence_id=task["evidence_id"],
            decision=decision,
            approver=str(given.get("approver") or "unknown"),
            reason=reason,
            digest=request.digest,
            intent=f"{_place()}:{request.digest}",
        )
        update: dict[str, Any] = {"decisions": {call["id"]: entry}}
        if decision != "approve":
            why = f": {reason}" if reason else ""
            text = f"[blocked WriteBlocked {call['name']}]\nA person said no{why}. Do not ask again for the same."
            update.update(_said(call, text))
        return update

    def write(self, decision: Decision) -> dict[str, Any]:
        """Carry out an approved write, once."""
        before = self.intents.begin(decision["intent"], decision["call"]["name"])
        if before is not None:
            return self._again(decision, before.status, before.text)
        with presenting(_approval(decision)):
            message = self.tools[decision["call"]["name"]].invoke(_call_of(decision["call"]))
        return self._written(decision, message)

    async def awrite(self, decision: Decision) -> dict[str, Any]:
        """Carry out an approved write, once, without blocking."""
        before = self.intents.begin(decision["intent"], decision["call"]["name"])
        if before is not None:
            return self._again(decision, before.status, before.text)
        with presenting(_approval(decision)):
            message = await self.tools[decision["call"]["name"]].ainvoke(_call_of(decision["call"]))
        return self._written(decision, message)

    def _written(self, decision: Decision, message: ToolMessage) -> dict[str, Any]:
        evidence = gathered(decision["evidence_id"], TOOLS.get(decision["call"]["name"]), decision["call"], message)
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
        evidence = Evidence(
            id=decision["evidence_id"],
            tool=name,
            arguments=dict(decision["call"]["args"]),
            status=status or "unknown",
            text=text if status else unknown,
            untrusted=True,
        )
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
        if any(decision["decision"] == "stop" for decision in state.get("decisions", {}).values()):
            return plain("Stopped by a person.")
        if wanted is not None:
            try:
                return parsed(wanted["args"])
            except ValueError as error:
                return plain(f"The model's report does not have the form of one: {error}")
        last = state["messages"][-1]
        refusal = last.additional_kwargs.get("refusal") if isinstance(last, AIMessage) else None
        if refusal:
            return plain(f"The model refused: {refusal}")
        text = str(last.text) if isinstance(last, AIMessage) else ""
        limit = over_budget(state, self.budgets)
        return plain(
            text or f"No report was written ({limit or 'the model said nothing'}).",
            "answered" if text else "inconclusive",
        )

    def check(self, state: State) -> dict[str, Any]:
        """Look for every quote, and write down what the report does not cover."""
        report = checked(state["report"] or plain(""), state.get("evidence", {}))
        limits = [text for text in (state.get("failure"), over_budget(state, self.budgets)) if text]
        report["coverage"] = coverage(state.get("evidence", {}), state.get("decisions", {}), limits)
        return {"report": report}


def over_budget(state: State, budgets: Budgets) -> str | None:
    """Which budget is used up, in words; None while all last."""
    current = since_question(state["messages"])
    calls = sum(isinstance(message, ToolMessage) for message in current)
    if calls >= budgets.calls:
        return f"{calls} of {budgets.calls} tool calls"
    tokens = sum(len(str(message.content)) for message in state["messages"]) // _CHARACTERS_PER_TOKEN
    if tokens >= budgets.tokens:
        return f"about {tokens} of {budgets.tokens} tokens"
    if time.time() - state.get("started", time.time()) >= budgets.seconds:
        return f"{budgets.seconds:g} seconds"
    return None


def after_model(writers: Sequence[str], budgets: Budgets) -> Callable[[State], Literal["report"] | list[Send]]:
    """One Send for each tool call; to the report when there is none, or when the model reports."""

    def route(state: State) -> Literal["report"] | list[Send]:
        open_calls = unanswered(state["messages"])
        finished = any(call["name"] == WRITE_REPORT and _is_report(call) for call in open_calls)
        if state.get("failure") or not open_calls or finished or over_budget(state, budgets):
            return "report"
        known = state.get("evidence", {})
        return [
            Send(
                "approve" if call["name"] in writers and not call.get("malformed") else "read",
                CallTask(
                    call=call,
                    evidence_id=f"E{len(known) + position}",
                    evidence=known if call["name"] == READ_EVIDENCE else {},
                    untrusted_read=bool(state.get("untrusted_read")),
                ),
            )
            for position, call in enumerate(open_calls, 1)
        ]

    return route


def after_calls(state: State) -> Literal["model", "report"] | list[Send]:
    """Approved writes first, then the model; to the report when a person said stop."""
    decisions = state.get("decisions", {})
    open_ids = {call["id"] for call in unanswered(state["messages"])}
    pending = [decision for identifier, decision in decisions.items() if identifier in open_ids]
    if any(decision["decision"] == "stop" for decision in decisions.values()):
        return "report"
    return [Send("write", decision) for decision in pending] or "model"


def collect(_state: State) -> dict[str, Any]:
    """Wait until every call of this step is answered or decided."""
    return {}


def _is_report(call: dict[str, Any]) -> bool:
    if call.get("malformed"):
        return False
    try:
        parsed(call["args"])
    except ValueError:
        return False
    return True


def _place() -> str:
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
