"""The web application: identify the caller, find the route, call its handler and complete the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.utils import format_datetime
from functools import cache
from typing import TypeAlias
from urllib.parse import quote, urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from azure_devops_simulator.api import access, hosts
from azure_devops_simulator.api.access import Caller, SignIn
from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.contract import published_operations, shape_of
from azure_devops_simulator.api.errors import (
    ArgumentError,
    BindingError,
    MethodNotAllowedError,
    MissingScopeError,
    NotSimulatedError,
    ServiceError,
)
from azure_devops_simulator.api.query import Query
from azure_devops_simulator.api.ranges import send_range
from azure_devops_simulator.api.routing import Area, Match, Router, split_path
from azure_devops_simulator.api.versions import negotiate, requested_version
from azure_devops_simulator.areas.approvals import area as approvals
from azure_devops_simulator.areas.boards import area as boards
from azure_devops_simulator.areas.builds import area as builds
from azure_devops_simulator.areas.builds.run import catch_up
from azure_devops_simulator.areas.core import area as core
from azure_devops_simulator.areas.core.discovery import resource_area
from azure_devops_simulator.areas.core.operations import settle
from azure_devops_simulator.areas.core.projects import find_project
from azure_devops_simulator.areas.distributed_task import area as distributed_task
from azure_devops_simulator.areas.environments import area as environments
from azure_devops_simulator.areas.git import area as git
from azure_devops_simulator.areas.git_http import area as git_http
from azure_devops_simulator.areas.pipelines import area as pipelines
from azure_devops_simulator.areas.policies import area as policies
from azure_devops_simulator.areas.pull_requests import area as pull_requests
from azure_devops_simulator.areas.pull_requests.replays import settle_replays
from azure_devops_simulator.areas.search import area as search
from azure_devops_simulator.areas.service_connections import area as service_connections
from azure_devops_simulator.areas.test_plans import area as test_plans
from azure_devops_simulator.areas.test_results import area as test_results
from azure_devops_simulator.areas.wiki import area as wiki
from azure_devops_simulator.areas.work_items import area as work_items
from azure_devops_simulator.server.control import control as control_routes
from azure_devops_simulator.server.fault_middleware import FaultMiddleware
from azure_devops_simulator.server.not_simulated import HEADER, Published
from azure_devops_simulator.server.request_log import LoggedApp, RequestLog
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.values import JsonValue, guid

AREAS: tuple[Area, ...] = (
    core.area,
    git.area,
    git_http.area,
    pull_requests.area,
    policies.area,
    search.area,
    work_items.area,
    builds.area,
    pipelines.area,
    test_results.area,
    distributed_task.area,
    service_connections.area,
    environments.area,
    approvals.area,
    wiki.area,
    boards.area,
    test_plans.area,
)

Headers: TypeAlias = list[tuple[str, str]]


def _raw(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers]


_EVERYWHERE = _raw(
    [
        (
            "P3P",
            'CP="CAO DSP COR ADMa DEV CONo TELo CUR PSA PSD TAI IVDo OUR SAMi BUS DEM NAV STA UNI COM INT PHY ONL"',
        ),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Cache", "CONFIG_NOCACHE"),
        ("Access-Control-Expose-Headers", "Request-Context"),
        ("Request-Context", f"appId=cid-v1:{guid('application')}"),
        ("X-TFS-ProcessId", guid("process")),
        ("X-VSS-SenderDeploymentId", guid("deployment")),
    ]
)
_WITH_CONTENT = _EVERYWHERE + _raw(
    [
        ("Cache-Control", "no-cache"),
        ("Pragma", "no-cache"),
        ("Expires", "-1"),
        ("X-Frame-Options", "SAMEORIGIN"),
    ]
)
_JSON = "application/json; charset=utf-8"
_GIT = "/_git/"
"""A part of every path of git over HTTP, which has no sign-in page."""


@cache
def _router() -> Router:
    return Router(route for area in AREAS for route in area.routes)


_CLIENTS_ONLY = (
    "POST _apis/git/repositories/*/stats/branches",
    "PATCH _apis/git/repositories/*/pullrequests/*/conflicts",
    "PATCH _apis/git/repositories/*/pullrequests/*/conflicts/*",
    "PATCH _apis/git/repositories/*/cherrypicks/*/conflicts",
    "PATCH _apis/git/repositories/*/reverts/*/conflicts",
)
"""Operations that official clients call and the specification leaves out, in the form of `published_operations`."""


@cache
def _published() -> Published:
    routes = (route for route in _router().routes if route.method != "OPTIONS")
    own = (f"{route.method} {'/'.join(shape_of(route.template))}" for route in routes)
    return Published([*published_operations(), *own, *_CLIENTS_ONLY])


class Service:
    """One simulated host that serves one organization. If it is `strict`, it answers 501 for what is not simulated."""

    def __init__(self, organization: Organization, *, strict: bool = False) -> None:
        self.organization = organization
        self.router = _router()
        self._strict = strict
        self._activities = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer any request."""
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            # Nobody waits for an answer, and half a request may not change anything.
            return
        raw_path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
        response = self._answer(request, split_path(raw_path.decode("ascii", "replace")), body)
        await response(scope, receive, send)

    def _answer(self, request: Request, segments: list[str], body: bytes) -> Response:
        if segments[:1] == [access.SIGN_IN_PATH]:
            return self._reply(request, 203, access.SIGN_IN_PAGE.encode(), "text/html; charset=utf-8", [])
        place = hosts.place(request.url.scheme, request.headers.get("host", "localhost"), segments)
        segments, host_url = list(place.segments), place.host_url
        query = Query(request.url.query)
        if segments and segments[0].lower() == "_apis":
            return self._host_level(request, host_url, segments, query)
        if not segments or segments[0].startswith("_"):
            # No organization has such a name: this is a page of the host.
            return self._nothing_here(request, segments)
        if segments[0].lower() != self.organization.name.lower():
            # The answer of the service for an unknown organization is not recorded. A page is the most likely one.
            return self._reply(request, 404, access.NO_ORGANIZATION_PAGE.encode(), "text/html; charset=utf-8", [])
        if place.service == "vssps" and len(segments) == 1:
            # Clients learn the organization's tenant from the headers of this refusal, without a credential.
            tenant = access.federated_headers(self.organization, host_url, str(request.url))
            return self._reply(request, 404, access.NO_ORGANIZATION_PAGE.encode(), "text/html; charset=utf-8", tenant)
        caller = access.identify(self.organization, request.headers.get("authorization", ""))
        call = Call(
            organization=self.organization,
            user=caller.user,
            token=caller.token or access.NO_TOKEN,
            project=None,
            path={},
            query=query,
            headers=request.headers,
            body=body,
            base_url=place.base_url,
            method=request.method,
        )
        return self._in_organization(request, call, caller, segments[1:], host_url)

    def _in_organization(
        self, request: Request, call: Call, caller: Caller, segments: list[str], host_url: str
    ) -> Response:
        method = "GET" if call.method == "HEAD" else call.method
        match: Match | None = None
        refused: Answer | None = None
        try:
            match = self.router.find(method, segments)
        except MethodNotAllowedError as error:
            if not _published().has(method, segments):
                refused = Answer(405, {"count": 1, "value": {"Message": str(error)}})
        open_to_all = match is not None and match.route.anonymous and caller.sign_in is not SignIn.OUTSIDER
        if caller.sign_in is SignIn.DEAD:
            return self._dead(request, call, host_url)
        if caller.sign_in is not SignIn.GOOD and not open_to_all:
            return self._not_signed_in(request, caller, host_url)
        scopes = match.route.scopes if match else _scopes_elsewhere(call.method, segments)
        if caller.sign_in is SignIn.GOOD and not access.allowed(call.token, scopes):
            return self._empty_401(request, host_url)
        try:
            answer = self._run(call, match) if match else refused or self._refuse(_no_operation(method, segments))
        except MissingScopeError:
            return self._empty_401(request, host_url)
        return self._complete(request, call, answer, caller)

    def _run(self, call: Call, match: Match) -> Answer:
        settle(self.organization)
        settle_replays(self.organization)
        catch_up(self.organization.builds, self.organization.clock.now())
        try:
            call.version = negotiate(match.route, call.method, requested_version(call.query, call.headers))
            match.bind(call)
            if name := match.path.get("project"):
                call.project = find_project(call, name)
            answer = match.route.handler(call)
            if match.route.ranges and call.organization.artifact_ranges and isinstance(answer, Answer):
                answer = send_range(call, answer)
        except ServiceError as error:
            call.version = ""
            return Answer(error.status, error.body())
        except NotSimulatedError as error:
            call.version = ""
            return self._refuse(error)
        except BindingError as error:
            call.version = ""
            return Answer(400, {"count": 1, "value": {"Message": f"The request is invalid. {error}"}})
        except (RecursionError, OverflowError) as error:
            # No client needs queries a thousand brackets deep or dates before year 1, and none may crash the server.
            call.version = ""
            deep = isinstance(error, RecursionError)
            message = "The request is nested too deeply." if deep else "A number or a date is out of range."
            return Answer(400, ArgumentError(message, "request").body())
        return answer if isinstance(answer, Answer) else Answer(body=answer)

    def _refuse(self, error: NotSimulatedError) -> Answer:
        """Return the answer to a request for something that is not simulated. The request log reports it."""
        if self._strict:
            error.status = 501
        return Answer(error.status, error.body(), {HEADER: error.what})

    def _nothing_here(self, request: Request, segments: list[str]) -> Response:
        """Answer a request that names no organization and that is not simulated."""
        named = _no_operation(request.method, segments)
        answer = self._refuse(NotSimulatedError(f"{named.what} without an organization", status=named.status))
        return self._reply(request, answer.status, _encode(answer.body), _JSON, [*answer.headers.items()])

    def _host_level(self, request: Request, host_url: str, segments: list[str], query: Query) -> Response:
        named = query.text("accountName")
        if len(segments) == 3 and segments[1].lower() == "resourceareas" and request.method == "GET":
            known = named.lower() == self.organization.name.lower()
            base_url = hosts.place(request.url.scheme, urlsplit(host_url).netloc, [self.organization.name]).base_url
            found = resource_area(segments[2], base_url) if known else None
            if found:
                return self._reply(request, 200, _encode(found), f"{_JSON}; api-version=7.1-preview.1", [])
            message = f"VS800075: The organization '{named}' could not be found, or it has no such resource area."
            error = ServiceError(404, "ServiceOwnerNotFoundException", message)
            return self._reply(request, 404, _encode(error.body()), _JSON, [])
        return self._nothing_here(request, segments)

    def _not_signed_in(self, request: Request, caller: Caller, host_url: str) -> Response:
        sign_in = access.sign_in_url(host_url, str(request.url))
        if caller.sign_in is SignIn.OUTSIDER:
            more = [("X-VSS-AuthenticateError", "Unauthorized"), ("X-VSS-UserData", _user_data(caller))]
            return self._unauthorized(request, caller.user.unique_name, host_url, more)
        suppressed = access.suppresses_redirect(request.headers) and caller.sign_in is not SignIn.MALFORMED
        if suppressed or request.method == "PATCH" or _GIT in request.url.path:
            return self._unauthorized(request, "", host_url, [])
        page = b"<html><head><title>Object moved</title></head><body><h2>Object moved.</h2></body></html>"
        return self._reply(request, 302, page, "text/html; charset=utf-8", [("Location", sign_in)])

    def _unauthorized(self, request: Request, user: str, host_url: str, more: Headers) -> Response:
        federated = access.federated_headers(self.organization, host_url, str(request.url))
        space = "Microsoft.TeamFoundation.Framework.Server"
        error = ServiceError(
            401,
            "UnauthorizedRequestException",
            f"TF400813: The user '{user}' is not authorized to access this resource.",
            type_name=f"{space}.UnauthorizedRequestException, {space}",
        )
        return self._reply(request, 401, _encode(error.body()), _JSON, federated + more)

    def _dead(self, request: Request, call: Call, host_url: str) -> Response:
        if call.token.state != "expired" or not self.organization.explains_expiry:
            return self._empty_401(request, host_url)
        message = "Access Denied: The Personal Access Token used has expired."
        error = ServiceError(401, "AccessCheckException", message)
        return self._reply(request, 401, _encode(error.body()), _JSON, [("X-TFS-ServiceError", quote(message))])

    def _empty_401(self, request: Request, host_url: str) -> Response:
        return self._reply(request, 401, b"", "", [("WWW-Authenticate", f'Basic realm="{host_url}/"')])

    def _complete(self, request: Request, call: Call, answer: Answer, caller: Caller) -> Response:
        more = list(answer.headers.items())
        if caller.sign_in is SignIn.GOOD:
            more.append(("X-VSS-UserData", _user_data(caller)))
        if isinstance(answer.body, bytes):
            return self._reply(
                request, answer.status, answer.body, answer.content_type or "application/octet-stream", more
            )
        if answer.content_type and isinstance(answer.body, str):
            return self._reply(request, answer.status, answer.body.encode(), answer.content_type, more)
        if answer.body is None and answer.status != 200:
            return self._reply(request, answer.status, b"", "", more)
        echo = f"; api-version={call.version}" if call.version and answer.status < 400 else ""
        return self._reply(request, answer.status, _encode(answer.body), f"{_JSON}{echo}", more)

    def _reply(self, request: Request, status: int, body: bytes, content_type: str, more: Headers) -> Response:
        self._activities += 1
        activity = guid(f"activity/{self._activities}")
        response = Response(body, status)
        headers = [("Content-Length", str(len(body)))] if status != 204 else []
        if content_type:
            headers.append(("Content-Type", content_type))
        headers += [
            ("Date", format_datetime(self.organization.clock.now(), usegmt=True)),
            ("ActivityId", activity),
            ("X-VSS-E2EID", activity),
            ("X-TFS-Session", request.headers.get("x-tfs-session") or activity),
            (
                "X-MSEdge-Ref",
                f"Ref A: {activity.replace('-', '').upper()} Ref B: SIMULATOR Ref C: 2026-11-20T09:00:00Z",
            ),
            *more,
        ]
        response.raw_headers = [*(_WITH_CONTENT if content_type else _EVERYWHERE), *_raw(headers)]
        return response


