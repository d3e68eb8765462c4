"""List, read, create and update variable groups."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import partial

from azure_devops_simulator.api.call import Answer, Call, page
from azure_devops_simulator.api.errors import ArgumentError, ServiceError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text, whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.state.pipeline_resources import VariableGroup
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp

area = Area("distributedTask")
READ, MANAGE = ("vso.variablegroups_read",), ("vso.variablegroups_manage",)
_GROUPS = "{project}/_apis/distributedtask/variablegroups"
_WRITES = "_apis/distributedtask/variablegroups"
_BODY = "description name type variables variableGroupProjectReferences"
_SPACE = "Microsoft.TeamFoundation.DistributedTask.WebApi"
_PAGE = 1000


def task_error(status: int, key: str, message: str) -> ServiceError:
    """Return an error of the distributed task service. The texts are a guess."""
    return ServiceError(status, key, message, type_name=f"{_SPACE}.{key}, {_SPACE}")


@area.get(_GROUPS, scopes=READ, query="groupName groupIds queryOrder $top continuationToken")
def list_groups(call: Call) -> Answer:
    """Return the variable groups of a project; secret values are null. A name may end with `*`."""
    groups = [each for each in _groups(call).values() if call.in_project() in each.projects]
    if name := call.query.text("groupName").lower():
        groups = [each for each in groups if fnmatchcase(each.name.lower(), name)]
    if numbers := call.query.numbers("groupIds"):
        groups = [each for each in groups if each.id in numbers]
    groups.sort(
        key=lambda each: each.id, reverse=call.query.text("queryOrder", "idDescending").lower() == "iddescending"
    )
    return page(call, groups, partial(_shape, call), _PAGE, _PAGE)


@area.get(f"{_GROUPS}/{{group:int}}", scopes=READ)
def get_group(call: Call) -> JsonObject:
    """Return one variable group."""
    group = _find(call)
    if call.in_project() not in group.projects:
        raise _missing(call.path["group"])
    return _shape(call, group)


@area.post(_WRITES, scopes=MANAGE, body=_BODY)
def create_group(call: Call) -> JsonObject:
    """Create a variable group in the projects that the body names."""
    body = call.json_object()
    projects, now = _projects(call, body), call.organization.clock.tick()
    number = call.organization.next_id("variableGroup")
    group = VariableGroup(number, _name(body), projects, {}, call.user, now, call.user, now)
    _fill(group, body)
    _groups(call)[number] = group
    return _shape(call, group)


@area.put(f"{_WRITES}/{{group:int}}", scopes=MANAGE, body=_BODY)
def update_group(call: Call) -> JsonObject:
    """Replace the variables of a group. A secret without a value keeps the one that it has."""
    group, body = _find(call), call.json_object()
    group.name, group.projects = _name(body), _projects(call, body)
    group.modified_by, group.modified = call.user, call.organization.clock.tick()
    _fill(group, body)
    return _shape(call, group)


def _groups(call: Call) -> dict[int, VariableGroup]:
    return call.organization.resources.variable_groups


def _find(call: Call) -> VariableGroup:
    group = _groups(call).get(whole_number(call.path["group"]) or 0)
    if group is None:
        raise _missing(call.path["group"])
    return group


def _missing(number: str) -> ServiceError:
    return task_error(404, "VariableGroupNotFoundException", f"Variable group with ID {number} does not exist.")


def _name(body: JsonObject) -> str:
    name = as_text(body.get("name")).strip()
    if not name:
        raise ArgumentError("Variable group name cannot be null or empty.", "name")
    return name


def _projects(call: Call, body: JsonObject) -> list[Project]:
    references = [
        as_object(each).get("projectReference") for each in as_list(body.get("variableGroupProjectReferences"))
    ]
    named = [as_text(as_object(each).get("id")) or as_text(as_object(each).get("name")) for each in references]
    found = [call.organization.project(name) for name in named]
    known = [project for project in found if project is not None]
    if not known or len(known) < len(named):
        raise ArgumentError("The variable group needs existing projects.", "variableGroupProjectReferences")
    return known


def _fill(group: VariableGroup, body: JsonObject) -> None:
    group.description, group.type = as_text(body.get("description")), as_text(body.get("type"), "Vsts")
    given = {name: as_object(value) for name, value in as_object(body.get("variables")).items()}
    if not given:
        raise ArgumentError("Variable group must contain at least one variable.", "variables")
    group.variables = {
        name: {"value": None, "isSecret": True}
        if value.get("isSecret") is True
        else {"value": as_text(value.get("value"))}
        for name, value in given.items()
    }


def _shape(call: Call, group: VariableGroup) -> JsonObject:
    references: list[JsonValue] = [
        {
            "projectReference": {"id": project.id, "name": project.name},
            "name": group.name,
            "description": group.description,
        }
        for project in group.projects
    ]
    return {
        "variables": dict(group.variables),
        "id": group.id,
        "type": group.type,
        "name": group.name,
        "description": group.description,
        "createdBy": call.identity(group.created_by),
        "createdOn": timestamp(group.created),
        "modifiedBy": call.identity(group.modified_by),
        "modifiedOn": timestamp(group.modified),
        "isShared": len(group.projects) > 1,
        "variableGroupProjectReferences": references,
    }
