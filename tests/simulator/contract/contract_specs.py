"""The service's published contract: its operations and schemas, and what an answer has to look like.

The facts come from `official_facts`, which are data of our own; `test_agreement.py` compares them with the published
files.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from official_facts import areas, rows, schemas
from published import shape_of

__all__ = ["Definitions", "Operation", "find", "operations", "problems", "shape_of"]

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Operation:
    """An operation. `query`: parameters that tell it from others at the same path; `shown`: statuses of its examples.

    `answers` is None where the simulator has no such operation.
    """

    area: str
    name: str
    method: str
    shape: tuple[str, ...]
    query: frozenset[str]
    api_version: str
    scopes: frozenset[str]
    answers: Mapping[str, Schema | None]
    definitions: "Definitions"
    shown: tuple[str, ...] = ()


@cache
def operations() -> tuple[Operation, ...]:
    """Every operation of release 7.1."""
    told = {area: schemas(area) for area in areas()}
    definitions = {area: Definitions({n: _type(t) for n, t in told[area]["types"].items()}) for area in told}
    found = []
    for row in rows():
        if row.release == "7.1":
            answers = told.get(row.area, {"answers": {}})["answers"].get(f"{row.name} {row.path}", {})
            found.append(
                Operation(
                    row.area,
                    row.name,
                    row.method,
                    tuple(row.path.split("/")),
                    frozenset(row.query),
                    row.version,
                    frozenset(row.scopes),
                    {status: _schema(notation) if notation else None for status, notation in answers.items()},
                    definitions.get(row.area, Definitions({})),
                    row.shown,
                )
            )
    return tuple(found)


def _type(told: Any) -> Schema:
    if isinstance(told, str):
        return _schema(told)
    schema: dict[str, Any] = {
        "type": "object",
        "allOf": [_schema(base) for base in told.get("extends", [])],
        "required": told.get("required", []),
        "properties": {name: _schema(notation) for name, notation in told.get("fields", {}).items()},
    }
    return schema | ({"additionalProperties": _schema(told["others"])} if "others" in told else {})


def _schema(notation: str) -> Schema:
    """The schema that a notation stands for; `published` explains it."""
    inner = notation[1:-1]
    match notation[0]:
        case "[":
            return {"type": "array", "items": _schema(inner)}
        case "{":
            return {"type": "object", "additionalProperties": _schema(inner)}
        case "<":
            return {"enum": inner.split("|")}
    return _LEAVES.get(notation) or {"$ref": f"#/definitions/{notation}"}


_LEAVES: Mapping[str, Schema] = {
    "any": {"description": "anything"},
    **{name: {"type": name} for name in ("string", "integer", "number", "boolean", "object")},
    **{name: {"type": "integer", "format": name} for name in ("int16", "int32", "int64")},
    **{name: {"type": "number", "format": name} for name in ("double", "float")},
    **{
        name: {"type": "string", "format": name}
        for name in ("date-time", "uuid", "byte", "Stream", "TimeSpan", "T", "JObject", "JToken", "JTokenType")
    },
}
"""Notations of what has no parts."""


def find(known: Iterable[Operation], method: str, shape: tuple[str, ...], query: frozenset[str]) -> Operation | None:
    """The operation a request addresses: of those at its path, the one whose own query parameters it gives.

    The last parameter of a path may be left out where the service allows it; the contract then has the whole path only.
    """
    for wanted in (shape, (*shape, "*")):
        fitting = [o for o in known if o.method == method and o.shape == wanted and o.query <= query]
        if fitting:
            return max(fitting, key=lambda operation: len(operation.query))
    return None


def problems(operation: Operation, status: int, body: Any) -> list[str]:
    """How an answer breaks its operation's contract: types, formats, enumerations, required and unknown properties."""
    schema = operation.answers.get(str(status)) or operation.answers.get("200") or operation.answers.get("default")
    if schema is None:
        return []
    if schema.get("type") == "array" and isinstance(body, dict) and set(body) >= {"count", "value"}:
        # Lists travel in a wrapper that the schemas leave out.
        if body["count"] != len(body["value"]):
            return ["count: not the number of values"]
        body = body["value"]
    return sorted(set(_check(body, schema, operation.definitions, "")))


_ANYTHING: Schema = {}
_SPECIAL: Mapping[str, Schema] = {
    "ReferenceLinks": {
        "type": "object",
        "additionalProperties": {"type": "object", "properties": {"href": {"type": "string"}}},
    },
    "PropertiesCollection": {"type": "object", "additionalProperties": _ANYTHING},
}
"""Two .NET dictionaries that the Swagger files describe by the class and the service writes as plain maps."""


