"""Ask many places at once, such as projects or files. A place that fails is named; the other answers are kept."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from langchain_azure_devops.calls.time_limits import explain_cut
from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, NotSignedIn, ScopeMissing
from langchain_azure_devops.results.models import Failed, Page, Position, Records, Result, decode_cursor
from langchain_azure_devops.safety.grants import current_call

Place = TypeVar("Place", bound=Hashable)
Found = TypeVar("Found")
Row = TypeVar("Row", bound=Result)

AT_ONCE = 8
"""How many places are asked at the same time; the pacer of the organization may allow less."""
MOST_PLACES = 200
"""The most places that a list asks: an organization may have thousands of repositories."""
MOST = 1_000
"""The most rows that cursors reach in a list over several places, which is fetched again for each page."""


class Answers(NamedTuple, Generic[Place, Found]):
    """The answers of the places.

    Attributes:
        done: What was found, by place, in the order of the places.
        failed: What went wrong, by place, in the same order.
    """

    done: dict[Place, Found]
    failed: dict[Place, AzureDevOpsError]

    @property
    def failures(self) -> list[Failed]:
        """The failures as a page shows them."""
        return [
            Failed(place=str(place), status=error.status, reason=error.message) for place, error in self.failed.items()
        ]


async def fan_out(places: Iterable[Place], ask: Callable[[Place], Awaitable[Found]]) -> Answers[Place, Found]:
    """Ask all places, AT_ONCE of them at a time, and return their answers in the order of the places.

    When the call is cancelled or a bug raises, the other requests are cancelled.

    Raises:
        NotSignedIn: The token is no longer accepted; every place would answer the same.
        ScopeMissing: The token lacks the scope; every place would answer the same.
        AzureDevOpsError: All places failed; the error of the first.
    """
    order = list(dict.fromkeys(places))
    left = iter(order)
    done: dict[Place, Found] = {}
    failed: dict[Place, AzureDevOpsError] = {}

    async def work() -> None:
        for place in left:
            try:
                done[place] = await ask(place)
            except (NotSignedIn, ScopeMissing):
                raise
            except AzureDevOpsError as error:
                explain_cut(error)
                failed[place] = error

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(order))):
                group.create_task(work())
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    if failed and not done:
        raise failed[next(place for place in order if place in failed)]
    return Answers(
        {place: done[place] for place in order if place in done},
        {place: failed[place] for place in order if place in failed},
    )


async def read_by_id(row: type[Row], ids: Sequence[int], read: Callable[[int], Awaitable[Row]]) -> Row | Records[Row]:
    """Read records by their ids: one as itself, several at once; of several, those that cannot be read are named.

    Raises:
        AzureDevOpsError: None of them can be read; the error of the first.
    """
    if len(set(ids)) == 1:
        return await read(ids[0])
    answers = await fan_out(ids, read)
    return make_records(row, list(answers.done.values()), answers.failed)


def make_records(row: type[Row], found: list[Row], failed: Mapping[int, AzureDevOpsError]) -> Records[Row]:
    """Return what was read by id, with the name of each record that could not be read."""
    kind: type[Records[Row]] = Records[row]  # type: ignore[valid-type] # made at run time for this type of row
    unread = [
        Failed(place=f"{row.singular} {number}", status=error.status, reason=error.message)
        for number, error in failed.items()
    ]
    return kind(items=found, failed=unread, partial=bool(unread))


async def merge_lists(
    row: type[Row],
    places: Sequence[str],
    ask: Callable[[str, int], Awaitable[Page[Row]]],
    limit: int,
    cursor: str | None,
    newest: Callable[[Row], tuple[datetime, int]] | None = None,
) -> Page[Row]:
    """Merge the lists of several places and return one page.

    Args:
        row: What the rows are.
        places: What is asked, such as the names of projects, in the order in which their rows come.
        ask: Fetches at most the given number of rows from one place.
        limit: How many rows to return at most.
        cursor: From an earlier page; it is valid as long as the same places answer.
        newest: Returns the sort key, the newest first; without it, the rows come place by place.

    Raises:
        InvalidRequest: The cursor is not valid for this call.
        AzureDevOpsError: No place answered.
    """
    call = current_call.get()
    digest = call.digest if call else ""
    start = decode_cursor(cursor, digest)
    end = min(start.offset + limit, MOST)
    asked, left = places[:MOST_PLACES], places[MOST_PLACES:]
    answers = await fan_out(asked, lambda place: ask(place, end))
    who = hashlib.sha256("\n".join(answers.done).encode()).hexdigest()[:12]
    if cursor and start.token != who:
        raise InvalidRequest(
            "The cursor is no longer valid because the set of answering projects changed. Start again without it.",
            subject="cursor",
        )
    rows = [each for page in answers.done.values() for each in page.items]
    if newest is not None:
        rows.sort(key=newest, reverse=True)
    more = len(rows) > end or any(page.cursor for page in answers.done.values())
    after = Position(token=who, offset=end) if more and end < MOST else None
    kind: type[Page[Row]] = Page[row]  # type: ignore[valid-type] # made at run time for this type of row
    page = kind.of(rows[start.offset : end], start._replace(token=who), after, digest)
    page.failed.extend(answers.failures)
    page.partial = bool(answers.failed or left)
    if left:
        page.notes.append(f"{len(left)} places were not looked into, from {left[0]!r} on: name one to see its rows.")
    page.notes.extend(dict.fromkeys(note for each in answers.done.values() for note in each.notes))
    if more and after is None:
        page.partial = True
        page.notes.append(f"A list over several places ends after {MOST:,} rows. Name one place to see all its rows.")
    return page
