"""Builds: how they went, why they failed, what their logs say."""

import asyncio
import difflib
import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AliasPath, Field

from langchain_azure_devops.build_timeline import Failure, Stage, failures_of, log_of_failure, stages_of
from langchain_azure_devops.client import AzureDevOps
from langchain_azure_devops.errors import InvalidRequest, NotFound
from langchain_azure_devops.paging import Collection, list_rows
from langchain_azure_devops.results import Branch, Instant, Lines, Page, Result, Untrusted, UntrustedText
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text_stream import MAX_SCAN_BYTES, between, matching
from langchain_azure_devops.toolset import Cursor, Limit, Project, Toolset
from langchain_azure_devops.transport import capped

toolset = Toolset.named("builds", "See how builds went, why they failed, and what their logs say.")

_BUILD = "/{project}/_apis/build/builds/{build}"
_STAMP = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z ?")
_TAIL = 60
_MAX_TEXT = 120_000
_MAX_HITS = 50

BuildId = Annotated[int, Field(ge=1)]


class Build(Result):
    """A build as a reader of a list needs it."""

    plural = "builds"

    id: int
    pipeline: Untrusted = Field(validation_alias=AliasPath("definition", "name"))
    status: str
    result: str | None = None
    branch: Branch | None = Field(default=None, validation_alias="sourceBranch")
    requested_for: Untrusted | None = Field(default=None, validation_alias=AliasPath("requestedFor", "displayName"))
    queued: Instant | None = Field(default=None, validation_alias="queueTime")


class Change(Result):
    """A commit that this build has and the one before had not."""

    commit: str = Field(validation_alias="id")
    author: Untrusted | None = Field(default=None, validation_alias=AliasPath("author", "displayName"))
    message: Untrusted | None = None


class BuildDetail(Build):
    """A build with its stages and what failed."""

    number: Untrusted | None = Field(default=None, validation_alias="buildNumber")
    reason: str | None = None
    commit: str | None = Field(default=None, validation_alias="sourceVersion")
    repository: Untrusted | None = Field(default=None, validation_alias=AliasPath("repository", "name"))
    started: Instant | None = Field(default=None, validation_alias="startTime")
    finished: Instant | None = Field(default=None, validation_alias="finishTime")
    validation: list[Untrusted] = Field(default=[])
    stages: list[Stage] = Field(default=[])
    failed: list[Failure] = Field(default=[])
    changes: list[Change] = Field(default=[])


class BuildLog(Lines):
    """Lines of a build log, without their time stamps."""

    build: int
    log: int


class LogMatches(Result):
    """Lines of a build log that hold the words looked for, with their numbers and the lines around them."""

    build: int
    log: int
    matching: int
    total_lines: int | None
    note: str | None = None
    lines: UntrustedText


@toolset.read(Scope.BUILD)
async def list_builds(
    client: AzureDevOps,
    project: Project = None,
    pipeline: Annotated[str | None, Field(description="Name or id")] = None,
    branch: str | None = None,
    status: Literal["inProgress", "completed", "notStarted", "cancelling", "all"] | None = None,
    result: Literal["succeeded", "partiallySucceeded", "failed", "canceled"] | None = None,
    requested_for: str | None = None,
    since: datetime | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Build]:
    """List builds, newest first.

    Source: `GET /{project}/_apis/build/builds`.
    """
    project = await client.required_project(project)
    return await list_rows(
        client,
        Build,
        "/{project}/_apis/build/builds",
        path={"project": project},
        query={
            "definitions": None if pipeline is None else await _pipeline_id(client, project, pipeline),
            "branchName": None if branch is None else branch if branch.startswith("refs/") else f"refs/heads/{branch}",
            "statusFilter": status,
            "resultFilter": result,
            "requestedFor": requested_for,
            "minTime": None if since is None else since.isoformat(),
            "queryOrder": "queueTimeDescending",
        },
        limit=limit,
        cursor=cursor,
        style="token",
    )


@toolset.read(Scope.BUILD)
async def get_build(client: AzureDevOps, id: BuildId, project: Project = None) -> BuildDetail:
    """Read a build: stages, what failed with issues and log ids, and the commits it brought.

    Source: `GET .../builds/{id}`, `.../timeline`, `.../changes`.
    """
    where = {"project": await client.required_project(project), "build": id}
    build, timeline, changes = await asyncio.gather(
        client.get(_BUILD, path=where),
        client.get(f"{_BUILD}/timeline", path=where),
        client.get(f"{_BUILD}/changes", path=where, query={"$top": 20}),
    )
    raw = build.json()
    records = (timeline.json() or {}).get("records") or [] if timeline.status_code == 200 and timeline.content else []
    return BuildDetail.model_validate(
        {
            **raw,
            "validation": [str(entry.get("message") or "") for entry in raw.get("validationResults") or []],
            "stages": stages_of(records),
            "failed": failures_of(records),
            "changes": Collection[Change].model_validate_json(changes.content).value,
        }
    )


