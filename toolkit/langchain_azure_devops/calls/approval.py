"""Decide whether a tool call may write: check the content, ask the approver of the call, record the answer."""

import asyncio
import inspect
import math
import sys
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from pydantic import JsonValue

from langchain_azure_devops.errors import Misconfigured, WriteBlocked
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.safety.allowed_targets import ContentPolicy, current_targets
from langchain_azure_devops.safety.audit import AuditEvent, record_event, record_event_async
from langchain_azure_devops.safety.content_policy import find_violations
from langchain_azure_devops.safety.grants import Approval, Approver, WriteRequest, digest_state, names_somebody

_SHOWN = 5
_EXPECTED = (
    "An approver takes a WriteRequest and returns an Approval: request.approve(by='dana') or request.reject(by='dana')"
)
_approver: ContextVar[Approver | None] = ContextVar("azure_devops_approver")
_UNSET = object()
_stamping = threading.Lock()
_last_use = deque([0.0], maxlen=1)
T = TypeVar("T")


class BegunBefore(Exception):
    """An approver raises this when the answer to a request was used before: the write may have been sent.

    Attributes:
        begun: When it was begun, in seconds since the epoch.
    """

    def __init__(self, begun: float) -> None:
        """Keep the time."""
        super().__init__("The answer to this request was used before.")
        self.begun = begun


@runtime_checkable
class _Remembers(Protocol):
    """An approver that remembers which of its answers were used, also in an earlier run of the same call."""

    def find_begun(self, request: WriteRequest) -> float | Awaitable[float | None] | None:
        """Return when the write was begun, in seconds since the epoch; None when the answer was not used."""
        ...


def stamp_use() -> float:
    """Return the time at which an answer is used, in seconds since the epoch; no other use in this process has it.

    Answers are told apart by this time, also where the clock advances slowly.
    """
    with _stamping:
        _last_use.append(max(time.time(), math.nextafter(_last_use[-1], math.inf)))
        return _last_use[-1]


def refuse_unsent(request: WriteRequest, why: str) -> WriteBlocked:
    """Return the refusal of a write of which nothing was sent; `why` ends with a full stop."""
    return WriteBlocked(f"{request.tool} was not carried out, and nothing was sent: {why}", subject=request.tool)


@contextmanager
def approve_writes_with(approver: Approver | None) -> Iterator[None]:
    """Let an approver answer the write requests of all calls inside a `with` block.

        with approve_writes_with(ask_dana):
            create_work_item.call_sync(client, type="Bug", title="Login fails")

    The approver of a tool comes first: the one that `get_tools` was given, otherwise the one of the toolkit. The
    approver of the innermost block answers for tools without one, and for typed functions. None refuses every write:
    also those of tools with an approver when the innermost block has it.

    A block applies to the current thread or asyncio task and to the tasks that it starts, so that many users can share
    one client. In a generator, do not `yield` inside the block: the caller of the generator would get the approver,
    too.

    Args:
        approver: Answers each write request; None refuses all of them.

    Raises:
        Misconfigured: It is neither callable nor None.
    """
    token = _approver.set(check_approver(approver))
    try:
        yield
    finally:
        _approver.reset(token)


@contextmanager
def use_tool_approver(approver: Approver | None) -> Iterator[None]:
    """Let the approver of a tool answer the write requests of one call; `approve_writes_with` states the rule."""
    with approve_writes_with(None if _approver.get(_UNSET) is None else approver):
        yield


@contextmanager
def use_default_approver(find: Callable[[], Approver | None]) -> Iterator[None]:
    """Let an approver answer the write requests of one call, unless a block has said who answers: also None."""
    if _approver.get(_UNSET) is _UNSET and (approver := find()) is not None:
        with approve_writes_with(approver):
            yield
    else:
        yield


def check_approver(approver: Approver | None) -> Approver | None:
    """Return the approver if it can be one.

    Raises:
        Misconfigured: It is neither callable nor None.
    """
    if approver is not None and not callable(approver):
        raise Misconfigured(
            f"The approver is {type(approver).__name__} {approver!r:.40}. Give a function that takes a WriteRequest "
            "and returns an Approval, or None to refuse every write.",
            subject="approver",
        )
    return approver


