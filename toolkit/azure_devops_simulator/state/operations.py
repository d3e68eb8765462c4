"""Operations of projects, which the service runs after it has answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args

from azure_devops_simulator.state.values import JsonObject, check_word

OperationKind = Literal["create", "update", "delete"]
OperationStatus = Literal["queued", "inProgress", "succeeded"]

_QUEUED = timedelta(seconds=1)
_RUNS = timedelta(seconds=3)


@dataclass
class Operation:
    """The creation, change or deletion of a project. `changes` are the new values of an update.

    `done`: its effect has taken place.
    """

    id: str
    kind: OperationKind
    project: str
    queued: datetime
    changes: JsonObject = field(default_factory=dict)
    done: bool = False

    def __post_init__(self) -> None:
        check_word("kind", self.kind, get_args(OperationKind))

    def ends_by(self, now: datetime) -> bool:
        """Return whether the operation has run to its end at a time."""
        return now >= self.queued + _RUNS

    def status(self, now: datetime) -> OperationStatus:
        """Return its status at a time."""
        if self.done:
            return "succeeded"
        return "queued" if now < self.queued + _QUEUED else "inProgress"
