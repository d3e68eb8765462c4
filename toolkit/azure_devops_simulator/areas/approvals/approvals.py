"""List, read and decide approvals."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError, ServiceError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.state.deployment import Approval, ApprovalStep
from azure_devops_simulator.state.values import JsonObject, timestamp

area = Area("approvalsAndChecks")
READ, DECIDE = ("vso.build",), ("vso.build_execute", "vso.pipelineresources_use")
_ALL = "{project}/_apis/pipelines/approvals"
_PAGE = 1000


def check_error(status: int, key: str, message: str) -> ServiceError:
    """Return an error of the service for approvals and checks. The texts are a guess."""
    space = "Microsoft.Azure.Pipelines.Approval.WebApi"
    return ServiceError(status, key, message, type_name=f"{space}.{key}, {space}")


@area.get(_ALL, scopes=READ, query="approvalIds state userIds top $expand")
def list_approvals(call: Call) -> Answer:
    """Return approvals of a project: those with some ids, in a state, or assigned to some users."""
    found = [each for each in _known(call).values() if each.project is call.in_project()]
    if ids := {word.lower() for word in call.query.words("approvalIds")}:
        found = [each for each in found if each.id in ids]
    if (state := call.query.text("state", "all").lower()) != "all":
        found = [each for each in found if each.status.lower() == state]
    if users := {word.lower() for word in call.query.words("userIds")}:
        found = [each for each in found if any(step.assigned.id in users for step in each.steps)]
    top = call.query.count("top", _PAGE, least=1)
    return collection(_shape(call, each, steps=_expands(call)) for each in found[:top])


@area.get(f"{_ALL}/{{approval}}", scopes=READ, query="$expand")
def get_approval(call: Call) -> JsonObject:
    """Return one approval."""
    return _shape(call, _find(call, call.path["approval"]), steps=_expands(call))


@area.patch(_ALL, scopes=DECIDE)
def update_approvals(call: Call) -> Answer:
    """Approve or reject. The run goes on by itself in the service; here, its stage stays as it is."""
    rows = [as_object(row) for row in as_list(call.json())]
    decided = [(_find(call, as_text(row.get("approvalId"))), row) for row in rows]
    if not rows:
        raise ArgumentError("Value cannot be null.", "updateParameters")
    for approval, row in decided:
        _decide(call, approval, row)
    return collection(_shape(call, approval, steps=True) for approval, _ in decided)


def _decide(call: Call, approval: Approval, row: JsonObject) -> None:
    status = as_text(row.get("status")).lower()
    if row.get("reassignTo") or status not in {"approved", "rejected"}:
        raise NotSimulatedError("to reassign or defer an approval")
    if approval.status != "pending":
        raise check_error(400, "ApprovalUpdateException", f"The approval {approval.id} is {approval.status} already.")
    step = next((each for each in approval.steps if each.assigned is call.user and each.status == "pending"), None)
    if step is None:
        raise check_error(403, "ApprovalUnauthorizedException", "You are not authorized to update the approval.")
    step.status = "approved" if status == "approved" else "rejected"
    step.actual, step.comment, step.modified = call.user, as_text(row.get("comment")), call.organization.clock.tick()
    given = sum(1 for each in approval.steps if each.status == "approved")
    if step.status == "rejected":
        approval.status = "rejected"
    elif given >= approval.minimum:
        approval.status = "approved"
        for each in approval.steps:
            each.status = "skipped" if each.status == "pending" else each.status


def _known(call: Call) -> dict[str, Approval]:
    return call.organization.deployment.approvals


def _find(call: Call, number: str) -> Approval:
    found = _known(call).get(number.lower())
    if found is None or found.project is not call.in_project():
        raise check_error(404, "ApprovalNotFoundException", f"Approval {number} does not exist.")
    return found


def _expands(call: Call) -> bool:
    return call.query.text("$expand").lower() == "steps"


def _shape(call: Call, approval: Approval, *, steps: bool) -> JsonObject:
    last = max([approval.created, *(step.modified for step in approval.steps if step.modified)])
    url = call.url(f"{approval.project.id}/_apis/pipelines/approvals/{approval.id}")
    body: JsonObject = {
        "id": approval.id,
        "steps": [_step(call, approval, order, each) for order, each in enumerate(approval.steps, 1)] if steps else [],
        "status": approval.status,
        "createdOn": timestamp(approval.created),
        "lastModifiedOn": timestamp(last),
        "executionOrder": "anyOrder",
        "minRequiredApprovers": approval.minimum,
        "blockedApprovers": [],
        "instructions": approval.instructions,
        "_links": {"self": {"href": url}},
    }
    if call.version.startswith("7.2") and (build := call.organization.builds.builds.get(approval.build)):
        definition = {"id": str(build.definition.id), "name": build.definition.name}
        body["pipeline"] = {"owner": {"id": build.id, "name": build.number}, **definition}
    return body


def _step(call: Call, approval: Approval, order: int, step: ApprovalStep) -> JsonObject:
    body: JsonObject = {
        "assignedApprover": call.identity(step.assigned),
        "status": step.status,
        "comment": step.comment,
        "initiatedOn": timestamp(approval.created),
        "lastModifiedOn": timestamp(step.modified or approval.created),
        "lastModifiedBy": call.identity(step.actual or step.assigned),
        "order": order,
        "history": [],
    }
    return body | ({"actualApprover": call.identity(step.actual)} if step.actual else {})
