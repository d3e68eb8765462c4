"""Change the text of a comment on a work item, or delete the comment."""

from collections.abc import Mapping
from typing import Annotated

import httpx
from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.calls.recovery import Missing, PendingWrite, decode_told, fetch_account, unknown_outcome
from langchain_azure_devops.calls.stored_values import is_stored_as
from langchain_azure_devops.errors import Conflict, NotFound, RevisionConflict
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import Instant, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.html import html_to_markdown
from langchain_azure_devops.tools.people import NamedPerson
from langchain_azure_devops.tools.work_items.models import RawComments
from langchain_azure_devops.tools.work_items.recovery import COMMENTS, COMMENTS_VERSION, ITEM
from langchain_azure_devops.tools.work_items.tools import Id
from langchain_azure_devops.tools.work_items.toolset import toolset

Version = Annotated[int | None, Field(description="As last read")]
_COMMENT = f"{COMMENTS}/{{comment}}"
_NAMED = 10


class ChangedComment(Result):
    """A comment that was just changed or deleted."""

    identifying = ("work_item", "comment", "version")
    effect = ("work_item", "comment", "version")
    web = "_workitems/edit/{work_item}#{comment}"
    caption = "comment {comment} on work item {work_item}"

    work_item: int
    comment: int
    version: int | None = None
    deleted: bool = False
    author: Untrusted | None = None
    notes: list[str] = Field(default=[])


class _Comment(BaseModel):
    """A comment as the service stores it; the older versions of the interface call its number otherwise."""

    version: int | None = None
    text: str | None = None
    format: str | None = None
    author: NamedPerson = Field(default=None, validation_alias="createdBy")
    created: Instant | None = Field(default=None, validation_alias="createdDate")
    modified_by: NamedPerson = Field(default=None, validation_alias="modifiedBy")
    modified_by_id: str | None = Field(default=None, validation_alias=AliasPath("modifiedBy", "id"))
    modified: Instant | None = Field(default=None, validation_alias="modifiedDate")
    deleted: bool | None = Field(default=None, validation_alias="isDeleted")

    @property
    def is_markdown(self) -> bool:
        """Whether the text is stored as Markdown; without a format it is HTML."""
        return (self.format or "").lower() == "markdown"

    @property
    def shown(self) -> str:
        """The text as it is shown: Markdown."""
        text = self.text or ""
        return text if self.is_markdown else html_to_markdown(text)


class _Item(BaseModel):
    """What a person recognizes the work item of a comment by."""

    project: str = Field(validation_alias=AliasPath("fields", "System.TeamProject"))
    type: str = Field(validation_alias=AliasPath("fields", "System.WorkItemType"))
    title: str = Field(validation_alias=AliasPath("fields", "System.Title"))
    state: str = Field(validation_alias=AliasPath("fields", "System.State"))


_ITEM_FIELDS = "System.TeamProject,System.WorkItemType,System.Title,System.State"


async def _read_item(client: AzureDevOps, number: int) -> _Item:
    return decode(await client.get(ITEM, path={"id": number}, query={"fields": _ITEM_FIELDS}), _Item)


async def _read_comment(client: AzureDevOps, where: PathValues) -> tuple[_Comment, httpx.Response]:
    answer = await client.get(_COMMENT, path=where, query={"includeDeleted": True}, version=COMMENTS_VERSION)
    return decode(answer, _Comment), answer


async def _find(client: AzureDevOps, id: int, comment: int) -> tuple[_Item, _Comment, PathValues]:
    """Read a comment and its work item.

    Raises:
        NotFound: There is no such comment; the message names the newest ones.
    """
    item = await _read_item(client, id)
    where: PathValues = {"project": item.project, "id": id, "comment": comment}
    try:
        found, _ = await _read_comment(client, where)
    except NotFound as error:
        newest: dict[str, str | int | bool | None] = {"$top": _NAMED, "order": "desc"}
        answer = await client.get(COMMENTS, path=where, query=newest, version=COMMENTS_VERSION)
        there = ", ".join(str(row.id) for row in decode(answer, RawComments).comments if not row.deleted)
        told = f"Its newest comments are: {there}." if there else "It has no comments."
        raise NotFound(
            f"Work item {id} has no comment {comment}, so nothing was sent. {told}", subject=str(comment)
        ) from error
    return item, found, where


