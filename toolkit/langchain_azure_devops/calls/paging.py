"""Read lists of the service page by page, whatever their style of paging."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, Literal, NamedTuple, TypeVar

from langchain_azure_devops.calls.time_limits import explain_cut
from langchain_azure_devops.errors import Throttled, Unavailable
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Page, Position, Result, decode_cursor
from langchain_azure_devops.safety.grants import current_call

Row = TypeVar("Row", bound=Result)

TOKEN_HEADER = "x-ms-continuationtoken"  # noqa: S105 - the name of a header
_REQUESTS_PER_PAGE = 20


class Batch(NamedTuple, Generic[Row]):
    """The rows of one request.

    Attributes:
        rows: The rows in order.
        after: Where the next request begins; None at the end.
        total: How many rows there are in all, where the service says so.
    """

    rows: list[Row]
    after: Position | None
    total: int | None = None


async def collect(
    row: type[Row],
    fetch: Callable[[Position, int], Awaitable[Batch[Row]]],
    limit: int,
    cursor: str | None,
    most: int = _REQUESTS_PER_PAGE,
) -> Page[Row]:
    """Return up to `limit` rows from the cursor on, with as many requests as that takes.

    When a later request is throttled or fails, the rows so far are returned, and a note says so.

    Args:
        row: The class of the rows, also of an empty page.
        fetch: Fetches about the given number of rows from a position on.
        limit: How many rows to return at most.
        cursor: From an earlier page of the same call.
        most: How often to fetch at most. A page that ends for it has fewer rows than asked for, and a cursor.
    """
    digest = _digest()
    start = decode_cursor(cursor, digest)
    position: Position | None = start
    items: list[Row] = []
    total: int | None = None
    stopped: list[str] = []
    for _ in range(most):
        if position is None or len(items) >= limit:
            break
        try:
            batch = await fetch(position._replace(offset=0), position.offset + limit - len(items))
        except (Throttled, Unavailable) as error:
            if not items:
                raise
            # The rows read so far are valid; the cursor continues after them.
            explain_cut(error)
            stopped.append(f"Stopped after {len(items)} rows: {error.message}")
            break
        total = batch.total if batch.total is not None else total
        fresh = batch.rows[position.offset :]
        room = limit - len(items)
        items.extend(fresh[:room])
        position = position._replace(offset=position.offset + room) if len(fresh) > room else batch.after
    page: type[Page[Row]] = Page[row]  # type: ignore[valid-type] # made at run time for this type of row
    found = page.of(items, start, position, digest, total)
    found.notes.extend(stopped)
    return found


async def list_rows(
    client: AzureDevOps,
    row: type[Row],
    template: str,
    *,
    limit: int,
    cursor: str | None,
    style: Literal["token", "skip", "none"],
    path: Mapping[str, str | int | None] | None = None,
    query: Mapping[str, QueryValue] | None = None,
    maximum: int = 1000,
    version: str = "7.1",
    keep: Callable[[Row], bool] | None = None,
) -> Page[Row]:
    """Return a page of a collection that the service answers as `{count, value: [...]}`.

    Args:
        client: Where to ask.
        row: What a row becomes.
        template: The route.
        limit: How many rows to return at most.
        cursor: From an earlier page of the same call.
        style: How the service pages this list: by continuation token, by `$skip`, or not at all.
        path: Placeholders of the route.
        query: Further query parameters.
        maximum: The most rows the service gives at once.
        version: The api-version.
        keep: Chooses rows where the service has no filter for it.
    """
    collection = Collection[row]  # type: ignore[valid-type] # made at run time for this type of row

    async def fetch(position: Position, wanted: int) -> Batch[Row]:
        size = maximum if keep else min(wanted, maximum)
        paging: dict[str, QueryValue] = {} if style == "none" else {"$top": size}
        if style == "token" and position.token:
            paging["continuationToken"] = position.token
        if style == "skip" and position.skip:
            paging["$skip"] = position.skip
        response = await client.get(template, path=path, query={**(query or {}), **paging}, version=version)
        rows = decode(response, collection).value
        token = response.headers.get(TOKEN_HEADER)
        answered = len(rows)
        if keep is not None:
            rows = [row for row in rows if keep(row)]
        if style == "token":
            # A cursor may not hold a secret in its encoding, and a request resolves what replaces it.
            return Batch(rows, Position(token=client.secrets.redact(token)) if token else None)
        if style == "skip":
            return Batch(rows, Position(skip=position.skip + answered) if answered >= size else None)
        return Batch(rows, None, len(rows))

    return await collect(row, fetch, limit, cursor)


async def page_rows(row: type[Row], rows: list[Row], limit: int, cursor: str | None) -> Page[Row]:
    """Return a page of rows that one answer of the service had all of.

    Args:
        row: The class of the rows.
        rows: All of them, in the same order in each call.
        limit: How many rows to return at most.
        cursor: From an earlier page of the same call.
    """

    async def fetch(_position: Position, _wanted: int) -> Batch[Row]:
        return Batch(rows, None, len(rows))

    return await collect(row, fetch, limit, cursor)


def _digest() -> str:
    call = current_call.get()
    return call.digest if call else ""
