"""Give a work item another type."""

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.calls.recovery import Missing, PendingWrite
from langchain_azure_devops.errors import Conflict, InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, Named, OrNone, decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.people import NamedPerson
from langchain_azure_devops.tools.work_items.conflicts import check_revision, explain_conflict
from langchain_azure_devops.tools.work_items.models import RawWorkItem, SavedWorkItem
from langchain_azure_devops.tools.work_items.recovery import ITEM, find_exact_change
from langchain_azure_devops.tools.work_items.repair import explain_refusal
from langchain_azure_devops.tools.work_items.sent_values import make_patch
from langchain_azure_devops.tools.work_items.tools import Id
from langchain_azure_devops.tools.work_items.toolset import toolset

_TYPES = "/{project}/_apis/wit/workitemtypes"
_STATE = "System.State"
_JSON_PATCH = "application/json-patch+json"


class _FieldOfType(BaseModel):
    reference_name: str = Field(validation_alias="referenceName")
    name: str = ""


class _To(BaseModel):
    to: str


class _Type(Named):
    states: OrNone[Named] = Field(default=[])
    fields: OrNone[_FieldOfType] = Field(default=[])
    transitions: dict[str, OrNone[_To]] = Field(default={})

    @property
    def first_state(self) -> str | None:
        """The state in which a new item of this type begins; None when the answer does not say so."""
        first = self.transitions.get("") or []
        return first[0].to if first else (self.states[0].name if self.states else None)

    def lacks(self, field: str) -> bool:
        """Return whether items of this type surely do not have a field."""
        return bool(self.fields) and field.casefold() not in {each.reference_name.casefold() for each in self.fields}


class _Stored(RawWorkItem):
    revision: int = Field(validation_alias="rev")
    project: str = Field(validation_alias=AliasPath("fields", "System.TeamProject"))
    type: str = Field(validation_alias=AliasPath("fields", "System.WorkItemType"))
    title: str = Field(validation_alias=AliasPath("fields", "System.Title"))
    state: str = Field(validation_alias=AliasPath("fields", "System.State"))
    area: str | None = Field(default=None, validation_alias=AliasPath("fields", "System.AreaPath"))
    assigned_to: NamedPerson = Field(default=None, validation_alias=AliasPath("fields", "System.AssignedTo"))


class _Plan(NamedTuple):
    """What a call changes.

    Attributes:
        stored: The work item as it is.
        fields: What is sent: the type, and a state where the new type lacks the present one.
        dropped: The fields with a value that the new type does not have.
        notes: What follows from the new type, in words.
    """

    stored: _Stored
    fields: dict[str, str]
    dropped: list[str]
    notes: list[str]


async def _plan(client: AzureDevOps, number: int, wanted: str) -> _Plan:
    """Read the work item and its new type.

    Raises:
        NothingToSend: It has this type already.
        InvalidRequest: The project has no such type.
    """
    stored = decode(await client.get(ITEM, path={"id": number}, query={"$expand": "all"}), _Stored)
    if stored.type.casefold() == wanted.strip().casefold():
        raise NothingToSend(f"Work item {number} is a {stored.type} already, so nothing was sent.", subject=str(number))
    kind = await _read_type(client, stored.project, wanted)
    fields, notes = _find_sent(kind, stored.state), list[str]()
    if _STATE in fields:
        notes.append(
            f"A {one_line(kind.name)} has no state {one_line(stored.state)}, so it becomes "
            f"{one_line(fields[_STATE])}. Its states: {', '.join(one_line(state.name) for state in kind.states)}."
        )
    dropped = [
        name
        for name, value in stored.fields.items()
        if kind.lacks(name) and value not in (None, "") and not name.startswith("System.")
    ]
    if dropped:
        notes.append(f"A {one_line(kind.name)} does not show {', '.join(map(one_line, dropped))}.")
    return _Plan(stored, fields, dropped, notes)


