"""Record in the audit log that a call may begin, and how it ended."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from pydantic import BaseModel, JsonValue

from langchain_azure_devops.errors import AuditFailed, AzureDevOpsError, WriteOutcomeUnknown
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import Page, Result
from langchain_azure_devops.safety.audit import AuditEvent, record_event_async, record_event_soon
from langchain_azure_devops.safety.grants import Operation, WriteRequest

R = TypeVar("R")


async def record_grant(client: AzureDevOps, tool: str, operations: frozenset[Operation], request: WriteRequest) -> None:
    """Record that a write may begin. If recording fails, the write does not begin."""
    routes: list[JsonValue] = [f"{operation.method} {operation.template}" for operation in operations]
    about: dict[str, JsonValue] = {"tool": tool, "digest": request.digest}
    arguments = dict(request.arguments)
    try:
        await record_event_async(
            client, "granted", **about, project=request.project, routes=routes, arguments=arguments
        )
    except asyncio.CancelledError:
        record_event_soon(client, "failed", **about, error="cancelled before it was sent")
        raise


@asynccontextmanager
async def record_outcome(
    client: AzureDevOps, tool: str, makes: str, arguments: BaseModel, request: WriteRequest | None
) -> AsyncIterator[list[Result | Page[Any]]]:
    """Record the outcome of a call. What is said of a write stays the same if that cannot be recorded."""
    given: list[Result | Page[Any]] = []
    if client.audit is None:
        yield given
        return
    try:
        yield given
    except AzureDevOpsError as error:
        if request is not None:
            event: AuditEvent = "unknown" if isinstance(error, WriteOutcomeUnknown) else "failed"
            with suppress(AuditFailed):
                await record_event_async(client, event, tool=tool, digest=request.digest, error=error.headline)
        else:
            shown = arguments.model_dump(mode="json", exclude_defaults=True)
            await record_event_async(client, "read", tool=tool, arguments=shown, error=error.headline)
        raise
    except asyncio.CancelledError:
        if request is not None:
            record_event_soon(client, "unknown", tool=tool, digest=request.digest, error="cancelled")
        raise
    except Exception as error:
        # A bug in the tool: the error propagates, and it is not known which requests were sent before.
        if request is not None:
            with suppress(AuditFailed):
                await record_event_async(
                    client, "unknown", tool=tool, digest=request.digest, error=type(error).__name__
                )
        raise
    if request is None:
        await record_event_async(
            client, "read", tool=tool, arguments=arguments.model_dump(mode="json", exclude_defaults=True)
        )
    else:
        with suppress(AuditFailed):
            await record_event_async(
                client, "written", tool=tool, digest=request.digest, **_describe_result(makes, given[0])
            )


async def record_settling(client: AzureDevOps, request: WriteRequest, settling: Coroutine[object, object, R]) -> R:
    """Record what is found out about a write that was begun before, and return it."""
    about: dict[str, JsonValue] = {"tool": request.tool, "digest": request.digest, "looked_up": True}
    try:
        found = await settling
    except AzureDevOpsError as error:
        event: AuditEvent = "unknown" if isinstance(error, WriteOutcomeUnknown) else "failed"
        await record_event_async(client, event, **about, error=error.headline)
        raise
    await record_event_async(client, "written", **about)
    return found


def _describe_result(makes: str, result: Result | Page[Any]) -> dict[str, JsonValue]:
    """Return what the audit log keeps of a write: what it created, if anything, and the ids of its result."""
    ids = set(result.identifying) if isinstance(result, Result) else set[str]()
    found: dict[str, JsonValue] = {"result": result.model_dump(mode="json", include=ids)}
    return {**found, "made": makes} if makes else found
