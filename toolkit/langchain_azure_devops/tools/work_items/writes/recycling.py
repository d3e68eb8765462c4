"""Put a work item into the recycle bin, or take it out again. Nothing is destroyed for good."""

from collections.abc import Mapping

import httpx
from pydantic import AliasChoices, AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.calls.recovery import Missing, PendingWrite, decode_told, fetch_account, unknown_outcome
from langchain_azure_devops.errors import AzureDevOpsError, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, Identity, OrNone, decode
from langchain_azure_devops.results.models import Instant, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.people import NamedPerson
from langchain_azure_devops.tools.work_items.deleted import DeletionDate
from langchain_azure_devops.tools.work_items.models import Relation
from langchain_azure_devops.tools.work_items.recovery import ITEM
from langchain_azure_devops.tools.work_items.tools import Id
from langchain_azure_devops.tools.work_items.toolset import toolset

BIN = "/_apis/wit/recyclebin/{id}"
_UPDATES = "/_apis/wit/workItems/{id}/updates"
_CHILD = "System.LinkTypes.Hierarchy-Forward"
_PAGE = 200


class DeletedWorkItem(Result):
    """A work item that is in the recycle bin."""

    identifying = ("id",)
    effect = ("id", "deleted")
    web = "{project}/_workitems/recyclebin"
    caption = "{type} {id}"

    id: int
    type: Untrusted
    title: Untrusted
    project: Untrusted
    deleted: Instant | None = None
    deleted_by: Untrusted | None = None
    notes: list[str] = Field(default=[])


class RestoredWorkItem(Result):
    """A work item that was taken out of the recycle bin."""

    identifying = ("id", "revision")
    effect = ("id", "revision")
    web = "_workitems/edit/{id}"
    caption = "{type} {id}"

    id: int
    revision: int | None = None
    type: Untrusted
    title: Untrusted
    project: Untrusted
    state: Untrusted | None = None
    notes: list[str] = Field(default=[])


class _Item(BaseModel):
    """A work item that is not deleted."""

    revision: int = Field(validation_alias="rev")
    project: str = Field(validation_alias=AliasPath("fields", "System.TeamProject"))
    type: str = Field(validation_alias=AliasPath("fields", "System.WorkItemType"))
    title: str = Field(validation_alias=AliasPath("fields", "System.Title"))
    state: str = Field(validation_alias=AliasPath("fields", "System.State"))
    assigned_to: NamedPerson = Field(default=None, validation_alias=AliasPath("fields", "System.AssignedTo"))
    changed_by: NamedPerson = Field(default=None, validation_alias=AliasPath("fields", "System.ChangedBy"))
    relations: OrNone[Relation] = Field(default=[])


class _Deleted(BaseModel):
    """A work item in the recycle bin; the versions of the interface write these names in small or capital letters."""

    deleted: DeletionDate | None = Field(default=None, validation_alias=AliasChoices("deletedDate", "DeletedDate"))
    deleted_by: NamedPerson = Field(default=None, validation_alias=AliasChoices("deletedBy", "DeletedBy"))
    revision: int | None = Field(default=None, validation_alias=AliasPath("resource", "rev"))
    name: str | None = Field(default=None, validation_alias=AliasChoices("name", "Name"))
    in_project: str | None = Field(default=None, validation_alias=AliasChoices("project", "Project"))
    fields: dict[str, JsonValue] = Field(default={}, validation_alias=AliasPath("resource", "fields"))

    def text(self, field: str) -> str:
        """Return a field of the item as a text; empty when the answer does not have it."""
        return str(self.fields.get(f"System.{field}") or "")

    @property
    def title(self) -> str:
        return self.text("Title") or self.name or ""

    @property
    def project(self) -> str:
        return self.text("TeamProject") or self.in_project or ""

    @property
    def tells(self) -> bool:
        """Whether it says when or by whom it was deleted, or which item this is."""
        return bool(self.deleted or self.deleted_by or self.revision or self.title)

    def words(self) -> str:
        """Return by whom and when it was deleted, as far as that is known."""
        by = f" by {self.deleted_by}" if self.deleted_by else ""
        return f"{by} on {self.deleted:%Y-%m-%dT%H:%MZ}" if self.deleted else by


async def _read_deleted(client: AzureDevOps, number: int) -> tuple[_Deleted, httpx.Response]:
    answer = await client.get(BIN, path={"id": number})
    return decode(answer, _Deleted), answer


