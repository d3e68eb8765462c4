"""The iterations of a team, their work items and the capacity of the team in them."""

from __future__ import annotations

from datetime import timedelta

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.parsing import as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.boards.teams import (
    READ,
    WORK,
    WRITE,
    link_of,
    links_of,
    team_items,
    team_of,
    work_error,
    work_url,
)
from azure_devops_simulator.areas.work_items.process.boards import backlog_levels
from azure_devops_simulator.state.planning import Capacity
from azure_devops_simulator.state.projects import Team
from azure_devops_simulator.state.values import JsonObject, timestamp
from azure_devops_simulator.state.work_items.nodes import Node

area = Area("work")
_ALL = f"{WORK}/teamsettings/iterations"
_ONE = f"{_ALL}/{{iteration}}"
_DAY = timedelta(days=1)


def _chosen(call: Call, team: Team) -> list[Node]:
    """Return the iterations that a team chose and that still exist: with dates by these, then the others."""
    found = map(call.organization.work_items.trees.by_id, team.planning.iterations)
    nodes = [node for node in found if node and node.project is call.in_project()]
    return sorted(nodes, key=lambda node: (node.start is None, node.start.isoformat() if node.start else node.path))


def _time_frame(call: Call, node: Node) -> str:
    """Return when an iteration is. Its last day belongs to it; one without dates is to come."""
    now = call.organization.clock.now()
    if node.start is None or node.finish is None or now < node.start:
        return "future"
    return "current" if now < node.finish + _DAY else "past"


def _shape(call: Call, team: Team, node: Node) -> JsonObject:
    return {
        "id": node.identifier,
        "name": node.name,
        "path": node.path,
        "attributes": {
            "startDate": timestamp(node.start) if node.start else None,
            "finishDate": timestamp(node.finish) if node.finish else None,
            "timeFrame": _time_frame(call, node),
        },
        "url": work_url(call, team, "teamsettings/iterations", node.identifier),
    }


def _with_links(call: Call, team: Team, node: Node) -> JsonObject:
    body = _shape(call, team, node)
    url = str(body["url"])
    below = node.path.split("\\")[1:]
    own = call.url("/".join([node.project.id, "_apis/wit/classificationNodes/Iterations", *below]))
    return {
        **body,
        "_links": links_of(call, team, url, capacity=f"{url}/capacities", classificationNode=own),
    }


def _find(call: Call, team: Team) -> Node:
    wanted = call.path["iteration"].lower()
    for node in _chosen(call, team):
        if node.identifier == wanted:
            return node
    key = "IterationNotFoundException"
    raise work_error(404, key, f"VS403345: The iteration '{wanted}' is not an iteration of the team '{team.name}'.")


@area.get(_ALL, scopes=READ, query="$timeframe")
def list_iterations(call: Call) -> Answer:
    """Return the iterations of a team, or only the current one."""
    team, wanted = team_of(call), call.query.text("$timeframe").lower()
    if wanted not in {"", "current"}:
        raise ArgumentError(f"The timeframe '{wanted}' is not supported; only 'current' is.", "$timeframe")
    nodes = _chosen(call, team)
    return collection(_shape(call, team, node) for node in nodes if not wanted or _time_frame(call, node) == wanted)


@area.get(_ONE, scopes=READ)
def get_iteration(call: Call) -> JsonObject:
    """Return one iteration of a team."""
    team = team_of(call)
    return _with_links(call, team, _find(call, team))


@area.post(_ALL, scopes=WRITE, body="id")
def add_iteration(call: Call) -> Answer:
    """Let a team use an iteration of the project."""
    team, wanted = team_of(call), as_text(call.json_object().get("id")).lower()
    root = call.organization.work_items.iteration(call.in_project())
    node = next((each for each in root.walk() if each.identifier == wanted), None)
    if node is None:
        # The code is the service's.
        raise work_error(400, "InvalidTeamSettingsException", f"TF400497: The iteration '{wanted}' does not exist.")
    call.organization.clock.tick()
    if node.id not in team.planning.iterations:
        team.planning.iterations.append(node.id)
    return Answer(201, _with_links(call, team, node))


@area.delete(_ONE, scopes=WRITE)
def remove_iteration(call: Call) -> Answer:
    """Take an iteration from a team. The project keeps it."""
    team = team_of(call)
    node = _find(call, team)
    call.organization.clock.tick()
    team.planning.iterations.remove(node.id)
    return Answer(204)


@area.get(f"{_ONE}/workitems", scopes=READ)
def list_items(call: Call) -> JsonObject:
    """Return the work items of a team in an iteration, each below its parent.

    The answer is a tree, so it has the parents that are in another iteration as well, up to the highest requirement.
    """
    team = team_of(call)
    node = _find(call, team)
    types = [kind for level in backlog_levels(call.in_project()) if level.kind != "portfolio" for kind in level.types]
    items = {
        item.id: item
        for item in team_items(call, team, types)
        if item.revision.fields["System.IterationPath"] == node.path
    }
    kinds, new = {kind.name for kind in types}, [*items.values()]
    while new:
        parents = (call.organization.work_items.get(item.parent() or 0) for item in new)
        new = [each for each in parents if each and each.type in kinds and each.id not in items]
        items |= {each.id: each for each in new}
    tops = [item for item in items.values() if item.parent() not in items]
    rows = [link_of(call, item) for item in tops]
    rows += [link_of(call, item, item.parent()) for item in items.values() if item not in tops]
    url = work_url(call, team, "teamsettings/iterations", node.identifier)
    own = f"{url}/workitems"
    return {"workItemRelations": rows, "url": own, "_links": links_of(call, team, own, iteration=url)}


@area.get(f"{_ONE}/capacities", scopes=READ)
def list_capacities(call: Call) -> JsonObject:
    """Return the capacity of each member of a team in an iteration, and their sum for a day."""
    team = team_of(call)
    node = _find(call, team)
    rows = team.planning.capacities.get(node.id, [])
    url = work_url(call, team, "teamsettings/iterations", node.identifier, "capacities")
    return {
        "teamMembers": [_capacity(call, url, row) for row in rows],
        "totalCapacityPerDay": sum(sum(row.activities.values()) for row in rows),
        "totalDaysOff": sum(_days(row) for row in rows),
    }


def _days(row: Capacity) -> int:
    return sum((last - first).days + 1 for first, last in row.days_off)


def _capacity(call: Call, url: str, row: Capacity) -> JsonObject:
    return {
        "teamMember": call.identity(row.member),
        "activities": [{"name": name, "capacityPerDay": hours} for name, hours in row.activities.items()],
        "daysOff": [{"start": timestamp(first), "end": timestamp(last)} for first, last in row.days_off],
        "url": f"{url}/{row.member.id}",
    }
