"""The history of a work item: what each save changed, when, and by whom."""

from typing import Any

import pytest
from official_facts import answers
from stub_service import Reply, Seen, StubService, failure, ok
from tool_calls import call, message_of, refusal, shown

from azure_devops_simulator import Organization
from azure_devops_simulator.state.work_items.records import Draft, NewRelation
from langchain_azure_devops import AzureDevOps, load_settings
from langchain_azure_devops.errors import InvalidRequest, NotFound

ITEM = 4
PRIORITY = "Microsoft.VSTS.Common.Priority"
TOM = "Tom Becker <tom.becker@tidewater.example>"


def save(
    organization: Organization,
    fields: dict[str, Any] | None = None,
    number: int = ITEM,
    by: str = "Tom Becker",
    added: list[NewRelation] | None = None,
    **draft: Any,
) -> None:
    """Save a change of a work item by somebody."""
    item = organization.work_items.items[number]
    made = Draft({**item.revision.fields, **(fields or {})}, added=added or [], **draft)
    organization.work_items.save(item, made, by=organization.named(by), when=organization.clock.tick())


def last(client: AzureDevOps, **arguments: Any) -> Any:
    return call(client, "list_work_item_changes", id=ITEM, **arguments).items[-1]


def changes(row: Any) -> dict[str, tuple[str | None, str | None]]:
    return {change.field: (change.before, change.after) for change in row.changes}


def test_the_first_save_comes_first_and_each_says_who_saved_it(platform_reader: AzureDevOps) -> None:
    page = call(platform_reader, "list_work_item_changes", id=ITEM)
    assert [row.revision for row in page.items] == [1, 2, 3, 4, 5]
    assert page.cursor is None
    first = page.items[0]
    assert (first.old_state, first.new_state) == (None, "New")
    assert changes(first)["System.Title"] == (None, "Finding 7: storage account is reachable from the internet")
    assert page.items[4].by == "Dana Ortiz <dana.ortiz@tidewater.example>"
    assert page.items[4].comment.startswith("Please keep it open")


def test_who_changed_the_priority_and_why(platform_client: AzureDevOps, organization: Organization) -> None:
    save(organization, {PRIORITY: 3}, history="<p>The fix can <b>wait</b></p>")
    save(organization, {"System.Title": "Another title"})
    page = call(platform_client, "list_work_item_changes", id=ITEM, fields=["Priority"])
    assert [row.revision for row in page.items] == [1, 6]
    row = page.items[-1]
    assert (row.by, row.at) == (TOM, organization.work_items.items[ITEM].revisions[5].changed)
    assert changes(row) == {PRIORITY: ("1", "3")}
    assert row.comment == "The fix can **wait**"
    assert f"{PRIORITY}: 1 -> 3" in shown(page)


def test_the_time_of_the_newest_save_is_not_in_the_year_9999(platform_reader: AzureDevOps) -> None:
    for row in call(platform_reader, "list_work_item_changes", id=ITEM).items:
        assert row.at.year == 2026


def test_when_and_by_whom_an_item_was_closed(platform_reader: AzureDevOps) -> None:
    rows = call(platform_reader, "list_work_item_changes", id=18, fields=["System.State"]).items
    closed = rows[-1]
    assert (closed.old_state, closed.new_state) == ("Active", "Closed")
    assert all(row.changes == [] and row.links == [] for row in rows)


def test_people_are_shown_with_their_unique_names(platform_client: AzureDevOps, organization: Organization) -> None:
    save(organization, {"System.AssignedTo": organization.named("Tom Becker").id})
    before = "Priya Raman <priya.raman@tidewater.example>"
    assert changes(last(platform_client))["System.AssignedTo"] == (before, TOM)


def test_links_are_told_in_words(platform_client: AzureDevOps, organization: Organization) -> None:
    page = NewRelation("Hyperlink", "https://contoso.example/notes", comment="the notes")
    save(organization, added=[page])
    assert last(platform_client).links == [
        "added hyperlink https://contoso.example/notes, with the comment 'the notes'"
    ]
    save(organization, added=[NewRelation("System.LinkTypes.Related", 8)])
    title = "User Story: As a planner I want to page through search results"
    assert last(platform_client).links == [f"added related 8 ({title} (Active))"]
    relation = organization.work_items.items[ITEM].relations()[-1]
    save(organization, removed=[relation])
    assert last(platform_client).links == [f"removed related 8 ({title} (Active))"]
    assert last(platform_client).at is not None


