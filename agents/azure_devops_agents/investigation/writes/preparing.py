"""Prepare a write: check it, look for an equal one, and read what a person is shown. Nothing is written here."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langgraph.config import get_config
from pydantic import JsonValue

from azure_devops_agents.approvals.earlier_writes import arecall_writes
from azure_devops_agents.approvals.fingerprint import fingerprint
from azure_devops_agents.approvals.shared_database import RecordsUnusable
from azure_devops_agents.approvals.view import build_view
from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.investigation.budgets import Meter
from azure_devops_agents.investigation.refusals import evidence_of_refusal, refuse_call
from azure_devops_agents.investigation.state import CallTask, as_named
from azure_devops_agents.investigation.telling import raise_or_tell
from azure_devops_agents.investigation.tool_calls import destination_of, limit_time, record_evidence
from azure_devops_agents.reports.links import replace_citations
from langchain_azure_devops import AzureDevOpsToolkit, Tool
from langchain_azure_devops.adapters.langchain import deliver
from langchain_azure_devops.errors import AzureDevOpsError, WriteBlocked
from langchain_azure_devops.results import error_artifact, render_error
from langchain_azure_devops.safety import (
    ApprovedPlan,
    WriteRequest,
    allow_targets,
    record_event,
    record_event_async,
)

_CHECKPOINTER = "__pregel_checkpointer"


@dataclass(frozen=True)
class Step:
    """An update of the state, and the details of a refusal that is recorded first, if any."""

    update: dict[str, Any]
    denied: dict[str, Any] | None = None


@dataclass
class PrepareNode:
    """The node that prepares one write, with what it needs. Nothing of it enters the state."""

    toolkit: AzureDevOpsToolkit
    journal: WriteJournal
    meter: Meter
    plan: ApprovedPlan | None = None

    def prepare(self, task: CallTask) -> dict[str, Any]:
        """Read what a person must see, and let the write wait."""
        task, found = self._check(task)
        if isinstance(found, WriteRequest):
            with limit_time(self.toolkit, self.meter, task):
                try:
                    found = self.toolkit.client.run_sync(self._look_up(task, found))
                except RecordsUnusable as error:
                    found = self._refuse_unrecorded(task, error)
        if found.denied is not None:
            record_event(self.toolkit.client, "denied", **found.denied)
        return found.update

    async def aprepare(self, task: CallTask) -> dict[str, Any]:
        """Read what a person must see, and let the write wait, without blocking."""
        # The check of a long text takes seconds, in which a server answers nobody else.
        task, found = await asyncio.to_thread(self._check, task)
        if isinstance(found, WriteRequest):
            with limit_time(self.toolkit, self.meter, task):
                try:
                    found = await self.toolkit.client.run(self._look_up(task, found))
                except RecordsUnusable as error:
                    found = self._refuse_unrecorded(task, error)
        if found.denied is not None:
            await record_event_async(self.toolkit.client, "denied", **found.denied)
        return found.update

    def _refuse_unrecorded(self, task: CallTask, error: RecordsUnusable) -> Step:
        """Refuse a write while the journal cannot tell whether an equal one was begun; only a server is told so."""
        raise_or_tell(self.toolkit.client, error)
        return refuse(task, error)

    def tool_of(self, call: Mapping[str, Any]) -> Tool[..., Any]:
        """Return the tool that a call names."""
        return self.toolkit.declarations[call["name"]]

    def _link_citations(self, task: CallTask) -> CallTask:
        """Put links in the place of evidence ids, because nobody who reads what is written knows them."""
        tool, given = self.tool_of(task["call"]), task["call"]["args"]
        texts = {name: value for name, value in given.items() if not tool.contents or name in tool.contents}
        linked = replace_citations(texts, task["evidence"], tool.markdown)
        return {**task, "call": {**task["call"], "args": {**given, **linked}}} if linked != texts else task

    def _check(self, task: CallTask) -> tuple[CallTask, WriteRequest | Step]:
        """Return the call as it would be written, and the write to ask about or its refusal."""
        task = self._link_citations(task)
        return task, self._find_obstacle(task)

    def _find_obstacle(self, task: CallTask) -> WriteRequest | Step:
        """Return the write to ask about, or its refusal when nobody can be asked or need be."""
        call = task["call"]
        if self.plan is None and get_config()["configurable"].get(_CHECKPOINTER) is None:
            return refuse(task, blocked(call, "Nobody can be asked: this graph runs without a checkpointer."))
        if task["refusal"] and self.plan is None:
            return _refuse_unasked(task, f"Not asked: {task['refusal']}.")
        return self.request_of(task)

    def request_of(self, task: CallTask) -> WriteRequest | Step:
        """Return what a call would write, or its refusal."""
        call = task["call"]
        if task["destination"] != destination_of(self.toolkit):
            return refuse(task, elsewhere(self.toolkit, call, task["destination"]))
        tool = self.tool_of(call)
        try:
            with allow_targets(as_named(task["named"])):
                request = tool.prepare(self.toolkit.client, tool.validate(call["args"]))
        except AzureDevOpsError as error:
            text = render_error(error, self.toolkit.client.context.nonce())
            return refuse(task, error, denial(tool, error), text)
        if fingerprint(request) in task["rejected"]:
            return _refuse_unasked(
                task, "A person rejected this very write in this thread. It is not asked again; report that."
            )
        return request

    async def _look_up(self, task: CallTask, request: WriteRequest) -> Step:
        """Look for an equal write whose outcome is not known, and read what a person is shown."""
        client, call = self.toolkit.client, task["call"]
        tool = self.tool_of(call)
        async with arecall_writes(client, tool, self.journal, destination_of(self.toolkit)):
            found = await tool.find_equal(client, request)
        if not isinstance(found, WriteRequest):
            await record_event_async(client, "written", tool=tool.name, digest=request.digest, looked_up=True)
            text, artifact = deliver(found, client, call["args"])
            return _wait({**task, "view": {}, "found": {"status": "written", "text": text, "artifact": artifact}})
        if self.plan is not None:
            return _wait({**task, "view": {}})
        return await self._show(task, found)

    async def _show(self, task: CallTask, request: WriteRequest) -> Step:
        """Build the view of a write; one whose state cannot be read is refused."""
        try:
            state = await self.tool_of(task["call"]).read_current(self.toolkit.client, request)
            view = await asyncio.to_thread(self._build_view, task, request, state)
        except AzureDevOpsError as error:
            return refuse(task, error, text=render_error(error, self.toolkit.client.context.nonce()))
        return _wait({**task, "view": view, "state": state})

    def shows(self, task: CallTask, request: WriteRequest) -> bool:
        """Return whether the stored view shows this very request. Whoever may write the thread can change either."""
        return _as_json(self._build_view(task, request, task.get("state"))) == _as_json(task["view"])

    def _build_view(
        self, task: CallTask, request: WriteRequest, state: Mapping[str, JsonValue] | None
    ) -> dict[str, Any]:
        outdated, call = task.get("outdated"), task["call"]
        view = build_view(
            self.toolkit.client,
            self.tool_of(call),
            request,
            state,
            outdated=outdated and outdated.get("state"),
            sources=task["rests_on"],
            edited=bool(task["unedited"]),
            problem=task["problem"],
        )
        return {**view, "name": call["name"]}


def answer(call: Mapping[str, Any], update: dict[str, Any], denied: dict[str, Any] | None = None) -> Step:
    """Answer a call, which therefore does not wait any more."""
    return Step({**update, "waiting": {call["id"]: None}}, denied)


def refuse(task: CallTask, error: AzureDevOpsError, denied: dict[str, Any] | None = None, text: str = "") -> Step:
    """Refuse a write. One that was tried before leaves evidence, under the id that it got then.

    Args:
        task: The write.
        error: Why it is refused.
        denied: What is recorded of the refusal.
        text: What the model reads; by default the refusal in the agent's own words.
    """
    call, before = task["call"], task.get("outdated")
    if not before:
        return answer(call, refuse_call(call, error, text), denied)
    evidence = evidence_of_refusal(before["evidence_id"], call, error, text)
    return answer(call, record_evidence(call, evidence, "error", error_artifact(error)), denied)


def blocked(call: Mapping[str, Any], why: str) -> WriteBlocked:
    """Return the error of a write that must not be sent."""
    return WriteBlocked(why, subject=str(call["name"]))


def denial(tool: Tool[..., Any], error: AzureDevOpsError) -> dict[str, Any] | None:
    """Return what to record when the content of a write is refused; arguments that do not fit are no refusal."""
    return {"tool": tool.name, "reason": error.message} if isinstance(error, WriteBlocked) else None


def elsewhere(toolkit: AzureDevOpsToolkit, call: Mapping[str, Any], destination: str) -> WriteBlocked:
    """Return the error of a write that was prepared for another organization or project."""
    here = destination_of(toolkit)
    return blocked(call, f"Nothing was written: the write was prepared for {destination}; this process is at {here}.")


def _as_json(view: Mapping[str, Any]) -> str:
    """Return a view as text, equal before and after it was stored."""
    return json.dumps(view, sort_keys=True, default=str)


def _wait(task: CallTask) -> Step:
    # After a person has decided, a read has the full time of a call: cut off, it would undo their decision.
    waiting = {name: value for name, value in task.items() if name != "time"}
    return Step({"waiting": {task["call"]["id"]: waiting}})


def _refuse_unasked(task: CallTask, why: str) -> Step:
    """Refuse a write that no person is asked about."""
    call = task["call"]
    return refuse(task, blocked(call, why), {"tool": call["name"], "reason": why})
