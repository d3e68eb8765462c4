"""Tools for LangChain: sync and async, with text for the model and plain JSON as the artifact."""

import base64
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import StructuredTool
from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.calls.approval import check_approver, use_default_approver, use_tool_approver
from langchain_azure_devops.calls.arguments import cut_depth
from langchain_azure_devops.calls.tool import Tool
from langchain_azure_devops.errors import RETRYABLE, AzureDevOpsError, ScopeMissing
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.artifact import Artifact, artifact_of, error_artifact
from langchain_azure_devops.results.images import images_of
from langchain_azure_devops.results.models import Page, Result, marks_of
from langchain_azure_devops.results.rendering import DEFAULT_BUDGET, render, render_error
from langchain_azure_devops.runtime import Waiting
from langchain_azure_devops.safety.grants import Approver
from langchain_azure_devops.settings import check_choice
from langchain_azure_devops.text.known_secrets import MOST

ToolResult = Result | Page[Any]
OnError = Literal["message", "raise", "raise_retryable"]
ArtifactForm = Literal["json", "none"]
Content = str | list[str | dict[str, str]]
Delivery = tuple[Content | ToolMessage, Artifact | None]
"""The content for the model, or the message of an error, and the data beside it."""
WAITING = "azure_devops_waiting"
"""The `type` of the entries about waits in LangGraph's stream."""
_FULL = (
    f"More than {MOST:,} secrets were read. Those that were not seen for longest are replaced where their form or name "
    "shows them, and not everywhere. Use a new client."
)
_OF_AN_ID = re.compile(r"(?:^|_)(?:id|commit|descriptor|parents)$")
_SCALARS = (str, int, float, bool, datetime, NoneType)


@dataclass(frozen=True)
class RunningCall:
    """The call of a bound tool that runs.

    Attributes:
        id: The id that the model gave it; None when the tool was called without one.
        name: The name under which the tool is bound; empty outside of a call.
    """

    id: str | None = None
    name: str = ""


_running: ContextVar[RunningCall | None] = ContextVar("azure_devops_running_call", default=None)


def running_call() -> RunningCall:
    """Return the call of a bound tool in which this code runs, such as an approver."""
    return _running.get() or RunningCall()


def bind(
    tool: Tool[..., Any],
    client: AzureDevOps,
    *,
    approver: Approver | Literal["default"] | None = "default",
    fallback: Callable[[], Approver | None] | None = None,
    name_prefix: str = "",
    refused: Callable[[Tool[..., Any], ScopeMissing], None] | None = None,
    budget: int = DEFAULT_BUDGET,
    on_error: OnError = "message",
    artifact: ArtifactForm = "json",
) -> "BoundTool":
    """Bind a tool to a client and return it as a tool of LangChain.

    An error of this package becomes a tool message with `status="error"` whose first line is machine-readable, such as
    `[denied ScopeMissing vso.code_write]`. Every other exception is a bug and propagates.

    Args:
        tool: The tool.
        client: The client that it uses.
        approver: Answers the write requests of this tool; None refuses them. By default the approver of the block
            answers; see `approve_writes_with`.
        fallback: Returns the approver that answers when there is neither another one nor a block. Each call asks it.
        name_prefix: Stands before the tool's name.
        refused: Called when the service says that the token lacks the tool's scope.
        budget: The most characters that the text of one result may have.
        on_error: "raise" to raise errors of this package instead, without secrets; "raise_retryable" to raise only
            those after which the same call may succeed (`errors.RETRYABLE`).
        artifact: "none" to return no data beside the text.

    Raises:
        Misconfigured: `approver`, `on_error` or `artifact` has no possible value.
    """
    check_choice("on_error", on_error, get_args(OnError))
    check_choice("artifact", artifact, get_args(ArtifactForm))
    own: Callable[[], AbstractContextManager[None]] = nullcontext
    if approver != "default" and tool.access == "write":
        own = partial(use_tool_approver, check_approver(approver))
    elif fallback is not None and tool.access == "write":
        own = partial(use_default_approver, fallback)
    name = name_prefix + tool.name

    def reply(result: ToolResult, arguments: Mapping[str, JsonValue]) -> Delivery:
        text, data = deliver(result, client, arguments, budget)
        return add_images(text, result), data if artifact == "json" else None

    def report(error: AzureDevOpsError) -> Delivery:
        if refused is not None and isinstance(error, ScopeMissing):
            refused(tool, error)
        return _reported(error, client, name, on_error, artifact)

    async def call_async(**arguments: JsonValue) -> Delivery:
        try:
            with own():
                result = await tool(client, **arguments)
            return reply(result, arguments)
        except AzureDevOpsError as error:
            return report(error)

    def call(**arguments: JsonValue) -> Delivery:
        try:
            with own():
                result = tool.call_sync(client, **arguments)
            return reply(result, arguments)
        except AzureDevOpsError as error:
            return report(error)

    return BoundTool(
        name=name,
        description=_describe(tool, client, name_prefix),
        args_schema=dict(tool.schema),
        declaration=tool,
        func=call,
        coroutine=call_async,
        response_format="content_and_artifact",
        metadata={
            "tool": tool.name,
            "access": tool.access,
            "scopes": [scope.value for scope in tool.scopes],
            "also": [scope.value for scope in tool.also],
            "toolset": tool.toolset,
            "destructive": tool.destructive,
            "idempotent": tool.idempotent,
        },
        # Providers that search for tools load these only when a search finds them.
        extras=None if tool.default else {"defer_loading": True},
    )


