"""Compile the conditions of a query to functions, so that each item costs little."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from azure_devops_simulator.api.parsing import read_date
from azure_devops_simulator.areas.work_items.process.fields import NUMBERS, SUPPORTED, Field, find_field
from azure_devops_simulator.areas.work_items.process.rules import split_tags
from azure_devops_simulator.areas.work_items.process.types import category_types
from azure_devops_simulator.areas.work_items.values import Reader, reader
from azure_devops_simulator.areas.work_items.wiql.filters import (
    All,
    AnyOf,
    Between,
    Filter,
    ItemFilter,
    Not,
    Predicate,
    Test,
    ValueFilter,
    Words,
)
from azure_devops_simulator.areas.work_items.wiql.macros import Context, resolve
from azure_devops_simulator.areas.work_items.wiql.syntax import (
    Combination,
    Comparison,
    Condition,
    Constant,
    FieldName,
    Macro,
    Negation,
    WiqlError,
)
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.work_items.nodes import Structure
from azure_devops_simulator.state.work_items.records import FieldValue, Revision, WorkItem

_Value: TypeAlias = str | int | float | bool | datetime

_BEGIN, _END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_LAST_DAY = _END - timedelta(days=1)

_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_KIND_NAMES = {
    "treePath": "area path",
    "html": "long-text",
    "history": "long-text",
    "plainText": "long-text",
    "dateTime": "date",
    "boolean": "Boolean",
}


def known_field(name: FieldName) -> Field:
    """Return the field of a query.

    Raises:
        WiqlError: TF51005 when there is no such field.
    """
    if field := find_field(name.name):
        return field
    raise WiqlError("TF51005: The query references a field that does not exist.", name.text)


def compile_condition(condition: Condition | None, context: Context) -> Filter:
    """Return the filter of a condition: a function of a revision of an item that also finds all items by indexes."""
    if condition is None:
        return All(())
    if isinstance(condition, Negation):
        return Not(compile_condition(condition.term, context))
    if isinstance(condition, Combination):
        terms = tuple(compile_condition(term, context) for term in condition.terms)
        return All(terms) if condition.join == "and" else AnyOf(terms)
    return _compile_comparison(condition, context)


def _compile_comparison(comparison: Comparison, context: Context) -> Filter:
    field = known_field(comparison.field)
    _check_operator(comparison, field)
    other = comparison.operands[0] if comparison.operands else None
    if isinstance(other, FieldName):
        return ItemFilter(_against_field(comparison, field, other, context))
    test = compile_test(comparison, field, context)
    if comparison.negated:
        test = _negated(test)
    read = reader(context.organization.work_items, field)
    if field.kind == "history":
        return ItemFilter(lambda item, _revision: test("\n".join(c.text for c in item.comments if not c.deleted)))
    if comparison.ever:
        return ItemFilter(
            lambda item, revision: any(test(read(item, old)) for old in item.revisions[: revision.number])
        )
    return ValueFilter(field, read, test)


def _negated(test: Test) -> Test:
    if isinstance(test, Between):
        return replace(test, inside=not test.inside)
    return lambda value: not test(value)


def _check_operator(comparison: Comparison, field: Field) -> None:
    name = f"not {comparison.operator}" if comparison.negated else comparison.operator
    if comparison.operator == "is empty" and comparison.negated:
        name = "is not empty"
    supported = SUPPORTED[field.kind]
    if name in supported and not (comparison.ever and "ever" not in supported):
        return
    if field.reference_name == "System.Tags" and name in {"=", "<>", "in", "not in"}:
        return
    if comparison.operator == "contains words" and field.kind == "string":
        return
    if comparison.operator == "in group" and field.kind in {"string", "identity"}:
        return
    if comparison.operator == "under":
        message = "TF51012: The UNDER operator can only be used with classification fields."
        raise WiqlError(message, comparison.field.text)
    kind = _KIND_NAMES.get(field.kind, field.type)
    raise WiqlError(f"The specified operator cannot be used with {kind} fields.", comparison.text)


def _against_field(comparison: Comparison, field: Field, other: FieldName, context: Context) -> Predicate:
    if other.name.lower() == "any":
        return lambda _item, _revision: True
    second = known_field(other)
    if field.kind != second.kind and not {field.kind, second.kind} <= {"integer", "double"}:
        raise WiqlError("The fields of the comparison have different types.", comparison.text)
    left = reader(context.organization.work_items, field)
    right = reader(context.organization.work_items, second)
    compare = _ORDERED.get(comparison.operator)

    def test(item: WorkItem, revision: Revision) -> bool:
        first, last = _folded(left(item, revision)), _folded(right(item, revision))
        if compare is None:
            return (first == last) == (comparison.operator == "=")
        return first is not None and last is not None and compare(first, last)

    return test


def _folded(value: FieldValue | None) -> FieldValue | None:
    return value.lower() if isinstance(value, str) else value


def compile_test(comparison: Comparison, field: Field, context: Context) -> Test:
    """Return a function that tests one value of the field, without the NOT in front of the operator."""
    if comparison.operator == "is empty":
        return lambda value: value is None or value == ""
    if comparison.operator == "under":
        return _under(comparison, field, context)
    if test := _TEXT_TESTS.get(comparison.operator):
        return test(field, _texts(comparison, context)[0], context)
    return _compile_values(comparison, field, context)


def _compile_values(comparison: Comparison, field: Field, context: Context) -> Test:
    operands = [_operand(operand, comparison, field, context) for operand in comparison.operands]
    if field.kind == "identity":
        return _identity(comparison, operands, context)
    if field.kind == "boolean":
        # A Boolean field without a value is false.
        return lambda value: (bool(value) in operands) == (comparison.operator == "=")
    if field.reference_name == "System.Tags":
        return _tags(comparison, operands)
    if isinstance(operands[0], str):
        return _text(comparison, [str(value).lower() for value in operands])
    if field.kind == "dateTime":
        return _dates(comparison, operands, by_day=not context.time_precision)
    return _ordered(comparison, operands)


def _operand(operand: object, comparison: Comparison, field: Field, context: Context) -> _Value:
    """Return the value to compare with, as the field's kind stores it."""
    if isinstance(operand, Macro):
        value: _Value = resolve(operand, context)
    elif isinstance(operand, Constant):
        value = operand.value
    else:
        raise WiqlError("Expecting constant value.", comparison.text)
    if field.kind in NUMBERS:
        return _number(value, comparison)
    if field.kind == "dateTime":
        return _date(value, operand, comparison, context)
    if field.kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() in {"true", "1"}
    if field.kind == "treePath":
        return _tree_path(str(value), operand.text, field, context)
    return str(value)


