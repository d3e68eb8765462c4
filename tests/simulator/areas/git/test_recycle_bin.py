"""Deleted repositories are in a recycle bin, from which they are restored or destroyed."""

from typing import Any

from azure_devops_simulator import Organization, export_world, import_world

REPOSITORIES, BIN = "/Platform/_apis/git/repositories", "/Platform/_apis/git/recycleBin/repositories"


def test_delete_and_restore(client: Any, organization: Organization) -> None:
    repository = organization.repository("Platform", "platform-api")
    path = f"{REPOSITORIES}/{repository.id}"
    pull_requests = client.get("/Platform/_apis/git/pullrequests", **{"searchCriteria.status": "all"})["value"]
    number = next(row["pullRequestId"] for row in pull_requests if row["repository"]["name"] == "platform-api")
    assert client.call("DELETE", f"{REPOSITORIES}/platform-api", expect=400)["typeKey"] == "ArgumentException"
    client.call("DELETE", path, expect=204)
    assert client.get(path, expect=404)["typeKey"] == "GitRepositoryNotFoundException"
    client.get(f"/_apis/git/pullrequests/{number}", expect=404)
    left = client.get("/Platform/_apis/git/pullrequests", **{"searchCriteria.status": "all"})["value"]
    assert {row["repository"]["name"] for row in left}.isdisjoint({"platform-api"})
    assert client.call("POST", "/Platform/_apis/pipelines/1/runs", {}, expect=400)
    for where in (BIN, "/Platform/_apis/git/deletedrepositories"):
        rows = client.get(where)["value"]
        assert [(row["id"], row["name"], row["deletedBy"]["displayName"]) for row in rows] == [
            (repository.id, "platform-api", "svc-agent")
        ]
    world = export_world(organization)
    assert export_world(import_world(world)) == world
    new = client.call("POST", REPOSITORIES, {"name": "platform-api"}, expect=201)
    assert new["id"] != repository.id
    taken = client.call("PATCH", f"{BIN}/{repository.id}", {"deleted": False}, expect=409)
    assert taken["typeKey"] == "GitRepositoryNameAlreadyExistsException"
    client.call("PATCH", f"{REPOSITORIES}/{new['id']}", {"name": "platform-two"})
    client.call("PATCH", f"{BIN}/{repository.id}", {"deleted": True}, expect=400)
    assert client.call("PATCH", f"{BIN}/{repository.id}", {"deleted": False})["name"] == "platform-api"
    assert client.get(f"/_apis/git/pullrequests/{number}")["repository"]["id"] == repository.id
    assert client.get(BIN)["value"] == []


def test_destroy(client: Any, organization: Organization) -> None:
    repository = organization.repository("Platform", "platform-api")
    client.call("DELETE", f"{BIN}/{repository.id}", expect=404)
    client.call("DELETE", f"{REPOSITORIES}/{repository.id}", expect=204)
    client.call("DELETE", f"{BIN}/{repository.id}", expect=204)
    client.call("PATCH", f"{BIN}/{repository.id}", {"deleted": False}, expect=404)
    assert all(pull.repository is not repository for pull in organization.pull_requests.values())
    assert all(build.definition.repository is not repository for build in organization.builds.builds.values())
    world = export_world(organization)
    assert export_world(import_world(world)) == world


def test_scope(connect: Any, organization: Organization) -> None:
    organization.add_token("writer", {"vso.code_write"})
    repository = organization.repository("Platform", "platform-api")
    assert connect("writer").send("DELETE", f"{REPOSITORIES}/{repository.id}").status_code == 401
