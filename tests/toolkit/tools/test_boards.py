"""Sprints, areas and backlogs of teams: what is in a sprint, what is done, and what changed since its start."""

from datetime import UTC, datetime

import httpx
import pytest
from tool_calls import Recorder, call, refusal, text_of

from azure_devops_simulator import Fault, build_organization
from azure_devops_simulator.areas.boards import backlogs
from langchain_azure_devops import TOOLS
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.errors import InvalidRequest, NotFound, ScopeMissing
from langchain_azure_devops.results.web_pages import page_of_row

SPRINT = "Platform\\Sprint 42"


def test_the_last_day_of_a_sprint_counts(platform_client, organization):
    rows = {row.name: row for row in call(platform_client, "list_iterations").items}
    assert [row.time_frame for row in rows.values()] == ["past", "past", "current", "future"]
    assert (rows["Sprint 42"].start, rows["Sprint 42"].finish) == ("2026-11-16", "2026-11-27")
    organization.clock.set(datetime(2026, 11, 27, 23, 59, tzinfo=UTC))
    assert [row.name for row in call(platform_client, "list_iterations", timeframe="current").items] == ["Sprint 42"]
    organization.clock.set(datetime(2026, 11, 28, tzinfo=UTC))
    empty = call(platform_client, "list_iterations", timeframe="current")
    assert empty.items == []
    assert "the default team of Platform" in empty.notes[0]
    assert "Sprint 43 (2026-11-30" in empty.notes[0]
    assert "No iteration of the default team" in refusal(platform_client, "get_sprint", NotFound)


def test_a_sprint_says_what_is_done_and_what_remains(platform_reader):
    page = call(platform_reader, "get_sprint")
    assert (len(page.items), page.total, page.partial) == (13, 13, False)
    told = " ".join(page.notes)
    assert "2026-11-16 to 2026-11-27, the last day included; current" in told
    assert "States: Active 10, Resolved 1, Closed 2." in told
    assert "Done: 2 of 13." in told
    assert "Remaining work: 10 hours in 3 work items" in told
    assert "Capacity: 15 hours a day, 2 days off" in told
    first = next(row for row in page.items if row.id == 17)
    assert (first.state, first.category, first.remaining, first.parent) == ("Active", "InProgress", 3, 8)
    assert first.assigned_to == "Mina Sato <mina.sato@tidewater.example>"
    head = call(platform_reader, "get_sprint", iteration=SPRINT, team="Platform Team", limit=10)
    rest = call(platform_reader, "get_sprint", iteration=SPRINT, team="Platform Team", limit=10, cursor=head.cursor)
    assert [row.id for row in (*head.items, *rest.items)] == [row.id for row in page.items]


def test_what_was_removed_is_neither_done_nor_left(platform_client, organization):
    project = build_organization(organization).project("Platform")
    project.add_work_item("Task", title="Not needed", iteration="Sprint 42", fields={"Remaining Work": 8}).update(
        state="Removed"
    )
    told = " ".join(call(platform_client, "get_sprint").notes)
    assert "Done: 2 of 13. 1 removed" in told
    assert "Remaining work: 10 hours in 3" in told


def test_an_empty_sprint_names_the_team_and_the_iteration(platform_client, organization):
    project = build_organization(organization).project("Platform")
    project.add_team("Lighthouse").own_area("Team Lighthouse").use_iterations("Sprint 40")
    page = call(platform_client, "get_sprint", team="lighthouse", iteration="Sprint 40")
    assert page.items == []
    assert "Platform\\Sprint 40" in page.notes[0]
    assert "the team lighthouse of Platform: 0 work items" in page.notes[0]
    page = call(platform_client, "list_backlog_items", team="Lighthouse", backlog="epics")
    assert (page.items, "the backlog Epics of the team Lighthouse" in page.notes[0]) == ([], True)


