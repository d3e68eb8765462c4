"""An event loop in a thread of its own, so that one client serves threads, notebooks and several event loops."""

import asyncio
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

T = TypeVar("T")
_CLOSE_SECONDS = 5.0


class LoopThread:
    """Runs work on one event loop in a daemon thread, started at the first use and stopped when closed or forgotten."""

    def __init__(self, name: str) -> None:
        """Start nothing yet."""
        self._name = name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._finalizer: weakref.finalize[..., LoopThread] | None = None
        self._closed = False

    async def run(self, work: Coroutine[object, object, T]) -> T:
        """Run work on the loop and wait for it from any other; context variables travel along."""
        if self.is_current():
            return await work
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._started(work)))

    def run_sync(self, work: Coroutine[object, object, T]) -> T:
        """Run work on the loop and block until it is done.

        Raises:
            RuntimeError: Called on the loop itself, which would wait for itself for ever.
        """
        if self.is_current():
            work.close()
            raise RuntimeError("A blocking call was made on the client's own loop; await the asynchronous form there.")
        future = asyncio.run_coroutine_threadsafe(work, self._started(work))
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def is_current(self) -> bool:
        """Whether the caller runs on this loop."""
        return threading.current_thread() is self._thread

    def on_close(self, closer: Callable[[], Awaitable[None]]) -> None:
        """Have something awaited on the loop before it stops."""
        self._closers.append(closer)

    def close(self) -> None:
        """Cancel what is under way, close what was opened, stop the loop; it cannot be started again."""
        with self._lock:
            self._closed = True
            if self._finalizer is not None:
                self._finalizer()

    def _started(self, work: Coroutine[object, object, T]) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._closed:
                work.close()
                raise RuntimeError("This client is closed.")
            if self._loop is None:
                loop = asyncio.new_event_loop()
                thread = threading.Thread(target=_serve, args=(loop,), name=self._name, daemon=True)
                thread.start()
                self._loop, self._thread = loop, thread
                self._finalizer = weakref.finalize(self, _stop, loop, thread, self._closers)
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()


def _stop(
    loop: asyncio.AbstractEventLoop, thread: threading.Thread, closers: list[Callable[[], Awaitable[None]]]
) -> None:
    """Takes no reference to the owner, so that it can be forgotten."""
    if thread.is_alive() and thread is not threading.current_thread():
        asyncio.run_coroutine_threadsafe(_drain(closers), loop).result(timeout=_CLOSE_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=_CLOSE_SECONDS)
    if not loop.is_running():
        loop.close()


async def _drain(closers: list[Callable[[], Awaitable[None]]]) -> None:
    under_way = asyncio.all_tasks() - {asyncio.current_task()}
    for task in under_way:
        task.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)
    for closer in closers:
        await closer()
