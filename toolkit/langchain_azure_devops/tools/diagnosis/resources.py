"""Compare what a pipeline uses besides its own files: variable groups, service connections, other repositories."""

import asyncio
from collections.abc import Collection, Sequence

from langchain_azure_devops.calls.optional import read_optional
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import Failed
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.diagnosis.models import Part, PartKind, PipelineChange
from langchain_azure_devops.tools.diagnosis.reference import RawBuild
from langchain_azure_devops.tools.environments.resources import (
    ServiceConnection,
    VariableGroup,
    read_service_connections,
    read_variable_groups,
)
from langchain_azure_devops.tools.pipeline_runs.runs import read_run

_OWN = "self"


async def compare_used(
    client: AzureDevOps, project: str, build: RawBuild, good: RawBuild, groups: Collection[str], values: Collection[str]
) -> Part:
    """Find the variable groups and service connections that were changed between two builds.

    Args:
        client: Where to ask.
        project: The project.
        build: The build that failed.
        good: The good build.
        groups: The names of the variable groups that the pipeline uses.
        values: All values in its files, among them the names of service connections.
    """
    changed_groups, changed_connections = await asyncio.gather(
        _find_groups(client, project, build, good, groups), _find_connections(client, project, build, good, values)
    )
    return Part([*changed_groups.changes, *changed_connections.changes], unread=changed_groups.unread)


async def _find_groups(
    client: AzureDevOps, project: str, build: RawBuild, good: RawBuild, names: Collection[str]
) -> Part:
    if not names:
        return Part()
    page = await read_optional(
        Scope.VARIABLEGROUPS_READ, "variable groups", read_variable_groups(client, project), default=None
    )
    if page is None:
        return Part()
    known = {group.name for group in page.items}
    unknown = [name for name in sorted(names) if name not in known and "$" not in name]
    unread = [
        Failed(place=f"variable group {name!r}", status="not_found", reason="it is not among those this token can see")
        for name in unknown
    ]
    return Part(
        _list_changed("variable group", [row for row in page.items if row.name in names], build, good), unread=unread
    )


async def _find_connections(
    client: AzureDevOps, project: str, build: RawBuild, good: RawBuild, values: Collection[str]
) -> Part:
    if not values:
        return Part()
    page = await read_optional(
        Scope.SERVICEENDPOINT, "service connections", read_service_connections(client, project), default=None
    )
    used = [] if page is None else [row for row in page.items if row.name in values or row.id in values]
    return Part(_list_changed("service connection", used, build, good))


def _list_changed(
    what: PartKind, rows: Sequence[VariableGroup | ServiceConnection], build: RawBuild, good: RawBuild
) -> list[PipelineChange]:
    """Return those that were changed after the good build had begun and before the other one ended."""
    return [
        PipelineChange(what=what, name=row.name, by=row.modified_by, by_id=row.modified_by_id, at=row.modified)
        for row in rows
        if row.modified
        and (good.started is None or row.modified > good.started)
        and (build.finished is None or row.modified <= build.finished)
    ]


async def compare_runs(client: AzureDevOps, project: str, build: RawBuild, good: RawBuild) -> Part:
    """Compare the versions of other repositories, pipelines and containers that two runs used."""
    try:
        before, after = await asyncio.gather(
            *(read_run(client, {"project": project, "build": each.id}) for each in (good, build))
        )
    except AzureDevOpsError as error:
        return Part(unread=[Failed(place="versions of resources", status=error.status, reason=error.message)])
    old, new = (
        dict(row.split(": ", 1) for row in (*run.repositories, *run.pipelines, *run.containers))
        for run in (before, after)
    )
    return Part(
        [
            PipelineChange(what="resource", name=name, before=old.get(name, "none"), after=new.get(name, "none"))
            for name in sorted(old.keys() | new.keys())
            if name != _OWN and old.get(name) != new.get(name)
        ]
    )
