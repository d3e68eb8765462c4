"""Read the log of a build: why it failed, a range, the end, or the lines that contain words."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.lines import MAX_SCAN_BYTES
from langchain_azure_devops.tools.builds.log_lines import find_matches, read_lines, read_tail
from langchain_azure_devops.tools.builds.models import BuildLog, LogFailures, LogMatches
from langchain_azure_devops.tools.builds.reading import BUILD, read_records, read_view
from langchain_azure_devops.tools.builds.timeline import Record, find_failure_log, find_log_place, has_ended
from langchain_azure_devops.tools.builds.toolset import toolset
from langchain_azure_devops.tools.failure_view import CHARACTERS

_MAX_CONTEXT = 20
_LEAST, _MOST = 500, 30_000


class _Log(BaseModel):
    id: int
    lines: int | None = Field(default=None, validation_alias="lineCount")


@toolset.read(
    Scope.BUILD,
    default=True,
    resource="projects/{project}/builds/{build}/logs/{log}{?contains,context,first_line,last_line,characters}",
    example={"build": 37},
    more_examples=({"build": 35, "contains": "error"}, {"build": 37, "first_line": 1}, {"build": 37, "first_line": -9}),
)
async def get_build_log(
    client: AzureDevOps,
    *,
    build: int,
    log: Annotated[int | None, Field(description="Default: what failed")] = None,
    contains: Annotated[str | None, Field(description="Words to find; a|b for either", max_length=300)] = None,
    context: int = 2,
    first_line: Annotated[int | None, Field(description="-60: the last 60")] = None,
    last_line: int | None = None,
    characters: int = CHARACTERS,
    project: Project = None,
) -> LogFailures | BuildLog | LogMatches:
    """Read a build log: the lines that tell why it failed, a range, or those that contain words.

    Args:
        client: Where to ask.
        build: The build's id.
        log: The log's id, as `get_build` shows it; by default the one of the first step that failed.
        contains: Text to look for in any case, alternatives separated by `|`; no regular expression.
        context: Lines around each match, at most 20.
        first_line: Where to begin, from 1, also to look for text; a negative number counts from the end.
        last_line: Where to stop; a range is at most 1,000 lines.
        characters: The size of what is shown without `contains`, `first_line` and `last_line`, from 500 to 30,000.
        project: Name or id.

    Returns:
        The lines that an expert would look at; with `contains` the matches, with `first_line` or `last_line` a range.
        A range asks for these lines and for those around them, which may name a secret in them.

    Raises:
        NotFound: There is no such build or log, or its logs were deleted.
    Source: `GET .../builds/{id}/logs`, `GET .../builds/{id}/logs/{log}?startLine=&endLine=`.
    """
    where: PathValues = {"project": await client.required_project(project), "build": build}
    if first_line is not None and last_line is not None and 0 < last_line < first_line:
        raise InvalidRequest(f"last_line {last_line} is before first_line {first_line}.", subject="last_line")
    records = await _read_records_of_log(client, where, log)
    chosen = log if log is not None else await _choose_log(client, where, records)
    where = {**where, "log": chosen}
    # Without a log id, a retry of the build may show the log of another step.
    place = {**find_log_place(records, chosen), "final": log is not None and has_ended(records, log)}
    if words := [word.strip() for word in (contains or "").split("|") if word.strip()]:
        first = await _count_from_end(client, where, first_line)
        found = await find_matches(client, where, words, min(max(context, 0), _MAX_CONTEXT), first, last_line)
        return found.model_copy(update=place)
    if first_line is None and last_line is None:
        return (await _read_failures(client, where, characters)).model_copy(update=place)
    total = await _count_lines(client, where)
    first = await _count_from_end(client, where, first_line, total)
    read = await (
        read_tail(client, where, total, last_line)
        if first is None
        else read_lines(client, where, total, max(first, 1), last_line)
    )
    return BuildLog(
        build=build,
        log=chosen,
        first_line=read.lines[0][0] if read.lines else 0,
        total_lines=total,
        text="\n".join(line for _, line in read.lines),
        notes=read.notes,
    ).model_copy(update=place)


async def _read_failures(client: AzureDevOps, where: PathValues, characters: int) -> LogFailures:
    """Read the lines that tell why a step failed; the list of logs tells what exists when this one does not."""
    try:
        view = await read_view(client, where, min(max(characters, _LEAST), _MOST))
    except NotFound:
        await _count_lines(client, where)
        raise
    shown = f"{len(view.lines):,} of {view.total:,} lines are shown: those that tell of failures, and the end."
    note = "" if len(view.lines) == view.total else f"{shown} Read the others: go on with first_line=1."
    if not view.whole:
        note += f" Reading stopped after {MAX_SCAN_BYTES // 2**20} MB."
    return LogFailures(
        build=int(where["build"] or 0),
        log=int(where["log"] or 0),
        total_lines=view.total if view.whole else None,
        note=note.strip() or None,
        go_on=None if len(view.lines) == view.total else {"first_line": 1},
        lines=view.text,
    )


async def _count_from_end(
    client: AzureDevOps, where: PathValues, first: int | None, total: int | None = None
) -> int | None:
    """Return the number of a line that is given from the end of the log."""
    if first is None or first >= 0:
        return first
    total = total or await _count_lines(client, where)
    if total is None:
        raise InvalidRequest(
            "This log is still written, so it has no last line yet. Give no line.", subject="first_line"
        )
    return max(1, total + 1 + first)


async def _read_records_of_log(client: AzureDevOps, where: PathValues, log: int | None) -> list[Record]:
    """Return the timeline, which says which step wrote a log. Only a call that names no log needs it."""
    try:
        return await read_records(client, where)
    except AzureDevOpsError:
        if log is None:
            raise
        return []


async def _count_lines(client: AzureDevOps, where: PathValues) -> int | None:
    """Return how many lines the log has; None while it is still written."""
    response = await client.get(f"{BUILD}/logs", path=where)
    counts = {row.id: row.lines for row in decode(response, Collection[_Log]).value}
    if where["log"] not in counts:
        known = ", ".join(str(number) for number in counts) or "none"
        raise NotFound(f"Build {where['build']} has no log {where['log']}. Its logs: {known}.", subject="log")
    return counts[int(where["log"] or 0)] or None


async def _choose_log(client: AzureDevOps, where: PathValues, records: Sequence[Record]) -> int:
    """Return the log of the first failed task; when no task failed, the last log."""
    if (log := find_failure_log(records)) is not None:
        return log
    rows = decode(await client.get(f"{BUILD}/logs", path=where), Collection[_Log]).value
    if not rows:
        raise NotFound(
            f"Build {where['build']} has no logs: it never ran, or they were deleted. get_build says why.",
            subject="log",
        )
    return max(row.id for row in rows)