def _find_sent(kind: _Type, state: str) -> dict[str, str]:
    """Return the fields that give a work item in a state another type: a state, too, where the new type lacks it."""
    fields = {"System.WorkItemType": kind.name}
    if kind.states and state.casefold() not in {each.name.casefold() for each in kind.states}:
        fields[_STATE] = kind.first_state or kind.states[0].name
    return fields


async def _read_type(client: AzureDevOps, project: str, wanted: str) -> _Type:
    try:
        return decode(await client.get(f"{_TYPES}/{{type}}", path={"project": project, "type": wanted}), _Type)
    except NotFound as error:
        rows = decode(await client.get(_TYPES, path={"project": project}), Collection[Named]).value
        names = [one_line(row.name) for row in rows]
        raise InvalidRequest(
            f"There is no work item type {wanted!r} in {project}, so nothing was sent.{did_you_mean(wanted, names)} "
            f"Its types: {', '.join(names)}.",
            subject=as_subject(wanted),
        ) from error


async def _read_before(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the work item, its present type, and what the new type changes beside that."""
    number = int(str(arguments["id"]))
    plan = await _plan(client, number, str(arguments["type"]))
    check_revision(number, plan.stored.revision, arguments["revision"])
    told: dict[str, JsonValue] = {
        "project": plan.stored.project,
        "type": plan.stored.type,
        "title": plan.stored.title,
        "state": plan.stored.state,
        "area": plan.stored.area or "",
        "assigned_to": plan.stored.assigned_to or "",
        "revision": plan.stored.revision,
    }
    return told | ({"consequences": " ".join(plan.notes)} if plan.notes else {})


async def find_retyped(client: AzureDevOps, pending: PendingWrite) -> SavedWorkItem | Missing:
    """Return the revision after the one that was read if it is recent, by this account, and changes only the type.

    The state belongs to it where the new type lacks the one before, and the service may empty what that type lacks.
    """
    number = pending.arguments["id"]
    pending.url = f"{client.settings.url('core')}/_workitems/edit/{number}"
    stored = decode(await client.get(ITEM, path={"id": number}, query={"$expand": "all"}), _Stored)
    kind = await _read_type(client, stored.project, pending.arguments["type"])

    def find_sent(before: RawWorkItem, _type: str) -> dict[str, str]:
        return _find_sent(kind, str(before.fields.get(_STATE) or ""))

    return await find_exact_change(client, pending, find_sent, kind.lacks)


@toolset.write(
    Scope.WORK_WRITE,
    idempotent=True,
    sends=f"PATCH {ITEM}",
    targets=("id", "type"),
    contents=("revision",),
    current=_read_before,
    recover=find_retyped,
    example={"id": 20, "revision": 1, "type": "Bug"},
)
async def change_work_item_type(client: AzureDevOps, *, id: Id, revision: int, type: str) -> SavedWorkItem:
    """Change the type of a work item; a state that it lacks becomes its first.

    Raises:
        RevisionConflict: It has another revision now.
        InvalidRequest: There is no such type, or a rule of it refuses a value; says what is allowed.
    Source: `PATCH /_apis/wit/workitems/{id}` with a test of `/rev`.
    """
    try:
        plan = await _plan(client, id, type)
    except NothingToSend as idle:
        same = decode(await client.get(ITEM, path={"id": id}, query={"$expand": "all"}), SavedWorkItem)
        return same.model_copy(update={"notes": [idle.message]})
    patch: list[JsonValue] = [{"op": "test", "path": "/rev", "value": revision}, *make_patch(plan.fields)]
    try:
        answer = await client.post(ITEM, patch, path={"id": id}, content_type=_JSON_PATCH, method="PATCH")
    except Conflict as error:
        raise await explain_conflict(client, error, id, revision, patch) from error
    except InvalidRequest as error:
        raise await explain_refusal(client, error, id, type) from error
    saved = decode(answer, SavedWorkItem)
    return saved.model_copy(update={"notes": [*plan.notes, *saved.notes]})
