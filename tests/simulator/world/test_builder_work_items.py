"""What the builder makes of work items, read by the routes of the service."""

from datetime import UTC, datetime

import pytest

from azure_devops_simulator import BuilderError, build_organization, difference, export_world, import_world


@pytest.fixture
def world():
    world = build_organization("contoso").at("2026-11-02 09:00")
    for name in ("Dana Ortiz", "Tom Becker"):
        world.add_user(name)
    world.add_project("Platform")
    return world


@pytest.fixture
def organization(world):
    world.add_token("full-token")
    return world.organization


@pytest.fixture
def platform(world):
    return world.project("Platform")


def item(client, number, **query):
    return client.get(f"/_apis/wit/workitems/{number}", **query)


def test_a_new_item_has_the_fields_that_it_is_given(world, platform, client):
    platform.add_area("Team Harbor").add_iteration("Sprint 1", start="2026-11-02", finish="2026-11-13")
    bug = platform.add_work_item(
        "bug",
        title="The parser drops a line",
        description="<p>Always.</p>",
        assigned_to="Tom Becker",
        area="team harbor",
        iteration="Platform/Sprint 1",
        tags=["parser", "customer"],
        fields={"Severity": "2 - High", "Microsoft.VSTS.Common.Priority": 1}
        | {"Microsoft.VSTS.TCM.ReproSteps": "<p>Parse.</p>"},
        author="Dana Ortiz",
    )
    fields = item(client, bug.id)["fields"]
    assert {name: fields[name] for name in fields if name in EXPECTED} == EXPECTED
    assert fields["System.AssignedTo"]["displayName"] == "Tom Becker"
    assert fields["System.CreatedBy"]["displayName"] == "Dana Ortiz"
    assert item(client, bug.id)["rev"] == 1


EXPECTED = {
    "System.WorkItemType": "Bug",
    "System.Title": "The parser drops a line",
    "System.Description": "<p>Always.</p>",
    "System.AreaPath": "Platform\\Team Harbor",
    "System.IterationPath": "Platform\\Sprint 1",
    "System.Tags": "customer; parser",
    "System.State": "New",
    "Microsoft.VSTS.Common.Severity": "2 - High",
    "Microsoft.VSTS.Common.Priority": 1,
    "Microsoft.VSTS.TCM.ReproSteps": "<p>Parse.</p>",
}


def test_changes_are_revisions_with_their_dates_and_people(world, platform, client):
    bug = platform.add_work_item("Bug", title="It broke", state="active", author="Dana Ortiz")
    world.at("2026-11-03 10:00")
    bug.update(assigned_to="Tom Becker", title="It broke again", by="Dana Ortiz")
    world.at("2026-11-04 11:00")
    bug.comment("Fixed.", author="Tom Becker").update({"Severity": "1 - Critical"}, state="Resolved", tags="done")
    revisions = client.get(f"/_apis/wit/workitems/{bug.id}/revisions")["value"]
    rows = [(row["fields"]["System.State"], row["fields"]["System.ChangedBy"]["displayName"]) for row in revisions]
    assert rows == [
        ("New", "Dana Ortiz"),
        ("Active", "Dana Ortiz"),
        ("Active", "Dana Ortiz"),
        ("Active", "Tom Becker"),
        ("Resolved", "Tom Becker"),
    ]
    assert [row["fields"]["System.ChangedDate"][:16] for row in revisions[2:]] == [
        "2026-11-03T10:00",
        "2026-11-04T11:00",
        "2026-11-04T11:00",
    ]
    last = item(client, bug.id)["fields"]
    assert last["Microsoft.VSTS.Common.ResolvedBy"]["displayName"] == "Tom Becker"
    assert (last["System.Tags"], last["Microsoft.VSTS.Common.Severity"]) == ("done", "1 - Critical")
    comments = client.get(f"/Platform/_apis/wit/workitems/{bug.id}/comments", version="7.1-preview.4")["comments"]
    assert [(each["createdBy"]["displayName"], each["text"]) for each in comments] == [("Tom Becker", "Fixed.")]


