"""The properties of builds: values that clients attach to them by name."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.builds.lookup import find_build, words_of
from azure_devops_simulator.areas.builds.shapes import properties_body
from azure_devops_simulator.areas.work_items.json_patch import read_document, require_media_type
from azure_devops_simulator.state.builds import Build
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("build")
_READ, _EXECUTE = ("vso.build",), ("vso.build_execute",)
_PROPERTIES = "{project}/_apis/build/builds/{build}/properties"


@area.get(_PROPERTIES, scopes=_READ, query="filter")
def list_properties(call: Call) -> Answer | JsonValue:
    """Return the properties of a build, or those that `filter` names."""
    return _body(find_build(call), words_of(call, "filter"))


@area.patch(_PROPERTIES, scopes=_EXECUTE)
def update_properties(call: Call) -> Answer | JsonValue:
    """Add, change and remove properties with a JSON Patch document."""
    require_media_type(call)
    build = find_build(call)
    properties = dict(build.properties)
    for operation in read_document(call.body):
        name = operation.path.removeprefix("/")
        if not name or operation.op not in {"add", "replace", "remove"}:
            raise ArgumentError(f"The operation '{operation.op}' of '{operation.path}' is not supported.", "document")
        if operation.op == "remove":
            properties.pop(name, None)
        else:
            properties[name] = operation.value
    build.properties, build.changed = properties, call.organization.clock.tick()
    return _body(build, frozenset())


def _body(build: Build, names: frozenset[str]) -> JsonObject:
    """Return the properties with these names, or all of them when there are no names."""
    found = properties_body(build, names or {name.lower() for name in build.properties})
    return {"count": len(found), "value": found}
