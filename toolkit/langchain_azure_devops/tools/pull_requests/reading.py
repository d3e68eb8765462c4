"""Read one pull request by its number."""

from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail

_ONE = "/_apis/git/pullrequests/{pull_request}"


async def read_pull_request(client: AzureDevOps, id: int) -> PullRequestDetail:
    """Read a pull request; the number alone identifies it in the whole organization."""
    try:
        response = await client.get(_ONE, path={"pull_request": id})
    except NotFound as error:
        raise NotFound(
            f"There is no pull request {id} in this organization, or this token's owner may not see it. "
            "list_pull_requests shows the numbers; a work item's number is not one.",
            subject=str(id),
        ) from error
    return decode(response, PullRequestDetail)
