"""The commits of a pull request."""

from pydantic import Field

from langchain_azure_devops.calls.declaration import Cursor, Limit
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import Page, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.history.models import Commit
from langchain_azure_devops.tools.pull_requests.reading import PULL_REQUEST, path_to, read_pull_request
from langchain_azure_devops.tools.reviews.place import describe_place
from langchain_azure_devops.tools.reviews.toolset import toolset


class ReviewedCommit(Commit):
    """A commit of a pull request, whose number says in which repository it is."""

    project: Untrusted = Field(default="", exclude=True)
    repository: Untrusted = Field(default="", exclude=True)


@toolset.read(Scope.CODE, example={"id": 9})
async def list_pull_request_commits(
    client: AzureDevOps, *, id: int, limit: Limit = 100, cursor: Cursor = None
) -> Page[ReviewedCommit]:
    """List the commits that a pull request would merge, newest first.

    Source: `GET .../pullRequests/{id}/commits`.
    """
    found = await read_pull_request(client, id)
    page = await list_rows(
        client,
        ReviewedCommit,
        f"{PULL_REQUEST}/commits",
        path=path_to(found),
        limit=limit,
        cursor=cursor,
        style="token",
    )
    page.looked_in = describe_place(found)
    return page.each(project=found.project, repository=found.repository)
