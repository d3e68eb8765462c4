"""Creating, changing and deleting work items over HTTP: what is kept, what is refused."""

import json
from datetime import datetime
from typing import Any

import pytest

from azure_devops_simulator import Organization

BIG = 2147483647
PATCH = "application/json-patch+json"


def send(client: Any, method: str, path: str, document: Any, media_type: str = PATCH, **query: Any) -> Any:
    params = {name.replace("__", "$"): value for name, value in query.items()} | {"api-version": "7.1"}
    content = document if isinstance(document, str) else json.dumps(document)
    return client.http.request(method, path, params=params, content=content, headers={"Content-Type": media_type})


def write(client: Any, method: str, path: str, document: Any, expect: int = 200, **query: Any) -> Any:
    answer = send(client, method, path, document, **query)
    assert answer.status_code == expect, answer.text
    return answer.json()


def put(name: str, value: Any, op: str = "add") -> dict[str, Any]:
    return {"op": op, "path": f"/fields/{name}", "value": value}


def change(client: Any, number: int, *operations: dict[str, Any], expect: int = 200, **query: Any) -> Any:
    return write(client, "PATCH", f"/_apis/wit/workitems/{number}", list(operations), expect, **query)


def link(rel: str, url: str, **attributes: str) -> dict[str, Any]:
    return {"op": "add", "path": "/relations/-", "value": {"rel": rel, "url": url, "attributes": attributes}}


def state_of(organization: Organization) -> Any:
    """Everything a refused request must leave alone."""
    store = organization.work_items
    counts = [(i.id, len(i.revisions), len(i.updates), len(i.comments), i.deletion) for i in store.items.values()]
    return counts, organization.clock.now()


def test_create(client: Any, organization: Organization) -> None:
    document = [
        put("System.Title", "CI fails since DB_TIMEOUT was renamed"),
        put("System.AreaPath", "\\Platform\\Team Harbor"),
        put("System.AssignedTo", "Tom Becker <tom.becker@tidewater.example>"),
        put("System.Tags", "ci, regression; CI"),
        put("Microsoft.VSTS.TCM.ReproSteps", "1. Look at **build 35**"),
        {"op": "add", "path": "/multilineFieldsFormat/Microsoft.VSTS.TCM.ReproSteps", "value": "Markdown"},
        link("System.LinkTypes.Hierarchy-Reverse", f"{client.http.base_url}_apis/wit/workItems/2"),
    ]
    item = write(client, "POST", "/Platform/_apis/wit/workitems/$Bug", document)
    assert (item["id"], item["rev"]) == (59, 1)
    fields = item["fields"]
    assert (fields["System.State"], fields["System.Reason"]) == ("New", "New")
    assert fields["System.AreaPath"] == "Platform\\Team Harbor"
    assert fields["System.AssignedTo"]["displayName"] == "Tom Becker"
    assert fields["System.Tags"] == "ci; regression"
    assert fields["Microsoft.VSTS.Common.Severity"] == "3 - Medium"
    assert fields["System.CreatedBy"]["displayName"] == "svc-agent"
    assert fields["System.CreatedDate"] == "2026-11-20T09:00:01Z"
    assert item["multilineFieldsFormat"] == {"Microsoft.VSTS.TCM.ReproSteps": "markdown"}
    assert client.get("/_apis/wit/workitems/59")["fields"] == fields
    parent = client.get("/_apis/wit/workitems/2", __expand="relations")
    assert any(relation["url"].endswith("/workItems/59") for relation in parent["relations"])
    assert parent["rev"] == 3
    found = client.call(
        "POST", "/_apis/wit/wiql", {"query": "SELECT [System.Id] FROM WorkItems WHERE [System.Id] = 59"}
    )
    assert [row["id"] for row in found["workItems"]] == [59]
    assert organization.work_items.items[59].parent() == 2


