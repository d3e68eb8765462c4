"""Repeated requests: how often, after which pause, and what is said of a request that was given up."""

import asyncio
import random
import ssl
import time
from collections.abc import Iterator

import httpx
import pytest
from stub_service import RESET, SIGNED_IN, Reply, StubService, failure, ok

from langchain_azure_devops import AzureDevOps, errors
from langchain_azure_devops.http.retries import connection_error
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.safety.grants import Operation, ToolCall, WriteRequest, current_call
from langchain_azure_devops.settings import load_settings

THINGS = "/_apis/things"
CREATE = Operation("POST", "/{project}/_apis/wit/workitems/${type}")
BUSY = failure(503, "X", "busy")
WHAT = "POST /{project}/_apis/wit/workitems/${type}"


@pytest.fixture
def pauses(monkeypatch) -> Iterator[list[float]]:
    """The pauses that were made, each of which ends at once."""
    made: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds, result=None):
        if seconds:
            made.append(seconds)
        return await real(0, result)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return made


def client_of(service, told=None, **timeouts):
    settings = load_settings(base_url=service.base_url, pat="x" * 52, environ={})
    context = RunContext(timeouts=Timeouts(**timeouts), shared_pace=False)
    return AzureDevOps(settings, context=context, **({"progress": told.append} if told is not None else {}))


def read(client):
    return client.run_sync(client.get(THINGS))


def write(client, **options):
    request = WriteRequest("create_work_item", {"title": "x", "type": "Bug"}, "digest", "Platform")
    grant = client.grants.open(request, frozenset({CREATE}), 1, {"project": "Platform", "type": "Bug"})

    async def create():
        token = current_call.set(ToolCall("create_work_item", ("vso.work_write",), grant, **options))
        try:
            return await client.post(
                CREATE.template, [], path={"project": "Platform", "type": "Bug"},
                content_type="application/json-patch+json",
            )  # fmt: skip
        finally:
            current_call.reset(token)

    return client.run_sync(create())


@pytest.mark.parametrize("status", [502, 503, 504])
@pytest.mark.parametrize("attempts", [1, 2, 4])
def test_a_read_is_sent_so_often_and_then_given_up(pauses, status, attempts):
    with StubService([failure(status, "X", "busy")]) as service, client_of(service, max_attempts=attempts) as client:
        with pytest.raises(errors.ServiceFault, match="busy"):
            read(client)
    assert len(service.seen) == attempts
    assert len(pauses) == attempts - 1


@pytest.mark.parametrize("status", [400, 404, 409, 501, 505])
def test_another_status_is_an_answer(pauses, status):
    with StubService([failure(status, "Specific", "no")]) as service, client_of(service) as client:
        with pytest.raises(errors.AzureDevOpsError):
            read(client)
    assert len(service.seen) == 1
    assert pauses == []


def test_pauses_double_up_to_the_longest_and_are_shortened_by_at_most_a_half(pauses):
    timeouts = {"retry_pause": 1.0, "max_retry_pause": 4.0, "max_attempts": 6, "call": 1000.0}
    with StubService([BUSY]) as service, client_of(service, **timeouts) as client:
        with pytest.raises(errors.ServiceFault):
            read(client)
    assert len(pauses) == 5
    for pause, longest in zip(pauses, [1.0, 2.0, 4.0, 4.0, 4.0], strict=True):
        assert longest / 2 <= pause <= longest
    assert len(set(pauses)) == 5, "many clients at once would come back together"


