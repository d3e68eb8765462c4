"""The rules for writing a work item: values by kind of field, states, and fields that only the service sets."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from azure_devops_simulator.api.errors import NotSimulatedError, ServiceError
from azure_devops_simulator.api.parsing import as_text, read_date
from azure_devops_simulator.areas.work_items.process.fields import FIELDS, LONG_TEXT, NUMBERS, Field
from azure_devops_simulator.areas.work_items.process.types import ALLOWED, SEVERITY, STATE_CHANGED, State, WorkItemType
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.state.work_items.nodes import Structure
from azure_devops_simulator.state.work_items.records import FieldValue

LONGEST_STRING = 255
LONGEST_TEXT = 1_000_000
MOST_TAGS = 100
_SPACE = "Microsoft.TeamFoundation.WorkItemTracking.Server"
_NAME_AND_ADDRESS = re.compile(r"\s*(?P<name>[^<>]*?)\s*<(?P<address>[^<>]+)>\s*")


def rule_error(field: Field, message: str, flags: str) -> ServiceError:
    """Return a value that a rule of the process refuses."""
    found: JsonObject = {
        "fieldReferenceName": field.reference_name,
        "fieldStatusFlags": flags,
        "errorMessage": message,
        "fieldStatusCode": 0,
        "ruleValidationErrors": None,
    }
    key = "RuleValidationException"
    custom: JsonObject = {"RuleValidationErrors": [found]}
    return ServiceError(400, key, message, type_name=f"{_SPACE}.{key}, {_SPACE}", custom=custom)


def _error_code(field: Field, *flags: str) -> ServiceError:
    codes = ", ".join(flag[:1].upper() + flag[1:] for flag in flags)
    return rule_error(field, f"TF401320: Rule Error for field {field.name}. Error code: {codes}.", ", ".join(flags))


def read_only(field: Field) -> ServiceError:
    """Return the error for writing a field that the service sets."""
    return _error_code(field, "readOnly", "hasValues", "limitedToValues", "invalidNotOldValue")


def required(field: Field) -> ServiceError:
    """Return the error for a missing required value."""
    return _error_code(field, "required", "invalidEmpty")


def not_in_list(field: Field, value: JsonValue) -> ServiceError:
    """Return the error for a value outside the list of the field."""
    message = f"The field '{field.name}' contains the value '{value}' that is not in the list of supported values"
    return rule_error(field, message, "required, hasValues, limitedToValues, invalidListValue")


def stored_value(
    organization: Organization, project: Project, field: Field, value: JsonValue, item_id: int, *, rules: bool = True
) -> FieldValue | None:
    """Return the stored form of a value, or None when it clears the field.

    Args:
        organization: where users and paths are looked up.
        project: the project of the item; paths must lie in it.
        field: the field written to.
        value: what was sent.
        item_id: id of the item for messages, -1 while it is being created.
        rules: whether the rules of the process hold. Without them, a name may be of nobody, and a value in no list.
    """
    if value is None or value == "":
        return None
    if field.kind == "identity":
        return _identity(organization, field, value, rules=rules)
    if isinstance(value, Mapping) or not isinstance(value, (str, int, float, bool)):
        key = "VssPropertyValidationException"
        message = f"Operation of changing value type is not supported for the field {field.reference_name}"
        raise ServiceError(400, key, message)
    if field.kind == "treePath":
        return _path(organization, project, field, str(value), item_id)
    if field.kind in NUMBERS:
        return _limited(field, _number(field, value), rules=rules)
    if field.kind in {"dateTime", "boolean"}:
        return _date(field, value) if field.kind == "dateTime" else _flag(field, value)
    return _limited(field, _text(field, value), rules=rules)


def _limited(field: Field, value: FieldValue, *, rules: bool) -> FieldValue:
    allowed = ALLOWED.get(field.reference_name)
    if allowed is None or not rules:
        return value
    for known in allowed:
        if str(known).lower() == str(value).lower():
            return known
    raise not_in_list(field, value if not isinstance(value, datetime) else str(value))


def _text(field: Field, value: JsonValue) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if field.reference_name == "System.Tags":
        return join_tags(split_tags(text))
    if len(text) > (LONGEST_TEXT if field.kind in LONG_TEXT else LONGEST_STRING):
        raise _error_code(field, "hasValues", "allowsOldValue", "invalidTooLong")
    return text


def _number(field: Field, value: JsonValue) -> FieldValue:
    if isinstance(value, bool):
        raise _error_code(field, "hasValues", "invalidType")
    try:
        number = float(str(value))
    except ValueError as error:
        raise _error_code(field, "hasValues", "invalidType") from error
    if field.kind == "double" and math.isfinite(number):
        return number
    if not number.is_integer():
        raise _error_code(field, "hasValues", "invalidType")
    return int(number)


def _flag(field: Field, value: JsonValue) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
    if known is None:
        raise _error_code(field, "hasValues", "invalidType")
    return known


def _date(field: Field, value: JsonValue) -> datetime:
    when = read_date(str(value))
    if when is None:
        raise _error_code(field, "hasValues", "invalidType")
    return when


def _identity(organization: Organization, field: Field, value: JsonValue, *, rules: bool) -> str:
    if isinstance(value, Mapping):
        names = [as_text(value.get(key)) for key in ("id", "uniqueName", "displayName")]
    else:
        found = _NAME_AND_ADDRESS.fullmatch(str(value))
        names = [found["address"]] if found else [str(value).strip()]
    for name in filter(None, names):
        if len(organization.users_called(name)) > 1:
            raise NotSimulatedError(f"the identity {name!r}, a display name that several users share")
        if user := organization.user(name):
            return user.id
    shown = next((name for name in reversed(names) if name), "")
    if shown and not rules:
        return shown
    key = "WorkItemTrackingUnknownIdentityException"
    message = f"The identity value '{shown}' for field '{field.name}' is an unknown identity."
    custom: JsonObject = {"ReferenceName": field.reference_name}
    raise ServiceError(400, key, message, event_id=3200, type_name=f"{_SPACE}.{key}, {_SPACE}", custom=custom)


def _path(organization: Organization, project: Project, field: Field, value: str, item_id: int) -> str:
    structure: Structure = "area" if field.reference_name == "System.AreaPath" else "iteration"
    node = organization.work_items.trees.find(project, structure, value)
    if node:
        return node.path
    key = "RuleValidationException"
    message = f"TF401347: Invalid tree name given for work item {item_id}, field '{field.reference_name}'."
    raise ServiceError(400, key, message, type_name=f"{_SPACE}.{key}, {_SPACE}")


def split_tags(text: str) -> list[str]:
    """Return the tags of a text that separates them by semicolons or commas."""
    return [tag.strip() for tag in re.split(r"[;,]", text) if tag.strip()]


def join_tags(tags: list[str]) -> str:
    """Return tags as the field shows them: each once, in alphabetical order."""
    unique = {tag.lower(): tag for tag in reversed(tags)}
    if len(unique) > MOST_TAGS:
        raise _error_code(FIELDS["System.Tags"], "hasValues", "invalidTooLong")
    return "; ".join(unique[key] for key in sorted(unique))


def new_fields(
    organization: Organization, project: Project, kind: WorkItemType, when: datetime
) -> dict[str, FieldValue]:
    """Return the stored fields of an item of this type before anybody wrote anything into it."""
    first = kind.states[0]
    return {
        "System.WorkItemType": kind.name,
        "System.AreaPath": organization.work_items.area(project).path,
        "System.IterationPath": organization.work_items.iteration(project).path,
        "System.State": first.name,
        "System.Reason": first.reason,
        STATE_CHANGED: when,
        **kind.defaults,
    }


def enter_state(kind: WorkItemType, fields: dict[str, FieldValue], state: State, *, by: User, when: datetime) -> None:
    """Put an item into a state, with the reason, dates and names that the service fills in."""
    before = kind.state(str(fields["System.State"])) or state
    fields["System.State"], fields["System.Reason"] = state.name, state.reason_after(before)
    fields[STATE_CHANGED] = when
    space = "Microsoft.VSTS.Common."
    if state.category in {"Proposed", "InProgress"}:
        for name in ("ResolvedDate", "ResolvedBy", "ResolvedReason"):
            fields.pop(f"{space}{name}", None)
    if state.category != "Completed":
        fields.pop(f"{space}ClosedDate", None)
        fields.pop(f"{space}ClosedBy", None)
    if state.category == "Proposed":
        fields.pop(f"{space}ActivatedDate", None)
        fields.pop(f"{space}ActivatedBy", None)
    marks = {"InProgress": "Activated", "Resolved": "Resolved", "Completed": "Closed"}
    if mark := marks.get(state.category):
        fields[f"{space}{mark}Date"], fields[f"{space}{mark}By"] = when, by.id
    if state.category == "Resolved" and SEVERITY in kind.fields:
        fields[f"{space}ResolvedReason"] = state.reason


def check_reason(kind: WorkItemType, fields: Mapping[str, FieldValue]) -> None:
    """Return the reason must be one of those of the state."""
    state = kind.state(str(fields["System.State"]))
    reason = str(fields.get("System.Reason", ""))
    if state and reason.lower() not in {known.lower() for known in state.reasons}:
        raise not_in_list(FIELDS["System.Reason"], reason)


def check_state(kind: WorkItemType, value: JsonValue, allowed: Sequence[State]) -> State:
    """Return the state of a name if it is allowed."""
    state = kind.state(str(value))
    if state is None or state not in allowed:
        raise not_in_list(FIELDS["System.State"], value)
    return state