def test_validate_only_keeps_nothing(client: Any, organization: Organization) -> None:
    before = state_of(organization)
    document = [put("System.Title", "Not kept"), link("Hyperlink", "https://example.com")]
    draft = write(client, "POST", "/Platform/_apis/wit/workitems/$Task", document, validateOnly="true")
    assert draft["fields"]["System.Title"] == "Not kept"
    shown = change(client, 4, put("System.Title", "Not kept either"), put("System.History", "x"), validateOnly="true")
    assert (shown["rev"], shown["fields"]["System.Title"]) == (5, "Not kept either")
    assert state_of(organization) == before
    assert client.get("/_apis/wit/workitems/4")["fields"]["System.Title"].startswith("Finding 7")
    change(client, 4, put("System.State", "Nonsense"), expect=400, validateOnly="true")


def test_update(client: Any) -> None:
    item = change(
        client,
        31,
        {"op": "test", "path": "/rev", "value": 1},
        put("System.State", "active"),
        put("System.AssignedTo", {"uniqueName": "dana.ortiz@tidewater.example"}),
        put("System.Tags", "agents"),
        put("System.History", "I look into it."),
    )
    fields = item["fields"]
    assert item["rev"] == 2
    assert (fields["System.State"], fields["System.Reason"]) == ("Active", "Approved")
    assert fields["Microsoft.VSTS.Common.ActivatedBy"]["displayName"] == "svc-agent"
    assert fields["System.CommentCount"] == 1
    comments = client.get("/Platform/_apis/wit/workItems/31/comments", version="7.1-preview.4")
    assert comments["comments"][0]["text"] == "I look into it."
    more = change(client, 31, put("System.Tags", "windows"), {"op": "remove", "path": "/fields/System.AssignedTo"})
    assert more["fields"]["System.Tags"] == "agents; windows"
    assert "System.AssignedTo" not in more["fields"]
    assert change(client, 31, put("System.Tags", "only", op="replace"))["fields"]["System.Tags"] == "only"
    assert "System.Tags" not in change(client, 31, put("System.Tags", ""))["fields"]
    closed = change(client, 31, put("System.State", "Closed"))["fields"]
    assert closed["Microsoft.VSTS.Common.ClosedBy"]["displayName"] == "svc-agent"
    assert closed["Microsoft.VSTS.Common.ClosedDate"] <= closed["System.ChangedDate"]
    assert "Microsoft.VSTS.Common.ClosedDate" not in change(client, 31, put("System.State", "Active"))["fields"]


def test_a_change_that_changes_nothing_makes_no_revision(client: Any) -> None:
    assert change(client, 31, put("System.State", "New"))["rev"] == 1


