"""Build definitions: list them, and read one with its file and its metrics."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from azure_devops_simulator.api.call import Answer, Call, collection, page
from azure_devops_simulator.api.parsing import as_object
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.builds.lookup import asked_revision, find_definition, tip_of, words_of
from azure_devops_simulator.areas.builds.shapes import build_body, definition_body
from azure_devops_simulator.areas.builds.yaml import committed_yaml
from azure_devops_simulator.state.builds import Build, Definition
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp

area = Area("build")
_READ = ("vso.build",)
_PAGE, _LARGEST_PAGE = 1000, 10_000
_GIT, _YAML = "tfsgit", 2
"""The type of every repository, and of the process of every definition."""

_METRICS: dict[str, Callable[[Build], bool]] = {
    "TotalBuilds": lambda build: build.status == "completed",
    "SuccessfulBuilds": lambda build: build.result == "succeeded",
    "PartiallySuccessfulBuilds": lambda build: build.result == "partiallySucceeded",
    "FailedBuilds": lambda build: build.result == "failed",
    "CanceledBuilds": lambda build: build.result == "canceled",
}


@area.get(
    "{project}/_apis/build/definitions",
    scopes=_READ,
    query="$top builtAfter continuationToken definitionIds includeAllProperties includeLatestBuilds minMetricsTime "
    "name notBuiltAfter path processType queryOrder repositoryId repositoryType yamlFilename",
)
def list_definitions(call: Call) -> Answer | JsonValue:
    """Return definitions of a project. `name` must match the whole name; `*` matches anything."""
    known = [d for d in call.organization.builds.definitions.values() if d.project is call.in_project()]
    filters = list(_filters(call))
    found = _ordered(call, [definition for definition in known if all(match(definition) for match in filters)])
    whole = call.query.flag("includeAllProperties")
    return page(call, found, lambda definition: _body(call, definition, whole=whole), _PAGE, _LARGEST_PAGE)


def _filters(call: Call) -> Iterable[Callable[[Definition], bool]]:
    query, builds = call.query, call.organization.builds

    def built_after(definition: Definition, when: datetime) -> bool:
        return any(build.queued > when for build in builds.of(definition))

    if name := query.text("name"):
        pattern = re.compile(re.escape(name).replace(r"\*", ".*"), re.IGNORECASE)
        yield lambda definition: pattern.fullmatch(definition.name) is not None
    if repository := query.text("repositoryId").lower():
        yield lambda definition: definition.repository.id == repository
    if kind := query.text("repositoryType").lower():
        yield lambda _definition: kind == _GIT
    if ids := set(query.numbers("definitionIds")):
        yield lambda definition: definition.id in ids
    if folder := query.text("path").replace("/", "\\").lower():
        yield lambda definition: definition.folder.lower() == folder
    if yaml := query.text("yamlFilename").strip("/").lower():
        yield lambda definition: definition.yaml_path.strip("/").lower() == yaml
    if process := query.integer("processType", 0):
        yield lambda _definition: process == _YAML
    if after := query.date("builtAfter"):
        yield lambda definition: built_after(definition, after)
    if not_after := query.date("notBuiltAfter"):
        yield lambda definition: not built_after(definition, not_after)


def _ordered(call: Call, found: list[Definition]) -> list[Definition]:
    order = call.query.text("queryOrder", "none")
    if order.startswith("definitionName"):
        return sorted(found, key=lambda d: (d.name.lower(), d.id), reverse=order.endswith("Descending"))
    if order.startswith("lastModified"):
        return sorted(found, key=lambda d: (d.changed or d.created, d.id), reverse=order.endswith("Descending"))
    return found


def _body(call: Call, definition: Definition, *, whole: bool) -> JsonObject:
    body = definition_body(call, definition, whole=whole)
    builds = call.organization.builds.of(call.organization.builds.definitions[definition.id])
    if call.query.flag("includeLatestBuilds"):
        completed = [build for build in builds if build.status == "completed"]
        if builds:
            body["latestBuild"] = build_body(call, builds[0])
        if completed:
            body["latestCompletedBuild"] = build_body(call, completed[0])
    if since := call.query.date("minMetricsTime"):
        body["metrics"] = _metrics(builds, since)
    return body


def _metrics(builds: Iterable[Build], since: datetime | None) -> list[JsonValue]:
    """Return how many builds ended on each day, by branch and result. How the service groups them is not recorded."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for build in builds:
        if build.finish and (since is None or build.finish >= since):
            day = timestamp(build.finish.replace(hour=0, minute=0, second=0, microsecond=0))
            counts.update((day, build.source_branch, name) for name, counts_it in _METRICS.items() if counts_it(build))
    return [
        {"date": day, "scope": branch, "name": name, "intValue": count}
        for (day, branch, name), count in sorted(counts.items())
    ]


@area.get(
    "{project}/_apis/build/definitions/{definition:int}",
    scopes=_READ,
    query="includeLatestBuilds minMetricsTime propertyFilters revision",
)
def get_definition(call: Call) -> Answer | JsonValue:
    """Return one definition with its file, repository and triggers."""
    definition = asked_revision(call, find_definition(call, call.path["definition"]))
    body = _body(call, definition, whole=True)
    if names := words_of(call, "propertyFilters"):
        properties = as_object(body["properties"])
        body["properties"] = {name: value for name, value in properties.items() if name.lower() in names}
    return body


@area.get(
    "{project}/_apis/build/definitions/{definition:int}/metrics",
    scopes=_READ,
    version="7.1-preview.1",
    query="minMetricsTime",
)
def get_metrics(call: Call) -> Answer | JsonValue:
    """Return how many builds of a definition ended on each day, by branch and result."""
    definition = find_definition(call, call.path["definition"])
    return collection(_metrics(call.organization.builds.of(definition), call.query.date("minMetricsTime")))


@area.get("{project}/_apis/build/definitions/{definition:int}/yaml", scopes=_READ, query="revision")
def get_yaml(call: Call) -> Answer | JsonValue:
    """Return the file of a definition on its default branch."""
    definition = asked_revision(call, find_definition(call, call.path["definition"]))
    tip = tip_of(definition, definition.default_branch)
    return {"yaml": committed_yaml(definition, tip) if tip else None}
