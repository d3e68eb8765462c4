"""Failures on purpose: faults for single requests, and a rate limit for each user.

Both are off by default. They are deterministic: a fault counts the requests that match it, and a rate limit takes its
time from the clock that it is given.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Literal, get_args

from azure_devops_simulator.state.values import JsonObject, check_word

FaultKind = Literal["status", "throttle", "reset", "truncate", "slow", "delay", "endless"]
When = Literal["before", "after", "late"]
BodyForm = Literal["json", "html", "bom", "empty"]


@dataclass(frozen=True)
class Fault:
    """A way in which answers fail.

    Args:
        kind: `status` answers with `status` (503 unless given) and a body of the form `body`; below 400 an `html` body
            is the sign-in page;
            `throttle` is the rate limit of the service: 429 with Retry-After. With `status=200` it delivers the true
            answer with the X-RateLimit headers, after `delay`;
            `reset` drops the connection (a TCP reset); `truncate` ends it in the middle of the answer's body;
            `slow` sends the body in eight pieces, `delay` seconds before each;
            `delay` only waits; `endless` repeats the body until the client hangs up, with `delay` seconds in between.
        method: the method to match; `*` matches any.
        path: a part of the decoded path (without query) to match, in any case.
        when: `before` means that the operation does not take effect. `after` means that it does, and then its answer is
            lost or damaged. `truncate`, `slow` and `endless` always come after. `late` fails at once like `before`, and
            the operation takes effect `late` seconds later.
        status: the status of `status` and `throttle`.
        body: `json` in the usual error shape, an `html` page, `bom` (JSON after a byte order mark) or `empty`.
        retry_after: seconds for the Retry-After header; `throttle` says 5 unless given.
        delay: seconds to wait before anything else happens, except for `slow` and `endless`.
        skip: how many matching requests pass first.
        every: every n-th of the following requests fails, starting with the first.
        times: how many requests fail at most; None means no limit.
        late: real seconds after the failure until a `late` operation takes effect; only `status` and `reset` have it.

    Raises:
        ValueError: an unknown kind or form, or an invalid number.
    """

    kind: FaultKind
    method: str = "*"
    path: str = ""
    when: When = "before"
    status: int | None = None
    body: BodyForm = "json"
    retry_after: float | None = None
    delay: float = 0.0
    skip: int = 0
    every: int = 1
    times: int | None = None
    late: float = 0.0

    def __post_init__(self) -> None:
        for name, known in (("kind", FaultKind), ("when", When), ("body", BodyForm)):
            check_word(name, getattr(self, name), get_args(known))
        if self.status is not None and (self.kind not in {"status", "throttle"} or not 200 <= self.status <= 599):
            raise ValueError("status must be a number from 200 to 599, and only the kinds status and throttle have one")
        if (self.when == "late" and self.kind not in {"status", "reset"}) or (self.late and self.when != "late"):
            raise ValueError("only the kinds status and reset can come late, and late is a number of seconds for them")
        if (
            self.skip < 0
            or self.every < 1
            or min(self.delay, self.late) < 0
            or (self.times is not None and self.times < 0)
        ):
            raise ValueError("skip, delay, late and times must not be negative, and every must be at least 1")

    def fits(self, method: str, path: str) -> bool:
        """Return whether the fault is meant for this request."""
        return self.method in {"*", method.upper()} and self.path.lower() in path.lower()

    def body_json(self) -> JsonObject:
        """Return all fields of the fault as JSON; `Fault(**fields)` gives an equal fault."""
        return {known.name: getattr(self, known.name) for known in fields(self)}


def parse_fault(text: str) -> Fault:
    """Read a fault from the form of the command line, such as `status,status=503,path=/wit/,times=2`.

    Raises:
        ValueError: an unknown kind or name, or a value of the wrong type.
    """
    kind, *pairs = (part.strip() for part in text.split(","))
    return read_fault({"kind": kind, **dict(_pair(pair) for pair in pairs)})


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is not name=value")
    return name, value


_READERS: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(("kind", "path", "when", "body"), str),
    **dict.fromkeys(("status", "skip", "every", "times"), int),
    **dict.fromkeys(("retry_after", "delay", "late"), float),
    "method": str.upper,
}


FAULT_NAMES = tuple(_READERS)
"""The names in the JSON form of a fault."""


def read_fault(given: JsonObject) -> Fault:
    """Read a fault from JSON. Names that are missing or null get their default.

    Raises:
        ValueError: an unknown name, or a value of the wrong type.
    """
    if unknown := given.keys() - _READERS.keys():
        raise ValueError(f"{', '.join(sorted(unknown))}: not known; a fault has the names {', '.join(_READERS)}")
    values = {name: _READERS[name](str(value)) for name, value in given.items() if value is not None}
    if "kind" not in values:
        raise ValueError(f"a fault needs a kind: {', '.join(get_args(FaultKind))}")
    return Fault(**values)  # type: ignore[arg-type]


class Faults:
    """The faults of an organization. Earlier faults are tried first, and each request meets at most one."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._faults: list[_Counted] = [_Counted(fault) for fault in faults]

    def __bool__(self) -> bool:
        return bool(self._faults)

    def __len__(self) -> int:
        return len(self._faults)

    def __reduce__(self) -> tuple[type[Faults], tuple[()], list[_Counted]]:
        """Copy and pickle everything but the lock."""
        with self._lock:
            return Faults, (), self._faults

    def __setstate__(self, faults: list[_Counted]) -> None:
        """Take over the faults of the original."""
        self._faults = faults

    def add(self, *faults: Fault) -> None:
        """Add faults after the existing ones. Adding a fault twice makes it count twice."""
        with self._lock:
            self._faults += [_Counted(fault) for fault in faults]

    def clear(self) -> None:
        """Remove all faults with their counts."""
        with self._lock:
            self._faults = []

    def take(self, method: str, path: str) -> Fault | None:
        """Return and count the fault that this request meets, or None."""
        with self._lock:
            return next((known.fault for known in self._faults if known.meets(method, path)), None)

    def counted(self) -> list[tuple[Fault, int, int]]:
        """Return every fault with how many requests matched it and how many failed."""
        with self._lock:
            return [(known.fault, known.seen, known.failed) for known in self._faults]


