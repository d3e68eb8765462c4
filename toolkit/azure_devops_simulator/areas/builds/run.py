"""Let builds proceed with the clock: a build is planned when it is queued, and its plan is revealed as time passes."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from azure_devops_simulator.areas.builds.plan import Played, plan
from azure_devops_simulator.areas.builds.steps import Timeline, result_of
from azure_devops_simulator.state.builds import Attempt, Build, BuildStore, Course, Log, Record
from azure_devops_simulator.state.values import guid

_CANCEL_SECONDS = 3.0
_QUEUE_SECONDS = 9.0


def plan_build(build: Build, text: str, played: Mapping[str, Played] | None = None) -> None:
    """Plan a queued build from the YAML of its pipeline, and from what steps do instead of what it says."""
    build.course = make_course(build, text, played) or build.course


def make_course(build: Build, text: str, played: Mapping[str, Played] | None = None) -> Course | None:
    """Return what a build does by the YAML of its pipeline, and by what steps do instead of what it says."""
    future = replace(build, logs={}, records=None)
    Timeline(future).write(plan(future, text, played))
    if future.start and future.finish and future.result:
        return Course(future.start, future.finish, future.result, future.records or [], future.logs)
    return None


def catch_up(store: BuildStore, now: datetime) -> None:
    """Bring unfinished builds up to the given time. Repeating this for the same time changes nothing."""
    if store.shown_at != now:
        _catch_up(store.under_way(), now)
        store.shown_at = now


def _catch_up(builds: Iterable[Build], now: datetime) -> None:
    for build in builds:
        course = build.course
        if course is None or now < course.start:
            continue
        build.start = build.start or course.start
        if now >= course.finish:
            build.records, build.logs, build.course = course.records, course.logs, None
            build.status, build.result = "completed", course.result
            build.finish = build.changed = course.finish
            continue
        if build.status == "notStarted":
            build.status, build.changed = "inProgress", course.start
        build.records = [_record_at(record, now) for record in course.records]
        build.logs = {log.id: _log_at(log, now) for log in course.logs.values() if log.start <= now}


def _record_at(record: Record, now: datetime) -> Record:
    if record.start is not None and record.finish is not None and record.finish <= now:
        return record
    if record.start is None or record.start > now:
        return replace(record, state="pending", result=None, start=None, finish=None, log=None, issues=[], worker=None)
    return replace(record, state="inProgress", result=None, finish=None, issues=[])


def _log_at(log: Log, now: datetime) -> Log:
    """Return the lines written so far with their times."""
    if log.end <= now or not log.line_count:
        return log
    step = timedelta(seconds=log.seconds) / log.line_count
    count = bisect.bisect_right(range(log.line_count), now, key=lambda line: log.start + step * line)
    return replace(log, written=count)


def cancel(store: BuildStore, build: Build, now: datetime) -> None:
    """Cancel a build that has not completed: one that waits ends at once, and one that runs within seconds."""
    if build.status == "notStarted":
        build.status, build.result, build.finish = "completed", "canceled", now
        build.changed, build.course = now, None
    elif build.status == "inProgress":
        _cancel_running(build, now)
        store.watch(build)


def _cancel_running(build: Build, now: datetime) -> None:
    """Cancel a running build: running steps end canceled within seconds, and the steps after them are skipped."""
    end = now + timedelta(seconds=_CANCEL_SECONDS)
    shown = build.records or []
    records = [
        replace(record, state="completed", result="canceled", finish=end)
        if record.state == "inProgress"
        else replace(record, state="completed", result="skipped")
        if record.state == "pending"
        else record
        for record in shown
    ]
    build.status, build.changed = "cancelling", now
    build.course = Course(build.start or now, end, "canceled", records, dict(build.logs))


def cancel_stage(build: Build, inside: list[Record], now: datetime) -> None:
    """Cancel the running and waiting steps of one stage. The other stages continue."""
    open_ids = {record.id for record in inside if record.state != "completed"}

    def stopped(records: list[Record]) -> list[Record]:
        return [
            replace(r, state="completed", result="canceled", start=min(r.start or now, now), finish=now)
            if r.id in open_ids
            else r
            for r in records
        ]

    build.records, build.changed = stopped(build.records or []), now
    if build.course:
        build.course = replace(build.course, records=stopped(build.course.records), result="canceled")


def finish_build(build: Build, when: datetime) -> None:
    """Let a running build succeed at a time: running steps end then, and waiting steps run without a log."""
    records = [
        replace(record, state="completed", result="succeeded", start=record.start or when, finish=when)
        if record.state != "completed"
        else record
        for record in build.records or []
    ]
    build.course = Course(build.start or when, when, "succeeded", records, dict(build.logs))


def run_again(build: Build, again: list[Record], now: datetime, planned: Course | None = None) -> None:
    """Run some records of a finished build once more, a few seconds from now, in new logs.

    Args:
        build: the build.
        again: the records that run again. Their timeline so far is kept as an earlier attempt.
        now: the time.
        planned: what they do this time; without it, they do what they did.
    """
    if again:
        build.attempts.append(Attempt(guid(f"build/{build.id}/attempt/{len(build.attempts) + 1}"), again))
    chosen = _records_again(again, planned)
    started = [record.start for record in chosen if record.start]
    shift = now + timedelta(seconds=_QUEUE_SECONDS) - min(started, default=now)
    logs, tried = dict(build.logs), {record.id: record.attempt for record in again}
    later = {
        record.id: _later(record, tried.get(record.id, 0) + 1, shift, planned.logs if planned else build.logs, logs)
        for record in chosen
    }
    kept = [record for record in build.records or [] if record.id not in tried]
    order = {record.id: place for place, record in enumerate(planned.records if planned else build.records or [])}
    records = sorted([*kept, *later.values()], key=lambda record: order.get(record.id, len(order)))
    finish = max((record.finish for record in later.values() if record.finish), default=now)
    result = result_of(records) if planned else build.result or "failed"
    build.status, build.result, build.finish, build.changed = "inProgress", None, None, now
    build.course = Course(build.start or now, finish, result, records, logs)
    _catch_up([build], now)


def _records_again(again: list[Record], planned: Course | None) -> list[Record]:
    """Return what runs again: all of the planned stages that it belongs to, or just the same records."""
    if planned is None:
        return again
    stages = {record.identifier.partition(".")[0] for record in again}
    return [record for record in planned.records if record.identifier.partition(".")[0] in stages]


def _later(record: Record, attempt: int, shift: timedelta, written: Mapping[int, Log], logs: dict[int, Log]) -> Record:
    """Return a record at a later time, with a copy of its log behind the others."""
    number = record.log
    if number is not None:
        old, number = written[number], len(logs) + 1
        logs[number] = replace(old, id=number, start=old.start + shift)
    return replace(
        record,
        attempt=attempt,
        start=record.start + shift if record.start else None,
        finish=record.finish + shift if record.finish else None,
        log=number,
    )
