"""How a lost write is searched for: for how long, beside other writes, after a restart, and with which comparisons."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from tool_calls import FULL, UPLOADS, Recorder, lose, seed_with_tokens, writes

from azure_devops_simulator import Fault, SimulatorServer
from langchain_azure_devops import TOOLS, AzureDevOps, approve_writes_with, errors
from langchain_azure_devops.calls.recovery import FOUND
from langchain_azure_devops.calls.repeats import EqualWriteBegan
from langchain_azure_devops.calls.stored_values import is_stored_as
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.safety.audit import AuditLog
from langchain_azure_devops.safety.grants import Approval
from langchain_azure_devops.safety.write_memory import WriteMemory, shared_memory
from langchain_azure_devops.settings import load_settings

BRIEF = Timeouts(retry_pause=0.001, max_retry_pause=0.002, recovery=0.1, recovery_pause=0.05)
WRITERS = {name: tool for name, tool in TOOLS.items() if tool.access == "write"}
UNPROVABLE = {
    "update_pull_request", "set_thread_status", "set_reviewers", "label_pull_request", "set_auto_complete",
    "reactivate_pull_request", "publish_pull_request", "create_iteration",
}  # fmt: skip

PREPARES = {"upload_attachment"}
"""Writes whose first request changes nothing yet: when its answer is lost, surely nothing was done."""


@pytest.fixture
def organization():
    return seed_with_tokens()


@pytest.fixture
def open_client(server, organization):
    clients = []

    def connect(timeouts=BRIEF, **more):
        settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
        context = RunContext(organization.clock.now, timeouts=timeouts)
        clients.append(AzureDevOps(settings, context=context, files=UPLOADS, **{"writes": "allow", **more}))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


NO_ID = "00000000-0000-0000-0000-000000000000"


def agree(request):
    return Approval(True, request.digest, "dana")


def approved(tool):
    async def call(client, **arguments):
        with approve_writes_with(agree):
            return await tool(client, **arguments)

    return call


def make(client, title="Leaking pool"):
    return TOOLS["create_work_item"].call_sync(client, type="Bug", title=title)


# -- a write of an earlier process -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITERS)
def test_a_write_of_an_earlier_process_is_settled_by_the_same_rules(name, organization, tls, server, open_client):
    """Another process sent it. This one knows nothing of that process, and of no id that it made."""
    tool, arguments = WRITERS[name], dict(WRITERS[name].examples[0])
    sent: list[httpx.Request] = []
    with SimulatorServer(seed_with_tokens()) as other:
        settings = load_settings(base_url=other.base_url, pat=FULL, default_project="Platform", environ={})
        with AzureDevOps(settings, writes="allow", files=UPLOADS, transport=Recorder(other.base_url, sent)) as earlier:
            tool.call_sync(earlier, **arguments)
    client, begun = open_client(), time.time()
    with pytest.raises(errors.WriteOutcomeUnknown) as absent:
        client.run_sync(tool.settle(client, arguments, begun))
    assert absent.value.url
    with httpx.Client(auth=("", FULL), verify=tls) as raw:
        for request in writes(sent):
            kept = {
                name: request.headers[name]
                for name in ("accept", "content-type", "if-match")
                if name in request.headers
            }
            url = str(request.url).replace(other.base_url, server.base_url)
            content = request.content.replace(other.base_url.encode(), server.base_url.encode())
            assert raw.request(request.method, url, content=content, headers=kept).is_success
    fresh = open_client()
    fresh.write_memory = WriteMemory()
    if name in UNPROVABLE:
        with pytest.raises(errors.WriteOutcomeUnknown, match="now has the values asked for, but it is not known"):
            fresh.run_sync(tool.settle(fresh, arguments, begun))
    else:
        assert fresh.run_sync(tool.settle(fresh, arguments, begun)).notes[0] == FOUND
    organization.clock.advance(60)
    with pytest.raises(errors.WriteOutcomeUnknown):
        fresh.run_sync(tool.settle(fresh, arguments, time.time()))


def test_arguments_that_no_longer_fit_leave_an_earlier_write_unknown(open_client):
    client, tool = open_client(), TOOLS["create_work_item"]
    with pytest.raises(errors.WriteOutcomeUnknown, match=r"its outcome was not stored.*colour is not a parameter"):
        client.run_sync(tool.settle(client, {"type": "Bug", "title": "x", "colour": "red"}, time.time()))


async def test_a_call_that_was_cancelled_is_settled_as_itself(organization, open_client):
    """Its own start is no other write of this process that asks for the same."""
    client, tool = open_client(), TOOLS["create_work_item"]
    arguments, begun = {"type": "Bug", "title": "Cancelled"}, time.time()
    lose(organization, WRITERS["create_work_item"], kind="delay", when="after", delay=5, times=1)
    call = asyncio.create_task(tool(client, **arguments))
    for _ in range(1_000):
        if any(item.revision.fields["System.Title"] == "Cancelled" for item in organization.work_items):
            break
        await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    found = await client.run(tool.settle(client, arguments, begun))
    assert (found.title, found.notes[0]) == ("Cancelled", FOUND)
    lose(organization, WRITERS["create_work_item"], when="before", times=1)
    with pytest.raises(errors.WriteOutcomeUnknown, match="did not find a Bug"):
        await tool(client, **arguments)


# -- writes at the same moment -----------------------------------------------------------------------------------------


def test_of_identical_writes_that_are_all_lost_none_is_taken_for_another(organization, open_client):
    lose(organization, WRITERS["create_work_item"], when="after", times=4)
    clients = [open_client(writes="ask") for _ in range(2)]

    def attempt(number):
        while True:
            try:
                with approve_writes_with(agree):
                    return make(clients[number % 2])
            except errors.WriteOutcomeUnknown as error:
                return error
            except EqualWriteBegan:
                # Each time that it was approved, another of the four began or ended. Nothing was sent: ask once more.
                continue

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(attempt, range(4)))
    done = [result.id for result in said if not isinstance(result, Exception)]
    assert len(done) == len(set(done))
    made = {item.id for item in organization.work_items if item.revision.fields["System.Title"] == "Leaking pool"}
    assert len(made) == 4
    assert made >= set(done)


async def test_of_different_writes_at_once_each_is_found(organization, open_client):
    lose(organization, WRITERS["create_work_item"], when="after", times=2)
    client, tool = open_client(), TOOLS["create_work_item"]
    made = await asyncio.gather(*(tool(client, type="Bug", title=f"Number {number}") for number in range(2)))
    assert [item.title for item in made] == ["Number 0", "Number 1"]
    assert all(item.notes[0] == FOUND for item in made)


async def test_a_lost_write_waits_for_an_identical_one_that_is_under_way(organization, open_client):
    """The other one's answer is slow. Once it is there, what it made no longer counts for the lost one."""
    client = open_client(Timeouts(recovery=20.0, recovery_pause=0.1), writes="ask")
    tool = approved(TOOLS["create_work_item"])
    lose(organization, WRITERS["create_work_item"], kind="delay", when="after", delay=0.5, times=1)
    slow = asyncio.create_task(tool(client, type="Bug", title="Twice"))
    for _ in range(1_000):
        if organization.faults.counted()[0][2]:
            break
        await asyncio.sleep(0.01)
    lose(organization, WRITERS["create_work_item"], when="after", times=1)
    lost = await tool(client, type="Bug", title="Twice")
    assert lost.notes[0] == FOUND
    assert not (await slow).notes
    assert lost.id != (await slow).id


