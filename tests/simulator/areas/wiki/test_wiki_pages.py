"""Wiki pages: reading, creating, editing, deleting and moving them, as files of the repository of the wiki."""

from typing import Any

import pytest

from azure_devops_simulator import Organization, build_organization, export_world, import_world

WIKI = "/Platform/_apis/wiki/wikis/Platform.wiki"
PAGES = f"{WIKI}/pages"
REPOSITORY = "/Platform/_apis/git/repositories/Platform.wiki"


def put(client: Any, path: str, text: str, version: str | None = None, wiki: str = WIKI, **query: str) -> Any:
    headers = {} if version is None else {"If-Match": version}
    given = {"api-version": "7.1", "path": path, **query}
    return client.http.put(f"{wiki}/pages", params=given, json={"content": text}, headers=headers)


def paths(client: Any, wiki: str = WIKI) -> list[str]:
    def walk(page: Any) -> list[str]:
        return [page["path"], *(path for below in page["subPages"] for path in walk(below))]

    return walk(client.get(f"{wiki}/pages", recursionLevel="full"))[1:]


def test_the_wiki_of_a_project_lists_its_pages_in_their_order(client: Any) -> None:
    [wiki] = client.get("/_apis/wiki/wikis")["value"]
    assert (wiki["name"], wiki["type"], wiki["versions"]) == (
        "Platform.wiki",
        "projectWiki",
        [{"version": "wikiMaster"}],
    )
    assert client.get(f"/_apis/wiki/wikis/{wiki['id']}") == wiki
    assert paths(client) == [
        "/Home", "/On-call", "/On-call/Rota runbook", "/On-call/Escalation contacts", "/Label printers",
        "/Deployments", "/Deployments/Carrier sandbox",
    ]  # fmt: skip
    one = client.get(PAGES, path="on-call".capitalize(), recursionLevel="oneLevel")
    assert (one["gitItemPath"], one["isParentPage"], one["content"]) == ("/On%2Dcall.md", True, "")
    assert [below["order"] for below in one["subPages"]] == [0, 1]
    assert client.get(f"{PAGES}/{one['id']}", recursionLevel="oneLevel") == one


def test_the_version_of_a_page_is_the_id_of_its_file(client: Any) -> None:
    answer = client.send("GET", PAGES, path="/On-call", includeContent="true")
    item = client.get(f"{REPOSITORY}/items", path="/On%2Dcall.md", includeContent="true")
    assert answer.headers["etag"] == f'"{item["objectId"]}"'
    assert answer.json()["content"] == item["content"]
    raw = client.http.get(PAGES, params={"path": "/On-call", "api-version": "7.1"}, headers={"Accept": "text/plain"})
    assert (raw.text, raw.headers["etag"]) == (item["content"], answer.headers["etag"])


def test_the_repository_of_a_wiki_is_hidden_and_has_the_history_of_its_pages(client: Any) -> None:
    names = [row["name"] for row in client.get("/Platform/_apis/git/repositories")["value"]]
    shown = [row["name"] for row in client.get("/Platform/_apis/git/repositories", includeHidden="true")["value"]]
    assert "Platform.wiki" not in names
    assert set(shown) == {*names, "Platform.wiki"}
    rows = client.get(f"{REPOSITORY}/commits", **{"searchCriteria.itemPath": "/On%2Dcall/Rota-runbook.md"})["value"]
    assert [row["author"]["name"] for row in rows] == ["Tom Becker", "Dana Ortiz"]


def test_a_page_is_created_once_and_below_pages_that_exist(client: Any) -> None:
    made = put(client, "Home/Who is who?", "# Us\n")
    assert (made.status_code, made.json()["path"], made.json()["gitItemPath"]) == (
        201, "/Home/Who is who?", "/Home/Who-is-who%3F.md",
    )  # fmt: skip
    again = put(client, "/Home/Who is who?", "# We\n")
    assert (again.status_code, again.json()["typeKey"]) == (500, "WikiPageAlreadyExistsException")
    orphan = put(client, "/Nowhere/Page", "x")
    assert (orphan.status_code, orphan.json()["typeKey"]) == (404, "WikiAncestorPageNotFoundException")
    assert paths(client)[:2] == ["/Home", "/Home/Who is who?"]
    assert client.get(PAGES, path="/Home/Who is who?", includeContent="true")["content"] == "# Us\n"


def test_an_edit_needs_the_present_version(client: Any) -> None:
    version = client.send("GET", PAGES, path="/Label printers").headers["etag"]
    edited = put(client, "/Label printers", "New\n", version)
    assert (edited.status_code, edited.json()["content"]) == (200, "New\n")
    stale = put(client, "/Label printers", "Newer\n", version)
    assert (stale.status_code, stale.json()["typeKey"]) == (412, "WikiPageHasConflictsException")
    assert put(client, "/Label printers", "Newest\n", edited.headers["etag"].strip('"')).status_code == 200
    assert put(client, "/Nowhere", "x", version).json()["typeKey"] == "WikiPageNotFoundException"
    assert put(client, "/Label printers", "x", "W/1").status_code == 400
    assert put(client, "/Label printers", "x", "").status_code == 500, "an empty version asks for a new page"
    body, query = {"content": "x"}, {"api-version": "7.1"}
    number = client.get(PAGES, path="/Label printers")["id"]
    assert client.http.patch(f"{PAGES}/{number}", params=query, json=body).status_code == 400


@pytest.mark.parametrize("path", ["/a/.b", "/a.", "/a#b", "/a//b", "/ a", "/" + "a" * 240])
def test_a_path_that_no_page_can_have_is_refused(client: Any, path: str) -> None:
    assert put(client, path, "x").status_code == 400


