"""Work items are found by filters and by WIQL: rows, pages, values that stay values, refusals that can be repaired."""

from datetime import UTC, datetime

import pytest
from rs_bpe.bpe import openai
from tool_calls import call, find_work_items, refusal, shown

from azure_devops_simulator import Organization
from azure_devops_simulator.state.work_items.records import Draft
from langchain_azure_devops.errors import (
    InvalidRequest,
)
from langchain_azure_devops.results.rendering import render
from langchain_azure_devops.tools.work_items.tools import (
    create_work_item,
    query_work_items,
    update_work_item,
)

PRIORITY = "Microsoft.VSTS.Common.Priority"
ENCODER = openai.o200k_base()


def tokens(text: str) -> int:
    return ENCODER.count(text)


def ids(page) -> list[int]:
    return [item.id for item in page.items]


def platform_item(organization: Organization, **fields: str):
    """A new item as somebody else stores it."""
    project = organization.project("Platform")
    values = {
        "System.WorkItemType": "Task",
        "System.State": "New",
        "System.Reason": "New",
        "System.AreaPath": "Platform",
        "System.IterationPath": "Platform",
        "Microsoft.VSTS.Common.StateChangeDate": organization.clock.now(),
        **{f"System.{name}": value for name, value in fields.items()},
    }
    return organization.work_items.create(
        project, Draft(values), by=organization.named("Dana Ortiz"), when=organization.clock.tick()
    )


HOSTILE = (
    "quote ' or '1'='1",
    "x' OR [System.Id] > 0 --",
    'double " quote',
    "[System.State] = 'New'",
    "@today - 1",
    "日本語 ünïcode",
    "% _ * ?",
)


# -- queries -------------------------------------------------------------------------------------------------------


async def test_a_query_gives_fields_revision_and_order_not_bare_ids(platform_reader):
    page = await query_work_items(platform_reader, type="Bug", limit=3)
    assert [item.type for item in page.items] == ["Bug"] * 3
    assert all(item.revision >= 1 and item.title and item.state for item in page.items)
    moments = [item.changed for item in page.items]
    assert moments == sorted(moments, reverse=True)
    assert page.total == 8


def test_filters_narrow_together(platform_reader):
    page = query_work_items.call_sync(platform_reader, state="Active", assigned_to="Tom Becker", tag="performance")
    assert [item.title for item in page.items] == ["As a planner I see port names without waiting"]
    assert ids(query_work_items.call_sync(platform_reader, title="LABELS")) == [28, 15]
    assert 4 in ids(query_work_items.call_sync(platform_reader, area="Platform\\Operations", tag="security"))
    assert ids(query_work_items.call_sync(platform_reader, iteration="Platform\\Sprint 43", type="Epic")) == []


@pytest.mark.parametrize("since", ["2026-11-18", "2026-11-18T00:00:00", "2026-11-18T01:00:00+01:00"])
def test_changed_since_is_a_moment_in_utc(platform_reader, since):
    page = query_work_items.call_sync(platform_reader, changed_since=since)
    assert ids(page) == [25, 26, 16, 31]
    assert all(item.changed >= datetime(2026, 11, 18, tzinfo=UTC) for item in page.items)


def test_a_value_that_looks_like_wiql_finds_nothing(platform_reader):
    page = query_work_items.call_sync(platform_reader, title="x' OR [System.Id] > 0 OR [System.Title] = '")
    assert page.items == []
    with pytest.raises(InvalidRequest, match="control character"):
        query_work_items.call_sync(platform_reader, title="a\nb")


def test_me_is_the_owner_of_the_token(platform_client):
    created = create_work_item.call_sync(platform_client, type="Task", title="Mine", assigned_to="svc-agent")
    assert ids(query_work_items.call_sync(platform_client, assigned_to="@Me")) == [created.id]


def test_wiql_keeps_its_own_order_and_reads_links(platform_reader):
    query = "SELECT [System.Id] FROM WorkItems WHERE [System.Id] IN (16, 4, 25) ORDER BY [System.Id]"
    assert ids(query_work_items.call_sync(platform_reader, wiql=query)) == [4, 16, 25]
    tree = (
        "SELECT [System.Id] FROM WorkItemLinks WHERE ([Source].[System.Id] = 8) "
        "AND ([System.Links.LinkType] = 'System.LinkTypes.Hierarchy-Forward') MODE (Recursive)"
    )
    assert ids(query_work_items.call_sync(platform_reader, wiql=tree)) == [8, 17, 18, 19]


