"""What the team of Platform plans with: its sprints, its board of stories, and its capacity in the current sprint."""

from __future__ import annotations

from datetime import UTC, datetime

from azure_devops_simulator.areas.work_items.process.boards import (
    DEFAULT_ROW,
    board_levels,
    make_column,
    settle_cards,
)
from azure_devops_simulator.areas.work_items.process.types import work_item_type
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.planning import Board, BoardRow, Capacity, CardFields
from azure_devops_simulator.state.projects import Project, Team
from azure_devops_simulator.state.values import guid

_STORIES = "Microsoft.RequirementCategory"
_EXPEDITE = "Expedite"
_CARDS: dict[str, tuple[str, str, bool]] = {
    "As a planner I want to page through search results": ("Development", "", False),
    "As a carrier I push events instead of being polled": ("Development", "", True),
    "As an operator I want the standby to take over within a minute": ("Review", _EXPEDITE, False),
}
"""The cards that somebody moved, with their column, their row, and whether they are done in it."""
_CAPACITY = (("Priya Raman", 4.0), ("Mina Sato", 6.0), ("Tom Becker", 5.0))


def seed_planning(organization: Organization) -> None:
    """Let the team of Platform use the sprints of its project and a board with a split column."""
    project = organization.repository("Platform", "docs").project
    team = project.teams[0]
    sprints = organization.work_items.iteration(project).children
    team.planning.iterations = [node.id for node in sprints]
    current = next(node for node in sprints if node.name == "Sprint 42")
    rows = [Capacity(organization.named(name), {"Development": hours}) for name, hours in _CAPACITY]
    rows[2].days_off = [(datetime(2026, 11, 19, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC))]
    team.planning.capacities[current.id] = rows
    team.planning.boards[_STORIES] = _board(project, team)
    _place_cards(organization, project, team)


def _board(project: Project, team: Team) -> Board:
    level = next(each for each in board_levels(project) if each.id == _STORIES)
    columns = [
        make_column(team, level, "New", "incoming"),
        make_column(team, level, "Development", "inProgress", state="Active", limit=5, split=True),
        make_column(team, level, "Review", "inProgress", state="Active", limit=3),
        make_column(team, level, "Resolved", "inProgress"),
        make_column(team, level, "Closed", "outgoing"),
    ]
    rows = [BoardRow(DEFAULT_ROW, ""), BoardRow(guid(f"row/{team.id}/{_EXPEDITE}"), _EXPEDITE)]
    return Board(columns, rows, revision=3)


def _place_cards(organization: Organization, project: Project, team: Team) -> None:
    fields = CardFields.of(team.id, _STORIES)
    for item in organization.work_items:
        if item.project is project and item.title in _CARDS:
            column, row, done = _CARDS[item.title]
            values = item.revision.fields
            given = {fields.column: column, fields.done: done or None, fields.row: row or None}
            values |= {name: value for name, value in given.items() if value is not None}
            settle_cards(project, work_item_type(project, item.type), values)
