"""Compares every answer that the simulator's tests get with the published contract."""

from functools import cache

import httpx
from contract_calls import router
from contract_deviations import BODIES
from contract_specs import find, operations, problems, shape_of

from azure_devops_simulator.api.errors import MethodNotAllowedError
from azure_devops_simulator.api.routing import Router, split_path

_router = cache(router)


def watch(response: httpx.Response) -> None:
    """Fail the test whose answer has another form than its operation."""
    kind = response.headers.get("content-type", "")
    if not response.is_success or "; api-version=" not in kind:
        return
    request = response.request
    template = _template(_router(), request)
    query = frozenset(request.url.params)
    operation = find(operations(), request.method, shape_of(template), query) if template else None
    if operation is None:
        return
    found = problems(operation, response.status_code, response.json())
    wrong = [problem for problem in found if not f"{operation.name}{problem}".endswith(tuple(BODIES))]
    assert wrong == [], f"{request.method} {request.url}"


def _template(known: Router, request: httpx.Request) -> str | None:
    segments = split_path(request.url.raw_path.decode().partition("?")[0])[1:]
    try:
        match = known.find(request.method, segments)
    except MethodNotAllowedError:
        return None
    return match.route.template if match else None
