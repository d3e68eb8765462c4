"""What differs from run to run, in one place, so that evals and recordings can fix it."""

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
class RunContext:
    """Sources of everything that is not decided by arguments and answers.

    Attributes:
        clock: The time now, in UTC.
        new_id: A fresh identifier for grants, evidence and threads.
        nonce: The unguessable part of a fence around untrusted text.
        pseudonym_key: Keys the pseudonyms that stand for secrets; the same key gives the same pseudonyms.
    """

    clock: Callable[[], datetime] = _wall_clock
    new_id: Callable[[], str] = _random_id
    nonce: Callable[[], str] = _random_nonce
    pseudonym_key: bytes = field(default_factory=lambda: secrets.token_bytes(16), repr=False)
