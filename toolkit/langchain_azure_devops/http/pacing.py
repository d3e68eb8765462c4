"""One pace for all requests of one person to one organization, from any client, thread or event loop.

The service throttles a person in an organization, not a connection. When it asks one request to wait, all requests
wait, and afterwards they start one after the other.
"""

import asyncio
import hashlib
import math
import os
import random
import re
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
"""The largest number of requests at the same time; more would be slower."""
MAX_HOLD_SECONDS = 300.0
"""The longest pause, even if a header asks for more; after it, requests are sent again."""
MAX_SLOWDOWN_SECONDS = 5.0
"""The longest pause when the service only warns: it delays requests itself before it refuses any."""
REPORTED_WAIT_SECONDS = 0.5
"""A wait of this length or longer is reported to the person."""
MAX_RETRY_AFTER_SECONDS = 86_400.0
"""The longest delay that an error message may ask for, even if a header asks for more."""
_NUMBER = re.compile(r"[+-]?[0-9]{1,400}(?:\.[0-9]{0,400})?(?:[eE][+-]?[0-9]{1,4})?")
_SPREAD = 2.0
_GAP = 0.05


class WaitExceedsDeadline(Exception):
    """A request would have to wait longer than its call may take.

    Attributes:
        seconds: How long the wait would be; None when the request only waits for other requests.
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
    """The preferred and the earliest permitted start of a request, in seconds from now."""

    polite: float
    strict: float
    era: int


class Pacer:
    """Limits the number of parallel requests, and pauses all of them when the service asks for it.

    Several threads and event loops can use it at once; it is not bound to the loop of its first caller.
    """

    def __init__(self, parallel: int = MAX_PARALLEL) -> None:
        """Start without a pause."""
        self._parallel = parallel
        self._lock = threading.Lock()
        self._under_way = 0
        self._queue: deque[_Waiter] = deque()
        self._open_at = 0.0
        self._crowded_until = 0.0
        self._polite_at = 0.0
        self._era = 0

    @asynccontextmanager
    async def turn(self, deadline: float, report_wait: Callable[[Waiting], None]) -> AsyncIterator[None]:
        """Wait until a request may start; inside the block it counts as under way.

        Args:
            deadline: The latest start, by the monotonic clock.
            report_wait: Called with a wait that a person would notice.

        Raises:
            WaitExceedsDeadline: The request cannot start before the deadline.
        """
        while True:
            era = await self._wait(deadline, report_wait)
            await self._enter(deadline)
            if era == self._era:
                break
            # An answer to another request asked for a pause meanwhile.
            self._leave()
        try:
            yield
        finally:
            self._leave()

    def hold(self, seconds: float) -> None:
        """Start no request for some seconds, at most MAX_HOLD_SECONDS."""
        until = time.monotonic() + min(max(seconds, 0.0), MAX_HOLD_SECONDS)
        with self._lock:
            if until > self._open_at:
                self._open_at, self._crowded_until = until, until + _SPREAD
                self._era += 1

    def slow(self, seconds: float) -> None:
        """Start no request for some seconds, at most MAX_SLOWDOWN_SECONDS, unless a call would fail by that."""
        with self._lock:
            self._polite_at = max(self._polite_at, time.monotonic() + min(max(seconds, 0.0), MAX_SLOWDOWN_SECONDS))

    async def _wait(self, deadline: float, report_wait: Callable[[Waiting], None]) -> int:
        start = self._reserve(deadline)
        left = deadline - time.monotonic()
        if start.strict > left:
            raise WaitExceedsDeadline(start.strict)
        wait = start.polite if start.polite <= left else start.strict
        if wait > 0:
            if wait >= REPORTED_WAIT_SECONDS:
                report_wait(Waiting("throttled", wait))
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
                    # The loop of this waiter is closed, so nobody waits there any more.
                    continue
                waiter.granted = True
                return
            self._under_way -= 1


_pacers: WeakValueDictionary[tuple[str, str], Pacer] = WeakValueDictionary()
_guard = threading.Lock()
_SALT = secrets.token_bytes(16)


def _reset_after_fork() -> None:
    """Drop the locks and counts of the parent in a forked process."""
    global _guard  # noqa: PLW0603 - a thread that does not exist here may hold the copy
    _guard = threading.Lock()
    _pacers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)


def token_digest(token: str) -> str:
    """Stand in for the owner of a token until the owner is known; the digest reveals nothing about the token."""
    return hashlib.blake2b(token.encode(), key=_SALT, digest_size=16).hexdigest()


def shared_pacer(place: str, who: str, present: Pacer | None = None) -> Pacer:
    """Return the pacer that all clients of one organization and one person share.

    Args:
        place: The base URL of the organization or collection.
        who: The id of the person, or `token_digest(token)` until that is known.
        present: The pacer to share when there is none yet: the one used until the person was known.
    """
    key = (place.lower().rstrip("/"), who)
    with _guard:
        found = _pacers.get(key)
        if found is None:
            found = _pacers[key] = present or Pacer()
        return found


# -- what the service asks for -------------------------------------------------------------------------------------


def apply_rate_limits(headers: httpx.Headers, pacer: Pacer) -> float | None:
    """Apply the rate limit headers of an answer, and return the seconds of its `Retry-After`."""
    wait = retry_after(headers)
    if wait is not None:
        pacer.hold(wait)
    delayed = _parse_number(headers.get("x-ratelimit-delay"))
    if delayed:
        pacer.slow(delayed)
    if _parse_number(headers.get("x-ratelimit-remaining")) == 0.0:
        reset = _parse_number(headers.get("x-ratelimit-reset"))
        pacer.slow(MAX_SLOWDOWN_SECONDS if reset is None else reset - time.time())
    return wait


def retry_after(headers: httpx.Headers) -> float | None:
    """Return how many seconds the service asks to wait, the longest of several; None when it does not ask.

    A wait may be a number of seconds or a date. What is neither counts as not asked.
    """
    asked = [seconds for text in headers.get_list("retry-after") for seconds in _parse_waits(text, headers)]
    return min(max(asked), MAX_RETRY_AFTER_SECONDS) if asked else None


def _parse_waits(text: str, headers: httpx.Headers) -> list[float]:
    """Read the seconds or the date of one header, or the seconds of several that something joined by commas."""
    numbers = [number for part in text.split(",") if (number := _parse_number(part)) is not None]
    moment = None if numbers else _parse_date(text)
    if moment is None:
        return numbers
    # The date is by the service's clock, so it is compared with that clock where the answer tells it.
    now = _parse_date(headers.get("date", ""))
    return [max(0.0, moment - (time.time() if now is None else now))]


def _parse_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _parse_number(text: str | None) -> float | None:
    """Read a number that is not negative; a negative one counts as 0, and what is no finite number as None."""
    if text is None or not _NUMBER.fullmatch(text.strip()):
        return None
    value = float(text)
    return max(0.0, value) if math.isfinite(value) else None