def table_of(text: str) -> list[list[str]]:
    """The names of the columns and the rows of a table between its fences."""
    return [line.split("\t") for line in text.splitlines() if "\t" in line]


def test_requested_fields_are_columns_in_the_order_of_the_request(platform_reader):
    fields = [PRIORITY.lower(), "System.Title", "System.AreaPath", "System.Parent", PRIORITY]
    page = query_work_items.call_sync(platform_reader, type="Bug", fields=fields)
    heading, *rows = table_of(shown(page))
    assert heading[-3:] == [PRIORITY.lower(), "System.AreaPath", "System.Parent"]
    assert "more" not in heading
    assert heading.count("title") == 1
    assert all(len(row) == len(heading) for row in rows)
    for row, item in zip(rows, page.items, strict=True):
        assert row[-3:] == [extra.value for extra in item.more]
    assert any(row[-3] == "4" for row in rows)


def test_requested_fields_may_have_the_names_that_people_see(platform_reader):
    page = query_work_items.call_sync(platform_reader, type="Bug", fields=["area path", "Priority", "State", PRIORITY])
    heading, *_ = table_of(shown(page))
    assert heading[-2:] == ["System.AreaPath", PRIORITY]


def test_a_requested_field_that_no_row_has_is_an_empty_column(platform_reader):
    page = query_work_items.call_sync(platform_reader, type="Epic", fields=["System.AssignedTo", "Reason", "Severity"])
    heading, *rows = table_of(shown(page))
    assert heading[-2:] == ["System.Reason", "Microsoft.VSTS.Common.Severity"]
    assert rows
    assert {row[-1] for row in rows} == {""}


def test_a_requested_project_is_a_column(platform_reader):
    heading, *rows = table_of(shown(query_work_items.call_sync(platform_reader, type="Bug", fields=["Team Project"])))
    assert {row[heading.index("project")] for row in rows} == {"Platform"}


def test_every_field_that_does_not_exist_is_named(platform_reader):
    fields = ["Priorty", "System.State", "Mood", "System.Nothing"]
    message = refusal(platform_reader, "query_work_items", InvalidRequest, fields=fields)
    assert f"There is no field 'Priorty'. Use a field's reference name. Did you mean {PRIORITY}, " in message
    assert "There is no field 'Mood'." in message
    assert "There is no field 'System.Nothing'." in message
    assert "System.State'" not in message


def test_cursors_walk_every_item_once(platform_reader):
    whole = ids(query_work_items.call_sync(platform_reader, limit=1000))
    seen, cursor = [], None
    while True:
        page = query_work_items.call_sync(platform_reader, limit=7, cursor=cursor)
        seen += ids(page)
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == whole
    assert len(whole) == 36


def test_a_change_between_two_pages_moves_nothing(platform_client):
    before = ids(query_work_items.call_sync(platform_client, limit=1000))
    first = query_work_items.call_sync(platform_client, limit=10)
    last = query_work_items.call_sync(platform_client, limit=1000).items[-1]
    update_work_item.call_sync(platform_client, id=last.id, revision=last.revision, state="New")
    second = query_work_items.call_sync(platform_client, limit=1000, cursor=first.cursor)
    assert ids(first) + ids(second) == before
    assert second.items[-1].revision == last.revision + 1


def test_a_cut_text_continues_where_it_stopped(platform_reader):
    page = query_work_items.call_sync(platform_reader, limit=36)
    cut = render(page, "nonce", budget=4_500)
    assert not cut.complete
    shown = cut.text.count("\n2") + cut.text.count("\n1") + cut.text.count("\n3")
    cursor = cut.text.split('cursor="')[1].split('"')[0]
    rest = query_work_items.call_sync(platform_reader, limit=36, cursor=cursor)
    assert 0 < len(rest.items) < 36
    assert ids(page)[-len(rest.items) :] == ids(rest)
    assert shown > 0


