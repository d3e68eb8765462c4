"""Variable groups and service connections: what is shown of them, and never a secret."""

import json
from typing import Any

from azure_devops_simulator import Organization, build_organization, export_world, import_world

GROUPS = "/Platform/_apis/distributedtask/variablegroups"
ENDPOINTS = "/Platform/_apis/serviceendpoint/endpoints"


def test_a_variable_group_shows_no_secret_and_says_who_changed_it(client: Any, organization: Organization) -> None:
    project = [{"projectReference": {"name": "Platform"}, "name": "ci"}]
    variables = {"REGION": {"value": "north"}, "KEY": {"value": "swordfish", "isSecret": True}}
    body = {"name": "ci", "type": "Vsts", "variables": variables, "variableGroupProjectReferences": project}
    made = client.call("POST", "/_apis/distributedtask/variablegroups", body)
    assert made["variables"] == {"REGION": {"value": "north"}, "KEY": {"value": None, "isSecret": True}}
    organization.add_token("tom", user=organization.named("Tom Becker"))
    path = f"/_apis/distributedtask/variablegroups/{made['id']}"
    changed = client.call("PUT", path, {**body, "variables": {"REGION": {"value": "south"}}})
    assert (changed["createdOn"], changed["id"]) == (made["createdOn"], made["id"])
    assert changed["modifiedOn"] > made["modifiedOn"]
    assert client.get(f"{GROUPS}/{made['id']}") == changed
    assert [row["name"] for row in client.get(GROUPS, groupName="c*")["value"]] == ["ci"]
    assert client.get(GROUPS, groupName="c")["value"] == []
    assert [row["id"] for row in client.get(GROUPS, queryOrder="idAscending")["value"]] == [1, 2, 3]
    assert client.get("/Payments/_apis/distributedtask/variablegroups")["value"] == []
    assert "swordfish" not in json.dumps(export_world(organization))
    assert export_world(import_world(export_world(organization))) == export_world(organization)


def test_a_service_connection_shows_no_credentials(client: Any, organization: Organization) -> None:
    made = client.get(ENDPOINTS)["value"][1]
    assert made["authorization"] == {"scheme": "UsernamePassword", "parameters": {"password": None, "username": None}}
    assert "modifiedBy" not in made
    # The contract of 7.1, against which each answer is held, does not know these fields yet.
    newer = client.http.get(f"{ENDPOINTS}/{made['id']}", params={"api-version": "7.2-preview.4"}).json()
    assert (newer["modifiedBy"]["displayName"], newer["isDisabled"]) == ("Priya Raman", False)
    assert [row["name"] for row in client.get(ENDPOINTS, endpointNames="tidewater-azure")["value"]] == [
        "tidewater-azure"
    ]
    assert client.get(ENDPOINTS, type="azurerm")["count"] == 1


def test_what_is_missing_is_refused(client: Any) -> None:
    client.get(f"{GROUPS}/99", expect=404)
    client.get("/Payments/_apis/distributedtask/variablegroups/1", expect=404)
    client.get(f"{ENDPOINTS}/00000000-0000-0000-0000-000000000009", expect=404)
    client.call("POST", "/_apis/distributedtask/variablegroups", {"name": "a", "variables": {}}, expect=400)
    client.call("POST", "/_apis/serviceendpoint/endpoints", {"name": "a"}, expect=400)


def test_each_area_needs_its_own_scope(connect: Any, organization: Organization) -> None:
    organization.add_token("builder", ["build", "project"])
    connect("builder").get(GROUPS, expect=401)
    connect("builder").get(ENDPOINTS, expect=401)


def test_a_builder_says_who_changed_what() -> None:
    world = build_organization("contoso").at("2026-11-02 09:00")
    world.add_user("Dana Ortiz"), world.add_user("Tom Becker")
    project = world.add_project("Platform")
    group = project.add_variable_group("ci", {"REGION": "north"}, secrets=["KEY"])
    connection = project.add_service_connection("azure", kind="azurerm", url="https://a.example")
    world.at("2026-11-03 09:00")
    group.update({"REGION": "south"}, secrets=["TOKEN"], by="Tom Becker")
    connection.update(url="https://b.example", by="Tom Becker")
    assert group.group.variables["REGION"] == {"value": "south"}
    assert sorted(group.group.variables) == ["KEY", "REGION", "TOKEN"]
    assert (group.group.created_by.display_name, group.group.modified_by.display_name) == ("Dana Ortiz", "Tom Becker")
    own = connection.connection
    assert (own.url, own.modified_by.display_name, f"{own.modified:%d %H}") == (
        "https://b.example",
        "Tom Becker",
        "03 09",
    )
