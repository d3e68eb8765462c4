"""JSON Patch documents: the body of every work item write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.contract import read_enumeration
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.api.parsing import read_json
from azure_devops_simulator.state.values import JsonValue

Verb = Literal["add", "remove", "replace", "move", "copy", "test"]
_VERBS: tuple[Verb, ...] = ("add", "remove", "replace", "move", "copy", "test")
_MEDIA_TYPE = "application/json-patch+json"


@dataclass(frozen=True)
class Operation:
    """One operation. `source` is the `from` of a copy or move."""

    op: Verb
    path: str
    value: JsonValue = None
    source: str = ""


def require_media_type(call: Call) -> None:
    """Refuse a body that is not declared to be a patch document."""
    given = call.headers.get("content-type", "")
    if given.split(";")[0].strip().lower() == _MEDIA_TYPE:
        return
    message = (
        f'The request indicated a Content-Type of "{given}" for method type "{call.method}" which is not supported. '
        f"Valid content types for this method are: {_MEDIA_TYPE}."
    )
    raise ServiceError(400, "VssRequestContentTypeNotSupportedException", message)


def read_document(body: bytes) -> list[Operation]:
    """Return the operations of a body.

    Raises:
        ServiceError: 400 when it is not an array of operations with at least one of them.
    """
    try:
        document = read_json(body)
    except ValueError:
        document = None
    if not isinstance(document, list) or not document:
        raise _invalid()
    return [_operation(entry) for entry in document]


def _operation(entry: JsonValue) -> Operation:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("path"), str):
        raise _invalid()
    named, source = read_enumeration("Operation", entry.get("op")), entry.get("from")
    for known in _VERBS:
        if named == known:
            return Operation(known, str(entry["path"]), entry.get("value"), source if isinstance(source, str) else "")
    raise _invalid()


def _invalid() -> ServiceError:
    return ServiceError(
        400, "VssPropertyValidationException", "You must pass a valid patch document in the body of the request."
    )
