"""A body that breaks off is read on only where it is the same; a list that breaks off keeps what it has."""

import asyncio
import gzip
from datetime import datetime
from typing import Annotated

import pytest
from pydantic import BaseModel, BeforeValidator
from stub_service import Reply, StubService, failure, ok

from azure_devops_simulator import SimulatorServer, TokenBucket, seed_organization
from langchain_azure_devops import TOOLS, AzureDevOps, errors
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.settings import load_settings

QUICK = RunContext(timeouts=Timeouts(retry_pause=0.01, max_retry_pause=0.02, max_attempts=4))
TEXT = b"".join(b"line %d of the file\n" % number for number in range(20_000))


def client_of(base_url, **arguments):
    settings = load_settings(base_url=base_url, pat="a-token", default_project="Platform", environ={})
    return AzureDevOps(settings, **{"context": QUICK, **arguments})


def streamed(client):
    """A body read piece by piece."""

    async def read():
        path, query = {"project": "P"}, {}
        async with client.stream("/{project}/_apis/x", path=path, query=query, accept="text/plain") as response:
            return b"".join([piece async for piece in response.aiter_bytes()])

    return client.run_sync(read())


def text(body=TEXT, cut=None, **headers):
    return Reply(200, body, {name.replace("_", "-"): value for name, value in headers.items()}, "text/plain", cut=cut)


def test_a_body_that_breaks_off_twice_is_read_to_its_end_with_every_byte_once():
    with StubService([text(cut=100_000), text(cut=250_000), text()]) as service, client_of(service.base_url) as client:
        assert streamed(client) == TEXT
        assert len(service.seen) == 3


def test_it_does_not_matter_how_the_second_answer_is_packed():
    packed = text(gzip.compress(TEXT), Content_Encoding="gzip")
    with StubService([text(cut=100_000), packed]) as service, client_of(service.base_url) as client:
        assert streamed(client) == TEXT
    with StubService([text(gzip.compress(TEXT), cut=5_000, Content_Encoding="gzip"), text()]) as service:
        with client_of(service.base_url) as client:
            assert streamed(client) == TEXT


@pytest.mark.parametrize(
    "second", [TEXT.replace(b"line 7 ", b"line x "), TEXT[:50_000]], ids=["another text", "a shorter one"]
)
def test_two_halves_of_different_files_are_never_one_file(second):
    with StubService([text(cut=100_000), text(second)]) as service, client_of(service.base_url) as client:
        with pytest.raises(errors.Unreachable, match="changed in between"):
            streamed(client)


def test_a_log_that_grew_in_between_is_read_on():
    grown = TEXT + b"one more line\n"
    with StubService([text(cut=100_000), text(grown)]) as service, client_of(service.base_url) as client:
        assert streamed(client) == grown


def test_a_body_that_always_breaks_off_is_an_error_and_not_a_short_file():
    with StubService([text(cut=1_000)]) as service, client_of(service.base_url) as client:
        with pytest.raises(errors.Unreachable, match="broke while"):
            streamed(client)
        assert len(service.seen) == QUICK.timeouts.max_attempts


def test_json_without_its_end_is_asked_for_again_even_if_its_length_fits():
    half = Reply(200, b'{"value": [{"id": 1}, {"id"')
    with StubService([half, ok({"value": []})]) as service, client_of(service.base_url) as client:
        assert client.run_sync(client.get("/_apis/projects")).json() == {"value": []}


def projects(first, count):
    rows = [{"id": str(number), "name": f"P{number}", "state": "wellFormed"} for number in range(first, first + count)]
    return {"count": count, "value": rows}


def test_a_list_that_is_throttled_in_the_middle_keeps_its_rows_and_goes_on_where_it_stopped():
    def answer(seen):
        if "continuationToken=3" not in seen.target:
            return ok(projects(0, 3), x_ms_continuationtoken="3")
        refused = len(service.asked("continuationToken")) == 0
        return failure(429, "X", "TF400733", Retry_After="3600") if refused else ok(projects(3, 2))

    with StubService(answer) as service:
        with client_of(service.base_url) as client:
            first = TOOLS["list_projects"].call_sync(client)
        assert [row.name for row in first.items] == ["P0", "P1", "P2"]
        assert first.notes[0].startswith("Stopped after 3 rows: list_projects: GET projects answered 429")
        assert "Come back in 3600 s" in first.notes[0]
        settings = load_settings(base_url=service.base_url, pat="another-token", environ={})
        with AzureDevOps(settings) as later:
            rest = TOOLS["list_projects"].call_sync(later, cursor=first.cursor)
        assert [row.name for row in rest.items] == ["P3", "P4"]
        assert (rest.cursor, rest.notes) == (None, [])


def test_what_the_service_says_with_a_503_is_passed_on():
    with StubService([failure(503, "X", "TF24668: stopped", Retry_After="700")]) as service:
        with client_of(service.base_url) as client, pytest.raises(errors.ServiceFault, match="Come back in 700 s"):
            client.run_sync(client.get("/_apis/projects"))
    assert len(service.seen) == 1


def test_under_a_rate_limit_parallel_calls_slow_down_and_none_is_lost():
    organization = seed_organization()
    organization.add_token("a-token")
    organization.throttle = TokenBucket(capacity=10, refill=40, tarpit=2, delay=0.01)
    with SimulatorServer(organization) as server, client_of(server.base_url, context=None) as client:

        async def many():
            calls = (client.get("/_apis/projects") for _ in range(30))
            return await asyncio.gather(*calls, return_exceptions=True)

        answers = client.run_sync(many())
    assert [answer for answer in answers if isinstance(answer, Exception)] == []


class Dated(BaseModel):
    when: Annotated[datetime, BeforeValidator(lambda text: datetime.strptime(text, "%d/%m/%Y %z"))]


def test_an_error_does_not_repeat_what_a_check_of_ours_says_of_a_text():
    with StubService([ok({"when": "my secret"})]) as service, client_of(service.base_url) as client:
        answer = client.run_sync(client.get("/_apis/projects"))
        with pytest.raises(errors.ServiceFault, match=r"\(when: This is not what it should be\)") as refused:
            decode(answer, Dated)
    assert "secret" not in str(refused.value)
