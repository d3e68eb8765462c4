"""The work items that a pull request is linked to."""

from langchain_azure_devops.calls.declaration import Cursor, Limit
from langchain_azure_devops.calls.optional import read_optional
from langchain_azure_devops.calls.paging import page_rows
from langchain_azure_devops.errors import AzureDevOpsError, NotSignedIn, ScopeMissing
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, Numbered, decode
from langchain_azure_devops.results.models import Failed, Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.pull_requests.reading import PULL_REQUEST, path_to, read_pull_request
from langchain_azure_devops.tools.reviews.place import describe_place
from langchain_azure_devops.tools.reviews.toolset import toolset
from langchain_azure_devops.tools.work_items.related import LinkedWorkItem, read_linked_work_items

_NAMES = "types, titles and states"


class ReviewedWorkItem(Result):
    """A work item that a pull request is linked to; one that could not be read has its id alone."""

    singular, plural = "work item", "work items"
    web = "_workitems/edit/{id}"

    id: int
    type: Untrusted | None = None
    title: Untrusted | None = None
    state: Untrusted | None = None


@toolset.read(Scope.CODE, optional=(Scope.WORK,), example={"id": 9})
async def list_pull_request_work_items(
    client: AzureDevOps, *, id: int, limit: Limit = 100, cursor: Cursor = None
) -> Page[ReviewedWorkItem]:
    """List the work items that a pull request is linked to.

    Source: `GET .../pullRequests/{id}/workitems`, and `POST /_apis/wit/workitemsbatch` for their titles.
    """
    found = await read_pull_request(client, id)
    answer = await client.get(f"{PULL_REQUEST}/workitems", path=path_to(found))
    numbers = sorted({row.id for row in decode(answer, Collection[Numbered]).value})
    page = await page_rows(ReviewedWorkItem, [ReviewedWorkItem(id=number) for number in numbers], limit, cursor)
    page.looked_in = describe_place(found)
    shown = [row.id for row in page.items]
    if not shown:
        return page
    names: dict[int, LinkedWorkItem] | None = None
    try:
        names = await read_optional(Scope.WORK, _NAMES, read_linked_work_items(client, shown), default=None)
    except (NotSignedIn, ScopeMissing):
        raise
    except AzureDevOpsError as error:
        # The links are known; only what the work items are called is not.
        page.failed.append(Failed(place=_NAMES, status=error.status, reason=error.message))
    if names is None:
        page.partial = True
        return page
    page.items[:] = [row.model_copy(update=dict(names[row.id])) if row.id in names else row for row in page.items]
    if unread := [number for number in shown if number not in names]:
        page.partial = True
        page.notes.append(
            f"Not read, as they were deleted or this token's owner may not see them: {', '.join(map(str, unread))}."
        )
    return page
