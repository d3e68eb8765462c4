"""The artifacts of a build, and the text files in them."""

import difflib
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Annotated

import httpx
from pydantic import AliasPath, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project
from langchain_azure_devops.calls.paging import page_rows
from langchain_azure_devops.errors import InvalidRequest, NotFound, ProxyPage, SignInRequired
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Lines, Page, Result, Untrusted
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.lines import MAX_LINE, ScannedLines, read_range
from langchain_azure_devops.text.untrusted import find_hidden
from langchain_azure_devops.tools.tests_and_artifacts.toolset import toolset
from langchain_azure_devops.tools.tests_and_artifacts.zip_ranges import ZipRanges, open_archive
from langchain_azure_devops.tools.tests_and_artifacts.zip_stream import Entry, ZipStream

_ARTIFACTS = "/{project}/_apis/build/builds/{build}/artifacts"
_PAGE = "{project}/_build/results?buildId={build}&view=artifacts"
_MAX_TEXT = 120_000
_MOST_NAMES, _MOST_KNOWN = 200, 5_000
_REDIRECTS = frozenset({"301", "302", "303", "307", "308"})


class Artifact(Result):
    """Files that a build published under a name."""

    singular, plural = "artifact", "artifacts"
    written_by = "builds"
    web_list = "{project}/_build/results?buildId={build}&view=artifacts"

    id: int
    name: Untrusted
    type: str | None = Field(default=None, validation_alias=AliasPath("resource", "type"))
    bytes: int | None = Field(default=None, validation_alias=AliasPath("resource", "properties", "artifactsize"))


class ArtifactFile(Lines):
    """Lines of a text file of an artifact; without a path, the sizes and names of its files."""

    written_by = "builds"
    web = _PAGE
    caption = "{path} in artifact {artifact} of build {build}"

    build: int
    artifact: Untrusted
    path: Untrusted | None = None
    notes: list[str] = Field(default=[])


@toolset.read(Scope.BUILD, example={"build": 19})
async def list_artifacts(
    client: AzureDevOps, *, build: int, limit: Limit = 100, cursor: Cursor = None, project: Project = None
) -> Page[Artifact]:
    """List the artifacts that a build published; read_artifact_file reads their files.

    Source: `GET .../builds/{id}/artifacts`.
    """
    where: PathValues = {"project": await client.required_project(project), "build": build}
    return await page_rows(Artifact, await _read_artifacts(client, where), limit, cursor)


@toolset.read(
    Scope.BUILD,
    example={"build": 19, "artifact": "test-results", "path": "test-results.xml"},
    more_examples=({"build": 19, "artifact": "test-results"},),
)
async def read_artifact_file(
    client: AzureDevOps,
    *,
    build: int,
    artifact: str,
    path: Annotated[str | None, Field(description="Without it: names of the files")] = None,
    first_line: Annotated[int, Field(ge=1)] = 1,
    last_line: Annotated[int | None, Field(ge=1)] = None,
    project: Project = None,
) -> ArtifactFile:
    """Read a text file of an artifact, or some of its lines.

    An artifact whose content lies on another host is a named gap.

    Source: `GET .../builds/{id}/artifacts?artifactName=&$format=zip`, by ranges where the service sends them.
    """
    if last_line is not None and last_line < first_line:
        raise InvalidRequest(f"last_line {last_line} lies before first_line {first_line}.", subject="last_line")
    where: PathValues = {"project": await client.required_project(project), "build": build}
    await _check_artifact(client, where, artifact)
    shown = ArtifactFile(build=build, artifact=artifact, path=path, first_line=0, total_lines=None, text="")
    query = {"artifactName": artifact, "$format": "zip"}

    def fetch(headers: Mapping[str, str]) -> AbstractAsyncContextManager[httpx.Response]:
        return client.stream(_ARTIFACTS, path=where, query=query, accept="application/zip", headers=headers)

    try:
        async with open_archive(fetch) as archive:
            if path is None:
                return await _list_files(client, archive, shown)
            return await _read_file(client, archive, shown, path, first_line, last_line)
    except (SignInRequired, ProxyPage) as error:
        if error.subject not in _REDIRECTS:
            raise
        # The artifact was just listed with the same token, so the redirect is none to a sign-in.
        gap = (
            "Its content lies on another host than those of the organization, where this client sends nothing. "
            "A person can download it on the page of the build."
        )
        return shown.model_copy(update={"notes": [gap], "partial": True})


async def _read_artifacts(client: AzureDevOps, where: PathValues) -> list[Artifact]:
    return decode(await client.get(_ARTIFACTS, path=where), Collection[Artifact]).value


