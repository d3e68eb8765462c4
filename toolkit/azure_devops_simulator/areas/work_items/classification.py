"""Areas and iterations of projects."""

from __future__ import annotations

from datetime import datetime

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError, ServiceError
from azure_devops_simulator.api.parsing import as_date, as_object, as_text, whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp
from azure_devops_simulator.state.work_items.nodes import Node, Structure
from azure_devops_simulator.state.work_items.records import Draft, FieldValue
from azure_devops_simulator.state.work_items.store import PATH_FIELDS

area = Area("wit")
_READ, _WRITE = ("vso.work",), ("vso.work_write",)
_GROUPS: dict[str, Structure] = {"areas": "area", "iterations": "iteration"}
_PLURAL = {"area": "Areas", "iteration": "Iterations"}


def _tree(call: Call, name: str) -> tuple[Project, Structure]:
    structure = _GROUPS.get(name.lower())
    if structure is None:
        raise ArgumentError(f"The structure group '{name}' is not known.", "structureGroup")
    return call.in_project(), structure


def _url(call: Call, node: Node) -> str:
    below = node.path.split("\\")[1:]
    return call.url("/".join([node.project.id, "_apis/wit/classificationNodes", _PLURAL[node.structure], *below]))


def _body(call: Call, node: Node, depth: int) -> JsonObject:
    root, _, rest = node.path.partition("\\")
    path = f"\\{root}\\{node.structure.capitalize()}" + (f"\\{rest}" if rest else "")
    body: JsonObject = {
        "id": node.id,
        "identifier": node.identifier,
        "name": node.name,
        "structureType": node.structure,
        "hasChildren": bool(node.children),
        "path": path,
    }
    if node.start and node.finish:
        body["attributes"] = {"startDate": timestamp(node.start), "finishDate": timestamp(node.finish)}
    if depth > 0 and node.children:
        body["children"] = [_body(call, child, depth - 1) for child in node.children]
    body["url"] = _url(call, node)
    return body


def _with_links(call: Call, node: Node, depth: int) -> JsonObject:
    links: JsonObject = {"self": {"href": _url(call, node)}}
    if node.parent:
        links["parent"] = {"href": _url(call, node.parent)}
    return {**_body(call, node, depth), "_links": links}


def _find(call: Call, project: Project, structure: Structure, path: str) -> Node:
    node: Node | None = call.organization.work_items.trees.root(project, structure)
    for name in path.replace("\\", "/").strip("/").split("/") if path else []:
        node = node.child(name) if node else None
    if node is None:
        raise _no_such_node(structure, path)
    return node


def _no_such_node(kind: str, name: str) -> ServiceError:
    key, space = "ClassificationNodeNotFoundException", "Microsoft.TeamFoundation.WorkItemTracking.Server"
    message = f"VS402485: The {kind} node '{name}' does not exist, or you do not have permission to access it."
    return ServiceError(404, key, message, event_id=3200, type_name=f"{space}.{key}, {space}")


@area.get("{project}/_apis/wit/classificationnodes", scopes=_READ, query="$depth errorPolicy ids")
def list_roots(call: Call) -> Answer | JsonValue:
    """Return the two roots of a project, or with `ids` those nodes."""
    project, depth = call.in_project(), call.query.integer("$depth", 0)
    trees, omit = call.organization.work_items.trees, call.query.text("errorPolicy").lower() == "omit"
    if wanted := call.query.words("ids"):
        nodes = [_by_id(call, project, part) for part in wanted]
        if None in nodes and not omit:
            raise _no_such_node("classification", ",".join(wanted))
        return collection(_with_links(call, node, depth) for node in nodes if node)
    structures: tuple[Structure, ...] = ("area", "iteration")
    return collection(_body(call, trees.root(project, structure), depth) for structure in structures)


def _by_id(call: Call, project: Project, number: str) -> Node | None:
    node = call.organization.work_items.trees.by_id(whole_number(number) or 0)
    return node if node and node.project is project else None


@area.get("{project}/_apis/wit/classificationnodes/{group}", scopes=_READ, query="$depth")
def get_root(call: Call) -> Answer | JsonValue:
    """Return the root of the areas or iterations."""
    node = _find(call, *_tree(call, call.path["group"]), "")
    return _with_links(call, node, call.query.integer("$depth", 0))


