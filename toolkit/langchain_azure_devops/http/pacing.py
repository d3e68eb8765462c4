"""One pace for everything that talks to an organization as one person, whatever client, thread or event loop it is on.

The service throttles a person in an organization, not a connection. When it asks one request to wait, all of them wait,
and afterwards they start one after the other instead of all at once.
"""

import asyncio
import hashlib
import math
import os
import random
import secrets
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from weakref import WeakValueDictionary

import httpx

from langchain_azure_devops.runtime import Waiting

MAX_PARALLEL = 8
"""Requests under way at once; more are slower, not faster."""
MAX_HOLD_SECONDS = 300.0
"""Seconds. Whatever a header says, after this one request is let through to ask again."""
MAX_SLOWDOWN_SECONDS = 5.0
"""Seconds to slow down by when the service only warns: it delays requests itself before it refuses any."""
REPORTED_WAIT_SECONDS = 0.5
"""Seconds of a wait that a person is told of."""
MAX_RETRY_AFTER_SECONDS = 86_400.0
"""Seconds. Whatever a header says, nobody is told to come back later than this."""
_SPREAD = 2.0
_GAP = 0.05


class WaitExceedsDeadline(Exception):
    """The wait does not fit into the call.

    Attributes:
        seconds: How long the wait would be; None when only the requests under way are in front.
    """

    def __init__(self, seconds: float | None) -> None:
        """Keep the seconds."""
        super().__init__(f"a wait of {seconds} s does not fit")
        self.seconds = seconds


@dataclass(eq=False)
class _Waiter:
    loop: asyncio.AbstractEventLoop
    turn: asyncio.Event
    granted: bool = False


class _Start(NamedTuple):
    """Seconds until a request may start, and until it must not start earlier."""

    polite: float
    strict: float
    era: int


class Pacer:
    """Bounds what is under way and holds everything back while the service asks for it; safe across threads and loops.

    Usable by one event loop for each caller: it binds nothing to the loop of the first.
    """

    def __init__(self, parallel: int = MAX_PARALLEL) -> None:
        """Hold nothing back yet."""
        self._parallel = parallel
        self._lock = threading.Lock()
        self._under_way = 0
        self._queue: deque[_Waiter] = deque()
        self._open_at = 0.0
        self._crowded_until = 0.0
        self._polite_at = 0.0
        self._era = 0

    @asynccontextmanager
    async def turn(self, deadline: float, tell: Callable[[Waiting], None]) -> AsyncIterator[None]:
        """One request's turn: starts when it may, counts as under way inside the block.

        Args:
            deadline: The latest start, by the monotonic clock.
            tell: Told of a wait that a person would notice.

        Raises:
            NoTime: It cannot start before the deadline.
        """
        while True:
            era = await self._wait(deadline, tell)
            await self._enter(deadline)
            if era == self._era:
                break
            # Held back meanwhile, by an answer to somebody else.
            self._leave()
        try:
            yield
        finally:
            self._leave()

    def hold(self, seconds: float) -> None:
        """Start nothing for some seconds, at most LONGEST_HOLD."""
        until = time.monotonic() + min(max(seconds, 0.0), MAX_HOLD_SECONDS)
        with self._lock:
            if until > self._open_at:
                self._open_at, self._crowded_until = until, until + _SPREAD
                self._era += 1

    def slow(self, seconds: float) -> None:
        """Start nothing for some seconds, at most COURTESY, unless a call would be lost by that."""
        with self._lock:
            self._polite_at = max(self._polite_at, time.monotonic() + min(max(seconds, 0.0), MAX_SLOWDOWN_SECONDS))

    async def _wait(self, deadline: float, tell: Callable[[Waiting], None]) -> int:
        start = self._reserve(deadline)
        left = deadline - time.monotonic()
        if start.strict > left:
            raise WaitExceedsDeadline(start.strict)
        wait = start.polite if start.polite <= left else start.strict
        if wait > 0:
            if wait >= REPORTED_WAIT_SECONDS:
                tell(Waiting("throttled", wait))
            await asyncio.sleep(wait)
        return start.era

    def _reserve(self, deadline: float) -> _Start:
        with self._lock:
            now = time.monotonic()
            start = max(now, self._open_at)
            if start < min(self._crowded_until, deadline):
                self._open_at = start + _GAP * (0.5 + random.random())  # noqa: S311 - spreads load, guards nothing
            return _Start(max(start, self._polite_at) - now, start - now, self._era)

    async def _enter(self, deadline: float) -> None:
        with self._lock:
            if self._under_way < self._parallel and not self._queue:
                self._under_way += 1
                return
            waiter = _Waiter(asyncio.get_running_loop(), asyncio.Event())
            self._queue.append(waiter)
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                await waiter.turn.wait()
        except BaseException as error:
            with self._lock:
                if not waiter.granted:
                    self._queue.remove(waiter)
            if waiter.granted:
                self._leave()
            if isinstance(error, TimeoutError):
                raise WaitExceedsDeadline(None) from error
            raise

    def _leave(self) -> None:
        with self._lock:
            while self._queue:
                waiter = self._queue.popleft()
                try:
                    waiter.loop.call_soon_threadsafe(waiter.turn.set)
                except RuntimeError:
                    # Its loop is closed: nobody waits there any more.
                    continue
                waiter.granted = True
                return
            self._under_way -= 1


