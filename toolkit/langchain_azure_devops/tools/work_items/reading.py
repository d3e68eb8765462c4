"""Read work items by their ids: the rows of a list, and whole items with their comments."""

import httpx
from pydantic import JsonValue

from langchain_azure_devops.calls.fan_out import fan_out, read_by_id
from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Failed, Records
from langchain_azure_devops.tools.work_items.models import (
    PROJECT_FIELD,
    RawComments,
    RawWorkItem,
    WorkItem,
    WorkItemDetail,
    add_details,
    add_extra_fields,
    fields_beyond_row,
    row_fields,
)
from langchain_azure_devops.tools.work_items.recovery import COMMENTS, COMMENTS_VERSION, ITEM
from langchain_azure_devops.tools.work_items.related import name_links

BATCH = 200


async def read_items(
    client: AzureDevOps, ids: list[int], *, comments: bool
) -> WorkItemDetail | Records[WorkItemDetail]:
    """Read one work item, or several at once, and the names of what they are linked to.

    Of several work items, those that cannot be read are named.
    """
    found = await _read_all(client, ids, comments=comments)
    if not isinstance(found, Records):
        return (await name_links(client, [found]))[0]
    found.items[:] = await name_links(client, found.items)
    return found


async def _read_all(client: AzureDevOps, ids: list[int], *, comments: bool) -> WorkItemDetail | Records[WorkItemDetail]:
    if len(set(ids)) == 1:
        return await read_item_details(client, ids[0], comments=comments)
    asked: list[JsonValue] = list(dict.fromkeys(ids))
    body: dict[str, JsonValue] = {"ids": asked, "$expand": "all", "errorPolicy": "omit"}
    response = await client.post("/{project}/_apis/wit/workitemsbatch", body, path={"project": None})
    rows = [row for row in decode(response, Collection[WorkItemDetail | None]).value if row]
    raws = [raw for raw in decode(response, Collection[RawWorkItem | None]).value if raw]
    read = {row.id: (row, raw) for row, raw in zip(rows, raws, strict=True)}

    async def finish(id: int) -> WorkItemDetail:
        if id not in read:
            raise NotFound(
                f"Work item {id} does not exist, was deleted, or this token's owner may not see it.", subject=str(id)
            )
        return await _add_parts(client, *read[id], comments=comments)

    return await read_by_id(WorkItemDetail, ids, finish)


async def read_item_details(client: AzureDevOps, id: int, *, comments: bool = False) -> WorkItemDetail:
    """Read a work item with its links, and with its comments on request."""
    response = await client.get(ITEM, path={"id": id}, query={"$expand": "all"})
    return await _add_parts(client, decode(response, WorkItemDetail), decode(response, RawWorkItem), comments=comments)


async def _add_parts(client: AzureDevOps, found: WorkItemDetail, raw: RawWorkItem, *, comments: bool) -> WorkItemDetail:
    said = None
    if comments:
        where: PathValues = {"id": found.id, "project": found.project}
        newest: dict[str, str | int | bool | None] = {"$top": 200, "order": "desc"}
        said = decode(await client.get(COMMENTS, path=where, query=newest, version=COMMENTS_VERSION), RawComments)
    return add_details(found, raw, said)


def decode_rows(answer: httpx.Response, extra: list[str]) -> list[WorkItem]:
    """Return the rows of an answer about several work items, with the fields beyond those that every row has."""
    rows = [row for row in decode(answer, Collection[WorkItem | None]).value if row]
    if extra:
        raws = [raw for raw in decode(answer, Collection[RawWorkItem | None]).value if raw]
        rows = [add_extra_fields(row, raw, extra) for row, raw in zip(rows, raws, strict=True)]
    return rows


async def read_rows(
    client: AzureDevOps, ids: list[int], columns: list[str], *, with_project: bool
) -> tuple[list[WorkItem], list[Failed]]:
    """Read the work items with their fields, in the order of the ids, and return which could not be read.

    Work items that were deleted in the meantime are left out.

    Args:
        client: The client that asks.
        ids: The work items.
        columns: The reference names of fields that a row shows as well.
        with_project: Whether a row names its project.
    """
    extra = fields_beyond_row(columns)
    wanted: list[JsonValue] = [*row_fields(extra), *([PROJECT_FIELD] if with_project else [])]

    async def read_batch(start: int) -> dict[int, WorkItem]:
        asked: list[JsonValue] = [*ids[start : start + BATCH]]
        body: dict[str, JsonValue] = {"ids": asked, "fields": wanted, "errorPolicy": "omit"}
        answer = await client.post("/{project}/_apis/wit/workitemsbatch", body, path={"project": None})
        return {row.id: row for row in decode_rows(answer, extra)}

    answers = await fan_out(range(0, len(ids), BATCH), read_batch)
    found = {number: row for part in answers.done.values() for number, row in part.items()}
    failed = [
        Failed(place=f"work items {ids[start]} and following", status=error.status, reason=error.message)
        for start, error in answers.failed.items()
    ]
    return [found[number] for number in ids if number in found], failed
