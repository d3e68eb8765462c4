"""Compiled conditions. Each tests one item, and finds all items that meet it, by an index of its field if it can."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeAlias

from azure_devops_simulator.areas.work_items.process.fields import FIELDS, LONG_TEXT, Field
from azure_devops_simulator.areas.work_items.values import Reader, reader
from azure_devops_simulator.state.work_items.indexes import FieldIndex, GroupIndex, SortedIndex, WordIndex
from azure_devops_simulator.state.work_items.records import FieldValue, Revision, WorkItem
from azure_devops_simulator.state.work_items.store import WorkItemStore

Predicate: TypeAlias = Callable[[WorkItem, Revision], bool]
Test: TypeAlias = Callable[[FieldValue | None], bool]

_INDEXED_COMPUTED = frozenset({"System.TeamProject", "System.Parent", "System.IsDeleted"})
"""The derived fields whose value changes only when their item is written."""

_TITLE = FIELDS["System.Title"]

_FEW = 8
"""An index that tests every value is used for more than one in this many items; else each item is tested."""


def index_of(store: WorkItemStore, field: Field) -> FieldIndex | None:
    """Return the index of a field with its current values, or None for a field that has none."""
    name = field.reference_name
    if (field.computed and name not in _INDEXED_COMPUTED) or (field.kind in LONG_TEXT and name != "System.Tags"):
        return None
    read = reader(store, field)
    if field is _TITLE:
        return store.indexes.use(SortedIndex, name, store.items, _lower(read))
    if field.kind == "dateTime":
        return store.indexes.use(SortedIndex, name, store.items, read)
    return store.indexes.use(GroupIndex, name, store.items, read)


def _lower(read: Reader) -> Reader:
    def lower(item: WorkItem, revision: Revision) -> FieldValue | None:
        value = read(item, revision)
        return None if value is None else str(value).lower()

    return lower


@dataclass(frozen=True)
class Words:
    """A test of a text: whether it has all these words, in any order. A word may end in `*` for what follows it."""

    words: tuple[str, ...]

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        ends = [(re.escape(word.rstrip("*")), "" if word.endswith("*") else r"(?!\w)") for word in self.words]
        return [re.compile(rf"(?<!\w){word}{end}") for word, end in ends]

    @cached_property
    def parts(self) -> list[str]:
        """The words of an index that a text must have. A word with a hyphen or an apostrophe is several for it."""
        return [part for word in self.words for part in re.findall(r"\w+\*?", word)]

    def __call__(self, value: FieldValue | None) -> bool:
        """Test a text."""
        found = str(value or "").lower()
        return bool(self.words) and all(pattern.search(found) for pattern in self._patterns)


@dataclass(frozen=True)
class Between:
    """A test of dates: whether one lies in an interval, whose end does not belong to it. No date lies in none."""

    intervals: tuple[tuple[datetime, datetime], ...]
    inside: bool = True

    def __call__(self, value: FieldValue | None) -> bool:
        """Test a date."""
        found = isinstance(value, datetime) and any(low <= value < high for low, high in self.intervals)
        return found == self.inside


class Filter(ABC):
    """A condition."""

    @property
    def cost(self) -> int:
        """The rank among the terms of a conjunction: the cheap ones come first and leave few items to the others."""
        return 3

    @abstractmethod
    def __call__(self, item: WorkItem, revision: Revision) -> bool:
        """Return whether a revision of an item meets the condition."""

    @abstractmethod
    def among(self, numbers: set[int], store: WorkItemStore) -> set[int]:
        """Return which of some items meet the condition now. The caller must not change the set."""


@dataclass(frozen=True)
class ItemFilter(Filter):
    """A condition that looks at the whole item: its comments, its history, or two of its fields."""

    matches: Predicate

    def __call__(self, item: WorkItem, revision: Revision) -> bool:
        """Test one revision."""
        return self.matches(item, revision)

    def among(self, numbers: set[int], store: WorkItemStore) -> set[int]:
        """Test each item."""
        items, matches = store.items, self.matches
        return {number for number in numbers if matches(item := items[number], item.revisions[-1])}


@dataclass(frozen=True)
class ValueFilter(Filter):
    """A condition on the value of one field."""

    field: Field
    read: Reader
    test: Test

    @property
    def cost(self) -> int:
        """The field decides it."""
        if self.field is _TITLE:
            return 1
        return 2 if self.field.kind in LONG_TEXT and self.field.reference_name != "System.Tags" else 0

    def __call__(self, item: WorkItem, revision: Revision) -> bool:
        """Test the value of one revision."""
        return self.test(self.read(item, revision))

    def among(self, numbers: set[int], store: WorkItemStore) -> set[int]:
        """Test each value of the index, or each item when there are few or the field has no index."""
        test = self.test
        if self.field is FIELDS["System.Id"]:
            return set(filter(test, numbers))
        if isinstance(test, Words) and test.parts and self.field is _TITLE:
            index = store.indexes.use(WordIndex, _TITLE.reference_name, store.items, _lower(self.read))
            return self._each(numbers & index.having(test.parts), store, certain=tuple(test.parts) == test.words)
        fields = index_of(store, self.field)
        if isinstance(fields, SortedIndex) and isinstance(test, Between):
            found = set[int]().union(*(fields.between(low, high) for low, high in test.intervals))
            return numbers & found if test.inside else numbers - found
        if fields is None or (isinstance(fields, SortedIndex) and len(numbers) * _FEW < len(store.items)):
            return self._each(numbers, store)
        return numbers & fields.matching(test)

    def _each(self, numbers: set[int], store: WorkItemStore, *, certain: bool = False) -> set[int]:
        if certain:
            return numbers
        items, test, read = store.items, self.test, self.read
        return {number for number in numbers if test(read(item := items[number], item.revisions[-1]))}


@dataclass(frozen=True)
class All(Filter):
    """Conditions that must all be met. Without any, every item meets them."""

    terms: tuple[Filter, ...]

    @property
    def cost(self) -> int:
        """That of the dearest term."""
        return max((term.cost for term in self.terms), default=0)

    def __call__(self, item: WorkItem, revision: Revision) -> bool:
        """Test one revision."""
        return all(term(item, revision) for term in self.terms)

    def among(self, numbers: set[int], store: WorkItemStore) -> set[int]:
        """Let each term look among what the terms before it have left."""
        for term in sorted(self.terms, key=lambda term: term.cost):
            if not numbers:
                break
            numbers = term.among(numbers, store)
        return numbers


@dataclass(frozen=True)
class AnyOf(Filter):
    """Conditions of which one must be met."""

    terms: tuple[Filter, ...]

    @property
    def cost(self) -> int:
        """That of the dearest term."""
        return max(term.cost for term in self.terms)

    def __call__(self, item: WorkItem, revision: Revision) -> bool:
        """Test one revision."""
        return any(term(item, revision) for term in self.terms)

    def among(self, numbers: set[int], store: WorkItemStore) -> set[int]:
        """Unite what the terms find."""
        return set[int]().union(*(term.among(numbers, store) for term in self.terms))


@dataclass(frozen=True)
class Not(Filter):
    """A condition that must not be met."""

    term: Filter

    @property
    def cost(self) -> int:
        """That of the term."""
        return self.term.cost

    def __call__(self, item: WorkItem, revision: Revision) -> bool:
        """Test one revision."""
        return not self.term(item, revision)

    def among(self, numbers: set[int], store: WorkItemStore) -> set[int]:
        """Leave out what the term finds."""
        return numbers - self.term.among(numbers, store)
