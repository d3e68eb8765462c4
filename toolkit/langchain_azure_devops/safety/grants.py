"""Requests for writes, the answers of approvers, and the grants that open the write gate.

A grant lets one running tool call send its declared writes: it is bound to the client, the tool, its canonical
arguments, the routes that these name, and a number of requests. The gate rejects every other state-changing request.
"""

import hashlib
import json
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import JsonValue

from langchain_azure_devops.errors import WriteBlocked
from langchain_azure_devops.text.known_secrets import KnownSecrets
from langchain_azure_devops.text.untrusted import clean

MOST_ASKS = 3
"""How often one write is approved at most when what it would change changes each time before it is sent."""
GRANT_SECONDS = 120.0
"""How long a grant is valid: long enough for a throttled request, short enough to be useless later."""

WritePolicy = Literal["deny", "ask", "allow"]


@dataclass(frozen=True)
class Operation:
    """One REST operation: its method and its route template with placeholders, as in the service's reference."""

    method: str
    template: str

    @classmethod
    def parse(cls, text: str) -> "Operation":
        """Parse a text such as `POST /{project}/_apis/wit/workitems/${type}`."""
        method, template = text.split(" ", 1)
        return cls(method, template)


@dataclass(frozen=True)
class WriteRequest:
    """A write that waits for approval.

    Attributes:
        tool: The plain name of the tool.
        arguments: All arguments that the tool will get, after validation.
        digest: Identifies the tool, its arguments and the current values, if they were read. An approval names it, so
            that it fits no other call and no other state.
        project: The project the write goes to, when the tool takes one.
        targets: The arguments that say where it goes and whom it concerns, `fields.System.AreaPath` for one field of a
            work item; None when that is not known, and then each of them counts as one.
        empty_clears: Whether an empty text is a value that clears a field, not an absent argument.
        current: The present values of what the write would change, without secrets; None when they were not read,
            because the tool declares none or the approver does not need them.
        outdated: The values that were shown when this write was approved before, if they changed since then.
        notice: Says that an equal write was begun and that its outcome is not known, so that this one may do it twice;
            empty when there is none. Show it: it is covered by the digest, too.
        organization: The bare name of the organization that the write goes to.
        again: Whether this call was approved before and was then surely not sent, because the state had changed or an
            equal write had begun.
    """

    tool: str
    arguments: Mapping[str, JsonValue]
    digest: str
    project: str | None
    targets: frozenset[str] | None = None
    empty_clears: bool = True
    current: Mapping[str, JsonValue] | None = None
    outdated: Mapping[str, JsonValue] | None = None
    notice: str = ""
    organization: str = ""
    again: bool = False

    def show(self, current: Mapping[str, JsonValue], outdated: Mapping[str, JsonValue] | None = None) -> "WriteRequest":
        """Return this request with the present values, and with a digest that covers them, too.

        Args:
            current: The present values.
            outdated: The values that were shown before, if they changed since then.
        """
        digest = digest_call(self.tool, self.arguments, current, self.notice)
        return replace(self, digest=digest, current=current, outdated=outdated)

    def warn(self, notice: str) -> "WriteRequest":
        """Return this request with a notice, and with a digest that covers it, too."""
        return replace(self, digest=digest_call(self.tool, self.arguments, self.current, notice), notice=notice)

    def approve(self, by: str) -> "Approval":
        """Return the approval of this write; `by` names who gives it."""
        return Approval(True, self.digest, by)

    def reject(self, by: str, reason: str = "") -> "Approval":
        """Return the rejection of this write; the reason is for the model and the audit log."""
        return Approval(False, self.digest, by, reason)

    @property
    def changed(self) -> tuple["StateChange", ...]:
        """What changed since this write was approved; empty when it was not approved before."""
        return () if self.outdated is None else compare_states(self.outdated, self.current or {})


@dataclass(frozen=True)
class StateChange:
    """One value that changed after it was shown, or of which this cannot be said.

    Attributes:
        name: Its name.
        shown: The value that was shown; None when there was none.
        now: The present value; None when there is none.
        comparable: Whether the value certainly changed. False when it differs only where the shown value holds a secret
            that another process read: a pseudonym of another process says nothing about the secret.
    """

    name: str
    shown: JsonValue
    now: JsonValue
    comparable: bool = True


