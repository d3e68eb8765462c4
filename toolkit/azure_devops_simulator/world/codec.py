"""Dataclasses as JSON and back, by their annotations. What has a name of its own is written as that name.

A record holds all fields in the order of their declaration. Dates are text, bytes are text where they are UTF-8 and
`{"base64": ...}` where not, keys that are numbers are written as text.
"""

from __future__ import annotations

import base64
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp

T = TypeVar("T")

_PLAIN = (type(None), bool, int, float, str)


class WorldError(ValueError):
    """JSON that is no world: what is wrong, and where."""


class AnyJson:
    """Stands in annotations for JSON that is kept as it is."""


class Codec:
    """Writes and reads values.

    Args:
        names: for a class whose objects stand elsewhere: what to write in their place.
        finds: for the same classes: the object of such a name; KeyError when there is none.
        writers: for a class with a form of its own: that form.
        readers: for the same annotations: the value of such a form.
        namespace: names in annotations that their modules import for type checkers only.
    """

    def __init__(
        self,
        *,
        names: Mapping[type, Callable[[Any], JsonValue]],
        finds: Mapping[object, Callable[[JsonValue], object]],
        writers: Mapping[type, Callable[[Any], JsonValue]],
        readers: Mapping[object, Callable[[JsonValue], object]],
        namespace: Mapping[str, object],
    ) -> None:
        self._forms: dict[type, Callable[[Any], JsonValue]] = {**writers, **names}
        self._readers: dict[object, Callable[[JsonValue], object]] = {**readers, **finds}
        self._namespace = dict(namespace)
        self._hints: dict[type, dict[str, Any]] = {}

    def write(self, value: object) -> JsonValue:  # noqa: PLR0911 - one line for each form
        """Return a value as JSON."""
        if value is None or type(value) in _PLAIN:
            return value  # type: ignore[return-value]
        if form := self._forms.get(type(value)):
            return form(value)
        if isinstance(value, datetime):
            return timestamp(value)
        if isinstance(value, bytes):
            return write_bytes(value)
        if is_dataclass(value) and not isinstance(value, type):
            return self.record(value)
        if isinstance(value, Mapping):
            return {str(key): self.write(below) for key, below in value.items()}
        if isinstance(value, (set, frozenset)):
            return sorted(map(str, value))
        if isinstance(value, (list, tuple)):
            return [self.write(below) for below in value]
        raise TypeError(f"a world has no form for {type(value).__name__}")

    def record(self, value: object, *, without: tuple[str, ...] = ()) -> JsonObject:
        """Return an object with all its fields, also one that has a name."""
        own = fields(value)  # type: ignore[arg-type]
        return {f.name: self.write(getattr(value, f.name)) for f in own if f.init and f.name not in without}

    def read(self, kind: type[T], value: JsonValue, **given: object) -> T:
        """Return an object of a record; fields that were left out are `given` or have their default."""
        if not isinstance(value, Mapping):
            raise WorldError(f"{kind.__name__}: expected an object, found {_short(value)}")
        if kind not in self._hints:
            self._hints[kind] = get_type_hints(kind, localns=self._namespace)
        hints = self._hints[kind]
        known = {f.name for f in fields(kind) if f.init}  # type: ignore[arg-type]
        if unknown := value.keys() - known:
            raise WorldError(f"{kind.__name__}: {', '.join(sorted(unknown))} not known")
        try:
            return kind(**{name: self._value(hints[name], below) for name, below in value.items()}, **given)
        except (KeyError, TypeError) as error:
            raise WorldError(f"{kind.__name__} {_short(value.get('id', value.get('name')))}: {error}") from error

    def _value(self, hint: object, value: JsonValue) -> object:  # noqa: PLR0911 - one line for each form
        if reader := self._readers.get(hint):
            return reader(value)
        origin, inside = get_origin(hint), get_args(hint)
        if origin in {Union, types.UnionType}:
            chosen = next((one for one in inside if one not in _PLAIN), None)
            return value if value is None or chosen is None else self._value(chosen, value)
        if origin is Literal and value not in inside:
            raise TypeError(f"{_short(value)} is not one of {', '.join(map(str, inside))}")
        if isinstance(hint, type) and hint in _PLAIN and not _is_a(value, hint):
            raise TypeError(f"{_short(value)} is no {hint.__name__}")
        if hint in _PLAIN or origin is Literal:
            return value
        if hint is datetime:
            return datetime.fromisoformat(str(value))
        if hint is bytes:
            return read_bytes(value)
        if isinstance(hint, type) and is_dataclass(hint):
            return self.read(hint, value)
        return self._several(origin, inside, value)

    def _several(self, origin: Any, inside: tuple[object, ...], value: JsonValue) -> object:
        if origin is dict and isinstance(value, Mapping):
            key: Callable[[str], object] = int if inside[0] is int else str
            return {key(name): self._value(inside[1], below) for name, below in value.items()}
        if origin in {list, set, frozenset} and isinstance(value, list):
            return origin(self._value(inside[0], below) for below in value)
        if origin is tuple and isinstance(value, list):
            kinds = [inside[0]] * len(value) if inside[-1] is Ellipsis else list(inside)
            return tuple(self._value(kind, below) for kind, below in zip(kinds, value, strict=True))
        raise TypeError(f"cannot read {_short(value)}")


def _is_a(value: JsonValue, kind: type) -> bool:
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _short(value: object) -> str:
    return repr(value)[:80]


def write_bytes(content: bytes) -> JsonValue:
    """Return bytes as text when they are UTF-8, else in base64."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode("ascii")}


def read_bytes(value: JsonValue) -> bytes:
    """Return the bytes of either form."""
    if isinstance(value, str):
        return value.encode("utf-8")
    if isinstance(value, Mapping) and isinstance(value.get("base64"), str):
        return base64.b64decode(str(value["base64"]), validate=True)
    raise TypeError(f"cannot read {_short(value)} as bytes")
