"""The backlogs of a team and the work items in them."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.boards.teams import READ, WORK, link_of, team_items, team_of, work_error
from azure_devops_simulator.areas.work_items.process.boards import BacklogLevel, backlog_levels
from azure_devops_simulator.areas.work_items.process.fields import FIELDS
from azure_devops_simulator.areas.work_items.process.types import WorkItemType
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.state.work_items.records import WorkItem

area = Area("work")
_ALL = f"{WORK}/backlogs"
_ONE = f"{_ALL}/{{backlog}}"
_COLUMNS = {"System.WorkItemType": 100, "System.Title": 400, "System.State": 100, "System.Tags": 200}
MOST_ITEMS = 1_000
_DONE = frozenset({"Completed", "Removed"})


def _shape(call: Call, level: BacklogLevel) -> JsonObject:
    return {
        "id": level.id,
        "name": level.name,
        "rank": level.rank,
        "workItemCountLimit": MOST_ITEMS,
        "addPanelFields": [_field(call, "System.Title")],
        "columnFields": [
            {"columnFieldReference": _field(call, name), "width": width} for name, width in _COLUMNS.items()
        ],
        "workItemTypes": [_type(call, kind) for kind in level.types],
        "defaultWorkItemType": _type(call, level.types[0]),
        "color": level.color,
        "isHidden": False,
        "type": level.kind,
    }


def _field(call: Call, name: str) -> JsonValue:
    return {"referenceName": name, "name": FIELDS[name].name, "url": call.url(f"_apis/wit/fields/{name}")}


def _type(call: Call, kind: WorkItemType) -> JsonValue:
    return {"name": kind.name, "url": call.url(f"{call.in_project().id}/_apis/wit/workItemTypes/{kind.name}")}


def _find(call: Call) -> BacklogLevel:
    wanted = call.path["backlog"].lower()
    for level in backlog_levels(call.in_project()):
        if wanted in {level.id.lower(), level.name.lower()}:
            return level
    raise work_error(404, "BacklogDoesNotExistException", f"The backlog '{wanted}' does not exist.")


@area.get(_ALL, scopes=READ)
def list_backlogs(call: Call) -> Answer:
    """Return the levels of the backlogs of a team, the highest first."""
    team_of(call)
    return collection(_shape(call, level) for level in backlog_levels(call.in_project()))


@area.get(_ONE, scopes=READ)
def get_backlog(call: Call) -> JsonObject:
    """Return one level."""
    team_of(call)
    return _shape(call, _find(call))


@area.get(f"{_ONE}/workItems", scopes=READ)
def list_items(call: Call) -> JsonObject:
    """Return the work items in a backlog by their place in it, up to its limit. What is done or removed is in none."""
    team, level = team_of(call), _find(call)
    open_items = [item for item in team_items(call, team, level.types) if not _is_done(level, item)]
    return {"workItems": [link_of(call, item) for item in sorted(open_items, key=_place)[:MOST_ITEMS]]}


def _is_done(level: BacklogLevel, item: WorkItem) -> bool:
    kind = next(kind for kind in level.types if kind.name == item.type)
    state = kind.state(str(item.revision.fields["System.State"]))
    return state is not None and state.category in _DONE


def _place(item: WorkItem) -> tuple[float, int]:
    rank = item.revision.fields.get("Microsoft.VSTS.Common.StackRank")
    return (float(rank) if isinstance(rank, int | float) else float("inf")), item.id
