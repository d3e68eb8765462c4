"""Work items are created and changed with links, which the approver sees by name and a lost answer does not double."""

import json

import httpx
import pytest
from tool_calls import call, connected, refusal

from azure_devops_simulator import Fault
from langchain_azure_devops import TOOLS
from langchain_azure_devops.errors import InvalidRequest, NotFound, WriteBlocked
from langchain_azure_devops.safety.allowed_targets import allow_targets, find_named_targets


@pytest.fixture
def links(platform_client):
    commit = call(platform_client, "list_branches", repository="platform-api", contains="main").items[0].commit
    return [
        "build:35", "pull_request:13", "work_item:4", f"commit:platform-api@{commit}", "https://tidewater.example/doc",
    ]  # fmt: skip


def test_a_new_item_has_each_kind_of_link_and_reads_them_back(platform_client, links):
    made = call(platform_client, "create_work_item", type="Task", title="Linked", parent=8, links=links[:4])
    found = call(platform_client, "get_work_item", ids=[made.id])
    kinds = {(link.kind, link.target) for link in found.links}
    assert {("build", "35"), ("pull request", "13"), ("related", "4"), ("parent", "8")} <= kinds
    assert ("fixed in commit", links[3].split("@")[1]) in kinds


def test_a_change_adds_links_and_keeps_those_that_are_there(platform_client, links):
    made = call(platform_client, "create_work_item", type="Task", title="Linked", links=links[:1])
    saved = call(platform_client, "update_work_item", id=made.id, revision=1, links=links[1:2])
    assert saved.revision == 2
    found = call(platform_client, "get_work_item", ids=[made.id])
    assert {(link.kind, link.target) for link in found.links} == {("build", "35"), ("pull request", "13")}


def test_what_is_not_there_or_has_no_such_form_is_refused_before_anything_is_written(platform_client):
    before = call(platform_client, "query_work_items", limit=1).total
    refusal(platform_client, "create_work_item", NotFound, type="Task", title="x", links=["pull_request:9999"])
    message = refusal(platform_client, "create_work_item", InvalidRequest, type="Task", title="x", links=["PR 13"])
    assert "pull_request:13" in message
    assert call(platform_client, "query_work_items", limit=1).total == before


async def test_the_approver_sees_what_each_link_leads_to(platform_client):
    tool = TOOLS["create_work_item"]
    arguments = tool.validate({"type": "Task", "title": "x", "links": ["pull_request:13", "build:35"]})
    request = tool.request(platform_client, arguments)
    assert "links" in request.targets
    current = await platform_client.run(tool.current(platform_client, request.arguments))
    assert current["links_1"] == "pull_request:13: Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings"
    assert current["links_2"].startswith("build:35: build ")
    assert current["links_2"].endswith(" of platform-api-ci")


@pytest.mark.parametrize("tool", ["create_work_item", "update_work_item"])
def test_a_lost_answer_is_settled_by_the_links_too(platform_client, organization, tool):
    given = {"type": "Task", "title": "Lost", "links": ["build:35", "work_item:4"]}
    if tool == "update_work_item":
        made = call(platform_client, "create_work_item", type="Task", title="Lost")
        given = {"id": made.id, "revision": 1, "links": ["build:35"]}
    organization.faults.add(
        Fault(
            "reset", method="POST" if tool.startswith("create") else "PATCH", path="/workitems/", when="after", times=1
        )
    )
    saved = call(platform_client, tool, **given)
    found = call(platform_client, "get_work_item", ids=[saved.id])
    assert ("build", "35") in {(link.kind, link.target) for link in found.links}
    rows = call(platform_client, "query_work_items", title="Lost").items
    assert len(rows) == 1


def link_everything(server, tls, organization, number: int, *more: dict) -> None:
    """Link a work item to a branch, to a web page and to what else is given, as the web interface does."""
    platform = organization.project("Platform")
    repository = platform.repository("platform-api")
    branch = f"vstfs:///Git/Ref/{platform.id}%2F{repository.id}%2FGBmain"
    relations = [
        {"rel": "ArtifactLink", "url": branch, "attributes": {"name": "Branch"}},
        {"rel": "Hyperlink", "url": "https://tidewater.example/doc"},
        *more,
    ]
    patch = [{"op": "add", "path": "/relations/-", "value": relation} for relation in relations]
    with httpx.Client(base_url=server.base_url, auth=("", "full-token"), verify=tls) as http:
        answer = http.patch(
            f"/_apis/wit/workitems/{number}",
            params={"api-version": "7.1"},
            headers={"Content-Type": "application/json-patch+json"},
            content=json.dumps(patch),
        )
        assert answer.status_code == 200, answer.text


def test_links_have_the_names_and_the_pages_of_what_they_lead_to(platform_client, links, server, tls, organization):
    made = call(platform_client, "create_work_item", type="Task", title="Linked", parent=8, links=links[:4])
    link_everything(server, tls, organization, made.id)
    found = call(platform_client, "get_work_item", ids=[made.id])
    base, commit = server.base_url, links[3].split("@")[1]
    assert {link.kind: (link.target, link.repository) for link in found.links} == {
        "build": ("35", None),
        "pull request": ("13", "platform-api"),
        "fixed in commit": (commit, "platform-api"),
        "branch": ("main", "platform-api"),
        "related": ("4", None),
        "parent": ("8", None),
        "hyperlink": ("https://tidewater.example/doc", None),
    }
    titles = {link.kind: link.title for link in found.links}
    assert titles["build"].endswith(" of platform-api-ci")
    assert titles["pull request"] == "Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings"
    assert titles["parent"] == "User Story: As a planner I want to page through search results (Active)"
    assert titles["fixed in commit"]
    assert {link.kind: link.url for link in found.links if link.url} == {
        "build": f"{base}/Platform/_build/results?buildId=35",
        "pull request": f"{base}/Platform/_git/platform-api/pullrequest/13",
        "fixed in commit": f"{base}/Platform/_git/platform-api/commit/{commit}",
        "branch": f"{base}/Platform/_git/platform-api?version=GBmain",
        "related": f"{base}/_workitems/edit/4",
        "parent": f"{base}/_workitems/edit/8",
    }
    assert found.notes == []