class Definitions:
    """The schemas of one file by name, each with what it extends and what extends it."""

    def __init__(self, named: Mapping[str, Schema]) -> None:
        self._named = named
        self._whole: dict[str, Schema] = {}

    def resolve(self, schema: Schema) -> Schema:
        """A schema with its reference followed.

        An answer declared to be a base class may be any class derived from it: the service does so throughout.
        """
        name = _referred(schema)
        if not name:
            return schema
        if name not in self._whole:
            derived = [other for other in self._named if name in self._bases(other)]
            self._whole[name] = _SPECIAL.get(name) or self._merged(name, derived)
        return self._whole[name]

    def _bases(self, name: str) -> set[str]:
        """The names of everything a definition extends."""
        direct = {_referred(part) for part in self._named[name].get("allOf", [])} & self._named.keys()
        return direct.union(*(self._bases(base) for base in direct))

    def _merged(self, name: str, derived: list[str]) -> Schema:
        whole, bases = dict(self._named[name]), self._bases(name)
        also = [*bases, *derived, *(base for other in derived for base in self._bases(other))]
        for other in also:
            whole["properties"] = {**self._named[other].get("properties", {}), **whole.get("properties", {})}
        whole["required"] = [
            required for other in (name, *bases) for required in self._named[other].get("required", [])
        ]
        return whole


def _referred(schema: Schema) -> str:
    return str(schema.get("$ref", "")).removeprefix("#/definitions/")


def _check(value: Any, schema: Schema, definitions: Definitions, where: str) -> Iterator[str]:
    schema = definitions.resolve(schema)
    if (
        value is None
        or schema.get("format") in _GENERIC
        or (schema.keys() <= {"type", "description"} and _is_any(schema))
    ):
        return
    if "enum" in schema and value not in schema["enum"]:
        parts = str(value).split(", ")
        if not set(parts) <= set(schema["enum"]):
            yield f"{where}: {value!r} is none of its values"
        return
    kind = schema.get("type")
    if kind == "array":
        yield from _check_list(value, schema, definitions, where)
    elif kind == "object" or "properties" in schema:
        yield from _check_object(value, schema, definitions, where)
    elif kind in _TYPES and not (isinstance(value, _TYPES[kind]) and isinstance(value, bool) is (kind == "boolean")):
        yield f"{where}: {type(value).__name__} in place of {kind}"
    elif problem := _FORMATS.get(schema.get("format", ""), lambda _: None)(value):
        yield f"{where}: {problem}"


_GENERIC = {"T", "JObject"}
"""Formats of type parameters and raw JSON: anything may stand there."""


def _is_any(schema: Schema) -> bool:
    """Whether a schema is that of .NET's `object`, which is every value."""
    return schema.get("type", "object") == "object"


def _check_list(value: Any, schema: Schema, definitions: Definitions, where: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{where}: {type(value).__name__} in place of array"
        return
    for item in value:
        yield from _check(item, schema.get("items", {}), definitions, f"{where}[]")


def _check_object(value: Any, schema: Schema, definitions: Definitions, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: {type(value).__name__} in place of object"
        return
    properties, more = schema.get("properties", {}), schema.get("additionalProperties")
    for name in schema.get("required", []):
        if name not in value:
            yield f"{where}.{name}: required and absent"
    for name, inner in value.items():
        if name in properties:
            yield from _check(inner, properties[name], definitions, f"{where}.{name}")
        elif isinstance(more, dict):
            yield from _check(inner, more, definitions, f"{where}.*")
        elif properties and not more:
            yield f"{where}.{name}: unknown"


_TYPES: Mapping[str, Any] = {"string": str, "integer": int, "number": (int, float), "boolean": bool}


def _is_date(value: Any) -> str | None:
    # .NET's default for a date that was never set has no zone.
    form = r"0001-01-01T00:00:00|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)"
    if not re.fullmatch(form, str(value)):
        return f"{value!r} is no date"
    datetime.fromisoformat(re.sub(r"(\.\d{6})\d", r"\1", str(value)))
    return None


def _is_uuid(value: Any) -> str | None:
    try:
        UUID(str(value))
    except ValueError:
        return f"{value!r} is no uuid"
    return None


def _is_int32(value: Any) -> str | None:
    return None if isinstance(value, int) and -(2**31) <= value < 2**31 else f"{value!r} is no int32"


_FORMATS: Mapping[str, Any] = {"date-time": _is_date, "uuid": _is_uuid, "int32": _is_int32}
