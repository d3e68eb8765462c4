"""Search in wikis."""

from datetime import timedelta
from typing import Any

from azure_devops_simulator import Organization

SEARCH = "/_apis/search/wikisearchresults"


def search(client: Any, text: str, path: str = f"/Platform{SEARCH}", **more: Any) -> Any:
    return client.call("POST", path, {"searchText": text, "$skip": 0, "$top": 10, **more})


def test_hits_show_the_words_in_their_surroundings(client: Any) -> None:
    found = search(client, "rota")
    assert [row["path"] for row in found["results"]] == ["/On%2Dcall/Rota-runbook.md", "/On%2Dcall.md"]
    first = found["results"][0]
    assert (found["count"], first["wiki"]["name"], first["project"]["name"]) == (2, "Platform.wiki", "Platform")
    assert {hit["fieldReferenceName"] for hit in first["hits"]} == {"fileNames", "content"}
    assert "<highlighthit>rota</highlighthit>" in found["results"][1]["hits"][0]["highlights"][0]


def test_filters_and_pages_narrow_a_search(client: Any) -> None:
    assert search(client, "rota", SEARCH, filters={"Project": ["Payments"]})["count"] == 0
    assert search(client, "rota", SEARCH, filters={"Project": ["Platform"], "Wiki": ["Platform.wiki"]})["count"] == 2
    part = search(client, "rota", **{"$top": 1, "includeFacets": True})
    assert (part["count"], len(part["results"]), part["facets"]["Project"][0]["resultCount"]) == (2, 1, 2)
    assert search(client, "*ota")["infoCode"] == 4


def test_the_index_lags_as_that_of_code_search(client: Any, organization: Organization) -> None:
    organization.code_search_lag = timedelta(hours=1)
    query = {"api-version": "7.1", "path": "/New"}
    client.http.put("/Platform/_apis/wiki/wikis/Platform.wiki/pages", params=query, json={"content": "zebra"})
    assert search(client, "zebra")["count"] == 0
    organization.clock.advance(timedelta(hours=2))
    assert search(client, "zebra")["count"] == 1
