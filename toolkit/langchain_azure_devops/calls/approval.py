"""Decide whether a tool call may write: check the content, ask the approver of the call, record the answer."""

import inspect
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from pydantic import JsonValue

from langchain_azure_devops.errors import Misconfigured, WriteBlocked
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.safety.audit import record_event
from langchain_azure_devops.safety.content_policy import ContentPolicy, current_targets, find_violations
from langchain_azure_devops.safety.grants import Approval, Approver, WriteRequest

_SHOWN = 5
_approver: ContextVar[Approver | None] = ContextVar("azure_devops_approver")
_UNSET = object()


@contextmanager
def approve_writes_with(approver: Approver | None) -> Iterator[None]:
    """Let an approver answer the write requests of all calls inside a `with` block.

        with approve_writes_with(ask_dana):
            create_work_item.call_sync(client, type="Bug", title="Login fails")

    The approver applies to the current thread or asyncio task and to the tasks that it starts, so that many users can
    share one client. Inside another block, the inner one applies. In a generator, do not `yield` inside the block: the
    caller of the generator would get the approver, too.

    Args:
        approver: Answers each write request; None refuses all of them.

    Raises:
        Misconfigured: It is neither callable nor None.
    """
    token = _approver.set(checked_approver(approver))
    try:
        yield
    finally:
        _approver.reset(token)


@contextmanager
def default_approver(approver: Approver | None) -> Iterator[None]:
    """Let an approver answer the calls inside a `with` block unless `approve_writes_with` has set one."""
    if approver is None or _approver.get(_UNSET) is not _UNSET:
        yield
        return
    with approve_writes_with(approver):
        yield


def checked_approver(approver: Approver | None) -> Approver | None:
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


def check_content(client: AzureDevOps, tool: str, arguments: Mapping[str, JsonValue]) -> None:
    """Check every text that a write would send.

    Raises:
        WriteBlocked: A text holds what no write may contain; the message says what to remove.
    """
    settings = client.settings
    policy = ContentPolicy(settings.own_urls, settings.link_hosts, current_targets(), client.known_secrets())
    if found := find_violations(arguments, policy):
        raise _blocked(client, tool, f"because of what it would write: {'; '.join(found[:_SHOWN])}")


def check_policy(client: AzureDevOps, tool: str) -> None:
    """Refuse a write on a client that only reads.

    Raises:
        WriteBlocked: The client only reads.
    """
    if client.read_only or client.writes not in {"ask", "allow"}:
        raise _blocked(client, tool, "because this client only reads")


async def ask(client: AzureDevOps, request: WriteRequest) -> None:
    """Have the approver of the call approve a write.

    Raises:
        WriteBlocked: Nobody said a clear yes to this very request.
    """
    if client.writes == "allow":
        _record_yes(client, request, "writes='allow'")
        return
    with _failure_means_no(client, request):
        answer = _asked(request)
        given = await answer if inspect.isawaitable(answer) else answer
    _check(client, request, given)


def ask_sync(client: AzureDevOps, request: WriteRequest) -> None:
    """Have the approver of the call approve a write, and block until it has answered; see `ask`."""
    if client.writes == "allow":
        _record_yes(client, request, "writes='allow'")
        return
    with _failure_means_no(client, request):
        answer = _asked(request)
        given = client.run_sync(_awaited(answer)) if inspect.isawaitable(answer) else answer
    _check(client, request, given)


async def _awaited(answer: Awaitable[Approval]) -> Approval:
    return await answer


def _asked(request: WriteRequest) -> Approval | Awaitable[Approval]:
    approver = _approver.get(None)
    if approver is None:
        raise WriteBlocked(
            f"{request.tool} was not carried out: no approver was given for this call. Use the tools of "
            "toolkit.get_tools(approver=...), or call it inside 'with approve_writes_with(approver)'. Give "
            "writes='allow' only if the caller has its own control.",
            subject=request.tool,
        )
    return approver(request)


@contextmanager
def _failure_means_no(client: AzureDevOps, request: WriteRequest) -> Iterator[None]:
    """Refuse the write when the approver fails or does not answer in time."""
    try:
        yield
    except WriteBlocked as error:
        record_event(client, "denied", tool=request.tool, digest=request.digest, reason=error.message)
        raise
    except Exception as error:
        raise _blocked(
            client, request.tool, f"because asking for approval failed ({type(error).__name__})", request.digest
        ) from error


def _check(client: AzureDevOps, request: WriteRequest, answer: object) -> None:
    """Refuse the write unless the answer is a clear yes to this very request."""
    if not isinstance(answer, Approval) or answer.approved is not True:
        reason = answer.reason if isinstance(answer, Approval) else "the approver gave no valid answer"
        why = f"because {reason or 'it was rejected'}. Do not repeat it unchanged"
        raise _blocked(client, request.tool, why, request.digest, _name_in(answer))
    if answer.digest != request.digest:
        why = "because the approval was given for other arguments"
        raise _blocked(client, request.tool, why, request.digest, answer.approver)
    _record_yes(client, request, answer.approver)


def _name_in(answer: object) -> str:
    return answer.approver if isinstance(answer, Approval) else "nobody"


def _record_yes(client: AzureDevOps, request: WriteRequest, approver: str) -> None:
    record_event(client, "approved", tool=request.tool, digest=request.digest, approver=approver)


def _blocked(client: AzureDevOps, tool: str, why: str, digest: str = "", approver: str = "") -> WriteBlocked:
    """Record a refusal and return its error."""
    record_event(client, "denied", tool=tool, digest=digest or None, approver=approver or None, reason=why)
    return WriteBlocked(f"{tool} was not carried out, {why}.", subject=tool)
