"""Search commits of many repositories: the service searches one at a time, and not in messages."""

from datetime import datetime
from typing import Annotated, NamedTuple

from pydantic import Field

from langchain_azure_devops.calls.declaration import AnyRepository, Cursor, Projects
from langchain_azure_devops.calls.fan_out import MOST, MOST_PLACES, fan_out, merge_lists
from langchain_azure_devops.calls.places import choose_project
from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, NotSignedIn, ScopeMissing
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.results.models import Failed, InProject, Page, Position, Untrusted, decode_cursor
from langchain_azure_devops.safety.grants import current_call
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.git import known_repository, place_of
from langchain_azure_devops.tools.history.commits import check_path, find_base, make_criteria, read_commits
from langchain_azure_devops.tools.history.messages import find_words, read_message, with_message
from langchain_azure_devops.tools.history.models import Commit
from langchain_azure_devops.tools.repositories.tools import read_repositories
from langchain_azure_devops.tools.search.toolset import toolset

_MOST_COMMITS = 500
"""How many commits of each repository are looked through for words; the service gives them in one answer."""
_MOST_MESSAGES = 200
"""How many messages are read as a whole in one call. A list has their first lines only."""
_NO_FILTER = "No message, author, path or date was given, so these are simply the newest commits."
_NOTHING = "Only default branches were searched: list_commits with version= looks into another one."


class FoundCommit(Commit):
    """A commit that a search found, with its repository."""

    repository: Untrusted | None = None
    project: InProject = None


class _Found(NamedTuple):
    """The commits of a repository that fit, and how far it was looked through."""

    fit: list[FoundCommit]
    cut: list[FoundCommit]
    """Those of which more than the first line has to be read to know."""
    oldest: datetime | None
    """Where the search ended, when there are older commits that were not looked at."""


@toolset.read(Scope.CODE, example={"author": "Becker"}, more_examples=({"message": "timeout", "project": "*"},))
async def search_commits(
    client: AzureDevOps,
    *,
    message: Annotated[str | None, Field(min_length=1, description="Words, in any case and order")] = None,
    author: str | None = None,
    path: str | None = None,
    from_date: datetime | None = None,
    to_date: datetime | None = None,
    repository: AnyRepository = None,
    project: Projects = None,
    limit: Annotated[int, Field(ge=1, le=200)] = 20,
    cursor: Cursor = None,
) -> Page[FoundCommit]:
    """Search the default branches of repositories for commits, the newest first.

    Source: `GET .../commits?searchCriteria.*` of each repository, and `GET .../commits/{id}` for messages that are cut.
    """
    base = find_base(path)
    criteria = make_criteria(base, author, from_date, to_date)
    if message is not None and not message.strip():
        raise InvalidRequest("message is blank: give words of it, or leave it out.", subject="message")
    places = await _find_places(client, project, repository)
    reach = _reach(cursor, limit)
    holds = None if message is None else find_words(client, message)

    async def search(place: str) -> _Found:
        where, names = places[place]
        async with known_repository(client, where, base or "/"):
            rows = await read_commits(client, where, criteria, _MOST_COMMITS if holds else reach)
            if repository is not None and base is not None and not rows:
                await check_path(client, where, base, {})
        found = _Found([], [], None)
        for row in rows:
            if len(found.fit) >= reach:
                # The rest is older than all that this page can show.
                return found
            if (fits := holds is None or holds(row.message)) or row.message_cut:
                (found.fit if fits else found.cut).append(FoundCommit.model_validate({**dict(row), **names}))
        return found._replace(oldest=_moment(rows[-1])) if holds and len(rows) >= _MOST_COMMITS else found

    found, failed = await fan_out(list(places)[:MOST_PLACES], search)
    notes: list[str] = []
    unread: list[Failed] = []
    if holds is not None:
        whole, unread, left = await _read_messages(client, places, found, reach)
        for commits in found.values():
            more = [with_message(c, text) for c in commits.cut if (text := whole.get(c.commit)) and holds(text)]
            commits.fit.extend(more)
        notes = _explain_bounds(found, left)

    async def take(place: str, most: int) -> Page[FoundCommit]:
        if place in failed:
            raise failed[place]
        rows = sorted(found[place].fit, key=_newest, reverse=True)
        after = Position(offset=most) if len(rows) > most else None
        return Page[FoundCommit].of(rows[:most], Position(), after, "")

    page = await merge_lists(FoundCommit, list(places), take, limit, cursor, _newest)
    page.notes.extend(notes)
    page.failed.extend(unread)
    page.partial = page.partial or bool(notes or unread)
    if cursor is None:
        page.notes.extend(_explain_start(page, filtered=message is not None or any(criteria.values())))
    return page


