"""The JSON of builds, definitions, timelines and logs."""

from __future__ import annotations

import zlib
from collections.abc import Container
from urllib.parse import urlencode

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.parsing import as_list, as_object
from azure_devops_simulator.areas.core.projects import project_reference
from azure_devops_simulator.state.builds import Artifact, Build, Definition, Issue, Log, Record
from azure_devops_simulator.state.git_objects import Commit
from azure_devops_simulator.state.values import JsonObject, JsonValue, guid, timestamp

POOLS = {"Azure Pipelines": (9, 20, True), "linux-large": (12, 23, False), "tidewater-private": (14, 25, False)}
"""The ids of known pools and of their queues, and whether Microsoft hosts them."""


def _project_url(call: Call, definition: Definition, path: str) -> str:
    return call.url(f"{definition.project.id}/{path}")


def build_url(call: Call, build: Build, path: str = "") -> str:
    """Return the link of a build, or of something below it."""
    return _project_url(call, build.definition, f"_apis/build/Builds/{build.id}{path}")


def pool_of(definition: Definition) -> tuple[int, int, bool]:
    """Return the id of the pool of a definition and the id of its queue, and whether Microsoft hosts the pool."""
    number = 100 + zlib.crc32(definition.pool.encode()) % 9900
    return POOLS.get(definition.pool, (number, number, False))


def queue_body(call: Call, definition: Definition) -> JsonObject:
    """Return the agent queue a definition runs in."""
    pool, queue, hosted = pool_of(definition)
    url = call.url(f"_apis/build/Queues/{queue}")
    pool_body: JsonObject = {"id": pool, "name": definition.pool, "isHosted": hosted}
    return {"id": queue, "name": definition.pool, "url": url, "pool": pool_body}


def definition_reference(call: Call, definition: Definition, revision: int | None = None) -> JsonObject:
    """Return a definition as builds refer to it, in its current revision or in the one with which they were queued."""
    revision = revision or definition.revision
    url = _project_url(call, definition, f"_apis/build/Definitions/{definition.id}?revision={revision}")
    return {
        "drafts": [],
        "id": definition.id,
        "name": definition.name,
        "url": url,
        "uri": f"vstfs:///Build/Definition/{definition.id}",
        "path": definition.folder,
        "type": "build",
        "queueStatus": definition.settings.get("queueStatus", "enabled"),
        "revision": revision,
        "project": project_reference(call, definition.project),
    }


def definition_body(call: Call, definition: Definition, *, whole: bool) -> JsonObject:
    """Return a definition in its short form. `whole` adds the file, the repository and the triggers."""
    reference = definition_reference(call, definition)
    web = _project_url(call, definition, f"_build/definition?definitionId={definition.id}")
    badge = _project_url(call, definition, f"_apis/build/status/{definition.id}")
    body: JsonObject = {
        "_links": {"self": {"href": reference["url"]}, "web": {"href": web}, "badge": {"href": badge}},
        "quality": "definition",
        "authoredBy": call.identity(definition.version.by),
        "queue": queue_body(call, definition),
        **reference,
        # Both tell of the revision, not of the definition: recorded for the date, a guess for the person.
        "createdDate": timestamp(definition.version.when),
    }
    if not whole:
        return body
    repository = repository_body(call, definition)
    repository |= {"defaultBranch": definition.default_branch}
    repository["properties"] = {"fullName": definition.repository.name, "reportBuildStatus": "true"}
    trigger: JsonObject = {
        "branchFilters": [],
        "pathFilters": [],
        "settingsSourceType": 2,
        "batchChanges": False,
        "maxConcurrentBuildsPerBranch": 1,
        "triggerType": "continuousIntegration",
    }
    return {
        "triggers": [trigger],
        "properties": {},
        "tags": [],
        "jobAuthorizationScope": "project",
        "jobTimeoutInMinutes": 60,
        "jobCancelTimeoutInMinutes": 5,
        "process": {"yamlFilename": definition.yaml_path.lstrip("/"), "type": 2},
        "repository": repository,
        **definition.settings,
        **_variable_groups(call, definition),
        **body,
    }


