"""Sprints that are created, work items that are assigned to them, and cards that are moved."""

import pytest
from tool_calls import call, lose, message_of, refusal, writes

from azure_devops_simulator import Fault, build_organization
from langchain_azure_devops import TOOLS
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.errors import (
    AlreadyExists,
    InvalidRequest,
    NotFound,
    RevisionConflict,
    WriteNotDone,
    WriteOutcomeUnknown,
)

SPRINT = "Platform\\Sprint 42"
MOVE = {"id": 8, "revision": 4, "board": "Stories"}


def shown(client, name, **arguments):
    """What the approver of a write is shown."""
    return client.run_sync(TOOLS[name].current(client, arguments))


def answer_of(client, **arguments):
    """What an agent gets of a sprint that it creates."""
    sent = {"type": "tool_call", "id": "1", "name": "create_iteration", "args": arguments}
    return bind(TOOLS["create_iteration"], client).invoke(sent)


def test_a_work_item_moves_to_a_sprint_and_nothing_else_changes(platform_client, sent):
    before = call(platform_client, "get_work_item", ids=[9])
    sent.clear()
    saved = call(platform_client, "assign_iteration", id=9, revision=1, iteration="sprint 42")
    assert (saved.iteration, saved.revision, len(writes(sent))) == ("Platform\\Sprint 42", 2, 1)
    after = call(platform_client, "get_work_item", ids=[9])
    assert (after.area, after.state, after.title) == (before.area, before.state, before.title)
    again = call(platform_client, "assign_iteration", id=9, revision=2, iteration="Platform\\Sprint 42")
    assert again.notes == ["Work item 9 is in Platform\\Sprint 42 already. Nothing was sent."]
    assert len(writes(sent)) == 1


def test_the_approver_sees_where_an_item_is_and_where_it_goes(platform_client):
    told = shown(platform_client, "assign_iteration", id=9, revision=1, iteration="Sprint 42")
    assert told["iteration"] == "Platform\\Sprint 43"
    assert told["new_iteration"] == "Platform\\Sprint 42 (2026-11-16 to 2026-11-27)"
    told = shown(platform_client, "assign_area", id=9, revision=1, area="Operations")
    assert (told["area"], told["new_area"]) == ("Platform\\Team Harbor", "Platform\\Operations")
    assert told["title"] == "As a planner I want to search by container number"


def test_an_area_is_assigned_by_its_path(platform_client):
    saved = call(platform_client, "assign_area", id=9, revision=1, area="Platform/Operations")
    assert saved.area == "Platform\\Operations"


def test_a_name_that_stands_several_times_needs_its_path(platform_client, organization):
    project = build_organization(organization).project("Platform")
    project.add_area("Operations/Web").add_area("Team Harbor/Web")
    told = refusal(platform_client, "assign_area", InvalidRequest, id=9, revision=1, area="Web")
    assert "Platform\\Operations\\Web, Platform\\Team Harbor\\Web" in told or "Team Harbor\\Web" in told
    assert call(platform_client, "assign_area", id=9, revision=1, area="Operations\\Web").area.endswith("Web")


@pytest.mark.parametrize("wanted", ["Platform\\Sprint 42", "\\Sprint 42", "Platform/Sprint 42"])
def test_a_top_level_name_that_stands_below_as_well_needs_its_path(platform_client, organization, sent, wanted):
    project = build_organization(organization).project("Platform")
    project.add_iteration("2026 Q4\\Sprint 42").add_area("Team Harbor/Operations")
    for name, argument, value, paths in (
        ("assign_iteration", "iteration", "sprint 42", ("Platform\\Sprint 42", "Platform\\2026 Q4\\Sprint 42")),
        ("assign_area", "area", "Operations", ("Platform\\Operations", "Platform\\Team Harbor\\Operations")),
    ):
        told = refusal(platform_client, name, InvalidRequest, id=9, revision=1, **{argument: value})
        assert all(path in told for path in paths)
    assert writes(sent) == []
    assert call(platform_client, "assign_iteration", id=9, revision=1, iteration=wanted).iteration == SPRINT
    nested = call(platform_client, "assign_iteration", id=9, revision=2, iteration="2026 Q4\\Sprint 42")
    assert nested.iteration == "Platform\\2026 Q4\\Sprint 42"
    assert call(platform_client, "assign_iteration", id=9, revision=3, iteration="platform").iteration == "Platform"


