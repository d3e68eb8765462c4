"""Build pull requests: reviewers, votes, discussions and how they end."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Literal, Self, get_args

from azure_devops_simulator.areas.pull_requests.lifecycle import refresh
from azure_devops_simulator.areas.pull_requests.policies import evaluate
from azure_devops_simulator.state.policies import (
    BUILD,
    COMMENTS,
    MERGE_STRATEGY,
    MINIMUM_REVIEWERS,
    REQUIRED_REVIEWERS,
    STATUS,
    WORK_ITEMS,
)
from azure_devops_simulator.state.pull_requests import PullRequest, Thread
from azure_devops_simulator.state.values import JsonObject
from azure_devops_simulator.world.builder.requests import BuilderError, Person, Requests, choose

Vote = Literal["approve", "approve-with-suggestions", "wait-for-author", "reject", "reset"]
ThreadStatus = Literal["active", "fixed", "wontFix", "closed", "byDesign", "pending"]
MergeStrategy = Literal["noFastForward", "squash", "rebase", "rebaseMerge"]
CheckState = Literal["succeeded", "failed", "error", "pending", "notApplicable", "notSet"]
PolicyKind = Literal[
    "minimum-reviewers", "required-reviewers", "comments", "build", "work-items", "merge-strategy", "status"
]

POLICY_KINDS: Mapping[PolicyKind, str] = {
    "minimum-reviewers": MINIMUM_REVIEWERS,
    "required-reviewers": REQUIRED_REVIEWERS,
    "comments": COMMENTS,
    "build": BUILD,
    "work-items": WORK_ITEMS,
    "merge-strategy": MERGE_STRATEGY,
    "status": STATUS,
}
"""The types of policies by what they ask for."""

_VOTES: Mapping[str, int] = {
    "approve": 10,
    "approve-with-suggestions": 5,
    "wait-for-author": -5,
    "reject": -10,
    "reset": 0,
}


def _send(
    requests: Requests,
    pull: PullRequest,
    by: Person | None,
    method: str,
    *path: str,
    body: JsonObject | None = None,
) -> JsonObject:
    """Send a request below the address of a pull request, by its author unless another one is given."""
    own = (pull.repository.project.name, "_apis", "git", "repositories", pull.repository.id, "pullRequests")
    return requests.send(by or pull.creator, method, *own, str(pull.id), *path, body=body)


class ThreadBuilder:
    """A discussion on a pull request. `thread` is its state."""

    def __init__(self, requests: Requests, pull_request: PullRequest, thread: Thread) -> None:
        self._send = partial(_send, requests, pull_request)
        self.thread = thread

    def reply(self, text: str, *, author: Person | None = None) -> Self:
        """Add a comment to the discussion, by the author of the pull request unless another one is given."""
        body: JsonObject = {"content": text, "parentCommentId": 1, "commentType": "text"}
        self._send(author, "POST", "threads", str(self.thread.id), "comments", body=body)
        return self

    def resolve(self, status: ThreadStatus = "fixed", *, by: Person | None = None) -> Self:
        """Give the discussion a status."""
        chosen = choose("status", status, get_args(ThreadStatus))
        self._send(by, "PATCH", "threads", str(self.thread.id), body={"status": chosen})
        return self


class PullRequestBuilder:
    """A pull request. Methods that change it return it again, so that they can be chained.

    `pull_request` is its state.
    """

    def __init__(self, requests: Requests, pull_request: PullRequest) -> None:
        self._requests = requests
        self._send = partial(_send, requests, pull_request)
        self.pull_request = pull_request

    @property
    def id(self) -> int:
        """The number of the pull request."""
        return self.pull_request.id

    def add_reviewer(self, reviewer: Person, *, required: bool = False) -> Self:
        """Ask somebody for a review. The approval of a required reviewer is needed to complete."""
        user = self._requests.person(reviewer)
        self._send(None, "PUT", "reviewers", user.id, body={"vote": 0, "isRequired": required})
        return self

    def vote(self, reviewer: Person, vote: Vote) -> Self:
        """Vote as a user, who becomes a reviewer.

        Raises:
            BuilderError: nobody has this name, there is no such vote, or the pull request is a draft or closed.
        """
        self._check_open()
        if self.pull_request.is_draft:
            raise BuilderError(f"pull request {self.id} is a draft, which takes no votes; publish() it first")
        value = _VOTES[choose("vote", vote, _VOTES)]
        user = self._requests.person(reviewer)
        self._send(user, "PUT", "reviewers", user.id, body={"vote": value})
        return self

    def comment(
        self,
        text: str,
        *,
        author: Person | None = None,
        path: str | None = None,
        line: int = 1,
        status: ThreadStatus = "active",
    ) -> ThreadBuilder:
        """Start a discussion, on a line of a file when there is a path.

        Args:
            text: the first comment.
            author: who writes it; the author of the pull request by default.
            path: a file of the source branch.
            line: the line of the file, counted from 1.
            status: the status of the discussion.

        Raises:
            BuilderError: the file, the line or the status does not exist.
        """
        body: JsonObject = {
            "comments": [{"content": text, "commentType": "text", "parentCommentId": 0}],
            "status": choose("status", status, get_args(ThreadStatus)),
        }
        if path is not None:
            file = self._line(path, line)
            first, last = ({"line": line, "offset": offset} for offset in (1, 2))
            body["threadContext"] = {"filePath": file, "rightFileStart": first, "rightFileEnd": last}
        number = self._send(author, "POST", "threads", body=body)["id"]
        return ThreadBuilder(
            self._requests,
            self.pull_request,
            next(thread for thread in self.pull_request.threads if thread.id == number),
        )

    def _line(self, path: str, line: int) -> str:
        repository, commit = self.pull_request.repository, self.pull_request.last_source
        files = repository.files(commit)
        chosen = choose("file", "/" + path.strip("/"), files)
        lines = (repository.objects.blob(files[chosen].id) or b"").splitlines()
        if not 1 <= line <= len(lines):
            raise BuilderError(f"{chosen} has no line {line}; it has {len(lines)}")
        return chosen

    def publish(self, *, by: Person | None = None) -> Self:
        """Make a draft ready for review."""
        self._send(by, "PATCH", body={"isDraft": False})
        return self

    def add_status(
        self,
        name: str,
        state: CheckState = "succeeded",
        *,
        genre: str | None = None,
        description: str | None = None,
        url: str | None = None,
        iteration: int | None = None,
        by: Person | None = None,
    ) -> Self:
        """Put the status of a check on the pull request, or on one of its iterations.

        Args:
            name: what was checked. The newest status of a name and genre counts.
            state: what came out.
            genre: a group of checks, for example the system that makes them.
            description: more about it.
            url: where people see the details.
            iteration: the iteration that was checked.
            by: who says so; the author of the pull request by default.
        """
        body: JsonObject = {
            "state": choose("state", state, get_args(CheckState)),
            "context": {"name": name, "genre": genre},
            "description": description,
            "targetUrl": url,
        }
        self._send(by, "POST", "statuses", body=body if iteration is None else {**body, "iterationId": iteration})
        return self

    def set_auto_complete(self, *, by: Person | None = None, strategy: MergeStrategy = "noFastForward") -> Self:
        """Let the pull request complete as soon as every policy is satisfied."""
        self._check_open()
        person = self._requests.person(by or self.pull_request.creator)
        options: JsonObject = {"mergeStrategy": choose("strategy", strategy, get_args(MergeStrategy))}
        self._send(by, "PATCH", body={"autoCompleteSetBy": {"id": person.id}, "completionOptions": options})
        return self

    def complete(
        self,
        *,
        by: Person | None = None,
        strategy: MergeStrategy = "noFastForward",
        delete_source_branch: bool = False,
        transition_work_items: bool = False,
        bypass: str | None = None,
    ) -> Self:
        """Merge the pull request into its target.

        Args:
            by: who completes it; the author of the pull request by default.
            strategy: how the commits come into the target.
            delete_source_branch: whether the source branch is deleted.
            transition_work_items: whether the linked work items go to their next state.
            bypass: why the policies of the branch are bypassed; None does not bypass them.

        Raises:
            BuilderError: it is a draft or closed, the branches conflict, or a policy is not satisfied.
        """
        self._check_open()
        wanted = {"deleteSourceBranch": delete_source_branch, "transitionWorkItems": transition_work_items}
        options: JsonObject = {"mergeStrategy": choose("strategy", strategy, get_args(MergeStrategy))}
        options |= {name: True for name, chosen in wanted.items() if chosen}
        options |= {} if bypass is None else {"bypassPolicy": True, "bypassReason": bypass}
        pull = self.pull_request
        refresh(self._requests.organization, pull)
        last: JsonObject = {"commitId": pull.last_source}
        self._send(
            by, "PATCH", body={"status": "completed", "completionOptions": options, "lastMergeSourceCommit": last}
        )
        self._send(by, "GET")
        if pull.conflicts:
            raise BuilderError(f"pull request {self.id} has conflicts in {', '.join(pull.conflicts)}")
        if pull.status != "completed":
            raise BuilderError(f"pull request {self.id} {self._waits_for()}")
        return self

    def _waits_for(self) -> str:
        pull = self.pull_request
        if waiting := [each.user.display_name for each in pull.reviewers if each.required and each.vote < 5]:
            return f"waits for the approval of {', '.join(waiting)}"
        needed = max((policy.minimum for policy in pull.repository.policies(pull.target)), default=0)
        if pull.approvals < needed:
            return f"has {pull.approvals} approvals of people other than its author, and needs {needed}"
        unmet = [
            found.policy.type
            for found in evaluate(self._requests.organization, pull)
            if found.policy.blocking and found.status not in {"approved", "notApplicable"}
        ]
        if COMMENTS in unmet:
            return "has comments that are not resolved"
        if others := [kind for kind, number in POLICY_KINDS.items() if number in unmet and number != MINIMUM_REVIEWERS]:
            return f"does not satisfy the policies {', '.join(others)}"
        against = [each.user.display_name for each in pull.reviewers if each.vote < 0]
        return f"is held back by the vote of {', '.join(against)}"

    def abandon(self, *, by: Person | None = None) -> Self:
        """Close the pull request without a merge."""
        self._check_open()
        self._send(by, "PATCH", body={"status": "abandoned"})
        return self

    def _check_open(self) -> None:
        if self.pull_request.status != "active":
            raise BuilderError(f"pull request {self.id} is {self.pull_request.status}")
