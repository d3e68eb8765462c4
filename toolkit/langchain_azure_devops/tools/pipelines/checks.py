"""What must hold before a pipeline is created or changed: its name is free, and its file and branch exist."""

from pydantic import BaseModel, Field

from langchain_azure_devops.errors import AlreadyExists, InvalidRequest, ScopeMissing
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope, expand
from langchain_azure_devops.tools.git import REPOSITORY, known_repository, version_query

_DEFINITIONS = "/{project}/_apis/build/definitions"


class Repository(BaseModel):
    """A repository whose file is to be a pipeline."""

    id: str
    name: str
    default_branch: str | None = Field(default=None, validation_alias="defaultBranch")


class _Known(BaseModel):
    id: int
    folder: str = Field(default="\\", validation_alias="path")


class _Item(BaseModel):
    folder: bool = Field(default=False, validation_alias="isFolder")


def folder_of(folder: str | None) -> str:
    """Return a folder of pipelines as the service writes it, with backslashes; the root is a single one."""
    return "\\" + (folder or "").replace("/", "\\").strip("\\ ")


def file_of(path: str) -> str:
    """Return the path of a file without a slash in front, as definitions hold it."""
    return path.strip().lstrip("/")


async def check_free_name(client: AzureDevOps, project: str, name: str, folder: str, own: int | None = None) -> None:
    """Refuse a name that another pipeline of the folder has.

    Args:
        client: The client of the call.
        project: The project.
        name: The name.
        folder: The folder, as `folder_of` gives it.
        own: The pipeline that may have it.

    Raises:
        InvalidRequest: It is empty, or holds what no name may hold.
        AlreadyExists: Another pipeline has it.
    """
    if not name.strip() or "*" in name:
        raise InvalidRequest("A pipeline needs a name without an asterisk.", subject="name")
    known = await find_id(client, project, name, folder)
    if known not in (None, own):
        raise AlreadyExists(
            f"Nothing was changed: the folder {folder} has a pipeline {name!r} already, with the id {known}.",
            subject=as_subject(name),
        )


async def find_id(client: AzureDevOps, project: str, name: str, folder: str) -> int | None:
    """Return the id of the pipeline that has this name in a folder."""
    query: dict[str, QueryValue] = {"name": name, "$top": 1000}
    rows = decode(await client.get(_DEFINITIONS, path={"project": project}, query=query), Collection[_Known]).value
    return next((row.id for row in rows if folder_of(row.folder).lower() == folder.lower()), None)


def needs_code() -> ScopeMissing:
    """Return the error of a token that may not read the repository of a pipeline."""
    return ScopeMissing(
        "Nothing was changed: the repository and its file have to be read first, which needs the scope vso.code "
        "(Code: read).",
        subject=Scope.CODE.value,
    )


def check_code_scope(client: AzureDevOps) -> None:
    """Refuse a token whose declared scopes do not let it read code.

    Raises:
        ScopeMissing: They do not.
    """
    declared = client.settings.declared_scopes
    if declared is not None and Scope.CODE not in expand(declared):
        raise needs_code()


async def read_repository(client: AzureDevOps, where: PathValues) -> Repository:
    """Read a repository that has a default branch.

    Raises:
        ScopeMissing: The token may not read code.
        NotFound: There is none; the message has near names.
        InvalidRequest: It is empty.
    """
    check_code_scope(client)
    try:
        async with known_repository(client, where):
            found = decode(await client.get(REPOSITORY, path=where), Repository)
    except ScopeMissing as error:
        raise needs_code() from error
    if found.default_branch is None:
        raise InvalidRequest(f"Repository {found.name!r} is empty, so it has no file yet.", subject="repository")
    return found


async def check_file(client: AzureDevOps, where: PathValues, path: str, branch: str) -> None:
    """Refuse a file that a branch does not have.

    Raises:
        ScopeMissing: The token may not read code.
        NotFound: There is no such branch or file; the message has near names.
        InvalidRequest: It is a folder.
    """
    at, query = version_query(branch), {"path": f"/{file_of(path)}", "$format": "json"}
    if not file_of(path):
        raise InvalidRequest("The path of the YAML file is empty.", subject="yaml_path")
    try:
        async with known_repository(client, where, f"/{file_of(path)}", at):
            found = decode(await client.get(f"{REPOSITORY}/items", path=where, query={**query, **at}), _Item)
    except ScopeMissing as error:
        raise needs_code() from error
    if found.folder:
        raise InvalidRequest(f"{path!r} is a folder, and a pipeline needs a file.", subject="yaml_path")
