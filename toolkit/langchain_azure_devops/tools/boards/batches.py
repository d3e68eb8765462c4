"""Read the fields of many work items, and name each one that was asked for and not answered."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

import httpx
from pydantic import JsonValue

from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import Failed
from langchain_azure_devops.tools.work_items.reading import BATCH


class _Row(Protocol):
    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=_Row)


async def read_batches(
    client: AzureDevOps,
    ids: list[int],
    fields: Iterable[str],
    read: Callable[[httpx.Response], Iterable[Row | None]],
) -> tuple[list[Row], list[Failed]]:
    """Return the work items that were answered, and a failure for each of the others.

    Args:
        client: Where to ask.
        ids: The work items.
        fields: The reference names of the fields to read.
        read: Returns the rows of an answer, in which the service writes null for what it leaves out.
    """
    wanted: list[JsonValue] = [*fields]

    async def read_batch(start: int) -> list[Row]:
        body: dict[str, JsonValue] = {"ids": [*ids[start : start + BATCH]], "fields": wanted, "errorPolicy": "omit"}
        answer = await client.post("/{project}/_apis/wit/workitemsbatch", body, path={"project": None})
        asked = set(ids[start : start + BATCH])
        return [row for row in read(answer) if row is not None and row.id in asked]

    answers = await fan_out(range(0, len(ids), BATCH), read_batch)
    found = [row for part in answers.done.values() for row in part]
    failed: list[Failed] = []
    for start, error in answers.failed.items():
        names = ", ".join(map(str, ids[start : start + BATCH]))
        failed.append(Failed(place=f"work items {names}", status=error.status, reason=error.message))
    there = {row.id for row in found}
    for start in answers.done:
        failed += [
            Failed(place=f"work item {number}", status="not_found", reason="It was deleted or cannot be seen.")
            for number in ids[start : start + BATCH]
            if number not in there
        ]
    return found, failed


def describe_failure(failed: Failed) -> str:
    """Return a note about a part that could not be read."""
    return f"Not read: {failed.place} ({failed.status}): {failed.reason}"