def _variable_groups(call: Call, definition: Definition) -> JsonObject:
    """Return the variable groups that a definition names, as they are now. A deleted one has only its number."""
    known, rows = call.organization.resources.variable_groups, list[JsonValue]()
    for number in (as_object(row).get("id") for row in as_list(definition.settings.get("variableGroups"))):
        group = known.get(number) if isinstance(number, int) else None
        more: JsonObject = {}
        if group:
            more = {
                "variables": dict(group.variables),
                "type": group.type,
                "name": group.name,
                "description": group.description,
            }
        rows.append({**more, "id": number})
    return {"variableGroups": rows} if rows else {}


def repository_body(call: Call, definition: Definition) -> JsonObject:
    """Return the repository of a definition."""
    repository = definition.repository
    return {
        "id": repository.id,
        "type": "TfsGit",
        "name": repository.name,
        "url": call.url(f"{repository.project.name}/_git/{repository.name}"),
        "clean": None,
        "checkoutSubmodules": False,
    }


_TYPES = {bool: "Boolean", int: "Int32", float: "Double", str: "String"}


def properties_body(build: Build, names: Container[str]) -> JsonObject:
    """Return those properties of a build whose names, in lower case, are among `names`."""
    return {
        name: {"$type": f"System.{_TYPES.get(type(value), 'String')}", "$value": value}
        for name, value in build.properties.items()
        if name.lower() in names
    }


def build_body(call: Call, build: Build, properties: Container[str] = ()) -> JsonObject:
    """Return a build, with the properties of these names."""
    body: JsonObject = {
        "_links": _links(call, build),
        "properties": properties_body(build, properties),
        "tags": list(build.tags),
        "validationResults": [{"result": "error", "message": message} for message in build.validation],
        "plans": [{"planId": build.plan}],
        "triggerInfo": build.trigger_info,
        "id": build.id,
        "buildNumber": build.number,
        "status": build.status,
    }
    if build.result:
        body["result"] = build.result
    body["queueTime"] = timestamp(build.queued)
    for name, when in (("startTime", build.start), ("finishTime", build.finish)):
        if when:
            body[name] = timestamp(when)
    if build.deleted and build.deleted_by:
        body |= {"deleted": True, "deletedBy": call.identity(build.deleted_by), "deletedDate": timestamp(build.deleted)}
    return body | _origin(call, build) | _keeping(call, build)


def _origin(call: Call, build: Build) -> JsonObject:
    """Return the source of a build and the people who asked for it."""
    body: JsonObject = {
        "url": build_url(call, build),
        "definition": definition_reference(call, build.definition, build.definition_revision),
        "buildNumberRevision": build.revision,
        "project": project_reference(call, build.definition.project),
        "uri": build.uri,
        "sourceBranch": build.source_branch,
        "sourceVersion": build.source_version,
        "queue": queue_body(call, build.queued_definition),
        "priority": "normal",
        "reason": build.reason,
        "requestedFor": call.identity(build.requested_for),
        "requestedBy": call.identity(build.requested_by),
        "lastChangedDate": timestamp(build.changed or build.finish or build.queued),
        "lastChangedBy": call.identity(build.changed_by or build.requested_by),
    }
    if build.parameters:
        body["parameters"] = build.parameters
    if build.template_parameters:
        body["templateParameters"] = build.template_parameters
    return body


def _keeping(call: Call, build: Build) -> JsonObject:
    """Return the addresses of its plan, logs and repository, and how long it is kept."""
    return {
        "orchestrationPlan": {"planId": build.plan},
        "logs": {"id": 0, "type": "Container", "url": build_url(call, build, "/logs")},
        "repository": repository_body(call, build.definition),
        "keepForever": build.keep_forever,
        "retainedByRelease": False,
        "triggeredByBuild": None,
        "appendCommitMessageToRunName": True,
    }


def _links(call: Call, build: Build) -> JsonObject:
    hrefs = {
        "self": build_url(call, build),
        "web": _project_url(call, build.definition, f"_build/results?buildId={build.id}"),
        "sourceVersionDisplayUri": build_url(call, build, "/sources"),
        "timeline": build_url(call, build, "/Timeline"),
        "badge": _project_url(call, build.definition, f"_apis/build/status/{build.definition.id}"),
    }
    return {name: {"href": href} for name, href in hrefs.items()}


