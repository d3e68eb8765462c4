"""Read one pull request by its number, and describe it to a person."""

from urllib.parse import quote

import httpx
from pydantic import JsonValue

from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.tools.git import REPOSITORY
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail

PULL_REQUEST = f"{REPOSITORY}/pullRequests/{{id}}"
"""The route of one pull request, below which its parts are; `path_to` gives its values."""

_ONE = "/_apis/git/pullrequests/{pull_request}"
_RECOGNIZED = frozenset({"title", "project", "repository", "source", "target", "status", "draft"})


async def read_pull_request(client: AzureDevOps, id: int) -> PullRequestDetail:
    """Read a pull request; the number alone identifies it in the whole organization."""
    return decode(await fetch_pull_request(client, id), PullRequestDetail)


async def fetch_pull_request(client: AzureDevOps, id: int) -> httpx.Response:
    """Return the answer with a pull request, for those who need more of it than `read_pull_request` gives."""
    try:
        return await client.get(_ONE, path={"pull_request": id})
    except NotFound as error:
        raise NotFound(
            f"There is no pull request {id} in this organization, or this token's owner may not see it. "
            "list_pull_requests shows the numbers; a work item's number is not one.",
            subject=str(id),
        ) from error


def path_to(found: PullRequestDetail) -> PathValues:
    """Return where a pull request is, as the routes of its parts name it."""
    return {"project": found.project_id, "repository": found.repository_id, "id": found.id}


def describe(found: PullRequestDetail, *more: str) -> dict[str, JsonValue]:
    """Return what a person recognizes a pull request by, in the order of the names.

    Args:
        found: The pull request.
        *more: Further fields to show.
    """
    values = found.model_dump(mode="json")
    return {name: "" if values[name] is None else values[name] for name in sorted({*_RECOGNIZED, *more})}


def page_path(found: PullRequestDetail) -> str:
    """Return the path of the page on which a person sees a pull request."""
    project, repository = quote(found.project, safe=""), quote(found.repository, safe="")
    return f"{project}/_git/{repository}/pullrequest/{found.id}"


def web_page(client: AzureDevOps, found: PullRequestDetail) -> str:
    """Return the page on which a person sees a pull request."""
    return f"{client.settings.url('core')}/{page_path(found)}"