def test_bookkeeping_is_left_out_unless_it_is_named(platform_reader: AzureDevOps) -> None:
    shown_fields = {
        change.field for row in call(platform_reader, "list_work_item_changes", id=18).items for change in row.changes
    }
    assert not shown_fields & {"System.Rev", "System.ChangedDate", "System.ChangedBy", "System.Watermark"}
    assert "Microsoft.VSTS.Common.ClosedBy" not in shown_fields
    rows = call(platform_reader, "list_work_item_changes", id=18, fields=["Closed By"]).items
    assert [change.field for change in rows[-1].changes] == ["Microsoft.VSTS.Common.ClosedBy"]


def test_of_long_texts_only_the_difference_is_shown(platform_client: AzureDevOps, organization: Organization) -> None:
    same = "The same words again. " * 40
    save(organization, {"System.Description": f"{same} It was red."})
    save(organization, {"System.Description": f"{same} It was green."})
    before, after = changes(last(platform_client))["System.Description"]
    assert "red." in before
    assert "green." in after
    assert len(before) < 250
    assert before.startswith("…")


def test_a_secret_is_replaced_before_a_text_is_cut(platform_client: AzureDevOps, organization: Organization) -> None:
    """What is left of the text does not say that it is a secret."""
    filler = "x" * 20 + " "
    secret = "kT9vQ2mZ7pLw4xR8bN3cJ6hF5gD1sA0yUeWiOqXzVtPkLmBn"
    text = f"{filler * 20}password={secret}"
    save(organization, {"System.Description": text})
    save(organization, {"System.Description": f"{text} and more"})
    rows = call(platform_client, "list_work_item_changes", id=ITEM).items[-2:]
    assert "and more" in str(changes(rows[1]))
    assert secret[-10:] not in str([changes(row) for row in rows])
    assert secret[-10:] not in message_of(platform_client, "list_work_item_changes", id=ITEM)


def test_markdown_with_angle_brackets_is_not_destroyed(
    platform_client: AzureDevOps, organization: Organization
) -> None:
    save(organization, {"System.Description": "Give <name> & more"}, formats={"System.Description": "markdown"})
    assert changes(last(platform_client))["System.Description"] == (None, "Give <name> & more")
    item = organization.work_items.items[ITEM]
    tom = organization.named("Tom Becker")
    organization.work_items.comment(item, "Use <angle> here", "markdown", by=tom, when=organization.clock.tick())
    assert last(platform_client).comment == "Use <angle> here"


def test_a_markdown_comment_is_found_among_many(platform_client: AzureDevOps, organization: Organization) -> None:
    item, tom = organization.work_items.items[ITEM], organization.named("Tom Becker")

    def comment(text: str, form: Any) -> None:
        organization.work_items.comment(item, text, form, by=tom, when=organization.clock.tick())

    comment("first List<String>", "markdown")
    for number in range(205):
        comment(f"comment <b>{number}</b>", "html")
    comment("last List<Integer> & <b>x</b>", "markdown")
    page = call(platform_client, "list_work_item_changes", id=ITEM, limit=300)
    found = [row.comment for row in page.items if row.comment]
    assert found[-1] == "last List<Integer> & <b>x</b>"
    assert found[-207] == "first List<String>"
    assert found[-2] == "comment **204**"
    assert page.notes == []


TEXTS = [
    ("Support <b>x</b>", "Support <i>x</i>"),
    ("Vec<T> &amp; Map", "Vec<T> & Map"),
    ("AT&amp;T", "AT&T"),
    ("a <p> b", "a b"),
    (None, "<script>"),
    ("Mia <mia@contoso.example>", "List<String>"),
]


@pytest.mark.parametrize(("before", "after"), TEXTS)
@pytest.mark.parametrize("field", ["System.Title", "System.Tags", "System.Reason", "System.AreaPath", "Custom.Name"])
def test_a_plain_text_is_shown_as_it_is(field: str, before: str | None, after: str) -> None:
    rows = told_changes({field: {"oldValue": before, "newValue": after}})
    assert rows == [{field: (before, after)}]


