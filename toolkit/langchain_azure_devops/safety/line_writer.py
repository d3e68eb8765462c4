"""A thread that writes items in order, all that wait as one batch. What still waits at exit is written then."""

import atexit
import copy
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

T = TypeVar("T")
IDLE_SECONDS = 5.0


class LineWriter(Generic[T]):
    """Passes items to a daemon thread, which starts with the first item and writes all waiting items as one batch."""

    def __init__(self, name: str, write: Callable[[Sequence[T]], None]) -> None:
        """Prepare without starting the thread.

        Args:
            name: The name of the thread.
            write: Writes a batch in order. Each item of the batch gets its own copy of an error that it raises.
        """
        self._name = name
        self._write = write
        self._changed = threading.Condition()
        self._waiting: list[tuple[T, Future[None]]] = []
        self._under_way: list[tuple[T, Future[None]]] = []
        self._running = False
        self._thread: threading.Thread | None = None
        _writers.add(self)

    def submit(self, item: T) -> Future[None]:
        """Queue an item; the future is done when the item is written."""
        future: Future[None] = Future()
        # A queued item cannot be cancelled: it is written in its order, also when the caller no longer waits.
        future.set_running_or_notify_cancel()
        with self._changed:
            self._waiting.append((item, future))
            self._changed.notify()
            if not self._running:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:
                    # The interpreter is ending and starts no threads any more.
                    self._do_all()
                else:
                    self._running = True
        return future

    def flush(self) -> None:
        """Block until every item so far is written, or could not be.

        The writing thread itself does not wait: only it can write what is left.
        """
        if threading.current_thread() is self._thread:
            return
        with self._changed:
            left = [future for _, future in [*self._under_way, *self._waiting]]
        for future in left:
            future.exception()

    def begin_anew(self) -> None:
        """Drop the thread, the lock and the queue of the parent in a forked process."""
        self._changed = threading.Condition()
        self._waiting, self._under_way, self._running = [], [], False

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._waiting and not self._changed.wait(IDLE_SECONDS) and not self._waiting:
                    # A thread that waits forever would keep an unused writer alive.
                    self._running = False
                    return
            if self._waiting:
                self._do_all()

    def _do_all(self) -> None:
        with self._changed:
            self._under_way, self._waiting = self._waiting, []
        failure: BaseException | None = None
        try:
            self._write([item for item, _ in self._under_way])
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            failure = error
        with self._changed:
            done, self._under_way = self._under_way, []
        for _, future in done:
            if failure is None:
                future.set_result(None)
            else:
                future.set_exception(_copy_error(failure))


def _copy_error(error: BaseException) -> BaseException:
    """Copy an error, so that each waiter raises an object of its own; raising it adds to its traceback."""
    try:
        own = copy.copy(error)
    except Exception:  # noqa: BLE001 - the waiter must get an error even if this one cannot be copied
        own = RuntimeError(f"{type(error).__name__}: {error}")
    own.__cause__ = error.__cause__
    return own.with_traceback(error.__traceback__)


_writers: "weakref.WeakSet[LineWriter[Any]]" = weakref.WeakSet()


def _begin_anew() -> None:
    """Start every writer anew in a forked process; the parent writes what was queued before."""
    for writer in list(_writers):
        writer.begin_anew()


@atexit.register
def _flush_all() -> None:
    """Write what still waits. A writer with waiting items is alive, because its thread refers to it."""
    for writer in list(_writers):
        writer.flush()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
