"""The writing half of the investigation graph: one node asks a person, another carries out the approved writes."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langgraph.config import get_config
from langgraph.types import Command, Send, interrupt

from azure_devops_agents.approvals.earlier_writes import arecall_writes, recall_writes
from azure_devops_agents.approvals.fingerprint import fingerprint
from azure_devops_agents.approvals.view import build_view, present_approval
from azure_devops_agents.approvals.write_journal import Outcome, WriteJournal
from azure_devops_agents.evidence.record import evidence_of_message, evidence_of_text
from azure_devops_agents.investigation.refusals import ToolAbsent, refuse_call
from azure_devops_agents.investigation.state import CallTask, Decision, as_data, as_named
from azure_devops_agents.investigation.tool_calls import available_tools, record_evidence, tool_call
from langchain_azure_devops import AzureDevOpsToolkit, Tool
from langchain_azure_devops.errors import AzureDevOpsError, StateChanged, WriteBlocked, WriteOutcomeUnknown
from langchain_azure_devops.results import render, render_error
from langchain_azure_devops.safety import (
    MOST_ASKS,
    Approval,
    ApprovedPlan,
    AuditEvent,
    WriteRequest,
    allow_targets,
    find_named_targets,
    record_event,
    record_event_async,
)

_CHECKPOINTER = "__pregel_checkpointer"
_OUTDATED = "outdated"


@dataclass(frozen=True)
class _Step:
    """The next step of the graph after an approval, and the details of a refusal that is recorded first, if any."""

    command: Command[Any]
    denied: dict[str, Any] | None = None


@dataclass
class WriteNodes:
    """The nodes that approve and write, with what they share. Nothing of it enters the state."""

    toolkit: AzureDevOpsToolkit
    journal: WriteJournal
    plan: ApprovedPlan | None = None

    @property
    def destination(self) -> str:
        """The organization and project that writes go to; an approval for one destination is void at another."""
        settings = self.toolkit.client.settings
        return f"{settings.url('core')}, default project {settings.default_project or 'none'}"

    def prepare(self, task: CallTask) -> Command[Any]:
        """Read what a person must see, or ask the write plan. Nothing is written here."""
        prepared = self._prepare(task)
        if isinstance(prepared, WriteRequest):
            prepared = self.toolkit.client.run_sync(self._look_up(task, prepared))
        step = self._ask_plan(task, prepared)
        if step.denied is not None:
            record_event(self.toolkit.client, "denied", **step.denied)
        return _go_on(task, step.command)

    async def aprepare(self, task: CallTask) -> Command[Any]:
        """Read what a person must see, or ask the write plan, without blocking."""
        prepared = self._prepare(task)
        if isinstance(prepared, WriteRequest):
            prepared = await self.toolkit.client.run(self._look_up(task, prepared))
        step = self._ask_plan(task, prepared)
        if step.denied is not None:
            await record_event_async(self.toolkit.client, "denied", **step.denied)
        return _go_on(task, step.command)

    def approve(self, task: CallTask) -> Command[Any]:
        """Ask a person. Nothing is written here."""
        step = self._ask(task)
        if step.denied is not None:
            record_event(self.toolkit.client, "denied", **step.denied)
        return step.command

    async def aapprove(self, task: CallTask) -> Command[Any]:
        """Ask a person, without blocking."""
        step = self._ask(task)
        if step.denied is not None:
            await record_event_async(self.toolkit.client, "denied", **step.denied)
        return step.command

    def _ask(self, task: CallTask) -> _Step:
        """Interrupt with the stored view. The state is not read here: the answer is about what the view shows."""
        if "state" not in task:
            # A version that did not store what was shown stored the task.
            return _Step(Command(goto=Send("prepare", task)))
        prepared = self._prepare(task)
        if isinstance(prepared, _Step):
            return prepared
        notice = str(task["view"].get("notice") or "")
        return self._decide(task, prepared.warn(notice) if notice else prepared, interrupt(task["view"]))

    async def _find_equal(self, task: CallTask, request: WriteRequest) -> WriteRequest | _Step:
        """Look for an equal write whose outcome is not known; a call whose effect is found now is answered with it."""
        client, call = self.toolkit.client, task["call"]
        tool = self._tool(call)
        async with arecall_writes(client, tool, self.journal, self.destination):
            found = await tool.find_equal(client, request)
        if isinstance(found, WriteRequest):
            return found
        await record_event_async(client, "written", tool=tool.name, digest=request.digest, looked_up=True)
        outcome = Outcome("written", client.secrets.redact(render(found, client.context.nonce()).text))
        return _collect(_answer_with(task["evidence_id"], call, outcome))

    def _tool(self, call: Mapping[str, Any]) -> Tool[..., Any]:
        return self.toolkit.declarations[call["name"]]

    async def _look_up(self, task: CallTask, request: WriteRequest) -> WriteRequest | _Step:
        """Read what the next step needs; return that step, or the write about which the plan is asked."""
        prepared = await self._find_equal(task, request)
        if isinstance(prepared, _Step) or self.plan is not None:
            return prepared
        return await self._show(task, prepared)

    def _ask_plan(self, task: CallTask, prepared: WriteRequest | _Step) -> _Step:
        """Let the plan answer in the form of a person, if there is something to answer."""
        if isinstance(prepared, _Step) or self.plan is None:
            return cast("_Step", prepared)
        answer = self.plan(prepared)
        decision = "approve" if answer.approved else "reject"
        given = {"decision": decision, "approver": answer.approver, "reason": answer.reason}
        return self._decide(task, prepared, given)

    async def _show(self, task: CallTask, request: WriteRequest) -> _Step:
        """Build the view, and go on to the person with it; a write whose state cannot be read is refused."""
        outdated, call = task.get("outdated"), task["call"]
        try:
            state = await self._tool(call).read_current(self.toolkit.client, request)
            shown = build_view(
                self.toolkit.client,
                self._tool(call),
                request,
                state,
                outdated=outdated and outdated.get("state"),
                read_before=task["read_before"],
                cited=list(task["evidence"].values()),
            )
        except AzureDevOpsError as error:
            return _collect(refuse_call(call, error, render_error(error, self.toolkit.client.context.nonce())))
        # The thread remembers that it read untrusted text, even when a summary has dropped the evidence.
        untrusted = task["untrusted_read"] or shown["untrusted_read"]
        view = {**shown, "untrusted_read": untrusted, "edited": bool(task["unedited"]), "problem": task["problem"]}
        asked = {call["id"]: {**outdated, "decision": "asked"}} if outdated else {}
        approve = Send("approve", {**task, "view": view, "state": state})
        return _Step(Command(update={"decisions": asked}, goto=approve))

    def _prepare(self, task: CallTask) -> WriteRequest | _Step:
        """Return the write to ask about, or where to go on when there is nothing to ask."""
        call = task["call"]
        if self.plan is None and get_config()["configurable"].get(_CHECKPOINTER) is None:
            return _collect(
                refuse_call(call, _blocked(call, "Nobody can be asked: this graph runs without a checkpointer."))
            )
        if task["destination"] != self.destination:
            return _collect(self._refuse_elsewhere(call, task["destination"]))
        if task["refusal"] and self.plan is None:
            return _refuse(call, f"Not asked: {task['refusal']}.")
        tool = self._tool(call)
        try:
            with allow_targets(as_named(task["named"])):
                request = tool.prepare(self.toolkit.client, tool.validate(call["args"]))
        except AzureDevOpsError as error:
            refused = refuse_call(call, error, render_error(error, self.toolkit.client.context.nonce()))
            return _collect(refused, _denial(tool, error))
        if fingerprint(request) in task["rejected"]:
            return _refuse(
                call, "A person rejected this very write in this thread. It is not asked again; report that."
            )
        return request

    def _decide(self, task: CallTask, request: WriteRequest, answer: object) -> _Step:
        """Store the answer of a person as a decision. An edited call is shown again before it counts."""
        given = self.toolkit.client.secrets.redact_value(answer) if isinstance(answer, dict) else dict[str, Any]()
        decision = given.get("decision")
        if given.get("digest") not in (None, (task.get("view") or {}).get("digest")):
            again: CallTask = {**task, "problem": "The answer was given for another view. This is the present one."}
            return _Step(Command(goto=Send("prepare", again)))
        if decision == "edit" and isinstance(given.get("arguments"), dict):
            return self._edit(task, request, given["arguments"])
        if decision not in ("approve", "stop"):
            decision = "reject"
        before = task.get("outdated")
        call, reason, approver = task["call"], str(given.get("reason") or ""), str(given.get("approver") or "unknown")
        entry = Decision(
            call=call,
            evidence_id=task["evidence_id"],
            decision=decision,
            approver=approver,
            reason=reason,
            digest=request.digest,
            write_id=f"{_position()}:{request.digest}",
            destination=task["destination"],
            # The model would repeat its own call, not the one that a person edited.
            fingerprint=task["unedited"] or fingerprint(request),
            named=task["named"],
            unedited=task["unedited"],
            state=task.get("state"),
            outdated=before.get("outdated", 0) if before else 0,
        )
        update: dict[str, Any] = {"decisions": {call["id"]: entry}}
        if decision != "approve":
            who, why = "A person" if self.plan is None else "The write plan", f": {reason}" if reason else ""
            update.update(refuse_call(call, _blocked(call, f"{who} said no{why}. Do not ask again for the same.")))
            about = {"tool": request.tool, "digest": request.digest, "approver": approver, "reason": reason}
            return _collect(update, {**about, "decision": decision})
        return _collect(update)

    def _edit(self, task: CallTask, shown: WriteRequest, arguments: dict[str, Any]) -> _Step:
        """Return the edited call to show it again; an edit that does not fit leaves the call unchanged."""
        tool, call = self._tool(task["call"]), task["call"]
        # Hosts and mentions in an edited call count as named by the person.
        named = as_named(task["named"]) | find_named_targets(json.dumps(arguments, ensure_ascii=False))
        try:
            with allow_targets(named):
                tool.prepare(self.toolkit.client, tool.validate(arguments))
        except AzureDevOpsError as error:
            again: CallTask = {**task, "problem": f"The edited call does not fit: {error.message}"}
            return _Step(Command(goto=Send("prepare", again)), _denial(tool, error))
        unedited = task["unedited"] or fingerprint(shown)
        changed = {**call, "args": arguments}
        edited: CallTask = {
            **task,
            "call": changed,
            "named": as_data(named),
            "rejected": [],
            "unedited": unedited,
            "problem": "",
        }
        return _Step(Command(goto=Send("prepare", edited)))

    def _refuse_elsewhere(self, call: dict[str, Any], destination: str) -> dict[str, Any]:
        """Refuse a write that was prepared for another organization or project."""
        why = f"Nothing was written: the write was prepared for {destination}; this process is at {self.destination}."
        return refuse_call(call, _blocked(call, why))

    def _find_obstacle(
        self, decision: Decision, tools: Mapping[str, BaseTool], before: Outcome | None
    ) -> dict[str, Any] | None:
        """Answer a write that must not be sent; None when it may be sent, or was begun before."""
        if decision["destination"] != self.destination:
            return self._refuse_elsewhere(decision["call"], decision["destination"])
        name = decision["call"]["name"]
        if name in tools or before is not None:
            return None
        absent = self.toolkit.absent.get(self._tool(decision["call"]).name)
        why = f": {absent.reason} ({' or '.join(absent.scopes)})" if absent else ""
        gone = ToolAbsent(f"Nothing was written: {name} is not there any more{why}.", subject=name)
        return refuse_call(decision["call"], gone)

    def write(self, decision: Decision) -> dict[str, Any]:
        """Carry out an approved write, once."""
        tools, client, tool = available_tools(self.toolkit), self.toolkit.client, self._tool(decision["call"])
        before = self.journal.outcome(decision["write_id"])
        if prevented := self._find_obstacle(decision, tools, before):
            return prevented
        if before := before or self.journal.begin(*self._entry(decision)):
            if before.status == _OUTDATED:
                return _mark_outdated(decision)
            outcome = client.run_sync(self._find_outcome(decision, before))
            return _answer_with(decision["evidence_id"], decision["call"], outcome)
        with recall_writes(client, tool, self.journal, self.destination), _approved(decision):
            message = tools[decision["call"]["name"]].invoke(tool_call(decision["call"]))
        status, text, update = self._conclude(decision, message)
        self.journal.finish(decision["write_id"], status, text)
        return update

    async def awrite(self, decision: Decision) -> dict[str, Any]:
        """Carry out an approved write, once, without blocking."""
        tools, client, tool = available_tools(self.toolkit), self.toolkit.client, self._tool(decision["call"])
        before = await self.journal.aoutcome(decision["write_id"])
        if prevented := self._find_obstacle(decision, tools, before):
            return prevented
        if before := before or await self.journal.abegin(*self._entry(decision)):
            if before.status == _OUTDATED:
                return _mark_outdated(decision)
            outcome = await client.run(self._find_outcome(decision, before))
            return _answer_with(decision["evidence_id"], decision["call"], outcome)
        async with arecall_writes(client, tool, self.journal, self.destination):
            with _approved(decision):
                message = await tools[decision["call"]["name"]].ainvoke(tool_call(decision["call"]))
        status, text, update = self._conclude(decision, message)
        await self.journal.afinish(decision["write_id"], status, text)
        return update

    def _entry(self, decision: Decision) -> tuple[str, str, str, str]:
        """Return the entry of a write in the journal, with what tells it from others."""
        arguments = json.dumps(decision["call"]["args"], ensure_ascii=False)
        return decision["write_id"], self._tool(decision["call"]).name, self.destination, arguments

    def _conclude(self, decision: Decision, message: ToolMessage) -> tuple[str, str, dict[str, Any]]:
        """Return the status and text for the journal, and the update of the state.

        A write that was not sent because the state changed is to be shown again.
        """
        failed = (message.artifact or {}).get("class") if message.status == "error" else ""
        if failed == StateChanged.__name__ and decision.get("outdated", 0) + 1 < MOST_ASKS:
            return _OUTDATED, str(message.content), _mark_outdated(decision)
        tool = self._tool(decision["call"])
        evidence = evidence_of_message(decision["evidence_id"], tool, decision["call"], message)
        if message.status != "error":
            evidence["status"] = "written"
            evidence["data"] = (message.artifact or {}).get("data")
        elif failed == WriteOutcomeUnknown.__name__:
            evidence["status"] = "unknown"
        update = record_evidence(decision["call"], evidence, message.status, message.artifact)
        return evidence["status"], evidence["text"], update

    async def _find_outcome(self, decision: Decision, before: Outcome) -> Outcome:
        """Return the outcome of a write that was begun before. It is looked up if needed, and nothing is sent again."""
        if before.status is not None:
            return before
        client = self.toolkit.client
        try:
            found = await self._tool(decision["call"]).settle(client, decision["call"]["args"], before.begun)
        except AzureDevOpsError as error:
            status = "unknown" if isinstance(error, WriteOutcomeUnknown) else error.status
            outcome = Outcome(status, client.secrets.redact(render_error(error, client.context.nonce())))
        else:
            outcome = Outcome("written", client.secrets.redact(render(found, client.context.nonce()).text))
        events: dict[str | None, AuditEvent] = {"written": "written", "unknown": "unknown"}
        about = {"tool": self._tool(decision["call"]).name, "digest": decision["digest"]}
        await record_event_async(client, events.get(outcome.status, "failed"), **about, looked_up=True)
        if outcome.status != "unknown":
            await self.journal.afinish(decision["write_id"], str(outcome.status), outcome.text)
        return outcome


@contextmanager
def _approved(decision: Decision) -> Iterator[None]:
    """Provide the approval of a write, and the hosts and mentions that it may contain."""
    with present_approval(_approval(decision)), allow_targets(as_named(decision["named"])):
        yield


def _answer_with(evidence_id: str, call: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    """Answer a call with the outcome of a write that was begun before."""
    summary = "found again; nothing was sent twice"
    evidence = evidence_of_text(evidence_id, call, outcome.status or "unknown", outcome.text, summary)
    evidence["untrusted"] = True
    return record_evidence(call, evidence, "success" if outcome.status == "written" else "error")


def _collect(update: dict[str, Any], denied: dict[str, Any] | None = None) -> _Step:
    return _Step(Command(update=update, goto="collect"), denied)


def _go_on(task: CallTask, command: Command[Any]) -> Command[Any]:
    """Add the next write of the turn, if this one is asked about before it."""
    following = task.get("following")
    if not following:
        return command
    chained: CallTask = {**following[0], "following": following[1:]}
    return Command(update=command.update, goto=[cast("str", command.goto), Send("prepare", chained)])


def _refuse(call: dict[str, Any], why: str) -> _Step:
    """Refuse a write that no person is asked about."""
    return _collect(refuse_call(call, _blocked(call, why)), {"tool": call["name"], "reason": why})


def _denial(tool: Tool[..., Any], error: AzureDevOpsError) -> dict[str, Any] | None:
    """Return what to record when the content of a write is refused; arguments that do not fit are no refusal."""
    return {"tool": tool.name, "reason": error.message} if isinstance(error, WriteBlocked) else None


def _position() -> str:
    """Return the position of an approval in the thread, the same for all clients that answer it."""
    configurable = get_config()["configurable"]
    return f"{configurable.get('thread_id')}:{configurable.get('checkpoint_ns')}"


def _blocked(call: Mapping[str, Any], why: str) -> WriteBlocked:
    return WriteBlocked(why, subject=str(call["name"]))


def _mark_outdated(decision: Decision) -> dict[str, Any]:
    """Return the update that has an approved write shown again; nothing of it was sent."""
    marked: Decision = {**decision, "decision": _OUTDATED, "outdated": decision.get("outdated", 0) + 1}
    return {"decisions": {decision["call"]["id"]: marked}}


def _approval(decision: Decision) -> Approval:
    return Approval(True, decision["digest"], decision["approver"], decision["reason"], decision.get("state"))
