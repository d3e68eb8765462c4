"""Parameters of work item operations: another value gives another answer, in each form that the service takes."""

from datetime import datetime
from email.utils import format_datetime
from typing import Any

import pytest

from azure_devops_simulator import Organization

ITEM, COMMENTS = "/_apis/wit/workitems/4", "/Platform/_apis/wit/workItems/4/comments"
COMMENT_VERSION = "7.1-preview.4"
PATCH = {"Content-Type": "application/json-patch+json"}


def change(client: Any, path: str, value: object, expect: int = 200, method: str = "PATCH", **query: Any) -> Any:
    operations = [{"op": "add", "path": f"/fields/{path}", "value": value}]
    target = "/Platform/_apis/wit/workitems/$Task" if method == "POST" else ITEM
    if method == "POST":
        operations.append({"op": "add", "path": "/fields/System.Title", "value": "New"})
    answer = client.http.request(method, target, json=operations, headers=PATCH, params={"api-version": "7.1", **query})
    assert answer.status_code == expect, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("number", "name", "added"),
    [
        (0, "none", set()),
        (1, "Relations", {"relations"}),
        (2, "fields", {"System.Rev"}),
        (3, "links", set()),
        (4, "ALL", {"relations", "System.Rev", "multilineFieldsFormat"}),
    ],
)
def test_expansions_have_names_and_numbers(client: Any, number: int, name: str, added: set[str]) -> None:
    def shown(item: Any) -> set[str]:
        return {*item, *item["fields"]} & {"relations", "System.Rev", "multilineFieldsFormat"}

    one = client.get(ITEM, __expand=number)
    assert one == client.get(ITEM, __expand=name)
    assert shown(one) == added
    [listed] = client.get("/_apis/wit/workitems", ids=4, __expand=number)["value"]
    assert ("_links" in listed, shown(listed)) == (name.lower() in {"links", "all"}, added)
    for given in (number, str(number), name):
        [batched] = client.call("POST", "/_apis/wit/workitemsbatch", {"ids": [4], "$expand": given})["value"]
        assert shown(batched) - {"multilineFieldsFormat"} == added - {"multilineFieldsFormat"}
    revision = client.get(f"{ITEM}/revisions/2", __expand=number)
    assert revision == client.get(f"{ITEM}/revisions/2", __expand=name)
    assert ("relations" in revision, "System.Rev" in revision["fields"]) == (
        "relations" in added,
        "System.Rev" in added,
    )


def test_dates_come_in_both_forms(client: Any) -> None:
    second = client.get(f"{ITEM}/revisions/2")["fields"]["System.ChangedDate"]
    iso, english = second, format_datetime(datetime.fromisoformat(second), usegmt=True)
    then = client.get(ITEM, asOf=iso)
    assert then["rev"] == 2 < client.get(ITEM)["rev"]
    assert client.get(ITEM, asOf=english) == then
    for when in (iso, english):
        assert client.get("/_apis/wit/workitems", ids=4, asOf=when)["value"][0]["rev"] == then["rev"]
        batch = client.call("POST", "/_apis/wit/workitemsbatch", {"ids": [4], "asOf": when})
        assert batch["value"][0]["rev"] == then["rev"]
    client.get(ITEM, asOf="yesterday", expect=400)


@pytest.mark.parametrize(("fails", "omits"), [("fail", "omit"), ("1", "2"), ("FAIL", "Omit")])
def test_the_policy_for_errors(client: Any, fails: str, omits: str) -> None:
    path = "/_apis/wit/workitems"
    client.get(path, ids="4,4711", errorPolicy=fails, expect=404)
    client.get(path, ids="4,4711", expect=404)
    assert [item and item["id"] for item in client.get(path, ids="4,4711", errorPolicy=omits)["value"]] == [4, None]
    for policy, status in ((fails, 404), (omits, 200)):
        client.call("POST", f"{path}batch", {"ids": [4711], "errorPolicy": policy}, expect=status)
    client.call("POST", f"{path}batch", {"ids": [4711], "errorPolicy": 1}, expect=404)


def test_fields_name_what_is_shown(client: Any) -> None:
    assert set(client.get(ITEM, fields="System.State, title")["fields"]) == {"System.State", "System.Title"}
    template = client.get("/Platform/_apis/wit/workitems/$Bug")["fields"]
    assert {"System.State", "System.TeamProject", "System.AreaPath"} < set(template)
    some = client.get("/Platform/_apis/wit/workitems/$Bug", fields="System.State,System.TeamProject,System.Id")
    assert some["fields"] == {"System.State": "New", "System.TeamProject": "Platform"}
    client.get("/Platform/_apis/wit/workitems/$Bug", fields="No.Such", expect=400)


