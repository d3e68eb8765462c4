"""Search in the texts of work items: by the search service, and by a query where that does not answer."""

from typing import Any

import pytest
from tool_calls import call, message_of, refusal, shown

from azure_devops_simulator import Fault, Organization
from azure_devops_simulator.state.work_items.records import Draft
from langchain_azure_devops import AzureDevOps
from langchain_azure_devops.errors import Denied, InvalidRequest, ProjectNotFound
from langchain_azure_devops.tools.work_items.searching.words import (
    CannotTranslateError,
    list_words,
    make_condition,
    parse_words,
)

SERVICE, QUERY = "Searched by the search service", "Searched by a query with CONTAINS WORDS"


@pytest.fixture
def without_service(organization: Organization) -> None:
    """There is no search service."""
    organization.faults.add(Fault(kind="status", status=404, path="/search/workitemsearchresults"))


def search(client: AzureDevOps, text: str, **arguments: Any) -> Any:
    return call(client, "search_work_items", text=text, **arguments)


def ids(page: Any) -> set[int]:
    return {row.id for row in page.items}


def say(organization: Organization, number: int, text: str, form: Any = "html") -> None:
    item, tom = organization.work_items.items[number], organization.named("Tom Becker")
    organization.work_items.comment(item, text, form, by=tom, when=organization.clock.tick())


def test_words_are_found_in_titles_and_comments_and_the_result_says_where_it_looked(
    platform_reader: AzureDevOps,
) -> None:
    page = search(platform_reader, "labels")
    assert ids(page) == {15, 28}
    assert any(SERVICE in note and "labels" in note for note in page.notes)
    row = next(row for row in page.items if row.id == 28)
    assert row.assigned_to == "Tom Becker <tom.becker@tidewater.example>"
    assert row.found[0].where == "title"
    [commented] = search(platform_reader, "auditors").items
    assert (commented.id, commented.found[0].where) == (4, "comment 2 by Dana Ortiz <dana.ortiz@tidewater.example>")
    assert 'project="*" looks everywhere' in shown(page)


@pytest.mark.parametrize(
    "text", ["labels", "auditors OR labels", "statement NOT labels", '"private endpoint"', "label*"]
)
def test_the_query_finds_what_the_service_finds(
    platform_client: AzureDevOps, organization: Organization, text: str
) -> None:
    by_service = search(platform_client, text, project="*")
    organization.faults.add(Fault(kind="status", status=404, path="/search/workitemsearchresults"))
    by_query = search(platform_client, text, project="*")
    assert ids(by_query) == ids(by_service) != set()
    assert any(QUERY in note and text in note for note in by_query.notes)
    assert any("does not answer" in note for note in by_query.notes)


@pytest.mark.usefixtures("without_service")
def test_an_exclusion_is_no_search_for_the_excluded(platform_client: AzureDevOps) -> None:
    found = ids(search(platform_client, "NOT labels", type="Bug", limit=100))
    assert found
    assert not found & {28, 15}
    assert ids(search(platform_client, "printers NOT (labels OR border)")) == set()


@pytest.mark.usefixtures("without_service")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("labels NEAR printers", "NEAR"),
        ("*abels", "*abels"),
        ("lab?ls", "lab?ls"),
        ("a:me labels", "a:me"),
        ('labels NOT "cut off"', "exclude a phrase"),
        ('"labels', "quotation mark"),
        ("(labels", "parentheses"),
        ("labels OR", "word is missing"),
        ("-labels", "-labels"),
    ],
)
def test_what_a_query_cannot_express_is_refused(platform_client: AzureDevOps, text: str, reason: str) -> None:
    told = refusal(platform_client, "search_work_items", InvalidRequest, text=text)
    assert reason in told
    assert "does not answer" in told


