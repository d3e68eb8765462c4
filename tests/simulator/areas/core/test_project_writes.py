"""Projects are created, changed and deleted by operations that a client polls."""

from typing import Any

import pytest

from azure_devops_simulator import Organization, export_world, import_world

AGILE = "adcc42ab-9882-485e-a3ed-7678f01f66bc"


def wanted(name: str, **more: Any) -> dict[str, Any]:
    capabilities = {"versioncontrol": {"sourceControlType": "Git"}, "processTemplate": {"templateTypeId": AGILE}}
    return {"name": name, "description": "New", "capabilities": capabilities, **more}


def settled(client: Any, reference: dict[str, Any]) -> list[str]:
    """Poll an operation to its end and return what it said."""
    assert reference["url"].endswith(f"/_apis/operations/{reference['id']}")
    seen = [reference["status"]]
    while seen[-1] != "succeeded":
        seen.append(client.get(f"/_apis/operations/{reference['id']}")["status"])
        assert len(seen) < 10
    return seen


def test_create(client: Any, organization: Organization) -> None:
    reference = client.call("POST", "/_apis/projects", wanted("Atlas", visibility="public"), expect=202)
    before = organization.clock.now()
    assert client.get("/_apis/projects/Atlas", expect=404)["typeKey"] == "ProjectDoesNotExistWithNameException"
    assert "Atlas" not in [row["name"] for row in client.get("/_apis/projects")["value"]]
    pending = client.get("/_apis/projects", stateFilter="createPending")["value"]
    assert [(row["name"], row["state"]) for row in pending] == [("Atlas", "createPending")]
    assert settled(client, reference) == ["notSet", "inProgress", "succeeded"]
    assert (organization.clock.now() - before).total_seconds() == 3
    project = client.get("/_apis/projects/atlas", includeCapabilities="true")
    assert (project["description"], project["visibility"], project["state"]) == ("New", "public", "wellFormed")
    assert project["capabilities"]["processTemplate"] == {"templateName": "Agile", "templateTypeId": AGILE}
    assert project["capabilities"]["versioncontrol"]["sourceControlType"] == "Git"
    assert project["defaultTeam"]["name"] == "Atlas Team"
    members = client.get("/_apis/projects/Atlas/teams/Atlas Team/members")["value"]
    assert [row["identity"]["displayName"] for row in members if row.get("isTeamAdmin")] == ["svc-agent"]
    assert len(members) > 1
    assert [row["name"] for row in client.get("/Atlas/_apis/git/repositories")["value"]] == ["Atlas"]


@pytest.mark.parametrize("path", ["/_apis/projects/Atlas", "/Atlas/_apis/git/repositories"])
def test_a_client_that_polls_the_project_comes_to_an_end(client: Any, path: str) -> None:
    client.call("POST", "/_apis/projects", wanted("Atlas"), expect=202)
    seen = [client.send("GET", path).status_code for _ in range(4)]
    assert seen[-1] == 200
    assert seen == sorted(seen, reverse=True)
    client.call("DELETE", "/_apis/projects/Atlas", expect=202)
    assert [client.send("GET", path).status_code for _ in range(4)] == [404] * 4
    assert client.get("/_apis/projects", stateFilter="deleting")["value"] == []


def test_an_operation_ends_by_the_clock(client: Any, organization: Organization) -> None:
    reference = client.call("POST", "/_apis/projects", wanted("Atlas"), expect=202)
    organization.clock.advance(3)
    assert client.get("/_apis/projects/Atlas")["state"] == "wellFormed"
    now = organization.clock.now()
    assert client.get(f"/_apis/operations/{reference['id']}")["status"] == "succeeded"
    assert organization.clock.now() == now


@pytest.mark.parametrize(
    ("body", "status", "key"),
    [
        (wanted("platform"), 409, "ProjectAlreadyExistsException"),
        (wanted(""), 400, "InvalidProjectNameException"),
        (wanted("a/b"), 400, "InvalidProjectNameException"),
        (wanted("_hidden"), 400, "InvalidProjectNameException"),
        ({"name": "Atlas"}, 400, "ArgumentException"),
        (wanted("Atlas", visibility="secret"), 400, "InvalidEnumArgumentException"),
        (wanted("Atlas", capabilities={"versioncontrol": {"sourceControlType": "Tfvc"}}), 400, "ArgumentException"),
    ],
)
def test_refused_projects(client: Any, organization: Organization, body: Any, status: int, key: str) -> None:
    before = len(organization.projects)
    assert client.call("POST", "/_apis/projects", body, expect=status)["typeKey"] == key
    assert len(organization.projects) == before


def test_what_is_not_simulated_says_so(client: Any) -> None:
    body = wanted("Atlas")
    body["capabilities"]["versioncontrol"]["sourceControlType"] = "Tfvc"
    assert "does not simulate" in client.call("POST", "/_apis/projects", body, expect=400)["message"]
    refused = client.call("PATCH", "/_apis/projects/Platform", {"name": "Other"}, expect=400)
    assert "does not simulate" in refused["message"]


