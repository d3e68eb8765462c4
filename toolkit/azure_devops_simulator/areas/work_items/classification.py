"""Areas and iterations of projects."""

from __future__ import annotations

from datetime import datetime

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError, ServiceError
from azure_devops_simulator.api.parsing import as_object, as_text, read_date, whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp
from azure_devops_simulator.state.work_items.nodes import Node, Structure

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
        key, space = "ClassificationNodeNotFoundException", "Microsoft.TeamFoundation.WorkItemTracking.Server"
        message = f"VS402485: The {structure} node '{path}' does not exist, or you do not have permission to access it."
        raise ServiceError(404, key, message, event_id=3200, type_name=f"{space}.{key}, {space}")
    return node


@area.get("{project}/_apis/wit/classificationnodes", scopes=_READ, query="$depth ids")
def list_roots(call: Call) -> Answer | JsonValue:
    """Return the two roots of a project, or with `ids` those nodes."""
    project, depth = call.in_project(), call.query.integer("$depth", 0)
    trees = call.organization.work_items.trees
    if wanted := call.query.text("ids"):
        numbers = [whole_number(part.strip()) or 0 for part in wanted.split(",")]
        nodes = [node for number in numbers if (node := trees.by_id(number)) and node.project is project]
        return collection(_with_links(call, node, depth) for node in nodes)
    structures: tuple[Structure, ...] = ("area", "iteration")
    return collection(_body(call, trees.root(project, structure), depth) for structure in structures)


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
    parent = _find(call, *_tree(call, call.path["group"]), path)
    name = as_text(call.json_object().get("name")).strip()
    if not name or any(sign in name for sign in '\\/$?*:"&<>#%|+'):
        raise ArgumentError("The name of the classification node is not valid.", "name")
    start, finish = _dates(call)
    if known := parent.child(name):
        return Answer(200, _with_links(call, known, 0))
    call.organization.clock.tick()
    node = call.organization.work_items.trees.add(parent, name, start=start, finish=finish)
    return Answer(201, _with_links(call, node, 0))


@area.patch("{project}/_apis/wit/classificationnodes/{group}/{path...}", scopes=_WRITE)
def update_node(call: Call) -> Answer | JsonValue:
    """Set the dates of an iteration. Names cannot be changed here."""
    node = _find(call, *_tree(call, call.path["group"]), call.path["path"])
    start, finish = _dates(call)
    call.organization.clock.tick()
    node.start, node.finish = start or node.start, finish or node.finish
    return _with_links(call, node, 0)


def _dates(call: Call) -> tuple[datetime | None, datetime | None]:
    attributes = as_object(call.json_object().get("attributes"))
    start, finish = (read_date(as_text(attributes.get(name))) for name in ("startDate", "finishDate"))
    return start, finish
