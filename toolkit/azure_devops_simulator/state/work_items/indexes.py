"""Indexes of work items: which items have which value in a field now. Queries look here instead of at every item."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import compress, groupby
from typing import Any, TypeAlias, TypeVar

from azure_devops_simulator.state.work_items.records import FieldValue, Revision, WorkItem

Read: TypeAlias = Callable[[WorkItem, Revision], FieldValue | None]
Test: TypeAlias = Callable[[FieldValue | None], bool]
SortValue: TypeAlias = Callable[[FieldValue | None], Any]

_WORD = re.compile(r"\w+")

_REBUILD_FROM = 0.1
"""The share of changed items from which building an index anew costs less than changing it."""


class Index(ABC):
    """The items by the value of one field. It is built when a query first needs it, and catches up when it is used.

    Args:
        read: returns the value of a revision.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._values: dict[int, FieldValue | None] = {}
        self.outdated: set[int] | None = None
        """The items that were written since the index was used; None before the first use."""

    def catch_up(self, items: Mapping[int, WorkItem]) -> None:
        """Read the items again that were written."""
        written = self.outdated
        if written is None or len(written) > _REBUILD_FROM * len(items) or not self._replace(written, items):
            self._values = {number: self._read(item, item.revisions[-1]) for number, item in items.items()}
            self._build(self._values)
        self.outdated = set()

    def is_current(self, items: Mapping[int, WorkItem]) -> bool:
        """Return whether it holds every item as it is now."""
        return self.outdated is not None and not self.outdated and len(self._values) == len(items)

    def _replace(self, numbers: Iterable[int], items: Mapping[int, WorkItem]) -> bool:
        """Read some items again. Return whether the index then holds all items."""
        for number in numbers:
            if number in self._values:
                self._remove(number, self._values.pop(number))
            if item := items.get(number):
                value = self._values[number] = self._read(item, item.revisions[-1])
                self._add(number, value)
        return len(self._values) == len(items)

    @abstractmethod
    def _build(self, values: Mapping[int, FieldValue | None]) -> None: ...

    @abstractmethod
    def _add(self, number: int, value: FieldValue | None) -> None: ...

    @abstractmethod
    def _remove(self, number: int, value: FieldValue | None) -> None: ...


class FieldIndex(Index):
    """An index that answers tests of whole values and that knows their order."""

    @abstractmethod
    def matching(self, test: Test) -> set[int]:
        """Return the items whose value passes a test. The caller must not change the set."""

    @abstractmethod
    def runs(self, sort_value: SortValue, *, descending: bool) -> Iterator[set[int]]:
        """Yield sets of items with equal values, in order of the values."""


class GroupIndex(FieldIndex):
    """An index of a field that many items share a value of: a test costs as much as there are different values."""

    def matching(self, test: Test) -> set[int]:
        """Return the items whose value passes a test."""
        found = [numbers for value, numbers in self._groups.items() if test(value)]
        return found[0] if len(found) == 1 else set().union(*found)

    def runs(self, sort_value: SortValue, *, descending: bool) -> Iterator[set[int]]:
        """Yield sets of items with equal values, in order of the values."""
        ordered = sorted(((sort_value(value), value) for value in self._groups), key=_first, reverse=descending)
        for _, equal in groupby(ordered, key=_first):
            yield set().union(*(self._groups[value] for _, value in equal))

    def _build(self, values: Mapping[int, FieldValue | None]) -> None:
        self._groups: dict[FieldValue | None, set[int]] = {}
        for number, value in values.items():
            self._add(number, value)

    def _add(self, number: int, value: FieldValue | None) -> None:
        group = self._groups.get(value)
        if group is None:
            self._groups[value] = {number}
        else:
            group.add(number)

    def _remove(self, number: int, value: FieldValue | None) -> None:
        group = self._groups[value]
        group.discard(number)
        if not group:
            del self._groups[value]


