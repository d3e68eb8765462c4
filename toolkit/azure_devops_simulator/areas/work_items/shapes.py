"""The JSON of work items, their history and their comments."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.areas.work_items.process.fields import FIELDS, Field
from azure_devops_simulator.areas.work_items.values import all_values, reader
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp
from azure_devops_simulator.state.work_items.attachments import attachment_id
from azure_devops_simulator.state.work_items.records import (
    FOREVER,
    Comment,
    FieldValue,
    Relation,
    Revision,
    Update,
    WorkItem,
)
from azure_devops_simulator.state.work_items.relation_types import RELATION_TYPES

Expand = Literal["none", "relations", "fields", "links", "all"]

_HIDDEN = frozenset(
    name
    for name, field in FIELDS.items()
    if field.computed and name not in {"System.TeamProject", "System.CommentCount", "System.Parent", "System.IsDeleted"}
)
"""Fields that an answer leaves out unless it is asked for them, or for all."""


def value_body(call: Call, field: Field, value: FieldValue) -> JsonValue:
    """Return a field's value: dates as text, identities as IdentityRef."""
    if isinstance(value, datetime):
        return timestamp(value)
    if field.kind == "identity":
        user = call.organization.users.get(str(value))
        return call.identity(user) if user else str(value)
    return value


def item_url(call: Call, item_id: int, project: Project | None = None) -> str:
    """Return the link of a work item, below its project when that is given."""
    return call.url(f"{project.id}/_apis/wit/workItems/{item_id}" if project else f"_apis/wit/workItems/{item_id}")


def item_body(
    call: Call,
    item: WorkItem,
    revision: Revision | None = None,
    *,
    expand: Expand = "none",
    fields: list[Field] | None = None,
    single: bool = False,
    relations: list[Relation] | None = None,
) -> JsonObject:
    """Return a work item.

    Args:
        call: the request; links take its form.
        item: the item.
        revision: the revision to show; the newest when absent.
        expand: what to add.
        fields: show only these fields (the link then names no project).
        single: whether it is the answer for one item, which has its links always.
        relations: its relations at that time; the current ones when absent.
    """
    shown = revision or item.revision
    values = _values(call, item, shown, fields, everything=expand in {"fields", "all"})
    body: JsonObject = {"id": item.id, "rev": shown.number, "fields": values}
    if call.method in {"POST", "PATCH"} or expand == "all":
        body["multilineFieldsFormat"] = dict(item.formats)
    standing = item.relations() if relations is None else relations
    if standing and expand in {"relations", "all"}:
        body["relations"] = [relation_body(call, relation) for relation in standing]
    project = None if fields is not None else item.project
    if single or expand in {"links", "all"}:
        body["_links"] = _links(call, item)
    body["url"] = item_url(call, item.id, project)
    return body


def _values(
    call: Call, item: WorkItem, revision: Revision, fields: list[Field] | None, *, everything: bool
) -> JsonObject:
    store = call.organization.work_items
    if fields is not None:
        pairs = ((field.reference_name, reader(store, field)(item, revision)) for field in fields)
        found = {name: value for name, value in pairs if value is not None}
    else:
        found = all_values(store, item, revision)
        if not everything:
            found = {name: value for name, value in found.items() if name not in _HIDDEN}
    return {name: value_body(call, FIELDS[name], value) for name, value in found.items()}


def _links(call: Call, item: WorkItem) -> JsonObject:
    url = item_url(call, item.id, item.project)
    project = item.project.id
    return {
        "self": {"href": url},
        "workItemUpdates": {"href": f"{url}/updates"},
        "workItemRevisions": {"href": f"{url}/revisions"},
        "workItemComments": {"href": f"{url}/comments"},
        "html": {"href": call.url(f"{project}/_workitems/edit/{item.id}")},
        "workItemType": {"href": call.url(f"{project}/_apis/wit/workItemTypes/{item.type}")},
        "fields": {"href": call.url(f"{project}/_apis/wit/fields")},
    }