def _scopes_elsewhere(method: str, segments: list[str]) -> tuple[str, ...]:
    """Return the scopes of an operation for which there is no route."""
    lowered = [segment.lower() for segment in segments]
    at = lowered.index("_apis") + 1 if "_apis" in lowered else len(lowered)
    reads, writes = access.UNSERVED.get("".join(lowered[at : at + 1]), ((), ()))
    return reads if method in {"GET", "HEAD", "OPTIONS"} else writes


def _no_operation(method: str, segments: list[str]) -> NotSimulatedError:
    return NotSimulatedError(_published().name(method, segments), status=404)


def _user_data(caller: Caller) -> str:
    return f"{caller.user.id}:{caller.user.unique_name}"


def _encode(value: JsonValue | Mapping[str, JsonValue]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class _Compression(GZipMiddleware):
    """Compresses answers, but not to a request for a range: that counts the bytes of the plain ones."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        ranged = any(name == b"range" for name, _ in scope.get("headers", ()))
        await (self.app if ranged else super().__call__)(scope, receive, send)


def create_app(
    organization: Organization,
    *,
    control: bool = False,
    strict: bool = False,
    requests: RequestLog | None = None,
) -> ASGIApp:
    """Return the ASGI application for one organization. It answers below `/{organization}/`.

    Args:
        organization: the organization to serve.
        control: whether to answer `/_simulator` too, where a test adds faults, moves the clock and so on.
        strict: whether to answer 501 to every request for something that is not simulated, instead of 404 or 400.
        requests: the log of all requests.
    """
    requests = RequestLog() if requests is None else requests
    app = Starlette(
        routes=[control_routes(organization, requests)] if control else [],
        middleware=[
            Middleware(FaultMiddleware, organization=organization),
            Middleware(_Compression, minimum_size=1024, compresslevel=4),
        ],
    )
    # Unlike a route, the default also takes paths with line breaks and methods that HTTP does not define.
    app.router.default = Service(organization, strict=strict)
    return LoggedApp(app, requests)
