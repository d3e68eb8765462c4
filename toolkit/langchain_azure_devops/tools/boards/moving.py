"""Move a card to another column or row of a board; the work item gets the state of the column."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, cast

from pydantic import Field, JsonValue

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.calls.recovery import Missing, PendingWrite
from langchain_azure_devops.errors import InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.boards.board import NO_ROW, BoardDefinition, BoardName, ColumnDefinition, read_board
from langchain_azure_devops.tools.boards.items import (
    SENDS,
    ItemId,
    PlacedItem,
    Revision,
    find_written,
    read_placed,
    read_unchanged,
    write_fields,
)
from langchain_azure_devops.tools.boards.places import Team, name_team, read_areas
from langchain_azure_devops.tools.boards.toolset import boards
from langchain_azure_devops.tools.work_items.models import SavedWorkItem

_STATE = "System.State"


@dataclass(frozen=True)
class _Asked:
    """What a call asks for."""

    id: int
    revision: int
    team: str | None
    board: str
    column: str
    row: str | None
    done: bool | None

    @classmethod
    def of(cls, arguments: Mapping[str, object]) -> "_Asked":
        """Read the arguments of a call."""
        return cls(
            int(str(arguments["id"])),
            int(str(arguments["revision"])),
            cast("str | None", arguments.get("team")),
            str(arguments["board"]),
            str(arguments["column"]),
            cast("str | None", arguments.get("row")),
            cast("bool | None", arguments.get("done")),
        )


@dataclass(frozen=True)
class _Move:
    """A move that was checked: the card, where it is, and the fields that differ from what is asked for."""

    item: PlacedItem
    board: BoardDefinition
    column: str
    fields: dict[str, JsonValue]


async def _check(client: AzureDevOps, asked: _Asked) -> _Move:
    """Read a card and its board, and find out what a move would change.

    Raises:
        NotFound: There is no such work item, team, board, column or row.
        InvalidRequest: The board has no such cards, or the column is not split.
        NothingToSend: The card is there already.
        RevisionConflict: The work item has another revision now.
    """
    item = await read_placed(client, asked.id, asked.revision)
    board = await read_board(client, item.project, asked.team, asked.board)
    column = board.column(asked.column)
    if column is None:
        names = [each.name for each in board.columns]
        raise NotFound(
            f"The board {board.name} has no column {asked.column!r}.{did_you_mean(asked.column, names)} "
            f"Its columns: {', '.join(names)}.",
            subject=as_subject(asked.column),
        )
    if item.type not in column.states:
        raise InvalidRequest(
            f"The board {board.name} has no cards of type {item.type}, only of: {', '.join(column.states)}.",
            subject="board",
        )
    areas = await read_areas(client, item.project, asked.team)
    if not areas.includes(item.area):
        raise InvalidRequest(
            f"Work item {item.id} is in {item.area}, which is no area of {name_team(item.project, asked.team)}, so it "
            f"is not on this board. Areas of the team: {', '.join(path for path, _ in areas.areas) or 'none'}.",
            subject="team",
        )
    if asked.done is not None and not column.split:
        raise InvalidRequest(
            f"The column {column.name} is not split, so its cards are not done or doing.", subject="done"
        )
    here = board.column_of(item.type, item.state, item.text(board.column_field))
    fields = _find_differences(item, board, column, asked, here)
    if not fields:
        raise NothingToSend(f"Work item {item.id} is in {here} already. Nothing was sent.", subject=str(item.id))
    return _Move(item, board, here, fields)


def _find_differences(
    item: PlacedItem, board: BoardDefinition, column: ColumnDefinition, asked: _Asked, here: str
) -> dict[str, JsonValue]:
    """Return the fields that a move has to set."""
    fields: dict[str, JsonValue] = {}
    if column.name != here:
        fields[board.column_field] = column.name
    if column.states[item.type] != item.state:
        fields[_STATE] = column.states[item.type]
    if asked.row is not None:
        row = _find_row(board, asked.row)
        if row != item.text(board.row_field):
            fields[board.row_field] = row
    was_done = item.fields.get(board.done_field) is True
    # A card that was done in the column it leaves is not done in the next one, unless the call says so.
    done = asked.done if asked.done is not None or column.name == here or not was_done else False
    if done is not None and (column.name != here or done != was_done):
        fields[board.done_field] = done
    return fields


def _find_row(board: BoardDefinition, wanted: str) -> str:
    """Return the name of a row as the board writes it; the default row has an empty one.

    Raises:
        NotFound: There is no such row.
    """
    names = [row.name or "" for row in board.rows]
    word = "" if wanted.strip().casefold() == NO_ROW else wanted.strip().casefold()
    for name in names:
        if name.casefold() == word:
            return name
    shown = [name or NO_ROW for name in names]
    raise NotFound(
        f"The board {board.name} has no row {wanted!r}.{did_you_mean(wanted, shown)} Its rows: {', '.join(shown)}.",
        subject=as_subject(wanted),
    )


async def _read_before(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read where a card is, and the place and state that it would get."""
    move = await _check(client, _Asked.of(arguments))
    item, board = move.item, move.board
    row, done = item.text(board.row_field), item.fields.get(board.done_field) is True
    return {
        **item.recognized,
        "area": item.area,
        "board": board.name,
        "column": move.column,
        "row": row or NO_ROW,
        "done": done,
        "new_state": move.fields.get(_STATE, item.state),
        "new_column": move.fields.get(board.column_field, move.column),
        "new_row": move.fields.get(board.row_field, row) or NO_ROW,
        "new_done": move.fields.get(board.done_field, done),
    }


