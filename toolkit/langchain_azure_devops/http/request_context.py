"""What a request carries with it on its way through the layers, and the requests that probe."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import SecretStr

from langchain_azure_devops.http.pacing import Pacer
from langchain_azure_devops.runtime import Waiting
from langchain_azure_devops.safety.grants import Grant, GrantBook, Operation
from langchain_azure_devops.safety.operations import is_read

_NOBODY = "00000000-0000-0000-0000-000000000000"
PROBES: Mapping[str, tuple[Operation, str, str]] = {
    "vso.code_write": (
        Operation("POST", f"/_apis/git/repositories/{_NOBODY}/refs"),
        "application/json",
        "{}",
    ),
    "vso.work_write": (
        Operation("PATCH", "/_apis/wit/workitems/2147483647"),
        "application/json-patch+json",
        '[{"op":"test","path":"/rev","value":1}]',
    ),
}
"""Requests that ask whether a write scope is there and cannot act: the target cannot exist and the body is refused."""


class RequestSource(Protocol):
    """The client that sends a request: whether it may write, its open grants and its pace."""

    read_only: bool
    grants: GrantBook

    @property
    def pacer(self) -> Pacer:
        """The pace of this organization and person, shared with every other client of theirs."""


@dataclass(frozen=True)
class RequestContext:
    """What the transport layers need to know about a request; its `request_context` extension carries it.

    Attributes:
        operation: The operation that the request carries out.
        path: The values of the placeholders in its route.
        client: The client that sends it.
        deadline: When the call that it belongs to must be over, by the monotonic clock.
        report_wait: Called with every wait that is long enough for a person to notice.
        grant: The grant of the tool call that it belongs to.
        probe: Whether it is one of PROBES.
        streamed: Whether the caller reads the body piece by piece and limits its size.
        token: The token to send, even if it is refused; None for the one in use.
        anonymous: Whether to send it without a token.
        started: When it was made, by the monotonic clock.
    """

    operation: Operation
    path: Mapping[str, str | int | None]
    client: RequestSource
    deadline: float
    report_wait: Callable[[Waiting], None]
    grant: Grant | None = None
    probe: bool = False
    streamed: bool = False
    token: SecretStr | None = None
    anonymous: bool = False
    started: float = field(default_factory=time.monotonic)

    @property
    def reads(self) -> bool:
        """Whether the request cannot change anything."""
        return self.probe or is_read(self.operation)
