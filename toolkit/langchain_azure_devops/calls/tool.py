"""A tool: a typed function with everything that is declared about it as data. It does not know LangChain."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar, cast

from pydantic import BaseModel, JsonValue

from langchain_azure_devops.calls.approval import (
    BegunBefore,
    ask,
    ask_sync,
    check_content,
    check_policy,
    find_begun,
    find_begun_sync,
    needs_current,
)
from langchain_azure_devops.calls.arguments import require_keywords
from langchain_azure_devops.calls.audit_trail import record_grant, record_outcome, record_settling
from langchain_azure_devops.calls.clear_errors import ClearErrors
from langchain_azure_devops.calls.current_state import (
    NotCompared,
    NothingToSend,
    Showing,
    State,
    StateCheck,
    make_check,
    read_current,
)
from langchain_azure_devops.calls.facts import ToolFacts
from langchain_azure_devops.calls.optional import add_gaps
from langchain_azure_devops.calls.places import find_place, refuse_names_everywhere
from langchain_azure_devops.calls.recovery import (
    PendingWrite,
    PreparationLost,
    WriteReported,
    remember_write,
    settle_write,
)
from langchain_azure_devops.calls.repeats import check_notice, find_equal
from langchain_azure_devops.calls.time_limits import keep_limit, last_request
from langchain_azure_devops.errors import (
    AzureDevOpsError,
    InvalidRequest,
    StateChanged,
    WriteBlocked,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import Page, Records, Result
from langchain_azure_devops.safety.audit import record_event, record_event_async
from langchain_azure_devops.safety.grants import (
    Approval,
    ToolCall,
    WriteRequest,
    current_call,
    digest_call,
    flatten,
)
from langchain_azure_devops.safety.write_memory import BegunWrite

P = ParamSpec("P")
R = TypeVar("R", bound=Result | Page[Any])


@dataclass(frozen=True, repr=False)
class Tool(ToolFacts[P, R]):
    """One operation as a tool. A call validates the arguments, has a write approved, and runs on the client's loop."""

    async def __call__(self, client: AzureDevOps, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the operation from any event loop.

        Raises:
            InvalidRequest: The arguments do not fit.
            WriteBlocked: A write that was not allowed.
            AzureDevOpsError: The subclass that fits the answer of the service.
        """
        with ClearErrors(client, kwargs):
            return await self._call(client, self.validate(require_keywords(self.name, args, kwargs)))

    async def _call(self, client: AzureDevOps, arguments: BaseModel) -> R:
        try:
            # The check of a long text takes seconds, in which nothing else would go on in the caller's loop.
            request = (
                self._make_request(client, arguments)
                if self.access == "read"
                else await asyncio.to_thread(self._make_request, client, arguments)
            )
        except WriteBlocked as refused:
            await record_event_async(client, "denied", tool=self.name, reason=refused.message)
            raise
        if request is None:
            return await client.run(self._carry_out(client, arguments, None))
        checked = await client.run(self.find_equal(client, request))
        if not isinstance(checked, WriteRequest):
            await record_event_async(client, "written", tool=self.name, digest=request.digest, looked_up=True)
            return checked
        try:
            current = await client.run(self.read_current(client, request)) if needs_current(client) else None
        except AzureDevOpsError as error:
            return await client.run(self._end_unasked(client, arguments, request, error, await find_begun(request)))
        shown = Showing(checked, current)
        while True:
            try:
                approval = await ask(client, shown.request)
            except BegunBefore as earlier:
                return await client.run(self._settle_begun(client, shown.request, earlier))
            check = self._make_check(client, shown.request, approval)
            try:
                return await client.run(self._carry_out(client, arguments, shown.request, check, approval.begun))
            except StateChanged as error:
                shown = shown.renew(check, error)

    def call_sync(self, client: AzureDevOps, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the operation and block until it is done; raises what the asynchronous call raises."""
        with ClearErrors(client, kwargs):
            arguments = self.validate(require_keywords(self.name, args, kwargs))
            client.check_may_block()
            return self._call_sync(client, arguments)

    def _call_sync(self, client: AzureDevOps, arguments: BaseModel) -> R:
        try:
            request = self._make_request(client, arguments)
        except WriteBlocked as refused:
            record_event(client, "denied", tool=self.name, reason=refused.message)
            raise
        if request is None:
            return client.run_sync(self._carry_out(client, arguments, None))
        checked = client.run_sync(self.find_equal(client, request))
        if not isinstance(checked, WriteRequest):
            record_event(client, "written", tool=self.name, digest=request.digest, looked_up=True)
            return checked
        try:
            current = client.run_sync(self.read_current(client, request)) if needs_current(client) else None
        except AzureDevOpsError as error:
            return client.run_sync(self._end_unasked(client, arguments, request, error, find_begun_sync(request)))
        shown = Showing(checked, current)
        while True:
            try:
                approval = ask_sync(client, shown.request)
            except BegunBefore as earlier:
                return client.run_sync(self._settle_begun(client, shown.request, earlier))
            check = self._make_check(client, shown.request, approval)
            try:
                return client.run_sync(self._carry_out(client, arguments, shown.request, check, approval.begun))
            except StateChanged as error:
                shown = shown.renew(check, error)

    def request(self, client: AzureDevOps, arguments: BaseModel) -> WriteRequest:
        """Return the request that the approver is asked before this call writes, and record a refusal; may block.

        Raises:
            WriteBlocked: The arguments hold what no write may contain; says what to remove.
        """
        try:
            return self.prepare(client, arguments)
        except WriteBlocked as refused:
            record_event(client, "denied", tool=self.name, reason=refused.message)
            raise

    def prepare(self, client: AzureDevOps, arguments: BaseModel) -> WriteRequest:
        """Return the same as `request` without blocking; the caller records a refusal.

        Raises:
            WriteBlocked: The arguments contain forbidden text; the message says what to remove.
        """
        values = self._canonical(client, arguments)
        project = values.get("project")
        check_content(client, self.name, values, self.is_target, self.files)
        return WriteRequest(
            tool=self.name,
            arguments=values,
            digest=digest_call(self.name, values),
            project=str(project) if "project" in values else None,
            targets=frozenset(name for name, _ in flatten(values) if self.is_target(name)),
            empty_clears=self.empty_clears,
            organization=client.settings.organization,
        )

    async def read_current(self, client: AzureDevOps, request: WriteRequest) -> State | None:
        """Read the present values of what a write would change, without secrets; None where the tool declares none.

        Args:
            client: The client that reads; call this on its loop, with `run` or `run_sync`.
            request: The write.

        Raises:
            AzureDevOpsError: They cannot be read.
        """
        return self.current and await read_current(client, self.current, request, self.scopes)

    async def find_equal(self, client: AzureDevOps, request: WriteRequest) -> R | WriteRequest:
        """Look for an equal write of this client whose outcome is not known, before an approver is asked.

        Args:
            client: The client that reads; call this on its loop, with `run` or `run_sync`.
            request: The write.

        Returns:
            What the earlier write made, when it is found now: nothing is to be sent. Otherwise the request, with a
            notice when an equal write is still open.
        """
        return await find_equal(client, request, self.validate, self.recover)

    def has_equal(self, client: AzureDevOps, request: WriteRequest) -> bool:
        """Return whether a write of this client that may ask for the same thing is not known to be over."""
        asked = BegunWrite(self.name, request.arguments, time.monotonic())
        return bool(client.write_memory.list_equal(asked))

    def recall(self, client: AzureDevOps, given: Mapping[str, object], begun: float) -> BegunWrite:
        """Remember a write of an earlier process whose outcome is not known, or return it if it is remembered.

        Args:
            client: The client that would write.
            given: The arguments of the write.
            begun: The start of the write, in seconds since the epoch.

        Raises:
            InvalidRequest: The arguments do not fit any more.
        """
        started = time.monotonic() - max(0.0, time.time() - begun)
        return client.write_memory.resume(self.name, self._canonical(client, self.validate(given)), started)

    def _make_check(self, client: AzureDevOps, request: WriteRequest, approval: Approval) -> StateCheck | None:
        return self.current and make_check(client, self.current, request, approval, self.scopes, self.writes)

    async def _carry_out(
        self,
        client: AzureDevOps,
        arguments: BaseModel,
        request: WriteRequest | None,
        check: StateCheck | None = None,
        noted: float | None = None,
    ) -> R:
        values = dict(arguments)
        # A cursor belongs to a call whether its secret was written out or as a pseudonym.
        known = client.secrets.replace_known
        others = {name: known(repr(value)) for name, value in values.items() if name not in {"cursor", "limit"}}
        grant = None
        if request is not None:
            await record_grant(client, self.name, self.operations, request)
            grant = client.grants.open(request, self.operations, self.writes, self.bind_routes(request), self.several)
        scopes = tuple(scope.value for scope in self.scopes)
        begun = time.monotonic()
        deadline = begun + client.context.timeouts.call
        until = last_request(deadline) if request is None else deadline
        also, optional = (tuple(scope.value for scope in scopes) for scopes in (self.also, self.optional))
        digest = digest_call(self.name, others)[:12]
        call = ToolCall(self.name, scopes, grant, digest, until, also, optional, before_write=check, arguments=values)
        token = current_call.set(call)
        try:
            function = cast("Callable[..., Awaitable[R]]", self.function)
            async with record_outcome(client, self.name, self.makes, arguments, request) as outcome:
                with ClearErrors(client, values):
                    if request is None:
                        refuse_names_everywhere(self.parameters, values)
                        async with keep_limit(deadline):
                            result = await function(client, **values)
                    else:
                        result = await self._write(client, request, values, begun, noted)
                if isinstance(result, Page) and not isinstance(result, Records) and result.looked_in is None:
                    result.looked_in = find_place(client, self.parameters, values)
                outcome.append(result)
            return add_gaps(result, call.gaps) if call.gaps else result
        finally:
            current_call.reset(token)
            if grant is not None:
                client.grants.close(grant)

    async def _write(
        self, client: AzureDevOps, request: WriteRequest, values: dict[str, Any], begun: float, noted: float | None
    ) -> R:
        """Write, and settle a lost answer; other writes that are looked up meanwhile learn of both."""
        function = cast("Callable[..., Awaitable[R]]", self.function)
        with remember_write(client, request, begun, noted) as (write, made):
            check_notice(client, write, request)
            try:
                result = await function(client, **values)
            except WriteOutcomeUnknown as error:
                reported = error.answer if isinstance(error, WriteReported) else ""
                pending = PendingWrite(self.name, values, begun, error.accepted, write, reported)
                result = await self._settle(client, pending, error)
            except NotCompared as error:
                raise error.reason from error
            made.append(result)
        return result

    async def settle(
        self, client: AzureDevOps, given: Mapping[str, object], begun: float, noted: float | None = None
    ) -> R:
        """Find out whether a write of an earlier process happened. The write is not sent again.

        Args:
            client: The client that searches; call this on its loop, with `run` or `run_sync`.
            given: The arguments of the write.
            begun: The start of the write, in seconds since the epoch.
            noted: What the approval of the write says about its start, as in `Approval.begun`.

        Raises:
            WriteNotDone: The service certainly refused it.
            WriteOutcomeUnknown: The outcome is not known; the message says why.
        """
        error = WriteOutcomeUnknown("This write was begun before, and its outcome was not stored.", subject=self.name)
        try:
            arguments = self.validate(given)
        except InvalidRequest as changed:
            # It was valid when it was begun, so it may have been sent.
            raise WriteOutcomeUnknown(f"{error.message} {changed.message}", subject=self.name) from changed
        started = time.monotonic() - max(0.0, time.time() - begun)
        write = client.write_memory.resume(self.name, self._canonical(client, arguments), started, noted)
        return await self._settle(client, PendingWrite(self.name, dict(arguments), started, False, write), error)

    async def _end_unasked(
        self,
        client: AzureDevOps,
        arguments: BaseModel,
        request: WriteRequest,
        error: AzureDevOpsError,
        begun: float | None,
    ) -> R:
        """End a call about which nobody can be asked, because its present values cannot be shown.

        Args:
            client: The client that would write.
            arguments: The arguments of the call.
            request: The write.
            error: The reason.
            begun: When an earlier run of the call began this write: it may be what the present values come from.
        """
        if begun is not None:
            return await self._settle_begun(client, request, BegunBefore(begun))
        if isinstance(error, NothingToSend):
            return await self._carry_out(client, arguments, None)
        raise error

    async def _settle_begun(self, client: AzureDevOps, request: WriteRequest, earlier: BegunBefore) -> R:
        return await record_settling(
            client, request, self.settle(client, request.arguments, earlier.begun, earlier.begun)
        )

    async def _settle(self, client: AzureDevOps, pending: PendingWrite, error: WriteOutcomeUnknown) -> R:
        if isinstance(error, PreparationLost):
            raise WriteOutcomeUnknown(error.message, subject=self.name, url=error.url) from error
        if self.recover is None:
            raise error
        return await settle_write(client, self.recover, pending, error.happened)

    def _canonical(self, client: AzureDevOps, arguments: BaseModel) -> dict[str, JsonValue]:
        """Return the given arguments as JSON, with the project that the call will use."""
        values = cast("dict[str, JsonValue]", arguments.model_dump(mode="json", exclude_none=True))
        project = values.get("project") or client.settings.default_project
        if "project" in self.parameters.model_fields and project is not None:
            values["project"] = project
        return values

    def _make_request(self, client: AzureDevOps, arguments: BaseModel) -> WriteRequest | None:
        if self.access == "read":
            # A pseudonym that stands for nothing is refused even where it would only be compared.
            client.secrets.reveal(str(arguments))
            return None
        check_policy(client, self.name)
        return self.prepare(client, arguments)
