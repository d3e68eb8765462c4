"""Clock, ids and timeouts of a run, replaceable for evals and recordings."""

import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime


def _wall_clock() -> datetime:
    return datetime.now(UTC)


def _random_id() -> str:
    return secrets.token_hex(8)


def _random_nonce() -> str:
    return secrets.token_hex(4)


@dataclass(frozen=True)
class Waiting:
    """A wait that a person would notice.

    Attributes:
        reason: Why, such as "throttled".
        seconds: How long the wait is.
    """

    reason: str
    seconds: float

    def __str__(self) -> str:
        """Return a text such as `throttled, continuing in 4 s`."""
        return f"{self.reason}, continuing in {math.ceil(self.seconds)} s"


@dataclass(frozen=True)
class Timeouts:
    """How long a call may take, and how it waits between attempts; everything in seconds.

    Attributes:
        call: The longest time for one call with all its requests and waits.
        request: The longest wait for the next piece of an answer.
        connect: The longest wait for a connection.
        retry_pause: The pause before the second attempt. It doubles for each further attempt and is shortened at
            random by up to a half.
        max_retry_pause: The longest pause between two attempts.
        max_attempts: How often a request is sent at most.
        recovery: How long a write whose answer was lost is searched for. The last search begins at its end.
        recovery_pause: The pause before the second search. It doubles for each further one, up to `max_retry_pause`.
    """

    call: float = 90.0
    request: float = 30.0
    connect: float = 10.0
    retry_pause: float = 0.2
    max_retry_pause: float = 15.0
    max_attempts: int = 6
    recovery: float = 45.0
    recovery_pause: float = 1.0

    @property
    def for_httpx(self) -> dict[str, float]:
        """The timeouts of one request under the names that httpx uses."""
        return {"connect": self.connect, "read": self.request, "write": self.request, "pool": self.call}


@dataclass(frozen=True)
class RunContext:
    """The clock, ids, nonces, timeouts and keys that a client uses.

    Attributes:
        clock: Returns the present time in UTC.
        new_id: Returns a new identifier for grants, evidence and threads.
        nonce: Returns the unguessable part of a fence around untrusted text.
        timeouts: How long a call may take, and how it waits between attempts.
        pseudonym_key: The key of the pseudonyms that replace secrets; the same key gives the same pseudonyms.
        shared_pace: Whether a client also waits when the service throttles another client of the same person.
    """

    clock: Callable[[], datetime] = _wall_clock
    new_id: Callable[[], str] = _random_id
    nonce: Callable[[], str] = _random_nonce
    timeouts: Timeouts = Timeouts()
    pseudonym_key: bytes = field(default_factory=lambda: secrets.token_bytes(16), repr=False)
    shared_pace: bool = True