@pytest.mark.parametrize(("chance", "part"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_chance_decides_how_much_of_a_pause_is_made(pauses, monkeypatch, chance, part):
    monkeypatch.setattr(random, "random", lambda: chance)
    timeouts = {"retry_pause": 1.0, "max_retry_pause": 4.0, "max_attempts": 5, "call": 1000.0}
    with StubService([BUSY]) as service, client_of(service, **timeouts) as client:
        with pytest.raises(errors.ServiceFault):
            read(client)
    assert pauses == pytest.approx([part, 2 * part, 4 * part, 4 * part])


@pytest.mark.parametrize(("pause", "told"), [(10.0, True), (0.4, False)])
def test_only_a_pause_that_a_person_notices_is_told_with_its_reason(pauses, pause, told):
    heard = []
    timeouts = {"retry_pause": pause, "max_retry_pause": pause, "max_attempts": 3, "call": 1000.0}
    with StubService([BUSY, RESET, ok({})]) as service, client_of(service, heard, **timeouts) as client:
        read(client)
    assert [one.reason for one in heard][:1] == (["status 503"] if told else [])
    assert len(heard) == 2 * told
    if told:
        assert heard[1].reason.startswith("no answer (")
        assert [one.seconds for one in heard] == pauses


def test_no_pause_is_begun_that_is_longer_than_the_call_may_take(pauses):
    timeouts = {"retry_pause": 500.0, "max_retry_pause": 500.0, "call": 100.0}
    with StubService([BUSY]) as service, client_of(service, **timeouts) as client:
        with pytest.raises(errors.ServiceFault):
            read(client)
    assert (len(service.seen), pauses) == (1, [])


def test_retry_after_is_waited_for(pauses, monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + sum(pauses))
    throttled = failure(429, "X", "TF400733: blocked", Retry_After="30")
    with StubService([throttled, ok({})]) as service, client_of(service) as client:
        read(client)
    assert pauses == pytest.approx([30.0])
    assert len(service.seen) == 2


def test_a_throttle_without_a_time_is_repeated_as_often_as_any_other(pauses):
    timeouts = {"retry_pause": 0.01, "max_retry_pause": 0.01, "max_attempts": 3}
    with StubService([failure(429, "X", "TF400733: blocked")]) as service, client_of(service, **timeouts) as client:
        with pytest.raises(errors.Throttled):
            read(client)
    assert len(service.seen) == 3


def test_a_throttle_that_is_longer_than_the_call_sends_nothing_more(pauses):
    reply = failure(429, "X", "TF400733: blocked", Retry_After="3600")
    with StubService([reply]) as service, client_of(service) as client:
        with pytest.raises(errors.Throttled):
            read(client)
        with pytest.raises(errors.Throttled) as caught:
            read(client)
    assert len(service.seen) == 1
    assert caught.value.message.startswith(f"GET {THINGS} was not sent: the service throttles this account")
    assert 200 < caught.value.retry_after <= 300, "nobody waits longer than five minutes for another request"
    assert caught.value.subject == f"{caught.value.retry_after:.0f}s"
    assert f"Come back in {caught.value.retry_after:.0f} s." in caught.value.message


# -- writes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "happened"),
    [
        (BUSY, "127.0.0.1 answered 503 to the write"),
        (RESET, "127.0.0.1 broke the connection after the write was sent (ReadError)"),
        (Reply(200, b"<html>Hello</html>", {}, "text/html"), "127.0.0.1 did not answer the write, but "),
    ],
    ids=["503", "reset", "page"],
)
def test_a_write_whose_answer_is_lost_is_sent_once_and_says_what_happened(pauses, reply, happened):
    with StubService([reply]) as service, client_of(service) as client:
        with pytest.raises(errors.WriteOutcomeUnknown) as caught:
            write(client)
    assert (len(service.seen), pauses) == (1, [])
    assert caught.value.happened.startswith(happened)
    assert caught.value.message.startswith(happened)
    assert "may or may not have happened. It was not sent again." in caught.value.message
    assert caught.value.subject == CREATE.template


def test_a_write_that_was_refused_is_an_answer_and_not_a_question(pauses):
    with StubService([failure(400, "X", "bad")]) as service, client_of(service) as client:
        with pytest.raises(errors.InvalidRequest):
            write(client)
    assert (len(service.seen), pauses) == (1, [])


def test_a_write_that_was_throttled_is_repeated_and_looked_at_before_each_attempt(pauses):
    looked = []

    async def look():
        looked.append(len(service.seen))

    reply = failure(429, "X", "TF400733: blocked", Retry_After="0")
    with StubService([reply, ok({"id": 1})]) as service, client_of(service) as client:
        assert write(client, before_write=look).json() == {"id": 1}
        read(client)
    assert looked == [0, 1]


def test_only_a_write_is_looked_at_before_it_is_sent():
    looked = []

    async def look():
        looked.append(len(service.seen))

    async def reading():
        token = current_call.set(ToolCall("create_work_item", (), before_write=look))
        try:
            await client.get(THINGS)
        finally:
            current_call.reset(token)

    with StubService([ok({"value": []})]) as service, client_of(service) as client:
        client.run_sync(reading())
    assert (len(service.seen), looked) == (1, [])


def test_a_write_to_nobody_was_not_sent(pauses):
    with StubService([ok({})]) as service:
        pass
    with client_of(service, max_attempts=2) as client, pytest.raises(errors.Unreachable) as caught:
        write(client)
    assert len(pauses) == 1, "nothing was sent, so it is safe to try again"
    assert caught.value.subject == "127.0.0.1"


# -- what cannot change -----------------------------------------------------------------------------------------------


def error_of(error, method="GET"):
    with StubService([ok({})]) as service, client_of(service) as client:
        operation = Operation(method, THINGS) if method == "GET" else CREATE
        from langchain_azure_devops.http.request import RequestContext

        context = RequestContext(operation, {}, client, 0.0, client.progress)
        return connection_error(error, httpx.Request(method, "https://dev.azure.com/x"), context)


def chained(outer, inner, how):
    try:
        try:
            raise inner
        except type(inner) as error:
            if how == "cause":
                raise outer from error
            raise outer  # noqa: B904 - httpx leaves the cause to the context in places
    except type(outer) as error:
        return error


@pytest.mark.parametrize("how", ["cause", "context"])
def test_a_certificate_that_is_not_accepted_is_told_apart_however_it_is_reported(how):
    found = error_of(chained(httpx.ConnectError("no"), ssl.SSLError("bad"), how), "POST")
    assert type(found) is errors.TlsFailure
    assert found.subject == "dev.azure.com"
    assert "SSL_CERT_FILE" in found.message


@pytest.mark.parametrize("text", ["[SSL: WRONG_VERSION] no", "x CERTIFICATE_VERIFY_FAILED y"])
def test_a_certificate_is_recognized_by_the_text_as_well(text):
    assert type(error_of(httpx.ConnectError(text))) is errors.TlsFailure
    assert type(error_of(httpx.ConnectError("SSL"))) is errors.Unreachable


@pytest.mark.parametrize(
    ("error", "happened"),
    [
        (httpx.ReadTimeout("x"), "did not answer in time after the write was sent (ReadTimeout)"),
        (httpx.ReadError("x"), "broke the connection after the write was sent (ReadError)"),
        (httpx.RemoteProtocolError("x"), "broke the connection after the write was sent (RemoteProtocolError)"),
    ],
)
def test_a_write_that_was_sent_has_an_unknown_outcome(error, happened):
    found = error_of(error, "POST")
    assert type(found) is errors.WriteOutcomeUnknown
    assert found.happened == f"dev.azure.com {happened}."
    assert type(error_of(error)) is errors.Unreachable


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x"), httpx.ProxyError("x")]
)
def test_a_write_that_was_never_sent_is_no_question(error):
    assert type(error_of(error, "POST")) is errors.Unreachable