@pytest.mark.parametrize("field", ["System.Description", "Microsoft.VSTS.TCM.ReproSteps", "Custom.Notes"])
def test_a_text_in_html_is_shown_as_markdown(field: str) -> None:
    rows = told_changes({field: {"oldValue": "<div>A <b>b</b></div>", "newValue": "<p>List&lt;T&gt;</p>"}})
    assert rows == [{field: ("A **b**", "List\\<T>")}]


def told_changes(*saves: dict[str, Any]) -> list[dict[str, tuple[str | None, str | None]]]:
    """What is shown of the fields of saves, in an organization with custom fields."""

    def answer(seen: Seen) -> Reply:
        if "/updates" in seen.target:
            return ok({"count": len(saves), "value": [UPDATE | {"fields": fields} for fields in saves]})
        if "/wit/fields" in seen.target:
            kinds = {"Custom.Name": "string", "Custom.Notes": "html"}
            rows = [{"name": name, "referenceName": name, "type": kind} for name, kind in kinds.items()]
            return ok({"count": 2, "value": rows})
        return ok({"id": 4, "rev": 1, "fields": {"System.TeamProject": "Platform"}})

    with StubService(answer) as service, AzureDevOps(load_settings(base_url=service.base_url, pat="stub")) as client:
        page = call(client, "list_work_item_changes", id=4)
    assert page.notes == []
    return [changes(row) for row in page.items]


def test_a_change_of_the_markup_alone_is_a_change(platform_client: AzureDevOps, organization: Organization) -> None:
    save(organization, {"System.Description": "<p>Same</p>"})
    save(organization, {"System.Description": "<div>Same</div>"})
    assert changes(last(platform_client))["System.Description"] == ("Same", "(the same text in another form)")


def test_a_cursor_leads_through_all_saves(platform_client: AzureDevOps, organization: Organization) -> None:
    for number in range(230):
        save(organization, {"System.Title": f"Title {number}"})
    whole = [row.revision for row in call(platform_client, "list_work_item_changes", id=ITEM, limit=1000).items]
    assert whole == list(range(1, 236))
    found: list[int] = []
    cursor = None
    for _ in range(10):
        page = call(platform_client, "list_work_item_changes", id=ITEM, limit=100, cursor=cursor)
        found += [row.revision for row in page.items]
        if (cursor := page.cursor) is None:
            break
    assert found == whole


def test_a_field_is_found_among_many_saves(platform_client: AzureDevOps, organization: Organization) -> None:
    for number in range(230):
        save(organization, {"System.Title": f"Title {number}"})
    save(organization, {PRIORITY: 4})
    page = call(platform_client, "list_work_item_changes", id=ITEM, fields=[PRIORITY.lower()])
    assert [row.revision for row in page.items] == [1, 236]
    assert page.cursor is None


def test_no_change_says_how_many_saves_were_looked_through(platform_reader: AzureDevOps) -> None:
    page = call(platform_reader, "list_work_item_changes", id=ITEM, fields=["Story Points"])
    assert page.items == []
    assert page.notes == ["5 saves were looked through; none of them changed Microsoft.VSTS.Scheduling.StoryPoints."]


def test_a_field_that_does_not_exist_is_refused_with_near_names(platform_reader: AzureDevOps) -> None:
    for name in ("Prioritty", "Microsoft.VSTS.Common.Prioritty"):
        told = refusal(platform_reader, "list_work_item_changes", InvalidRequest, id=ITEM, fields=[name])
        assert PRIORITY in told


def test_an_item_that_does_not_exist(platform_reader: AzureDevOps) -> None:
    assert "4000" in refusal(platform_reader, "list_work_item_changes", NotFound, id=4000)


UPDATE = {
    "id": 1,
    "workItemId": 4,
    "rev": 1,
    "revisedBy": {"displayName": "Mia", "uniqueName": "mia@contoso.example", "id": "1"},
    "revisedDate": "9999-01-01T00:00:00Z",
}


def test_dates_of_other_precision_and_a_date_that_is_missing() -> None:
    saves = [
        UPDATE | {"fields": {"System.ChangedDate": {"newValue": date}, "System.Title": {"newValue": "A"}}}
        for date in ("2026-10-06T10:38:00.1234567Z", "2026-10-06T10:38:00Z")
    ]
    saves.append(UPDATE | {"relations": {"added": [{"rel": "Hyperlink", "url": "https://a.example"}], "removed": None}})

    with (
        StubService([ok({"count": 3, "value": saves})]) as service,
        AzureDevOps(load_settings(base_url=service.base_url, pat="stub")) as client,
    ):
        rows = call(client, "list_work_item_changes", id=4).items
    assert [row.at and row.at.isoformat()[:19] for row in rows] == ["2026-10-06T10:38:00", "2026-10-06T10:38:00", None]
    assert rows[2].links == ["added hyperlink https://a.example"]


