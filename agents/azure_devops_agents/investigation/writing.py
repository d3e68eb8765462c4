"""The writing half of the investigation graph: one node asks a person, another writes what was approved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langgraph.config import get_config
from langgraph.types import Command, interrupt

from azure_devops_agents.approval import presenting, view, without_secrets
from azure_devops_agents.intents import IntentLog, Outcome
from azure_devops_agents.investigation.evidence import (
    as_evidence,
    declared,
    gathered,
    offered,
    recorded,
    said,
    tool_call,
)
from azure_devops_agents.investigation.state import CallTask, Decision, Evidence
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.errors import AzureDevOpsError, WriteOutcomeUnknown
from langchain_azure_devops.grants import Approval, WriteRequest
from langchain_azure_devops.rendering import render, render_error

_CHECKPOINTER = "__pregel_checkpointer"


@dataclass
class WriteNodes:
    """What the two nodes share; nothing of it enters the state."""

    toolkit: AzureDevOpsToolkit
    intents: IntentLog

    @property
    def place(self) -> str:
        """Where writes go: what a person approved for one place is not carried out in another."""
        settings = self.toolkit.client.settings
        return f"{settings.url('core')}, default project {settings.default_project or 'none'}"

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
            return said(call, "[blocked] Nobody can be asked: this graph runs without a checkpointer.")
        if task["place"] != self.place:
            return said(call, self._elsewhere(task["place"]))
        tool = declared(call["name"])
        try:
            return tool.request(self.toolkit.client, tool.validate(call["args"]))
        except AzureDevOpsError as error:
            return said(call, render_error(error, self.toolkit.client.context.nonce()))

    def _decided(self, task: CallTask, request: WriteRequest, answer: object) -> dict[str, Any]:
        """A person's answer as a decision; an edit approves the call as it became, and nothing else."""
        given: dict[str, Any] = answer if isinstance(answer, dict) else {}
        call, tool = task["call"], declared(task["call"]["name"])
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
            update.update(said(call, text))
        return update

    def _elsewhere(self, place: str) -> str:
        return f"[blocked] Nothing was written: the write was prepared for {place}; this process is at {self.place}."

    def _prevented(self, decision: Decision, tools: Mapping[str, BaseTool]) -> dict[str, Any] | None:
        """The answer to a write that must not be sent; None when it may be, or was begun before."""
        if decision["place"] != self.place:
            return said(decision["call"], self._elsewhere(decision["place"]))
        name = decision["call"]["name"]
        if name in tools or self.intents.outcome(decision["intent"]) is not None:
            return None
        absent = self.toolkit.absent.get(declared(name).name)
        why = f": {absent.reason} ({' or '.join(absent.scopes)})" if absent else ""
        return said(decision["call"], f"[denied] Nothing was written: {name} is not there any more{why}.")

    def write(self, decision: Decision) -> dict[str, Any]:
        """Carry out an approved write, once."""
        tools = offered(self.toolkit)
        if prevented := self._prevented(decision, tools):
            return prevented
        if before := self.intents.begin(decision["intent"], decision["call"]["name"]):
            return self._again(decision, self.toolkit.client.run_sync(self._became(decision, before)))
        with presenting(_approval(decision)):
            message = tools[decision["call"]["name"]].invoke(tool_call(decision["call"]))
        return self._written(decision, message)

    async def awrite(self, decision: Decision) -> dict[str, Any]:
        """Carry out an approved write, once, without blocking."""
        tools = offered(self.toolkit)
        if prevented := self._prevented(decision, tools):
            return prevented
        if before := self.intents.begin(decision["intent"], decision["call"]["name"]):
            return self._again(decision, await self.toolkit.client.run(self._became(decision, before)))
        with presenting(_approval(decision)):
            message = await tools[decision["call"]["name"]].ainvoke(tool_call(decision["call"]))
        return self._written(decision, message)

    def _written(self, decision: Decision, message: ToolMessage) -> dict[str, Any]:
        tool = declared(decision["call"]["name"])
        evidence = gathered(decision["evidence_id"], tool, decision["call"], message, self.toolkit.client.account)
        if message.status != "error":
            evidence["status"] = "written"
        elif "WriteOutcomeUnknown" in evidence["text"].split("\n", 1)[0]:
            evidence["status"] = "unknown"
        self.intents.finish(decision["intent"], evidence["status"], evidence["text"])
        return recorded(decision["call"], evidence, message.status)

    async def _became(self, decision: Decision, before: Outcome) -> Outcome:
        """What became of a write that was begun before; looked up when that was not stored, and never sent again."""
        if before.status is not None:
            return before
        client = self.toolkit.client
        try:
            found = await declared(decision["call"]["name"]).settle(client, decision["call"]["args"], before.begun)
        except WriteOutcomeUnknown as error:
            return Outcome("unknown", without_secrets(client, render_error(error, client.context.nonce())))
        except AzureDevOpsError as error:
            outcome = Outcome(error.status, without_secrets(client, render_error(error, client.context.nonce())))
        else:
            outcome = Outcome("written", without_secrets(client, render(found, client.context.nonce()).text))
        self.intents.finish(decision["intent"], str(outcome.status), outcome.text)
        return outcome

    def _again(self, decision: Decision, outcome: Outcome) -> dict[str, Any]:
        """The answer to a write that was begun before."""
        evidence = as_evidence(decision["evidence_id"], decision["call"], outcome.status or "unknown", outcome.text)
        evidence["untrusted"] = True
        return recorded(decision["call"], evidence, "success" if outcome.status == "written" else "error")


def left_open(intents: IntentLog, known: dict[str, Evidence], decided: dict[str, Decision]) -> list[tuple[str, str]]:
    """Approved writes of the whole thread without an answer: the process ended, or somebody else said stop."""
    answered = {entry["call"] for entry in known.values()}
    found = []
    for identifier, decision in decided.items():
        if decision["decision"] != "approve" or identifier in answered:
            continue
        name, before = decision["call"]["name"], intents.outcome(decision["intent"])
        if before is None:
            found.append(("not_written", f"{name}, approved and not carried out"))
        else:
            found.append((before.status or "unknown", f"{name}, begun when the process ended"))
    return found


def _position() -> str:
    """Where in the thread an approval stands: the same for everybody who answers the same question."""
    configurable = get_config()["configurable"]
    return f"{configurable.get('thread_id')}:{configurable.get('checkpoint_ns')}"


def _approval(decision: Decision) -> Approval:
    return Approval(True, decision["digest"], decision["approver"], decision["reason"])
