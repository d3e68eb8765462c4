"""Areas and iterations: two trees for each project."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import guid

Structure = Literal["area", "iteration"]


@dataclass
class Node:
    r"""An area or iteration. `path` is the form in fields: `Platform\Team Harbor`. The root is the project.

    `first_path` is the path with which it was created, from which its guid is made; empty for the present path.
    """

    id: int
    name: str
    path: str
    structure: Structure
    project: Project
    parent: Node | None = None
    start: datetime | None = None
    finish: datetime | None = None
    children: list[Node] = field(default_factory=list)
    first_path: str = ""

    @property
    def identifier(self) -> str:
        """The guid of the node."""
        return guid(f"{self.structure}/{self.first_path or self.path}")

    def walk(self) -> Iterator[Node]:
        """Yield the node and all nodes below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def child(self, name: str) -> Node | None:
        """Return a direct child by name, in any case."""
        return next((child for child in self.children if child.name.lower() == name.lower()), None)


class Trees:
    """The trees of all projects. The roots of a project are created when they are first needed."""

    def __init__(self) -> None:
        self._roots: dict[tuple[str, Structure], Node] = {}
        self._by_path: dict[tuple[Structure, str], Node] = {}
        self.last_id = 0

    def root(self, project: Project, structure: Structure) -> Node:
        """Return the root node, which is named like the project."""
        key = project.id, structure
        if key not in self._roots:
            self._roots[key] = self._new(project.name, project.name, structure, project)
        return self._roots[key]

    def add(self, parent: Node, name: str, *, start: datetime | None = None, finish: datetime | None = None) -> Node:
        """Add a node below another one. Dates are for iterations."""
        node = self._new(name, f"{parent.path}\\{name}", parent.structure, parent.project)
        node.parent, node.start, node.finish = parent, start, finish
        parent.children.append(node)
        return node

    def relocate(self, node: Node, parent: Node, name: str) -> None:
        """Give a node another parent, another name, or both. All nodes below it move along."""
        if node.parent:
            node.parent.children.remove(node)
        before = node.path
        node.parent, node.name = parent, name
        parent.children.append(node)
        for below in list(node.walk()):
            del self._by_path[below.structure, below.path.lower()]
            below.first_path = below.first_path or below.path
            below.path = f"{parent.path}\\{name}{below.path[len(before) :]}"
            self._by_path[below.structure, below.path.lower()] = below

    def remove(self, node: Node) -> None:
        """Remove a node and all nodes below it."""
        for below in list(node.walk()):
            del self._by_path[below.structure, below.path.lower()]
        if node.parent:
            node.parent.children.remove(node)

    def find(self, project: Project, structure: Structure, path: str) -> Node | None:
        """Return the node of a path in one project, in any case."""
        self.root(project, structure)
        node = self._by_path.get((structure, path.strip("\\").lower()))
        return node if node and node.project is project else None

    def roots(self) -> list[Node]:
        """Return the roots that exist so far."""
        return list(self._roots.values())

    def adopt(self, node: Node) -> None:
        """Add an existing node with its id and its children."""
        if node.parent is None:
            self._roots[node.project.id, node.structure] = node
        for below in node.walk():
            self._by_path[below.structure, below.path.lower()] = below

    def forget(self, project: Project) -> None:
        """Remove the trees of a project."""
        self._roots = {key: root for key, root in self._roots.items() if root.project is not project}
        self._by_path = {key: node for key, node in self._by_path.items() if node.project is not project}

    def by_id(self, node_id: int) -> Node | None:
        """Return a node by its number."""
        return next((node for node in self._by_path.values() if node.id == node_id), None)

    def _new(self, name: str, path: str, structure: Structure, project: Project) -> Node:
        self.last_id += 1
        node = Node(self.last_id, name, path, structure, project)
        self._by_path[structure, path.lower()] = node
        return node