def test_links_keep_their_ids_when_the_titles_cannot_be_read() -> None:
    relation = {"rel": "System.LinkTypes.Related", "url": "https://dev.azure.com/contoso/_apis/wit/workItems/9"}
    saves = {"count": 1, "value": [UPDATE | {"relations": {"added": [relation]}}]}

    def answer(seen: Seen) -> Reply:
        return ok(saves) if "/updates" in seen.target else failure(403, "AccessDeniedException", "No access")

    with StubService(answer) as service, AzureDevOps(load_settings(base_url=service.base_url, pat="stub")) as client:
        page = call(client, "list_work_item_changes", id=4)
    assert page.items[0].links == ["added related 9"]
    assert "titles of linked work items could not be read" in page.notes[0]


@pytest.mark.parametrize("unread", ["/comments", "/workItems/4?", "/wit/fields"])
def test_a_history_is_shown_when_the_forms_of_its_texts_cannot_be_read(unread: str) -> None:
    texts = {"System.Title": "A & B <x>", "Custom.Notes": "Vec<T> & Map", "System.History": "Vec<T> & Map"}
    saves = [UPDATE | {"fields": {name: {"newValue": text} for name, text in texts.items()}}]
    saves.append(UPDATE | {"rev": 2, "fields": {"System.Description": {"newValue": "<div>Some <b>words</b></div>"}}})
    others = {
        "/updates": {"count": 2, "value": saves},
        "/comments": {"totalCount": 1, "comments": [{"id": 1, "text": "Vec<T> & Map", "format": "markdown"}]},
        "/wit/fields": {"count": 1, "value": [{"name": "N", "referenceName": "Custom.Notes", "type": "string"}]},
        "/workItems/4?": {"id": 4, "rev": 2, "fields": {"System.TeamProject": "Platform"}},
    }

    def answer(seen: Seen) -> Reply:
        body = next((body for part, body in others.items() if part in seen.target and part != unread), None)
        return failure(403, "AccessDeniedException", "No access") if body is None else ok(body)

    with StubService(answer) as service, AzureDevOps(load_settings(base_url=service.base_url, pat="stub")) as client:
        page = call(client, "list_work_item_changes", id=4)
    first, second = page.items
    assert {name: after for name, (_, after) in changes(first).items()} | {"System.History": first.comment} == texts
    assert changes(second) == {"System.Description": (None, "Some **words**")}
    assert any("are stored could not be read" in note for note in page.notes)


def test_the_first_save_shows_no_field_that_stayed_empty() -> None:
    """The service names such fields with an empty text, with false, or without any value."""
    count = 0
    for body in answers()["wit/workitems/{id}/updates"]:
        with (
            StubService([ok(body)]) as service,
            AzureDevOps(load_settings(base_url=service.base_url, pat="stub")) as client,
        ):
            rows = call(client, "list_work_item_changes", id=1, limit=200).items
        count += len(rows)
        for row in rows:
            assert row.by
            assert all(before != after for before, after in changes(row).values())
            assert "another form" not in str(row)
            assert not any(change.field == "System.IsDeleted" and change.after == "no" for change in row.changes)
    assert count > 5


def test_a_field_that_was_emptied_is_a_change() -> None:
    assert told_changes({"System.Tags": {"oldValue": "a", "newValue": ""}}, {"System.AssignedTo": {}}) == [
        {"System.Tags": ("a", None)}
    ]


def test_a_deletion_is_a_change() -> None:
    saves = [UPDATE | {"fields": {"System.IsDeleted": {"oldValue": False, "newValue": True}}}]
    with (
        StubService([ok({"count": 1, "value": saves})]) as service,
        AzureDevOps(load_settings(base_url=service.base_url, pat="stub")) as client,
    ):
        assert changes(call(client, "list_work_item_changes", id=4).items[0]) == {"System.IsDeleted": ("no", "yes")}