def test_update(client: Any, organization: Organization) -> None:
    project = organization.project("Platform")
    assert project is not None
    changes = {"description": "Changed", "visibility": "public"}
    reference = client.call("PATCH", f"/_apis/projects/{project.id}", changes, expect=202)
    assert project.description != "Changed"
    settled(client, reference)
    found = client.get("/_apis/projects/Platform")
    assert (found["description"], found["visibility"]) == ("Changed", "public")


def test_delete_and_create_again(client: Any, organization: Organization) -> None:
    old = organization.project("Platform")
    assert old is not None
    others = [item.id for item in organization.work_items.items.values() if item.project is not old]
    reference = client.call("DELETE", f"/_apis/projects/{old.id}", expect=202)
    client.get("/_apis/projects/Platform", expect=404)
    assert [row["name"] for row in client.get("/_apis/projects", stateFilter="deleting")["value"]] == ["Platform"]
    settled(client, reference)
    assert "Platform" not in [row["name"] for row in client.get("/_apis/projects", stateFilter="all")["value"]]
    assert list(organization.work_items.items) == others
    assert all(pull.repository.project is not old for pull in organization.pull_requests.values())
    assert all(build.definition.project is not old for build in organization.builds.builds.values())
    left = {row["project"]["name"] for row in client.get("/_apis/git/repositories")["value"]}
    assert "Platform" not in left
    assert len(left) > 1
    world = export_world(organization)
    assert export_world(import_world(world)) == world
    settled(client, client.call("POST", "/_apis/projects", wanted("Platform"), expect=202))
    new = client.get("/_apis/projects/Platform")
    assert new["id"] != old.id
    assert client.get("/Platform/_apis/build/definitions")["value"] == []
    assert client.get("/Platform/_apis/wit/classificationnodes/areas", __depth=3).get("children", []) == []


def test_an_unfinished_operation_survives_in_a_world(client: Any, organization: Organization) -> None:
    client.call("POST", "/_apis/projects", wanted("Atlas"), expect=202)
    world = export_world(organization)
    copy = import_world(world)
    assert export_world(copy) == world
    copy.clock.advance(5)
    assert export_world(copy)["projects"]["Atlas"]["state"] == "wellFormed"


def test_properties(client: Any) -> None:
    path, version = "/_apis/projects/Platform/properties", "7.1-preview.1"
    rows = client.get(path, version=version, keys="System.CurrentProcessTemplateId,*SourceControl*")["value"]
    assert [row["name"] for row in rows] == [
        "System.CurrentProcessTemplateId",
        "System.SourceControlCapabilityFlags",
        "System.SourceControlGitEnabled",
        "System.SourceControlGitPermissionsInitialized",
    ]
    client.call("PATCH", path, [{"op": "add", "path": "/Alias", "value": "Keel"}], version=version, expect=204)
    assert client.get(path, version=version, keys="alias")["value"] == [{"name": "Alias", "value": "Keel"}]
    client.call("PATCH", path, [{"op": "remove", "path": "/Alias"}], version=version, expect=204)
    assert client.get(path, version=version, keys="alias")["value"] == []
    system = [{"op": "replace", "path": "/System.Process Template", "value": "Scrum"}]
    client.call("PATCH", path, system, version=version, expect=400)


def test_teams(client: Any, organization: Organization) -> None:
    path = "/_apis/projects/Platform/teams"
    team = client.call("POST", path, {"name": "Night Watch", "description": "On call"}, expect=201)
    assert (team["name"], team["description"], team["projectName"]) == ("Night Watch", "On call", "Platform")
    members = client.get(f"{path}/{team['id']}/members")["value"]
    assert [(row["identity"]["displayName"], row["isTeamAdmin"]) for row in members] == [("svc-agent", True)]
    assert client.call("POST", path, {"name": "night watch"}, expect=409)["typeKey"] == "TeamAlreadyExistsException"
    changed = client.call("PATCH", f"{path}/Night Watch", {"name": "Day Watch"})
    assert (changed["id"], changed["name"], changed["description"]) == (team["id"], "Day Watch", "On call")
    client.call("DELETE", f"{path}/{team['id']}", expect=204)
    client.get(f"{path}/{team['id']}", expect=404)
    default = client.get("/_apis/projects/Platform")["defaultTeam"]["id"]
    client.call("DELETE", f"{path}/{default}", expect=403)


def test_scopes(connect: Any, organization: Organization) -> None:
    organization.add_token("writer", {"vso.project_write"})
    writer = connect("writer")
    for method, path, body in (
        ("POST", "/_apis/projects", wanted("Atlas")),
        ("DELETE", "/_apis/projects/Platform", None),
        ("POST", "/_apis/projects/Platform/teams", {"name": "x"}),
    ):
        assert writer.send(method, path, body).status_code == 401, path
    writer.call("PATCH", "/_apis/projects/Platform", {"description": "x"}, expect=202)
