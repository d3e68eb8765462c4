"""An approver for LangGraph: it pauses the graph until a person has decided, in the standard human-in-the-loop shape.

A node runs again from its start when its graph is resumed, and LangGraph hands the answers of a task to its calls in
the order in which they ask. Therefore a task asks about one write only, and takes the answer of it again each time it
runs, so that no later question of the task gets it. An answer counts only for the question that the checkpoint holds,
and the checkpoint remembers that it was used before the write is sent.
"""

import asyncio
import threading
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from typing_extensions import TypedDict

from langchain_azure_devops.adapters.langchain import running_call
from langchain_azure_devops.calls.approval import BegunBefore, refuse_unsent, stamp_use
from langchain_azure_devops.errors import WriteBlocked
from langchain_azure_devops.extras import naming_extras
from langchain_azure_devops.safety.grants import Approval, WriteRequest, digest_call
from langchain_azure_devops.safety.write_view import describe_write, view_write

with naming_extras():
    from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
    from langgraph.checkpoint.serde.types import INTERRUPT
    from langgraph.config import get_config
    from langgraph.runtime import get_runtime
    from langgraph.types import interrupt

VIEW = "azure_devops"
"""The key of an interrupt's value that holds our view of the write: `view_write`, and the id of the tool call."""
DECISIONS = ("approve", "reject")
_USED = "azure_devops_used"
_CHECKPOINTER = "__pregel_checkpointer"
_MOST_USED = 10_000
_ASK_AGAIN = "Ask for this write again in a later step, alone."
_EXPECTED = (
    'The answer must be {"decisions": [{"type": "approve"}]} or {"decisions": [{"type": "reject", "message": "..."}]}, '
    "or one such decision alone."
)


@dataclass(frozen=True)
class _Task:
    """The task of the graph that makes the call.

    Attributes:
        id: Its id; it stays the same when the task runs again.
        place: Identifies the checkpoint that the task started from.
        saver: Holds the checkpoint, the question that was shown, and the marks of answers that were used.
        user: Who is signed in at the server that runs the graph; empty when that is not known.
    """

    id: str
    place: RunnableConfig
    saver: BaseCheckpointSaver[Any]
    user: str

    def mark_of(self, request: WriteRequest) -> str:
        """Return the id under which the checkpoint remembers that the answer to a request was used.

        The present values are no part of it: the write itself changes them.
        """
        call = _identify(request)
        about = (self.id, call["tool_call_id"], call["organization"], call["call"])
        return str(uuid.uuid5(uuid.NAMESPACE_OID, repr(about)))


class _Use(TypedDict):
    """What the checkpoint remembers of an answer; the first entry counts, and a second one says that nothing was sent.

    Attributes:
        begun: When the write was begun, in seconds since the epoch; None when nothing was sent.
        by: Who used the answer: one call of one process.
    """

    begun: float | None
    by: str


@dataclass(frozen=True)
class _Past:
    """What the checkpoint holds about the question of a task.

    Attributes:
        asked: Whether the task has asked about anything.
        digest: The digest of the write that was shown; empty when the question is not about this call.
        uses: The uses of the answer to this call.
    """

    asked: bool
    digest: str
    uses: Sequence[_Use]

    @classmethod
    def of(cls, task: _Task, request: WriteRequest, found: CheckpointTuple | None) -> "_Past":
        """Read it from a checkpoint."""
        writes, mark = [] if found is None else found.pending_writes or [], task.mark_of(request)
        uses = [value for writer, channel, value in writes if (writer, channel) == (mark, _USED)]
        asked = [one for writer, channel, value in writes if (writer, channel) == (task.id, INTERRUPT) for one in value]
        shown = getattr(asked[-1], "value", None) if asked else None
        view = shown.get(VIEW) if isinstance(shown, Mapping) else None
        digest = (
            view.get("digest") if isinstance(view, Mapping) and _identify(request).items() <= view.items() else None
        )
        return cls(bool(asked), digest if isinstance(digest, str) else "", uses)

    @property
    def begun(self) -> float | None:
        """When the write was begun; None when nothing was sent."""
        return self.uses[-1]["begun"] if self.uses else None


