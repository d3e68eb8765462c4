"""Repositories, their branches, directories and files."""

import asyncio
import difflib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Literal, NamedTuple

from pydantic import AliasPath, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project, Repository, Toolset
from langchain_azure_devops.calls.fan_out import in_all
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.errors import InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, Named, decode
from langchain_azure_devops.results.models import Branch, Lines, Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.lines import MAX_LINE, detect_encoding, read_range
from langchain_azure_devops.text.lines import ScannedLines as SeenLines
from langchain_azure_devops.text.untrusted import find_hidden

toolset = Toolset.named("repositories", "Look into repositories: branches, directories, files.")

REPOSITORY = "/{project}/_apis/git/repositories/{repository}"
_MAX_TEXT = 120_000
_OBJECT_ID = re.compile(r"[0-9a-fA-F]{40}")
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

VersionType = Literal["branch", "tag", "commit"]
Version = Annotated[str | None, Field(description="Default: the default branch")]


class GitRepository(Result):
    """A Git repository."""

    singular, plural = "repository", "repositories"

    name: Untrusted
    project: Untrusted = Field(validation_alias=AliasPath("project", "name"))
    default_branch: Branch | None = Field(default=None, validation_alias="defaultBranch")
    size: int = Field(default=0, description="Bytes")
    disabled: bool = Field(default=False, validation_alias="isDisabled")
    id: str


class BranchTip(Result):
    """A branch and the commit it points to."""

    singular, plural = "branch", "branches"
    author_fields = ("pushed_by",)

    repository: Untrusted | None = None
    name: Branch
    default: bool = False
    commit: str = Field(validation_alias="objectId")
    pushed_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("creator", "displayName"))
    pushed_by_id: str | None = Field(default=None, validation_alias=AliasPath("creator", "id"), exclude=True)


class Entry(Result):
    """A file or folder; the path of a folder ends with `/`."""

    singular, plural = "entry", "entries"

    path: Untrusted
    is_folder: bool = Field(default=False, validation_alias="isFolder", exclude=True)


class FileText(Lines):
    """Lines of a text file."""

    repository: Untrusted
    path: Untrusted
    version: Untrusted | None
    notes: list[str] = Field(default=[])


class FileContent(NamedTuple):
    """The text of a file with its line ends unchanged, and whether that is the whole file."""

    text: str
    whole: bool


