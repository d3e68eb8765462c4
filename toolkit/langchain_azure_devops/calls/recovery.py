"""Find out what became of a write whose answer was lost. The write is never sent again.

Each tool that writes declares a function that finds its effect. This module decides since when to look, how often, and
which error the outcome becomes. An effect that is not found proves nothing: it may come late, and indexes lag.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar, cast

import httpx

from langchain_azure_devops.errors import AzureDevOpsError, WriteNotDone, WriteOutcomeUnknown
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Identity
from langchain_azure_devops.results.models import Page, Result
from langchain_azure_devops.safety.grants import ToolCall, current_call

R = TypeVar("R", bound=Result | Page[Any])

FOUND = (
    "The answer to this write was lost. It was looked up and found as asked, so it counts as done; it was not sent "
    "again. This is what was found."
)
_TOLERANCE = timedelta(seconds=5)


@dataclass(frozen=True)
class PendingWrite:
    """A write that was begun and whose outcome is not known.

    Attributes:
        tool: The tool's plain name.
        arguments: The arguments that the function of the tool received.
        begun: The start by the monotonic clock; it may lie before the start of this process.
        accepted: Whether the service answered that it accepted the write.
    """

    tool: str
    arguments: Mapping[str, Any]
    begun: float
    accepted: bool = False

    @classmethod
    def from_earlier_process(cls, tool: str, arguments: Mapping[str, Any], begun: float) -> "PendingWrite":
        """Describe a write that an earlier process began, at a time in seconds since the epoch."""
        elapsed = max(0.0, time.time() - begun)
        return cls(tool, arguments, time.monotonic() - elapsed)

    def since(self, client: AzureDevOps, response: httpx.Response) -> datetime:
        """Return when the write began by the service's clock, a little earlier to be safe.

        The time is counted back from the date of an answer, because the clock of this machine may be wrong.
        """
        now = _date_of(response) or client.context.clock()
        return now - timedelta(seconds=time.monotonic() - self.begun) - _TOLERANCE


@dataclass(frozen=True)
class Missing:
    """An effect that was not found. This does not prove that the write was not done.

    Attributes:
        looked_for: The effect and its place, such as "a comment with this text on work item 4".
        next_step: The next step for a person, as a sentence without its full stop.
    """

    looked_for: str
    next_step: str


_SOMETHING = Missing("its effect", "Look at what it would have changed")

Recovery = Callable[[AzureDevOps, PendingWrite], Awaitable[R | Missing | None]]
"""Finds what a write made: the result that the tool would have returned; `Missing` or None when it is not there.

It raises WriteOutcomeUnknown when what it finds proves neither that the write happened nor that it did not, and
WriteNotDone only when what it finds proves that the service refused the write: absence never does.
"""


async def settle_write(client: AzureDevOps, recover: Recovery[R], pending: PendingWrite, why: str) -> R:
    """Find out what became of a write by reading; runs on the client's loop and cannot write.

    Raises:
        WriteNotDone: The search proves that the service refused the write.
        WriteOutcomeUnknown: The outcome is not known; the message says why.
    """
    timeouts = client.context.timeouts
    missing = _SOMETHING
    token = current_call.set(ToolCall(pending.tool, (), deadline=time.monotonic() + timeouts.recovery))
    try:
        for pause in timeouts.recovery_pauses:
            await asyncio.sleep(pause)
            found = await recover(client, pending)
            if isinstance(found, Missing):
                missing = found
            elif found is not None:
                return _add_note(found)
    except WriteNotDone as refused:
        if pending.accepted:
            raise WriteOutcomeUnknown(
                f"{why} The service accepted the write, but {refused.message}. Look at it before you go on.",
                subject=pending.tool,
            ) from refused
        raise WriteNotDone(
            f"{why} It was not done: {refused.message}. You may ask for it again.", subject=pending.tool
        ) from refused
    except WriteOutcomeUnknown as open_question:
        raise WriteOutcomeUnknown(
            f"{why} It was looked up: {open_question.message}", subject=pending.tool
        ) from open_question
    except AzureDevOpsError as failed:
        raise WriteOutcomeUnknown(
            f"{why} It could not be looked up, either: {failed.message}", subject=pending.tool
        ) from failed
    finally:
        current_call.reset(token)
    times, seconds = len(timeouts.recovery_pauses), sum(timeouts.recovery_pauses)
    raise WriteOutcomeUnknown(
        f"{why}{' The service accepted the write.' if pending.accepted else ''} It was not sent again. "
        f"{times} look-ups within {seconds:.0f} s did not find {missing.looked_for}. That does not prove that it was "
        "not done: the service may still be working on it, or its index may lag behind. "
        f"{missing.next_step} in some minutes, before you ask for it again.",
        subject=pending.tool,
    )


async def fetch_account(client: AzureDevOps) -> Identity:
    """Return the owner of the token. A lost write must have been made by this person.

    Raises:
        WriteOutcomeUnknown: The owner is not known.
    """
    if (person := await client.identity()) is None:
        raise unknown_outcome("it is not known who this token belongs to")
    return person


def _date_of(response: httpx.Response) -> datetime | None:
    try:
        told = parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, OverflowError):
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def unknown_outcome(reason: str) -> WriteOutcomeUnknown:
    """Return the error for findings that prove neither outcome."""
    return WriteOutcomeUnknown(f"{reason}, so it is not known whether this write was done. Look at it before going on.")


def _add_note(found: R) -> R:
    notes = [FOUND, *getattr(found, "notes", [])]
    return cast("R", found.model_copy(update={"notes": notes}))
