"""Builds: list them, read their details and failures, and read their logs."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Literal, NamedTuple

import httpx
from pydantic import BaseModel, Field

from langchain_azure_devops.calls.declaration import Cursor, Ids, Limit, Project, Projects, Toolset
from langchain_azure_devops.calls.fan_out import read_by_id
from langchain_azure_devops.calls.paging import TOKEN_HEADER, list_rows
from langchain_azure_devops.calls.places import Reach, list_by_project
from langchain_azure_devops.calls.time_limits import explain_cut
from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import (
    Failed,
    Page,
    Records,
)
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.lines import (
    MAX_SCAN_BYTES,
    ScannedLines,
    find_lines,
    finish_lines,
    number_lines,
    read_range,
)
from langchain_azure_devops.text.untrusted import clean
from langchain_azure_devops.tools.builds.models import Build, BuildDetail, BuildLog, Change, LogMatches
from langchain_azure_devops.tools.builds.timeline import (
    Record,
    Timeline,
    find_failure_log,
    find_log_place,
    has_ended,
    list_failures,
    list_stages,
    list_steps,
)
from langchain_azure_devops.tools.pipelines import find_pipeline_id, is_id

toolset = Toolset.named("builds", "See how builds went, why they failed, and what their logs say.")

_BUILD = "/{project}/_apis/build/builds/{build}"
_STAMP = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z ?")
_TAIL = 60
_TAIL_TEXT = 4_000
_RANGE = 1_000
_WHOLE, _AROUND = 5_000, 400
"""A log of so many lines is read whole, because any line may name a secret that stands in the wanted ones. Of a longer
log, so many lines before and after them are read; the largest private key has fewer."""
_UNREAD = "Only lines {first:,}-{last:,} were read; a secret that only other lines name may be shown without its name."
_MAX_TEXT = 120_000
_MAX_HITS, _MAX_CONTEXT, _MAX_CHANGES = 50, 20, 20

_NO_TIMELINE = frozenset({b"", b"null"})
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class _Log(BaseModel):
    id: int
    lines: int | None = Field(default=None, validation_alias="lineCount")


@toolset.read(Scope.BUILD, default=True, example={})
async def list_builds(
    client: AzureDevOps,
    *,
    project: Projects = None,
    pipeline: Annotated[str | None, Reach.ONE_PROJECT, Field(description="Name or id")] = None,
    branch: str | None = None,
    status: Literal["inProgress", "completed", "notStarted", "cancelling", "all"] | None = None,
    result: Literal["succeeded", "partiallySucceeded", "failed", "canceled"] | None = None,
    requested_for: str | None = None,
    since: datetime | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Build]:
    """List builds, newest first.

    Source: `GET /{project}/_apis/build/builds`, of each project for all.
    """
    if pipeline is not None:
        project = await client.required_project(project)
    query = {
        "definitions": None if pipeline is None else await find_pipeline_id(client, str(project), pipeline),
        "branchName": None if branch is None else branch if branch.startswith("refs/") else f"refs/heads/{branch}",
        "statusFilter": status,
        "resultFilter": result,
        "requestedFor": requested_for,
        "minTime": None if since is None else (since if since.tzinfo else since.replace(tzinfo=UTC)).isoformat(),
        "queryOrder": "queueTimeDescending",
    }

    async def fetch(each: str, most: int, going_on: str | None) -> Page[Build]:
        where = {"project": each}
        builds = "/{project}/_apis/build/builds"
        return await list_rows(
            client, Build, builds, path=where, query=query, limit=most, cursor=going_on, style="token"
        )

    page = await list_by_project(client, Build, project, fetch, limit, cursor, _sort_key)
    if not page.items and pipeline is not None and is_id(pipeline):
        # The list is empty for a pipeline that does not exist, too; this says so.
        where = {"project": project, "definition": pipeline}
        await client.get("/{project}/_apis/build/definitions/{definition}", path=where)
    return page


def _sort_key(build: Build) -> tuple[datetime, int]:
    return build.queued or _LONG_AGO, build.id


@toolset.read(
    Scope.BUILD, default=True, example={"ids": [37]}, more_examples=({"ids": [32]}, {"ids": [27]}, {"ids": [37, 23]})
)
async def get_build(client: AzureDevOps, *, ids: Ids, project: Project = None) -> BuildDetail | Records[BuildDetail]:
    """Read builds of a project: stages, what failed with issues and log ids, and the commits it brought.

    A build in which nothing failed shows the logs of its steps instead.

    Source: `GET .../builds/{id}`, `.../timeline`, `.../changes`.
    """
    chosen = await client.required_project(project)
    return await read_by_id(BuildDetail, ids, lambda each: _read_build(client, {"project": chosen, "build": each}))


async def _read_build(client: AzureDevOps, where: PathValues) -> BuildDetail:
    build, records, brought = await asyncio.gather(
        client.get(_BUILD, path=where), _read_records(client, where), _read_changes(client, where)
    )
    failed = list_failures(records)
    return decode(build, BuildDetail).model_copy(
        update={
            "stages": list_stages(records),
            "failed": failed,
            "steps": [] if failed else list_steps(records),
            **brought,
        }
    )


@toolset.read(
    Scope.BUILD,
    default=True,
    resource="projects/{project}/builds/{build}/logs/{log}{?contains,context,first_line,last_line}",
    example={"build": 37},
    more_examples=({"build": 35, "contains": "error"}, {"build": 37, "first_line": 1}),
)
async def get_build_log(
    client: AzureDevOps,
    *,
    build: int,
    log: Annotated[int | None, Field(description="Default: what failed")] = None,
    contains: Annotated[str | None, Field(description="Words to find; a|b for either", max_length=300)] = None,
    context: int = 2,
    first_line: int | None = None,
    last_line: int | None = None,
    project: Project = None,
) -> BuildLog | LogMatches:
    """Read a build log: its last lines, a range, or the lines that contain words.

    Args:
        client: Where to ask.
        build: The build's id.
        log: The log's id, as `get_build` shows it; by default the one of the first step that failed.
        contains: Text to look for in any case, alternatives separated by `|`; no regular expression.
        context: Lines around each match, at most 20.
        first_line: Where to begin, from 1, also to look for text; without it, the end of the log is shown.
        last_line: Where to stop; a range is at most 1,000 lines.
        project: Name or id.

    Returns:
        The lines; with `contains` the matches. A tail or range asks for these lines and for those around them, which
        may name a secret in them.

    Raises:
        NotFound: There is no such build or log, or its logs were deleted.
    Source: `GET .../builds/{id}/logs`, `GET .../builds/{id}/logs/{log}?startLine=&endLine=`.
    """
    where: PathValues = {"project": await client.required_project(project), "build": build}
    if first_line is not None and last_line is not None and last_line < first_line:
        raise InvalidRequest(f"last_line {last_line} is before first_line {first_line}.", subject="last_line")
    records = await _read_records_of_log(client, where, log)
    chosen = log if log is not None else await _choose_log(client, where, records)
    where = {**where, "log": chosen}
    # Without a log id, a retry of the build may show the log of another step.
    place = {**find_log_place(records, chosen), "final": log is not None and has_ended(records, log)}
    if words := [word.strip() for word in (contains or "").split("|") if word.strip()]:
        found = await _find_matches(client, where, words, min(max(context, 0), _MAX_CONTEXT), first_line, last_line)
        return found.model_copy(update=place)
    total = await _count_lines(client, where)
    if first_line is None:
        span, kept = await _read_tail(client, where, total, last_line)
    else:
        first = max(first_line, 1)
        last = min(last_line or total or first + _RANGE, first + _RANGE - 1)
        span = _choose_span(first, last, total)
        kept = await _read_range(client, where, span, first, last)
    return BuildLog(
        build=build,
        log=int(where["log"] or 0),
        first_line=kept[0][0] if kept else 0,
        total_lines=total,
        text="\n".join(line for _, line in kept),
        notes=_name_unread(span, total) if kept else [],
    ).model_copy(update=place)


async def _read_records_of_log(client: AzureDevOps, where: PathValues, log: int | None) -> list[Record]:
    """Return the timeline, which says which step wrote a log. Only a call that names no log needs it."""
    try:
        return await _read_records(client, where)
    except AzureDevOpsError:
        if log is None:
            raise
        return []


def _name_unread(span: "_Span | None", total: int | None) -> list[str]:
    """Return the note that says which lines of a log were read, if not all were."""
    if span is None or span.last is None:
        return []
    return [_UNREAD.format(first=span.first, last=min(span.last, total or span.last))]


class _Span(NamedTuple):
    """The lines of a log that are read; None for its end."""

    first: int
    last: int | None


def _choose_span(first: int, last: int, total: int | None) -> _Span:
    """Return the lines that are read, so that secrets in the wanted lines are recognized."""
    if total is not None and total <= _WHOLE:
        return _Span(1, None)
    return _Span(max(1, first - _AROUND), last + _AROUND)


Kept = list[tuple[int, str]]


async def _read_tail(
    client: AzureDevOps, where: PathValues, total: int | None, last: int | None
) -> tuple[_Span | None, Kept]:
    """Return a few last lines of a log, and which lines were read. One of unknown length is read whole."""
    end = min(total, last) if total and last else total or last
    first = max(1, end - _TAIL + 1) if end else 1
    span = _choose_span(first, end, total) if end else None
    before = span.first - 1 if span else 0
    newest: deque[tuple[int, str]] = deque(maxlen=_TAIL)
    async with _stream_log(client, where, span) as text:
        async for number, line in number_lines(text, ScannedLines(), client.secrets, lambda *_: False):
            if end is None or before + number <= end:
                newest.append((before + number, line))
    read = [entry for entry in newest if entry[0] >= first]
    lines = deque(_without_stamps(finish_lines(read, client.secrets, redacted=False)))
    kept: Kept = []
    room = _TAIL_TEXT
    while lines and (not kept or len(lines[-1][1]) < room):
        kept.append(lines.pop())
        room -= len(kept[-1][1]) + 1
    return span, kept[::-1]


async def _read_range(client: AzureDevOps, where: PathValues, span: _Span, first: int, last: int) -> Kept:
    if last < first:
        return []
    before = span.first - 1
    async with _stream_log(client, where, span) as text:
        read = await read_range(text, first - before, last - before, _MAX_TEXT, client.secrets)
    return _without_stamps((before + number, line) for number, line in read.kept)


async def _find_matches(
    client: AzureDevOps, where: PathValues, words: list[str], context: int, first: int | None, last: int | None
) -> LogMatches:
    wanted_from = max(first or 1, 1)
    before = max(0, wanted_from - 1 - _AROUND)
    span = _Span(before + 1, last)
    async with _stream_log(client, where, span if before or last else None) as text:
        seen, hits = await find_lines(text, words, context, _MAX_HITS, client.secrets, wanted_from - before)
    wanted = [clean(client.secrets.replace_known(word)).lower() for word in words]
    kept = [(before + number, line) for number, line in seen.kept if before + number >= wanted_from]
    holding = {number for number, line in kept if any(word in clean(line).lower() for word in wanted)}
    notes = []
    following = None
    if not seen.whole:
        following = before + seen.count + 1
        notes.append(f"reading stopped after {MAX_SCAN_BYTES // 2**20} MB")
    if hits > _MAX_HITS:
        following = max(holding, default=before + seen.count) + 1
        notes.insert(0, f"the first {_MAX_HITS} matches are shown")
    if following is not None:
        notes.append(f"go on with first_line={following}.")
    note = "; ".join(notes)
    return LogMatches(
        build=int(where["build"] or 0),
        log=int(where["log"] or 0),
        matching=hits,
        total_lines=before + seen.count if seen.whole and last is None else None,
        note=note[:1].upper() + note[1:] or None,
        go_on={"first_line": following} if following else None,
        lines="\n".join(
            f"{number}{':' if number in holding else '-'} {line}" for number, line in _without_stamps(kept)
        ),
    )


def _without_stamps(lines: Iterable[tuple[int, str]]) -> Kept:
    return [(number, _STAMP.sub("", line)) for number, line in lines]


@asynccontextmanager
async def _stream_log(
    client: AzureDevOps, where: PathValues, span: _Span | None
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Stream some lines of a log, or all of it."""
    query = {"startLine": span.first, "endLine": span.last} if span else {}
    async with client.stream(f"{_BUILD}/logs/{{log}}", path=where, query=query, accept="text/plain") as response:
        yield _stream_text(response)


