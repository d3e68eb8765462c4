"""Ask a person, or the write plan, about all writes of a turn. Nothing is written here."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langgraph.config import get_config
from langgraph.runtime import get_runtime
from langgraph.types import interrupt

from azure_devops_agents.approvals.answers import (
    Approve,
    Edit,
    Reject,
    Stop,
    answer_schema,
    ask_about,
    read_answer,
)
from azure_devops_agents.approvals.fingerprint import fingerprint
from azure_devops_agents.approvals.shared_database import RecordsUnusable
from azure_devops_agents.approvals.write_journal import Outcome
from azure_devops_agents.investigation.budgets import Meter
from azure_devops_agents.investigation.clearing import clear_known
from azure_devops_agents.investigation.events import WriteDecided, announce
from azure_devops_agents.investigation.outgoing import Outgoing
from azure_devops_agents.investigation.state import (
    CallTask,
    Decision,
    State,
    approval_of,
    as_data,
    as_named,
    free_ids,
    waiting_writes,
)
from azure_devops_agents.investigation.telling import raise_or_tell
from azure_devops_agents.investigation.tool_calls import record_found
from azure_devops_agents.investigation.writes.preparing import PrepareNode, Step, answer, blocked, denial, refuse
from azure_devops_agents.reports.words.citations import cited_by
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.safety import (
    WriteRequest,
    allow_targets,
    find_named_targets,
    record_event,
    record_event_async,
)


def name_signed_in_user() -> str:
    """Name the user whom a LangGraph server has authenticated for this run. The server lets no client set it."""
    server = get_runtime().server_info
    if server is None:
        return "unknown"
    return str(getattr(server.user, "identity", "") or "unknown (this server does not authenticate)")


@dataclass
class ApproveNode:
    """The node that asks about all writes that wait, with what it needs. Nothing of it enters the state."""

    preparing: PrepareNode
    name_approver: Callable[[], str]
    meter: Meter

    @property
    def toolkit(self) -> AzureDevOpsToolkit:
        """The toolkit whose tools write."""
        return self.preparing.toolkit

    def approve(self, state: State) -> dict[str, Any]:
        """Ask about all writes that wait, with one interrupt."""
        if "call" in state:
            return _ask_anew(state)
        steps = self._answer_unasked(state) or self._take_answer(state, *self._ask_person(state))
        for step in steps:
            if step.denied is not None:
                record_event(self.toolkit.client, "denied", **step.denied)
        try:
            for approval in self._list_approvals(steps):
                self.preparing.journal.approve(*approval)
        except RecordsUnusable as error:
            return self._ask_later(steps, error)
        return _join(steps)

    async def aapprove(self, state: State) -> dict[str, Any]:
        """Ask about all writes that wait, with one interrupt, without blocking."""
        if "call" in state:
            return _ask_anew(state)
        # The check of a long text takes seconds, in which a server answers nobody else.
        steps = await asyncio.to_thread(self._answer_unasked, state)
        steps = steps or await asyncio.to_thread(self._take_answer, state, *self._ask_person(state))
        for step in steps:
            if step.denied is not None:
                await record_event_async(self.toolkit.client, "denied", **step.denied)
        try:
            for approval in self._list_approvals(steps):
                await asyncio.to_thread(self.preparing.journal.approve, *approval)
        except RecordsUnusable as error:
            return self._ask_later(steps, error)
        return _join(steps)

    def _answer_unasked(self, state: State) -> list[Step]:
        """Answer the calls whose effect was found, ask the plan about the others, or have changed ones shown again.

        Nothing is returned when a person is to be asked.
        """
        tasks = list(waiting_writes(state).values())
        found = [task for task in tasks if "found" in task]
        if found:
            ids = free_ids(state.get("evidence", {}))
            return [self._answer_found(task, next(ids)) for task in found]
        if self.preparing.plan is not None:
            return [self._ask_plan(task) for task in tasks]
        return [_prepare_again(task) for task in tasks if not self._is_shown(task)]

    def _list_approvals(self, steps: Sequence[Step]) -> list[tuple[str, str, str]]:
        """List the approvals among the steps for the journal, as they are stored: without the secrets known by now."""
        decided = [entry for step in steps for entry in step.update.get("decisions", {}).values()]
        approved = [entry for entry in decided if entry["decision"] == "approve"]
        return [approval_of(clear_known(self.toolkit.client, entry)) for entry in approved]

    def _answer_found(self, task: CallTask, evidence_id: str) -> Step:
        """Answer a call with an equal write that was found meanwhile, so that it is not sent twice."""
        call, given = task["call"], task["found"]
        found = Outcome(given["status"], given["text"], artifact=given.get("artifact"))
        return answer(call, record_found(self.toolkit, evidence_id, call, found))

    def _ask_plan(self, task: CallTask) -> Step:
        """Let the plan decide in place of a person. It is asked in the order of the calls, because it counts."""
        request = self.preparing.request_of(task)
        if isinstance(request, Step) or self.preparing.plan is None:
            return request if isinstance(request, Step) else Step({})
        given = self.preparing.plan(request)
        return self._conclude(task, request, "approve" if given.approved else "reject", given.approver, given.reason)

    def _ask_person(self, state: State) -> tuple[object, str]:
        """Interrupt with the stored views, and return what was answered and by whom."""
        views = [task["view"] for task in waiting_writes(state).values()]
        question = ask_about(views, state.get("problem", ""))
        # The schema is published only: an answer that LangGraph refused would end the run, and nobody would be told.
        return interrupt(question, response_schema=answer_schema(len(views))), self.name_approver()

    def _take_answer(self, state: State, given: object, approver: str) -> list[Step]:
        """Take the answer of a person. One that is none is asked for again."""
        tasks = list(waiting_writes(state).values())
        names = [task["call"]["name"] for task in tasks]
        took = Step({"problem": "", **self.meter.leave_out_idle(state, 0.0)})
        try:
            decisions = read_answer(self.toolkit.client.secrets.redact_value(given), names)
        except ValueError as error:
            return [took, self._ask_again(str(error))]
        known = self.toolkit.connection
        if known is not None and known.error is not None:
            # A later process may reach the organization, and the write still waits there.
            return [took, self._ask_again(known.error.message)]
        if any(isinstance(decision, Stop) for decision in decisions):
            # Nothing of this turn is written, so that an edited call need not be shown again.
            decisions = [Stop(type="stop") if isinstance(each, Edit) else each for each in decisions]
        steps = [took]
        for task, decision in zip(tasks, decisions, strict=True):
            steps.append(self._decide(state, task, decision, approver))
            if _is_taken(task, steps[-1]):
                announce(WriteDecided(task["call"]["id"], task["call"]["name"], decision.type, approver))
        return steps

    def _ask_again(self, problem: str) -> Step:
        """Ask about the same writes once more, and say why."""
        return Step({"problem": Outgoing(self.toolkit.client).text(problem)})

    def _ask_later(self, steps: Sequence[Step], error: RecordsUnusable) -> dict[str, Any]:
        """Ask the person again, because an approval that the journal does not know does not count; say why.

        Raises:
            RecordsUnusable: Outside of a server, or where a plan decides.
        """
        if self.preparing.plan is not None:
            raise error
        took, told = steps[0], raise_or_tell(self.toolkit.client, error)
        return _join([took, self._ask_again(f"{told}.")])

    def _is_shown(self, task: CallTask) -> bool:
        """Return whether the view shows what would be written; a request that is refused by now is not asked about."""
        request = self.preparing.request_of(task)
        if isinstance(request, Step):
            return True
        notice = str(task["view"].get("notice") or "")
        return self.preparing.shows(task, request.warn(notice) if notice else request)

    def _decide(self, state: State, task: CallTask, decision: Approve | Edit | Reject | Stop, approver: str) -> Step:
        """Store the decision of a person about one write. An edited call is shown again before it counts."""
        request = self.preparing.request_of(task)
        if isinstance(request, Step):
            return request
        if notice := str(task["view"].get("notice") or ""):
            request = request.warn(notice)
        if decision.digest not in (None, task["view"].get("digest")):
            return _prepare_again(
                {**task, "problem": "The answer was given for another view. This is the present one."}
            )
        if isinstance(decision, Edit):
            named = cited_by(decision.edited_action.args)
            known = {name: entry for name, entry in state.get("evidence", {}).items() if name in named}
            return self._edit({**task, "evidence": known}, request, decision.edited_action.args)
        reason = "" if isinstance(decision, Approve) else decision.message or ""
        return self._conclude(task, request, decision.type, approver, reason)

    def _conclude(self, task: CallTask, request: WriteRequest, decision: str, approver: str, reason: str) -> Step:
        """Store a decision that is final."""
        before, call = task.get("outdated"), task["call"]
        entry = Decision(
            call=call,
            evidence_id=before["evidence_id"] if before else "",
            decision=decision,
            approver=approver,
            reason=reason,
            digest=request.digest,
            write_id=f"{_position()}:{call['id']}:{request.digest}",
            destination=task["destination"],
            # The model would repeat its own call, not the one that a person edited.
            fingerprint=task["unedited"] or fingerprint(request),
            named=task["named"],
            unedited=task["unedited"],
            state=task.get("state"),
            outdated=before.get("outdated", 0) if before else 0,
        )
        update: dict[str, Any] = {"decisions": {call["id"]: entry}}
        if decision == "approve":
            return Step({**update, "waiting": {call["id"]: None}})
        who = "A person" if self.preparing.plan is None else "The write plan"
        why = f": {reason.rstrip('.')}" if reason else ""
        error = blocked(call, f"{who} said no{why}. Do not ask again for the same.")
        about = {"tool": request.tool, "digest": request.digest, "approver": approver, "reason": reason}
        refused = refuse(task, error, {**about, "decision": decision})
        return Step({**update, **refused.update}, refused.denied)

    def _edit(self, task: CallTask, shown: WriteRequest, arguments: dict[str, Any]) -> Step:
        """Have the edited call shown; an edit that does not fit leaves the call unchanged."""
        tool, call = self.preparing.tool_of(task["call"]), task["call"]
        # Hosts and mentions in an edited call count as named by the person.
        named = as_named(task["named"]) | find_named_targets(json.dumps(arguments, ensure_ascii=False))
        try:
            with allow_targets(named):
                tool.prepare(self.toolkit.client, tool.validate(arguments))
        except AzureDevOpsError as error:
            again = _prepare_again({**task, "problem": f"The edited call does not fit: {error.message}"})
            return Step(again.update, denial(tool, error))
        edited: CallTask = {
            **task,
            "call": {**call, "args": arguments},
            "named": as_data(named),
            "rejected": [],
            "unedited": task["unedited"] or fingerprint(shown),
            "problem": "",
        }
        return _prepare_again(edited)


def _ask_anew(task: Mapping[str, Any]) -> dict[str, Any]:
    """Let a write wait that an earlier version asked about by itself. No answer to that question counts."""
    call, untrusted = task["call"], bool(task.get("untrusted_read", True))
    waiting = CallTask(
        call=call,
        evidence_id="",
        evidence={},
        destination=str(task["destination"]),
        over_budget="",
        rests_on={"evidence": [], "more": {"results": 0, "untrusted": 0}, "untrusted_read": untrusted},
        rejected=list(task["rejected"]),
        refusal="",
        named=dict(task["named"]),
        unedited=str(task["unedited"]),
        problem="An earlier version asked about this write. It is asked about anew.",
    )
    return {"waiting": {call["id"]: waiting}}


def _prepare_again(task: CallTask) -> Step:
    """Let a write wait without a view, so that it is prepared once more."""
    unseen: CallTask = task.copy()
    unseen.pop("view", None)
    unseen.pop("state", None)
    return Step({"waiting": {task["call"]["id"]: unseen}})


def _is_taken(task: CallTask, step: Step) -> bool:
    """Return whether a decision counts: it is stored, or the edited call is shown. Else the person is asked again."""
    identifier = task["call"]["id"]
    again = step.update.get("waiting", {}).get(identifier)
    return identifier in step.update.get("decisions", {}) or (again is not None and not again["problem"])


def _join(steps: Sequence[Step]) -> dict[str, Any]:
    """Join the updates of several writes to one; of two values of another kind the later one counts."""
    whole: dict[str, Any] = {}
    for step in steps:
        for name, value in step.update.items():
            before = whole.get(name)
            if isinstance(before, list):
                whole[name] = [*before, *value]
            else:
                whole[name] = {**before, **value} if isinstance(before, dict) else value
    return whole


def _position() -> str:
    """Return the position of an approval in the thread, the same for all clients that answer it."""
    configurable = get_config()["configurable"]
    return f"{configurable.get('thread_id')}:{configurable.get('checkpoint_ns')}"