def test_what_is_gone_or_hidden_keeps_its_id_and_a_note_names_it(platform_client, links, server, tls, organization):
    made = call(platform_client, "create_work_item", type="Task", title="Linked", links=links[:3])
    gone = {"rel": "ArtifactLink", "url": "vstfs:///Build/Build/99999", "attributes": {"name": "Build"}}
    link_everything(server, tls, organization, made.id, gone)
    found = call(platform_client, "get_work_item", ids=[made.id])
    lost = next(link for link in found.links if link.target == "99999")
    assert (lost.title, lost.url) == (None, None)
    assert found.notes == ["The names of these links could not be read: build 99999 (not_found)."]
    organization.add_token("work-token", ("vso.work",))
    with connected(server.base_url, "work-token") as narrow:
        hidden = call(narrow, "get_work_item", ids=[made.id])
    assert [(link.kind, link.target) for link in hidden.links] == [(link.kind, link.target) for link in found.links]
    assert next(link.title for link in hidden.links if link.kind == "related")
    assert "pull request 13 (denied)" in hidden.notes[0]
    assert next(link.url for link in hidden.links if link.kind == "pull request").endswith("/pullrequest/13")


def test_names_cost_one_request_for_all_work_items_and_one_for_each_other_target(platform_client, links, sent):
    made = call(platform_client, "create_work_item", type="Task", title="Linked", links=links[:3])
    del sent[:]
    call(platform_client, "get_work_item", ids=[made.id, 8, 4])
    paths = [request.url.path.split("/_apis/")[1] for request in sent]
    assert paths.count("wit/workitemsbatch") == 2
    assert len(paths) == len(set(paths)) + 1


WRITES = {
    "create_work_item": {"type": "Task", "title": "Read the page"},
    "update_work_item": {"id": 4, "revision": 5},
}


@pytest.mark.parametrize(
    "page", ["https://evil.example/?d=1", "https://wiki.example@evil.example/", "http://evil.example"]
)
@pytest.mark.parametrize("tool", WRITES)
def test_a_link_to_a_host_that_nobody_named_is_refused_before_anything_is_sent(
    platform_client, sent, organization, tool, page
):
    before = organization.clock.now()
    with allow_targets(find_named_targets("Link the page https://wiki.example/start to it.")):
        message = refusal(platform_client, tool, WriteBlocked, **WRITES[tool], links=[page])
    assert "evil.example" in message
    assert organization.clock.now() == before
    assert [request.method for request in sent if request.method != "GET"] == []


@pytest.mark.parametrize("tool", WRITES)
def test_a_link_to_a_host_that_the_person_named_is_stored(platform_client, tool):
    with allow_targets(find_named_targets("Link the page https://wiki.example/start to it.")):
        saved = call(platform_client, tool, **WRITES[tool], links=["https://wiki.example/start#top"])
    found = call(platform_client, "get_work_item", ids=[saved.id])
    assert [link.target for link in found.links if link.kind == "hyperlink"] == ["https://wiki.example/start#top"]


def test_a_page_of_the_own_organization_may_be_linked(platform_client, server):
    page = f"{server.base_url}/Platform/_wiki"
    saved = call(platform_client, "create_work_item", **WRITES["create_work_item"], links=[page])
    assert call(platform_client, "get_work_item", ids=[saved.id]).links[0].target == page


def test_a_pull_request_is_linked_to_work_items_when_it_is_opened_and_later(platform_client):
    given = {"repository": "platform-api", "source": "release/2.8", "target": "main", "title": "Bring the fix to main"}
    opened = call(platform_client, "create_pull_request", **given, work_items=[4])
    assert call(platform_client, "get_pull_request", ids=[opened.id]).work_items == [4]
    revision = call(platform_client, "get_work_item", ids=[8]).revision
    call(platform_client, "update_work_item", id=8, revision=revision, links=[f"pull_request:{opened.id}"])
    assert call(platform_client, "get_pull_request", ids=[opened.id]).work_items == [4, 8]
    told = refusal(platform_client, "update_pull_request", InvalidRequest, id=opened.id, work_items=[8])
    assert "work_items" in told
    assert "update_work_item" in TOOLS["update_pull_request"].description


def test_a_link_that_names_no_number_is_shown_as_it_is(platform_client, server, tls, organization):
    made = call(platform_client, "create_work_item", type="Task", title="Linked")
    odd = {"rel": "ArtifactLink", "url": "vstfs:///Build/Build/soon", "attributes": {"name": "Build"}}
    link_everything(server, tls, organization, made.id, odd)
    links = call(platform_client, "get_work_item", ids=[made.id]).links
    assert ("build", "soon", None) in {(link.kind, link.target, link.url) for link in links}
