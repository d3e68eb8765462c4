"""Read the newest work items by their ids. A query sees an index that lags; a read by id does not."""

from collections.abc import Iterable
from typing import TypeVar

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, Numbered, OrNone, decode

T = TypeVar("T")

_BATCH = 200
_BELOW = _ABOVE = 50
_MOST_BATCHES = 5
_HIGHEST = "SELECT [System.Id] FROM WorkItems WHERE [System.Id] > 0 ORDER BY [System.Id] DESC"


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
        others: Ids to read as well, at most 100.
    """
    response = await client.post(
        "/{project}/_apis/wit/wiql", {"query": _HIGHEST}, path={"project": None}, query={"$top": 1}
    )
    highest = max((row.id for row in decode(response, _Ids).work_items), default=0)
    known = {*others, *range(max(1, highest - _BELOW + 1), highest + 1)}
    wanted = [*sorted(known), *range(highest + 1, highest + 1 + _ABOVE)]
    found: dict[int, T] = {}
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
