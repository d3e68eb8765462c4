"""What a run uses beside its own repository: other repositories, runs of other pipelines, and containers."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.areas.builds.lookup import full_branch
from azure_devops_simulator.state.builds import Build, Definition
from azure_devops_simulator.state.values import JsonObject, JsonValue


def resources_of(call: Call, definition: Definition, text: str) -> JsonObject:
    """Return the resources that a YAML declares, each in the version that is newest when its run is queued.

    A repository or pipeline that the organization does not have is left out; the service would refuse the run.
    """
    try:
        declared = as_object(as_object(yaml.safe_load(text)).get("resources"))
    except yaml.YAMLError:
        return {}
    kinds: dict[str, JsonObject] = {
        "repositories": {
            name: found
            for name, row in _rows(declared, "repositories", "repository")
            if (found := _repository(call, definition, row))
        },
        "pipelines": {
            name: found
            for name, row in _rows(declared, "pipelines", "pipeline")
            if (found := _pipeline(call, definition, row))
        },
        "containers": {
            name: {"container": {"image": as_text(row.get("image"))}}
            for name, row in _rows(declared, "containers", "container")
        },
    }
    return {kind: found for kind, found in kinds.items() if found}


def _rows(declared: JsonObject, kind: str, alias: str) -> Iterator[tuple[str, JsonObject]]:
    for row in map(as_object, as_list(declared.get(kind))):
        if name := as_text(row.get(alias)):
            yield name, row


def _repository(call: Call, definition: Definition, row: JsonObject) -> JsonObject | None:
    project, _, name = as_text(row.get("name")).rpartition("/")
    home = call.organization.project(project) if project else definition.project
    repository = home.repository(name) if home else None
    if repository is None:
        return None
    ref = full_branch(as_text(row.get("ref")) or repository.default_branch or "main")
    identity: JsonObject = {"id": repository.id, "type": "azureReposGit"}
    return {"repository": identity, "refName": ref, "version": repository.peel(repository.refs.get(ref, ""))}


def _pipeline(call: Call, definition: Definition, row: JsonObject) -> JsonObject | None:
    store = call.organization.builds
    project, source = as_text(row.get("project")) or definition.project.name, as_text(row.get("source"))
    for other in store.definitions.values():
        if other.name.lower() == source.lower() and other.project.name.lower() == project.lower():
            latest: Build | None = next((b for b in store.of(other) if b.status == "completed"), None)
            url = call.url(f"{other.project.id}/_apis/pipelines/{other.id}?revision={other.revision}")
            reference: dict[str, JsonValue] = {
                "url": url,
                "id": other.id,
                "revision": other.revision,
                "name": other.name,
                "folder": other.folder,
            }
            return {"pipeline": reference, "version": latest.number if latest else None}
    return None
