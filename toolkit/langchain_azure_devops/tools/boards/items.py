"""A work item whose place is changed: it is read before, written at its revision, and found after a lost answer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.recovery import Missing, PendingWrite
from langchain_azure_devops.errors import Conflict, InvalidRequest, RevisionConflict
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.tools.people import NamedPerson
from langchain_azure_devops.tools.work_items.models import FieldValue, SavedWorkItem
from langchain_azure_devops.tools.work_items.recovery import ITEM, find_update
from langchain_azure_devops.tools.work_items.repair import explain_refusal

ItemId = Annotated[int, Field(ge=1)]
Revision = Annotated[int, Field(ge=1)]
SENDS = f"PATCH {ITEM}"

_JSON_PATCH = "application/json-patch+json"


def _field(name: str) -> Any:
    return Field(validation_alias=AliasPath("fields", name))


class PlacedItem(BaseModel):
    """A work item before its place is changed."""

    id: int
    revision: int = Field(validation_alias="rev")
    project: str = _field("System.TeamProject")
    type: str = _field("System.WorkItemType")
    title: str = _field("System.Title")
    state: str = _field("System.State")
    area: str = _field("System.AreaPath")
    iteration: str = _field("System.IterationPath")
    assigned_to: NamedPerson = Field(default=None, validation_alias=AliasPath("fields", "System.AssignedTo"))
    fields: dict[str, JsonValue]

    def text(self, name: str) -> str:
        """Return the value of a field as text."""
        value = self.fields.get(name)
        return "" if value is None else str(value)

    @property
    def recognized(self) -> dict[str, JsonValue]:
        """What a person recognizes it by."""
        return {
            "project": self.project,
            "type": self.type,
            "title": self.title,
            "state": self.state,
            "assigned_to": self.assigned_to or "",
            "revision": self.revision,
        }


async def read_placed(client: AzureDevOps, number: int, revision: int) -> PlacedItem:
    """Read a work item that a call wants to change at a revision.

    Raises:
        NotFound: There is no such work item.
        RevisionConflict: It has another revision now.
    """
    found = decode(await client.get(ITEM, path={"id": number}), PlacedItem)
    if found.revision != revision:
        raise _conflict(found, revision)
    return found


def _conflict(found: PlacedItem, revision: int) -> RevisionConflict:
    return RevisionConflict(
        f"Work item {found.id} is at revision {found.revision}, not {revision}: somebody changed it since it was read. "
        f"Nothing was changed. If the change still fits, repeat it with revision {found.revision}. Now it is "
        f"{found.state}, in iteration {found.iteration} and area {found.area}.",
        subject=str(found.revision),
    )


async def write_fields(client: AzureDevOps, item: PlacedItem, fields: Mapping[str, JsonValue]) -> SavedWorkItem:
    """Set fields of a work item unless somebody changed it since it was read.

    Raises:
        RevisionConflict: It has another revision now.
        InvalidRequest: A rule of the process refuses a value; says what is allowed.
    """
    patch: list[JsonValue] = [{"op": "test", "path": "/rev", "value": item.revision}]
    patch += [{"op": "add", "path": f"/fields/{name}", "value": value} for name, value in fields.items()]
    try:
        response = await client.post(ITEM, patch, path={"id": item.id}, content_type=_JSON_PATCH, method="PATCH")
    except Conflict as error:
        now = decode(await client.get(ITEM, path={"id": item.id}), PlacedItem)
        if now.revision == item.revision:
            raise
        raise _conflict(now, item.revision) from error
    except InvalidRequest as error:
        raise await explain_refusal(client, error, item.id) from error
    return decode(response, SavedWorkItem)


async def read_unchanged(client: AzureDevOps, number: int, note: str) -> SavedWorkItem:
    """Return a work item to which nothing was sent, with a note that says why."""
    response = await client.get(ITEM, path={"id": number}, query={"$expand": "all"})
    return decode(response, SavedWorkItem).model_copy(update={"notes": [note]})


async def find_written(
    client: AzureDevOps, pending: PendingWrite, fields: Mapping[str, JsonValue], **named: str
) -> SavedWorkItem | Missing:
    """Find the revision in which a lost write set fields.

    Args:
        client: Where to look.
        pending: The write.
        fields: The fields that were sent by their reference names.
        **named: The values of those that have a name of their own: `area`, `iteration` and `state`.
    """
    given = {
        "id": pending.arguments["id"],
        "revision": pending.arguments["revision"],
        "fields": [FieldValue(name=name, value=str(value)) for name, value in fields.items()],
        **named,
    }
    asked = replace(pending, arguments=given)
    try:
        return await find_update(client, asked)
    finally:
        pending.url, pending.date_is_behind = asked.url, asked.date_is_behind