async def _read_standing(client: AzureDevOps, number: int) -> _Item:
    """Read a work item that is to be deleted.

    Raises:
        NothingToSend: It is in the recycle bin already.
        NotFound: There is no such work item.
    """
    try:
        return decode(await client.get(ITEM, path={"id": number}, query={"$expand": "relations"}), _Item)
    except NotFound as error:
        try:
            found, _ = await _read_deleted(client, number)
        except AzureDevOpsError:
            raise error from None
        raise NothingToSend(
            f"Work item {number} is in the recycle bin already: it was deleted{found.words()}. Nothing was sent.",
            subject=str(number),
        ) from error


async def _read_in_bin(client: AzureDevOps, number: int) -> _Deleted:
    """Read a work item that is to be restored.

    Raises:
        NothingToSend: It is not in the recycle bin.
        NotFound: There is no such work item, neither in the recycle bin nor elsewhere.
    """
    try:
        return (await _read_deleted(client, number))[0]
    except NotFound as error:
        try:
            await client.get(ITEM, path={"id": number}, query={"fields": "System.Title"})
        except NotFound:
            raise NotFound(
                f"Work item {number} is neither in the recycle bin nor elsewhere: it never existed, was destroyed for "
                "good, or is hidden from this token's owner. Nothing was sent.",
                subject=str(number),
            ) from error
        raise NothingToSend(
            f"Work item {number} is not in the recycle bin, so nothing was sent.", subject=str(number)
        ) from error


