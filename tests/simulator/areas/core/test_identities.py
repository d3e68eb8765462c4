"""Looking people and teams up."""

import pytest

IDENTITIES = "/_apis/identities"


@pytest.mark.parametrize(
    ("kind", "value", "names"),
    [
        ("General", "tom", ["Tom Becker"]),
        ("General", "becker", ["Tom Becker"]),
        ("general", "tom.becker@tidewater.example", ["Tom Becker"]),
        ("General", "t", ["Tom Becker", "Tidewater CI"]),
        ("DisplayName", "Tom Becker", ["Tom Becker"]),
        ("DisplayName", "Tom", []),
        ("MailAddress", "tom.becker@tidewater.example", ["Tom Becker"]),
        ("DirectoryAlias", "tom.becker", ["Tom Becker"]),
        ("LocalGroupName", "Tom Becker", []),
        ("LocalGroupName", "[platform]\\platform team", ["[Platform]\\Platform Team"]),
        ("General", "platform t", ["[Platform]\\Platform Team"]),
    ],
)
def test_people_are_found_by_what_they_are_called(client, kind, value, names):
    found = client.get(IDENTITIES, searchFilter=kind, filterValue=value)["value"]
    assert [person["providerDisplayName"] for person in found] == names


def test_people_are_found_by_id_and_by_descriptor(client, organization):
    tom, luis = organization.named("Tom Becker"), organization.named("Luis Ferreira")
    both = client.get(IDENTITIES, identityIds=f"{tom.id},{luis.id}")["value"]
    assert {person["id"] for person in both} == {tom.id, luis.id}
    by_subject = client.get(IDENTITIES, subjectDescriptors=tom.descriptor)["value"]
    assert by_subject == client.get(IDENTITIES, descriptors=by_subject[0]["descriptor"])["value"]


def test_a_search_for_nothing_is_refused_and_so_is_a_token_for_other_things(client, reader):
    client.get(IDENTITIES, expect=400)
    client.get(IDENTITIES, expect=400, searchFilter="Colour", filterValue="red")
    assert reader.send("GET", IDENTITIES, searchFilter="General", filterValue="tom").status_code == 401


def test_a_team_is_found_as_its_address_says(client):
    (team,) = client.get("/_apis/projects/Platform/teams", __expandIdentity="true")["value"]
    assert "identity" not in client.get("/_apis/projects/Platform/teams")["value"][0]
    assert client.get(f"/_apis/projects/Platform/teams/{team['id']}", __expandIdentity="true") == team
    (found,) = client.get(IDENTITIES, identityIds=team["id"])["value"]
    assert found == team["identity"]
    assert (found["providerDisplayName"], found["isContainer"]) == ("[Platform]\\Platform Team", True)
    for name in ("descriptors", "subjectDescriptors"):
        assert client.get(IDENTITIES, **{name: found[name[:-1]]})["value"] == [found]


@pytest.mark.parametrize(
    ("asked", "up", "down"),
    [
        (0, False, False),
        ("None", False, False),
        (1, True, True),
        ("Direct", True, True),
        ("Expanded", True, True),
        ("ExpandedUp", True, False),
        (4, False, True),
        ("ExpandedDown", False, True),
    ],
)
def test_membership(client, organization, asked, up, down):
    def read(number):
        answer = client.http.get(IDENTITIES, params={"identityIds": number, "queryMembership": asked})
        return answer.json()["value"][0]

    tom, team = organization.named("Tom Becker"), organization.project("Platform").teams[0]
    assert tom in team.members
    person, group = read(tom.id), read(team.id)
    assert (group["descriptor"] in person["memberOf"]) == up
    assert person["members"] == []
    assert (tom.id in group["memberIds"]) == down
    assert (person["descriptor"] in group["members"]) == down
    assert group["memberOf"] == []


def test_the_teams_of_the_caller(client, organization):
    agent, team = organization.named("svc-agent"), organization.project("Payments").teams[0]
    every = client.get("/_apis/teams", version="7.1-preview.3")["value"]
    before = client.get("/_apis/teams", version="7.1-preview.3", __mine="true")["value"]
    assert [row for row in every if row in before] == before
    (team.members.remove if agent in team.members else team.members.append)(agent)
    after = client.get("/_apis/teams", version="7.1-preview.3", __mine="true")["value"]
    assert [row["name"] for row in every if (row in before) != (row in after)] == ["Payments Team"]
    mine = client.get("/_apis/projects/Payments/teams", __mine="true")["value"]
    assert mine == [row for row in after if row["projectName"] == "Payments"]


def test_the_image_of_the_default_team(client):
    path = "/_apis/projects"
    assert all("defaultTeamImageUrl" not in row for row in client.get(path)["value"])
    rows = client.get(path, getDefaultTeamImageUrl="true")["value"]
    team = client.get("/_apis/projects/Platform/teams")["value"][0]
    (own,) = [row["defaultTeamImageUrl"] for row in rows if row["name"] == "Platform"]
    assert team["id"] in own