@area.get("{project}/_apis/wit/classificationnodes/{group}/{path...}", scopes=_READ, query="$depth")
def get_node(call: Call) -> Answer | JsonValue:
    """Return one area or iteration."""
    node = _find(call, *_tree(call, call.path["group"]), call.path["path"])
    return _with_links(call, node, call.query.integer("$depth", 0))


@area.post("{project}/_apis/wit/classificationnodes/{group}", scopes=_WRITE)
def create_below_root(call: Call) -> Answer | JsonValue:
    """Add a top-level area or iteration."""
    return _create(call, "")


@area.post("{project}/_apis/wit/classificationnodes/{group}/{path...}", scopes=_WRITE)
def create_below_node(call: Call) -> Answer | JsonValue:
    """Add an area or iteration below another."""
    return _create(call, call.path["path"])


def _create(call: Call, path: str) -> Answer:
    project, structure = _tree(call, call.path["group"])
    parent, body = _find(call, project, structure, path), call.json_object()
    if "name" not in body and body.get("id") is not None:
        return Answer(200, _with_links(call, _move(call, parent, str(body["id"])), 0))
    name = _name(body)
    start, finish = _dates(call)
    call.organization.clock.tick()
    if known := parent.child(name):
        known.start, known.finish = start or known.start, finish or known.finish
        return Answer(200, _with_links(call, known, 0))
    node = call.organization.work_items.trees.add(parent, name, start=start, finish=finish)
    return Answer(201, _with_links(call, node, 0))


def _move(call: Call, parent: Node, number: str) -> Node:
    node = _by_id(call, parent.project, number)
    if node is None or node.structure != parent.structure or node.parent is None:
        raise _no_such_node(parent.structure, number)
    if parent in node.walk() or (parent.child(node.name) or node) is not node:
        raise ArgumentError("The classification node cannot be moved there.", "id")
    call.organization.clock.tick()
    call.organization.work_items.relocate(node, parent, node.name)
    return node


def _name(body: JsonObject) -> str:
    name = as_text(body.get("name")).strip()
    if not name or any(sign in name for sign in '\\/$?*:"&<>#%|+'):
        raise ArgumentError("The name of the classification node is not valid.", "name")
    return name


@area.patch("{project}/_apis/wit/classificationnodes/{group}/{path...}", scopes=_WRITE)
def update_node(call: Call) -> Answer | JsonValue:
    """Rename an area or iteration, and set the dates of an iteration."""
    node = _find(call, *_tree(call, call.path["group"]), call.path["path"])
    body = call.json_object()
    name = _name(body) if "name" in body else node.name
    if node.parent and (node.parent.child(name) or node) is not node:
        raise ArgumentError(f"The classification node '{name}' exists already.", "name")
    start, finish = _dates(call)
    call.organization.clock.tick()
    node.start, node.finish = start or node.start, finish or node.finish
    if node.parent and name != node.name:
        call.organization.work_items.relocate(node, node.parent, name)
    return _with_links(call, node, 0)


@area.delete("{project}/_apis/wit/classificationnodes/{group}/{path...}", scopes=_WRITE, query="$reclassifyId")
def delete_node(call: Call) -> Answer | JsonValue:
    """Delete an area or iteration with all below it. Its work items move to the node `$reclassifyId`."""
    project, structure = _tree(call, call.path["group"])
    node, store = _find(call, project, structure, call.path["path"]), call.organization.work_items
    items, wanted = store.below(node), call.query.text("$reclassifyId")
    target = _by_id(call, project, wanted)
    if (wanted or items) and (target is None or target.structure != structure or target in node.walk()):
        raise ArgumentError("The work items need another classification node.", "$reclassifyId")
    when, path = call.organization.clock.tick(), target.path if target else ""
    for item in items:
        fields: dict[str, FieldValue] = {**item.revision.fields, PATH_FIELDS[structure]: path}
        store.save(item, Draft(fields), by=call.user, when=when)
    store.trees.remove(node)
    return Answer(204)


def _dates(call: Call) -> tuple[datetime | None, datetime | None]:
    attributes = as_object(call.json_object().get("attributes"))
    start, finish = (as_date(attributes.get(name)) for name in ("startDate", "finishDate"))
    return start, finish
