"""Repositories, their branches, directories and files."""

import difflib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Literal

from pydantic import AliasPath, Field

from langchain_azure_devops.client import AzureDevOps, QueryValue
from langchain_azure_devops.errors import InvalidRequest, NotFound
from langchain_azure_devops.paging import list_rows
from langchain_azure_devops.results import Branch, Lines, Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text_stream import MAX_SCAN_BYTES, between
from langchain_azure_devops.toolset import Cursor, Limit, Project, Repository, Toolset
from langchain_azure_devops.transport import capped

toolset = Toolset.named("repositories", "Look into repositories: branches, directories, files.")

REPOSITORY = "/{project}/_apis/git/repositories/{repository}"
_MAX_TEXT = 120_000

VersionType = Literal["branch", "tag", "commit"]
Version = Annotated[str | None, Field(description="Default: the default branch")]


class GitRepository(Result):
    """A Git repository."""

    plural = "repositories"

    name: Untrusted
    project: Untrusted = Field(validation_alias=AliasPath("project", "name"))
    default_branch: Branch | None = Field(default=None, validation_alias="defaultBranch")
    size: int = Field(default=0, description="Bytes")
    disabled: bool = Field(default=False, validation_alias="isDisabled")
    id: str


class BranchTip(Result):
    """A branch and the commit it points to."""

    plural = "branches"

    name: Branch
    commit: str = Field(validation_alias="objectId")
    pushed_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("creator", "displayName"))


class Entry(Result):
    """A file or folder; the path of a folder ends with `/`."""

    plural = "entries"

    path: Untrusted
    is_folder: bool = Field(default=False, validation_alias="isFolder", exclude=True)


class FileText(Lines):
    """Lines of a text file."""

    repository: Untrusted
    path: Untrusted
    version: Untrusted | None
    note: str | None = None


@toolset.read(Scope.CODE)
async def list_repositories(
    client: AzureDevOps, project: Project = None, limit: Limit = 100, cursor: Cursor = None
) -> Page[GitRepository]:
    """List the Git repositories of a project, or of all without one.

    Source: `GET /{project}/_apis/git/repositories`.
    """
    return await list_rows(
        client,
        GitRepository,
        "/{project}/_apis/git/repositories",
        path={"project": project or client.settings.default_project},
        limit=limit,
        cursor=cursor,
        style="none",
    )