def test_a_cursor_of_another_query_is_refused(platform_reader):
    cursor = query_work_items.call_sync(platform_reader, limit=2).cursor
    with pytest.raises(InvalidRequest, match="other arguments"):
        query_work_items.call_sync(platform_reader, limit=2, state="New", cursor=cursor)


def test_what_vanished_between_query_and_read_is_said(platform_client, organization, monkeypatch):
    real = organization.work_items.get
    monkeypatch.setattr(organization.work_items, "get", lambda number: None if number == 25 else real(number))
    page = query_work_items.call_sync(platform_client, limit=5)
    assert 25 not in ids(page)
    assert page.notes == ["1 more could not be read: deleted, or hidden from this token's owner."]


def test_two_hundred_items_fit_their_budget(platform_client, organization):
    titles = [item.title for item in organization.work_items]
    for number in range(200):
        platform_item(
            organization,
            Title=titles[number % len(titles)],
            AssignedTo=organization.named("Priya Raman").id,
            Tags="carrier-northline",
        )
    page = query_work_items.call_sync(platform_client, limit=200)
    assert len(page.items) == 200
    assert tokens(shown(page)) <= 8_000


def test_more_than_one_batch_keeps_the_order(platform_client, organization):
    made = [platform_item(organization, Title=f"Item {number}").id for number in range(250)]
    assert ids(query_work_items.call_sync(platform_client, title="Item", limit=1000)) == made[::-1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"wiql": "SELECT [System.Id] FROM WorkItems WHERE [System.Stat] = 'x'"}, "Did you mean System.State"),
        ({"wiql": "SELECT TOP 3 [System.Id] FROM WorkItems"}, "There is no TOP"),
        ({"wiql": "nonsense"}, "The form is: SELECT"),
        ({"area": "Team Harbor"}, "Platform\\Team Harbor"),
        ({"iteration": "Sprint 42"}, "Platform\\Sprint 42"),
        ({"fields": ["Microsoft.VSTS.Common.Prio"]}, f"Did you mean {PRIORITY}"),
        ({"wiql": "SELECT [System.Id] FROM WorkItems", "type": "Bug"}, "either wiql or filters"),
    ],
)
def test_a_refused_query_says_how_to_repair_it(platform_reader, arguments, says):
    with pytest.raises(InvalidRequest) as refused:
        query_work_items.call_sync(platform_reader, **arguments)
    assert says in refused.value.message


def test_nothing_found_for_a_value_that_does_not_exist_is_not_silent(platform_reader):
    page = query_work_items.call_sync(platform_reader, type="Bug", state="Actve")
    assert page.items == []
    assert "Did you mean 'Active'? The states are: New, Active, Resolved, Closed." in shown(page)
    assert "Did you mean 'Bug'?" in shown(query_work_items.call_sync(platform_reader, type="Bugg"))
    assert query_work_items.call_sync(platform_reader, type="Epic", state="Resolved").notes == []


def test_without_a_project_the_whole_organization_is_searched(reader):
    assert query_work_items.call_sync(reader, limit=1000).total > 36


def test_filters_find_what_they_say(platform_reader):
    everything = find_work_items(platform_reader)
    for arguments, holds in (
        ({"type": "Bug"}, lambda row: row.type == "Bug"),
        ({"state": "Active"}, lambda row: row.state == "Active"),
        ({"assigned_to": "Priya Raman"}, lambda row: row.assigned_to == "Priya Raman"),
        ({"assigned_to": "priya.raman@tidewater.example"}, lambda row: row.assigned_to == "Priya Raman"),
        ({"tag": "security"}, lambda row: "security" in (row.tags or "").split("; ")),
        ({"title": "finding"}, lambda row: "finding" in row.title.lower()),
    ):
        found = find_work_items(platform_reader, **arguments)
        assert found
        assert [row.id for row in found] == [row.id for row in everything if holds(row)], arguments


def test_areas_iterations_and_times(platform_reader):
    assert {row.id for row in find_work_items(platform_reader, area="Platform\\Operations")} < {
        row.id for row in find_work_items(platform_reader)
    }
    assert find_work_items(platform_reader, iteration="Platform\\Sprint 42")
    recent = find_work_items(platform_reader, changed_since="2026-11-15T00:00:00Z")
    assert recent
    assert all(row.changed.isoformat() >= "2026-11-15" for row in recent)


