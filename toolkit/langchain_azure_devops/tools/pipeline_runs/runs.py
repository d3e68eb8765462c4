"""Runs of pipelines, which are builds: what they were given, and which versions they used."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AliasPath, BaseModel, BeforeValidator, Field, JsonValue

from langchain_azure_devops.calls.declaration import Cursor, Ids, Limit, Project
from langchain_azure_devops.calls.fan_out import read_by_id
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import Branch, Instant, Page, PartialResult, Records, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.builds.reading import BUILD
from langchain_azure_devops.tools.git import branch_ref
from langchain_azure_devops.tools.pipeline_runs.toolset import pipeline_runs
from langchain_azure_devops.tools.pipelines.definition import place_of_pipeline

BUILDS = "/{project}/_apis/build/builds"
RUN = "/{project}/_apis/pipelines/{pipeline}/runs/{run}"
_HIDDEN = "(secret)"


def _pairs(value: object) -> object:
    """Return named values as texts such as `environment=prod`."""
    if not isinstance(value, dict):
        return [] if value is None else value
    return [f"{name}={_plain(each)}" for name, each in value.items()]


def _plain(value: JsonValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


Pairs = Annotated[list[Untrusted], BeforeValidator(_pairs)]


class Run(Result):
    """A run as a list shows it.

    Attributes:
        number: The name of the run, which people see.
        parameters: The values that it was given, each as `name=value`.
        revision: The revision of the pipeline with which it was queued.
    """

    singular, plural = "run", "runs"
    web = "{project}/_build/results?buildId={id}"
    web_list = "{project}/_build"
    caption = "run {id}"
    author_fields = ("requested_for",)

    id: int
    number: Untrusted | None = Field(default=None, validation_alias="buildNumber")
    pipeline: Untrusted = Field(validation_alias=AliasPath("definition", "name"))
    state: str = Field(validation_alias="status")
    result: str | None = None
    branch: Branch | None = Field(default=None, validation_alias="sourceBranch")
    commit: str | None = Field(default=None, validation_alias="sourceVersion")
    reason: str | None = None
    requested_for: Untrusted | None = Field(default=None, validation_alias=AliasPath("requestedFor", "displayName"))
    requested_for_id: str | None = Field(default=None, validation_alias=AliasPath("requestedFor", "id"), exclude=True)
    queued: Instant | None = Field(default=None, validation_alias="queueTime")
    finished: Instant | None = Field(default=None, validation_alias="finishTime")
    revision: int | None = Field(default=None, validation_alias=AliasPath("definition", "revision"))
    parameters: Pairs = Field(default=[], validation_alias="templateParameters")
    tags: list[Untrusted] = Field(default=[])


class RunDetails(Run, PartialResult):
    """A run with its variables, and the repositories, pipelines and containers that it used.

    Attributes:
        variables: Those that were given for it; the value of a secret is not known.
        repositories: Each with its branch and commit, by the name that the file gives it.
        pipelines: Runs of other pipelines whose results it used.
    """

    pipeline_id: int | None = Field(default=None, validation_alias=AliasPath("definition", "id"), exclude=True)
    started: Instant | None = Field(default=None, validation_alias="startTime")
    changed_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("lastChangedBy", "displayName"))
    changed_by_id: str | None = Field(default=None, validation_alias=AliasPath("lastChangedBy", "id"), exclude=True)
    pool: Untrusted | None = Field(default=None, validation_alias=AliasPath("queue", "name"))
    variables: list[Untrusted] = Field(default=[])
    repositories: list[Untrusted] = Field(default=[])
    pipelines: list[Untrusted] = Field(default=[])
    containers: list[Untrusted] = Field(default=[])


class _Given(BaseModel):
    value: str | None = None
    secret: bool | None = Field(default=None, validation_alias="isSecret")


class _UsedRepository(BaseModel):
    ref: str | None = Field(default=None, validation_alias="refName")
    version: str | None = None


class _UsedPipeline(BaseModel):
    name: str | None = Field(default=None, validation_alias=AliasPath("pipeline", "name"))
    version: str | None = None


class _UsedContainer(BaseModel):
    image: str | None = Field(default=None, validation_alias=AliasPath("container", "image"))


class _Used(BaseModel):
    repositories: dict[str, _UsedRepository] | None = None
    pipelines: dict[str, _UsedPipeline] | None = None
    containers: dict[str, _UsedContainer] | None = None


class _Whole(BaseModel):
    id: int
    variables: dict[str, _Given] | None = None
    resources: _Used | None = None


@pipeline_runs.read(Scope.BUILD, example={"pipeline": "platform-api-ci"})
async def list_runs(
    client: AzureDevOps,
    *,
    pipeline: Annotated[str, Field(description="Name or id")],
    branch: str | None = None,
    result: Literal["succeeded", "partiallySucceeded", "failed", "canceled"] | None = None,
    since: datetime | None = None,
    project: Project = None,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Page[Run]:
    """List runs of a pipeline with commit, parameters and tags, newest first.

    Source: `GET .../build/builds?definitions=`, which has pages and says more than `GET .../pipelines/{id}/runs`.
    """
    where = await place_of_pipeline(client, project, pipeline)
    query: dict[str, QueryValue] = {
        "definitions": where["pipeline"],
        "branchName": branch_ref(branch),
        "resultFilter": result,
        "minTime": None if since is None else (since if since.tzinfo else since.replace(tzinfo=UTC)).isoformat(),
        "queryOrder": "queueTimeDescending",
    }
    page = await list_rows(client, Run, BUILDS, path=where, query=query, limit=limit, cursor=cursor, style="token")
    if not page.items:
        # The list is empty for a pipeline that does not exist, too; this says so.
        await client.get("/{project}/_apis/build/definitions/{pipeline}", path=where)
    return page


@pipeline_runs.read(Scope.BUILD, example={"ids": [37]})
async def get_run(client: AzureDevOps, *, ids: Ids, project: Project = None) -> RunDetails | Records[RunDetails]:
    """Read runs: parameters, variables, versions of repositories, pipelines and containers.

    Source: `GET .../build/builds/{id}`, `GET .../pipelines/{pipeline}/runs/{run}`.
    """
    chosen = await client.required_project(project)
    return await read_by_id(RunDetails, ids, lambda each: read_run(client, {"project": chosen, "build": each}))


async def read_run(client: AzureDevOps, where: PathValues) -> RunDetails:
    """Read a run with what it was given and used."""
    run = decode(await client.get(BUILD, path=where), RunDetails)
    path: PathValues = {"project": where["project"], "pipeline": run.pipeline_id, "run": run.id}
    whole = decode(await client.get(RUN, path=path), _Whole)
    used = whole.resources or _Used()
    return run.model_copy(
        update={
            "variables": [
                f"{name}={_HIDDEN if each.secret else each.value or ''}"
                for name, each in sorted((whole.variables or {}).items())
            ],
            "repositories": [
                f"{name}: {(each.ref or '').removeprefix('refs/heads/')} at {each.version}"
                for name, each in sorted((used.repositories or {}).items())
            ],
            "pipelines": [f"{name}: {each.name} {each.version}" for name, each in (used.pipelines or {}).items()],
            "containers": [f"{name}: {each.image}" for name, each in (used.containers or {}).items()],
        }
    )
