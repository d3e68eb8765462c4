"""YAML pipelines are created, changed and deleted over HTTP."""

from typing import Any

import pytest

from azure_devops_simulator import Organization, export_world, import_world

DEFINITIONS, PIPELINES = "/Platform/_apis/build/definitions", "/Platform/_apis/pipelines"
BUILDS = "/Platform/_apis/build/builds"


def wanted(organization: Organization, **more: Any) -> dict[str, Any]:
    repository = organization.repository("Platform", "platform-api")
    return {
        "name": "soak-again",
        "path": "\\night",
        "process": {"yamlFilename": "pipelines/nightly-soak.yml", "type": 2},
        "repository": {"id": repository.id, "type": "tfsgit", "defaultBranch": "release/2.8"},
        "queue": {"id": 23},
        "description": "Runs at night",
        "variables": {"plain": {"value": "x"}, "hidden": {"value": "y", "isSecret": True}},
        **more,
    }


def test_create_run_and_delete(client: Any, organization: Organization) -> None:
    made = client.call("POST", DEFINITIONS, wanted(organization))
    assert (made["id"], made["name"], made["path"], made["revision"]) == (8, "soak-again", "\\night", 1)
    assert made["variables"] == {"plain": {"value": "x"}, "hidden": {"value": None, "isSecret": True}}
    assert (made["description"], made["queue"]["name"]) == ("Runs at night", "linux-large")
    assert made["repository"]["defaultBranch"] == "refs/heads/release/2.8"
    assert client.get(f"{DEFINITIONS}/8") == made
    assert client.get(f"{PIPELINES}/8")["configuration"]["path"] == "/pipelines/nightly-soak.yml"
    build = client.call("POST", BUILDS, {"definition": {"id": 8}})
    assert build["sourceBranch"] == "refs/heads/release/2.8"
    world = export_world(organization)
    assert export_world(import_world(world)) == world
    client.call("DELETE", f"{DEFINITIONS}/8", expect=204)
    client.get(f"{DEFINITIONS}/8", expect=404)
    client.get(f"{BUILDS}/{build['id']}", expect=404)
    organization.clock.advance(3600)
    assert client.get(BUILDS, definitions="8")["value"] == []


def test_update(client: Any, organization: Organization) -> None:
    made = client.call("POST", DEFINITIONS, wanted(organization))
    changed = client.call("PUT", f"{DEFINITIONS}/8", {**made, "name": "night", "queueStatus": "disabled"})
    assert (changed["name"], changed["revision"], changed["queueStatus"]) == ("night", 2, "disabled")
    assert (
        client.call("POST", BUILDS, {"definition": {"id": 8}}, expect=400)["typeKey"] == "DefinitionDisabledException"
    )
    stale = client.call("PUT", f"{DEFINITIONS}/8", made, expect=404)
    assert stale["typeKey"] == "DefinitionNotFoundException"
    other = client.call("PUT", f"{DEFINITIONS}/8", {**changed, "id": 1}, expect=400)
    assert "pipeline ID 8" in other["message"]
    taken = client.call("PUT", f"{DEFINITIONS}/8", {**changed, "name": "nightly-soak", "path": "\\"}, expect=409)
    assert taken["typeKey"] == "DefinitionExistsException"
    assert client.get(f"{DEFINITIONS}/8")["name"] == "night"


@pytest.mark.parametrize(
    "change",
    [
        {"process": {"type": 1, "phases": []}},
        {"repository": {"type": "GitHub", "id": "octo/cat"}},
        {"queue": {"id": 999}},
    ],
)
def test_what_is_not_simulated_says_so(client: Any, organization: Organization, change: dict[str, Any]) -> None:
    answer = client.call("POST", DEFINITIONS, wanted(organization, **change), expect=400)
    assert "does not simulate" in answer["message"]