@toolset.read(Scope.CODE, default=True, example={})
async def list_repositories(
    client: AzureDevOps, *, project: Project = None, limit: Limit = 100, cursor: Cursor = None
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


@toolset.read(Scope.CODE, default=True, example={"repository": "platform-api"})
async def list_branches(
    client: AzureDevOps,
    *,
    repository: Annotated[str | None, Field(description="Default: all of the project")] = None,
    project: Project = None,
    contains: str | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[BranchTip]:
    """List branches of a repository with their latest commit.

    Source: `GET .../refs?filter=heads/`, and the repository itself for its default branch; of each repository when
    none is named.
    """
    wanted = contains and contains.removeprefix("refs/heads/")

    async def listed(where: PathValues, most: int, going_on: str | None) -> Page[BranchTip]:
        query = {"filter": "heads/", "filterContains": wanted}
        refs = f"{REPOSITORY}/refs"
        return await list_rows(
            client, BranchTip, refs, path=where, query=query, limit=most, cursor=going_on, style="token"
        )

    if repository is None:
        there = await _repositories(client, project)

        async def named(place: str, most: int) -> Page[BranchTip]:
            page = await listed({"project": None, "repository": there[place].id}, most, None)
            return _marked(page, there[place].default_branch).each(repository=place)

        return await in_all(BranchTip, list(there), named, limit, cursor)
    where = await place_of(client, project, repository)
    async with known_repository(client, where):
        page, details = await asyncio.gather(listed(where, limit, cursor), client.get(REPOSITORY, path=where))
    return _marked(page, decode(details, GitRepository).default_branch)


def _marked(page: Page[BranchTip], default: str | None) -> Page[BranchTip]:
    page.items[:] = [tip.model_copy(update={"default": True}) if tip.name == default else tip for tip in page.items]
    return page


async def _repositories(client: AzureDevOps, project: str | None) -> dict[str, GitRepository]:
    """The repositories that can be read, by name; with the project in front where several are asked."""
    chosen = project or client.settings.default_project
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
    version_type: VersionType = "branch",
    depth: Annotated[int, Field(ge=1, le=20)] = 1,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Page[Entry]:
    """List files and folders below a path.

    Source: `GET .../items?scopePath=`.
    """
    where = await place_of(client, project, repository)
    base = "/" + path.strip("/")
    at = version_query(version, version_type)
    async with known_repository(client, where, base, at):
        page = await list_rows(
            client,
            Entry,
            f"{REPOSITORY}/items",
            path=where,
            query={"scopePath": base, "recursionLevel": "oneLevel" if depth == 1 else "full", **at},
            limit=limit,
            cursor=cursor,
            style="none",
            keep=lambda entry: 0 < _depth(entry.path, base) <= depth,
        )
    if page.total == 0:
        # Git knows no empty folders: only a file has nothing below it.
        raise InvalidRequest(f"{base!r} is a file. Use read_repository_file to see what is in it.", subject="path")
    for index, entry in enumerate(page.items):
        if entry.is_folder:
            page.items[index] = entry.model_copy(update={"path": entry.path + "/"})
    return page


@toolset.read(Scope.CODE, default=True, example={"repository": "docs", "path": "/README.md", "version": "main"})
async def read_repository_file(
    client: AzureDevOps,
    *,
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
    if last_line is not None and last_line < first_line:
        raise InvalidRequest(f"last_line {last_line} lies before first_line {first_line}.", subject="arguments")
    where = await place_of(client, project, repository)
    at = version_query(version, version_type)
    async with known_repository(client, where, path, at), _content(client, where, path, at) as chunks:
        lines = await read_range(chunks, first_line, last_line, _MAX_TEXT)
    kept = [] if lines.lfs else lines.kept
    text = "\n".join(line for _, line in kept)
    return FileText(
        repository=repository,
        path=path,
        version=version,
        notes=_notes(lines, text, first_line),
        first_line=kept[0][0] if kept else 0,
        total_lines=lines.count if lines.whole else None,
        text=text,
    )


def _notes(lines: SeenLines, text: str, first_line: int) -> list[str]:
    """What a reader of the lines must know that the lines do not say."""
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


def version_query(version: str | None, version_type: VersionType = "branch") -> dict[str, QueryValue]:
    """The version as the service takes it; `refs/heads/x`, `refs/tags/x` and a whole commit id say their type.

    Raises:
        InvalidRequest: Type and version contradict each other.
    """
    if version is None:
        if version_type != "branch":
            raise InvalidRequest(f"version_type {version_type!r} needs a version.", subject="version")
        return {}
    kind: str = version_type
    for prefix, meant in (("refs/heads/", "branch"), ("refs/tags/", "tag")):
        if version.startswith(prefix):
            version, kind = version.removeprefix(prefix), meant
    if kind == "branch" and _OBJECT_ID.fullmatch(version):
        kind = "commit"
    if kind == "commit" and not _OBJECT_ID.fullmatch(version):
        raise InvalidRequest(
            f"{version!r} is not a commit id, which has 40 hexadecimal digits. For a branch or tag, set version_type.",
            subject="version",
        )
    return {"versionDescriptor.version": version, "versionDescriptor.versionType": kind}


async def place_of(client: AzureDevOps, project: str | None, repository: str) -> PathValues:
    """Where a repository is; an id needs no project, a name does."""
    if project is None and GUID.fullmatch(repository):
        return {"project": None, "repository": repository}
    return {"project": await client.required_project(project), "repository": repository}


@asynccontextmanager
async def _content(
    client: AzureDevOps, where: PathValues, path: str, at: dict[str, QueryValue]
) -> AsyncIterator[AsyncIterator[bytes]]:
    query: dict[str, QueryValue] = {
        "path": "/" + path.lstrip("/"),
        "$format": "octetStream",
        "download": True,
        **at,
    }
    async with client.stream(
        f"{REPOSITORY}/items", path=where, query=query, accept="application/octet-stream"
    ) as response:
        if response.headers.get("content-type", "").startswith(("application/zip", "application/json")):
            raise InvalidRequest(
                f"{path!r} is a folder. Use list_repository_files to see what is in it.", subject="path"
            )
        yield response.aiter_bytes()


async def file_content(client: AzureDevOps, where: PathValues, path: str, commit: str, most: int) -> FileContent | None:
    """A text file at a commit, at most `most` bytes of it; None when it is no text."""
    pieces: list[bytes] = []
    size = 0
    async with _content(client, where, path, version_query(commit, "commit")) as chunks:
        async for chunk in chunks:
            if not pieces and detect_encoding(chunk) is None:
                return None
            pieces.append(chunk[: most - size])
            size += len(chunk)
            if size > most:
                break
    content = b"".join(pieces)
    return FileContent(content.decode(detect_encoding(content) or "utf-8", "replace"), size <= most)


# -- what is missing, when something is not found ------------------------------------------------------------------


@asynccontextmanager
async def known_repository(
    client: AzureDevOps, where: PathValues, path: str = "/", at: Mapping[str, QueryValue] | None = None
) -> AsyncIterator[None]:
    """Says what there is instead when the repository, the version or the path is not found."""
    try:
        yield
    except NotFound as error:
        if "TF401019" in error.message:
            raise await unknown_repository(client, where) from error
        if "TF401175" in error.message and at:
            raise await _unknown_version(client, where, at) from error
        if "TF401174" in error.message:
            raise await _unknown_path(client, where, path, at or {}) from error
        if "VS403403" in error.message:
            message = f"Repository {where['repository']!r} is empty: it has no branches yet."
            raise NotFound(message, subject=str(where["repository"])) from error
        raise


async def unknown_repository(client: AzureDevOps, where: PathValues) -> NotFound:
    """The error for a repository that is not there, with the names that are."""
    project, wanted = where["project"], str(where["repository"])
    response = await client.get("/{project}/_apis/git/repositories", path={"project": project})
    names = sorted(row.name for row in decode(response, Collection[Named]).value)
    place = f"in project {project!r}" if project else "with this id"
    return NotFound(
        f"There is no repository {wanted!r} {place}, or this token's owner may not see it.{_near(wanted, names)} "
        f"Repositories there: {', '.join(names[:30]) or 'none'}.",
        subject=wanted,
    )


async def _unknown_version(client: AzureDevOps, where: PathValues, at: Mapping[str, QueryValue]) -> NotFound:
    wanted, kind = str(at["versionDescriptor.version"]), str(at["versionDescriptor.versionType"])
    happened = f"Repository {where['repository']!r} has no {kind} {wanted!r}."
    if kind == "commit":
        return NotFound(f"{happened} Check the id; it may belong to another repository.", subject=wanted)
    response = await client.get(f"{REPOSITORY}/refs", path=where, query={"$top": 1000})
    refs = [row.name for row in decode(response, Collection[Named]).value]
    folder, other = ("refs/heads/", "tag") if kind == "branch" else ("refs/tags/", "branch")
    if f"refs/{'tags' if other == 'tag' else 'heads'}/{wanted}" in refs:
        return NotFound(f"{happened} It is a {other}: repeat with version_type={other!r}.", subject=wanted)
    names = [name.removeprefix(folder) for name in refs if name.startswith(folder)]
    return NotFound(f"{happened}{_near(wanted, names)} Branches are listed by list_branches.", subject=wanted)


async def _unknown_path(client: AzureDevOps, where: PathValues, path: str, at: Mapping[str, QueryValue]) -> NotFound:
    wanted = "/" + path.strip("/")
    folder = wanted.rsplit("/", 1)[0] or "/"
    version = at.get("versionDescriptor.version", "the default branch")
    happened = f"There is no {wanted!r} in repository {where['repository']!r} at {version}."
    query: dict[str, QueryValue] = {"scopePath": folder, "recursionLevel": "oneLevel", **at}
    try:
        response = await client.get(f"{REPOSITORY}/items", path=where, query=query)
    except NotFound:
        return NotFound(
            f"{happened} Its folder {folder!r} is not there either: use list_repository_files.", subject=wanted
        )
    names = [row.path for row in decode(response, Collection[Entry]).value]
    return NotFound(
        f"{happened}{_near(wanted, names)} list_repository_files shows what is in {folder!r}.", subject=wanted
    )


def _near(wanted: str, names: list[str]) -> str:
    """A suggestion where a name comes close, whatever the case."""
    by_lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(wanted.lower(), by_lower, n=1)
    return f" Did you mean {by_lower[near[0]]!r}?" if near else ""


def _depth(path: str, base: str) -> int:
    """How many levels a path lies below another; 0 for itself."""
    inner = path.removeprefix(base).strip("/")
    return inner.count("/") + 1 if inner else 0