def _describe(item: _Item, found: _Comment) -> dict[str, JsonValue]:
    """Return what the approver is shown: the work item, the text that is there, and who wrote and edited it when."""
    told: dict[str, JsonValue] = {
        "project": item.project,
        "type": item.type,
        "title": item.title,
        "state": item.state,
        "text": found.shown,
        "author": found.author or "unknown",
        "version": found.version,
    }
    if found.created:
        told["written"] = f"{found.created:%Y-%m-%dT%H:%MZ}"
    if found.modified and found.modified != found.created:
        told["edited"] = f"{found.modified:%Y-%m-%dT%H:%MZ} by {found.modified_by or 'unknown'}"
    return told


def _check_version(id: int, comment: int, found: _Comment, version: object) -> None:
    """Refuse to change another version than the one that was read, where the call names that.

    Raises:
        RevisionConflict: Somebody changed it since then, or the service does not say its version.
    """
    if version is not None and str(version) != str(found.version):
        who = f" by {found.modified_by}" if found.modified_by else ""
        raise RevisionConflict(
            f"Comment {comment} of work item {id} is at version {found.version or 'unknown'}, not {version}: it was "
            f"changed{who} since it was read. Nothing was sent. Read it again.",
            subject="version",
        )


def _check_change(id: int, comment: int, found: _Comment, text: str) -> None:
    """Refuse to change a comment that is deleted, and what is so already.

    Raises:
        Conflict: It is deleted.
        NothingToSend: It has exactly this text.
    """
    if found.deleted:
        who = f" by {found.modified_by}" if found.modified_by else ""
        raise Conflict(
            f"Comment {comment} of work item {id} was deleted{who}, so nothing was sent.", subject=str(comment)
        )
    if text == found.shown:
        raise NothingToSend(f"Comment {comment} has exactly this text, so nothing was sent.", subject=str(comment))


