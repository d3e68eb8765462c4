"""The provenance of a result: who wrote the texts in it, by source and author.

Nothing is trusted because of who wrote it: an account's own words may be somebody else's orders that it repeated. The
mark says to a person who approves a write whose words were read before.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, Literal

from pydantic import JsonValue

from langchain_azure_devops.results.models import Mark, Page, Result, marks_of
from langchain_azure_devops.text.untrusted import one_line

_Key = tuple[str, Literal["people", "builds"], str, bool | None]
_PLAIN = frozenset({str, int, bool, datetime})
MAX_ORIGINS = 50
"""How many origins one result names; more authors than that are no help to anybody."""


@dataclass(frozen=True)
class Origin:
    """Where marked text of a result comes from.

    Attributes:
        record: What it stands in, such as `pull request`.
        fields: The fields of the record that hold some of it.
        by: Whether people wrote it, or builds, or the service in an error that repeats words of either.
        author: The author's display name, cleaned; empty where the service does not name one.
        own: Whether the account of the token wrote it; None where that is not known. Compared by id, never by name.
    """

    record: str
    fields: tuple[str, ...]
    by: Literal["people", "builds", "service"]
    author: str = ""
    own: bool | None = None

    def as_data(self) -> dict[str, JsonValue]:
        """Return this origin as plain JSON."""
        return {
            "record": self.record, "fields": list(self.fields), "by": self.by, "author": self.author, "own": self.own
        }  # fmt: skip


ERROR = Origin("error", ("message",), "service")
"""The origin of an error message: the service repeats what it was sent and names what people named."""


def origins(result: Result | Page[Any] | None, account: str | None = None) -> tuple[Origin, ...]:
    """Return whose words a result holds, at most MAX_ORIGINS; nothing when all of it is the service's own.

    Args:
        result: The artifact of a tool message.
        account: The id of the token's owner, to tell its own words; see `AzureDevOps.account`.
    """
    if result is None:
        return ()
    records = result.items if isinstance(result, Page) else [result]
    found: dict[_Key, set[str]] = {}
    for record in records:
        for key, name in _in_record(record, account, "", None):
            found.setdefault(key, set()).add(name)
    named = islice(found.items(), MAX_ORIGINS)
    return tuple(Origin(kind, tuple(sorted(names)), by, author, own) for (kind, by, author, own), names in named)


def _in_record(record: Result, account: str | None, author: str, own: bool | None) -> Iterator[tuple[_Key, str]]:
    """Yield each marked field that holds a text. A record inside another has the same author unless it names one."""
    for name in record.author_fields:
        if given := getattr(record, name):
            identifier = getattr(record, f"{name}_id", None)
            author = one_line(str(given))
            own = identifier.lower() == account.lower() if identifier and account else None
            break
    kind, by = called(type(record)), record.written_by
    key = (kind, by, author, own)
    for name, marked in _text_fields(type(record)):
        value = getattr(record, name)
        if not value:
            continue
        if marked is not None:
            yield (kind, by, "", None) if marked.collected else key, name
        if type(value) in _PLAIN:
            continue
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, Result):
                yield from _in_record(inner, account, author, own)


@cache
def _text_fields(record: type[Result]) -> tuple[tuple[str, Mark | None], ...]:
    """Return the fields of a record, also those that it does not show, and their marks."""
    return tuple((name, next(iter(marks_of(field)), None)) for name, field in record.model_fields.items())


@cache
def called(record: type[Result]) -> str:
    """Return the name of a kind of record in small letters."""
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", record.__name__).lower()
    return words if record.singular == Result.singular else record.singular