def test_parts_of_a_sprint_that_cannot_be_read_are_named(platform_client, organization):
    organization.faults.add(Fault(kind="status", status=403, path="workitemtypes"))
    organization.faults.add(Fault(kind="status", status=404, path="capacities"))
    page = call(platform_client, "get_sprint")
    told = " ".join(page.notes)
    assert "Not read: which states count as done (denied): " in told
    assert "Not read: the capacity of the team (not_found): " in told
    assert "Done:" not in told
    assert (len(page.items), page.partial, page.failed) == (13, False, [])
    assert text_of(platform_client, "get_sprint").startswith("13 of 13 work items in a sprint of Platform\n")


@pytest.mark.parametrize("path", ["workitemtypes", "capacities"])
def test_a_token_that_may_not_read_plans_ends_the_reading_of_a_sprint(platform_client, organization, path):
    organization.faults.add(Fault(kind="status", status=401, path=path))
    refusal(platform_client, "get_sprint", ScopeMissing)


def test_parents_in_another_iteration_are_not_in_the_sprint(platform_client, organization):
    project = build_organization(organization).project("Platform")
    story = project.add_work_item("User Story", title="A large story", iteration="Sprint 43")
    task = project.add_work_item("Task", title="Its first part", iteration="Sprint 42", parent=story)
    page = call(platform_client, "get_sprint")
    ids = {row.id for row in page.items}
    assert (len(ids), page.total, task.id in ids, story.id in ids) == (14, 14, True, False)
    told = " ".join(page.notes)
    assert f"another iteration: {story.id} (Platform\\Sprint 43)." in told
    assert "Done: 2 of 14." in told
    assert ": 14 work items." in page.notes[0]


def test_moves_in_and_out_of_a_sprint_come_from_the_history(platform_client, organization):
    world = build_organization(organization)
    project = world.project("Platform")
    project.work_item(9).update(iteration="Sprint 42", by="Dana Ortiz")
    project.work_item(15).update(state="Closed", by="Dana Ortiz")
    page = call(platform_client, "list_sprint_changes")
    found = {(row.id, row.change, row.before, row.after): row for row in page.items}
    out = found[19, "moved out", SPRINT, "Platform\\Sprint 43"]
    assert (out.by, f"{out.when:%Y-%m-%d}") == ("Priya Raman <priya.raman@tidewater.example>", "2026-11-16")
    assert found[9, "moved in", "Platform\\Sprint 43", SPRINT].by == "Dana Ortiz <dana.ortiz@tidewater.example>"
    assert (16, "created in it", None, SPRINT) in found
    assert (18, "state", "Active", "Closed") in found
    assert 15 not in {row.id for row in page.items}
    assert all(f"{row.when:%Y-%m-%d}" >= "2026-11-16" for row in page.items)
    assert "came and went within one day" in " ".join(page.notes)
    assert not page.partial


def test_an_item_that_leaves_the_area_of_a_team_leaves_its_sprint(platform_client, organization):
    world = build_organization(organization)
    project = world.project("Platform")
    project.add_team("Harbor").own_area("Team Harbor").use_iterations("Sprint 42")
    project.work_item(17).update(area="Operations", by="Dana Ortiz")
    page = call(platform_client, "list_sprint_changes", team="Harbor")
    [left] = [row for row in page.items if row.id == 17]
    assert (left.change, left.before, left.after) == ("moved out", "Platform\\Team Harbor", "Platform\\Operations")
    assert 4 not in {row.id for row in page.items}


def test_an_item_that_stayed_over_night_and_left_is_found(platform_client, organization):
    world = build_organization(organization)
    project = world.project("Platform")
    project.work_item(9).update(iteration="Sprint 42", by="Dana Ortiz")
    world.at("2026-11-21 09:00")
    project.work_item(9).update(iteration="Sprint 43", by="Dana Ortiz")
    changes = [row.change for row in call(platform_client, "list_sprint_changes").items if row.id == 9]
    assert changes == ["moved in", "moved out"]


