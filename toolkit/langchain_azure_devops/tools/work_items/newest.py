"""Read the newest work items by their ids. A query sees an index that lags; a read by id does not."""

from collections.abc import Iterable
from typing import TypeVar

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, Numbered, OrNone, decode
from langchain_azure_devops.tools.work_items.models import RawWorkItem, WorkItem, add_extra_fields, row_fields
from langchain_azure_devops.tools.work_items.wiql import read_project_name

T = TypeVar("T")

_BATCH = 200
_BELOW = _ABOVE = 50
_MOST_BATCHES = 10
_HIGHEST = "SELECT [System.Id] FROM WorkItems WHERE [System.Id] > 0 ORDER BY [System.Id] DESC"


class _Placed(WorkItem):
    """A work item with all fields that were read, and its project."""

    project: str = Field(validation_alias=AliasPath("fields", "System.TeamProject"), exclude=True)
    fields: dict[str, JsonValue] = Field(exclude=True)


class _Ids(BaseModel):
    work_items: OrNone[Numbered] = Field(validation_alias="workItems")


async def read_newest(
    client: AzureDevOps, answer: type[Collection[T | None]], fields: list[str], others: Iterable[int] = ()
) -> dict[int, T]:
    """Read the newest work items of the organization, also those that queries do not find yet.

    Ids grow with time over the whole organization, so these are above the highest id that a query finds, or shortly
    below it. Work items that this token's owner may not see are left out, and more than 50 of them in a row end the
    search.

    Args:
        client: The client that asks.
        answer: What to decode the answers into; a row is null where a work item cannot be read.
        fields: The reference names of the fields to read.
        others: Ids to read as well.
    """
    response = await client.post(
        "/{project}/_apis/wit/wiql", {"query": _HIGHEST}, path={"project": None}, query={"$top": 1}
    )
    highest = max((row.id for row in decode(response, _Ids).work_items), default=0)
    known = {*others, *range(max(1, highest - _BELOW + 1), highest + 1)}
    found: dict[int, T] = {}
    first = sorted(known)
    while len(first) > _BATCH - _ABOVE:
        found |= await _read(client, answer, fields, first[:_BATCH])
        first = first[_BATCH:]
    wanted = [*first, *range(highest + 1, highest + 1 + _ABOVE)]
    for _ in range(_MOST_BATCHES):
        rows = await _read(client, answer, fields, wanted)
        found |= rows
        if not any(number > highest for number in rows):
            break
        highest = max(rows)
        wanted = list(range(highest + 1, highest + 1 + _BATCH))
    return found


async def _read(
    client: AzureDevOps, answer: type[Collection[T | None]], fields: list[str], ids: list[int]
) -> dict[int, T]:
    """Read work items by id, without those that do not exist or are hidden."""
    asked: list[JsonValue] = [*ids]
    body: dict[str, JsonValue] = {"ids": asked, "fields": [*fields], "errorPolicy": "omit"}
    response = await client.post("/{project}/_apis/wit/workitemsbatch", body, path={"project": None})
    numbers = [row.id for row in decode(response, Collection[Numbered | None]).value if row]
    rows = [row for row in decode(response, answer).value if row is not None]
    return dict(zip(numbers, rows, strict=True))


async def read_newest_of_project(
    client: AzureDevOps, project: str, fields: list[str], others: Iterable[int] = ()
) -> list[WorkItem]:
    """Read the newest work items of a project, also those that queries do not find yet, and others of it by their ids.

    Args:
        client: The client that asks; run this on its loop, with `run` or `run_sync`.
        project: The name or id of the project, in any case.
        fields: The reference names of more fields to read.
        others: Ids to read as well.
    """
    asked = ["System.TeamProject", *row_fields(fields)]
    rows = await read_newest(client, Collection[_Placed | None], asked, others)
    here = {name: await is_project(client, project, name) for name in {row.project for row in rows.values()}}
    return [
        add_extra_fields(WorkItem.model_validate(row.model_dump()), RawWorkItem(fields=row.fields), fields)
        for row in rows.values()
        if here[row.project]
    ]


async def is_project(client: AzureDevOps, given: str, name: str) -> bool:
    """Return whether a project that was given by its name or id, in any case, has this name now."""
    if given.casefold() == name.casefold():
        return True
    return (await read_project_name(client, given)).casefold() == name.casefold()