async def _read_before_deletion(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read what would be deleted, how many children it has, and its revision: a later one is asked about again."""
    found = await _read_standing(client, int(str(arguments["id"])))
    return {
        "project": found.project,
        "type": found.type,
        "title": found.title,
        "state": found.state,
        "assigned_to": found.assigned_to or "",
        "changed_by": found.changed_by or "",
        "revision": found.revision,
        "children": sum(relation.kind == _CHILD for relation in found.relations),
    }


async def _read_before_restoring(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read what would be restored, and by whom and when it was deleted."""
    found = await _read_in_bin(client, int(str(arguments["id"])))
    return {
        "project": found.project,
        "type": found.text("WorkItemType"),
        "title": found.title,
        "state": found.text("State"),
        "deleted_by": found.deleted_by or "unknown",
        "deleted": f"{found.deleted:%Y-%m-%dT%H:%M:%SZ}" if found.deleted else "unknown",
    }


def _describe_deleted(number: int, found: _Deleted, *notes: str) -> DeletedWorkItem:
    return DeletedWorkItem(
        id=number,
        type=found.text("WorkItemType"),
        title=found.title,
        project=found.project,
        deleted=found.deleted,
        deleted_by=found.deleted_by,
        notes=list(notes),
    )


def _describe_restored(number: int, found: _Item, *notes: str) -> RestoredWorkItem:
    return RestoredWorkItem(
        id=number,
        revision=found.revision,
        type=found.type,
        title=found.title,
        project=found.project,
        state=found.state,
        notes=list(notes),
    )


async def find_deletion(client: AzureDevOps, pending: PendingWrite) -> DeletedWorkItem | Missing:
    """Find the work item in the recycle bin, put there by this account since then."""
    number = pending.arguments["id"]
    pending.url = f"{client.settings.url('core')}/_workitems/edit/{number}"
    try:
        found, answer = await _read_deleted(client, number)
    except NotFound:
        return Missing(f"work item {number} in the recycle bin")
    account, since = await fetch_account(client), pending.since(client, answer)
    if pending.is_of_another(client, DeletedWorkItem, number, found.deleted):
        raise unknown_outcome(f"another call deleted work item {number}")
    if found.deleted is not None and found.deleted >= since and _is_account(found.deleted_by, account):
        return _describe_deleted(number, found)
    raise unknown_outcome(f"work item {number} was deleted{found.words()}, which is not surely this call")


def _is_account(person: str | None, account: Identity) -> bool:
    """Return whether a text such as `Dana Ortiz <dana@...>` names an account; a display name alone proves nothing."""
    unique_name = account.unique_name.casefold()
    return bool(unique_name) and (person or "").casefold().endswith((f"<{unique_name}>", f" {unique_name}"))


class _Change(BaseModel):
    """A field that a save changed."""

    old: JsonValue = Field(default=None, validation_alias="oldValue")
    new: JsonValue = Field(default=None, validation_alias="newValue")


class _Update(BaseModel):
    revision: int = Field(validation_alias="rev")
    by: str | None = Field(default=None, validation_alias=AliasPath("revisedBy", "id"))
    changed: Instant | None = Field(
        default=None, validation_alias=AliasPath("fields", "System.ChangedDate", "newValue")
    )
    deletion: _Change | None = Field(default=None, validation_alias=AliasPath("fields", "System.IsDeleted"))

    @property
    def restores(self) -> bool:
        """Whether it took the item out of the recycle bin."""
        return self.deletion is not None and self.deletion.old is True and self.deletion.new is not True


async def find_restoring(client: AzureDevOps, pending: PendingWrite) -> RestoredWorkItem | Missing:
    """Find the save of this account since then that took the work item out of the recycle bin."""
    number = pending.arguments["id"]
    pending.url = f"{client.settings.url('core')}/_workitems/edit/{number}"
    where: PathValues = {"id": number}
    try:
        item = decode(await client.get(ITEM, path=where), _Item)
    except NotFound:
        return Missing(f"work item {number} outside the recycle bin")
    account, skip = (await fetch_account(client)).id, 0
    while True:
        answer = await client.get(_UPDATES, path=where, query={"$top": _PAGE, "$skip": skip})
        rows = decode(answer, Collection[_Update]).value
        since = pending.since(client, answer)
        for row in rows:
            own = row.by == account and row.changed is not None and row.changed >= since
            if own and row.restores and not pending.is_of_another(client, RestoredWorkItem, number, row.revision):
                return _describe_restored(number, item).model_copy(update={"revision": row.revision})
        skip += len(rows)
        if len(rows) < _PAGE:
            raise unknown_outcome(f"work item {number} is not in the recycle bin, and not surely by this call")


@toolset.write(
    Scope.WORK_WRITE,
    idempotent=True,
    sends=f"DELETE {ITEM}",
    targets=("id",),
    current=_read_before_deletion,
    recover=find_deletion,
    example={"id": 31},
)
async def delete_work_item(client: AzureDevOps, *, id: Id) -> DeletedWorkItem:
    """Put a work item into the recycle bin.

    Source: `DELETE /_apis/wit/workitems/{id}`, never with `destroy`.
    """
    try:
        before = await _read_standing(client, id)
    except NothingToSend as idle:
        found, _ = await _read_deleted(client, id)
        return _describe_deleted(id, found, idle.message)
    answer = await client.post(ITEM, None, path={"id": id}, method="DELETE")
    # Some versions of the interface answer without the work item.
    found = decode_told(answer, _Deleted, lambda told: told.tells)
    children = sum(relation.kind == _CHILD for relation in before.relations)
    notes = [f"Its {children} child item{'s' * (children > 1)} stayed."] if children else []
    if found.deleted is None or found.deleted_by is None:
        notes.append("The service did not say by whom or when it was deleted; list_deleted_work_items does.")
    made = DeletedWorkItem(id=id, type=before.type, title=before.title, project=before.project, notes=notes)
    return made.model_copy(update={"deleted": found.deleted, "deleted_by": found.deleted_by})


@toolset.write(
    Scope.WORK_WRITE,
    destructive=False,
    idempotent=True,
    sends=f"PATCH {BIN}",
    targets=("id",),
    current=_read_before_restoring,
    recover=find_restoring,
    example={"id": 900},
)
async def restore_work_item(client: AzureDevOps, *, id: Id) -> RestoredWorkItem:
    """Take a work item out of the recycle bin.

    Source: `PATCH /_apis/wit/recyclebin/{id}`.
    """
    try:
        before = await _read_in_bin(client, id)
    except NothingToSend as idle:
        return _describe_restored(id, decode(await client.get(ITEM, path={"id": id}), _Item), idle.message)
    answer = await client.post(BIN, {"isDeleted": False}, path={"id": id}, method="PATCH")
    decode_told(answer, _Deleted, lambda told: told.tells)
    try:
        return _describe_restored(id, decode(await client.get(ITEM, path={"id": id}), _Item))
    except AzureDevOpsError as unread:
        note = f"It was restored. How it is now could not be read ({unread.status})."
        kind = before.text("WorkItemType")
        return RestoredWorkItem(id=id, type=kind, title=before.title, project=before.project, notes=[note])
