"""The time of a simulated organization."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime, timedelta

SEED_NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
"""The time of the seed organization."""


class Clock:
    """The organization's own time. It moves on with every write, and when a caller moves it.

    Args:
        start: the first time that the clock shows.
    """

    def __init__(self, start: datetime = SEED_NOW) -> None:
        self.start = start
        self._rate = 0.0
        self.set(start)

    @property
    def rate(self) -> float:
        """How many seconds pass here for each real second. 0, the default, makes every run the same."""
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        if not 0 <= rate < math.inf:
            raise ValueError("the rate of the clock must be a finite number and not negative")
        self.set(self.now())
        self._rate = rate

    def now(self) -> datetime:
        """Return the current time in UTC."""
        if not self._rate:
            return self._now
        return self._now + timedelta(seconds=self._rate * (time.monotonic() - self._set_at))

    def tick(self, seconds: float = 1.0) -> datetime:
        """Move the clock on by some seconds and return the new time. Every write calls this once."""
        self.set(self.now() + timedelta(seconds=seconds))
        return self._now

    def advance(self, by: timedelta | float) -> datetime:
        """Let time pass (seconds or a timedelta) and return the new time. Builds go on and indexes catch up.

        Raises:
            ValueError: the step is negative. Use `set` to jump to an earlier time.
        """
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        if step < timedelta(0):
            raise ValueError("the clock cannot advance by a negative step")
        return self.tick(step.total_seconds())

    def set(self, when: datetime) -> None:
        """Jump to a time. Seeding uses this to write history."""
        self._now = when.astimezone(UTC)
        self._set_at = time.monotonic()
