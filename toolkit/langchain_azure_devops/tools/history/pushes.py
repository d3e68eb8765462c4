"""Pushes: who moved which branch or tag from where to where, and when."""

from datetime import datetime

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project, Repository
from langchain_azure_devops.calls.paging import Batch, collect
from langchain_azure_devops.errors import InvalidRequest, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import QueryValue, format_time
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.results.models import Branch, Instant, Page, Position, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.git import (
    REPOSITORY,
    commit_criteria,
    known_repository,
    named_ref,
    place_of,
    version_query,
)
from langchain_azure_devops.tools.history.toolset import toolset
from langchain_azure_devops.tools.pull_requests.people import Person, find_person_id, is_person

_NOTHING = "0" * 40
_MOST_AT_ONCE = 500
_MOST_READS = 5
_MOST_NAMED = 20


class PushedRef(Result):
    """A branch or tag that a push created, moved or deleted.

    Attributes:
        old_commit: Its commit before; None when it was created.
        new_commit: Its commit afterwards; None when it was deleted.
    """

    ref: Branch
    change: str
    old_commit: str | None
    new_commit: str | None


class Push(Result):
    """A push: who did what to which branches and tags."""

    singular, plural = "push", "pushes"
    author_fields = ("pushed_by",)
    identifying = ("push",)
    web = "{project}/_git/{repository}/pushes/{push}"
    web_list = "{project}/_git/{repository}/pushes"
    caption = "push {push}"

    push: int = Field(validation_alias="pushId")
    pushed: Instant = Field(validation_alias="date")
    pushed_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("pushedBy", "displayName"))
    pushed_by_id: str | None = Field(default=None, validation_alias=AliasPath("pushedBy", "id"), exclude=True)
    updates: list[PushedRef] = Field(default=[])


class _RefUpdate(BaseModel):
    name: str
    old: str = Field(validation_alias="oldObjectId")
    new: str = Field(validation_alias="newObjectId")


class _Push(Push):
    """A push as the service answers it."""

    person: Person | None = Field(default=None, validation_alias="pushedBy", exclude=True)
    refs: OrNone[_RefUpdate] = Field(default=[], validation_alias="refUpdates", exclude=True)


@toolset.read(Scope.CODE, example={"repository": "platform-api"})
async def list_pushes(
    client: AzureDevOps,
    *,
    repository: Repository,
    project: Project = None,
    branch: str | None = None,
    pusher: str | None = None,
    from_date: datetime | None = None,
    to_date: datetime | None = None,
    limit: Limit = 30,
    cursor: Cursor = None,
) -> Page[Push]:
    """List pushes, the newest first: who moved which branch or tag from which commit to which, and when.

    Source: `GET .../pushes?searchCriteria.includeRefUpdates=true`; a pusher who is named is looked for in 2,500 pushes.
    """
    if from_date and to_date and to_date < from_date:
        raise InvalidRequest("to_date lies before from_date, so no push fits.", subject="arguments")
    where = await place_of(client, project, repository)
    pusher_id = await find_person_id(client, pusher)
    query: dict[str, QueryValue] = {
        "searchCriteria.refName": named_ref(branch),
        "searchCriteria.pusherId": pusher_id,
        "searchCriteria.fromDate": format_time(from_date) if from_date else None,
        "searchCriteria.toDate": format_time(to_date) if to_date else None,
        "searchCriteria.includeRefUpdates": True,
    }
    named = None if pusher is None or pusher_id is not None else client.secrets.replace_known(pusher)
    looked: list[_Push] = []

    async def fetch(position: Position, wanted: int) -> Batch[Push]:
        size = _MOST_AT_ONCE if named else min(wanted, _MOST_AT_ONCE)
        paging = {"$top": size, "$skip": position.skip or None}
        rows = decode(
            await client.get(f"{REPOSITORY}/pushes", path=where, query={**query, **paging}), Collection[_Push]
        )
        looked.extend(rows.value)
        after = Position(skip=position.skip + len(rows.value)) if len(rows.value) >= size else None
        kept = [row for row in rows.value if named is None or (row.person and is_person(named, row.person))]
        return Batch([_make_push(row) for row in kept], after)

    async with known_repository(client, where):
        page = await collect(Push, fetch, limit, cursor, _MOST_READS)
    if branch and not looked and cursor is None:
        # The service has an empty answer for a branch that never was.
        at = version_query(branch)
        criteria = {**commit_criteria("itemVersion", at), "searchCriteria.$top": 1}
        async with known_repository(client, where, "/", at):
            await client.get(f"{REPOSITORY}/commits", path=where, query=criteria)
    if named is not None and not page.items and looked:
        names = {row.pushed_by for row in looked if row.pushed_by}
        more = f" and {len(names) - _MOST_NAMED} others" if len(names) > _MOST_NAMED else ""
        page.notes.append(
            f"None of the {len(looked):,} pushes that were looked through is by {named!r}. They are by: "
            f"{', '.join(sorted(names)[:_MOST_NAMED])}{more}.{did_you_mean(named, names)}"
        )
    if named is not None and page.cursor and len(page.items) < limit:
        page.notes.append(
            f"{len(looked):,} pushes were looked through, back to {looked[-1].pushed:%Y-%m-%d}. The cursor goes on "
            "with older ones."
        )
    return page


def _make_push(row: _Push) -> Push:
    updates = [
        PushedRef(
            ref=each.name,
            change="created" if each.old == _NOTHING else "deleted" if each.new == _NOTHING else "moved",
            old_commit=None if each.old == _NOTHING else each.old,
            new_commit=None if each.new == _NOTHING else each.new,
        )
        for each in row.refs
    ]
    return Push(
        push=row.push, pushed=row.pushed, pushed_by=row.pushed_by, pushed_by_id=row.pushed_by_id, updates=updates
    )
