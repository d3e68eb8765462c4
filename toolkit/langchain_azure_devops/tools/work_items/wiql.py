"""WIQL from filters, with values that stay values."""

from collections.abc import Mapping

from langchain_azure_devops.errors import InvalidRequest

_ORDER = "ORDER BY [System.ChangedDate] DESC, [System.Id] DESC"


def condition(operator: str, value: str | None) -> str | None:
    """One comparison's right-hand part; None when there is nothing to compare with.

    A macro such as `@Me` is left as it is; everything else becomes a quoted text, with quotes inside doubled.

    Raises:
        InvalidRequest: The value holds a line break or another control character.
    """
    if value is None:
        return None
    return f"{operator} @Me" if value.lower() == "@me" else f"{operator} {_quoted(value)}"


def query_text(conditions: Mapping[str, str | None], as_of: str = "") -> str:
    """A whole query, latest change first.

    Args:
        conditions: What each field must be, as `condition` makes it; None for any.
        as_of: The time at which the query looks, so that a second page continues the first; empty for now.
    """
    where = " AND ".join(f"[{field}] {text}" for field, text in conditions.items() if text is not None)
    clause = f" WHERE {where}" if where else ""
    moment = f" ASOF {_quoted(as_of)}" if as_of else ""
    return f"SELECT [System.Id] FROM WorkItems{clause} {_ORDER}{moment}"  # noqa: S608 - WIQL, its values are quoted


def _quoted(value: str) -> str:
    if not value.isprintable():
        raise InvalidRequest(f"{value!r} holds a line break or control character.", subject="wiql")
    doubled = value.replace("'", "''")
    return f"'{doubled}'"
