"""Compare a build with the last good one before it: the commits, and what changed in the pipeline itself."""

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from pydantic import BaseModel, Field

from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.calls.optional import read_optional
from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Failed
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.builds.reading import BUILD, read_records
from langchain_azure_devops.tools.builds.timeline import Record
from langchain_azure_devops.tools.diagnosis.models import BuildComparison, ChangedFile, Duration, PipelineChange
from langchain_azure_devops.tools.diagnosis.parts import compare_agents, compare_orders, compare_tasks, read_agent
from langchain_azure_devops.tools.diagnosis.reference import RawBuild, Reference, find_last_good
from langchain_azure_devops.tools.diagnosis.settings import compare_settings, list_revisions, read_definition
from langchain_azure_devops.tools.diagnosis.toolset import toolset
from langchain_azure_devops.tools.diagnosis.yaml_files import YamlFiles, read_yaml_files
from langchain_azure_devops.tools.diff_pages import read_changes
from langchain_azure_devops.tools.diffs import ChangedPath, diff_files
from langchain_azure_devops.tools.git import REPOSITORY, commit_criteria, commit_query
from langchain_azure_devops.tools.history.models import Commit

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


class _Common(BaseModel):
    commit: str | None = Field(default=None, validation_alias="commonCommit")


class _Part(NamedTuple):
    """What one part of a comparison found.

    Attributes:
        changes: Changes of the pipeline itself.
        fields: Further fields of the result.
        unread: Why the part could not be compared, or not wholly.
    """

    changes: Sequence[PipelineChange] = ()
    fields: Mapping[str, object] = MappingProxyType({})
    unread: Sequence[Failed] = ()


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
            default = (await read_definition(client, project, build.pipeline)).default_branch
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
    parts = await asyncio.gather(
        _compare_code(client, project, build, good),
        _compare_settings(client, project, build, good),
        _compare_agents(client, project, compared),
    )
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
        pipeline_changed="yes" if changes else "not determined" if unread else "no",
        pipeline_changes=changes,
        durations=_compare_durations(compared.good_records, compared.records),
        unread=unread,
        partial=bool(unread),
        notes=[f"{failed.place} not compared: {failed.reason}" for failed in unread],
    ).model_copy(update=fields)


async def _compare_code(client: AzureDevOps, project: str, build: RawBuild, good: RawBuild) -> _Part:
    """Compare the commits: which are new, which files differ, and among them the files of the pipeline."""
    if build.repository_type != "TfsGit" or not (build.commit and good.commit and build.repository):
        kind = build.repository_type or "unknown"
        reason = f"the repository is not in this organization, its type is {kind}"
        return _Part(unread=[Failed(place="commits and files of the pipeline", status="not_found", reason=reason)])
    if build.commit == good.commit:
        return _Part(fields={"commits": [], "files": []})
    nothing = _Part()
    part = _read_code(client, project, build, good)
    return await read_optional(Scope.CODE, "commits and files of the pipeline", part, nothing)


async def _read_code(client: AzureDevOps, project: str, build: RawBuild, good: RawBuild) -> _Part:
    where: PathValues = {"project": project, "repository": build.repository}
    between: dict[str, QueryValue] = {
        "baseVersion": good.commit,
        "baseVersionType": "commit",
        "targetVersion": build.commit,
        "targetVersionType": "commit",
        "diffCommonCommit": True,
    }
    newer: dict[str, QueryValue] = {
        **commit_criteria("itemVersion", commit_query(str(build.commit))),
        **commit_criteria("compareVersion", commit_query(str(good.commit))),
        "searchCriteria.$top": _COMMITS,
    }
    commits, changed, files = await asyncio.gather(
        client.get(f"{REPOSITORY}/commits", path=where, query=newer),
        read_changes(client, ChangedPath, f"{REPOSITORY}/diffs/commits", where, between),
        _read_pipeline_files(client, project, where, build),
    )
    common = decode(changed.answer, _Common).commit or good.commit
    own = [file for file in changed.files if {file.path, file.old_path} & set(files.paths)]
    diff = await diff_files(client, where, own, common, str(build.commit), most=_DIFF)
    fields = {
        "commits": decode(commits, Collection[Commit]).value,
        "files": [ChangedFile(path=file.path, change=", ".join(file.kinds)) for file in changed.files[:_FILES]],
        "diff": diff.text or None,
    }
    return _Part([_describe_file(file.path, files) for file in own], fields, _list_unread(files))


def _describe_file(path: str, files: YamlFiles) -> PipelineChange:
    return PipelineChange(what="pipeline file" if path == files.paths[0] else "template", name=path)


def _list_unread(files: YamlFiles) -> list[Failed]:
    """Name the files of a pipeline that were not read."""
    elsewhere = "it is in another repository"
    unread = {**files.unread, **dict.fromkeys(sorted(files.elsewhere), elsewhere)}
    return [Failed(place=name, status="not_found", reason=reason) for name, reason in unread.items()]


async def _read_pipeline_files(client: AzureDevOps, project: str, where: PathValues, build: RawBuild) -> YamlFiles:
    """Read the files of the pipeline at the commit of a build, with the settings that this build had."""
    if build.pipeline is None:
        return YamlFiles()
    definition = await read_definition(client, project, build.pipeline, build.revision)
    if definition.yaml is None:
        return YamlFiles()
    return await read_yaml_files(client, where, definition.yaml, str(build.commit))


async def _compare_settings(client: AzureDevOps, project: str, build: RawBuild, good: RawBuild) -> _Part:
    """Compare the settings of the pipeline, which every change gives a new revision."""
    if build.pipeline is None or build.revision is None or good.revision is None or build.revision == good.revision:
        return _Part()
    try:
        before, after, revisions = await asyncio.gather(
            read_definition(client, project, build.pipeline, good.revision),
            read_definition(client, project, build.pipeline, build.revision),
            list_revisions(client, project, build.pipeline, good.revision, build.revision),
        )
    except NotFound as error:
        return _Part(unread=[Failed(place="settings of the pipeline", status=error.status, reason=error.message)])
    return _Part(compare_settings(before, after, revisions))


async def _compare_agents(client: AzureDevOps, project: str, compared: Compared) -> _Part:
    """Compare the agents of the job that failed, or of the first job."""
    good = compared.reference.build
    if good is None:
        return _Part()
    job = next((record.name for record in compared.records if record.type == "Job" and record.result == "failed"), None)
    try:
        before, after = await asyncio.gather(
            read_agent(client, {"project": project, "build": good.id}, compared.good_records, job),
            read_agent(client, {"project": project, "build": compared.build.id}, compared.records, job),
        )
    except AzureDevOpsError as error:
        return _Part(unread=[Failed(place="agent and image", status=error.status, reason=error.message)])
    if before.image is None or after.image is None:
        reason = "the logs do not name it"
        return _Part(
            compare_agents(before, after), unread=[Failed(place="agent image", status="not_found", reason=reason)]
        )
    return _Part(compare_agents(before, after))


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
