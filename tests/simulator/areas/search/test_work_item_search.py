"""Work item search: what is found, by which filters, and how it is told."""

from datetime import timedelta
from typing import Any

SEARCH = "/_apis/search/workitemsearchresults"


def found(client: Any, text: str, project: str = "", expect: int = 200, **more: Any) -> Any:
    path = f"/{project}{SEARCH}" if project else SEARCH
    return client.call("POST", path, {"searchText": text, "$skip": 0, "$top": 50, **more}, expect=expect)


def ids(answer: Any) -> list[str]:
    return [row["fields"]["system.id"] for row in answer["results"]]


def test_a_word_is_found_in_titles_and_comments(client: Any) -> None:
    answer = found(client, "labels", "Platform")
    assert (answer["count"], answer["infoCode"], ids(answer)) == (2, 0, ["28", "15"])
    hits = {hit["fieldReferenceName"]: hit["highlights"] for hit in answer["results"][0]["hits"]}
    assert hits["system.title"][0].startswith("<highlighthit>Labels</highlighthit>")
    [row] = found(client, "auditors")["results"]
    assert [hit["fieldReferenceName"] for hit in row["hits"]] == ["system.history"]
    assert row["project"]["name"] == "Platform"


def test_filters_order_and_facets(client: Any) -> None:
    assert ids(found(client, "labels", filters={"System.WorkItemType": ["Bug"]})) == ["28"]
    assert ids(found(client, "labels", filters={"System.State": ["Resolved", "New"]})) == ["15"]
    assert ids(found(client, "labels", filters={"System.TeamProject": ["Payments"]})) == []
    assert ids(found(client, "labels", filters={"System.AreaPath": ["Platform"]})) == ["28", "15"]
    tom = ["Tom Becker <tom.becker@tidewater.example>"]
    assert ids(found(client, "labels", filters={"System.AssignedTo": tom})) == ["28", "15"]
    order = [{"field": "system.id", "sortOrder": "ASC"}]
    answer = found(client, "labels", includeFacets=True, **{"$orderBy": order})
    assert ids(answer) == ["15", "28"]
    states = {row["name"]: row["resultCount"] for row in answer["facets"]["System.State"]}
    assert states == {"Closed": 1, "Resolved": 1}


def test_pages_and_wrong_requests(client: Any) -> None:
    assert ids(found(client, "labels", **{"$skip": 1, "$top": 1})) == ["15"]
    found(client, "labels", expect=400, **{"$skip": 1001})
    assert found(client, "*abels")["infoCode"] == 4
    assert found(client, '"labels')["infoCode"] == 3


def test_deleted_items_and_comments_are_not_found(client: Any, organization: Any) -> None:
    store = organization.work_items
    store.delete(store.items[28], by=organization.named("Tom Becker"), when=organization.clock.tick())
    assert ids(found(client, "labels")) == ["15"]
    for comment in store.items[4].comments:
        comment.deleted = True
    assert found(client, "auditors")["count"] == 0


def test_the_index_lags_like_that_of_queries(client: Any, organization: Any) -> None:
    item, tom = organization.work_items.items[17], organization.named("Tom Becker")
    organization.work_items.comment(item, "A zebra", "html", by=tom, when=organization.clock.tick())
    assert ids(found(client, "zebra")) == ["17"]
    organization.work_item_lag = timedelta(hours=1)
    assert ids(found(client, "zebra")) == []
