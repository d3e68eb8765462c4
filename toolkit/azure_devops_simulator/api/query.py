"""The query string of a request."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from urllib.parse import parse_qsl

from azure_devops_simulator.api.contract import Contract, read_parameter
from azure_devops_simulator.api.errors import ArgumentError, BindingError, NotSimulatedError
from azure_devops_simulator.api.parsing import as_date, whole_number

_ANYWHERE = frozenset({"api-version"})
"""Parameters that are read before an operation is known."""

_INDEX = re.compile(r"\[\d*\]$")
"""What clients append to the name of a list: `ids[]=1&ids[]=2` and `ids[0]=1&ids[1]=2` are `ids=1&ids=2`."""

_CURSOR = re.compile(r"[1-9][0-9]{0,8}")


class Query:
    """The query string. Names ignore case. Once it is bound to an operation, it yields only what that one honours."""

    def __init__(self, raw: str) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in parse_qsl(raw, keep_blank_values=True):
            self._values.setdefault(_INDEX.sub("", name.lower()), []).append(value)
        self._honoured: Collection[str] | None = None

    def bind(self, contract: Contract, honoured: Collection[str]) -> None:
        """Read the values as an operation does: names for the numbers of enumerations, and dates in ISO 8601.

        Args:
            contract: What the specification says about the operation.
            honoured: The parameters that the simulator honours, in lower case. Parameters that neither it nor the
                specification knows are ignored, as the service does.

        Raises:
            NotSimulatedError: A parameter that the specification knows asks for something, and is not honoured.
            ArgumentError: A value is none of its enumeration.
            BindingError: A value is no date.
        """
        for name, values in self._values.items():
            notation = contract.notation(name)
            if name in honoured:
                self._values[name] = [read_parameter(name, notation, value) for value in values]
            elif name in contract.query and any(_asks(name, notation, value) for value in values):
                raise NotSimulatedError(f"the parameter {name}")
        self._honoured = honoured

    def __contains__(self, name: str) -> bool:
        return bool(self.all(name))

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first value, or the default."""
        values = self.all(name)
        return values[0] if values else default

    def text(self, name: str, default: str = "") -> str:
        """Return the first value, or the default when there is none."""
        return self.get(name) or default

    def all(self, name: str) -> list[str]:
        """Return every value given under this name.

        Raises:
            LookupError: The route does not declare that it honours this parameter: a mistake in the simulator.
        """
        lowered = name.lower()
        if self._honoured is not None and lowered not in self._honoured and lowered not in _ANYWHERE:
            raise LookupError(f"a handler reads the query parameter {name}, which its route does not declare")
        return self._values.get(lowered, [])

    def integer(self, name: str, default: int) -> int:
        """Return a whole number. Any other value is a 400."""
        value = self.get(name)
        if value is None or value == "":
            return default
        if not re.fullmatch(r"-?\d{1,10}", value) or not -(2**31) <= int(value) < 2**31:
            raise BindingError(f"The value '{value}' is not valid for Int32.")
        return int(value)

    def count(self, name: str, default: int, *, least: int = 0) -> int:
        """Return a number of rows. Any other value, and fewer than `least`, is a 400."""
        value = self.integer(name, default)
        if value < least:
            # The text is ours: no rule of the service for such a number is known.
            raise ArgumentError(f"The value of {name} must be at least {least}.", name)
        return value

    def page(self, default: int, highest: int) -> slice:
        """Return which rows of a list to answer with, from `$top`, `$skip` and `continuationToken`.

        A token is the number of rows before its page. One that no answer can have given is a 400: a client whose
        cursor is broken would otherwise read the first page for ever. `$top=0` is one too, because its next page would
        be the same again.
        """
        token = self.text("continuationToken")
        if token and not _CURSOR.fullmatch(token):
            # The text is ours.
            raise ArgumentError("The continuation token is not valid.", "continuationToken")
        known = self._honoured or ()
        skip = self.count("$skip", 0) if "$skip" in known else 0
        start = int(token) if token else skip
        # Some lists are paged, but their pages have a size that no client can choose.
        size = self.count("$top", default, least=1) if "$top" in known or self._honoured is None else default
        return slice(start, start + min(size, highest))

    def words(self, name: str) -> list[str]:
        """Return the parts of a list with commas between them, also when it is given in several values."""
        return [part.strip() for value in self.all(name) for part in value.split(",") if part.strip()]

    def numbers(self, name: str) -> list[int]:
        """Return the numbers of a list. Any other part is a 400: without rows, the answer would read as a fact."""
        found = [(part, whole_number(part)) for part in self.words(name)]
        for part, number in found:
            if number is None:
                raise BindingError(f"The value '{part}' is not valid for Int32.")
        return [number for _, number in found if number is not None]

    def date(self, name: str) -> datetime | None:
        """Return a date, or None when there is none. Any other value is a 400."""
        return as_date(self.text(name))

    def flag(self, name: str, default: bool = False) -> bool:
        """Return true or false. Any other value is a 400."""
        value = self.get(name)
        if value is None or value == "":
            return default
        if value.lower() not in {"true", "false"}:
            raise BindingError(f"The value '{value}' is not valid for Boolean.")
        return value.lower() == "true"


def _asks(name: str, notation: str, value: str) -> bool:
    """Return whether a value asks for something. An empty value, `false`, `none` and `notSet` do not."""
    if notation.startswith("="):
        return read_parameter(name, notation, value).lower() not in {"", "none", "notset"}
    return bool(value) and not (notation == "boolean" and value.lower() == "false")
