"""Find a quote in the evidence that a statement cites.

Models copy a quote with another form of the same text: pipes for tabs, Markdown around it, typographic quotation marks,
line numbers in front, an ellipsis for what they leave out. The search ignores these differences and nothing else. A
statement about two results quotes a passage of each: passages that would each count alone may stand in different
evidence, and in any order. The time grows linearly with the evidence, whatever the quote is.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from azure_devops_agents.evidence.lines import NUMBERED, is_fence, number_lines

SHORTEST = 8
"""A shorter quote counts only when it is a whole line, a whole cell of a row, or the whole value of a field."""
NEAR = 8_000
"""Characters that an ellipsis may stand for, such as the rows between two rows of a long list."""
_MOST_PARTS = 12
_SHORTEST_PART = 2
_SHORTEST_WORD = 4
"""A shorter passage between ellipses counts only as a whole line, cell or value."""
_FEWEST_PASSAGES = 2

_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("`*\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
        "\u2026": "...",
        "|": " ",
    }
)
_ELLIPSIS = re.compile(r"[\[(]?\.{3,}[\])]?")
_RULE_OF_TABLE = re.compile(r"[\s|:-]*\|[\s|:-]*")
_FIELD = re.compile(r"\s*[\w ]{1,60}: ")
_ENDS_HEXADECIMAL = re.compile(r"[0-9a-f]{7,64}$")


@dataclass(frozen=True)
class Found:
    """The place of a quote.

    Attributes:
        evidence_id: The evidence that holds it, or its first passage.
        line: The number of its first line in the file or log; None when the evidence is neither.
        text: The whole lines that hold it, in all evidence.
        places: The indices of these lines in the text of this evidence, from 0.
        beside: The lines of other evidence that hold its other passages.
    """

    evidence_id: str
    line: int | None
    text: str
    places: tuple[int, ...]
    beside: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def everywhere(self) -> dict[str, tuple[int, ...]]:
        """The indices of the lines by the evidence that holds them."""
        return {self.evidence_id: self.places, **self.beside}


class QuoteFinder:
    """Finds quotes in evidence. Each text is prepared once."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Take the texts by the id of their evidence."""
        self._texts = texts
        self._prepared: dict[str, _Source] = {}

    def find(self, quote: str, cited: Iterable[str]) -> Found | None:
        """Return the place of a quote in the cited evidence; None when no evidence holds it.

        The first evidence that holds all of it counts, and otherwise all that hold a passage of it.
        """
        forms = list(_forms(quote))
        sources = {name: self._prepare(name) for name in cited if name in self._texts}
        for name, source in sources.items():
            for form in forms:
                if places := source.find(form):
                    return _found({name: places}, sources)
        for form in forms:
            if places_by_name := _find_passages(form, sources):
                return _found(places_by_name, sources)
        return None

    def find_in_each(self, quote: str, cited: Iterable[str]) -> dict[str, tuple[int, ...]]:
        """Return the lines of all cited evidence that holds a quote, or the passages of one that no evidence holds."""
        names = list(cited)
        whole = [found for name in names if (found := self.find(quote, [name]))]
        found = None if whole else self.find(quote, names)
        return {one.evidence_id: one.places for one in whole} or (found.everywhere if found else {})

    def _prepare(self, name: str) -> "_Source":
        if name not in self._prepared:
            self._prepared[name] = _Source(self._texts[name])
        return self._prepared[name]


def _found(places: Mapping[str, tuple[int, ...]], sources: Mapping[str, "_Source"]) -> Found:
    (first, lines), *others = places.items()
    text = "\n".join(sources[name].lines[place] for name, held in places.items() for place in held)
    return Found(first, sources[first].numbers.get(lines[0]), text, lines, dict(others))


def _find_passages(form: "_Form", sources: Mapping[str, "_Source"]) -> dict[str, tuple[int, ...]]:
    """Return where each passage of a quote stands; nothing unless each is found and long enough to count alone.

    A passage that is quoted again stands for another piece of evidence that says the same. Short cells alone, such as
    "failed" and "35", say something only in their order.
    """
    if form.numbers or len(form.parts) < _FEWEST_PASSAGES or max(map(len, form.parts)) < SHORTEST:
        return {}
    places: dict[str, set[int]] = {}
    for number, part in enumerate(form.parts):
        holding = {name: held for name, source in sources.items() if (held := source.find(_Form((part,))))}
        if not holding:
            return {}
        name = [*holding][min(form.parts[:number].count(part), len(holding) - 1)]
        places.setdefault(name, set()).update(holding[name])
    return {name: tuple(sorted(held)) for name, held in places.items()}


@dataclass(frozen=True)
class _Form:
    """One way to read a quote: its parts between ellipses, and the line numbers that were taken off."""

    parts: tuple[str, ...]
    numbers: frozenset[int] = frozenset()

    @property
    def length(self) -> int:
        return sum(map(len, self.parts))


