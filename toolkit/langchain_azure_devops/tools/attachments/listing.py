"""List the files of a work item."""

from typing import Annotated

from pydantic import Field

from langchain_azure_devops.calls.declaration import Cursor, Limit
from langchain_azure_devops.calls.paging import page_rows
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import EVERYWHERE, Failed, Page, Place
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.attachments.finding import (
    add_authors,
    list_attached,
    list_in_comments,
    name_unread,
    read_item,
)
from langchain_azure_devops.tools.attachments.models import Attachment
from langchain_azure_devops.tools.attachments.toolset import toolset


@toolset.read(Scope.WORK, example={"work_item": 28})
async def list_attachments(
    client: AzureDevOps, *, work_item: Annotated[int, Field(ge=1)], limit: Limit = 100, cursor: Cursor = None
) -> Page[Attachment]:
    """List the attached files and inline images of a work item.

    Source: `GET /_apis/wit/workitems/{id}?$expand=all`, `.../comments`, and `.../updates` for who attached a file.
    """
    item = await read_item(client, work_item)
    found, notes = list_attached(client, item), list[str]()
    failed: list[Failed] = []
    try:
        found, notes = await list_in_comments(client, item, found)
    except AzureDevOpsError as error:
        failed.append(name_unread(f"comments of work item {work_item}", error))
    found, unread = await add_authors(client, item, found)
    failed += unread
    page = await page_rows(Attachment, found, limit, cursor)
    page.looked_in = Place(
        project=EVERYWHERE,
        words=f"work item {work_item} with its texts and comments",
        web=f"_workitems/edit/{work_item}",
    )
    page.notes.extend(notes)
    page.failed.extend(failed)
    page.partial = bool(failed or notes)
    return page
