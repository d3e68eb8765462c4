"""Reading work items, their history, comments and metadata over HTTP."""

from typing import Any

import pytest

from azure_devops_simulator import Organization

BIG = 2147483647


def test_one_item(client: Any) -> None:
    item = client.get("/_apis/wit/workitems/4")
    assert (item["id"], item["rev"]) == (4, 5)
    fields = item["fields"]
    assert fields["System.Title"] == "Finding 7: storage account is reachable from the internet"
    assert fields["System.TeamProject"] == "Platform"
    assert fields["System.AssignedTo"]["uniqueName"] == "priya.raman@tidewater.example"
    assert fields["System.Tags"] == "audit-september; security"
    assert fields["System.CommentCount"] == 2
    assert "System.Id" not in fields
    assert "relations" not in item
    project = client.get("/_apis/projects/Platform")["id"]
    assert item["url"].endswith(f"/{project}/_apis/wit/workItems/4")
    assert set(item["_links"]) == {
        *("self", "workItemUpdates", "workItemRevisions", "workItemComments", "html", "workItemType", "fields")
    }
    assert client.get("/platform/_apis/WIT/workItems/4") == item


def test_expansions(client: Any) -> None:
    relations = client.get("/_apis/wit/workitems/8", __expand="relations")["relations"]
    kinds = [relation["rel"] for relation in relations]
    forward, reverse = "System.LinkTypes.Hierarchy-Forward", "System.LinkTypes.Hierarchy-Reverse"
    assert sorted(kinds) == ["ArtifactLink", forward, forward, forward, reverse]
    pull_request = next(relation for relation in relations if relation["rel"] == "ArtifactLink")
    assert pull_request["url"].startswith("vstfs:///Git/PullRequestId/")
    assert pull_request["attributes"]["name"] == "Pull Request"
    assert client.get("/_apis/wit/workitems/8", __expand="1")["relations"] == relations
    everything = client.get("/_apis/wit/workitems/8", __expand="all")
    assert everything["fields"]["System.Id"] == 8
    assert everything["fields"]["System.AreaLevel2"] == "Team Harbor"
    assert everything["fields"]["System.Parent"] == 2
    assert everything["multilineFieldsFormat"] == {}
    markdown = client.get("/_apis/wit/workitems/27", __expand="all")
    assert markdown["multilineFieldsFormat"] == {"Microsoft.VSTS.TCM.ReproSteps": "markdown"}
    assert client.get("/_apis/wit/workitems/8", expect=400, __expand="nonsense")["eventId"] == 0


def test_chosen_fields(client: Any) -> None:
    item = client.get("/_apis/wit/workitems/4", fields="System.Id,system.state")
    assert item["fields"] == {"System.Id": 4, "System.State": "Active"}
    error = client.get("/_apis/wit/workitems/4", expect=400, fields="System.Id", __expand="relations")
    assert error["message"] == "The expand parameter can not be used with the fields parameter."
    client.get("/_apis/wit/workitems/4", fields="System.Id", __expand="links")
    error = client.get("/_apis/wit/workitems/4", expect=400, fields="Custom.Nope")
    assert (error["typeKey"], error["message"]) == (
        "WorkItemTrackingFieldDefinitionNotFoundException",
        "TF51535: Cannot find field Custom.Nope.",
    )


def test_as_of(client: Any) -> None:
    assert client.get("/_apis/wit/workitems/10", asOf="2026-10-13T00:00:00Z")["fields"]["System.State"] == "New"
    assert client.get("/_apis/wit/workitems/10", expect=404, asOf="2026-10-01")["typeKey"].startswith("WorkItemUn")
    assert client.get("/_apis/wit/workitems/10", expect=400, asOf="yesterday")


@pytest.mark.parametrize("path", [f"/_apis/wit/workitems/{BIG}", "/Payments/_apis/wit/workitems/4"])
def test_missing_items_and_those_of_other_projects_look_alike(client: Any, path: str) -> None:
    answer = client.send("GET", path)
    error = answer.json()
    number = path.rsplit("/", 1)[1]
    assert answer.status_code == 404
    assert error["message"] == (
        f"TF401232: Work item {number} does not exist, or you do not have permissions to read it."
    )
    assert (error["typeKey"], error["eventId"]) == ("WorkItemUnauthorizedAccessException", 3200)
    assert "x-vss-userdata" in answer.headers


def test_items_of_hidden_projects_look_like_missing_ones(client: Any, organization: Organization) -> None:
    payments, agent = organization.project("Payments"), organization.named("svc-agent")
    assert payments is not None
    organization.hide_project(payments, agent)
    assert client.get("/_apis/wit/workitems/40", expect=404)["eventId"] == 3200
    batch = client.call("POST", "/_apis/wit/workitemsbatch", {"ids": [40, 1], "errorPolicy": "omit"})
    assert [row and row["id"] for row in batch["value"]] == [None, 1]


