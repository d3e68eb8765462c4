"""Build definitions."""

from __future__ import annotations

import re

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.parsing import whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.builds.lookup import find_definition, tip_of
from azure_devops_simulator.areas.builds.shapes import build_body, definition_body
from azure_devops_simulator.areas.builds.yaml import committed_yaml
from azure_devops_simulator.state.builds import Definition
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("build")
_READ = ("vso.build",)
_PAGE, _LARGEST_PAGE = 1000, 10_000


@area.get(
    "{project}/_apis/build/definitions",
    scopes=_READ,
    query="$top continuationToken definitionIds includeAllProperties includeLatestBuilds name path queryOrder "
    "repositoryId yamlFilename",
)
def list_definitions(call: Call) -> Answer | JsonValue:
    """Return definitions of a project. `name` must match the whole name; `*` matches anything."""
    found = [d for d in call.organization.builds.definitions.values() if d.project is call.in_project()]
    if name := call.query.text("name"):
        pattern = re.compile(re.escape(name).replace(r"\*", ".*"), re.IGNORECASE)
        found = [definition for definition in found if pattern.fullmatch(definition.name)]
    if repository := call.query.text("repositoryId").lower():
        found = [definition for definition in found if definition.repository.id == repository]
    if ids := call.query.text("definitionIds"):
        wanted = {part.strip() for part in ids.split(",")}
        found = [definition for definition in found if str(definition.id) in wanted]
    if folder := call.query.text("path"):
        found = [definition for definition in found if definition.folder.lower() == folder.replace("/", "\\").lower()]
    if yaml := call.query.text("yamlFilename").strip("/").lower():
        found = [definition for definition in found if definition.yaml_path.strip("/").lower() == yaml]
    found = _ordered(call, found)
    token = call.query.text("continuationToken")
    start = whole_number(token) or 0
    end = start + min(max(call.query.integer("$top", _PAGE), 1), _LARGEST_PAGE)
    rows = [_body(call, definition) for definition in found[start:end]]
    return collection(rows, str(end) if end < len(found) else None)


def _ordered(call: Call, found: list[Definition]) -> list[Definition]:
    order = call.query.text("queryOrder", "none").lower()
    if order not in {
        "none",
        "definitionnameascending",
        "definitionnamedescending",
        "lastmodifiedascending",
        "lastmodifieddescending",
    }:
        raise ArgumentError(f"The value '{order}' is not valid.", "queryOrder")
    by_name = "name" in order
    return sorted(
        found,
        key=lambda definition: (definition.name.lower() if by_name else "", definition.id),
        reverse=order.endswith("descending"),
    )


def _body(call: Call, definition: Definition) -> JsonObject:
    body = definition_body(call, definition, whole=call.query.flag("includeAllProperties"))
    if call.query.flag("includeLatestBuilds"):
        builds = call.organization.builds.of(definition)
        completed = [build for build in builds if build.status == "completed"]
        if builds:
            body["latestBuild"] = build_body(call, builds[0])
        if completed:
            body["latestCompletedBuild"] = build_body(call, completed[0])
    return body


@area.get("{project}/_apis/build/definitions/{definition:int}", scopes=_READ)
def get_definition(call: Call) -> Answer | JsonValue:
    """Return one definition with its file, repository and triggers."""
    return definition_body(call, find_definition(call, call.path["definition"]), whole=True)


@area.get("{project}/_apis/build/definitions/{definition:int}/yaml", scopes=_READ)
def get_yaml(call: Call) -> Answer | JsonValue:
    """Return the file of a definition on its default branch."""
    definition = find_definition(call, call.path["definition"])
    tip = tip_of(definition, definition.default_branch)
    return {"yaml": committed_yaml(definition, tip) if tip else None}
