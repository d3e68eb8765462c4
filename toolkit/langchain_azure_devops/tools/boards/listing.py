"""List the iterations, areas and backlogs of a project, and the work items of a backlog."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project
from langchain_azure_devops.calls.paging import Batch, collect, list_rows, page_rows
from langchain_azure_devops.errors import NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, Named, Numbered, OrNone, decode
from langchain_azure_devops.results.models import EVERYWHERE, Failed, Page, Position, Result, Untrusted
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.boards.batches import read_batches
from langchain_azure_devops.tools.boards.nodes import describe_cut, read_nodes
from langchain_azure_devops.tools.boards.places import (
    Iteration,
    Team,
    TimeFrame,
    begin_sentence,
    known_team,
    name_team,
    place_of_team,
    place_within,
    read_iterations,
    work_route,
)
from langchain_azure_devops.tools.boards.toolset import boards
from langchain_azure_devops.tools.work_items.models import WorkItem, row_fields
from langchain_azure_devops.tools.work_items.reading import decode_rows

_MOST = 1000
_COLUMNS = ["System.IterationPath", "System.AreaPath"]


class AreaRow(Result):
    """An area of a project."""

    singular, plural = "area", "areas"
    web_list = "{project}/_settings/work"

    path: Untrusted
    id: int


def _list_type_names(value: object) -> object:
    return [each.get("name") if isinstance(each, dict) else each for each in value] if isinstance(value, list) else []


class Backlog(Result):
    """A backlog of a team.

    Attributes:
        kind: portfolio, requirement or task.
    """

    singular, plural = "backlog", "backlogs"
    web = "{project}/_backlogs/backlog/{team}/{name}"
    web_list = "{project}/_backlogs"
    caption = "backlog {name}"

    name: Untrusted
    id: Untrusted
    kind: str | None = Field(default=None, validation_alias="type")
    types: Annotated[list[Untrusted], BeforeValidator(_list_type_names)] = Field(
        default=[], validation_alias="workItemTypes"
    )
    hidden: bool = Field(default=False, validation_alias="isHidden")


class _Link(BaseModel):
    target: Numbered


class _BacklogItems(BaseModel):
    items: OrNone[_Link] = Field(validation_alias="workItems")


@boards.read(Scope.WORK, example={}, more_examples=({"timeframe": "current"},))
async def list_iterations(
    client: AzureDevOps,
    *,
    team: Annotated[str | None, Field(description='Default: the default team; "*": all of the project')] = None,
    timeframe: TimeFrame = "all",
    limit: Limit = 100,
    cursor: Cursor = None,
    project: Project = None,
) -> Page[Iteration]:
    """List sprints of a team with dates. The finish date is the last day of the sprint.

    Raises:
        NotFound: There is no such team.
    Source: `GET /{project}/{team}/_apis/work/teamsettings/iterations`, or
    `GET /{project}/_apis/wit/classificationnodes/iterations?$depth=14`.
    """
    chosen = await client.required_project(project)
    if team == EVERYWHERE:
        return await _list_of_project(client, chosen, timeframe, limit, cursor)
    rows = await read_iterations(client, chosen, team)
    kept = [row for row in rows if timeframe in {"all", row.time_frame}]
    page = await page_rows(Iteration, kept, limit, cursor)
    shown = "" if kept else f", which uses these iterations: {', '.join(row.words for row in rows) or 'none'}"
    page.notes.append(f"Looked at {name_team(chosen, team)}{shown}.")
    page.looked_in = place_within(client, "a team", chosen)
    return page


async def _list_of_project(
    client: AzureDevOps, project: str, timeframe: TimeFrame, limit: int, cursor: str | None
) -> Page[Iteration]:
    """List all iterations of a project, whether or not a team uses them."""
    nodes = await read_nodes(client, project, "iterations")
    rows = [
        Iteration(
            name=node.name,
            path=node.path,
            time_frame=node.time_frame,
            start=node.start,
            finish=node.finish,
            id=node.identifier,
        )
        for node in nodes
        if timeframe in {"all", node.time_frame}
    ]
    page = await page_rows(Iteration, rows, limit, cursor)
    if not rows:
        page.notes.append(f"None of the {len(nodes)} iterations that were read is {timeframe} by its dates.")
    cut = describe_cut(nodes, "iteration")
    page.notes.extend(cut)
    page.partial = bool(cut)
    return page


@boards.read(Scope.WORK, example={})
async def list_areas(
    client: AzureDevOps, *, limit: Limit = 200, cursor: Cursor = None, project: Project = None
) -> Page[AreaRow]:
    """List area paths of a project.

    Source: `GET /{project}/_apis/wit/classificationnodes/areas?$depth=14`.
    """
    nodes = await read_nodes(client, await client.required_project(project), "areas")
    page = await page_rows(AreaRow, [AreaRow(path=node.path, id=node.id) for node in nodes], limit, cursor)
    cut = describe_cut(nodes, "area")
    page.notes.extend(cut)
    page.partial = bool(cut)
    return page


@boards.read(Scope.WORK, example={})
async def list_backlogs(client: AzureDevOps, *, team: Team = None, project: Project = None) -> Page[Backlog]:
    """List backlog levels of a team with their work item types.

    Raises:
        NotFound: There is no such team.
    Source: `GET /{project}/{team}/_apis/work/backlogs`.
    """
    chosen = await client.required_project(project)
    async with known_team(client, chosen, team):
        page = await list_rows(
            client,
            Backlog,
            work_route(team, "backlogs"),
            path=place_of_team(chosen, team),
            limit=_MOST,
            cursor=None,
            style="none",
        )
    page.notes.append(f"Looked at {name_team(chosen, team)}.")
    page.looked_in = place_within(client, "a team", chosen)
    return page


@boards.read(Scope.WORK, example={"backlog": "Stories"})
async def list_backlog_items(
    client: AzureDevOps,
    *,
    backlog: Annotated[str, Field(description="Name or id")],
    team: Team = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    project: Project = None,
) -> Page[WorkItem]:
    """List open work items of a backlog in its order.

    Raises:
        NotFound: There is no such team or backlog.
    Source: `GET .../work/backlogs/{id}/workItems`, then `POST .../wit/workitemsbatch`.
    """
    chosen = await client.required_project(project)
    level = await _find_backlog(client, chosen, team, backlog)
    route = work_route(team, "backlogs/{backlog}/workItems")
    response = await client.get(route, path={**place_of_team(chosen, team), "backlog": level.id})
    ids = list(dict.fromkeys(link.target.id for link in decode(response, _BacklogItems).items))
    failed: list[Failed] = []

    async def fetch(position: Position, wanted: int) -> Batch[WorkItem]:
        part = ids[position.skip : position.skip + wanted]
        rows, unread = await read_batches(
            client, part, row_fields(_COLUMNS), lambda answer: decode_rows(answer, _COLUMNS)
        )
        order = {number: place for place, number in enumerate(part)}
        rows.sort(key=lambda row: order[row.id])
        failed.extend(unread)
        after = position.skip + wanted
        return Batch(rows, Position(skip=after) if after < len(ids) else None, len(ids))

    page = await collect(WorkItem, fetch, limit, cursor)
    page.failed.extend(failed)
    page.partial = bool(failed)
    hint = "" if ids else "; what is done is in no backlog"
    page.notes.append(f"Looked at the backlog {level.name} of {name_team(chosen, team)}{hint}.")
    if level.most is not None and len(ids) >= level.most > 0:
        page.notes.append(f"The service names at most {level.most:,} work items of this backlog; it may have more.")
        page.partial = True
    page.looked_in = place_within(client, "a backlog", chosen)
    return page


class _Level(Named):
    id: str
    most: int | None = Field(default=None, validation_alias="workItemCountLimit")


async def _find_backlog(client: AzureDevOps, project: str, team: str | None, wanted: str) -> _Level:
    async with known_team(client, project, team):
        response = await client.get(work_route(team, "backlogs"), path=place_of_team(project, team))
    rows = decode(response, Collection[_Level]).value
    for row in rows:
        if wanted.strip().casefold() in {row.id.casefold(), row.name.casefold()}:
            return row
    names = [row.name for row in rows]
    raise NotFound(
        f"{begin_sentence(name_team(project, team))} has no backlog {wanted!r}.{did_you_mean(wanted, names)} "
        f"Its backlogs: {', '.join(names) or 'none'}.",
        subject=as_subject(wanted),
    )
