"""What a team plans with: its iterations and areas, the columns and rows of its boards, and its capacity."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.values import guid

ColumnKind = Literal["incoming", "inProgress", "outgoing"]


@dataclass
class BoardColumn:
    """A column of a board. `states` says by work item type which state a card has in it."""

    id: str
    name: str
    kind: ColumnKind
    states: dict[str, str]
    limit: int = 0
    split: bool = False
    description: str = ""


@dataclass
class BoardRow:
    """A swimlane of a board. The default one has no name."""

    id: str
    name: str


@dataclass
class Board:
    """The board of a backlog level."""

    columns: list[BoardColumn] = field(default_factory=list)
    rows: list[BoardRow] = field(default_factory=list)
    revision: int = 0

    def column(self, name: str) -> BoardColumn | None:
        """Return a column by name, in any case."""
        return next((column for column in self.columns if column.name.lower() == name.lower()), None)

    def column_of(self, type_name: str, state: str) -> BoardColumn | None:
        """Return the first column for a state of a type; None when the type has no card in this state."""
        return next((column for column in self.columns if column.states.get(type_name) == state), None)


@dataclass
class TeamArea:
    """An area of a team, by the number of its node, with or without the areas below it."""

    node: int
    below: bool = True


@dataclass
class Capacity:
    """The hours that a member has for each activity on a day of an iteration, and the days that the member is off."""

    member: User
    activities: dict[str, float] = field(default_factory=dict)
    days_off: list[tuple[datetime, datetime]] = field(default_factory=list)


@dataclass
class Planning:
    """What a team chose. `iterations` are the numbers of nodes, `boards` are keyed by the id of their backlog level.

    A team without areas of its own has none, but for the default team, which has all. A board that the team did not
    change is not kept here: it follows from the process. `capacities` are keyed by the number of the iteration.
    """

    iterations: list[int] = field(default_factory=list)
    areas: list[TeamArea] = field(default_factory=list)
    boards: dict[str, Board] = field(default_factory=dict)
    capacities: dict[int, list[Capacity]] = field(default_factory=dict)


@dataclass(frozen=True)
class CardFields:
    """The reference names of the fields in which work items hold their place on one board."""

    column: str
    row: str
    done: str

    @classmethod
    def of(cls, team_id: str, backlog: str) -> CardFields:
        """Return the fields of the board of a team for a backlog level."""
        prefix = f"WEF_{guid(f'board fields/{team_id}/{backlog}').replace('-', '').upper()}_Kanban"
        return cls(f"{prefix}.Column", f"{prefix}.Lane", f"{prefix}.Column.Done")
