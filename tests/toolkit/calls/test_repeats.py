"""A write that equals one whose outcome is not known is never sent without a word."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from tool_calls import FULL, UPLOADS, lose, seed_with_tokens

from langchain_azure_devops import TOOLS, AzureDevOps, approve_writes_with, errors
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.safety.grants import Approval
from langchain_azure_devops.safety.write_memory import BegunWrite
from langchain_azure_devops.safety.write_plan import FieldRule, PlannedWrite, WritePlan
from langchain_azure_devops.settings import load_settings

BRIEF = Timeouts(retry_pause=0.001, max_retry_pause=0.002, recovery=0.02, recovery_pause=0.02)
SLOW = Timeouts(retry_pause=0.001, max_retry_pause=0.002, recovery=20.0, recovery_pause=0.1)
CREATE = {"type": "Bug", "title": "Leaking pool"}
REQUESTS = {"upload_attachment": 2}
"""How many requests a write sends, where it is more than one: an upload, and the link to it."""
WRITERS = {name: tool for name, tool in TOOLS.items() if tool.access == "write"}


@pytest.fixture
def organization():
    return seed_with_tokens()


@pytest.fixture
def open_client(server, organization):
    clients = []

    def connect(writes="allow", timeouts=BRIEF):
        settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
        context = RunContext(organization.clock.now, timeouts=timeouts)
        clients.append(AzureDevOps(settings, files=UPLOADS, writes=writes, context=context))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


@pytest.fixture(params=["sync", "async"])
def run(request):
    """Call a tool in both ways, each from a thread that runs no event loop."""

    def call(tool, client, arguments):
        if request.param == "sync":
            return tool.call_sync(client, **arguments)
        return asyncio.run(tool(client, **arguments))

    return call


class Person:
    """Approves everything, and keeps what it was told."""

    def __init__(self, yes=True):
        self.yes, self.told = yes, []

    def __call__(self, request):
        self.told.append(request.notice)
        return Approval(self.yes, request.digest, "dana", "" if self.yes else "it is there already")


def count(organization, title="Leaking pool"):
    return sum(item.revision.fields["System.Title"] == title for item in organization.work_items)


def sent(organization):
    """Return how many requests met the faults."""
    return sum(entry[2] for entry in organization.faults.counted())


def states(client):
    same = BegunWrite("create_work_item", {**CREATE, "project": "Platform"}, 0.0)
    return [write.state for write in client.write_memory.list_equal(same)]


async def until(holds):
    for _ in range(1_000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never happened")


def leave_unknown(organization, client, tool, arguments):
    """Send a write whose effect never comes."""
    lose(organization, tool, times=1)
    with pytest.raises(errors.WriteOutcomeUnknown):
        tool.call_sync(client, **arguments)
    organization.faults.clear()
    # Each further request of this kind is counted, and is not changed.
    lose(organization, tool, kind="delay", delay=0.0)


@pytest.mark.parametrize("name", WRITERS)
def test_without_a_person_an_equal_write_is_refused(name, organization, open_client, run):
    client, tool, arguments = open_client(), WRITERS[name], WRITERS[name].examples[0]
    leave_unknown(organization, client, tool, arguments)
    for same in (client, open_client()):
        with pytest.raises(errors.WriteBlocked, match=r"An equal write was begun at .* is not known") as refused:
            run(tool, same, arguments)
        assert "nothing was sent" in refused.value.message
        assert "A person can see there whether it was done: http" in refused.value.message
        assert "use an approver or a new process" in refused.value.message
    assert sent(organization) == 0


@pytest.mark.parametrize("name", WRITERS)
def test_a_person_is_told_and_may_want_it_all_the_same(name, organization, open_client, run):
    client, tool, arguments = open_client(), WRITERS[name], WRITERS[name].examples[0]
    leave_unknown(organization, client, tool, arguments)
    client.writes = "ask"
    refuses, agrees = Person(yes=False), Person()
    with approve_writes_with(refuses), pytest.raises(errors.WriteBlocked, match="it is there already"):
        run(tool, client, arguments)
    assert sent(organization) == 0
    with approve_writes_with(agrees):
        run(tool, client, arguments)
    assert sent(organization) == REQUESTS.get(name, 1)
    [notice] = {*refuses.told, *agrees.told}
    assert "Sending this one, too, may do it twice. A person can see there whether it was done: http" in notice


def test_the_approval_of_a_request_without_the_notice_does_not_count(organization, open_client):
    client, plain = open_client("ask"), []
    with approve_writes_with(lambda request: plain.append(request) or Approval(False, request.digest, "dana")):
        with pytest.raises(errors.WriteBlocked):
            TOOLS["create_work_item"].call_sync(client, **CREATE)
    client.writes = "allow"
    leave_unknown(organization, client, TOOLS["create_work_item"], CREATE)
    client.writes = "ask"
    with approve_writes_with(lambda request: Approval(True, plain[0].digest, "dana")):
        with pytest.raises(errors.WriteBlocked, match="the approval was given for"):
            TOOLS["create_work_item"].call_sync(client, **CREATE)
    assert count(organization) == 0


def test_a_plan_cannot_be_asked_and_refuses(organization, open_client):
    client = open_client()
    leave_unknown(organization, client, TOOLS["create_work_item"], CREATE)
    client.writes = "ask"
    rules = {"type": FieldRule(values=("Bug",)), "title": FieldRule(longest=99)}
    plan = WritePlan(writes=(PlannedWrite(tool="create_work_item", project="Platform", count=2, fields=rules),))
    with approve_writes_with(plan.approved(client, by="dana", digest=plan.digest)):
        with pytest.raises(errors.WriteBlocked, match="nobody can be asked about this: An equal write was begun"):
            TOOLS["create_work_item"].call_sync(client, **CREATE)
        TOOLS["create_work_item"].call_sync(client, type="Bug", title="Another")
    assert (count(organization), count(organization, "Another")) == (0, 1)


def cancel_after_it_was_sent(organization, client):
    """Begin a creation whose answer is slow, and cancel the call when the service has made the item."""

    async def begin():
        lose(organization, TOOLS["create_work_item"], kind="delay", when="after", delay=5, times=1)
        call = asyncio.create_task(TOOLS["create_work_item"](client, **CREATE))
        await until(lambda: count(organization))
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await until(lambda: states(client) == ["unknown"])

    asyncio.run(begin())


@pytest.mark.parametrize("writes", ["allow", "ask"])
def test_a_cancelled_write_that_was_done_answers_the_next_equal_call(writes, organization, open_client, run):
    client, person = open_client(), Person()
    cancel_after_it_was_sent(organization, client)
    client.writes = writes
    with approve_writes_with(person):
        found = run(TOOLS["create_work_item"], client, CREATE)
    assert found.title == "Leaking pool"
    assert "This call was not sent: an equal write was begun" in found.notes[0]
    assert (count(organization), person.told) == (1, [])
    with approve_writes_with(person):
        again = run(TOOLS["create_work_item"], client, CREATE)
    assert again.id != found.id
    assert not again.notes
    assert set(person.told) <= {""}


def test_a_cancelled_write_whose_index_lags_is_open(organization, open_client, run):
    client = open_client()
    organization.work_item_lag = 3600
    cancel_after_it_was_sent(organization, client)
    with pytest.raises(errors.WriteBlocked, match="outcome is not known"):
        run(TOOLS["create_work_item"], client, CREATE)
    assert count(organization) == 1


def test_an_earlier_write_that_was_refused_for_sure_is_no_obstacle(organization, open_client, server):
    client = open_client()
    change = {"id": 16, "revision": 3, "title": "Ours"}
    leave_unknown(organization, client, TOOLS["update_work_item"], change)
    other = next(user for user in organization.users.values() if user.id != organization.tokens[FULL].user.id)
    organization.add_token("others-token", ("app_token",), other)
    settings = load_settings(base_url=server.base_url, pat="others-token", default_project="Platform", environ={})
    with AzureDevOps(settings, writes="allow") as colleague:
        TOOLS["update_work_item"].call_sync(colleague, id=16, revision=3, title="Theirs")
    with pytest.raises(errors.RevisionConflict):
        TOOLS["update_work_item"].call_sync(client, **change)


async def begin_lost(organization, client):
    """Begin a creation that is lost and never there, and return while it is looked up."""
    lose(organization, TOOLS["create_work_item"], times=1)
    call = asyncio.create_task(TOOLS["create_work_item"](client, **CREATE))
    await until(lambda: states(client) == ["looking"])
    return call


async def test_while_it_is_looked_up_its_twin_is_refused_or_asked_about(organization, open_client):
    client, person = open_client(timeouts=SLOW), Person()
    lost = await begin_lost(organization, client)
    with pytest.raises(errors.WriteBlocked, match="An equal write was begun"):
        await TOOLS["create_work_item"](client, **CREATE)
    assert count(organization) == 0
    asking = open_client("ask")
    with approve_writes_with(person):
        made = await TOOLS["create_work_item"](asking, **CREATE)
    assert "may do it twice" in person.told[0]
    assert (made.title, count(organization)) == ("Leaking pool", 1)
    await TOOLS["create_work_item"](client, type="Bug", title="Another")
    lost.cancel()


def test_of_equal_writes_at_the_same_moment_one_is_sent_and_no_other_without_a_word(organization, open_client):
    lose(organization, TOOLS["create_work_item"], kind="delay", when="before", delay=1.0)
    clients = [open_client() for _ in range(2)]

    def attempt(number):
        try:
            return TOOLS["create_work_item"].call_sync(clients[number % 2], **CREATE)
        except errors.WriteBlocked as error:
            return error

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(attempt, range(4)))
    assert [type(each).__name__ for each in said].count("WriteBlocked") == 3
    assert count(organization) == 1


async def test_a_twin_that_begins_while_a_person_thinks_is_told_before_the_write(organization, open_client):
    """Both requests were shown when none was open. The second one is shown again."""
    client, told, both = open_client("ask"), [], asyncio.Event()

    async def person(request):
        told.append(request.notice)
        if len(told) == 2:
            both.set()
        await both.wait()
        return Approval(True, request.digest, "dana")

    person.needs_current = False
    lose(organization, TOOLS["create_work_item"], kind="delay", when="after", delay=0.5, times=1)
    with approve_writes_with(person):
        made = await asyncio.gather(*(TOOLS["create_work_item"](client, **CREATE) for _ in range(2)))
    assert told[:2] == ["", ""]
    assert [notice[:27] for notice in told[2:]] == ["An equal write was begun at"]
    assert len({item.id for item in made}) == count(organization) == 2


def test_an_honest_repetition_is_not_asked_about(organization, open_client, run):
    client, person = open_client("ask"), Person()
    for _ in range(2):
        with approve_writes_with(person):
            run(TOOLS["add_work_item_comment"], client, {"id": 16, "text": "Again"})
    assert person.told == ["", ""]
