"""The boards of a team with their columns and rows."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.boards.teams import READ, WORK, links_of, team_of, work_error, work_url
from azure_devops_simulator.areas.work_items.process.boards import (
    BacklogLevel,
    board_id,
    board_levels,
    board_of,
)
from azure_devops_simulator.areas.work_items.process.types import Category, State
from azure_devops_simulator.state.planning import BoardColumn, BoardRow, CardFields
from azure_devops_simulator.state.projects import Team
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("work")
_ALL = f"{WORK}/boards"
_ONE = f"{_ALL}/{{board}}"
_MAPPINGS: dict[str, tuple[Category, ...]] = {
    "Incoming": ("Proposed",),
    "InProgress": ("Proposed", "InProgress", "Resolved"),
    "Outgoing": ("Completed",),
}


def _find(call: Call, team: Team) -> BacklogLevel:
    wanted = call.path["board"].lower()
    for level in board_levels(call.in_project()):
        if wanted in {board_id(team, level), level.name.lower()}:
            return level
    raise work_error(404, "BoardDoesNotExistException", f"The board '{wanted}' does not exist.")


def _column(column: BoardColumn) -> JsonObject:
    body: JsonObject = {
        "id": column.id,
        "name": column.name,
        "itemLimit": column.limit,
        "stateMappings": dict(column.states),
        "columnType": column.kind,
    }
    if column.kind == "inProgress":
        body |= {"isSplit": column.split, "description": column.description}
    return body


def _row(row: BoardRow) -> JsonObject:
    return {"id": row.id, "name": row.name or None}


def _reference(call: Call, team: Team, level: BacklogLevel) -> JsonObject:
    number = board_id(team, level)
    return {"id": number, "url": work_url(call, team, "boards", number), "name": level.name}


@area.get(_ALL, scopes=READ)
def list_boards(call: Call) -> Answer:
    """Return the boards of a team, the highest level first."""
    team = team_of(call)
    return collection(_reference(call, team, level) for level in board_levels(call.in_project()))


@area.get(_ONE, scopes=READ)
def get_board(call: Call) -> JsonObject:
    """Return one board with its columns, its rows, and the fields in which work items hold their place on it."""
    team = team_of(call)
    level = _find(call, team)
    board, fields = board_of(team, level), CardFields.of(team.id, level.id)
    body = _reference(call, team, level)
    url = str(body["url"])
    names = {"columnField": fields.column, "rowField": fields.row, "doneField": fields.done}
    return {
        **body,
        "revision": board.revision,
        "columns": [_column(column) for column in board.columns],
        "rows": [_row(row) for row in board.rows],
        "isValid": True,
        "allowedMappings": {
            kind: {each.name: _names(each.states, categories) for each in level.types}
            for kind, categories in _MAPPINGS.items()
        },
        "canEdit": True,
        "fields": {
            name: {"referenceName": field, "url": call.url(f"_apis/wit/fields/{field}")}
            for name, field in names.items()
        },
        "_links": links_of(call, team, url, columns=f"{url}/columns", rows=f"{url}/rows"),
    }


def _names(states: tuple[State, ...], categories: tuple[Category, ...]) -> JsonValue:
    return [state.name for state in states if state.category in categories]


@area.get(f"{_ONE}/columns", scopes=READ)
def list_columns(call: Call) -> Answer:
    """Return the columns of a board."""
    team = team_of(call)
    return collection(map(_column, board_of(team, _find(call, team)).columns))


@area.get(f"{_ONE}/rows", scopes=READ)
def list_rows(call: Call) -> Answer:
    """Return the rows of a board."""
    team = team_of(call)
    return collection(map(_row, board_of(team, _find(call, team)).rows))


@area.get(f"{_ALL}/boardparents", scopes=READ, query="childBacklogContextCategoryRefName workitemIds")
def list_parents(call: Call) -> Answer:
    """Return the parents of some work items, each with those of them that it has below it."""
    team_of(call)
    store = call.organization.work_items
    below: dict[int, list[JsonValue]] = {}
    for number in call.query.numbers("workitemIds"):
        item = store.get(number)
        if item and (parent := item.parent()):
            below.setdefault(parent, []).append(number)
    level = call.query.text("childBacklogContextCategoryRefName").lower()
    if level not in {each.id.lower() for each in board_levels(call.in_project())}:
        raise work_error(400, "BacklogDoesNotExistException", f"The backlog '{level}' does not exist.")
    found = [(store.get(number), children) for number, children in below.items()]
    return collection(
        {"id": parent.id, "title": parent.title, "workItemTypeName": parent.type, "childWorkItemIds": children}
        for parent, children in found
        if parent
    )
