"""Create an iteration, and let a team use it."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, cast
from urllib.parse import quote

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.calls.recovery import Missing, PendingWrite, unknown_outcome
from langchain_azure_devops.errors import (
    AlreadyExists,
    AzureDevOpsError,
    InvalidRequest,
    NotFound,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import PartialResult, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.boards.nodes import NODES, PlacedNode, find_node, read_nodes
from langchain_azure_devops.tools.boards.places import known_team, place_of_team, work_route
from langchain_azure_devops.tools.boards.toolset import boards

_TOP = f"{NODES}/iterations"
_DEEPEST = 3
_LEVELS = tuple(f"level_{number}" for number in range(1, _DEEPEST + 1))
_ROUTES = tuple("/".join([_TOP, *(f"{{{level}}}" for level in _LEVELS[:depth])]) for depth in range(_DEEPEST + 1))
_TEAM_ITERATIONS = work_route("", "teamsettings/iterations")
_BAD_SIGNS = frozenset('\\/$?*:"&<>#%|+')
_RESERVED = frozenset(
    ["AUX", "CON", "NUL", "PRN", *(f"COM{number}" for number in range(1, 11)), *(f"LPT{n}" for n in range(1, 10))]
)
_LONGEST, _SHOWN = 255, 40


class CreatedIteration(PartialResult):
    """An iteration that was just created.

    Attributes:
        team: The team that uses it now.
    """

    effect = ("id",)
    web = "{project}/_sprints/taskboard/{team}/{path}"
    web_list = "{project}/_sprints/directory"
    caption = "iteration {name}"

    id: str
    name: Untrusted
    path: Untrusted
    start: str
    finish: str
    team: Untrusted | None = None
    notes: list[str] = Field(default=[])


class _Made(BaseModel):
    identifier: str
    name: str


async def _check(
    client: AzureDevOps, project: str, name: str, start: date, finish: date, parent: str | None, team: str | None
) -> tuple[PlacedNode, list[PlacedNode]]:
    """Return the iteration above a new one, and those that are directly below it now.

    Raises:
        InvalidRequest: The dates or the name cannot be.
        NotFound: There is no such parent or team.
        AlreadyExists: There is an iteration of this name.
    """
    if finish < start:
        raise InvalidRequest(f"The last day, {finish}, is before the first, {start}.", subject="finish")
    _check_name(name.strip())
    nodes = await read_nodes(client, project, "iterations")
    above = _find_above(nodes, parent)
    if len(above.inner) > _DEEPEST:
        raise InvalidRequest(f"{above.path} is deeper than {_DEEPEST} levels: use the web page.", subject="parent")
    depth = len(above.inner) + 1
    there = [node for node in nodes if len(node.inner) == depth and node.inner[:-1] == above.inner]
    for node in there:
        if node.name.casefold() == name.strip().casefold():
            raise AlreadyExists(f"There is an iteration {node.words} already. Nothing was sent.", subject="name")
    if team is not None:
        async with known_team(client, project, team):
            await client.get(work_route(team, "teamsettings"), path=place_of_team(project, team))
    return above, there


def _check_name(name: str) -> None:
    """Refuse a name that the service refuses, or that its web pages cannot show.

    Raises:
        InvalidRequest: The message says what a name must not be.
    """
    wrong = ""
    if not name:
        wrong = "is blank"
    elif len(name) > _LONGEST:
        wrong = f"has {len(name)} characters; at most {_LONGEST} are allowed"
    elif any(sign in _BAD_SIGNS or ord(sign) < ord(" ") for sign in name):
        wrong = f"has one of these signs, or a control character: {' '.join(sorted(_BAD_SIGNS))}"
    elif name.startswith(".") or name.endswith("."):
        wrong = "begins or ends with a dot"
    elif name.upper() in _RESERVED:
        wrong = "is a name that the system reserves"
    if wrong:
        shown = name if len(name) <= _LONGEST else f"{name[:_SHOWN]}..."
        raise InvalidRequest(f"{shown!r} cannot be the name of an iteration: it {wrong}.", subject="name")


async def _read_before(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the iteration above the new one, and those beside it."""
    project = await client.required_project(cast("str | None", arguments.get("project")))
    above, there = await _check(
        client,
        project,
        str(arguments["name"]),
        date.fromisoformat(str(arguments["start"])),
        date.fromisoformat(str(arguments["finish"])),
        cast("str | None", arguments.get("parent")),
        cast("str | None", arguments.get("team")),
    )
    return {"project": project, "parent": above.path, "iterations_there": [node.words for node in there]}