def timeline_body(call: Call, build: Build, number: str, records: list[Record]) -> JsonObject:
    """Return a timeline of a build: the one that has the id of its plan, or that of an earlier attempt."""
    changed = timestamp(build.finish or build.changed or build.queued)
    return {
        "records": [record_body(call, build, record) for record in records],
        "lastChangedBy": guid("user/agent-service"),
        "lastChangedOn": changed,
        "id": number,
        "changeId": len(records) * 3,
        "url": build_url(call, build, f"/Timeline/{number}"),
    }


def record_body(call: Call, build: Build, record: Record) -> JsonObject:
    """Return one record of a timeline."""
    errors = sum(1 for issue in record.issues if issue.type == "error")
    body: JsonObject = {
        "previousAttempts": _previous_attempts(build, record),
        "id": record.id,
        "parentId": record.parent,
        "type": record.type,
        "name": record.name,
        "startTime": timestamp(record.start) if record.start else None,
        "finishTime": timestamp(record.finish) if record.finish else None,
        "currentOperation": None,
        "percentComplete": 100 if record.state == "completed" else None,
        "state": record.state,
        "result": record.result,
        "resultCode": None,
        "changeId": record.order * 3,
        "lastModified": "0001-01-01T00:00:00",
        "workerName": record.worker,
        "order": record.order,
        "details": None,
        "errorCount": errors,
        "warningCount": len(record.issues) - errors,
        "url": None,
        "log": None,
        "task": None,
        "attempt": record.attempt,
        "identifier": record.identifier,
        "refName": record.name if record.type in {"Stage", "Phase"} else None,
    }
    if record.log is not None:
        body["log"] = {"id": record.log, "type": "Container", "url": build_url(call, build, f"/logs/{record.log}")}
    if record.task:
        body["task"] = {"id": guid(f"task/{record.task[0]}"), "name": record.task[0], "version": record.task[1]}
    if record.issues:
        body["issues"] = [_issue(issue) for issue in record.issues]
    return body


def _previous_attempts(build: Build, record: Record) -> list[JsonValue]:
    """Return where the timelines of earlier attempts hold a record."""
    return [
        {"attempt": was.attempt, "timelineId": attempt.id, "recordId": was.id}
        for attempt in build.attempts
        for was in attempt.records
        if was.id == record.id and was.attempt < record.attempt
    ]


def _issue(issue: Issue) -> JsonObject:
    data: JsonObject = {"type": issue.type}
    if issue.line is not None:
        data["logFileLineNumber"] = str(issue.line)
    return {"type": issue.type, "category": issue.category, "message": issue.message, "data": data}


def log_body(call: Call, build: Build, log: Log) -> JsonObject:
    """Return a log without its lines."""
    return {
        "lineCount": log.line_count,
        "createdOn": timestamp(log.start),
        "lastChangedOn": timestamp(log.end),
        "id": log.id,
        "type": "Container",
        "url": build_url(call, build, f"/logs/{log.id}"),
    }


def change_body(call: Call, build: Build, commit: Commit) -> JsonObject:
    """Return a commit as a change of a build, with the first line of its message."""
    repository = build.definition.repository
    author: JsonValue = {"displayName": commit.author.name, "uniqueName": commit.author.email}
    if user := call.organization.user(commit.author.email):
        author = call.identity(user)
    body: JsonObject = {"id": commit.id, "message": commit.subject, "type": "TfsGit", "author": author}
    if commit.subject != commit.message:
        body["messageTruncated"] = True
    base = f"{repository.project.id}/_apis/git/repositories/{repository.id}"
    return body | {
        "timestamp": timestamp(commit.committer.date),
        "location": call.url(f"{base}/commits/{commit.id}"),
        "displayUri": call.url(f"{repository.project.name}/_git/{repository.name}/commit/{commit.id}"),
    }


def artifact_body(call: Call, build: Build, artifact: Artifact) -> JsonObject:
    """Return an artifact."""
    url = f"{build_url(call, build, '/artifacts')}?{urlencode({'artifactName': artifact.name, 'api-version': '7.1'})}"
    return {
        "id": artifact.id,
        "name": artifact.name,
        "source": guid(f"build/{build.id}/artifact/{artifact.name}"),
        "resource": {
            "type": "PipelineArtifact",
            "data": guid(f"build/{build.id}/content/{artifact.name}").replace("-", "").upper(),
            "properties": {"artifactsize": str(artifact.size)},
            "url": url,
            "downloadUrl": f"{url}&$format=zip",
        },
    }
