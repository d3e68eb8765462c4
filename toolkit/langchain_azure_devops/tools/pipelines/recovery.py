"""Find out whether a pipeline was created or changed when the answer was lost: its revisions tell who and when."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from langchain_azure_devops.calls.recovery import Missing, PendingWrite, fetch_account, unknown_outcome
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.tools.git import branch_ref
from langchain_azure_devops.tools.pipelines.checks import file_of, find_id, folder_of
from langchain_azure_devops.tools.pipelines.definition import DEFINITION, place_of_pipeline
from langchain_azure_devops.tools.pipelines.models import WrittenPipeline
from langchain_azure_devops.tools.pipelines.revisions import PipelineRevision

_MOST = 10


async def _find_own(client: AzureDevOps, pending: PendingWrite, where: PathValues) -> list[PipelineRevision]:
    """Return the revisions of a pipeline that this account made since a lost write began, newest first."""
    account = (await fetch_account(client)).id
    response = await client.get(f"{DEFINITION}/revisions", path=where)
    since = pending.since(client, response)
    rows = decode(response, Collection[PipelineRevision]).value
    rows.sort(key=lambda row: row.revision, reverse=True)
    return [
        row
        for row in rows[:_MOST]
        if row.changed_by_id == account
        and row.changed >= since
        and not pending.is_of_another(client, WrittenPipeline, where["pipeline"], row.revision)
    ]


async def _read_at(client: AzureDevOps, where: PathValues, revision: int) -> WrittenPipeline:
    response = await client.get(DEFINITION, path=where, query={"revision": revision})
    return decode(response, WrittenPipeline)


async def find_created(client: AzureDevOps, pending: PendingWrite) -> WrittenPipeline | Missing:
    """Find the pipeline of this name and folder, which this account created since then for this file."""
    given = pending.arguments
    project = await client.required_project(given.get("project"))
    pending.url = f"{client.settings.url('core')}/{quote(project, safe='')}/_build"
    name, folder = given["name"].strip(), folder_of(given.get("folder"))
    missing = Missing(f"a pipeline {name!r} in the folder {folder} that this account created since then")
    number = await find_id(client, project, name, folder)
    if number is None:
        return missing
    where: PathValues = {"project": project, "pipeline": number}
    own = [row for row in await _find_own(client, pending, where) if row.revision == 1]
    if not own:
        return Missing(missing.looked_for, f"Pipeline {number} has this name, and somebody else or earlier made it.")
    made = await _read_at(client, where, 1)
    if file_of(made.yaml or "") != file_of(given["yaml_path"]) or not _is_repository(made, given["repository"]):
        raise unknown_outcome(f"this account created pipeline {number} since then for another file")
    return made


def _is_repository(made: WrittenPipeline, given: str) -> bool:
    """Return whether the repository has this name. One that was given by its id cannot be told from others."""
    return (made.repository or "").lower() == given.lower()


async def find_changed(client: AzureDevOps, pending: PendingWrite) -> WrittenPipeline | Missing:
    """Find the revision of the pipeline with these values, which this account made since then.

    After a lost renaming, the pipeline has its new name already.
    """
    given = pending.arguments
    project = await client.required_project(given.get("project"))
    pending.url = f"{client.settings.url('core')}/{quote(project, safe='')}/_build"
    where = await _find_place(client, project, given)
    pending.url = f"{pending.url}?definitionId={where['pipeline']}"
    own = await _find_own(client, pending, where)
    found = []
    for row in own:
        at = await _read_at(client, where, row.revision)
        if not _find_differences(at, given) and (row.comment or None) == (given.get("comment") or None):
            found.append(at)
    if len(found) > 1:
        raise unknown_outcome(f"revisions {', '.join(str(each.revision) for each in found)} all fit")
    if found:
        return found[0]
    return Missing(f"a revision of pipeline {where['pipeline']} with these values that this account made since then")


async def _find_place(client: AzureDevOps, project: str, given: Mapping[str, Any]) -> PathValues:
    """Return the place of the pipeline by its name, or by the one that a renaming gave it."""
    if "name" in given and await _is_unknown(client, project, given["pipeline"]):
        return await place_of_pipeline(client, project, given["name"])
    return await place_of_pipeline(client, project, given["pipeline"])


async def _is_unknown(client: AzureDevOps, project: str, pipeline: str) -> bool:
    query: dict[str, QueryValue] = {"name": pipeline, "$top": 1}
    rows = decode(
        await client.get("/{project}/_apis/build/definitions", path={"project": project}, query=query),
        Collection[object],
    ).value
    return not rows and not pipeline.isdecimal()


def _find_differences(at: WrittenPipeline, given: Mapping[str, Any]) -> list[str]:
    """Return the arguments whose values the pipeline does not have."""
    equal = {
        "name": str(given.get("name") or "").strip() == at.name,
        "yaml_path": file_of(given.get("yaml_path") or "") == file_of(at.yaml or ""),
        "default_branch": branch_ref(given.get("default_branch")) == branch_ref(at.default_branch),
        "folder": folder_of(given.get("folder")) == folder_of(at.folder),
        "status": given.get("status") == at.status,
    }
    return [name for name, same in equal.items() if given.get(name) is not None and not same]
