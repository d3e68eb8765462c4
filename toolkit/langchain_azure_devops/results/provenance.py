"""The provenance of a result: who wrote the texts in it, by source and author.

No text is trusted because of its author: an account may repeat instructions that somebody else wrote. The origins show
a person who approves a write whose texts the model read before.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import JsonValue

from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.results.models import Mark, Page, Result, marks_of
from langchain_azure_devops.text.untrusted import one_line

_Key = tuple[str, Literal["people", "builds"], str, bool | None]
_PLAIN: frozenset[object] = frozenset({str, int, float, bool, datetime, NoneType})
MAX_ORIGINS = 50
"""The maximum number of origins in one result."""


@dataclass(frozen=True)
class Origin:
    """The origin of marked text in a result.

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


_NOTE = Origin("note", ("notes",), "service")
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
    found: dict[_Key, set[str]] = {}
    authors: dict[tuple[object, object], _Author] = {}
    for record in [*result.items, *result.failed] if isinstance(result, Page) else [result]:
        _gather(record, account, _UNKNOWN, found, authors)
    noted = (_NOTE,) if isinstance(result, Page) and result.notes else ()
    first = islice(found.items(), MAX_ORIGINS - len(noted))
    return (
        *(Origin(kind, tuple(sorted(names)), by, author, own) for (kind, by, author, own), names in first),
        *noted,
    )


def error_origins(error: AzureDevOpsError) -> tuple[Origin, ...]:
    """Return whose words the message of an error may hold; nothing when nothing was asked of the service.

    Such a message may hold words of the service, names that people gave, or arguments that a hostile text suggested.
    """
    return () if error.status in {"blocked", "misconfigured", "closed"} else (ERROR,)


def _gather(
    record: Result,
    account: str | None,
    author: "_Author",
    found: dict[_Key, set[str]],
    authors: dict[tuple[object, object], "_Author"],
) -> None:
    """Add each marked field that holds a text. A record inside another has the same author unless it names one."""
    plan, values = _plan(type(record)), record.__dict__
    for name, identifier in plan.authors:
        if given := values.get(name):
            # Most rows of a list have few authors.
            named = given, values.get(identifier)
            author = authors.get(named) or authors.setdefault(named, _author(*named, account))
            break
    if plan.flat:
        key = (plan.kind, plan.by, *author)
        # Most rows add nothing to what the rows before them had.
        if missing := [name for name in plan.flat.difference(found.get(key, ())) if values.get(name)]:
            found.setdefault(key, set()).update(missing)
        return
    for name, mark, may_hold_records in plan.fields:
        value = values.get(name)
        if not value:
            continue
        if mark is not None:
            found.setdefault((plan.kind, plan.by, *(_UNKNOWN if mark.collected else author)), set()).add(name)
        if may_hold_records:
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, Result):
                    _gather(inner, account, author, found, authors)


class _Author(NamedTuple):
    """An author's name, and whether it is the account of the token."""

    name: str
    own: bool | None


_UNKNOWN = _Author("", None)


def _author(name: object, identifier: str | None, account: str | None) -> _Author:
    own = identifier.lower() == account.lower() if identifier and account else None
    return _Author(one_line(str(name)), own)


class _Plan(NamedTuple):
    """The facts that all records of a class share.

    Attributes:
        kind: The name of the record.
        by: Who writes its marked fields.
        authors: The fields that name the author, each with the field of the author's id.
        fields: The fields that have a mark or may hold records, also those that are not shown; with the mark, and
            whether they may hold records.
        flat: The names of all these fields if one author wrote all of them and none holds records; else empty.
    """

    kind: str
    by: Literal["people", "builds"]
    authors: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, Mark | None, bool], ...]
    flat: frozenset[str]


@cache
def _plan(record: type[Result]) -> _Plan:
    fields = tuple(
        (name, mark, may_hold)
        for name, field in record.model_fields.items()
        for mark, may_hold in [(next(iter(marks_of(field)), None), not _is_plain(field.annotation))]
        if mark or may_hold
    )
    one_author = all(mark is not None and not mark.collected and not may_hold for _, mark, may_hold in fields)
    return _Plan(
        name_record(record),
        record.written_by,
        tuple((name, f"{name}_id") for name in record.author_fields),
        fields,
        frozenset(name for name, _, _ in fields) if one_author else frozenset(),
    )


def _is_plain(annotation: object) -> bool:
    """Return whether a value with this annotation is a single text, number or date."""
    if get_origin(annotation) is Literal:
        return True
    if get_origin(annotation) is Annotated:
        return _is_plain(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return all(_is_plain(part) for part in get_args(annotation))
    return annotation in _PLAIN


@cache
def name_record(record: type[Result]) -> str:
    """Return the name of a kind of record in small letters."""
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", record.__name__).lower()
    return words if record.singular == Result.singular else record.singular
