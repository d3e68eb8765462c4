"""Iterations, areas, backlogs and boards of teams, and the cards that are moved on a board."""

from typing import Any

import pytest

from azure_devops_simulator import BuilderError, Organization, build_organization, export_world, import_world
from azure_devops_simulator.areas.boards import backlogs

WORK = "/Platform/_apis/work"
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
STORY = 8


def patch(client: Any, number: int, expect: int = 200, **fields: Any) -> Any:
    body = [{"op": "add", "path": f"/fields/{name}", "value": value} for name, value in fields.items()]
    path, version = f"/_apis/wit/workitems/{number}", {"api-version": "7.1"}
    answer = client.http.patch(path, params=version, json=body, headers=JSON_PATCH)
    assert answer.status_code == expect, answer.text
    return answer.json()


def card_fields(client: Any) -> tuple[str, str, str]:
    fields = client.get(f"{WORK}/boards/Stories")["fields"]
    return tuple(fields[name]["referenceName"] for name in ("columnField", "rowField", "doneField"))


def test_the_last_day_of_an_iteration_belongs_to_it(client: Any, organization: Organization) -> None:
    frames = {
        row["name"]: row["attributes"]["timeFrame"] for row in client.get(f"{WORK}/teamsettings/iterations")["value"]
    }
    assert frames == {"Sprint 40": "past", "Sprint 41": "past", "Sprint 42": "current", "Sprint 43": "future"}
    world = build_organization(organization)
    for when, name in (
        ("2026-11-27 23:59", "Sprint 42"),
        ("2026-11-28 00:00", None),
        ("2026-11-30 00:00", "Sprint 43"),
    ):
        world.at(when)
        found = client.get(f"{WORK}/teamsettings/iterations", __timeframe="current")["value"]
        assert [row["name"] for row in found] == ([name] if name else [])


def test_a_team_uses_an_iteration_once_and_can_leave_it(client: Any, organization: Organization) -> None:
    body = {
        "name": "Sprint 44",
        "attributes": {"startDate": "2026-12-14T00:00:00Z", "finishDate": "2026-12-25T00:00:00Z"},
    }
    node = client.call("POST", "/Platform/_apis/wit/classificationnodes/iterations", body, expect=201)
    path = f"{WORK}/teamsettings/iterations"
    for _ in range(2):
        made = client.call("POST", path, {"id": node["identifier"]}, expect=201)
    assert (made["name"], made["attributes"]["finishDate"]) == ("Sprint 44", "2026-12-25T00:00:00Z")
    assert [row["name"] for row in client.get(path)["value"]].count("Sprint 44") == 1
    assert export_world(import_world(export_world(organization))) == export_world(organization)
    client.call("DELETE", f"{path}/{node['identifier']}", expect=204)
    client.get(f"{path}/{node['identifier']}", expect=404)


def test_items_of_an_iteration_stand_below_their_parents(client: Any) -> None:
    [sprint] = client.get(f"{WORK}/teamsettings/iterations", __timeframe="current")["value"]
    rows = client.get(f"{WORK}/teamsettings/iterations/{sprint['id']}/workitems")["workItemRelations"]
    below = {row["target"]["id"]: row["source"] and row["source"]["id"] for row in rows}
    assert (below[STORY], below[17], below[24]) == (None, STORY, 13)
    assert 19 not in below
    patch(client, STORY, **{"System.IterationPath": "Platform\\Sprint 43"})
    rows = client.get(f"{WORK}/teamsettings/iterations/{sprint['id']}/workitems")["workItemRelations"]
    assert {row["target"]["id"]: row["source"] and row["source"]["id"] for row in rows} == below
    capacity = client.get(f"{WORK}/teamsettings/iterations/{sprint['id']}/capacities")
    assert (capacity["totalCapacityPerDay"], capacity["totalDaysOff"]) == (15, 2)


def test_a_backlog_has_what_is_not_done(client: Any) -> None:
    names = [(row["name"], row["type"]) for row in client.get(f"{WORK}/backlogs")["value"]]
    assert names == [("Epics", "portfolio"), ("Features", "portfolio"), ("Stories", "requirement"), ("Tasks", "task")]
    found = client.get(f"{WORK}/backlogs/Microsoft.RequirementCategory/workItems")["workItems"]
    ids = [row["target"]["id"] for row in found]
    assert {STORY, 27} <= set(ids)
    assert not {10, 28, 36} & set(ids)
    client.get(f"{WORK}/backlogs/none/workItems", expect=404)


def test_a_backlog_names_no_more_than_its_limit(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlogs, "MOST_ITEMS", 3)
    path = f"{WORK}/backlogs/Microsoft.RequirementCategory"
    assert client.get(path)["workItemCountLimit"] == 3
    assert len(client.get(f"{path}/workItems")["workItems"]) == 3


def test_a_card_that_is_moved_gets_the_state_of_its_column(client: Any) -> None:
    column, row, done = card_fields(client)
    assert patch(client, STORY, **{column: "Review"})["fields"][column] == "Review"
    moved = patch(client, STORY, **{column: "closed", row: "Expedite"})["fields"]
    assert (moved[column], moved[row], moved["System.State"], moved[done]) == ("Closed", "Expedite", "Closed", False)
    back = patch(client, STORY, **{"System.State": "Active"})["fields"]
    assert (back[column], back[done]) == ("Development", False)
    assert patch(client, STORY, **{done: True})["fields"][done] is True
    for name, value in ((column, "Nowhere"), (row, "Nowhere"), (done, "perhaps")):
        patch(client, STORY, expect=400, **{name: value})
    patch(client, 17, expect=400, **{column: "Review"})


def test_a_team_plans_with_what_the_builder_gives_it(client: Any, organization: Organization) -> None:
    project = build_organization(organization).project("Platform")
    team = project.add_team("Harbor", ["Mina Sato"]).own_area("Team Harbor").use_iterations("Sprint 42")
    team.add_column("Stories", "Testing", state="Active", after="Active", split=True, row="Urgent")
    team.set_capacity("Sprint 42", "Mina Sato", {"Design": 2})
    work = "/Platform/Harbor/_apis/work"
    areas = client.get(f"{work}/teamsettings/teamfieldvalues")
    assert areas["values"] == [{"value": "Platform\\Team Harbor", "includeChildren": True}]
    board = client.get(f"{work}/boards/Stories")
    assert [row["name"] for row in board["columns"]] == ["New", "Active", "Testing", "Resolved", "Closed"]
    assert [row["name"] for row in board["rows"]] == [None, "Urgent"]
    [sprint] = client.get(f"{work}/teamsettings/iterations")["value"]
    items = client.get(f"{work}/teamsettings/iterations/{sprint['id']}/workitems")["workItemRelations"]
    assert {STORY, 14} & {row["target"]["id"] for row in items} == {STORY}
    with pytest.raises(BuilderError, match="Sprint 42"):
        team.use_iterations("Sprint 4")
    assert export_world(import_world(export_world(organization))) == export_world(organization)
