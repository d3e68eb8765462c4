"""What a request carries with it on its way through the layers, and the requests that probe."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import SecretStr

from langchain_azure_devops.http.pacing import Pacer
from langchain_azure_devops.runtime import Waiting
from langchain_azure_devops.safety.grants import Grant, GrantBook, Operation
from langchain_azure_devops.safety.operations import reads

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


class Asker(Protocol):
    """The client a request comes from: decides whether writes can be granted at all, and holds its grants."""

    read_only: bool
    grants: GrantBook

    @property
    def pacer(self) -> Pacer:
        """The pace of this organization and person, shared with every other client of theirs."""


@dataclass(frozen=True)
class Passage:
    """What the layers need to know of a request; travels in its extensions under `passage`.

    Attributes:
        operation: The operation the request carries out.
        path: What stands for the placeholders of its route.
        client: The client that sends it.
        deadline: When the call it belongs to has to be over, by the monotonic clock.
        tell: Told of every wait that a person would notice.
        grant: The grant of the tool call it belongs to.
        probe: It is one of PROBES.
        streamed: The caller reads the body piece by piece and caps it.
        token: Sent with this token, whatever becomes of it; None for the one in use.
        unsigned: Sent without any.
        begun: When it was made, by the monotonic clock.
    """

    operation: Operation
    path: Mapping[str, str | int | None]
    client: Asker
    deadline: float
    tell: Callable[[Waiting], None]
    grant: Grant | None = None
    probe: bool = False
    streamed: bool = False
    token: SecretStr | None = None
    unsigned: bool = False
    begun: float = field(default_factory=time.monotonic)

    @property
    def reads(self) -> bool:
        """Whether the request cannot change anything."""
        return self.probe or reads(self.operation)
