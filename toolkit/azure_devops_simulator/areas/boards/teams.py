"""The team of a request, and the work items that belong to it."""

from __future__ import annotations

from collections.abc import Iterable

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.areas.core.projects import find_team, project_reference
from azure_devops_simulator.areas.work_items.process.types import WorkItemType
from azure_devops_simulator.areas.work_items.shapes import item_url
from azure_devops_simulator.state.planning import TeamArea
from azure_devops_simulator.state.projects import Team
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.state.work_items.nodes import Node
from azure_devops_simulator.state.work_items.records import WorkItem
from azure_devops_simulator.state.work_items.store import is_within

READ, WRITE = ("vso.work",), ("vso.work_write",)
WORK = "{project}/{team?}/_apis/work"


def work_error(status: int, key: str, message: str) -> ServiceError:
    """Return an error about what a team plans with. The texts are a guess."""
    space = "Microsoft.TeamFoundation.Work.WebApi.Exceptions"
    return ServiceError(status, key, message, type_name=f"{space}.{key}, Microsoft.TeamFoundation.Work.WebApi")


def team_of(call: Call) -> Team:
    """Return the team of the path, or the default team of the project."""
    project = call.in_project()
    return find_team(project, call.path["team"]) if call.path.get("team") else project.teams[0]


def work_url(call: Call, team: Team, *path: str) -> str:
    """Return the link of a part of what a team plans with."""
    return call.url("/".join([call.in_project().id, team.id, "_apis/work", *path]))


def links_of(call: Call, team: Team, own: str, **more: str) -> JsonObject:
    """Return the links that all of these answers have, and further ones."""
    project = call.in_project()
    found = {
        "self": own,
        "project": str(project_reference(call, project)["url"]),
        "team": call.url(f"_apis/projects/{project.id}/teams/{team.id}"),
        **more,
    }
    return {name: {"href": url} for name, url in found.items()}


def team_areas(call: Call, team: Team) -> list[tuple[Node, bool]]:
    """Return the areas of a team that still exist, and whether those below belong to it, too."""
    project, trees = call.in_project(), call.organization.work_items.trees
    root = trees.root(project, "area")
    chosen = team.planning.areas or ([TeamArea(root.id)] if team is project.teams[0] else [])
    found = ((trees.by_id(area.node), area.below) for area in chosen)
    return [(node, below) for node, below in found if node and node.project is project]


def team_items(call: Call, team: Team, types: Iterable[WorkItemType]) -> list[WorkItem]:
    """Return the work items of some types in the areas of a team, by id."""
    names, areas = {kind.name for kind in types}, team_areas(call, team)

    def belongs(item: WorkItem) -> bool:
        path = str(item.revision.fields["System.AreaPath"])
        return any(is_within(path, node.path) if below else path == node.path for node, below in areas)

    own = (item for item in call.organization.work_items if item.project is call.in_project())
    return [item for item in own if item.type in names and belongs(item)]


def link_of(call: Call, target: WorkItem, source: int | None = None) -> JsonObject:
    """Return a row of a list of work items: the item, and the parent below which it stands."""

    def shape(number: int) -> JsonValue:
        return {"id": number, "url": item_url(call, number)}

    rel = None if source is None else "System.LinkTypes.Hierarchy-Forward"
    return {"rel": rel, "source": None if source is None else shape(source), "target": shape(target.id)}
