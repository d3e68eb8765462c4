"""Several work items by one request."""

import json

BATCH = "/_apis/wit/$batch"
PATCH = {"Content-Type": "application/json-patch+json"}


def title(text):
    return {"op": "add", "path": "/fields/System.Title", "value": text}


def create(number, *operations):
    body = [{"op": "add", "path": "/id", "value": number}, *operations]
    return {"method": "PATCH", "uri": "/Data/_apis/wit/workitems/$Task?api-version=7.1", "headers": PATCH, "body": body}


def test_items_are_made_together_and_linked_by_their_provisional_numbers(client):
    link = {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": f"{client.http.base_url}_apis/wit/workItems/-1"}
    requests = [
        create("-1", title("One")),
        create(-2, title("Two"), {"op": "add", "path": "/relations/-", "value": link}),
    ]
    rows = client.call("PATCH", BATCH, requests)["value"]
    assert [row["code"] for row in rows] == [200, 200]
    one, two = (json.loads(row["body"]) for row in rows)
    assert (one["fields"]["System.Title"], two["fields"]["System.Parent"]) == ("One", one["id"])
    assert client.get(f"/_apis/wit/workitems/{two['id']}")["rev"] == two["rev"]


def test_one_that_fails_stops_none(client):
    stale = {"op": "test", "path": "/rev", "value": 99}
    change = {"method": "PATCH", "uri": "/_apis/wit/workitems/4?api-version=7.1", "headers": PATCH}
    elsewhere = {"method": "GET", "uri": "/_apis/projects", "headers": {}, "body": []}
    nowhere = {**change, "uri": "/Nowhere/_apis/wit/workitems/$Task?api-version=7.1", "body": [title("x")]}
    requests = [
        {**change, "body": [stale, title("Stale")]},
        {**change, "body": [title("Fresh")], "headers": {}},
        elsewhere,
        nowhere,
        {**change, "body": [title("Fresh")]},
    ]
    rows = client.call("PATCH", BATCH, requests)["value"]
    assert [row["code"] for row in rows] == [412, 400, 400, 404, 200]
    assert json.loads(rows[0]["body"])["typeKey"]
    assert client.get("/_apis/wit/workitems/4")["fields"]["System.Title"] == "Fresh"


def test_it_needs_the_scope_of_a_writer_and_something_to_do(client, reader):
    assert reader.send("PATCH", BATCH, [create("-1", title("x"))]).status_code == 401
    assert client.send("PATCH", BATCH, []).status_code == 400
    assert client.send("PATCH", BATCH, [create("-1", title("x"))] * 201).status_code == 400