def test_all_clients_of_an_organization_share_what_they_made(server, open_client):
    assert open_client().write_memory is open_client().write_memory is shared_memory(f"{server.base_url.upper()}/")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"title": "A", "project": "Platform"}, {"title": " a "}, False),
        ({"title": "A", "project": "Platform"}, {"title": " a ", "project": "PLATFORM"}, True),
        ({"title": "A", "project": "Platform"}, {"title": "A", "project": NO_ID}, True),
        ({"title": "A", "assigned_to": "Tom"}, {"title": "A", "assigned_to": "tom@x.example"}, True),
        ({"title": "A", "tags": ["b", "a"]}, {"title": "A", "tags": ["a", "b"]}, True),
        ({"title": "A", "tags": []}, {"title": "A"}, True),
        ({"source": "refs/heads/x", "draft": False}, {"source": "x"}, True),
        ({"title": "A"}, {"title": "B"}, False),
        ({"id": 4}, {"id": 5}, False),
        ({"fields": [{"name": "X.Y", "value": "1"}]}, {"fields": [{"name": "X.Y", "value": "2"}]}, False),
    ],
    ids=str,
)  # fmt: skip
def test_two_writes_may_be_the_same_unless_an_argument_surely_differs(one, other, same):
    memory = WriteMemory()
    assert memory.begin("t", one).may_equal(memory.begin("t", other)) is same
    assert not memory.begin("t", one).may_equal(memory.begin("another", one))


# -- time --------------------------------------------------------------------------------------------------------------


def test_the_searches_are_spread_over_the_time_and_announced(organization, open_client):
    waits = []
    client = open_client(Timeouts(recovery=1.5, recovery_pause=0.5), progress=waits.append)
    lose(organization, WRITERS["create_work_item"], times=1)
    with pytest.raises(errors.WriteOutcomeUnknown, match="3 look-ups within 2 s"):
        make(client)
    assert [str(wait) for wait in waits] == ["looking for a write whose answer was lost, continuing in 1 s"] * 2
    assert [wait.seconds for wait in waits] == [0.5, 1.0]


def test_the_default_time_reaches_far_beyond_a_late_effect():
    plan, pause, total = Timeouts(), Timeouts().recovery_pause, 0.0
    assert plan.recovery >= 3 * 12
    assert plan.recovery <= plan.call / 2
    while total < 12:
        total, pause = total + pause, 2 * pause
    assert total < plan.recovery


