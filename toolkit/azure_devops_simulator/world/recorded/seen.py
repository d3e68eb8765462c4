"""Read a recording: its answers, and the objects that they hold."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from urllib.parse import unquote, urlsplit

from azure_devops_simulator.api.parsing import as_list, as_object, as_text, read_date
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.world.codec import WorldError

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""The date of what has none in the recording."""


@dataclass(frozen=True)
class Answer:
    """A successful answer to a read. `segments` are those of the path below the organization, decoded."""

    segments: tuple[str, ...]
    query: Mapping[str, str]
    body: JsonValue
    raw: bytes | None = None

    def below(self, *words: str) -> tuple[str, ...] | None:
        """Return the segments behind `_apis/{words}`, or None when the path is another one. Case does not matter."""
        lowered = [segment.lower() for segment in self.segments]
        if "_apis" not in lowered:
            return None
        at = lowered.index("_apis") + 1
        end = at + len(words)
        return self.segments[end:] if lowered[at:end] == [word.lower() for word in words] else None

    @cached_property
    def objects(self) -> tuple[JsonObject, ...]:
        """Every JSON object in the body, the outer ones first."""
        return tuple(objects(self.body))

    def rows(self) -> list[JsonObject]:
        """Return the objects of a list answer."""
        return [as_object(row) for row in as_list(as_object(self.body).get("value"))]


def answers(recording: JsonObject) -> list[Answer]:
    """Return the answers of a recording that can say something about the organization.

    Raises:
        WorldError: this is no recording.
    """
    exchanges = recording.get("exchanges")
    if not isinstance(exchanges, list):
        raise WorldError("a recording has a list of `exchanges`")
    found = []
    for row in map(as_object, exchanges):
        status = row.get("status")
        if not isinstance(status, int) or not 200 <= status < 300:
            continue
        split = urlsplit(as_text(row.get("path")))
        query = {
            str(pair[0]).lower(): str(pair[1])
            for pair in as_list(row.get("query"))
            if isinstance(pair, Sequence) and len(pair) == 2
        }
        segments = tuple(unquote(segment) for segment in split.path.split("/") if segment)
        found.append(Answer(segments, query, row.get("body"), _raw(row)))
    return found


def _raw(row: JsonObject) -> bytes | None:
    if isinstance(text := row.get("text"), str):
        return text.encode()
    if isinstance(coded := row.get("base64"), str):
        return base64.b64decode(coded)
    return None


def objects(value: JsonValue) -> Iterator[JsonObject]:
    """Yield every JSON object in a value, the outer ones first."""
    waiting: list[JsonValue] = [value]
    while waiting:
        part = waiting.pop()
        # A check for an abstract class would take most of the time.
        if isinstance(part, dict):
            yield part
            waiting += reversed(part.values())
        elif isinstance(part, list):
            waiting += reversed(part)


def identities(found_objects: Iterable[JsonObject]) -> Iterator[User]:
    """Yield every identity among objects, as often as it appears."""
    for found in found_objects:
        name = as_text(found.get("displayName")) or as_text(found.get("providerDisplayName"))
        number, unique = as_text(found.get("id")), as_text(found.get("uniqueName"))
        if not unique:
            account = as_object(as_object(found.get("properties")).get("Account")).get("$value")
            unique = as_text(account)
        if name and number and unique and not found.get("isContainer"):
            descriptor = as_text(found.get("subjectDescriptor")) or as_text(found.get("descriptor"))
            yield User(number.lower(), name, unique, descriptor)


def signatures(found_objects: Iterable[JsonObject]) -> Iterator[tuple[str, str]]:
    """Yield the name and the address of every author and committer in objects."""
    for found in found_objects:
        for role in ("author", "committer", "taggedBy"):
            person = as_object(found.get(role))
            name, mail = as_text(person.get("name")), as_text(person.get("email"))
            if name and mail:
                yield name, mail


def date_of(value: JsonValue, default: datetime = LONG_AGO) -> datetime:
    """Return the date of a text, or the default."""
    return read_date(as_text(value)) or default


def fullest(rows: Iterable[tuple[str, JsonObject]]) -> dict[str, JsonObject]:
    """Merge what several answers tell of the same thing. A longer text wins, since lists cut texts."""
    found: dict[str, JsonObject] = {}
    for key, row in rows:
        known = found.setdefault(key, {})
        for name, value in row.items():
            old = known.get(name)
            shorter = isinstance(old, str) and isinstance(value, str) and len(value) < len(old)
            poorer = isinstance(old, Mapping) and isinstance(value, Mapping) and len(value) < len(old)
            if value is not None and not shorter and not poorer:
                known[name] = value
    return found
