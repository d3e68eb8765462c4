"""Fields, work item types, states, categories, relation types and tags."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.work_items.process.fields import FIELDS, Field, field_body, require_field
from azure_devops_simulator.areas.work_items.process.rules import split_tags
from azure_devops_simulator.areas.work_items.process.types import (
    ALLOWED,
    CATEGORIES,
    State,
    WorkItemType,
    work_item_type,
    work_item_types,
)
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject, JsonValue, guid
from azure_devops_simulator.state.work_items.relation_types import RELATION_TYPES, RelationType, find_relation_type

area = Area("wit")
_READ = ("vso.work",)


@area.get("{project?}/_apis/wit/fields", scopes=_READ, query="$expand")
def list_fields(call: Call) -> Answer | JsonValue:
    """Return every field of the organization. There are no deleted ones and none of extensions to add by `$expand`."""
    call.query.get("$expand")
    return collection(field_body(field, _field_url(call, field)) for field in FIELDS.values())


@area.get("{project?}/_apis/wit/fields/{field}", scopes=_READ)
def get_field(call: Call) -> Answer | JsonValue:
    """Return one field by reference name or name."""
    field = require_field(call.path["field"], status=404)
    return field_body(field, _field_url(call, field))


def _field_url(call: Call, field: Field) -> str:
    return call.url(f"_apis/wit/fields/{field.reference_name}")


def _type_url(call: Call, project: Project, kind: WorkItemType) -> str:
    return call.url(f"{project.id}/_apis/wit/workItemTypes/{kind.name}")


def _state_body(state: State) -> JsonObject:
    return {"name": state.name, "color": state.color, "category": state.category}


def _field_of_type(call: Call, field: Field, kind: WorkItemType, *, expand: bool) -> JsonObject:
    default = kind.defaults.get(field.reference_name)
    body: JsonObject = {
        "alwaysRequired": field.reference_name in kind.required,
        "defaultValue": str(default) if default is not None else None,
        "referenceName": field.reference_name,
        "name": field.name,
        "url": _field_url(call, field),
    }
    if expand:
        allowed: list[str] = [str(value) for value in ALLOWED.get(field.reference_name, ())]
        if field.reference_name == "System.State":
            allowed = [state.name for state in kind.states]
        body |= {"allowedValues": allowed, "dependentFields": []}
    return body


def _type_body(call: Call, project: Project, kind: WorkItemType) -> JsonObject:
    fields: list[JsonValue] = [_field_of_type(call, FIELDS[name], kind, expand=False) for name in kind.fields]
    states: list[JsonValue] = [_state_body(state) for state in kind.states]
    following = {state.name: kind.following(state) for state in kind.states} | {"": kind.states[:1]}
    transitions: JsonObject = {
        name: [{"to": state.name, "actions": None} for state in states] for name, states in following.items()
    }
    icon = call.url(f"_apis/wit/workItemIcons/{kind.icon}?color={kind.color}&v=2")
    return {
        "name": kind.name,
        "referenceName": kind.reference_name,
        "description": kind.description,
        "color": kind.color,
        "icon": {"id": kind.icon, "url": icon},
        "isDisabled": False,
        "xmlForm": "",
        "fields": fields,
        "fieldInstances": fields,
        "transitions": transitions,
        "states": states,
        "url": _type_url(call, project, kind),
    }


def _type_of(call: Call) -> WorkItemType:
    return work_item_type(call.in_project(), call.path["type"])


@area.get("{project}/_apis/wit/workitemtypes", scopes=_READ)
def list_types(call: Call) -> Answer | JsonValue:
    """Return the types of the project's process."""
    project = call.in_project()
    return collection(_type_body(call, project, kind) for kind in work_item_types(project))


@area.get("{project}/_apis/wit/workitemtypes/{type}", scopes=_READ)
def get_type(call: Call) -> Answer | JsonValue:
    """Return one type."""
    return _type_body(call, call.in_project(), _type_of(call))


@area.get("{project}/_apis/wit/workitemtypes/{type}/states", scopes=_READ)
def list_states(call: Call) -> Answer | JsonValue:
    """Return the states of a type."""
    return collection(_state_body(state) for state in _type_of(call).states)