def make_announcer(elsewhere: Callable[[Waiting], None] | None) -> Callable[[Waiting], None]:
    """Return a function that announces waits: inside a LangGraph run in its stream, mode "custom", type WAITING.

    Args:
        elsewhere: Called outside a run.
    """

    def announce(waiting: Waiting) -> None:
        # A process that runs a graph has imported LangGraph. The tools do not depend on it.
        langgraph = sys.modules.get("langgraph.config")
        try:
            write = langgraph.get_stream_writer() if langgraph else None
        except (RuntimeError, KeyError):
            write = None
        if write is not None:
            write({"type": WAITING, "reason": waiting.reason, "seconds": waiting.seconds, "text": str(waiting)})
        elif elsewhere is not None:
            elsewhere(waiting)

    return announce


class BoundTool(StructuredTool):
    """A structured tool that calls its functions without looking at their signatures.

    LangChain inspects the signature and the annotations of `_run` and `_arun` at every call. With these short
    signatures, a call takes a tenth of a millisecond less. LangChain also describes the arguments to its callbacks
    before it calls, which exhausts the stack where they are very deep.

    Attributes:
        declaration: The tool that it binds. `args_schema` is what a provider's strict mode takes of its arguments.
    """

    declaration: Tool[..., Any] = Field(exclude=True)

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:  # noqa: ARG002 - LangChain's
        """Return the model of the arguments, where LangChain would make one that accepts anything."""
        return self.declaration.parameters

    @property
    def artifact_schema(self) -> dict[str, JsonValue]:
        """The JSON schema of the artifact beside the text, for programs that read it."""
        return self.declaration.output_schema

    def run(self, tool_input: object, *more: object, tool_call_id: str | None = None, **options: object) -> object:
        """Run the tool; an error becomes a tool message with an artifact, which LangChain's own handling would drop."""
        token = _running.set(RunningCall(tool_call_id, self.name))
        try:
            run: Callable[..., object] = super().run
            return run(cut_depth(tool_input), *more, tool_call_id=tool_call_id, **options)
        finally:
            _running.reset(token)

    async def arun(
        self, tool_input: object, *more: object, tool_call_id: str | None = None, **options: object
    ) -> object:
        """Run the tool without blocking; see `run`."""
        token = _running.set(RunningCall(tool_call_id, self.name))
        try:
            run: Callable[..., Awaitable[object]] = super().arun
            return await run(cut_depth(tool_input), *more, tool_call_id=tool_call_id, **options)
        finally:
            _running.reset(token)

    def _run(self, *_: Any, **arguments: Any) -> Any:
        assert self.func is not None  # noqa: S101 - bind gives both
        return self.func(**arguments)

    async def _arun(self, *_: Any, **arguments: Any) -> Any:
        assert self.coroutine is not None  # noqa: S101 - bind gives both
        return await self.coroutine(**arguments)


def _describe(tool: Tool[..., Any], client: AzureDevOps, name_prefix: str) -> str:
    """Return the description for a model; tools with a prefix name their organization: there may be several."""
    return f"{tool.description} Organization: {client.settings.organization}." if name_prefix else tool.description


def deliver(
    outcome: ToolResult | AzureDevOpsError,
    client: AzureDevOps,
    arguments: Mapping[str, JsonValue],
    budget: int = DEFAULT_BUDGET,
) -> tuple[str, Artifact]:
    """Return what a bound tool answers with: the text for the model and the data beside it, both without secrets.

    Use it for a result that no bound tool returned, such as that of `Tool.settle` or `Tool.find_equal`.

    Args:
        outcome: What a tool returned or raised.
        client: The client that it used.
        arguments: The arguments of the call.
        budget: The most characters that the text of a result may have.
    """
    if isinstance(outcome, AzureDevOpsError):
        text, artifact = render_error(outcome, client.context.nonce()), error_artifact(outcome)
        return client.secrets.redact(text), {**artifact, "subject": client.secrets.redact(outcome.subject)}
    return _deliver_result(outcome, client, arguments, budget)


def add_images(text: str, result: ToolResult) -> Content:
    """Return the text of a result, or content blocks with its text and its images, as LangChain's standard has them."""
    images = images_of(result)
    if not images:
        return text
    blocks: list[str | dict[str, str]] = [{"type": "text", "text": text}]
    for image in images:
        encoded = base64.b64encode(image.content).decode()
        blocks.append({"type": "image", "base64": encoded, "mime_type": image.mime_type})
    return blocks


