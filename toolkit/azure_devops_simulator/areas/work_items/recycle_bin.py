"""Delete work items into the recycle bin, restore them, or destroy them."""

from __future__ import annotations

from datetime import datetime

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.parsing import as_list
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.work_items.lookup import find_item, item_id, item_of, visible
from azure_devops_simulator.areas.work_items.patch import no_such_item
from azure_devops_simulator.areas.work_items.shapes import item_body
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp
from azure_devops_simulator.state.work_items.records import Deletion, WorkItem

area = Area("wit")
_READ, _WRITE = ("vso.work",), ("vso.work_write",)


def _body(call: Call, item: WorkItem, deletion: Deletion | None = None, *, iso: bool = False) -> JsonObject:
    """Return a deleted or restored item with the details of its deletion, which a restored one is told, too.

    The service dates the deletion in ISO 8601 where one item is read, and in the form of an American program where it
    answers a change or lists items by their ids.
    """
    body: JsonObject = {"id": item.id, "type": item.type, "name": item.title, "project": item.project.name}
    place = "recyclebin" if item.deletion else "workItems"
    if told := item.deletion or deletion:
        by = call.organization.users[told.by]
        body["deletedDate"] = timestamp(told.date) if iso else _american(told.date)
        body["deletedBy"] = f"{by.display_name} <{by.unique_name}>"
    body["code"] = 200
    body["url"] = call.url(f"{item.project.id}/_apis/wit/{place}/{item.id}")
    body["resource"] = {**item_body(call, item, single=True), "url": body["url"]}
    return body


def _american(when: datetime) -> str:
    """Return a time such as `1/11/2017 11:18:16 PM`."""
    return (
        f"{when.month}/{when.day}/{when.year} {when.hour % 12 or 12}:{when:%M:%S} {'PM' if when.hour >= 12 else 'AM'}"
    )


def _deleted(call: Call) -> WorkItem:
    number = item_id(call)
    item = call.organization.work_items.items.get(number)
    if item is None or item.deletion is None or not visible(call, item):
        raise no_such_item(number)
    return item


@area.delete("{project?}/_apis/wit/workitems/{id}", scopes=_WRITE, query="destroy")
def delete_item(call: Call) -> Answer | JsonValue:
    """Put an item into the recycle bin, or with `destroy` remove it for good."""
    item, when = item_of(call), call.organization.clock.tick()
    call.organization.work_items.delete(item, by=call.user, when=when)
    body = _body(call, item)
    if call.query.flag("destroy"):
        call.organization.work_items.destroy(item)
    return body


@area.post("{project?}/_apis/wit/workitemsdelete", scopes=_WRITE, body="destroy ids skipNotifications")
def delete_items(call: Call) -> Answer | JsonValue:
    """Put several items into the recycle bin."""
    request = call.json_object()
    numbers = [entry for entry in as_list(request.get("ids")) if isinstance(entry, int)]
    items = [find_item(call, number) for number in numbers]
    results: list[JsonValue] = []
    for item in items:
        call.organization.work_items.delete(item, by=call.user, when=call.organization.clock.tick())
        results.append(_body(call, item))
        if request.get("destroy") is True:
            call.organization.work_items.destroy(item)
    return {"results": results}


@area.get("{project}/_apis/wit/recyclebin", scopes=_READ, query="ids")
def list_deleted(call: Call) -> Answer | JsonValue:
    """Return the items in the recycle bin of a project, or in full those with the given `ids`."""
    items = [item for item in call.organization.work_items.items.values() if item.deletion and visible(call, item)]
    if numbers := set(call.query.numbers("ids")):
        return collection(_body(call, item) for item in items if item.id in numbers)
    return collection(
        {"id": item.id, "url": call.url(f"{item.project.id}/_apis/wit/recyclebin/{item.id}")} for item in items
    )


@area.get("{project?}/_apis/wit/recyclebin/{id}", scopes=_READ)
def get_deleted(call: Call) -> Answer | JsonValue:
    """Return one item of the recycle bin."""
    return _body(call, _deleted(call), iso=True)


@area.patch("{project?}/_apis/wit/recyclebin/{id}", scopes=_WRITE, body="isDeleted")
def restore_item(call: Call) -> Answer | JsonValue:
    """Take an item out of the recycle bin."""
    item = _deleted(call)
    deletion = item.deletion
    wish = {name.lower(): value for name, value in call.json_object().items()}
    if wish.get("isdeleted") is False:
        call.organization.work_items.restore(item, by=call.user, when=call.organization.clock.tick())
    return _body(call, item, deletion)


@area.delete("{project?}/_apis/wit/recyclebin/{id}", scopes=_WRITE)
def destroy_item(call: Call) -> Answer | JsonValue:
    """Remove an item of the recycle bin for good."""
    call.organization.work_items.destroy(_deleted(call))
    call.organization.clock.tick()
    return Answer(204)
