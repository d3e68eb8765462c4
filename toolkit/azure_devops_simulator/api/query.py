"""The query string of a request."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from azure_devops_simulator.api.enums import in_query
from azure_devops_simulator.api.errors import BindingError


class Query:
    """The query string. Names ignore case. Enumerations given by number read like those given by name."""

    def __init__(self, raw: str) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in parse_qsl(raw, keep_blank_values=True):
            self._values.setdefault(name.lower(), []).append(in_query(name.lower(), value))

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first value, or the default."""
        values = self._values.get(name.lower())
        return values[0] if values else default

    def text(self, name: str, default: str = "") -> str:
        """Return the first value, or the default when there is none."""
        return self.get(name) or default

    def all(self, name: str) -> list[str]:
        """Return every value given under this name."""
        return self._values.get(name.lower(), [])

    def integer(self, name: str, default: int) -> int:
        """Return a whole number. Any other value is a 400."""
        value = self.get(name)
        if value is None or value == "":
            return default
        if not re.fullmatch(r"-?\d{1,10}", value) or not -(2**31) <= int(value) < 2**31:
            raise BindingError(f"The value '{value}' is not valid for Int32.")
        return int(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """Return true or false. Any other value is a 400."""
        value = self.get(name)
        if value is None or value == "":
            return default
        if value.lower() not in {"true", "false"}:
            raise BindingError(f"The value '{value}' is not valid for Boolean.")
        return value.lower() == "true"

    def names(self) -> list[str]:
        """Return the names in the query string, in lower case."""
        return list(self._values)
