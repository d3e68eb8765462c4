"""Counts: what is measured here is always how many of how many."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Count(NamedTuple):
    """How many of how many."""

    found: int
    of: int

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.found}/{self.of}"


def added(many: Iterable[Mapping[str, Count]]) -> dict[str, Count]:
    """The counts of several runs in one, by their names."""
    total: dict[str, Count] = {}
    for counts in many:
        for name, (found, of) in counts.items():
            before = total.get(name, Count(0, 0))
            total[name] = Count(before.found + found, before.of + of)
    return total