_pacers: WeakValueDictionary[tuple[str, str], Pacer] = WeakValueDictionary()
_guard = threading.Lock()
_SALT = secrets.token_bytes(16)


def _reset_after_fork() -> None:
    """A forked process begins anew: the locks and the counts of its parent are not its own."""
    global _guard  # noqa: PLW0603 - the copy may be held by a thread that does not exist here
    _guard = threading.Lock()
    _pacers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)


def token_digest(token: str) -> str:
    """Who a token belongs to as long as that is not known: a digest that says nothing of the token."""
    return hashlib.blake2b(token.encode(), key=_SALT, digest_size=16).hexdigest()


def shared_pacer(place: str, who: str, present: Pacer | None = None) -> Pacer:
    """The pacer that every client of one organization and one person shares.

    Args:
        place: The base URL of the organization or collection.
        who: The id of the person, or `holder(token)` while that is not known.
        present: Taken when there is none yet: the one used until the person was known.
    """
    key = (place.lower().rstrip("/"), who)
    with _guard:
        found = _pacers.get(key)
        if found is None:
            found = _pacers[key] = present or Pacer()
        return found


# -- what the service asks for -------------------------------------------------------------------------------------


def apply_rate_limits(headers: httpx.Headers, pacer: Pacer) -> float | None:
    """Hold back what an answer asks to be held back, whatever its status; the seconds of its `Retry-After`."""
    wait = retry_after(headers)
    if wait is not None:
        pacer.hold(wait)
    delayed = _number(headers.get("x-ratelimit-delay"))
    if delayed:
        pacer.slow(delayed)
    if _number(headers.get("x-ratelimit-remaining")) == 0.0:
        reset = _number(headers.get("x-ratelimit-reset"))
        pacer.slow(MAX_SLOWDOWN_SECONDS if reset is None else reset - time.time())
    return wait


def retry_after(headers: httpx.Headers) -> float | None:
    """How many seconds the service asks to wait, also where it names a date; None when it does not ask."""
    text = headers.get("retry-after")
    if text is None:
        return None
    if (seconds := _number(text)) is not None:
        return min(seconds, MAX_RETRY_AFTER_SECONDS)
    try:
        # A date is the service's own time, so it is compared with the service's own clock where that is told.
        now = parsedate_to_datetime(headers["date"]).timestamp() if "date" in headers else time.time()
        return min(max(0.0, parsedate_to_datetime(text).timestamp() - now), MAX_RETRY_AFTER_SECONDS)
    except (ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return max(0.0, value) if math.isfinite(value) else None