def test_refused_definitions(client: Any, organization: Organization) -> None:
    taken = wanted(organization, name="Nightly-Soak", path="\\")
    assert client.call("POST", DEFINITIONS, taken, expect=409)["typeKey"] == "DefinitionExistsException"
    missing = wanted(organization, repository={"type": "TfsGit", "id": "nowhere"})
    assert client.call("POST", DEFINITIONS, missing, expect=404)["typeKey"] == "GitRepositoryNotFoundException"
    client.call("POST", DEFINITIONS, wanted(organization, name=""), expect=400)
    client.call("POST", DEFINITIONS, wanted(organization, process={"type": 2}), expect=400)


def test_a_retained_build_keeps_its_pipeline(client: Any) -> None:
    client.call("PATCH", f"{BUILDS}/35", {"keepForever": True})
    assert client.call("DELETE", f"{BUILDS}/35", expect=400)["typeKey"] == "CannotDeleteRetainedBuildException"
    key = "CannotDeleteDefinitionWithRetainedBuildsException"
    assert client.call("DELETE", f"{DEFINITIONS}/1", expect=400)["typeKey"] == key
    client.call("PATCH", f"{BUILDS}/35", {"keepForever": False})
    client.call("DELETE", f"{BUILDS}/35", expect=204)
    client.get(f"{BUILDS}/35", expect=404)
    client.call("DELETE", f"{DEFINITIONS}/1", expect=204)


def test_a_running_build_can_be_deleted(client: Any, organization: Organization) -> None:
    build = client.call("POST", BUILDS, {"definition": {"id": 1}})
    client.call("DELETE", f"{BUILDS}/{build['id']}", expect=204)
    organization.clock.advance(3600)
    assert build["id"] not in [row["id"] for row in client.get(BUILDS)["value"]]


def test_create_pipeline(client: Any, organization: Organization) -> None:
    repository = organization.repository("Platform", "docs")
    source = {"id": repository.id, "type": "azureReposGit"}
    body = {"name": "docs-again", "folder": "\\docs", "configuration": {"type": "yaml", "path": "/a.yml"}}
    body["configuration"]["repository"] = source
    made = client.call("POST", PIPELINES, body)
    assert (made["id"], made["name"], made["folder"], made["revision"]) == (8, "docs-again", "\\docs", 1)
    assert made["configuration"] == {"path": "/a.yml", "repository": source, "type": "yaml"}
    assert client.get(f"{DEFINITIONS}/8")["process"] == {"yamlFilename": "a.yml", "type": 2}
    client.call("POST", PIPELINES, body, expect=409)
    github = {"type": "yaml", "path": "/a.yml", "repository": {"type": "gitHub", "fullName": "octo/cat"}}
    refused = client.call("POST", PIPELINES, {"name": "x", "configuration": github}, expect=400)
    assert "does not simulate" in refused["message"]


def test_scopes(reader: Any, organization: Organization) -> None:
    for method, path, body in (
        ("POST", DEFINITIONS, wanted(organization)),
        ("PUT", f"{DEFINITIONS}/1", {}),
        ("DELETE", f"{DEFINITIONS}/1", None),
        ("DELETE", f"{BUILDS}/35", None),
        ("POST", PIPELINES, {}),
    ):
        assert reader.send(method, path, body).status_code == 401, (method, path)


def test_variable_groups_are_named_by_their_numbers(client: Any, organization: Organization) -> None:
    number, group = next(iter(organization.resources.variable_groups.items()))
    assert organization.project("Platform") in group.projects
    made = client.call("POST", DEFINITIONS, wanted(organization, variableGroups=[{"id": number}]))
    [shown] = made["variableGroups"]
    assert (shown["id"], shown["name"], shown["variables"]) == (number, group.name, group.variables)
    changed = client.call("PUT", f"{DEFINITIONS}/{made['id']}", {**made, "variableGroups": []})
    assert "variableGroups" not in changed
    assert client.get(f"{DEFINITIONS}/{made['id']}", revision=1)["variableGroups"] == [shown]
    del organization.resources.variable_groups[number]
    assert client.get(f"{DEFINITIONS}/{made['id']}", revision=1)["variableGroups"] == [{"id": number}]
    refused = client.call("POST", DEFINITIONS, wanted(organization, name="x", variableGroups=[{"id": 99}]), expect=400)
    assert "99" in refused["message"]
