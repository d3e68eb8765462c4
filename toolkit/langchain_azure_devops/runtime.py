"""What differs from run to run, in one place, so that evals and recordings can fix it."""

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
        seconds: How long.
    """

    reason: str
    seconds: float

    def __str__(self) -> str:
        """Such as `throttled, continuing in 4 s`."""
        return f"{self.reason}, continuing in {math.ceil(self.seconds)} s"


@dataclass(frozen=True)
class Patience:
    """How long a call may take and how it waits; everything in seconds.

    Attributes:
        call: One call with all its requests and waits.
        request: Until a connection brings the next piece of an answer.
        connect: Until a connection stands.
        pause: Before the second attempt; each further one doubles it, and chance takes up to half of it away.
        longest_pause: What the doubling ends at.
        attempts: How often a request is sent at most.
        looks: The pauses before each look for a write whose answer was lost.
        settling: How long the looks for one write may take in all.
    """

    call: float = 90.0
    request: float = 30.0
    connect: float = 10.0
    pause: float = 0.2
    longest_pause: float = 15.0
    attempts: int = 6
    looks: tuple[float, ...] = (0.0, 1.0, 3.0, 6.0)
    settling: float = 45.0

    @property
    def timeouts(self) -> dict[str, float]:
        """What the connections of one request are given, by the names that httpx has for them."""
        return {"connect": self.connect, "read": self.request, "write": self.request, "pool": self.call}


@dataclass(frozen=True)
class RunContext:
    """Sources of everything that is not decided by arguments and answers.

    Attributes:
        clock: The time now, in UTC.
        new_id: A fresh identifier for grants, evidence and threads.
        nonce: The unguessable part of a fence around untrusted text.
        patience: How long a call may take and how it waits.
        pseudonym_key: Keys the pseudonyms that stand for secrets; the same key gives the same pseudonyms.
        shared_pace: Whether a client waits when another one of the same organization and person was asked to.
    """

    clock: Callable[[], datetime] = _wall_clock
    new_id: Callable[[], str] = _random_id
    nonce: Callable[[], str] = _random_nonce
    patience: Patience = Patience()
    pseudonym_key: bytes = field(default_factory=lambda: secrets.token_bytes(16), repr=False)
    shared_pace: bool = True