class SortedIndex(FieldIndex):
    """An index of a field that nearly every item has a value of its own in, such as a date or the title.

    The values are compared as they are, so `read` must return texts in lower case.
    """

    def matching(self, test: Test) -> set[int]:
        """Return the items whose value passes a test."""
        found = set(compress(self._numbers, map(test, self._sorted)))
        return found | self._blank if test(None) else found

    def between(self, low: FieldValue, high: FieldValue) -> Iterable[int]:
        """Return the items with a value from `low` on and below `high`."""
        return self._numbers[bisect_left(self._sorted, low) : bisect_left(self._sorted, high)]

    def runs(self, sort_value: SortValue, *, descending: bool) -> Iterator[set[int]]:
        """Yield sets of items with equal values. The order is that of the values, whatever `sort_value` is."""
        del sort_value
        if self._blank and not descending:
            yield self._blank
        at = len(self._sorted) if descending else 0
        while at > 0 if descending else at < len(self._sorted):
            if descending:
                first, last = bisect_left(self._sorted, self._sorted[at - 1], hi=at), at
            else:
                first, last = at, bisect_right(self._sorted, self._sorted[at], lo=at)
            yield set(self._numbers[first:last])
            at = first if descending else last
        if self._blank and descending:
            yield self._blank

    def _build(self, values: Mapping[int, FieldValue | None]) -> None:
        self._blank = {number for number, value in values.items() if value is None}
        known: list[tuple[Any, int]] = sorted((value, number) for number, value in values.items() if value is not None)
        self._sorted: list[Any] = [value for value, _ in known]
        self._numbers = [number for _, number in known]

    def _add(self, number: int, value: FieldValue | None) -> None:
        if value is None:
            self._blank.add(number)
            return
        at = bisect_right(self._sorted, value)
        self._sorted.insert(at, value)
        self._numbers.insert(at, number)

    def _remove(self, number: int, value: FieldValue | None) -> None:
        if value is None:
            self._blank.discard(number)
            return
        at = self._numbers.index(number, bisect_left(self._sorted, value), bisect_right(self._sorted, value))
        del self._sorted[at], self._numbers[at]


def _first(pair: tuple[Any, FieldValue | None]) -> Any:
    return pair[0]


class WordIndex(Index):
    """An index of the words in a short text. Texts are compared in lower case, so `read` must return them so."""

    def having(self, words: Iterable[str]) -> set[int]:
        """Return the items whose text has all these words. A word that ends in `*` stands for all that begin with it.

        The caller must not change the set.
        """
        found: set[int] | None = None
        for word in words:
            if word.endswith("*"):
                start = word[:-1]
                having = set[int]().union(*(held for known, held in self._words.items() if known.startswith(start)))
            else:
                having = self._words.get(word, set())
            found = having if found is None else found & having
        return found or set()

    def _build(self, values: Mapping[int, FieldValue | None]) -> None:
        self._words: dict[str, set[int]] = {}
        for number, value in values.items():
            self._add(number, value)

    def _add(self, number: int, value: FieldValue | None) -> None:
        for word in set(_WORD.findall(str(value or ""))):
            self._words.setdefault(word, set()).add(number)

    def _remove(self, number: int, value: FieldValue | None) -> None:
        for word in set(_WORD.findall(str(value or ""))):
            self._words[word].discard(number)


AnyIndex = TypeVar("AnyIndex", bound=Index)


class Indexes:
    """The indexes of a store by the name of the field. Copies of an organization begin without any."""

    def __init__(self) -> None:
        self._known: dict[tuple[type[Index], str], Index] = {}

    def use(self, kind: type[AnyIndex], name: str, items: Mapping[int, WorkItem], read: Read) -> AnyIndex:
        """Return the index of one kind of a field with the current values. `read` reads them."""
        index = self._known.get((kind, name))
        if not isinstance(index, kind):
            index = self._known[kind, name] = kind(read)
        if not index.is_current(items):
            index.catch_up(items)
        return index

    def touch(self, number: int) -> None:
        """Note that an item was written, added or removed."""
        for index in self._known.values():
            if index.outdated is not None:
                index.outdated.add(number)

    def __getstate__(self) -> dict[str, object]:
        return {"_known": {}}
