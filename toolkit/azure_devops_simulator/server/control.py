"""Change a running simulator over HTTP below `/_simulator`, a path that no organization can have.

It is off by default, because it needs no credential. `SimulatorServer(organization, control=True)` and `--control` turn
it on.

| request | body | effect |
|---|---|---|
| `GET faults` | | every fault, with how many requests matched it and how many failed |
| `POST faults` | a fault or a list of them | adds the faults |
| `DELETE faults` | | removes all faults |
| `PUT throttle` | `{capacity, refill, tarpit, delay}` | sets a rate limit for each user |
| `DELETE throttle` | | removes the rate limit |
| `PUT tokens` | `{value, scopes, user, state, kind}` | adds a token (full access without `scopes`), or changes one |
| `PUT permissions` | `{user, permission, project, within}` | takes a permission from a user or a group |
| `PUT hidden` | `{user, project}` | hides a project from a user or a group |
| `DELETE permissions` | | restores all permissions and shows all projects |
| `GET requests` | | returns the newest requests, and how often clients asked for each thing that is not simulated |
| `DELETE requests` | | forgets them |
| `GET clock` | | returns `{now, rate}` |
| `PATCH clock` | `{advance: seconds}` or `{rate}` | lets time pass, or sets the speed of the clock |
| `PATCH settings` | settings below with their values | changes them |
| `GET world` | | returns the organization as JSON |
| `PUT world` | a world | replaces the organization; tokens, faults and the rate limit stay |

The settings are `work_item_lag` and `code_search_lag` in seconds, `code_search_installed`, `explains_expiry` (the
answer to an expired token says so), `bearer_pats` (personal access tokens are accepted as Bearer) and `artifact_ranges`
(archives of artifacts can be read by ranges; false answers them whole).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import cast, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from azure_devops_simulator.api.access import check_scopes
from azure_devops_simulator.api.parsing import read_json
from azure_devops_simulator.server.fault_middleware import CONTROL_PATH
from azure_devops_simulator.server.request_log import RequestLog
from azure_devops_simulator.state.faults import FAULT_NAMES, TokenBucket, read_fault
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import FULL_ACCESS, Group, TokenKind, TokenState, User
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp
from azure_devops_simulator.world.export import export_world, replace_world

_Action = Callable[[Organization, JsonValue], JsonValue]


def control(organization: Organization, requests: RequestLog) -> Mount:
    """Return the control endpoint of an organization and of the log of its requests."""

    def forget(_own: Organization, _body: JsonValue) -> None:
        requests.clear()

    log: dict[str, _Action] = {"GET": lambda _own, _body: requests.json(), "DELETE": forget}
    routes = [
        Route(f"/{name}", _endpoint(organization, actions), methods=list(actions))
        for name, actions in {**_paths(), "requests": log}.items()
    ]
    return Mount(CONTROL_PATH, routes=routes)


def switch(organization: Organization, name: str, body: JsonValue) -> None:
    """Apply a switch at the start, as the POST, PUT or PATCH of the same name would do later.

    Raises:
        ValueError: there is no such switch, or the body is not valid for it.
        TypeError: a value has the wrong type.
    """
    changes = [action for method, action in _paths().get(name, {}).items() if method not in {"GET", "DELETE"}]
    if not changes:
        raise ValueError(f"there is no switch {name!r}; the switches are {', '.join(_paths())}")
    changes[0](organization, body)


def _paths() -> dict[str, dict[str, _Action]]:
    return {
        "faults": {"GET": _faults, "POST": _add_faults, "DELETE": _clear_faults},
        "throttle": {"PUT": _throttle, "DELETE": _no_throttle},
        "tokens": {"PUT": _token},
        "permissions": {"PUT": _deny, "DELETE": _allow_all},
        "hidden": {"PUT": _hide},
        "clock": {"GET": _clock, "PATCH": _move_clock},
        "settings": {"PATCH": _settings},
        "world": {"GET": lambda own, _body: export_world(own), "PUT": _replace},
    }


def _endpoint(organization: Organization, actions: Mapping[str, _Action]) -> Callable[[Request], Response]:
    async def answer(request: Request) -> Response:
        if "origin" in request.headers:
            # Only browsers send this header. A web page must not change the simulator.
            return JSONResponse({"message": "The control endpoint does not answer web pages."}, 403)
        try:
            content = await request.body()
            action = actions["GET" if request.method == "HEAD" else request.method]
            done = action(organization, read_json(content) if content else None)
        except (ValueError, TypeError, OverflowError) as error:
            return JSONResponse({"message": str(error)}, 400)
        return Response(json.dumps(done, ensure_ascii=False), media_type="application/json")

    return answer  # type: ignore[return-value]


def _object(body: JsonValue, *known: str) -> JsonObject:
    if not isinstance(body, Mapping):
        raise TypeError("the body must be a JSON object")
    if unknown := body.keys() - set(known):
        raise ValueError(f"{', '.join(sorted(unknown))} not known; the names are {', '.join(known)}")
    return dict(body)


def _number(value: JsonValue) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is not a number")
    return value


def _text(given: JsonObject, name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise TypeError(f"{name} must be a text that is not empty")
    return value


def _word(given: JsonObject, name: str, default: str, known: Sequence[str]) -> str:
    value = given.get(name, default)
    if value not in known:
        raise ValueError(f"{name} {value!r} is not one of {', '.join(known)}")
    return str(value)


def _user(organization: Organization, name: str) -> User:
    if found := organization.user(name):
        return found
    raise ValueError(f"there is no user {name!r}")


def _identity(organization: Organization, name: str) -> User | Group:
    if found := organization.user(name) or organization.group(name):
        return found
    raise ValueError(f"there is no user or group {name!r}")


def _project(organization: Organization, name: str) -> Project:
    if found := organization.project(name):
        return found
    raise ValueError(
        f"there is no project {name!r}; the projects are {', '.join(p.name for p in organization.projects.values())}"
    )


def _faults(organization: Organization, _body: JsonValue) -> JsonValue:
    counted = organization.faults.counted()
    return [{**fault.body_json(), "seen": seen, "failed": failed} for fault, seen, failed in counted]


def _add_faults(organization: Organization, body: JsonValue) -> JsonValue:
    given = body if isinstance(body, list) else [body]
    organization.faults.add(*[read_fault(_object(one, *FAULT_NAMES)) for one in given])
    return _faults(organization, None)


def _clear_faults(organization: Organization, _body: JsonValue) -> JsonValue:
    organization.faults.clear()
    return []


def _throttle(organization: Organization, body: JsonValue) -> JsonValue:
    given = _object(body, "capacity", "refill", "tarpit", "delay")
    values = {name: _number(value) for name, value in given.items()}
    organization.throttle = TokenBucket(**values)  # type: ignore[arg-type]
    return given


def _no_throttle(organization: Organization, _body: JsonValue) -> JsonValue:
    organization.throttle = None
    return None


def _token(organization: Organization, body: JsonValue) -> JsonValue:
    given = _object(body, "value", "scopes", "user", "state", "kind")
    value = _text(given, "value")
    known = organization.tokens.get(value)
    state = _word(given, "state", "active", get_args(TokenState))
    kind = _word(given, "kind", known.kind if known else "personal", get_args(TokenKind))
    scopes = given.get("scopes", sorted(known.scopes) if known else [FULL_ACCESS])
    if not isinstance(scopes, list):
        raise TypeError("scopes must be a list")
    check_scopes(map(str, scopes))
    before = known.user if known else None
    owner = _user(organization, _text(given, "user")) if "user" in given else before
    token = organization.add_token(value, map(str, scopes), owner, kind=cast("TokenKind", kind))
    token.state = cast("TokenState", state)
    return {"user": token.user.unique_name, "scopes": sorted(token.scopes), "state": token.state, "kind": token.kind}


def _deny(organization: Organization, body: JsonValue) -> JsonValue:
    given = _object(body, "user", "permission", "project", "within")
    project = _project(organization, _text(given, "project")) if given.get("project") else None
    identity = _identity(organization, _text(given, "user"))
    organization.deny(identity, _text(given, "permission"), project, str(given.get("within") or ""))
    return given


def _allow_all(organization: Organization, _body: JsonValue) -> JsonValue:
    organization.denials.clear()
    organization.hidden.clear()
    return None


def _hide(organization: Organization, body: JsonValue) -> JsonValue:
    given = _object(body, "user", "project")
    project = _project(organization, _text(given, "project"))
    organization.hide_project(project, _identity(organization, _text(given, "user")))
    return given


def _clock(organization: Organization, _body: JsonValue) -> JsonValue:
    return {"now": timestamp(organization.clock.now()), "rate": organization.clock.rate}


def _move_clock(organization: Organization, body: JsonValue) -> JsonValue:
    given = _object(body, "advance", "rate")
    step, rate = _number(given.get("advance", 0)), _number(given.get("rate", organization.clock.rate))
    organization.clock.advance(step)
    organization.clock.rate = rate
    return _clock(organization, None)


def _settings(organization: Organization, body: JsonValue) -> JsonValue:
    lags = ("work_item_lag", "code_search_lag")
    flags = ("code_search_installed", "explains_expiry", "bearer_pats", "artifact_ranges")
    given = _object(body, *lags, *flags)
    for name, value in given.items():
        if name in flags and not isinstance(value, bool):
            raise TypeError(f"{name} must be true or false")
        setattr(organization, name, timedelta(seconds=_number(value)) if name in lags else value)
    return given


def _replace(organization: Organization, body: JsonValue) -> JsonValue:
    if not isinstance(body, Mapping):
        raise TypeError("the body must be a JSON object")
    replace_world(organization, dict(body))
    return {"name": organization.name}
