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


def _name_labels(value: object) -> object:
    rows = value if isinstance(value, list) else []
    return [row["name"] for row in rows if isinstance(row, dict) and row.get("active") is not False and "name" in row]


class PullRequestDetail(PullRequest, PartialResult):
    """A pull request with all that belongs to it.

    Attributes:
        threads: The discussions; `discussion` holds them as one text for the model.
    """

    effect = ("id", "closed")

    project: Untrusted = Field(validation_alias=AliasPath("repository", "project", "name"))
    project_id: str = Field(validation_alias=AliasPath("repository", "project", "id"), exclude=True)
    repository_id: str = Field(validation_alias=AliasPath("repository", "id"), exclude=True)
    closed_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("closedBy", "displayName"))
    labels: Annotated[list[Untrusted], BeforeValidator(_name_labels)] = Field(default=[])
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
