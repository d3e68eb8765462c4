"""Turn stages, jobs and steps into the timeline and the logs of a build."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from azure_devops_simulator.areas.builds import log_text as logs
from azure_devops_simulator.state.builds import Build, Issue, Log, Record, RecordResult, RecordType, Result
from azure_devops_simulator.state.values import guid


@dataclass
class Step:
    """A step of a job with its output. A `result` of None means that it is still running."""

    name: str
    seconds: float
    messages: Sequence[str]
    result: RecordResult | None = "succeeded"
    issues: list[Issue] = field(default_factory=list)
    task: tuple[str, str] | None = ("CmdLine", "2.250.1")


@dataclass
class Job:
    """A job. Without steps it never ran, because it was skipped or no agent took it."""

    name: str
    steps: list[Step]
    issues: list[Issue] = field(default_factory=list)
    result: RecordResult | None = None
    """The result of a job without steps."""
    lost_seconds: float = 0
    agent: str = "Azure Pipelines 7"


@dataclass
class Stage:
    """A stage with its jobs."""

    name: str
    jobs: list[Job]


def skipped(name: str) -> Job:
    """Return a job that did not run because something before it failed."""
    return Job(name, [], result="skipped")


_WORST: tuple[RecordResult, ...] = ("canceled", "failed", "succeededWithIssues", "succeeded")


_RESULTS: dict[RecordResult, Result] = {
    "canceled": "canceled",
    "failed": "failed",
    "succeededWithIssues": "partiallySucceeded",
}
"""The result of a build by the worst result of its stages, where it is not a success."""


class Timeline:
    """Writes the records and logs of one build step by step."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._now = build.queued + timedelta(seconds=9)
        self._records: list[Record] = []
        build.start = self._now
        build.records = self._records

    def write(self, stages: Sequence[Stage]) -> None:
        """Write everything; the build is over afterwards unless a step is still running."""
        results = [self._stage(stage, order) for order, stage in enumerate(stages, start=1)]
        if None in results:
            self._build.status = "inProgress"
            return
        worst = _worst(results)
        self._build.status = "completed"
        self._build.finish = self._build.changed = self._now
        self._build.result = _RESULTS.get(worst, "succeeded")

    def _add(self, parent: Record | None, kind: RecordType, name: str, identifier: str, order: int) -> Record:
        number = guid(f"build/{self._build.id}/{kind}/{identifier}")
        record = Record(number, parent.id if parent else None, kind, name, identifier, order, "pending")
        self._records.append(record)
        return record

    def _close(self, record: Record, result: RecordResult | None) -> RecordResult | None:
        record.result = result
        record.state = "inProgress" if result is None else "completed"
        if result is not None and result != "skipped":
            record.finish = self._now
        return result

    def _stage(self, stage: Stage, order: int) -> RecordResult | None:
        record = self._add(None, "Stage", stage.name, stage.name, order)
        gate = self._add(record, "Checkpoint", "Checkpoint", f"{stage.name}.Checkpoint", 1)
        ran = any(job.steps or job.lost_seconds for job in stage.jobs)
        if ran:
            record.start = gate.start = self._now
        self._close(gate, "succeeded" if ran else "skipped")
        results = [self._job(record, job, number) for number, job in enumerate(stage.jobs, start=2)]
        return self._close(record, None if None in results else _worst(results))

    def _job(self, stage: Record, job: Job, order: int) -> RecordResult | None:
        identifier = f"{stage.identifier}.{job.name}"
        phase = self._add(stage, "Phase", job.name, identifier, order)
        record = self._add(phase, "Job", job.name, f"{identifier}.__default", 1)
        record.issues = list(job.issues)
        if not job.steps:
            if job.lost_seconds:
                phase.start = record.start = self._now
                self._now += timedelta(seconds=job.lost_seconds)
            self._close(record, job.result)
            return self._close(phase, job.result)
        phase.start = record.start = self._now
        record.worker = job.agent
        results = [self._step(record, step, number, job.agent) for number, step in enumerate(job.steps, start=1)]
        result = None if None in results else _worst(results)
        self._close(record, result)
        return self._close(phase, result)

    def _step(self, job: Record, step: Step, order: int, agent: str) -> RecordResult | None:
        record = self._add(job, "Task", step.name, f"{job.identifier}.{order}", order)
        record.task, record.issues = step.task, list(step.issues)
        if step.result == "skipped":
            return self._close(record, "skipped")
        record.start, record.worker = self._now, agent
        if step.result is None and not step.messages:
            return self._close(record, None)
        number = len(self._build.logs) + 1
        self._build.logs[number] = Log(number, self._now, step.seconds, step.messages)
        record.log = number
        self._now += timedelta(seconds=step.seconds)
        return self._close(record, step.result)


def _worst(results: Sequence[RecordResult | None]) -> RecordResult:
    for result in _WORST:
        if result in results:
            return result
    return "skipped"


def result_of(records: Sequence[Record]) -> Result:
    """Return the result of a build by the results of its stages."""
    return _RESULTS.get(_worst([record.result for record in records if record.type == "Stage"]), "succeeded")


def job_of(
    build: Build, name: str, steps: list[Step], *, agent: str = "Azure Pipelines 7", image: str = "ubuntu-24.04"
) -> Job:
    """Return a job with the steps that every job has around its own."""
    repository = build.definition.repository
    commit = repository.commit(build.source_version)
    sources = f"Checkout {repository.name}@{build.source_branch.removeprefix('refs/heads/')} to s"
    before = [
        Step("Initialize job", 4, logs.initialize_job(agent, image), task=None),
        Step(sources, 6, logs.checkout(repository, commit, build.source_branch), task=("Checkout", "1.0.0")),
    ]
    after = [Step("Finalize Job", 1, logs.finalize_job(), task=None)]
    running = any(step.result is None for step in steps)
    return Job(name, [*before, *steps, *([] if running else after)], agent=agent)


def line_of(messages: Sequence[str], text: str) -> int:
    """Return the number of the first line that holds a text, counted from 1."""
    return next(number for number, line in enumerate(messages, start=1) if text in line)


def moment(text: str) -> datetime:
    """Return a time written `2026-11-17 09:32` (UTC)."""
    return datetime.fromisoformat(f"{text}+00:00")
