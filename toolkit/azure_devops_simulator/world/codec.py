"""Convert dataclasses to JSON and back by their annotations. References to objects with a name are written as names.

A record holds all fields in the order of their declaration. Dates are text. Bytes are text if they are UTF-8, else
`{"base64": ...}`. Keys that are numbers are written as text.
"""

from __future__ import annotations

import base64
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from azure_devops_simulator.state.values import LATER, JsonObject, JsonValue, timestamp

T = TypeVar("T")

_PLAIN = frozenset((type(None), bool, int, float, str))


class WorldError(ValueError):
    """JSON that is no valid world. The message says what is wrong and where."""


class AnyJson:
    """Stands in annotations for JSON that is kept unchanged."""


class Codec:
    """Writes values as JSON and reads them back.

    Args:
        names: for classes whose objects are recorded elsewhere: the function that gives the name to write instead.
        finds: for the same classes: the function that finds the object of a name, or raises KeyError.
        writers: for classes with a form of their own: the function that writes it.
        readers: for the same annotations: the function that reads such a form.
        namespace: the meaning of names in annotations, where it differs from their modules.
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
        self._fields: dict[type, tuple[str, ...]] = {}
        self._later: dict[type, dict[str, object]] = {}

    def write(self, value: object) -> JsonValue:  # noqa: PLR0911 - one line for each form
        """Write a value as JSON."""
        kind = type(value)
        if kind in _PLAIN:
            return value  # type: ignore[return-value]
        if form := self._forms.get(kind):
            return form(value)
        if kind in self._fields:
            return self.record(value)
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
            return [below if type(below) in _PLAIN else self.write(below) for below in value]
        raise TypeError(f"a world has no form for {type(value).__name__}")

    def record(self, value: object, *, without: tuple[str, ...] = ()) -> JsonObject:
        """Write an object with all its fields, even if its class has names."""
        kind = type(value)
        if kind not in self._fields:
            known = [f for f in fields(kind) if f.init]  # type: ignore[arg-type]
            self._fields[kind] = tuple(f.name for f in known)
            later = [f for f in known if LATER.items() <= f.metadata.items()]
            self._later[kind] = {
                f.name: f.default if f.default_factory is MISSING else f.default_factory() for f in later
            }
        write = self.write
        without = (*without, *(name for name, none in self._later[kind].items() if getattr(value, name) == none))
        return {name: write(getattr(value, name)) for name in self._fields[kind] if name not in without}

    def read(self, kind: type[T], value: JsonValue, **given: object) -> T:
        """Read an object from a record. Fields that are missing are `given` or get their default."""
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
    """Write bytes as text if they are UTF-8, else in base64."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode("ascii")}


def read_bytes(value: JsonValue) -> bytes:
    """Read bytes from either form."""
    if isinstance(value, str):
        return value.encode("utf-8")
    if isinstance(value, Mapping) and isinstance(value.get("base64"), str):
        return base64.b64decode(str(value["base64"]), validate=True)
    raise TypeError(f"cannot read {_short(value)} as bytes")
