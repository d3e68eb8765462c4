"""Annotated tags are made with their reference, as git objects that a clone shows."""

from typing import Any

import pytest

from azure_devops_simulator import Organization, export_world, import_world

GIT = "/Platform/_apis/git/repositories/docs"


@pytest.fixture
def tip(client: Any) -> str:
    return str(client.get(f"{GIT}/refs", filter="heads/main")["value"][0]["objectId"])


def tag(tip: str, **other: Any) -> dict[str, Any]:
    return {"name": "v1.0", "message": "The first\n\nrelease", "taggedObject": {"objectId": tip}, **other}


def test_a_tag_is_made_with_its_reference(client: Any, organization: Organization, tip: str) -> None:
    made = client.call("POST", f"{GIT}/annotatedtags", tag(tip), expect=201)
    assert (made["name"], made["message"]) == ("v1.0", "The first\n\nrelease")
    assert made["taggedObject"] == {"objectId": tip, "objectType": "commit"}
    assert made["taggedBy"]["name"] == "svc-agent"
    assert client.get(f"{GIT}/annotatedtags/{made['objectId']}") == made
    row = client.get(f"{GIT}/refs", filter="tags/v1.0", peelTags=True)["value"][0]
    assert (row["objectId"], row["peeledObjectId"]) == (made["objectId"], tip)
    assert row["creator"]["displayName"] == "svc-agent"
    world = export_world(organization)
    assert export_world(import_world(world)) == world


def test_a_tag_that_cannot_be_made_leaves_no_reference(client: Any, organization: Organization, tip: str) -> None:
    path = f"{GIT}/annotatedtags"
    client.call("POST", path, tag(tip), expect=201)
    before = export_world(organization)
    assert client.call("POST", path, tag(tip), expect=409)["message"].startswith("The reference 'refs/tags/v1.0'")
    client.call("POST", path, tag(tip, name="v1.0/patch"), expect=409)
    client.call("POST", path, tag("1" * 40, name="v2"), expect=404)
    client.call("POST", path, tag("main", name="v2"), expect=404)
    for wrong in ({"name": "a..b"}, {"name": ""}, {"message": " "}, {"taggedObject": {}}):
        client.call("POST", path, tag(tip, **wrong), expect=400)
    tree = organization.repository("Platform", "docs").commit(tip).tree
    refused = client.send("POST", path, tag(tree, name="v2"))
    assert refused.headers["X-Simulator-Not-Simulated"] == "an annotated tag of a tree"
    organization.deny(organization.named("svc-agent"), "GenericContribute")
    assert "CreateTag" in client.call("POST", path, tag(tip, name="v2"), expect=403)["message"]
    organization.denials.clear()
    assert export_world(organization) == before


def test_the_whole_scope_is_needed(connect: Any, organization: Organization, tip: str) -> None:
    organization.add_token("writer", {"vso.code_write"})
    assert connect("writer").send("POST", f"{GIT}/annotatedtags", tag(tip)).status_code == 401
