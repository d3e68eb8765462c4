"""The team of a call, its areas, and the iteration that is meant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AliasPath, BaseModel, BeforeValidator, Field, TypeAdapter

from langchain_azure_devops.errors import AzureDevOpsError, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, Named, OrNone, decode
from langchain_azure_devops.results.models import Instant, Place, Result, Untrusted
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.tools.work_items.wiql import condition

Team = Annotated[str | None, Field(description="Default: the default team")]
"""The name or id of a team."""
TimeFrame = Literal["all", "past", "current", "future"]

_MOST_NAMES = 30
_DAY = timedelta(days=1)
_instant: TypeAdapter[datetime] = TypeAdapter(Instant)


def _day_of(value: object) -> object:
    """Return the day of a date; the service stores the days of iterations as midnights in UTC."""
    return None if value is None else _instant.validate_python(value).date().isoformat()


Day = Annotated[str | None, BeforeValidator(_day_of)]


class Iteration(Result):
    """An iteration of a team.

    Attributes:
        time_frame: Past, current or future, as the service says by its own date.
        finish: The last day, which belongs to the iteration.
    """

    singular, plural = "iteration", "iterations"
    web = "{project}/_sprints/taskboard/{team}/{path}"
    web_list = "{project}/_sprints/directory"
    caption = "iteration {name}"

    name: Untrusted
    path: Untrusted
    time_frame: str | None = Field(default=None, validation_alias=AliasPath("attributes", "timeFrame"))
    start: Day = Field(default=None, validation_alias=AliasPath("attributes", "startDate"))
    finish: Day = Field(default=None, validation_alias=AliasPath("attributes", "finishDate"))
    id: str

    @property
    def begins(self) -> datetime | None:
        """The first moment of the iteration."""
        return None if self.start is None else datetime.fromisoformat(self.start).replace(tzinfo=UTC)

    @property
    def ends(self) -> datetime | None:
        """The first moment after the iteration, whose last day counts as a whole."""
        return None if self.finish is None else datetime.fromisoformat(self.finish).replace(tzinfo=UTC) + _DAY

    @property
    def words(self) -> str:
        """What it is called, with its days."""
        days = f"{self.start} to {self.finish}, the last day included" if self.start and self.finish else "no dates"
        return f"{self.path} ({days}{f'; {self.time_frame}' if self.time_frame else ''})"


class _Area(BaseModel):
    path: str = Field(validation_alias="value")
    below: bool = Field(default=False, validation_alias="includeChildren")


class _Areas(BaseModel):
    values: OrNone[_Area] = Field(default=[])


class TeamAreas(BaseModel):
    """The areas of a team, each with whether those below it belong to the team, too."""

    areas: list[tuple[str, bool]]

    def includes(self, path: str) -> bool:
        """Return whether a path is in one of the areas."""
        wanted = path.casefold()
        return any(
            wanted == area.casefold() or (below and wanted.startswith(f"{area.casefold()}\\"))
            for area, below in self.areas
        )

    @property
    def wiql(self) -> str:
        """The condition of a query for work items in these areas."""
        rules = [f"[System.AreaPath] {condition('UNDER' if below else '=', path)}" for path, below in self.areas]
        return f"({' OR '.join(rules)})"


def work_route(team: str | None, rest: str) -> str:
    """Return the route of a part of what a team plans with; without a team, the service takes the default one."""
    return f"/{{project}}/{{team}}/_apis/work/{rest}" if team is not None else f"/{{project}}/_apis/work/{rest}"


def place_of_team(project: str, team: str | None) -> dict[str, str | int | None]:
    """Return the values of the placeholders in such a route."""
    return {"project": project} if team is None else {"project": project, "team": team}


def name_team(project: str, team: str | None) -> str:
    """Return what a note calls a team."""
    return f"the default team of {project}" if team is None else f"the team {team} of {project}"


def place_within(client: AzureDevOps, part: str, project: str) -> Place:
    """Return where a list looked that reads a part of a project. People chose its name, so that stands in a note."""
    known = client.secrets.replace_known(project)
    return Place(project=known, words=f"{part} of {known}")


def begin_sentence(words: str) -> str:
    """Return words with a capital letter at their beginning."""
    return words[:1].upper() + words[1:]


@asynccontextmanager
async def known_team(client: AzureDevOps, project: str, team: str | None) -> AsyncIterator[None]:
    """Name the teams of the project when the wanted one does not exist.

    Raises:
        NotFound: There is no such team, or what was asked of it does not exist.
    """
    try:
        yield
    except NotFound as error:
        if type(error) is not NotFound or team is None:
            raise
        where: PathValues = {"project": project}
        try:
            response = await client.get("/_apis/projects/{project}/teams", path=where, query={"$top": 1000})
            names = sorted(row.name for row in decode(response, Collection[Named]).value)
        except AzureDevOpsError:
            raise error from None
        if team.casefold() in {name.casefold() for name in names}:
            raise
        raise NotFound(
            f"There is no team {team!r} in project {project!r}.{did_you_mean(team, names)} "
            f"Teams there: {', '.join(names[:_MOST_NAMES]) or 'none'}.",
            subject=as_subject(team),
        ) from error


async def read_iterations(client: AzureDevOps, project: str, team: str | None) -> list[Iteration]:
    """Return the iterations that a team uses.

    Raises:
        NotFound: There is no such team.
    """
    async with known_team(client, project, team):
        route = work_route(team, "teamsettings/iterations")
        response = await client.get(route, path=place_of_team(project, team))
    return decode(response, Collection[Iteration]).value


async def find_iteration(client: AzureDevOps, project: str, team: str | None, wanted: str) -> Iteration:
    """Return an iteration of a team by name, path or id; `current` is the one of the service's date.

    Raises:
        NotFound: The team uses none of this name, or none is current.
    """
    rows = await read_iterations(client, project, team)
    word = wanted.strip().replace("/", "\\").strip("\\").casefold()
    if word == "current":
        found = [row for row in rows if row.time_frame == "current"]
    else:
        found = [row for row in rows if word in {row.id.casefold(), row.path.strip("\\").casefold()}]
        found = found or [row for row in rows if word == row.name.casefold()]
    if len(found) == 1:
        return found[0]
    names = [row.name for row in rows]
    if found:
        told = f"{wanted!r} names several iterations: {', '.join(row.path for row in found)}. Give the whole path."
    elif word == "current":
        told = f"No iteration of {name_team(project, team)} is current by the date of the service."
    else:
        told = f"{begin_sentence(name_team(project, team))} uses no iteration {wanted!r}.{did_you_mean(wanted, names)}"
    shown = ", ".join(row.words for row in rows[-_MOST_NAMES:]) or "none"
    raise NotFound(f"{told} Its iterations: {shown}.", subject=as_subject(wanted))


async def read_areas(client: AzureDevOps, project: str, team: str | None) -> TeamAreas:
    """Return the areas of a team.

    Raises:
        NotFound: There is no such team.
    """
    async with known_team(client, project, team):
        route = work_route(team, "teamsettings/teamfieldvalues")
        response = await client.get(route, path=place_of_team(project, team))
    return TeamAreas(areas=[(area.path, area.below) for area in decode(response, _Areas).values])
