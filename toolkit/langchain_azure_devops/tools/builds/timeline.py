"""The timeline of a build: its stages, and the place of each failure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.http.responses import OrNone
from langchain_azure_devops.results.models import Instant, Result, Untrusted

_BAD = frozenset({"failed", "canceled", "abandoned", "succeededWithIssues"})
_MAX_ISSUES = 10
_MAX_STEPS = 50


class Stage(Result):
    """A stage and how it ended."""

    name: Untrusted
    state: str | None = None
    result: str | None = None
    finished: Instant | None = Field(default=None, validation_alias="finishTime")


class Step(Result):
    """A task that ran, and the log it wrote."""

    written_by = "builds"

    name: Untrusted
    where: Untrusted
    result: str | None
    log: int


class Failure(Result):
    """A task or job that failed, or succeeded with issues.

    Attributes:
        where: Stage and job it belongs to.
        log: For get_build_log; None when it wrote none.
        attempt: Which attempt failed, where it is not the first.
        issues: The errors and warnings that it reported.
    """

    written_by = "builds"

    type: str
    name: Untrusted
    where: Untrusted
    result: str
    log: int | None
    attempt: int | None = None
    issues: list[Untrusted]


class Issue(BaseModel):
    """An error or a warning that a record reported."""

    type: str | None = None
    message: str | None = None


class Task(BaseModel):
    """The task that a step runs, with its version."""

    name: str | None = None
    version: str | None = None


class EarlierAttempt(BaseModel):
    """Where an earlier attempt of a record is kept."""

    number: int = Field(default=1, validation_alias="attempt")
    timeline: str | None = Field(default=None, validation_alias="timelineId")


class Record(BaseModel):
    """One row of the service's timeline: a stage, a job or a task."""

    id: str
    parent: str | None = Field(default=None, validation_alias="parentId")
    type: str | None = None
    name: str | None = None
    order: int | None = None
    state: str | None = None
    result: str | None = None
    started: Instant | None = Field(default=None, validation_alias="startTime")
    finished: Instant | None = Field(default=None, validation_alias="finishTime")
    log: int | None = Field(default=None, validation_alias=AliasPath("log", "id"))
    issues: OrNone[Issue] = Field(default=[])
    task: Task | None = None
    attempt: int = 1
    previous: OrNone[EarlierAttempt] = Field(default=[], validation_alias="previousAttempts")


class Timeline(BaseModel):
    """The records of a build in no particular order."""

    records: OrNone[Record]


