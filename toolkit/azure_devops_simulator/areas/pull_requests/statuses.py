"""What other systems say of a pull request or of one of its iterations: statuses of checks."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.contract import read_enumeration
from azure_devops_simulator.api.errors import ArgumentError, ServiceError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.lookup import find_repository, git_error
from azure_devops_simulator.areas.git.shapes import api_url
from azure_devops_simulator.areas.pull_requests.routes import ONE
from azure_devops_simulator.areas.pull_requests.shapes import find_pull_request, pull_request_url
from azure_devops_simulator.state.pull_requests import CheckStatus, PullRequest
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp

area = Area("git")

_READ, _WRITE = ("vso.code", "vso.code_status"), ("vso.code_status", "vso.code_write")
_OF_ITERATION = f"{ONE}/iterations/{{iterationId}}/statuses"
_BODY = "context description iterationId properties state targetUrl"
_KINDS = {bool: "System.Boolean", int: "System.Int32", float: "System.Double", str: "System.String"}


@area.get(f"{ONE}/statuses", scopes=_READ)
def list_statuses(call: Call) -> Answer:
    """Return every status, oldest first, also those of iterations."""
    pull = find_pull_request(call, find_repository(call))
    return collection(_shape(call, status) for status in pull.statuses)


@area.get(_OF_ITERATION, scopes=_READ)
def list_iteration_statuses(call: Call) -> Answer:
    """Return the statuses of one iteration, oldest first."""
    pull = find_pull_request(call, find_repository(call))
    number = _iteration(pull, call.path["iterationId"])
    return collection(_shape(call, status) for status in pull.statuses if status.iteration == number)


@area.get(f"{ONE}/statuses/{{statusId}}", scopes=_READ)
def get_status(call: Call) -> JsonObject:
    """Return one status."""
    return _whole(call, *_find(call))


@area.get(f"{_OF_ITERATION}/{{statusId}}", scopes=_READ)
def get_iteration_status(call: Call) -> JsonObject:
    """Return one status of an iteration."""
    return _whole(call, *_find(call))


@area.post(f"{ONE}/statuses", scopes=_WRITE, body=_BODY)
def create_status(call: Call) -> JsonObject:
    """Put a status on a pull request, or on the iteration `iterationId`."""
    pull, body = find_pull_request(call, find_repository(call)), call.json_object()
    number = body.get("iterationId")
    return _create(call, pull, body, None if number is None else _iteration(pull, str(number)))


@area.post(_OF_ITERATION, scopes=_WRITE, body=_BODY)
def create_iteration_status(call: Call) -> JsonObject:
    """Put a status on an iteration."""
    pull = find_pull_request(call, find_repository(call))
    return _create(call, pull, call.json_object(), _iteration(pull, call.path["iterationId"]))


def _create(call: Call, pull: PullRequest, body: JsonObject, iteration: int | None) -> JsonObject:
    context, state = as_object(body.get("context")), as_text(body.get("state"), "notSet")
    if not as_text(context.get("name")) or read_enumeration("GitStatusState", state) is None:
        raise ArgumentError("Value cannot be null.", "status", type_key="ArgumentNullException")
    status = CheckStatus(
        id=call.organization.next_id(f"pullRequestStatus/{pull.id}"),
        state=state,
        description=as_text(body.get("description")) or None,
        name=as_text(context.get("name")),
        genre=as_text(context.get("genre")) or None,
        date=call.organization.clock.tick(),
        by=call.user,
        url=as_text(body.get("targetUrl")) or None,
        iteration=iteration,
        properties={name: _typed(value) for name, value in as_object(body.get("properties")).items()},
    )
    pull.statuses.append(status)
    return _whole(call, pull, status)


def _typed(value: JsonValue) -> JsonValue:
    kind = _KINDS.get(type(value))
    return {"$type": kind, "$value": value} if kind else value


@area.patch(f"{ONE}/statuses", scopes=_WRITE)
def update_statuses(call: Call) -> Answer:
    """Remove statuses with a JSON Patch document of `remove` operations, whose paths are their ids."""
    return _remove(call, find_pull_request(call, find_repository(call)), None)


@area.patch(_OF_ITERATION, scopes=_WRITE)
def update_iteration_statuses(call: Call) -> Answer:
    """Remove statuses of an iteration with a JSON Patch document of `remove` operations."""
    pull = find_pull_request(call, find_repository(call))
    return _remove(call, pull, _iteration(pull, call.path["iterationId"]))


def _remove(call: Call, pull: PullRequest, iteration: int | None) -> Answer:
    operations = [as_object(value) for value in as_list(call.json())]
    if not operations or any(str(operation.get("op")).lower() != "remove" for operation in operations):
        # The text is a guess.
        raise ArgumentError("Only the operation 'remove' is supported.", "patchDocument")
    gone = [_by_id(pull, as_text(operation.get("path")).strip("/"), iteration) for operation in operations]
    call.organization.clock.tick()
    pull.statuses = [status for status in pull.statuses if status not in gone]
    return Answer(204)


@area.delete(f"{ONE}/statuses/{{statusId}}", scopes=_WRITE)
def delete_status(call: Call) -> Answer:
    """Delete a status."""
    return _delete(call)


@area.delete(f"{_OF_ITERATION}/{{statusId}}", scopes=_WRITE)
def delete_iteration_status(call: Call) -> Answer:
    """Delete a status of an iteration."""
    return _delete(call)


def _delete(call: Call) -> Answer:
    pull, status = _find(call)
    call.organization.clock.tick()
    pull.statuses.remove(status)
    return Answer(204)


def _find(call: Call) -> tuple[PullRequest, CheckStatus]:
    pull = find_pull_request(call, find_repository(call))
    number = _iteration(pull, call.path["iterationId"]) if "iterationId" in call.path else None
    return pull, _by_id(pull, call.path["statusId"], number)


def _by_id(pull: PullRequest, wanted: str, iteration: int | None) -> CheckStatus:
    for status in pull.statuses:
        if str(status.id) == wanted and iteration in {None, status.iteration}:
            return status
    raise _not_found("GitPullRequestStatusNotFoundException", f"The status {wanted} was not found.")


def _iteration(pull: PullRequest, wanted: str) -> int:
    for iteration in pull.iterations:
        if str(iteration.id) == wanted:
            return iteration.id
    message = f"TF401190: The iteration {wanted} was not found in the pull request."
    raise _not_found("GitPullRequestIterationNotFoundException", message)


def _not_found(key: str, message: str) -> ServiceError:
    # The type key and the text are a guess.
    return git_error(404, key, message)


def _shape(call: Call, status: CheckStatus) -> JsonObject:
    shape: JsonObject = {} if status.iteration is None else {"iterationId": status.iteration}
    if status.properties:
        shape["properties"] = status.properties
    return {
        **shape,
        "id": status.id,
        "state": status.state,
        "description": status.description,
        "context": {"name": status.name, "genre": status.genre},
        "creationDate": timestamp(status.date),
        "updatedDate": timestamp(status.date),
        "createdBy": call.identity(status.by),
        "targetUrl": status.url,
    }


def _whole(call: Call, pull: PullRequest, status: CheckStatus) -> JsonObject:
    where = "" if status.iteration is None else f"/iterations/{status.iteration}"
    own = pull_request_url(call, pull, f"{where}/statuses/{status.id}")
    links = {"self": {"href": own}, "repository": {"href": api_url(call, pull.repository)}}
    return {**_shape(call, status), "_links": links}