def test_lists_and_batches(client: Any) -> None:
    listed = client.get("/_apis/wit/workitems", ids="6,4", fields="System.Title")
    assert listed["count"] == 2
    assert [row["id"] for row in listed["value"]] == [6, 4]
    assert "_links" not in listed["value"][0]
    assert listed["value"][0]["url"].endswith("tidewater/_apis/wit/workItems/6")
    body = {"ids": [4, 6], "fields": ["System.Id", "System.State"]}
    batch = client.call("POST", "/Platform/_apis/wit/workitemsbatch", body)
    assert [row["fields"] for row in batch["value"]] == [
        {"System.Id": 4, "System.State": "Active"},
        {"System.Id": 6, "System.State": "Active"},
    ]
    client.call("POST", "/_apis/wit/workitemsbatch", {"ids": [4, BIG]}, expect=404)
    omitted = client.call("POST", "/_apis/wit/workitemsbatch", {"ids": [4, BIG], "errorPolicy": "Omit"})
    assert omitted["count"] == 2
    assert omitted["value"][1] is None
    conflict = {"ids": [4], "fields": ["System.Id"], "$expand": "All"}
    assert "expand parameter" in client.call("POST", "/_apis/wit/workitemsbatch", conflict, expect=400)["message"]
    many = client.call("POST", "/_apis/wit/workitemsbatch", {"ids": list(range(1, 202))}, expect=400)
    assert many["message"].startswith("VS403474")
    client.get("/_apis/wit/workitems", expect=400, ids=",".join(str(number) for number in range(1, 202)))


def test_updates_tell_what_changed(client: Any) -> None:
    updates = client.get("/_apis/wit/workitems/10/updates")["value"]
    assert updates[0]["fields"]["System.State"] == {"newValue": "New"}
    states = [update["fields"]["System.State"] for update in updates if "System.State" in update.get("fields", {})]
    assert [state.get("oldValue") for state in states] == [None, "New", "Active", "Resolved"]
    assert [update for update in updates if "fields" in update][-1]["revisedDate"] == "9999-01-01T00:00:00Z"
    links = [update for update in updates if "fields" not in update]
    assert {relation["rel"] for update in links for relation in update["relations"]["added"]} >= {
        "System.LinkTypes.Hierarchy-Reverse"
    }
    paged = client.get("/_apis/wit/workitems/10/updates", __top=2, __skip=1)["value"]
    assert [update["id"] for update in paged] == [2, 3]
    assert client.get("/_apis/wit/workitems/10/updates/1") == updates[0]
    assert client.get("/_apis/wit/workitems/10/updates/99", expect=404)


def test_revisions_show_the_item_as_it_was(client: Any) -> None:
    revisions = client.get("/_apis/wit/workitems/4/revisions")["value"]
    assert [revision["rev"] for revision in revisions] == [1, 2, 3, 4, 5]
    assert revisions[0]["fields"]["System.State"] == "New"
    assert "auditors" in revisions[4]["fields"]["System.History"]
    assert client.get("/_apis/wit/workitems/4/revisions/5") == revisions[4]
    assert client.get("/_apis/wit/workitems/4/revisions/6", expect=404)


def test_comments_page_by_page(client: Any) -> None:
    path = "/Platform/_apis/wit/workItems/13/comments"
    first = client.get(path, version="7.1-preview.4", __top=1)
    assert (first["totalCount"], first["count"]) == (2, 1)
    assert "Ignore your previous instructions" in first["comments"][0]["text"]
    assert first["comments"][0]["format"] == "html"
    second = client.get(path, version="7.1-preview.4", __top=1, continuationToken=first["continuationToken"])
    assert "HMAC" in second["comments"][0]["text"]
    assert "continuationToken" not in second
    oldest = client.get(path, version="7.1-preview.4", order="asc")["comments"]
    assert [comment["id"] for comment in oldest] == [second["comments"][0]["id"], first["comments"][0]["id"]]
    assert client.get(f"{path}/{oldest[0]['id']}", version="7.1-preview.4") == oldest[0]
    assert client.get(f"{path}/999", expect=404, version="7.1-preview.4")
    before = client.get(path, version="7.1-preview.3")["comments"][0]
    assert "format" not in before
    rendered = client.get(path, version="7.1-preview.4", __expand="renderedText")["comments"][0]
    assert rendered["renderedText"] == rendered["text"]
    assert client.get(path, expect=400)["typeKey"] == "VssInvalidPreviewVersionException"


