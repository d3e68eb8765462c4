"""One pace for an organization and person: what the service asks of one request, all of them keep to."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from itertools import pairwise

import httpx
import pytest
from stub_service import RESET, Reply, StubService, failure, ok

from langchain_azure_devops import errors
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.pacing import (
    MAX_HOLD_SECONDS,
    MAX_SLOWDOWN_SECONDS,
    Pacer,
    WaitExceedsDeadline,
    apply_rate_limits,
    retry_after,
    shared_pacer,
)
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.settings import load_settings

PROJECTS = "/_apis/projects"
QUICK = RunContext(timeouts=Timeouts(retry_pause=0.01, max_retry_pause=0.02))


def client_of(service, pat="one-token", **arguments):
    settings = load_settings(base_url=service.base_url, pat=pat, environ={})
    return AzureDevOps(settings, **{"context": QUICK, **arguments})


def ask(client):
    return client.run_sync(client.get(PROJECTS))


def silent(_waiting):
    pass


def soon(seconds=5.0):
    return time.monotonic() + seconds


# -- shared --------------------------------------------------------------------------------------------------------


def test_clients_of_one_organization_and_token_share_a_pace_and_others_do_not():
    with StubService([ok({"value": []})]) as service, StubService([ok({"value": []})]) as other, ExitStack() as stack:
        one, same, stranger, elsewhere = (
            stack.enter_context(client)
            for client in (
                client_of(service),
                client_of(service),
                client_of(service, pat="another-token"),
                client_of(other),
            )
        )
        for client in (one, same, stranger, elsewhere):
            ask(client)
        assert one.pacer is same.pacer
        assert len({id(client.pacer) for client in (one, stranger, elsewhere)}) == 3


def test_two_tokens_of_one_person_share_a_pace_as_soon_as_the_person_is_known():
    first, second = Pacer(), Pacer()
    assert shared_pacer("http://x/contoso", "person", first) is first
    assert shared_pacer("http://x/Contoso/", "person", second) is first


def test_a_pause_asked_of_one_client_is_kept_by_another_in_another_thread():
    def answer(seen):
        return ok({"value": []}, Retry_After="250") if seen.headers["user-agent"] and len(service.seen) == 0 else ok({})

    with StubService(answer) as service, client_of(service) as one, client_of(service) as other:
        ask(one)
        with ThreadPoolExecutor(1) as pool, pytest.raises(errors.Throttled, match="was not sent"):
            pool.submit(ask, other).result()
    assert len(service.seen) == 1


async def fill(pacer, places):
    """Start as many requests as may be under way at once, which fails when an earlier one still counts."""
    async with AsyncExitStack() as started:
        for _ in range(places):
            await started.enter_async_context(pacer.turn(soon(), silent))


class Told(Exception):
    """Ends a request that was told how long it will wait."""


async def told_wait(pacer, seconds):
    """The wait that a request is told of which may take so many seconds; 0 when it is told of none."""

    def stop(waiting):
        raise Told(waiting.seconds)

    try:
        async with pacer.turn(soon(seconds), stop):
            return 0.0
    except Told as told:
        return told.args[0]


def test_never_more_than_eight_requests_are_under_way_whatever_the_number_of_clients():
    under_way, most, lock = 0, 0, threading.Lock()

    async def count(pacer):
        nonlocal under_way, most
        async with pacer.turn(soon(), silent):
            with lock:
                under_way += 1
                most = max(most, under_way)
            await asyncio.sleep(0.005)
            with lock:
                under_way -= 1

    async def many(pacer):
        await asyncio.gather(*(count(pacer) for _ in range(20)))

    pacer = Pacer()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: asyncio.run(many(pacer)), range(4)))
    assert most == 8
    asyncio.run(fill(pacer, 8))


async def test_a_cancelled_wait_gives_its_place_to_the_next():
    pacer = Pacer(parallel=1)
    entered = asyncio.Event()

    async def hold():
        async with pacer.turn(soon(), silent):
            entered.set()
            await asyncio.sleep(0.05)

    async def wait():
        async with pacer.turn(soon(), silent):
            return "in"

    holding = asyncio.create_task(hold())
    await entered.wait()
    given_up, patient = asyncio.create_task(wait()), asyncio.create_task(wait())
    await asyncio.sleep(0.01)
    given_up.cancel()
    assert await patient == "in"
    await holding
    await fill(pacer, 1)


async def test_after_a_pause_requests_start_one_after_the_other():
    pacer, started = Pacer(), []

    async def one():
        async with pacer.turn(soon(), silent):
            started.append(time.monotonic())

    pacer.hold(0.1)
    begun = time.monotonic()
    await asyncio.gather(*(one() for _ in range(6)))
    assert min(started) - begun >= 0.1
    assert max(started) - min(started) >= 0.1


async def test_a_request_that_was_about_to_start_keeps_to_a_pause_asked_for_meanwhile():
    pacer = Pacer(parallel=1)
    entered = asyncio.Event()

    async def throttled():
        async with pacer.turn(soon(), silent):
            entered.set()
            await asyncio.sleep(0.02)
            pacer.hold(0.2)

    async def behind():
        await entered.wait()
        async with pacer.turn(soon(), silent):
            return time.monotonic()

    begun = time.monotonic()
    _, started = await asyncio.gather(throttled(), behind())
    assert started - begun >= 0.2


# -- what is asked for ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:10 GMT", "Date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 10.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:10 GMT"}, 0.0),
        ({"Retry-After": "1e308"}, 86_400.0),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, 86_400.0),
        ({"Retry-After": "Thu, 01 Jan 2300 00:00:00 GMT", "Date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 86_400.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:10 GMT", "Date": "yesterday"}, 0.0),
        ({"Retry-After": "Mon, 01 Jan 99999 00:00:00 GMT"}, None),
        ({"Retry-After": "Mon, 01 Jan 2024 00:00:00 +99999999"}, None),
        ({"Retry-After": "1_000"}, None),
        ({"Retry-After": "0x10"}, None),
        ({"Retry-After": "5, 7"}, 7.0),
        ({"Retry-After": "nan, 7"}, 7.0),
        ([("Retry-After", "3"), ("Retry-After", "11")], 11.0),
        ([("Retry-After", "soon"), ("Retry-After", "Wed, 21 Oct 2015 07:28:10 GMT")], 0.0),
        ([("Retry-After", "-1"), ("Retry-After", "1e999")], 0.0),
        ({"Retry-After": "9" * 5000}, None),
    ],
    ids=lambda value: str(value)[:80],
)
def test_a_wait_is_read_from_seconds_or_a_date_and_from_nothing_else(headers, seconds):
    assert retry_after(httpx.Headers(headers)) == seconds


@pytest.mark.parametrize("value", ["1e308", "999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_an_absurd_wait_gives_up_at_once_and_is_forgotten_after_five_minutes(value):
    pacer = Pacer()
    apply_rate_limits(httpx.Headers({"Retry-After": value}), pacer)
    with pytest.raises(WaitExceedsDeadline) as caught:
        async with pacer.turn(soon(), silent):
            pass
    assert caught.value.seconds is not None
    assert caught.value.seconds <= MAX_HOLD_SECONDS


@pytest.mark.parametrize(
    "headers",
    [
        {"X-RateLimit-Delay": "3.500"},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(time.time() + 100_000)},
        {"X-RateLimit-Remaining": "0"},
    ],
    ids=["delay", "remaining 0 until reset", "remaining 0"],
)
async def test_a_warning_slows_down_but_never_costs_a_call(headers):
    pacer = Pacer()
    apply_rate_limits(httpx.Headers(headers), pacer)
    assert 1 < await told_wait(pacer, 60) <= MAX_SLOWDOWN_SECONDS
    async with pacer.turn(soon(0.5), silent):
        assert await told_wait(pacer, 60) > 0, "it started before the time that the service would prefer"


ODD_NUMBERS = (
    "-1",
    "nan",
    "inf",
    "-inf",
    "1e308",
    "1e999",
    "",
    " ",
    "x",
    "9" * 5000,
    "0",
    "-0",
    "1e-300",
    "2, 3",
    "\u0663",
)


@pytest.mark.parametrize("name", ["Retry-After", "X-RateLimit-Delay", "X-RateLimit-Reset", "X-RateLimit-Remaining"])
@pytest.mark.parametrize("value", [*ODD_NUMBERS, "Thu, 01 Jan 2300 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"])
async def test_no_header_stops_the_requests_for_ever(name, value):
    pacer = Pacer()
    exhausted = {"X-RateLimit-Remaining": "0"} if name == "X-RateLimit-Reset" else {}
    for _ in range(50):
        headers = [(key.encode(), text.encode()) for key, text in {**exhausted, name: value}.items()]
        apply_rate_limits(httpx.Headers(headers), pacer)
    with pytest.raises(WaitExceedsDeadline) as late:
        async with pacer.turn(soon(-1), silent):
            pass
    assert late.value.seconds is not None
    assert 0.0 <= late.value.seconds <= MAX_HOLD_SECONDS + 2.0
    assert await told_wait(pacer, 1_000) <= max(late.value.seconds + 1.0, MAX_SLOWDOWN_SECONDS)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("asked", ["0", "-5", "0.0001", "Thu, 01 Jan 1970 00:00:00 GMT", "nan", "1e-300"])
def test_a_wait_that_is_no_wait_is_not_taken_as_leave_to_hammer(status, asked):
    arrivals = []

    def answer(_seen):
        arrivals.append(time.monotonic())
        return failure(status, "X", "TF400733: blocked", Retry_After=asked)

    slow = RunContext(timeouts=Timeouts(retry_pause=0.1, max_retry_pause=0.1, max_attempts=4), shared_pace=False)
    with StubService(answer) as service, client_of(service, context=slow) as client:
        with pytest.raises(errors.AzureDevOpsError):
            ask(client)
    assert len(arrivals) == 4
    # Each pause is shortened at random by at most a half.
    assert all(later - earlier >= 0.049 for earlier, later in pairwise(arrivals))


async def test_no_warning_costs_nothing():
    pacer = Pacer()
    apply_rate_limits(
        httpx.Headers({"X-RateLimit-Remaining": "150", "X-RateLimit-Reset": "1", "X-RateLimit-Delay": "x"}), pacer
    )
    async with asyncio.timeout(0), pacer.turn(soon(), silent):
        pass  # It waited for nothing, or else the time that is over would have ended it.


# -- one deadline for a call ---------------------------------------------------------------------------------------


def test_a_wait_that_does_not_fit_gives_up_at_once_and_says_when_to_come_back():
    with StubService([failure(429, "X", "TF400733: blocked", Retry_After="200")]) as service:
        with client_of(service) as client:
            with pytest.raises(errors.Throttled, match="Come back in 200 s") as caught:
                ask(client)
            assert caught.value.headline == "[throttled Throttled 200s]"
            with pytest.raises(errors.Throttled, match="was not sent") as caught:
                ask(client)
            assert 0 < caught.value.retry_after <= 200
    assert len(service.seen) == 1


def test_a_gateway_that_refuses_for_a_while_with_a_page_of_its_own_is_waited_for():
    page = Reply(429, b"<html>slow down</html>", {"Retry-After": "0.05"}, "text/html")
    with StubService([page, ok({"value": []})]) as service, client_of(service) as client:
        assert ask(client).status_code == 200


def test_the_deadline_is_for_the_whole_call_and_not_for_each_request():
    reply = failure(503, "X", "stopped")
    with StubService([reply]) as service:
        context = RunContext(timeouts=Timeouts(call=1.0, retry_pause=0.1, max_attempts=100))
        with client_of(service, context=context) as client:
            with pytest.raises(errors.ServiceFault):
                ask(client)
    # Each pause has at least half of its length, so that no more requests fit into the second.
    assert len(service.seen) <= 21


def test_a_service_that_never_answers_costs_no_more_than_the_call_may_take():
    silence = threading.Event()

    def answer(seen):
        silence.wait(30)
        return ok({})

    with StubService(answer) as service:
        with client_of(service, context=RunContext(timeouts=Timeouts(call=0.3))) as client:
            with pytest.raises(errors.Unreachable, match="time for this call"):
                ask(client)
        silence.set()


GENERAL = failure(500, "VssServiceException", "TF400898: An Internal Error Occurred.")


@pytest.mark.parametrize(
    "refusal",
    [
        [failure(429, "X", "TF400733: blocked", Retry_After="0.02"), failure(503, "X", "busy", Retry_After="0.02")],
        [GENERAL],
        [failure(500, "Exception", "Something went wrong.")],
        [RESET],
        [GENERAL, RESET, failure(503, "X", "busy"), failure(429, "X", "TF400733", Retry_After="0.02")],
    ],
    ids=["429 and 503", "500 TF400898", "500 Exception", "reset", "all"],
)
def test_of_a_hundred_calls_none_is_lost_when_every_fifth_is_refused(refusal):
    refusals = 0

    def answer(seen):
        nonlocal refusals
        if len(service.seen) % 5 == 4:
            refusals += 1
            return refusal[refusals % len(refusal)]
        return ok({"value": []})

    with StubService(answer) as service, client_of(service) as client:

        async def all_of_them():
            return await asyncio.gather(*(client.get(PROJECTS) for _ in range(100)), return_exceptions=True)

        answers = client.run_sync(all_of_them())
    lost = [entry for entry in answers if isinstance(entry, Exception)]
    print(f"lost {len(lost)} of {len(answers)} calls; {refusals} of {len(service.seen)} requests were refused")
    assert lost == []
    assert refusals >= 20