def _forms(quote: str) -> Iterator[_Form]:
    """Yield the readings of a quote, the literal one first."""
    seen = set()
    bare = quote.strip().strip("\"'_\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb ")
    for text in (quote, bare, bare.replace("\\t", " ").replace("\\n", "\n")):
        lines = text.split("\n")
        stripped = [NUMBERED.match(line) for line in lines]
        numbers = frozenset(int(match[1]) for match in stripped if match)
        bodies = [line[match.end() :] if match else line for line, match in zip(lines, stripped, strict=True)]
        for kept, taken in ((lines, frozenset[int]()), (bodies, numbers)):
            whole = " ".join(filter(None, map(_canonical, kept)))
            parts = tuple(part for piece in _ELLIPSIS.split(whole) if (part := piece.strip()))
            for form in (_Form((whole,), taken), _Form(parts, taken)):
                usable = 0 < len(form.parts) <= _MOST_PARTS and all(len(part) >= _SHORTEST_PART for part in form.parts)
                if (usable or len(form.parts) == 1) and form.length and form not in seen:
                    seen.add(form)
                    yield form


def _canonical(line: str) -> str:
    if _RULE_OF_TABLE.fullmatch(line) or is_fence(line.strip()):
        return ""
    return " ".join(line.translate(_PLAIN).split())


class _Source:
    """One text of evidence, prepared for searches."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self._whole = _Searched(enumerate(self.lines))

    @cached_property
    def numbers(self) -> dict[int, int]:
        """The numbers of the lines in the file or log."""
        return number_lines(self.lines)

    @cached_property
    def _bare(self) -> "_Searched":
        """The text without the line numbers in front of its lines."""
        matches = ((index, line, NUMBERED.match(line)) for index, line in enumerate(self.lines))
        return _Searched((index, line[match.end() :] if match else line) for index, line, match in matches)

    @cached_property
    def _units(self) -> dict[str, int]:
        """Every whole line, cell and value of a field, with the index of its first line."""
        found: dict[str, int] = {}
        for index, line in enumerate(self.lines):
            field = _FIELD.match(line)
            for part in (line, *line.split("\t"), *([line[field.end() :]] if field else [])):
                found.setdefault(_canonical(part), index)
        return found

    def find(self, form: _Form) -> tuple[int, ...]:
        """Return the indices of the lines that hold a quote."""
        if form.length < SHORTEST:
            index = self._units.get(form.parts[0]) if len(form.parts) == 1 else None
            return () if index is None or not self._agrees((index,), form.numbers) else (index,)
        if len(form.parts) > 1 and any(len(part) < _SHORTEST_WORD and part not in self._units for part in form.parts):
            return ()  # "es ... es ... es" stands in every text.
        for searched in (self._whole, self._bare):
            places = searched.find(form.parts)
            if places and self._agrees(places, form.numbers):
                return places
        return ()

    def _agrees(self, places: tuple[int, ...], numbers: frozenset[int]) -> bool:
        """Return whether the numbers in front of a quote's lines are those of the lines that were found.

        A number at the beginning of a row may be an id instead: it must be the same then.
        """
        known = {self.numbers.get(place, place + 1) for place in places} | {place + 1 for place in places}
        for place in places:
            if match := NUMBERED.match(self.lines[place]):
                known.add(int(match[1]))
        return numbers <= known


class _Searched:
    """Lines joined to one canonical text, in which a position leads back to its line."""

    def __init__(self, lines: Iterable[tuple[int, str]]) -> None:
        kept: list[str] = []
        self._starts: list[int] = []
        self._indices: list[int] = []
        position = 0
        for index, line in lines:
            if canonical := _canonical(line):
                kept.append(canonical)
                self._starts.append(position)
                self._indices.append(index)
                position += len(canonical) + 1
        self._text = " ".join(kept)

    def find(self, parts: tuple[str, ...]) -> tuple[int, ...]:
        """Return the indices of the lines that hold the parts in this order, each near the one before it."""
        after: dict[int, tuple[int, ...]] = {}
        starts: list[int] = []
        for part in reversed(parts):
            chains: dict[int, tuple[int, ...]] = {}
            for start in self._occurrences(part):
                rest: tuple[int, ...] = ()
                if after:
                    following = bisect_right(starts, start + len(part) - 1)
                    if following == len(starts) or starts[following] > start + len(part) + NEAR:
                        continue
                    rest = after[starts[following]]
                chains[start] = (start, start + len(part) - 1, *rest)
            if not chains:
                return ()
            after, starts = chains, list(chains)
        chain = after[starts[0]]
        pairs = zip(chain[::2], chain[1::2], strict=True)
        rows = {row for first, last in pairs for row in range(self._row(first), self._row(last) + 1)}
        return tuple(self._indices[row] for row in sorted(rows))

    def _occurrences(self, part: str) -> Iterator[int]:
        start = self._text.find(part)
        while start >= 0:
            if self._is_whole(part, start, start + len(part)):
                yield start
            start = self._text.find(part, start + len(part))

    def _is_whole(self, part: str, start: int, end: int) -> bool:
        """Return whether no number goes on beyond the quote; only a long hash may be cut off."""
        if part[0].isdigit() and start and self._text[start - 1].isdigit():
            return False
        goes_on = part[-1].isdigit() and end < len(self._text) and self._text[end].isdigit()
        return not goes_on or _ENDS_HEXADECIMAL.search(part, max(0, len(part) - 64)) is not None

    def _row(self, position: int) -> int:
        return bisect_right(self._starts, position) - 1
