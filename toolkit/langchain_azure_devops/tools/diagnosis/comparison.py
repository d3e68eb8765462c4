"""Compare a build with the last good one before it: the commits, and what changed in the pipeline itself."""

import asyncio
from collections.abc import Sequence
from typing import Literal, NamedTuple

from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import Failed
from langchain_azure_devops.safety.grants import current_call
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.builds.reading import BUILD, read_records
from langchain_azure_devops.tools.builds.timeline import Record
from langchain_azure_devops.tools.diagnosis.code import compare_code, is_here, read_pipeline_files
from langchain_azure_devops.tools.diagnosis.models import RENEWED, BuildComparison, Duration, Part, PipelineChange
from langchain_azure_devops.tools.diagnosis.parts import compare_agents, compare_orders, compare_tasks, read_agent
from langchain_azure_devops.tools.diagnosis.reference import RawBuild, Reference, find_last_good
from langchain_azure_devops.tools.diagnosis.resources import compare_runs, compare_used
from langchain_azure_devops.tools.diagnosis.settings import Settings, compare_settings, read_settings
from langchain_azure_devops.tools.diagnosis.toolset import toolset
from langchain_azure_devops.tools.pipelines.revisions import read_revisions

_COMMITS, _FILES = 20, 30
_DIFF = 3_000
_LONGER, _SECONDS = 1.5, 60
"""A stage is told when it took so many times as long or as short, and so many seconds more or less."""


class Compared(NamedTuple):
    """Two builds with their timelines.

    Attributes:
        build: The build that failed, or another one.
        records: Its timeline.
        reference: The last good build before it.
        good_records: The timeline of that one.
    """

    build: RawBuild
    records: Sequence[Record]
    reference: Reference
    good_records: Sequence[Record]


@toolset.read(
    Scope.BUILD,
    optional=(Scope.CODE, Scope.VARIABLEGROUPS_READ, Scope.SERVICEENDPOINT),
    example={"build": 37},
    more_examples=({"build": 35}, {"build": 35, "good_build": 11}),
)
async def compare_builds(
    client: AzureDevOps, *, build: int, good_build: int | None = None, project: Project = None
) -> BuildComparison:
    """Compare a build with the last good one: commits, files, and what changed in the pipeline itself.

    Args:
        client: Where to ask.
        build: The build's id.
        good_build: The build to compare it with; by default the newest successful one of the same pipeline that was
            queued before it, on its branch or else on the default branch.
        project: Name or id.

    Raises:
        InvalidRequest: The two builds are of different pipelines.
        NotFound: There is no such build.
    Source: `GET .../builds/{id}`, `.../timeline`, `.../builds/{id}/logs/{log}` and `.../builds?resultFilter=succeeded`,
    `GET .../definitions/{id}?revision=` and `.../revisions`, `GET .../diffs/commits`, `.../commits` and `.../items`,
    `GET .../variablegroups`, `GET .../serviceendpoint/endpoints`.
    """
    chosen = await client.required_project(project)
    compared = await read_compared(client, chosen, build, good_build)
    return await compare(client, chosen, compared)


async def read_compared(client: AzureDevOps, project: str, build: int, good_build: int | None = None) -> Compared:
    """Read a build and the one that it is compared with, with their timelines."""
    where: PathValues = {"project": project, "build": build}
    answer, records = await asyncio.gather(client.get(BUILD, path=where), read_records(client, where))
    found = decode(answer, RawBuild)
    reference = await _choose_reference(client, project, found, good_build)
    good = reference.build
    good_records = [] if good is None else await read_records(client, {"project": project, "build": good.id})
    return Compared(found, records, reference, good_records)


async def _choose_reference(client: AzureDevOps, project: str, build: RawBuild, good_build: int | None) -> Reference:
    if good_build is None:
        default = None
        if build.pipeline is not None:
            default = (await read_settings(client, project, build.pipeline)).default_branch
        return await find_last_good(client, project, build, default)
    good = decode(await client.get(BUILD, path={"project": project, "build": good_build}), RawBuild)
    if good.pipeline != build.pipeline:
        raise InvalidRequest(
            f"Build {build.id} is of the pipeline {build.pipeline_name!r}, build {good.id} of {good.pipeline_name!r}. "
            "Give two builds of one pipeline, or leave good_build out.",
            subject="good_build",
        )
    return Reference(good, good.branch, same_branch=good.branch == build.branch)


