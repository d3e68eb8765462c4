"""Go on when a part cannot be read, and name it."""

from collections.abc import Coroutine, Sequence
from typing import TypeVar

from langchain_azure_devops.calls.time_limits import explain_cut
from langchain_azure_devops.errors import AzureDevOpsError, NotSignedIn, ScopeMissing
from langchain_azure_devops.results.models import Failed

T = TypeVar("T")
Row = TypeVar("Row", str, Failed)


async def read_part(place: str, part: Coroutine[object, object, T], default: T, unread: list[Failed]) -> T:
    """Read a part of a result; where the service refuses it, name it and go on with a default.

    Args:
        place: The name of the part in words that a reader knows.
        part: Reads the part.
        default: The value of the part when it cannot be read.
        unread: Takes the part that could not be read.

    Raises:
        NotSignedIn: The token is no longer accepted; every part would answer the same.
        ScopeMissing: The token lacks a scope that the whole result needs.
    """
    try:
        return await part
    except (NotSignedIn, ScopeMissing):
        raise
    except AzureDevOpsError as error:
        explain_cut(error)
        unread.append(Failed(place=place, status=error.status, reason=error.message))
        return default


def list_once(rows: Sequence[Row]) -> list[Row]:
    """Return each row once, as a part that is asked for twice is missing twice."""
    return [row for index, row in enumerate(rows) if row not in rows[:index]]
