"""Find out whether a work item was written when the answer was lost."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

import httpx
from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.recovery import Missing, PendingWrite, fetch_account, unknown_outcome
from langchain_azure_devops.calls.stored_values import is_stored_as
from langchain_azure_devops.errors import WriteNotDone
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, Numbered, OrNone, decode
from langchain_azure_devops.results.models import Instant
from langchain_azure_devops.tools.work_items.links import Target, find_missing, find_targets
from langchain_azure_devops.tools.work_items.models import CommentAdded, RawWorkItem, Relation, SavedWorkItem
from langchain_azure_devops.tools.work_items.newest import is_project, read_newest
from langchain_azure_devops.tools.work_items.sent_values import (
    description_field,
    drop_same_texts,
    find_differences,
    find_other_changes,
    sent_fields,
)

ITEM = "/_apis/wit/workitems/{id}"
COMMENTS = "/{project}/_apis/wit/workItems/{id}/comments"
COMMENTS_VERSION = "7.1-preview.4"
_REVISION = "/_apis/wit/workItems/{id}/revisions/{revision}"
_MOST_OWN = 100
_MOST_CANDIDATES = 20
_OWN = "SELECT [System.Id] FROM WorkItems WHERE [System.CreatedBy] = @Me ORDER BY [System.Id] DESC"
_PARENT = "System.LinkTypes.Hierarchy-Reverse"
_ORIGIN = ["System.CreatedBy", "System.CreatedDate", "System.TeamProject", "System.WorkItemType"]


class _Ids(BaseModel):
    work_items: OrNone[Numbered] = Field(validation_alias="workItems")


class _Origin(BaseModel):
    """Who created a work item, when, where, and of which type."""

    id: int
    project: str = Field(validation_alias=AliasPath("fields", "System.TeamProject"))
    type: str = Field(validation_alias=AliasPath("fields", "System.WorkItemType"))
    created: Instant = Field(validation_alias=AliasPath("fields", "System.CreatedDate"))
    created_by_id: str | None = Field(default=None, validation_alias=AliasPath("fields", "System.CreatedBy", "id"))


class StoredRevision(BaseModel):
    """The author, time, values and links of a revision."""

    fields: dict[str, JsonValue]
    relations: OrNone[Relation] = Field(default=[])
    changed: Instant = Field(validation_alias=AliasPath("fields", "System.ChangedDate"))
    changed_by_id: str | None = Field(default=None, validation_alias=AliasPath("fields", "System.ChangedBy", "id"))

    @property
    def type(self) -> str:
        return str(self.fields.get("System.WorkItemType"))

    @property
    def parents(self) -> set[int]:
        urls = (relation.url or "" for relation in self.relations if relation.kind == _PARENT)
        return {int(found[1]) for url in urls if (found := re.search(r"/(\d+)$", url))}


class _Comment(BaseModel):
    id: int
    author_id: str = Field(validation_alias=AliasPath("createdBy", "id"))
    created: Instant = Field(validation_alias="createdDate")
    text: str | None = None


class _Comments(BaseModel):
    comments: OrNone[_Comment]


class Place(BaseModel):
    """The project in which a work item stands."""

    project: str = Field(validation_alias=AliasPath("fields", "System.TeamProject"))


async def find_created_item(client: AzureDevOps, pending: PendingWrite) -> SavedWorkItem | Missing:
    """Find the work item that this account created since then, whose first revision holds every value that was sent.

    The index of queries lags, so the newest work items are read by their ids as well.
    """
    given = pending.arguments
    project = await client.required_project(given.get("project"))
    pending.url = f"{client.settings.url('core')}/{quote(project, safe='')}/_workitems/recentlycreated"
    sent = sent_fields(given, given["type"])
    candidates = await _find_own_new(client, pending, project)
    if len(candidates) > _MOST_CANDIDATES:
        raise unknown_outcome(f"this account created {len(candidates)} work items since then")
    targets = list((await find_targets(client, project, given.get("links") or [])).values())
    found = []
    for number in candidates:
        first = await read_revision(client, number, 1)
        if first is not None and not _differences(sent, given.get("parent"), targets, first[1]):
            found.append(first[0])
    if len(found) > 1:
        raise unknown_outcome(f"work items {', '.join(str(item.id) for item in found)} all fit")
    if found:
        return found[0]
    return Missing(
        f"a {given['type']} with this title and exactly these values that this account created in {project} since then",
        _describe_others(f"work item{'s' * (len(candidates) > 1)}", candidates, "with other values"),
    )


async def _find_own_new(client: AzureDevOps, pending: PendingWrite, project: str) -> list[int]:
    """Return the work items of this type and project that this account created since then and no other call made."""
    account = (await fetch_account(client)).id
    response = await client.post(
        "/{project}/_apis/wit/wiql", {"query": _OWN}, path={"project": None}, query={"$top": _MOST_OWN}
    )
    since = pending.since(client, response)
    own = [row.id for row in decode(response, _Ids).work_items]
    rows = (await read_newest(client, Collection[_Origin | None], _ORIGIN, own)).values()
    mine = [
        row
        for row in rows
        if row.created_by_id == account
        and row.created >= since
        and row.type.casefold() == str(pending.arguments["type"]).casefold()
        and not pending.is_of_another(client, SavedWorkItem, row.id, 1)
    ]
    here = {name: await is_project(client, project, name) for name in {row.project for row in mine}}
    return [row.id for row in mine if here[row.project]]


async def read_revision(
    client: AzureDevOps, number: int, revision: int
) -> tuple[SavedWorkItem, StoredRevision, httpx.Response] | None:
    """Read a revision of a work item; a note says when there are later ones, and None that there is none so far."""
    answer = await client.get(ITEM, path={"id": number}, query={"$expand": "all"})
    current = decode(answer, SavedWorkItem)
    if current.revision < revision:
        return None
    if current.revision == revision:
        return current, decode(answer, StoredRevision), answer
    answer = await client.get(_REVISION, path={"id": number, "revision": revision}, query={"$expand": "all"})
    note = f"It was changed since then and is at revision {current.revision}."
    saved = decode(answer, SavedWorkItem).model_copy(update={"id": number, "url": current.url, "notes": [note]})
    return saved, decode(answer, StoredRevision), answer


def _differences(
    sent: Mapping[str, str], parent: int | None, targets: list[Target], first: StoredRevision
) -> list[str]:
    """Return what in the first revision of a work item is not surely as it was sent."""
    others = [
        name
        for name in ("System.Tags", description_field(first.type))
        if name not in sent and str(first.fields.get(name) or "").strip()
    ]
    links = [] if first.parents == ({parent} if parent else set()) else ["parent"]
    links += find_missing(targets, first.relations)
    if len(first.relations) != len(targets) + len(first.parents):
        links.append("links")
    return [*find_differences(sent, first.fields), *others, *links]


async def find_comment(client: AzureDevOps, pending: PendingWrite) -> CommentAdded | Missing:
    """Find the comment with this text that this account wrote since then."""
    number, text = pending.arguments["id"], pending.arguments["text"]
    pending.url = f"{client.settings.url('core')}/_workitems/edit/{number}"
    project = decode(await client.get(ITEM, path={"id": number}, query={"fields": "System.TeamProject"}), Place).project
    response = await client.get(
        COMMENTS,
        path={"id": number, "project": project},
        query={"$top": 200, "order": "desc"},
        version=COMMENTS_VERSION,
    )
    account, since = (await fetch_account(client)).id, pending.since(client, response)
    mine = [
        comment
        for comment in decode(response, _Comments).comments
        if comment.author_id == account
        and comment.created >= since
        and not pending.is_of_another(client, CommentAdded, number, comment.id)
    ]
    same = [comment for comment in mine if is_stored_as(text, comment.text)]
    if len(same) > 1:
        raise unknown_outcome(f"comments {', '.join(str(comment.id) for comment in same)} all fit")
    if same:
        return CommentAdded(work_item=number, comment=same[0].id)
    return Missing(
        f"a comment with this text by this account on work item {number}",
        _describe_others("comment", [comment.id for comment in mine], "with another text"),
    )


async def find_update(client: AzureDevOps, pending: PendingWrite) -> SavedWorkItem | Missing:
    """Return the revision that makes exactly the change of an update; see `find_exact_change`."""

    def find_sent(before: RawWorkItem, type: str) -> dict[str, str]:
        # The texts that it had already were not sent.
        return drop_same_texts(sent_fields(pending.arguments, type), before)

    return await find_exact_change(client, pending, find_sent)


async def find_exact_change(
    client: AzureDevOps,
    pending: PendingWrite,
    find_sent: Callable[[RawWorkItem, str], Mapping[str, str]],
    loses: Callable[[str], bool] = lambda _name: False,
) -> SavedWorkItem | Missing:
    """Return the revision after the one that was read if it is recent, by this account, and makes exactly this change.

    Only one write can have made that revision. When somebody else made it, the service refused this write, which names
    the revision that it changes.

    Args:
        client: The client that reads.
        pending: The write; it names the work item, the revision that was read, and the new links.
        find_sent: Returns the fields that were sent, from the revision before and the type.
        loses: Returns whether the change may empty a field that was not sent.
    """
    number, before = pending.arguments["id"], pending.arguments["revision"]
    pending.url = f"{client.settings.url('core')}/_workitems/edit/{number}"
    following = await read_revision(client, number, before + 1)
    if following is None:
        return Missing(f"revision {before + 1} of work item {number}")
    saved, after, response = following
    check_author(after, number, before, (await fetch_account(client)).id)
    if pending.is_of_another(client, SavedWorkItem, number, before + 1):
        raise unknown_outcome(f"another call made revision {before + 1} of work item {number}")
    if after.changed < pending.since(client, response):
        raise unknown_outcome(f"revision {before + 1} of work item {number} is older than this call")
    links = pending.arguments.get("links") or []
    where = {"id": number, "revision": before}
    answer = await client.get(_REVISION, path=where, query={"$expand": "all"})
    earlier, stored = decode(answer, StoredRevision), decode(answer, RawWorkItem)
    targets = list((await find_targets(client, str(after.fields["System.TeamProject"]), links)).values())
    sent = find_sent(stored, after.type)
    others = find_other_changes(sent, earlier.fields, after.fields)
    lost = {name for name in others if loses(name) and not after.fields.get(name)}
    differences = find_differences(sent, after.fields) + [name for name in others if name not in lost]
    differences += find_missing(targets, after.relations)
    if differences or not [*find_differences(sent, earlier.fields), *find_missing(targets, earlier.relations)]:
        raise unknown_outcome(
            f"revision {before + 1} of work item {number} is by the same account and is not surely this change "
            f"({', '.join(differences) or 'it changed none of these fields'})"
        )
    return saved


def check_author(after: StoredRevision, number: int, before: int, account: str) -> None:
    """Check who made the revision after the one that was read.

    Raises:
        WriteNotDone: Somebody else did, so the service refused this write.
        WriteOutcomeUnknown: That is not known.
    """
    if after.changed_by_id is None:
        raise unknown_outcome(f"it is not known who made revision {before + 1} of work item {number}")
    if after.changed_by_id != account:
        raise WriteNotDone(
            f"it was for revision {before} of work item {number}, and somebody else made revision {before + 1}"
        )


def _describe_others(what: str, ids: list[int], how: str) -> str:
    """Describe what the same account made since then instead."""
    return f"This account made {what} {', '.join(map(str, ids))} since then, {how}." if ids else ""
