"""The commits that a build brought, or by which two builds differ."""

from typing import Annotated

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import Instant, Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.builds.reading import BUILD
from langchain_azure_devops.tools.pipeline_runs.toolset import pipeline_runs

_MOST = 1_000
_NOTHING = "It built the same commit as the build before it on its branch, or another one without new commits."
_SAME = "The later build has no commit that the earlier one lacks."


class BuildChange(Result):
    """A commit that is new in a build."""

    singular, plural = "commit", "commits"
    identifying = ("commit",)
    author_fields = ("author",)
    web = "{project}/_git/{repository}/commit/{commit}"
    caption = "commit {commit}"

    commit: str = Field(validation_alias="id")
    date: Instant | None = Field(default=None, validation_alias="timestamp")
    author: Untrusted | None = Field(default=None, validation_alias=AliasPath("author", "displayName"))
    author_id: str | None = Field(default=None, validation_alias=AliasPath("author", "id"), exclude=True)
    message: Untrusted | None = None
    message_cut: bool = Field(default=False, validation_alias="messageTruncated")
    repository: Untrusted | None = Field(default=None, exclude=True)


class _Built(BaseModel):
    repository: str | None = Field(default=None, validation_alias=AliasPath("repository", "name"))
    type: str | None = Field(default=None, validation_alias=AliasPath("repository", "type"))
    pipeline: str = Field(validation_alias=AliasPath("definition", "name"))


@pipeline_runs.read(Scope.BUILD, example={"build": 31}, more_examples=({"build": 31, "since_build": 23},))
async def list_build_changes(
    client: AzureDevOps,
    *,
    build: int,
    since_build: Annotated[int | None, Field(description="Default: the one before it on its branch")] = None,
    project: Project = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[BuildChange]:
    """List the commits of a build that an earlier build lacks.

    Raises:
        InvalidRequest: `since_build` is not the older one.
    Source: `GET .../build/builds/{id}/changes`, or `GET .../build/changes?fromBuildId=&toBuildId=`.
    """
    where: PathValues = {"project": await client.required_project(project), "build": build}
    built = decode(await client.get(BUILD, path=where), _Built)
    if since_build is None:
        page = await list_rows(
            client, BuildChange, f"{BUILD}/changes", path=where, limit=limit, cursor=cursor, style="token"
        )
    else:
        earlier = decode(await client.get(BUILD, path={**where, "build": since_build}), _Built)
        if since_build >= build:
            raise InvalidRequest(
                f"Build {since_build} was not queued before build {build}. Give the newer build as build=.",
                subject="since_build",
            )
        page = await list_rows(
            client,
            BuildChange,
            "/{project}/_apis/build/changes",
            path=where,
            query={"fromBuildId": since_build, "toBuildId": build, "$top": _MOST},
            limit=limit,
            cursor=cursor,
            style="none",
        )
        if page.total == _MOST:
            page.partial = True
            page.notes.append(f"The service told the newest {_MOST:,} commits only.")
        if earlier.repository != built.repository:
            page.notes.append(f"Build {since_build} is of {earlier.pipeline!r}, which builds another repository.")
    if not page.items and cursor is None:
        page.notes.append(_NOTHING if since_build is None else _SAME)
    here = (built.type or "").lower() == "tfsgit" and built.repository
    return page.each(repository=here) if here else page
