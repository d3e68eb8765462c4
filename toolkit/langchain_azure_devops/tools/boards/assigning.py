"""Put a work item into another iteration or area."""

from collections.abc import Mapping
from typing import Literal

from pydantic import JsonValue

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.calls.recovery import Missing, PendingWrite
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.boards.items import (
    SENDS,
    ItemId,
    PlacedItem,
    Revision,
    find_written,
    read_placed,
    read_unchanged,
    write_fields,
)
from langchain_azure_devops.tools.boards.nodes import Group, PlacedNode, find_node, read_nodes
from langchain_azure_devops.tools.boards.toolset import boards
from langchain_azure_devops.tools.work_items.models import SavedWorkItem
from langchain_azure_devops.tools.work_items.recovery import ITEM, Place

What = Literal["area", "iteration"]

_GROUPS: dict[What, Group] = {"area": "areas", "iteration": "iterations"}
_FIELDS: dict[What, str] = {"area": "System.AreaPath", "iteration": "System.IterationPath"}


async def _check(
    client: AzureDevOps, what: What, number: int, revision: int, wanted: str
) -> tuple[PlacedItem, PlacedNode]:
    """Read a work item and where it shall go.

    Raises:
        NotFound: There is no such work item, area or iteration.
        NothingToSend: It is there already.
        RevisionConflict: The work item has another revision now.
    """
    item = await read_placed(client, number, revision)
    node = find_node(await read_nodes(client, item.project, _GROUPS[what]), wanted, what)
    if node.path == (item.area if what == "area" else item.iteration):
        raise NothingToSend(f"Work item {number} is in {node.path} already. Nothing was sent.", subject=str(number))
    return item, node


async def _read_before(client: AzureDevOps, what: What, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    item, node = await _check(
        client, what, int(str(arguments["id"])), int(str(arguments["revision"])), str(arguments[what])
    )
    here = item.area if what == "area" else item.iteration
    return {**item.recognized, what: here, f"new_{what}": node.words}


async def _assign(client: AzureDevOps, what: What, number: int, revision: int, wanted: str) -> SavedWorkItem:
    try:
        item, node = await _check(client, what, number, revision, wanted)
    except NothingToSend as idle:
        return await read_unchanged(client, number, idle.message)
    return await write_fields(client, item, {_FIELDS[what]: node.path})


async def _recover(client: AzureDevOps, what: What, pending: PendingWrite) -> SavedWorkItem | Missing:
    where = {"fields": "System.TeamProject"}
    project = decode(await client.get(ITEM, path={"id": pending.arguments["id"]}, query=where), Place).project
    node = find_node(await read_nodes(client, project, _GROUPS[what]), pending.arguments[what], what)
    return await find_written(client, pending, {}, **{what: node.path})


async def _read_iteration(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return await _read_before(client, "iteration", arguments)


async def _read_area(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return await _read_before(client, "area", arguments)


async def _find_iteration_change(client: AzureDevOps, pending: PendingWrite) -> SavedWorkItem | Missing:
    return await _recover(client, "iteration", pending)


async def _find_area_change(client: AzureDevOps, pending: PendingWrite) -> SavedWorkItem | Missing:
    return await _recover(client, "area", pending)


@boards.write(
    Scope.WORK_WRITE,
    idempotent=True,
    sends=SENDS,
    targets=("id", "iteration"),
    contents=("revision",),
    current=_read_iteration,
    recover=_find_iteration_change,
    example={"id": 9, "revision": 1, "iteration": "Sprint 42"},
)
async def assign_iteration(client: AzureDevOps, *, id: ItemId, revision: Revision, iteration: str) -> SavedWorkItem:
    """Move a work item to a sprint, by name or path.

    Raises:
        NotFound: There is no such work item or iteration.
        RevisionConflict: The work item has another revision now.
    Source: `PATCH /_apis/wit/workitems/{id}` with a test of `/rev`.
    """
    return await _assign(client, "iteration", id, revision, iteration)


@boards.write(
    Scope.WORK_WRITE,
    idempotent=True,
    sends=SENDS,
    targets=("id", "area"),
    contents=("revision",),
    current=_read_area,
    recover=_find_area_change,
    example={"id": 9, "revision": 1, "area": "Operations"},
)
async def assign_area(client: AzureDevOps, *, id: ItemId, revision: Revision, area: str) -> SavedWorkItem:
    """Move a work item to an area, by name or path.

    Raises:
        NotFound: There is no such work item or area.
        RevisionConflict: The work item has another revision now.
    Source: `PATCH /_apis/wit/workitems/{id}` with a test of `/rev`.
    """
    return await _assign(client, "area", id, revision, area)
