"""Lists page by page, against a service that answers exactly what the test says: which rows, and how it goes on."""

from urllib.parse import parse_qs, urlsplit

import pytest
from stub_service import StubService, failure, ok

from langchain_azure_devops import AzureDevOps
from langchain_azure_devops.calls import limit_reads
from langchain_azure_devops.calls.paging import TOKEN_HEADER, Batch, collect, list_rows
from langchain_azure_devops.calls.time_limits import last_request
from langchain_azure_devops.errors import InvalidRequest, ServiceFault, Throttled
from langchain_azure_devops.results.models import Position, Result
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.safety.grants import ToolCall, current_call
from langchain_azure_devops.settings import load_settings

SECRET = "ghp_Zk3vQ9xT7bN2mW8rY5cL1dF6hJ4gS0aPqEuV"


class Thing(Result):
    """A row."""

    singular, plural = "thing", "things"
    id: int


class Shelf:
    """A list of the service that pages as the real one does, by `$top` and `$skip` or a continuation token."""

    def __init__(self, count, style, *, most=1000):
        self.ids, self.style, self.most = range(1, count + 1), style, most
        self.asked = []

    def __call__(self, seen):
        query = {name: values[0] for name, values in parse_qs(urlsplit(seen.target).query).items()}
        self.asked.append(query)
        begin = int(query.get("$skip" if self.style == "skip" else "continuationToken", 0))
        end = begin + min(int(query.get("$top", len(self.ids))), self.most)
        headers = {"x_ms_continuationtoken": str(end)} if self.style == "token" and end < len(self.ids) else {}
        rows = self.ids[begin:end]
        return ok({"count": len(rows), "value": [{"id": number} for number in rows]}, **headers)


def read_all(client, **arguments):
    """Every page of a list, as the ids of its rows, by the cursor of the one before."""
    pages, cursor = [], None
    while True:
        page = client.run_sync(list_rows(client, Thing, "/_apis/things", cursor=cursor, **arguments))
        pages.append([row.id for row in page.items])
        if (cursor := page.cursor) is None:
            return pages


def client_of(service, **timeouts):
    settings = load_settings(base_url=service.base_url, pat="x" * 52, environ={})
    return AzureDevOps(settings, context=RunContext(timeouts=Timeouts(retry_pause=0.001, **timeouts)))


def shelved(shelf, **arguments):
    with StubService(shelf) as service, client_of(service) as client:
        return read_all(client, **arguments)


@pytest.mark.parametrize(
    ("count", "pages"),
    [
        (0, [[]]),
        (1, [[1]]),
        (3, [[1, 2, 3]]),
        (4, [[1, 2, 3], [4]]),
        (6, [[1, 2, 3], [4, 5, 6]]),
        (7, [[1, 2, 3], [4, 5, 6], [7]]),
    ],
)
def test_pages_by_token_end_with_the_last_token_also_after_a_page_that_is_exactly_full(count, pages):
    shelf = Shelf(count, "token")
    assert shelved(shelf, limit=3, style="token") == pages
    assert [query.get("continuationToken") for query in shelf.asked] == [
        str(3 * number) if number else None for number in range(len(pages))
    ]
    assert {query["$top"] for query in shelf.asked} == {"3"}


@pytest.mark.parametrize(
    ("count", "pages"),
    [(0, [[]]), (2, [[1, 2]]), (3, [[1, 2, 3], []]), (4, [[1, 2, 3], [4]]), (5, [[1, 2, 3], [4, 5]])],
)
def test_pages_by_skip_end_with_a_page_that_is_not_full(count, pages):
    shelf = Shelf(count, "skip")
    assert shelved(shelf, limit=3, style="skip") == pages
    assert [query.get("$skip") for query in shelf.asked] == [None, "3"][: len(pages)]


def test_a_list_without_pages_is_asked_once_and_cut_here():
    shelf = Shelf(5, "none")
    with StubService(shelf) as service, client_of(service) as client:
        first = client.run_sync(list_rows(client, Thing, "/_apis/things", limit=3, cursor=None, style="none"))
        assert ([row.id for row in first.items], first.total) == ([1, 2, 3], 5)
        rest = client.run_sync(list_rows(client, Thing, "/_apis/things", limit=3, cursor=first.cursor, style="none"))
        assert ([row.id for row in rest.items], rest.total, rest.cursor) == ([4, 5], 5, None)
    assert [set(query) for query in shelf.asked] == [{"api-version"}] * 2


@pytest.mark.parametrize("style", ["skip", "token"])
def test_a_filter_made_here_goes_on_after_all_rows_that_were_read_not_after_those_it_kept(style):
    shelf = Shelf(25, style)
    pages = shelved(shelf, limit=3, style=style, maximum=10, keep=lambda row: row.id % 4 == 0)
    assert [number for page in pages for number in page] == [4, 8, 12, 16, 20, 24]
    assert [len(page) for page in pages[:2]] == [3, 3]
    assert {query["$top"] for query in shelf.asked} == {"10"}
    begins = {query.get("$skip" if style == "skip" else "continuationToken") for query in shelf.asked}
    assert begins == {None, "10", "20"}


