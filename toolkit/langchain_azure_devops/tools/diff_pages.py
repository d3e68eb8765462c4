"""Show what differs between two commits page by page: the changed files, their diffs, and a cursor for the rest."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import httpx
from pydantic import AliasChoices, BaseModel, Field

from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Rows, decode
from langchain_azure_devops.results.models import Position, decode_cursor, encode_cursor
from langchain_azure_devops.safety.grants import current_call
from langchain_azure_devops.tools.diffs import BEGINNING, ChangedPath, Start, diff_files, list_changed_files
from langchain_azure_devops.tools.git import REPOSITORY, commit_query, known_repository

Row = TypeVar("Row", bound=ChangedPath)

OnlyPath = Annotated[str | None, Field(description="Only this file or folder")]

_LISTED = 100
"""The most files that one call lists."""
_MOST_CHARACTERS = 15_000
"""The most characters of the diffs of one call, so that they fit beside the files and a long message."""
_LEAST_CHARACTERS = 5_000
_AT_ONCE, _SURELY, _MOST_ROWS = 1_000, 100, 10_000
"""How many changes one request asks for, how many the service surely gives, and how many are read in all."""


class Place(NamedTuple):
    """Where a call begins.

    Attributes:
        pinned: What the first call compared, such as two commits, so that its pages fit together; empty for that one.
        start: The first file, and the first hunk in it.
    """

    pinned: tuple[str, ...] = ()
    start: Start = BEGINNING


class Changes(NamedTuple):
    """The changed files of a comparison.

    Attributes:
        files: The files, without folders.
        total: How many there are, also if only those at one path are kept.
        whole: Whether the service named all of them.
        answer: Its first answer, which may say more about the comparison.
    """

    files: Sequence[ChangedPath]
    total: int
    whole: bool
    answer: httpx.Response


class _Answer(BaseModel, Generic[Row]):
    """Some of the changes of a commit, of two versions, or of two iterations of a pull request."""

    changes: Rows[Row] = Field(validation_alias=AliasChoices("changes", "changeEntries"))
    whole: bool = Field(default=False, validation_alias="allChangesIncluded")
    following: int | None = Field(default=None, validation_alias="nextSkip")


def read_place(cursor: str | None) -> Place:
    """Return where a call begins; without a cursor at the beginning.

    Raises:
        InvalidRequest: It is no cursor of this call.
    """
    position = decode_cursor(cursor, _digest())
    pinned = tuple(position.token.split(" ")) if position.token else ()
    return Place(pinned, Start(position.skip, position.offset))


async def read_changes(
    client: AzureDevOps, kind: type[ChangedPath], template: str, where: PathValues, query: Mapping[str, QueryValue]
) -> Changes:
    """Read all changes of a commit or of a comparison.

    Args:
        client: The client that asks.
        kind: What a change becomes.
        template: The route.
        where: The placeholders of the route.
        query: Further parameters.
    """
    # The changes of a commit are the only list whose paging has names without a dollar sign.
    sign = "" if template.endswith("/commits/{commit}/changes") else "$"
    some = _Answer[kind]  # type: ignore[valid-type] # made at run time for this type of row
    rows: list[ChangedPath] = []
    answers: list[httpx.Response] = []
    whole = False
    while not whole and len(rows) < _MOST_ROWS:
        paging: dict[str, QueryValue] = {f"{sign}top": _AT_ONCE, f"{sign}skip": len(rows) or None}
        answers.append(await client.get(template, path=where, query={**query, **paging}))
        answer = decode(answers[-1], some)
        rows += answer.changes
        whole = answer.whole or answer.following == 0 or len(answer.changes) < _SURELY
    files = list_changed_files(rows)
    return Changes(files, len(files), whole, answers[0])


async def keep_path(
    client: AzureDevOps, where: PathValues, changes: Changes, path: str | None, *commits: str | None
) -> Changes:
    """Keep the changed files at a path, which is a file or a folder; without a path, all of them.

    Args:
        client: The client that asks.
        where: The project and the repository.
        changes: The changed files.
        path: The path.
        *commits: The compared commits, in one of which the path has to be.

    Raises:
        NotFound: It is in none of them; the message suggests near names.
    """
    wanted = "/" + client.secrets.reveal(path or "").strip("/")
    if wanted == "/":
        return changes
    kept = [
        file
        for file in changes.files
        if any(name == wanted or name.startswith(f"{wanted}/") for name in (file.path, file.old_path))
    ]
    if not kept:
        await _check_path(client, where, wanted, [commit for commit in commits if commit])
    return changes._replace(files=kept)


async def _check_path(client: AzureDevOps, where: PathValues, path: str, commits: Sequence[str]) -> None:
    unknown: list[NotFound] = []
    for commit in commits:
        at = commit_query(commit)
        try:
            async with known_repository(client, where, path, at):
                await client.get(f"{REPOSITORY}/items", path=where, query={"path": path, **at})
        except NotFound as error:
            unknown.append(error)
        else:
            return
    if unknown:
        raise unknown[0]


async def show_changes(
    client: AzureDevOps,
    where: PathValues,
    changes: Changes,
    base: str | None,
    tip: str,
    place: Place,
    *,
    beside: int = 0,
) -> dict[str, Any]:
    """Return the fields of a result with the changed files, their diffs, notes, and the cursor of the next page.

    Args:
        client: The client that asks.
        where: The project and the repository.
        changes: The changed files.
        base: The commit on the left side; None for the first commit, before which there is nothing.
        tip: The commit on the right side.
        place: Where this call begins, and what the next one compares.
        beside: How many characters the result has beside files and diffs.
    """
    most = max(_LEAST_CHARACTERS, _MOST_CHARACTERS - beside)
    files, start = changes.files, place.start
    diff = await diff_files(client, where, files, base, tip, start=start, most=most)
    end = start.file + diff.files
    first = start == BEGINNING
    listed = files[:_LISTED] if first else files[start.file : end]
    notes = diff.gaps
    if not changes.whole:
        notes.append(f"The service names more than {_MOST_ROWS:,} changes; only these were looked through.")
    if len(files) < changes.total:
        notes.append(f"{len(files)} of {changes.total:,} changed files lie at this path.")
    if first and len(files) > len(listed):
        notes.append(f"The first {_LISTED} of {len(files):,} files are listed; the cursor lists the others.")
    if diff.after or not first:
        in_part = ", the last one in part" if diff.after and diff.after.hunk else ""
        notes.append(f"diff: files {start.file + 1:,} to {end:,} of {len(files):,}{in_part}.")
    position = Position(" ".join(place.pinned), *diff.after) if diff.after else None
    return {
        "changed_files": len(files),
        "files": [*listed],
        "diff": diff.text,
        "notes": notes,
        "unread": diff.failed,
        "partial": diff.partial or not changes.whole,
        "go_on": {"cursor": encode_cursor(position, _digest())} if position else None,
    }


def _digest() -> str:
    call = current_call.get()
    return call.digest if call else ""
