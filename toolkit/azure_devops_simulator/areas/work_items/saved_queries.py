"""Saved queries and their folders."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError, ServiceError
from azure_devops_simulator.api.parsing import as_list, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.work_items.queries import context_of, find_saved, no_such_query, run_saved
from azure_devops_simulator.areas.work_items.query_shapes import saved_query_body
from azure_devops_simulator.areas.work_items.wiql.run import run_query
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.state.work_items.queries import SavedQuery

area = Area("wit")
_READ, _WRITE = ("vso.work",), ("vso.work_write",)
_SHOWN = "$depth $expand $includeDeleted"
_DEEPEST, _MOST_IDS = 2, 1_000
_UNSAVED = "00000000-0000-0000-0000-000000000000"


def _show(call: Call, item: SavedQuery) -> JsonObject:
    depth = call.query.integer("$depth", 0)
    if not 0 <= depth <= _DEEPEST:
        raise ArgumentError(f"The depth must be between 0 and {_DEEPEST}.", "$depth")
    expand = call.query.text("$expand", "none").lower()
    return saved_query_body(call, item, expand, depth, deleted=call.query.flag("$includeDeleted"))


def _written(call: Call, item: SavedQuery) -> JsonObject:
    return saved_query_body(call, item, "none" if item.is_folder else "wiql", 0)


@area.get("{project}/_apis/wit/queries", scopes=_READ, query=_SHOWN)
def list_queries(call: Call) -> Answer | JsonValue:
    """Return the two folders on top, with as many levels as `$depth` says."""
    roots = call.organization.work_items.queries.roots(call.in_project(), call.user)
    return collection(_show(call, root) for root in roots)


@area.get("{project}/_apis/wit/queries/{query...}", scopes=_READ, query=_SHOWN)
def get_query(call: Call) -> Answer | JsonValue:
    """Return a query or folder by its id or path."""
    return _show(call, find_saved(call, call.path["query"], deleted=call.query.flag("$includeDeleted")))


@area.post("{project}/_apis/wit/queries/{query...}", scopes=_WRITE, query="validateWiqlOnly")
def create_query(call: Call) -> Answer | JsonValue:
    """Add a query or folder to a folder, or move one there that the body names by its id."""
    folder, body = find_saved(call, call.path["query"]), call.json_object()
    if not folder.is_folder:
        raise ArgumentError("The parent of a query must be a folder.", "query")
    if "name" not in body and body.get("id") is not None:
        return _written(call, _move(call, find_saved(call, as_text(body["id"])), folder))
    name, wiql = _name(call, folder, body), None if body.get("isFolder") is True else _wiql(call, body)
    organization, only_check = call.organization, call.query.flag("validateWiqlOnly")
    when = organization.clock.now() if only_check else organization.clock.tick()
    made = _UNSAVED if only_check else organization.new_guid()
    item = SavedQuery(made, name, folder.project, folder.id, folder.owner, wiql, call.user.id, when, call.user.id, when)
    if not only_check:
        organization.work_items.queries.items[made] = item
    return Answer(201, _written(call, item))


def _move(call: Call, item: SavedQuery, folder: SavedQuery) -> SavedQuery:
    below = call.organization.work_items.queries.walk(item)
    if not item.parent or folder in below:
        raise ArgumentError("The query or folder cannot be moved there.", "id")
    _require_free(call, folder, item.name, item)
    _touch(call, item)
    item.parent = folder.id
    for one in below:
        one.owner = folder.owner
    return item


@area.patch("{project}/_apis/wit/queries/{query...}", scopes=_WRITE)
def update_query(call: Call) -> Answer | JsonValue:
    """Rename a query or folder, give a query another text, or with `isDeleted` false take it back."""
    item, body = find_saved(call, call.path["query"], deleted=True), call.json_object()
    folder = call.organization.work_items.queries.get(item.project, call.user, item.parent)
    if folder is None or (item.deleted and body.get("isDeleted") is not False):
        raise no_such_query(call.path["query"])
    name = _name(call, folder, body, item) if "name" in body else item.name
    wiql = _wiql(call, body) if "wiql" in body and not item.is_folder else item.wiql
    _require_free(call, folder, name, item)
    _touch(call, item)
    item.name, item.wiql, item.deleted = name, wiql, False
    return _written(call, item)


@area.delete("{project}/_apis/wit/queries/{query...}", scopes=_WRITE)
def delete_query(call: Call) -> Answer | JsonValue:
    """Delete a query, or a folder with all in it."""
    item = find_saved(call, call.path["query"])
    if not item.parent:
        raise ArgumentError("The folders on top cannot be deleted.", "query")
    _touch(call, item)
    for one in call.organization.work_items.queries.walk(item):
        one.deleted = True
    return Answer(204)


@area.post("{project}/_apis/wit/queriesbatch", scopes=_READ, body="$expand errorPolicy ids")
def get_queries(call: Call) -> Answer | JsonValue:
    """Return queries by their ids. This POST only reads."""
    body = call.json_object()
    ids = [as_text(entry) for entry in as_list(body.get("ids"))]
    if not ids or len(ids) > _MOST_IDS:
        raise ArgumentError(f"A batch holds between 1 and {_MOST_IDS} ids.", "ids")
    expand, found = as_text(body.get("$expand"), "none").lower(), list[JsonValue]()
    for entry in ids:
        item = call.organization.work_items.queries.get(call.in_project(), call.user, entry)
        if item and not item.deleted:
            found.append(saved_query_body(call, item, expand, 0))
        elif as_text(body.get("errorPolicy")).lower() != "omit":
            raise no_such_query(entry)
    return collection(found)


@area.get("{project}/{team?}/_apis/wit/wiql/{id}", scopes=_READ, query="$top timePrecision")
def run_saved_query(call: Call) -> Answer | JsonValue:
    """Run a saved query. The answer names the number of its rows in `X-Total-Count`."""
    item = find_saved(call, call.path["id"])
    if item.is_folder:
        raise no_such_query(call.path["id"])
    return run_saved(call, str(item.wiql))


def _name(call: Call, folder: SavedQuery, body: JsonObject, item: SavedQuery | None = None) -> str:
    name = as_text(body.get("name")).strip()
    if not name or any(sign in name for sign in '/\\:*?"<>|;$'):
        raise ArgumentError("The name of the query or folder is not valid.", "name")
    _require_free(call, folder, name, item)
    return name


def _require_free(call: Call, folder: SavedQuery, name: str, item: SavedQuery | None) -> None:
    for other in call.organization.work_items.queries.children(folder):
        if other is not item and other.name.lower() == name.lower():
            message = f"A query or folder with the name '{name}' already exists."
            raise ServiceError(409, "QueryItemAlreadyExistsException", message, event_id=3200)


def _wiql(call: Call, body: JsonObject) -> str:
    """Return the text of a query, after it has run once to see whether it is valid."""
    wiql = as_text(body.get("wiql"))
    run_query(wiql, context_of(call), 1)
    return wiql


def _touch(call: Call, item: SavedQuery) -> None:
    item.modified, item.modified_by = call.organization.clock.tick(), call.user.id