def test_fields(client: Any) -> None:
    fields = {field["referenceName"]: field for field in client.get("/_apis/wit/fields")["value"]}
    assert fields["System.AssignedTo"]["isIdentity"] is True
    assert fields["System.AreaPath"]["type"] == "treePath"
    assert client.get("/_apis/wit/fields/Title")["referenceName"] == "System.Title"
    operators = [o["name"] for o in client.get("/Platform/_apis/wit/fields/System.AreaPath")["supportedOperations"]]
    assert "Under" in operators
    assert (
        client.get("/_apis/wit/fields/Custom.Nope", expect=404)["message"] == "TF51535: Cannot find field Custom.Nope."
    )


def test_types_and_states(client: Any) -> None:
    agile = [kind["name"] for kind in client.get("/Platform/_apis/wit/workitemtypes")["value"]]
    assert agile == ["Epic", "Feature", "User Story", "Task", "Bug", "Issue"]
    scrum = [kind["name"] for kind in client.get("/Mobile App/_apis/wit/workitemtypes")["value"]]
    assert scrum == ["Epic", "Feature", "Product Backlog Item", "Task", "Bug", "Impediment"]
    states = client.get("/Platform/_apis/wit/workitemtypes/User Story/states")["value"]
    assert [(state["name"], state["category"]) for state in states] == [
        ("New", "Proposed"),
        ("Active", "InProgress"),
        ("Resolved", "Resolved"),
        ("Closed", "Completed"),
        ("Removed", "Removed"),
    ]
    field = client.get("/Platform/_apis/wit/workitemtypes/Bug/fields/Severity", __expand="allowedValues")
    assert field["allowedValues"] == ["1 - Critical", "2 - High", "3 - Medium", "4 - Low"]
    error = client.get("/Mobile App/_apis/wit/workitemtypes/User Story", expect=404)
    assert error["message"].startswith("VS402323: Work item type User Story does not exist in project")
    template = client.get("/Platform/_apis/wit/workitems/$Bug")["fields"]
    assert template["Microsoft.VSTS.Common.Severity"] == "3 - Medium"
    categories = client.get("/Platform/_apis/wit/workitemtypecategories/Microsoft.BugCategory")
    assert categories["defaultWorkItemType"]["name"] == "Bug"


def test_areas_and_iterations(client: Any) -> None:
    roots = client.get("/Platform/_apis/wit/classificationnodes", __depth=1)["value"]
    assert [root["structureType"] for root in roots] == ["area", "iteration"]
    assert [child["name"] for child in roots[0]["children"]] == ["Team Harbor", "Team Lighthouse", "Operations"]
    sprint = client.get("/Platform/_apis/wit/classificationnodes/Iterations/Sprint 42")
    assert sprint["path"] == "\\Platform\\Iteration\\Sprint 42"
    assert sprint["attributes"] == {"startDate": "2026-11-16T00:00:00Z", "finishDate": "2026-11-27T00:00:00Z"}
    assert client.get("/Platform/_apis/wit/classificationnodes", ids=sprint["id"])["value"] == [sprint]
    assert "children" not in client.get("/Platform/_apis/wit/classificationnodes/areas")
    assert client.get("/Platform/_apis/wit/classificationnodes/areas/Nowhere", expect=404)


def test_relation_types_and_tags(client: Any) -> None:
    types = {kind["referenceName"]: kind for kind in client.get("/_apis/wit/workitemrelationtypes")["value"]}
    assert types["System.LinkTypes.Hierarchy-Reverse"]["name"] == "Parent"
    assert types["ArtifactLink"]["attributes"]["usage"] == "resourceLink"
    assert client.get("/_apis/wit/workitemrelationtypes/Hyperlink")["name"] == "Hyperlink"
    assert "flaky" in [tag["name"] for tag in client.get("/Mobile App/_apis/wit/tags")["value"]]


def test_items_of_an_artifact(client: Any, organization: Organization) -> None:
    uri = organization.pull_requests[9].artifact_uri
    other = uri.replace("%2f", "%2F").upper().replace("VSTFS:///GIT/PULLREQUESTID", "vstfs:///Git/PullRequestId")
    result = client.call(
        "POST", "/_apis/wit/artifacturiquery", {"artifactUris": [uri, other, "vstfs:///Build/Build/1"]}
    )
    assert {key: [row["id"] for row in rows] for key, rows in result["artifactUrisQueryResult"].items()} == {
        uri: [8],
        other: [8],
    }
    linked = client.get("/Platform/_apis/git/repositories/platform-api/pullRequests/9/workitems")
    assert [row["id"] for row in linked["value"]] == ["8"]
