"""The work items of a recording with the revisions, links and comments that were seen."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.areas.work_items.process.fields import find_field
from azure_devops_simulator.areas.work_items.process.types import work_item_types
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.state.work_items.attachments import Attachment, attachment_id
from azure_devops_simulator.state.work_items.records import Comment, FieldValue, Relation, Revision, Update, WorkItem
from azure_devops_simulator.state.work_items.relation_types import OPPOSITE, RELATION_TYPES
from azure_devops_simulator.world.recorded.people import People, node_of
from azure_devops_simulator.world.recorded.seen import LONG_AGO, Answer, date_of

_TARGET = re.compile(r"/_apis/wit/workitems/(\d+)$", re.IGNORECASE)
_CHANGED, _CREATED = "System.ChangedDate", "System.CreatedDate"


@dataclass
class _Known:
    """What the answers say of one work item: its fields by revision, and its relations and comments."""

    fields: dict[int, JsonObject] = field(default_factory=dict)
    relations: list[JsonObject] | None = None
    comments: dict[int, JsonObject] = field(default_factory=dict)
    updates: dict[int, JsonObject] = field(default_factory=dict)
    formats: JsonObject = field(default_factory=dict)
    with_relations: int = 0


def add_work_items(organization: Organization, ids: dict[str, str], seen: list[Answer], notes: list[str]) -> None:
    """Add every work item of which enough was seen. `ids` are the new ids of commits by their old ones."""
    unknown: set[str] = set()
    for number, known in sorted(_collect(seen).items()):
        newest = known.fields[max(known.fields)] if known.fields else {}
        project = organization.project(as_text(newest.get("System.TeamProject")))
        kind = as_text(newest.get("System.WorkItemType"))
        if project is None or not kind:
            notes.append(f"work item {number}: its project or its type was not seen")
        elif kind not in {own.name for own in work_item_types(project)}:
            notes.append(f"work item {number}: the simulator has no type {kind} in {project.process}")
        else:
            _add(organization, project, number, known, ids, unknown, notes)
    if unknown:
        notes.append(f"work items: the simulator has no fields {', '.join(sorted(unknown))}")
    _close_links(organization)


def _collect(seen: list[Answer]) -> dict[int, _Known]:
    found: dict[int, _Known] = {}
    for answer in seen:
        for row in answer.objects:
            number, revision = row.get("id"), row.get("rev")
            if not isinstance(number, int) or not isinstance(revision, int):
                continue
            if isinstance(row.get("fields"), dict) and "workItemId" not in row:
                known = found.setdefault(number, _Known())
                known.fields.setdefault(revision, {}).update(as_object(row["fields"]))
                known.formats |= as_object(row.get("multilineFieldsFormat"))
                if "relations" in row and revision >= known.with_relations:
                    known.relations, known.with_relations = list(map(as_object, as_list(row["relations"]))), revision
        for row in answer.objects:
            item, number = row.get("workItemId"), row.get("id")
            if isinstance(item, int) and isinstance(number, int) and item in found:
                if "text" in row and "createdBy" in row:
                    found[item].comments[number] = row
                elif "revisedBy" in row:
                    found[item].updates[number] = row
    return found


def _add(
    organization: Organization,
    project: Project,
    number: int,
    known: _Known,
    ids: dict[str, str],
    unknown: set[str],
    notes: list[str],
) -> None:
    store, people, last = organization.work_items, People(organization), max(known.fields)
    item = WorkItem(number, project)
    for name, value in known.formats.items():
        item.formats[name] = "markdown" if value == "markdown" else "html"
    stored = {revision: _fields(people, row, unknown) for revision, row in known.fields.items()}
    for revision in range(1, last + 1):
        own = stored.get(revision)
        if own is None:
            near = max((r for r in stored if r < revision), default=min(stored))
            own = dict(stored[near])
            own[_CHANGED] = own.get(_CREATED, LONG_AGO) if near > revision else own[_CHANGED]
        history = known.fields.get(revision, {}).get("System.History")
        store.counters["watermark"] += 1
        watermark = store.counters["watermark"]
        item.revisions.append(Revision(revision, own, watermark, history if isinstance(history, str) else None))
    if len(stored) < last:
        notes.append(f"work item {number}: {last - len(stored)} of its {last} revisions were not seen")
    item.updates = _updates(people, known, item)
    _defaults(organization, project, item)
    for row in known.relations or ():
        if relation := _relation(organization, row, ids, known, item):
            item.all_relations.append(relation)
    item.comments = [_comment(people, number, row) for number, row in sorted(known.comments.items())]
    store.counters["comment"] = (
        max(store.counters["comment"], *known.comments) if known.comments else (store.counters["comment"])
    )
    store.counters["item"] = max(store.counters["item"], number)
    store.latest = max(store.latest, item.revision.changed)
    store.adopt(item)


def _fields(people: People, row: JsonObject, unknown: set[str]) -> dict[str, FieldValue]:
    found: dict[str, FieldValue] = {}
    for name, value in row.items():
        known = find_field(name)
        if known is None:
            unknown.add(name)
        elif not known.computed and name != "System.History" and value is not None:
            if known.kind == "dateTime":
                found[name] = date_of(value)
            elif known.kind == "identity":
                found[name] = people.of(value).id
            elif isinstance(value, (str, int, float, bool)):
                found[name] = value
    return found


def _defaults(organization: Organization, project: Project, item: WorkItem) -> None:
    """Add what every work item has, and the areas and iterations that it is in."""
    nobody = People(organization).of(None).id
    for revision in item.revisions:
        values = revision.fields
        values.setdefault("System.AreaPath", project.name)
        values.setdefault("System.IterationPath", project.name)
        values.setdefault("System.WorkItemType", str(item.revision.fields["System.WorkItemType"]))
        for name, default in (("System.State", "New"), ("System.Reason", "New"), ("System.Title", "")):
            values.setdefault(name, default)
        for role, time in (("System.CreatedBy", _CREATED), ("System.ChangedBy", _CHANGED)):
            values.setdefault(role, nobody)
            values.setdefault(time, LONG_AGO)
        node_of(organization, project, "area", str(values["System.AreaPath"]))
        node_of(organization, project, "iteration", str(values["System.IterationPath"]))


def _updates(people: People, known: _Known, item: WorkItem) -> list[Update]:
    """Return the updates that were seen, if they are all there; else one for each revision."""
    rows = [known.updates.get(number) for number in range(1, max(known.updates, default=0) + 1)]
    whole = [row for row in rows if row is not None]
    if whole and len(whole) == len(rows) and max(_whole(row.get("rev")) for row in whole) == len(item.revisions):
        made, before = [], 0
        for row in whole:
            revision = _whole(row.get("rev"))
            made.append(
                Update(_whole(row["id"]), revision, people.of(row["revisedBy"]).id, LONG_AGO, revision > before)
            )
            made[-1].date = (
                item.revisions[revision - 1].changed if made[-1].revised else date_of(row.get("revisedDate"))
            )
            before = max(before, revision)
        return made
    return [
        Update(
            r.number, r.number, str(r.fields.get("System.ChangedBy", "")), _time(r.fields.get(_CHANGED)), revised=True
        )
        for r in item.revisions
    ]


def _time(value: FieldValue | None) -> datetime:
    return value if isinstance(value, datetime) else LONG_AGO


def _relation(
    organization: Organization, row: JsonObject, ids: dict[str, str], known: _Known, item: WorkItem
) -> Relation | None:
    rel, url, attributes = as_text(row.get("rel")), as_text(row.get("url")), as_object(row.get("attributes"))
    if rel not in RELATION_TYPES:
        return None
    between = _TARGET.search(url)
    target: int | str = int(between[1]) if between and RELATION_TYPES[rel].topology else _artifact(url, ids)
    organization.work_items.counters["relation"] += 1
    number = _whole(attributes.get("id")) or organization.work_items.counters["relation"]
    added = _added_in(known, url) or item.updates[-1].id
    if (file := attachment_id(url)) is not None:
        # What a file holds is not in a recording.
        when, size = date_of(attributes.get("authorizedDate")), _whole(attributes.get("resourceSize"))
        made = Attachment(file, as_text(attributes.get("name")), item.updates[added - 1].by, when, b"", size)
        organization.work_items.attachments[file] = made
    return Relation(
        number,
        rel,
        target,
        added,
        date_of(attributes.get("authorizedDate")),
        comment=as_text(attributes.get("comment")) or None,
        name=as_text(attributes.get("name")) or None if isinstance(target, str) else None,
    )


def _added_in(known: _Known, url: str) -> int:
    for number, row in known.updates.items():
        added = as_list(as_object(row.get("relations")).get("added"))
        if any(as_object(relation).get("url") == url for relation in added):
            return number
    return 0


def _artifact(url: str, ids: dict[str, str]) -> str:
    """Return the address of an artifact, with the id that a commit has now."""
    head, _, tail = url.rpartition("%2F" if "%2F" in url else "%2f" if "%2f" in url else "/")
    return url[: len(url) - len(tail)] + ids[tail] if head.startswith("vstfs:///Git/Commit/") and tail in ids else url


def _comment(people: People, number: int, row: JsonObject) -> Comment:
    created, modified = date_of(row.get("createdDate")), date_of(row.get("modifiedDate"))
    by = people.of(row.get("createdBy")).id
    return Comment(
        number,
        as_text(row.get("text")),
        "markdown" if row.get("format") == "markdown" else "html",
        by,
        created,
        people.of(row["modifiedBy"]).id if "modifiedBy" in row else by,
        modified,
        _whole(row.get("version")) or 1,
        row.get("isDeleted") is True,
    )


def _close_links(organization: Organization) -> None:
    """Give each link between two items its other end."""
    store = organization.work_items
    for item in store.items.values():
        for relation in item.relations():
            other = store.items.get(relation.target) if isinstance(relation.target, int) else None
            back = OPPOSITE.get(relation.rel, relation.rel)
            if other and not any(r.target == item.id and r.rel == back for r in other.all_relations):
                store.counters["relation"] += 1
                number = store.counters["relation"]
                other.all_relations.append(
                    Relation(number, back, item.id, other.updates[-1].id, relation.authorized, comment=relation.comment)
                )


def _whole(value: JsonValue) -> int:
    return value if isinstance(value, int) else 0