class InterruptApprover:
    """Asks about each write by LangGraph's `interrupt` and accepts only a person's answer to exactly this question.

    The value of the interrupt has the keys `action_requests` and `review_configs`, as those of LangChain's
    human-in-the-loop middleware, and our view of the write under `azure_devops`. Resume the graph with
    `Command(resume={"decisions": [{"type": "approve"}]})`. Every other answer refuses the write and tells the model
    why. `edit` refuses it, too, and tells the model the arguments that the person wants: the model asks with them, and
    the person sees what is then written.

    The graph needs a checkpointer. Of several writes in one task, as in a `ToolNode` that is a node of its own, one is
    asked; the model is told to ask for the others afterwards.
    """

    def __init__(self) -> None:
        """Begin without any answer."""
        self._used: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, request: WriteRequest) -> Approval | Awaitable[Approval]:
        """Pause the graph, or return the decision of the person.

        Raises:
            WriteBlocked: Nobody can be asked, or the answer is not about exactly this write.
            BegunBefore: The answer was used before, so the write may have been sent.
        """
        task = _find_task(request)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._ask(task, request)
        return self._ask_async(task, request)

    def find_begun(self, request: WriteRequest) -> float | Awaitable[float | None] | None:
        """Return when an earlier run of the task began this write; None when no answer to it was used."""
        try:
            task = _find_task(request)
        except WriteBlocked:
            return None
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._recall(task, request, task.saver.get_tuple(task.place))
        return self._find_begun_async(task, request)

    async def _find_begun_async(self, task: _Task, request: WriteRequest) -> float | None:
        try:
            found = await task.saver.aget_tuple(task.place)
        except NotImplementedError:
            found = await asyncio.to_thread(task.saver.get_tuple, task.place)
        return self._recall(task, request, found)

    def _recall(self, task: _Task, request: WriteRequest, found: CheckpointTuple | None) -> float | None:
        with self._lock:
            used = self._used.get(task.mark_of(request))
        return _Past.of(task, request, found).begun or used

    def _ask(self, task: _Task, request: WriteRequest) -> Approval:
        outcome, use = self._decide(task, request, task.saver.get_tuple(task.place))
        task.saver.put_writes(task.place, use, task.mark_of(request))
        if isinstance(outcome, Approval) and outcome.approved:
            _check_first(task, request, use, task.saver.get_tuple(task.place))
        return _conclude(outcome)

    async def _ask_async(self, task: _Task, request: WriteRequest) -> Approval:
        try:
            found = await task.saver.aget_tuple(task.place)
        except NotImplementedError:
            # A blocking call inside a running loop: the saver of a graph that runs without one.
            return await asyncio.to_thread(self._ask, task, request)
        outcome, use = self._decide(task, request, found)
        await task.saver.aput_writes(task.place, use, task.mark_of(request))
        if isinstance(outcome, Approval) and outcome.approved:
            _check_first(task, request, use, await task.saver.aget_tuple(task.place))
        return _conclude(outcome)

    def _decide(
        self, task: _Task, request: WriteRequest, found: CheckpointTuple | None
    ) -> tuple[Approval | WriteBlocked, Sequence[tuple[str, Any]]]:
        """Pause the graph, or return the outcome and what the checkpoint has to remember of it.

        Raises:
            BegunBefore: The answer was used before.
            WriteBlocked: This task asks about something else.
        """
        past, mark = _Past.of(task, request, found), task.mark_of(request)
        nothing_sent = (_USED, _Use(begun=None, by=""))
        if request.again:
            with self._lock:
                self._used.pop(mark, None)
            return _refuse_outdated(request), [nothing_sent, nothing_sent]
        if past.asked and not past.digest and not past.uses:
            raise refuse_unsent(request, f"the same step asked a person about something else. {_ASK_AGAIN}")
        # The first run of the task ends here. If it does not, the answer was given to another question.
        answer = interrupt(_make_question(request))
        if past.begun is not None:
            raise BegunBefore(past.begun)
        outcome = _read_answer(task, request, answer)
        if isinstance(outcome, Approval) and outcome.approved:
            if not past.asked:
                outcome = refuse_unsent(request, f"an answer came before the question was shown. {_ASK_AGAIN}")
            elif past.uses or past.digest != request.digest:
                outcome = _refuse_outdated(request)
            else:
                outcome = replace(outcome, begun=self._use(mark))
                return outcome, [(_USED, _Use(begun=outcome.begun, by=str(uuid.uuid4())))]
        return outcome, [nothing_sent]

    def _use(self, mark: str) -> float:
        """Use an answer in this process, which is possible once, and return the time."""
        with self._lock:
            if (begun := self._used.get(mark)) is not None:
                raise BegunBefore(begun)
            self._used[mark] = now = stamp_use()
            while len(self._used) > _MOST_USED:
                self._used.popitem(last=False)
        return now


interrupt_approver = InterruptApprover()


