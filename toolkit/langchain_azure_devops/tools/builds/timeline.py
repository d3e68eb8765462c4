"""The timeline of a build: its stages, and what failed where."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from langchain_azure_devops.results.models import Instant, Result, Untrusted

Record = dict[str, Any]
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
        issues: What it reported.
    """

    written_by = "builds"

    type: str
    name: Untrusted
    where: Untrusted
    result: str
    log: int | None
    issues: list[Untrusted]


def stages_of(records: Sequence[Record]) -> list[Stage]:
    """The stages in order."""
    stages = [record for record in records if record.get("type") == "Stage"]
    return [Stage.model_validate(record) for record in sorted(stages, key=lambda record: record.get("order") or 0)]


def failures_of(records: Sequence[Record]) -> list[Failure]:
    """The failed tasks; jobs and stages only where nothing below them failed, as when an agent was lost."""
    by_id = _by_id(records)
    bad = [record for record in records if record.get("result") in _BAD and record.get("type") != "Phase"]
    blamed = {ancestor for record in bad for ancestor in _ancestors(record, by_id)}
    return [
        Failure(
            type=record.get("type") or "",
            name=record.get("name") or "",
            where=_where(record, by_id),
            result=record["result"],
            log=(record.get("log") or {}).get("id"),
            issues=_issues(record, by_id),
        )
        for record in sorted(bad, key=lambda record: str(record.get("startTime") or ""))
        if record["id"] not in blamed
    ]


def steps_of(records: Sequence[Record]) -> list[Step]:
    """The tasks that wrote a log, in order, at most 50 of them."""
    by_id = _by_id(records)
    ran = [record for record in records if record.get("type") == "Task" and record.get("log")]
    return [
        Step(
            name=record.get("name") or "",
            where=_where(record, by_id),
            result=record.get("result") or record.get("state"),
            log=record["log"]["id"],
        )
        for record in sorted(ran, key=lambda record: (str(record.get("startTime") or ""), record["log"]["id"]))
    ][:_MAX_STEPS]


def log_of_failure(records: Sequence[Record]) -> int | None:
    """The log of the first failed task that has one; else of the first that succeeded with issues."""
    with_log = [failure for failure in failures_of(records) if failure.log is not None]
    with_log.sort(key=lambda failure: failure.result == "succeededWithIssues")
    return with_log[0].log if with_log else None


def _by_id(records: Sequence[Record]) -> dict[str, Record]:
    return {record["id"]: record for record in records}


def _where(record: Record, by_id: dict[str, Record]) -> str:
    """Stage and job; a pipeline without stages has one of a made-up name, which says nothing."""
    above = [by_id[ancestor] for ancestor in reversed(_ancestors(record, by_id))]
    named = [str(each.get("name")) for each in above if each.get("type") in {"Stage", "Job"}]
    return " > ".join(name for name in named if name != "__default")


def _issues(record: Record, by_id: dict[str, Record]) -> list[str]:
    """What a record reported; when it named no error, as when its agent was lost, also what its job or stage did."""
    own: list[dict[str, Any]] = record.get("issues") or []
    if not any(issue.get("type") == "error" for issue in own):
        above = (by_id[ancestor].get("issues") or [] for ancestor in _ancestors(record, by_id))
        errors = ([issue for issue in issues if issue.get("type") == "error"] for issues in above)
        own = next((found for found in errors if found), []) + own
    return [f"{issue.get('type')}: {issue.get('message')}" for issue in own[:_MAX_ISSUES]]


def _ancestors(record: Record, by_id: dict[str, Record]) -> list[str]:
    """The ids above a record, nearest first; a timeline that goes in a circle ends where it began."""
    found: list[str] = []
    parent = record.get("parentId")
    while parent in by_id and parent not in found:
        found.append(parent)
        parent = by_id[parent].get("parentId")
    return found