def check_content(
    client: AzureDevOps,
    tool: str,
    arguments: Mapping[str, JsonValue],
    is_target: Callable[[str], bool],
    files: Collection[str] = (),
) -> None:
    """Check every text that a write would send.

    Args:
        client: The client that would send it.
        tool: The name of the tool.
        arguments: The arguments of the call.
        is_target: Says which of them tell where the write goes.
        files: Those that hold the contents of files.

    Raises:
        WriteBlocked: A text contains something forbidden; the message says what to remove.
    """
    settings = client.settings
    policy = ContentPolicy(
        settings.own_urls,
        settings.link_hosts,
        current_targets(),
        client.secrets.values(),
        client.secrets.own_tokens(),
    )
    if found := find_violations(arguments, policy, is_target, files):
        raise _refusal(tool, f"because of what it would write: {'; '.join(found[:_SHOWN])}")


def check_policy(client: AzureDevOps, tool: str) -> None:
    """Refuse a write on a client that only reads.

    Raises:
        WriteBlocked: The client only reads.
    """
    if client.read_only or client.writes not in {"ask", "allow"}:
        raise _refusal(tool, "because this client only reads")


def needs_current(client: AzureDevOps) -> bool:
    """Return whether the approver of the call is shown the current values."""
    approver = _approver.get(None)
    return client.writes == "ask" and approver is not None and getattr(approver, "needs_current", True) is not False


async def find_begun(request: WriteRequest) -> float | None:
    """Return when an earlier run of this call began its write, in seconds since the epoch.

    None when the approver of the call does not know of one. This is asked when the present values show that a write is
    impossible: the write itself, done before a restart, may be the reason.
    """
    begun = _look_up_begun(request)
    return await begun if inspect.isawaitable(begun) else begun


def find_begun_sync(request: WriteRequest) -> float | None:
    """Return the same as `find_begun`, and block until the approver knows it."""
    begun = _look_up_begun(request)
    return _run_alone(_wait_for(begun)) if inspect.isawaitable(begun) else begun


def _look_up_begun(request: WriteRequest) -> float | Awaitable[float | None] | None:
    approver: object = _approver.get(None)
    return approver.find_begun(request) if isinstance(approver, _Remembers) else None


async def ask(client: AzureDevOps, request: WriteRequest) -> Approval:
    """Have the approver of the call approve a write, and return the approval.

    Raises:
        WriteBlocked: The approver did not approve this exact request.
    """
    given: object
    try:
        answer = _call_approver(client, request)
        given = await answer if inspect.isawaitable(answer) else answer
    except Exception as error:
        # An approver that fails has not said yes.
        if _is_no_answer(error):
            raise
        given = error
    decision = _judge(request, given)
    await record_event_async(client, decision.event, **decision.details)
    return decision.check()


def ask_sync(client: AzureDevOps, request: WriteRequest) -> Approval:
    """Have the approver of the call approve a write, and block until it has answered; see `ask`.

    An asynchronous approver runs on an event loop of its own: all users of a client share the client's loop.
    """
    given: object
    try:
        answer = _call_approver(client, request)
        given = _run_alone(_wait_for(answer)) if inspect.isawaitable(answer) else answer
    except Exception as error:
        # An approver that fails has not said yes.
        if _is_no_answer(error):
            raise
        given = error
    decision = _judge(request, given)
    record_event(client, decision.event, **decision.details)
    return decision.check()


def _is_no_answer(error: Exception) -> bool:
    """Return whether an approver neither failed nor answered: a paused run, or a request that was answered before.

    The answer to a pause may have the wrong form; LangGraph then lets the caller answer again.
    """
    # A process that runs a graph has imported LangGraph. The tools do not depend on it.
    langgraph = sys.modules.get("langgraph.errors")
    if langgraph is not None and isinstance(error, langgraph.GraphBubbleUp):
        return True
    is_invalid_resume = getattr(langgraph, "is_invalid_resume", None)
    return isinstance(error, BegunBefore) or (is_invalid_resume is not None and bool(is_invalid_resume(error)))


