"""Types of work items: their fields with allowed values, their states, and which state may follow which."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, JsonValue

from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.errors import NotFound, ProjectNotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, Named, OrNone, decode
from langchain_azure_devops.results.models import Failed, Page, PartialResult, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.people import name_person
from langchain_azure_devops.tools.work_items.repair import add_repair_hint
from langchain_azure_devops.tools.work_items.toolset import toolset

_TYPES = "/{project}/_apis/wit/workitemtypes"
_FIELDS_OF_TYPE = f"{_TYPES}/{{type}}/fields"
_FIELDS = "/{project}/_apis/wit/fields"
_MOST_VALUES = 30


def _names(value: object) -> object:
    rows = value if isinstance(value, list) else []
    return [row.get("name") if isinstance(row, dict) else row for row in rows]


def _none_if_blank(value: str | None) -> str | None:
    return value or None


class WorkItemTypeRow(Result):
    """A type of work items in a list."""

    singular, plural = "work item type", "work item types"
    web_list = "{project}/_workitems"
    identifying = ("reference_name",)

    name: Untrusted
    reference_name: Untrusted | None = Field(default=None, validation_alias="referenceName")
    states: Annotated[list[Untrusted], BeforeValidator(_names)] = Field(default=[])
    disabled: bool | None = Field(default=None, validation_alias="isDisabled")
    description: Annotated[Untrusted | None, AfterValidator(_none_if_blank)] = None


class TypeState(Result):
    """A state of a type.

    Attributes:
        first: Whether a new work item begins in it.
        next: The states into which the process lets a work item go from it.
    """

    name: Untrusted
    category: str | None
    first: bool
    next: list[Untrusted]


class TypeField(Result):
    """A field of a type that people can set."""

    reference_name: Untrusted
    name: Untrusted
    kind: str | None
    required: bool
    default: Untrusted | None
    allowed: list[Untrusted]


class WorkItemTypeDetail(PartialResult):
    """A type of work items."""

    singular, plural = "work item type", "work item types"
    web = "{project}/_workitems"
    caption = "work item type {name}"
    identifying = ("reference_name",)

    name: Untrusted
    reference_name: Untrusted | None
    description: Untrusted | None
    disabled: bool
    states: list[TypeState]
    fields: list[TypeField]
    notes: list[str] = Field(default=[])


class _State(BaseModel):
    name: str
    category: str | None = None


class _Transition(BaseModel):
    to: str


class _Type(BaseModel):
    name: str
    reference_name: str | None = Field(default=None, validation_alias="referenceName")
    description: str | None = None
    disabled: bool | None = Field(default=None, validation_alias="isDisabled")
    states: OrNone[_State] = Field(default=[])
    transitions: dict[str, OrNone[_Transition]] | None = None
    fields: OrNone["_Field"] = Field(default=[])


class _Field(BaseModel):
    reference_name: str = Field(validation_alias="referenceName")
    name: str = ""
    required: bool | None = Field(default=None, validation_alias="alwaysRequired")
    default: JsonValue = Field(default=None, validation_alias="defaultValue")
    values: OrNone[JsonValue] = Field(default=[], validation_alias="allowedValues")


class _Kind(Named):
    reference_name: str = Field(validation_alias="referenceName")
    kind: str | None = Field(default=None, validation_alias="type")
    read_only: bool | None = Field(default=None, validation_alias="readOnly")


@toolset.read(Scope.WORK, example={"project": "Platform"})
async def list_work_item_types(client: AzureDevOps, *, project: Project = None) -> Page[WorkItemTypeRow]:
    """List work item types and their states.

    Source: `GET .../wit/workitemtypes`.
    """
    where = {"project": await client.required_project(project)}
    rows = decode(await client.get(_TYPES, path=where), Collection[WorkItemTypeRow]).value
    return Page[WorkItemTypeRow](items=rows, total=len(rows))


@toolset.read(Scope.WORK, example={"type": "Bug", "project": "Platform"})
async def get_work_item_type(client: AzureDevOps, *, type: str, project: Project = None) -> WorkItemTypeDetail:
    """Read the fields of a type, required and allowed values, states and allowed transitions.

    Raises:
        NotFound: The project has no such type; the message names those that it has.
    Source: Fields that only the service sets are left out. `GET .../wit/workitemtypes/{type}`, its `/fields` with
    allowed values, and `GET .../wit/fields` for the kinds of fields.
    """
    project = await client.required_project(project)
    where: dict[str, str | int | None] = {"project": project, "type": type}
    try:
        found = decode(await client.get(f"{_TYPES}/{{type}}", path=where), _Type)
    except ProjectNotFound:
        raise
    except NotFound as error:
        raise await add_repair_hint(client, error, project, type) from error

    async def read(template: str) -> list[_Field] | list[_Kind]:
        if template == _FIELDS:
            return decode(await client.get(_FIELDS, path={"project": project}), Collection[_Kind]).value
        answer = await client.get(_FIELDS_OF_TYPE, path=where, query={"$expand": "allowedValues"})
        return decode(answer, Collection[_Field]).value

    answers = await fan_out([_FIELDS_OF_TYPE, _FIELDS], read)
    fields = [row for row in answers.done.get(_FIELDS_OF_TYPE, found.fields) if isinstance(row, _Field)]
    kinds = {row.reference_name: row for row in answers.done.get(_FIELDS, []) if isinstance(row, _Kind)}
    shown = [_make_field(row, kinds) for row in fields if not _is_read_only(row, kinds)]
    words = {_FIELDS_OF_TYPE: "allowed values", _FIELDS: "kinds of fields"}
    unread = [
        Failed(place=words[place], status=error.status, reason=error.message) for place, error in answers.failed.items()
    ]
    notes = [f"The {each.place} could not be read: {each.reason}" for each in unread]
    if hidden := len(fields) - len(shown):
        notes.append(f"{hidden} more fields are left out, as only the service sets them.")
    return WorkItemTypeDetail(
        name=found.name,
        reference_name=found.reference_name,
        description=found.description or None,
        disabled=bool(found.disabled),
        states=_make_states(found),
        fields=shown,
        notes=notes,
        unread=unread,
        partial=bool(unread),
    )


def _is_read_only(row: _Field, kinds: dict[str, _Kind]) -> bool:
    kind = kinds.get(row.reference_name)
    return kind is not None and bool(kind.read_only)


def _make_field(row: _Field, kinds: dict[str, _Kind]) -> TypeField:
    kind = kinds.get(row.reference_name)
    values = [str(name_person(value)) for value in row.values if value is not None]
    more = [f"and {len(values) - _MOST_VALUES} more"] if len(values) > _MOST_VALUES else []
    return TypeField(
        reference_name=row.reference_name,
        name=row.name,
        kind=kind.kind if kind else None,
        required=bool(row.required),
        default=None if row.default in (None, "") else str(name_person(row.default)),
        allowed=[*values[:_MOST_VALUES], *more],
    )


def _make_states(found: _Type) -> list[TypeState]:
    transitions = {name.casefold(): [row.to for row in rows] for name, rows in (found.transitions or {}).items()}
    first = {name.casefold() for name in transitions.get("", [])}
    return [
        TypeState(
            name=state.name,
            category=state.category,
            first=state.name.casefold() in first,
            next=[to for to in transitions.get(state.name.casefold(), []) if to.casefold() != state.name.casefold()],
        )
        for state in found.states
    ]
