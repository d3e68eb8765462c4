"""An approver for LangGraph: it pauses the graph until a person has decided, in the standard human-in-the-loop shape.

A node runs again from its start when its graph is resumed, and LangGraph hands the answers of a task to its calls in
the order in which they ask. Therefore a task asks about one write only, an answer counts only for the question that the
checkpoint holds, and the checkpoint remembers that an answer was used before the write is sent.
"""

import asyncio
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.serde.types import INTERRUPT
from langgraph.config import get_config
from langgraph.runtime import get_runtime
from langgraph.types import interrupt

from langchain_azure_devops.adapters.langchain import running_call
from langchain_azure_devops.calls.approval import BegunBefore
from langchain_azure_devops.errors import WriteBlocked
from langchain_azure_devops.safety.grants import Approval, WriteRequest
from langchain_azure_devops.safety.write_view import describe_write, view_write

VIEW = "azure_devops"
"""The key of an interrupt's value that holds our view of the write: `view_write`, and the id of the tool call."""
DECISIONS = ("approve", "reject")
_BEGUN = "azure_devops_begun"
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
        """Return the id under which the checkpoint remembers that the answer to a request was used."""
        about = (self.id, running_call().id, request.organization, request.digest)
        return str(uuid.uuid5(uuid.NAMESPACE_OID, repr(about)))


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

    def _ask(self, task: _Task, request: WriteRequest) -> Approval:
        _check_question(task, request, task.saver.get_tuple(task.place))
        approval = _read_answer(task, request, interrupt(_make_question(request)))
        if approval.approved:
            task.saver.put_writes(task.place, self._use(task, request), task.mark_of(request))
        return approval

    async def _ask_async(self, task: _Task, request: WriteRequest) -> Approval:
        try:
            found = await task.saver.aget_tuple(task.place)
        except NotImplementedError:
            # A blocking call inside a running loop: the saver of a graph that runs without one.
            return await asyncio.to_thread(self._ask, task, request)
        _check_question(task, request, found)
        approval = _read_answer(task, request, interrupt(_make_question(request)))
        if approval.approved:
            await task.saver.aput_writes(task.place, self._use(task, request), task.mark_of(request))
        return approval

    def _use(self, task: _Task, request: WriteRequest) -> Sequence[tuple[str, Any]]:
        """Use an answer, which is possible once, and return what the checkpoint has to remember of it."""
        mark, now = task.mark_of(request), time.time()
        with self._lock:
            if (begun := self._used.get(mark)) is not None:
                raise BegunBefore(begun)
            self._used[mark] = now
            while len(self._used) > _MOST_USED:
                self._used.popitem(last=False)
        return [(_BEGUN, now)]


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
        raise _refuse(
            request,
            "interrupt_approver pauses a graph of LangGraph, and this call was not made inside of one. Use another "
            "approver for calls outside of a graph.",
        )
    saver, info = configurable.get(_CHECKPOINTER), runtime.execution_info
    if not isinstance(saver, BaseCheckpointSaver) or info is None or info.thread_id is None:
        raise _refuse(
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
        VIEW: {**view_write(request), "tool_call_id": call.id},
    }


def _check_question(task: _Task, request: WriteRequest, found: CheckpointTuple | None) -> None:
    """Check that this task may ask about a request: nothing was asked in it, or exactly this request was.

    Raises:
        BegunBefore: The answer was used in an earlier run of the task.
        WriteBlocked: The question of this task is another one.
    """
    writes = [] if found is None else found.pending_writes or []
    mark = task.mark_of(request)
    for writer, channel, value in writes:
        if writer == mark and channel == _BEGUN:
            raise BegunBefore(float(value))
    asked = [each for writer, channel, value in writes if (writer, channel) == (task.id, INTERRUPT) for each in value]
    if not asked:
        # The interrupt pauses the graph now. If it returned, the answer would be one to another question.
        interrupt(_make_question(request))
        raise _refuse(request, f"an answer came before the question was shown. {_ASK_AGAIN}")
    shown = getattr(asked[-1], "value", None)
    view = shown.get(VIEW) if isinstance(shown, Mapping) else None
    mine = (request.tool, request.organization, running_call().id)
    if not isinstance(view, Mapping) or (view.get("tool"), view.get("organization"), view.get("tool_call_id")) != mine:
        raise _refuse(request, f"the same step asked a person about something else. {_ASK_AGAIN}")
    if view.get("digest") != request.digest:
        more = f" {request.notice}" if request.notice else ""
        raise _refuse(
            request,
            f"what the person was shown is no longer true, or holds a secret that cannot be compared after a restart."
            f"{more} {_ASK_AGAIN}",
        )


def _read_answer(task: _Task, request: WriteRequest, answer: object) -> Approval:
    """Read the answer of a person; whatever is not clearly an approval refuses the write.

    Raises:
        WriteBlocked: It is neither an approval nor a rejection.
    """
    decision = answer
    if isinstance(answer, Mapping) and "decisions" in answer:
        decisions = answer["decisions"]
        if not isinstance(decisions, list) or len(decisions) != 1:
            raise _refuse(request, f"the answer does not hold exactly one decision. {_EXPECTED} You may ask again.")
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
        raise _refuse(
            request,
            f"a person wants other arguments: {wanted!r}. Ask for the write with exactly these, so that they can "
            "approve it.",
        )
    raise _refuse(request, f"the answer {kind!r} is no decision about a write. {_EXPECTED} You may ask again.")


def _refuse(request: WriteRequest, why: str) -> WriteBlocked:
    return WriteBlocked(f"{request.tool} was not carried out, and nothing was sent: {why}", subject=request.tool)
