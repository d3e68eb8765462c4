"""A tool: a typed function with its access and scopes as data. No LangChain here."""

import difflib
import inspect
import json
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Concatenate, Generic, Literal, ParamSpec, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, create_model

from langchain_azure_devops.calls.approval import ask, ask_sync, check_content, check_policy
from langchain_azure_devops.calls.recovery import Lookup, Lost, settled
from langchain_azure_devops.calls.schema import strict_schema
from langchain_azure_devops.errors import AuditFailed, AzureDevOpsError, InvalidRequest, WriteOutcomeUnknown
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import not_understood
from langchain_azure_devops.results.models import Page, Result
from langchain_azure_devops.safety.audit import AuditEvent, note
from langchain_azure_devops.safety.grants import (
    Operation,
    ToolCall,
    WriteRequest,
    current_call,
    digest_of,
)
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.secrets import PSEUDONYM

P = ParamSpec("P")
R = TypeVar("R", bound=Result | Page[Any])
Access = Literal["read", "write"]

_MADE = ("id", "work_item", "comment", "revision", "project", "repository")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Project = Annotated[str | None, Field(description="Name or id")]
Repository = Annotated[str, Field(description="Name or id")]
Limit = Annotated[int, Field(ge=1, le=1000)]
Cursor = Annotated[str | None, Field(description="From the previous page")]


