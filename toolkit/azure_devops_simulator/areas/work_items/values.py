"""Read the fields of a work item: stored ones, and those derived from its node, its history and its links."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

from azure_devops_simulator.areas.work_items.process.fields import FIELDS, Field
from azure_devops_simulator.state.work_items.nodes import Structure
from azure_devops_simulator.state.work_items.records import FOREVER, FieldValue, Revision, WorkItem
from azure_devops_simulator.state.work_items.store import WorkItemStore

Reader: TypeAlias = Callable[[WorkItem, Revision], FieldValue | None]
"""Reads one field of one revision."""


_Source: TypeAlias = Callable[[WorkItemStore, WorkItem, Revision], FieldValue | None] | str
_DEEPEST = 7


def reader(store: WorkItemStore, field: Field) -> Reader:
    """Return the function that reads a field."""
    name = field.reference_name
    if not field.computed:
        return lambda _item, revision: revision.fields.get(name)
    if name in _SIMPLE:
        return _SIMPLE[name]
    if name in {"System.AreaId", "System.IterationId"}:
        return partial(_node_id, store, "area" if name == "System.AreaId" else "iteration")
    tree, _, level = name.removeprefix("System.").partition("Level")
    return partial(_level, f"System.{tree}Path", int(level))


def all_values(store: WorkItemStore, item: WorkItem, revision: Revision) -> dict[str, FieldValue]:
    """Return every field of a revision that has a value, by reference name, in the service's order."""
    stored = revision.fields
    found = dict(stored)
    for name, read in _COMPUTED:
        if isinstance(read, str):
            parts = str(stored[read]).split("\\")[:_DEEPEST]
            found.update((f"{name}{level}", part) for level, part in enumerate(parts, start=1))
        elif (value := read(store, item, revision)) is not None:
            found[name] = value
    return {name: found[name] for name in sorted(found, key=_rank)}


def _node_id(store: WorkItemStore, structure: Structure, item: WorkItem, revision: Revision) -> FieldValue | None:
    path = revision.fields["System.AreaPath" if structure == "area" else "System.IterationPath"]
    node = store.trees.find(item.project, structure, str(path))
    return node.id if node else None


def _level(path_field: str, level: int, _item: WorkItem, revision: Revision) -> FieldValue | None:
    parts = str(revision.fields[path_field]).split("\\")
    return parts[level - 1] if level <= len(parts) else None


def _revised(item: WorkItem, revision: Revision) -> FieldValue:
    return item.revisions[revision.number].changed if revision.number < len(item.revisions) else FOREVER


def _comment_count(item: WorkItem, revision: Revision) -> FieldValue:
    return sum(1 for comment in item.comments if not comment.deleted and comment.created <= revision.changed)


def _relation_count(rel: str) -> Reader:
    def count(item: WorkItem, revision: Revision) -> FieldValue | None:
        if not item.all_relations:
            return None
        at = None if revision is item.revision else revision.changed
        found = [relation for relation in item.relations(at) if relation.rel.startswith(rel)]
        return len(found) or None

    return count


def _is_deleted(item: WorkItem, revision: Revision) -> bool:
    standing = item.deletion is not None and revision is item.revision
    return standing or revision.fields.get("System.IsDeleted") is True


_SIMPLE: dict[str, Reader] = {
    "System.Id": lambda item, _revision: item.id,
    "System.Rev": lambda _item, revision: revision.number,
    "System.TeamProject": lambda item, _revision: item.project.name,
    "System.NodeName": lambda _item, revision: str(revision.fields["System.AreaPath"]).rpartition("\\")[2],
    "System.AuthorizedDate": lambda _item, revision: revision.changed,
    "System.AuthorizedAs": lambda _item, revision: revision.changed_by,
    "System.RevisedDate": _revised,
    "System.PersonId": lambda _item, revision: int(revision.changed_by[:7], 16),
    "System.Watermark": lambda _item, revision: revision.watermark,
    "System.CommentCount": _comment_count,
    "System.RelatedLinkCount": _relation_count("System.LinkTypes"),
    "System.ExternalLinkCount": _relation_count("ArtifactLink"),
    "System.HyperLinkCount": _relation_count("Hyperlink"),
    "System.AttachedFileCount": _relation_count("AttachedFile"),
    "System.Parent": lambda item, _revision: item.parent(),
    "System.IsDeleted": lambda item, revision: _is_deleted(item, revision) or None,
}


def _read_by(store: WorkItemStore, item: WorkItem, revision: Revision, *, field: Field) -> FieldValue | None:
    return reader(store, field)(item, revision)


def _read_alone(read: Reader) -> Callable[[WorkItemStore, WorkItem, Revision], FieldValue | None]:
    return lambda _store, item, revision: read(item, revision)


def _computed() -> Iterator[tuple[str, _Source]]:
    """Return every field that is not stored, with what computes it.

    For the levels of a path one entry stands for all of them: what their names begin with, and the field of the path.
    """
    for name, field in FIELDS.items():
        stem, _, level = name.partition("Level")
        if not field.computed or name == "System.Links.LinkType" or (level and level != "1"):
            continue
        if level:
            yield f"{stem}Level", f"{stem}Path"
        elif name in {"System.AreaId", "System.IterationId"}:
            yield name, partial(_read_by, field=field)
        else:
            yield name, _read_alone(reader(_NO_STORE, field))


_NO_STORE = WorkItemStore()
_COMPUTED = tuple(_computed())


def _rank(name: str) -> int:
    return _RANK.get(name, len(_RANK))


_RANK = {name: rank for rank, name in enumerate(FIELDS)}