def test_a_page_takes_as_many_requests_as_it_needs_and_no_row_too_many():
    shelf = Shelf(10, "skip", most=4)
    assert shelved(shelf, limit=7, style="skip", maximum=4) == [[1, 2, 3, 4, 5, 6, 7], [8, 9, 10]]
    assert [query["$top"] for query in shelf.asked] == ["4", "3", "4"]


def test_a_page_makes_at_most_twenty_requests_and_says_how_to_go_on():
    shelf = Shelf(100, "token")
    with StubService(shelf) as service, client_of(service) as client:
        page = client.run_sync(
            list_rows(
                client,
                Thing,
                "/_apis/things",
                limit=5,
                cursor=None,
                style="token",
                maximum=1,
                keep=lambda row: row.id > 90,
            )
        )
    assert len(shelf.asked) == 20
    assert page.items == []
    assert page.cursor is not None


def test_the_query_and_the_version_of_a_list_are_sent_with_its_paging():
    shelf = Shelf(2, "token")
    with StubService(shelf) as service, client_of(service) as client:
        client.run_sync(
            list_rows(
                client, Thing, "/{project}/_apis/things", path={"project": "Platform"}, query={"name": "a"},
                limit=9, cursor=None, style="token", version="7.1-preview.1",
            )
        )  # fmt: skip
        assert service.seen[0].target.startswith("/contoso/Platform/_apis/things?")
    assert shelf.asked == [{"name": "a", "$top": "9", "api-version": "7.1-preview.1"}]


def test_rows_before_a_failure_are_kept_and_the_cursor_goes_on_after_them():
    shelf = Shelf(6, "skip")
    broken = []

    def answer(seen):
        if "skip" in seen.target and not broken:
            return failure(500, "Specific", "VS1: it broke")
        return shelf(seen)

    with StubService(answer) as service, client_of(service, max_attempts=1) as client:
        arguments = {"limit": 5, "style": "skip", "maximum": 2}
        page = client.run_sync(list_rows(client, Thing, "/_apis/things", cursor=None, **arguments))
        assert [row.id for row in page.items] == [1, 2]
        assert page.notes[0].startswith("Stopped after 2 rows: ")
        assert "it broke" in page.notes[0]
        broken.append(True)
        rest = client.run_sync(list_rows(client, Thing, "/_apis/things", cursor=page.cursor, **arguments))
        assert [row.id for row in rest.items] == [3, 4, 5, 6]
        assert rest.notes == []


async def test_rows_before_the_end_of_a_time_limit_are_kept_with_its_reason():
    """A call that may read for longer than the limit of its block ends with the block, and says why."""

    async def fetch(position, wanted):
        if position.skip:
            raise Throttled("The service is busy.")
        return Batch([Thing(id=1)], Position(skip=1))

    with limit_reads(60, "The run has no more time.") as limit:
        token = current_call.set(ToolCall("list_things", (), deadline=last_request(limit.end), arguments={}))
        try:
            page = await collect(Thing, fetch, 5, None)
        finally:
            current_call.reset(token)
    assert page.notes[0] == "Stopped after 1 rows: The service is busy. The run has no more time."
    assert limit.cut


def test_a_failure_before_the_first_row_is_an_error():
    with StubService([failure(500, "Specific", "VS1: it broke")]) as service, client_of(service) as client:
        with pytest.raises(ServiceFault, match="it broke"):
            read_all(client, limit=5, style="skip")


def test_a_cursor_that_nobody_made_is_refused():
    with StubService(Shelf(3, "skip")) as service, client_of(service) as client:
        with pytest.raises(InvalidRequest):
            client.run_sync(list_rows(client, Thing, "/_apis/things", limit=1, cursor="nonsense", style="skip"))
        assert service.seen == []


def test_a_token_that_looks_like_a_secret_is_sent_as_it_came_and_is_not_in_the_cursor():
    sent = []

    def answer(seen):
        sent.append(parse_qs(urlsplit(seen.target).query).get("continuationToken", [None])[0])
        return ok({"value": [{"id": len(sent)}]}, **({} if len(sent) > 1 else {"x_ms_continuationtoken": SECRET}))

    with StubService(answer) as service, client_of(service) as client:
        page = client.run_sync(list_rows(client, Thing, "/_apis/things", limit=1, cursor=None, style="token"))
        assert page.cursor
        assert SECRET not in page.cursor
    assert TOKEN_HEADER == "x-ms-continuationtoken"


async def test_a_total_that_the_service_gave_once_is_kept():
    async def fetch(position, wanted):
        first = position.skip == 0
        return Batch([Thing(id=1 + position.skip)], Position(skip=1) if first else None, 2 if first else None)

    page = await collect(Thing, fetch, 5, None)
    assert ([row.id for row in page.items], page.total, page.cursor) == ([1, 2], 2, None)


async def test_a_page_that_begins_within_a_batch_asks_for_the_whole_batch_again():
    asked = []

    async def fetch(position, wanted):
        asked.append((position, wanted))
        return Batch([Thing(id=number) for number in range(1, 6)], None)

    first = await collect(Thing, fetch, 3, None)
    rest = await collect(Thing, fetch, 3, first.cursor)
    assert ([row.id for row in first.items], [row.id for row in rest.items]) == ([1, 2, 3], [4, 5])
    assert rest.cursor is None
    assert asked == [(Position(), 3), (Position(), 6)]