@area.get("{project}/_apis/wit/workitemtypes/{type}/fields", scopes=_READ, query="$expand")
def list_type_fields(call: Call) -> Answer | JsonValue:
    """Return the fields of a type, with allowed values if `$expand` asks for them."""
    kind, expand = _type_of(call), _expands(call)
    return collection(_field_of_type(call, FIELDS[name], kind, expand=expand) for name in kind.fields)


@area.get("{project}/_apis/wit/workitemtypes/{type}/fields/{field}", scopes=_READ, query="$expand")
def get_type_field(call: Call) -> Answer | JsonValue:
    """Return one field of a type."""
    kind, field = _type_of(call), require_field(call.path["field"], status=404)
    if field.reference_name not in kind.fields:
        require_field(f"{call.path['field']} of {kind.name}", status=404)
    return _field_of_type(call, field, kind, expand=_expands(call))


def _expands(call: Call) -> bool:
    return call.query.text("$expand").lower() in {"allowedvalues", "dependentfields", "all"}


@area.get("{project}/_apis/wit/workitemtypecategories", scopes=_READ)
def list_categories(call: Call) -> Answer | JsonValue:
    """Return the categories with their types."""
    return collection(_category_body(call, name) for name in CATEGORIES)


@area.get("{project}/_apis/wit/workitemtypecategories/{category}", scopes=_READ)
def get_category(call: Call) -> Answer | JsonValue:
    """Return one category."""
    for name in CATEGORIES:
        if name.lower() == call.path["category"].lower():
            return _category_body(call, name)
    message = f"VS402325: Work item type category {call.path['category']} does not exist."
    raise ServiceError(404, "WorkItemTypeCategoryNotFoundException", message, event_id=3200)


def _category_body(call: Call, name: str) -> JsonObject:
    project = call.in_project()
    kinds = [kind for kind in work_item_types(project) if kind.category == name]
    types: list[JsonValue] = [{"name": kind.name, "url": _type_url(call, project, kind)} for kind in kinds]
    return {
        "name": CATEGORIES[name],
        "referenceName": name,
        "defaultWorkItemType": types[0],
        "workItemTypes": types,
        "url": call.url(f"{project.id}/_apis/wit/workItemTypeCategories/{name}"),
    }


@area.get("{project?}/_apis/wit/workitemrelationtypes", scopes=_READ)
def list_relation_types(call: Call) -> Answer | JsonValue:
    """Return every relation type."""
    return collection(_relation_type(call, known) for known in RELATION_TYPES.values())


@area.get("{project?}/_apis/wit/workitemrelationtypes/{relation}", scopes=_READ)
def get_relation_type(call: Call) -> Answer | JsonValue:
    """Return one relation type."""
    known = find_relation_type(call.path["relation"])
    if known is None:
        message = f"VS402376: Unknown relation type {call.path['relation']}."
        raise ServiceError(404, "WorkItemLinkTypeNotFoundException", message, event_id=3200)
    return _relation_type(call, known)


def _relation_type(call: Call, known: RelationType) -> JsonObject:
    return known.body(call.url(f"_apis/wit/workItemRelationTypes/{known.reference_name}"))


@area.get("{project}/_apis/wit/tags", scopes=_READ)
def list_tags(call: Call) -> Answer | JsonValue:
    """Return the tags that items of a project carry."""
    return collection(_tags(call))


@area.get("{project}/_apis/wit/tags/{tag}", scopes=_READ)
def get_tag(call: Call) -> Answer | JsonValue:
    """Return one tag by id or name."""
    wanted = call.path["tag"].lower()
    for tag in _tags(call):
        if wanted in {str(tag["id"]), str(tag["name"]).lower()}:
            return tag
    raise ServiceError(404, "TagNotFoundException", f"The tag '{call.path['tag']}' does not exist.")


def _tags(call: Call) -> list[JsonObject]:
    project = call.in_project()
    items = (item for item in call.organization.work_items if item.project is project)
    found = {tag.lower(): tag for item in items for tag in split_tags(str(item.revision.fields.get("System.Tags", "")))}
    ids = {key: guid(f"tag/{project.name}/{key}") for key in found}
    return [
        {"id": ids[key], "name": found[key], "url": call.url(f"{project.id}/_apis/wit/tags/{ids[key]}")}
        for key in sorted(found)
    ]
