"""Rename pipelines and change their file, branch, folder and state.

The service replaces a whole definition. So the definition is read as it is, changed where that was asked, and sent with
its revision, which the service refuses when somebody has changed it meanwhile. What the service does not show, the
values of secret variables, it keeps when the variable comes back without a value.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal, cast

from pydantic import Field, JsonValue

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.errors import InvalidRequest, NotFound, RevisionConflict, ScopeMissing
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.git import branch_ref
from langchain_azure_devops.tools.pipelines.checks import check_file, check_free_name, file_of, folder_of
from langchain_azure_devops.tools.pipelines.definition import (
    DEFINITION,
    Definition,
    place_of_pipeline,
    read_definition,
)
from langchain_azure_devops.tools.pipelines.details import PipelineName
from langchain_azure_devops.tools.pipelines.models import WrittenPipeline
from langchain_azure_devops.tools.pipelines.recovery import find_changed
from langchain_azure_devops.tools.pipelines.toolset import toolset

_WRITE = "/{project}/_apis/build/definitions/{definition}"
_SAME = "The pipeline has these values already, so nothing was sent."
_WHY = Annotated[str | None, Field(max_length=2000, description="Why; kept in its revisions")]

Status = Literal["enabled", "paused", "disabled"]


async def _find_changes(
    client: AzureDevOps, arguments: Mapping[str, JsonValue]
) -> tuple[PathValues, Definition, dict[str, str]]:
    """Return the values of a call that the pipeline does not have yet, checked.

    Raises:
        InvalidRequest: Nothing was given, or a value is not possible.
        NothingToSend: The pipeline has all of them.
        NotFound: There is no such pipeline, file or branch.
        AlreadyExists: The name is taken in the folder.
    """
    given = cast("Mapping[str, str | None]", arguments)
    wanted = {name: form(value) for name, form in _FORMS.items() if (value := given.get(name)) is not None}
    if not wanted:
        raise InvalidRequest("Nothing to change was given.", subject="arguments")
    where = await place_of_pipeline(client, given.get("project"), str(given["pipeline"]))
    now = await read_definition(client, where)
    changes = {name: value for name, value in wanted.items() if value != _present(now)[name]}
    if not changes:
        raise NothingToSend(_SAME, subject=str(now.id))
    if changes.keys() & {"name", "folder"}:
        name, folder = changes.get("name", now.name), changes.get("folder", folder_of(now.folder))
        await check_free_name(client, str(where["project"]), name, folder, now.id)
    if changes.keys() & {"yaml_path", "default_branch"}:
        await _check_source(client, now, changes)
    return where, now, changes


_FORMS: Mapping[str, Callable[[str], str]] = {
    "name": str.strip,
    "yaml_path": file_of,
    "default_branch": lambda branch: str(branch_ref(branch)),
    "folder": folder_of,
    "status": str,
}
"""The arguments that change something, each with the form in which the service keeps its value."""


def _present(now: Definition) -> dict[str, str | None]:
    return {
        "name": now.name,
        "yaml_path": file_of(now.yaml or ""),
        "default_branch": branch_ref(now.default_branch),
        "folder": folder_of(now.folder),
        "status": now.status,
    }


async def _check_source(client: AzureDevOps, now: Definition, changes: Mapping[str, str]) -> None:
    """Refuse a file that is not on the branch. Without the scope to read code, the service alone decides."""
    if now.yaml is None:
        raise InvalidRequest(f"Pipeline {now.name!r} has no YAML file: it was made in the classic editor.", subject="")
    if not now.is_here:
        return
    where: PathValues = {"project": now.project, "repository": now.repository_id}
    branch = changes.get("default_branch", now.default_branch or "")
    try:
        await check_file(client, where, changes.get("yaml_path", now.yaml), branch)
    except ScopeMissing:
        return


async def _read_before(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read what the pipeline has now of what would change, and what a person recognizes it by."""
    where, now, changes = await _find_changes(client, arguments)
    present = _present(now)
    return {
        "project": str(where["project"]),
        "pipeline": now.name,
        "id": now.id,
        "repository": now.repository,
        "revision": now.revision,
        **{name: present[name] for name in changes},
    }


async def _write(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> WrittenPipeline:
    try:
        where, now, changes = await _find_changes(client, arguments)
    except NothingToSend as idle:
        where = await place_of_pipeline(
            client, cast("str | None", arguments.get("project")), str(arguments["pipeline"])
        )
        unchanged = decode(await client.get(DEFINITION, path=where), WrittenPipeline)
        return unchanged.model_copy(update={"notes": [idle.message]})
    body = decode(await client.get(DEFINITION, path=where), dict[str, JsonValue])
    _apply(body, changes)
    body["comment"] = arguments.get("comment")
    path: PathValues = {"project": where["project"], "definition": now.id}
    try:
        response = await client.post(_WRITE, body, path=path, method="PUT")
    except NotFound as error:
        # The service answers an outdated revision as if there were no such pipeline.
        raise RevisionConflict(
            f"Nothing was changed: pipeline {now.name!r} was changed by somebody else meanwhile. Read it again with "
            "get_pipeline, and ask again if the change is still wanted.",
            subject=str(now.id),
        ) from error
    return decode(response, WrittenPipeline)


def _apply(body: dict[str, JsonValue], changes: Mapping[str, str]) -> None:
    """Change a definition where that was asked, and nowhere else."""
    for name, key in (("name", "name"), ("folder", "path"), ("status", "queueStatus")):
        if name in changes:
            body[key] = changes[name]
    for name, part, key in (
        ("yaml_path", "process", "yamlFilename"),
        ("default_branch", "repository", "defaultBranch"),
    ):
        if name in changes:
            body[part] = {**cast("dict[str, JsonValue]", body.get(part) or {}), key: changes[name]}


@toolset.write(
    Scope.BUILD_EXECUTE,
    idempotent=True,
    sends=f"PUT {_WRITE}",
    targets=("project", "pipeline"),
    contents=("name",),
    current=_read_before,
    recover=find_changed,
    example={"pipeline": "docs-publish", "name": "handbook-publish"},
)
async def rename_pipeline(
    client: AzureDevOps,
    *,
    pipeline: PipelineName,
    name: Annotated[str, Field(max_length=255)],
    project: Project = None,
) -> WrittenPipeline:
    """Rename a pipeline.

    Source: `GET` and `PUT .../build/definitions/{id}`.
    """
    return await _write(client, {"pipeline": pipeline, "name": name, "project": project})


@toolset.write(
    Scope.BUILD_EXECUTE,
    idempotent=True,
    sends=f"PUT {_WRITE}",
    targets=("project", "pipeline", "yaml_path", "default_branch", "folder", "status"),
    contents=("comment",),
    current=_read_before,
    recover=find_changed,
    example={"pipeline": "nightly-soak", "status": "paused"},
    more_examples=({"pipeline": "nightly-soak", "folder": "night"},),
)
async def update_pipeline(
    client: AzureDevOps,
    *,
    pipeline: PipelineName,
    yaml_path: str | None = None,
    default_branch: str | None = None,
    folder: str | None = None,
    status: Status | None = None,
    comment: _WHY = None,
    project: Project = None,
) -> WrittenPipeline:
    """Change the YAML file, default branch, folder or state of a pipeline; paused queues runs, disabled refuses them.

    Source: `GET` and `PUT .../build/definitions/{id}`.
    """
    given: dict[str, JsonValue] = {
        "pipeline": pipeline,
        "yaml_path": yaml_path,
        "default_branch": default_branch,
        "folder": folder,
        "status": status,
        "comment": comment,
        "project": project,
    }
    return await _write(client, given)
