"""The revisions of a pipeline: who changed its definition, when and why."""

from pydantic import AliasPath, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project
from langchain_azure_devops.calls.paging import page_rows
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Instant, Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.pipelines.definition import DEFINITION, place_of_pipeline
from langchain_azure_devops.tools.pipelines.toolset import toolset

_FILE = "A change of the YAML file makes no revision: list_commits with its path shows those."


class PipelineRevision(Result):
    """One change of the definition of a pipeline."""

    singular, plural = "revision", "revisions"
    author_fields = ("changed_by",)
    identifying = ("revision",)
    caption = "revision {revision}"
    web_list = "{project}/_build"

    revision: int
    changed: Instant = Field(validation_alias="changedDate")
    changed_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("changedBy", "displayName"))
    changed_by_id: str | None = Field(default=None, validation_alias=AliasPath("changedBy", "id"), exclude=True)
    change: str | None = Field(default=None, validation_alias="changeType")
    comment: Untrusted | None = None
    name: Untrusted | None = None


async def read_revisions(client: AzureDevOps, where: PathValues) -> list[PipelineRevision]:
    """Return every revision of a pipeline, the newest first."""
    response = await client.get(f"{DEFINITION}/revisions", path=where)
    rows = decode(response, Collection[PipelineRevision]).value
    return sorted(rows, key=lambda row: row.revision, reverse=True)


@toolset.read(Scope.BUILD, example={"pipeline": "platform-api-ci"})
async def list_pipeline_revisions(
    client: AzureDevOps,
    *,
    pipeline: str,
    project: Project = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PipelineRevision]:
    """List who changed the definition of a pipeline, when and why, newest first.

    Source: `GET .../build/definitions/{id}/revisions`.
    """
    where = await place_of_pipeline(client, project, pipeline)
    page = await page_rows(PipelineRevision, await read_revisions(client, where), limit, cursor)
    page.notes.append(_FILE)
    return page
