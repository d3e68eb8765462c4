"""Pull requests as readers need them."""

from typing import Annotated

from pydantic import AliasPath, BeforeValidator, Field

from langchain_azure_devops.http.responses import OrNone
from langchain_azure_devops.results.models import (
    Branch,
    CollectedText,
    InProject,
    Instant,
    PartialResult,
    Result,
    Untrusted,
    UntrustedText,
)
from langchain_azure_devops.tools.pull_requests.review import ChangedFile, Thread


class PullRequest(Result):
    """A pull request as a reader of a list needs it."""

    singular, plural = "pull request", "pull requests"
    web = "{project}/_git/{repository}/pullrequest/{id}"
    caption = "pull request {id}"
    web_list = "{project}/_git/{repository}/pullrequests"
    author_fields = ("author",)
    identifying = ("id", "project", "repository")

    id: int = Field(validation_alias="pullRequestId")
    project: InProject = None
    title: Untrusted
    author: Untrusted = Field(validation_alias=AliasPath("createdBy", "displayName"))
    author_id: str | None = Field(default=None, validation_alias=AliasPath("createdBy", "id"), exclude=True)
    repository: Untrusted = Field(validation_alias=AliasPath("repository", "name"))
    source: Branch = Field(validation_alias="sourceRefName")
    target: Branch = Field(validation_alias="targetRefName")
    status: str
    draft: bool = Field(default=False, validation_alias="isDraft")
    created: Instant = Field(validation_alias="creationDate")


class OpenedPullRequest(PullRequest):
    """A pull request that was just opened."""

    effect = ("id",)

    notes: list[str] = Field(default=[])


VOTES = {10: "approved", 5: "approved with suggestions", 0: "no vote", -5: "waits for the author", -10: "rejected"}


def _name_vote(value: object) -> object:
    return VOTES.get(value, str(value)) if isinstance(value, int) else value


class Reviewer(Result):
    """Somebody who was asked to review, and the vote."""

    author_fields = ("name",)

    name: Untrusted = Field(validation_alias="displayName")
    vote: Annotated[str, BeforeValidator(_name_vote)] = VOTES[0]
    required: bool = Field(default=False, validation_alias="isRequired")


class PullRequestDetail(PullRequest, PartialResult):
    """A pull request with all that belongs to it.

    Attributes:
        threads: The discussions; `discussion` holds them as one text for the model.
    """

    effect = ("id", "closed")

    project: Untrusted = Field(validation_alias=AliasPath("repository", "project", "name"))
    project_id: str = Field(validation_alias=AliasPath("repository", "project", "id"), exclude=True)
    repository_id: str = Field(validation_alias=AliasPath("repository", "id"), exclude=True)
    closed: Instant | None = Field(default=None, validation_alias="closedDate")
    merge_status: str | None = Field(default=None, validation_alias="mergeStatus")
    source_commit: str | None = Field(default=None, validation_alias=AliasPath("lastMergeSourceCommit", "commitId"))
    merge_commit: str | None = Field(default=None, validation_alias=AliasPath("lastMergeCommit", "commitId"))
    reviewers: OrNone[Reviewer] = Field(default=[])
    work_items: list[int] = Field(default=[])
    files: list[ChangedFile] = Field(default=[])
    threads: list[Thread] = Field(default=[], exclude=True)
    description: UntrustedText | None = None
    discussion: CollectedText | None = None
    diff: CollectedText | None = None
    notes: list[str] = Field(default=[])
