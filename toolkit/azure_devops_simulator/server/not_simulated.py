"""Name operations that the simulator lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

HEADER = "X-Simulator-Not-Simulated"
"""The header of every answer about something that is not simulated."""

_MARKER = re.compile(r"_\w+", re.ASCII)
_PLACES = ("{project}", "{team}")
_LONGEST = 60


class Published:
    """The operations of the service, by which requests for others than the simulated ones get names without ids.

    Args:
        operations: each as its method and the shape of its path, such as `GET _apis/wiki/wikis/*`.
    """

    def __init__(self, operations: Iterable[str]) -> None:
        self._operations = frozenset(operations)
        self._shapes: dict[int, set[tuple[str, ...]]] = {}
        for operation in self._operations:
            shape = tuple(operation.partition(" ")[2].split("/"))
            self._shapes.setdefault(len(shape), set()).add(shape)
        self._words = {word for shapes in self._shapes.values() for shape in shapes for word in shape}

    def has(self, method: str, segments: Sequence[str]) -> bool:
        """Return whether the service has an operation with this method at a path."""
        path = segments[_marker(segments) or 0 :]
        return any(f"{method} {'/'.join(shape)}" in self._operations for shape in self._fitting(path))

    def name(self, method: str, segments: Sequence[str]) -> str:
        """Return a name for a request, such as `GET {project}/_apis/wiki/wikis/*` or `the web pages below _wiki`."""
        at = _marker(segments)
        kind = "" if at is None else segments[at].lower()
        if method == "GET" and kind not in {"_apis", "_git"}:
            return (
                f"the web pages below {segments[at][:_LONGEST]}" if at is not None else "the web pages of the service"
            )
        if at is None:
            return f"{method} of the web pages of the service"
        path = segments[at:]
        fitting = sorted(self._fitting(path), key=lambda shape: shape.count("*"))
        start = 3 if kind == "_apis" else 1
        unknown = (*path[:start], *(word if word.lower() in self._words else "*" for word in path[start:]))
        shape = fitting[0] if fitting else unknown
        return f"{method} " + "/".join(quote(word[:_LONGEST], safe="{}*$,:@") for word in (*_PLACES[:at], *shape))

    def _fitting(self, path: Sequence[str]) -> list[tuple[str, ...]]:
        words = [word.lower() for word in path]
        shapes = self._shapes.get(len(words), set())
        return [shape for shape in shapes if all(own in {"*", word} for own, word in zip(shape, words, strict=True))]


def _marker(segments: Sequence[str]) -> int | None:
    """Return where the part of a path begins that says what is asked for."""
    return next((place for place, segment in enumerate(segments) if _MARKER.fullmatch(segment)), None)