def test_an_ambiguous_parent_is_told_by_its_argument(platform_client, organization, sent):
    build_organization(organization).project("Platform").add_iteration("2026 Q4\\Sprint 42")
    given = {"name": "Week 1", "start": "2026-11-16", "finish": "2026-11-20", "parent": "Sprint 42"}
    with pytest.raises(InvalidRequest) as caught:
        call(platform_client, "create_iteration", **given)
    assert caught.value.subject == "parent"
    assert "Platform\\2026 Q4\\Sprint 42" in caught.value.message
    assert writes(sent) == []


@pytest.mark.parametrize(
    ("tool", "arguments", "near"),
    [
        ("assign_iteration", {"id": 9, "revision": 1, "iteration": "Sprnt 42"}, "Sprint 42"),
        ("assign_area", {"id": 9, "revision": 1, "area": "Operation"}, "Operations"),
        ("move_card", {**MOVE, "column": "Reviw"}, "Review"),
        ("move_card", {**MOVE, "column": "Review", "row": "Expedit"}, "Expedite"),
        ("move_card", {**MOVE, "column": "Review", "board": "Storys"}, "Stories"),
        ("move_card", {**MOVE, "column": "Review", "team": "Platfrm Team"}, "Platform Team"),
        (
            "create_iteration",
            {"name": "S", "start": "2026-12-14", "finish": "2026-12-25", "parent": "Sprnt 43"},
            "Sprint 43",
        ),
        (
            "create_iteration",
            {"name": "S", "start": "2026-12-14", "finish": "2026-12-25", "team": "Platfrm Team"},
            "Platform Team",
        ),
    ],
)
def test_a_wrong_name_is_told_with_the_near_one(platform_client, sent, tool, arguments, near):
    assert f"Did you mean {near!r}?" in refusal(platform_client, tool, NotFound, **arguments)
    assert writes(sent) == []


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("assign_iteration", {"id": 9, "revision": 7, "iteration": "Sprint 42"}),
        ("assign_area", {"id": 9, "revision": 7, "area": "Operations"}),
        ("move_card", {"id": 9, "revision": 7, "board": "Stories", "column": "Closed"}),
    ],
)
def test_an_old_revision_is_told_with_the_present_one(platform_client, sent, tool, arguments):
    told = refusal(platform_client, tool, RevisionConflict, **arguments)
    assert "revision 1, not 7" in told
    assert writes(sent) == []


def test_a_card_moves_and_gets_the_state_of_its_column(platform_client):
    saved = call(platform_client, "move_card", **MOVE, column="review", row="expedite")
    assert (saved.state, saved.revision) == ("Active", 5)
    card = next(card for card in call(platform_client, "get_board", board="Stories").cards if card.id == 8)
    assert (card.column, card.row) == ("Review", "Expedite")
    closed = call(platform_client, "move_card", id=8, revision=5, board="Stories", column="Closed")
    assert closed.state == "Closed"
    card = next(card for card in call(platform_client, "get_board", board="Stories").cards if card.id == 8)
    assert (card.column, card.row) == ("Closed", "Expedite")


def test_a_card_is_done_in_a_split_column_only(platform_client, sent):
    saved = call(platform_client, "move_card", **MOVE, column="Development", done=True)
    assert saved.revision == 5
    card = next(card for card in call(platform_client, "get_board", board="Stories").cards if card.id == 8)
    assert (card.column, card.done) == ("Development", True)
    same = call(platform_client, "move_card", id=8, revision=5, board="Stories", column="Development", done=True)
    assert same.notes == ["Work item 8 is in Development already. Nothing was sent."]
    given = {"id": 8, "revision": 5, "board": "Stories", "column": "Review", "done": True}
    assert "not split" in refusal(platform_client, "move_card", InvalidRequest, **given)


