"""What is in a sprint: its work items by state, the work that remains, and the capacity of the team."""

from collections import Counter
from collections.abc import Awaitable, Iterable
from typing import Annotated, TypeVar

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project
from langchain_azure_devops.calls.paging import page_rows
from langchain_azure_devops.errors import AzureDevOpsError, NotSignedIn, ScopeMissing
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, Named, Numbered, OrNone, decode
from langchain_azure_devops.results.models import Failed, Instant, Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.boards.batches import describe_failure, read_batches
from langchain_azure_devops.tools.boards.places import (
    Team,
    find_iteration,
    name_team,
    place_of_team,
    place_within,
    work_route,
)
from langchain_azure_devops.tools.boards.toolset import boards
from langchain_azure_devops.tools.people import NamedPerson

Fact = TypeVar("Fact")
IterationName = Annotated[str, Field(description="current, name or path")]

_FIELDS = {
    "type": "System.WorkItemType",
    "title": "System.Title",
    "state": "System.State",
    "assigned_to": "System.AssignedTo",
    "parent": "System.Parent",
    "remaining": "Microsoft.VSTS.Scheduling.RemainingWork",
    "points": "Microsoft.VSTS.Scheduling.StoryPoints",
    "effort": "Microsoft.VSTS.Scheduling.Effort",
    "changed": "System.ChangedDate",
    "iteration": "System.IterationPath",
}
_CATEGORIES = ("Proposed", "InProgress", "Resolved", "Completed", "Removed")


class SprintItem(Result):
    """A work item of a sprint.

    Attributes:
        category: What the process says of its state: Proposed, InProgress, Resolved, Completed or Removed.
        remaining: The hours of work that are left.
    """

    singular, plural = "work item", "work items"
    web = "_workitems/edit/{id}"
    web_list = "{project}/_sprints/directory"
    caption = "{type} {id}"

    id: int
    type: Untrusted = Field(validation_alias=AliasPath("fields", _FIELDS["type"]))
    title: Untrusted = Field(validation_alias=AliasPath("fields", _FIELDS["title"]))
    state: Untrusted = Field(validation_alias=AliasPath("fields", _FIELDS["state"]))
    category: str = ""
    assigned_to: NamedPerson = Field(default=None, validation_alias=AliasPath("fields", _FIELDS["assigned_to"]))
    remaining: float | None = Field(default=None, validation_alias=AliasPath("fields", _FIELDS["remaining"]))
    points: float | None = Field(default=None, validation_alias=AliasPath("fields", _FIELDS["points"]))
    effort: float | None = Field(default=None, validation_alias=AliasPath("fields", _FIELDS["effort"]))
    parent: int | None = Field(default=None, validation_alias=AliasPath("fields", _FIELDS["parent"]))
    revision: int = Field(validation_alias="rev")
    changed: Instant | None = Field(default=None, validation_alias=AliasPath("fields", _FIELDS["changed"]))
    iteration: str = Field(default="", validation_alias=AliasPath("fields", _FIELDS["iteration"]), exclude=True)


class _Link(BaseModel):
    target: Numbered


class _Links(BaseModel):
    rows: OrNone[_Link] = Field(validation_alias="workItemRelations")


class _State(Named):
    category: str = ""


class _Type(Named):
    states: OrNone[_State] = Field(default=[])


class _Capacity(BaseModel):
    hours: float = Field(default=0, validation_alias="totalCapacityPerDay")
    days_off: int = Field(default=0, validation_alias="totalDaysOff")
    members: OrNone[dict[str, object]] = Field(default=[], validation_alias="teamMembers")