def test_comments_by_id(client: Any) -> None:
    comments = client.get(COMMENTS, version=COMMENT_VERSION, order="asc")["comments"]
    first, last = comments[0]["id"], comments[-1]["id"]
    page = client.get(COMMENTS, version=COMMENT_VERSION, ids=f"{last}, {first},4711")
    assert ([one["id"] for one in page["comments"]], page["totalCount"]) == ([last, first], 2)
    client.call("DELETE", f"{COMMENTS}/{first}", version=COMMENT_VERSION)
    assert [one["id"] for one in client.get(COMMENTS, version=COMMENT_VERSION, ids=f"{last},{first}")["comments"]] == [
        last
    ]
    both = client.get(COMMENTS, version=COMMENT_VERSION, ids=f"{last},{first}", includeDeleted="true")["comments"]
    assert [(one["id"], one.get("isDeleted", False)) for one in both] == [(last, False), (first, True)]
    client.get(f"{COMMENTS}/{first}", version=COMMENT_VERSION, expect=404)
    assert client.get(f"{COMMENTS}/{first}", version=COMMENT_VERSION, includeDeleted="true")["isDeleted"]


@pytest.mark.parametrize("asked", ["renderedText", "RenderedTextOnly", "8", "16", "24", "all"])
def test_the_text_of_a_comment_as_html(client: Any, asked: str) -> None:
    plain = client.get(COMMENTS, version=COMMENT_VERSION)["comments"]
    rendered = client.get(COMMENTS, version=COMMENT_VERSION, __expand=asked)["comments"]
    assert {"renderedText" in one for one in plain} == {False}
    assert {"renderedText" in one for one in rendered} == {True}
    assert "renderedText" not in client.get(COMMENTS, version=COMMENT_VERSION, __expand="reactions")["comments"][0]


def test_notifications_are_sent_to_nobody_either_way(client: Any) -> None:
    for value in ("true", "false"):
        assert change(client, "System.Tags", value, suppressNotifications=value)["id"] == 4
    change(client, "System.Tags", "x", suppressNotifications="perhaps", expect=400)
    change(client, "System.Tags", "x", suppressNotifications="perhaps", expect=400, method="POST")
    assert "true" in client.get(ITEM)["fields"]["System.Tags"]


def test_a_patch_that_bypasses_the_rules_takes_names_of_nobody(client: Any) -> None:
    for path, value in (("System.AssignedTo", "Gone Person"), ("Microsoft.VSTS.Common.Priority", 9)):
        change(client, path, value, expect=400)
        assert change(client, path, value, bypassRules="true")["fields"][path] == value
    for name, ids in (("gone person", [4]), ("Other Person", [])):
        query = {"query": f"SELECT [System.Id] FROM WorkItems WHERE [System.AssignedTo] = '{name}'"}  # noqa: S608 - a query of the simulator
        assert [row["id"] for row in client.call("POST", "/_apis/wit/wiql", query)["workItems"]] == ids
    mine = change(client, "System.AssignedTo", "dana.ortiz@tidewater.example", bypassRules="true")
    assert mine["fields"]["System.AssignedTo"]["displayName"] == "Dana Ortiz"


def test_an_item_keeps_its_project(client: Any) -> None:
    assert change(client, "System.TeamProject", "platform")["id"] == 4
    assert change(client, "System.WorkItemType", "bug")["fields"]["System.WorkItemType"] == "Bug"
    refused = change(client, "System.TeamProject", "Data", expect=400)
    assert refused["typeKey"] == "NotSimulatedException"
    assert "moving a work item to another project" in refused["message"]


def test_times_of_day_count_when_a_query_asks_for_it(client: Any) -> None:
    created = client.get(ITEM, fields="System.CreatedDate")["fields"]["System.CreatedDate"]
    query = {"query": f"SELECT [System.Id] FROM WorkItems WHERE [System.CreatedDate] = '{created}'"}  # noqa: S608 - a query of the simulator
    client.call("POST", "/_apis/wit/wiql", query, expect=400)
    assert {"id": 4} in [
        {"id": row["id"]} for row in client.call("POST", "/_apis/wit/wiql", query, timePrecision="true")["workItems"]
    ]


def test_a_tag_by_id_and_by_name(client: Any, organization: Organization) -> None:
    tags = client.get("/Platform/_apis/wit/tags")["value"]
    for tag in tags:
        assert client.get(f"/Platform/_apis/wit/tags/{tag['id']}") == tag
        assert client.get(f"/Platform/_apis/wit/tags/{tag['name'].upper()}") == tag
    assert len(tags) > 2
    client.get("/Platform/_apis/wit/tags/nothing", expect=404)
    client.get(f"/Data/_apis/wit/tags/{tags[0]['id']}", expect=404)


def test_all_fields_are_listed_with_and_without_those_of_extensions(client: Any) -> None:
    plain = client.get("/_apis/wit/fields")
    for asked in ("none", "extensionFields", "includeDeleted", 1, 2):
        assert client.get("/_apis/wit/fields", __expand=asked) == plain
    client.get("/_apis/wit/fields", __expand="odd", expect=400)
