"""Pull requests with their reviewers, threads and iterations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import NAMESPACE_OID, uuid5

from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Repository
from azure_devops_simulator.state.values import LATER, JsonObject


@dataclass
class Reviewer:
    """A reviewer. `vote`: 10 approved, 5 approved with suggestions, 0 none, -5 waiting for the author, -10 rejected.

    `members` are those of a group, which votes by the votes of its members; None for a person.
    """

    user: User
    vote: int = 0
    required: bool = False
    members: tuple[User, ...] | None = field(default=None, metadata=LATER)


@dataclass
class Comment:
    """A comment of a thread, numbered from 1. A deleted comment keeps its number and has no content."""

    id: int
    author: User
    content: str
    published: datetime
    parent: int = 0
    type: str = "text"
    deleted: bool = False
    updated: datetime | None = None


@dataclass
class Thread:
    """A discussion, on a file if `context` says so. `status` is None for a thread that the system wrote."""

    id: int
    comments: list[Comment]
    published: datetime
    updated: datetime
    status: str | None = "active"
    context: JsonObject | None = None
    pull_request_context: JsonObject | None = None
    properties: JsonObject = field(default_factory=dict)


@dataclass(frozen=True)
class Iteration:
    """The state of the source branch after one push, numbered from 1."""

    id: int
    author: User
    date: datetime
    source: str
    target: str
    common: str
    reason: Literal["create", "push"]


@dataclass(frozen=True)
class CheckStatus:
    """What another system says of a pull request, or of one of its iterations. The newest of a context counts."""

    id: int
    state: str
    description: str | None
    name: str
    genre: str | None
    date: datetime
    by: User
    url: str | None = None
    iteration: int | None = None
    properties: JsonObject = field(default_factory=dict)


@dataclass
class PullRequest:
    """A pull request. References are full names. `closed` is set when it is completed or abandoned.

    `rejected`: somebody tried to complete it while a required reviewer had not approved or a policy was not satisfied.
    `marks`: what reviewers were marked with, `isFlagged` and `hasDeclined`, by the id of the reviewer.
    """

    id: int
    repository: Repository
    title: str
    description: str
    creator: User
    created: datetime
    source: str
    target: str
    is_draft: bool = False
    status: Literal["active", "abandoned", "completed"] = "active"
    reviewers: list[Reviewer] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)
    iterations: list[Iteration] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    closed: datetime | None = None
    closed_by: User | None = None
    completion_options: JsonObject = field(default_factory=dict)
    merge_options: JsonObject = field(default_factory=dict)
    auto_complete_by: User | None = None
    completing_by: User | None = None
    last_source: str = ""
    last_target: str = ""
    merge_commit: str | None = None
    conflicts: tuple[str, ...] = ()
    rejected: bool = False
    statuses: list[CheckStatus] = field(default_factory=list)
    marks: dict[str, JsonObject] = field(default_factory=dict)

    @property
    def approvals(self) -> int:
        """How many people other than the creator have approved."""
        people = [reviewer for reviewer in self.reviewers if reviewer.members is None]
        return sum(reviewer.vote >= 5 for reviewer in people if reviewer.user.id != self.creator.id)

    def groups_of(self, user: User) -> list[Reviewer]:
        """Return the groups among the reviewers for which a member votes."""
        return [reviewer for reviewer in self.reviewers if reviewer.members and user in reviewer.members]

    def reviewer(self, user: User) -> Reviewer | None:
        """Return the entry of a reviewer, or None."""
        return next((r for r in self.reviewers if r.user.id == user.id), None)

    @property
    def merge_id(self) -> str:
        """The id of the merge attempt. It changes with the tips of the branches."""
        return str(uuid5(NAMESPACE_OID, f"{self.repository.id}/{self.id}/{self.last_source}/{self.last_target}"))

    @property
    def merge_ref(self) -> tuple[str, str] | None:
        """The reference to the merge of both branches with its commit, as long as it is active and can be merged."""
        if self.status != "active" or self.merge_commit is None:
            return None
        return f"refs/pull/{self.id}/merge", self.merge_commit

    @property
    def artifact_uri(self) -> str:
        """The address by which a work item links to the pull request."""
        ids = (self.repository.project.id, self.repository.id, str(self.id))
        return "vstfs:///Git/PullRequestId/" + "%2f".join(ids)
