"""The state that an approver is shown: read before the approver is asked, and compared again right before the write."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial

from pydantic import JsonValue

from langchain_azure_devops.calls.repeats import EqualWriteBegan
from langchain_azure_devops.calls.time_limits import keep_limit, last_request
from langchain_azure_devops.errors import (
    AzureDevOpsError,
    Conflict,
    InvalidRequest,
    StateChanged,
    WriteBlocked,
)
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.safety.grants import (
    MOST_ASKS,
    Approval,
    ToolCall,
    WriteRequest,
    compare_states,
    current_call,
)
from langchain_azure_devops.scopes import Scope

State = Mapping[str, JsonValue]
ReadCurrent = Callable[[AzureDevOps, Mapping[str, JsonValue]], Awaitable[dict[str, JsonValue]]]


class NothingToSend(Conflict):
    """The present values are those that a write asks for, as what reads them says. Nobody is asked to approve it.

    The tool then runs without a grant: it cannot write, and its result says why nothing was sent.
    """


class NotCompared(WriteBlocked):
    """The present values could not be read before the write; nothing was sent.

    Attributes:
        reason: The error of the reading, whose message says that nothing was sent.
    """

    def __init__(self, tool: str, reason: AzureDevOpsError) -> None:
        """Say in the error of the reading that nothing was sent, and keep it."""
        if isinstance(reason, Conflict | InvalidRequest):
            # Since the approval, somebody has made the write impossible.
            reason.message = f"{tool} was not carried out, and nothing was sent. {reason.message}"
        else:
            reason.message = (
                f"{tool} was not carried out, and nothing was sent: the values that the approver was shown could not "
                f"be read again to compare them. {reason.message} The write may be approved again."
            )
        reason.args = (reason.message,)
        super().__init__(reason.message, subject=tool)
        self.reason = reason


async def read_current(
    client: AzureDevOps, read: ReadCurrent, request: WriteRequest, scopes: tuple[Scope, ...]
) -> State:
    """Read the present values of what a write would change, with pseudonyms for secrets; runs on the client's loop.

    The reading has no grant, so it cannot write.

    Args:
        client: The client that reads.
        read: Reads the values, as the tool declares.
        request: The write.
        scopes: The scopes of the tool, for the error of a refusal.
    """
    call, longest = current_call.get(), time.monotonic() + client.context.timeouts.call
    # Within a call it belongs to a write that was approved, and before one to a question whose time may end.
    deadline = last_request(longest) if call is None else call.deadline or longest
    names = tuple(scope.value for scope in scopes)
    asked = ToolCall(request.tool, names, digest=request.digest[:12], deadline=deadline, arguments=request.arguments)
    token = current_call.set(asked)
    try:
        async with keep_limit(longest) if call is None else nullcontext():
            return client.secrets.redact_value(await read(client, request.arguments))
    finally:
        current_call.reset(token)


class StateCheck:
    """Compares the present values with the ones that were approved, each time before a write request is sent.

    A call that sends several requests is compared once: its own first request changes the state.

    Attributes:
        now: The values that were read last; None before the first comparison.
        approved: The values that were approved. Secrets that were learned since then are replaced in them, too, when
            they are compared.
        changed: Whether they differ.
    """

    def __init__(
        self, client: AzureDevOps, tool: str, read: Callable[[], Awaitable[State]], approved: State, writes: int
    ) -> None:
        """Compare with the approved values, for a call that may send so many write requests."""
        self.now: State | None = None
        self.approved = approved
        self.changed = False
        self._secrets, self._tool, self._read, self._once = client.secrets, tool, read, writes > 1
        self._held = False
        self._lock = asyncio.Lock()

    async def __call__(self) -> None:
        """Compare.

        Raises:
            StateChanged: The state is another one, or holds a secret that cannot be compared.
            NotCompared: It could not be read.
        """
        async with self._lock:
            if self._held and self._once:
                return
            try:
                self.now = await self._read()
            except AzureDevOpsError as error:
                raise NotCompared(self._tool, error) from error
            self.approved = self._secrets.redact_value(dict(self.approved), learn=False)
            changes = compare_states(self.approved, self.now, self._secrets)
            self.changed = bool(changes)
            if changes:
                why = "what the approver was shown has changed since then"
                if not any(change.comparable for change in changes):
                    names = " and ".join(change.name for change in changes)
                    why = f"{names} holds a secret whose value cannot be compared after a restart"
                raise StateChanged(
                    f"{self._tool} was not carried out, and nothing was sent: {why}. It has to be approved again.",
                    subject=self._tool,
                )
            self._held = True


async def check_is_approved(name: str, value: JsonValue) -> None:
    """Check that what the running call will send is what its approver was shown; without an approver, it may be sent.

    Args:
        name: The name of a present value.
        value: What will be sent.

    Raises:
        StateChanged: The approver was shown another value.
    """
    call = current_call.get()
    check = None if call is None else call.before_write
    if call is None or not isinstance(check, StateCheck) or check.approved.get(name, value) == value:
        return
    await check()
    raise StateChanged(
        f"{call.tool} was not carried out, and nothing was sent: what it would send changed twice. Ask for it again.",
        subject=call.tool,
    )


def make_check(
    client: AzureDevOps,
    read: ReadCurrent,
    request: WriteRequest,
    approval: Approval,
    scopes: tuple[Scope, ...],
    writes: int,
) -> StateCheck | None:
    """Return the comparison with the state that an approval is for; None when it was given without one."""
    approved = approval.state if request.current is None else request.current
    if approved is None:
        return None
    return StateCheck(client, request.tool, partial(read_current, client, read, request, scopes), approved, writes)


@dataclass(frozen=True)
class Showing:
    """What the approver of one call is shown, and what was shown before.

    Attributes:
        asked: The write without any state.
        current: The present values; None when the approver is not shown any.
        outdated: The values that were shown before, if they changed.
        rounds: How often the approver was asked before.
    """

    asked: WriteRequest
    current: State | None
    outdated: State | None = None
    rounds: int = 0

    @property
    def request(self) -> WriteRequest:
        """The request for the approver."""
        asked = replace(self.asked, again=self.rounds > 0)
        return asked if self.current is None else asked.show(self.current, self.outdated)

    def renew(self, check: StateCheck | None, error: StateChanged) -> "Showing":
        """Return what to show after the state changed.

        Raises:
            StateChanged: The approver showed the state itself, or it changed too often.
        """
        if isinstance(error, EqualWriteBegan) and self.rounds + 1 < MOST_ASKS:
            return Showing(self.asked.warn(error.notice), self.current, self.outdated, self.rounds + 1)
        if self.current is None or check is None or not check.changed:
            raise error
        if self.rounds + 1 == MOST_ASKS:
            raise StateChanged(
                f"{error.subject} was not carried out, and nothing was sent: it was approved {MOST_ASKS} times, and "
                "what it would change was changed by somebody else each time before it was written. Read it again, "
                "and ask for the write later.",
                subject=error.subject,
            ) from error
        return Showing(self.asked, check.now, check.approved, self.rounds + 1)
