"""The difference between two worlds, value by value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from azure_devops_simulator.state.values import JsonObject, JsonValue

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_BOOKKEEPING = ("counters", "clock", "latest_change")

Plain = None | bool | int | float | str


class Change(NamedTuple):
    """A value before and after. None means that there was no value."""

    before: Plain
    after: Plain


def difference(before: JsonObject, after: JsonObject, *, times: bool = False) -> dict[str, Change]:
    """Return every value that differs between two worlds by its path, for example `work_items/7/comments/2/text`.

    Rows of a list appear under their `id` if they have one, else under their index from 0. Null counts as no value.

    Args:
        before: a world of `export_world`.
        after: another world, usually of the same organization at a later time.
        times: whether to compare dates, counters and the clock too. Revisions and pushes usually tell enough.
    """
    old, new = (dict(_leaves(world, times=times)) for world in (before, after))
    paths = {**old, **new}
    return {path: Change(old.get(path), new.get(path)) for path in paths if old.get(path) != new.get(path)}


def _leaves(world: JsonObject, *, times: bool) -> Iterator[tuple[str, Plain]]:
    for name, value in world.items():
        if times or name not in _BOOKKEEPING:
            yield from _below(name, value, times)


def _below(path: str, value: JsonValue, times: bool) -> Iterator[tuple[str, Plain]]:
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from _below(f"{path}/{name}", below, times)
    elif isinstance(value, list):
        for place, row in enumerate(value):
            own = row.get("id", place) if isinstance(row, Mapping) else place
            yield from _below(f"{path}/{own}", row, times)
    elif isinstance(value, (bool, int, float, str)) and (times or not _TIME.fullmatch(str(value))):
        yield path, value