@dataclass(frozen=True)
class Tool(Generic[P, R]):
    """One operation as a tool; calling it validates, asks for writes, and runs on the client's loop.

    Attributes:
        name: Verb and noun in the service's words.
        description: What the model reads; the function's docstring.
        toolset: The name of the group it belongs to.
        access: Whether it reads or writes.
        scopes: Any one of these lets a token use it.
        function: The typed function behind it.
        operations: The write operations it may send.
        writes: How many write requests one call may send.
        lookup: Finds what a write made when its answer was lost.
    """

    name: str
    description: str
    toolset: str
    access: Access
    scopes: tuple[Scope, ...]
    function: Callable[Concatenate[AzureDevOps, P], Awaitable[R]]
    operations: frozenset[Operation] = frozenset()
    writes: int = 0
    lookup: Lookup[R] | None = None

    @cached_property
    def parameters(self) -> type[BaseModel]:
        """The arguments as a model, made from the function's signature."""
        fields: dict[str, Any] = {}
        signature = inspect.signature(self.function, eval_str=True)
        for parameter in list(signature.parameters.values())[1:]:
            required = parameter.default is inspect.Parameter.empty
            fields[parameter.name] = (parameter.annotation, ... if required else parameter.default)
        return create_model(f"{self.name}_arguments", __config__=ConfigDict(extra="forbid"), **fields)

    @cached_property
    def schema(self) -> dict[str, JsonValue]:
        """The arguments as a JSON schema that OpenAI's strict mode accepts."""
        return strict_schema(self.parameters)

    async def __call__(self, client: AzureDevOps, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the operation from any event loop.

        Raises:
            InvalidRequest: The arguments do not fit.
            WriteBlocked: A write that was not allowed.
            AzureDevOpsError: What the service's answer means.
        """
        arguments = self.validate(_by_name(self, args, kwargs))
        request = self._to_be_asked(client, arguments)
        if request is not None:
            await ask(client, request)
        return await client.run(self._carry_out(client, arguments, request))

    def call_sync(self, client: AzureDevOps, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the operation and block until it is done; raises what the asynchronous call raises."""
        arguments = self.validate(_by_name(self, args, kwargs))
        request = self._to_be_asked(client, arguments)
        if request is not None:
            ask_sync(client, request)
        return client.run_sync(self._carry_out(client, arguments, request))

    def validate(self, given: Mapping[str, object]) -> BaseModel:
        """The arguments checked and completed; a null counts as not given.

        Raises:
            InvalidRequest: Says which argument does not fit, why, and what would.
        """
        try:
            return self.parameters.model_validate({name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            raise InvalidRequest(_repair(self, error), subject="arguments") from None

    def request(self, client: AzureDevOps, arguments: BaseModel) -> WriteRequest:
        """What a person is asked before this call writes.

        Raises:
            WriteBlocked: The arguments hold what no write may contain; says what to remove.
        """
        values = cast("dict[str, JsonValue]", arguments.model_dump(mode="json", exclude_none=True))
        project = values.get("project") or client.settings.default_project
        if "project" in self.parameters.model_fields and project is not None:
            values["project"] = project
        check_content(client, self.name, values)
        return WriteRequest(
            tool=self.name,
            arguments=values,
            digest=digest_of(self.name, values),
            project=str(project) if "project" in values else None,
        )

    def bound(self, request: WriteRequest) -> dict[str, str | None]:
        """What a grant for this call says of its routes: each placeholder that an argument names, as it names it."""
        named = {name for operation in self.operations for name in _PLACEHOLDER.findall(operation.template)}
        given = {**request.arguments, "project": request.project}
        values = {name: given.get(name) for name in self.parameters.model_fields if name in named | {"project"}}
        return {name: None if value is None else str(value) for name, value in values.items()}

    async def _carry_out(self, client: AzureDevOps, arguments: BaseModel, request: WriteRequest | None) -> R:
        values = _revealed(self, client, dict(arguments))
        others = {name: repr(value) for name, value in values.items() if name not in {"cursor", "limit"}}
        grant = None
        if request is not None:
            _granted(client, self, request)
            grant = client.grants.open(request, self.operations, self.writes, self.bound(request))
        scopes = tuple(scope.value for scope in self.scopes)
        begun = time.monotonic()
        deadline = begun + client.context.timeouts.call
        token = current_call.set(ToolCall(self.name, scopes, grant, digest_of(self.name, others)[:12], deadline))
        try:
            function = cast("Callable[..., Awaitable[R]]", self.function)
            with _recorded(client, self, arguments, request) as outcome:
                try:
                    result = await _understood(self, function(client, **values))
                except WriteOutcomeUnknown as error:
                    lost = Lost(self.name, values, begun, error.may_follow)
                    result = await _understood(self, self._settled(client, lost, error))
                outcome.append(result)
            return result
        finally:
            current_call.reset(token)
            if grant is not None:
                client.grants.close(grant)

    async def settle(self, client: AzureDevOps, given: Mapping[str, object], begun: float) -> R:
        """Find out what became of a write that an earlier process began; nothing is sent again.

        Args:
            client: Where to look; call this on its loop, by `run` or `run_sync`.
            given: The arguments of the write.
            begun: When it was begun, in seconds since the epoch.

        Raises:
            WriteNotDone: It did not happen.
            WriteOutcomeUnknown: That could not be settled; says why.
        """
        error = WriteOutcomeUnknown("This write was begun before, and its outcome was not stored.", subject=self.name)
        return await self._settled(client, Lost.earlier(self.name, dict(self.validate(given)), begun), error)

    async def _settled(self, client: AzureDevOps, lost: Lost, error: WriteOutcomeUnknown) -> R:
        if self.lookup is None:
            raise error
        return await settled(client, self.lookup, lost, error.happened)

    def _to_be_asked(self, client: AzureDevOps, arguments: BaseModel) -> WriteRequest | None:
        if self.access == "read":
            return None
        check_policy(client, self.name)
        return self.request(client, arguments)


async def _understood(tool: Tool[..., Any], work: Awaitable[R]) -> R:
    """Arguments are validated before, so what is found to be no data here came from the service.

    Raises:
        ServiceFault: It was not what is documented.
        WriteOutcomeUnknown: The same, of a tool that writes: it may have written.
    """
    try:
        return await work
    except (ValidationError, json.JSONDecodeError, RecursionError, KeyError) as error:
        # Where, but not what: that may be a secret.
        if isinstance(error, ValidationError):
            first = error.errors(include_input=False, include_url=False)[0]
            where = f"{'.'.join(map(str, first['loc']))}: {first['msg']}".lstrip(": ")
        else:
            where = f"no {error}" if isinstance(error, KeyError) else "no JSON"
        fault = not_understood(tool.name, where)
        if tool.access == "read":
            raise fault from error
        raise WriteOutcomeUnknown(fault.message, subject=tool.name, happened=fault.message) from error


def _granted(client: AzureDevOps, tool: Tool[..., Any], request: WriteRequest) -> None:
    """Record that a write may begin; where that fails, it may not."""
    routes: list[JsonValue] = [f"{operation.method} {operation.template}" for operation in tool.operations]
    arguments = dict(request.arguments)
    note(
        client,
        "granted",
        tool=tool.name,
        digest=request.digest,
        project=request.project,
        routes=routes,
        arguments=arguments,
    )


@contextmanager
def _recorded(
    client: AzureDevOps, tool: Tool[..., Any], arguments: BaseModel, request: WriteRequest | None
) -> Iterator[list[Result | Page[Any]]]:
    """Record what became of a call; a write that happened stays one, also when that cannot be recorded any more."""
    given: list[Result | Page[Any]] = []
    if client.audit is None:
        yield given
        return
    try:
        yield given
    except AzureDevOpsError as error:
        if request is not None:
            event: AuditEvent = "unknown" if isinstance(error, WriteOutcomeUnknown) else "failed"
            note(client, event, tool=tool.name, digest=request.digest, error=error.headline)
        else:
            shown = arguments.model_dump(mode="json", exclude_defaults=True)
            note(client, "read", tool=tool.name, arguments=shown, error=error.headline)
        raise
    if request is None:
        note(client, "read", tool=tool.name, arguments=arguments.model_dump(mode="json", exclude_defaults=True))
    else:
        with suppress(AuditFailed):
            made = given[0].model_dump(mode="json", include=set(_MADE))
            note(client, "written", tool=tool.name, digest=request.digest, result=made)


def _by_name(tool: Tool[..., Any], args: tuple[object, ...], kwargs: dict[str, object]) -> dict[str, object]:
    if args:
        raise TypeError(f"{tool.name} takes its arguments by name")
    return kwargs


def _revealed(tool: Tool[..., Any], client: AzureDevOps, values: dict[str, Any]) -> dict[str, Any]:
    """The arguments with secrets in place of pseudonyms for a read; a write with one was refused before."""
    if tool.access == "write":
        return values

    def reveal(match: re.Match[str]) -> str:
        secret = client.pseudonyms.get(match[0])
        if secret is None:
            raise InvalidRequest(f"{match[0]} stands for nothing that was read in this process. Read it again first.")
        return secret

    return {name: PSEUDONYM.sub(reveal, value) if isinstance(value, str) else value for name, value in values.items()}


@dataclass(frozen=True)
class Toolset:
    """A group of tools about one thing.

    Attributes:
        name: As people select it.
        description: One sentence.
        tools: In the order they were declared.
    """

    name: str
    description: str
    tools: list[Tool[..., Any]]

    @classmethod
    def named(cls, name: str, description: str) -> "Toolset":
        """An empty toolset."""
        return cls(name, description, [])

    def read(
        self, *scopes: Scope
    ) -> Callable[[Callable[Concatenate[AzureDevOps, P], Coroutine[Any, Any, R]]], Tool[P, R]]:
        """Declare a function a tool that only reads; any one of the scopes suffices."""
        return self._declare("read", scopes, (), 0)

    def write(
        self, *scopes: Scope, sends: str | tuple[str, ...], lookup: Lookup[R] | None = None, times: int = 1
    ) -> Callable[[Callable[Concatenate[AzureDevOps, P], Coroutine[Any, Any, R]]], Tool[P, R]]:
        """Declare a function a tool that writes.

        Args:
            *scopes: Any one suffices.
            sends: The write operations it may send, as `POST /{project}/...`.
            lookup: Finds what a call made when its answer was lost; the result needs `notes` to say so. Without it
                such a write stays unknown.
            times: How many write requests one call may send.
        """
        return self._declare("write", scopes, (sends,) if isinstance(sends, str) else sends, times, lookup)

    def _declare(
        self,
        access: Access,
        scopes: tuple[Scope, ...],
        operations: tuple[str, ...],
        times: int,
        lookup: Lookup[Any] | None = None,
    ) -> Callable[[Callable[Concatenate[AzureDevOps, P], Coroutine[Any, Any, R]]], Tool[P, R]]:
        def declared(function: Callable[Concatenate[AzureDevOps, P], Coroutine[Any, Any, R]]) -> Tool[P, R]:
            _refuse_positional(function)
            tool = Tool(
                name=function.__name__,
                description=_for_the_model(function.__doc__ or ""),
                toolset=self.name,
                access=access,
                scopes=scopes,
                function=function,
                operations=frozenset(Operation.parse(text) for text in operations),
                writes=times,
                lookup=lookup,
            )
            self.tools.append(tool)
            return tool

        return declared


def _refuse_positional(function: Callable[..., object]) -> None:
    """Accept only functions whose arguments after the client are keyword-only, so that type checkers know it, too.

    Raises:
        TypeError: An argument after the client could be given by position.
    """
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            raise TypeError(
                f"{function.__name__} takes {parameter.name} by position. The arguments of a tool are keyword-only: "
                f"declare it as 'async def {function.__name__}(client: AzureDevOps, *, {parameter.name}, ...)'."
            )


def _for_the_model(docstring: str) -> str:
    """A docstring without its sections for programmers."""
    paragraphs = inspect.cleandoc(docstring).split("\n\n")
    kept = [text for text in paragraphs if not text.startswith(("Args:", "Returns:", "Raises:", "Source:"))]
    return " ".join(" ".join(kept).split())


def _repair(tool: Tool[..., Any], error: ValidationError) -> str:
    """The validation error in words that let a model repair the call."""
    known = list(tool.parameters.model_fields)
    return f"{tool.name}: {'; '.join(_complaint(entry, known) for entry in error.errors())}."


def _complaint(entry: Any, known: list[str]) -> str:
    where = ".".join(str(part) for part in entry["loc"])
    if entry["type"] == "missing":
        return f"{where} is required"
    if entry["type"] == "extra_forbidden":
        near = difflib.get_close_matches(where, known, n=1)
        return f"{where} is not a parameter{f', did you mean {near[0]}' if near else ''} (known: {', '.join(known)})"
    given = json.dumps(entry["input"], default=str, ensure_ascii=False)[:80]
    message = str(entry["msg"])
    if entry["type"] == "literal_error":
        allowed = str(entry["ctx"]["expected"])
        near = difflib.get_close_matches(str(entry["input"]), [word.strip("' ") for word in allowed.split(",")], n=1)
        return f"{where} must be one of {allowed}, got {given}{f'; did you mean {near[0]!r}' if near else ''}"
    return f"{where}: {message[0].lower()}{message[1:]}, got {given}"
