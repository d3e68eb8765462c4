"""List, read and add the checks of environments and of other resources."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError
from azure_devops_simulator.api.parsing import as_object, as_text, whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.approvals.approvals import READ, check_error
from azure_devops_simulator.state.deployment import Check
from azure_devops_simulator.state.values import JsonObject, guid, timestamp

area = Area("approvalsAndChecks")
_ALL = "{project}/_apis/pipelines/checks/configurations"
_ADD = ("vso.build_execute", "vso.pipelineresources_manage")
_VERSION = "7.1-preview.1"
_TYPES = {
    "Approval": "8c6f20a7-a545-4486-9777-f762fafe0d4d",
    "Task Check": "fe1de3ee-a436-41b4-bb20-f6eb4cb879a7",
    "ExclusiveLock": "2ef31ad6-baa0-403a-8b45-2cbc9b4e5563",
}


@area.get(_ALL, scopes=READ, version=_VERSION, query="resourceType resourceId $expand")
def list_checks(call: Call) -> Answer:
    """Return the checks of a resource; their settings only if they are asked for."""
    kind, number = call.query.text("resourceType").lower(), call.query.text("resourceId").lower()
    found = [
        each
        for each in call.organization.deployment.checks.values()
        if each.project is call.in_project()
        and kind in {"", each.resource[0].lower()}
        and number in {"", each.resource[1].lower()}
    ]
    return collection(_shape(call, each) for each in found)


@area.get(f"{_ALL}/{{check}}", scopes=READ, version=_VERSION, query="$expand")
def get_check(call: Call) -> JsonObject:
    """Return one check."""
    wanted = call.path["check"]
    found = call.organization.deployment.checks.get(whole_number(wanted) or 0)
    if found is None or found.project is not call.in_project():
        raise check_error(404, "CheckConfigurationNotFoundException", f"Check configuration {wanted} does not exist.")
    return _shape(call, found)


@area.post(_ALL, scopes=_ADD, version=_VERSION)
def add_check(call: Call) -> JsonObject:
    """Add a check to a resource."""
    body = call.json_object()
    resource, kind = as_object(body.get("resource")), as_text(as_object(body.get("type")).get("name"))
    target = as_text(resource.get("type")), as_text(resource.get("id"))
    if not all(target):
        raise ArgumentError("The check needs a resource with a type and an id.", "resource")
    if kind not in _TYPES:
        raise NotSimulatedError(f"checks of the type {kind or 'that is not named'}")
    number, now = call.organization.next_id("check"), call.organization.clock.tick()
    timeout = body.get("timeout")
    check = Check(
        number, call.in_project(), kind, target, call.user, now, call.user, now, as_object(body.get("settings"))
    )
    check.timeout = timeout if isinstance(timeout, int) else check.timeout
    call.organization.deployment.checks[number] = check
    return _shape(call, check)


def _shape(call: Call, check: Check) -> JsonObject:
    url = call.url(f"{check.project.id}/_apis/pipelines/checks/configurations/{check.id}")
    kind, number = check.resource
    body: JsonObject = {
        "createdBy": call.identity(check.created_by),
        "createdOn": timestamp(check.created),
        "modifiedBy": call.identity(check.modified_by),
        "modifiedOn": timestamp(check.modified),
        "timeout": check.timeout,
        "_links": {"self": {"href": url}},
        "id": check.id,
        "type": {"id": _TYPES.get(check.type, guid(f"check/{check.type}")), "name": check.type},
        "url": url,
        "resource": {"type": kind, "id": number, "name": _name_of(call, kind, number)},
    }
    if call.method == "POST" or call.query.text("$expand").lower() == "settings":
        body["settings"] = check.settings
    return body


def _name_of(call: Call, kind: str, number: str) -> str:
    found = call.organization.deployment.environments.get(whole_number(number) or 0)
    return found.name if kind.lower() == "environment" and found else ""
