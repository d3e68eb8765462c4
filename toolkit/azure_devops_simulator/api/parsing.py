"""Read the values that clients send. Every value, however odd, leads to an answer and never to a crash."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NoReturn

from azure_devops_simulator.api.errors import BindingError
from azure_devops_simulator.state.values import JsonObject, JsonValue

_MOST_DIGITS = 18
_RFC_1123 = re.compile(r"[A-Za-z]{3}, \d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d:\d\d (GMT|UTC|[+-]\d{4})")
_AMERICAN = ("%m/%d/%Y", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p")


def read_json(body: bytes) -> JsonValue:
    """Parse a body as JSON. Half a surrogate pair, which could be stored but not sent, becomes a replacement character.

    Raises:
        ValueError: the body is no JSON, or holds what no client may send: NaN, infinite numbers, too deep nesting.
    """
    text = body.decode("utf-8-sig")
    try:
        value: JsonValue = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        if "\\u" in text:
            whole = json.dumps(value, ensure_ascii=False).encode("utf-16-le", "surrogatepass")
            value = json.loads(whole.decode("utf-16-le", "replace"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large")
    return number


def whole_number(text: str) -> int | None:
    """Return the number that a text of digits stands for, or None for any other text and for too many digits."""
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None


def read_date(text: str) -> datetime | None:
    """Read a date in ISO 8601, in RFC 1123, or in the form `month/day/year` with or without a time.

    It is UTC when it names no zone. Anything else is None.
    """
    text = text.strip()
    try:
        when = _read_form(text) or datetime.fromisoformat(text)
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _read_form(text: str) -> datetime | None:
    if _RFC_1123.fullmatch(text):
        return parsedate_to_datetime(text)
    for form in _AMERICAN if "/" in text else ():
        with contextlib.suppress(ValueError):
            return datetime.strptime(text, form).replace(tzinfo=UTC)
    return None


def as_date(value: JsonValue) -> datetime | None:
    """Return the value as a date, or None when it is absent or empty.

    Raises:
        BindingError: It is no date.
    """
    when = read_date(value) if isinstance(value, str) else None
    if when is None and value not in (None, ""):
        raise BindingError(f"The value '{value}' is not valid for DateTime.")
    return when


def as_object(value: JsonValue) -> JsonObject:
    """Return the value if it is a JSON object, else an empty object."""
    return dict(value) if isinstance(value, Mapping) else {}


def as_list(value: JsonValue) -> list[JsonValue]:
    """Return the value if it is a JSON array, else an empty list."""
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []


def as_text(value: JsonValue, default: str = "") -> str:
    """Return the value if it is a string, else the default."""
    return value if isinstance(value, str) else default
