"""The arguments of a call: what no tool accepts, and the message with which a model repairs the rest."""

import difflib
import json
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from langchain_azure_devops.errors import InvalidRequest

MAX_DEPTH = 12
"""The most lists and objects inside each other that arguments may have."""
MAX_CHARACTERS = 1_048_576
"""The most characters of all arguments together. A field of a work item holds as many."""
MAX_VALUES = 10_000
"""The most values of all arguments together, the entries of lists included."""
_MAX_INTEGER = 2**63
_MAX_SHOWN = 80
_MAX_MISTAKES = 5
_NAMES_OF_WORDS = frozenset({"text", "message", "query", "search", "words", "keywords", "search_text", "searchText"})
"""What tools here and elsewhere call the words of a search, so that one may be meant by another."""
_CONTAINERS = (dict, list, tuple, set, frozenset, BaseModel)


def check_values(values: object, depth: int = MAX_DEPTH) -> None:
    """Accept only values that can be sent, stored and shown; other types than those of JSON are left to the tool.

    Args:
        values: The arguments, as a model or a program gave them, or after they were validated.
        depth: How many levels of lists and objects they may have.

    Raises:
        InvalidRequest: A text holds half a character or a NUL, a number is not finite or has more than 64 bits, a time
            is outside of the calendar, or the arguments are too deep or too large.
    """
    size, count, level = 0, 0, [values]
    while level:
        count += len(level)
        if count > MAX_VALUES:
            raise _refused(f"the arguments have more than {MAX_VALUES:,} values. Give fewer, in several calls")
        size += sum(map(_check_value, level))
        if size > MAX_CHARACTERS:
            raise _refused(f"the arguments have more than {MAX_CHARACTERS:,} characters. Give less")
        level = [part for value in level if isinstance(value, _CONTAINERS) for part in _parts(value)]
        if level and depth < 0:
            raise _refused("the arguments are nested too deeply. Give them as the schema of the tool describes them")
        depth -= 1


def cut_depth(value: object, depth: int = MAX_DEPTH + 2) -> object:
    """Return a value without the levels that are too deep anyway, because they would exhaust the stack of a reader."""
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        return None
    if isinstance(value, dict):
        return {name: cut_depth(part, depth - 1) for name, part in value.items()}
    return [cut_depth(part, depth - 1) for part in value]


def _parts(value: Any) -> Iterable[object]:
    if isinstance(value, BaseModel):
        return value.__dict__.values()
    return (*value.keys(), *value.values()) if isinstance(value, dict) else value


def _check_value(value: object) -> int:
    """Check one value without its parts, and return how many characters it has."""
    if isinstance(value, str):
        if not value.isascii():
            _check_characters(value)
        if "\0" in value:
            raise _refused("a text holds the character NUL, which the service cannot store. Leave it out")
        return len(value)
    if isinstance(value, int) and not -_MAX_INTEGER <= value < _MAX_INTEGER:
        raise _refused("a number has more than 64 bits, and no id, count or line is that large. Give a smaller one")
    if isinstance(value, float) and not math.isfinite(value):
        raise _refused("a number is not finite. Give a plain number")
    if isinstance(value, datetime):
        _check_time(value)
    return 0


def _check_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = ascii(text[error.start : error.start + 1])
        raise _refused(f"a text holds {half}, which is half a character and cannot be sent. Leave it out") from None


def _check_time(moment: datetime) -> None:
    try:
        moment.astimezone(UTC)
    except (OverflowError, ValueError):
        raise _refused("a time is outside of the calendar in UTC. Give one between the years 2 and 9998") from None


def _refused(why: str) -> InvalidRequest:
    return InvalidRequest(f"Nothing was sent: {why}.", subject="arguments")


def require_keywords(tool: str, args: tuple[object, ...], kwargs: dict[str, object]) -> dict[str, object]:
    """Return the arguments of a call, which are given by name; raises TypeError for one that is not."""
    if args:
        raise TypeError(f"{tool} takes its arguments by name")
    return kwargs


def validate_arguments(tool: str, parameters: type[BaseModel], given: Mapping[str, object]) -> BaseModel:
    """Check the arguments of a call and fill in defaults; a null counts as not given.

    A list or object may come as its JSON text, which is how some models and chat windows send it.

    Args:
        tool: The name of the tool.
        parameters: The model of its arguments.
        given: The arguments.

    Raises:
        InvalidRequest: Says which argument does not fit, why, and what would.
    """
    values = {name: value for name, value in given.items() if value is not None}
    check_values(values)
    try:
        arguments = _validate_with_texts(parameters, values)
    except ValidationError as error:
        mistakes = _describe_mistakes(tool, list(parameters.model_fields), error)
        raise InvalidRequest(mistakes, subject="arguments") from None
    # A text such as "1e99" became a number only now.
    check_values(arguments)
    return arguments


def _validate_with_texts(parameters: type[BaseModel], values: Mapping[str, object]) -> BaseModel:
    """Check arguments; where a text does not fit, try the list or object that it may be the JSON of.

    Raises:
        ValidationError: They do not fit, as they were given.
    """
    try:
        return parameters.model_validate(values)
    except ValidationError as error:
        wrong = {str(entry["loc"][0]) for entry in error.errors(include_url=False) if entry["loc"]}
        parsed = {name: _parse_json(values[name]) for name in wrong & values.keys()}
        with suppress(ValidationError):
            return parameters.model_validate({**values, **parsed})
        raise


def _parse_json(value: object) -> object:
    """Return the list or object of which a text is the JSON, else the value as it is."""
    if not isinstance(value, str):
        return value
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return parsed if isinstance(parsed, list | dict) else value


def _describe_mistakes(tool: str, known: list[str], error: ValidationError) -> str:
    mistakes = error.errors(include_url=False)
    more = f"; and {len(mistakes) - _MAX_MISTAKES} more mistakes" if len(mistakes) > _MAX_MISTAKES else ""
    return f"{tool}: {'; '.join(_complaint(entry, known) for entry in mistakes[:_MAX_MISTAKES])}{more}."


def _complaint(entry: Any, known: list[str]) -> str:
    where = ".".join(str(part) for part in entry["loc"])[:_MAX_SHOWN]
    if entry["type"] == "missing":
        return f"{where} is required"
    if entry["type"] == "extra_forbidden":
        near = difflib.get_close_matches(where, known, n=1)
        if not near and where in _NAMES_OF_WORDS:
            near = [name for name in known if name in _NAMES_OF_WORDS]
        return f"{where} is not a parameter{f', did you mean {near[0]}' if near else ''} (known: {', '.join(known)})"
    given = json.dumps(entry["input"], default=str, ensure_ascii=False)[:_MAX_SHOWN]
    message = str(entry["msg"])
    if entry["type"] == "literal_error":
        allowed = str(entry["ctx"]["expected"])
        near = difflib.get_close_matches(
            str(entry["input"])[:_MAX_SHOWN], [word.strip("' ") for word in allowed.split(",")], n=1
        )
        return f"{where} must be one of {allowed}, got {given}{f'; did you mean {near[0]!r}' if near else ''}"
    return f"{where}: {message[0].lower()}{message[1:]}, got {given}"
