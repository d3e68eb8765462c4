"""Writes whose answer was lost: what counts as proof, from which time on, and what is said when there is none."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import httpx
import pytest
from pydantic import Field

from langchain_azure_devops import AzureDevOps, errors
from langchain_azure_devops.calls import recovery
from langchain_azure_devops.calls.recovery import (
    CONFIRMED,
    FOUND,
    Missing,
    PendingWrite,
    WriteReported,
    add_note,
    effect_of,
    look_again,
    remember_write,
    settle_write,
    unknown_outcome,
)
from langchain_azure_devops.results.models import Page, Result
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.safety.grants import WriteRequest, current_call
from langchain_azure_devops.settings import load_settings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WHY = "The connection broke."
UNKNOWN = "The outcome is unknown, so do not repeat it."


class Made(Result):
    """What a write made."""

    singular, plural = "thing", "things"
    effect = ("id",)
    id: int | None
    notes: list[str] = Field(default=[])


@pytest.fixture
def told():
    return []


@pytest.fixture
def client(told, monkeypatch):
    """A client without a service, whose clocks stand still."""
    monkeypatch.setattr(recovery, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    timeouts = Timeouts(recovery=0.04, recovery_pause=0.01, request=5.0)
    settings = load_settings(organization="contoso", pat="x" * 52, environ={})
    with AzureDevOps(settings, context=RunContext(clock=lambda: NOW, timeouts=timeouts), progress=told.append) as made:
        yield made


def pending_of(client, *, begun=990.0, accepted=False, reported="", arguments=None):
    write = client.write_memory.begin("make", arguments or {}, begun)
    return PendingWrite("make", {}, begun, accepted, write, reported)


def answers(*found):
    """A function that finds one of these after the other, the last one again and again."""
    left = list(found)
    asked = []

    async def recover(client, pending):
        asked.append(pending)
        one = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(one, Exception):
            raise one
        return one

    recover.asked = asked
    return recover


async def settle(client, recover, pending):
    return await client.run(settle_write(client, recover, pending, WHY))


async def refusal(client, recover, pending, kind=errors.WriteOutcomeUnknown):
    with pytest.raises(kind) as caught:
        await settle(client, recover, pending)
    assert caught.value.subject == "make"
    return caught.value


# -- from when on ----------------------------------------------------------------------------------------------------


def dated(moment):
    return httpx.Response(200, headers={"Date": format_datetime(moment, usegmt=True)} if moment else {})


@pytest.mark.parametrize(
    ("date", "begun", "since", "too_early"),
    [
        (NOW, 990, NOW - timedelta(seconds=11), False),
        (NOW, 1000, NOW - timedelta(seconds=1), False),
        (NOW + timedelta(hours=1), 990, NOW + timedelta(hours=1) - timedelta(seconds=11), False),
        (NOW - timedelta(seconds=120), 990, NOW - timedelta(seconds=131), False),
        (NOW - timedelta(seconds=121), 990, NOW - timedelta(seconds=131), False),
        (NOW - timedelta(seconds=122), 990, NOW - timedelta(seconds=131), True),
        (NOW - timedelta(days=1), 990, NOW - timedelta(seconds=131), True),
        (None, 990, datetime.max.replace(tzinfo=UTC), False),
    ],
)
def test_only_what_was_made_after_the_write_began_counts_by_the_clock_of_the_service(
    client, date, begun, since, too_early
):
    pending = pending_of(client, begun=begun)
    assert pending.since(client, dated(date)) == since
    assert pending.is_dated_too_early is too_early


@pytest.mark.parametrize("date", ["nonsense", "Fri, 99 Nov 2026 99:00:00 GMT", ""])
def test_a_date_that_cannot_be_read_is_none(client, date):
    response = httpx.Response(200, headers={"Date": date})
    assert pending_of(client).since(client, response) == datetime.max.replace(tzinfo=UTC)


def test_a_date_without_a_zone_is_in_utc(client):
    response = httpx.Response(200, headers={"Date": "Fri, 20 Nov 2026 12:00:00 -0000"})
    assert pending_of(client, begun=1000).since(client, response) == NOW - timedelta(seconds=1)


def test_a_date_that_was_behind_once_no_longer_counts_when_it_is_right(client):
    pending = pending_of(client)
    pending.since(client, dated(NOW - timedelta(days=1)))
    pending.since(client, dated(NOW))
    assert pending.date_is_behind == timedelta(0)


# -- proof -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reported", "note"), [("", FOUND), ("id 5", CONFIRMED)])
async def test_what_is_found_is_done_and_known_from_then_on(client, reported, note):
    pending = pending_of(client, reported=reported)
    found = await settle(client, answers(Made(id=5, notes=["own"])), pending)
    assert (found.id, found.notes) == (5, [note, "own"])
    assert pending.write.state == "known"
    other = pending_of(client, arguments={"x": 1})
    assert other.is_of_another(client, Made, 5)
    assert not other.is_of_another(client, Made, 6)
    assert not pending.is_of_another(client, Made, 5)


async def test_an_effect_that_comes_late_is_waited_for(client):
    recover = answers(Missing("a thing"), errors.Throttled("wait"), errors.ServiceFault("broken"), Made(id=5))
    assert (await settle(client, recover, pending_of(client))).id == 5
    assert len(recover.asked) == 4


async def test_what_another_call_made_is_no_proof(client):
    first = pending_of(client, arguments={"x": 1})
    await settle(client, answers(Made(id=5)), first)
    said = await refusal(client, answers(Made(id=5)), pending_of(client, arguments={"x": 2}))
    assert "did not find its effect. What is there was made by another call." in said.message


async def test_of_two_equal_calls_neither_takes_what_may_be_of_the_other(client):
    twin = pending_of(client)
    pending = pending_of(client, begun=991.0)
    twin.write.state = "unknown"
    said = await refusal(client, answers(Made(id=5)), pending)
    assert "another call asked for the same, and what was found may be of either" in said.message
    assert pending.write.state == "unknown"


async def test_an_equal_call_that_ends_while_this_one_is_looked_up_was_under_way(client):
    """What that call made is known a moment later, so this one is looked up again instead of being given up."""
    twin = pending_of(client)
    asked = []

    async def recover(client, pending):
        asked.append(pending)
        twin.write.state = "unknown"
        return Made(id=5)

    said = await refusal(client, recover, pending_of(client, begun=991.0))
    assert "what was found may be of either" in said.message
    assert len(asked) == 2


async def test_while_an_equal_call_is_under_way_nothing_is_settled(client):
    pending_of(client)
    said = await refusal(client, answers(Made(id=5)), pending_of(client, begun=991.0))
    assert "Another call that asks for the same was under way." in said.message
    said = await refusal(client, answers(unknown_outcome("it is unclear")), pending_of(client, begun=992.0))
    assert "an effect that is surely of this call. Another call that asks for the same was under way." in said.message


# -- no proof --------------------------------------------------------------------------------------------------------


async def test_absence_proves_nothing_and_says_how_long_it_was_looked_for(client):
    recover = answers(Missing("a thing with this title", "There are two others."))
    said = await refusal(client, recover, pending_of(client))
    assert said.message == (
        "The connection broke. It was not sent again. 4 look-ups within 0 s did not find a thing with this title. "
        "There are two others. That does not prove that it was not done: the service may still be working on it, or "
        f"its index may lag behind. {UNKNOWN} A person has to look."
    )
    assert len(recover.asked) == 4


async def test_the_page_on_which_a_person_looks_is_told(client):
    pending = pending_of(client)

    async def recover(client, pending):
        pending.url = "https://dev.azure.com/contoso/1"

    said = await refusal(client, recover, pending)
    assert said.url == pending.write.url == "https://dev.azure.com/contoso/1"
    assert said.message.endswith(
        f"{UNKNOWN} A person can see there whether it was done: https://dev.azure.com/contoso/1"
    )


async def test_what_was_not_found_is_told_without_more_when_nothing_else_was_seen(client):
    said = await refusal(client, answers(Missing("a thing")), pending_of(client))
    assert "did not find a thing. That does not prove" in said.message


async def test_a_service_that_lives_in_the_past_is_asked_once_and_told_so(client):
    async def recover(client, pending):
        asked.append(pending.since(client, dated(NOW - timedelta(minutes=90))))

    asked = []
    said = await refusal(client, recover, pending_of(client))
    assert len(asked) == 1
    assert "1 look-up within 0 s did not find its effect." in said.message
    assert "The service's date is 90 minutes behind the clock of this machine, so nothing is certain." in said.message


@pytest.mark.parametrize("accepted", [False, True])
async def test_a_question_that_no_search_can_answer_is_told_at_once(client, accepted):
    recover = answers(unknown_outcome("two are there"))
    said = await refusal(client, recover, pending_of(client, accepted=accepted))
    more = " The service accepted the write." if accepted else ""
    assert said.message == (
        f"The connection broke.{more} It was looked up: two are there, so it is not known whether this write was done. "
        f"{UNKNOWN} A person has to look."
    )
    assert len(recover.asked) == 1


@pytest.mark.parametrize("error", [errors.NotFound("It is gone. Look for it."), errors.TokenRejected("It is gone.")])
async def test_a_search_that_fails_says_so(client, error):
    recover = answers(error)
    said = await refusal(client, recover, pending_of(client))
    assert said.message.startswith(f"The connection broke. It could not be looked up, either: It is gone. {UNKNOWN}")
    assert len(recover.asked) == 1


async def test_a_search_that_only_ever_fails_says_why_the_last_one_failed(client):
    said = await refusal(client, answers(None, errors.Throttled("It is busy. Wait.")), pending_of(client))
    assert "It could not be looked up, either: It is busy." in said.message


async def test_a_refusal_of_the_service_is_not_done_unless_it_had_accepted_it(client):
    pending = pending_of(client)
    recover = answers(errors.WriteNotDone("the branch is gone"))
    said = await refusal(client, recover, pending, errors.WriteNotDone)
    assert said.message == "The connection broke. It was not done: the branch is gone. You may ask for it again."
    assert (pending.write.state, len(recover.asked)) == ("known", 1)
    accepted = pending_of(client, accepted=True)
    said = await refusal(client, recover, accepted)
    assert "The service accepted the write, but the branch is gone. " in said.message
    assert accepted.write.state == "unknown"


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (Made(id=5), "known"),
        (None, "unknown"),
        (Missing("a thing"), "unknown"),
        (errors.ServiceFault("broken"), "unknown"),
        (errors.WriteNotDone("refused"), "known"),
    ],
    ids=["found", "nothing", "missing", "failed", "refused"],
)
async def test_a_later_look_settles_what_it_can_and_raises_nothing(client, found, state):
    pending = pending_of(client)
    recover = answers(found)
    seen = await client.run(look_again(client, recover, pending))
    assert seen == (found if isinstance(found, Made) else None)
    assert (pending.write.state, len(recover.asked)) == (state, 1)


async def test_long_pauses_are_told_and_their_number_is_bounded(monkeypatch, told):
    made, real = [], asyncio.sleep

    async def sleep(seconds, result=None):
        if seconds:
            made.append(seconds)
        return await real(0, result)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    timeouts = Timeouts(recovery=10.0, recovery_pause=0.4, max_retry_pause=3.0, request=100.0)
    settings = load_settings(organization="contoso", pat="x" * 52, environ={})
    with AzureDevOps(settings, context=RunContext(timeouts=timeouts), progress=told.append) as client:
        said = await refusal(client, answers(None), pending_of(client, begun=time.monotonic()))
    assert made == pytest.approx([0.4, 0.8, 1.6, 3.0, 3.0, 1.2])
    assert [round(one.seconds, 1) for one in told] == [0.8, 1.6, 3.0, 3.0, 1.2]
    assert {one.reason for one in told} == {"looking for a write whose answer was lost"}
    assert "7 look-ups within 10 s did not find its effect." in said.message


async def test_a_look_up_leaves_no_call_behind(client):
    """What runs afterwards in the same task must not take the deadline and the arguments of the look-up."""

    async def look():
        before = current_call.get(None)
        await look_again(client, answers(None), pending_of(client))
        return before, current_call.get(None)

    before, after = await client.run(look())
    assert after is before


@pytest.mark.parametrize("later", ["", "https://dev.azure.com/contoso/2"])
async def test_a_page_that_is_known_is_kept_unless_a_later_look_up_names_another(client, later):
    pending = pending_of(client)
    pending.write.url = "https://dev.azure.com/contoso/1"
    pending.url = later
    await client.run(look_again(client, answers(errors.Throttled("wait")), pending))
    assert pending.write.url == (later or "https://dev.azure.com/contoso/1")


def test_what_another_program_reports_says_what_was_told_and_of_which_call():
    reported = WriteReported("It says that it is done.", subject="make", answer="item 5")
    assert (reported.message, reported.subject, reported.answer) == ("It says that it is done.", "make", "item 5")
    assert isinstance(reported, errors.WriteOutcomeUnknown)


# -- what is remembered ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ended", "state"),
    [
        (None, "known"),
        (errors.InvalidRequest("wrong"), "known"),
        (errors.WriteOutcomeUnknown("lost"), "unknown"),
        (asyncio.CancelledError(), "unknown"),
        (ZeroDivisionError(), "unknown"),
    ],
    ids=["done", "refused", "lost", "cancelled", "mistake"],
)
def test_how_a_call_ended_says_whether_its_outcome_is_known(client, ended, state):
    request = WriteRequest("make", {"x": 1}, "digest", None)
    with contextlib.suppress(*([type(ended)] if ended else [])):
        with remember_write(client, request, 990.0) as (write, made):
            assert write.state == "sending"
            if ended:
                raise ended
            made.append(Made(id=5))
    assert write.state == state
    other = pending_of(client, arguments={"x": 1})
    assert other.is_of_another(client, Made, 5) is (ended is None)
    assert client.write_memory.twins(other.write) == ([write] if state == "unknown" else [])


# -- effects ---------------------------------------------------------------------------------------------------------


class Nameless(Result):
    """What nothing identifies."""

    singular, plural = "shadow", "shadows"
    id: int


def test_an_effect_is_a_kind_and_its_ids():
    assert effect_of(Made(id=5)) == ("thing", "5")
    assert effect_of(Made(id=None)) is None
    assert effect_of(Nameless(id=5)) is None
    assert effect_of(Page[Made](items=[])) is None


def test_a_note_comes_before_those_there_are():
    assert add_note(Made(id=1, notes=["b"]), "a").notes == ["a", "b"]
    assert add_note(Page[Made](items=[]), "a").notes == ["a"]
