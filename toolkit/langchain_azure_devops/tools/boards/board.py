"""A board of a team: its columns with their limits, its rows, and its cards."""

from typing import Annotated

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.declaration import Cursor, Project
from langchain_azure_devops.calls.paging import page_rows
from langchain_azure_devops.errors import NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, Named, OrNone, decode
from langchain_azure_devops.results.models import Failed, PartialResult, Result, Untrusted
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.boards.batches import describe_failure, read_batches
from langchain_azure_devops.tools.boards.places import (
    Team,
    TeamAreas,
    begin_sentence,
    known_team,
    name_team,
    place_of_team,
    read_areas,
    work_route,
)
from langchain_azure_devops.tools.boards.toolset import boards
from langchain_azure_devops.tools.people import NamedPerson, name_person
from langchain_azure_devops.tools.work_items.wiql import condition, find_ids

BoardName = Annotated[str, Field(description="Name or id, such as Stories")]

NO_ROW = "(default)"
"""What the row without a name is called."""

_MOST_CARDS = 1_000
_ROW_FIELDS = ("System.WorkItemType", "System.Title", "System.State", "System.AssignedTo")


class ColumnDefinition(Named):
    """A column as the service describes it."""

    limit: int | None = Field(default=None, validation_alias="itemLimit")
    kind: str | None = Field(default=None, validation_alias="columnType")
    split: bool | None = Field(default=None, validation_alias="isSplit")
    states: dict[str, str] = Field(default={}, validation_alias="stateMappings")


class RowDefinition(BaseModel):
    """A row as the service describes it; the default one has no name."""

    name: str | None = None


class BoardDefinition(Named):
    """A board as the service describes it, with the fields in which work items hold their place on it."""

    id: str
    columns: OrNone[ColumnDefinition] = Field(default=[])
    rows: OrNone[RowDefinition] = Field(default=[])
    column_field: str = Field(validation_alias=AliasPath("fields", "columnField", "referenceName"))
    row_field: str = Field(validation_alias=AliasPath("fields", "rowField", "referenceName"))
    done_field: str = Field(validation_alias=AliasPath("fields", "doneField", "referenceName"))

    def column(self, name: str) -> ColumnDefinition | None:
        """Return a column by name, in any case."""
        return next((each for each in self.columns if each.name.casefold() == name.strip().casefold()), None)

    def column_of(self, type: str, state: str, stored: str) -> str:
        """Return the column of a card: the stored one, or the first for its state where none is stored."""
        if stored and (known := self.column(stored)):
            return known.name
        return next((each.name for each in self.columns if each.states.get(type) == state), stored)


class RawCard(BaseModel):
    """The fields of a work item that say where its card is."""

    id: int
    rev: int
    fields: dict[str, JsonValue]

    def text(self, name: str) -> str:
        """Return the value of a field as text."""
        value = self.fields.get(name)
        return "" if value is None else str(value)


class Column(Result):
    """A column of a board.

    Attributes:
        cards: How many of the cards that were read are in it.
        done: Of a split column: how many of them are done.
        limit: How many cards it should hold at most; empty for any number.
        states: The state that a card gets in it, by work item type where they differ.
    """

    name: Untrusted
    cards: int = 0
    limit: int | None = None
    over_limit: bool = False
    split: bool = False
    done: int | None = None
    states: Untrusted = ""


class Card(Result):
    """A card on a board."""

    web = "_workitems/edit/{id}"
    caption = "{type} {id}"

    id: int
    type: Untrusted
    title: Untrusted
    column: Untrusted
    row: Untrusted | None = None
    done: bool = False
    state: Untrusted
    assigned_to: NamedPerson = None
    revision: int


class Board(PartialResult):
    """A board with its columns, its rows and cards."""

    web = "{project}/_boards/board/t/{team}/{name}"
    web_list = "{project}/_boards/directory"
    caption = "board {name}"

    name: Untrusted
    id: str
    columns: list[Column] = Field(default=[])
    rows: list[Untrusted] = Field(default=[])
    cards: list[Card] = Field(default=[])
    total_cards: int = 0
    notes: list[str] = Field(default=[])


