"""Find out what became of a write whose answer was lost. The write is never sent again.

Each tool that writes declares a function that finds its effect. This module decides since when to look, how often, and
which error the outcome becomes.
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
_SETTLED_AFTER = 120.0


@dataclass(frozen=True)
class PendingWrite:
    """A write that was begun and whose outcome is not known.

    Attributes:
        tool: The tool's plain name.
        arguments: What the tool was called with, as its function gets it.
        begun: When, by the monotonic clock; before this process if need be.
        may_follow: The service may still be working on it.
    """

    tool: str
    arguments: Mapping[str, Any]
    begun: float
    may_follow: bool = False

    @classmethod
    def earlier(cls, tool: str, arguments: Mapping[str, Any], begun: float) -> "PendingWrite":
        """Describe a write that an earlier process began, at a time in seconds since the epoch."""
        elapsed = max(0.0, time.time() - begun)
        return cls(tool, arguments, time.monotonic() - elapsed, may_follow=elapsed < _SETTLED_AFTER)

    def since(self, client: AzureDevOps, response: httpx.Response) -> datetime:
        """Return when the write began by the service's clock, a little earlier to be safe.

        Counted back from the time of an answer: the clock of this machine may be wrong.
        """
        now = _date_of(response) or client.context.clock()
        return now - timedelta(seconds=time.monotonic() - self.begun) - _TOLERANCE


Recovery = Callable[[AzureDevOps, PendingWrite], Awaitable[R | None]]
"""Finds what a write made: the result that the tool would have returned; None when it is not there.

It raises WriteOutcomeUnknown when what it finds proves neither that the write happened nor that it did not.
"""


async def settled(client: AzureDevOps, recover: Recovery[R], pending: PendingWrite, why: str) -> R:
    """Find out what became of a write by reading; runs on the client's loop and cannot write.

    Raises:
        WriteNotDone: It is not there and cannot come any more.
        WriteOutcomeUnknown: That could not be settled; says why.
    """
    timeouts = client.context.timeouts
    token = current_call.set(ToolCall(pending.tool, (), deadline=time.monotonic() + timeouts.recovery))
    try:
        for pause in timeouts.recovery_pauses:
            await asyncio.sleep(pause)
            if (found := await recover(client, pending)) is not None:
                return _noted(found)
    except WriteOutcomeUnknown as unsettled:
        raise WriteOutcomeUnknown(f"{why} It was looked up: {unsettled.message}", subject=pending.tool) from unsettled
    except AzureDevOpsError as failed:
        raise WriteOutcomeUnknown(
            f"{why} It could not be looked up, either: {failed.message}", subject=pending.tool
        ) from failed
    finally:
        current_call.reset(token)
    times, seconds = len(timeouts.recovery_pauses), sum(timeouts.recovery_pauses)
    looked = f"It was not sent again but looked up {times} times within {seconds:.0f} s, and is not there"
    if pending.may_follow:
        raise WriteOutcomeUnknown(
            f"{why} {looked}, but the service may still be working on it. Look again in some minutes.",
            subject=pending.tool,
        )
    raise WriteNotDone(f"{why} {looked}: it was not done. It may be asked for again.", subject=pending.tool)


async def asker(client: AzureDevOps) -> Identity:
    """Return the owner of the token; only what they did can be the lost write.

    Raises:
        WriteOutcomeUnknown: That is not known.
    """
    if (person := await client.identity()) is None:
        raise unsettled("it is not known who this token belongs to")
    return person


def _date_of(response: httpx.Response) -> datetime | None:
    try:
        told = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def unsettled(reason: str) -> WriteOutcomeUnknown:
    """Return the error for findings that prove neither outcome."""
    return WriteOutcomeUnknown(f"{reason}, so it is not known whether this write was done. Look at it before going on.")


def moment(text: object) -> datetime:
    """Read a time as the service writes it."""
    return datetime.fromisoformat(str(text))


def _noted(found: R) -> R:
    notes = [FOUND, *getattr(found, "notes", [])]
    return cast("R", found.model_copy(update={"notes": notes}))
