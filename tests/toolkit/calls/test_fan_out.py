"""One question to many places: all of it, in one order, and honest about what failed."""

import asyncio
import random
import sys

import pytest
from tool_calls import FULL, seed_with_tokens

from azure_devops_simulator import Fault, SimulatorServer
from langchain_azure_devops import TOOLS, AzureDevOps, load_settings
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.calls.fan_out import AT_ONCE, fan_out
from langchain_azure_devops.errors import InvalidRequest, NotFound, NotSignedIn, PermissionDenied, TokenRejected
from langchain_azure_devops.runtime import RunContext, Timeouts

LISTS = {
    "list_builds": {},
    "list_pipelines": {},
    "list_pull_requests": {"status": "all"},
}
PROJECTS = ["Data", "Mobile App", "Payments", "Platform"]


@pytest.fixture
def organization():
    return seed_with_tokens()


@pytest.fixture
def everywhere(organization):
    """A client without a default project."""
    context = RunContext(timeouts=Timeouts(retry_pause=0.01))
    with SimulatorServer(organization) as server:
        settings = load_settings(base_url=server.base_url, pat=FULL, environ={})
        with AzureDevOps(settings, context=context) as client:
            yield client


def pages(client, name, size, **arguments):
    found, cursor = [], None
    while True:
        page = TOOLS[name].call_sync(client, limit=size, cursor=cursor, **arguments)
        assert len(page.items) <= size
        found.append(page)
        if (cursor := page.cursor) is None:
            return found


@pytest.mark.parametrize("name", LISTS)
def test_without_a_project_all_are_asked_and_their_rows_are_one_list(everywhere, name):
    call, arguments = TOOLS[name].call_sync, LISTS[name]
    alone = {project: call(everywhere, project=project, limit=1000, **arguments).items for project in PROJECTS}
    whole = call(everywhere, limit=1000, **arguments)
    assert not whole.partial
    assert whole.cursor is None
    assert {row.project for row in whole.items} == {project for project in PROJECTS if alone[project]}
    assert sorted(row.id for row in whole.items) == sorted(row.id for rows in alone.values() for row in rows)
    assert [row for page in pages(everywhere, name, 3, **arguments) for row in page.items] == whole.items


def test_rows_of_several_projects_come_newest_first(everywhere):
    builds = TOOLS["list_builds"].call_sync(everywhere).items
    assert [build.queued for build in builds] == sorted((build.queued for build in builds), reverse=True)
    requests = TOOLS["list_pull_requests"].call_sync(everywhere, status="all").items
    assert [each.created for each in requests] == sorted((each.created for each in requests), reverse=True)


def test_branches_of_all_repositories_name_theirs(everywhere):
    every = TOOLS["list_branches"].call_sync(everywhere, limit=1000).items
    one = TOOLS["list_branches"].call_sync(everywhere, repository="platform-api", project="Platform").items
    found = [tip for tip in every if (tip.project, tip.repository) == ("Platform", "platform-api")]
    assert [(tip.name, tip.commit, tip.default) for tip in found] == [
        (tip.name, tip.commit, tip.default) for tip in one
    ]
    inside = TOOLS["list_branches"].call_sync(everywhere, project="Platform", contains="main").items
    assert {tip.repository for tip in inside} >= {"platform-api", "infrastructure"}
    assert [tip for page in pages(everywhere, "list_branches", 4) for tip in page.items] == every


def test_what_one_project_refuses_is_named_and_the_others_are_there(everywhere, organization):
    organization.faults.add(Fault("status", path="/Payments/_apis/build/builds", status=403))
    page = TOOLS["list_builds"].call_sync(everywhere, limit=1000)
    assert page.partial
    assert [(failed.place, failed.status) for failed in page.failed] == [("Payments", "denied")]
    assert "Payments" not in {row.project for row in page.items}
    assert {row.project for row in page.items} >= {"Platform"}
    text = bind(TOOLS["list_builds"], everywhere).invoke({"limit": 1000})
    assert text.splitlines()[0].endswith("builds, not all, in every visible project")
    assert "\nnot read: Payments (denied): " in text
    assert text.rstrip().splitlines()[-1].startswith("</untrusted "), "names of projects stay inside the fence"


def test_a_cursor_goes_on_over_the_places_that_answer_and_is_refused_when_these_change(everywhere, organization):
    organization.faults.add(Fault("status", path="/Payments/_apis/build/builds", status=403))
    whole = TOOLS["list_builds"].call_sync(everywhere, limit=1000).items
    found = pages(everywhere, "list_builds", 4)
    assert [row for page in found for row in page.items] == whole
    assert all(page.partial for page in found)
    organization.faults.clear()
    with pytest.raises(InvalidRequest, match="set of answering projects changed"):
        TOOLS["list_builds"].call_sync(everywhere, limit=4, cursor=found[0].cursor)


