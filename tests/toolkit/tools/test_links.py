"""Work items are created and changed with links, which the approver sees by name and a lost answer does not double."""

import pytest
from tool_calls import call, refusal

from azure_devops_simulator import Fault
from langchain_azure_devops import TOOLS
from langchain_azure_devops.errors import InvalidRequest, NotFound


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
    assert current["link_1"] == "pull_request:13: Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings"
    assert current["link_2"].startswith("build:35: build ")
    assert current["link_2"].endswith(" of platform-api-ci")


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
