"""Pipelines and the result of their last build."""

import difflib
from typing import Annotated

from pydantic import AliasPath, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Projects, Toolset
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.calls.places import list_by_project
from langchain_azure_devops.errors import InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, Named, Numbered, decode
from langchain_azure_devops.results.models import InProject, Instant, Page, Result, Untrusted
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope

toolset = Toolset.named("pipelines", "See which pipelines there are and how they last went.")

_MAX_DIGITS = 10


class Pipeline(Result):
    """A pipeline with its latest finished build."""

    singular, plural = "pipeline", "pipelines"
    web = "{project}/_build?definitionId={id}"
    caption = "pipeline {id}"
    web_list = "{project}/_build"

    id: int
    project: InProject = None
    name: Untrusted
    folder: Untrusted | None = Field(default=None, validation_alias="path")
    yaml: Untrusted | None = Field(default=None, validation_alias=AliasPath("process", "yamlFilename"))
    repository: Untrusted | None = Field(default=None, validation_alias=AliasPath("repository", "name"))
    status: str | None = Field(default=None, validation_alias="queueStatus")
    last_build: int | None = Field(default=None, validation_alias=AliasPath("latestCompletedBuild", "id"))
    last_result: str | None = Field(default=None, validation_alias=AliasPath("latestCompletedBuild", "result"))
    last_finished: Instant | None = Field(
        default=None, validation_alias=AliasPath("latestCompletedBuild", "finishTime")
    )
    running: int | None = Field(default=None, validation_alias=AliasPath("latestBuild", "id"))


@toolset.read(Scope.BUILD, default=True, example={})
async def list_pipelines(
    client: AzureDevOps,
    *,
    project: Projects = None,
    name: Annotated[str | None, Field(description="* matches anything")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Pipeline]:
    """List pipelines with the result of their last finished build.

    Source: `GET /{project}/_apis/build/definitions?includeLatestBuilds=true&includeAllProperties=true`, of each
    project for all.
    """

    async def fetch(each: str, most: int, going_on: str | None) -> Page[Pipeline]:
        return await _list_project_pipelines(client, each, name, most, going_on)

    return await list_by_project(client, Pipeline, project, fetch, limit, cursor)


async def _list_project_pipelines(
    client: AzureDevOps, project: str, name: str | None, limit: int, cursor: str | None
) -> Page[Pipeline]:
    page = await list_rows(
        client,
        Pipeline,
        "/{project}/_apis/build/definitions",
        path={"project": project},
        query={
            "name": name,
            "includeLatestBuilds": True,
            "includeAllProperties": True,
            "queryOrder": "definitionNameAscending",
        },
        limit=limit,
        cursor=cursor,
        style="token",
        # A whole definition made in the editor has every step of it: many at once are megabytes.
        maximum=100,
    )
    for index, row in enumerate(page.items):
        if row.running == row.last_build:
            page.items[index] = row.model_copy(update={"running": None})
    return page


def is_id(pipeline: str) -> bool:
    """Return whether a pipeline is given by its id; a longer number can only be a name."""
    return pipeline.isascii() and pipeline.isdigit() and len(pipeline) <= _MAX_DIGITS


async def find_pipeline_id(client: AzureDevOps, project: str, pipeline: str) -> int:
    """Return the id of a pipeline that is given by name or id.

    Raises:
        NotFound: The project has no pipeline of this name; the message names those that it has.
        InvalidRequest: Several pipelines have this name.
    """
    if is_id(pipeline):
        return int(pipeline)
    where = {"project": project}
    response = await client.get("/{project}/_apis/build/definitions", path=where, query={"name": pipeline, "$top": 2})
    rows = decode(response, Collection[Numbered]).value
    if len(rows) == 1:
        return rows[0].id
    if rows:
        raise InvalidRequest(f"Several pipelines are called {pipeline!r}: give the id from list_pipelines.")
    everything = await client.get("/{project}/_apis/build/definitions", path=where, query={"$top": 1000})
    names = [row.name for row in decode(everything, Collection[Named]).value]
    near = difflib.get_close_matches(pipeline, names, n=1)
    raise NotFound(
        f"There is no pipeline {pipeline!r} in {project!r}.{f' Did you mean {near[0]!r}?' if near else ''} "
        f"Pipelines there: {', '.join(names[:30]) or 'none'}.",
        subject=as_subject(pipeline),
    )
