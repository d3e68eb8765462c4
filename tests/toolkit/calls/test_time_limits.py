"""A read ends with the time of its block, whatever it waits for; a write in the same block is carried through."""

import asyncio

import pytest
from stub_service import StubService, failure, ok
from tool_calls import FULL

from azure_devops_simulator import Fault
from langchain_azure_devops import TOOLS, AzureDevOps, approve_writes_with, errors
from langchain_azure_devops.calls import limit_reads
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.settings import load_settings

PROJECTS, CREATE = TOOLS["list_projects"], TOOLS["create_work_item"]
WHY = "The tide is out."
# The pause is shorter than a call may take, so without a limit the call would wait for it.
LONG = Timeouts(call=40, request=40)


@pytest.fixture
def client(server):
    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
    with AzureDevOps(settings, writes="allow", context=RunContext(timeouts=LONG, shared_pace=False)) as writing:
        yield writing


def read(client, form, tool=PROJECTS, **arguments):
    if form == "sync":
        return tool.call_sync(client, **arguments)
    return asyncio.run(tool(client, **arguments))


@pytest.mark.parametrize("form", ["sync", "async"])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(kind="throttle", path="/projects", retry_after=30, times=1), errors.Throttled),
        (Fault(kind="delay", path="/projects", delay=4), errors.Unreachable),
        (Fault(kind="slow", path="/projects", delay=1), errors.Unreachable),
        (Fault(kind="status", status=503, path="/projects"), errors.ServiceFault),
    ],
    ids=["throttled", "no answer", "a slow answer", "always sent again"],
)
def test_a_read_ends_with_its_block_and_says_why(client, organization, form, fault, error):
    organization.faults.add(fault)
    with limit_reads(1, WHY), pytest.raises(error) as cut:
        read(client, form)
    assert str(cut.value).endswith(WHY)
    assert cut.value.message == str(cut.value)


def test_a_read_that_waits_for_its_token_ends_with_its_block_too(server):
    async def provide():
        await asyncio.sleep(20)
        return FULL

    settings = load_settings(base_url=server.base_url, pat=provide, environ={})
    with AzureDevOps(settings) as client, limit_reads(1, WHY), pytest.raises(errors.Unreachable, match=WHY):
        PROJECTS.call_sync(client)


def test_a_list_keeps_the_rows_that_it_has_when_its_block_ends():
    rows = [{"id": str(number), "name": f"P{number}", "state": "wellFormed"} for number in range(3)]

    def answer(seen):
        if "continuationToken=3" in seen.target:
            return failure(429, "X", "TF400733", Retry_After="30")
        return ok({"count": 3, "value": rows}, x_ms_continuationtoken="3")

    with StubService(answer) as service:
        settings = load_settings(base_url=service.base_url, pat="a-token", environ={})
        with AzureDevOps(settings, context=RunContext(timeouts=LONG)) as client, limit_reads(5, WHY) as limit:
            page = PROJECTS.call_sync(client)
    assert [row.name for row in page.items] == ["P0", "P1", "P2"]
    assert page.notes[0].startswith("Stopped after 3 rows")
    assert page.notes[0].endswith(WHY)
    assert limit.cut


def test_records_that_the_end_of_a_block_leaves_out_are_named_with_the_reason(client, organization):
    organization.faults.add(Fault(kind="status", status=503, path="/pullrequests/13"))
    with limit_reads(2, WHY) as limit:
        several = TOOLS["get_pull_request"].call_sync(client, ids=[9, 13])
    assert [request.id for request in several.items] == [9]
    assert [each.place for each in several.failed] == ["pull request 13"]
    assert several.failed[0].reason.endswith(WHY)
    assert limit.cut


@pytest.mark.parametrize("form", ["sync", "async"])
def test_a_write_is_not_cut_off(client, organization, form):
    organization.faults.add(Fault(kind="delay", path="/workitems/$Bug", delay=2))
    with limit_reads(0, WHY), approve_writes_with(lambda request: request.approve()):
        made = read(client, form, CREATE, type="Bug", title="The tide is out")
    assert made.title == "The tide is out"


@pytest.mark.parametrize("form", ["sync", "async"])
def test_what_an_approver_is_shown_is_read_within_the_block_and_nothing_is_asked_after_it(server, organization, form):
    organization.faults.add(Fault(kind="throttle", method="GET", path="/workitems", retry_after=30, times=1))
    asked = []

    def approve(request):
        asked.append(request)
        return request.approve()

    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
    context = RunContext(timeouts=LONG, shared_pace=False)
    with AzureDevOps(settings, context=context) as client, limit_reads(1, WHY), approve_writes_with(approve):
        with pytest.raises(errors.Throttled, match=WHY):
            read(client, form, TOOLS["update_work_item"], id=4, revision=5, title="The tide is out")
    assert asked == []


def test_inside_of_another_block_the_earlier_end_counts(client, organization):
    organization.faults.add(Fault(kind="throttle", path="/projects", retry_after=30, times=1))
    with limit_reads(1, WHY), limit_reads(60, "another reason"), pytest.raises(errors.Throttled, match=WHY):
        PROJECTS.call_sync(client)


def test_after_a_block_and_in_a_long_one_a_read_has_its_own_time(client, organization):
    with limit_reads(0, WHY):
        pass
    organization.faults.add(Fault(kind="throttle", path="/projects", retry_after=1, times=1))
    with limit_reads(600, WHY):
        assert PROJECTS.call_sync(client).items
    organization.faults.add(Fault(kind="throttle", path="/projects", retry_after=120, times=1))
    with limit_reads(600, WHY) as limit, pytest.raises(errors.Throttled) as late:
        PROJECTS.call_sync(client)
    assert WHY not in str(late.value)
    assert not limit.cut
