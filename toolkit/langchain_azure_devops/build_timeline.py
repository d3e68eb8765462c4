"""The timeline of a build: its stages, and what failed where."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from langchain_azure_devops.results import Instant, Result, Untrusted

Record = dict[str, Any]
_BAD = frozenset({"failed", "canceled", "abandoned"})
_MAX_ISSUES = 10


class Stage(Result):
    """A stage and how it ended."""

    name: Untrusted
    state: str | None = None
    result: str | None = None
    finished: Instant | None = Field(default=None, validation_alias="finishTime")


class Failure(Result):
    """A task or job that failed.

    Attributes:
        where: Stage and job it belongs to.
        log: For get_build_log; None when it wrote none.
        issues: What it reported.
    """

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
    by_id = {record["id"]: record for record in records}
    bad = [record for record in records if record.get("result") in _BAD and record.get("type") != "Phase"]
    blamed = {ancestor for record in bad for ancestor in _ancestors(record, by_id)}
    return [
        Failure(
            type=record.get("type") or "",
            name=record.get("name") or "",
            where=" > ".join(
                str(by_id[ancestor].get("name"))
                for ancestor in reversed(_ancestors(record, by_id))
                if by_id[ancestor].get("type") in {"Stage", "Job"}
            ),
            result=record["result"],
            log=(record.get("log") or {}).get("id"),
            issues=[
                f"{issue.get('type')}: {issue.get('message')}" for issue in (record.get("issues") or [])[:_MAX_ISSUES]
            ],
        )
        for record in sorted(bad, key=lambda record: str(record.get("startTime") or ""))
        if record["id"] not in blamed
    ]


def log_of_failure(records: Sequence[Record]) -> int | None:
    """The log of the first failed task that has one."""
    return next((failure.log for failure in failures_of(records) if failure.log is not None), None)


def _ancestors(record: Record, by_id: dict[str, Record]) -> list[str]:
    """The ids above a record, nearest first; a timeline that goes in a circle ends where it began."""
    found: list[str] = []
    parent = record.get("parentId")
    while parent in by_id and parent not in found:
        found.append(parent)
        parent = by_id[parent].get("parentId")
    return found