def test_what_has_no_text_is_named_by_its_class():
    assert error_of(httpx.ConnectError("")).message.startswith("dev.azure.com could not be reached: ConnectError. ")
    assert error_of(httpx.ConnectError("no way")).message.startswith("dev.azure.com could not be reached: no way. ")


def test_a_certificate_is_recognized_by_a_cause_that_is_no_context():
    error = httpx.ConnectError("no")
    error.__cause__ = ssl.SSLError("bad")
    assert type(error_of(error)) is errors.TlsFailure


NOWHERE = {
    "[Errno -2] Name or service not known": errors.Unreachable,
    "nodename nor servname provided": errors.Unreachable,
    "[SSL: CERTIFICATE_VERIFY_FAILED] no": errors.TlsFailure,
}


@pytest.mark.parametrize("text", NOWHERE)
def test_what_will_not_change_within_a_call_is_tried_once(pauses, text):
    class Nowhere(httpx.AsyncBaseTransport):
        sent = 0

        async def handle_async_request(self, request):
            type(self).sent += 1
            raise httpx.ConnectError(text)

    settings = load_settings(base_url="http://127.0.0.1:9/contoso", pat="x" * 52, environ={})
    with AzureDevOps(settings, transport=Nowhere()) as client, pytest.raises(NOWHERE[text]):
        read(client)
    assert (Nowhere.sent, pauses) == (1, [])


# -- streams -------------------------------------------------------------------------------------------------------


def streamed(client):
    async def collect():
        async with client.stream(THINGS, path={}, query={}, accept="text/plain") as response:
            return b"".join([piece async for piece in response.aiter_bytes()])

    return client.run_sync(collect())


def text(**more):
    return Reply(200, b"0123456789" * 1000, SIGNED_IN, "text/plain", **more)


def test_a_body_that_breaks_off_is_asked_for_again_and_goes_on_where_it_was(pauses):
    heard = []
    timeouts = {"retry_pause": 10.0, "max_retry_pause": 10.0, "call": 1000.0}
    with StubService([text(cut=5_000), text()]) as service, client_of(service, heard, **timeouts) as client:
        assert streamed(client) == b"0123456789" * 1000
    assert len(service.seen) == 2
    assert heard[0].reason.startswith("broken off (")


@pytest.mark.parametrize("second", [failure(400, "X", "gone"), failure(404, "X", "gone")])
def test_a_body_that_is_gone_when_it_is_asked_for_again_stays_broken(pauses, second):
    with StubService([text(cut=5_000), second]) as service, client_of(service) as client:
        with pytest.raises(errors.Unreachable):
            streamed(client)
    assert len(service.seen) == 2


def test_a_body_that_always_breaks_off_is_given_up(pauses):
    with StubService([text(cut=5_000)]) as service, client_of(service, max_attempts=3) as client:
        with pytest.raises(errors.Unreachable):
            streamed(client)
    assert len(service.seen) == 3


def test_an_error_instead_of_a_stream_is_an_error(pauses):
    with StubService([failure(404, "X", "gone")]) as service, client_of(service) as client:
        with pytest.raises(errors.NotFound, match="gone"):
            streamed(client)
