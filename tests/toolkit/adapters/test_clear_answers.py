"""Errors of a program say what was expected: a wrong approver, a closed client, an absent tool."""

import asyncio
import threading

import pytest
from stub_service import StubService, ok
from tool_calls import FULL, READ, seed_with_tokens

from langchain_azure_devops import (
    TOOLS,
    AzureDevOps,
    AzureDevOpsError,
    AzureDevOpsToolkit,
    Scope,
    Toolset,
    approve_writes_with,
    load_settings,
    verify,
)
from langchain_azure_devops.errors import ClientClosed, ScopeMissing, WriteBlocked
from langchain_azure_devops.results import Result

BUG = {"type": "Bug", "title": "New: one"}


@pytest.fixture
def organization():
    return seed_with_tokens()


def toolkit_of(server, **options):
    options = {"pat": FULL, "scopes": "app_token", "default_project": "Platform", **options}
    return AzureDevOpsToolkit(base_url=server.base_url, **options)


# -- approvers -----------------------------------------------------------------------------------------------------


def raising(request):
    raise LookupError("the password of the database is hunter2")


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(
    ("approver", "words"),
    [
        (lambda request: True, "the approver returned True. An approver takes a WriteRequest and returns an Approval"),
        (lambda request: None, "the approver returned None"),
        (lambda request: "yes", "the approver returned an object of the class str"),
        (raising, "the approver raised LookupError. An approver takes a WriteRequest and returns an Approval"),
    ],
    ids=["true", "none", "text", "raises"],
)
def test_a_wrong_answer_says_what_was_expected(server, organization, approver, words, asynchronous):
    with toolkit_of(server, approver=approver, on_error="raise") as toolkit:
        [tool] = toolkit.get_tools(names="create_work_item")
        with pytest.raises(WriteBlocked) as caught:
            asyncio.run(tool.ainvoke(BUG)) if asynchronous else tool.invoke(BUG)
    assert words in caught.value.message
    assert "request.approve(by='dana')" in caught.value.message
    assert "hunter2" not in caught.value.message
    assert not [item for item in organization.work_items if item.title == BUG["title"]]


def test_a_request_makes_its_own_answers(server, organization):
    with toolkit_of(server) as toolkit:
        [yes] = toolkit.get_tools(names="create_work_item", approver=lambda request: request.approve(by="dana"))
        [no] = toolkit.get_tools(names="create_work_item", approver=lambda request: request.reject("dana", "not today"))
        assert "not today" in no.invoke(BUG)
        assert "New: one" in yes.invoke(BUG)
    assert len([item for item in organization.work_items if item.title == BUG["title"]]) == 1


# -- closed clients --------------------------------------------------------------------------------------------------


def closed_calls(toolkit):
    """Every way in which a program may use a closed toolkit, and its client."""
    client, read, write = toolkit.client, TOOLS["list_projects"], TOOLS["create_work_item"]
    yield "verify", toolkit.verify
    yield "averify", lambda: asyncio.run(toolkit.averify())
    yield "refresh", toolkit.refresh
    yield "arefresh", lambda: asyncio.run(toolkit.arefresh())
    yield "verify of a client", lambda: asyncio.run(verify(client))
    yield "typed", lambda: read.call_sync(client)
    yield "typed, asynchronous", lambda: asyncio.run(read(client))
    with approve_writes_with(lambda request: request.approve(by="dana")):
        yield "typed write", lambda: write.call_sync(client, **BUG)
        yield "typed write, asynchronous", lambda: asyncio.run(write(client, **BUG))
    for tool in toolkit.get_tools(names=["list_projects", "create_work_item"]):
        arguments = BUG if tool.name == "create_work_item" else {}
        yield tool.name, lambda tool=tool, arguments=arguments: tool.invoke(arguments)
        yield f"{tool.name}, asynchronous", lambda tool=tool, arguments=arguments: asyncio.run(tool.ainvoke(arguments))


def test_a_closed_client_says_so_in_the_same_way_everywhere(server):
    toolkit = toolkit_of(server, on_error="raise", approver=lambda request: request.approve(by="dana"))
    toolkit.close()
    toolkit.close()
    for name, call in closed_calls(toolkit):
        with pytest.raises(AzureDevOpsError, match="This client is closed") as caught:
            call()
        assert (name, type(caught.value), caught.value.status) == (name, ClientClosed, "closed")


def test_a_closed_client_answers_a_model(server):
    toolkit = toolkit_of(server)
    toolkit.close()
    [tool] = toolkit.get_tools(names="list_projects")
    message = tool.invoke({"type": "tool_call", "id": "1", "name": tool.name, "args": {}})
    assert (message.status, message.artifact["status"]) == ("error", "closed")
    assert message.content.startswith("[closed ClientClosed]")


def test_a_client_that_is_closed_in_the_middle_of_a_call_says_so(server):
    arrived, go_on = threading.Event(), threading.Event()

    def slow(request):
        arrived.set()
        go_on.wait(30)
        return ok({"count": 0, "value": []})

    with StubService(slow) as stub:
        client = AzureDevOps(load_settings(base_url=stub.base_url, pat=FULL))
        caught = []

        def call():
            try:
                TOOLS["list_projects"].call_sync(client)
            except AzureDevOpsError as error:
                caught.append(error.status)

        thread = threading.Thread(target=call)
        thread.start()
        assert arrived.wait(30)
        client.close()
        go_on.set()
        thread.join(30)
    assert caught == ["closed"]


# -- strict ----------------------------------------------------------------------------------------------------------


def connect(way, **options):
    if way == "sync":
        return AzureDevOpsToolkit.connect(**options)
    return asyncio.run(AzureDevOpsToolkit.aconnect(**options))


WAYS = pytest.mark.parametrize("way", ["sync", "async"])


@WAYS
@pytest.mark.parametrize(
    ("choice", "named"),
    [
        ({"tools": ["create_work_item", "list_projects"]}, {"create_work_item needs vso.work_write"}),
        (
            {"toolsets": "pull_requests"},
            {"create_pull_request needs vso.code_write", "update_pull_request needs vso.code_write"},
        ),
    ],
    ids=["tools", "toolsets"],
)
def test_strict_raises_for_every_chosen_tool_that_is_absent(server, way, choice, named):
    with pytest.raises(ScopeMissing) as caught:
        connect(way, base_url=server.base_url, pat=READ, strict=True, **choice)
    assert caught.value.status == "denied"
    for words in named:
        assert words in caught.value.message
    assert "list_projects" not in caught.value.message


@WAYS
def test_strict_knows_the_tools_of_a_user(server, way):
    mine = Toolset.named("mine", "Tools of a user.")

    @mine.write(Scope.RELEASE_MANAGE, sends="POST /{project}/_apis/mine")
    async def start_mine(client: AzureDevOps) -> Result:
        """Start mine."""
        raise AssertionError

    with pytest.raises(ScopeMissing, match=r"start_mine needs vso\.release_manage"):
        connect(way, base_url=server.base_url, pat=READ, strict=True, tools="list_projects", extra=[mine])


@WAYS
def test_strict_accepts_what_is_whole_and_what_is_left_out_on_purpose(server, way):
    for options in ({"pat": FULL}, {"pat": READ, "read_only": True}, {"pat": READ, "tools": "list_projects"}):
        toolkit = connect(way, base_url=server.base_url, strict=True, **options)
        assert toolkit.get_tools()
        toolkit.close()
    loose = connect(way, base_url=server.base_url, pat=READ)
    assert "create_work_item" in loose.absent
    loose.close()
