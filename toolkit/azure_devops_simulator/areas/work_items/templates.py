"""Templates of work items: list, read, create, replace and delete those of a team."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError, ServiceError
from azure_devops_simulator.api.parsing import as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.core.projects import find_team
from azure_devops_simulator.areas.work_items.process.fields import require_field
from azure_devops_simulator.areas.work_items.process.types import work_item_type
from azure_devops_simulator.state.projects import Team
from azure_devops_simulator.state.values import JsonObject
from azure_devops_simulator.state.work_items.templates import Template

area = Area("wit")
_READ, _WRITE = ("vso.work",), ("vso.work_write",)
_ALL = "{project}/{team}/_apis/wit/templates"
_ONE = f"{_ALL}/{{template}}"
_BODY = "description fields name workItemTypeName"


def _team(call: Call) -> Team:
    return find_team(call.in_project(), call.path["team"])


def _body(call: Call, template: Template, *, whole: bool) -> JsonObject:
    """Return a template. A list leaves out the values of the fields."""
    url = call.url(f"{template.project.name}/{template.team}/_apis/wit/templates/{template.id}")
    type_url = call.url(f"{template.project.id}/_apis/wit/workItemTypes/{template.type}")
    body: JsonObject = {"fields": {**template.fields}} if whole else {}
    return body | {
        "id": template.id,
        "name": template.name,
        "description": template.description,
        "workItemTypeName": template.type,
        "_links": {"workItemType": {"href": type_url}, "self": {"href": url}},
        "url": url,
    }


def _find(call: Call) -> Template:
    found = call.organization.work_items.templates.get(_team(call), call.path["template"])
    if found is None:
        # The status is known from other records of work items. The key and the text are a guess.
        key, space = "WorkItemTemplateNotFoundException", "Microsoft.TeamFoundation.WorkItemTracking.Server"
        message = f"VS403328: The template '{call.path['template']}' does not exist."
        raise ServiceError(404, key, message, event_id=3200, type_name=f"{space}.{key}, {space}")
    return found


def _known(name: str) -> str:
    """Return the reference name of a field; templates also have two of their own for tags."""
    tags = {each.lower(): each for each in ("System.Tags-Add", "System.Tags-Remove")}
    return tags.get(name.lower()) or require_field(name).reference_name


def _given(call: Call) -> tuple[str, str, str, dict[str, str]]:
    """Return name, description, type and fields of the body."""
    body = call.json_object()
    name = as_text(body.get("name")).strip()
    if not name:
        raise ArgumentError("Value cannot be null.", "name", type_key="ArgumentNullException")
    kind = work_item_type(call.in_project(), as_text(body.get("workItemTypeName")))
    given = as_object(body.get("fields"))
    fields = {_known(each): as_text(value) for each, value in given.items()}
    return name, as_text(body.get("description")), kind.name, fields


@area.get(_ALL, scopes=_READ, query="workitemtypename")
def list_templates(call: Call) -> Answer:
    """Return the templates of a team, without their fields."""
    found = call.organization.work_items.templates.of(_team(call), call.query.text("workitemtypename"))
    return collection(_body(call, template, whole=False) for template in found)


@area.get(_ONE, scopes=_READ)
def get_template(call: Call) -> JsonObject:
    """Return one template with its fields."""
    return _body(call, _find(call), whole=True)


@area.post(_ALL, scopes=_WRITE, body=_BODY)
def create_template(call: Call) -> Answer:
    """Create a template."""
    team, (name, description, kind, fields) = _team(call), _given(call)
    call.organization.clock.tick()
    template = Template(call.organization.new_guid(), call.in_project(), team.id, name, description, kind, fields)
    call.organization.work_items.templates.items[template.id] = template
    return Answer(201, _body(call, template, whole=True))


@area.put(_ONE, scopes=_WRITE, body=_BODY)
def replace_template(call: Call) -> JsonObject:
    """Replace everything in a template."""
    template = _find(call)
    template.name, template.description, template.type, template.fields = _given(call)
    call.organization.clock.tick()
    return _body(call, template, whole=True)


@area.delete(_ONE, scopes=_WRITE)
def delete_template(call: Call) -> Answer:
    """Delete a template."""
    template = _find(call)
    call.organization.clock.tick()
    del call.organization.work_items.templates.items[template.id]
    return Answer(204)
