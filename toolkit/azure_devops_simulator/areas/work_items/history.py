"""The history of a work item: updates and revisions."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.api.parsing import whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.work_items.lookup import expansion, item_of
from azure_devops_simulator.areas.work_items.shapes import revision_body, update_body
from azure_devops_simulator.state.values import JsonValue

area = Area("wit")
_READ = ("vso.work",)
_PAGE = 200


def _page(call: Call, length: int) -> slice:
    skip = call.query.count("$skip", 0)
    return slice(skip, min(skip + call.query.count("$top", _PAGE), length))


def _index(call: Call, name: str, length: int) -> int:
    text = call.path[name]
    number = whole_number(text)
    if number is not None and 1 <= number <= length:
        return number - 1
    what = "revision" if name == "revision" else "update"
    message = f"VS403447: Work item {call.path['id']} does not have {what} {text}."
    raise ServiceError(404, "WorkItemRevisionNotFoundException", message, event_id=3200)


@area.get("{project?}/_apis/wit/workitems/{id}/updates", scopes=_READ, query="$skip $top")
def list_updates(call: Call) -> Answer | JsonValue:
    """Return the changes of each save, oldest first."""
    item = item_of(call)
    return collection(update_body(call, item, update) for update in item.updates[_page(call, len(item.updates))])


@area.get("{project?}/_apis/wit/workitems/{id}/updates/{update}", scopes=_READ)
def get_update(call: Call) -> Answer | JsonValue:
    """Return one save."""
    item = item_of(call)
    return update_body(call, item, item.updates[_index(call, "update", len(item.updates))])


@area.get("{project?}/_apis/wit/workitems/{id}/revisions", scopes=_READ, query="$expand $skip $top")
def list_revisions(call: Call) -> Answer | JsonValue:
    """Return the item after each save, oldest first."""
    item, expand = item_of(call), expansion(call.query.get("$expand"))
    revisions = item.revisions[_page(call, len(item.revisions))]
    return collection(revision_body(call, item, revision, expand) for revision in revisions)


@area.get("{project?}/_apis/wit/workitems/{id}/revisions/{revision}", scopes=_READ, query="$expand")
def get_revision(call: Call) -> Answer | JsonValue:
    """Return the item after one save."""
    item = item_of(call)
    revision = item.revisions[_index(call, "revision", len(item.revisions))]
    return revision_body(call, item, revision, expansion(call.query.get("$expand")))
