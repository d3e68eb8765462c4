"""Operations that run after the answer: clients ask for their status until they have succeeded."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.state.operations import Operation, OperationKind
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject

area = Area("operations")


def begin(call: Call, kind: OperationKind, project: Project, changes: JsonObject | None = None) -> Answer:
    """Begin an operation and return the 202 that refers to it. It takes effect some seconds later."""
    organization = call.organization
    now = organization.clock.tick()
    operation = Operation(organization.new_guid(), kind, project.id, now, changes or {})
    organization.operations[operation.id] = operation
    return Answer(202, _reference(call, operation, "notSet"))


def settle(organization: Organization) -> None:
    """Let every operation that has run to its end take effect. Repeating this changes nothing."""
    now = organization.clock.now()
    for operation in organization.operations.values():
        if not operation.done and operation.ends_by(now):
            operation.done = True
            if project := organization.projects.get(operation.project):
                _apply(organization, operation, project)


def wait(organization: Organization) -> None:
    """Let a second pass, as it does for a client that polls something unfinished."""
    organization.clock.tick()
    settle(organization)


def _apply(organization: Organization, operation: Operation, project: Project) -> None:
    if operation.kind == "delete":
        organization.remove_project(project)
        return
    for name, value in operation.changes.items():
        setattr(project, name, value)
    project.state, project.last_update = "wellFormed", organization.clock.now()
    project.revision = organization.next_id("projectRevision")


def _reference(call: Call, operation: Operation, status: str) -> JsonObject:
    return {"id": operation.id, "status": status, "url": call.url(f"_apis/operations/{operation.id}")}


@area.get("_apis/operations/{operationId}", scopes=())
def get_operation(call: Call) -> JsonObject:
    """Return the status of an operation. Reading an unfinished one takes a second, as a client that polls waits."""
    wanted = call.path["operationId"]
    operation = call.organization.operations.get(wanted.lower())
    if operation is None:
        # The text and the type key are a guess.
        message = f"The operation with id {wanted} does not exist."
        raise ServiceError(404, "OperationNotFoundException", message)
    if not operation.done:
        wait(call.organization)
    reference = _reference(call, operation, operation.status(call.organization.clock.now()))
    return {**reference, "_links": {"self": {"href": reference["url"]}}}
