"""Create and change several work items in one request."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import urlsplit

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import (
    ArgumentError,
    BindingError,
    MethodNotAllowedError,
    NotSimulatedError,
    ServiceError,
)
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.api.query import Query
from azure_devops_simulator.api.routing import Area, Match, Router, split_path
from azure_devops_simulator.areas.core.projects import find_project
from azure_devops_simulator.areas.work_items.write import area as writes
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("wit")
_ROUTER = Router(writes.routes)
_LARGEST = 200
_JSON = "application/json; charset=utf-8"


@area.patch("_apis/wit/$batch", scopes=("vso.work_write",))
def batch(call: Call) -> Answer:
    """Run requests one after the other. Each has its own answer, and a failed request does not stop the others.

    An operation on `/id` may give an item a negative number, to which links of later requests may point.
    """
    requests = as_list(call.json())
    if not requests or len(requests) > _LARGEST:
        raise ArgumentError(f"A batch holds between 1 and {_LARGEST} requests.", "requests")
    made: dict[str, str] = {}
    return collection(_play(call, as_object(request), made) for request in requests)


def _play(call: Call, request: JsonObject, made: dict[str, str]) -> JsonValue:
    operations = [as_object(operation) for operation in as_list(request.get("body"))]
    temporary = next((str(o.get("value")) for o in operations if o.get("path") == "/id"), None)
    operations = [_linked(operation, made) for operation in operations if operation.get("path") != "/id"]
    uri = urlsplit(as_text(request.get("uri")))
    names = {name.lower(): as_text(value) for name, value in as_object(request.get("headers")).items()}
    one = replace(
        call,
        query=Query(uri.query),
        headers=names,
        body=json.dumps(operations).encode(),
        method=as_text(request.get("method")).upper(),
    )
    try:
        answer = _answer(one, _match(one, uri.path))
    except (ServiceError, NotSimulatedError) as error:
        return _row(error.status, error.body())
    except BindingError as error:
        return _row(400, {"count": 1, "value": {"Message": f"The request is invalid. {error}"}})
    if temporary is not None:
        made[temporary] = str(as_object(answer).get("id"))
    return _row(200, answer)


def _match(call: Call, path: str) -> Match:
    try:
        found = _ROUTER.find(call.method, split_path(path))
    except MethodNotAllowedError:
        found = None
    if found is None:
        raise ArgumentError("Only requests that create or change a work item can be part of a batch.", "uri")
    return found


def _answer(call: Call, match: Match) -> JsonValue:
    match.bind(call)
    call.project = find_project(call, match.path["project"]) if match.path.get("project") else None
    answer = match.route.handler(call)
    if isinstance(answer, Answer):
        return None if isinstance(answer.body, bytes) else answer.body
    return answer


def _linked(operation: JsonObject, made: dict[str, str]) -> JsonObject:
    """Return the operation with a link to an item of this batch pointing to the number it was given."""
    value = as_object(operation.get("value"))
    found = re.search(r"/(-\d+)$", as_text(value.get("url")))
    if found is None or found[1] not in made:
        return operation
    url = as_text(value["url"])[: found.start()]
    return {**operation, "value": {**value, "url": f"{url}/{made[found[1]]}"}}


def _row(status: int, body: JsonValue) -> JsonValue:
    return {"code": status, "headers": {"Content-Type": _JSON}, "body": json.dumps(body, ensure_ascii=False)}