async def _find_created(client: AzureDevOps, pending: PendingWrite) -> CreatedIteration | Missing:
    """Say whether there is such an iteration; the service does not say who created one, so it proves nothing."""
    given = pending.arguments
    project = await client.required_project(given.get("project"))
    pending.url = f"{client.settings.url('core')}/{quote(project, safe='')}/_sprints/directory"
    nodes = await read_nodes(client, project, "iterations")
    path = f"{_place_above(nodes, given).path}\\{str(given['name']).strip()}"
    if found := next((node for node in nodes if node.path.casefold() == path.casefold()), None):
        if (found.start, found.finish) == (str(given["start"]), str(given["finish"])):
            raise unknown_outcome(f"{found.path} now has the values asked for, but it is not known who created it")
        raise unknown_outcome(f"there is an iteration {found.words} now, and it is not known who created it")
    return Missing(f"an iteration {path!r}")


def _place_above(nodes: list[PlacedNode], given: Mapping[str, JsonValue]) -> PlacedNode:
    """Return the iteration below which a lost write should have created one.

    Raises:
        WriteOutcomeUnknown: It cannot be told any more which one was meant.
    """
    try:
        return _find_above(nodes, cast("str | None", given.get("parent")))
    except (NotFound, InvalidRequest) as error:
        raise unknown_outcome(f"the iteration above it is not known now: {error.message}") from error


def _find_above(nodes: list[PlacedNode], parent: str | None) -> PlacedNode:
    return nodes[0] if parent is None else find_node(nodes, parent, "iteration", "parent")


@boards.write(
    Scope.WORK_WRITE,
    destructive=False,
    sends=(*(f"POST {route}" for route in _ROUTES), f"POST {_TEAM_ITERATIONS}"),
    times=2,
    targets=("project", "parent", "team"),
    contents=("name", "start", "finish"),
    current=_read_before,
    recover=_find_created,
    makes="iteration",
    example={"name": "Sprint 44", "start": "2026-12-14", "finish": "2026-12-25"},
    more_examples=({"name": "Sprint 44", "start": "2026-12-14", "finish": "2026-12-25", "team": "Platform Team"},),
)
async def create_iteration(
    client: AzureDevOps,
    *,
    name: str,
    start: Annotated[date, Field(description="YYYY-MM-DD")],
    finish: Annotated[date, Field(description="YYYY-MM-DD, the last day")],
    parent: Annotated[str | None, Field(description="Path of the iteration above; default: the project")] = None,
    team: Annotated[str | None, Field(description="Default: none uses it")] = None,
    project: Project = None,
) -> CreatedIteration:
    """Create a sprint; with a team, the team uses it.

    Raises:
        AlreadyExists: There is an iteration of this name.
        NotFound: There is no such parent or team.
    Source: `POST /{project}/_apis/wit/classificationnodes/iterations/{path}`, then
    `POST /{project}/{team}/_apis/work/teamsettings/iterations`.
    """
    chosen = await client.required_project(project)
    above, _ = await _check(client, chosen, name, start, finish, parent, team)
    where = {**place_of_team(chosen, team), **dict(zip(_LEVELS, above.inner, strict=False))}
    body: JsonValue = {
        "name": name.strip(),
        "attributes": {"startDate": f"{start}T00:00:00Z", "finishDate": f"{finish}T00:00:00Z"},
    }
    made = decode(await client.post(_ROUTES[len(above.inner)], body, path=where), _Made)
    created = CreatedIteration(
        id=made.identifier,
        name=made.name,
        path=f"{above.path}\\{made.name}",
        start=start.isoformat(),
        finish=finish.isoformat(),
        team=team,
    )
    if team is None:
        return created.model_copy(update={"notes": ["No team uses it yet."]})
    try:
        await client.post(_TEAM_ITERATIONS, {"id": made.identifier}, path=where)
    except WriteOutcomeUnknown as error:
        return _without_team(created, f"Whether team {team} uses it is unknown: {error.message}")
    except AzureDevOpsError as error:
        return _without_team(created, f"Team {team} does not use it: {error.message}")
    return created


def _without_team(created: CreatedIteration, why: str) -> CreatedIteration:
    notes = [f"The iteration was created. {why}"]
    return created.model_copy(update={"team": None, "notes": notes, "partial": True})
