"""Pull requests with their reviewers, threads and iterations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import NAMESPACE_OID, uuid5

from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.policies import COMMENTS, Policy
from azure_devops_simulator.state.projects import Repository
from azure_devops_simulator.state.values import JsonObject


@dataclass
class Reviewer:
    """A reviewer. `vote`: 10 approved, 5 approved with suggestions, 0 none, -5 waiting for the author, -10 rejected."""

    user: User
    vote: int = 0
    required: bool = False


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


@dataclass
class PullRequest:
    """A pull request. References are full names. `closed` is set when it is completed or abandoned.

    `rejected`: somebody tried to complete it while a required reviewer had not approved.
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

    @property
    def waits(self) -> bool:
        """Whether a required reviewer has not approved yet, or a policy of the target is not satisfied."""
        if any(reviewer.required and reviewer.vote < 5 for reviewer in self.reviewers):
            return True
        return not all(self.satisfies(policy) for policy in self.repository.policies(self.target))

    def satisfies(self, policy: Policy) -> bool:
        """Return whether it satisfies a policy.

        A number of reviewers does not count the creator's own approval, and lets nobody wait for the author or reject,
        unless its settings say otherwise.
        """
        if policy.type == COMMENTS:
            return not any(thread.status in {"active", "pending"} for thread in self.threads)
        if not policy.minimum:
            return True
        if policy.settings.get("allowDownvotes") is not True and any(reviewer.vote < 0 for reviewer in self.reviewers):
            return False
        own = self.reviewer(self.creator)
        counts = policy.settings.get("creatorVoteCounts") is True and own is not None and own.vote >= 5
        return self.approvals + counts >= policy.minimum

    @property
    def approvals(self) -> int:
        """How many reviewers other than the creator have approved."""
        return sum(reviewer.vote >= 5 for reviewer in self.reviewers if reviewer.user.id != self.creator.id)

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

    @property
    def merge_status(self) -> str:
        """`queued` during a completion, else `conflicts`, `rejectedByPolicy` or `succeeded`."""
        if self.completing_by is not None:
            return "queued"
        if self.rejected and self.waits:
            return "rejectedByPolicy"
        return "conflicts" if self.conflicts else "succeeded"