def _run_alone(work: Coroutine[object, object, T]) -> T:
    """Run a coroutine on a new event loop: in this thread, or in another one where this thread already runs a loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, asyncio.run, work).result()


async def _wait_for(answer: Awaitable[T]) -> T:
    return await answer


def _call_approver(client: AzureDevOps, request: WriteRequest) -> Approval | Awaitable[Approval]:
    if client.writes == "allow":
        if request.notice:
            raise WriteBlocked(
                f"{request.tool} was not carried out, and nothing was sent. {request.notice} Nobody can be asked, "
                "because the client has writes='allow'. When a person has looked and wants it again, use an approver "
                "or a new process.",
                subject=request.tool,
            )
        return Approval(True, request.digest, "writes='allow'")
    approver = _approver.get(None)
    if approver is None:
        raise WriteBlocked(
            f"{request.tool} was not carried out: no approver was given for this call. Use the tools of "
            "toolkit.get_tools(approver=...), or call it inside 'with approve_writes_with(approver)'. Where "
            "LangChain's HumanInTheLoopMiddleware asks, the approver is toolkit.middleware_approver. Give "
            "writes='allow' only if the caller has its own control.",
            subject=request.tool,
        )
    return approver(request)


@dataclass(frozen=True)
class _Decision:
    """The audit event for an answer, and the approval or the error."""

    event: AuditEvent
    details: Mapping[str, JsonValue]
    outcome: Approval | WriteBlocked
    cause: Exception | None = None

    def check(self) -> Approval:
        if isinstance(self.outcome, WriteBlocked):
            raise self.outcome from self.cause
        return self.outcome


def _judge(request: WriteRequest, answer: object) -> _Decision:
    """Refuse the write unless the answer approves this exact request."""
    about: dict[str, JsonValue] = {"tool": request.tool, "digest": request.digest}
    if isinstance(answer, WriteBlocked):
        return _Decision("denied", {**about, "reason": answer.message}, answer)
    if isinstance(answer, Exception):
        why = f"because asking for approval failed: the approver raised {type(answer).__name__}. {_EXPECTED}"
        return _Decision("denied", {**about, "reason": why}, _refusal(request.tool, why), answer)
    if not isinstance(answer, Approval) or answer.approved is not True:
        reason = (
            answer.reason if isinstance(answer, Approval) else f"the approver returned {_name(answer)}. {_EXPECTED}"
        )
        why = f"because {reason or 'it was rejected'}. Do not repeat it unchanged"
        name = answer.approver if isinstance(answer, Approval) and names_somebody(answer.approver) else "nobody"
    elif not names_somebody(answer.approver):
        why, name = "because the approval does not name who gave it", "nobody"
    elif answer.digest != request.digest:
        what = "other arguments" if request.current is None else "other arguments or another state"
        why, name = f"because the approval was given for {what}", answer.approver
    elif answer.state is not None and not _may_be_state_of(request, answer.state):
        why, name = "because the approval was given for another state", answer.approver
    else:
        state: dict[str, JsonValue] = {} if answer.state is None else {"state": digest_state(answer.state)}
        return _Decision("approved", {**about, "approver": answer.approver, **state}, answer)
    return _Decision("denied", {**about, "approver": name, "reason": why}, _refusal(request.tool, why))


def _name(answer: object) -> str:
    """Return an answer that is no approval in words, without its contents."""
    return (
        str(answer) if answer is None or isinstance(answer, bool) else f"an object of the class {type(answer).__name__}"
    )


def _may_be_state_of(request: WriteRequest, state: object) -> bool:
    """Return whether values are those of the request, or can be compared later if the request carries none."""
    return isinstance(state, Mapping) and request.current in (None, state)


def _refusal(tool: str, why: str) -> WriteBlocked:
    return WriteBlocked(f"{tool} was not carried out, {why}.", subject=tool)
