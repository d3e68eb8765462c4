"""Work items with their revisions, updates, relations and comments."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from azure_devops_simulator.state.projects import Project

FieldValue: TypeAlias = str | int | float | bool | datetime
"""The stored value of a field: text, a number or a date. An identity is stored as the user's id."""

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
"""The RevisedDate of the newest revision."""

TextFormat = Literal["html", "markdown"]


@dataclass
class Revision:
    """The stored fields after one change. `history` is the comment that came with it."""

    number: int
    fields: dict[str, FieldValue]
    watermark: int
    history: str | None = None

    @property
    def changed(self) -> datetime:
        """The time of the change."""
        when = self.fields["System.ChangedDate"]
        return when if isinstance(when, datetime) else FOREVER

    @property
    def changed_by(self) -> str:
        """The id of the user who made the change."""
        return str(self.fields["System.ChangedBy"])


@dataclass
class Relation:
    """A link to a work item (by id) or to anything else (by URL). `added_in` and `removed_in` are update ids."""

    id: int
    rel: str
    target: int | str
    added_in: int
    authorized: datetime
    removed_in: int | None = None
    comment: str | None = None
    name: str | None = None


@dataclass
class Update:
    """One entry of the history. `revised` is False when only links to work items changed, which makes no revision."""

    id: int
    revision: int
    by: str
    date: datetime
    revised: bool
    edited: list[Relation] = field(default_factory=list)


@dataclass
class Comment:
    """A comment. Its text is HTML or Markdown."""

    id: int
    text: str
    format: TextFormat
    created_by: str
    created: datetime
    modified_by: str
    modified: datetime
    version: int = 1
    deleted: bool = False


@dataclass
class Deletion:
    """The time at which an item was put into the recycle bin, and the person who did it."""

    by: str
    date: datetime


@dataclass
class WorkItem:
    """A work item with its whole history."""

    id: int
    project: Project
    revisions: list[Revision] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    all_relations: list[Relation] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    formats: dict[str, TextFormat] = field(default_factory=dict)
    deletion: Deletion | None = None

    @property
    def revision(self) -> Revision:
        """The newest revision."""
        return self.revisions[-1]

    @property
    def type(self) -> str:
        """The name of its work item type."""
        return str(self.revision.fields["System.WorkItemType"])

    @property
    def title(self) -> str:
        """The title."""
        return str(self.revision.fields.get("System.Title", ""))

    def relations(self, at: datetime | None = None) -> list[Relation]:
        """Return the relations now or at a time, in the order in which they were added."""
        if at is None:
            return [relation for relation in self.all_relations if relation.removed_in is None]
        last = max((update.id for update in self.updates if update.date <= at), default=0)
        return [r for r in self.all_relations if r.added_in <= last and (r.removed_in is None or r.removed_in > last)]

    def revision_at(self, at: datetime) -> Revision | None:
        """Return the newest revision at a time, or None when the item did not exist yet."""
        return next((revision for revision in reversed(self.revisions) if revision.changed <= at), None)

    def parent(self) -> int | None:
        """Return the id of the parent work item, or None."""
        for relation in self.all_relations:
            if relation.removed_in is None and relation.rel == "System.LinkTypes.Hierarchy-Reverse":
                return relation.target if isinstance(relation.target, int) else None
        return None


@dataclass
class NewRelation:
    """A relation to add."""

    rel: str
    target: int | str
    comment: str | None = None
    name: str | None = None

    @property
    def between_items(self) -> bool:
        """Whether it links two work items (such links make no revision)."""
        return isinstance(self.target, int)


@dataclass
class Draft:
    """The content of a save: all fields after it, a comment, text formats, and changes of relations."""

    fields: dict[str, FieldValue]
    history: str | None = None
    history_format: TextFormat = "html"
    formats: dict[str, TextFormat] = field(default_factory=dict)
    added: list[NewRelation] = field(default_factory=list)
    removed: list[Relation] = field(default_factory=list)
    edited: list[Relation] = field(default_factory=list)
    """Copies of relations with a new comment. They replace the relations with the same id."""