async def _read_before_change(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the present text of the comment, its author and its version, and the work item."""
    number, comment = int(str(arguments["id"])), int(str(arguments["comment"]))
    item, found, _ = await _find(client, number, comment)
    _check_change(number, comment, found, str(arguments["text"]))
    _check_version(number, comment, found, arguments.get("version"))
    told = _describe(item, found)
    return told if found.is_markdown else {**told, "format": "It is HTML now and becomes Markdown."}


async def _read_before_deletion(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the same of a comment that is to be deleted."""
    number, comment = int(str(arguments["id"])), int(str(arguments["comment"]))
    item, found, _ = await _find(client, number, comment)
    _check_deletion(comment, found)
    _check_version(number, comment, found, arguments.get("version"))
    return _describe(item, found)


def _check_deletion(comment: int, found: _Comment) -> None:
    if found.deleted:
        who = f" by {found.modified_by}" if found.modified_by else ""
        raise NothingToSend(f"Comment {comment} was deleted already{who}, so nothing was sent.", subject=str(comment))


def _name_unsaid(expected: Mapping[str, object]) -> list[str]:
    """Return a note that names what the service left out of its answer; none when everything is there."""
    unsaid = [what for what, value in expected.items() if value is None]
    return [f"The service did not say {' and '.join(unsaid)}."] if unsaid else []


def _result(id: int, comment: int, found: _Comment, *notes: str) -> ChangedComment:
    return ChangedComment(
        work_item=id,
        comment=comment,
        version=found.version,
        deleted=found.deleted is True,
        author=found.author,
        notes=list(notes),
    )


async def _look_up(client: AzureDevOps, pending: PendingWrite) -> tuple[_Comment, bool]:
    """Read the comment of a lost write, and say whether this account changed it last, and since that write began."""
    number, comment = pending.arguments["id"], pending.arguments["comment"]
    pending.url = f"{client.settings.url('core')}/_workitems/edit/{number}#{comment}"
    project = (await _read_item(client, number)).project
    found, answer = await _read_comment(client, {"project": project, "id": number, "comment": comment})
    account = (await fetch_account(client)).id
    recent = found.modified is not None and found.modified >= pending.since(client, answer)
    if pending.is_of_another(client, ChangedComment, number, comment, found.version):
        raise unknown_outcome(f"another call made version {found.version} of comment {comment}")
    return found, recent and found.modified_by_id == account


async def find_changed_comment(client: AzureDevOps, pending: PendingWrite) -> ChangedComment | Missing:
    """Find the version of the comment with this text that this account made since then."""
    number, comment, text = (pending.arguments[name] for name in ("id", "comment", "text"))
    found, own = await _look_up(client, pending)
    if own and not found.deleted and found.is_markdown and is_stored_as(text, found.text):
        return _result(number, comment, found)
    seen = f"Its version {found.version} has another text." if own else ""
    return Missing(f"this text in comment {comment} of work item {number}, written by this account since then", seen)


async def find_deleted_comment(client: AzureDevOps, pending: PendingWrite) -> ChangedComment | Missing:
    """Find out whether this account deleted the comment since then."""
    number, comment = pending.arguments["id"], pending.arguments["comment"]
    found, own = await _look_up(client, pending)
    if found.deleted and own:
        return _result(number, comment, found)
    if found.deleted:
        raise unknown_outcome(f"comment {comment} is deleted, but it is not known that this call deleted it")
    return Missing(f"the deletion of comment {comment} of work item {number}", "It is still there.")


@toolset.write(
    Scope.WORK_WRITE,
    idempotent=True,
    sends=f"PATCH {_COMMENT}",
    targets=("id", "comment"),
    contents=("version", "text"),
    current=_read_before_change,
    recover=find_changed_comment,
    example={"id": 4, "comment": 1, "text": "Seen again in build 35."},
)
async def update_work_item_comment(
    client: AzureDevOps,
    *,
    id: Id,
    comment: Id,
    version: Version = None,
    text: Annotated[str, Field(min_length=1, description="Markdown")],
) -> ChangedComment:
    """Replace a comment's text.

    Raises:
        RevisionConflict: It has another version by now.
    Source: `PATCH .../workItems/{id}/comments/{comment}?format=markdown`.
    """
    _, found, where = await _find(client, id, comment)
    try:
        _check_change(id, comment, found, text)
    except NothingToSend as idle:
        return _result(id, comment, found, idle.message)
    _check_version(id, comment, found, version)
    answer = await client.post(
        _COMMENT, {"text": text}, path=where, query={"format": "markdown"}, version=COMMENTS_VERSION, method="PATCH"
    )
    after = decode(answer, _Comment)
    return _result(id, comment, after, *_name_unsaid({"its author": after.author, "its version now": after.version}))


@toolset.write(
    Scope.WORK_WRITE,
    idempotent=True,
    sends=f"DELETE {_COMMENT}",
    targets=("id", "comment"),
    contents=("version",),
    current=_read_before_deletion,
    recover=find_deleted_comment,
    example={"id": 4, "comment": 1},
)
async def delete_work_item_comment(
    client: AzureDevOps, *, id: Id, comment: Id, version: Version = None
) -> ChangedComment:
    """Delete a comment.

    Raises:
        RevisionConflict: It has another version by now.
    Source: `DELETE .../workItems/{id}/comments/{comment}`.
    """
    _, found, where = await _find(client, id, comment)
    try:
        _check_deletion(comment, found)
    except NothingToSend as idle:
        return _result(id, comment, found, idle.message)
    _check_version(id, comment, found, version)
    answer = await client.post(_COMMENT, None, path=where, version=COMMENTS_VERSION, method="DELETE")
    # Some versions of the interface answer without the comment; the documented answer is empty.
    after = decode_told(answer, _Comment, lambda told: told.version is not None or told.deleted is True)
    notes = _name_unsaid({"its author": found.author, "its version now": after.version})
    return ChangedComment(
        work_item=id, comment=comment, version=after.version, deleted=True, author=found.author, notes=notes
    )