def test_none_clears_a_field_and_a_date_is_a_date(platform, client):
    task = platform.add_work_item("Task", title="Do it", description="Now.", assigned_to="Tom Becker")
    when = datetime(2026, 11, 20, 12, tzinfo=UTC)
    task.update({"System.Description": None, "Assigned To": None, "Microsoft.VSTS.Scheduling.StartDate": when})
    fields = item(client, task.id)["fields"]
    assert fields["Microsoft.VSTS.Scheduling.StartDate"] == "2026-11-20T12:00:00Z"
    assert not {"System.Description", "System.AssignedTo"} & fields.keys()


def test_links(world, platform, client):
    api = platform.add_repository("api", {"a": "1"}).commit("b", {"a": "2"}, branch="fix")
    pull = api.open_pull_request("Fix", source="fix")
    run = platform.add_pipeline("ci", repository=api, yaml="steps:\n- script: make\n").run()
    story = platform.add_work_item("User Story", title="As a user")
    bug = platform.add_work_item("Bug", title="It broke", parent=story)
    other = platform.add_work_item("Bug", title="It broke, too")
    bug.link(other, comment="the same?").link(other, "duplicate of").link(pull).link(run).link(
        "https://example.com/log"
    ).link_commit(api, "fix")
    found = item(client, bug.id, **{"$expand": "relations"})["relations"]
    assert [(row["rel"], row["url"].rpartition("/")[2], row["attributes"].get("name")) for row in found] == [
        ("System.LinkTypes.Hierarchy-Reverse", str(story.id), "Parent"),
        ("System.LinkTypes.Related", str(other.id), "Related"),
        ("System.LinkTypes.Duplicate-Reverse", str(other.id), "Duplicate Of"),
        ("ArtifactLink", pull.pull_request.artifact_uri.rpartition("/")[2], "Pull Request"),
        ("ArtifactLink", str(run.id), "Build"),
        ("Hyperlink", "log", None),
        ("ArtifactLink", f"{platform.id}%2f{api.id}%2f{api.tip('fix')}", "Fixed in Commit"),
    ]
    assert found[1]["attributes"]["comment"] == "the same?"
    (child,) = item(client, story.id, **{"$expand": "relations"})["relations"]
    assert (child["rel"], child["url"].rpartition("/")[2]) == ("System.LinkTypes.Hierarchy-Forward", str(bug.id))


def test_a_deleted_item_is_in_the_recycle_bin(platform, client):
    bug = platform.add_work_item("Bug", title="It broke")
    bug.delete(by="Tom Becker")
    assert client.send("GET", f"/_apis/wit/workitems/{bug.id}").status_code == 404
    assert client.get("/Platform/_apis/wit/recyclebin")["value"][0]["id"] == bug.id


def test_areas_and_iterations_with_those_above_them(platform, client):
    platform.add_area("Web\\Checkout").add_area("web/Search")
    platform.add_iteration("2026/Sprint 1", start="2026-11-02", finish=datetime(2026, 11, 13, tzinfo=UTC))
    areas = client.get("/Platform/_apis/wit/classificationnodes/areas", **{"$depth": 3})
    (web,) = areas["children"]
    assert (web["name"], [node["name"] for node in web["children"]]) == ("Web", ["Checkout", "Search"])
    sprint = client.get("/Platform/_apis/wit/classificationnodes/iterations/2026/Sprint 1")
    assert sprint["attributes"] == {"startDate": "2026-11-02T00:00:00Z", "finishDate": "2026-11-13T00:00:00Z"}


def test_an_item_of_a_scrum_project(world, client):
    mobile = world.add_project("Mobile", process="Scrum")
    made = mobile.add_work_item("Product Backlog Item", title="Track", fields={"Effort": 3.5}, state="Committed")
    fields = item(client, made.id)["fields"]
    assert (fields["Microsoft.VSTS.Scheduling.Effort"], fields["System.State"]) == (3.5, "Committed")


