"""Compare a value that was sent with the form in which the service stored it."""

import html
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import JsonValue

_TAGS = "system.tags"
_ANY_CASE = frozenset({"system.state", "system.reason", "system.areapath", "system.iterationpath"})


def is_stored_as(sent: str, stored: JsonValue, field: str = "") -> bool:
    """Return whether a stored value is surely the one that was sent; what cannot be compared is not.

    The service stores some values in another form: people as records, numbers and dates as such, tags in another
    order, paths and states in their own letter case, line ends as CRLF, and special characters of texts as entities.
    """
    plain = sent.strip()
    if stored is None:
        return not plain
    if isinstance(stored, bool):
        return plain.lower() == str(stored).lower()
    if isinstance(stored, int | float):
        return _number(plain) == stored
    if isinstance(stored, dict):
        return plain.casefold() in _names_of(stored)
    return _is_same_text(sent, str(stored), field.lower())


def _is_same_text(sent: str, stored: str, field: str) -> bool:
    if field == _TAGS:
        return _tags(sent) == _tags(stored)
    if field in _ANY_CASE:
        return sent.strip().strip("\\").casefold() == stored.strip().strip("\\").casefold()
    if _lines(stored) in {_lines(sent), _lines(html.escape(sent, quote=False)), _lines(html.escape(sent))}:
        return True
    moment = _moment(sent.strip())
    return moment is not None and moment == _moment(stored)


def _names_of(person: Mapping[str, JsonValue]) -> set[str]:
    keys = ("id", "descriptor", "uniqueName", "displayName")
    found = {str(person[key]).casefold() for key in keys if person.get(key)}
    return found | {f"{person.get('displayName')} <{person.get('uniqueName')}>".casefold()}


def _tags(text: str) -> set[str]:
    return {tag.strip().casefold() for tag in text.replace(",", ";").split(";") if tag.strip()}


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
