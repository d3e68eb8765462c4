"""Who allowed which write: what a person is asked, what they answered, and the grant that opens the write gate.

A grant is bound to one tool call: the tool, its canonical arguments, the client, the write operations the tool
declares, the project and a number of requests. Nothing that may change something passes the gate without one.
"""

import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

from langchain_azure_devops.errors import WriteBlocked

GRANT_SECONDS = 120.0
"""How long a grant opens the gate: long enough for a throttled request, short enough to be useless later."""

WritePolicy = Literal["deny", "ask", "allow"]


@dataclass(frozen=True)
class Operation:
    """One REST operation: the method and the route template with its placeholders, as in the service's reference."""

    method: str
    template: str

    @classmethod
    def parse(cls, text: str) -> "Operation":
        """Read `POST /{project}/_apis/wit/workitems/${type}`."""
        method, template = text.split(" ", 1)
        return cls(method, template)


@dataclass(frozen=True)
class WriteRequest:
    """A write that waits for an answer.

    Attributes:
        tool: The tool's plain name.
        arguments: Everything the tool will get, after validation.
        digest: Identifies tool and arguments; an approval names it, so it fits no other call.
        project: The project the write goes to, when the tool takes one.
    """

    tool: str
    arguments: Mapping[str, JsonValue]
    digest: str
    project: str | None


@dataclass(frozen=True)
class Approval:
    """An answer to a write request.

    Attributes:
        approved: Whether the write may happen.
        digest: The digest of the request that was shown.
        approver: Who answered.
        reason: Why not, for the model and the record.
    """

    approved: bool
    digest: str
    approver: str
    reason: str = ""


Approver = Callable[[WriteRequest], Approval | Awaitable[Approval]]


@dataclass
class Grant:
    """The right to send a tool's declared writes once."""

    request: WriteRequest
    client: object
    operations: frozenset[Operation]
    remaining: int
    expires: float = field(default_factory=lambda: time.monotonic() + GRANT_SECONDS)

    def spend(self, operation: Operation, project: str | None, client: object) -> None:
        """Use the grant for one request.

        Raises:
            WriteBlocked: The request is not what was granted.
        """
        if client is not self.client:
            raise _outside(operation, "it was given to another client")
        if time.monotonic() > self.expires:
            raise _outside(operation, "it has expired; ask again")
        if operation not in self.operations:
            raise _outside(operation, f"{self.request.tool} does not declare this operation")
        if self.request.project is not None and project != self.request.project:
            raise _outside(operation, f"it is for project {self.request.project!r}, not {project!r}")
        if self.remaining < 1:
            raise _outside(operation, "it is used up")
        self.remaining -= 1


@dataclass(frozen=True)
class ToolCall:
    """The tool call a request belongs to; travels with the task on the client's loop.

    Attributes:
        tool: The tool's plain name.
        scopes: Any one of these lets a token use it.
        grant: What it may write.
        digest: Identifies the call apart from where its page begins.
        deadline: When all its requests have to be over, by the monotonic clock; None for one request at a time.
    """

    tool: str
    scopes: tuple[str, ...]
    grant: Grant | None = None
    digest: str = ""
    deadline: float | None = None


current_call: ContextVar[ToolCall | None] = ContextVar("azure_devops_tool_call", default=None)


def digest_of(tool: str, arguments: Mapping[str, JsonValue]) -> str:
    """Identify a call by its tool and canonical arguments."""
    canonical = json.dumps([tool, arguments], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _outside(operation: Operation, why: str) -> WriteBlocked:
    return WriteBlocked(
        f"{operation.method} {operation.template} was not sent: the approval does not cover it, because {why}.",
        subject="grant",
    )