async def compare(client: AzureDevOps, project: str, compared: Compared) -> BuildComparison:
    """Compare two builds; a part that cannot be read is named, and the others are compared."""
    build, reference = compared.build, compared.reference
    good = reference.build
    if good is None:
        on = reference.branch.removeprefix("refs/heads/")
        note = f"The pipeline has no good build before this one on {on}, so there is nothing to compare it with."
        return BuildComparison(build=build.id, notes=[note])
    parts = await _compare_parts(client, project, compared, good)
    changes = [
        *(change for part in parts for change in part.changes),
        *compare_tasks(compared.good_records, compared.records),
        *compare_orders(good, build),
    ]
    unread = [failed for part in parts for failed in part.unread]
    fields = {name: value for part in parts for name, value in part.fields.items()}
    return BuildComparison(
        build=build.id,
        good_build=good.id,
        good_branch=None if reference.same_branch else good.branch,
        good_finished=good.finished,
        pipeline_changed=_judge(changes, unread),
        pipeline_changes=changes,
        durations=_compare_durations(compared.good_records, compared.records) if build.result != "canceled" else [],
        unread=unread,
        partial=bool(unread),
        notes=[f"{failed.place} not compared: {failed.reason}" for failed in unread],
    ).model_copy(update=fields)


def _judge(changes: Sequence[PipelineChange], unread: Sequence[Failed]) -> Literal["yes", "no", "not determined"]:
    """Say whether somebody changed the pipeline itself. Images and tasks are renewed by the service."""
    if any(change.what not in RENEWED for change in changes):
        return "yes"
    call = current_call.get()
    return "not determined" if unread or (call and call.gaps) else "no"


async def _compare_parts(client: AzureDevOps, project: str, compared: Compared, good: RawBuild) -> list[Part]:
    build = compared.build
    settings = Settings()
    if build.pipeline is not None:
        settings = await read_settings(client, project, build.pipeline, build.revision)
    files = await read_pipeline_files(client, project, build, settings.yaml)
    groups = files.groups | settings.group_names
    found = await asyncio.gather(
        compare_code(client, project, build, good, files),
        _compare_settings(client, project, build, good, settings),
        _compare_agents(client, project, compared),
        compare_runs(client, project, build, good),
        compare_used(client, project, build, good, groups, files.values),
    )
    if is_here(build):
        return list(found)
    kind = build.repository_type or "unknown"
    reason = f"the repository is not in this organization; its type is {kind}"
    return [*found, Part(unread=[Failed(place="commits and files", status="not_found", reason=reason)])]


async def _compare_settings(
    client: AzureDevOps, project: str, build: RawBuild, good: RawBuild, after: Settings
) -> Part:
    """Compare the settings of the pipeline, which every change gives a new revision."""
    if build.pipeline is None or build.revision is None or good.revision is None or build.revision == good.revision:
        return Part()
    try:
        before, revisions = await asyncio.gather(
            read_settings(client, project, build.pipeline, good.revision),
            read_revisions(client, {"project": project, "pipeline": build.pipeline}),
        )
    except NotFound as error:
        return Part(unread=[Failed(place="settings of the pipeline", status=error.status, reason=error.message)])
    between = [row for row in revisions if good.revision < row.revision <= build.revision]
    return Part(compare_settings(before, after, between))


async def _compare_agents(client: AzureDevOps, project: str, compared: Compared) -> Part:
    """Compare the agents of the job that failed, or of the first job."""
    good = compared.reference.build
    if good is None:
        return Part()
    job = next((record.name for record in compared.records if record.type == "Job" and record.result == "failed"), None)
    try:
        before, after = await asyncio.gather(
            read_agent(client, {"project": project, "build": good.id}, compared.good_records, job),
            read_agent(client, {"project": project, "build": compared.build.id}, compared.records, job),
        )
    except AzureDevOpsError as error:
        return Part(unread=[Failed(place="agent and image", status=error.status, reason=error.message)])
    return Part(compare_agents(before, after))


def _compare_durations(before: Sequence[Record], after: Sequence[Record]) -> list[Duration]:
    """Return the stages that ran in both builds and took much longer or shorter in the second."""
    old, new = _seconds_of(before), _seconds_of(after)
    return [
        Duration(stage=name, before=old[name], after=new[name])
        for name in new
        if name in old
        and abs(new[name] - old[name]) >= _SECONDS
        and max(new[name], old[name]) >= _LONGER * min(new[name], old[name])
    ]


def _seconds_of(records: Sequence[Record]) -> dict[str, int]:
    """Return how many seconds each stage took that ended; a pipeline without stages has one without a name."""
    return {
        (record.name or "").removeprefix("__default") or "all jobs": round((record.finished - start).total_seconds())
        for record in records
        if record.type == "Stage" and record.finished and (start := record.started)
    }
