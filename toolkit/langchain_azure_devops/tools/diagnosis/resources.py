"""Compare what a pipeline uses besides its own files: variable groups, service connections, other repositories."""

import asyncio
from collections.abc import Collection, Sequence

from langchain_azure_devops.calls.optional import read_optional
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import Failed
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.diagnosis.models import Part, PartKind, PipelineChange
from langchain_azure_devops.tools.diagnosis.reference import RawBuild
from langchain_azure_devops.tools.diagnosis.yaml_files import YamlFiles
from langchain_azure_devops.tools.environments.resources import (
    ServiceConnection,
    VariableGroup,
    read_service_connections,
    read_variable_groups,
)
from langchain_azure_devops.tools.pipeline_runs.runs import read_run

_OWN = "self"
_MOST_DOUBTS = 5


async def compare_used(
    client: AzureDevOps, project: str, build: RawBuild, good: RawBuild, groups: Collection[str], files: YamlFiles
) -> Part:
    """Find the variable groups and service connections that were changed between two builds.

    What was changed and may be used, because a name is computed or stands in a file that was not read, is told as
    not compared.

    Args:
        client: Where to ask.
        project: The project.
        build: The build that failed.
        good: The good build.
        groups: The names of the variable groups that are linked in the settings of the pipeline.
        files: The files of the pipeline.
    """
    linked = {name.lower() for name in groups}
    found = await asyncio.gather(
        _find_groups(client, project, build, good, linked, files),
        _find_connections(client, project, build, good, files),
    )
    return Part([row for part in found for row in part.changes], unread=[row for part in found for row in part.unread])


async def _find_groups(
    client: AzureDevOps, project: str, build: RawBuild, good: RawBuild, linked: set[str], files: YamlFiles
) -> Part:
    names = linked | files.groups
    if not names and not (files.paths and files.tell_unknown("variable group")):
        return Part()
    page = await read_optional(
        Scope.VARIABLEGROUPS_READ, "variable groups", read_variable_groups(client, project), default=None
    )
    if page is None:
        return Part()
    known = {group.name.lower() for group in page.items}
    unknown = [name for name in sorted(names) if name not in known and "$" not in name]
    unread = [
        Failed(place=f"variable group {name!r}", status="not_found", reason="it is not among those this token can see")
        for name in unknown
    ]
    part = _compare_rows("variable group", page.items, names, files, build, good)
    return Part(part.changes, unread=[*unread, *part.unread])


async def _find_connections(
    client: AzureDevOps, project: str, build: RawBuild, good: RawBuild, files: YamlFiles
) -> Part:
    if not files.paths:
        return Part()
    page = await read_optional(
        Scope.SERVICEENDPOINT, "service connections", read_service_connections(client, project), default=None
    )
    return Part() if page is None else _compare_rows("service connection", page.items, files.values, files, build, good)


def _compare_rows(
    what: PartKind,
    rows: Sequence[VariableGroup | ServiceConnection],
    names: Collection[str],
    files: YamlFiles,
    build: RawBuild,
    good: RawBuild,
) -> Part:
    """Tell the changes of what the pipeline uses, and name what was changed and may be used."""
    used: list[VariableGroup | ServiceConnection] = []
    doubts: dict[str, str] = {}
    doubtful: list[VariableGroup | ServiceConnection] = []
    for row in rows:
        # Most rows are old. Only for the others the files are looked through.
        if row.modified is not None and good.started is not None and row.modified <= good.started:
            continue
        if row.name.lower() in names or str(row.id).lower() in names:
            used.append(row)
        elif doubt := files.tell_doubt(what, row.name):
            doubts[row.name] = doubt
            doubtful.append(row)
    found, open_ = _list_changed(what, used, build), _list_changed(what, doubtful, build)
    unread = [
        *(
            Failed(
                place=f"{what} {change.name!r}",
                status="not_found",
                reason=f"it was changed between the builds, and may be used: {doubts[change.name]}",
            )
            for change in open_.changes
        ),
        *open_.unread,
    ]
    if len(unread) > _MOST_DOUBTS:
        more = f"{len(unread) - _MOST_DOUBTS} more of the kind {what!r}"
        reason = "they were changed since the good build, and may be used"
        unread = [*unread[:_MOST_DOUBTS], Failed(place=more, status="not_found", reason=reason)]
    return Part(found.changes, unread=[*found.unread, *unread])


def _list_changed(what: PartKind, rows: Sequence[VariableGroup | ServiceConnection], build: RawBuild) -> Part:
    """Return those that were changed before a build ended, of rows that were changed after the good one had begun.

    The service tells only of the last change, so one after the build hides whether there was one before it.
    """
    changes: list[PipelineChange] = []
    unread: list[Failed] = []
    for row in rows:
        if row.modified is None:
            reason = "the service does not say when it was changed"
        elif build.finished is not None and row.modified > build.finished:
            reason = f"it was changed after the build, at {row.modified:%Y-%m-%d %H:%M}, which hides earlier changes"
        else:
            changes.append(
                PipelineChange(what=what, name=row.name, by=row.modified_by, by_id=row.modified_by_id, at=row.modified)
            )
            continue
        unread.append(Failed(place=f"{what} {row.name!r}", status="not_found", reason=reason))
    return Part(changes, unread=unread)


async def compare_runs(
    client: AzureDevOps, project: str, build: RawBuild, good: RawBuild, elsewhere: Collection[str]
) -> Part:
    """Compare the versions of other repositories, pipelines and containers that two runs used.

    Args:
        client: Where to ask.
        project: The project.
        build: The build that failed.
        good: The good build.
        elsewhere: The templates in other repositories, as `path@alias`.
    """
    before, after = await asyncio.gather(
        *(read_run(client, {"project": project, "build": each.id}) for each in (good, build))
    )
    old, new = (
        dict(row.split(": ", 1) for row in (*run.repositories, *run.pipelines, *run.containers))
        for run in (before, after)
    )
    return Part(
        [
            PipelineChange(what="resource", name=name, before=old.get(name, "none"), after=new.get(name, "none"))
            for name in sorted(old.keys() | new.keys())
            if name != _OWN and old.get(name) != new.get(name)
        ],
        unread=[
            Failed(place=name, status="not_found", reason="the runs do not tell the version of its repository")
            for name in sorted(elsewhere)
            if name.rpartition("@")[2] not in old.keys() & new.keys()
        ],
    )
