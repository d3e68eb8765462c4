"""Carry out approved writes, each once. Nobody is asked here."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool

from azure_devops_agents.approvals.earlier_writes import arecall_writes, recall_writes
from azure_devops_agents.approvals.shared_database import RecordsUnusable
from azure_devops_agents.approvals.view import present_approval
from azure_devops_agents.approvals.write_journal import Outcome, WriteJournal
from azure_devops_agents.investigation.clearing import clear_known
from azure_devops_agents.investigation.refusals import ToolAbsent, evidence_of_refusal
from azure_devops_agents.investigation.state import Decision, approval_of, as_named
from azure_devops_agents.investigation.telling import raise_or_tell
from azure_devops_agents.investigation.tool_calls import (
    available_tools,
    destination_of,
    record_evidence,
    record_found,
    record_write,
    tool_call,
)
from azure_devops_agents.investigation.writes.preparing import blocked, elsewhere
from langchain_azure_devops import AzureDevOpsToolkit, Tool
from langchain_azure_devops.adapters.langchain import deliver
from langchain_azure_devops.errors import AzureDevOpsError, StateChanged, WriteOutcomeUnknown
from langchain_azure_devops.results import error_artifact
from langchain_azure_devops.safety import (
    MOST_ASKS,
    Approval,
    AuditEvent,
    allow_targets,
    record_event,
    record_event_async,
)

_OUTDATED = "outdated"
_NOT_APPROVED = "The journal of this agent has no such approval. Ask for the write again."


@dataclass
class WriteNode:
    """The node that carries out one approved write, with what it needs. Nothing of it enters the state."""

    toolkit: AzureDevOpsToolkit
    journal: WriteJournal

    @property
    def destination(self) -> str:
        """The organization and project that writes go to."""
        return destination_of(self.toolkit)

    def _tool(self, call: Mapping[str, Any]) -> Tool[..., Any]:
        return self.toolkit.declarations[call["name"]]

    def _find_obstacle(
        self, decision: Decision, tools: Mapping[str, BaseTool], before: Outcome | None, *, approved: bool
    ) -> dict[str, Any] | None:
        """Answer a write that must not be sent; None when it may be sent, or was begun before."""
        if decision["destination"] != self.destination:
            return _record_refusal(decision, elsewhere(self.toolkit, decision["call"], decision["destination"]))
        if not approved:
            return _record_refusal(decision, blocked(decision["call"], f"Nothing was sent: {_NOT_APPROVED}"))
        name = decision["call"]["name"]
        if name in tools or before is not None:
            return None
        absent = self.toolkit.absent.get(self._tool(decision["call"]).name)
        why = f": {absent}" if absent else ""
        gone = ToolAbsent(f"Nothing was written: {name} is not there any more{why}.", subject=name)
        return _record_refusal(decision, gone)

    def write(self, decision: Decision) -> dict[str, Any]:
        """Carry out an approved write, once."""
        tools, client, tool = available_tools(self.toolkit), self.toolkit.client, self._tool(decision["call"])
        try:
            before, approved = self._look_up(decision)
        except RecordsUnusable as error:
            return self._refuse_unrecorded(decision, error)
        if not approved:
            record_event(client, "denied", tool=tool.name, digest=decision["digest"], reason=_NOT_APPROVED)
        if prevented := self._find_obstacle(decision, tools, before, approved=approved):
            return prevented
        try:
            before = before or self.journal.begin(*self._entry(decision))
        except RecordsUnusable as error:
            return self._refuse_unrecorded(decision, error)
        if before:
            if before.status == _OUTDATED:
                return _mark_outdated(decision)
            outcome = client.run_sync(self._find_outcome(decision, before))
            return _record_found(self.toolkit, decision, outcome)
        with recall_writes(client, tool, self.journal, self.destination), _approved(decision):
            message = tools[decision["call"]["name"]].invoke(tool_call(decision["call"]))
        status, update = self._conclude(decision, message)
        try:
            self.journal.finish(decision["write_id"], status, str(message.content), message.artifact)
        except RecordsUnusable as error:
            self._tell_unfinished(update, error)
        return update

    async def awrite(self, decision: Decision) -> dict[str, Any]:
        """Carry out an approved write, once, without blocking."""
        tools, client, tool = available_tools(self.toolkit), self.toolkit.client, self._tool(decision["call"])
        try:
            before, approved = await asyncio.to_thread(self._look_up, decision)
        except RecordsUnusable as error:
            return self._refuse_unrecorded(decision, error)
        if not approved:
            await record_event_async(client, "denied", tool=tool.name, digest=decision["digest"], reason=_NOT_APPROVED)
        if prevented := self._find_obstacle(decision, tools, before, approved=approved):
            return prevented
        try:
            before = before or await asyncio.to_thread(self.journal.begin, *self._entry(decision))
        except RecordsUnusable as error:
            return self._refuse_unrecorded(decision, error)
        if before:
            if before.status == _OUTDATED:
                return _mark_outdated(decision)
            outcome = await client.run(self._find_outcome(decision, before))
            return _record_found(self.toolkit, decision, outcome)
        async with arecall_writes(client, tool, self.journal, self.destination):
            with _approved(decision):
                message = await tools[decision["call"]["name"]].ainvoke(tool_call(decision["call"]))
        status, update = self._conclude(decision, message)
        told = str(message.content), message.artifact
        try:
            await asyncio.to_thread(self.journal.finish, decision["write_id"], status, *told)
        except RecordsUnusable as error:
            self._tell_unfinished(update, error)
        return update

    def _look_up(self, decision: Decision) -> tuple[Outcome | None, bool]:
        """Return what the journal knows of a write, and whether it knows the approval."""
        known = approval_of(clear_known(self.toolkit.client, decision))
        return self.journal.outcome(decision["write_id"]), self.journal.is_approved(*known)

    def _tell_unfinished(self, update: dict[str, Any], error: RecordsUnusable) -> None:
        """Keep what became of a write that the journal only knows as begun; an equal one is looked up before it."""
        raise_or_tell(self.toolkit.client, error)
        for entry in update.get("evidence", {}).values():
            entry["summary"] = f"{entry['summary']}; the journal could not store its outcome"

    def _refuse_unrecorded(self, decision: Decision, error: RecordsUnusable) -> dict[str, Any]:
        """Refuse a write while the journal cannot tell whether it was approved; only a server is told so."""
        raise_or_tell(self.toolkit.client, error)
        return _record_refusal(decision, error)

    def _entry(self, decision: Decision) -> tuple[str, str, str, str]:
        """Return the entry of a write in the journal, with what tells it from others."""
        arguments = json.dumps(decision["call"]["args"], ensure_ascii=False)
        return decision["write_id"], self._tool(decision["call"]).name, self.destination, arguments

    def _conclude(self, decision: Decision, message: ToolMessage) -> tuple[str, dict[str, Any]]:
        """Return the status for the journal, and the update of the state.

        A write that was not sent because the state changed is to be shown again.
        """
        failed = (message.artifact or {}).get("class") if message.status == "error" else ""
        if failed == StateChanged.__name__ and decision.get("outdated", 0) + 1 < MOST_ASKS:
            return _OUTDATED, _mark_outdated(decision)
        identifier, call = decision["evidence_id"], decision["call"]
        update = record_write(self.toolkit, identifier, call, message, edited=bool(decision.get("unedited")))
        return str(update["evidence"][identifier]["status"]), update

    async def _find_outcome(self, decision: Decision, before: Outcome) -> Outcome:
        """Return the outcome of a write that was begun before. It is looked up if needed, and nothing is sent again.

        The journal knows of some writes that they were done, and not what they made: those of an earlier version, and
        those that were found when an equal one was asked for.
        """
        incomplete = before.status == "written" and before.artifact is None
        if before.status is not None and not incomplete:
            return before
        client, call = self.toolkit.client, decision["call"]
        try:
            found = await self._tool(call).settle(client, call["args"], before.begun)
        except AzureDevOpsError as error:
            if incomplete:
                return before
            status = "unknown" if isinstance(error, WriteOutcomeUnknown) else error.status
            text, artifact = deliver(error, client, call["args"])
        else:
            status, (text, artifact) = "written", deliver(found, client, call["args"])
        outcome = Outcome(status, text, artifact=artifact)
        if not incomplete:
            events: dict[str, AuditEvent] = {"written": "written", "unknown": "unknown"}
            about = {"tool": self._tool(call).name, "digest": decision["digest"]}
            await record_event_async(client, events.get(status, "failed"), **about, looked_up=True)
        if status != "unknown":
            await asyncio.to_thread(self.journal.finish, decision["write_id"], status, text, artifact)
        return outcome


@contextmanager
def _approved(decision: Decision) -> Iterator[None]:
    """Provide the approval of a write, and the hosts and mentions that it may contain."""
    with present_approval(_approval(decision)), allow_targets(as_named(decision["named"])):
        yield


def _record_found(toolkit: AzureDevOpsToolkit, decision: Decision, outcome: Outcome) -> dict[str, Any]:
    """Answer a write that was begun before with its outcome."""
    edited = bool(decision.get("unedited"))
    return record_found(toolkit, decision["evidence_id"], decision["call"], outcome, edited=edited)


def _record_refusal(decision: Decision, error: AzureDevOpsError) -> dict[str, Any]:
    """Answer a write that is not sent, and keep the reason as evidence."""
    refusal = evidence_of_refusal(decision["evidence_id"], decision["call"], error)
    return record_evidence(decision["call"], refusal, "error", error_artifact(error))


def _mark_outdated(decision: Decision) -> dict[str, Any]:
    """Return the update that has an approved write shown again; nothing of it was sent."""
    marked: Decision = {**decision, "decision": _OUTDATED, "outdated": decision.get("outdated", 0) + 1}
    return {"decisions": {decision["call"]["id"]: marked}}


def _approval(decision: Decision) -> Approval:
    return Approval(True, decision["digest"], decision["approver"], decision["reason"], decision.get("state"))
