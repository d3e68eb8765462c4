"""Builds: list them, and read their details and failures."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from langchain_azure_devops.calls.declaration import Cursor, Ids, Limit, Project, Projects
from langchain_azure_devops.calls.fan_out import read_by_id
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.calls.places import Reach, list_by_project
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import Page, Records
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.builds.models import Build, BuildDetail
from langchain_azure_devops.tools.builds.reading import BUILD, join_views, read_changes, read_records, read_steps
from langchain_azure_devops.tools.builds.timeline import list_failures, list_stages, list_steps
from langchain_azure_devops.tools.builds.toolset import toolset
from langchain_azure_devops.tools.pipelines import find_pipeline_id, is_id

_VIEWS = (3_000, 1_500)
"""The characters that are shown of the logs of the first failed steps. Later steps often fail because of the first."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@toolset.read(Scope.BUILD, default=True, example={})
async def list_builds(
    client: AzureDevOps,
    *,
    project: Projects = None,
    pipeline: Annotated[str | None, Reach.ONE_PROJECT, Field(description="Name or id")] = None,
    branch: str | None = None,
    status: Literal["inProgress", "completed", "notStarted", "cancelling", "all"] | None = None,
    result: Literal["succeeded", "partiallySucceeded", "failed", "canceled"] | None = None,
    requested_for: str | None = None,
    since: datetime | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Build]:
    """List builds, newest first.

    Source: `GET /{project}/_apis/build/builds`, of each project for all.
    """
    if pipeline is not None:
        project = await client.required_project(project)
    query = {
        "definitions": None if pipeline is None else await find_pipeline_id(client, str(project), pipeline),
        "branchName": None if branch is None else branch if branch.startswith("refs/") else f"refs/heads/{branch}",
        "statusFilter": status,
        "resultFilter": result,
        "requestedFor": requested_for,
        "minTime": None if since is None else (since if since.tzinfo else since.replace(tzinfo=UTC)).isoformat(),
        "queryOrder": "queueTimeDescending",
    }

    async def fetch(each: str, most: int, going_on: str | None) -> Page[Build]:
        where = {"project": each}
        builds = "/{project}/_apis/build/builds"
        return await list_rows(
            client, Build, builds, path=where, query=query, limit=most, cursor=going_on, style="token"
        )

    page = await list_by_project(client, Build, project, fetch, limit, cursor, _sort_key)
    if not page.items and pipeline is not None and is_id(pipeline):
        # The list is empty for a pipeline that does not exist, too; this says so.
        where = {"project": project, "definition": pipeline}
        await client.get("/{project}/_apis/build/definitions/{definition}", path=where)
    return page


def _sort_key(build: Build) -> tuple[datetime, int]:
    return build.queued or _LONG_AGO, build.id


@toolset.read(
    Scope.BUILD, default=True, example={"ids": [37]}, more_examples=({"ids": [32]}, {"ids": [27]}, {"ids": [37, 23]})
)
async def get_build(client: AzureDevOps, *, ids: Ids, project: Project = None) -> BuildDetail | Records[BuildDetail]:
    """Read builds: stages, what failed and why, log ids, and commits.

    Returns:
        The builds. A single failed build has the lines of its logs that tell why; one in which nothing failed has the
        ids of the logs of its steps.

    Source: `GET .../builds/{id}`, `.../timeline`, `.../changes`.
    """
    chosen = await client.required_project(project)
    return await read_by_id(
        BuildDetail,
        ids,
        lambda each: _read_build(client, {"project": chosen, "build": each}, logs=len(ids) == 1),
    )


async def _read_build(client: AzureDevOps, where: PathValues, *, logs: bool) -> BuildDetail:
    build, records, brought = await asyncio.gather(
        client.get(BUILD, path=where), read_records(client, where), read_changes(client, where)
    )
    failed = list_failures(records)
    steps = await read_steps(client, where, failed, _VIEWS) if logs else []
    unread = [each.unread for each in steps if each.unread]
    whole = decode(build, BuildDetail).model_copy(
        update={
            "stages": list_stages(records),
            "failed": failed,
            "steps": [] if failed else list_steps(records),
            "log_lines": join_views(steps),
            **brought,
        }
    )
    if not unread:
        return whole
    notes = [*([whole.note] if whole.note else []), *(f"{each.place} not read: {each.reason}" for each in unread)]
    return whole.model_copy(update={"unread": [*whole.unread, *unread], "partial": True, "note": "; ".join(notes)})