def relation_body(call: Call, relation: Relation) -> JsonObject:
    """Return a relation. Links between items carry the name of their type, the others the dates of the resource."""
    attributes: JsonObject
    if isinstance(relation.target, int):
        other = call.organization.work_items.items.get(relation.target)
        url = item_url(call, relation.target, other.project if other else None)
        attributes = {"isLocked": False, "name": RELATION_TYPES[relation.rel].name}
    else:
        url, when = relation.target, timestamp(relation.authorized)
        attributes = {"authorizedDate": when, "id": relation.id}
        attributes |= {"resourceCreatedDate": when, "resourceModifiedDate": when, "revisedDate": timestamp(FOREVER)}
        file = call.organization.work_items.attachments.get(attachment_id(url) or "")
        if relation.rel == "AttachedFile" and file:
            # The builder attaches files before any server has an address.
            built = f"https://dev.azure.com/{call.organization.name}/"
            url = f"{call.base_url}/{url.removeprefix(built)}" if url.startswith(built) else url
            attributes |= {"resourceSize": file.size or 0, "name": relation.name or file.name}
        elif relation.name:
            attributes["name"] = relation.name
    if relation.comment:
        attributes["comment"] = relation.comment
    return {"rel": relation.rel, "url": url, "attributes": attributes}


def update_body(call: Call, item: WorkItem, update: Update) -> JsonObject:
    """Return one entry of the history: fields with old and new value, relations added, removed, changed."""
    url = item_url(call, item.id, item.project)
    body: JsonObject = {"id": update.id, "workItemId": item.id, "rev": update.revision}
    if user := call.organization.users.get(update.by):
        body["revisedBy"] = call.identity(user)
    body["revisedDate"] = timestamp(update.date)
    if update.revised:
        revision = item.revisions[update.revision - 1]
        last = update.revision == len(item.revisions)
        body["revisedDate"] = timestamp(FOREVER if last else item.revisions[update.revision].changed)
        body["fields"] = _changes(call, item, revision)
    added = [relation for relation in item.all_relations if relation.added_in == update.id]
    removed = [relation for relation in item.all_relations if relation.removed_in == update.id]
    groups = {"added": added, "removed": removed, "updated": update.edited}
    relations: JsonObject = {
        name: [relation_body(call, relation) for relation in group] for name, group in groups.items() if group
    }
    if relations:
        body["relations"] = relations
    body["url"] = f"{url}/updates/{update.id}"
    return body


def _changes(call: Call, item: WorkItem, revision: Revision) -> JsonObject:
    store = call.organization.work_items
    before: dict[str, FieldValue] = {}
    if revision.number > 1:
        before = all_values(store, item, item.revisions[revision.number - 2])
    after = all_values(store, item, revision)
    changes: JsonObject = {}
    for name in {**after, **before}:
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        change: JsonObject = {}
        if old is not None:
            change["oldValue"] = value_body(call, FIELDS[name], old)
        if new is not None:
            change["newValue"] = value_body(call, FIELDS[name], new)
        changes[name] = change
    if revision.history is not None:
        changes["System.History"] = {"newValue": revision.history}
    return changes


def revision_body(call: Call, item: WorkItem, revision: Revision, expand: Expand) -> JsonObject:
    """Return a revision: the item as it was."""
    relations = item.relations(revision.changed)
    body = item_body(call, item, revision, expand=expand, relations=relations)
    fields = body["fields"]
    if revision.history is not None and isinstance(fields, dict):
        fields["System.History"] = revision.history
    body["url"] = f"{item_url(call, item.id, item.project)}/revisions/{revision.number}"
    return body


def comment_body(call: Call, item: WorkItem, comment: Comment, *, with_format: bool, rendered: bool) -> JsonObject:
    """Return a comment. `format` exists from preview 4 on, and `renderedText` only on request."""
    users = call.organization.users
    url = f"{item_url(call, item.id, item.project)}/comments/{comment.id}"
    body: JsonObject = {
        "workItemId": item.id,
        "id": comment.id,
        "version": comment.version,
        "text": comment.text,
        "createdBy": call.identity(users[comment.created_by]),
        "createdDate": timestamp(comment.created),
        "modifiedBy": call.identity(users[comment.modified_by]),
        "modifiedDate": timestamp(comment.modified),
    }
    if comment.deleted:
        body["isDeleted"] = True
    if with_format:
        body["format"] = comment.format
    if rendered:
        text = comment.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        body["renderedText"] = comment.text if comment.format == "html" else f"<p>{text}</p>\n"
    body["url"] = url
    return body