@boards.read(Scope.WORK, example={})
async def get_sprint(
    client: AzureDevOps,
    *,
    team: Team = None,
    iteration: IterationName = "current",
    limit: Limit = 200,
    cursor: Cursor = None,
    project: Project = None,
) -> Page[SprintItem]:
    """Read a sprint: work items by state, what is done, remaining hours, capacity.

    Raises:
        NotFound: There is no such team or iteration, or none is current.
    Source: `GET .../work/teamsettings/iterations/{id}/workitems` and `/capacities`, `POST .../wit/workitemsbatch`,
    `GET .../wit/workitemtypes` for what the states mean.
    """
    chosen = await client.required_project(project)
    sprint = await find_iteration(client, chosen, team, iteration)
    where = {**place_of_team(chosen, team), "iteration": sprint.id}
    route = work_route(team, "teamsettings/iterations/{iteration}")
    links = decode(await client.get(f"{route}/workitems", path=where), _Links).rows
    ids = list(dict.fromkeys(link.target.id for link in links))
    read, failed = await read_items(client, ids)
    path = sprint.path.casefold()
    items = [item for item in read if item.iteration.casefold() == path]
    count = f"{len(items)} work item{'s' * (len(items) != 1)}"
    notes = [f"{sprint.words} of {name_team(chosen, team)}: {count}."]
    if elsewhere := [f"{item.id} ({item.iteration})" for item in read if item.iteration.casefold() != path]:
        notes.append(f"Not counted, as they are only above these and in another iteration: {', '.join(elsewhere)}.")
    categories = await _read_beside("which states count as done", _read_categories(client, chosen), notes) or {}
    rows = [item.model_copy(update={"category": categories.get((item.type, item.state), "")}) for item in items]
    rows.sort(key=lambda row: (_rank(row.category), row.state, row.id))
    if rows:
        notes += _sum_up(rows, known=bool(categories))
    reading = _read_capacity(client, f"{route}/capacities", where)
    capacity = await _read_beside("the capacity of the team", reading, notes)
    if capacity and capacity.members:
        notes.append(f"Capacity: {capacity.hours:g} hours a day, {capacity.days_off} days off in all.")
    page = await page_rows(SprintItem, rows, limit, cursor)
    page.notes.extend(notes)
    page.failed.extend(failed)
    page.partial = bool(failed)
    page.looked_in = place_within(client, "a sprint", chosen)
    return page


async def _read_beside(what: str, reading: Awaitable[Fact], notes: list[str]) -> Fact | None:
    """Read a fact beside the rows. Without it the rows are still all, so that it is missing stands in a note.

    Raises:
        NotSignedIn: The token is no longer accepted.
        ScopeMissing: The token lacks the scope of the whole call.
    """
    try:
        return await reading
    except (NotSignedIn, ScopeMissing):
        raise
    except AzureDevOpsError as error:
        notes.append(describe_failure(Failed(place=what, status=error.status, reason=error.message)))
        return None


async def read_items(client: AzureDevOps, ids: list[int]) -> tuple[list[SprintItem], list[Failed]]:
    """Read the rows of work items, and name those that could not be read."""
    return await read_batches(
        client, ids, _FIELDS.values(), lambda answer: decode(answer, Collection[SprintItem | None]).value
    )


async def _read_categories(client: AzureDevOps, project: str) -> dict[tuple[str, str], str]:
    response = await client.get("/{project}/_apis/wit/workitemtypes", path={"project": project})
    types = decode(response, Collection[_Type]).value
    return {(kind.name, state.name): state.category for kind in types for state in kind.states}


async def _read_capacity(client: AzureDevOps, route: str, where: PathValues) -> _Capacity:
    return decode(await client.get(route, path=where), _Capacity)


def _rank(category: str) -> int:
    return _CATEGORIES.index(category) if category in _CATEGORIES else len(_CATEGORIES)


def _sum_up(rows: Iterable[SprintItem], *, known: bool) -> list[str]:
    """Return sentences about the states and the remaining work. What was removed is not done, and not counted."""
    every = list(rows)
    states = Counter(row.state for row in every)
    notes = [f"States: {', '.join(f'{state} {count}' for state, count in states.items())}."]
    counted = [row for row in every if row.category != "Removed"]
    if known:
        done = sum(row.category == "Completed" for row in counted)
        removed = len(every) - len(counted)
        apart = f" {removed} removed, which counts as neither." if removed else ""
        notes.append(f"Done: {done} of {len(counted)}.{apart}")
    left = [row.remaining for row in counted if row.remaining is not None and row.category != "Completed"]
    notes.append(
        f"Remaining work: {sum(left):g} hours in {len(left)} work items; the others say none."
        if left
        else "No work item says how much work remains."
    )
    return notes
