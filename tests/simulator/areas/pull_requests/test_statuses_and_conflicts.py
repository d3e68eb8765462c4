"""Statuses of checks on pull requests and on their iterations, and the conflicts of a merge."""

import pytest

from azure_devops_simulator import build_organization, export_world, import_world

PULL = "/Platform/_apis/git/repositories/api/pullRequests/1"


@pytest.fixture
def world():
    world = build_organization("contoso").at("2026-11-02 09:00")
    world.add_user("Dana Ortiz")
    files = {"both.txt": "one\n", "edited.txt": "one\n", "deleted.txt": "one\n", "fine.txt": "one\n"}
    api = world.add_project("Platform").add_repository("api", files)
    api.commit(
        "Change",
        {"both.txt": "two\n", "edited.txt": "two\n", "added.txt": "two\n"},
        branch="topic",
        delete=["deleted.txt"],
    )
    api.open_pull_request("Change", source="topic")
    return world


@pytest.fixture
def organization(world):
    world.add_token("full-token")
    world.add_token("checker", scopes=["code_status"])
    return world.organization


def status(name="lint", state="succeeded", **more):
    return {"state": state, "context": {"name": name, "genre": "ci"}, **more}


def test_statuses_are_put_read_and_removed(client, connect, world):
    told = {"description": "ok", "targetUrl": "https://ci.example/1", "properties": {"tries": 2}}
    made = connect("checker").call("POST", f"{PULL}/statuses", status(**told))
    assert (made["id"], made["createdBy"]["displayName"]) == (1, "Dana Ortiz")
    assert made["properties"] == {"tries": {"$type": "System.Int32", "$value": 2}}
    assert client.get(f"{PULL}/statuses/1") == made
    client.call("POST", f"{PULL}/iterations/1/statuses", status("tests", "pending"))
    client.call("POST", f"{PULL}/statuses", status("tests", 3, iterationId=1))
    client.call("POST", f"{PULL}/statuses", status("tests", "failed"))
    rows = client.get(f"{PULL}/statuses")["value"]
    assert [(row["id"], row["state"], row.get("iterationId")) for row in rows] == [
        (1, "succeeded", None),
        (2, "pending", 1),
        (3, "failed", 1),
        (4, "failed", None),
    ]
    of_iteration = client.get(f"{PULL}/iterations/1/statuses")["value"]
    assert [row["id"] for row in of_iteration] == [2, 3]
    exported = export_world(world)
    assert export_world(import_world(exported)) == exported
    client.call("DELETE", f"{PULL}/iterations/1/statuses/2", expect=204)
    client.call(
        "PATCH", f"{PULL}/statuses", [{"op": "remove", "path": "/1"}, {"op": "remove", "path": "/4"}], expect=204
    )
    assert [row["id"] for row in client.get(f"{PULL}/statuses")["value"]] == [3]
    assert client.call("POST", f"{PULL}/statuses", status())["id"] == 5, "numbers are not used again"


def test_a_status_that_cannot_be_is_refused(client):
    for body in ({}, {"state": "succeeded"}, status(state="odd")):
        client.call("POST", f"{PULL}/statuses", body, expect=400)
    client.call("POST", f"{PULL}/statuses", status(iterationId=9), expect=404)
    client.call("POST", f"{PULL}/iterations/9/statuses", status(), expect=404)
    client.call("PATCH", f"{PULL}/statuses", [{"op": "add", "path": "/1", "value": 1}], expect=400)
    client.call("PATCH", f"{PULL}/statuses", [{"op": "remove", "path": "/1"}], expect=404)
    client.call("DELETE", f"{PULL}/statuses/1", expect=404)
    assert client.get(f"{PULL}/statuses")["value"] == []


def test_conflicts_name_the_files_and_what_each_side_did(client, world):
    assert client.get(f"{PULL}/conflicts")["value"] == []
    api = world.project("Platform").repository("api")
    changed = {"both.txt": "three\n", "deleted.txt": "three\n", "added.txt": "three\n"}
    api.commit("Change otherwise", changed, delete=["edited.txt"])
    assert client.get(PULL)["mergeStatus"] == "conflicts"
    rows = client.get(f"{PULL}/conflicts", excludeResolved=True)["value"]
    assert {row["conflictPath"]: row["conflictType"] for row in rows} == {
        "/added.txt": "addAdd",
        "/both.txt": "editEdit",
        "/deleted.txt": "deleteEdit",
        "/edited.txt": "editDelete",
    }
    assert {row["resolutionStatus"] for row in rows} == {"unresolved"}
    assert client.get(f"{PULL}/conflicts/2") == rows[1]
    assert client.get(f"{PULL}/conflicts", __skip=1, __top=2)["value"] == rows[1:3]
    assert client.get(f"{PULL}/conflicts", onlyResolved=True)["value"] == []
    client.get(f"{PULL}/conflicts/9", expect=404)


@pytest.mark.parametrize("path", [f"{PULL}/conflicts", f"{PULL}/conflicts/1"])
def test_nobody_can_resolve_a_conflict_here(client, path):
    answer = client.send("PATCH", path, {})
    assert (answer.status_code, "conflicts" in answer.headers["X-Simulator-Not-Simulated"]) == (404, True)
