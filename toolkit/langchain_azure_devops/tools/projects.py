"""Projects of the organization, their teams, and the people and groups in them."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from pydantic import AliasPath, BeforeValidator, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Projects, Toolset
from langchain_azure_devops.calls.declaration import Project as OneProject
from langchain_azure_devops.calls.paging import Batch, collect, list_rows
from langchain_azure_devops.calls.places import choose_project
from langchain_azure_devops.errors import InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, Named, decode
from langchain_azure_devops.results.models import Instant, Page, Position, Result, Untrusted
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.git import GUID

toolset = Toolset.named("projects", "See projects, teams and people.")

_TEAMS = "/_apis/projects/{project}/teams"
_DESCRIPTOR = re.compile(r"(Microsoft\.|System:)[\w.]*;.+")
_SUBJECT = re.compile(r"[a-z0-9]{2,6}\.[A-Za-z0-9_-]{16,}")
_SERVICE_DESCRIPTORS = ("Microsoft.TeamFoundation.ServiceIdentity", "Microsoft.VisualStudio.Services.Claims.Aad")
_NOBODY = (
    "The service compares the text with the beginning of names, accounts and mail addresses: try the first or the last "
    "name, the whole mail address, or list_team_members."
)
_ORGANIZATION_PAGE = "_settings/groups?subjectDescriptor={descriptor}"
"""The page of a person or group in the settings of the organization."""


def _none_if_empty(value: object) -> object:
    return value or None


def _text(value: object) -> object:
    return value or ""


OptionalText = Annotated[Untrusted | None, BeforeValidator(_none_if_empty)]


class Project(Result):
    """A team project."""

    singular, plural = "project", "projects"
    web = "{name}"
    caption = "project {name}"

    name: Untrusted
    id: str
    description: Untrusted | None = None
    visibility: str | None = None
    state: str


class ProjectDetail(Project):
    """A project with its process, its version control and its default team."""

    process: Untrusted | None = Field(
        default=None, validation_alias=AliasPath("capabilities", "processTemplate", "templateName")
    )
    version_control: str | None = Field(
        default=None, validation_alias=AliasPath("capabilities", "versioncontrol", "sourceControlType")
    )
    default_team: Untrusted | None = Field(default=None, validation_alias=AliasPath("defaultTeam", "name"))
    default_team_id: str | None = Field(default=None, validation_alias=AliasPath("defaultTeam", "id"))
    updated: Instant | None = Field(default=None, validation_alias="lastUpdateTime")


class Team(Result):
    """A team of a project."""

    singular, plural = "team", "teams"
    web = "{project}/_settings/teams?teamId={id}"
    web_list = "{project}/_settings/teams"
    caption = "team {name}"

    project: Untrusted | None = Field(default=None, validation_alias="projectName")
    name: Untrusted
    description: OptionalText = None
    id: str


class TeamMember(Result):
    """A person or group that belongs to a team."""

    singular, plural = "member", "members"
    web = _ORGANIZATION_PAGE
    web_list = "{project}/_settings/teams"
    author_fields = ("name",)

    name: Untrusted = Field(validation_alias=AliasPath("identity", "displayName"))
    account: Untrusted | None = Field(default=None, validation_alias=AliasPath("identity", "uniqueName"))
    administrator: bool = Field(default=False, validation_alias="isTeamAdmin")
    group: bool = Field(default=False, validation_alias=AliasPath("identity", "isContainer"))
    id: str = Field(validation_alias=AliasPath("identity", "id"))
    descriptor: Untrusted | None = Field(default=None, validation_alias=AliasPath("identity", "descriptor"))


class FoundIdentity(Result):
    """A person, group or service account that a search found."""

    singular, plural = "identity", "identities"
    web = _ORGANIZATION_PAGE
    web_list = "_settings/users"
    author_fields = ("name",)

    name: Annotated[Untrusted, BeforeValidator(_text)] = Field(default="", validation_alias="providerDisplayName")
    kind: str = Field(default="person", description="person, group or service")
    account: OptionalText = Field(default=None, validation_alias=AliasPath("properties", "Account", "$value"))
    mail: OptionalText = Field(
        default=None,
        validation_alias=AliasPath("properties", "Mail", "$value"),
        description="Where it differs from the account",
    )
    description: OptionalText = Field(default=None, validation_alias=AliasPath("properties", "Description", "$value"))
    inactive: bool = False
    id: str
    descriptor: Untrusted | None = Field(default=None, validation_alias="subjectDescriptor")
    own_name: str | None = Field(default=None, validation_alias="customDisplayName", exclude=True)
    old_descriptor: str = Field(default="", validation_alias="descriptor", exclude=True)
    # The service leaves out what is false, as for somebody who is no longer a member of the organization.
    active: bool = Field(default=False, validation_alias="isActive", exclude=True)
    container: bool = Field(default=False, validation_alias="isContainer", exclude=True)

    def complete(self) -> "FoundIdentity":
        """Return the identity with its kind, its state, and the name that it gave itself, if it has one."""
        kind = "group" if self.container else "person"
        if self.old_descriptor.startswith(_SERVICE_DESCRIPTORS):
            kind = "service"
        mail = None if self.mail == self.account else self.mail
        name = self.own_name or self.name
        return self.model_copy(update={"kind": kind, "name": name, "mail": mail, "inactive": not self.active})


@toolset.read(Scope.PROJECT, Scope.PROFILE, default=True, example={})
async def list_projects(client: AzureDevOps, *, limit: Limit = 100, cursor: Cursor = None) -> Page[Project]:
    """List the projects visible to this token.

    Source: `GET /_apis/projects`.
    """
    return await list_rows(client, Project, "/_apis/projects", limit=limit, cursor=cursor, style="token")


@toolset.read(Scope.PROJECT, Scope.PROFILE, example={"project": "Platform"})
async def get_project(client: AzureDevOps, *, project: OneProject = None) -> ProjectDetail:
    """Read a project with its process, version control and default team.

    Source: `GET /_apis/projects/{project}?includeCapabilities=true`.
    """
    where = {"project": await client.required_project(project)}
    query: dict[str, QueryValue] = {"includeCapabilities": True}
    return decode(await client.get("/_apis/projects/{project}", path=where, query=query), ProjectDetail)


@toolset.read(Scope.PROJECT, example={})
async def list_teams(
    client: AzureDevOps, *, project: Projects = None, mine: bool = False, limit: Limit = 100, cursor: Cursor = None
) -> Page[Team]:
    """List the teams of a project, or of all; with mine=true only those of the token's owner.

    Source: `GET /_apis/projects/{project}/teams`, or `GET /_apis/teams`.
    """
    chosen = choose_project(client, project)
    return await list_rows(
        client,
        Team,
        "/_apis/teams" if chosen is None else _TEAMS,
        path={} if chosen is None else {"project": chosen},
        query={"$mine": True} if mine else {},
        version="7.1-preview.3" if chosen is None else "7.1",
        limit=limit,
        cursor=cursor,
        style="skip",
    )


@toolset.read(Scope.PROJECT, Scope.PROFILE, example={"team": "Platform Team", "project": "Platform"})
async def list_team_members(
    client: AzureDevOps, *, team: str, project: OneProject = None, limit: Limit = 100, cursor: Cursor = None
) -> Page[TeamMember]:
    """List the members of a team, by its name or id, and who administers it.

    Source: `GET /_apis/projects/{project}/teams/{team}/members`.
    """
    where: PathValues = {"project": await client.required_project(project), "team": team}
    async with _known_team(client, where):
        return await list_rows(
            client, TeamMember, f"{_TEAMS}/{{team}}/members", path=where, limit=limit, cursor=cursor, style="skip"
        )


@asynccontextmanager
async def _known_team(client: AzureDevOps, where: PathValues) -> AsyncIterator[None]:
    """Name the teams of the project when the wanted one is not found."""
    try:
        yield
    except NotFound as error:
        if type(error) is not NotFound:
            # It is the project that does not exist.
            raise
        wanted = str(where["team"])
        response = await client.get(_TEAMS, path={"project": where["project"]}, query={"$top": 1000})
        names = sorted(row.name for row in decode(response, Collection[Named]).value)
        raise NotFound(
            f"There is no team {wanted!r} in project {where['project']!r}.{did_you_mean(wanted, names)} "
            f"Teams there: {', '.join(names[:30]) or 'none'}.",
            subject=as_subject(wanted),
        ) from error


@toolset.read(Scope.IDENTITY, example={"text": "p"})
async def search_identities(
    client: AzureDevOps,
    *,
    text: Annotated[str, Field(min_length=1, description="Start of a name, mail, account, id or descriptor")],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[FoundIdentity]:
    """Find people and groups; returns everybody who fits.

    Source: `GET vssps /_apis/identities`.
    """
    if not (wanted := text.strip()):
        raise InvalidRequest("text is blank: give a name, a mail address, an id or a descriptor.", subject="text")
    queries = identity_queries(wanted)

    async def fetch(_position: Position, _wanted: int) -> Batch[FoundIdentity]:
        for query in queries:
            response = await client.get("/_apis/identities", query=query, area="identity")
            # Where an id or a descriptor is unknown, the list has a null.
            rows = [row.complete() for row in decode(response, Collection[FoundIdentity | None]).value if row]
            if rows:
                return Batch(rows, None, len(rows))
        return Batch([], None, 0)

    page = await collect(FoundIdentity, fetch, limit, cursor)
    if page.total == 0:
        page.notes.append(_NOBODY)
    return page


def identity_queries(text: str) -> list[dict[str, QueryValue]]:
    """Return the searches for a text in the order in which they are tried until one of them finds somebody."""
    anywhere: dict[str, QueryValue] = {"searchFilter": "General", "filterValue": text}
    if GUID.fullmatch(text):
        return [{"identityIds": text}]
    if _DESCRIPTOR.fullmatch(text):
        return [{"descriptors": text}]
    if _SUBJECT.fullmatch(text):
        return [{"subjectDescriptors": text}, anywhere]
    # The mail address of a guest differs from the account, which is all that the general search compares.
    return [anywhere, {"searchFilter": "MailAddress", "filterValue": text}] if "@" in text else [anywhere]
