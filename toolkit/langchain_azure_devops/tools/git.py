"""Git repositories: locate them, read files at a version, and suggest names when one is not found."""

import difflib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, NamedTuple

from pydantic import BaseModel, Field

from langchain_azure_devops.errors import InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, Named, decode
from langchain_azure_devops.results.models import EVERYWHERE
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.text.lines import detect_encoding

REPOSITORY = "/{project}/_apis/git/repositories/{repository}"
_OBJECT_ID = re.compile(r"[0-9a-fA-F]{40}")
_SHORT_ID = re.compile(r"[0-9a-fA-F]{4,39}")
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FOLDERS = {"branch": "refs/heads/", "tag": "refs/tags/"}
BRANCH_OR_TAG = "branch or tag"
"""The type of a version that was tried as both, for `known_repository`."""
Version = Annotated[str | None, Field(description="Default: the default branch")]


class _Item(BaseModel):
    path: str


class FileContent(NamedTuple):
    """The text of a file with its line ends unchanged, without its last line unless that is the whole file."""

    text: str
    whole: bool


def version_query(version: str | None) -> dict[str, QueryValue]:
    """Return a version as the service takes it: a branch, unless it is `refs/tags/x` or the id of a commit.

    `refs/heads/x` is the branch also where its name has the form of an id.
    """
    if version is None:
        return {}
    for prefix, kind in (("refs/heads/", "branch"), ("refs/tags/", "tag")):
        if version.startswith(prefix):
            return _versioned(version.removeprefix(prefix), kind)
    return _versioned(version, "commit" if is_commit_id(version) else "branch")


def tag_query(tag: str) -> dict[str, QueryValue]:
    """Return the name of a tag as the service takes a version."""
    return _versioned(tag, "tag")


def commit_query(commit: str) -> dict[str, QueryValue]:
    """Return the id of a commit as the service takes a version."""
    return _versioned(commit, "commit")


def _versioned(name: str, kind: str) -> dict[str, QueryValue]:
    return {"versionDescriptor.version": name, "versionDescriptor.versionType": kind}


def is_commit_id(text: str) -> bool:
    """Return whether a text has the form of a commit id."""
    return _OBJECT_ID.fullmatch(text) is not None


def require_commit_id(commit: str) -> str:
    """Return a commit id in lower case.

    Raises:
        InvalidRequest: It is none, or a short one.
    """
    if not is_commit_id(commit):
        raise InvalidRequest(
            f"{commit!r} is no commit id, which has 40 hexadecimal digits. Give the whole id, as list_branches or "
            "list_commits shows it.",
            subject="commit",
        )
    return commit.lower()


def is_bare(version: str | None) -> bool:
    """Return whether a version is only a name, which can be that of a branch or of a tag."""
    return version is not None and not version.startswith("refs/") and not is_commit_id(version)


def commit_criteria(name: str, version: Mapping[str, QueryValue]) -> dict[str, QueryValue]:
    """Return a version as the search for commits takes it, as `itemVersion` or as `compareVersion`."""
    return {f"searchCriteria.{name}.{key.rpartition('.')[2]}": value for key, value in version.items()}


def is_at_commit(at: Mapping[str, QueryValue]) -> bool:
    """Return whether a version is a commit, whose files never change. Branches and tags move."""
    return at.get("versionDescriptor.versionType") == "commit"


WEB_LINES = "&line={line}&lineEnd={end}&lineStartColumn=1&lineEndColumn=1&lineStyle=plain"
"""What follows the web address of a file to show some of its lines."""


def web_version(at: Mapping[str, QueryValue]) -> str:
    """Return a version as the web pages of the service take it, such as `GBmain`."""
    kind = {"branch": "GB", "tag": "GT", "commit": "GC"}[str(at["versionDescriptor.versionType"])]
    return f"{kind}{at['versionDescriptor.version']}"


def branch_ref(branch: str | None) -> str | None:
    """Return the full name of a branch, as the service wants it."""
    if branch is None or branch.startswith("refs/"):
        return branch
    return f"refs/heads/{branch}"


def named_ref(branch: str | None) -> str | None:
    """Return the full name of a branch or tag that is given as a branch.

    Raises:
        InvalidRequest: It is the id of a commit.
    """
    if branch and is_commit_id(branch):
        raise InvalidRequest(f"{branch!r} is the id of a commit. Give the name of a branch.", subject="branch")
    return branch_ref(branch or None)


async def place_of(client: AzureDevOps, project: str | None, repository: str) -> PathValues:
    """Return the place of a repository in a route; an id needs no project, a name does."""
    if project in (None, EVERYWHERE) and GUID.fullmatch(repository):
        return {"project": None, "repository": repository}
    return {"project": await client.required_project(project), "repository": repository}


