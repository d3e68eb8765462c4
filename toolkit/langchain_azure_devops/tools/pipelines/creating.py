"""Create a pipeline for a YAML file."""

from collections.abc import Mapping
from typing import Annotated, cast

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.calls.declaration import Project, Repository
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.git import place_of
from langchain_azure_devops.tools.pipelines.checks import (
    Repository as FoundRepository,
)
from langchain_azure_devops.tools.pipelines.checks import (
    check_file,
    check_free_name,
    file_of,
    folder_of,
    read_repository,
)
from langchain_azure_devops.tools.pipelines.models import WrittenPipeline
from langchain_azure_devops.tools.pipelines.recovery import find_created
from langchain_azure_devops.tools.pipelines.toolset import toolset
from langchain_azure_devops.tools.pipelines.yaml_file import read_pipeline_file
from langchain_azure_devops.tools.versions import read_commit

_PIPELINES = "/{project}/_apis/pipelines"
_NOT_RUN = "It has not run yet. run_pipeline runs it; before that, a person may have to let it use protected resources."


class _Made(BaseModel):
    id: int
    name: str
    folder: str = "\\"
    revision: int = 1


async def _check(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> tuple[PathValues, FoundRepository]:
    """Refuse a name that is taken, and a file that the default branch does not have."""
    given = cast("Mapping[str, str | None]", arguments)
    project = await client.required_project(given.get("project"))
    where = await place_of(client, project, str(given["repository"]))
    repository = await read_repository(client, where)
    await check_free_name(client, project, str(given["name"]), folder_of(given.get("folder")))
    await check_file(client, where, str(given["yaml_path"]), str(repository.default_branch))
    return where, repository


async def _read_before(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the file that would become a pipeline: where it is, who committed it last, and what would start it."""
    where, repository = await _check(client, arguments)
    branch = str(repository.default_branch)
    commit = await read_commit(client, where, branch)
    file = await read_pipeline_file(client, where, str(arguments["yaml_path"]), branch)
    return {
        "project": str(where["project"]),
        "repository": repository.name,
        "default_branch": branch.removeprefix("refs/heads/"),
        **commit.named(),
        "triggers": list(file.triggers) if file else "not known: the file is no YAML of a pipeline",
        "environments": list(file.environments) if file else [],
    }


@toolset.write(
    Scope.BUILD_EXECUTE,
    destructive=False,
    sends=f"POST {_PIPELINES}",
    targets=("project", "repository", "yaml_path", "name", "folder"),
    current=_read_before,
    recover=find_created,
    makes="pipeline",
    example={"repository": "docs", "yaml_path": "/azure-pipelines.yml", "name": "docs-preview"},
)
async def create_pipeline(
    client: AzureDevOps,
    *,
    repository: Repository,
    yaml_path: Annotated[str, Field(description="On the default branch")],
    name: Annotated[str, Field(max_length=255)],
    folder: str | None = None,
    project: Project = None,
) -> WrittenPipeline:
    """Create a pipeline for a YAML file of a repository, without running it.

    Source: `POST .../pipelines`, after `GET .../git/repositories/{id}/items` for the file; needs `vso.code`, too.
    """
    given: dict[str, JsonValue] = {
        "repository": repository,
        "yaml_path": yaml_path,
        "name": name,
        "folder": folder,
        "project": project,
    }
    where, found = await _check(client, given)
    body: JsonValue = {
        "name": name.strip(),
        "folder": folder_of(folder),
        "configuration": {
            "type": "yaml",
            "path": f"/{file_of(yaml_path)}",
            "repository": {"id": found.id, "name": found.name, "type": "azureReposGit"},
        },
    }
    made = decode(await client.post(_PIPELINES, body, path={"project": where["project"]}), _Made)
    return WrittenPipeline(
        id=made.id,
        name=made.name,
        project=str(where["project"]),
        folder=made.folder,
        yaml=file_of(yaml_path),
        repository=found.name,
        default_branch=found.default_branch,
        revision=made.revision,
        notes=[_NOT_RUN],
    )
