"""The work items of an organization: saves, links, comments and the recycle bin. The process rules are elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import unquote

from azure_devops_simulator.state.clock import SEED_NOW
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.work_items.attachments import Attachment
from azure_devops_simulator.state.work_items.indexes import Indexes
from azure_devops_simulator.state.work_items.nodes import Node, Structure, Trees
from azure_devops_simulator.state.work_items.queries import SavedQueries
from azure_devops_simulator.state.work_items.records import (
    Comment,
    Deletion,
    Draft,
    FieldValue,
    NewRelation,
    Relation,
    Revision,
    TextFormat,
    Update,
    WorkItem,
)
from azure_devops_simulator.state.work_items.relation_types import OPPOSITE
from azure_devops_simulator.state.work_items.templates import Templates


class WorkItemStore:
    """All work items and attached files of an organization by id.

    `counters` hold the last numbers; `latest` is the time of the newest change.
    """

    def __init__(self) -> None:
        self.items: dict[int, WorkItem] = {}
        self.queries = SavedQueries()
        self.templates = Templates()
        self.attachments: dict[str, Attachment] = {}
        self.trees = Trees()
        self.indexes = Indexes()
        self._artifacts: dict[str, dict[int, None]] = {}
        self.counters: Counter[str] = Counter()
        self.latest = SEED_NOW

    def __iter__(self) -> Iterator[WorkItem]:
        """Yield every item that is not in the recycle bin, by id."""
        return (item for item in self.items.values() if item.deletion is None)

    def get(self, work_item_id: int) -> WorkItem | None:
        """Return an item, unless it is in the recycle bin."""
        item = self.items.get(work_item_id)
        return item if item and item.deletion is None else None

    def area(self, project: Project) -> Node:
        """Return the root of the project's areas."""
        return self.trees.root(project, "area")

    def iteration(self, project: Project) -> Node:
        """Return the root of the project's iterations."""
        return self.trees.root(project, "iteration")

    def relocate(self, node: Node, parent: Node, name: str) -> None:
        """Move or rename an area or iteration. Items follow it in every revision, because they refer to the node."""
        before, field = node.path, PATH_FIELDS[node.structure]
        self.trees.relocate(node, parent, name)
        for item in self.items.values():
            if item.project is not node.project:
                continue
            for revision in item.revisions:
                path = str(revision.fields[field])
                if is_within(path, before):
                    revision.fields[field] = node.path + path[len(before) :]
                    self.indexes.touch(item.id)

    def below(self, node: Node) -> list[WorkItem]:
        """Return the items in an area or iteration, or in one below it."""
        field = PATH_FIELDS[node.structure]
        items = (item for item in self.items.values() if item.project is node.project)
        return [item for item in items if is_within(str(item.revision.fields[field]), node.path)]

    def create(self, project: Project, draft: Draft, *, by: User, when: datetime) -> WorkItem:
        """Save a new item under the next id."""
        item = WorkItem(self._next("item"), project)
        self.items[item.id] = item
        draft.fields.setdefault("System.CreatedBy", by.id)
        draft.fields.setdefault("System.CreatedDate", when)
        self._write(item, draft, by.id, when)
        return item

    def save(self, item: WorkItem, draft: Draft, *, by: User, when: datetime) -> None:
        """Save a change. A draft that changes nothing leaves the item as it is."""
        self._write(item, draft, by.id, when)

    def comment(self, item: WorkItem, text: str, text_format: TextFormat, *, by: User, when: datetime) -> Comment:
        """Add a comment. This makes a revision too."""
        draft = Draft(dict(item.revision.fields), history=text, history_format=text_format)
        self._write(item, draft, by.id, when)
        return item.comments[-1]

    def delete(self, item: WorkItem, *, by: User, when: datetime) -> None:
        """Put an item into the recycle bin."""
        item.deletion = Deletion(by.id, when)
        self._revise(item, {**item.revision.fields, "System.IsDeleted": True}, by.id, when)

    def restore(self, item: WorkItem, *, by: User, when: datetime) -> None:
        """Take an item out of the recycle bin."""
        item.deletion = None
        fields = {name: value for name, value in item.revision.fields.items() if name != "System.IsDeleted"}
        self._revise(item, fields, by.id, when)

    def destroy(self, item: WorkItem) -> None:
        """Remove an item permanently, with every link to it."""
        for relation in item.relations():
            if isinstance(relation.target, str):
                self._forget_artifact(item, relation.target)
            elif other := self.items.get(relation.target):
                other.all_relations = [back for back in other.all_relations if back.target != item.id]
                self.indexes.touch(other.id)
        del self.items[item.id]
        self.indexes.touch(item.id)

    def link(
        self, work_item_id: int, artifact_uri: str, name: str, *, by: User | None = None, when: datetime | None = None
    ) -> None:
        """Link an item to an artifact such as a pull request. A missing item or an existing link changes nothing.

        Args:
            work_item_id: the item.
            artifact_uri: `vstfs:///Git/PullRequestId/{project}%2F{repository}%2F{number}` and the like.
            name: the name of the link: "Pull Request", "Fixed in Commit", "Branch" or "Build".
            by: the user who links; the user who last changed the item when absent.
            when: the time of the change; the time of the newest change of any item when absent.
        """
        item = self.get(work_item_id)
        if item is None or work_item_id in self.linked_to(artifact_uri):
            return
        draft = Draft(dict(item.revision.fields), added=[NewRelation("ArtifactLink", artifact_uri, name=name)])
        self._write(item, draft, by.id if by else item.revision.changed_by, when or self.latest)

    def linked_to(self, artifact_uri: str) -> list[int]:
        """Return the ids of the items linked to an artifact, ascending. Case and percent-encoding are ignored."""
        found = self._artifacts.get(_artifact_key(artifact_uri), {})
        return sorted(number for number in found if self.get(number))

    def _write(self, item: WorkItem, draft: Draft, by: str, when: datetime) -> None:
        item.formats |= draft.formats
        before = item.revision.fields if item.revisions else None
        between = [new for new in draft.added if new.between_items]
        resources = [new for new in draft.added if not new.between_items]
        gone_between = [relation for relation in draft.removed if isinstance(relation.target, int)]
        gone_resources = [relation for relation in draft.removed if isinstance(relation.target, str)]
        if draft.history is not None or draft.fields != before or resources or gone_resources:
            update = self._revise(item, draft.fields, by, when, draft.history, draft.history_format)
            self._change_resources(item, update, resources, gone_resources)
        if between or gone_between or draft.edited:
            update = self._update(item, by, when)
            self._change_links(item, update, between, gone_between)
            self._edit_relations(item, update, draft.edited)

    def _revise(
        self,
        item: WorkItem,
        fields: dict[str, FieldValue],
        by: str,
        when: datetime,
        history: str | None = None,
        history_format: TextFormat = "html",
    ) -> Update:
        self.latest = max(self.latest, when)
        fields["System.ChangedDate"], fields["System.ChangedBy"] = when, by
        item.revisions.append(Revision(len(item.revisions) + 1, fields, self._next("watermark"), history))
        if history is not None:
            item.comments.append(Comment(self._next("comment"), history, history_format, by, when, by, when))
        return self._update(item, by, when, revised=True)

    def _update(self, item: WorkItem, by: str, when: datetime, *, revised: bool = False) -> Update:
        """Add an entry to the history. Every change of an item passes here, so that the indexes learn of it."""
        update = Update(len(item.updates) + 1, len(item.revisions), by, when, revised=revised)
        item.updates.append(update)
        self.indexes.touch(item.id)
        return update

    def _add(self, item: WorkItem, update: Update, new: NewRelation) -> None:
        relation = Relation(
            self._next("relation"), new.rel, new.target, update.id, update.date, comment=new.comment, name=new.name
        )
        item.all_relations.append(relation)

    def _change_resources(
        self, item: WorkItem, update: Update, added: list[NewRelation], removed: list[Relation]
    ) -> None:
        for new in added:
            self._add(item, update, new)
            self._artifacts.setdefault(_artifact_key(str(new.target)), {})[item.id] = None
        for relation in removed:
            relation.removed_in = update.id
            self._forget_artifact(item, str(relation.target))

    def _next(self, kind: str) -> int:
        self.counters[kind] += 1
        return self.counters[kind]

    def adopt(self, item: WorkItem) -> None:
        """Add an existing item with its id and history."""
        self.items[item.id] = item
        self.indexes.touch(item.id)
        for relation in item.relations():
            if isinstance(relation.target, str):
                self._artifacts.setdefault(_artifact_key(relation.target), {})[item.id] = None

    def _forget_artifact(self, item: WorkItem, uri: str) -> None:
        self._artifacts.get(_artifact_key(uri), {}).pop(item.id, None)

    def _change_links(self, item: WorkItem, update: Update, added: list[NewRelation], removed: list[Relation]) -> None:
        for new in added:
            self._add(item, update, new)
            if other := self.items.get(int(new.target)):
                back = NewRelation(OPPOSITE.get(new.rel, new.rel), item.id, new.comment)
                self._add(other, self._update(other, update.by, update.date), back)
        for relation in removed:
            relation.removed_in = update.id
            other = self.items.get(int(relation.target))
            for end in other.relations() if other else []:
                if other and end.target == item.id and end.rel == OPPOSITE.get(relation.rel, relation.rel):
                    end.removed_in = self._update(other, update.by, update.date).id

    def _edit_relations(self, item: WorkItem, update: Update, edited: list[Relation]) -> None:
        for relation in edited:
            at = next(i for i, known in enumerate(item.all_relations) if known.id == relation.id)
            item.all_relations[at] = relation
            update.edited.append(relation)


PATH_FIELDS: dict[Structure, str] = {"area": "System.AreaPath", "iteration": "System.IterationPath"}


def is_within(path: str, node: str) -> bool:
    """Return whether a path is that of a node or of one below it, in any case."""
    return f"{path.lower()}\\".startswith(f"{node.lower()}\\")


def _artifact_key(uri: str) -> str:
    return unquote(uri).lower()