def _number(value: _Value, comparison: Comparison) -> float:
    try:
        return float(str(value))
    except ValueError as error:
        raise WiqlError("The value is not a number.", comparison.text) from error


def _date(value: _Value, operand: Macro | Constant, comparison: Comparison, context: Context) -> datetime:
    when = value if isinstance(value, datetime) else read_date(str(value))
    if when is None:
        raise WiqlError("The date is not valid.", comparison.text)
    at_midnight = (when.hour, when.minute, when.second, when.microsecond) == (0, 0, 0, 0)
    if isinstance(operand, Constant) and not at_midnight and not context.time_precision:
        message = "You cannot supply a time with the date when running a query using date precision."
        raise WiqlError(message, comparison.text)
    return when


def _tree_path(path: str, text: str, field: Field, context: Context) -> str:
    structure: Structure = "area" if field.reference_name == "System.AreaPath" else "iteration"
    trees = context.organization.work_items.trees
    projects = context.organization.projects.values()
    node = next(filter(None, (trees.find(project, structure, path) for project in projects)), None)
    if node is None:
        raise WiqlError(f"TF51011: The specified {structure} path does not exist.", text)
    return node.path


def _texts(comparison: Comparison, context: Context) -> list[str]:
    found = []
    for operand in comparison.operands:
        if isinstance(operand, FieldName):
            raise WiqlError("Expecting constant value.", operand.text)
        value = resolve(operand, context) if isinstance(operand, Macro) else operand.value
        found.append(str(value).lower())
    return found


def _text(comparison: Comparison, wanted: list[str]) -> Test:
    if compare := _ORDERED.get(comparison.operator):
        return lambda value: value is not None and compare(str(value).lower(), wanted[0])
    accepted = frozenset(wanted)
    if comparison.operator == "<>":
        return lambda value: str("" if value is None else value).lower() not in accepted
    return lambda value: str("" if value is None else value).lower() in accepted


def _ordered(comparison: Comparison, wanted: list[_Value]) -> Test:
    if compare := _ORDERED.get(comparison.operator):
        return lambda value: value is not None and compare(value, wanted[0])
    accepted = frozenset(wanted)
    if comparison.operator == "<>":
        return lambda value: value not in accepted
    return lambda value: value in accepted


def _dates(comparison: Comparison, wanted: list[_Value], *, by_day: bool) -> Between:
    """Return the test of a date. By day, a day is everything from its midnight to the next."""
    intervals = []
    for when in wanted:
        if not isinstance(when, datetime):
            continue
        first = when.replace(hour=0, minute=0, second=0, microsecond=0) if by_day else when
        after = first + (timedelta(days=1) if by_day else timedelta.resolution) if first < _LAST_DAY else _END
        start = after if comparison.operator == ">" else first if comparison.operator != "<" else _BEGIN
        if comparison.operator == "<=":
            start = _BEGIN
        end = _END if comparison.operator in {">", ">="} else first if comparison.operator == "<" else after
        intervals.append((start, end))
    return Between(tuple(intervals), inside=comparison.operator != "<>")


