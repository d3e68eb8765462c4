"""The logs of a build: which step wrote each, in which attempt, and how long it is."""

from collections.abc import Mapping, Sequence

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project
from langchain_azure_devops.calls.paging import page_rows
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.results.models import Instant, Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.builds.reading import BUILD
from langchain_azure_devops.tools.pipeline_runs.toolset import pipeline_runs

_MOST_ATTEMPTS = 20
_NO_LOGS = "It has no logs: it did not begin, they were deleted, or its file was refused, which get_build shows."


class BuildLogRow(Result):
    """A log and the step that wrote it; a log of the whole build or of an unknown step has no name.

    Attributes:
        where: The stage and the job of the step.
        lines: How many it has; nothing while it is still written.
        attempt: From 1; the logs of earlier attempts are kept.
    """

    singular, plural = "log", "logs"
    written_by = "builds"
    identifying = ("log",)
    web = "{project}/_build/results?buildId={build}&view=logs&j={job}&t={task}"
    caption = "log {log} of build {build}"

    log: int = Field(validation_alias="id")
    lines: int | None = Field(default=None, validation_alias="lineCount")
    step: Untrusted | None = None
    where: Untrusted | None = None
    result: str | None = None
    attempt: int | None = None
    started: Instant | None = Field(default=None, validation_alias="createdOn")
    build: int | None = Field(default=None, exclude=True)
    job: str | None = Field(default=None, exclude=True)
    task: str | None = Field(default=None, exclude=True)


class Attempt(BaseModel):
    """Where an earlier attempt of a record is kept."""

    number: int = Field(default=1, validation_alias="attempt")
    timeline: str | None = Field(default=None, validation_alias="timelineId")


class StepRecord(BaseModel):
    """One row of a timeline: a stage, a job or a step."""

    id: str
    parent: str | None = Field(default=None, validation_alias="parentId")
    type: str | None = None
    name: str | None = None
    identifier: str | None = None
    state: str | None = None
    result: str | None = None
    attempt: int = 1
    log: int | None = Field(default=None, validation_alias=AliasPath("log", "id"))
    previous: OrNone[Attempt] = Field(default=[], validation_alias="previousAttempts")


class _Timeline(BaseModel):
    records: OrNone[StepRecord]


async def read_step_records(client: AzureDevOps, where: PathValues, timeline: str | None = None) -> list[StepRecord]:
    """Return the records of a build, or of an earlier attempt; none when it never began."""
    if timeline is None:
        response = await client.get(f"{BUILD}/timeline", path=where)
    else:
        response = await client.get(f"{BUILD}/timeline/{{timeline}}", path={**where, "timeline": timeline})
    return [] if response.content in (b"", b"null") else decode(response, _Timeline).records


@pipeline_runs.read(Scope.BUILD, example={"build": 37})
async def list_build_logs(
    client: AzureDevOps, *, build: int, project: Project = None, limit: Limit = 200, cursor: Cursor = None
) -> Page[BuildLogRow]:
    """List the logs of a build with step, place, lines, result and attempt; get_build_log reads one.

    Source: `GET .../builds/{id}/logs`, `.../timeline`, and `.../timeline/{id}` of earlier attempts.
    """
    where: PathValues = {"project": await client.required_project(project), "build": build}
    rows = decode(await client.get(f"{BUILD}/logs", path=where), Collection[BuildLogRow]).value
    records = await read_step_records(client, where)
    notes = []
    # A timeline of an earlier attempt may hold only what ran again, below parents that only the newest one holds.
    by_id = {record.id: record for record in records}
    wrote = {record.log: (record, by_id) for record in records if record.log is not None}
    timelines = sorted({each.timeline for record in records for each in record.previous if each.timeline})
    for timeline in timelines[:_MOST_ATTEMPTS]:
        earlier = await read_step_records(client, where, timeline)
        known = {**by_id, **{record.id: record for record in earlier}}
        wrote |= {
            record.log: (record, known) for record in earlier if record.log is not None and record.log not in wrote
        }
    if len(timelines) > _MOST_ATTEMPTS:
        notes.append(f"Only {_MOST_ATTEMPTS} earlier attempts were looked at.")
    described = [_describe(row, build, *wrote.get(row.log, (None, by_id))) for row in rows]
    page = await page_rows(BuildLogRow, described, limit, cursor)
    page.notes.extend(notes if rows else [_NO_LOGS])
    return page


def _describe(row: BuildLogRow, build: int, record: StepRecord | None, known: Mapping[str, StepRecord]) -> BuildLogRow:
    if record is None:
        return row.model_copy(update={"build": build})
    above = list_above(record, known)
    job = next((each for each in (record, *above) if each.type == "Job"), None)
    return row.model_copy(
        update={
            "step": record.name,
            "where": name_place(above),
            "result": record.result or record.state,
            "attempt": record.attempt,
            "build": build,
            "job": job.id if job else None,
            "task": record.id,
        }
    )


def is_called(stage: StepRecord, name: str) -> bool:
    """Return whether a stage has this name; the service knows it by its identifier, and people by what it shows."""
    return name.lower() in {(stage.name or "").lower(), (stage.identifier or "").lower()}


def list_above(record: StepRecord, known: Mapping[str, StepRecord]) -> list[StepRecord]:
    """Return what a record belongs to, nearest first; a timeline that goes in a circle ends where it began."""
    found: list[StepRecord] = []
    parent = record.parent
    while parent is not None and parent in known and known[parent] not in found:
        found.append(known[parent])
        parent = known[parent].parent
    return found


def name_place(above: Sequence[StepRecord]) -> str:
    """Name the stage and the job; a pipeline without stages has one of a made-up name, which says nothing."""
    named = [each.name or "" for each in reversed(above) if each.type in {"Stage", "Job"}]
    return " > ".join(name for name in named if name != "__default")
