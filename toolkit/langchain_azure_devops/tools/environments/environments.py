"""Environments, and what was deployed to them."""

import difflib
from typing import Annotated

from pydantic import AliasPath, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project
from langchain_azure_devops.calls.paging import TOKEN_HEADER, Batch, collect, list_rows
from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Instant, Page, Position, Result, Untrusted
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.environments.toolset import toolset
from langchain_azure_devops.tools.pipelines.finding import refuse_blank

_ENVIRONMENTS = "/{project}/_apis/pipelines/environments"
_VERSION = "7.2-preview.1"
_MOST = 100


class Environment(Result):
    """An environment that pipelines deploy to."""

    singular, plural = "environment", "environments"
    web = "{project}/_environments/{id}"
    web_list = "{project}/_environments"
    caption = "environment {id}"
    author_fields = ("created_by", "modified_by")

    id: int
    name: Untrusted
    description: Untrusted | None = None
    created_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("createdBy", "displayName"))
    created_by_id: str | None = Field(default=None, validation_alias=AliasPath("createdBy", "id"), exclude=True)
    modified_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("lastModifiedBy", "displayName"))
    modified_by_id: str | None = Field(default=None, validation_alias=AliasPath("lastModifiedBy", "id"), exclude=True)
    modified: Instant | None = Field(default=None, validation_alias="lastModifiedOn")


class Deployment(Result):
    """A job of a build that deployed to an environment; the newest that succeeded is what is there."""

    singular, plural = "deployment", "deployments"
    written_by = "builds"
    web = "{project}/_build/results?buildId={build}"
    web_list = "{project}/_environments"

    id: int
    build: int | None = Field(default=None, validation_alias=AliasPath("owner", "id"))
    number: Untrusted | None = Field(default=None, validation_alias=AliasPath("owner", "name"))
    pipeline: Untrusted | None = Field(default=None, validation_alias=AliasPath("definition", "name"))
    stage: Untrusted | None = Field(default=None, validation_alias="stageName")
    job: Untrusted | None = Field(default=None, validation_alias="jobName")
    result: str | None = None
    started: Instant | None = Field(default=None, validation_alias="startTime")
    finished: Instant | None = Field(default=None, validation_alias="finishTime")


@toolset.read(Scope.BUILD, Scope.ENVIRONMENT_MANAGE, example={})
async def list_environments(
    client: AzureDevOps, *, limit: Limit = 100, cursor: Cursor = None, project: Project = None
) -> Page[Environment]:
    """List the environments that pipelines deploy to.

    Source: `GET /{project}/_apis/pipelines/environments`.
    """
    return await read_environments(client, await client.required_project(project), limit, cursor)


async def read_environments(
    client: AzureDevOps, project: str, limit: int = 1000, cursor: str | None = None
) -> Page[Environment]:
    """Read the environments of a project, for other tools."""
    return await list_rows(
        client,
        Environment,
        _ENVIRONMENTS,
        path={"project": project},
        limit=limit,
        cursor=cursor,
        style="token",
        maximum=_MOST,
        version=_VERSION,
    )


@toolset.read(Scope.BUILD, Scope.ENVIRONMENT_MANAGE, example={"environment": "production"})
async def list_deployments(
    client: AzureDevOps,
    *,
    environment: Annotated[str, Field(description="Name or id")],
    limit: Limit = 20,
    cursor: Cursor = None,
    project: Project = None,
) -> Page[Deployment]:
    """List deployments to an environment, newest first: build, stage, result and time.

    Source: `GET .../pipelines/environments/{id}/environmentdeploymentrecords`.
    """
    chosen = await client.required_project(project)
    where: PathValues = {"project": chosen, "environment": await find_environment(client, chosen, environment)}

    async def fetch(position: Position, wanted: int) -> Batch[Deployment]:
        query: dict[str, QueryValue] = {"top": min(wanted, _MOST), "continuationToken": position.token or None}
        template = f"{_ENVIRONMENTS}/{{environment}}/environmentdeploymentrecords"
        response = await client.get(template, path=where, query=query, version=_VERSION)
        token = response.headers.get(TOKEN_HEADER)
        after = Position(token=client.secrets.redact(token)) if token else None
        return Batch(decode(response, Collection[Deployment]).value, after)

    return await collect(Deployment, fetch, limit, cursor)


async def find_environment(client: AzureDevOps, project: str, environment: str, argument: str = "environment") -> int:
    """Return the id of an environment that is given by name or id.

    Raises:
        NotFound: The project has none of this name; the message names those that it has.
        InvalidRequest: No name was given.
    """
    refuse_blank(environment, argument, "list_environments")
    if environment.isascii() and environment.isdigit() and len(environment) <= 10:
        return int(environment)
    query: dict[str, QueryValue] = {"name": environment, "$top": _MOST}
    response = await client.get(_ENVIRONMENTS, path={"project": project}, query=query, version=_VERSION)
    rows = decode(response, Collection[Environment]).value
    for row in rows:
        if row.name.lower() == environment.lower():
            return row.id
    everything = await client.get(_ENVIRONMENTS, path={"project": project}, query={"$top": _MOST}, version=_VERSION)
    names = [row.name for row in decode(everything, Collection[Environment]).value]
    near = difflib.get_close_matches(environment, names, n=1)
    raise NotFound(
        f"There is no environment {environment!r} in the project {project!r}."
        f"{f' Did you mean {near[0]!r}?' if near else ''} "
        f"Environments there, of which {argument} names one: {', '.join(names[:30]) or 'none'}.",
        subject=as_subject(environment),
    )