def _tags(comparison: Comparison, wanted: list[_Value]) -> Test:
    accepted = {str(value).lower() for value in wanted}

    def test(value: FieldValue | None) -> bool:
        tags = {tag.lower() for tag in split_tags(str(value or ""))} or {""}
        return tags.isdisjoint(accepted) == (comparison.operator == "<>")

    return test


def _contains(field: Field, text: str, context: Context) -> Test:
    if field.reference_name == "System.Tags":
        return lambda value: text in {tag.lower() for tag in split_tags(str(value or ""))}
    if field.kind == "identity":
        users = context.organization.users.values()
        matching = {user.id for user in users if text in user.display_name.lower() or text in user.unique_name.lower()}
        return lambda value: value in matching
    return lambda value: value is not None and text in str(value).lower()


def _words(_field: Field, text: str, _context: Context) -> Test:
    return Words(tuple(re.findall(r"[\w'-]+\*?", text)))


def _identity(comparison: Comparison, wanted: list[_Value], context: Context) -> Test:
    accepted: set[str] = set()
    for value in wanted:
        if value == "":
            accepted.add("")
        else:
            user = _user(str(value), context)
            accepted.add(user.id if user else str(value).lower())
            accepted |= {sharing.id for sharing in context.organization.users_called(str(value).strip())}
    if comparison.operator in _ORDERED:
        return _identity_order(comparison, wanted, context)
    negative = comparison.operator == "<>"
    return lambda value: (str(value or "").lower() in accepted) != negative


def _identity_order(comparison: Comparison, wanted: list[_Value], context: Context) -> Test:
    compare, users = _ORDERED[comparison.operator], context.organization.users
    limit_user = _user(str(wanted[0]), context)
    limit = (limit_user.display_name if limit_user else str(wanted[0])).lower()

    def test(value: FieldValue | None) -> bool:
        user = users.get(str(value))
        return user is not None and compare(user.display_name.lower(), limit)

    return test


def _user(name: str, context: Context) -> User | None:
    address = re.fullmatch(r".*<([^<>]+)>\s*", name)
    return context.organization.user(address[1] if address else name.strip())


def _group(field: Field, text: str, context: Context) -> Test:
    r"""Return the members of a team (`[Platform]\Team`) or a group for identities, or the types of a category."""
    if field.reference_name == "System.WorkItemType":
        types = {name.lower() for name in category_types(text)}
        return lambda value: str(value or "").lower() in types
    name = text.rpartition("\\")[2].strip()
    scope = re.match(r"\s*\[([^\]]+)\]", text)
    members: set[str] = set()
    if not scope or scope[1] == context.organization.name.lower():
        groups = [group for group in context.organization.groups.values() if group.name.lower() == name]
        members |= {user.id for group in groups for user in group.members}
    for project in context.organization.projects.values():
        if scope and scope[1] not in {"project", project.name.lower()}:
            continue
        if scope and scope[1] == "project" and project is not context.project:
            continue
        members |= {user.id for team in project.teams if team.name.lower() == name for user in team.members}
    return lambda value: value in members


_TEXT_TESTS: dict[str, Callable[[Field, str, Context], Test]] = {
    "contains": _contains,
    "contains words": _words,
    "in group": _group,
}


def _under(comparison: Comparison, field: Field, context: Context) -> Test:
    path = str(_operand(comparison.operands[0], comparison, field, context)).lower()
    below = f"{path}\\"
    return lambda value: str(value).lower() == path or str(value).lower().startswith(below)


@dataclass(frozen=True)
class SortKey:
    """How to read and order a field for ORDER BY."""

    field: Field
    read: Reader
    descending: bool
    names: dict[str, str] | None = None
    """Display names by user id, for identities."""

    def value(self, item: WorkItem, revision: Revision) -> tuple[bool, FieldValue]:
        """Return a key that puts missing values first."""
        return self.rank(self.read(item, revision))

    def rank(self, read: FieldValue | None) -> tuple[bool, FieldValue]:
        """Return the key of a value."""
        value = _folded(read)
        if value is None:
            return False, 0
        if self.names is not None:
            return True, self.names.get(str(value), str(value))
        return True, value


def sort_keys(order: tuple[tuple[FieldName, bool], ...], context: Context) -> list[SortKey]:
    """Return the keys of an ORDER BY clause."""
    keys = []
    for name, descending in order:
        field = known_field(name)
        names = None
        if field.kind == "identity":
            names = {user.id: user.display_name.lower() for user in context.organization.users.values()}
        keys.append(SortKey(field, reader(context.organization.work_items, field), descending, names))
    return keys