@boards.read(Scope.WORK, example={"board": "Stories"})
async def get_board(
    client: AzureDevOps,
    *,
    board: BoardName,
    team: Team = None,
    limit: Annotated[int, Field(ge=1, le=200)] = 100,
    cursor: Cursor = None,
    project: Project = None,
) -> Board:
    """Read a board: columns with limits, rows, cards.

    Raises:
        NotFound: There is no such team or board.
    Source: `GET .../work/boards/{id}`, `POST .../wit/wiql` and `POST .../wit/workitemsbatch`.
    """
    chosen = await client.required_project(project)
    known = await read_board(client, chosen, team, board)
    areas = await read_areas(client, chosen, team)
    raws, failed, notes = await _read_cards(client, chosen, known, areas)
    cards = [_make_card(known, raw) for raw in raws]
    place = {column.name: number for number, column in enumerate(known.columns)}
    cards.sort(key=lambda card: (place.get(card.column, len(place)), card.row or "", card.id))
    page = await page_rows(Card, cards, limit, cursor)
    if not cards:
        notes.append(f"No card was found on the board {known.name} of {name_team(chosen, team)}.")
    notes += map(describe_failure, failed)
    return Board(
        name=known.name,
        id=known.id,
        columns=[_count(column, cards) for column in known.columns],
        rows=[row.name or NO_ROW for row in known.rows],
        cards=page.items,
        total_cards=len(cards),
        notes=notes,
        unread=failed,
        partial=bool(failed),
        go_on={"cursor": page.cursor} if page.cursor else None,
    )


async def read_board(client: AzureDevOps, project: str, team: str | None, board: str) -> BoardDefinition:
    """Read a board by name or id.

    Raises:
        NotFound: There is no such team or board; the message names those that there are.
    """
    async with known_team(client, project, team):
        response = await client.get(work_route(team, "boards"), path=place_of_team(project, team))
    rows = decode(response, Collection[_Reference]).value
    wanted = board.strip().casefold()
    found = next((row for row in rows if wanted in {row.id.casefold(), row.name.casefold()}), None)
    if found is None:
        names = [row.name for row in rows]
        raise NotFound(
            f"{begin_sentence(name_team(project, team))} has no board {board!r}.{did_you_mean(board, names)} "
            f"Its boards: {', '.join(names) or 'none'}.",
            subject=as_subject(board),
        )
    where = {**place_of_team(project, team), "board": found.id}
    return decode(await client.get(work_route(team, "boards/{board}"), path=where), BoardDefinition)


class _Reference(Named):
    id: str


async def _read_cards(
    client: AzureDevOps, project: str, board: BoardDefinition, areas: TeamAreas
) -> tuple[list[RawCard], list[Failed], list[str]]:
    """Read the work items that have a card on a board, the latest changed ones of many."""
    types = sorted({name for column in board.columns for name in column.states})
    states = sorted({state for column in board.columns for state in column.states.values()})
    if not areas.areas:
        return [], [], ["The team has no areas, so its boards have no cards."]
    if not types:
        return [], [], []
    query = (
        f"SELECT [System.Id] FROM WorkItems WHERE {_any_of('System.WorkItemType', types)} "  # noqa: S608 - WIQL, its values are quoted
        f"AND {_any_of('System.State', states)} AND {areas.wiql} ORDER BY [System.ChangedDate] DESC"
    )
    found = await find_ids(client, project, query, _MOST_CARDS)
    ids = found.ids[:_MOST_CARDS]
    notes: list[str] = []
    failed: list[Failed] = []
    if len(found.ids) > len(ids) or not found.complete:
        failed.append(
            Failed(
                place=f"all cards but the {_MOST_CARDS:,} that changed last",
                status="unavailable",
                reason="The board has more cards than one call reads, so its counts are too low.",
            )
        )
    fields = [*_ROW_FIELDS, board.column_field, board.row_field, board.done_field]
    cards, unread = await read_batches(
        client, ids, fields, lambda answer: decode(answer, Collection[RawCard | None]).value
    )
    return cards, [*failed, *unread], notes


def _any_of(field: str, values: list[str]) -> str:
    rules = [f"[{field}] {condition('=', value)}" for value in values]
    return f"({' OR '.join(rules)})"


def _make_card(board: BoardDefinition, raw: RawCard) -> Card:
    kind, state = raw.text("System.WorkItemType"), raw.text("System.State")
    return Card(
        id=raw.id,
        type=kind,
        title=raw.text("System.Title"),
        column=board.column_of(kind, state, raw.text(board.column_field)),
        row=raw.text(board.row_field) or None,
        done=raw.fields.get(board.done_field) is True,
        state=state,
        assigned_to=_person(raw.fields.get("System.AssignedTo")),
        revision=raw.rev,
    )


def _person(value: JsonValue) -> str | None:
    named = name_person(value)
    return None if named is None else str(named)


def _count(column: ColumnDefinition, cards: list[Card]) -> Column:
    inside = [card for card in cards if card.column == column.name]
    limit = column.limit or None
    states = set(column.states.values())
    told = [f"{kind}: {state}" for kind, state in column.states.items()] if len(states) > 1 else states
    return Column(
        name=column.name,
        cards=len(inside),
        limit=limit,
        over_limit=limit is not None and len(inside) > limit,
        split=bool(column.split),
        done=sum(card.done for card in inside) if column.split else None,
        states=", ".join(told),
    )