def compare_states(
    shown: Mapping[str, JsonValue], now: Mapping[str, JsonValue], known: KnownSecrets | None = None
) -> tuple[StateChange, ...]:
    """List the values that differ between the state that was shown and the present one.

    Args:
        shown: The state that was shown, with pseudonyms for secrets.
        now: The present one, with pseudonyms for secrets.
        known: The secrets of the client that read the present state. What was learned since the showing is replaced
            in both states, so that a value counts as changed only when it changed.
    """
    if known is not None:
        shown, now = known.redact_value((dict(shown), dict(now)), learn=False)
    names = [*shown, *(name for name in now if name not in shown)]
    return tuple(
        StateChange(name, shown.get(name), now.get(name), not (known and _may_equal(shown, now, name, known)))
        for name in names
        if shown.get(name) != now.get(name)
    )


def _may_equal(shown: Mapping[str, JsonValue], now: Mapping[str, JsonValue], name: str, known: KnownSecrets) -> bool:
    """Return whether a value differs only where the shown one has pseudonyms that stand for nothing in this process."""
    if name not in shown or name not in now:
        return False
    old, new = _canonical(shown[name]), _canonical(now[name])
    first, *others = known.split_at_strangers(old)
    if not others or not new.startswith(first):
        return False
    at = len(first)
    for part in others[:-1]:
        # A secret is never empty.
        at = new.find(part, at + 1)
        if at < 0:
            return False
        at += len(part)
    return new.endswith(others[-1]) and len(new) - len(others[-1]) > at


@dataclass(frozen=True)
class Approval:
    """The answer of an approver to a write request.

    Attributes:
        approved: Whether the write may happen.
        digest: The digest of the request that was shown.
        approver: The name of the approver; without one nothing is approved.
        reason: Why the write is refused, for the model and the audit log.
        state: The current values that the approver itself showed before, as `Tool.read_current` returned them. The
            write is sent only if they are still the same. Leave it out when the request carries the current values.
        begun: When the approver noted that its answer is used, in seconds since the epoch, if it notes that. No two
            answers have the same time, so that a later call with the same answer finds what became of the write.
    """

    approved: bool
    digest: str
    approver: str
    reason: str = ""
    state: Mapping[str, JsonValue] | None = None
    begun: float | None = None


def names_somebody(approver: object) -> bool:
    """Return whether a name says who approved: it holds a letter or digit that a reader sees."""
    return isinstance(approver, str) and any(map(str.isalnum, clean(approver)))


Approver = Callable[[WriteRequest], Approval | Awaitable[Approval]]
"""Answers a write request, at once or later.

The current values are read for each request and once more before the write. An approver that has the attribute
`needs_current = False` decides without them, so they are not read. One that remembers which of its answers were used,
also after a restart, may have a method `find_begun(request)`, which returns when the write was begun, in seconds since
the epoch, or None. It is called when the current values make the write impossible: the write itself may be the reason.
"""


@dataclass(frozen=True)
class Grant:
    """The right of one tool call to send its declared writes; it is valid only in the book that issued it.

    Attributes:
        id: Its id in the book; a copy has the same id and is used up together with the original.
        request: The write that was allowed.
    """

    id: str
    request: WriteRequest


Bound = str | frozenset[str] | None
"""The value of a placeholder, the values that it may have, or None when its segment must be missing."""


@dataclass
class _Entry:
    """The remaining permissions of a grant."""

    operations: frozenset[Operation]
    bound: Mapping[str, Bound]
    several: frozenset[str]
    remaining: int
    expires: float


