"""Find the work item of a request, and read the parameters that many operations share."""

from __future__ import annotations

from datetime import datetime

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.api.parsing import read_date, whole_number
from azure_devops_simulator.areas.work_items.patch import no_such_item
from azure_devops_simulator.areas.work_items.process.fields import Field, require_field
from azure_devops_simulator.areas.work_items.shapes import Expand
from azure_devops_simulator.state.values import JsonValue
from azure_devops_simulator.state.work_items.records import Revision, WorkItem

MOST_IDS = 200
_EXPANSIONS: tuple[Expand, ...] = ("none", "relations", "fields", "links", "all")


def item_id(call: Call, name: str = "id") -> int:
    """Return the number in the path. Anything else is the error of the service for an invalid id."""
    number = whole_number(call.path[name])
    if number is None:
        raise no_such_item(call.path[name])
    return number


def visible(call: Call, item: WorkItem | None) -> bool:
    """Return whether the caller may read the item, in the project of the path when that names one."""
    if item is None or not call.organization.sees(call.user, item.project):
        return False
    return call.project is None or call.project is item.project


def find_item(call: Call, number: int) -> WorkItem:
    """Return an item that exists and that the caller may read.

    Raises:
        ServiceError: 404 TF401232 otherwise.
    """
    item = call.organization.work_items.get(number)
    if item is None or not visible(call, item):
        raise no_such_item(number)
    return item


def item_of(call: Call) -> WorkItem:
    """Return the item of the path."""
    return find_item(call, item_id(call))


def expansion(value: JsonValue) -> Expand:
    """Return the `$expand` parameter."""
    text = str(value or "none").lower()
    for known in _EXPANSIONS:
        if text == known:
            return known
    message = f"The value '{value}' is not valid for parameter $expand."
    raise ServiceError(400, "InvalidEnumArgumentException", message, event_id=0)


def field_list(names: list[str], expand: Expand) -> list[Field] | None:
    """Return the requested fields, or None when the request names none."""
    if not names:
        return None
    if expand not in {"none", "links"}:
        message = "The expand parameter can not be used with the fields parameter."
        raise ServiceError(400, "ConflictingParametersException", message)
    return [require_field(name.strip()) for name in names if name.strip()]


def moment(value: str | None) -> datetime | None:
    """Return the `asOf` parameter."""
    if not value:
        return None
    when = read_date(value)
    if when is None:
        raise ServiceError(400, "VssPropertyValidationException", f"The value '{value}' is not a valid date for asOf.")
    return when


def revision_of(item: WorkItem, at: datetime | None) -> Revision | None:
    """Return the revision at a time, or the newest when no time is given."""
    return item.revision if at is None else item.revision_at(at)
