"""The backlog levels of a process, the boards of teams, and the place of a work item on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from azure_devops_simulator.areas.work_items.process.types import Category, State, WorkItemType, work_item_types
from azure_devops_simulator.state.planning import Board, BoardColumn, BoardRow, CardFields, ColumnKind
from azure_devops_simulator.state.projects import Project, Team
from azure_devops_simulator.state.values import guid
from azure_devops_simulator.state.work_items.records import FieldValue

DEFAULT_ROW = "00000000-0000-0000-0000-000000000000"
_BUG = "Microsoft.BugCategory"
_KINDS: dict[Category, ColumnKind] = {"Proposed": "incoming", "Completed": "outgoing"}
_LIMIT = 5


@dataclass(frozen=True)
class BacklogLevel:
    """A level of backlogs. `kind` is `portfolio`, `requirement` or `task`; tasks have no board of this kind."""

    id: str
    name: str
    rank: int
    kind: str
    color: str
    types: tuple[WorkItemType, ...]


def backlog_levels(project: Project) -> tuple[BacklogLevel, ...]:
    """Return the levels of a project, the highest first. Bugs stand beside the requirements."""
    known = work_item_types(project)
    requirements = "Backlog items" if project.process == "Scrum" else "Stories"
    found = []
    for rank, (category, name, kind) in enumerate(
        (
            ("Microsoft.TaskCategory", "Tasks", "task"),
            ("Microsoft.RequirementCategory", requirements, "requirement"),
            ("Microsoft.FeatureCategory", "Features", "portfolio"),
            ("Microsoft.EpicCategory", "Epics", "portfolio"),
        ),
        start=1,
    ):
        wanted = (category, _BUG) if kind == "requirement" else (category,)
        types = tuple(each for each in known if each.category in wanted)
        found.append(BacklogLevel(category, name, rank, kind, types[0].color, types))
    return tuple(reversed(found))


def board_levels(project: Project) -> tuple[BacklogLevel, ...]:
    """Return the levels that have a board."""
    return tuple(level for level in backlog_levels(project) if level.kind != "task")


def board_id(team: Team, level: BacklogLevel) -> str:
    """Return the id of the board of a team for a level."""
    return guid(f"board/{team.id}/{level.id}")


def board_of(team: Team, level: BacklogLevel) -> Board:
    """Return the board of a team: as the team changed it, or with a column for each state of the process."""
    return team.planning.boards.get(level.id) or _default_board(team, level)


def _default_board(team: Team, level: BacklogLevel) -> Board:
    columns, first = [], True
    for state in level.types[0].states:
        if state.category == "Removed":
            continue
        kind = _KINDS.get(state.category, "inProgress") if first or state.category != "Proposed" else "inProgress"
        first = False
        columns.append(make_column(team, level, state.name, kind, limit=_LIMIT if kind == "inProgress" else 0))
    return Board(columns, [BoardRow(DEFAULT_ROW, "")])


def make_column(
    team: Team,
    level: BacklogLevel,
    name: str,
    kind: ColumnKind,
    *,
    state: str = "",
    limit: int = 0,
    split: bool = False,
) -> BoardColumn:
    """Return a column for a state, by default the one of its own name.

    Raises:
        KeyError: The main type of the level has no such state.
    """
    wanted = level.types[0].state(state or name)
    if wanted is None:
        raise KeyError(state or name)
    states = {each.name: (each.state(wanted.name) or _like(each, wanted)).name for each in level.types}
    return BoardColumn(guid(f"column/{team.id}/{level.id}/{name}"), name, kind, states, limit, split)


def _like(kind: WorkItemType, wanted: State) -> State:
    return next((each for each in kind.states if each.category == wanted.category), kind.states[0])


def boards_with_fields(project: Project) -> Iterator[tuple[Board, CardFields]]:
    """Yield the boards of all teams of a project, with the fields in which work items hold their place on each."""
    for team in project.teams:
        for level in board_levels(project):
            yield board_of(team, level), CardFields.of(team.id, level.id)


def board_of_field(project: Project, field: str) -> tuple[Board, CardFields] | None:
    """Return the board to which a field belongs."""
    for board, fields in boards_with_fields(project):
        if field in {fields.column, fields.row, fields.done}:
            return board, fields
    return None


def settle_cards(project: Project, kind: WorkItemType, values: dict[str, FieldValue]) -> None:
    """Put the cards of an item that was moved by hand where its state belongs.

    A card whose column is for another state goes to the first one for its state. Whether it is done stays as it was,
    also in a column that is not split. The service has these fields for every card; here only those that somebody
    moved have them.
    """
    if not any(name.startswith("WEF_") for name in values):
        return
    for board, fields in boards_with_fields(project):
        if fields.column not in values:
            continue
        state = str(values["System.State"])
        column = board.column(str(values[fields.column]))
        if column is None or column.states.get(kind.name) != state:
            column = board.column_of(kind.name, state)
        if column is None:
            for name in (fields.column, fields.row, fields.done):
                values.pop(name, None)
            continue
        values[fields.column] = column.name
        if column.split:
            values.setdefault(fields.done, False)
