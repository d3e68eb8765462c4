"""Find out whether a work item was written when the answer was lost."""

from collections.abc import Mapping
from typing import Any

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.recovery import Missing, PendingWrite, fetch_account, unknown_outcome
from langchain_azure_devops.errors import WriteNotDone
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Numbered, OrNone, decode
from langchain_azure_devops.results.models import Instant
from langchain_azure_devops.tools.work_items.models import CommentAdded, SavedWorkItem
from langchain_azure_devops.tools.work_items.wiql import condition

ITEM = "/_apis/wit/workitems/{id}"
COMMENTS = "/{project}/_apis/wit/workItems/{id}/comments"
COMMENTS_VERSION = "7.1-preview.4"
_REVISION = "/_apis/wit/workItems/{id}/revisions/{revision}"
_CANDIDATES = 20
_COMPARED = {
    "title": "System.Title",
    "state": "System.State",
    "area": "System.AreaPath",
    "iteration": "System.IterationPath",
}


class _Candidates(BaseModel):
    work_items: list[Numbered] = Field(validation_alias="workItems")


class _Origin(BaseModel):
    created: Instant = Field(validation_alias=AliasPath("fields", "System.CreatedDate"))


class _Change(BaseModel):
    """The author, time and values of a revision."""

    fields: dict[str, JsonValue]
    changed: Instant = Field(validation_alias=AliasPath("fields", "System.ChangedDate"))
    changed_by_id: str | None = Field(default=None, validation_alias=AliasPath("fields", "System.ChangedBy", "id"))


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
    """Find the work item of this type and exact title that the token's owner created since then."""
    given = pending.arguments
    project = await client.required_project(given.get("project"))
    title = str(given["title"]).strip()
    conditions = {
        "System.TeamProject": condition("=", project),
        "System.WorkItemType": condition("=", given["type"]),
        "System.Title": condition("=", title),
        "System.CreatedBy": "= @Me",
    }
    where = " AND ".join(f"[{name}] {text}" for name, text in conditions.items())
    query = f"SELECT [System.Id] FROM WorkItems WHERE {where} ORDER BY [System.Id] DESC"  # noqa: S608 - WIQL, quoted
    response = await client.post(
        "/{project}/_apis/wit/wiql", {"query": query}, path={"project": project}, query={"$top": _CANDIDATES}
    )
    since = pending.since(client, response)
    found = []
    for candidate in decode(response, _Candidates).work_items:
        answer = await client.get(ITEM, path={"id": candidate.id}, query={"$expand": "all"})
        if decode(answer, _Origin).created < since:
            # Ids grow with time, so the following candidates are older.
            break
        item = decode(answer, SavedWorkItem)
        if item.title == title:
            found.append(item)
    if len(found) > 1:
        raise unknown_outcome(f"work items {', '.join(str(item.id) for item in found)} all fit")
    if found:
        return found[0]
    return Missing(
        f"a {given['type']} with this title that the token's owner created in {project}",
        f"Query the work items of {project} by this title",
    )


async def find_comment(client: AzureDevOps, pending: PendingWrite) -> CommentAdded | Missing:
    """Find the comment with this text that the token's owner wrote since then."""
    number, text = pending.arguments["id"], _collapse_spaces(pending.arguments["text"])
    project = decode(await client.get(ITEM, path={"id": number}, query={"fields": "System.TeamProject"}), Place).project
    response = await client.get(
        COMMENTS,
        path={"id": number, "project": project},
        query={"$top": 200, "order": "desc"},
        version=COMMENTS_VERSION,
    )
    me, since = (await fetch_account(client)).id, pending.since(client, response)
    mine = [
        comment
        for comment in decode(response, _Comments).comments
        if comment.author_id == me and comment.created >= since
    ]
    same = [comment for comment in mine if _collapse_spaces(comment.text) == text]
    if len(same) == 1:
        return CommentAdded(work_item=number, comment=same[0].id)
    if mine:
        # The service may store a text in another form than it was sent.
        raise unknown_outcome(f"comments {', '.join(str(comment.id) for comment in mine)} were written since then")
    return Missing(
        f"a comment with this text by the token's owner on work item {number}", f"Read the comments of {number}"
    )


async def find_update(client: AzureDevOps, pending: PendingWrite) -> SavedWorkItem | Missing:
    """Return the work item if its next revision is recent, by the token's owner, and holds the given values.

    Only one write can have made the revision after the one that was read. When somebody else made it, the service
    refused this write, which names the revision that it changes.
    """
    number, before = pending.arguments["id"], pending.arguments["revision"]
    response = await client.get(ITEM, path={"id": number}, query={"$expand": "all"})
    current = decode(response, SavedWorkItem)
    if current.revision <= before:
        return Missing(f"revision {before + 1} of work item {number}", f"Read work item {number} again")
    following = decode(response, _Change)
    if current.revision > before + 1:
        answer = await client.get(_REVISION, path={"id": number, "revision": before + 1})
        following = decode(answer, _Change)
    author, me = following.changed_by_id, (await fetch_account(client)).id
    if author is not None and author != me:
        raise WriteNotDone(
            f"it was for revision {before} of work item {number}, and somebody else made revision {before + 1}"
        )
    if author is None or following.changed < pending.since(client, response):
        raise unknown_outcome(f"revision {before + 1} of work item {number} is not known to be of this write")
    if not _has_values(following.fields, pending.arguments):
        raise unknown_outcome(
            f"revision {before + 1} of work item {number} is by the same person but holds other values"
        )
    return current


def _has_values(fields: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether a revision has the given values, as far as they can be compared."""
    compared = ((fields.get(field), given.get(name)) for name, field in _COMPARED.items())
    return all(wanted is None or str(now or "").strip() == str(wanted).strip() for now, wanted in compared)


def _collapse_spaces(text: object) -> str:
    return " ".join(str(text or "").split())
