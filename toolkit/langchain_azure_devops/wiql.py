"""WIQL from filters, with values that stay values."""

from collections.abc import Mapping

from langchain_azure_devops.errors import InvalidRequest


def condition(operator: str, value: str | None) -> str | None:
    """One comparison's right-hand part; None when there is nothing to compare with.

    A macro such as `@Me` is left as it is; everything else becomes a quoted text, with quotes inside doubled.

    Raises:
        InvalidRequest: The value holds a line break or another control character.
    """
    if value is None:
        return None
    if not value.isprintable():
        raise InvalidRequest(f"{value!r} holds a line break or control character.", subject="wiql")
    if value.lower() == "@me":
        return f"{operator} @Me"
    doubled = value.replace("'", "''")
    return f"{operator} '{doubled}'"


def query_text(conditions: Mapping[str, str | None]) -> str:
    """A whole query, latest change first."""
    where = " AND ".join(f"[{field}] {text}" for field, text in conditions.items() if text is not None)
    clause = f" WHERE {where}" if where else ""
    return f"SELECT [System.Id] FROM WorkItems{clause} ORDER BY [System.ChangedDate] DESC"
