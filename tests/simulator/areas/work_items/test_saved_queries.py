"""Saved queries: their tree, their text, who sees them, and running them."""

from typing import Any

import pytest

from azure_devops_simulator import Organization, export_world, import_world, seed_organization
from azure_devops_simulator.areas.work_items.wiql.macros import Context
from azure_devops_simulator.areas.work_items.wiql.run import run_query

QUERIES = "/Platform/_apis/wit/queries"
SHARED, OWN = f"{QUERIES}/Shared Queries", f"{QUERIES}/My Queries"
BUGS = "SELECT [System.Id], [System.Title] FROM WorkItems WHERE [System.WorkItemType] = 'Bug'"
NEW_BUGS = f"{BUGS} AND [System.State] = 'New' ORDER BY [System.Id] DESC"


def make(client: Any, folder: str, name: str, wiql: str | None = BUGS, expect: int = 201) -> Any:
    body = {"name": name, "isFolder": True} if wiql is None else {"name": name, "wiql": wiql}
    return client.call("POST", folder, body, expect=expect)


@pytest.fixture(autouse=True)
def _no_other_queries(organization: Organization) -> None:
    organization.work_items.queries.items.clear()


@pytest.fixture
def folder(client: Any) -> Any:
    return make(client, SHARED, "Security", None)


def names(item: Any) -> list[str]:
    return [child["name"] for child in item.get("children", [])]


def test_a_query_is_found_by_its_id_and_its_path(client: Any, folder: Any) -> None:
    made = make(client, f"{QUERIES}/{folder['id']}", "All bugs")
    assert (made["path"], made["isPublic"], made["wiql"]) == ("Shared Queries/Security/All bugs", True, BUGS)
    assert (made["queryType"], [column["name"] for column in made["columns"]]) == ("flat", ["ID", "Title"])
    plain = client.get(f"{QUERIES}/{made['id']}")
    assert plain == client.get(f"{SHARED}/security/ALL BUGS")
    assert set(made) - set(plain) == {"wiql", "columns", "queryType"}
    assert plain["_links"]["parent"]["href"].endswith(f"/queries/{folder['id']}")
    for missing in ("Shared Queries/Nothing", "11111111-2222-3333-4444-555555555555"):
        error = client.get(f"{QUERIES}/{missing}", expect=404)
        assert error["message"].startswith(f"TF401243: The query {missing} does not exist")


def test_the_tree_is_shown_as_deep_as_asked(client: Any, folder: Any) -> None:
    make(client, f"{SHARED}/Security", "All bugs")
    make(client, SHARED, "A first one")
    own, shared = client.get(QUERIES)["value"]
    assert (own["name"], own["isPublic"], own["hasChildren"]) == ("My Queries", False, False)
    assert (shared["hasChildren"], names(shared)) == (True, [])
    [_, shared] = client.get(QUERIES, __depth=1)["value"]
    assert names(shared) == ["A first one", "Security"]
    assert names(shared["children"][1]) == []
    [_, shared] = client.get(QUERIES, __depth=2)["value"]
    assert names(shared["children"][1]) == ["All bugs"]
    assert names(client.get(SHARED, __depth=1)) == ["A first one", "Security"]
    for depth in (-1, 3):
        client.get(QUERIES, __depth=depth, expect=400)


def test_what_is_shown_of_a_text(client: Any, folder: Any) -> None:
    made = make(client, SHARED, "New bugs", NEW_BUGS)
    path = f"{QUERIES}/{made['id']}"

    def shown(expand: object) -> Any:
        return client.get(path, __expand=expand)

    assert [{"wiql", "clauses", "createdBy"} & set(shown(name)) for name in ("none", "wiql", "clauses", "minimal")] == [
        {"createdBy"},
        {"createdBy", "wiql"},
        {"createdBy", "wiql", "clauses"},
        set(),
    ]
    assert [shown(number) for number in range(5)] == [
        shown(name) for name in ("none", "wiql", "clauses", "all", "minimal")
    ]
    whole = shown("all")
    first, second = whole["clauses"]["clauses"]
    assert whole["clauses"]["logicalOperator"] == "and"
    assert (first["field"]["referenceName"], first["value"]) == ("System.WorkItemType", "Bug")
    assert second["operator"] == {"referenceName": "SupportedOperations.Equals", "name": "="}
    assert [column["descending"] for column in whole["sortColumns"]] == [True]


