"""The pipelines and builds of a recording with their timelines and logs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeVar, get_args

from azure_devops_simulator.api.parsing import as_list, as_object, as_text, whole_number
from azure_devops_simulator.state.builds import (
    Artifact,
    Build,
    Definition,
    Issue,
    Log,
    Reason,
    Record,
    RecordResult,
    RecordState,
    RecordType,
    Result,
    Status,
)
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.world.recorded.people import People
from azure_devops_simulator.world.recorded.repositories import Known
from azure_devops_simulator.world.recorded.seen import LONG_AGO, Answer, date_of, fullest

Word = TypeVar("Word", bound=str)

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z ?")
_RUN_STATES = {"inProgress": "inProgress", "canceling": "cancelling", "completed": "completed"}
_LOST = "(this line is not in the recording)"


def add_builds(
    organization: Organization, repositories: dict[str, Known], seen: list[Answer], notes: list[str]
) -> None:
    """Add every pipeline and every build that was seen."""
    builds = fullest(_build_rows(seen))
    _add_definitions(organization, repositories, seen, builds, notes)
    for number, row in sorted(builds.items(), key=lambda pair: int(pair[0])):
        definition = organization.builds.definitions.get(_whole(as_object(row.get("definition")).get("id")))
        if definition is None:
            notes.append(f"build {number}: its pipeline or its repository was not seen")
            continue
        known = repositories[definition.repository.id]
        build = _build(organization, definition, known, int(number), row)
        organization.builds.builds[build.id] = build
        _add_details(build, seen, notes)
        day = build.number.partition(".")[0]
        counter = f"{definition.id}/{day}"
        organization.builds.counters[counter] = max(organization.builds.counters[counter], build.revision)
    organization.builds.counters["build"] = max(organization.builds.builds, default=0)
    organization.builds.counters["definition"] = max(organization.builds.definitions, default=0)


def commits_of_builds(seen: list[Answer]) -> Iterator[tuple[str, str]]:
    """Yield the repository and the commit of every build."""
    for _, row in _build_rows(seen):
        yield as_text(as_object(row.get("repository")).get("id")).lower(), as_text(row.get("sourceVersion"))


def _build_rows(seen: list[Answer]) -> Iterator[tuple[str, JsonObject]]:
    for answer in seen:
        for row in answer.objects:
            if "buildNumber" in row and "definition" in row and isinstance(row.get("id"), int):
                yield str(row["id"]), row
            elif "pipeline" in row and "createdDate" in row and isinstance(row.get("id"), int):
                yield str(row["id"]), _as_build(row)


def _as_build(run: JsonObject) -> JsonObject:
    """Return a run of the pipelines area under the names of the build area."""
    own = as_object(as_object(as_object(run.get("resources")).get("repositories")).get("self"))
    return {
        "id": run["id"],
        "buildNumber": run.get("name"),
        "definition": run["pipeline"],
        "status": _RUN_STATES.get(as_text(run.get("state"))),
        "result": run.get("result"),
        "queueTime": run.get("createdDate"),
        "finishTime": run.get("finishedDate"),
        "sourceBranch": own.get("refName"),
        "sourceVersion": own.get("version"),
        "repository": own.get("repository"),
        "templateParameters": run.get("templateParameters"),
    }


def _definition_rows(seen: list[Answer]) -> Iterator[tuple[str, JsonObject]]:
    for answer in seen:
        for row in answer.objects:
            if not isinstance(row.get("id"), int) or not as_text(row.get("name")):
                continue
            if row.get("type") == "build" and "path" in row:
                yield str(row["id"]), row
            elif "folder" in row and "revision" in row:
                configuration = as_object(row.get("configuration"))
                process: JsonObject = {"yamlFilename": configuration.get("path"), "type": 2}
                told: JsonObject = {"repository": configuration["repository"], "process": process}
                yield str(row["id"]), {**row, "path": row["folder"], **(told if configuration else {})}


def _add_definitions(
    organization: Organization,
    repositories: dict[str, Known],
    seen: list[Answer],
    builds: dict[str, JsonObject],
    notes: list[str],
) -> None:
    people = People(organization)
    used = {
        _whole(as_object(row.get("definition")).get("id")): as_text(as_object(row.get("repository")).get("id")).lower()
        for row in builds.values()
    }
    for key, row in fullest(_definition_rows(seen)).items():
        number = int(key)
        source = as_object(row.get("repository"))
        known = repositories.get(as_text(source.get("id")).lower()) or repositories.get(used.get(number, ""))
        name = as_text(row["name"])
        if known is None:
            notes.append(f"pipeline {name}: its repository was not seen or is outside of the organization")
            continue
        process = as_object(row.get("process"))
        file = as_text(process.get("yamlFilename"))
        if not file:
            notes.append(f"pipeline {name}: its file was not seen; it became /azure-pipelines.yml")
        project = organization.projects.get(as_text(as_object(row.get("project")).get("id")).lower())
        organization.builds.definitions[number] = Definition(
            number,
            project or known.repository.project,
            name,
            known.repository,
            "/" + (file or "azure-pipelines.yml").lstrip("/"),
            people.of(row.get("authoredBy")),
            date_of(row.get("createdDate")),
            folder=as_text(row.get("path"), "\\"),
            revision=_whole(row.get("revision")) or 1,
            default_branch=as_text(source.get("defaultBranch")) or known.repository.default_branch or "refs/heads/main",
            pool=as_text(as_object(row.get("queue")).get("name")) or "Azure Pipelines",
        )


def _build(organization: Organization, definition: Definition, known: Known, number: int, row: JsonObject) -> Build:
    people, name = People(organization), as_text(row.get("buildNumber"))
    queued = date_of(row.get("queueTime"))
    optional = {k: date_of(row[k]) if row.get(k) else None for k in ("startTime", "finishTime", "lastChangedDate")}
    requested = people.of(row.get("requestedFor"))
    parameters = as_text(row.get("parameters")) or None
    return Build(
        id=number,
        definition=definition,
        number=name,
        revision=_whole(row.get("buildNumberRevision")) or whole_number(name.rpartition(".")[2]) or 1,
        status=_word(row.get("status"), Status, "completed"),
        queued=queued,
        source_branch=as_text(row.get("sourceBranch")) or definition.default_branch,
        source_version=known.new(as_text(row.get("sourceVersion"))),
        requested_for=requested,
        requested_by=people.of(row.get("requestedBy") or row.get("requestedFor")),
        reason=_word(row.get("reason"), Reason, "manual"),
        result=_result(row),
        start=optional["startTime"],
        finish=optional["finishTime"],
        changed=optional["lastChangedDate"] or optional["finishTime"] or queued,
        parameters=parameters,
        template_parameters=as_object(row.get("templateParameters")),
        trigger_info=as_object(row.get("triggerInfo")),
        validation=[as_text(as_object(result).get("message")) for result in as_list(row.get("validationResults"))],
        tags=[as_text(tag) for tag in as_list(row.get("tags"))],
        keep_forever=row.get("keepForever") is True,
    )


def _add_details(build: Build, seen: list[Answer], notes: list[str]) -> None:
    with_timeline = False
    parts: dict[int, dict[int, str]] = {}
    told: dict[int, JsonObject] = {}
    for answer in seen:
        below = answer.below("build", "builds") or ()
        if len(below) < 2 or below[0] != str(build.id):
            continue
        kind, rest = below[1].lower(), below[2:]
        if kind == "timeline":
            with_timeline = True
            rows = [as_object(row) for row in as_list(as_object(answer.body).get("records"))]
            build.records = [_record(row) for row in rows] or build.records
        elif kind == "logs" and not rest:
            told.update({_whole(row.get("id")): row for row in answer.rows()})
        elif kind == "logs" and (number := whole_number(rest[0])):
            first = max(whole_number(answer.query.get("startline", "")) or 1, 1)
            lines = parts.setdefault(number, {})
            lines.update(enumerate(_lines(answer), start=first))
        elif kind == "artifacts":
            rows = [row for row in answer.objects if "resource" in row and "name" in row]
            build.artifacts = [Artifact(_whole(row.get("id")), as_text(row["name"]), {}) for row in rows]
            if rows:
                notes.append(f"build {build.id}: its artifacts have no content")
    for number in sorted({*parts, *told}):
        log = _log(build, number, told.get(number, {}), parts.get(number, {}))
        build.logs[number] = log
    if lost := sum(1 for log in build.logs.values() for line in log.messages if line == _LOST):
        notes.append(f"build {build.id}: {lost} lines of its logs were not seen")
    if not with_timeline:
        notes.append(f"build {build.id}: its timeline was not seen")


def _lines(answer: Answer) -> list[str]:
    if answer.raw is not None:
        return answer.raw.decode("utf-8", "replace").splitlines()
    return [as_text(line) for line in as_list(as_object(answer.body).get("value"))]


def _log(build: Build, number: int, told: JsonObject, parts: dict[int, str]) -> Log:
    """Return a log. The simulator spreads its lines evenly over its time."""
    count = max(_whole(told.get("lineCount")), max(parts, default=0))
    whole = [parts.get(at, _LOST) for at in range(1, count + 1)]
    times = [date_of(line[: found.end()].strip()) for line in whole if (found := _TIME.match(line))]
    start = date_of(told.get("createdOn")) if told.get("createdOn") else min(times, default=build.start or LONG_AGO)
    end = date_of(told.get("lastChangedOn")) if told.get("lastChangedOn") else max(times, default=start)
    return Log(number, start, max((end - start).total_seconds(), 0.0), [_TIME.sub("", line, count=1) for line in whole])


def _record(row: JsonObject) -> Record:
    task, log = as_object(row.get("task")), as_object(row.get("log"))
    issues = [_issue(issue) for issue in map(as_object, as_list(row.get("issues")))]
    return Record(
        as_text(row.get("id")),
        as_text(row.get("parentId")) or None,
        _word(row.get("type"), RecordType, "Task"),
        as_text(row.get("name")),
        as_text(row.get("identifier")),
        _whole(row.get("order")),
        _word(row.get("state"), RecordState, "completed"),
        _record_result(row),
        date_of(row["startTime"]) if row.get("startTime") else None,
        date_of(row["finishTime"]) if row.get("finishTime") else None,
        _whole(log.get("id")) or None,
        issues,
        as_text(row.get("workerName")) or None,
        (as_text(task.get("name")), as_text(task.get("version"))) if task else None,
        _whole(row.get("attempt")) or 1,
    )


def _issue(row: JsonObject) -> Issue:
    line = whole_number(as_text(as_object(row.get("data")).get("logFileLineNumber")))
    kind = "warning" if row.get("type") == "warning" else "error"
    return Issue("warning" if kind == "warning" else "error", as_text(row.get("message")), line)


def _word(value: JsonValue, kind: object, default: Word) -> Word:
    """Return a value if it is one of the words of a literal type, else the default."""
    return next((word for word in get_args(kind) if word == value), default)


def _result(row: JsonObject) -> Result | None:
    failed: Result = "failed"
    return _word(row["result"], Result, failed) if row.get("result") else None


def _record_result(row: JsonObject) -> RecordResult | None:
    failed: RecordResult = "failed"
    return _word(row["result"], RecordResult, failed) if row.get("result") else None


def _whole(value: JsonValue) -> int:
    return value if isinstance(value, int) else 0