async def _find_move(client: AzureDevOps, pending: PendingWrite) -> SavedWorkItem | Missing:
    """Find the revision in which the card got the place that was asked for."""
    asked = _Asked.of(pending.arguments)
    where = {"id": asked.id, "revision": asked.revision}
    pending.url = f"{client.settings.url('core')}/_workitems/edit/{asked.id}"
    route = "/_apis/wit/workItems/{id}/revisions/{revision}"
    before = decode(await client.get(route, path=where), PlacedItem)
    board = await read_board(client, before.project, asked.team, asked.board)
    column = board.column(asked.column)
    if column is None or before.type not in column.states:
        return Missing(f"revision {asked.revision + 1} of work item {asked.id}")
    here = board.column_of(before.type, before.state, before.text(board.column_field))
    fields = _find_differences(before, board, column, asked, here)
    state = fields.pop(_STATE, None)
    named = {} if state is None else {"state": str(state)}
    return await find_written(client, pending, fields, **named)


@boards.write(
    Scope.WORK_WRITE,
    idempotent=True,
    sends=SENDS,
    targets=("id", "team", "board"),
    contents=("revision", "column", "row", "done"),
    current=_read_before,
    recover=_find_move,
    example={"id": 8, "revision": 4, "board": "Stories", "column": "Review"},
    more_examples=({"id": 16, "revision": 3, "board": "Stories", "column": "Closed", "row": "Expedite"},),
)
async def move_card(
    client: AzureDevOps,
    *,
    id: ItemId,
    revision: Revision,
    board: BoardName,
    column: str,
    row: Annotated[str | None, Field(description='"(default)": the one without a name')] = None,
    done: Annotated[bool | None, Field(description="Only in a split column")] = None,
    team: Team = None,
) -> SavedWorkItem:
    """Move a card on a board; it gets the column's state.

    Raises:
        NotFound: There is no such work item, team, board, column or row.
        InvalidRequest: The board has no such cards, the column is not split, or the process refuses the state.
        RevisionConflict: The work item has another revision now.
    Source: `PATCH /_apis/wit/workitems/{id}` with a test of `/rev`.
    """
    try:
        move = await _check(client, _Asked(id, revision, team, board, column, row, done))
    except NothingToSend as idle:
        return await read_unchanged(client, id, idle.message)
    return await write_fields(client, move.item, move.fields)