def test_a_history_that_cannot_be_read_is_named(platform_client, organization):
    organization.faults.add(Fault(kind="status", status=403, path="workItems/19/updates"))
    page = call(platform_client, "list_sprint_changes")
    assert (page.partial, [each.place for each in page.failed]) == (True, ["the history of work item 19"])
    assert 19 not in {row.id for row in page.items}
    assert "the history of work item 19" in text_of(platform_client, "list_sprint_changes")


def test_changes_after_the_last_day_are_of_no_sprint(platform_client, organization):
    world = build_organization(organization)
    world.at("2026-11-28 09:00")
    world.project("Platform").work_item(17).update(state="Closed", by="Dana Ortiz")
    page = call(platform_client, "list_sprint_changes", iteration="Sprint 42")
    assert 17 not in {row.id for row in page.items}


def test_an_iteration_without_dates_has_no_start(platform_client, organization):
    project = build_organization(organization).project("Platform")
    project.add_iteration("Someday").team().use_iterations("Someday")
    assert "no dates" in refusal(platform_client, "list_sprint_changes", InvalidRequest, iteration="Someday")


def test_a_star_lists_all_iterations_of_the_project(platform_client, organization):
    world = build_organization(organization)
    world.project("Platform").add_iteration("2027\\Sprint 50", start="2027-03-01", finish="2027-03-12")
    rows = {row.path: row for row in call(platform_client, "list_iterations", team="*").items}
    unused = rows["Platform\\2027\\Sprint 50"]
    assert (unused.name, unused.start, unused.finish, unused.time_frame) == (
        "Sprint 50",
        "2027-03-01",
        "2027-03-12",
        "future",
    )
    assert (rows["Platform\\2027"].start, rows["Platform\\2027"].time_frame) == (None, None)
    used = call(platform_client, "list_iterations").items
    assert {row.path: (row.id, row.time_frame) for row in used}.items() <= {
        path: (row.id, row.time_frame) for path, row in rows.items()
    }.items()
    organization.clock.set(datetime(2026, 11, 27, 23, 59, tzinfo=UTC))
    current = call(platform_client, "list_iterations", team="*", timeframe="current")
    assert [row.path for row in current.items] == [SPRINT]
    assert " in Platform" in text_of(platform_client, "list_iterations", team="*").split("\n")[0]
    organization.clock.set(datetime(2026, 11, 28, tzinfo=UTC))
    none = call(platform_client, "list_iterations", team="*", timeframe="current")
    assert (none.items, none.notes) == ([], ["None of the 7 iterations that were read is current by its dates."])


def test_a_tree_that_was_cut_says_so(platform_client, organization):
    *levels, deepest = (f"Level {number}" for number in range(1, 16))
    path = "\\".join(levels)
    build_organization(organization).project("Platform").add_iteration(f"{path}\\{deepest}")
    page = call(platform_client, "list_iterations", team="*")
    assert (page.partial, page.notes) == (True, [f"Iterations below Platform\\{path} were not read."])
    told = refusal(platform_client, "assign_iteration", NotFound, id=9, revision=1, iteration=deepest)
    assert f"There is no iteration {deepest!r}" in told
    assert told.endswith(f"Iterations below Platform\\{path} were not read.")


@pytest.mark.parametrize(
    ("tool", "arguments", "named"),
    [
        ("list_iterations", {}, "the default team of Platform"),
        ("list_iterations", {"team": "Platform Team"}, "the team Platform Team of Platform"),
        ("list_backlogs", {"team": "Platform Team"}, "the team Platform Team of Platform"),
        ("list_backlog_items", {"backlog": "Stories"}, "the backlog Stories of the default team of Platform"),
        ("get_sprint", {}, "of the default team of Platform"),
        ("list_sprint_changes", {}, "of the default team of Platform"),
    ],
)
def test_what_was_looked_at_is_named_inside_the_fence_only(platform_reader, tool, arguments, named):
    head, _, fenced = text_of(platform_reader, tool, **arguments).partition("\n")
    assert named in fenced
    assert "default team" not in head
    assert "Platform Team" not in head


