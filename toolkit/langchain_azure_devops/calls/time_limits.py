"""Give the reads of a block less time than a call may take."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from langchain_azure_devops.errors import AzureDevOpsError, Throttled, Unavailable, Unreachable
from langchain_azure_devops.safety.grants import current_call

_SPARE_SECONDS = 0.5
"""How long before its end a read sends nothing more, so that a list can still return the rows that it has."""


@dataclass
class ReadLimit:
    """The time limit of a block.

    Attributes:
        end: By the monotonic clock.
        why: A sentence for the error of a read that it cuts.
        cut: Whether it cut a read, so that something of its result is missing, or all of it.
    """

    end: float
    why: str
    cut: bool = False


_limit: ContextVar[ReadLimit | None] = ContextVar("azure_devops_read_limit", default=None)


@contextmanager
def limit_reads(seconds: float, why: str) -> Iterator[ReadLimit]:
    """Let every read of a block end within some seconds from now, whatever it waits for.

    What an approver is shown is read within that time, too. An approved write keeps the time of its call, with all that
    it reads: cut off, its outcome would not be known. A block applies to the current thread or asyncio task and to the
    tasks that it starts. Inside of another block, the earlier end counts. The limit that counts is what the block gets:
    it says afterwards whether it cut a read.

    Args:
        seconds: The time; a call may take no longer than `Timeouts.call` in any case.
        why: A sentence for the error of a read that is cut, or for the note of a list that is cut.
    """
    mine, outer = ReadLimit(time.monotonic() + max(0.0, seconds), why), _limit.get()
    counts = outer if outer is not None and outer.end < mine.end else mine
    token = _limit.set(counts)
    try:
        yield counts
    finally:
        _limit.reset(token)


def last_request(deadline: float) -> float:
    """Return until when a read may send requests, by the monotonic clock.

    Args:
        deadline: The end of its call without a limit.
    """
    limit = _limit.get()
    return deadline if limit is None else min(deadline, limit.end - _SPARE_SECONDS)


@asynccontextmanager
async def keep_limit(deadline: float) -> AsyncIterator[None]:
    """Cut a read at the time limit of the block in which it was called, and say so in its error.

    Args:
        deadline: The end of its call without a limit. An earlier limit is the reason why a read got no answer.

    Raises:
        Unreachable: It took longer.
    """
    limit = _limit.get()
    if limit is None or limit.end - _SPARE_SECONDS >= deadline:
        yield
        return
    try:
        async with asyncio.timeout(limit.end - time.monotonic()) as cut:
            yield
    except TimeoutError:
        if not cut.expired():
            raise
        limit.cut = True
        raise Unreachable(f"The service did not answer in time. {limit.why}") from None
    except (Throttled, Unavailable) as error:
        _explain(error, limit)
        raise


def explain_cut(error: AzureDevOpsError) -> None:
    """Say in the error of a part of a read that the time limit of its block is the reason, where it is.

    A read that keeps its other parts calls this before it names the part that is missing.
    """
    limit, call = _limit.get(), current_call.get()
    if limit is None or call is None or not isinstance(error, Throttled | Unavailable):
        return
    # Where the limit ends a call before its own time, its end is the deadline of the call.
    if call.deadline == limit.end - _SPARE_SECONDS:
        _explain(error, limit)


def _explain(error: AzureDevOpsError, limit: ReadLimit) -> None:
    limit.cut = True
    if not error.message.endswith(limit.why):
        error.message = f"{error.message} {limit.why}"
        error.args = (error.message,)
