"""What is returned of a pull request after a write to it."""

from typing import Annotated

from pydantic import AliasPath, BeforeValidator, Field

from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import OrNone, decode
from langchain_azure_devops.results.models import Instant, PartialResult, Untrusted
from langchain_azure_devops.tools.pull_requests.models import PullRequest, PullRequestDetail, name_labels
from langchain_azure_devops.tools.pull_requests.votes import Reviewer


class ChangedPullRequest(PullRequest, PartialResult):
    """A pull request after a write: what a reviewer looks at, without its texts.

    Attributes:
        voted: When this account voted; None when it did not, or the service did not note it.
        waits_for: What keeps it from being completed by itself.
        refused: The parts of the write that the service refused, each with the reason.
    """

    effect = ("id", "voted")

    project: Untrusted = Field(validation_alias=AliasPath("repository", "project", "name"))
    project_id: str = Field(validation_alias=AliasPath("repository", "project", "id"), exclude=True)
    repository_id: str = Field(validation_alias=AliasPath("repository", "id"), exclude=True)
    labels: Annotated[list[Untrusted], BeforeValidator(name_labels)] = Field(default=[])
    reviewers: OrNone[Reviewer] = Field(default=[])
    merge_status: str | None = Field(default=None, validation_alias="mergeStatus")
    source_commit: str | None = Field(default=None, validation_alias=AliasPath("lastMergeSourceCommit", "commitId"))
    auto_complete_by: Untrusted | None = Field(
        default=None, validation_alias=AliasPath("autoCompleteSetBy", "displayName")
    )
    work_items: list[int] = Field(default=[])
    waits_for: list[Untrusted] = Field(default=[])
    refused: list[Untrusted] = Field(default=[])
    voted: Instant | None = Field(default=None, exclude=True)
    notes: list[str] = Field(default=[])


class LinkedPullRequest(ChangedPullRequest):
    """A pull request to which work items were just linked.

    Attributes:
        linked: The work items, each with the number of the save that linked it, such as `8@4`.
    """

    effect = ("id", "linked")

    linked: str | None = Field(default=None, exclude=True)


class AbandonedPullRequest(ChangedPullRequest):
    """A pull request that was just abandoned."""

    effect = ("id", "closed")


_ONE = "/_apis/git/pullrequests/{pull_request}"


async def read_changed(client: AzureDevOps, number: int) -> ChangedPullRequest:
    """Read a pull request after a write to it."""
    return decode(await client.get(_ONE, path={"pull_request": number}), ChangedPullRequest)


async def read_again(client: AzureDevOps, found: PullRequestDetail) -> ChangedPullRequest:
    """Read a pull request that was just written to. A failure is only noted: the service accepted the write."""
    try:
        return await read_changed(client, found.id)
    except AzureDevOpsError as error:
        note = (
            f"The write was done. The pull request could not be read after it, and is shown as before: {error.message}"
        )
        before = {name: getattr(found, name) for name in ChangedPullRequest.model_fields if hasattr(found, name)}
        return ChangedPullRequest.model_construct(**{**before, "notes": [note], "partial": True})
