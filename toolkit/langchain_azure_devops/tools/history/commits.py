"""Lists of commits, with a search in their messages, which the service lacks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated

from pydantic import Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project, Repository
from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.calls.paging import Batch, collect
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue, format_time
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Failed, Page, Position
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.git import (
    REPOSITORY,
    Version,
    commit_criteria,
    is_at_commit,
    place_of,
)
from langchain_azure_devops.tools.history.messages import find_words, read_message, with_message
from langchain_azure_devops.tools.history.models import Commit
from langchain_azure_devops.tools.history.toolset import toolset
from langchain_azure_devops.tools.versions import At, read_at

_MOST_AT_ONCE = 1_000
_READ_AT_ONCE = 100
_MOST_READS = 5
"""How often so many commits are looked through for a message in one call."""


@toolset.read(Scope.CODE, example={"repository": "platform-api"})
async def list_commits(
    client: AzureDevOps,
    *,
    repository: Repository,
    project: Project = None,
    path: str | None = None,
    version: Version = None,
    since: Annotated[str | None, Field(description="Only commits that this version does not have")] = None,
    author: str | None = None,
    from_date: datetime | None = None,
    to_date: datetime | None = None,
    message: Annotated[str | None, Field(min_length=1, description="Words in any case")] = None,
    limit: Limit = 30,
    cursor: Cursor = None,
) -> Page[Commit]:
    """List commits of a repository, file or folder, the newest first; a message is looked for in 500 commits a call.

    Source: `GET .../commits?searchCriteria.*`, and `GET .../commits/{id}` for messages that are cut in the list.
    """
    base = find_base(path)
    criteria = make_criteria(base, author, from_date, to_date)
    where = await place_of(client, project, repository)
    looked: list[Commit] = []
    unread: list[Failed] = []

    async def read(at: Sequence[At]) -> Page[Commit]:
        query = {**criteria, **commit_criteria("itemVersion", at[0]), **commit_criteria("compareVersion", at[1])}
        page = await collect(Commit, partial(fetch, query), limit, cursor, _MOST_READS)
        if base is not None and not page.items and cursor is None:
            await check_path(client, where, base, at[0])
        page.final = is_at_commit(at[0]) and (since is None or is_at_commit(at[1]))
        return page

    async def fetch(query: Mapping[str, QueryValue], position: Position, wanted: int) -> Batch[Commit]:
        size = min(wanted, _MOST_AT_ONCE) if message is None else _READ_AT_ONCE
        rows = await read_commits(client, where, {**query, "searchCriteria.$skip": position.skip or None}, size)
        after = Position(skip=position.skip + len(rows)) if len(rows) >= size else None
        if message is not None:
            looked.extend(rows)
            rows, failures = await _with_message(client, where, rows, message)
            unread.extend(failures)
        return Batch(rows, after)

    page = await read_at(client, where, [version, since], read, path=base or "/")
    page.failed.extend(unread)
    page.partial = bool(unread)
    if message is not None and page.cursor and len(page.items) < limit:
        oldest = looked[-1].committed or looked[-1].authored
        page.notes.append(
            f"{len(looked)} commits were looked through, back to {oldest:%Y-%m-%d}. The cursor goes on with older ones."
        )
    return page


def find_base(path: str | None) -> str | None:
    """Return a path as the service takes it; None for the whole repository."""
    return None if path is None or not path.strip("/") else "/" + path.strip("/")


def make_criteria(
    path: str | None, author: str | None, from_date: datetime | None, to_date: datetime | None
) -> dict[str, QueryValue]:
    """Return what commits have to meet, as the service takes it.

    Raises:
        InvalidRequest: The period ends before it begins.
    """
    if from_date and to_date and to_date < from_date:
        raise InvalidRequest("to_date lies before from_date, so no commit fits.", subject="arguments")
    return {
        "searchCriteria.itemPath": path,
        "searchCriteria.author": author,
        "searchCriteria.fromDate": format_time(from_date) if from_date else None,
        "searchCriteria.toDate": format_time(to_date) if to_date else None,
    }


async def check_path(client: AzureDevOps, where: PathValues, path: str, at: dict[str, QueryValue]) -> None:
    """Ask for a path without commits, as the service has an empty answer for one that never was.

    Raises:
        NotFound: The path is not there at this version, and it never was.
    """
    if not await read_commits(
        client, where, {"searchCriteria.itemPath": path, **commit_criteria("itemVersion", at)}, 1
    ):
        await client.get(f"{REPOSITORY}/items", path=where, query={"path": path, **at})


async def read_commits(client: AzureDevOps, where: PathValues, query: dict[str, QueryValue], most: int) -> list[Commit]:
    """Read the newest commits that meet the criteria of a query, at most so many."""
    response = await client.get(f"{REPOSITORY}/commits", path=where, query={**query, "searchCriteria.$top": most})
    return decode(response, Collection[Commit]).value


async def _with_message(
    client: AzureDevOps, where: PathValues, commits: list[Commit], message: str
) -> tuple[list[Commit], list[Failed]]:
    """Return the commits whose messages have some words, and those whose message could not be read."""
    holds = find_words(client, message)
    found = {commit.commit for commit in commits if holds(commit.message)}
    cut = [commit.commit for commit in commits if commit.message_cut and commit.commit not in found]
    answers = await fan_out(cut, lambda commit: read_message(client, where, commit))
    whole = {commit: text for commit, text in answers.done.items() if holds(text)}
    kept = [commit for commit in commits if commit.commit in found or commit.commit in whole]
    return [with_message(row, whole[row.commit]) if row.commit in whole else row for row in kept], answers.failures
