"""The client: where a request goes, on which loop it runs, what an answer means."""

import asyncio
import difflib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self, TypeVar, get_args

import httpx
from pydantic import JsonValue, SecretStr

from langchain_azure_devops.errors import (
    AzureDevOpsError,
    InvalidRequest,
    ProjectNotFound,
    ServiceFault,
    Unreachable,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.http.credentials import Credential
from langchain_azure_devops.http.loop_thread import LoopThread
from langchain_azure_devops.http.network import open_network
from langchain_azure_devops.http.pacing import Pacer
from langchain_azure_devops.http.request import API_VERSION, PROBES, PathValues, QueryValue, Request, RequestContext
from langchain_azure_devops.http.responses import (
    Collection,
    Identity,
    Named,
    as_unauthorized,
    classify_error,
    decode,
    parse_identity,
    parse_identity_header,
    unreadable_answer,
)
from langchain_azure_devops.http.write_gate import build_layers
from langchain_azure_devops.runtime import RunContext, Waiting
from langchain_azure_devops.safety.audit import AuditLog
from langchain_azure_devops.safety.grants import GrantBook, Operation, WritePolicy, current_call
from langchain_azure_devops.safety.operations import is_read
from langchain_azure_devops.settings import Settings, check_choice

T = TypeVar("T")

_CORE_AREA = "79134c72-4a58-4b42-976c-04e7115f32bf"
_IDENTITY_SECONDS = 30.0
_NAMES_SECONDS = 60.0


class AzureDevOps:
    """One organization, seen with one token.

    All I/O runs on a loop of the client's own, in a daemon thread started at the first request, so that threads,
    notebooks and several event loops can share one client. Close it, or use it in a `with` statement.

    Attributes:
        settings: Organization, credential and default project.
        read_only: No write can be granted.
        writes: What happens when a tool wants to write: "deny", "ask" the approver of the call, or "allow".
        context: Clock, ids and nonces.
        audit: Where reads, approvals and writes are recorded; None records nothing.
        grants: Which writes are allowed at this moment.
        pseudonyms: The secrets behind the pseudonyms shown so far; in memory only.
        progress: Told of waits that a person would notice, on the client's own loop.
        credential: The token in use and who it belongs to.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        read_only: bool = False,
        writes: WritePolicy = "ask",
        context: RunContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        progress: Callable[[Waiting], None] | None = None,
        audit: AuditLog | None = None,
    ) -> None:
        """Make no connection yet; `transport` takes the place of the network, for recordings."""
        self.settings = settings
        self.read_only = read_only
        check_choice("writes", writes, get_args(WritePolicy))
        self.writes = writes
        self.context = context or RunContext()
        self.pseudonyms: dict[str, str] = {}
        self.progress = progress or _silent
        self.grants = GrantBook()
        self.audit = audit
        self._transport = transport
        self._layers: httpx.AsyncBaseTransport | None = None
        self._io = LoopThread("azure-devops-client")
        self.credential = Credential(settings, self.signed_in, self.context)
        self._project_names: tuple[float, list[str]] = (0.0, [])

    def __repr__(self) -> str:
        """Never shows the token."""
        return f"AzureDevOps({self.settings.organization!r})"

    def known_secrets(self) -> tuple[str, ...]:
        """Every secret this process has seen, its own token included: none of them may leave in a write."""
        return (*self.pseudonyms.values(), *self.credential.seen)

    @property
    def pacer(self) -> Pacer:
        """The pace of this organization and person, shared with every other client of theirs."""
        return self.credential.pacer

    # -- running -------------------------------------------------------------------------------------------------

    async def run(self, work: Coroutine[object, object, T]) -> T:
        """Run work on the client's loop and wait for it from any other; context variables travel along."""
        return await self._io.run(work)

    def run_sync(self, work: Coroutine[object, object, T]) -> T:
        """Run work on the client's loop and block until it is done."""
        return self._io.run_sync(work)

    def close(self) -> None:
        """Close connections and stop the loop; the client cannot be used afterwards."""
        self._io.close()
        if self.audit is not None:
            self.audit.flush()

    async def aclose(self) -> None:
        """Close without blocking the caller's loop."""
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Self:
        """Use the client in a `with` statement."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client."""
        self.close()

    async def __aenter__(self) -> Self:
        """Use the client in an `async with` statement."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client."""
        await self.aclose()

    # -- requests (on the client's loop) -------------------------------------------------------------------------

    async def send(self, request: Request) -> httpx.Response:
        """Send a request; the answer is complete and successful.

        Raises:
            AzureDevOpsError: Whatever the answer means, as one of its subclasses.
        """
        response = await self._exchange(request, streamed=False)
        if response.is_error:
            raise await self._error(response, request)
        return response

    async def get(
        self,
        template: str,
        *,
        path: PathValues | None = None,
        query: Mapping[str, QueryValue] | None = None,
        area: str = "core",
        version: str = API_VERSION,
        accept: str = "application/json",
    ) -> httpx.Response:
        """Read one resource."""
        operation = Operation("GET", template)
        return await self.send(Request(operation, path or {}, query or {}, None, area, version, accept))

    async def post(
        self,
        template: str,
        body: JsonValue,
        *,
        path: PathValues | None = None,
        query: Mapping[str, QueryValue] | None = None,
        area: str = "core",
        version: str = API_VERSION,
        content_type: str = "application/json",
        method: str = "POST",
    ) -> httpx.Response:
        """Send a body; passes the write gate unless the operation only reads."""
        operation = Operation(method, template)
        return await self.send(
            Request(operation, path or {}, query or {}, body, area, version, content_type=content_type)
        )

    @asynccontextmanager
    async def stream(
        self,
        template: str,
        *,
        path: PathValues,
        query: Mapping[str, QueryValue],
        accept: str,
        version: str = API_VERSION,
    ) -> AsyncIterator[httpx.Response]:
        """Read a body piece by piece; the caller caps it."""
        request = Request(Operation("GET", template), path, query, version=version, accept=accept)
        response = await self._exchange(request, streamed=True)
        try:
            if response.is_error:
                raise await self._error(response, request)
            yield response
        except httpx.TransportError as error:
            host = response.request.url.host
            raise Unreachable(
                f"The connection to {host} broke while its answer was read ({type(error).__name__}). Try again.",
                subject=host,
            ) from error
        finally:
            await response.aclose()

    async def probe(self, scope: str) -> httpx.Response:
        """Send the constant probe of a write scope and return whatever comes back, error answers included."""
        operation, content_type, body = PROBES[scope]
        query = {"validateOnly": "true"} if operation.method == "PATCH" else {}
        return await self._exchange(
            Request(operation, {}, query, content_type=content_type), streamed=False, probe=body.encode()
        )

    async def look(self, template: str, path: PathValues | None = None) -> httpx.Response:
        """GET and return whatever comes back, error answers included."""
        return await self._exchange(Request(Operation("GET", template), path or {}, {}), streamed=False)

    async def identity(self) -> Identity | None:
        """Who the token belongs to, asked at most every 30 s; None when the service knows nobody by it."""
        return await self.credential.identity(time.monotonic() - _IDENTITY_SECONDS)

    @property
    def account(self) -> Identity | None:
        """Who the token belongs to, as far as it was asked by now; sends nothing."""
        return self.credential.account

    async def signed_in(self, token: SecretStr | None = None) -> Identity:
        """Who a token belongs to, asked now (`GET /_apis/connectionData`, else `OPTIONS /_apis`).

        Args:
            token: The one to ask about; None for the one in use.

        Raises:
            TokenRejected: The service knows nobody by this token.
            AzureDevOpsError: What else the answer means.
        """
        request = Request(Operation("GET", "/_apis/connectionData"), {}, {}, version="7.1-preview")
        response = await self._exchange(request, streamed=False, token=token)
        if response.status_code not in {200, 401}:
            raise await classify_error(response, request.operation, _nobody, None)
        if (identity := parse_identity(response)) is None and response.status_code == 200:
            request = Request(Operation("OPTIONS", "/_apis"), {}, {})
            identity = parse_identity_header(await self._exchange(request, streamed=False, token=token))
        if identity is None and response.status_code == 200 and b'"authenticatedUser"' not in response.content:
            raise unreadable_answer("who is signed in", "it names nobody")
        if identity is None:
            raise await classify_error(as_unauthorized(response), request.operation, _nobody, None)
        if token is None:
            self.credential.belongs_to(identity)
        return identity

    async def organization_exists(self) -> bool | None:
        """Whether the cloud knows an organization of this name, asked without the token; None if that is unsettled."""
        operation, query = Operation("GET", "/_apis/resourceAreas/{id}"), {"accountName": self.settings.organization}
        request = Request(operation, {"id": _CORE_AREA}, query, version="")
        context = RequestContext(operation, {}, self, self._deadline(), self.progress, anonymous=True)
        host = str(httpx.URL(self.settings.url("core")).copy_with(path="/")).rstrip("/")
        asked = request.http(host, {"request_context": context, "timeout": self.context.timeouts.for_httpx})
        try:
            response = await self._opened().handle_async_request(asked)
        except AzureDevOpsError:
            return None
        return {200: True, 404: False}.get(response.status_code)

    async def project_names(self, *, strict: bool = False) -> list[str]:
        """The projects this token can see, at most 1,000, remembered for a minute.

        Args:
            strict: Raise what the answer means instead of returning an empty list.
        """
        asked, names = self._project_names
        if asked == 0.0 or time.monotonic() - asked > _NAMES_SECONDS:
            request = Request(Operation("GET", "/_apis/projects"), {}, {"$top": 1000})
            response = await self._exchange(request, streamed=False)
            if response.is_error:
                if strict:
                    raise await self._error(response, request)
                return []
            names = sorted(row.name for row in decode(response, Collection[Named]).value)
            self._project_names = (time.monotonic(), names)
        return names

    async def required_project(self, project: str | None) -> str:
        """The given project or the default one.

        Raises:
            InvalidRequest: There is neither; the message names the visible projects.
        """
        if chosen := project or self.settings.default_project:
            return chosen
        names = await self.project_names()
        visible = f" Visible projects: {', '.join(names[:50])}." if names else ""
        raise InvalidRequest(f"This needs a project, and there is no default project.{visible}", subject="project")

    # -- inside --------------------------------------------------------------------------------------------------

    async def _exchange(
        self, request: Request, *, streamed: bool, probe: bytes | None = None, token: SecretStr | None = None
    ) -> httpx.Response:
        layers = self._opened()
        call = current_call.get()
        context = RequestContext(
            request.operation,
            request.path,
            self,
            self._deadline(),
            self.progress,
            grant=call.grant if call else None,
            probe=probe is not None,
            streamed=streamed,
            token=token,
        )
        sent = request.http(
            self.settings.url(request.area),
            {"request_context": context, "timeout": self.context.timeouts.for_httpx},
            probe,
        )
        response = await layers.handle_async_request(sent)
        response.request = sent
        return response

    def _deadline(self) -> float:
        """When the call this request belongs to has to be over."""
        call = current_call.get()
        return (call and call.deadline) or time.monotonic() + self.context.timeouts.call

    def _opened(self) -> httpx.AsyncBaseTransport:
        """The layers, without httpx's client in front: what that adds is not used here and costs 0.2 ms a request."""
        if not self._io.is_current():
            raise RuntimeError("Requests run on the client's loop: use run() or run_sync().")
        if self._layers is None:
            inner = self._transport or open_network(self.settings.url("core"))
            self._layers = build_layers(inner, self.credential, self.context.timeouts)
            # Only what is behind the layers: they know the client, and it could never be forgotten.
            self._io.on_close(inner.aclose)
        return self._layers

    async def _error(self, response: httpx.Response, request: Request) -> Exception:
        begun: float = response.request.extensions["request_context"].started
        error = await classify_error(
            response, request.operation, lambda: self.credential.identity(begun), current_call.get()
        )
        if isinstance(error, ServiceFault) and not is_read(request.operation):
            # Its own failure says nothing of how far the service had come.
            return WriteOutcomeUnknown(error.message, subject=request.operation.template)
        if isinstance(error, ProjectNotFound) and request.project is not None:
            names = await self.project_names()
            near = difflib.get_close_matches(request.project.lower(), [name.lower() for name in names], n=1, cutoff=0.5)
            if near:
                suggestion = next(name for name in names if name.lower() == near[0])
                return ProjectNotFound(f"{error.message} Did you mean {suggestion!r}?", subject=request.project)
            return ProjectNotFound(error.message, subject=request.project)
        return error


def _silent(_waiting: Waiting) -> None:
    pass


async def _nobody() -> None:
    return None
