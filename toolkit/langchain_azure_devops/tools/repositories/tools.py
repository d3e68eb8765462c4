"""Repositories, their branches, directories and files."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from pydantic import AliasPath, Field

from langchain_azure_devops.calls.declaration import (
    AnyRepository,
    Cursor,
    Limit,
    Project,
    Projects,
    Repository,
    Toolset,
)
from langchain_azure_devops.calls.fan_out import merge_lists
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.calls.places import choose_project
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Branch, InProject, Lines, Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.lines import MAX_LINE, read_range
from langchain_azure_devops.text.lines import ScannedLines as SeenLines
from langchain_azure_devops.text.untrusted import find_hidden
from langchain_azure_devops.tools.git import (
    REPOSITORY,
    WEB_LINES,
    Version,
    content,
    is_at_commit,
    known_repository,
    place_of,
    web_version,
)
from langchain_azure_devops.tools.versions import At, read_at

toolset = Toolset.named("repositories", "Look into repositories: branches, directories, files.")

_MAX_TEXT = 120_000


class GitRepository(Result):
    """A Git repository."""

    singular, plural = "repository", "repositories"
    web = "{project}/_git/{name}"
    caption = "repository {name}"
    web_list = "{project}/_git"

    name: Untrusted
    project: Untrusted = Field(validation_alias=AliasPath("project", "name"))
    default_branch: Branch | None = Field(default=None, validation_alias="defaultBranch")
    size: int = Field(default=0, description="Bytes")
    disabled: bool = Field(default=False, validation_alias="isDisabled")
    id: str


class BranchTip(Result):
    """A branch and the commit it points to."""

    singular, plural = "branch", "branches"
    web = "{project}/_git/{repository}?version=GB{name}"
    web_list = "{project}/_git/{repository}/branches"
    author_fields = ("pushed_by",)

    project: InProject = None
    repository: Untrusted | None = None
    name: Branch
    default: bool = False
    commit: str = Field(validation_alias="objectId")
    pushed_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("creator", "displayName"))
    pushed_by_id: str | None = Field(default=None, validation_alias=AliasPath("creator", "id"), exclude=True)


class Entry(Result):
    """A file or folder; the path of a folder ends with `/`."""

    singular, plural = "entry", "entries"
    web_list = "{project}/_git/{repository}"
    web = "{project}/_git/{repository}?path={path}&version={at}"

    path: Untrusted
    is_folder: bool = Field(default=False, validation_alias="isFolder", exclude=True)
    at: str | None = Field(default=None, exclude=True)


class FileText(Lines):
    """Lines of a text file."""

    web = "{project}/_git/{repository}?path={path}&version={at}"
    web_lines = WEB_LINES
    caption = "{path} in {repository}"

    repository: Untrusted
    path: Untrusted
    version: Untrusted | None
    notes: list[str] = Field(default=[])
    at: str | None = Field(default=None, exclude=True)


@toolset.read(Scope.CODE, default=True, example={})
async def list_repositories(
    client: AzureDevOps, *, project: Projects = None, limit: Limit = 100, cursor: Cursor = None
) -> Page[GitRepository]:
    """List the Git repositories of a project, or of all.

    Source: `GET /{project}/_apis/git/repositories`.
    """
    return await list_rows(
        client,
        GitRepository,
        "/{project}/_apis/git/repositories",
        path={"project": choose_project(client, project)},
        limit=limit,
        cursor=cursor,
        style="none",
    )


@toolset.read(Scope.CODE, default=True, example={"repository": "platform-api"})
async def list_branches(
    client: AzureDevOps,
    *,
    repository: AnyRepository = None,
    project: Projects = None,
    contains: str | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[BranchTip]:
    """List branches of a repository with their latest commit.

    Source: `GET .../refs?filter=heads/`, and the repository itself for its default branch; of each repository when
    none is named.
    """
    wanted = contains and contains.removeprefix("refs/heads/")

    async def fetch(where: PathValues, most: int, going_on: str | None) -> Page[BranchTip]:
        query = {"filter": "heads/", "filterContains": wanted}
        refs = f"{REPOSITORY}/refs"
        return await list_rows(
            client, BranchTip, refs, path=where, query=query, limit=most, cursor=going_on, style="token"
        )

    if repository is None:
        there = await read_repositories(client, project)

        async def fetch_one(place: str, most: int) -> Page[BranchTip]:
            found = there[place]
            page = await fetch({"project": None, "repository": found.id}, most, None)
            names = {"repository": found.name}
            if choose_project(client, project) is None:
                names["project"] = found.project
            return _mark_default(page, found.default_branch).each(**names)

        return await merge_lists(BranchTip, list(there), fetch_one, limit, cursor)
    where = await place_of(client, project, repository)
    async with known_repository(client, where):
        page, details = await asyncio.gather(fetch(where, limit, cursor), client.get(REPOSITORY, path=where))
    return _mark_default(page, decode(details, GitRepository).default_branch)


def _mark_default(page: Page[BranchTip], default: str | None) -> Page[BranchTip]:
    page.items[:] = [tip.model_copy(update={"default": True}) if tip.name == default else tip for tip in page.items]
    return page


async def read_repositories(client: AzureDevOps, project: str | None) -> dict[str, GitRepository]:
    """Return the repositories that can be read, by name; the project stands first when several are asked."""
    chosen = choose_project(client, project)
    response = await client.get("/{project}/_apis/git/repositories", path={"project": chosen})
    rows = decode(response, Collection[GitRepository]).value
    return {row.name if chosen else f"{row.project}/{row.name}": row for row in rows if not row.disabled}


@toolset.read(Scope.CODE, default=True, example={"repository": "platform-api", "depth": 20})
async def list_repository_files(
    client: AzureDevOps,
    *,
    repository: Repository,
    path: str = "/",
    project: Project = None,
    version: Version = None,
    depth: Annotated[int, Field(ge=1, le=20)] = 1,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Page[Entry]:
    """List files and folders below a path.

    Source: `GET .../items?scopePath=`.
    """
    where = await place_of(client, project, repository)
    base = "/" + path.strip("/")
    folder = client.secrets.reveal(base)

    async def read(at: Sequence[At]) -> Page[Entry]:
        page = await list_rows(
            client,
            Entry,
            f"{REPOSITORY}/items",
            path=where,
            query={"scopePath": base, "recursionLevel": "oneLevel" if depth == 1 else "full", **at[0]},
            limit=limit,
            cursor=cursor,
            style="none",
            keep=lambda entry: 0 < _depth(entry.path, folder) <= depth,
        )
        page.final = is_at_commit(at[0])
        return page if version is None else page.each(at=web_version(at[0]))

    page = await read_at(client, where, [version], read, path=base)
    if page.total == 0:
        # Git knows no empty folders: only a file has nothing below it.
        raise InvalidRequest(f"{base!r} is a file. Use read_repository_file to see what is in it.", subject="path")
    for index, entry in enumerate(page.items):
        if entry.is_folder:
            page.items[index] = entry.model_copy(update={"path": entry.path + "/"})
    return page


@toolset.read(
    Scope.CODE,
    default=True,
    resource="projects/{project}/repositories/{repository}/files{+path}{?version,first_line,last_line}",
    example={"repository": "docs", "path": "/README.md", "version": "main"},
)
async def read_repository_file(
    client: AzureDevOps,
    *,
    repository: Repository,
    path: str,
    project: Project = None,
    version: Version = None,
    first_line: Annotated[int, Field(ge=1)] = 1,
    last_line: Annotated[int | None, Field(ge=1)] = None,
) -> FileText:
    """Read a text file, or some of its lines, at a branch, tag or commit.

    Source: `GET .../items?path=&$format=octetStream`.
    """
    if last_line is not None and last_line < first_line:
        raise InvalidRequest(f"last_line {last_line} lies before first_line {first_line}.", subject="arguments")
    where = await place_of(client, project, repository)

    async def read(versions: Sequence[At]) -> tuple[At, SeenLines]:
        async with content(client, where, path, versions[0]) as chunks:
            return versions[0], await read_range(chunks, first_line, last_line, _MAX_TEXT, client.secrets)

    at, lines = await read_at(client, where, [version], read, path=path)
    kept = [] if lines.lfs else lines.kept
    text = client.secrets.remember_clear("\n".join(line for _, line in kept))
    return FileText(
        repository=repository,
        path=path,
        version=version,
        at=None if version is None else web_version(at),
        final=is_at_commit(at),
        partial=not lines.whole or lines.binary or lines.lfs or any(len(line) >= MAX_LINE for _, line in kept),
        notes=_make_notes(lines, text, first_line),
        first_line=kept[0][0] if kept else 0,
        total_lines=lines.count if lines.whole else None,
        text=text,
    )


def _make_notes(lines: SeenLines, text: str, first_line: int) -> list[str]:
    """Return notes about the file that its lines do not show."""
    if lines.binary:
        return ["This is a binary file; its content is not shown."]
    if lines.lfs:
        pointer = dict(line.split(" ", 1) for _, line in lines.kept if " " in line)
        size, digest = pointer.get("size", "unknown"), pointer.get("oid", "unknown")
        return [f"A Git LFS pointer to a file of {size} bytes ({digest}), which is stored outside the repository."]
    notes = []
    if not lines.kept and lines.count:
        notes.append(f"There is no line {first_line}: the file ends with line {lines.count}.")
    if not lines.whole:
        notes.append(f"Only the first {lines.size / 2**20:.0f} MB were looked at; there are more lines.")
    if any(len(line) >= MAX_LINE for _, line in lines.kept):
        notes.append(f"Lines are cut at {MAX_LINE:,} characters.")
    if names := find_hidden(text):
        notes.append(f"Hidden characters were left out: {', '.join(names)}.")
    return notes


def _depth(path: str, base: str) -> int:
    """Return how many levels a path lies below another; 0 for the path itself."""
    inner = path.removeprefix(base).strip("/")
    return inner.count("/") + 1 if inner else 0
