"""The revisions of build definitions: who changed one, when, and with which comment."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.builds.lookup import definition_at, find_definition
from azure_devops_simulator.state.builds import Definition, DefinitionVersion
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp

area = Area("build")


@area.get("{project}/_apis/build/definitions/{definition:int}/revisions", scopes=("vso.build",))
def list_revisions(call: Call) -> Answer | JsonValue:
    """Return every revision of a definition, the first one first. The order of the service is not recorded."""
    definition = find_definition(call, call.path["definition"])
    definition_at(definition, 1)
    return collection(_body(call, definition, version) for version in [*definition.earlier, definition.version])


def _body(call: Call, definition: Definition, version: DefinitionVersion) -> JsonObject:
    path = f"{definition.project.id}/_apis/build/Definitions/{definition.id}?revision={version.revision}"
    return {
        "revision": version.revision,
        "name": version.name,
        "changedBy": call.identity(version.by),
        "changedDate": timestamp(version.when),
        "changeType": "add" if version.revision == 1 else "update",
        "comment": version.settings.get("comment"),
        "definitionUrl": call.url(path),
    }
