"""An event loop in a thread of its own, so that one client serves threads, notebooks and several event loops."""

import asyncio
import concurrent.futures
import contextlib
import os
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

from langchain_azure_devops.errors import ClientClosed

T = TypeVar("T")
_CLOSE_SECONDS = 5.0
_CLOSED_MEANWHILE = "This client was closed during the call, so the outcome of the call is not known."


class LoopThread:
    """Runs coroutines on one event loop in a daemon thread.

    The thread starts with the first use, and stops when this object is closed or garbage-collected.
    """

    def __init__(self, name: str) -> None:
        """Prepare without starting the thread."""
        self._name = name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._finalizer: weakref.finalize[..., LoopThread] | None = None
        self._closed = False
        self._process: int | None = None

    async def run(self, work: Coroutine[object, object, T]) -> T:
        """Run a coroutine on the loop and wait for it on any other loop; it sees the caller's context variables.

        Cancelling the awaiting task also cancels the coroutine.

        Raises:
            ClientClosed: The loop was closed before the coroutine ended.
        """
        if self.is_current():
            return await work
        future = self._submit(work)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            waiting = asyncio.current_task()
            if self._closed and not (waiting is not None and waiting.cancelling()):
                raise ClientClosed(_CLOSED_MEANWHILE) from None
            raise

    def run_sync(self, work: Coroutine[object, object, T]) -> T:
        """Run a coroutine on the loop and block until it is done.

        Raises:
            RuntimeError: Called on the loop itself, which would wait for itself forever.
            ClientClosed: The loop was closed first.
        """
        try:
            self.check_may_block()
        except RuntimeError:
            work.close()
            raise
        future = self._submit(work)
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise ClientClosed(_CLOSED_MEANWHILE) from None
        except BaseException:
            # Probably Ctrl-C: nobody waits for the answer any more.
            future.cancel()
            raise

    def check_may_block(self) -> None:
        """Refuse a blocking call on the loop itself, which would wait for itself forever.

        Raises:
            RuntimeError: The caller runs on this loop.
        """
        if self.is_current():
            raise RuntimeError("A blocking call was made on the client's own loop; await the asynchronous form there.")

    def is_current(self) -> bool:
        """Return whether the caller runs on this loop."""
        return threading.current_thread() is self._thread

    def on_close(self, closer: Callable[[], Awaitable[None]]) -> None:
        """Register a coroutine function to await on the loop before it stops."""
        self._closers.append(closer)

    def close(self) -> None:
        """Cancel what is under way, await the registered functions, and stop the loop for good."""
        with self._lock:
            self._closed = True
            if self._finalizer is not None:
                self._finalizer()

    def _submit(self, work: Coroutine[object, object, T]) -> concurrent.futures.Future[T]:
        if self._process not in {None, os.getpid()}:
            work.close()
            raise RuntimeError(
                "This client was used before the process forked, and its thread and connections belong to the parent. "
                "Create a client in each process."
            )
        # The lock prevents that work reaches a loop that is being closed.
        with self._lock:
            if self._closed:
                work.close()
                raise ClientClosed("This client is closed, and nothing was sent. Create a new one.")
            return asyncio.run_coroutine_threadsafe(work, self._loop or self._start())

    def _start(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=_serve, args=(loop,), name=self._name, daemon=True)
        thread.start()
        self._loop, self._thread, self._process = loop, thread, os.getpid()
        self._finalizer = weakref.finalize(self, _stop, loop, thread, os.getpid(), self._closers)
        return loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    stopped = False
    try:
        while not stopped:
            # A sys.exit() in a callback reaches the caller that waits for it; the loop and other calls continue.
            with contextlib.suppress(SystemExit, KeyboardInterrupt):
                loop.run_forever()
                stopped = True
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _stop(
    loop: asyncio.AbstractEventLoop,
    thread: threading.Thread,
    process: int,
    closers: list[Callable[[], Awaitable[None]]],
) -> None:
    """Stop the loop. It takes no reference to the owner, so that the owner can be garbage-collected."""
    if not thread.is_alive() or process != os.getpid():
        return
    ending = asyncio.run_coroutine_threadsafe(_drain(closers), loop)
    ending.add_done_callback(lambda _: loop.call_soon_threadsafe(loop.stop))
    if thread is not threading.current_thread():
        with contextlib.suppress(TimeoutError, concurrent.futures.CancelledError):
            ending.result(timeout=_CLOSE_SECONDS)
        thread.join(timeout=_CLOSE_SECONDS)


async def _drain(closers: list[Callable[[], Awaitable[None]]]) -> None:
    under_way = asyncio.all_tasks() - {asyncio.current_task()}
    for task in under_way:
        task.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)
    for closer in closers:
        await closer()
    await asyncio.get_running_loop().shutdown_asyncgens()
