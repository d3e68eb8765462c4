"""JSON values, dates and ids as the service writes them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5

JsonValue = None | bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"]
JsonObject = dict[str, JsonValue]

_NAMESPACE = UUID("6d1c2f0e-54a7-5c8e-9f0a-7c1de2a70b11")


def check_word(name: str, given: object, known: Collection[str]) -> None:
    """Accept only one of several words.

    Raises:
        ValueError: it is another one; the message names the known words and the nearest one.
    """
    if not isinstance(given, str) or given not in known:
        near = difflib.get_close_matches(str(given).lower(), {word.lower(): word for word in known}, n=1)
        hint = "".join(f"; did you mean {word!r}?" for word in known if word.lower() in near)
        raise ValueError(f"{name} {given!r} is not one of {', '.join(known)}{hint}")


def guid(path: str) -> str:
    """Return the guid that belongs to a path such as `project/Platform`. It is the same in every run."""
    return str(uuid5(_NAMESPACE, path))


LATER = {"later": True}
"""The metadata of a field that a world leaves out while it has its default, so that older worlds stay the same."""


def timestamp(when: datetime) -> str:
    """Write a date as the service does: UTC, ISO 8601, ending in `Z`, with fractional digits only if there are any."""
    text = (when if when.tzinfo is UTC else when.astimezone(UTC)).isoformat()[:19]
    fraction = f".{when.microsecond:06d}".rstrip("0") if when.microsecond else ""
    return f"{text}{fraction}Z"
