"""Find out what became of a write whose answer was lost. The write is never sent again.

Each tool that writes declares a function that finds its effect. Done is said only with proof: made by this account,
after the call began, with every value that was sent, and by no other write of this process. Not done is said only when
the service refused the write. Everything else is unknown: an effect may come late, and indexes lag.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar, cast

import httpx

from langchain_azure_devops.errors import (
    AzureDevOpsError,
    Throttled,
    Unavailable,
    WriteNotDone,
    WriteOutcomeUnknown,
    first_sentence,
)
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.pacing import REPORTED_WAIT_SECONDS
from langchain_azure_devops.http.responses import Identity, decode
from langchain_azure_devops.results.models import Page, Result
from langchain_azure_devops.results.provenance import name_record
from langchain_azure_devops.runtime import Timeouts, Waiting
from langchain_azure_devops.safety.grants import ToolCall, WriteRequest, current_call
from langchain_azure_devops.safety.write_memory import BegunWrite, Effect

R = TypeVar("R", bound=Result | Page[Any])
T = TypeVar("T")

CONFIRMED = (
    "The program that sent this write reported it as done. It was read back and found as asked, and this is what was "
    "found."
)
FOUND = (
    "The answer to this write was lost. It was looked up and found as asked, so it counts as done; it was not sent "
    "again. This is what was found."
)
ACCEPTED = (
    "The answer to this write reports success, but cannot be read or does not say what was done. It was looked up and "
    "found as asked, so it counts as done; it was not sent again. This is what was found."
)
_TOLERANCE = timedelta(seconds=1)
_CLOCK_DIFFERENCE = timedelta(minutes=2)
_NEVER = datetime.max.replace(tzinfo=UTC)


class WriteReported(WriteOutcomeUnknown):
    """Another program sent a write and reports it as done, which has to be confirmed by reading it back.

    Attributes:
        answer: What the program answered.
    """

    def __init__(self, message: str, *, subject: str, answer: str) -> None:
        """Store the message and the answer."""
        super().__init__(message, subject=subject)
        self.answer = answer


class PreparationLost(WriteOutcomeUnknown):
    """The answer to a request that only prepares a write was lost, so the write itself was never sent.

    A search for the effect of the write could only find what another call made.
    """


@dataclass
class PendingWrite:
    """A write that was begun and whose outcome is not known.

    Attributes:
        tool: The tool's plain name.
        arguments: The arguments that the function of the tool received.
        begun: The start by the monotonic clock; it may lie before the start of this process.
        accepted: Whether the service answered that it accepted the write.
        write: The same write in the client's memory of writes.
        reported: What the program answered that sent the write and reported it as done. It only says where to look.
        url: The web page where a person looks; the function that finds the effect sets it before it asks anything.
        date_is_behind: How far the date of the service is behind this machine's clock, when it is too far to be used.
    """

    tool: str
    arguments: Mapping[str, Any]
    begun: float
    accepted: bool
    write: BegunWrite
    reported: str = ""
    url: str = field(default="", init=False)
    date_is_behind: timedelta = field(default=timedelta(0), init=False)

    def since(self, client: AzureDevOps, response: httpx.Response) -> datetime:
        """Return when the write began by the service's clock; what was made before is not of this write.

        The time is counted back from the date of an answer, because the clock of this machine may be wrong. A date
        that is far behind that clock does not make older things count: whichever time is later holds. Without a date
        nothing counts.
        """
        if (date := date_of(response)) is None:
            return _NEVER
        now, elapsed = client.context.clock(), timedelta(seconds=time.monotonic() - self.begun)
        self.date_is_behind = now - date if date < now - _CLOCK_DIFFERENCE else timedelta(0)
        return max(date, now - _CLOCK_DIFFERENCE) - elapsed - _TOLERANCE

    @property
    def is_dated_too_early(self) -> bool:
        """Whether a service that dates its records like its answers dates this write before the time that counts."""
        return self.date_is_behind > _CLOCK_DIFFERENCE + _TOLERANCE

    def is_of_another(self, client: AzureDevOps, kind: type[Result], *ids: object) -> bool:
        """Return whether another write of this process is known to have made this.

        Args:
            client: The client that remembers them.
            kind: The type of the results that name it.
            *ids: The values of the fields that `kind.effect` names.
        """
        return client.write_memory.is_of_another(_effect(kind, *ids), self.write)


@dataclass(frozen=True)
class Missing:
    """An effect that was not found. This does not prove that the write was not done.

    Attributes:
        looked_for: The effect and its place, such as "a comment with this text on work item 4".
        seen: What was found instead, as a sentence; may be empty.
    """

    looked_for: str
    seen: str = ""


_SOMETHING = Missing("its effect")
_UNDER_WAY = Missing("an effect that is surely of this call", "Another call that asks for the same was under way.")

Recovery = Callable[[AzureDevOps, PendingWrite], Awaitable[R | Missing | None]]
"""Finds what a write made: the result that the tool would have returned; `Missing` or None when it is not there (yet).

