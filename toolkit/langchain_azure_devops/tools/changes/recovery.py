"""Find out whether a reference was created or deleted when the answer was lost: the repository's pushes tell it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.calls.recovery import Missing, PendingWrite, fetch_account, unknown_outcome
from langchain_azure_devops.calls.stored_values import is_stored_as
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.results.models import Instant, Result
from langchain_azure_devops.tools.changes.models import CreatedBranch, CreatedTag, DeletedBranch
from langchain_azure_devops.tools.changes.ref_updates import (
    NOTHING,
    RefUpdate,
    branch_name,
    describe_ref,
    tag_name,
)
from langchain_azure_devops.tools.git import REPOSITORY
from langchain_azure_devops.tools.versions import Commit, read_commit

_MOST_PUSHES = 100


class Push(BaseModel):
    """Who pushed, when, and what it moved."""

    id: int = Field(validation_alias="pushId")
    by_id: str | None = Field(default=None, validation_alias=AliasPath("pushedBy", "id"))
    by: str = Field(default="somebody", validation_alias=AliasPath("pushedBy", "displayName"))
    date: Instant
    updates: OrNone[RefUpdate] = Field(default=[], validation_alias="refUpdates")


class _Tag(BaseModel):
    commit: str = Field(validation_alias=AliasPath("taggedObject", "objectId"))
    message: str | None = None


async def place_to_look(client: AzureDevOps, pending: PendingWrite, page: str) -> PathValues:
    """Return the place of the repository of a lost write, and note the page of it where a person looks."""
    given = pending.arguments
    project = await client.required_project(given.get("project"))
    address = f"{quote(project, safe='')}/_git/{quote(given['repository'], safe='')}/{page}"
    pending.url = f"{client.settings.url('core')}/{address}"
    return {"project": project, "repository": given["repository"]}


async def find_own_pushes(client: AzureDevOps, pending: PendingWrite, where: PathValues, ref: str) -> list[Push]:
    """Return the pushes to a reference that this account made since a lost write began, newest first."""
    account = (await fetch_account(client)).id
    query: dict[str, QueryValue] = {
        "searchCriteria.refName": ref,
        "searchCriteria.pusherId": account,
        "searchCriteria.includeRefUpdates": True,
        "$top": _MOST_PUSHES,
    }
    response = await client.get(f"{REPOSITORY}/pushes", path=where, query=query)
    since = pending.since(client, response)
    pushes = decode(response, Collection[Push]).value
    return [push for push in pushes if push.by_id == account and push.date >= since]


def the_update(push: Push, ref: str) -> RefUpdate | None:
    """Return what a push made of a reference."""
    return next((update for update in push.updates if update.name == ref), None)


async def _find_updates(
    client: AzureDevOps, pending: PendingWrite, where: PathValues, ref: str, kind: type[Result], old: str, new: str = ""
) -> list[RefUpdate]:
    """Return the updates of a reference by this account since then, from an object to another one or to any.

    Raises:
        WriteOutcomeUnknown: Several fit.
    """
    found = {
        push.id: update
        for push in await find_own_pushes(client, pending, where, ref)
        if (update := the_update(push, ref)) is not None
        and update.old == old
        and new in ("", update.new)
        and not pending.is_of_another(client, kind, _short(ref), old if new else update.new)
    }
    if len(found) > 1:
        raise unknown_outcome(f"pushes {', '.join(map(str, sorted(found)))} all fit")
    return list(found.values())


def _short(ref: str) -> str:
    return ref.split("/", 2)[2]


async def find_created_branch(client: AzureDevOps, pending: PendingWrite) -> CreatedBranch | Missing:
    """Find the push with which this account created the branch since then, at the commit of its source."""
    given = pending.arguments
    where, ref = await place_to_look(client, pending, "branches"), branch_name(given["branch"])
    found = await _find_updates(client, pending, where, ref, CreatedBranch, NOTHING)
    if not found:
        return _missing_creation(ref, given)
    commit = await _check_source(client, where, given["source"], ref, found[0].new)
    return CreatedBranch(repository=given["repository"], name=ref, **commit.named())


async def find_deleted_branch(client: AzureDevOps, pending: PendingWrite) -> DeletedBranch | Missing:
    """Find the push with which this account deleted the branch at this commit since then."""
    given = pending.arguments
    where, ref = await place_to_look(client, pending, "branches"), branch_name(given["branch"])
    tip = given["commit"].lower()
    found = await _find_updates(client, pending, where, ref, DeletedBranch, tip, NOTHING)
    if not found:
        return Missing(f"a deletion of {describe_ref(ref)} at {tip} in {given['repository']} by this account")
    return DeletedBranch(repository=given["repository"], name=ref, commit=tip)


async def find_created_tag(client: AzureDevOps, pending: PendingWrite) -> CreatedTag | Missing:
    """Find the push with which this account created the tag since then, with this message at the commit of its source.

    A tag without a message is the commit itself, and one with a message is an object of its own.
    """
    given = pending.arguments
    where, ref = await place_to_look(client, pending, "tags"), tag_name(given["tag"])
    found = await _find_updates(client, pending, where, ref, CreatedTag, NOTHING)
    if not found:
        return _missing_creation(ref, given)
    made, message = found[0].new, given.get("message")
    commit = made
    if message is not None:
        response = await client.get(f"{REPOSITORY}/annotatedtags/{{object}}", path={**where, "object": made})
        tag = decode(response, _Tag)
        if not is_stored_as(message, tag.message):
            raise unknown_outcome(f"this account created {describe_ref(ref)} since then with another message")
        commit = tag.commit
    at = await _check_source(client, where, given["source"], ref, commit)
    return CreatedTag(repository=given["repository"], name=ref, object_id=made, message=message, **at.named())


def _missing_creation(ref: str, given: Mapping[str, Any]) -> Missing:
    return Missing(f"a push by this account that created {describe_ref(ref)} in {given['repository']} since then")


async def _check_source(client: AzureDevOps, where: PathValues, source: str, ref: str, commit: str) -> Commit:
    """Return the commit at which a reference was created, which has to be where its source is.

    Raises:
        WriteOutcomeUnknown: The source is elsewhere: it has moved, or another call created the reference.
    """
    now = await read_commit(client, where, source)
    if now.id != commit:
        raise unknown_outcome(
            f"this account created {describe_ref(ref)} since then at {commit}, and {source} is at {now.id}"
        )
    return now