async def _check_artifact(client: AzureDevOps, where: PathValues, name: str) -> None:
    """Refuse the name of an artifact that the build does not have.

    Raises:
        NotFound: The message names those that it has.
    """
    names = [each.name for each in await _read_artifacts(client, where)]
    if client.secrets.reveal(name).lower() not in {each.lower() for each in names}:
        raise NotFound(
            f"Build {where['build']} has no artifact {name!r}. It has: {', '.join(names[:30]) or 'none'}.",
            subject=as_subject(name),
        )


async def _list_files(client: AzureDevOps, archive: ZipStream | ZipRanges, shown: ArtifactFile) -> ArtifactFile:
    lines: list[str] = []
    count = 0
    last: Entry | None = None
    async for entry in archive.entries():
        _note_size(lines, last, archive)
        count += 1
        last = entry
        if count <= _MOST_NAMES:
            lines.append(_line_of(client, entry, entry.size))
    _note_size(lines, last, archive)
    notes = [f"{count - _MOST_NAMES} more files are not named."] if count > _MOST_NAMES else []
    return shown.model_copy(
        update={
            "first_line": 1 if lines else 0,
            "total_lines": len(lines) if not notes else None,
            "text": "\n".join(lines),
            "notes": ["Bytes and paths of the files:", *notes] if lines else ["The artifact is empty."],
            "partial": bool(notes),
        }
    )


def _line_of(client: AzureDevOps, entry: Entry, size: int | None) -> str:
    name = client.secrets.redact(" ".join(entry.name.split()))
    return f"{'?' if size is None else size} {name}{f' ({entry.unreadable})' if entry.unreadable else ''}"


def _note_size(lines: list[str], entry: Entry | None, archive: ZipStream | ZipRanges) -> None:
    """Add the size of a file that only its end told."""
    if entry is not None and entry.size is None and lines and lines[-1].startswith("? "):
        lines[-1] = f"{archive.size_of_last} {lines[-1].removeprefix('? ')}"


async def _read_file(
    client: AzureDevOps, archive: ZipStream | ZipRanges, shown: ArtifactFile, path: str, first: int, last: int | None
) -> ArtifactFile:
    # The archive has the names themselves, and the arguments may have pseudonyms of secrets in them.
    wanted, folder = client.secrets.reveal(path), client.secrets.reveal(shown.artifact)
    names: list[str] = []
    async for entry in archive.entries():
        if not _is_named(entry.name, wanted, folder):
            names += [entry.name] if len(names) < _MOST_KNOWN else []
            continue
        if entry.unreadable:
            return shown.model_copy(update={"notes": [f"The file {entry.unreadable}."], "partial": True})
        lines = await read_range(archive.content(), first, last, _MAX_TEXT, client.secrets)
        kept = lines.kept
        text = client.secrets.remember_clear("\n".join(line for _, line in kept))
        return shown.model_copy(
            update={
                "first_line": kept[0][0] if kept else 0,
                "total_lines": lines.count if lines.whole else None,
                "text": text,
                "notes": _make_notes(lines, text, first),
                "partial": not lines.whole or any(len(line) >= MAX_LINE for _, line in kept),
            }
        )
    plain = [_plain(name, folder) for name in names]
    near = difflib.get_close_matches(_plain(wanted, folder), plain, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise NotFound(
        f"Artifact {shown.artifact!r} has no file {path!r}.{hint} Its first files: {', '.join(plain[:20]) or 'none'}.",
        subject=as_subject(path),
    )


def _is_named(name: str, path: str, artifact: str) -> bool:
    return name == path or _plain(name, artifact) == _plain(path, artifact)


def _plain(name: str, artifact: str) -> str:
    """Return a path without the folder of the artifact's name, in which the service puts all files."""
    return name.replace("\\", "/").lstrip("/").removeprefix(f"{artifact}/")


def _make_notes(lines: ScannedLines, text: str, first: int) -> list[str]:
    if lines.binary:
        return ["This is a binary file; its content is not shown."]
    notes = []
    if not lines.kept and lines.count:
        notes.append(f"There is no line {first}: the file ends with line {lines.count}.")
    if not lines.whole:
        notes.append(f"Only the first {lines.size / 2**20:.0f} MB were looked at; there are more lines.")
    if any(len(line) >= MAX_LINE for _, line in lines.kept):
        notes.append(f"Lines are cut at {MAX_LINE:,} characters.")
    if names := find_hidden(text):
        notes.append(f"Hidden characters were left out: {', '.join(names)}.")
    return notes
