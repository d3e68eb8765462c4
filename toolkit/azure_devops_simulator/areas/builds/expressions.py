"""Evaluate the expressions that stand in the YAML of a pipeline between `${{` and `}}`, and its conditions.

Comparisons are those of the service: case is ignored, and both sides are compared as text. An expression that uses
anything else than the functions below, literals and the given values cannot be evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from azure_devops_simulator.state.values import JsonValue

_TOKEN = re.compile(
    r"""\s*(?:
        '(?P<text>(?:[^']|'')*)' |
        (?P<number>-?\d+(?:\.\d+)?) |
        (?P<name>[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\[\s*'[^']*'\s*\])*) |
        (?P<mark>[(),])
    )""",
    re.VERBOSE,
)
_STEP = re.compile(r"[A-Za-z_][\w-]*|'[^']*'")
_WORDS: Mapping[str, JsonValue] = {"true": True, "false": False, "null": None}


class ExpressionError(Exception):
    """An expression that cannot be evaluated."""


def as_word(value: JsonValue) -> str:
    """Return a value as it appears in a text."""
    return "" if value is None else value if isinstance(value, str) else str(value)


def is_true(value: JsonValue) -> bool:
    """Return whether a value counts as true. A text does unless it is empty."""
    return bool(value)


def _same(one: JsonValue, other: JsonValue) -> bool:
    return as_word(one).casefold() == as_word(other).casefold()


def _holds(whole: JsonValue, part: JsonValue) -> bool:
    if isinstance(whole, Sequence) and not isinstance(whole, str):
        return any(_same(value, part) for value in whole)
    return as_word(part).casefold() in as_word(whole).casefold()


_FUNCTIONS: Mapping[str, tuple[int, Callable[..., JsonValue]]] = {
    "and": (2, lambda *parts: all(map(is_true, parts))),
    "or": (2, lambda *parts: any(map(is_true, parts))),
    "not": (1, lambda part: not is_true(part)),
    "eq": (2, _same),
    "ne": (2, lambda one, other: not _same(one, other)),
    "in": (2, lambda one, *others: any(_same(one, other) for other in others)),
    "notin": (2, lambda one, *others: not any(_same(one, other) for other in others)),
    "contains": (2, _holds),
    "containsvalue": (2, _holds),
    "startswith": (2, lambda whole, part: as_word(whole).casefold().startswith(as_word(part).casefold())),
    "endswith": (2, lambda whole, part: as_word(whole).casefold().endswith(as_word(part).casefold())),
    "lower": (1, lambda text: as_word(text).lower()),
    "upper": (1, lambda text: as_word(text).upper()),
    "coalesce": (1, lambda *parts: next((part for part in parts if part not in (None, "")), None)),
    "length": (1, lambda whole: len(whole) if isinstance(whole, list | dict) else len(as_word(whole))),
}
"""Functions by their names in lower case, with the least number of their arguments."""


NO_STATES: Mapping[str, bool] = MappingProxyType({})


def evaluate(expression: str, values: Mapping[str, JsonValue], states: Mapping[str, bool] = NO_STATES) -> JsonValue:
    """Return the value of an expression.

    Args:
        expression: the text between the braces, or a condition.
        values: what names such as `parameters` stand for, in lower case.
        states: what functions such as `succeeded()` return, in lower case. Their arguments make no difference.

    Raises:
        ExpressionError: it uses something that is not known here.
    """
    reader = _Reader(expression, values, states)
    value = reader.value()
    if reader.tokens:
        raise ExpressionError(expression)
    return value


class _Reader:
    """Reads the tokens of an expression from left to right."""

    def __init__(self, expression: str, values: Mapping[str, JsonValue], states: Mapping[str, bool]) -> None:
        self.expression, self.values, self.states = expression, values, states
        self.tokens: list[re.Match[str]] = []
        at, text = 0, expression.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise ExpressionError(expression)
            self.tokens.append(found)
            at = found.end()

    def _next(self, *marks: str) -> re.Match[str]:
        if not self.tokens or (marks and self.tokens[0]["mark"] not in marks):
            raise ExpressionError(self.expression)
        return self.tokens.pop(0)

    def value(self) -> JsonValue:
        token = self._next()
        if token["text"] is not None:
            return token["text"].replace("''", "'")
        if token["number"]:
            return float(token["number"]) if "." in token["number"] else int(token["number"])
        if token["mark"]:
            raise ExpressionError(self.expression)
        if self.tokens and self.tokens[0]["mark"] == "(":
            return self._call(token["name"])
        return self._named(token["name"])

    def _call(self, name: str) -> JsonValue:
        least, function = _FUNCTIONS.get(name.lower(), (0, None))
        arguments: list[JsonValue] = []
        mark = self._next("(")["mark"]
        if self.tokens and self.tokens[0]["mark"] == ")":
            mark = self._next(")")["mark"]
        while mark != ")":
            arguments.append(self.value())
            mark = self._next(",", ")")["mark"]
        if name.lower() in self.states:
            return self.states[name.lower()]
        if function is None or len(arguments) < least:
            raise ExpressionError(self.expression)
        try:
            return function(*arguments)
        except TypeError as error:
            raise ExpressionError(self.expression) from error

    def _named(self, name: str) -> JsonValue:
        if name.lower() in _WORDS:
            return _WORDS[name.lower()]
        root, *steps = (step.strip("'").lower() for step in _STEP.findall(name))
        if root not in self.values:
            raise ExpressionError(self.expression)
        value = self.values[root]
        for step in steps:
            inside = value if isinstance(value, Mapping) else {}
            value = next((inside[key] for key in inside if key.lower() == step), None)
        return value
