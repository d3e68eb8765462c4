"""The client: it sends requests on its own event loop and turns answers into data or errors."""

import asyncio
import difflib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar, get_args

import httpx
from pydantic import JsonValue, SecretStr

from langchain_azure_devops.errors import (
    AzureDevOpsError,
    InvalidRequest,
    ProjectNotFound,
    ServiceFault,
    Unreachable,
    first_sentence,
)
from langchain_azure_devops.http.closing import Closing
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
from langchain_azure_devops.http.retries import outcome_unknown
from langchain_azure_devops.http.review_rules import check_review_rules
from langchain_azure_devops.http.run_rules import check_run_rules
from langchain_azure_devops.http.write_gate import build_layers
from langchain_azure_devops.runtime import RunContext, Waiting
from langchain_azure_devops.safety.audit import AuditLog
from langchain_azure_devops.safety.grants import GrantBook, Operation, WritePolicy, as_subject, current_call
from langchain_azure_devops.safety.local_files import FileAccess
from langchain_azure_devops.safety.operations import is_read
from langchain_azure_devops.safety.write_memory import shared_memory
from langchain_azure_devops.settings import Settings, check_choice, check_type
from langchain_azure_devops.text.known_secrets import KnownSecrets

T = TypeVar("T")

_CORE_AREA = "79134c72-4a58-4b42-976c-04e7115f32bf"
_IDENTITY_SECONDS = 30.0
_NAMES_SECONDS = 60.0


