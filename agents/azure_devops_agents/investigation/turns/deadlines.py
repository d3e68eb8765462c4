"""Stop waiting for a model at the end of the time that a question has."""

import asyncio
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import Context
from typing import TypeVar

T = TypeVar("T")


class TimeUp(Exception):
    """The model did not answer within the time of the question."""


def take_until(deadline: float | None, start: Callable[[], Iterator[T]], context: Context) -> Iterator[T]:
    """Yield what an iterator yields until the deadline, even when it does not return in time.

    The iterator runs in a thread of its own, because nothing else can leave a request that hangs. After the deadline
    the thread is left alone with it: nothing that it still yields is seen, and it does not keep the process alive.

    Args:
        deadline: By the monotonic clock; None waits as long as it takes.
        start: Returns the iterator.
        context: The context in which it runs.

    Raises:
        TimeUp: The deadline has passed.
    """
    pieces: queue.SimpleQueue[tuple[list[T], BaseException | None]] = queue.SimpleQueue()
    left = threading.Event()

    def run() -> None:
        try:
            for piece in start():
                if left.is_set():
                    return
                pieces.put(([piece], None))
            pieces.put(([], None))
        except BaseException as error:  # noqa: BLE001 - raised again where the pieces are taken
            pieces.put(([], error))

    threading.Thread(target=context.run, args=(run,), daemon=True, name="model").start()
    try:
        while True:
            try:
                found, error = pieces.get(timeout=_time_left(deadline))
            except queue.Empty:
                raise TimeUp from None
            if error is not None:
                raise error
            if not found:
                return
            yield found[0]
    finally:
        left.set()


async def take_next_until(deadline: float | None, parts: AsyncIterator[T], context: Context) -> T | None:
    """Return the next part, or None at the end; a part that does not come in time is cancelled.

    Args:
        deadline: By the monotonic clock; None waits as long as it takes.
        parts: The parts.
        context: The context in which the next part is made.

    Raises:
        TimeUp: The deadline has passed.
    """
    task = asyncio.create_task(_take_next(parts), context=context)
    try:
        done, _ = await asyncio.wait({task}, timeout=_time_left(deadline))
    finally:
        # Not done: the time is up, or the run was cancelled.
        task.cancel()
    if not done:
        await asyncio.wait({task}, timeout=1)
        raise TimeUp
    return task.result()


async def _take_next(parts: AsyncIterator[T]) -> T | None:
    return await anext(parts, None)


def _time_left(deadline: float | None) -> float | None:
    """Return the seconds until a deadline; None when there is none."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())