@pytest.mark.parametrize(
    ("tool", "arguments", "near"),
    [
        ("list_iterations", {"team": "Platfrm Team"}, "Platform Team"),
        ("get_sprint", {"team": "Platfrm Team"}, "Platform Team"),
        ("get_sprint", {"iteration": "Sprnt 42"}, "Sprint 42"),
        ("list_sprint_changes", {"iteration": "Sprnt 42"}, "Sprint 42"),
        ("list_backlogs", {"team": "Platfrm Team"}, "Platform Team"),
        ("list_backlog_items", {"backlog": "Storys"}, "Stories"),
        ("list_backlog_items", {"backlog": "Stories", "team": "Platfrm Team"}, "Platform Team"),
        ("get_board", {"board": "Storys"}, "Stories"),
        ("get_board", {"board": "Stories", "team": "Platfrm Team"}, "Platform Team"),
    ],
)
def test_a_wrong_name_is_told_with_the_near_one(platform_reader, tool, arguments, near):
    assert f"Did you mean {near!r}?" in refusal(platform_reader, tool, NotFound, **arguments)


def test_a_backlog_has_what_is_not_done_in_its_order(platform_reader):
    kinds = [(row.name, row.kind, row.types) for row in call(platform_reader, "list_backlogs").items]
    assert kinds[2] == ("Stories", "requirement", ["User Story", "Bug"])
    page = call(platform_reader, "list_backlog_items", backlog="Microsoft.RequirementCategory", limit=5)
    assert (len(page.items), page.total) == (5, 12)
    rest = call(
        platform_reader, "list_backlog_items", backlog="Microsoft.RequirementCategory", limit=50, cursor=None
    ).items
    assert [row.id for row in rest[:5]] == [row.id for row in page.items]
    assert "Closed" not in {row.state for row in rest}


def test_a_backlog_that_reaches_its_limit_may_have_more(platform_client, monkeypatch):
    whole = call(platform_client, "list_backlog_items", backlog="Stories")
    assert (len(whole.items), whole.partial, len(whole.notes)) == (12, False, 1)
    monkeypatch.setattr(backlogs, "MOST_ITEMS", 5)
    page = call(platform_client, "list_backlog_items", backlog="Stories")
    assert (len(page.items), page.total, page.partial) == (5, 5, True)
    assert page.notes[1] == "The service names at most 5 work items of this backlog; it may have more."


def test_areas_are_paths_as_work_items_have_them(platform_reader):
    assert [row.path for row in call(platform_reader, "list_areas").items][:2] == ["Platform", "Platform\\Team Harbor"]


def test_a_board_counts_the_cards_of_each_column(platform_reader):
    board = call(platform_reader, "get_board", board="stories")
    columns = {column.name: column for column in board.columns}
    development = columns["Development"]
    assert (development.cards, development.limit, development.over_limit) == (6, 5, True)
    assert (development.split, development.done, development.states) == (True, 1, "Active")
    assert (columns["Review"].cards, columns["Closed"].limit) == (1, None)
    assert board.rows == ["(default)", "Expedite"]
    card = next(card for card in board.cards if card.id == 14)
    assert (card.column, card.row, card.state) == ("Review", "Expedite", "Active")
    assert board.total_cards == len(board.cards) == sum(column.cards for column in board.columns)


def test_cards_come_in_pages_and_counts_are_of_all(platform_reader):
    whole = call(platform_reader, "get_board", board="Stories")
    first = call(platform_reader, "get_board", board="Stories", limit=10)
    rest = call(platform_reader, "get_board", board="Stories", limit=10, cursor=first.go_on["cursor"])
    assert [card.id for card in (*first.cards, *rest.cards)] == [card.id for card in whole.cards]
    assert (first.columns, first.total_cards, rest.go_on) == (whole.columns, whole.total_cards, None)


