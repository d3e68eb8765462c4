"""The text of a search as an expression: words and phrases with AND, OR, NOT and parentheses."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")

_TOKEN = re.compile(r'"[^"]+"|[()]|[^\s()"]+')
_BINDING = {"NOT": 3, "AND": 2, "OR": 1}
"""How strongly the operators bind. Words side by side are joined by AND."""


class _Step(NamedTuple):
    """A word, or an operator behind what it joins."""

    operator: str
    word: str = ""


class Expression:
    """What a page has to contain.

    Attributes:
        words: The words and phrases that are looked for, without those behind NOT.
        fits: Whether its operators fit together; one that does not fit asks for all of its words.
    """

    def __init__(self, text: str) -> None:
        """Read the text of a search."""
        parts = [part for part in _TOKEN.findall(text) if part in {"(", ")"} or _clean(part)]
        try:
            self._steps, self.fits = _order(parts), True
        except ValueError:
            words = [_Step("", _clean(part)) for part in parts if part not in {"(", ")", *_BINDING}]
            self._steps, self.fits = [*words, *[_Step("AND")] * (len(words) - 1)], False
        self.words: list[str] = []
        if self._steps:
            self.words = self._evaluate(lambda word: [word], lambda _: [], list.__add__, list.__add__)

    def matches(self, contains: Callable[[str], bool]) -> bool:
        """Return whether a page matches.

        Args:
            contains: Tells whether the page has a word or phrase.
        """
        return self._evaluate(contains, lambda it: not it, lambda a, b: a and b, lambda a, b: a or b)

    def _evaluate(
        self,
        leaf: Callable[[str], T],
        negate: Callable[[T], T],
        both: Callable[[T, T], T],
        either: Callable[[T, T], T],
    ) -> T:
        stack: list[T] = []
        for step in self._steps:
            if not step.operator:
                stack.append(leaf(step.word))
            elif step.operator == "NOT":
                stack.append(negate(stack.pop()))
            else:
                last = stack.pop()
                stack.append((both if step.operator == "AND" else either)(stack.pop(), last))
        return stack.pop()


def _clean(part: str) -> str:
    return part.strip('"').rstrip("*").strip()


def _order(parts: Sequence[str]) -> list[_Step]:
    """Put each operator behind what it joins, so that parentheses are no longer needed.

    Raises:
        ValueError: The operators and parentheses do not fit together.
    """
    ordered: list[_Step] = []
    waiting: list[str] = []

    def release(binding: int) -> None:
        while waiting and _BINDING.get(waiting[-1], 0) >= binding:
            ordered.append(_Step(waiting.pop()))

    complete = False
    for part in parts:
        if complete and part not in {"AND", "OR", ")"}:
            release(_BINDING["AND"])
            waiting.append("AND")
            complete = False
        if complete != (part in {"AND", "OR", ")"}):
            raise ValueError(part)
        if part == ")":
            release(1)
            if not waiting:
                raise ValueError(part)
            waiting.pop()
        elif part in {"AND", "OR"}:
            release(_BINDING[part])
            waiting.append(part)
        elif part in {"(", "NOT"}:
            waiting.append(part)
        else:
            ordered.append(_Step("", _clean(part)))
        complete = part not in {"(", *_BINDING}
    release(1)
    if waiting or not complete:
        raise ValueError("an operator or parenthesis is open")
    return ordered
