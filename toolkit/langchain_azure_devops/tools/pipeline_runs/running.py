"""Run a pipeline with parameters and variables that were checked before."""

from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.errors import Conflict, ScopeMissing
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.pipeline_runs.models import StartedRun
from langchain_azure_devops.tools.pipeline_runs.order import (
    Order,
    Parameters,
    PipelineName,
    Stages,
    Variables,
    Version,
    check_order,
    split_pairs,
)
from langchain_azure_devops.tools.pipeline_runs.recovery import find_run
from langchain_azure_devops.tools.pipeline_runs.runs import Pairs
from langchain_azure_devops.tools.pipeline_runs.toolset import pipeline_runs
from langchain_azure_devops.tools.versions import read_commit

_RUNS = "/{project}/_apis/pipelines/{definition}/runs"
_PAUSED = "The pipeline is paused: the run waits until somebody enables it."


class _Made(BaseModel):
    """The run that was started."""

    id: int
    name: str | None = None
    state: str = "inProgress"
    parameters: Pairs = Field(default=[], validation_alias="templateParameters")
    ref: str | None = Field(default=None, validation_alias=AliasPath("resources", "repositories", "self", "refName"))
    commit: str | None = Field(default=None, validation_alias=AliasPath("resources", "repositories", "self", "version"))


async def _check(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> Order:
    """Refuse what the service would refuse, and a pipeline that is disabled."""
    texts = cast("Mapping[str, str | None]", arguments)
    lists = cast("Mapping[str, Sequence[str] | None]", arguments)
    order = await check_order(
        client,
        texts.get("project"),
        str(texts["pipeline"]),
        texts.get("version"),
        lists.get("parameters") or (),
        lists.get("variables") or (),
        lists.get("skip_stages") or (),
    )
    if order.definition.status == "disabled":
        raise Conflict(
            f"Nothing was run: pipeline {order.definition.name!r} is disabled. update_pipeline with status='enabled' "
            "lets it run.",
            subject=str(order.definition.id),
        )
    return order


async def _read_before(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read what would run: the commit, the stages, where they deploy, and the defaults of what was not given."""
    order = await _check(client, arguments)
    version = cast("str | None", arguments.get("version"))
    commit = await _read_commit(client, order, version)
    defaults = _list_defaults(order, arguments)
    skipped = {str(name).lower() for name in cast("Sequence[str]", arguments.get("skip_stages") or ())}
    final = order.final
    shown: dict[str, JsonValue] = {
        "project": str(order.where["project"]),
        "pipeline": order.definition.name,
        "repository": order.definition.repository,
        "file": order.definition.yaml,
        **commit,
        "stages": [stage for stage in final.stages if stage.lower() not in skipped] if final else "not known",
        "environments": list(final.environments) if final else "not known",
        **({"defaults": defaults} if defaults else {}),
    }
    if order.definition.status == "paused":
        shown["status"] = _PAUSED
    if order.notes:
        shown["not_checked"] = list(order.notes)
    return shown


async def _read_commit(client: AzureDevOps, order: Order, version: str | None) -> dict[str, JsonValue]:
    """Return the commit that would run, where the token may read it."""
    definition = order.definition
    if not definition.is_here:
        return {"branch": version or definition.default_branch}
    where: PathValues = {"project": definition.project, "repository": definition.repository_id}
    try:
        commit = await read_commit(client, where, version or definition.default_branch)
    except ScopeMissing:
        return {"branch": version or definition.default_branch}
    return dict(commit.named())


def _list_defaults(order: Order, arguments: Mapping[str, JsonValue]) -> list[JsonValue]:
    """Return the parameters that were not given, with their defaults."""
    given = {name.lower() for name in split_pairs(cast("list[str]", arguments.get("parameters") or []), "parameters")}
    rows = order.file.parameters.items() if order.file else ()
    return [f"{each.name}={each.default}" for key, each in rows if key not in given and each.default is not None]


@pipeline_runs.write(
    Scope.BUILD_EXECUTE,
    destructive=False,
    sends=f"POST {_RUNS}",
    targets=("project", "pipeline", "version", "parameters", "variables", "skip_stages"),
    current=_read_before,
    recover=find_run,
    makes="run",
    example={"pipeline": "platform-api-ci", "version": "release/2.8"},
    more_examples=({"pipeline": "platform-api-ci", "skip_stages": ["Deploy"]},),
)
async def run_pipeline(
    client: AzureDevOps,
    *,
    pipeline: PipelineName,
    version: Version = None,
    parameters: Parameters = [],  # noqa: B006 - read only, and the schema's default
    variables: Variables = [],  # noqa: B006 - same
    skip_stages: Stages = [],  # noqa: B006 - same
    project: Project = None,
) -> StartedRun:
    """Run a pipeline.

    Raises:
        InvalidRequest: A parameter, variable or stage does not fit, or the service refuses the file, and says why.
        Conflict: The pipeline is disabled.
    Source: `POST .../pipelines/{id}/runs`, after `POST .../pipelines/{id}/preview`, which only reads.
    """
    order = await _check(
        client,
        {
            "project": project,
            "pipeline": pipeline,
            "version": version,
            "parameters": [*parameters],
            "variables": [*variables],
            "skip_stages": [*skip_stages],
        },
    )
    path: PathValues = {"project": order.where["project"], "definition": order.definition.id}
    made = decode(await client.post(_RUNS, order.body, path=path), _Made)
    return StartedRun(
        id=made.id,
        number=made.name,
        project=str(order.where["project"]),
        pipeline=order.definition.name,
        state=made.state,
        branch=made.ref,
        commit=made.commit,
        parameters=made.parameters,
        notes=[*order.notes, *([_PAUSED] if order.definition.status == "paused" else [])],
    )
