"""What may go wrong on purpose: single faults by request, and a limit on requests by person. Data only, no I/O.

Both are off unless set. They are deterministic: a fault counts the requests it fits, and a bucket takes its time from
the clock it was given.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Literal, get_args

from azure_devops_simulator.state.values import JsonObject

FaultKind = Literal["status", "throttle", "reset", "truncate", "slow", "delay", "endless"]
When = Literal["before", "after"]
BodyForm = Literal["json", "html", "bom", "empty"]


@dataclass(frozen=True)
class Fault:
    """One way in which answers go wrong.

    Args:
        kind: `status` answers with `status` (503 unless given) and a body of the form `body`; below 400 an `html` body
            is the sign-in page;
            `throttle` is the service's rate limit: 429 with Retry-After unless `status=200`, which delivers the true
            answer with the X-RateLimit headers, late when there is a `delay`;
            `reset` drops the connection (a TCP reset); `truncate` ends it in the middle of the answer's body;
            `slow` sends the body in eight pieces, `delay` seconds before each;
            `delay` only waits; `endless` repeats the body until the client hangs up, `delay` seconds between rounds.
        method: the method it fits, `*` any.
        path: a part of the request's decoded path (without query), case ignored.
        when: `before` the operation takes effect, which then never happens; `after`: it happens, and then its answer
            is lost or spoilt. `truncate`, `slow` and `endless` always come after.
        status: the status of `status` and `throttle`.
        body: `json` in the usual error shape, an `html` page, `bom` (JSON after a byte order mark) or `empty`.
        retry_after: seconds for the Retry-After header; `throttle` says 5 unless given.
        delay: seconds to wait, before anything else happens except for `slow` and `endless`.
        skip: how many fitting requests pass first.
        every: of those that follow, every n-th fails, starting with the first.
        times: how often it happens at most; None = without end.

    Raises:
        ValueError: a kind, form or number that makes no sense.
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

    def __post_init__(self) -> None:
        for name, known in (("kind", FaultKind), ("when", When), ("body", BodyForm)):
            if getattr(self, name) not in get_args(known):
                raise ValueError(f"{name} {getattr(self, name)!r} is not one of {', '.join(get_args(known))}")
        if self.status is not None and (self.kind not in {"status", "throttle"} or not 200 <= self.status <= 599):
            raise ValueError("status is a number from 200 to 599, for the kinds status and throttle only")
        if self.skip < 0 or self.every < 1 or self.delay < 0 or (self.times is not None and self.times < 0):
            raise ValueError("skip, delay and times cannot be negative and every is at least 1")

    def fits(self, method: str, path: str) -> bool:
        """Return whether a request is one of those it is meant for."""
        return self.method in {"*", method.upper()} and self.path.lower() in path.lower()

    def body_json(self) -> JsonObject:
        """Return the fault as JSON, all fields; `Fault(**it)` is an equal one."""
        return {known.name: getattr(self, known.name) for known in fields(self)}


def parse_fault(text: str) -> Fault:
    """Return a fault as the command line has it: `kind,name=value,...`, such as `status,status=503,path=/wit/,times=2`.

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
    **dict.fromkeys(("retry_after", "delay"), float),
    "method": str.upper,
}


FAULT_NAMES = tuple(_READERS)
"""What the JSON form of a fault may have."""


def read_fault(given: JsonObject) -> Fault:
    """Return a fault of its JSON form. Names left out, and nulls, have their default.

    Raises:
        ValueError: an unknown name, or a value of the wrong type.
    """
    if unknown := given.keys() - _READERS.keys():
        raise ValueError(f"{', '.join(sorted(unknown))}: not known; a fault has {', '.join(_READERS)}")
    values = {name: _READERS[name](str(value)) for name, value in given.items() if value is not None}
    if "kind" not in values:
        raise ValueError(f"a fault has a kind: {', '.join(get_args(FaultKind))}")
    return Fault(**values)  # type: ignore[arg-type]


class Faults:
    """The faults of an organization. Those added first are tried first; each request meets one at most."""

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
        """Add faults behind those already there. The same fault twice counts twice."""
        with self._lock:
            self._faults += [_Counted(fault) for fault in faults]

    def clear(self) -> None:
        """Remove all faults with their counts."""
        with self._lock:
            self._faults = []

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that this request meets, counted; None when it passes."""
        with self._lock:
            return next((known.fault for known in self._faults if known.meets(method, path)), None)

    def counted(self) -> list[tuple[Fault, int, int]]:
        """Return every fault with how many requests it fitted and how many it spoilt."""
        with self._lock:
            return [(known.fault, known.seen, known.spoilt) for known in self._faults]


@dataclass
class _Counted:
    fault: Fault
    seen: int = 0
    spoilt: int = 0

    def meets(self, method: str, path: str) -> bool:
        """Count a request, and say whether the fault happens to it."""
        fault = self.fault
        if not fault.fits(method, path):
            return False
        number, self.seen = self.seen - fault.skip, self.seen + 1
        if number < 0 or number % fault.every or (fault.times is not None and self.spoilt >= fault.times):
            return False
        self.spoilt += 1
        return True


@dataclass(frozen=True)
class Pace:
    """What the rate limit says about one request. `delay` in seconds; and `retry_after` in seconds."""

    state: Literal["quiet", "flag", "tarpit", "block"]
    limit: int
    remaining: int
    reset: float
    delay: float = 0.0
    retry_after: float = 0


@dataclass
class TokenBucket:
    """A rate limit for each person, in the three states of the service.

    Each request takes one token. While more than half of them are left nothing shows; then answers carry the
    X-RateLimit headers (flag); the next `tarpit` requests after the last token wait `delay` seconds (tarpit); then
    requests are refused with 429 until a token is there (block). A refused request takes none.

    Args:
        capacity: tokens of a full bucket.
        refill: tokens that come back in a second.
        tarpit: how many requests without a token are delayed before one is refused.
        delay: seconds such a request waits.
        clock: seconds that only grow; by default the machine's own, a function of the test's for exact results.
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
            raise ValueError("capacity is at least 1, refill more than 0, tarpit and delay not negative")

    def take(self, person: str) -> Pace:
        """Take a token for a request of somebody, and say what becomes of it."""
        with self._lock:
            now = self.clock()
            level, then = self._levels.get(person, (float(self.capacity), now))
            level = min(float(self.capacity), level + (now - then) * self.refill) - 1
            blocked = level < -self.tarpit
            self._levels[person] = (level + 1 if blocked else level), now
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