def test_a_service_that_is_down_for_a_moment_is_asked_again(organization, open_client):
    client = open_client(Timeouts(retry_pause=0.001, max_retry_pause=0.002, recovery=5.0, recovery_pause=0.05))
    lose(organization, WRITERS["create_work_item"], when="after", times=1)
    organization.faults.add(Fault("status", path="/wit/wiql", times=8))
    assert make(client).notes[0] == FOUND


def count_reads(name):
    """How many requests a tool sends before it writes; at least one."""
    sent: list[httpx.Request] = []
    with SimulatorServer(seed_with_tokens()) as other:
        settings = load_settings(base_url=other.base_url, pat=FULL, default_project="Platform", environ={})
        with AzureDevOps(settings, writes="allow", files=UPLOADS, transport=Recorder(other.base_url, sent)) as client:
            WRITERS[name].call_sync(client, **WRITERS[name].examples[0])
    return max(1, sent.index(writes(sent)[-1 if name in PREPARES else 0]))


@pytest.mark.parametrize("name", WRITERS)
def test_no_unknown_outcome_invites_to_send_again(name, organization, open_client):
    client, arguments = open_client(), WRITERS[name].examples[0]
    before = count_reads(name)
    for fault in ({"kind": "status", "status": 500}, {"kind": "status", "status": 502, "body": "html"}, {}):
        for looking in (None, Fault("status", method="GET", skip=before), Fault("reset", skip=before)):
            organization.faults.clear()
            client.write_memory = WriteMemory()
            lose(organization, WRITERS[name], times=1, **fault)
            if name in PREPARES:
                organization.faults.clear()
                organization.faults.add(Fault(**{"kind": "reset", "method": "PATCH", "times": 1, **fault}))
            organization.faults.add(*([looking] if looking else []))
            with pytest.raises(errors.WriteOutcomeUnknown) as caught:
                WRITERS[name].call_sync(client, **arguments)
            text = caught.value.message.replace("not sent again", "")
            assert "again" not in text, text
            assert "do not repeat it" in text


def test_an_outcome_that_cannot_be_recorded_is_still_told(organization, open_client, tmp_path):
    log = AuditLog(tmp_path / "audit.jsonl")

    class Breaking(httpx.AsyncBaseTransport):
        """Makes the log unwritable while the write is under way."""

        async def handle_async_request(self, request):
            if writes([request]):
                log.path.rename(tmp_path / "gone")
                log.path.mkdir()
                raise httpx.ReadError("lost")
            raise httpx.ConnectError("down")

    client = open_client(Timeouts(recovery=0.0, retry_pause=0.001, max_attempts=1), audit=log, transport=Breaking())
    with pytest.raises(errors.WriteOutcomeUnknown):
        make(client)


# -- values ------------------------------------------------------------------------------------------------------------

TOM = {"displayName": "Tom Becker", "uniqueName": "tom@x.example", "id": "7", "descriptor": "aad.1"}
STATE, TAGS, AREA = "System.State", "System.Tags", "System.AreaPath"


@pytest.mark.parametrize(
    ("sent", "stored", "field", "same"),
    [
        ("Broken", "Broken", "", True), ("Broken ", "Broken", "", True), ("Broken", "broken", "", False),
        ("a\nb", "a\r\nb", "", True), ("a  b", "a b", "", False), ("a < b", "a &lt; b", "", True),
        ("a &lt; b", "a < b", "", False), ("", None, "", True), ("x", None, "", False), ("", "x", "", False),
        ("1", 1, "", True), ("1.0", 1, "", True), ("01", 1, "", True), ("1", 2, "", False), ("one", 1, "", False),
        ("true", True, "", True), ("1", True, "", False), ("False", False, "", True),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z", "", True),
        ("2026-01-02", "2026-01-02T00:00:00Z", "", True),
        ("2026-01-02T04:04:05+01:00", "2026-01-02T03:04:05Z", "", True),
        ("2026-01-03", "2026-01-02T00:00:00Z", "", False),
        ("Tom Becker", TOM, "", True), ("TOM@x.example", TOM, "", True), ("Tom Becker <tom@x.example>", TOM, "", True),
        ("aad.1", TOM, "", True), ("Tom", TOM, "", False), ("", TOM, "", False), ("Tim", TOM, "", False),
        ("a; B", "b; A", TAGS, True), ("a,b", "a; b", TAGS, True), ("a", "a; b", TAGS, False), ("", "a", TAGS, False),
        ("active", "Active", STATE, True), ("\\Platform\\Web", "platform\\web", AREA, True),
        ("Platform", "Platform\\Web", AREA, False),
    ],
    ids=str,
)  # fmt: skip
def test_a_stored_value_is_the_one_that_was_sent_only_when_that_is_sure(sent, stored, field, same):
    assert is_stored_as(sent, stored, field) is same