CANCELED = "The operation was canceled."
"""What a step reports that was cancelled from above; why it was, its job or stage says."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def when_started(record: Record) -> datetime:
    """Return when a record started; one that never did comes first."""
    return record.started or _LONG_AGO


def list_stages(records: Sequence[Record]) -> list[Stage]:
    """Return the stages in order."""
    stages = sorted((record for record in records if record.type == "Stage"), key=lambda record: record.order or 0)
    return [
        Stage(name=each.name or "", state=each.state, result=each.result, finished=each.finished) for each in stages
    ]


def list_failures(records: Sequence[Record]) -> list[Failure]:
    """Return the failed tasks; jobs and stages only where nothing below them failed, as when an agent was lost."""
    by_id = _index(records)
    bad = [record for record in records if record.result in _BAD and record.type != "Phase"]
    blamed = {ancestor for record in bad for ancestor in _list_ancestors(record, by_id)}
    return [
        Failure(
            type=record.type or "",
            name=record.name or "",
            where=_describe_place(record, by_id),
            result=record.result or "",
            log=record.log,
            attempt=_find_attempt(record, by_id),
            issues=_list_issues(record, by_id),
        )
        for record in sorted(bad, key=when_started)
        if record.id not in blamed
    ]


def list_earlier_failures(records: Sequence[Record], earlier: Sequence[Record], attempt: int) -> list[Failure]:
    """Return what failed in an earlier attempt.

    Args:
        records: The timeline of the newest attempt.
        earlier: That of the earlier one. It may hold only what ran again, below parents that only the newest one holds.
        attempt: The number of the earlier attempt.
    """
    own = {record.id for record in earlier}
    above = [record.model_copy(update={"result": None}) for record in records if record.id not in own]
    return [
        failure.model_copy(update={"attempt": attempt})
        for failure in list_failures([*above, *earlier])
        if failure.result != "succeededWithIssues"
    ]


def list_steps(records: Sequence[Record]) -> list[Step]:
    """Return the tasks that wrote a log, in order, at most 50 of them."""
    by_id = _index(records)
    ran = [(when_started(record), record.log, record) for record in records if record.type == "Task" and record.log]
    return [
        Step(
            name=record.name or "", where=_describe_place(record, by_id), result=record.result or record.state, log=log
        )
        for _, log, record in sorted(ran, key=lambda entry: entry[:2])
    ][:_MAX_STEPS]


def find_failure_log(records: Sequence[Record]) -> int | None:
    """Return the log of the first failed task that has one; else of the first that succeeded with issues."""
    with_log = [failure for failure in list_failures(records) if failure.log is not None]
    with_log.sort(key=lambda failure: failure.result == "succeededWithIssues")
    return with_log[0].log if with_log else None


def find_log_place(records: Sequence[Record], log: int) -> dict[str, str]:
    """Return the ids of the step that wrote a log and of its job, which the web page of the log needs."""
    by_id = _index(records)
    wrote = next((record for record in records if record.log == log), None)
    if wrote is None:
        return {}
    jobs = (by_id[each] for each in (wrote.id, *_list_ancestors(wrote, by_id)) if by_id[each].type == "Job")
    job = next(jobs, None)
    return {"task": wrote.id} if job is None else {"job": job.id, "task": wrote.id}


def has_ended(records: Sequence[Record], log: int) -> bool:
    """Return whether the step that writes a log has ended, so that the log cannot grow. A retry writes another one."""
    return any(record.log == log and record.state == "completed" for record in records)


def _index(records: Sequence[Record]) -> dict[str, Record]:
    return {record.id: record for record in records}


def _describe_place(record: Record, by_id: dict[str, Record]) -> str:
    """Name the stage and the job; a pipeline without stages has one of a made-up name, which says nothing."""
    above = [by_id[ancestor] for ancestor in reversed(_list_ancestors(record, by_id))]
    named = [str(each.name) for each in above if each.type in {"Stage", "Job"}]
    return " > ".join(name for name in named if name != "__default")


def _find_attempt(record: Record, by_id: dict[str, Record]) -> int | None:
    """Return which attempt a record belongs to; None for the first. The service counts attempts of jobs and stages."""
    attempt = max(each.attempt for each in (record, *(by_id[above] for above in _list_ancestors(record, by_id))))
    return attempt if attempt > 1 else None


def list_job_errors(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Return the errors of jobs and stages themselves, such as a time limit, each with the name of the job or stage."""
    bad = (record for record in records if record.result in _BAD and record.type != "Task")
    return [
        (record.name or "", issue.message or "")
        for record in sorted(bad, key=when_started)
        for issue in record.issues
        if issue.type == "error"
    ]


def _list_issues(record: Record, by_id: dict[str, Record]) -> list[str]:
    """List the issues of a record; without an error, as when its agent was lost, add those of its job or stage."""
    own = record.issues
    if not any(issue.type == "error" and issue.message != CANCELED for issue in own):
        above = (by_id[ancestor].issues for ancestor in _list_ancestors(record, by_id))
        errors = ([issue for issue in issues if issue.type == "error"] for issues in above)
        own = next((found for found in errors if found), []) + own
    return [f"{issue.type}: {issue.message}" for issue in own[:_MAX_ISSUES]]


def _list_ancestors(record: Record, by_id: dict[str, Record]) -> list[str]:
    """List the ids above a record, nearest first; a timeline that goes in a circle ends where it began."""
    found: list[str] = []
    parent = record.parent
    while parent is not None and parent in by_id and parent not in found:
        found.append(parent)
        parent = by_id[parent].parent
    return found