@toolset.read(Scope.CODE)
async def list_branches(
    client: AzureDevOps,
    repository: Repository,
    project: Project = None,
    contains: str | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[BranchTip]:
    """List branches of a repository with their latest commit.

    Source: `GET .../refs?filter=heads/`.
    """
    project = await client.required_project(project)
    async with known_repository(client, project, repository):
        return await list_rows(
            client,
            BranchTip,
            f"{REPOSITORY}/refs",
            path={"project": project, "repository": repository},
            query={"filter": "heads/", "filterContains": contains},
            limit=limit,
            cursor=cursor,
            style="token",
        )


@toolset.read(Scope.CODE)
async def list_directory(
    client: AzureDevOps,
    repository: Repository,
    path: str = "/",
    project: Project = None,
    version: Version = None,
    version_type: VersionType = "branch",
    depth: Annotated[int, Field(ge=1, le=20)] = 1,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Page[Entry]:
    """List files and folders below a path.

    Source: `GET .../items?scopePath=`.
    """
    project = await client.required_project(project)
    base = "/" + path.strip("/")
    async with known_repository(client, project, repository):
        page = await list_rows(
            client,
            Entry,
            f"{REPOSITORY}/items",
            path={"project": project, "repository": repository},
            query={
                "scopePath": base,
                "recursionLevel": "oneLevel" if depth == 1 else "full",
                **version_query(version, version_type),
            },
            limit=limit,
            cursor=cursor,
            style="none",
            keep=lambda entry: 0 < _depth(entry.path, base) <= depth,
        )
    for index, entry in enumerate(page.items):
        if entry.is_folder:
            page.items[index] = entry.model_copy(update={"path": entry.path + "/"})
    return page


@toolset.read(Scope.CODE)
async def read_file(
    client: AzureDevOps,
    repository: Repository,
    path: str,
    project: Project = None,
    version: Version = None,
    version_type: VersionType = "branch",
    first_line: Annotated[int, Field(ge=1)] = 1,
    last_line: Annotated[int | None, Field(ge=1)] = None,
) -> FileText:
    """Read a text file, or some of its lines, at a branch, tag or commit.

    Source: `GET .../items?path=&$format=octetStream`.
    """
    project = await client.required_project(project)
    if last_line is not None and last_line < first_line:
        raise InvalidRequest(f"last_line {last_line} lies before first_line {first_line}.", subject="arguments")
    async with (
        known_repository(client, project, repository),
        _content(client, project, repository, path, version_query(version, version_type)) as chunks,
    ):
        lines = await between(chunks, first_line, last_line, _MAX_TEXT)
    note = None
    if lines.binary:
        note = "This is a binary file; its content is not shown."
    elif lines.lfs:
        note = "This is a Git LFS pointer: the content itself is stored outside the repository."
    return FileText(
        repository=repository,
        path=path,
        version=version,
        note=note,
        first_line=lines.kept[0][0] if lines.kept else 0,
        total_lines=lines.count if lines.whole else None,
        text="\n".join(line for _, line in lines.kept),
    )


def version_query(version: str | None, version_type: VersionType = "branch") -> dict[str, QueryValue]:
    """The version as the service takes it; `refs/heads/x` and `refs/tags/x` say their type themselves."""
    if version is None:
        return {}
    kind: str = version_type
    for prefix, meant in (("refs/heads/", "branch"), ("refs/tags/", "tag")):
        if version.startswith(prefix):
            version, kind = version.removeprefix(prefix), meant
    return {"versionDescriptor.version": version, "versionDescriptor.versionType": kind}


@asynccontextmanager
async def _content(
    client: AzureDevOps, project: str | None, repository: str, path: str, version: dict[str, QueryValue]
) -> AsyncIterator[AsyncIterator[bytes]]:
    query: dict[str, QueryValue] = {
        "path": "/" + path.lstrip("/"),
        "$format": "octetStream",
        "download": True,
        **version,
    }
    where = {"project": project, "repository": repository}
    async with client.stream(
        f"{REPOSITORY}/items", path=where, query=query, accept="application/octet-stream"
    ) as response:
        if response.headers.get("content-type", "").startswith(("application/zip", "application/json")):
            raise InvalidRequest(f"{path!r} is a folder. Use list_directory to see what is in it.", subject="path")
        yield capped(response, MAX_SCAN_BYTES)


async def file_text(
    client: AzureDevOps, project: str | None, repository: str, path: str, commit: str, budget: int
) -> str | None:
    """A whole text file at a commit, at most `budget` characters; None when it is not there or no text."""
    try:
        async with _content(client, project, repository, path, version_query(commit, "commit")) as chunks:
            lines = await between(chunks, 1, None, budget)
    except NotFound:
        return None
    return None if lines.binary else "\n".join(line for _, line in lines.kept)


@asynccontextmanager
async def known_repository(client: AzureDevOps, project: str | None, repository: str) -> AsyncIterator[None]:
    """Says which repositories there are when the named one is not found."""
    try:
        yield
    except NotFound as error:
        if "TF401019" not in error.message:
            raise
        response = await client.get("/{project}/_apis/git/repositories", path={"project": project})
        names = sorted(str(row["name"]) for row in response.json()["value"])
        near = difflib.get_close_matches(repository, names, n=1)
        raise NotFound(
            f"There is no repository {repository!r} in project {project!r}, or this token's owner may not see it."
            f"{f' Did you mean {near[0]!r}?' if near else ''} Repositories there: {', '.join(names[:30]) or 'none'}.",
            subject=repository,
        ) from error


def _depth(path: str, base: str) -> int:
    """How many levels a path lies below another; 0 for itself."""
    inner = path.removeprefix(base).strip("/")
    return inner.count("/") + 1 if inner else 0