def test_two_users_may_share_a_display_name(world, platform, client):
    other = world.add_user("Tom Becker", "tom.two@contoso.example")
    made = [
        platform.add_work_item("Bug", title="It broke", assigned_to=who) for who in (other, "tom.two@contoso.example")
    ]
    copied = import_world(export_world(world))
    for bug in made:
        assert item(client, bug.id)["fields"]["System.AssignedTo"]["uniqueName"] == "tom.two@contoso.example"
        assert copied.work_items.items[bug.id].revision.fields["System.AssignedTo"] == other.id
    with pytest.raises(BuilderError, match="several users are called 'Tom Becker'"):
        platform.add_work_item("Bug", title="It broke", assigned_to="Tom Becker")


def add(platform, **given):
    return platform.add_work_item("Bug", title="It broke too", **given)


MISTAKES = {
    "a type": (lambda platform, bug: platform.add_work_item("Bugg", title="x"), "did you mean 'Bug'"),
    "a type of another process": (lambda platform, bug: platform.add_work_item("Impediment", title="x"), "User Story"),
    "no title": (lambda platform, bug: platform.add_work_item("Bug", title=""), "Title"),
    "a state": (lambda platform, bug: bug.update(state="Activ"), "did you mean 'Active'"),
    "a state at first": (lambda platform, bug: add(platform, state="Done"), "is not one of New, Active"),
    "a user": (lambda platform, bug: bug.update(assigned_to="Tom Baker"), "did you mean 'Tom Becker'"),
    "a user in a field": (lambda platform, bug: bug.update({"Assigned To": "Tom Baker"}), "did you mean 'Tom Becker'"),
    "a field": (lambda platform, bug: bug.update({"Severety": "x"}), "did you mean 'Severity'"),
    "a field of another type": (lambda platform, bug: add(platform, fields={"Effort": 3}), "field of Bug 'Effort'"),
    "a value": (lambda platform, bug: bug.update({"Severity": "High"}), "Severity"),
    "a read-only field": (lambda platform, bug: bug.update({"System.Id": 7}), "ID"),
    "an area": (lambda platform, bug: bug.update(area="Harbour"), "is not one of Platform"),
    "an iteration": (lambda platform, bug: add(platform, iteration="Sprint 9"), "iteration"),
    "one date": (lambda platform, bug: platform.add_iteration("S", start="2026-11-02"), "needs both dates"),
    "a date": (lambda platform, bug: platform.add_iteration("S", start="soon", finish="later"), "'soon' is no time"),
    "a relation": (lambda platform, bug: bug.link(bug, "Parnet"), "did you mean 'Parent'"),
    "a circle": (lambda platform, bug: bug.link(add(platform, parent=bug), "Parent"), "circular relationship"),
    "a link twice": (lambda platform, bug: bug.link(o := add(platform)).link(o), "Relation already exists"),
    "an empty comment": (lambda platform, bug: bug.comment(" "), "text"),
    "back from removed": (
        lambda platform, bug: platform.add_work_item("Task", title="x", state="Removed").update(state="Active"),
        "State",
    ),
}
FOUND_BEFORE_THE_REQUEST = ("a type", "a state", "a user", "a field", "an area", "one date", "a relation")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_an_error_that_says_what_there_is(platform, mistake):
    act, message = MISTAKES[mistake]
    with pytest.raises(BuilderError, match=message):
        act(platform, platform.add_work_item("Bug", title="It broke"))


def test_a_wrong_name_changes_nothing(world, platform):
    bug = platform.add_work_item("Bug", title="It broke")
    before = export_world(world)
    for mistake in FOUND_BEFORE_THE_REQUEST:
        with pytest.raises(BuilderError):
            MISTAKES[mistake][0](platform, bug)
    assert difference(before, export_world(world)) == {}