def test_a_card_that_was_done_is_not_done_in_the_next_column(platform_client, organization, sent):
    project = build_organization(organization).project("Platform")
    project.team().add_column("Stories", "Testing", state="Active", after="Development", split=True)
    call(platform_client, "move_card", **MOVE, column="Development", done=True)
    given = {"id": 8, "revision": 5, "board": "Stories"}
    told = shown(platform_client, "move_card", **given, column="Testing", row="Expedite")
    assert (told["column"], told["row"], told["done"]) == ("Development", "(default)", True)
    assert (told["new_column"], told["new_row"], told["new_done"]) == ("Testing", "Expedite", False)
    lose(organization, TOOLS["move_card"], when="after", times=1)
    moved = call(platform_client, "move_card", **given, column="Testing")
    assert ("found as asked" in moved.notes[0], moved.revision) == (True, 6)
    card = next(card for card in call(platform_client, "get_board", board="Stories").cards if card.id == 8)
    assert (card.column, card.done) == ("Testing", False)
    kept = {**given, "revision": 6, "column": "Development", "done": True}
    assert shown(platform_client, "move_card", **kept)["new_done"] is True


def test_a_move_within_a_column_leaves_done_as_it_is(platform_client):
    call(platform_client, "move_card", **MOVE, column="Development", done=True)
    given = {"id": 8, "revision": 5, "board": "Stories", "column": "Development", "row": "Expedite"}
    assert shown(platform_client, "move_card", **given)["new_done"] is True
    call(platform_client, "move_card", **given)
    card = next(card for card in call(platform_client, "get_board", board="Stories").cards if card.id == 8)
    assert (card.column, card.row, card.done) == ("Development", "Expedite", True)


def test_the_approver_of_a_move_sees_the_card_and_its_next_state(platform_client):
    told = shown(platform_client, "move_card", id=16, revision=3, board="Stories", column="Closed")
    assert (told["column"], told["row"], told["state"], told["new_state"]) == (
        "Development",
        "(default)",
        "Active",
        "Closed",
    )


def test_only_cards_of_the_board_are_moved(platform_client, organization):
    given = {"id": 17, "revision": 3, "board": "Stories", "column": "Closed"}
    assert "no cards of type Task" in refusal(platform_client, "move_card", InvalidRequest, **given)
    build_organization(organization).project("Platform").add_team("Lighthouse").own_area("Team Lighthouse")
    told = refusal(platform_client, "move_card", InvalidRequest, **MOVE, column="Active", team="Lighthouse")
    assert "Platform\\Team Harbor, which is no area of the team Lighthouse" in told


def test_a_sprint_is_created_and_the_team_uses_it(platform_client, sent):
    made = call(
        platform_client,
        "create_iteration",
        name="Sprint 44",
        start="2026-12-14",
        finish="2026-12-25",
        team="Platform Team",
    )
    assert (made.path, made.team, made.partial) == ("Platform\\Sprint 44", "Platform Team", False)
    rows = {row.name: row for row in call(platform_client, "list_iterations").items}
    assert (rows["Sprint 44"].start, rows["Sprint 44"].finish, rows["Sprint 44"].id) == (
        "2026-12-14",
        "2026-12-25",
        made.id,
    )
    assert len(writes(sent)) == 2


def test_a_sprint_below_another_is_of_no_team_yet(platform_client):
    given = {"start": "2026-11-30", "finish": "2026-12-04"}
    made = call(platform_client, "create_iteration", name="Week 1", parent="Sprint 43", **given)
    assert (made.path, made.notes) == ("Platform\\Sprint 43\\Week 1", ["No team uses it yet."])
    below = call(platform_client, "create_iteration", name="Monday", parent="Sprint 43\\Week 1", **given)
    assert below.path == "Platform\\Sprint 43\\Week 1\\Monday"


def test_a_sprint_that_exists_or_cannot_be_is_not_created(platform_client, sent):
    given = {"start": "2026-12-14", "finish": "2026-12-25"}
    told = refusal(platform_client, "create_iteration", AlreadyExists, name="sprint 43", **given)
    assert "2026-11-30 to 2026-12-11" in told
    refusal(platform_client, "create_iteration", InvalidRequest, name="a/b", **given)
    swapped = {"start": "2026-12-25", "finish": "2026-12-14"}
    assert "before the first" in refusal(platform_client, "create_iteration", InvalidRequest, name="x", **swapped)
    assert writes(sent) == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (" ", "is blank"),
        ("x" * 256, "has 256 characters; at most 255"),
        (".", "begins or ends with a dot"),
        ("..", "begins or ends with a dot"),
        ("Sprint 44.", "begins or ends with a dot"),
        ("Sprint\t44", "control character"),
        ("Sprint 44?", "has one of these signs"),
        ("con", "the system reserves"),
    ],
)
def test_a_name_that_no_iteration_may_have_is_refused_plainly(platform_client, sent, name, why):
    given = {"start": "2026-12-14", "finish": "2026-12-25"}
    told = refusal(platform_client, "create_iteration", InvalidRequest, name=name, **given)
    assert why in told
    assert len(told) < 200
    assert sent == []


