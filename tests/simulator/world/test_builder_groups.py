"""Groups of users that the builder makes: what they are denied, and how clients see them."""

import pytest

from azure_devops_simulator import BuilderError, build_organization, export_world, import_world

FULL, READ = "full-token", "read-token"
API = "/Platform/_apis/git/repositories/api"


@pytest.fixture
def world():
    """A project with a repository, Dana with the full token, and Tom with one that reads code."""
    world = build_organization("contoso").at("2026-11-02 09:00")
    world.add_user("Dana Ortiz")
    world.add_user("Tom Becker")
    world.add_project("Platform").add_repository("api", files={"README.md": "# API\n"})
    world.add_token(FULL)
    world.add_token(READ, ["code"], user="Tom Becker")
    return world


@pytest.fixture
def organization(world):
    return world.organization


def test_what_a_group_is_denied_each_member_is_denied(world, client, reader):
    platform = world.project("Platform")
    dana, tom = world.organization.named("Dana Ortiz"), world.organization.named("Tom Becker")
    contractors = world.add_group("Contractors", [tom])
    world.deny(contractors, "WorkItemWrite", project=platform)
    world.hide(platform, "contractors")
    assert reader.send("GET", API).status_code == 404
    assert client.get("/_apis/projects")["count"] == 1
    platform.add_work_item("Bug", title="x", author=dana)
    contractors.add(dana, dana)
    assert client.send("GET", API).status_code == 404
    assert client.get("/_apis/projects")["count"] == 0
    contractors.group.members.remove(dana)
    assert client.get(API)["name"] == "api"


def test_a_group_lacks_a_permission_as_its_members_change(world, client):
    platform = world.project("Platform")
    create = {"name": "docs"}
    world.add_group("Contractors", ["Tom Becker"])
    world.deny("Contractors", "CreateRepository", project=platform)
    with pytest.raises(BuilderError, match="You need the Git 'CreateRepository' permission"):
        platform.add_repository("tools", author="Tom Becker")
    client.call("POST", "/Platform/_apis/git/repositories", create, expect=201)
    world.group("contractors").add("Dana Ortiz")
    client.call("POST", "/Platform/_apis/git/repositories", {"name": "more"}, expect=403)


def test_a_group_is_an_identity_of_the_organization(world, client):
    tom = world.organization.named("Tom Becker")
    made = world.add_group("Contractors", [tom], description="Everybody from outside.").group
    for kind, value in (
        ("General", "contract"),
        ("LocalGroupName", "[contoso]\\contractors"),
        ("AccountName", made.name),
    ):
        query = {"searchFilter": kind, "filterValue": value, "queryMembership": "Direct"}
        (found,) = client.get("/_apis/identities", **query)["value"]
        assert (found["id"], found["providerDisplayName"]) == (made.id, "[contoso]\\Contractors")
        assert (found["isContainer"], found["memberIds"]) == (True, [tom.id])
    assert found["properties"]["Description"]["$value"] == "Everybody from outside."
    for key, name in (
        ("id", "identityIds"),
        ("descriptor", "descriptors"),
        ("subjectDescriptor", "subjectDescriptors"),
    ):
        (same,) = client.get("/_apis/identities", **{name: found[key]})["value"]
        assert (same["id"], same["members"]) == (made.id, [])
    (person,) = client.get("/_apis/identities", identityIds=tom.id, queryMembership="Direct")["value"]
    assert found["descriptor"] in person["memberOf"]
    assert found["members"] == [person["descriptor"]]


def test_a_query_finds_what_is_assigned_to_a_group(world, client):
    platform = world.project("Platform")
    world.add_group("Contractors", ["Tom Becker"])
    own = platform.add_work_item("Bug", title="x", assigned_to="Tom Becker")
    platform.add_work_item("Bug", title="y", assigned_to="Dana Ortiz")
    for group, expected in (("[contoso]\\Contractors", [own.id]), ("[Platform]\\Contractors", [])):
        query = f"SELECT [System.Id] FROM WorkItems WHERE [System.AssignedTo] IN GROUP '{group}'"  # noqa: S608 - no SQL
        found = client.call("POST", "/Platform/_apis/wit/wiql", {"query": query})["workItems"]
        assert [row["id"] for row in found] == expected


def test_groups_and_what_they_are_denied_come_along_in_a_world(world):
    platform = world.project("Platform")
    world.add_group("Contractors", ["Tom Becker"], description="Everybody from outside.")
    world.deny("Contractors", "QueueBuilds", project=platform).hide(platform, "Contractors")
    other = import_world(export_world(world))
    assert export_world(other) == export_world(world)
    group, project = other.group("Contractors"), other.project("Platform")
    assert group == world.group("Contractors").group
    tom, dana = other.named("Tom Becker"), other.named("Dana Ortiz")
    assert [(other.denied(one, "QueueBuilds", project), other.sees(one, project)) for one in (tom, dana)] == [
        (True, False),
        (False, True),
    ]
    group.members.append(dana)
    assert not other.sees(dana, project)


def test_the_same_calls_make_the_same_ids_of_groups():
    first, second, elsewhere = (
        build_organization(name).add_group("Contractors").group for name in ("contoso", "contoso", "other")
    )
    assert first.id == second.id != elsewhere.id


def other_group():
    return build_organization("other").add_group("Guests")


MISTAKES = {
    "a group": (lambda world: world.group("Gests"), "group 'Gests' is not one of Staff, Guests; did you mean 'Guests'"),
    "a group without a name": (lambda world: world.add_group(" "), "needs a name"),
    "a group twice": (lambda world: world.add_group("guests"), "there is a group 'guests' already"),
    "a group called as a user": (lambda world: world.add_group("tom becker"), "there is a user 'tom becker' already"),
    "a user called as a group": (lambda world: world.add_user("guests"), "there is a group 'guests' already"),
    "a member": (lambda world: world.add_group("X", ["Dana Ortis"]), "did you mean 'Dana Ortiz'"),
    "a user or a group": (
        lambda world: world.deny("Gests", "QueueBuilds"),
        "user or group 'Gests' is not one of Dana Ortiz, Tom Becker, Staff, Guests; did you mean 'Guests'",
    ),
    "somebody to hide from": (lambda world: world.hide(world.project("Platform"), "Staf"), "did you mean 'Staff'"),
    "a group of elsewhere": (lambda world: world.deny(other_group(), "QueueBuilds"), "is of another organization"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_an_error_that_says_what_there_is(world, mistake):
    act, message = MISTAKES[mistake]
    world.add_group("Staff")
    world.add_group("Guests")
    before = export_world(world)
    with pytest.raises(BuilderError, match=message):
        act(world)
    assert export_world(world) == before