def test_an_index_that_is_behind_is_made_up_for(platform_client: AzureDevOps, organization: Organization) -> None:
    page = search(platform_client, "zebra")
    assert page.items == []
    assert any("found nothing" in note and QUERY in note for note in page.notes)
    item = organization.work_items.items[17]
    item.revision.fields["System.Title"] = "A zebra"
    organization.work_items.indexes.touch(17)
    organization.faults.add(Fault(kind="status", status=503, path="/search/workitemsearchresults"))
    assert ids(search(platform_client, "zebra")) == {17}


def test_filters_narrow_both_ways(platform_client: AzureDevOps, organization: Organization) -> None:
    for _ in range(2):
        assert ids(search(platform_client, "labels", type="Bug")) == {28}
        assert ids(search(platform_client, "labels", state="Resolved")) == {15}
        assert ids(search(platform_client, "labels", project="Payments")) == set()
        assert ids(search(platform_client, "auditors", assigned_to="Priya Raman")) == {4}
        assert ids(search(platform_client, "auditors", assigned_to="Tom Becker")) == set()
        organization.faults.add(Fault(kind="status", status=404, path="/search/workitemsearchresults"))


@pytest.mark.parametrize("gone", [False, True])
def test_a_project_may_be_named_by_its_id(platform_client: AzureDevOps, organization: Organization, gone: bool) -> None:
    if gone:
        organization.faults.add(Fault(kind="status", status=404, path="/search/workitemsearchresults"))
    project = organization.project("Platform").id
    assert ids(search(platform_client, "labels", project=project)) == {15, 28}
    refusal(platform_client, "search_work_items", ProjectNotFound, text="labels", project=project[:-4] + "0000")


TOM = "Tom Becker <tom.becker@tidewater.example>"


@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize("person", ["Tom Becker", "tom becker", "tom.becker@tidewater.example", TOM])
def test_a_person_is_found_by_the_whole_name_or_address(
    platform_client: AzureDevOps, organization: Organization, gone: bool, person: str
) -> None:
    if gone:
        organization.faults.add(Fault(kind="status", status=404, path="/search/workitemsearchresults"))
    page = search(platform_client, "labels OR auditors", assigned_to=person)
    assert ids(page) == {15, 28}
    assert any(f"labels OR auditors (assigned to {person})" in note for note in page.notes)


@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize(
    ("person", "near"), [("Tom", True), ("example", True), ("e", True), ("Tom Beker", True), ("Zoe Quinn", False)]
)
def test_a_part_of_a_name_finds_nobody_and_tells_the_near_ones(
    platform_client: AzureDevOps, organization: Organization, gone: bool, person: str, near: bool
) -> None:
    if gone:
        organization.faults.add(Fault(kind="status", status=404, path="/search/workitemsearchresults"))
    page = search(platform_client, "labels", assigned_to=person)
    assert page.items == []
    told = page.notes[-1]
    assert f"with the name or address {person!r}" in told
    assert TOM in told.partition("They are assigned to ")[2]
    assert ("Did you mean" in told) == near
    assert near is False or "'Tom Becker" in told


def test_words_that_stand_nowhere_are_not_said_to_be_assigned(platform_reader: AzureDevOps) -> None:
    assert not any("assigned to a person" in note for note in search(platform_reader, "zebra", assigned_to="Tom").notes)


TEXT = "A zebra in List<Integer> & <b>x</b>"


@pytest.mark.parametrize("form", ["markdown", "html"])
@pytest.mark.parametrize("place", ["comment", "System.Description", "Microsoft.VSTS.TCM.ReproSteps"])
def test_a_snippet_has_the_text_as_it_is_shown_elsewhere(
    platform_client: AzureDevOps, organization: Organization, place: str, form: Any
) -> None:
    if place == "comment":
        say(organization, 17, TEXT, form)
    else:
        item, tom = organization.work_items.items[17], organization.named("Tom Becker")
        draft = Draft({**item.revision.fields, place: TEXT}, formats={place: form})
        organization.work_items.save(item, draft, by=tom, when=organization.clock.tick())
    [row] = search(platform_client, "zebra").items
    assert row.found[0].text == (TEXT if form == "markdown" else r"A zebra in List\<Integer> & **x**")