def test_clauses_of_each_kind(client: Any) -> None:
    wiql = (
        "SELECT [System.Id] FROM WorkItems WHERE "
        "([System.Tags] NOT CONTAINS 'x' OR [System.Id] IN (1, 2) OR EVER [System.State] = 'New') "
        "AND [System.Description] IS NOT EMPTY AND [System.CreatedBy] <> [System.AssignedTo] AND [System.Id] > 3"
    )
    made = make(client, SHARED, "Many", wiql)
    top = client.get(f"{QUERIES}/{made['id']}", __expand="clauses")["clauses"]
    either, *rest = top["clauses"]
    assert either["logicalOperator"] == "or"
    kinds = [one["operator"]["referenceName"].removeprefix("SupportedOperations.") for one in either["clauses"] + rest]
    assert kinds == ["NotContains", "In", "Ever", "IsNotEmpty", "NotEquals", "GreaterThan"]
    assert [one.get("value") for one in either["clauses"] + rest] == ["x", "1, 2", "New", None, None, "3"]
    assert rest[1]["fieldValue"]["referenceName"] == "System.AssignedTo"
    links = "SELECT [System.Id] FROM WorkItemLinks WHERE [Source].[System.Id] = 1 MODE (Recursive)"
    tree = make(client, SHARED, "Tree", links)
    assert tree["queryType"] == "tree"
    for wiql in (links, f"{BUGS} AND NOT ([System.Id] = 1 AND [System.Id] = 2)"):
        client.call("PATCH", f"{QUERIES}/{made['id']}", {"wiql": wiql})
        refused = client.get(f"{QUERIES}/{made['id']}", __expand="clauses", expect=400)
        assert refused["typeKey"] == "NotSimulatedException"


def test_running_one(client: Any) -> None:
    made = make(client, SHARED, "New bugs", NEW_BUGS)
    path = f"/Platform/_apis/wit/wiql/{made['id']}"
    direct = client.call("POST", "/Platform/_apis/wit/wiql", {"query": NEW_BUGS})
    answer = client.send("GET", path)
    assert answer.json()["workItems"] == direct["workItems"] != []
    count = len(direct["workItems"])
    assert answer.headers["X-Total-Count"] == str(count)
    assert client.send("HEAD", path).headers["X-Total-Count"] == str(count)
    assert len(client.get(f"/Platform/Platform Team/_apis/wit/wiql/{made['id']}", __top=1)["workItems"]) == 1
    client.get(f"/Platform/Nobody/_apis/wit/wiql/{made['id']}", expect=404)
    client.get(f"/Data/_apis/wit/wiql/{made['id']}", expect=404)
    folder = make(client, SHARED, "Folder", None)["id"]
    client.get(f"/Platform/_apis/wit/wiql/{folder}", expect=404)


def test_a_text_that_is_no_query_is_not_saved(client: Any) -> None:
    for wiql in ("SELECT", "SELECT [No.Such] FROM WorkItems", ""):
        make(client, SHARED, "Wrong", wiql, expect=400)
        client.call("POST", SHARED, {"name": "Wrong", "wiql": wiql}, expect=400, validateWiqlOnly="true")
    checked = client.call("POST", SHARED, {"name": "Right", "wiql": BUGS}, expect=201, validateWiqlOnly="true")
    assert checked["wiql"] == BUGS
    assert names(client.get(SHARED, __depth=1)) == []
    for name in ("", "a/b", "a\\b"):
        make(client, SHARED, name, expect=400)
    made = make(client, SHARED, "Right")
    make(client, SHARED, "right", expect=409)
    make(client, f"{SHARED}/Right", "Below a query", expect=400)
    client.call("PATCH", f"{QUERIES}/{made['id']}", {"wiql": "SELECT"}, expect=400)
    assert client.get(f"{QUERIES}/{made['id']}", __expand="wiql")["wiql"] == BUGS


