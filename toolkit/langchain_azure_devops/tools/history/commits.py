"""Lists of commits, with a search in their messages, which the service lacks."""

from datetime import datetime
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
from langchain_azure_devops.text.readings import read
from langchain_azure_devops.tools.git import (
    REPOSITORY,
    Version,
    VersionType,
    commit_criteria,
    is_at_commit,
    known_repository,
    place_of,
    version_query,
)
from langchain_azure_devops.tools.history.models import Commit, Message
from langchain_azure_devops.tools.history.toolset import toolset

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
    version_type: VersionType = "branch",
    since: Annotated[str | None, Field(description="Leave out what this branch, refs/tags/x or commit has")] = None,
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
    if from_date and to_date and to_date < from_date:
        raise InvalidRequest("to_date lies before from_date, so no commit fits.", subject="arguments")
    where = await place_of(client, project, repository)
    at, without = version_query(version, version_type), version_query(since)
    base = None if path is None or not path.strip("/") else "/" + path.strip("/")
    query: dict[str, QueryValue] = {
        "searchCriteria.itemPath": base,
        "searchCriteria.author": author,
        "searchCriteria.fromDate": format_time(from_date) if from_date else None,
        "searchCriteria.toDate": format_time(to_date) if to_date else None,
        **commit_criteria("itemVersion", at),
        **commit_criteria("compareVersion", without),
    }
    looked: list[Commit] = []
    unread: list[Failed] = []

    async def fetch(position: Position, wanted: int) -> Batch[Commit]:
        size = min(wanted, _MOST_AT_ONCE) if message is None else _READ_AT_ONCE
        rows = await _read_commits(client, where, {**query, "searchCriteria.$skip": position.skip or None}, size)
        after = Position(skip=position.skip + len(rows)) if len(rows) >= size else None
        if message is not None:
            looked.extend(rows)
            rows, failures = await _with_message(client, where, rows, message)
            unread.extend(failures)
        return Batch(rows, after)

    async with known_repository(client, where, base or "/", at, without):
        page = await collect(Commit, fetch, limit, cursor, _MOST_READS)
        if base is not None and not page.items and cursor is None:
            # The service has an empty answer for a path that never was.
            of_path = {"searchCriteria.itemPath": base, **commit_criteria("itemVersion", at)}
            if not await _read_commits(client, where, of_path, 1):
                await client.get(f"{REPOSITORY}/items", path=where, query={"path": base, **at})
    page.failed.extend(unread)
    page.partial = bool(unread)
    page.final = is_at_commit(at) and (since is None or is_at_commit(without))
    if message is not None and page.cursor and len(page.items) < limit:
        oldest = looked[-1].committed or looked[-1].authored
        page.notes.append(
            f"{len(looked)} commits were looked through, back to {oldest:%Y-%m-%d}. The cursor goes on with older ones."
        )
    return page


async def _read_commits(
    client: AzureDevOps, where: PathValues, query: dict[str, QueryValue], most: int
) -> list[Commit]:
    response = await client.get(f"{REPOSITORY}/commits", path=where, query={**query, "searchCriteria.$top": most})
    return decode(response, Collection[Commit]).value


async def _with_message(
    client: AzureDevOps, where: PathValues, commits: list[Commit], message: str
) -> tuple[list[Commit], list[Failed]]:
    """Return the commits whose messages hold a text, and those whose message could not be read.

    The messages are compared as they are shown, without secrets: a search must not tell whether it hit a part of one.
    """
    wanted = read(client.secrets.replace_known(message)).text.lower()

    def holds(text: str) -> bool:
        return wanted in read(client.secrets.redact(text)).text.lower()

    async def read_message(commit: str) -> str:
        response = await client.get(f"{REPOSITORY}/commits/{{commit}}", path={**where, "commit": commit})
        return decode(response, Message).comment

    found = {commit.commit for commit in commits if holds(commit.message)}
    cut = [commit.commit for commit in commits if commit.message_cut and commit.commit not in found]
    answers = await fan_out(cut, read_message)
    whole = {commit: text for commit, text in answers.done.items() if holds(text)}
    kept = [commit for commit in commits if commit.commit in found or commit.commit in whole]
    return [_add_message(commit, whole.get(commit.commit)) for commit in kept], answers.failures


def _add_message(commit: Commit, whole: str | None) -> Commit:
    return commit if whole is None else commit.model_copy(update={"message": whole, "message_cut": False})
