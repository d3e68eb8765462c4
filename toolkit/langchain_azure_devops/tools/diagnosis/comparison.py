"""Compare a build with the last good one before it: the commits, and what changed in the pipeline itself."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import Failed
from langchain_azure_devops.safety.grants import current_call
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.builds.reading import BUILD, read_records
from langchain_azure_devops.tools.builds.timeline import Record
from langchain_azure_devops.tools.diagnosis.code import compare_code, is_here, read_pipeline_files
from langchain_azure_devops.tools.diagnosis.gaps import list_once, read_part
from langchain_azure_devops.tools.diagnosis.models import RENEWED, BuildComparison, Duration, Part, PipelineChange
from langchain_azure_devops.tools.diagnosis.parts import compare_agents, compare_orders, compare_tasks, read_agent
from langchain_azure_devops.tools.diagnosis.reference import RawBuild, Reference, find_last_good
from langchain_azure_devops.tools.diagnosis.resources import compare_runs, compare_used
from langchain_azure_devops.tools.diagnosis.settings import Settings, compare_settings, list_revisions, read_settings
from langchain_azure_devops.tools.diagnosis.toolset import toolset
from langchain_azure_devops.tools.diagnosis.yaml_files import YamlFiles
from langchain_azure_devops.tools.pipelines.revisions import read_revisions

_AGENT = "agent and image"
_LESSER = frozenset({_AGENT})
"""What the service renews by itself: not to know it leaves nothing open about what people changed."""
_CUT = frozenset({"canceled", "abandoned", "skipped"})
_LONGER, _SECONDS = 1.5, 60
"""A stage or step is told when it took so many times as long or as short, and so many seconds more or less."""


class Compared(NamedTuple):
    """Two builds with their timelines.

    Attributes:
        build: The build that failed, or another one.
        bases: The target of its pull request and the default branch of the pipeline, as far as they are known.
        records: Its timeline.
        reference: The last good build before it.
        good_records: The timeline of that one.
        settings: The settings of the pipeline as they are now; None where they could not be read.
        unread: What could not be read.
    """

    build: RawBuild
    bases: Sequence[str]
    records: Sequence[Record]
    reference: Reference
    good_records: Sequence[Record]
    settings: Settings | None
    unread: list[Failed]


@toolset.read(
    Scope.BUILD,
    optional=(Scope.CODE, Scope.VARIABLEGROUPS_READ, Scope.SERVICEENDPOINT),
    example={"build": 37},
    more_examples=({"build": 35}, {"build": 35, "good_build": 11}),
)
async def compare_builds(
    client: AzureDevOps,
    *,
    build: int,
    good_build: Annotated[int | None, Field(description="Default: the newest good one before it")] = None,
    project: Project = None,
) -> BuildComparison:
    """Compare a build with the last good one: commits, files, and what changed in the pipeline itself.

    Args:
        client: Where to ask.
        build: The build's id.
        good_build: The build to compare it with; by default the newest successful one of the same pipeline that was
            queued before it, on its branch or else on the target of its pull request or the default branch.
        project: Name or id.

    Raises:
        InvalidRequest: The two builds are of different pipelines, or the good one is not the older one.
        NotFound: There is no such build.
    Source: `GET .../builds/{id}`, `.../timeline`, `.../builds/{id}/logs/{log}` and `.../builds?resultFilter=succeeded`,
    `GET .../definitions/{id}?revision=` and `.../revisions`, `GET .../diffs/commits`, `.../commits` and `.../items`,
    `GET .../variablegroups`, `GET .../serviceendpoint/endpoints`; usually 15 to 30 requests, never over 100.
    """
    chosen = await client.required_project(project)
    compared = await read_compared(client, chosen, build, good_build)
    return await compare(client, chosen, compared)


async def read_compared(client: AzureDevOps, project: str, build: int, good_build: int | None = None) -> Compared:
    """Read a build and the one that it is compared with, with their timelines."""
    unread: list[Failed] = []
    found = decode(await client.get(BUILD, path={"project": project, "build": build}), RawBuild)
    settings: Settings | None = None
    if found.pipeline is not None:
        now = read_settings(client, project, found.pipeline)
        settings = await read_part("settings of the pipeline", now, None, unread)
    bases = [branch for branch in (found.target, settings and settings.default_branch) if branch]
    reference = await _choose_reference(client, project, found, bases, good_build)
    numbers = [build] if reference.build is None else [build, reference.build.id]
    records, *others = await asyncio.gather(
        *(
            read_part(name_steps(each), read_records(client, {"project": project, "build": each}), [], unread)
            for each in numbers
        )
    )
    return Compared(found, bases, records, reference, others[0] if others else [], settings, unread)


def name_steps(build: int) -> str:
    """Return the name of the part that holds the steps of a build, for when it cannot be read."""
    return f"steps of build {build}"


async def _choose_reference(
    client: AzureDevOps, project: str, build: RawBuild, bases: Sequence[str], good_build: int | None
) -> Reference:
    if good_build is None:
        return await find_last_good(client, project, build, bases)
    good = decode(await client.get(BUILD, path={"project": project, "build": good_build}), RawBuild)
    if good.pipeline != build.pipeline:
        raise InvalidRequest(
            f"Build {build.id} is of the pipeline {build.pipeline_name!r}, build {good.id} of {good.pipeline_name!r}. "
            "Give two builds of one pipeline, or leave good_build out.",
            subject="good_build",
        )
    if good.id >= build.id:
        raise InvalidRequest(
            f"Build {good.id} was not queued before build {build.id}. Give the newer build as build=.",
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
        unread = list(compared.unread)
        return BuildComparison(build=build.id, unread=unread, partial=bool(unread), notes=[note, *_note(unread)])
    parts = await _compare_parts(client, project, compared, good)
    changes = [
        *(change for part in parts for change in part.changes),
        *compare_tasks(compared.good_records, compared.records),
        *compare_orders(good, build),
    ]
    changes.sort(key=lambda change: change.what in RENEWED)
    parted = [failed for part in parts for failed in part.unread]
    # The settings of the pipeline may be tried at two revisions.
    unread = list_once([*compared.unread, *parted])
    fields = {name: value for part in parts for name, value in part.fields.items()}
    return BuildComparison(
        build=build.id,
        good_build=good.id,
        good_branch=None if reference.same_branch else good.branch,
        good_finished=good.finished,
        pipeline_changed=_judge(changes, [failed for failed in parted if failed.place not in _LESSER]),
        pipeline_changes=changes,
        durations=_compare_durations(compared.good_records, compared.records),
        unread=unread,
        partial=bool(unread),
        notes=[*_judge_good(good), *(note for part in parts for note in part.notes), *_note(unread)],
    ).model_copy(update=fields)


def _judge_good(good: RawBuild) -> list[str]:
    """Say so when somebody gave a build that was not good."""
    return [] if good.result == "succeeded" else [f"Build {good.id} itself: {good.result or good.status}."]


def _note(unread: Sequence[Failed]) -> list[str]:
    return [f"{failed.place} not compared: {failed.reason}" for failed in unread]


def _judge(changes: Sequence[PipelineChange], unread: Sequence[Failed]) -> Literal["yes", "no", "not determined"]:
    """Say whether somebody changed the pipeline itself. Images and tasks are renewed by the service."""
    if any(change.what not in RENEWED for change in changes):
        return "yes"
    call = current_call.get()
    return "not determined" if unread or (call and call.gaps) else "no"


async def _compare_parts(client: AzureDevOps, project: str, compared: Compared, good: RawBuild) -> list[Part]:
    build = compared.build
    unread: list[Failed] = []
    settings = compared.settings
    if build.pipeline is not None and build.revision not in {None, settings.revision if settings else None}:
        was = read_settings(client, project, build.pipeline, build.revision)
        settings = await read_part("settings of the pipeline", was, settings, unread)
    files = YamlFiles()
    if settings and settings.yaml and is_here(build):
        reading = read_pipeline_files(client, project, build, settings.yaml)
        files = await read_part(settings.yaml, reading, files, unread)
    linked = settings.group_names if settings else set()
    parts: dict[str, Coroutine[object, object, Part]] = {
        "commits and files": compare_code(client, project, build, good, files),
        "changes of the settings": _compare_settings(client, project, build, good, settings),
        _AGENT: _compare_agents(client, project, compared),
        "versions of resources": compare_runs(client, project, build, good, files.elsewhere),
        "what the pipeline uses": compare_used(client, project, build, good, linked, files),
    }
    found = await asyncio.gather(*(read_part(place, part, Part(), unread) for place, part in parts.items()))
    found = [*found, Part(unread=unread)]
    if is_here(build):
        return found
    kind = build.repository_type or "unknown"
    reason = f"the repository is not in this organization; its type is {kind}"
    return [*found, Part(unread=[Failed(place="commits and files", status="not_found", reason=reason)])]


async def _compare_settings(
    client: AzureDevOps, project: str, build: RawBuild, good: RawBuild, after: Settings | None
) -> Part:
    """Compare the settings of the pipeline, which every change gives a new revision."""
    if build.pipeline is None or build.revision is None or good.revision is None or build.revision == good.revision:
        return Part()
    unread: list[Failed] = []
    then = read_settings(client, project, build.pipeline, good.revision)
    rows = read_revisions(client, {"project": project, "pipeline": build.pipeline})
    before, revisions = await asyncio.gather(
        read_part("settings at the good build", then, None, unread),
        read_part("authors of the settings", rows, [], unread),
    )
    between = [row for row in revisions if good.revision < row.revision <= build.revision]
    changes = list_revisions(between, build.revision)
    known = compare_settings(before, after) if before and after else []
    return Part([*changes, *known], unread=unread)


async def _compare_agents(client: AzureDevOps, project: str, compared: Compared) -> Part:
    """Compare the agents of the job that failed, or of the first job."""
    good = compared.reference.build
    if good is None:
        return Part()
    job = next((record.name for record in compared.records if record.type == "Job" and record.result == "failed"), None)
    before, after = await asyncio.gather(
        read_agent(client, {"project": project, "build": good.id}, compared.good_records, job),
        read_agent(client, {"project": project, "build": compared.build.id}, compared.records, job),
    )
    return Part(compare_agents(before, after))


def _compare_durations(before: Sequence[Record], after: Sequence[Record]) -> list[Duration]:
    """Return the stages and steps that ran in both builds and took much longer or shorter in the second."""
    return [
        Duration(kind=kind, name=name, before=old[name], after=new[name])
        for kind in ("Stage", "Task")
        for old, new in [(_seconds_of(before, kind), _seconds_of(after, kind))]
        for name in new
        if name in old
        and abs(new[name] - old[name]) >= _SECONDS
        and max(new[name], old[name]) >= _LONGER * min(new[name], old[name])
    ]


def _seconds_of(records: Sequence[Record], kind: str) -> dict[str, int]:
    """Return how many seconds each stage or step took that ended; a pipeline without stages has one without a name."""
    return {
        (record.name or "").removeprefix("__default") or "all jobs": round((record.finished - start).total_seconds())
        for record in records
        if record.type == kind and record.result not in _CUT and record.finished and (start := record.started)
    }
