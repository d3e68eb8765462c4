"""Looking people up."""

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