def test_change_move_delete_and_take_back(client: Any, folder: Any) -> None:
    made = make(client, f"{SHARED}/Security", "Bugs")
    path = f"{QUERIES}/{made['id']}"
    changed = client.call("PATCH", path, {"name": "New bugs", "wiql": NEW_BUGS})
    assert (changed["id"], changed["path"], changed["wiql"]) == (
        made["id"],
        "Shared Queries/Security/New bugs",
        NEW_BUGS,
    )
    assert changed["lastModifiedDate"] > made["lastModifiedDate"]
    moved = client.call("POST", OWN, {"id": folder["id"]})
    assert moved["path"] == "My Queries/Security"
    inside = client.get(f"{OWN}/Security/New bugs")
    assert (inside["id"], inside["isPublic"]) == (made["id"], False)
    client.call("POST", f"{QUERIES}/{folder['id']}", {"id": folder["id"]}, expect=400)
    client.call("DELETE", f"{OWN}/Security", expect=204)
    client.get(path, expect=404)
    assert client.get(path, __includeDeleted="true")["isDeleted"]
    assert names(client.get(OWN, __depth=1, __includeDeleted="true")) == ["Security"]
    assert names(client.get(OWN, __depth=1)) == []
    client.call("PATCH", path, {"name": "Still there"}, expect=404)
    assert "isDeleted" not in client.call("PATCH", f"{QUERIES}/{folder['id']}", {"isDeleted": False})
    client.get(path, expect=404)
    client.call("PATCH", path, {"isDeleted": False})
    assert client.get(path)["name"] == "New bugs"
    client.call("DELETE", SHARED, expect=400)


def test_the_own_queries_of_another_person_are_not_there(client: Any, connect: Any, organization: Organization) -> None:
    own = make(client, OWN, "Mine")
    shared = make(client, SHARED, "Ours")
    organization.add_token("other", user=organization.named("Mina Sato"))
    organization.add_token("reader", {"vso.work"})
    other = connect("other")
    assert other.get(f"{QUERIES}/{shared['id']}")["name"] == "Ours"
    other.get(f"{QUERIES}/{own['id']}", expect=404)
    other.get(f"/Platform/_apis/wit/wiql/{own['id']}", expect=404)
    assert names(other.get(OWN, __depth=1)) == []
    assert connect("reader").send("POST", SHARED, {"name": "x", "wiql": BUGS}).status_code == 401
    assert connect("reader").get(f"{QUERIES}/{shared['id']}")["name"] == "Ours"


def test_several_by_their_ids(client: Any) -> None:
    one, two = (make(client, SHARED, name)["id"] for name in ("One", "Two"))
    missing = "11111111-2222-3333-4444-555555555555"

    def batch(expect: int = 200, **body: Any) -> Any:
        return client.call("POST", "/Platform/_apis/wit/queriesbatch", body, expect=expect)

    assert [item["name"] for item in batch(ids=[two, one])["value"]] == ["Two", "One"]
    assert "wiql" in batch(ids=[one], **{"$expand": 1})["value"][0]
    batch(ids=[one, missing], expect=404)
    for policy in ("omit", 2):
        assert [item["name"] for item in batch(ids=[one, missing], errorPolicy=policy)["value"]] == ["One"]
    batch(ids=[], expect=400)


def test_a_world_keeps_them_and_a_deleted_project_does_not(
    client: Any, organization: Organization, folder: Any
) -> None:
    make(client, f"{SHARED}/Security", "Bugs")
    make(client, OWN, "Mine")
    world = export_world(organization)
    assert export_world(import_world(world)) == world
    older = {name: value for name, value in world.items() if name != "queries"}
    assert import_world(older).work_items.queries.items == {}


def test_the_queries_of_a_deleted_project_are_gone(client: Any, organization: Organization) -> None:
    make(client, SHARED, "Bugs")
    kept = make(client, SHARED.replace("Platform", "Data"), "Kept")["id"]
    project = organization.project("Platform")
    assert project is not None
    organization.remove_project(project)
    assert list(organization.work_items.queries.items) == [kept]


def test_the_queries_of_the_seed_can_be_run() -> None:
    seeded = seed_organization()
    assert len(seeded.work_items.queries.items) == 5
    context = Context(seeded, seeded.named("Priya Raman"), seeded.project("Platform"))
    for item in seeded.work_items.queries.items.values():
        if item.wiql is not None:
            found = run_query(item.wiql, context, None)
            assert found.ids or found.links, item.name