def test_latest_changes_come_first(platform_reader):
    moments = [row.changed for row in find_work_items(platform_reader)]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_value_stays_a_value(platform_client, text):
    assert [row.title for row in find_work_items(platform_client, title=text)] == []
    made = call(platform_client, "create_work_item", type="Task", title=text)
    assert [row.id for row in find_work_items(platform_client, title=text)] == [made.id]
    assert (
        find_work_items(platform_client, assigned_to=text)
        == find_work_items(platform_client, tag="no such " + text)
        == []
    )


def test_a_line_break_in_a_filter_is_refused(platform_reader):
    assert "line break" in refusal(platform_reader, "query_work_items", InvalidRequest, title="a\nOR 1=1")


def test_wiql_is_passed_on_whole(platform_reader):
    wiql = "SELECT [System.Id] FROM WorkItems WHERE [System.WorkItemType] = 'Epic' ORDER BY [System.Id]"
    rows = find_work_items(platform_reader, wiql=wiql)
    assert [row.type for row in rows] == ["Epic"] * len(rows)
    assert [row.id for row in rows] == sorted(row.id for row in rows)
    assert "not both" in refusal(platform_reader, "query_work_items", InvalidRequest, wiql=wiql, state="New")


@pytest.mark.parametrize(
    "wiql", ["SELECT nonsense", "DROP TABLE WorkItems", "SELECT [System.Id] FROM WorkItems WHERE [System.Tile] = 'x'"]
)
def test_wrong_wiql_is_explained(platform_reader, wiql):
    message = refusal(platform_reader, "query_work_items", InvalidRequest, wiql=wiql)
    assert "TF51" in message or "TF50" in message


def test_a_condition_on_a_long_text_is_told_what_to_write_instead(platform_reader):
    wiql = "SELECT [System.Id] FROM WorkItems WHERE [System.Description] {} '{}'"
    message = refusal(platform_reader, "query_work_items", InvalidRequest, wiql=wiql.format("CONTAINS", "timeout"))
    assert "The specified operator cannot be used with long-text fields" in message
    assert "Write [Field] CONTAINS WORDS 'some words' for a long text" in message
    assert call(platform_reader, "query_work_items", wiql=wiql.format("CONTAINS WORDS", "timeout")).items is not None


OTHER_TOM = "Tom Becker <tom.two@tidewater.example>"


def test_two_people_who_share_a_name_are_told_apart_on_a_page(platform_client, organization):
    def people(**arguments) -> set[str]:
        return {row.assigned_to for row in find_work_items(platform_client, **arguments) if row.assigned_to}

    assert "Tom Becker" in people()
    other = organization.add_user("Tom Becker", "tom.two@tidewater.example")
    made = platform_item(organization, Title="Of the other one", AssignedTo=other.id)
    found = people()
    assert {"Tom Becker <tom.becker@tidewater.example>", OTHER_TOM, "Priya Raman"} <= found
    assert "Tom Becker" not in found
    assert people(assigned_to="Tom Becker") == {"Tom Becker <tom.becker@tidewater.example>", OTHER_TOM}
    assert people(assigned_to="tom.two@tidewater.example") == {"Tom Becker"}
    assert call(platform_client, "get_work_item", ids=[made.id]).assigned_to == OTHER_TOM
    [row] = call(platform_client, "search_work_items", text="other", assigned_to="tom.two@tidewater.example").items
    assert row.assigned_to == OTHER_TOM
    rows = call(platform_client, "run_saved_query", query="Shared Queries/Open bugs").items
    assert all(row.assigned_to is None or row.assigned_to.endswith("@tidewater.example>") for row in rows)


def test_a_record_has_the_unique_names_of_its_people(platform_reader):
    item = call(platform_reader, "get_work_item", ids=[4], comments=True)
    assert item.assigned_to == "Priya Raman <priya.raman@tidewater.example>"
    for person in (item.created_by, item.changed_by, *(said.author for said in item.comment_records)):
        assert person.endswith("@tidewater.example>")
    assert "Dana Ortiz <dana.ortiz@tidewater.example>, 2026-" in item.comments