def test_when_no_place_answers_that_is_the_answer(everywhere, organization):
    organization.faults.add(Fault("status", path="/_apis/build/builds", status=403))
    with pytest.raises(PermissionDenied):
        TOOLS["list_builds"].call_sync(everywhere)


def test_text_that_is_cut_to_fit_goes_on_where_it_was_cut(everywhere):
    whole = TOOLS["list_builds"].call_sync(everywhere, limit=1000).items
    bound, seen, cursor = bind(TOOLS["list_builds"], everywhere, budget=3_500), [], None
    while True:
        text = bound.invoke({"limit": 1000, "cursor": cursor})
        seen += [int(line.split("\t")[0]) for line in text.splitlines() if line.split("\t")[0].isdigit()]
        if 'cursor="' not in text:
            break
        cursor = text.split('cursor="')[1].split('"')[0]
    assert seen == [row.id for row in whole]


# -- the mechanism -------------------------------------------------------------------------------------------------


async def test_not_more_than_eight_at_once_and_always_in_the_same_order():
    under_way, most = 0, 0

    async def ask(place: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(random.random() / 100)  # noqa: S311 - any order will do
        under_way -= 1
        if place % 7 == 3:
            raise NotFound("gone")
        return place * place

    answers = await fan_out(range(50), ask)
    assert most == AT_ONCE
    assert list(answers.done.items()) == [(place, place * place) for place in range(50) if place % 7 != 3]
    assert list(answers.failed) == [place for place in range(50) if place % 7 == 3]
    assert [failed.place for failed in answers.failures] == [str(place) for place in answers.failed]


@pytest.mark.parametrize("problem", [TokenRejected("dead"), ZeroDivisionError()])
async def test_what_would_be_the_same_everywhere_or_is_a_bug_ends_all(problem):
    asked, cancelled = [], []

    async def ask(place: int) -> None:
        asked.append(place)
        if place == 3:
            raise problem
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(place)
            raise

    with pytest.raises(type(problem)):
        await fan_out(range(50), ask)
    assert asked == list(range(AT_ONCE))
    assert sorted(cancelled) == [place for place in asked if place != 3]


async def test_cancelling_leaves_nothing_under_way():
    alone = len(asyncio.all_tasks())
    task = asyncio.create_task(fan_out(range(20), lambda _: asyncio.sleep(60)))
    await asyncio.sleep(0.01)
    assert len(asyncio.all_tasks()) == alone + 1 + AT_ONCE
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(asyncio.all_tasks()) == alone


def test_a_dead_token_is_said_at_once(organization):
    with SimulatorServer(organization) as server:
        settings = load_settings(base_url=server.base_url, pat="unknown", environ={})
        with AzureDevOps(settings) as client, pytest.raises(NotSignedIn):
            TOOLS["list_builds"].call_sync(client)


def test_a_part_of_a_pull_request_that_fails_is_named_and_the_rest_is_there(everywhere, organization):
    number = TOOLS["list_pull_requests"].call_sync(everywhere).items[0].id
    whole = TOOLS["get_pull_request"].call_sync(everywhere, ids=[number], include=["threads", "files"])
    organization.faults.add(Fault("status", path="/threads", status=403))
    found = TOOLS["get_pull_request"].call_sync(everywhere, ids=[number], include=["threads", "files"])
    assert found.files == whole.files
    assert found.work_items == whole.work_items
    assert [note[:34] for note in found.notes] == ["threads could not be read (denied)"]


def test_work_items_of_a_batch_that_fails_are_not_called_deleted(everywhere, organization):
    whole = TOOLS["query_work_items"].call_sync(everywhere, limit=1000)
    assert len(whole.items) <= 200, "one batch"
    organization.faults.add(Fault("status", path="/workitemsbatch", status=403))
    with pytest.raises(PermissionDenied):
        TOOLS["query_work_items"].call_sync(everywhere, limit=1000)


def test_of_several_batches_of_work_items_the_failed_one_is_named(monkeypatch, everywhere, organization):
    monkeypatch.setattr(sys.modules["langchain_azure_devops.tools.work_items.reading"], "BATCH", 10)
    whole = TOOLS["query_work_items"].call_sync(everywhere, limit=1000)
    organization.faults.add(Fault("status", path="/workitemsbatch", status=403, times=1))
    page = TOOLS["query_work_items"].call_sync(everywhere, limit=1000)
    assert page.partial
    assert [(part.place.split(" ")[0], part.status) for part in page.failed] == [("work", "denied")]
    assert not any("deleted" in note for note in page.notes)
    assert len(page.items) == len(whole.items) - 10
    assert [row for row in whole.items if row in page.items] == page.items
