"""Parse the text of a query, and explain in the service's words why a text is no query."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias, cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken

from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.areas.work_items.wiql.syntax import (
    Combination,
    Comparison,
    Condition,
    Constant,
    FieldName,
    Macro,
    Mode,
    Negation,
    Operand,
    Operator,
    Prefix,
    Query,
    WiqlError,
)

LONGEST_QUERY = 32_768


def parse(text: str) -> Query:
    """Parse a query.

    Raises:
        WiqlError: the text is no query, with the service's code and the token that is wrong.
    """
    if not text.strip():
        raise ServiceError(400, "ArgumentNullException", "Value cannot be null.\r\nParameter name: wiql", event_id=0)
    if len(text) > LONGEST_QUERY:
        message = f"The length of the query text exceeds the limit of {LONGEST_QUERY} characters."
        raise ServiceError(400, "VssPropertyValidationException", message)
    try:
        tree = _grammar().parse(text)
    except UnexpectedInput as error:
        raise _syntax_error(text, error) from error
    return _Reader(text).query(tree)


@cache
def _grammar() -> Lark:
    grammar = Path(__file__).with_name("wiql.lark").read_text(encoding="utf-8")
    return Lark(grammar, start="query", parser="lalr", propagate_positions=True, maybe_placeholders=True)


_EXPECTATIONS = (
    # The first terminal in this list that the parser would have accepted decides the message of the service.
    ("SELECT", "TF51004: The query statement is missing a SELECT clause."),
    ("FROM", "TF51006: The query statement is missing a FROM clause."),
    ("WORKITEMS", "Expecting WorkItems or WorkItemLinks."),
    ("COMPARE", "Expecting comparison operator."),
    ("UNDER", "Expecting comparison operator."),
    ("BY", "Expecting BY."),
    ("EMPTY", "Expecting EMPTY."),
    ("TRUE", "Expecting constant value."),
    ("STRING", "Expecting constant value."),
    ("BRACKETED", "Expecting field name or expression."),
    ("NUMBER", "Expecting number."),
    ("RPAR", "Expecting closing parenthesis."),
    ("LPAR", "Expecting opening parenthesis."),
)


def _syntax_error(text: str, error: UnexpectedInput) -> WiqlError:
    if isinstance(error, UnexpectedToken):
        accepted, cause = set(error.accepts), str(error.token)
    else:
        position = cast(int, error.pos_in_stream)
        cause = text[position : position + 1]
        # Parsing the text before this character again gives the exact set of terminals that could have followed.
        before = _grammar().parse_interactive(text[:position])
        before.exhaust_lexer()
        accepted = before.accepts()  # type: ignore[no-untyped-call]  # lark leaves it without types
    if {"TRUE", "BRACKETED"} <= accepted:
        return WiqlError("Expecting field name or expression.", cause)
    for terminal, message in _EXPECTATIONS:
        if terminal in accepted:
            return WiqlError(message, cause)
    return WiqlError("Expecting end of string.", cause)


_Node: TypeAlias = Tree[Token]


class _Reader:
    """Turns lark's tree into the parts of a query. It keeps the text to quote the piece that contains a condition."""

    def __init__(self, text: str) -> None:
        self._text = text

    def query(self, tree: _Node) -> Query:
        clauses = {child.data: child for child in _trees(tree)}
        order = tuple(self._sort(sort) for sort in _trees(clauses["order"])) if "order" in clauses else ()
        return Query(
            select=tuple(self._field(field) for field in _trees(clauses["select"])),
            links=_tokens(clauses["source"])[0].type == "WORKITEMLINKS",
            where=self._condition(_trees(clauses["where"])[0]) if "where" in clauses else None,
            order=order,
            as_of=self._constant(_trees(clauses["asof"])[0]) if "asof" in clauses else None,
            mode=_mode(_tokens(clauses["mode"])[-2]) if "mode" in clauses else None,
        )

    def _sort(self, tree: _Node) -> tuple[FieldName, bool]:
        descending = any(token.type == "DESC" for token in _tokens(tree))
        return self._field(_trees(tree)[0]), descending

    def _condition(self, tree: _Node) -> Condition:
        parts = _trees(tree)
        match tree.data:
            case "condition" | "all_of":
                join: Literal["and", "or"] = "or" if tree.data == "condition" else "and"
                return Combination(join, tuple(self._condition(part) for part in parts))
            case "parentheses":
                return self._condition(parts[0])
            case "negation":
                term = self._condition(parts[0])
                if isinstance(term, Comparison) and term.ever:
                    raise WiqlError("The Was Ever operator cannot be negated.", self._source(tree))
                return Negation(term)
            case "ever":
                comparison = self._comparison(parts[0])
                return replace(comparison, ever=True, text=self._source(tree))
        return self._comparison(tree)

    def _comparison(self, tree: _Node) -> Comparison:
        field, *operands = _trees(tree)
        negated = any(token.type == "NOT" for token in _tokens(tree))
        operator: Operator = "="
        match tree.data:
            case "compare":
                operator = _COMPARISONS[str(_tokens(tree)[0])]
            case "was_ever":
                operator = "="
            case _:
                operator = _WORD_OPERATORS[tree.data]
        values = tuple(self._operand(operand) for operand in operands)
        return Comparison(
            self._field(field), operator, values, negated, ever=tree.data == "was_ever", text=self._source(tree)
        )

    def _operand(self, tree: _Node) -> Operand:
        return self._field(tree) if tree.data == "field" else self._constant(tree)

    def _constant(self, tree: _Node) -> Constant | Macro:
        text, tokens = self._source(tree), _tokens(tree)
        match tree.data:
            case "string":
                return Constant(_unquote(tokens[0]), text)
            case "boolean":
                return Constant(tokens[0].type == "TRUE", text)
            case "macro":
                kinds = {token.type: str(token) for token in tokens}
                offset = int(kinds.get("SIGN", "+") + kinds["NUMBER"]) if "NUMBER" in kinds else 0
                argument = _unquote(kinds["STRING"]) if "STRING" in kinds else None
                return Macro(kinds["MACRO"].lower(), argument, offset, text)
        number = float("".join(tokens))
        return Constant(int(number) if number.is_integer() else number, text)

    def _field(self, tree: _Node) -> FieldName:
        names = [str(token).strip("[]").strip() for token in _tokens(tree) if token.type in {"BRACKETED", "NAME"}]
        prefix: Prefix = ""
        first, dot, rest = names[0].partition(".")
        for end in _ENDS:
            if first.lower() == end and (dot or len(names) > 1):
                prefix, names = end, [rest, *names[1:]] if dot else names[1:]
        return FieldName(".".join(names), prefix, self._source(tree))

    def _source(self, tree: _Node) -> str:
        return self._text[tree.meta.start_pos : tree.meta.end_pos]


_ENDS: tuple[Prefix, ...] = ("source", "target")
_COMPARISONS: dict[str, Operator] = {"=": "=", "<>": "<>", ">": ">", "<": "<", ">=": ">=", "<=": "<="}
_WORD_OPERATORS: dict[str, Operator] = {
    "among": "in",
    "group": "in group",
    "contains": "contains",
    "words": "contains words",
    "under": "under",
    "empty": "is empty",
}
_MODES: dict[str, Mode] = {
    "mustcontain": "mustcontain",
    "maycontain": "maycontain",
    "doesnotcontain": "doesnotcontain",
    "recursive": "recursive",
}


def _mode(token: Token) -> Mode:
    if mode := _MODES.get(token.lower()):
        return mode
    raise WiqlError("Expecting MustContain, MayContain, DoesNotContain or Recursive.", str(token))


def _unquote(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote)


def _trees(tree: _Node) -> list[_Node]:
    return [child for child in tree.children if isinstance(child, Tree)]


def _tokens(tree: _Node) -> list[Token]:
    return [child for child in tree.children if isinstance(child, Token)]