def test_optimistic_locking(client: Any, organization: Organization) -> None:
    before = state_of(organization)
    error = change(client, 31, {"op": "test", "path": "/rev", "value": 7}, put("System.Title", "x"), expect=412)
    assert error["typeKey"] == "TestPatchOperationFailedException"
    assert error["message"] == ("VS403351: Test Operation for path /rev failed, value 1 was not equal to test value 7.")
    assert state_of(organization) == before
    change(client, 31, put("System.State", "Active", op="test"), expect=412)
    change(client, 31, put("System.State", "New", op="test"), put("System.Title", "y"))


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ([put("System.State", "Done")], "The field 'State' contains the value 'Done' that is not in the list"),
        ([put("System.Title", "")], "TF401320: Rule Error for field Title. Error code: Required, InvalidEmpty."),
        ([put("System.Title", "x" * 256)], "TF401320: Rule Error for field Title. Error code: HasValues"),
        (
            [put("System.Title", {"a": 1})],
            "Operation of changing value type is not supported for the field System.Title",
        ),
        ([put("Custom.Nope", 1)], "TF51535: Cannot find field Custom.Nope."),
        (
            [put("Microsoft.VSTS.Scheduling.Effort", 1)],
            "TF51535: Cannot find field Microsoft.VSTS.Scheduling.Effort of",
        ),
        (
            [put("System.CreatedDate", "2026-01-01")],
            "TF401320: Rule Error for field Created Date. Error code: ReadOnly",
        ),
        (
            [put("System.AreaPath", "Platform\\Nowhere")],
            "TF401347: Invalid tree name given for work item 31, field 'Sys",
        ),
        ([put("System.IterationPath", "Payments")], "TF401347: Invalid tree name given for work item 31, field 'Sys"),
        ([put("System.AssignedTo", "Nobody")], "The identity value 'Nobody' for field 'Assigned To' is an unknown"),
        ([put("Microsoft.VSTS.Common.Priority", 9)], "The field 'Priority' contains the value '9' that is not in"),
        ([put("Microsoft.VSTS.Common.Priority", "high")], "TF401320: Rule Error for field Priority."),
        ([put("System.Title", "a"), put("System.Title", "b")], "VS403691: Update to work item had two or more updates"),
        ([{"op": "add", "path": "/nonsense", "value": 1}], "Unable to evaluate path /nonsense."),
        ([{"op": "remove", "path": "/relations/7"}], "Index out of range for path /relations/7."),
        ([link("Nonsense", "https://example.com")], "VS402376: Unknown relation type Nonsense."),
        ([link("ArtifactLink", "vstfs:///Build/Build/1")], "VS402381: An artifact link needs the attribute 'name'."),
    ],
)
def test_what_is_refused(client: Any, organization: Organization, operations: Any, message: str) -> None:
    before = state_of(organization)
    error = change(client, 31, *operations, expect=400)
    assert error["message"].startswith(message)
    assert state_of(organization) == before


def test_rules_are_told_in_custom_properties(client: Any) -> None:
    error = change(client, 31, put("System.State", "Done"), expect=400)
    assert error["typeKey"] == "RuleValidationException"
    (rule,) = error["customProperties"]["RuleValidationErrors"]
    assert rule["fieldReferenceName"] == "System.State"


def test_a_reason_goes_with_its_state_in_any_order_and_no_other_is_taken(client: Any) -> None:
    path = "/Platform/_apis/wit/workitems/$Bug"
    number = write(client, "POST", path, [put("System.Title", "Comes and goes")])["id"]
    resolved = change(client, number, put("System.Reason", "Duplicate"), put("System.State", "Resolved"))["fields"]
    assert (resolved["System.State"], resolved["System.Reason"]) == ("Resolved", "Duplicate")
    error = change(client, number, put("System.Reason", "Because"), expect=400)
    assert error["message"].startswith("The field 'Reason' contains the value 'Because' that is not in the list")
    assert change(client, number, put("System.Reason", "Obsolete"))["fields"]["System.Reason"] == "Obsolete"


AGILE_STATES = ["New", "Active", "Resolved", "Closed", "Removed"]


def test_any_state_follows_any_other_but_what_is_removed_comes_back_as_new(client: Any) -> None:
    """As the service lists its transitions: nothing completed is removed, nothing removed is worked on."""
    made = write(client, "POST", "/Platform/_apis/wit/workitems/$User Story", [put("System.Title", "Moves")])
    transitions = client.get("/Platform/_apis/wit/workitemtypes/User Story")["transitions"]
    allowed = {name: {step["to"] for step in steps} for name, steps in transitions.items()}
    assert allowed.pop("") == {"New"}
    assert {name: set(AGILE_STATES) - following for name, following in allowed.items()} == {
        **{state: set() for state in ("New", "Active", "Resolved")},
        "Closed": {"Removed"},
        "Removed": {"Active", "Resolved", "Closed"},
    }
    for before in AGILE_STATES:
        for after in AGILE_STATES:
            write(
                client, "PATCH", f"/_apis/wit/workitems/{made['id']}", [put("System.State", before)], bypassRules="true"
            )
            expected = 200 if after in allowed[before] else 400
            answer = change(client, made["id"], put("System.State", after), expect=expected)
            if expected == 400:
                message = f"The field 'State' contains the value '{after}' that is not in the list of supported values"
                assert answer["message"] == message


