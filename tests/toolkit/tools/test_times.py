"""Times in arguments and results: always UTC, whatever the zone of the machine and of the text."""

import os
import time
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import pytest
from stub_service import StubService, ok
from tool_calls import call, connected, shown

from langchain_azure_devops.results.models import Instant, Page, Result

EAST = timezone(timedelta(hours=12, minutes=45))
MOMENTS = {
    "2026-11-18": datetime(2026, 11, 18, tzinfo=UTC),
    "2026-11-18T09:30:00": datetime(2026, 11, 18, 9, 30, tzinfo=UTC),
    "2026-11-18T09:30:00Z": datetime(2026, 11, 18, 9, 30, tzinfo=UTC),
    "2026-11-18T09:30:00+12:45": datetime(2026, 11, 17, 20, 45, tzinfo=UTC),
    "2026-11-18T09:30:00-05:00": datetime(2026, 11, 18, 14, 30, tzinfo=UTC),
}


class Happening(Result):
    """A row with a time."""

    singular, plural = "happening", "happenings"
    at: Instant | None


@pytest.fixture(params=["UTC", "Pacific/Chatham", "America/St_Johns"], autouse=True)
def zone(request):
    """The zone of the machine; two of them are no whole hours away from UTC."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def test_the_zone_of_the_machine_is_another_one(zone):
    assert (datetime(2026, 11, 18, tzinfo=UTC).astimezone().utcoffset() == timedelta(0)) is (zone == "UTC")


@pytest.mark.parametrize("text", MOMENTS)
def test_builds_are_asked_for_since_the_moment_that_was_meant(text):
    with StubService([ok({"count": 0, "value": []})]) as service, connected(service.base_url, "x" * 52) as client:
        call(client, "list_builds", since=text)
        [query] = [parse_qs(urlsplit(seen.target).query) for seen in service.asked("/builds")]
    [sent] = query["minTime"]
    assert datetime.fromisoformat(sent) == MOMENTS[text]
    assert datetime.fromisoformat(sent).tzinfo is not None


@pytest.mark.parametrize("text", MOMENTS)
def test_work_items_are_asked_for_since_the_moment_that_was_meant(text):
    answer = ok({"queryType": "flat", "asOf": "2026-11-20T00:00:00Z", "columns": [], "workItems": []})
    with StubService([answer]) as service, connected(service.base_url, "x" * 52) as client:
        call(client, "query_work_items", changed_since=text)
        [seen] = service.asked("/wiql")
    assert f"{MOMENTS[text]:%Y-%m-%dT%H:%M:%SZ}" in seen.body.decode()


@pytest.mark.parametrize("text", MOMENTS)
def test_a_time_of_the_service_is_shown_in_utc(text):
    build = {
        "id": 7, "buildNumber": "7", "status": "completed", "result": "failed", "queueTime": text,
        "definition": {"id": 1, "name": "ci"}, "sourceBranch": "refs/heads/main", "requestedFor": {"displayName": "D"},
        "project": {"id": "p", "name": "Platform"},
    }  # fmt: skip
    with StubService([ok({"count": 1, "value": [build]})]) as service, connected(service.base_url, "x" * 52) as client:
        page = call(client, "list_builds")
    assert page.items[0].queued == MOMENTS[text]
    assert page.items[0].queued.utcoffset() == timedelta(0)
    assert f"{MOMENTS[text]:%Y-%m-%dT%H:%MZ}" in shown(page)


def test_z_is_only_written_behind_what_is_utc():
    row = Happening(at=datetime(2026, 1, 2, 3, 4, tzinfo=EAST))
    assert row.model_dump(mode="json") == {"at": "2026-01-01T14:19:00Z"}
    assert "2026-01-01T14:19Z" in shown(Page[Happening](items=[row]))
    assert Happening(at=datetime(2026, 1, 2, 3, 4)).at == datetime(2026, 1, 2, 3, 4, tzinfo=UTC)  # noqa: DTZ001 - the service leaves zones out
    assert Happening(at=None).at is None
