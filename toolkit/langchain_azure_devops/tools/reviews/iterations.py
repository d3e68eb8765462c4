"""The iterations of a pull request: each push to its source branch, and what else began a new comparison."""

from typing import Annotated

from pydantic import AliasPath, BeforeValidator, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import Branch, Instant, Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.pull_requests.reading import PULL_REQUEST, path_to, read_pull_request
from langchain_azure_devops.tools.reviews.place import describe_place
from langchain_azure_devops.tools.reviews.toolset import toolset


def _count(value: object) -> object:
    return len(value) if isinstance(value, list) else value


class Iteration(Result):
    """A push to the source branch, or another change that began a new comparison.

    Attributes:
        iteration: Its number, from 1.
        author: Who pushed.
        reason: Why it began: `create`, `push`, `forcePush`, `rebase`, `retarget` or `resolveConflicts`.
        source_commit: Where the source branch was.
        target_commit: Where the target branch was.
        common_commit: The common ancestor of both, with which the changes are compared.
        commits: How many commits the service lists for it.
        more_commits: Whether there are more than the service lists.
        old_target: The target branch before it was changed, of a `retarget`.
        new_target: The target branch after that.
    """

    singular, plural = "iteration", "iterations"
    web = "{project}/_git/{repository}/pullrequest/{id}?_a=files&iteration={iteration}"
    author_fields = ("author",)
    identifying = ("iteration",)

    project: Untrusted | None = Field(default=None, exclude=True)
    repository: Untrusted | None = Field(default=None, exclude=True)
    iteration: int = Field(validation_alias="id")
    created: Instant = Field(validation_alias="createdDate")
    author: Untrusted | None = Field(default=None, validation_alias=AliasPath("author", "displayName"))
    author_id: str | None = Field(default=None, validation_alias=AliasPath("author", "id"), exclude=True)
    reason: str | None = None
    source_commit: str | None = Field(default=None, validation_alias=AliasPath("sourceRefCommit", "commitId"))
    target_commit: str | None = Field(default=None, validation_alias=AliasPath("targetRefCommit", "commitId"))
    common_commit: str | None = Field(default=None, validation_alias=AliasPath("commonRefCommit", "commitId"))
    commits: Annotated[int | None, BeforeValidator(_count)] = None
    more_commits: bool = Field(default=False, validation_alias="hasMoreCommits")
    old_target: Branch | None = Field(default=None, validation_alias="oldTargetRefName")
    new_target: Branch | None = Field(default=None, validation_alias="newTargetRefName")


@toolset.read(Scope.CODE, example={"id": 9})
async def list_pull_request_iterations(
    client: AzureDevOps, *, id: int, limit: Limit = 100, cursor: Cursor = None
) -> Page[Iteration]:
    """List the pushes (iterations) of a pull request with their commits, oldest first.

    Source: `GET .../pullRequests/{id}/iterations?includeCommits=true`.
    """
    found = await read_pull_request(client, id)
    page = await list_rows(
        client,
        Iteration,
        f"{PULL_REQUEST}/iterations",
        path=path_to(found),
        query={"includeCommits": True},
        limit=limit,
        cursor=cursor,
        style="none",
    )
    page.looked_in = describe_place(found)
    return page.each(project=found.project, repository=found.repository)
