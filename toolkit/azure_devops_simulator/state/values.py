"""JSON values, dates and ids as the service writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5

JsonValue = None | bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"]
JsonObject = dict[str, JsonValue]

_NAMESPACE = UUID("6d1c2f0e-54a7-5c8e-9f0a-7c1de2a70b11")


def guid(path: str) -> str:
    """Return the guid that belongs to a path such as `project/Platform`. It is the same in every run."""
    return str(uuid5(_NAMESPACE, path))


def timestamp(when: datetime) -> str:
    """Write a date as the service does: UTC, ISO 8601, ending in `Z`, with fractional digits only if there are any."""
    text = when.astimezone(UTC).isoformat()[:19]
    fraction = f".{when.microsecond:06d}".rstrip("0") if when.microsecond else ""
    return f"{text}{fraction}Z"