@toolset.read(Scope.BUILD)
async def get_build_log(
    client: AzureDevOps,
    build: BuildId,
    log: Annotated[int | None, Field(ge=1, description="Default: what failed")] = None,
    contains: Annotated[str | None, Field(description="Words to find; a|b for either", max_length=300)] = None,
    context: Annotated[int, Field(ge=0, le=20)] = 2,
    first_line: Annotated[int | None, Field(ge=1)] = None,
    last_line: Annotated[int | None, Field(ge=1)] = None,
    project: Project = None,
) -> BuildLog | LogMatches:
    """Read a build log: its last lines, a range, or the lines that contain words.

    Source: `GET .../builds/{id}/logs/{log}`.
    """
    where: dict[str, str | int | None] = {"project": await client.required_project(project), "build": build}
    if log is None:
        log = await _log_that_tells(client, where)
    where["log"] = log
    words = [word for word in (contains or "").split("|") if word.strip()]
    if words:
        return await _search(client, where, words, context)
    total: int | None = None
    if first_line is None:
        total = await _line_count(client, where)
        last_line = min(last_line or total, total)
        first_line = max(1, last_line - _TAIL + 1)
    query = {"startLine": first_line, "endLine": last_line}
    async with client.stream(f"{_BUILD}/logs/{{log}}", path=where, query=query, accept="text/plain") as response:
        read = await between(capped(response, MAX_SCAN_BYTES), 1, None, _MAX_TEXT)
    if total is None and last_line is None:
        total = first_line - 1 + read.count if read.whole else None
    return BuildLog(
        build=build,
        log=log,
        first_line=first_line if read.kept else 0,
        total_lines=total,
        text="\n".join(_STAMP.sub("", line) for _, line in read.kept),
    )


async def _search(
    client: AzureDevOps, where: dict[str, str | int | None], words: list[str], context: int
) -> LogMatches:
    async with client.stream(f"{_BUILD}/logs/{{log}}", path=where, query={}, accept="text/plain") as response:
        seen, hits = await matching(capped(response, MAX_SCAN_BYTES), words, context, _MAX_HITS)
    notes = [f"The first {_MAX_HITS} matches are shown." if hits > _MAX_HITS else ""]
    notes.append("" if seen.whole else f"The search stopped after {MAX_SCAN_BYTES // 2**20} MB.")
    return LogMatches(
        build=int(where["build"] or 0),
        log=int(where["log"] or 0),
        matching=hits,
        total_lines=seen.count if seen.whole else None,
        note=" ".join(note for note in notes if note) or None,
        lines="\n".join(f"{number}: {_STAMP.sub('', line)}" for number, line in seen.kept),
    )


async def _line_count(client: AzureDevOps, where: dict[str, str | int | None]) -> int:
    response = await client.get(f"{_BUILD}/logs", path=where)
    counts = {int(row["id"]): int(row["lineCount"]) for row in response.json()["value"]}
    if where["log"] not in counts:
        known = ", ".join(str(number) for number in counts) or "none"
        raise NotFound(f"Build {where['build']} has no log {where['log']}. Its logs: {known}.", subject="log")
    return counts[int(where["log"] or 0)]


async def _log_that_tells(client: AzureDevOps, where: dict[str, str | int | None]) -> int:
    """The log of the first failed task; without one, the last log there is."""
    timeline = await client.get(f"{_BUILD}/timeline", path=where)
    records = (timeline.json() or {}).get("records") or [] if timeline.status_code == 200 and timeline.content else []
    if (log := log_of_failure(records)) is not None:
        return log
    rows = (await client.get(f"{_BUILD}/logs", path=where)).json()["value"]
    if not rows:
        raise NotFound(
            f"Build {where['build']} has no logs: it never ran, or they were deleted. get_build says why.",
            subject="log",
        )
    return max(int(row["id"]) for row in rows)


async def _pipeline_id(client: AzureDevOps, project: str, pipeline: str) -> int:
    if pipeline.isdigit():
        return int(pipeline)
    where = {"project": project}
    response = await client.get("/{project}/_apis/build/definitions", path=where, query={"name": pipeline, "$top": 2})
    rows = response.json()["value"]
    if len(rows) == 1:
        return int(rows[0]["id"])
    if rows:
        raise InvalidRequest(f"Several pipelines are called {pipeline!r}: give the id from list_pipelines.")
    everything = await client.get("/{project}/_apis/build/definitions", path=where, query={"$top": 1000})
    names = [str(row["name"]) for row in everything.json()["value"]]
    near = difflib.get_close_matches(pipeline, names, n=1)
    raise NotFound(
        f"There is no pipeline {pipeline!r} in {project!r}.{f' Did you mean {near[0]!r}?' if near else ''} "
        f"Pipelines there: {', '.join(names[:30]) or 'none'}.",
        subject=pipeline,
    )
