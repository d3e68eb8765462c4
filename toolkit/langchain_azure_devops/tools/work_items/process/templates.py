"""Templates of work items, which belong to teams."""

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.calls.declaration import Cursor, Project
from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.calls.paging import page_rows
from langchain_azure_devops.errors import AzureDevOpsError, Denied, InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, Named, decode
from langchain_azure_devops.results.models import Failed, Page, Place, Result, Untrusted
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.work_items.stored_texts import show_text
from langchain_azure_devops.tools.work_items.toolset import toolset

_TEAMS = "/_apis/projects/{project}/teams"
_ALL = "/{project}/{team}/_apis/wit/templates"
_ONE = f"{_ALL}/{{template}}"
_PAGE = 50
_MOST_TEAMS = 1_000
_SHOWN_TEAMS = 30


class TemplateField(Result):
    """A value that a template gives to a field."""

    cell = "{field}: {value}"

    field: str
    value: Untrusted


class WorkItemTemplate(Result):
    """A template of work items with the values that it gives."""

    singular, plural = "template", "templates"
    web_list = "{project}/_settings/work-team?team={team}"
    caption = "template {name}"

    id: str
    name: Untrusted
    type: Untrusted | None = None
    team: Untrusted
    fields: list[TemplateField] = Field(default=[])
    description: Untrusted | None = None


class RawTemplate(BaseModel):
    """A template as the service answers; in lists without its fields."""

    id: str
    name: str = ""
    description: str | None = None
    type: str | None = Field(default=None, validation_alias="workItemTypeName")
    fields: dict[str, JsonValue] | None = None


@toolset.read(
    Scope.WORK, example={"team": "Platform Team", "project": "Platform"}, more_examples=({"project": "Platform"},)
)
async def list_work_item_templates(
    client: AzureDevOps, *, team: str | None = None, project: Project = None, cursor: Cursor = None
) -> Page[WorkItemTemplate]:
    """List the work item templates of a team or all teams, with field values.

    Source: `GET /{project}/{team}/_apis/wit/templates` and each template; `GET /_apis/projects/{project}/teams`.
    """
    project = await client.required_project(project)
    teams = [team] if team is not None else await read_teams(client, project)

    async def read_team(name: str) -> list[WorkItemTemplate]:
        rows = await read_templates(client, project, name)
        return [_make_template(row, name) for row in sorted(rows, key=lambda row: row.name.casefold())]

    try:
        answers = await fan_out(teams, read_team)
    except NotFound as error:
        if team is None or type(error) is not NotFound:
            raise
        raise await name_teams(client, error, project, team) from error
    rows = [row for found in answers.done.values() for row in found]
    page = await page_rows(WorkItemTemplate, rows, _PAGE, cursor)
    page.failed.extend(answers.failures)
    page.items[:], unread = await _read_fields(client, project, page.items)
    page.failed.extend(unread)
    page.partial = page.partial or bool(page.failed)
    where = f"team {team} of {project}" if team else f"all teams of {project}"
    page.looked_in = Place(project=project, words=client.secrets.replace_known(where))
    return page


async def read_templates(client: AzureDevOps, project: str, team: str) -> list[RawTemplate]:
    """Return the templates of a team, without their fields."""
    answer = await client.get(_ALL, path={"project": project, "team": team})
    return decode(answer, Collection[RawTemplate]).value


async def read_template(client: AzureDevOps, project: str, team: str, number: str) -> RawTemplate:
    """Return a template with its fields."""
    where: dict[str, str | int | None] = {"project": project, "team": team, "template": number}
    return decode(await client.get(_ONE, path=where), RawTemplate)


async def _read_fields(
    client: AzureDevOps, project: str, rows: list[WorkItemTemplate]
) -> tuple[list[WorkItemTemplate], list[Failed]]:
    """Read the fields of templates, which lists leave out. A template that cannot be read stays without them."""
    teams = {row.id: row.team for row in rows}

    async def read(number: str) -> list[TemplateField]:
        fields = ((await read_template(client, project, teams[number], number)).fields or {}).items()
        return [TemplateField(field=name, value=show_text(name, str(value))) for name, value in fields if value]

    try:
        answers = await fan_out(teams, read)
        done, failed = answers.done, answers.failed
    except AzureDevOpsError as error:
        done, failed = {}, dict.fromkeys(teams, error)
    names = {row.id: row.name for row in rows}
    unread = [
        Failed(place=f"fields of template {names[number]}", status=error.status, reason=error.message)
        for number, error in failed.items()
    ]
    return [row.model_copy(update={"fields": done.get(row.id, [])}) for row in rows], unread


def _make_template(row: RawTemplate, team: str) -> WorkItemTemplate:
    return WorkItemTemplate(id=row.id, name=row.name, type=row.type, team=team, description=row.description or None)


async def read_teams(client: AzureDevOps, project: str) -> list[str]:
    """Return the names of the teams of a project.

    Raises:
        InvalidRequest: The token cannot list them.
    """
    try:
        answer = await client.get(_TEAMS, path={"project": project}, query={"$top": _MOST_TEAMS})
    except Denied as error:
        raise InvalidRequest(
            f"Name the team: this token cannot list the teams of {project} ({error.headline}).", subject="team"
        ) from error
    return [row.name for row in decode(answer, Collection[Named]).value]


async def name_teams(client: AzureDevOps, error: NotFound, project: str, team: str) -> NotFound:
    """Return the error with the teams of the project, where the token may list them."""
    try:
        names = await read_teams(client, project)
    except AzureDevOpsError:
        return error
    if team.casefold() in {name.casefold() for name in names}:
        return error
    return NotFound(
        f"There is no team {team!r} in project {project!r}.{did_you_mean(team, names)} "
        f"Teams there: {', '.join(names[:_SHOWN_TEAMS]) or 'none'}.",
        subject=as_subject(team),
    )