class AzureDevOps(Closing):
    """One organization, as one token sees it.

    All I/O runs on the client's own event loop. A daemon thread runs this loop from the first request on, so that
    threads, notebooks and several event loops can share one client. Close the client, or use it in a `with` statement.

    Attributes:
        settings: Organization, credential and default project.
        read_only: Whether the client refuses every write.
        writes: The policy for writes: "deny", "ask" the approver of the call, or "allow".
        allow_policy_bypass: Whether the policies of a branch may be passed over, by completing, pushing or deleting.
        allow_own_reviews: Whether the token's account may judge its own work: what it opened, pushed to or ran.
        files: Which local files may be sent, and whether results hold images.
        context: The clock, ids, nonces and timeouts.
        audit: The log that records reads, approvals and writes; None records nothing.
        grants: The writes that are allowed at this moment.
        secrets: The secrets that were seen so far, the own tokens included; in memory only.
        write_memory: The writes that clients of this organization began in this process, and what they made.
        progress: Called on the client's loop with every wait that a person would notice.
        credential: The token in use and its owner.
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
        allow_policy_bypass: bool = False,
        allow_own_reviews: bool = False,
        files: FileAccess = FileAccess(),  # noqa: B008 - it cannot be changed
    ) -> None:
        """Prepare a client without connecting; `transport` replaces the network, for example with a recording."""
        self.settings = settings
        check_type("read_only", read_only, bool, "True or False")
        check_choice("writes", writes, get_args(WritePolicy))
        check_type("allow_policy_bypass", allow_policy_bypass, bool, "True or False")
        check_type("allow_own_reviews", allow_own_reviews, bool, "True or False")
        self.read_only, self.writes = read_only, writes
        self.allow_policy_bypass, self.allow_own_reviews = allow_policy_bypass, allow_own_reviews
        self.files = files
        self.context = context or RunContext()
        self.progress = progress or _silent
        self.grants = GrantBook()
        self.write_memory = shared_memory(settings.url("core"))
        self.audit = audit
        self._transport = transport
        self._layers: httpx.AsyncBaseTransport | None = None
        self._io = LoopThread("azure-devops-client")
        self.credential = Credential(settings, self.fetch_identity, self.context)
        self.secrets = KnownSecrets(
            self.context.pseudonym_key,
            lambda: self.credential.known_tokens,
            never=(settings.url("core"), settings.default_project or ""),
        )
        self._project_names: tuple[float, list[str]] = (0.0, [])

    def __repr__(self) -> str:
        """Never shows the token."""
        return f"AzureDevOps({self.settings.organization!r})"

    @property
    def pacer(self) -> Pacer:
        """The pacer that all clients of this organization and person share."""
        return self.credential.pacer

    # -- running -------------------------------------------------------------------------------------------------

    async def run(self, work: Coroutine[object, object, T]) -> T:
        """Run a coroutine on the client's loop and wait for it; it sees the caller's context variables."""
        return await self._io.run(work)

    def run_sync(self, work: Coroutine[object, object, T]) -> T:
        """Run a coroutine on the client's loop and block until it is done."""
        return self._io.run_sync(work)

    def check_may_block(self) -> None:
        """Refuse a blocking call on the client's own loop; raises RuntimeError there."""
        self._io.check_may_block()

    def close(self) -> None:
        """Close the connections, stop the loop and finish the audit log; the client cannot be used afterwards."""
        self._io.close()
        if self.audit is not None:
            self.audit.flush()

    async def aclose(self) -> None:
        """Close without blocking the caller's loop."""
        await asyncio.to_thread(self.close)

    # -- requests (on the client's loop) -------------------------------------------------------------------------

    async def send(self, request: Request) -> httpx.Response:
        """Send a request and return its answer, which is complete and successful.

        Raises:
            AzureDevOpsError: The subclass that fits what the answer means.
        """
        if not is_read(request.operation):
            await check_review_rules(self, request)
            await check_run_rules(self, request)
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
        request = Request(Operation("GET", template), path or {}, query or {}, None, area, version, accept)
        return await self.send(request)

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
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a body. The write gate checks it unless the operation only reads."""
        operation, accept = Operation(method, template), "application/json"
        parts = (operation, path or {}, query or {}, body, area, version, accept, content_type, headers or {})
        return await self.send(Request(*parts))

    @asynccontextmanager
    async def stream(
        self,
        template: str,
        *,
        path: PathValues,
        query: Mapping[str, QueryValue],
        accept: str,
        version: str = API_VERSION,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """Read a body piece by piece. The caller decides how much of it to read."""
        request = Request(Operation("GET", template), path, query, None, "core", version, accept, headers=headers or {})
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

    async def probe(self, scope: str, project: str | None = None) -> httpx.Response:
        """Send the constant probe of a write scope, some in a project, and return the answer, also an error."""
        operation, content_type, body = PROBES[scope]
        query = {"validateOnly": "true"} if "/wit/" in operation.template else {}
        path = {"project": project} if "{project}" in operation.template else {}
        return await self._exchange(
            Request(operation, path, query, content_type=content_type), streamed=False, probe=body.encode()
        )

    async def get_any(
        self,
        template: str,
        path: PathValues | None = None,
        *,
        query: Mapping[str, QueryValue] | None = None,
        area: str = "core",
    ) -> httpx.Response:
        """Send a GET and return the answer, also when it is an error."""
        return await self._exchange(
            Request(Operation("GET", template), path or {}, query or {}, area=area), streamed=False
        )

    async def identity(self) -> Identity | None:
        """Return the token's owner, asking the service at most every 30 s; None when it knows no owner."""
        return await self.credential.identity(time.monotonic() - _IDENTITY_SECONDS)

    @property
    def account(self) -> Identity | None:
        """The token's owner if the service was asked before, otherwise None; sends nothing."""
        return self.credential.account

    async def fetch_identity(self, token: SecretStr | None = None) -> Identity:
        """Ask the service for the owner of a token (`GET /_apis/connectionData`, else `OPTIONS /_apis`).

        Args:
            token: The token to ask about; None for the one in use.

        Raises:
            TokenRejected: The service knows no owner of this token.
            AzureDevOpsError: The subclass that fits any other answer.
        """
        request = Request(Operation("GET", "/_apis/connectionData"), {}, {}, version="7.1-preview")
        response = await self._exchange(request, streamed=False, token=token)
        if response.status_code not in {200, 401}:
            raise await classify_error(response, request.operation, _return_none, None, self.secrets.redact)
        if (identity := parse_identity(response)) is None and response.status_code == 200:
            request = Request(Operation("OPTIONS", "/_apis"), {}, {})
            identity = parse_identity_header(await self._exchange(request, streamed=False, token=token))
        if identity is None and response.status_code == 200 and b'"authenticatedUser"' not in response.content:
            raise unreadable_answer("who is signed in", "it names nobody")
        if identity is None:
            refused = as_unauthorized(response)
            raise await classify_error(refused, request.operation, _return_none, None, self.secrets.redact)
        if token is None:
            self.credential.set_account(identity)
        return identity

    async def organization_exists(self) -> bool | None:
        """Ask without the token whether the cloud knows this organization; None if the answer does not tell."""
        operation, query = Operation("GET", "/_apis/resourceAreas/{id}"), {"accountName": self.settings.organization}
        request = Request(operation, {"id": _CORE_AREA}, query, version="")
        context = RequestContext(operation, {}, self, self._deadline(), self.progress, anonymous=True)
        host = str(httpx.URL(self.settings.url("core")).copy_with(path="/")).rstrip("/")
        asked = request.http(host, {"request_context": context, "timeout": self.context.timeouts.for_httpx})
        try:
            response = await self._open_layers().handle_async_request(asked)
        except AzureDevOpsError:
            return None
        return {200: True, 404: False}.get(response.status_code)

    async def project_names(self, *, strict: bool = False) -> list[str]:
        """Return the names of the projects that this token can see, at most 1,000, and remember them for a minute.

        Args:
            strict: Whether to raise the error of the answer instead of returning an empty list.
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
        """Return the given project or the default one.

        Raises:
            InvalidRequest: There is neither, or all projects are meant. The message names the visible projects.
        """
        if project == "*":
            raise InvalidRequest('This needs one project, and "*" is all of them: name it.', subject="project")
        if chosen := project or self.settings.default_project:
            return chosen
        names = await self.project_names()
        visible = f" Visible projects: {', '.join(names[:50])}." if names else ""
        raise InvalidRequest(f"This needs a project, and there is no default project.{visible}", subject="project")

    # -- inside --------------------------------------------------------------------------------------------------

    async def _exchange(
        self, request: Request, *, streamed: bool, probe: bytes | None = None, token: SecretStr | None = None
    ) -> httpx.Response:
        layers = self._open_layers()
        call = current_call.get()
        context = RequestContext(
            request.operation,
            request.path,
            self,
            self._deadline(),
            self.progress,
            grant=call.grant if call else None,
            before_write=call.before_write if call else None,
            probe=probe is not None,
            streamed=streamed,
            token=token,
        )
        sent = request.revealed(self.secrets).http(
            self.settings.url(request.area),
            {"request_context": context, "timeout": self.context.timeouts.for_httpx},
            probe,
        )
        response = await layers.handle_async_request(sent)
        response.request = sent
        return response

    def _deadline(self) -> float:
        """Return the deadline of the call that this request belongs to, by the monotonic clock."""
        call = current_call.get()
        return (call and call.deadline) or time.monotonic() + self.context.timeouts.call

    def _open_layers(self) -> httpx.AsyncBaseTransport:
        """Return the transport layers. httpx's own client would add nothing and cost 0.2 ms a request."""
        if not self._io.is_current():
            raise RuntimeError("Requests run on the client's loop: use run() or run_sync().")
        if self._layers is None:
            inner = self._transport or open_network(self.settings.url("core"))
            self._layers = build_layers(inner, self.credential, self.context.timeouts)
            # Close only the network: a reference to the layers would keep the client from being garbage-collected.
            self._io.on_close(inner.aclose)
        return self._layers

    async def _error(self, response: httpx.Response, request: Request) -> Exception:
        begun: float = response.request.extensions["request_context"].started
        error = await classify_error(
            response,
            request.operation,
            lambda: self.credential.identity(begun),
            current_call.get(),
            lambda text: self.secrets.redact_echo(text, str(request)),
        )
        if isinstance(error, ServiceFault) and not is_read(request.operation):
            # The service failed while it worked on the write, so it is not known how far it came.
            context = response.request.extensions["request_context"]
            return outcome_unknown(f"failed ({first_sentence(error.message)[:-1]})", response.request, context)
        if isinstance(error, ProjectNotFound) and request.project is not None:
            subject = as_subject(request.project, self.settings.default_project)
            names = await self.project_names()
            near = difflib.get_close_matches(request.project.lower(), [name.lower() for name in names], n=1, cutoff=0.5)
            if near:
                suggestion = next(name for name in names if name.lower() == near[0])
                return ProjectNotFound(f"{error.message} Did you mean {suggestion!r}?", subject=subject)
            return ProjectNotFound(error.message, subject=subject)
        return error


def _silent(_waiting: Waiting) -> None: ...


async def _return_none() -> None: ...
