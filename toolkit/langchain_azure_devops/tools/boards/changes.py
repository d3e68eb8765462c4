"""What changed in a sprint since it began, read from the history of the work items: moves in and out, and states."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

from pydantic import BaseModel, BeforeValidator, Field, JsonValue, TypeAdapter

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project
from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.calls.paging import page_rows
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import format_time
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Failed, Instant, Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.boards.places import (
    Iteration,
    Team,
    TeamAreas,
    find_iteration,
    name_team,
    place_within,
    read_areas,
)
from langchain_azure_devops.tools.boards.sprints import IterationName, SprintItem, read_items
from langchain_azure_devops.tools.boards.toolset import boards
from langchain_azure_devops.tools.people import NamedPerson
from langchain_azure_devops.tools.work_items.wiql import condition, find_ids

_UPDATES = "/{project}/_apis/wit/workItems/{id}/updates"
_PAGE = 200
_PAGES = 20
_MOST_ITEMS = 300
_MOST_FOUND = 2_000
_MOST_DAYS = 40
_DAY = timedelta(days=1)
_instant: TypeAdapter[datetime] = TypeAdapter(Instant)
_ITERATION, _AREA, _STATE = "System.IterationPath", "System.AreaPath", "System.State"


class SprintChange(Result):
    """One change of a work item that was in a sprint before or after it.

    Attributes:
        change: moved in, moved out, created in it, or state.
        before: Where it was, or its state.
        after: Where it is, or its state.
    """

    singular, plural = "change", "changes"
    web = "_workitems/edit/{id}"
    web_list = "{project}/_sprints/directory"
    author_fields = ("by",)
    identifying = ("id", "update")

    when: Instant
    id: int
    type: Untrusted
    title: Untrusted
    change: str
    before: Untrusted | None = None
    after: Untrusted | None = None
    by: Untrusted | None = None
    update: int


class _Value(BaseModel):
    old: JsonValue = Field(default=None, validation_alias="oldValue")
    new: JsonValue = Field(default=None, validation_alias="newValue")


class _Update(BaseModel):
    id: int
    fields: Annotated[dict[str, _Value], BeforeValidator(lambda value: value or {})] = Field(default={})
    by: NamedPerson = Field(default=None, validation_alias="revisedBy")


class _Known(NamedTuple):
    """What decides whether a change belongs to the sprint."""

    sprint: Iteration
    areas: TeamAreas
    begins: datetime
    ends: datetime

    def holds(self, place: Mapping[str, str]) -> bool:
        """Return whether a work item in this place is in the sprint of the team."""
        return place.get(_ITERATION, "").casefold() == self.sprint.path.casefold() and self.areas.includes(
            place.get(_AREA, "")
        )


@boards.read(Scope.WORK, example={})
async def list_sprint_changes(
    client: AzureDevOps,
    *,
    team: Team = None,
    iteration: IterationName = "current",
    limit: Limit = 100,
    cursor: Cursor = None,
    project: Project = None,
) -> Page[SprintChange]:
    """List what moved into or out of a sprint since its start, and changed states: when, by whom.

    Raises:
        NotFound: There is no such team or iteration, or none is current.
        InvalidRequest: The iteration has no dates.
    Source: `POST .../wit/wiql` as of each day of the sprint, `GET .../wit/workItems/{id}/updates`.
    """
    chosen = await client.required_project(project)
    sprint = await find_iteration(client, chosen, team, iteration)
    begins, ends = sprint.begins, sprint.ends
    if begins is None or ends is None:
        raise InvalidRequest(f"{sprint.path} has no dates, so it has no start.", subject="iteration")
    areas = await read_areas(client, chosen, team)
    known = _Known(sprint, areas, begins, ends)
    notes = [f"Looked at {sprint.words} of {name_team(chosen, team)}."]
    if not areas.areas:
        page = await page_rows(SprintChange, list[SprintChange](), limit, cursor)
        page.looked_in = place_within(client, "a sprint", chosen)
        page.notes.extend([*notes, "The team has no areas, so nothing is in its sprints."])
        return page
    ids, failed = await _find_items(client, chosen, known, notes)
    items, unread = await read_items(client, ids)
    touched = [item for item in items if item.changed is None or item.changed >= begins]
    asked, left = touched[:_MOST_ITEMS], touched[_MOST_ITEMS:]
    by_id = {item.id: item for item in asked}
    answers = await fan_out(by_id, lambda number: _read_updates(client, chosen, number))
    rows = [row for number, updates in answers.done.items() for row in _follow(by_id[number], updates, known)]
    rows.sort(key=lambda row: (row.when, row.id, row.update))
    page = await page_rows(SprintChange, rows, limit, cursor)
    failed += unread
    failed += [
        Failed(place=f"the history of work item {number}", status=error.status, reason=error.message)
        for number, error in answers.failed.items()
    ]
    failed += [
        Failed(place=f"the end of the history of work item {number}", status="unavailable", reason="It is too long.")
        for number, updates in answers.done.items()
        if len(updates) >= _PAGE * _PAGES
    ]
    if left:
        numbers = ", ".join(str(item.id) for item in left)
        failed.append(Failed(place=f"work items {numbers}", status="unavailable", reason="Too many for one call."))
    page.notes.extend(notes)
    page.failed.extend(failed)
    page.partial = bool(failed)
    page.looked_in = place_within(client, "a sprint", chosen)
    return page


async def _find_items(
    client: AzureDevOps, project: str, known: _Known, notes: list[str]
) -> tuple[list[int], list[Failed]]:
    """Find the work items that were in the sprint at the start of one of its days, or are now.

    The history of a project cannot be searched, so what came and went within one day is not found.
    """
    where = f"[{_ITERATION}] {condition('=', known.sprint.path)} AND {known.areas.wiql}"
    query = f"SELECT [System.Id] FROM WorkItems WHERE {where}"  # noqa: S608 - WIQL, its values are quoted
    now = await find_ids(client, project, query, _MOST_FOUND)
    until = min(known.ends, _instant.validate_python(now.as_of))
    days = [known.begins + number * _DAY for number in range(_MOST_DAYS)]
    days = [day for day in days if day < until]
    if until == known.ends:
        days.append(known.ends)
    answers = await fan_out(
        days, lambda day: find_ids(client, project, f"{query} ASOF '{format_time(day)}'", _MOST_FOUND)
    )
    found = [now, *answers.done.values()]
    failed = [
        Failed(place=f"what was in it on {day:%Y-%m-%d}", status=error.status, reason=error.message)
        for day, error in answers.failed.items()
    ]
    if not all(each.complete for each in found):
        failed.append(Failed(place="the rest of its work items", status="unavailable", reason="There are too many."))
    if known.begins + _MOST_DAYS * _DAY < until:
        notes.append(f"Work items that were in it only after its first {_MOST_DAYS} days and before now are not found.")
    notes.append("A work item that came and went within one day is not found.")
    return list(dict.fromkeys(number for each in found for number in each.ids)), failed


async def _read_updates(client: AzureDevOps, project: str, number: int) -> list[_Update]:
    found: list[_Update] = []
    for page in range(_PAGES):
        query = {"$top": _PAGE, "$skip": page * _PAGE or None}
        response = await client.get(_UPDATES, path={"project": project, "id": number}, query=query)
        rows = decode(response, Collection[_Update]).value
        found.extend(rows)
        if len(rows) < _PAGE:
            break
    return found


def _follow(item: SprintItem, updates: Iterable[_Update], known: _Known) -> Iterator[SprintChange]:
    """Yield the changes of one work item that belong to the sprint."""
    place: dict[str, str] = {}
    for update in sorted(updates, key=lambda each: each.id):
        before = dict(place)
        for name in (_ITERATION, _AREA, _STATE):
            if name in update.fields:
                place[name] = str(update.fields[name].new or "")
        when = _when(update)
        if when is None or not known.begins <= when < known.ends:
            continue
        was, is_now = known.holds(before), known.holds(place)
        moved = _ITERATION if before.get(_ITERATION) != place.get(_ITERATION) else _AREA
        told: list[tuple[str, str]] = []
        if was != is_now:
            told.append((("moved in" if before else "created in it") if is_now else "moved out", moved))
        if (was or is_now) and before and before.get(_STATE) != place.get(_STATE):
            told.append(("state", _STATE))
        for change, name in told:
            yield SprintChange(
                when=when,
                id=item.id,
                type=item.type,
                title=item.title,
                change=change,
                before=before.get(name),
                after=place.get(name),
                by=update.by,
                update=update.id,
            )


def _when(update: _Update) -> datetime | None:
    """Return when an update was made; the date beside it is that of the next one."""
    changed = update.fields.get("System.ChangedDate")
    return None if changed is None or changed.new is None else _instant.validate_python(changed.new)
