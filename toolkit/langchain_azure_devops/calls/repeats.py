"""Keep a write from being done twice without a word while an equal one is open.

A write is open from its beginning until its outcome is known: while it is sent, while its lost answer is looked up,
and when that settled nothing. An equal write is then sent only with an approval that was given for the notice of it.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from langchain_azure_devops.calls.recovery import PendingWrite, Recovery, add_note, look_again
from langchain_azure_devops.errors import StateChanged
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import Page, Result
from langchain_azure_devops.safety.grants import WriteRequest
from langchain_azure_devops.safety.write_memory import BegunWrite

R = TypeVar("R", bound=Result | Page[Any])


class EqualWriteBegan(StateChanged):
    """An equal write is open, and the approval was given without knowing of it; nothing was sent.

    Attributes:
        notice: What the approver has to be told.
    """

    def __init__(self, tool: str, notice: str) -> None:
        """Say what is open."""
        super().__init__(f"{tool} was not carried out, and nothing was sent. {notice}", subject=tool)
        self.notice = notice


def _describe_open(writes: list[BegunWrite]) -> str:
    """Return the notice of equal writes that are open; empty when there is none."""
    if not writes:
        return ""
    last = writes[-1]
    count = "An equal write was begun" if len(writes) == 1 else f"{len(writes)} equal writes were begun, the last one"
    look = f" A person can see there whether it was done: {last.url}" if last.url else ""
    return (
        f"{count} at {last.at:%Y-%m-%d %H:%M:%S} UTC, and its outcome is not known. Sending this one, too, may do it "
        f"twice.{look}"
    )


def _describe_found(write: BegunWrite) -> str:
    """Return the note for a call that is answered with what an earlier equal write made."""
    return (
        f"This call was not sent: an equal write was begun at {write.at:%Y-%m-%d %H:%M:%S} UTC, its outcome was "
        "unknown, and it is now found as asked. This is what it made. If it is wanted once more, ask again."
    )


def check_notice(client: AzureDevOps, write: BegunWrite, request: WriteRequest) -> None:
    """Check, right before a write is sent, that its approval was given for every equal write that is open.

    Raises:
        EqualWriteBegan: It was not.
    """
    notice = _describe_open(client.write_memory.list_equal(write))
    if notice not in ("", request.notice):
        raise EqualWriteBegan(request.tool, notice)


async def find_equal(
    client: AzureDevOps,
    request: WriteRequest,
    validate: Callable[[Mapping[str, object]], BaseModel],
    recover: Recovery[R] | None,
) -> R | WriteRequest:
    """Look once more for each open write that equals a request; return what one made, or the request with a notice.

    Args:
        client: The client that reads; this runs on its loop.
        request: The write.
        validate: Checks the arguments of the tool.
        recover: Finds the effect of the tool.
    """
    asked = BegunWrite(request.tool, request.arguments, time.monotonic())
    for write in client.write_memory.list_equal(asked):
        if write.state == "unknown" and recover is not None:
            pending = PendingWrite(request.tool, dict(validate(write.arguments)), write.begun, False, write)
            if (found := await look_again(client, recover, pending)) is not None:
                return add_note(found, _describe_found(write))
    notice = _describe_open(client.write_memory.list_equal(asked))
    return request.warn(notice) if notice else request