def test_scrum_follows_the_same_rule_with_its_own_states(client: Any) -> None:
    def following(kind: str) -> dict[str, list[str]]:
        transitions = client.get(f"/Mobile App/_apis/wit/workitemtypes/{kind}")["transitions"]
        return {name: [step["to"] for step in steps] for name, steps in transitions.items()}

    assert following("Product Backlog Item")["Removed"] == ["Removed", "New"]
    assert following("Product Backlog Item")["Done"] == ["New", "Approved", "Committed", "Done"]
    assert following("Task")["Removed"] == ["Removed", "To Do"]


@pytest.mark.parametrize(
    ("kind", "own"),
    [("Epic", {"Priority", "Value Area"}), ("User Story", {"Value Area"}), ("Bug", {"Value Area"}), ("Task", set())],
)
def test_required_fields_cannot_be_emptied(client: Any, kind: str, own: set[str]) -> None:
    fields = client.get(f"/Platform/_apis/wit/workitemtypes/{kind}/fields")["value"]
    required = {field["name"]: field["referenceName"] for field in fields if field["alwaysRequired"]}
    assert required.keys() == {"Title", "State", "Area ID", "Iteration ID"} | own
    number = write(client, "POST", f"/Platform/_apis/wit/workitems/${kind}", [put("System.Title", "Whole")])["id"]
    for name in own | {"Title", "State"}:
        error = change(client, number, {"op": "remove", "path": f"/fields/{required[name]}"}, expect=400)
        assert error["message"] == f"TF401320: Rule Error for field {name}. Error code: Required, InvalidEmpty."
    assert client.get(f"/_apis/wit/workitems/{number}")["rev"] == 1


def test_going_back_has_a_reason_of_its_own_and_clears_what_was_resolved(client: Any) -> None:
    path = "/Platform/_apis/wit/workitems/$Bug"
    number = write(client, "POST", path, [put("System.Title", "Comes back")])["id"]
    common = "Microsoft.VSTS.Common."
    resolved = change(client, number, put("System.State", "Resolved"))["fields"]
    assert f"{common}ResolvedDate" in resolved
    assert resolved[f"{common}StateChangeDate"] == resolved[f"{common}ResolvedDate"]
    again = change(client, number, put("System.State", "Active"))["fields"]
    assert again["System.Reason"] == "Regression"
    assert not {f"{common}{name}" for name in ("ResolvedDate", "ResolvedBy", "ClosedDate")} & again.keys()


def test_creating_needs_a_title_and_the_first_state(client: Any) -> None:
    path = "/Mobile App/_apis/wit/workitems/$Product Backlog Item"
    missing = write(client, "POST", path, [put("System.Description", "x")], 400)
    assert missing["message"] == "TF401320: Rule Error for field Title. Error code: Required, InvalidEmpty."
    early = [put("System.Title", "x"), put("System.State", "Done")]
    assert "not in the list of supported values" in write(client, "POST", path, early, 400)["message"]
    item = write(client, "POST", path, early, bypassRules="true")
    assert (item["fields"]["System.State"], item["fields"]["System.Reason"]) == ("Done", "Work finished")
    wrong = write(client, "POST", "/Mobile App/_apis/wit/workitems/$User Story", early, 404)
    assert wrong["typeKey"] == "WorkItemTypeNotFoundException"


@pytest.mark.parametrize("body", ["{}", "[]", "", "nonsense", '[{"op":"add"}]', '[{"op":"sing","path":"/x"}]'])
def test_a_body_that_is_no_patch_document(client: Any, body: str) -> None:
    for method, path in (("POST", "/Platform/_apis/wit/workitems/$Task"), ("PATCH", "/_apis/wit/workitems/31")):
        answer = send(client, method, path, body, validateOnly="true")
        assert answer.status_code == 400
        assert answer.json()["typeKey"] == "VssPropertyValidationException"
        assert answer.json()["message"] == "You must pass a valid patch document in the body of the request."


