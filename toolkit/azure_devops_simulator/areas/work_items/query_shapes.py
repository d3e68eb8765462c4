"""The JSON of saved queries: their place in the tree, and the clauses of their text."""

from __future__ import annotations

from collections.abc import Sequence

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.errors import NotSimulatedError
from azure_devops_simulator.areas.work_items.process.fields import OPERATIONS, Field
from azure_devops_simulator.areas.work_items.wiql.conditions import known_field
from azure_devops_simulator.areas.work_items.wiql.syntax import (
    Combination,
    Comparison,
    Condition,
    Constant,
    FieldName,
    Negation,
    Query,
)
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp
from azure_devops_simulator.state.work_items.queries import SavedQuery

_MODES = {
    "mustcontain": "linksOneHopMustContain",
    "maycontain": "linksOneHopMayContain",
    "doesnotcontain": "linksOneHopDoesNotContain",
    "recursive": "linksRecursiveMayContain",
}


def field_reference(call: Call, field: Field) -> JsonObject:
    """Return a field as queries refer to it."""
    url = call.url(f"_apis/wit/fields/{field.reference_name}")
    return {"referenceName": field.reference_name, "name": field.name, "url": url}


def sort_columns(call: Call, sorting: Sequence[tuple[Field, bool]]) -> JsonValue:
    """Return the ORDER BY clause."""
    return [{"field": field_reference(call, field), "descending": descending} for field, descending in sorting]


def query_path(call: Call, item: SavedQuery) -> str:
    """Return the path of a query: the names of its folders and its own."""
    parent = call.organization.work_items.queries.get(item.project, call.user, item.parent) if item.parent else None
    return f"{query_path(call, parent)}/{item.name}" if parent else item.name


def saved_query_body(call: Call, item: SavedQuery, expand: str, depth: int, *, deleted: bool = False) -> JsonObject:
    """Return a query or folder, with as many levels below it.

    Args:
        call: the request; links take its form.
        item: the query or folder.
        expand: none, wiql, clauses, all or minimal.
        depth: the number of levels below a folder.
        deleted: whether deleted ones are shown.
    """
    store, users = call.organization.work_items.queries, call.organization.users
    body: JsonObject = {"id": item.id, "name": item.name, "path": query_path(call, item)}
    if expand != "minimal":
        body |= {"createdBy": call.identity(users[item.created_by]), "createdDate": timestamp(item.created)}
        body |= {"lastModifiedBy": call.identity(users[item.modified_by])}
        body |= {"lastModifiedDate": timestamp(item.modified)}
    if item.deleted:
        body["isDeleted"] = True
    if item.is_folder:
        inside = store.children(item, deleted=deleted)
        body |= {"isFolder": True, "hasChildren": bool(inside)}
        if depth > 0 and inside:
            body["children"] = [saved_query_body(call, one, expand, depth - 1, deleted=deleted) for one in inside]
    elif expand in {"wiql", "clauses", "all"}:
        body |= _text(call, str(item.wiql), clauses=expand != "wiql")
    body["isPublic"] = not item.owner
    base = f"{item.project.id}/_apis/wit"
    url = call.url(f"{base}/queries/{item.id}")
    links: JsonObject = {"self": {"href": url}}
    links["html"] = {"href": call.url(f"{item.project.id}/_queries/query/{item.id}")}
    if item.parent:
        links["parent"] = {"href": call.url(f"{base}/queries/{item.parent}")}
    if not item.is_folder:
        links["wiql"] = {"href": call.url(f"{base}/wiql/{item.id}")}
    return {**body, "_links": links, "url": url}


def _text(call: Call, wiql: str, *, clauses: bool) -> JsonObject:
    from azure_devops_simulator.areas.work_items.wiql.parser import parse  # noqa: PLC0415 - loads slowly

    query = parse(wiql)
    kind = "flat" if not query.links else "tree" if query.mode == "recursive" else "oneHop"
    body: JsonObject = {"queryType": kind}
    body["columns"] = [field_reference(call, known_field(name)) for name in query.select]
    if query.order:
        body["sortColumns"] = sort_columns(call, [(known_field(name), down) for name, down in query.order])
    body["wiql"] = wiql
    return body | _clauses(call, query) if clauses else body


def _clauses(call: Call, query: Query) -> JsonObject:
    if query.links:
        raise NotSimulatedError("the clauses of a saved query of links")
    return {"clauses": _clause(call, query.where)} if query.where else {}


def _clause(call: Call, condition: Condition) -> JsonObject:
    if isinstance(condition, Negation):
        raise NotSimulatedError("the clauses of a saved query with NOT before a condition")
    if isinstance(condition, Combination):
        return {"logicalOperator": condition.join, "clauses": [_clause(call, term) for term in condition.terms]}
    return _comparison(call, condition)


def _comparison(call: Call, comparison: Comparison) -> JsonObject:
    operator = f"not {comparison.operator}" if comparison.negated else comparison.operator
    operator = "is not empty" if operator == "not is empty" else "ever" if comparison.ever else operator
    reference, name = OPERATIONS[operator]
    clause: JsonObject = {"field": field_reference(call, known_field(comparison.field))}
    clause["operator"] = {"referenceName": f"SupportedOperations.{reference}", "name": name}
    operands = comparison.operands
    if operands and isinstance(operands[0], FieldName):
        clause |= {"isFieldValue": True, "fieldValue": field_reference(call, known_field(operands[0]))}
    elif operands:
        texts = [str(one.value) if isinstance(one, Constant) else one.text for one in operands]
        clause["value"] = ", ".join(texts)
    return clause