@asynccontextmanager
async def content(
    client: AzureDevOps, where: PathValues, path: str, at: dict[str, QueryValue]
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Stream the bytes of a file at a version.

    Raises:
        InvalidRequest: The path is a folder.
    """
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


async def read_text_file(
    client: AzureDevOps, where: PathValues, path: str, commit: str, most: int
) -> FileContent | None:
    """Read at most `most` bytes of a text file at a commit; None when the file is not text."""
    pieces: list[bytes] = []
    size = 0
    async with content(client, where, path, commit_query(commit)) as chunks:
        async for chunk in chunks:
            if not pieces and detect_encoding(chunk) is None:
                return None
            pieces.append(chunk[: most - size])
            size += len(chunk)
            if size > most:
                break
    whole = b"".join(pieces)
    text = whole.decode(detect_encoding(whole) or "utf-8", "replace")
    # The last line may hold a secret that is cut off, and half of one is not recognized.
    return FileContent(text if size <= most else text[: text.rfind("\n") + 1], size <= most)


@asynccontextmanager
async def known_repository(
    client: AzureDevOps, where: PathValues, path: str = "/", *versions: Mapping[str, QueryValue] | None
) -> AsyncIterator[None]:
    """Suggest existing names when the repository, a version or the path is not found.

    Args:
        client: Where to ask.
        where: The repository.
        path: What is asked of it.
        *versions: The versions that the requests name; the path belongs to the first of them.
    """
    asked = [version for version in versions if version]
    try:
        yield
    except NotFound as error:
        if not where.get("repository"):
            # The request was about a whole project.
            raise
        if "TF401019" in error.message:
            raise await unknown_repository(client, where) from error
        if "TF401175" in error.message and asked:
            raise await _unknown_version(client, where, _find_named(asked, error.message)) from error
        if "TF401174" in error.message:
            raise await _unknown_path(client, where, path, (versions[0] if versions else None) or {}) from error
        if "VS403403" in error.message:
            message = f"Repository {where['repository']!r} is empty: it has no branches yet."
            raise NotFound(message, subject=as_subject(where["repository"])) from error
        raise


async def unknown_repository(client: AzureDevOps, where: PathValues) -> NotFound:
    """Return the error for an unknown repository, with the names of the known ones."""
    project, wanted = where["project"], str(where["repository"])
    response = await client.get("/{project}/_apis/git/repositories", path={"project": project})
    names = sorted(row.name for row in decode(response, Collection[Named]).value)
    place = f"in project {project!r}" if project else "with this id"
    return NotFound(
        f"There is no repository {wanted!r} {place}, or this token's owner may not see it.{_near(wanted, names)} "
        f"Repositories there: {', '.join(names[:30]) or 'none'}.",
        subject=as_subject(wanted),
    )


def _find_named(versions: list[Mapping[str, QueryValue]], message: str) -> Mapping[str, QueryValue]:
    """Return the version that an error of the service names; the last one where it names none."""
    return next((version for version in versions if names_version(message, version)), versions[-1])


def names_version(message: str, version: Mapping[str, QueryValue]) -> bool:
    """Return whether an error of the service is about this version."""
    return f" {version['versionDescriptor.version']} " in message


async def _unknown_version(client: AzureDevOps, where: PathValues, at: Mapping[str, QueryValue]) -> NotFound:
    wanted, kind = str(at["versionDescriptor.version"]), str(at["versionDescriptor.versionType"])
    happened = f"Repository {where['repository']!r} has no {kind} {wanted!r}."
    if kind == "commit":
        return NotFound(f"{happened} Check the id; it may belong to another repository.", subject=as_subject(wanted))
    response = await client.get(f"{REPOSITORY}/refs", path=where, query={"$top": 1000})
    refs = [row.name for row in decode(response, Collection[Named]).value]
    other = {"branch": "tag", "tag": "branch"}.get(kind)
    if other and (whole := f"{_FOLDERS[other]}{wanted}") in refs:
        return NotFound(f"{happened} It is a {other}: repeat with {whole!r}.", subject=as_subject(wanted))
    folders = [folder for name, folder in _FOLDERS.items() if name != other]
    names = [name.removeprefix(folder) for folder in folders for name in refs if name.startswith(folder)]
    short = " The id of a commit has to be whole, with 40 digits." if _SHORT_ID.fullmatch(wanted) else ""
    listed = "Tags are listed by list_tags." if kind == "tag" else "Branches are listed by list_branches."
    return NotFound(f"{happened}{_near(wanted, names)}{short} {listed}", subject=as_subject(wanted))


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
            f"{happened} Its folder {folder!r} is not there either: use list_repository_files.",
            subject=as_subject(wanted),
        )
    names = [row.path for row in decode(response, Collection[_Item]).value]
    return NotFound(
        f"{happened}{_near(wanted, names)} list_repository_files shows what is in {folder!r}.",
        subject=as_subject(wanted),
    )


def _near(wanted: str, names: list[str]) -> str:
    """Suggest a name that is close, regardless of case."""
    by_lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(wanted.lower(), by_lower, n=1)
    return f" Did you mean {by_lower[near[0]]!r}?" if near else ""