def test_a_board_without_cards_names_the_team(platform_client, organization):
    build_organization(organization).project("Platform").add_team("Idle")
    board = call(platform_client, "get_board", board="Stories", team="Idle")
    assert board.cards == []
    assert "the team Idle of Platform" in " ".join(board.notes)


class _Deleting(Recorder):
    """The real network of a service in which somebody deletes work items before the fields of several are read."""

    def __init__(self, url, organization, *numbers):
        super().__init__(url, [])
        self._organization, self._numbers = organization, numbers

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        found = map(self._organization.work_items.get, self._numbers)
        for item in filter(None, found if request.url.path.endswith("/workitemsbatch") else ()):
            by = self._organization.named("Dana Ortiz")
            self._organization.work_items.delete(item, by=by, when=self._organization.clock.tick())
        return await super().handle_async_request(request)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("get_board", {"board": "Stories"}),
        ("get_sprint", {}),
        ("list_sprint_changes", {}),
        ("list_backlog_items", {"backlog": "Stories"}),
    ],
)
def test_what_an_answer_leaves_out_is_named(connect, server, organization, tool, arguments):
    found = call(connect(transport=_Deleting(server.base_url, organization, 8)), tool, **arguments)
    failed = found.unread if tool == "get_board" else found.failed
    assert (found.partial, [(each.place, each.status) for each in failed]) == (True, [("work item 8", "not_found")])


def test_each_missing_item_of_a_backlog_is_named_beside_a_batch_that_fails(connect, server, organization):
    project = build_organization(organization).project("Platform")
    for number in range(200):
        project.add_work_item("Bug", title=f"Bug {number}")
    ids = [row.id for row in call(connect(), "list_backlog_items", backlog="Stories", limit=1000).items]
    organization.faults.add(Fault(kind="status", status=403, path="workitemsbatch", times=1))
    # Whichever of the two batches fails, the other one lacks an item.
    client = connect(transport=_Deleting(server.base_url, organization, ids[0], ids[-1]))
    page = call(client, "list_backlog_items", backlog="Stories", limit=1000)
    assert [row.id for row in page.items] == [number for number in ids if number in {row.id for row in page.items}]
    asked = {int(number) for each in page.failed for number in each.place.split(" ", 2)[2].split(", ")}
    assert {each.status for each in page.failed} == {"denied", "not_found"}
    assert {row.id for row in page.items} | asked == set(ids)
    assert len(page.items) + len(asked) == len(ids) == 212


def test_a_board_and_its_iterations_have_web_pages_where_the_team_is_known(platform_reader):
    def urls(name, **arguments):
        sent = {"type": "tool_call", "id": "1", "name": name, "args": arguments}
        return bind(TOOLS[name], platform_reader).invoke(sent).artifact["urls"]

    board = urls("get_board", board="stories", team="Platform Team")
    assert board["url"].endswith("/Platform/_boards/board/t/Platform%20Team/Stories")
    assert urls("get_board", board="Stories")["url"].endswith("/Platform/_boards/directory")
    listed = urls("list_iterations", team="Platform Team")
    assert listed["pattern"].endswith("/Platform/_sprints/taskboard/Platform%20Team/{path}")
    assert page_of_row(listed["pattern"], {"path": SPRINT}).endswith("/Platform%20Team/Platform/Sprint%2042")
    for arguments in ({}, {"team": "*"}):
        assert "pattern" not in urls("list_iterations", **arguments)


def test_cards_that_cannot_be_read_are_named(platform_client, organization):
    project = build_organization(organization).project("Platform")
    for number in range(200):
        project.add_work_item("Bug", title=f"Bug {number}")
    organization.faults.add(Fault(kind="status", status=403, path="workitemsbatch", times=1))
    board = call(platform_client, "get_board", board="Stories", limit=1)
    assert board.partial
    assert "work items" in board.unread[0].place
    assert any(note.startswith("Not read: work items") for note in board.notes)
