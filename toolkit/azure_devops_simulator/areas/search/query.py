"""The query language of code search: words, phrases, wildcards, operators, parentheses, and filters like `ext:py`.

The operators are AND, OR, NOT, and NEAR, BEFORE, AFTER between two words of which one is at most five words away from
the other. A word matches whole words. Words are combined with AND unless OR stands between them. Case is ignored.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

_FILTERS = {"file", "path", "ext", "repo", "proj"}
_CODE_TYPES = {
    "arg", "basetype", "caller", "class", "classdecl", "classdef", "comment", "ctor", "decl", "def", "dtor", "enum",
    "extern", "field", "friend", "func", "funcdecl", "funcdef", "global", "header", "interface", "macro", "macrodef",
    "macroref", "method", "namespace", "prop", "ref", "strlit", "struct", "type", "typedef", "union",
}  # fmt: skip
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<open>\() | (?P<close>\)) |
        (?P<filter>[A-Za-z]+):(?:"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<bare>[^\s()"]+)) |
        "(?P<phrase>(?:\\.|[^"\\])*)" |
        (?P<word>[^\s()"]+)
    )""",
    re.VERBOSE,
)
_WORD = r"[A-Za-z0-9_]"
_GAPS = {"NEAR": (-5, 5), "BEFORE": (1, 5), "AFTER": (-5, -1)}
"""How many words the second may stand behind the first, by the operator between them."""


class QueryError(Exception):
    """A text that is no query. `leading_wildcard` tells that a word starts with `*` or `?`."""

    def __init__(self, message: str, *, leading_wildcard: bool = False) -> None:
        super().__init__(message)
        self.leading_wildcard = leading_wildcard


@dataclass(frozen=True)
class Document:
    """A file in the search index. `id` identifies its content."""

    project: str
    repository: str
    path: str
    id: str
    text: str

    @property
    def name(self) -> str:
        """The file name."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Term:
    """A word or phrase."""

    pattern: re.Pattern[str]

    def matches(self, document: Document) -> bool:
        """Return whether the file holds it, in its text or its name."""
        return self.pattern.search(document.text) is not None or self.pattern.search(document.name) is not None


@dataclass(frozen=True)
class Near:
    """Two words or phrases that stand close to each other, in any order or in the one that the operator names."""

    first: Term
    second: Term
    operator: str

    def matches(self, document: Document) -> bool:
        """Return whether they do so anywhere in a file."""
        starts = [found.start() for found in re.finditer(f"{_WORD}+", document.text)]

        def places(term: Term) -> list[int]:
            return [bisect.bisect_right(starts, m.start()) for m in term.pattern.finditer(document.text)]

        seconds = places(self.second)
        gaps = [there - here for here in places(self.first) for there in seconds]
        low, high = _GAPS[self.operator]
        return any(low <= gap <= high and gap for gap in gaps)


@dataclass(frozen=True)
class Filter:
    """A condition on the location of a file."""

    name: str
    pattern: re.Pattern[str]

    def matches(self, document: Document) -> bool:
        """Return whether the file is there."""
        match self.name:
            case "file":
                value = document.name
            case "path":
                value = document.path.strip("/")
            case "ext":
                value = document.name.rpartition(".")[2]
            case "repo":
                value = document.repository
            case _:
                value = document.project
        return self.pattern.match(value) is not None


@dataclass(frozen=True)
class Both:
    """Several conditions that must all hold."""

    parts: tuple[Node, ...]

    def matches(self, document: Document) -> bool:
        """Return whether all hold."""
        return all(part.matches(document) for part in self.parts)


@dataclass(frozen=True)
class Either:
    """Several conditions of which one must hold."""

    parts: tuple[Node, ...]

    def matches(self, document: Document) -> bool:
        """Return whether any holds."""
        return any(part.matches(document) for part in self.parts)


@dataclass(frozen=True)
class Not:
    """The opposite of a condition."""

    part: Node

    def matches(self, document: Document) -> bool:
        """Return whether it does not hold."""
        return not self.part.matches(document)


Node: TypeAlias = Term | Near | Filter | Both | Either | Not


@dataclass(frozen=True)
class Query:
    """A parsed query."""

    root: Node

    def matches(self, document: Document) -> bool:
        """Return whether a file is found."""
        return self.root.matches(document)

    def spans(self, document: Document) -> list[tuple[int, int]]:
        """Return offset and length in characters of the words found in the text, in order and without overlap."""
        found = sorted({m.span() for term in _terms(self.root) for m in term.pattern.finditer(document.text)})
        spans: list[tuple[int, int]] = []
        for start, end in found:
            if not spans or start >= sum(spans[-1]):
                spans.append((start, end - start))
        return spans

    def names(self, document: Document) -> bool:
        """Return whether the file's name contains one of the words."""
        return any(term.pattern.search(document.name) for term in _terms(self.root))