@dataclass
class _Counted:
    fault: Fault
    seen: int = 0
    failed: int = 0

    def meets(self, method: str, path: str) -> bool:
        """Count a request and return whether it fails."""
        fault = self.fault
        if not fault.fits(method, path):
            return False
        number, self.seen = self.seen - fault.skip, self.seen + 1
        if number < 0 or number % fault.every or (fault.times is not None and self.failed >= fault.times):
            return False
        self.failed += 1
        return True


@dataclass(frozen=True)
class Pace:
    """The decision of the rate limit about one request. `delay` and `retry_after` are in seconds."""

    state: Literal["quiet", "flag", "tarpit", "block"]
    limit: int
    remaining: int
    reset: float
    delay: float = 0.0
    retry_after: float = 0


@dataclass
class TokenBucket:
    """A rate limit for each user, with the three stages of the service.

    Each request takes one token. While more than half of the tokens are left, answers show nothing. After that they
    carry the X-RateLimit headers (flag). Without tokens the next `tarpit` requests wait `delay` seconds (tarpit). Then
    requests are refused with 429 until there is a token again (block). A refused request takes no token.

    Args:
        capacity: tokens of a full bucket.
        refill: tokens that come back in a second.
        tarpit: how many requests without a token are delayed before one is refused.
        delay: seconds such a request waits.
        clock: a function that returns growing seconds, by default the clock of the machine.
    """

    capacity: int = 200
    refill: float = 200 / 300
    tarpit: int = 0
    delay: float = 1.0
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)
    _levels: dict[str, tuple[float, float]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.capacity < 1 or not 0 < self.refill < math.inf or self.tarpit < 0 or self.delay < 0:
            raise ValueError("capacity must be at least 1, refill more than 0, and tarpit and delay not negative")

    def take(self, user: str) -> Pace:
        """Take a token for a request of a user and return the decision."""
        with self._lock:
            now = self.clock()
            level, then = self._levels.get(user, (float(self.capacity), now))
            level = min(float(self.capacity), level + (now - then) * self.refill) - 1
            blocked = level < -self.tarpit
            self._levels[user] = (level + 1 if blocked else level), now
        return self._pace(level, blocked=blocked)

    def _pace(self, level: float, *, blocked: bool) -> Pace:
        remaining, reset = max(0, math.floor(level)), (self.capacity - level) / self.refill
        if blocked:
            wait = max(1, math.ceil((-level - self.tarpit) / self.refill))
            return Pace("block", self.capacity, 0, reset, retry_after=wait)
        if level < 0:
            return Pace("tarpit", self.capacity, 0, reset, self.delay, max(1, math.ceil(-level / self.refill)))
        state: Literal["flag", "quiet"] = "flag" if level <= self.capacity / 2 else "quiet"
        return Pace(state, self.capacity, remaining, reset)
