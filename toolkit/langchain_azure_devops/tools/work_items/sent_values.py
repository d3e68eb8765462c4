"""The fields that a call sends, and whether the service stored exactly these."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import JsonValue

from langchain_azure_devops.calls.stored_values import is_stored_as
from langchain_azure_devops.errors import InvalidRequest

_NAMED = {
    "title": "System.Title",
    "state": "System.State",
    "assigned_to": "System.AssignedTo",
    "area": "System.AreaPath",
    "iteration": "System.IterationPath",
    "tags": "System.Tags",
}
_BODIES = ("System.Description", "Microsoft.VSTS.TCM.ReproSteps")


def description_field(type: str) -> str:
    """Return the field that holds the description; the form of a bug has none, and people use its repro steps."""
    return "Microsoft.VSTS.TCM.ReproSteps" if type.lower() == "bug" else "System.Description"


def sent_fields(given: Mapping[str, Any], type: str) -> dict[str, str]:
    """Return the fields that a call sends, by reference name.

    Args:
        given: The arguments of the call by their names.
        type: The type of the work item; it decides where the description goes.

    Raises:
        InvalidRequest: A field is given twice.
    """
    named = {reference: given.get(name) for name, reference in _NAMED.items()}
    if isinstance(named["System.Tags"], list):
        named["System.Tags"] = "; ".join(named["System.Tags"]) or None
    values = {name: str(value) for name, value in named.items() if value is not None}
    if (description := given.get("description")) is not None:
        values[description_field(type)] = description
    for field in given.get("fields") or []:
        if field.name in values:
            raise InvalidRequest(f"{field.name} is given twice.", subject=field.name)
        values[field.name] = field.value
    return values


def find_differences(sent: Mapping[str, str], stored: Mapping[str, JsonValue]) -> list[str]:
    """Return the fields whose stored value is not surely the one that was sent."""
    by_name = {name.lower(): value for name, value in stored.items()}
    return [name for name, value in sent.items() if not is_stored_as(value, by_name.get(name.lower()), name)]


def find_other_changes(
    sent: Iterable[str], before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]
) -> list[str]:
    """Return the fields that changed although they were not sent; only those that no rule of a process changes."""
    given = {name.lower() for name in sent}
    watched = (*(name for name in _NAMED.values() if name != "System.AssignedTo"), *_BODIES)
    return [
        name
        for name in watched
        if name.lower() not in given and (before.get(name) or None) != (after.get(name) or None)
    ]