def _find_task(request: WriteRequest) -> _Task:
    """Find the task that makes the call.

    Raises:
        WriteBlocked: There is none, or its graph stores nothing.
    """
    try:
        configurable, runtime = get_config()["configurable"], get_runtime()
    except (RuntimeError, KeyError):
        configurable, runtime = {}, None
    if runtime is None:
        raise refuse_unsent(
            request,
            "interrupt_approver pauses a graph of LangGraph, and this call was not made inside of one. Use another "
            "approver for calls outside of a graph.",
        )
    saver, info = configurable.get(_CHECKPOINTER), runtime.execution_info
    if not isinstance(saver, BaseCheckpointSaver) or info is None or info.thread_id is None:
        raise refuse_unsent(
            request,
            "the graph has no checkpointer, so nobody can be asked: an interrupt would be lost. Give it one, as in "
            "create_agent(..., checkpointer=InMemorySaver()), and a thread_id in each call.",
        )
    place: RunnableConfig = {
        "configurable": {
            "thread_id": info.thread_id,
            "checkpoint_ns": info.checkpoint_ns.rpartition("|")[0],
            "checkpoint_id": info.checkpoint_id,
        }
    }
    user = getattr(getattr(runtime.server_info, "user", None), "identity", "")
    return _Task(info.task_id, place, saver, str(user))


def _make_question(request: WriteRequest) -> dict[str, Any]:
    """Return the value of the interrupt."""
    call = running_call()
    name = call.name or request.tool
    action = {"name": name, "args": dict(request.arguments), "description": describe_write(request)}
    return {
        "action_requests": [action],
        "review_configs": [{"action_name": name, "allowed_decisions": list(DECISIONS)}],
        VIEW: {**view_write(request), **_identify(request)},
    }


def _identify(request: WriteRequest) -> dict[str, str | None]:
    """Return what tells a call from every other one, whatever the present values are."""
    call = digest_call(request.tool, request.arguments)
    return {"organization": request.organization, "tool_call_id": running_call().id, "call": call}


def _check_first(
    task: _Task, request: WriteRequest, use: Sequence[tuple[str, Any]], found: CheckpointTuple | None
) -> None:
    """Check that the checkpoint holds this use of the answer: of all processes that use it, one comes first.

    Raises:
        BegunBefore: Another process came first.
        WriteBlocked: The checkpoint does not hold it, or an answer that was no approval came first.
    """
    uses = _Past.of(task, request, found).uses
    if not uses:
        raise refuse_unsent(
            request, "the checkpointer does not keep that the answer is used, so it could be used again."
        )
    if (begun := uses[0]["begun"]) is None:
        raise refuse_unsent(request, f"another answer came first, and it was no approval. {_ASK_AGAIN}")
    if uses[0] != use[0][1]:
        raise BegunBefore(begun)


def _conclude(outcome: Approval | WriteBlocked) -> Approval:
    if isinstance(outcome, WriteBlocked):
        raise outcome
    return outcome


def _read_answer(task: _Task, request: WriteRequest, answer: object) -> Approval | WriteBlocked:
    """Read the answer of a person; whatever is not clearly an approval refuses the write."""
    decision = answer
    if isinstance(answer, Mapping) and "decisions" in answer:
        decisions = answer["decisions"]
        if not isinstance(decisions, list) or len(decisions) != 1:
            return refuse_unsent(
                request, f"the answer does not hold exactly one decision. {_EXPECTED} You may ask again."
            )
        decision = decisions[0]
    kind = decision.get("type") if isinstance(decision, Mapping) else None
    if kind == "approve":
        return Approval(True, request.digest, task.user or "the person who resumed the graph")
    if kind == "reject":
        message = cast("Mapping[str, object]", decision).get("message")
        reason = f"a person rejected it: {message}" if isinstance(message, str) and message else ""
        return Approval(False, request.digest, task.user or "the person who resumed the graph", reason)
    if kind == "edit":
        wanted = cast("Mapping[str, object]", decision).get("edited_action")
        return refuse_unsent(
            request,
            f"a person wants other arguments: {wanted!r}. Ask for the write with exactly these, so that they can "
            "approve it.",
        )
    return refuse_unsent(request, f"the answer {kind!r} is no decision about a write. {_EXPECTED} You may ask again.")


def _refuse_outdated(request: WriteRequest) -> WriteBlocked:
    more = f" {request.notice}" if request.notice else ""
    return refuse_unsent(
        request,
        f"what the person was shown is no longer true, or holds a secret that cannot be compared after a restart."
        f"{more} {_ASK_AGAIN}",
    )
