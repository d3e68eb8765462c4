"""Cherry-picks and reverts, which the service makes on a new branch after it has answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.values import check_word

ReplayKind = Literal["cherryPick", "revert"]
ReplayStatus = Literal["queued", "inProgress", "completed", "failed"]
ReplayFailure = Literal[
    "none",
    "invalidRefName",
    "refNameConflict",
    "createBranchPermissionRequired",
    "writePermissionRequired",
    "targetBranchDeleted",
    "other",
]

_QUEUED = timedelta(seconds=0.5)
_RUNS = timedelta(seconds=1)


@dataclass
class Replay:
    """A cherry-pick or revert of commits onto a branch, into a new branch. References are full names.

    `commits` are in the order in which they are applied; `pull_request` says that they come from one. `current` is the
    last commit that was tried. After a conflict, `conflicts` are the files and `tip` is what the commit did not fit.
    """

    id: int
    kind: ReplayKind
    onto: str
    generated: str
    commits: tuple[str, ...]
    by: User
    queued: datetime
    pull_request: int | None = None
    end: Literal["completed", "failed"] | None = None
    current: str | None = None
    failure: ReplayFailure = "none"
    message: str | None = None
    conflicts: tuple[str, ...] = ()
    tip: str = ""

    def __post_init__(self) -> None:
        check_word("kind", self.kind, get_args(ReplayKind))

    @property
    def ends(self) -> datetime:
        """When it has run to its end, which is also the date of what it makes."""
        return self.queued + _RUNS

    def status(self, now: datetime) -> ReplayStatus:
        """Return its status at a time."""
        if self.end:
            return self.end
        return "queued" if now < self.queued + _QUEUED else "inProgress"
