"""Counts out of a total, which all metrics of the suite are."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Count(NamedTuple):
    """A count out of a total."""

    found: int
    of: int

    def __str__(self) -> str:
        """Return the usual notation, such as `3/4`."""
        return f"{self.found}/{self.of}"


def add_counts(many: Iterable[Mapping[str, Count]]) -> dict[str, Count]:
    """Add up the counts of several runs by their names."""
    total: dict[str, Count] = {}
    for counts in many:
        for name, (found, of) in counts.items():
            before = total.get(name, Count(0, 0))
            total[name] = Count(before.found + found, before.of + of)
    return total
