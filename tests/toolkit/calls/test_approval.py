"""The approver belongs to the call: many users share one toolkit, and each write is answered by its own user."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tool_calls import FULL, seed_with_tokens

from langchain_azure_devops import Approval, AzureDevOpsToolkit, approve_writes_with
from langchain_azure_devops.calls.approval import stamp_use
from langchain_azure_devops.calls.declaration import Toolset
from langchain_azure_devops.errors import Misconfigured, WriteBlocked
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.safety.audit import read_entries
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.work_items.tools import WorkItem, create_work_item, get_work_item

USERS = 50


@pytest.fixture
def organization():
    return seed_with_tokens()


@pytest.fixture
def toolkit(server, tmp_path):
    """One toolkit for all users; its own approver must never be asked."""
    with AzureDevOpsToolkit(
        base_url=server.base_url,
        pat=FULL,
        scopes="app_token",
        default_project="Platform",
        approver=lambda request: pytest.fail(f"the toolkit's own approver was asked for {request}"),
        audit=tmp_path / "audit.jsonl",
    ) as made:
        yield made


class User:
    """Approves the write requests of one user and remembers them; odd users say no."""

    def __init__(self, number, meeting=None):
        self.name, self.yes, self.asked, self._meeting = f"user-{number:02}", number % 2 == 0, [], meeting

    def answer(self, request):
        self.asked.append(request)
        if self._meeting is not None:
            # Everybody is asked at the same time.
            self._meeting.wait(60)
        return Approval(self.yes, request.digest, self.name)

    async def answer_async(self, request):
        self.asked.append(request)
        await asyncio.sleep(0.05)
        return Approval(self.yes, request.digest, self.name)

    @property
    def arguments(self):
        return {"type": "Bug", "title": f"Reported by {self.name}"}


def created(server):
    return {item.title for item in server.organization.work_items if item.title.startswith("Reported by")}


def assert_each_was_answered_by_its_user(users, server, toolkit):
    for user in users:
        assert [request.arguments["title"] for request in user.asked] == [user.arguments["title"]]
    assert created(server) == {user.arguments["title"] for user in users if user.yes}
    # By its digest, each answer on record belongs to the request of the very user who gave it.
    asked = {user.asked[0].digest: user for user in users}
    answers = [entry for entry in read_entries(toolkit.client.audit.path) if entry.event in {"approved", "denied"}]
    assert len(answers) == len(users)
    for entry in answers:
        user = asked[entry.details["digest"]]
        assert (entry.details["approver"], entry.event) == (user.name, "approved" if user.yes else "denied")


def writer_of(tools):
    [tool] = [tool for tool in tools if tool.name == "create_work_item"]
    return tool


def test_fifty_users_in_threads_with_tools_of_their_own(toolkit, server):
    meeting = threading.Barrier(USERS)
    users = [User(number, meeting) for number in range(USERS)]
    tools = [writer_of(toolkit.get_tools(approver=user.answer)) for user in users]
    with ThreadPoolExecutor(USERS) as pool:
        messages = list(pool.map(lambda pair: pair[0].invoke(pair[1].arguments), zip(tools, users, strict=True)))
    assert len(messages) == USERS
    assert_each_was_answered_by_its_user(users, server, toolkit)


def test_fifty_users_in_threads_with_typed_functions(toolkit, server):
    meeting = threading.Barrier(USERS)
    users = [User(number, meeting) for number in range(USERS)]

    def work(user):
        with approve_writes_with(user.answer):
            try:
                return create_work_item.call_sync(toolkit.client, **user.arguments)
            except WriteBlocked:
                return None

    with ThreadPoolExecutor(USERS) as pool:
        results = list(pool.map(work, users))
    assert [result is not None for result in results] == [user.yes for user in users]
    assert_each_was_answered_by_its_user(users, server, toolkit)


async def test_fifty_users_in_tasks_with_tools_of_their_own(toolkit, server):
    users = [User(number) for number in range(USERS)]
    tools = [writer_of(toolkit.get_tools(approver=user.answer_async)) for user in users]
    await asyncio.gather(*(tool.ainvoke(user.arguments) for tool, user in zip(tools, users, strict=True)))
    assert_each_was_answered_by_its_user(users, server, toolkit)


async def test_fifty_users_in_tasks_with_typed_functions(toolkit, server):
    users = [User(number) for number in range(USERS)]

    async def work(user):
        with approve_writes_with(user.answer_async):
            await asyncio.sleep(0)
            return await create_work_item(toolkit.client, **user.arguments)

    results = await asyncio.gather(*map(work, users), return_exceptions=True)
    for user, result in zip(users, results, strict=True):
        assert isinstance(result, WorkItem if user.yes else WriteBlocked)
    assert_each_was_answered_by_its_user(users, server, toolkit)


def test_an_asynchronous_approver_that_blocks_holds_up_only_its_own_synchronous_call(toolkit):
    asked, release, threads = threading.Event(), threading.Event(), []

    async def block(request):
        threads.append(threading.current_thread().name)
        asked.set()
        release.wait(20)
        return Approval(True, request.digest, "dana")

    with ThreadPoolExecutor(1) as pool, ThreadPoolExecutor(1) as others:
        slow = pool.submit(writer_of(toolkit.get_tools(approver=block)).invoke, User(0).arguments)
        try:
            assert asked.wait(20)
            reading = others.submit(get_work_item.call_sync, toolkit.client, ids=[4])
            assert reading.result(10)
        finally:
            release.set()
        assert "Reported by user-00" in slow.result(20)
    assert threads != ["azure-devops-client"]


async def test_a_synchronous_call_inside_a_running_loop_has_its_asynchronous_approver_asked(toolkit):
    user = User(0)
    with approve_writes_with(user.answer_async):
        made = create_work_item.call_sync(toolkit.client, **user.arguments)
    assert made.title == "Reported by user-00"
    assert len(user.asked) == 1


# -- whose approver answers -----------------------------------------------------------------------------------------


@pytest.fixture
def plain(server):
    """A toolkit without an approver."""
    settings = {"base_url": server.base_url, "pat": FULL, "scopes": "app_token", "default_project": "Platform"}
    with AzureDevOpsToolkit(**settings) as made:
        yield made


def test_without_an_approver_nothing_is_written(plain, server):
    dana = User(0)
    for block in (None, dana.answer):
        with approve_writes_with(block):
            pass
        with pytest.raises(WriteBlocked, match="no approver was given for this call"):
            create_work_item.call_sync(plain.client, **dana.arguments)
        assert "no approver was given" in writer_of(plain.get_tools()).invoke(dana.arguments)
    assert (dana.asked, created(server)) == ([], set())


def test_the_inner_block_applies_and_the_outer_one_afterwards(plain, server):
    dana, lee = User(0), User(2)
    with approve_writes_with(dana.answer):
        with approve_writes_with(None), pytest.raises(WriteBlocked, match="no approver was given"):
            create_work_item.call_sync(plain.client, **lee.arguments)
        with approve_writes_with(lee.answer):
            create_work_item.call_sync(plain.client, **lee.arguments)
        create_work_item.call_sync(plain.client, **dana.arguments)
    assert [len(user.asked) for user in (dana, lee)] == [1, 1]
    assert created(server) == {"Reported by user-00", "Reported by user-02"}


def test_tools_given_to_a_user_ask_that_user_also_inside_a_block(plain):
    dana, lee = User(0), User(2)
    [of_dana, of_nobody] = [writer_of(plain.get_tools(approver=approver)) for approver in (dana.answer, None)]
    with approve_writes_with(lee.answer):
        of_dana.invoke(dana.arguments)
        assert "no approver was given" in of_nobody.invoke(lee.arguments)
    assert [len(user.asked) for user in (dana, lee)] == [1, 0]


@pytest.mark.parametrize("given", ["to the toolkit", "to get_tools"])
def test_the_approver_of_a_tool_comes_before_the_one_of_a_block_and_none_refuses(given, server):
    dana, lee = User(0), User(2)
    settings = {"base_url": server.base_url, "pat": FULL, "scopes": "app_token", "default_project": "Platform"}
    of_toolkit = {"approver": dana.answer} if given == "to the toolkit" else {}
    with AzureDevOpsToolkit(**settings, **of_toolkit) as toolkit:
        tool = writer_of(toolkit.get_tools(**({} if of_toolkit else {"approver": dana.answer})))
        with approve_writes_with(lee.answer):
            tool.invoke(dana.arguments)
            with approve_writes_with(None):
                assert "no approver was given" in tool.invoke({**dana.arguments, "title": "Refused"})
            create_work_item.call_sync(toolkit.client, **lee.arguments)
    assert [len(user.asked) for user in (dana, lee)] == [1, 1]
    assert created(server) == {"Reported by user-00", "Reported by user-02"}


def test_a_block_answers_for_tools_without_an_approver(plain):
    lee = User(2)
    with approve_writes_with(lee.answer):
        writer_of(plain.get_tools()).invoke(lee.arguments)
    assert len(lee.asked) == 1


def test_the_toolkits_own_approver_is_the_default_and_survives_other_users(server):
    own, lee = User(0), User(2)
    settings = {"base_url": server.base_url, "pat": FULL, "scopes": "app_token", "default_project": "Platform"}
    with AzureDevOpsToolkit(**settings, approver=own.answer) as toolkit:
        before = writer_of(toolkit.get_tools())
        writer_of(toolkit.get_tools(approver=lee.answer)).invoke(lee.arguments)
        before.invoke(own.arguments)
        writer_of(toolkit.get_tools()).invoke({**own.arguments, "title": "Reported by user-00, again"})
        with pytest.raises(WriteBlocked, match="no approver was given"):
            # Typed functions have the approver of their block, not the one of a toolkit.
            create_work_item.call_sync(toolkit.client, **lee.arguments)
    assert [len(user.asked) for user in (own, lee)] == [2, 1]


def test_another_thread_has_no_approver_unless_it_is_given_one(plain, server):
    dana = User(0)
    with approve_writes_with(dana.answer), ThreadPoolExecutor(1) as pool:
        future = pool.submit(create_work_item.call_sync, plain.client, **dana.arguments)
        with pytest.raises(WriteBlocked, match="no approver was given"):
            future.result()
    assert created(server) == set()


@pytest.mark.parametrize("number", [0, 1])
def test_a_tool_that_calls_a_write_tool_on_the_clients_loop_asks_the_same_user(plain, server, number):
    user = User(number)

    @Toolset.named("things", "File things.").read(Scope.WORK_WRITE)
    async def file_and_read(client: AzureDevOps, *, title: str) -> WorkItem:
        """File a bug and read it back."""
        made = await create_work_item(client, type="Bug", title=title)
        return await get_work_item(client, ids=[made.id])

    title = user.arguments["title"]
    with pytest.raises(WriteBlocked, match="no approver was given"):
        file_and_read.call_sync(plain.client, title=title)
    with approve_writes_with(user.answer):
        if user.yes:
            assert file_and_read.call_sync(plain.client, title=title).title == title
        else:
            with pytest.raises(WriteBlocked, match="rejected"):
                file_and_read.call_sync(plain.client, title=title)
    assert len(user.asked) == 1
    assert created(server) == ({title} if user.yes else set())


@pytest.mark.parametrize("approver", [True, "default", "yes", Approval(True, "", "x")], ids=str)
def test_what_cannot_answer_is_refused_before_any_call(plain, approver):
    with pytest.raises(Misconfigured, match="Give a function that takes a WriteRequest"), approve_writes_with(approver):
        pass
    if approver != "default":
        with pytest.raises(Misconfigured, match="The approver is"):
            plain.get_tools(approver=approver)
    with pytest.raises(Misconfigured, match="The approver is"):
        AzureDevOpsToolkit(settings=plain.client.settings, approver=approver)


def test_no_two_answers_are_used_at_the_same_time_even_when_the_clock_stands_still(monkeypatch):
    before = stamp_use()
    monkeypatch.setattr(time, "time", lambda: before)
    with ThreadPoolExecutor(4) as pool:
        stamps = list(pool.map(lambda _: stamp_use(), range(1_000)))
    assert len({*stamps}) == 1_000
    assert before < min(stamps) <= max(stamps) < before + 0.01