def test_the_media_type_is_checked_before_the_item(client: Any) -> None:
    answer = send(client, "PATCH", f"/_apis/wit/workitems/{BIG}", "[]", media_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["typeKey"] == "VssRequestContentTypeNotSupportedException"


@pytest.mark.parametrize("document", [[{"op": "test", "path": "/rev", "value": 1}], "{}", []])
def test_the_scope_probe_changes_nothing(client: Any, reader: Any, organization: Organization, document: Any) -> None:
    before = state_of(organization)
    answer = send(client, "PATCH", f"/_apis/wit/workitems/{BIG}", document, validateOnly="true")
    assert answer.status_code == 404
    assert answer.json()["typeKey"] == "WorkItemUnauthorizedAccessException"
    assert "x-vss-userdata" in answer.headers
    refused = send(reader, "PATCH", f"/_apis/wit/workitems/{BIG}", document, validateOnly="true")
    assert (refused.status_code, refused.content) == (401, b"")
    assert "x-vss-userdata" not in refused.headers
    assert state_of(organization) == before


def test_reading_scopes_do_not_write(reader: Any, organization: Organization) -> None:
    before = state_of(organization)
    document = [put("System.Title", "x")]
    assert send(reader, "POST", "/Platform/_apis/wit/workitems/$Task", document).status_code == 401
    assert send(reader, "PATCH", "/_apis/wit/workitems/31", document).status_code == 401
    assert reader.send("DELETE", "/_apis/wit/workitems/31").status_code == 401
    comments = "/Platform/_apis/wit/workItems/31/comments"
    assert reader.send("POST", comments, {"text": "x"}, version="7.1-preview.4").status_code == 401
    assert state_of(organization) == before


def test_permission_to_write_can_be_taken(client: Any, organization: Organization) -> None:
    organization.deny(organization.named("svc-agent"), "WorkItemWrite", organization.project("Platform"))
    error = change(client, 31, put("System.Title", "x"), expect=403)
    assert error["message"].startswith("TF237111")
    change(client, 45, put("System.Title", "Payments are open"))


def test_links(client: Any, organization: Organization) -> None:
    base = f"{client.http.base_url}_apis/wit/workItems"
    item = change(client, 31, link("System.LinkTypes.Related", f"{base}/34", comment="same agents"))
    assert item["rev"] == 1
    (relation,) = item["relations"]
    assert relation["attributes"] == {"isLocked": False, "name": "Related", "comment": "same agents"}
    again = change(client, 31, link("System.LinkTypes.Related", f"{base}/34"), expect=400)
    assert (again["typeKey"], again["message"]) == ("RelationAlreadyExistsException", "Relation already exists.")
    edited = change(client, 31, {"op": "replace", "path": "/relations/0/attributes/comment", "value": "other"})
    assert edited["relations"][0]["attributes"]["comment"] == "other"
    back = client.get("/_apis/wit/workitems/34", __expand="relations")["relations"]
    assert back[0]["url"].endswith("/31")
    gone = change(client, 31, {"op": "remove", "path": "/relations/0"})
    assert "relations" not in gone
    assert "relations" not in client.get("/_apis/wit/workitems/34", __expand="relations")
    updates = client.get("/_apis/wit/workitems/31/updates")["value"]
    assert [list(update.get("relations", {})) for update in updates] == [[], ["added"], ["updated"], ["removed"]]
    missing = change(client, 31, link("System.LinkTypes.Related", f"{base}/{BIG}"), expect=404)
    assert missing["typeKey"] == "WorkItemUnauthorizedAccessException"


def test_the_tree_stays_a_tree(client: Any) -> None:
    base = f"{client.http.base_url}_apis/wit/workItems"
    parent, child = "System.LinkTypes.Hierarchy-Reverse", "System.LinkTypes.Hierarchy-Forward"
    assert "TF201036" in change(client, 8, link(parent, f"{base}/3"), expect=400)["message"]
    assert "TF201036" in change(client, 3, link(child, f"{base}/8"), expect=400)["message"]
    assert "TF201035" in change(client, 1, link(parent, f"{base}/17"), expect=400)["message"]
    moved = change(client, 34, link(parent, f"{base}/6"))
    assert client.get("/_apis/wit/workitems/34", fields="System.Parent")["fields"] == {"System.Parent": 6}
    assert moved["relations"][0]["attributes"]["name"] == "Parent"


def test_links_to_artifacts_make_a_revision(client: Any, organization: Organization) -> None:
    uri = organization.pull_requests[15].artifact_uri
    item = change(client, 31, link("ArtifactLink", uri, name="Pull Request"))
    assert item["rev"] == 2
    assert organization.work_items.linked_to(uri) == [31]
    change(client, 31, {"op": "remove", "path": "/relations/0"})
    assert organization.work_items.linked_to(uri) == []


def test_numbers_stand_for_operations(client: Any) -> None:
    assert change(client, 31, {"op": 0, "path": "/fields/System.Title", "value": "By number"})["rev"] == 2


def test_copy_and_ids_of_nodes(client: Any) -> None:
    copied = change(client, 8, {"op": "copy", "from": "/fields/System.Title", "path": "/fields/System.Description"})[
        "fields"
    ]
    assert copied["System.Description"] == copied["System.Title"]
    node = client.get("/Platform/_apis/wit/classificationnodes/areas/Operations")["id"]
    assert change(client, 8, put("System.AreaId", node))["fields"]["System.AreaPath"] == "Platform\\Operations"


def test_markdown_stays_markdown(client: Any) -> None:
    path = "/multilineFieldsFormat/Microsoft.VSTS.TCM.ReproSteps"
    change(client, 28, {"op": "add", "path": path, "value": "Markdown"}, put("System.Title", "Now Markdown"))
    change(client, 28, {"op": "add", "path": path, "value": "Html"}, expect=400)


def test_comments(client: Any) -> None:
    path = "/Platform/_apis/wit/workItems/31/comments"
    made = client.call("POST", path, {"text": "**Seen** today"}, version="7.1-preview.4", format="markdown")
    assert (made["format"], made["version"], made["createdBy"]["displayName"]) == ("markdown", 1, "svc-agent")
    assert client.get("/_apis/wit/workitems/31")["rev"] == 2
    plain = client.call("POST", path, {"text": "<b>x</b>"}, version="7.2-preview.4", format="1")
    assert plain["format"] == "html"
    assert "format" not in client.call("POST", path, {"text": "old"}, version="7.1-preview.3", format="markdown")
    changed = client.call("PATCH", f"{path}/{made['id']}", {"text": "Never mind"}, version="7.1-preview.4")
    assert (changed["text"], changed["version"], changed["format"]) == ("Never mind", 2, "markdown")
    deleted = client.call("DELETE", f"{path}/{made['id']}", version="7.1-preview.4")
    assert (deleted["id"], deleted["isDeleted"]) == (made["id"], True)
    assert client.get(path, version="7.1-preview.4")["totalCount"] == 2
    client.call("POST", path, {"text": " "}, version="7.1-preview.4", expect=400)
    client.call("POST", path.replace("31", str(BIG)), {"text": "x"}, version="7.1-preview.4", expect=404)


def test_the_recycle_bin(client: Any, organization: Organization) -> None:
    deleted = client.call("DELETE", "/_apis/wit/workitems/31")
    assert (deleted["id"], deleted["code"], deleted["resource"]["rev"]) == (31, 200, 2)
    assert deleted["deletedBy"] == "svc-agent <svc-agent@tidewater.example>"
    client.get("/_apis/wit/workitems/31", expect=404)
    assert [row["id"] for row in client.get("/Platform/_apis/wit/recyclebin")["value"]] == [31, 900]
    assert client.get("/_apis/wit/recyclebin/31")["name"] == "Restart script of the Windows agents hangs"
    client.get("/_apis/wit/recyclebin/30", expect=404)
    read = client.get("/_apis/wit/recyclebin/31")
    assert read["deletedDate"].startswith("2026-")
    restored = client.call("PATCH", "/_apis/wit/recyclebin/31", {"isDeleted": False})
    assert client.get("/_apis/wit/workitems/31")["rev"] == 3
    # An answer to a change dates the deletion in another form than a read item does.
    assert deleted["deletedDate"] == restored["deletedDate"]
    when = datetime.strptime(f"{restored['deletedDate']} +0000", "%m/%d/%Y %I:%M:%S %p %z")
    assert when.isoformat()[:19] == read["deletedDate"][:19]
    [listed] = client.get("/Platform/_apis/wit/recyclebin", ids="900")["value"]
    assert datetime.strptime(f"{listed['deletedDate']} +0000", "%m/%d/%Y %I:%M:%S %p %z").year == 2026
    *_, deletion, restoring = client.get("/_apis/wit/workitems/31/updates")["value"]
    assert deletion["fields"]["System.IsDeleted"] == {"newValue": True}
    assert restoring["fields"]["System.IsDeleted"] == {"oldValue": True}
    client.call("POST", "/_apis/wit/workitemsdelete", {"ids": [31, 35]})
    client.call("DELETE", "/_apis/wit/recyclebin/31", expect=204)
    assert 31 not in organization.work_items.items
    assert 35 in organization.work_items.items
    client.call("DELETE", "/_apis/wit/workitems/8", destroy="true")
    assert client.get("/_apis/wit/workitems/17", __expand="relations").get("relations") is None


def test_classification_nodes(client: Any) -> None:
    made = client.call("POST", "/Data/_apis/wit/classificationnodes/areas", {"name": "Lake"}, expect=201)
    again = client.call("POST", "/Data/_apis/wit/classificationnodes/areas", {"name": "lake"})
    assert again["id"] == made["id"]
    dates = {"attributes": {"startDate": "2026-12-01T00:00:00Z", "finishDate": "2026-12-12T00:00:00Z"}}
    sprint = client.call("POST", "/Data/_apis/wit/classificationnodes/iterations", {"name": "S1", **dates}, expect=201)
    assert sprint["attributes"] == dates["attributes"]
    change(client, 57, put("System.AreaPath", "Data\\Lake"), put("System.IterationPath", "data\\s1"))
    assert client.get("/_apis/wit/workitems/57")["fields"]["System.IterationPath"] == "Data\\S1"
    client.call("POST", "/Data/_apis/wit/classificationnodes/areas", {"name": "a\\b"}, expect=400)


def test_two_seeds_are_equal() -> None:
    from azure_devops_simulator import seed_organization

    first, second = (
        [(item.id, item.title, [r.fields for r in item.revisions]) for item in seed_organization().work_items]
        for _ in range(2)
    )
    assert first == second


def test_the_type_of_an_item_changes_with_what_the_new_type_has(client: Any) -> None:
    patch = [{"op": "add", "path": "/fields/System.WorkItemType", "value": "Task"}]
    refused = change(client, 29, *patch, expect=400)
    assert "The field 'State' contains the value 'Resolved'" in refused["message"]
    patch.append({"op": "add", "path": "/fields/System.State", "value": "Closed"})
    changed = change(client, 29, *patch)["fields"]
    assert (changed["System.WorkItemType"], changed["System.State"]) == ("Task", "Closed")
    assert changed["System.Reason"] == "Completed"
    assert "Microsoft.VSTS.TCM.ReproSteps" not in changed
    assert "Microsoft.VSTS.Common.Severity" not in changed
    change(client, 29, {**patch[0], "value": "Bugg"}, expect=404)
    query = "SELECT [System.Id] FROM WorkItems WHERE [System.Id] = 29 AND [System.WorkItemType] = 'Task'"
    found = client.call("POST", "/_apis/wit/wiql", {"query": query})["workItems"]
    assert [row["id"] for row in found] == [29]