async def _find_places(
    client: AzureDevOps, project: str | None, repository: str | None
) -> dict[str, tuple[PathValues, dict[str, str]]]:
    """Return the repositories to search: where each is, and how its rows name it."""
    if repository is not None:
        return {repository: (await place_of(client, project, repository), {"repository": repository})}
    several = choose_project(client, project) is None
    return {
        place: (
            {"project": None, "repository": row.id},
            {"repository": row.name, **({"project": row.project} if several else {})},
        )
        for place, row in (await read_repositories(client, project)).items()
        # One without a default branch is empty.
        if row.default_branch
    }


def _reach(cursor: str | None, limit: int) -> int:
    """Return how many rows this page and those before it show."""
    call = current_call.get()
    return min(decode_cursor(cursor, call.digest if call else "").offset + limit, MOST) + 1


def _moment(commit: Commit) -> datetime:
    return commit.committed or commit.authored


def _newest(commit: Commit) -> tuple[datetime, int]:
    return _moment(commit), 0


async def _read_messages(
    client: AzureDevOps,
    places: dict[str, tuple[PathValues, dict[str, str]]],
    found: dict[str, _Found],
    reach: int,
) -> tuple[dict[str, str], list[Failed], int]:
    """Read the whole messages that may bring a row, the newest first, and say how many were not read.

    Returns:
        The messages by commit, what could not be read, and how many messages are beyond the bound.
    """
    enough = sorted((_moment(commit) for commits in found.values() for commit in commits.fit), reverse=True)[:reach]
    since = enough[-1] if len(enough) == reach else None
    where = {commit.commit: places[place][0] for place, commits in found.items() for commit in commits.cut}
    cut = sorted((commit for commits in found.values() for commit in commits.cut), key=_newest, reverse=True)
    wanted = [commit.commit for commit in cut if since is None or _moment(commit) >= since]
    asked = wanted[:_MOST_MESSAGES]
    try:
        read, failed = await fan_out(asked, lambda commit: read_message(client, where[commit], commit))
    except (NotSignedIn, ScopeMissing):
        raise
    except AzureDevOpsError as error:
        read, failed = {}, dict.fromkeys(asked, error)
    unread = []
    if failed:
        first, why = next(iter(failed.items()))
        place = f"message of commit {first[:8]}" + (f" and of {len(failed) - 1} more" if len(failed) > 1 else "")
        unread.append(Failed(place=place, status=why.status, reason=why.message))
    return read, unread, max(len(set(wanted)) - _MOST_MESSAGES, 0)


def _explain_start(page: Page[FoundCommit], *, filtered: bool) -> list[str]:
    """Return a note for a first page that is empty, or that somebody may take for the result of a search."""
    if not page.items:
        return [_NOTHING]
    return [] if filtered else [_NO_FILTER]


def _explain_bounds(found: dict[str, _Found], left: int) -> list[str]:
    """Return notes about what was not looked through, and how to narrow the search."""
    notes = []
    ended = {place: commits.oldest for place, commits in found.items() if commits.oldest is not None}
    if ended:
        place, oldest = next(iter(ended.items()))
        notes.append(
            f"Only the newest {_MOST_COMMITS} commits were looked through in {len(ended)} "
            f"{'repository' if len(ended) == 1 else 'repositories'}, in {place} back to {oldest:%Y-%m-%d}: narrow the "
            "search by dates, author or path, or search one repository with list_commits, whose cursor goes on."
        )
    if left:
        notes.append(
            f"Of {left} older commits only the first line of the message was looked at: narrow the search by dates, "
            "author, path or repository."
        )
    return notes
