"""Areas and iterations that are renamed, moved and deleted, and the work items in them."""

from typing import Any

import pytest

from azure_devops_simulator import Organization, export_world, import_world

NODES = "/Platform/_apis/wit/classificationnodes"
AREA = "System.AreaPath"
UNDER = "SELECT [System.Id] FROM WorkItems WHERE [System.AreaPath] UNDER '{}'"


def under(client: Any, path: str) -> list[int]:
    query = {"query": UNDER.format(path)}
    return [row["id"] for row in client.call("POST", "/Platform/_apis/wit/wiql", query)["workItems"]]


def area_of(client: Any, number: int, **query: Any) -> str:
    path: str = client.get(f"/_apis/wit/workitems/{number}", fields=AREA, **query)["fields"][AREA]
    return path


def test_items_follow_an_area_that_is_renamed(client: Any) -> None:
    before, ids = client.get(f"{NODES}/areas/Operations"), under(client, "Platform\\Operations")
    assert ids
    renamed = client.call("PATCH", f"{NODES}/areas/operations", {"name": "Night Shift"})
    assert (renamed["id"], renamed["identifier"]) == (before["id"], before["identifier"])
    assert renamed["path"] == "\\Platform\\Area\\Night Shift"
    assert under(client, "Platform\\Night Shift") == ids
    assert area_of(client, ids[0]) == "Platform\\Night Shift"
    history = client.get(f"/_apis/wit/workitems/{ids[0]}/revisions")["value"]
    assert {revision["fields"][AREA] for revision in history} == {"Platform\\Night Shift"}
    client.get(f"{NODES}/areas/Operations", expect=404)
    taken = client.call("PATCH", f"{NODES}/areas/Night Shift", {"name": "team harbor"}, expect=400)
    assert "exists already" in taken["message"]
    same = client.call("PATCH", f"{NODES}/areas/Night Shift", {"name": "night shift"})
    assert same["name"] == "night shift"


def test_an_area_moves_with_all_below_it(client: Any, organization: Organization) -> None:
    ids = under(client, "Platform\\Operations")
    node = client.get(f"{NODES}/areas/Operations")["id"]
    inner = client.call("POST", f"{NODES}/areas/Operations", {"name": "Inner"}, expect=201)
    moved = client.call("POST", f"{NODES}/areas/Team Harbor", {"id": node})
    assert (moved["id"], moved["path"]) == (node, "\\Platform\\Area\\Team Harbor\\Operations")
    assert client.get(f"{NODES}/areas/Team Harbor/Operations/Inner")["id"] == inner["id"]
    assert area_of(client, ids[0]) == "Platform\\Team Harbor\\Operations"
    assert set(ids) < set(under(client, "Platform\\Team Harbor"))
    for path, number in (("Team Harbor/Operations/Inner", node), ("Team Harbor", 999_999)):
        refused = client.send("POST", f"{NODES}/areas/{path}", {"id": number})
        assert refused.status_code in {400, 404}, path
    sprint = client.get(f"{NODES}/iterations/Sprint 42")["id"]
    client.call("POST", f"{NODES}/areas/Team Harbor", {"id": sprint}, expect=404)
    world = export_world(organization)
    assert export_world(import_world(world)) == world


def test_the_items_of_a_deleted_area_go_elsewhere(client: Any) -> None:
    ids = under(client, "Platform\\Operations")
    revision = client.get(f"/_apis/wit/workitems/{ids[0]}")["rev"]
    inner = client.call("POST", f"{NODES}/areas/Operations", {"name": "Inner"}, expect=201)["id"]
    target = client.get(f"{NODES}/areas/Team Harbor")["id"]
    for wrong in (None, inner, 999_999, client.get(f"{NODES}/iterations/Sprint 42")["id"]):
        query = {} if wrong is None else {"__reclassifyId": wrong}
        client.call("DELETE", f"{NODES}/areas/Operations", expect=400, **query)
    assert client.call("DELETE", f"{NODES}/areas/Operations", expect=204, __reclassifyId=target) is None
    client.get(f"{NODES}/areas/Operations/Inner", expect=404)
    assert set(ids) < set(under(client, "Platform\\Team Harbor"))
    item = client.get(f"/_apis/wit/workitems/{ids[0]}")
    assert (item["rev"], item["fields"][AREA]) == (revision + 1, "Platform\\Team Harbor")
    empty = client.call("POST", f"{NODES}/iterations", {"name": "Unused"}, expect=201)["name"]
    client.call("DELETE", f"{NODES}/iterations/{empty}", expect=204)
    client.call("DELETE", f"{NODES}/iterations/{empty}", expect=404)


def test_posting_a_node_again_sets_its_dates(client: Any) -> None:
    dates = {"startDate": "2027-01-04T00:00:00Z", "finishDate": "Fri, 15 Jan 2027 00:00:00 GMT"}
    made = client.call("POST", f"{NODES}/iterations", {"name": "Later"}, expect=201)
    again = client.call("POST", f"{NODES}/iterations", {"name": "Later", "attributes": dates})
    assert again["id"] == made["id"]
    assert again["attributes"] == {"startDate": "2027-01-04T00:00:00Z", "finishDate": "2027-01-15T00:00:00Z"}


def test_nodes_by_id_are_all_there_unless_the_policy_is_to_omit(client: Any) -> None:
    node = client.get(f"{NODES}/areas/Operations")["id"]
    client.get(NODES, ids=f"{node},999999", expect=404)
    client.get(NODES, ids=f"{node},999999", errorPolicy="fail", expect=404)
    for policy in ("omit", "2"):
        assert [one["id"] for one in client.get(NODES, ids=f"{node},999999", errorPolicy=policy)["value"]] == [node]


@pytest.mark.parametrize(("number", "name", "structure"), [(0, "areas", "area"), (1, "iterations", "iteration")])
def test_groups_have_numbers(client: Any, number: int, name: str, structure: str) -> None:
    by_number = client.get(f"{NODES}/{number}", __depth=1)
    assert by_number == client.get(f"{NODES}/{name}", __depth=1)
    assert by_number["structureType"] == structure
    assert by_number["children"]
    assert "children" not in client.get(f"{NODES}/{number}", __depth=0)