def _terms(node: Node) -> Iterator[Term]:
    """Return the words that are wanted (those under NOT are not)."""
    if isinstance(node, Term):
        yield node
    elif isinstance(node, Near):
        yield from (node.first, node.second)
    elif isinstance(node, Both | Either):
        for part in node.parts:
            yield from _terms(part)


def parse(text: str) -> Query:
    """Read a search text.

    Raises:
        QueryError: when it is empty, unbalanced, or starts a word with a wildcard.
    """
    tokens = _tokens(text)
    if not tokens:
        raise QueryError("The search text is empty.")
    parser = _Parser(tokens)
    root = parser.either()
    if parser.left():
        raise QueryError("The parentheses do not match.")
    return Query(root)


_Token: TypeAlias = tuple[str, str, str]
"""Kind (`open`, `close`, `operator`, `filter`, `phrase`, `word`), filter name, value."""


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            raise QueryError("A quotation mark is missing.")
        at = found.end()
        tokens.append(_token(found))
    return tokens


def _token(found: re.Match[str]) -> _Token:
    if found["open"] or found["close"]:
        return ("open" if found["open"] else "close", "", "")
    if found["filter"]:
        quoted = found["quoted"]
        value = _unescape(quoted) if quoted is not None else found["bare"]
        name = found["filter"].lower()
        if name in _FILTERS:
            return ("filter", name, value)
        # A code type restricts where a word may occur. The simulator does not parse languages and accepts any place.
        if name in _CODE_TYPES:
            return ("word" if quoted is None else "phrase", "", value)
        return ("phrase", "", f"{found['filter']}:{value}")
    if found["phrase"] is not None:
        return ("phrase", "", _unescape(found["phrase"]))
    word = found["word"]
    return ("operator" if word in {"AND", "OR", "NOT", *_GAPS} else "word", "", word)


def _unescape(text: str) -> str:
    return re.sub(r'\\([\\"])', r"\1", text)


class _Parser:
    """Reads tokens from left to right. OR binds less than AND, and AND less than NOT."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def left(self) -> bool:
        return self._at < len(self._tokens)

    def _next_is(self, kind: str, value: str = "") -> bool:
        return self.left() and self._tokens[self._at][0] == kind and value in {"", self._tokens[self._at][2]}

    def either(self) -> Node:
        parts = [self._both()]
        while self._next_is("operator", "OR"):
            self._at += 1
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Node:
        parts = [self._near()]
        while self.left() and not self._next_is("operator", "OR") and not self._next_is("close"):
            if self._next_is("operator", "AND"):
                self._at += 1
            parts.append(self._near())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _near(self) -> Node:
        first = self._single()
        if not any(self._next_is("operator", operator) for operator in _GAPS):
            return first
        operator = self._tokens[self._at][2]
        self._at += 1
        second = self._single()
        if not isinstance(first, Term) or not isinstance(second, Term):
            raise QueryError("A word must stand on both sides of the operator.")
        return Near(first, second, operator)

    def _single(self) -> Node:
        if not self.left():
            raise QueryError("A word is missing at the end.")
        kind, name, value = self._tokens[self._at]
        self._at += 1
        if kind == "open":
            inner = self.either()
            if not self._next_is("close"):
                raise QueryError("The parentheses do not match.")
            self._at += 1
            return inner
        if kind == "operator" and value == "NOT":
            return Not(self._single())
        if kind == "filter":
            return Filter(name, _place(name, value))
        if kind in {"word", "phrase"}:
            return Term(_text_pattern(value, wildcards=kind == "word"))
        raise QueryError("An operator stands where a word should be.")


def _wild(text: str, any_text: str) -> str:
    return "".join({"*": any_text + "*", "?": any_text}.get(character, re.escape(character)) for character in text)


def _text_pattern(text: str, *, wildcards: bool) -> re.Pattern[str]:
    """Return a word or phrase as a pattern: whole words only."""
    if wildcards and text[0] in "*?":
        raise QueryError("A word must not start with a wildcard.", leading_wildcard=True)
    body = _wild(text, _WORD) if wildcards else r"\s+".join(map(re.escape, text.split())) or re.escape(text)
    before = rf"(?<!{_WORD})" if re.match(_WORD, text) else ""
    after = rf"(?!{_WORD})" if re.search(rf"({_WORD}|[*?])$", text) else ""
    return re.compile(before + body + after, re.IGNORECASE)


def _place(name: str, value: str) -> re.Pattern[str]:
    """Return a filter value as a pattern: a path may be the start of one, everything else must be whole."""
    value = value.strip("/") if name == "path" else value.lstrip(".") if name == "ext" else value
    end = r"(/|$)" if name == "path" else "$"
    return re.compile(_wild(value, ".") + end, re.IGNORECASE)