def test_a_move_takes_the_pages_below_along_and_keeps_their_ids(client: Any) -> None:
    number = client.get(PAGES, path="/On-call/Rota runbook")["id"]
    body = {"path": "/On-call", "newPath": "/Label printers/Night-shift", "newOrder": 0}
    moved = client.call("POST", f"{WIKI}/pagemoves", body, expect=201)
    assert (moved["newPath"], moved["page"]["gitItemPath"]) == (
        "/Label printers/Night-shift", "/Label-printers/Night%2Dshift.md",
    )  # fmt: skip
    assert client.get(f"{PAGES}/{number}")["path"] == "/Label printers/Night-shift/Rota runbook"
    assert client.get(PAGES, path="/On-call", expect=404)["typeKey"] == "WikiPageNotFoundException"
    client.call("POST", f"{WIKI}/pagemoves", {"path": "/Deployments", "newPath": "/Deployments", "newOrder": 0}, 201)
    assert paths(client)[0] == "/Deployments"


@pytest.mark.parametrize(
    ("path", "new", "status", "key"),
    [
        ("/Nowhere", "/New", 404, "WikiPageNotFoundException"),
        ("/Home", "/Deployments", 500, "WikiPageAlreadyExistsException"),
        ("/Home", "/Nowhere/Home", 404, "WikiAncestorPageNotFoundException"),
        ("/Home", "/Home/Below", 400, "ArgumentException"),
    ],
)
def test_a_move_that_cannot_be_is_refused(client: Any, path: str, new: str, status: int, key: str) -> None:
    answer = client.send("POST", f"{WIKI}/pagemoves", {"path": path, "newPath": new})
    assert (answer.status_code, answer.json()["typeKey"]) == (status, key)


def test_a_deletion_takes_the_pages_below_away(client: Any) -> None:
    deleted = client.send("DELETE", PAGES, path="/On-call")
    assert (deleted.status_code, deleted.headers["etag"], deleted.json()["path"]) == (200, '""', "/On-call")
    assert not [path for path in paths(client) if path.startswith("/On-call")]


def test_pages_come_with_their_ids_in_parts(client: Any) -> None:
    first = client.send("POST", f"{WIKI}/pagesbatch", {"top": 5})
    token = first.headers["x-ms-continuationtoken"]
    rest = client.send("POST", f"{WIKI}/pagesbatch", {"top": 5, "continuationToken": token})
    rows = [*first.json()["value"], *rest.json()["value"]]
    assert [row["path"] for row in rows] == paths(client)
    assert len({row["id"] for row in rows}) == len(rows)
    assert "x-ms-continuationtoken" not in rest.headers
    client.call("POST", f"{WIKI}/pagesbatch", {"top": 101}, expect=400)


def test_a_code_wiki_shows_a_folder_and_is_written_with_its_branch(client: Any, organization: Organization) -> None:
    world = build_organization(organization).project("Platform")
    world.add_wiki("handbook", repository=world.repository("docs"), folder="/docs")
    wiki = "/Platform/_apis/wiki/wikis/handbook"
    assert "/runbooks/on call" in paths(client, wiki)
    folder = client.get(f"{wiki}/pages", path="/runbooks")
    assert (folder["isNonConformant"], folder["gitItemPath"]) == (True, "/docs/runbooks")
    refused = put(client, "/New", "x", wiki=wiki)
    assert (refused.status_code, refused.json()["typeKey"]) == (400, "InvalidArgumentValueException")
    branch = {"versionDescriptor.version": "main", "versionDescriptor.versionType": "branch"}
    assert put(client, "/New", "x", wiki=wiki, **branch).status_code in {201, 403}
    unknown = put(client, "/New", "x", wiki=wiki, **{"versionDescriptor.version": "other"})
    assert unknown.json()["typeKey"] == "InvalidArgumentValueException"


def test_a_read_token_reads_and_does_not_write(connect: Any, organization: Organization) -> None:
    organization.add_token("wiki", {"vso.wiki"})
    client = connect("wiki")
    assert client.send("GET", PAGES).status_code == 200
    assert put(client, "/New", "x").status_code == 401
    organization.deny(organization.named("svc-agent"), "GenericContribute", organization.project("Platform"))
    organization.add_token("writer", {"vso.wiki_write"})
    assert put(connect("writer"), "/New", "x").json()["typeKey"] == "GitNeedsPermissionException"


def test_pages_of_pushes_get_ids_and_a_world_keeps_them(client: Any, organization: Organization) -> None:
    world = build_organization("contoso").at("2026-11-02 09:00")
    world.add_user("Dana Ortiz")
    wiki = world.add_project("Platform").add_wiki().add_page("/A").add_page("/A/B c", "text")
    wiki.edit_page("/A", "new").move_page("/A/B c", "/B-c", order=0)
    wiki.repository.commit("Add a page", {"/Other.md": "x"}, branch="wikiMaster")
    copied = import_world(export_world(world))
    assert export_world(copied) == export_world(world)
    ids = build_organization(copied).project("Platform").wiki().wiki.page_ids
    assert ids == {"/A": 1, "/B-c": 2, "/Other": 3}
    assert (wiki.text("/b-C"), [*wiki.delete_page("/A").wiki.page_ids]) == ("text", ["/B-c", "/Other"])
    before = export_world(organization)
    client.get(PAGES, recursionLevel="full")
    assert export_world(organization) == before


def test_the_repository_of_a_wiki_cannot_be_deleted(client: Any) -> None:
    number = client.get(REPOSITORY)["id"]
    assert (
        client.send("DELETE", f"/Platform/_apis/git/repositories/{number}").json()["typeKey"] == "NotSimulatedException"
    )