async def _stream_text(response: httpx.Response) -> AsyncIterator[bytes]:
    """Stream a log without NUL bytes, because every log is treated as text."""
    async for piece in response.aiter_bytes():
        yield piece.replace(b"\0", b"")


async def _read_records(client: AzureDevOps, where: PathValues) -> list[Record]:
    """Return the records of the timeline; none when the build never started."""
    response = await client.get(f"{_BUILD}/timeline", path=where)
    return [] if response.content in _NO_TIMELINE else decode(response, Timeline).records


async def _read_changes(client: AzureDevOps, where: PathValues) -> dict[str, object]:
    """Read the commits as fields of the build. If they cannot be read, return a note instead."""
    try:
        response = await client.get(f"{_BUILD}/changes", path=where, query={"$top": _MAX_CHANGES})
    except AzureDevOpsError as error:
        explain_cut(error)
        unread = Failed(place="commits", status=error.status, reason=error.message)
        return {"note": f"The commits could not be read: {error.message}", "unread": [unread]}
    changes = decode(response, Collection[Change]).value
    more = len(changes) == _MAX_CHANGES or TOKEN_HEADER in response.headers
    note = f"Only the newest {len(changes)} commits are shown." if more else None
    return {"changes": changes, "note": note, "partial": more}


async def _count_lines(client: AzureDevOps, where: PathValues) -> int | None:
    """Return how many lines the log has; None while it is still written."""
    response = await client.get(f"{_BUILD}/logs", path=where)
    counts = {row.id: row.lines for row in decode(response, Collection[_Log]).value}
    if where["log"] not in counts:
        known = ", ".join(str(number) for number in counts) or "none"
        raise NotFound(f"Build {where['build']} has no log {where['log']}. Its logs: {known}.", subject="log")
    return counts[int(where["log"] or 0)] or None


async def _choose_log(client: AzureDevOps, where: PathValues, records: Sequence[Record]) -> int:
    """Return the log of the first failed task; when no task failed, the last log."""
    if (log := find_failure_log(records)) is not None:
        return log
    rows = decode(await client.get(f"{_BUILD}/logs", path=where), Collection[_Log]).value
    if not rows:
        raise NotFound(
            f"Build {where['build']} has no logs: it never ran, or they were deleted. get_build says why.",
            subject="log",
        )
    return max(row.id for row in rows)