It raises WriteOutcomeUnknown when no further search can prove that the write happened, and WriteNotDone only when what
it finds proves that the service refused the write: absence never does.
"""


@contextmanager
def remember_write(
    client: AzureDevOps, request: WriteRequest, begun: float, noted: float | None = None
) -> Iterator[tuple[BegunWrite, list[Result | Page[Any]]]]:
    """Remember a write and what it made, which the caller appends to the list, while other writes are looked up."""
    made: list[Result | Page[Any]] = []
    memory = client.write_memory
    write = memory.begin(request.tool, request.arguments, begun, noted)
    try:
        yield write, made
        memory.finish(write, effect_of(made[0]))
    except WriteOutcomeUnknown:
        raise
    except AzureDevOpsError:
        memory.finish(write, None)
        raise
    finally:
        if write.state != "known":
            # The call was cancelled, has a mistake in it, or ended with an unknown outcome.
            write.state = "unknown"


async def settle_write(client: AzureDevOps, recover: Recovery[R], pending: PendingWrite, why: str) -> R:
    """Find out what became of a write by reading; runs on the client's loop and cannot write.

    Raises:
        WriteNotDone: The search proves that the service refused the write.
        WriteOutcomeUnknown: The outcome is not known; the message says why, and `url` where to look.
    """
    pending.write.state = "looking"
    try:
        found = await _search(client, recover, pending)
        return add_note(found, CONFIRMED if pending.reported else ACCEPTED if pending.accepted else FOUND)
    except WriteNotDone as refused:
        if pending.accepted:
            raise _unknown(pending, why, f"The service accepted the write, but {refused.message}.") from refused
        client.write_memory.finish(pending.write, None)
        raise WriteNotDone(
            f"{why} It was not done: {refused.message}. You may ask for it again.", subject=pending.tool
        ) from refused
    except WriteOutcomeUnknown as open_question:
        accepted = " The service accepted the write." if pending.accepted else ""
        raise _unknown(pending, f"{why}{accepted}", open_question.message) from open_question
    except AzureDevOpsError as failed:
        reason = f"It could not be looked up, either: {first_sentence(failed.message)}"
        raise _unknown(pending, why, reason) from failed
    finally:
        _end_look_up(pending)


async def look_again(client: AzureDevOps, recover: Recovery[R], pending: PendingWrite) -> R | None:
    """Look once for a write whose outcome is unknown; None when that proves nothing, or that it was refused."""
    pending.write.state = "looking"
    try:
        found = await _look_once(client, recover, pending)
    except WriteNotDone:
        client.write_memory.finish(pending.write, None)
        return None
    except AzureDevOpsError:
        return None
    finally:
        _end_look_up(pending)
    return None if isinstance(found, Missing) else found


def _end_look_up(pending: PendingWrite) -> None:
    pending.write.url = pending.url or pending.write.url
    if pending.write.state == "looking":
        pending.write.state = "unknown"


async def _search(client: AzureDevOps, recover: Recovery[R], pending: PendingWrite) -> R:
    """Search until the effect is found and proven, with growing pauses; once where its date would prove nothing.

    Raises:
        WriteNotDone: The service refused the write.
        WriteOutcomeUnknown: The time is over, or no further search can help.
        AzureDevOpsError: The last search failed.
    """
    missing, failed, count = _SOMETHING, cast("AzureDevOpsError | None", None), 0
    begun, waited = time.monotonic(), 0.0
    for pause in _pauses(client.context.timeouts):
        await _wait(client, pause)
        missing, failed, count, waited = _SOMETHING, None, count + 1, waited + pause
        try:
            found = await _look_once(client, recover, pending)
            if isinstance(found, Missing):
                missing = found
            elif found is not None:
                return found
            if pending.is_dated_too_early:
                break
        except (Throttled, Unavailable) as error:
            if isinstance(error, WriteNotDone | WriteOutcomeUnknown):
                raise
            failed = error
        if time.monotonic() > begun + client.context.timeouts.recovery + client.context.timeouts.request:
            break
    if failed is not None:
        raise failed
    raise WriteOutcomeUnknown(_describe_absence(pending, missing, count, waited))


def _pauses(timeouts: Timeouts) -> Iterator[float]:
    """Yield the pause before each search: none at first, then doubled each time until the time for all is used up."""
    yield 0.0
    left, pause = timeouts.recovery, timeouts.recovery_pause
    while left > 0.0 and pause > 0.0:
        yield min(pause, left)
        left -= pause
        pause = min(2 * pause, max(timeouts.max_retry_pause, timeouts.recovery_pause))


async def _look_once(client: AzureDevOps, recover: Recovery[R], pending: PendingWrite) -> R | Missing | None:
    deadline = time.monotonic() + client.context.timeouts.request
    under_way = _twin_is_under_way(client, pending)
    token = current_call.set(ToolCall(pending.tool, (), deadline=deadline, arguments=pending.arguments))
    try:
        found = await recover(client, pending)
    except WriteOutcomeUnknown:
        if under_way:
            # What that call makes will be known, and then it no longer counts for this one.
            return _UNDER_WAY
        raise
    finally:
        current_call.reset(token)
    if found is None or isinstance(found, Missing):
        return found
    if client.write_memory.claim(pending.write, effect_of(found)):
        return found
    if under_way or _twin_is_under_way(client, pending):
        return _UNDER_WAY
    twins = client.write_memory.twins(pending.write)
    if twins:
        raise unknown_outcome("another call asked for the same, and what was found may be of either")
    return Missing("its effect", "What is there was made by another call.")


def _twin_is_under_way(client: AzureDevOps, pending: PendingWrite) -> bool:
    return any(twin.state == "sending" for twin in client.write_memory.twins(pending.write))


async def _wait(client: AzureDevOps, seconds: float) -> None:
    if seconds >= REPORTED_WAIT_SECONDS:
        client.progress(Waiting("looking for a write whose answer was lost", seconds))
    await asyncio.sleep(seconds)


def _describe_absence(pending: PendingWrite, missing: Missing, count: int, seconds: float) -> str:
    seen = f" {missing.seen}" if missing.seen else ""
    if pending.date_is_behind:
        minutes = pending.date_is_behind.total_seconds() / 60
        seen += (
            f" The service's date is {minutes:,.0f} minutes behind the clock of this machine, so nothing is certain."
        )
    return (
        f"It was not sent again. {count} look-up{'s' * (count > 1)} within {seconds:.0f} s did not find "
        f"{missing.looked_for}.{seen} That does not prove that it was not done: the service may still be working on "
        "it, or its index may lag behind."
    )


def _unknown(pending: PendingWrite, why: str, reason: str) -> WriteOutcomeUnknown:
    look = f"A person can see there whether it was done: {pending.url}" if pending.url else "A person has to look."
    return WriteOutcomeUnknown(
        f"{why} {reason} The outcome is unknown, so do not repeat it. {look}", subject=pending.tool, url=pending.url
    )


def effect_of(result: Result | Page[Any]) -> Effect | None:
    """Return what identifies the effect of the write that gave this result; None when nothing does."""
    if not isinstance(result, Result) or not result.effect:
        return None
    values = [getattr(result, name) for name in result.effect]
    return None if None in values else _effect(type(result), *values)


def _effect(kind: type[Result], *ids: object) -> Effect:
    return (name_record(kind), *map(str, ids))


async def fetch_account(client: AzureDevOps) -> Identity:
    """Return the owner of the token. A lost write must have been made by this person.

    Raises:
        WriteOutcomeUnknown: The owner is not known.
    """
    if (person := await client.identity()) is None:
        raise unknown_outcome("it is not known who this token belongs to")
    return person


def decode_told(response: httpx.Response, model: type[T], tells: Callable[[T], bool]) -> T:
    """Turn the answer to a write into data where it may be empty or say nothing of what was done.

    Such an answer does not prove that this write did it: another account may have done the same, and something between
    here and the service may have put an empty answer in the place of the refusal.

    Args:
        response: The answer to the write.
        model: The type of its body.
        tells: Whether a body says anything of what was done.

    Raises:
        WriteOutcomeUnknown: It says nothing, so what was done has to be looked up; or it cannot be read.
    """
    if response.content and tells(told := decode(response, model)):
        return told
    happened = "The service answered the write with success, but its answer does not say what was done."
    raise WriteOutcomeUnknown(f"{happened} A person has to look.", happened=happened, accepted=True)


def date_of(response: httpx.Response) -> datetime | None:
    """Return the time of the service when it answered; None when the answer does not tell it."""
    try:
        told = parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, OverflowError):
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def unknown_outcome(reason: str) -> WriteOutcomeUnknown:
    """Return the error for findings that prove neither outcome, and that no further search can change."""
    return WriteOutcomeUnknown(f"It was looked up: {reason}, so it is not known whether this write was done.")


def add_note(found: R, note: str) -> R:
    """Put a note before the notes of a result."""
    notes = [note, *getattr(found, "notes", [])]
    return cast("R", found.model_copy(update={"notes": notes}))
