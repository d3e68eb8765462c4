"""What the specification of the service says about requests: parameters, bodies, enumerations and dates.

`contract.json` holds it for every operation of the service, also for those that are not simulated. Its notations are
`=Name` for an enumeration, `[x]` for a list, `{x}` for a map, names of types, and names of plain values such as `int32`
or `date-time`. An operation is found by its method and the shape of its path: from `_apis` on, `*` for a parameter.

Clients may give an enumeration by name in any case or by number, several of its values at once where it is a set of
flags, and a date in ISO 8601 or RFC 1123. Handlers see the names of the specification and ISO 8601 only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypedDict, cast

from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.parsing import as_date
from azure_devops_simulator.state.values import JsonValue


class _Told(TypedDict, total=False):
    query: dict[str, str]
    path: dict[str, str]
    body: str
    fields: list[str]
    record: bool


@dataclass(frozen=True)
class Contract:
    """What the specification says about the requests of one operation.

    Attributes:
        query: The names of the query parameters in lower case, with their notation.
        path: The notation of those parameters of the path that are enumerations, by their position among all.
        body: The notation of the body; empty when it holds neither an enumeration nor a date.
        fields: The members of the body.
        record: Whether the body is a record as it is read, with members that only the service sets.
    """

    query: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[int, str] = field(default_factory=dict)
    body: str = ""
    fields: tuple[str, ...] = ()
    record: bool = False

    def notation(self, name: str) -> str:
        """Return the notation of a query parameter; "" when there is none.

        An enumeration is also found by the end of its name: for `versionDescriptor.versionType`, clients write
        `versionType`, and for `baseVersionType` they write `baseVersionDescriptor.versionType`.
        """
        lowered = name.lower()
        if found := self.query.get(lowered):
            return found
        end = lowered.rpartition(".")[2]
        return next((told for full, told in self.query.items() if told[0] == "=" and full.endswith(end)), "")


@cache
def _data() -> tuple[Mapping[str, Mapping[str, int | None]], Mapping[str, _Told], Mapping[str, Mapping[str, str]]]:
    told = json.loads(Path(__file__).with_name("contract.json").read_bytes())
    return told["enumerations"], told["operations"], told["types"]


def published_operations() -> Collection[str]:
    """Return the operations of the specification, each as its method and the shape of its path."""
    return _data()[1].keys()


def shape_of(template: str) -> list[str]:
    """Return the segments of a template from `_apis` on, in lower case, with `*` for each parameter."""
    segments = template.strip("/").split("/")
    at = segments.index("_apis") if "_apis" in segments else 0
    return [re.sub(r"\{[^}]*\}", "*", segment).lower() for segment in segments[at:]]


@cache
def contract_of(method: str, template: str) -> Contract | None:
    """Return what the specification says about an operation, or None when it does not know the operation.

    The last parameter of a path may be absent where the specification has the whole path only, and the other way round.
    """
    operations, shape = _data()[1], shape_of(template)
    shapes = [shape, [*shape, "*"], *([shape[:-1]] if template.endswith("...}") else [])]
    # Old clients create work items with PATCH, which the specification leaves out.
    methods = (method, "POST") if method == "PATCH" else (method,)
    for wanted in methods:
        for known in shapes:
            told = operations.get(f"{wanted} {'/'.join(known)}")
            if told is not None:
                return Contract(
                    {name.lower(): notation for name, notation in told.get("query", {}).items()},
                    {int(position): notation for position, notation in told.get("path", {}).items()},
                    told.get("body", ""),
                    tuple(told.get("fields", ())),
                    told.get("record", False),
                )
    return None


def numbers_of(name: str) -> Mapping[str, int | None]:
    """Return the values of an enumeration with their numbers; None where no number is known."""
    return _data()[0][name]


def read_enumeration(name: str, value: JsonValue) -> str | None:
    """Return the names that a value of an enumeration stands for, joined by ", ", or None when there are none.

    Args:
        name: The enumeration.
        value: A name in any case, a number, digits, or several names with commas between them.
    """
    values = _data()[0].get(name, {})
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    if re.fullmatch(r"-?\d{1,10}", text):
        return _of_number(values, int(text))
    known = {told.lower(): told for told in values}
    found = [known.get(part.strip().lower()) for part in text.split(",")]
    return None if None in found else ", ".join(told for told in found if told)


def _of_number(values: Mapping[str, int | None], number: int) -> str | None:
    for told, own in values.items():
        if own == number:
            return told
    numbers = {own: told for told, own in values.items() if own is not None}
    bits = [own for own in numbers if own > 0 and own.bit_count() == 1]
    # Numbers that count on (1, 2, 3, 4) are alternatives. Others with three bits or more are flags, whose sum is a set.
    if len(bits) < 3 or max(numbers) - min(numbers) < len(numbers):
        return None
    chosen = [own for own in sorted(bits) if own & number]
    return ", ".join(numbers[own] for own in chosen) if sum(chosen) == number and chosen else None


def read_parameter(name: str, notation: str, value: str) -> str:
    """Return the value of a parameter with names for numbers and in ISO 8601.

    Raises:
        ArgumentError: It is no value of its enumeration.
        BindingError: It is no date.
    """
    if not value:
        return value
    if notation.startswith("="):
        found = read_enumeration(notation[1:], value)
        if found is None:
            message = f"The value '{value}' is not valid for {notation[1:]}."
            raise ArgumentError(message, name, type_key="InvalidEnumArgumentException")
        return found
    if notation == "date-time":
        when = as_date(value)
        return when.isoformat() if when else value
    return value


def read_body(name: str, notation: str, value: JsonValue) -> JsonValue:
    """Return a body, or the member `name` of one, with names for the numbers of enumerations and dates in ISO 8601.

    Raises:
        ArgumentError: A member is no value of its enumeration.
        BindingError: A member is no date.
    """
    bare = notation[1:-1]
    if isinstance(value, list) and notation.startswith("["):
        return [read_body(name, bare, inside) for inside in value]
    if isinstance(value, dict):
        members = _data()[2].get(notation, {})
        known = {member.lower(): told for member, told in members.items()}
        others = bare if notation.startswith("{") else ""
        return {
            member: read_body(member, known.get(member.lower(), others), cast("JsonValue", inside))
            for member, inside in value.items()
        }
    if notation.startswith("=") or (notation == "date-time" and isinstance(value, str)):
        return value if value is None or isinstance(value, list) else read_parameter(name, notation, str(value))
    return value
