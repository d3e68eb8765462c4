"""The revisions of build definitions, and what a run keeps of the revision with which it was queued."""

from typing import Any

import pytest

from azure_devops_simulator import Organization, export_world, import_world

DEFINITION = "/Platform/_apis/build/definitions/1"
BUILDS = "/Platform/_apis/build/builds"
PIPELINE = "/Platform/_apis/pipelines/1"


@pytest.fixture
def changed(client: Any) -> dict[str, Any]:
    """The definition after it was renamed and got another file and pool."""
    body = client.get(DEFINITION)
    change = {"name": "api-ci", "comment": "Take the new file", "queue": {"id": 23}}
    file = {"process": {"type": 2, "yamlFilename": "pipelines/nightly-soak.yml"}}
    return client.call("PUT", DEFINITION, {**body, **change, **file})


def test_each_revision_says_who_made_it_when_and_why(client: Any, changed: dict[str, Any]) -> None:
    first, second = client.get(f"{DEFINITION}/revisions")["value"]
    assert (first["revision"], first["changeType"], first["changedBy"]["displayName"]) == (1, "add", "Dana Ortiz")
    assert (first["name"], first["comment"]) == ("platform-api-ci", None)
    assert (second["revision"], second["changeType"], second["changedBy"]["displayName"]) == (2, "update", "svc-agent")
    assert (second["name"], second["comment"]) == ("api-ci", "Take the new file")
    assert first["changedDate"] < second["changedDate"]
    assert (changed["createdDate"], changed["authoredBy"]) == (second["changedDate"], second["changedBy"])


def test_a_definition_can_be_read_as_it_was(client: Any, changed: dict[str, Any]) -> None:
    before = client.get(DEFINITION, revision=1)
    assert (before["name"], before["process"]["yamlFilename"]) == ("platform-api-ci", "azure-pipelines.yml")
    assert (before["queue"]["name"], before["revision"]) == ("Azure Pipelines", 1)
    assert client.get(DEFINITION, revision=2) == client.get(DEFINITION) == changed
    assert client.get(DEFINITION, revision=1, includeLatestBuilds="true")["latestBuild"]["id"] == 38
    assert client.get(PIPELINE, pipelineVersion=1)["configuration"]["path"] == "/azure-pipelines.yml"
    client.get(DEFINITION, revision=3, expect=404)


def test_builds_keep_the_revision_and_the_pool_with_which_they_were_queued(
    client: Any, changed: dict[str, Any]
) -> None:
    new = client.call("POST", BUILDS, {"definition": {"id": 1}})
    assert (new["definition"]["revision"], new["queue"]["name"]) == (2, "linux-large")
    old = client.get(f"{BUILDS}/35")
    assert (old["definition"]["revision"], old["queue"]["name"]) == (1, "Azure Pipelines")
    assert old["definition"]["name"] == "api-ci"


def test_revisions_survive_an_export(client: Any, organization: Organization, changed: dict[str, Any]) -> None:
    world = export_world(organization)
    again = import_world(world)
    assert export_world(again) == world
    before = again.builds.definitions[1].at(1)
    assert before is not None
    assert (before.name, before.pool) == ("platform-api-ci", "Azure Pipelines")


def test_what_was_not_kept_says_so(client: Any, organization: Organization) -> None:
    organization.builds.definitions[1].revision = 3
    assert "not simulate" in client.get(f"{DEFINITION}/revisions", expect=400)["message"]


def test_an_earlier_version_cannot_run(client: Any, changed: dict[str, Any]) -> None:
    assert "not simulate" in client.call("POST", f"{PIPELINE}/runs", {}, expect=400, pipelineVersion=1)["message"]
    preview = client.call("POST", f"{PIPELINE}/preview", {}, pipelineVersion=1)["finalYaml"]
    assert preview != client.call("POST", f"{PIPELINE}/preview", {})["finalYaml"]


def test_a_paused_definition_queues_builds_that_begin_when_it_is_enabled(
    client: Any, organization: Organization
) -> None:
    paused = client.call("PUT", DEFINITION, {**client.get(DEFINITION), "queueStatus": "paused"})
    build = f"{BUILDS}/{client.call('POST', BUILDS, {'definition': {'id': 1}})['id']}"
    organization.clock.advance(3600)
    assert client.get(build)["status"] == "notStarted"
    client.call("PUT", DEFINITION, {**paused, "queueStatus": "enabled"})
    organization.clock.advance(3600)
    ended = client.get(build)
    assert ended["status"] == "completed"
    assert ended["startTime"] > ended["queueTime"]


def test_a_variable_that_nobody_may_set_for_a_run(client: Any) -> None:
    variables = {"region": {"value": "eu"}, "level": {"value": "1", "allowOverride": True}}
    client.call("PUT", DEFINITION, {**client.get(DEFINITION), "variables": variables})
    run = client.call("POST", f"{PIPELINE}/runs", {"variables": {"LEVEL": {"value": "2"}}})
    assert client.get(f"{PIPELINE}/runs/{run['id']}")["variables"] == {"LEVEL": {"value": "2"}}
    refused = client.call("POST", f"{PIPELINE}/runs", {"variables": {"region": {"value": "us"}}}, expect=400)
    assert (refused["typeKey"], "(region)" in refused["message"]) == ("PipelineValidationException", True)
