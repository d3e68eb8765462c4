"""Blame: who last changed each line of a file. The service has no such operation, so it is derived from versions."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from langchain_azure_devops.calls.declaration import Project, Repository
from langchain_azure_devops.errors import InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.results.models import CollectedText, Instant, PartialResult, Result, Untrusted
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.line_diff import MAX_SHOWN_LINE, NO_END, split_lines
from langchain_azure_devops.text.lines import BREAKS, LFS
from langchain_azure_devops.text.untrusted import find_hidden
from langchain_azure_devops.tools.git import (
    WEB_LINES,
    Version,
    content,
    is_at_commit,
    place_of,
    web_version,
)
from langchain_azure_devops.tools.history.attribution import Attribution, Origin
from langchain_azure_devops.tools.history.file_versions import (
    MAX_FILE,
    MOST_CHARACTERS,
    MOST_VERSIONS,
    FileVersion,
    FileVersions,
    Key,
)
from langchain_azure_devops.tools.history.models import Commit
from langchain_azure_devops.tools.history.toolset import toolset
from langchain_azure_devops.tools.versions import At, read_at

_MOST_SHOWN = 24_000
"""The most characters of lines and commits that one call shows."""
_ROW = 120
"""About how many characters of a row belong to something else than its author and message."""
_PROBLEMS = {
    "binary": "is a binary file, which has no lines. Use list_commits with this path to see who changed it.",
    "too large": (
        f"is larger than {MAX_FILE // 10**6} MB, and no larger files are compared. Use list_commits with this path to "
        "see who changed it."
    ),
}


class Run(Result):
    """Lines that follow each other and were last changed by the same commit.

    Attributes:
        or_older: Whether an older commit may have changed them last, because the search ended at this one.
    """

    singular, plural = "run of lines", "runs of lines"
    author_fields = ("author",)
    identifying = ("commit",)
    web = "{project}/_git/{repository}/commit/{commit}"

    first_line: int
    last_line: int
    commit: str
    or_older: bool = False
    authored: Instant
    author: Untrusted
    message: Untrusted


class Blame(PartialResult):
    """Lines of a file with the commits that changed them last."""

    singular, plural = "blame", "blames"
    numbered = True
    identifying = ("path",)
    web = "{project}/_git/{repository}?path={path}&version={at}"
    web_lines = WEB_LINES
    caption = "{path} in {repository}"

    repository: Untrusted
    path: Untrusted
    version: Untrusted | None
    at: str | None = Field(default=None, exclude=True)
    total_lines: int
    runs: list[Run] = Field(default=[])
    notes: list[str] = Field(default=[])
    text: CollectedText = ""


@toolset.read(Scope.CODE, example={"repository": "platform-api", "path": "/README.md"})
async def blame_file(
    client: AzureDevOps,
    *,
    repository: Repository,
    path: str,
    project: Project = None,
    version: Version = None,
    first_line: Annotated[int, Field(ge=1)] = 1,
    last_line: Annotated[int | None, Field(ge=1)] = None,
) -> Blame:
    """Show who last changed each line of a text file, in which commit and when; it reads up to 100 versions.

    Source: `GET .../commits?searchCriteria.itemPath=`, and for each version `GET .../commits/{id}` and
    `GET .../items?path=`. Where a file was moved, `GET .../commits/{id}/changes`; where a merge has it from another
    path, `GET .../diffs/commits`. A version has at most 1 MB, and all together have at most 10 million characters.
    """
    if last_line is not None and last_line < first_line:
        raise InvalidRequest(f"last_line {last_line} lies before first_line {first_line}.", subject="arguments")
    where = await place_of(client, project, repository)
    path = "/" + path.strip("/")
    versions = FileVersions(client, where)

    async def read(named: Sequence[At]) -> tuple[At, Key | None, FileVersion | None]:
        newest = await versions.find(path, named[0])
        file = None if newest is None else await versions.read(newest)
        if newest is None or (file is not None and file.is_gone):
            await _refuse_absent(client, where, path, named[0], newest and versions.commits[newest.commit])
        return named[0], newest, file

    at, newest, file = await read_at(client, where, [version], read, path=path)
    if newest is None or file is None:
        raise versions.failed[newest] if newest else NotFound(f"There is no {path!r}.", subject=as_subject(path))
    if file.problem:
        raise InvalidRequest(f"{path!r} {_PROBLEMS[file.problem]}", subject="path")
    lines = [_show(line) for line in split_lines(client.secrets.redact(file.text or ""))]
    end = _fit(lines, first_line - 1, len(lines) if last_line is None else min(last_line, len(lines)))
    attribution = Attribution(versions)
    origins = await attribution.find(newest, range(first_line - 1, end))
    runs = _make_runs(origins, versions.commits)
    end = runs[-1].last_line if runs else end
    wanted_end = len(lines) if last_line is None else min(last_line, len(lines))
    shown = lines[first_line - 1 : end]
    notes = [*_explain(attribution, versions, runs), *_describe(file, shown, first_line, end, wanted_end, len(lines))]
    return Blame(
        repository=repository,
        path=path,
        version=version,
        at=None if version is None else web_version(at),
        total_lines=len(lines),
        runs=runs,
        notes=notes,
        text="\n".join(f"{first_line + index}: {line}" for index, line in enumerate(shown)),
        partial=any(run.or_older for run in runs),
        go_on={"first_line": end + 1} if end < wanted_end else None,
        final=is_at_commit(at) and not attribution.errors,
    )


async def _refuse_absent(
    client: AzureDevOps, where: PathValues, path: str, at: dict[str, QueryValue], last: Commit | None
) -> None:
    """Raise the error for a path that is no file: a folder, a deleted file, or one that never was there."""
    try:
        async with content(client, where, path, at):
            pass
    except NotFound as error:
        if last is None or "TF401174" not in error.message:
            raise
        raise NotFound(
            f"{path!r} is not there any more: commit {last.commit} of {last.authored:%Y-%m-%d} deleted or moved it. "
            f"list_commits with this path shows its history, and version=<an earlier commit> its lines.",
            subject=as_subject(path),
        ) from error


def _show(line: str) -> str:
    """Return a line as it is shown: on one line, and not too long."""
    text = line.removesuffix(NO_END).rstrip("\r")
    text = text if text.isprintable() else text.translate(BREAKS)
    return text if len(text) <= MAX_SHOWN_LINE else f"{text[:MAX_SHOWN_LINE]}…"


def _fit(lines: list[str], start: int, end: int) -> int:
    """Return the end of the lines that fit into one answer, at least one."""
    room = _MOST_SHOWN
    for at in range(start, end):
        room -= len(lines[at]) + 6
        if room < 0 and at > start:
            return at
    return end


def _make_runs(origins: dict[int, Origin], commits: dict[str, Commit]) -> list[Run]:
    """Return the runs of lines, as many as fit into one answer."""
    runs: list[Run] = []
    room = _MOST_SHOWN
    last: Origin | None = None
    for place, origin in sorted(origins.items()):
        if origin == last:
            runs[-1] = runs[-1].model_copy(update={"last_line": place + 1})
            continue
        commit = commits[origin.commit]
        message = commit.message.strip().split("\n")[0]
        room -= _ROW + len(commit.author) + len(message)
        if room < 0 and runs:
            break
        last = origin
        runs.append(
            Run(
                first_line=place + 1,
                last_line=place + 1,
                commit=commit.commit,
                or_older=origin.older,
                authored=commit.authored,
                author=commit.author,
                message=message,
            )
        )
    return runs


def _explain(attribution: Attribution, versions: FileVersions, runs: list[Run]) -> list[str]:
    """Return notes about lines whose origin was not found."""
    if not any(run.or_older for run in runs):
        return []
    notes = ["Lines marked or_older were last changed by the named commit or by an older one."]
    if versions.at_bound:
        notes.append(
            f"The search ended after {versions.count} versions of the file; it ends after {MOST_VERSIONS} versions or "
            f"{MOST_CHARACTERS // 10**6} million characters. To go on, repeat with version=<the marked commit>."
        )
    if attribution.given_up:
        several = "s were" if attribution.given_up > 1 else " was"
        notes.append(f"{attribution.given_up} comparison{several} given up, as the versions differ too much.")
    notes += [f"A version could not be read: {error.headline}" for error in attribution.errors[:1]]
    return notes


def _describe(file: FileVersion, shown: list[str], first: int, end: int, wanted: int, total: int) -> list[str]:
    """Return notes about the lines that are shown."""
    notes = []
    if (file.text or "").startswith(LFS):
        notes.append("These are the lines of a Git LFS pointer; the file itself is stored outside the repository.")
    if not shown and total:
        notes.append(f"There is no line {first}: the file ends with line {total}.")
    if not total:
        notes.append("The file is empty.")
    if end < wanted:
        notes.append(f"Lines {first}-{end} are shown; go on with first_line={end + 1}.")
    if any(len(line) > MAX_SHOWN_LINE for line in shown):
        notes.append(f"Lines are cut at {MAX_SHOWN_LINE:,} characters.")
    if names := find_hidden("\n".join(shown)):
        notes.append(f"Hidden characters were left out: {', '.join(names)}.")
    return notes
