"""The parts of a parsed query: conditions, fields, constants and macros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from azure_devops_simulator.api.errors import ServiceError

Prefix = Literal["", "source", "target"]
Mode = Literal["mustcontain", "maycontain", "doesnotcontain", "recursive"]
Operator = Literal["=", "<>", ">", "<", ">=", "<=", "in", "in group", "contains", "contains words", "under", "is empty"]


class WiqlError(ServiceError):
    """A query that the service refuses: 400 with the piece of text that caused it."""

    def __init__(self, message: str, cause: str) -> None:
        super().__init__(400, "VssPropertyValidationException", f"{message} The error is caused by «{cause}».")


@dataclass(frozen=True)
class FieldName:
    """A field in the query: its name, its end of a link, and its text for messages."""

    name: str
    prefix: Prefix
    text: str


@dataclass(frozen=True)
class Constant:
    """A literal value."""

    value: str | int | float | bool
    text: str


@dataclass(frozen=True)
class Macro:
    """A macro such as `@StartOfMonth('+3d') - 1`: lower-case name, argument, offset."""

    name: str
    argument: str | None
    offset: int
    text: str


Operand: TypeAlias = FieldName | Constant | Macro


@dataclass(frozen=True)
class Comparison:
    """One condition on one field."""

    field: FieldName
    operator: Operator
    operands: tuple[Operand, ...]
    negated: bool
    ever: bool
    text: str


@dataclass(frozen=True)
class Combination:
    """Conditions joined by AND or OR."""

    join: Literal["and", "or"]
    terms: tuple[Condition, ...]


@dataclass(frozen=True)
class Negation:
    """A condition after NOT."""

    term: Condition


Condition: TypeAlias = Comparison | Combination | Negation


@dataclass(frozen=True)
class Query:
    """A parsed query. `links` is True for FROM WorkItemLinks. `order` holds pairs of field and "descending"."""

    select: tuple[FieldName, ...]
    links: bool
    where: Condition | None
    order: tuple[tuple[FieldName, bool], ...]
    as_of: Constant | Macro | None
    mode: Mode | None
