"""Whether a tool call may write: what it holds, whether somebody says yes to it, and the record of both."""

import inspect
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager

from pydantic import JsonValue

from langchain_azure_devops.errors import WriteBlocked
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.safety.audit import record_event
from langchain_azure_devops.safety.content_policy import ContentPolicy, current_targets, find_violations
from langchain_azure_devops.safety.grants import Approval, WriteRequest

_SHOWN = 5


def check_content(client: AzureDevOps, tool: str, arguments: Mapping[str, JsonValue]) -> None:
    """Look at every text that a write would send.

    Raises:
        WriteBlocked: It holds what no write may contain; says what to remove.
    """
    settings = client.settings
    policy = ContentPolicy(settings.own_urls, settings.link_hosts, current_targets(), client.known_secrets())
    if found := find_violations(arguments, policy):
        raise _blocked(client, tool, f"because of what it would write: {'; '.join(found[:_SHOWN])}")


def check_policy(client: AzureDevOps, tool: str) -> None:
    """Let nothing write that only reads.

    Raises:
        WriteBlocked: The client only reads.
    """
    if client.read_only or client.writes == "deny":
        raise _blocked(client, tool, "because this client only reads")


async def ask(client: AzureDevOps, request: WriteRequest) -> None:
    """Have a write approved, without blocking.

    Raises:
        WriteBlocked: Nobody said a clear yes to this very request.
    """
    if client.writes == "ask":
        with _answering(client, request):
            answer = _asked(client, request)
            given = await answer if inspect.isawaitable(answer) else answer
        _check(client, request, given)
    else:
        _approved(client, request, "writes='allow'")


def ask_sync(client: AzureDevOps, request: WriteRequest) -> None:
    """Have a write approved, and block until it is; see `ask`."""
    if client.writes == "ask":
        with _answering(client, request):
            answer = _asked(client, request)
            given = client.run_sync(_awaited(answer)) if inspect.isawaitable(answer) else answer
        _check(client, request, given)
    else:
        _approved(client, request, "writes='allow'")


async def _awaited(answer: Awaitable[Approval]) -> Approval:
    return await answer


def _asked(client: AzureDevOps, request: WriteRequest) -> Approval | Awaitable[Approval]:
    if client.approver is None:
        raise WriteBlocked(
            f"{request.tool} was not carried out: nobody is there to approve writes. Give approver=, or writes='allow' "
            "if the caller has its own control.",
            subject=request.tool,
        )
    return client.approver(request)


@contextmanager
def _answering(client: AzureDevOps, request: WriteRequest) -> Iterator[None]:
    """An approver that fails or is not heard in time has not said yes."""
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
    """Anything but a clear yes to this very request is a no."""
    if not isinstance(answer, Approval) or answer.approved is not True:
        reason = answer.reason if isinstance(answer, Approval) else "the approver gave no valid answer"
        why = f"because {reason or 'it was rejected'}. Do not repeat it unchanged"
        raise _blocked(client, request.tool, why, request.digest, _approver(answer))
    if answer.digest != request.digest:
        why = "because the approval was given for other arguments"
        raise _blocked(client, request.tool, why, request.digest, answer.approver)
    _approved(client, request, answer.approver)


def _approver(answer: object) -> str:
    return answer.approver if isinstance(answer, Approval) else "nobody"


def _approved(client: AzureDevOps, request: WriteRequest, approver: str) -> None:
    record_event(client, "approved", tool=request.tool, digest=request.digest, approver=approver)


def _blocked(client: AzureDevOps, tool: str, why: str, digest: str = "", approver: str = "") -> WriteBlocked:
    """The refusal, recorded."""
    record_event(client, "denied", tool=tool, digest=digest or None, approver=approver or None, reason=why)
    return WriteBlocked(f"{tool} was not carried out, {why}.", subject=tool)
