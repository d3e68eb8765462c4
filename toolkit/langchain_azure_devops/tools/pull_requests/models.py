"""Pull requests as readers need them."""

from typing import Annotated

from pydantic import AliasPath, BeforeValidator, Field, JsonValue

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
from langchain_azure_devops.tools.pull_requests.votes import Reviewer


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
    closed: Instant | None = Field(default=None, validation_alias="closedDate")


class OpenedPullRequest(PullRequest):
    """A pull request that was just opened."""

    effect = ("id",)

    notes: list[str] = Field(default=[])


MERGE_STATUSES = frozenset({"notSet", "queued", "conflicts", "succeeded", "rejectedByPolicy", "failure"})
"""What the service says of a merge; another text in its place is shown to nobody outside of a fence."""


def name_labels(value: object) -> object:
    """Return the names of the labels of an answer that are in use."""
    rows = value if isinstance(value, list) else []
    return [row["name"] for row in rows if isinstance(row, dict) and row.get("active") is not False and "name" in row]


class PullRequestDetail(PullRequest, PartialResult):
    """A pull request with all that belongs to it.

    Attributes:
        threads: The discussions; `discussion` holds them as one text for the model.
        waits_for: The policies that kept a completion from being carried out.
        passed_over: The policies that a completion passed over, as the reason that was noted for it.
    """

    effect = ("id", "closed")

    project: Untrusted = Field(validation_alias=AliasPath("repository", "project", "name"))
    project_id: str = Field(validation_alias=AliasPath("repository", "project", "id"), exclude=True)
    repository_id: str = Field(validation_alias=AliasPath("repository", "id"), exclude=True)
    closed_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("closedBy", "displayName"))
    labels: Annotated[list[Untrusted], BeforeValidator(name_labels)] = Field(default=[])
    merge_status: str | None = Field(default=None, validation_alias="mergeStatus")
    source_commit: str | None = Field(default=None, validation_alias=AliasPath("lastMergeSourceCommit", "commitId"))
    merge_commit: str | None = Field(default=None, validation_alias=AliasPath("lastMergeCommit", "commitId"))
    reviewers: OrNone[Reviewer] = Field(default=[])
    completion_options: dict[str, JsonValue] | None = Field(
        default=None, validation_alias="completionOptions", exclude=True
    )
    work_items: list[int] = Field(default=[])
    files: list[ChangedFile] = Field(default=[])
    threads: list[Thread] = Field(default=[], exclude=True)
    description: UntrustedText | None = None
    waits_for: list[Untrusted] = Field(default=[])
    passed_over: Untrusted | None = None
    discussion: CollectedText | None = None
    diff: CollectedText | None = None
    notes: list[str] = Field(default=[])
