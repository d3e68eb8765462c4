"""Read a build: its timeline, its commits and its logs, for all tools that show them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx

from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.calls.paging import TOKEN_HEADER
from langchain_azure_devops.calls.time_limits import explain_cut
from langchain_azure_devops.errors import AzureDevOpsError, NotSignedIn, ScopeMissing
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Failed
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.builds.models import Change
from langchain_azure_devops.tools.builds.timeline import Failure, Record, Timeline
from langchain_azure_devops.tools.failure_view import FailureView, read_failure_view

BUILD = "/{project}/_apis/build/builds/{build}"
_MAX_CHANGES = 20
_PLACE = 200
_NO_TIMELINE = frozenset({b"", b"null"})


async def read_records(client: AzureDevOps, where: PathValues, timeline: str | None = None) -> list[Record]:
    """Return the records of the timeline, or of that of an earlier attempt; none when the build never started."""
    if timeline is None:
        response = await client.get(f"{BUILD}/timeline", path=where)
    else:
        response = await client.get(f"{BUILD}/timeline/{{timeline}}", path={**where, "timeline": timeline})
    return [] if response.content in _NO_TIMELINE else decode(response, Timeline).records


async def read_changes(client: AzureDevOps, where: PathValues) -> dict[str, object]:
    """Read the commits as fields of the build. If they cannot be read, return a note instead."""
    try:
        response = await client.get(f"{BUILD}/changes", path=where, query={"$top": _MAX_CHANGES})
    except AzureDevOpsError as error:
        explain_cut(error)
        unread = Failed(place="commits", status=error.status, reason=error.message)
        return {"note": f"The commits could not be read: {error.message}", "unread": [unread]}
    changes = decode(response, Collection[Change]).value
    more = len(changes) == _MAX_CHANGES or TOKEN_HEADER in response.headers
    note = f"Only the newest {len(changes)} commits are shown." if more else None
    return {"changes": changes, "note": note, "partial": more}


@asynccontextmanager
async def stream_log(
    client: AzureDevOps, where: PathValues, query: dict[str, QueryValue] | None = None
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Stream a log, or the lines of it that the query names."""
    path = f"{BUILD}/logs/{{log}}"
    async with client.stream(path, path=where, query=query or {}, accept="text/plain") as response:
        yield _stream_text(response)


async def _stream_text(response: httpx.Response) -> AsyncIterator[bytes]:
    """Stream a log without NUL bytes, because every log is treated as text."""
    async for piece in response.aiter_bytes():
        yield piece.replace(b"\0", b"")


async def read_view(client: AzureDevOps, where: PathValues, characters: int) -> FailureView:
    """Read a log and return the lines that tell why it failed."""
    async with stream_log(client, where) as text:
        return await read_failure_view(text, client.secrets, characters)


class SeenStep(NamedTuple):
    """A failed step.

    Attributes:
        failure: The step.
        view: The view of its log; None when it has none or it was not read.
        unread: Why its log could not be read.
    """

    failure: Failure
    view: FailureView | None
    unread: Failed | None = None


async def read_steps(
    client: AzureDevOps, where: PathValues, failed: Sequence[Failure], sizes: Sequence[int]
) -> list[SeenStep]:
    """Read the failure views of the first failed steps that have a log; a log that cannot be read is named.

    Args:
        client: Where to ask.
        where: The project and the build.
        failed: The failed steps, the first one first.
        sizes: How many characters each view may have.
    """
    with_log = (each.log for each in failed if each.log is not None)
    by_log = dict(zip(with_log, sizes, strict=False))
    unread: dict[int, Failed] = {}

    async def read(log: int) -> FailureView | None:
        try:
            return await read_view(client, {**where, "log": log}, by_log[log])
        except (NotSignedIn, ScopeMissing):
            raise
        except AzureDevOpsError as error:
            # Each log may be gone, as they are deleted before the build; its step and its issues are still known.
            explain_cut(error)
            unread[log] = Failed(place=f"log {log}", status=error.status, reason=error.message)
            return None

    views = (await fan_out(by_log, read)).done
    return [
        SeenStep(each, None) if each.log is None else SeenStep(each, views.get(each.log), unread.get(each.log))
        for each in failed
    ]


def join_views(steps: Sequence[SeenStep]) -> str | None:
    """Put views one below the other, each under the place of its step; None when there is none."""
    parts = [
        f"log {each.failure.log}, {_name_place(each.failure)}:\n{each.view.text}"
        for each in steps
        if each.view and each.view.lines
    ]
    parts += [
        f"{each.unread.place}, {_name_place(each.failure)}: could not be read ({each.unread.status})"
        for each in steps
        if each.unread
    ]
    return "\n".join(parts) or None


def _name_place(failure: Failure) -> str:
    """Return the place of a step on one line, as the names may hold line breaks."""
    return one_line(f"{failure.where} > {failure.name}")[:_PLACE]
