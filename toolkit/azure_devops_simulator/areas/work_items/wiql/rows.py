"""The items that a query sees, now or as of a time, and the order of its result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from azure_devops_simulator.areas.work_items.process.fields import FIELDS
from azure_devops_simulator.areas.work_items.values import reader
from azure_devops_simulator.areas.work_items.wiql.conditions import SortKey
from azure_devops_simulator.areas.work_items.wiql.filters import Filter, index_of
from azure_devops_simulator.areas.work_items.wiql.macros import Context
from azure_devops_simulator.state.work_items.indexes import SortedIndex
from azure_devops_simulator.state.work_items.records import FOREVER, Revision, WorkItem

_IS_DELETED, _PROJECT = FIELDS["System.IsDeleted"], FIELDS["System.TeamProject"]


@dataclass(frozen=True)
class Row:
    """An item in the revision that the query sees."""

    item: WorkItem
    revision: Revision


class Rows:
    """The items that a query may see, each in its revision, and the order of the result.

    Indexes know the newest revisions. Only the items that were changed after the time of the query are looked at one
    by one, in the revision of that time.
    """

    def __init__(self, context: Context, at: datetime | None, keys: list[SortKey]) -> None:
        self.at = at
        self._keys = keys
        self._store = context.organization.work_items
        everywhere = set(context.organization.projects)
        self._hidden = everywhere - {project.id for project in context.organization.visible_projects(context.user)}
        self._is_deleted = reader(self._store, _IS_DELETED)
        self._later: set[int] = set()
        changed = index_of(self._store, FIELDS["System.ChangedDate"])
        if at is not None and isinstance(changed, SortedIndex):
            self._later = set(changed.between(at + timedelta.resolution, FOREVER))

    def row(self, number: int, *, deleted: bool) -> Row | None:
        """Return an item if the query may see it. Deleted items are seen only by a query that asks for them."""
        item = self._store.items.get(number)
        if item is None or item.project.id in self._hidden:
            return None
        revision = item.revision if self.at is None else item.revision_at(self.at)
        if revision is None or (not deleted and self._is_deleted(item, revision)):
            return None
        return Row(item, revision)

    def matching(self, condition: Filter, *, deleted: bool) -> set[int]:
        """Return the items that meet a condition."""
        found = condition.among(self._visible(deleted=deleted), self._store)
        rows = (self.row(number, deleted=deleted) for number in self._later)
        return found | {row.item.id for row in rows if row and condition(row.item, row.revision)}

    def _visible(self, *, deleted: bool) -> set[int]:
        """Return the items that the query may see in their newest revision."""
        index = index_of(self._store, _IS_DELETED)
        found = index.matching(lambda value: deleted or not value) if index else set(self._store.items)
        if self._hidden:
            found = {number for number in found if self._store.items[number].project.id not in self._hidden}
        return found - self._later if self._later else found

    def first(self, numbers: set[int], limit: int) -> list[int]:
        """Return the first items in the order of the ORDER BY clause, and by id where it does not decide."""
        return self._first(numbers, self._keys, limit)

    def sorted(self, numbers: Iterable[int]) -> list[Row]:
        """Return the rows of items in the same order."""
        rows = (self.row(number, deleted=True) for number in self._all(set(numbers), self._keys))
        return [row for row in rows if row]

    def links(self, row: Row) -> list[tuple[str, int]]:
        """Return the links of an item to other items: (relation, target)."""
        return [(r.rel, r.target) for r in row.item.relations(self.at) if isinstance(r.target, int)]

    def _first(self, numbers: set[int], keys: list[SortKey], limit: int) -> list[int]:
        """Return the first items. When many more were found, walk through the index of the first key instead."""
        later = numbers & self._later
        index = index_of(self._store, keys[0].field) if keys else None
        if len(numbers) <= 2 * limit or index is None or len(later) > limit:
            return self._all(numbers, keys)[:limit]
        found: list[int] = []
        for run in index.runs(keys[0].rank, descending=keys[0].descending):
            if len(found) == limit:
                break
            if hits := (run & numbers) - later:
                found += self._first(hits, keys[1:], limit - len(found))
        return self._all(later.union(found), keys)[:limit] if later else found

    def _all(self, numbers: Iterable[int], keys: list[SortKey]) -> list[int]:
        items, found = self._store.items, sorted(numbers)
        for key in reversed(keys):
            values = {number: key.value(item := items[number], item.revisions[-1]) for number in found}
            for number in self._later.intersection(found):
                if row := self.row(number, deleted=True):
                    values[number] = key.value(row.item, row.revision)
            found.sort(key=values.__getitem__, reverse=key.descending)
        return found