def _deliver_result(
    result: ToolResult, client: AzureDevOps, arguments: Mapping[str, JsonValue], budget: int
) -> tuple[str, Artifact]:
    """Return the text of a result and its data. Secrets are replaced first: half of one would not be recognized."""
    texts: list[str] = []
    _collect(result, texts.append)
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        # Half a character cannot be stored by any checkpointer.
        texts = [text.encode(errors="replace").decode() for text in texts]
        result = _with_texts(result, iter(texts))
    ids: list[str] = []
    _collect_ids(result, ids.append)
    client.secrets.keep_ids(ids)
    cleared = client.secrets.redact_all(texts)
    if cleared is not texts:
        result = _with_texts(result, iter(cleared))
    rendered = render(result, client.context.nonce(), budget)
    where = {"project": client.settings.default_project, **{k: v for k, v in arguments.items() if v is not None}}
    where = {k: client.secrets.replace_known(v) if isinstance(v, str) else v for k, v in where.items()}
    account = client.account
    artifact = artifact_of(
        result,
        rendered,
        account=account.id if account else None,
        base_url=client.settings.url("core"),
        arguments=where,
    )
    if not client.secrets.full:
        return rendered.text, artifact
    artifact["notes"] = [*cast("list[JsonValue]", artifact["notes"]), _FULL]
    return f"{rendered.text}\nnote: {_FULL}", artifact


def _collect(value: object, keep: Callable[[str], None]) -> None:
    """Pass on every text in a result in the order of its fields, including fields that are not shown."""
    if isinstance(value, str):
        keep(value)
    elif isinstance(value, list):
        for part in value:
            _collect(part, keep)
    elif isinstance(value, BaseModel):
        # Reading the values at once is faster than by name: a long list has thousands of them.
        for part in value.__dict__.values():
            if type(part) is str:
                keep(part)
            elif part is not None:
                _collect(part, keep)


def _collect_ids(value: object, keep: Callable[[str], None]) -> None:
    """Pass on the values of the fields that the service itself fills in, such as ids and digests."""
    if isinstance(value, list):
        for part in value:
            _collect_ids(part, keep)
    elif isinstance(value, BaseModel):
        ids, nested = _fields_of(type(value))
        fields = value.__dict__
        for name in ids:
            given = fields.get(name)
            for one in given if isinstance(given, list) else [given]:
                if type(one) is str:
                    keep(one)
        for name in nested:
            _collect_ids(fields.get(name), keep)


@cache
def _fields_of(record: type[BaseModel]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the fields of a model that the service itself fills in, and those that may hold further models.

    These are the texts that are not marked as written by people or builds, and those that are named as ids: people
    choose what a descriptor stands for, but not its digits.
    """
    ids = tuple(
        name
        for name, field in record.model_fields.items()
        if _OF_AN_ID.search(name) or (_may_be_text(field.annotation) and not marks_of(field))
    )
    return ids, tuple(name for name, field in record.model_fields.items() if _may_nest(field.annotation))


def _may_be_text(annotation: object) -> bool:
    """Return whether values of this type may be texts or lists of them."""
    return annotation is str or any(map(_may_be_text, get_args(annotation)))


def _may_nest(annotation: object) -> bool:
    """Return whether values of this type may be models or lists; an unknown type may."""
    if get_origin(annotation) in {UnionType, Union}:
        return any(map(_may_nest, get_args(annotation)))
    if get_origin(annotation) is Annotated:
        return _may_nest(get_args(annotation)[0])
    return get_origin(annotation) is not Literal and annotation not in _SCALARS


def _with_texts(value: Any, texts: Iterator[str]) -> Any:
    """Return a copy of a result with other texts in the same places. The copy of a page keeps its position."""
    if isinstance(value, str):
        return next(texts)
    if isinstance(value, list):
        return [_with_texts(part, texts) for part in value]
    if isinstance(value, BaseModel):
        fields = {name: _with_texts(part, texts) for name, part in value.__dict__.items()}
        return value.model_copy(update=fields)
    return value


def _reported(
    error: AzureDevOpsError, client: AzureDevOps, name: str, on_error: OnError, form: ArtifactForm
) -> Delivery:
    """Return an error as a tool message, or as its text when the tool was called without the id of a call.

    Raises:
        AzureDevOpsError: The error without secrets, if errors are to be raised.
    """
    redact = client.secrets.redact
    if on_error == "raise" or (on_error == "raise_retryable" and isinstance(error, RETRYABLE)):
        error.message, error.subject = redact(error.message), redact(error.subject)
        error.args = (error.message,)
        raise error
    text, data = deliver(error, client, {})
    artifact = data if form == "json" else None
    if (call_id := running_call().id) is None:
        return text, artifact
    return ToolMessage(text, artifact=artifact, tool_call_id=call_id, name=name, status="error"), artifact