@pytest.mark.parametrize("place", ["System.Title", "System.Tags"])
def test_a_snippet_of_a_plain_text_is_as_it_is(
    platform_client: AzureDevOps, organization: Organization, place: str
) -> None:
    item, tom = organization.work_items.items[17], organization.named("Tom Becker")
    organization.work_items.save(
        item, Draft({**item.revision.fields, place: TEXT}), by=tom, when=organization.clock.tick()
    )
    assert search(platform_client, "zebra").items[0].found[0].text == TEXT


def test_a_filter_that_does_not_exist_is_told_with_near_names(platform_reader: AzureDevOps) -> None:
    assert "Did you mean 'Closed'?" in search(platform_reader, "labels", state="Closd").notes[-1]


@pytest.mark.parametrize("gone", [False, True])
def test_a_cursor_leads_through_all_hits(platform_client: AzureDevOps, organization: Organization, gone: bool) -> None:
    for number in (8, 13, 14, 16, 17):
        say(organization, number, "<p>A zebra was here</p>")
    if gone:
        organization.faults.add(Fault(kind="status", status=404, path="/search/workitemsearchresults"))
    found: list[int] = []
    cursor = None
    for _ in range(5):
        page = search(platform_client, "zebra", limit=2, cursor=cursor)
        assert page.total == 5
        found += [row.id for row in page.items]
        if (cursor := page.cursor) is None:
            break
    assert sorted(found) == [8, 13, 14, 16, 17]


@pytest.mark.parametrize("gone", [False, True])
def test_a_secret_is_replaced_before_a_snippet_is_cut(
    platform_client: AzureDevOps, organization: Organization, gone: bool
) -> None:
    secret = "kT9vQ2mZ7pLw4xR8bN3cJ6hF5gD1sA0yUeWiOqXzVtPkLmBn"
    say(organization, 17, f"<p>password={secret} is what the zebra uses</p>")
    if gone:
        organization.faults.add(Fault(kind="status", status=404, path="/search/workitemsearchresults"))
    [row] = search(platform_client, "zebra").items
    assert "zebra" in row.found[0].text
    assert secret[-12:] not in row.found[0].text
    assert secret[-12:] not in message_of(platform_client, "search_work_items", text="zebra")


def test_comments_that_cannot_be_read_are_told(platform_client: AzureDevOps, organization: Organization) -> None:
    organization.faults.add(Fault(kind="status", status=403, path="/comments"))
    page = search(platform_client, "auditors")
    assert ids(page) == {4}
    assert page.partial
    assert any("comments could not be read" in note for note in page.notes)


def test_a_refusal_is_no_empty_result(platform_client: AzureDevOps, organization: Organization) -> None:
    organization.faults.add(Fault(kind="status", status=403, path="/search/workitemsearchresults"))
    with pytest.raises(Denied):
        search(platform_client, "labels")
    refusal(platform_client, "search_work_items", InvalidRequest, text="  ")


def test_a_project_that_does_not_exist(platform_reader: AzureDevOps) -> None:
    refusal(platform_reader, "search_work_items", ProjectNotFound, text="labels", project="Platfrom")


def test_negation_is_moved_to_the_words() -> None:
    made = make_condition(parse_words("NOT (a OR NOT b)"))
    assert "[System.Title] NOT CONTAINS WORDS 'a'" in made
    assert "[System.Title] CONTAINS WORDS 'b'" in made
    assert ") AND (" in made
    assert list_words(parse_words("a NOT b (c OR d*)")) == ["a", "c", "d*"]
    assert "'o''neil'" in make_condition(parse_words("o'neil"))
    with pytest.raises(CannotTranslateError):
        parse_words("a BEFORE b")
