"""Pipelines and the result of their last build."""

from typing import Annotated

from pydantic import AliasPath, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Projects
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.calls.places import list_by_project
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import InProject, Instant, Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.pipelines.toolset import toolset


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
