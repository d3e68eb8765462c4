"""The words of a search, and the same search as conditions of a query where the search service does not answer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from langchain_azure_devops.tools.work_items.wiql import condition

SEARCHED = ("System.Title", "System.Description", "Microsoft.VSTS.TCM.ReproSteps", "System.History")
"""The fields that a query looks into; the last one holds the comments."""
_TOKEN = re.compile(r'\s*(?:(?P<sign>[()])|"(?P<phrase>[^"]*)"|(?P<word>[^\s()"]+))')
_DISTANCES = frozenset({"NEAR", "BEFORE", "AFTER"})
_WORD = re.compile(r"\w[\w'-]*\*?|\w")
_FILTER = re.compile(r"[A-Za-z]+:.*")


class CannotTranslateError(Exception):
    """A query cannot say what a search text says; the message says why."""


@dataclass(frozen=True)
class Word:
    """A word, which may end in `*` for all words that begin so."""

    text: str


@dataclass(frozen=True)
class All:
    """Everything that must hold. `phrase` tells that these are the words of a phrase."""

    parts: tuple["Node", ...]
    phrase: bool = False


@dataclass(frozen=True)
class AnyOf:
    """Conditions of which one must hold."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Not:
    """The opposite of a condition."""

    part: "Node"


Node = Word | All | AnyOf | Not


def parse_words(text: str) -> Node:
    """Read a search text: words, phrases, AND, OR, NOT and parentheses. Words without an operator must all occur.

    Raises:
        CannotTranslateError: It has something that a query cannot express.
    """
    reader = _Reader(list(_split(text)))
    found = reader.read_any()
    if reader.left:
        raise CannotTranslateError("the parentheses do not match")
    return found


def list_words(node: Node) -> list[str]:
    """Return the words that are wanted; those under NOT are not."""
    if isinstance(node, Word):
        return [node.text]
    if isinstance(node, Not):
        return []
    return list(dict.fromkeys(word for part in node.parts for word in list_words(part)))


def has_phrase(node: Node) -> bool:
    """Return whether the words of a phrase are looked for one by one."""
    if isinstance(node, All | AnyOf):
        return (isinstance(node, All) and node.phrase) or any(has_phrase(part) for part in node.parts)
    return isinstance(node, Not) and has_phrase(node.part)


def make_condition(node: Node, *, negated: bool = False) -> str:
    """Return the condition of a query. A negation is moved to the words, where the query language takes it."""
    if isinstance(node, Not):
        return make_condition(node.part, negated=not negated)
    if isinstance(node, Word):
        operator = "NOT CONTAINS WORDS" if negated else "CONTAINS WORDS"
        tests = [f"[{field}] {condition(operator, node.text)}" for field in SEARCHED]
        return f"({(' AND ' if negated else ' OR ').join(tests)})"
    both = isinstance(node, All) != negated
    return f"({(' AND ' if both else ' OR ').join(make_condition(part, negated=negated) for part in node.parts)})"


def _split(text: str) -> Iterator[tuple[str, str]]:
    at, text = 0, text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise CannotTranslateError("a quotation mark is missing")
        at = found.end()
        if found["sign"]:
            yield found["sign"], ""
        elif found["phrase"] is not None:
            yield "phrase", found["phrase"]
        else:
            yield ("operator" if found["word"] in {"AND", "OR", "NOT", *_DISTANCES} else "word"), found["word"]


class _Reader:
    """Reads tokens from left to right. OR binds less than AND, and AND less than NOT."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.left = tokens

    def read_any(self) -> Node:
        parts = [self._read_all()]
        while self.left[:1] == [("operator", "OR")]:
            self.left.pop(0)
            parts.append(self._read_all())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _read_all(self) -> Node:
        parts = [self._read_one()]
        while self.left and self.left[0] not in {("operator", "OR"), (")", "")}:
            if self.left[0] == ("operator", "AND"):
                self.left.pop(0)
            parts.append(self._read_one())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _read_one(self) -> Node:
        if not self.left:
            raise CannotTranslateError("a word is missing")
        kind, text = self.left.pop(0)
        if kind == "(":
            inner = self.read_any()
            if self.left[:1] != [(")", "")]:
                raise CannotTranslateError("the parentheses do not match")
            self.left.pop(0)
            return inner
        if (kind, text) == ("operator", "NOT"):
            inner = self._read_one()
            if has_phrase(inner):
                raise CannotTranslateError("it cannot exclude a phrase")
            return Not(inner)
        if kind == "phrase":
            return All(tuple(_make_word(part) for part in text.split()), phrase=True) if text.split() else _fail(text)
        if kind == "word":
            return _make_word(text)
        raise CannotTranslateError(
            f"it has no operator {text}" if text in _DISTANCES else "an operator stands where a word should be"
        )


def _make_word(text: str) -> Word:
    if _FILTER.fullmatch(text):
        raise CannotTranslateError(f"it does not know the filter {text!r}: use the arguments for filters")
    plain = text.strip(".,;!") if text[0] not in "-+!" else text
    if not _WORD.fullmatch(plain):
        _fail(text)
    return Word(plain)


def _fail(text: str) -> Node:
    raise CannotTranslateError(f"it cannot look for {text!r}")
