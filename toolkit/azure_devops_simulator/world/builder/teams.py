"""Build teams: their members, and what they plan with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Self

from azure_devops_simulator.areas.work_items.process.boards import DEFAULT_ROW, board_levels, board_of, make_column
from azure_devops_simulator.state.planning import BoardRow, Capacity, TeamArea
from azure_devops_simulator.state.projects import Project, Team
from azure_devops_simulator.state.values import JsonObject, guid
from azure_devops_simulator.state.work_items.nodes import Node, Structure
from azure_devops_simulator.world.builder.requests import Person, Requests, choose


class TeamBuilder:
    """A team of a project. `team` is its state."""

    def __init__(self, requests: Requests, project: Project, team: Team) -> None:
        self._requests = requests
        self._project = project
        self.team = team

    def add_members(self, *members: Person) -> Self:
        """Add users to the team. Members stay members.

        Raises:
            BuilderError: nobody has one of the names.
        """
        for user in [self._requests.person(member) for member in members]:
            if user not in self.team.members:
                self.team.members.append(user)
        return self

    def add_template(
        self,
        name: str,
        type_name: str,
        fields: Mapping[str, str],
        *,
        description: str = "",
        author: Person | None = None,
    ) -> Self:
        """Add a template of work items to the team.

        Args:
            name: its name.
            type_name: the type of the work items, such as `Bug`.
            fields: the values that it gives, by name (`Severity`) or reference name.
            description: what it is for.
            author: who adds it; the first user of the organization by default.

        Raises:
            BuilderError: the type or a field does not exist.
        """
        body: JsonObject = {"name": name, "description": description, "workItemTypeName": type_name}
        body["fields"] = {**fields}
        path = (self._project.name, self.team.name, "_apis", "wit", "templates")
        self._requests.send(author, "POST", *path, body=body)
        return self

    def use_iterations(self, *paths: str) -> Self:
        r"""Let the team use iterations of its project (`Sprint 1` or `2026\Sprint 1`).

        Raises:
            BuilderError: there is no such iteration.
        """
        for path in paths:
            number = self._node("iteration", path).identifier
            own = (self._project.name, self.team.id, "_apis", "work", "teamsettings", "iterations")
            self._requests.send(None, "POST", *own, body={"id": number})
        return self

    def own_area(self, path: str, *, below: bool = True) -> Self:
        r"""Give the team an area (`Web` or `Web\Checkout`), with or without those below it.

        Raises:
            BuilderError: there is no such area.
        """
        self.team.planning.areas.append(TeamArea(self._node("area", path).id, below))
        return self

    def add_column(
        self, board: str, name: str, *, state: str, after: str, limit: int = 0, split: bool = False, row: str = ""
    ) -> Self:
        """Add a column to a board of the team, behind another one, and on request a row.

        Args:
            board: the name of the board, such as `Stories`.
            name: the name of the column.
            state: the state of its cards, by the main type of the board.
            after: the column before it.
            limit: how many cards it should hold at most; 0 for any number.
            split: whether its cards are in progress or done in it.
            row: the name of a row to add.

        Raises:
            BuilderError: there is no such board, column or state.
        """
        levels = {level.name: level for level in board_levels(self._project)}
        level = levels[choose("board", board, levels)]
        choose("state", state, [each.name for each in level.types[0].states])
        present = board_of(self.team, level)
        columns = list(present.columns)
        names = [column.name for column in columns]
        place = names.index(choose("column", after, names)) + 1
        columns.insert(place, make_column(self.team, level, name, "inProgress", state=state, limit=limit, split=split))
        rows = present.rows or [BoardRow(DEFAULT_ROW, "")]
        rows = [*rows, BoardRow(guid(f"row/{self.team.id}/{row}"), row)] if row else rows
        self.team.planning.boards[level.id] = replace(present, columns=columns, rows=rows)
        return self

    def set_capacity(self, iteration: str, member: Person, activities: Mapping[str, float]) -> Self:
        """Set the hours that a member has for each activity on a day of an iteration.

        Raises:
            BuilderError: there is no such iteration, or nobody has this name.
        """
        rows = self.team.planning.capacities.setdefault(self._node("iteration", iteration).id, [])
        rows.append(Capacity(self._requests.person(member), dict(activities)))
        return self

    def _node(self, structure: Structure, path: str) -> Node:
        root = self._requests.organization.work_items.trees.root(self._project, structure)
        known = {node.path.partition("\\")[2]: node for node in root.walk()}
        return known[choose(structure, path.replace("/", "\\").strip("\\"), known)]