class GrantBook:
    """The open grants of one client; no other grant opens the gate of this client."""

    def __init__(self) -> None:
        """Begin without grants."""
        self._open: dict[str, _Entry] = {}
        self._lock = threading.Lock()

    def open(
        self,
        request: WriteRequest,
        operations: frozenset[Operation],
        writes: int,
        bound: Mapping[str, Bound],
        several: frozenset[str] = frozenset(),
    ) -> Grant:
        """Issue a grant.

        Args:
            request: The write that was allowed.
            operations: The operations that the tool declares.
            writes: How many write requests it declares.
            bound: The values of the placeholders of the routes that the arguments fix.
            several: The placeholders that have another value in each request.
        """
        grant = Grant(secrets.token_hex(16), request)
        with self._lock:
            self._open[grant.id] = _Entry(operations, dict(bound), several, writes, time.monotonic() + GRANT_SECONDS)
        return grant

    def close(self, grant: Grant) -> None:
        """End a grant with its tool call, so that nothing that the call left running can still write."""
        with self._lock:
            self._open.pop(grant.id, None)

    def spend(self, grant: Grant, operation: Operation, path: Mapping[str, str | int | None]) -> None:
        """Use a grant for one request.

        Raises:
            WriteBlocked: The request is not what was granted.
        """
        with self._lock:
            entry = self._open.get(grant.id)
            if entry is None:
                raise _not_covered(operation, "its tool call is over, or it was given to another client")
            if time.monotonic() > entry.expires:
                raise _not_covered(operation, "it has expired; ask again")
            if operation not in entry.operations:
                raise _not_covered(operation, f"{grant.request.tool} does not declare this operation")
            for name, wanted in entry.bound.items():
                given = None if path.get(name) is None else str(path[name])
                if given is None and name != "project" and f"{{{name}}}" not in operation.template:
                    # One of several operations, whose route has no such part.
                    continue
                if given not in wanted if isinstance(wanted, frozenset) else given != wanted:
                    shown = " or ".join(sorted(wanted)) if isinstance(wanted, frozenset) else wanted
                    raise _not_covered(operation, f"it is for {name} {shown!r}, not {given!r}")
            if entry.remaining < 1:
                raise _not_covered(operation, "it is used up")
            entry.remaining -= 1
            # Values that the tool read, such as the project of a work item, must be the same in all its requests.
            read = {name: str(value) for name, value in path.items() if value is not None and name not in entry.several}
            entry.bound = {**read, **entry.bound}


@dataclass(frozen=True)
class ToolCall:
    """The tool call that a request belongs to; a context variable carries it on the client's loop.

    Attributes:
        tool: The plain name of the tool.
        scopes: Any one of these scopes lets a token use the tool.
        grant: The grant for its writes.
        digest: Identifies the call without the position of its page.
        deadline: The end of all its requests by the monotonic clock; None limits each request separately.
        also: Further scopes, each of which the tool needs.
        optional: The scopes that the tool declares for optional parts of its result.
        gaps: The parts that were not read, each with the scope that it needs.
        before_write: Runs right before each attempt to send a write request; an error means that it is not sent.
        arguments: What the caller gave, as far as it is known.
    """

    tool: str
    scopes: tuple[str, ...]
    grant: Grant | None = None
    digest: str = ""
    deadline: float | None = None
    also: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    gaps: list[tuple[str, str]] = field(default_factory=list)
    before_write: Callable[[], Awaitable[None]] | None = None
    arguments: Mapping[str, object] = field(default_factory=dict)


current_call: ContextVar[ToolCall | None] = ContextVar("azure_devops_tool_call", default=None)


def as_subject(value: object, *settings: str | None) -> str:
    """Return a value as the subject of an error if the caller or the settings gave it; otherwise an empty text.

    A subject stands outside of the fence around an error's message, so no answer may decide what it says.
    """
    call = current_call.get()
    if call is None:
        return str(value)
    given = str([*settings, *call.arguments.values()]).lower()
    return str(value) if str(value).strip("/").lower() in given else ""


def flatten(arguments: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    """Yield every argument but the project as name and text: each item of a list, each field under its own name."""
    for name, value in arguments.items():
        if name == "project":
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict) and set(part) == {"name", "value"}:
                yield f"{name}.{part['name']}", _text(part["value"])
            else:
                yield name, _text(part)


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def digest_call(
    tool: str, arguments: Mapping[str, JsonValue], current: Mapping[str, JsonValue] | None = None, notice: str = ""
) -> str:
    """Compute the digest of a tool, its canonical arguments, the current values if they were read, and a notice."""
    parts = [tool, arguments, current, notice] if notice else [tool, arguments, current]
    return _digest(parts[:2] if current is None and not notice else parts)


def digest_state(current: Mapping[str, JsonValue]) -> str:
    """Compute the digest of current values."""
    return _digest(current)


def _digest(value: object) -> str:
    return hashlib.sha256(_canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _not_covered(operation: Operation, why: str) -> WriteBlocked:
    return WriteBlocked(
        f"{operation.method} {operation.template} was not sent: the approval does not cover it, because {why}.",
        subject="grant",
    )