def test_a_new_iteration_leads_to_its_page(platform_client):
    given = {"name": "Sprint 44", "start": "2026-12-14", "finish": "2026-12-25"}
    urls = answer_of(platform_client, **given, team="Platform Team").artifact["urls"]
    assert urls["url"].endswith("/Platform/_sprints/taskboard/Platform%20Team/Platform/Sprint%2044")
    urls = answer_of(platform_client, **{**given, "name": "Sprint 45"}).artifact["urls"]
    assert urls["url"].endswith("/Platform/_sprints/directory")


def test_a_team_that_does_not_use_the_new_sprint_is_named(platform_client, organization):
    organization.faults.add(Fault(kind="status", status=403, method="POST", path="teamsettings/iterations"))
    given = {"name": "Sprint 44", "start": "2026-12-14", "finish": "2026-12-25", "team": "Platform Team"}
    made = call(platform_client, "create_iteration", **given)
    assert (made.team, made.partial) == (None, True)
    assert "Team Platform Team does not use it" in made.notes[0]


def test_a_lost_answer_is_settled_by_the_next_revision(platform_client, organization):
    lose(organization, TOOLS["assign_iteration"], when="after", times=1)
    found = call(platform_client, "assign_iteration", id=9, revision=1, iteration="Sprint 42")
    assert "found as asked" in found.notes[0]
    organization.faults.clear()
    lose(organization, TOOLS["move_card"], when="after", times=1)
    moved = call(platform_client, "move_card", **MOVE, column="Closed", row="Expedite")
    assert ("found as asked" in moved.notes[0], moved.state) == (True, "Closed")


def test_a_lost_creation_stays_unknown(platform_client, organization):
    lose(organization, TOOLS["create_iteration"], when="after", times=1)
    given = {"name": "Sprint 44", "start": "2026-12-14", "finish": "2026-12-25"}
    with pytest.raises((WriteOutcomeUnknown, WriteNotDone)) as caught:
        call(platform_client, "create_iteration", **given)
    assert "not known who created it" in caught.value.message


def test_a_lost_creation_is_looked_for_below_its_parent_only(platform_client, organization):
    project = build_organization(organization).project("Platform")
    project.add_iteration("2027\\Sprint 44", start="2026-12-14", finish="2026-12-25")
    given = {"name": "Sprint 44", "start": "2026-12-14", "finish": "2026-12-25"}
    lose(organization, TOOLS["create_iteration"], when="after", times=1)
    with pytest.raises((WriteOutcomeUnknown, WriteNotDone)) as caught:
        call(platform_client, "create_iteration", **given, parent="Sprint 43")
    assert "Platform\\Sprint 43\\Sprint 44 now has the values" in caught.value.message


def test_a_lost_creation_leads_to_a_page_whose_address_is_quoted(connect, server, organization):
    build_organization(organization).add_project("Sea Freight")
    lose(organization, TOOLS["create_iteration"], when="after", times=1)
    given = {"name": "Sprint 1", "start": "2026-12-14", "finish": "2026-12-25", "project": "Sea Freight"}
    told = message_of(connect(writes="allow"), "create_iteration", **given)
    assert "/Sea%20Freight/_sprints/directory" in told


def test_a_state_that_the_process_refuses_a_card_names_the_allowed_ones(platform_client):
    removed = call(platform_client, "update_work_item", id=8, revision=4, state="Removed")
    given = {**MOVE, "revision": removed.revision, "column": "Closed"}
    told = refusal(platform_client, "move_card", InvalidRequest, **given)
    assert "It is Removed, and this process lets only these follow: New." in told
