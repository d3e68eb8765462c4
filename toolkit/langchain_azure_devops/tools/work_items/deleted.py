"""The recycle bin of a project: which work items were deleted, when, and by whom."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from langchain_azure_devops.calls.declaration import Cursor, Project
from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.calls.paging import page_rows
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, Numbered, decode
from langchain_azure_devops.results.models import Failed, Instant, Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.people import NamedPerson
from langchain_azure_devops.tools.work_items.toolset import toolset

_BIN = "/{project}/_apis/wit/recyclebin"
_BATCH = 200
_PAGE = 100
_MOST = 10_000
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def _parse_date(value: object) -> object:
    """Parse the American form in which the recycle bin dates some of its answers; it is in UTC.

    Another text stays as it is: the check that follows refuses what is no date, and does not repeat it.
    """
    try:
        return datetime.strptime(str(value), "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC)
    except ValueError:
        return value


DeletionDate = Annotated[Instant, BeforeValidator(_parse_date)]
"""When a work item was deleted, in either of the forms in which the recycle bin says it."""


class DeletedWorkItem(Result):
    """A work item in the recycle bin."""

    singular, plural = "deleted work item", "deleted work items"
    web_list = "{project}/_workitems/recyclebin"
    caption = "deleted {type} {id}"

    id: int
    type: Untrusted | None = None
    title: Untrusted | None = Field(default=None, validation_alias="name")
    deleted: DeletionDate | None = Field(default=None, validation_alias="deletedDate")
    deleted_by: NamedPerson = Field(default=None, validation_alias="deletedBy")


@toolset.read(Scope.WORK, example={"project": "Platform"})
async def list_deleted_work_items(
    client: AzureDevOps, *, project: Project = None, cursor: Cursor = None
) -> Page[DeletedWorkItem]:
    """List the recycle bin, last deleted first.

    Source: `GET .../wit/recyclebin`, and with `ids` for the details.
    """
    project = await client.required_project(project)
    ids = [row.id for row in decode(await client.get(_BIN, path={"project": project}), Collection[Numbered]).value]
    read, left = ids[-_MOST:], ids[:-_MOST]

    async def read_batch(start: int) -> list[DeletedWorkItem]:
        wanted = ",".join(str(number) for number in read[start : start + _BATCH])
        answer = await client.get(_BIN, path={"project": project}, query={"ids": wanted})
        return [row for row in decode(answer, Collection[DeletedWorkItem | None]).value if row]

    answers = await fan_out(range(0, len(read), _BATCH), read_batch)
    rows = [row for found in answers.done.values() for row in found]
    rows.sort(key=lambda row: (row.deleted or _LONG_AGO, row.id), reverse=True)
    page = await page_rows(DeletedWorkItem, rows, _PAGE, cursor)
    page.failed.extend(
        Failed(place=f"deleted work items {read[start]} and following", status=error.status, reason=error.message)
        for start, error in answers.failed.items()
    )
    if left:
        page.notes.append(f"{len(left):,} more deleted work items were not looked at: {_MOST:,} are the most.")
    page.partial = bool(page.failed or left)
    return page
