"""Saved queries and their folders: a tree that a project shares, and one of each person in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import guid

SHARED, OWN = "Shared Queries", "My Queries"


@dataclass
class SavedQuery:
    """A query, or a folder, which has no text. `owner` is the user whose own it is, and empty for a shared one.

    `parent` is the id of its folder, and empty for the two folders on top, which nobody made.
    """

    id: str
    name: str
    project: Project
    parent: str
    owner: str
    wiql: str | None
    created_by: str
    created: datetime
    modified_by: str
    modified: datetime
    deleted: bool = False

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.wiql is None


class SavedQueries:
    """The saved queries of an organization by id."""

    def __init__(self) -> None:
        self.items: dict[str, SavedQuery] = {}

    def root(self, project: Project, user: User, name: str) -> SavedQuery:
        """Return a folder on top: the shared one of the project, or the user's own."""
        owner = "" if name == SHARED else user.id
        made = guid(f"queries/{project.id}/{owner}")
        return SavedQuery(
            made, name, project, "", owner, None, user.id, project.last_update, user.id, project.last_update
        )

    def roots(self, project: Project, user: User) -> list[SavedQuery]:
        """Return the two folders on top."""
        return [self.root(project, user, OWN), self.root(project, user, SHARED)]

    def get(self, project: Project, user: User, query_id: str) -> SavedQuery | None:
        """Return a query or folder of the project by id, if the user may see it."""
        found = self.items.get(query_id.lower())
        if found is None:
            return next((root for root in self.roots(project, user) if root.id == query_id.lower()), None)
        return found if found.project is project and found.owner in {"", user.id} else None

    def children(self, folder: SavedQuery, *, deleted: bool = False) -> list[SavedQuery]:
        """Return what a folder holds, in the order of the names."""
        found = (item for item in self.items.values() if item.parent == folder.id and (deleted or not item.deleted))
        return sorted(found, key=lambda item: item.name.lower())

    def walk(self, item: SavedQuery) -> list[SavedQuery]:
        """Return an item and all below it."""
        return [item, *(inner for child in self.children(item, deleted=True) for inner in self.walk(child))]

    def forget(self, project: Project) -> None:
        """Remove the queries of a project."""
        self.items = {key: item for key, item in self.items.items() if item.project is not project}
