"""The write gate has no way round: whoever calls, from wherever, with whatever in hand."""

import asyncio
import copy
import dataclasses
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import httpx
import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, RetryPolicy, interrupt
from tool_calls import FULL, connected, seed_with_tokens

from langchain_azure_devops import TOOLS, Approval, AzureDevOps, AzureDevOpsToolkit, Scope, Toolset
from langchain_azure_devops.calls.approval import approve_writes_with
from langchain_azure_devops.errors import WriteBlocked
from langchain_azure_devops.http.client import Request
from langchain_azure_devops.http.network import open_network
from langchain_azure_devops.http.request import RequestContext
from langchain_azure_devops.http.write_gate import build_layers
from langchain_azure_devops.results.models import Result
from langchain_azure_devops.safety.grants import GRANT_SECONDS, Operation, ToolCall, WriteRequest, current_call
from langchain_azure_devops.settings import load_settings

CREATE = Operation("POST", "/{project}/_apis/wit/workitems/${type}")
ARGUMENTS = {"type": "Bug", "title": "The gate is open", "project": "Platform"}
CALL = {"type": "tool_call", "id": "1", "name": "create_work_item", "args": ARGUMENTS}


@pytest.fixture
def organization():
    return seed_with_tokens()


@pytest.fixture
def client(server):
    """A client with a full token that nobody gave a grant; all writes would be allowed, were they tool calls."""
    with connected(server.base_url, FULL) as opened:
        yield opened


def toolkit_of(server, **arguments):
    return AzureDevOpsToolkit(
        base_url=server.base_url, pat=FULL, default_project="Platform", scopes="app_token", **arguments
    )


def written(organization):
    return [item for item in organization.work_items if item.title == "The gate is open"]


def patch(project="Platform", type="Bug"):
    body = [{"op": "add", "path": "/fields/System.Title", "value": "The gate is open"}]
    return {"path": {"project": project, "type": type}, "content_type": "application/json-patch+json"}, body


async def send(client, grant=None, operation=CREATE, project="Platform", type="Bug"):
    more, body = patch(project, type)
    token = current_call.set(ToolCall("create_work_item", ("vso.work_write",), grant)) if grant else None
    try:
        return await client.post(operation.template, body, method=operation.method, **more)
    finally:
        if token:
            current_call.reset(token)


def grant_of(client, bound=None, operations=frozenset({CREATE}), writes=1):
    request = WriteRequest("create_work_item", ARGUMENTS, "digest", "Platform")
    return client.grants.open(request, operations, writes, bound or {"project": "Platform", "type": "Bug"})


def context_of(client, method, template):
    path = {"project": "Platform", "type": "Bug"}
    return RequestContext(Operation(method, template), path, client, time.monotonic() + 30, client.progress)


def blocked(client, work, match="was not sent"):
    with pytest.raises(WriteBlocked, match=match):
        client.run_sync(work)


# -- without a grant -------------------------------------------------------------------------------------------------


def test_a_grant_is_what_lets_a_write_pass(client, organization):
    client.run_sync(send(client, grant_of(client)))
    assert len(written(organization)) == 1


def test_client_post_has_no_grant_even_when_all_writes_are_allowed(client, organization):
    assert client.writes == "allow"
    blocked(client, send(client), "a write needs an approved tool call")
    assert written(organization) == []


def test_the_typed_function_behind_a_tool_has_no_grant(client, organization):
    blocked(client, TOOLS["create_work_item"].function(client, **ARGUMENTS))
    assert written(organization) == []


@pytest.mark.parametrize(
    ("method", "template"),
    [
        ("POST", "/_apis/wit/$batch"), ("PATCH", "/_apis/wit/$batch"), ("DELETE", "/_apis/wit/workitems/{id}"),
        ("POST", "/{project}/_apis/wit/sendmail"), ("PUT", "/_apis/projects/{project}"), ("post", CREATE.template),
        ("GET", "/{project}/_apis/testresults/testai/completegithubauth"), ("BREW", "/_apis/x"),
    ],
)  # fmt: skip
def test_no_other_route_or_method_passes_without_a_grant(client, method, template):
    path = {"project": "Platform", "type": "Bug", "id": 4}
    blocked(client, client.send(Request(Operation(method, template), path, {}, {} if method != "GET" else None)))


async def pass_the_gate(client, request):
    """Send a request through all layers that the client sends its own through."""
    async with open_network(client.settings.url("core")) as network:
        return await build_layers(network, client.credential, client.context.timeouts).handle_async_request(request)


def test_a_write_cannot_travel_as_something_that_reads(client, organization):
    """Past the client's own methods: the gate looks at the request itself, not at what it says of itself."""
    _, body = patch()
    reading = context_of(client, "POST", "/{project}/_apis/wit/wiql")

    async def smuggled(method, context, headers):
        url = f"{client.settings.url('core')}/Platform/_apis/wit/workitems/$Bug?api-version=7.1"
        headers = {"Content-Type": "application/json-patch+json", **headers}
        request = httpx.Request(method, url, json=body, headers=headers, extensions={"request_context": context})
        return await pass_the_gate(client, request)

    blocked(client, smuggled("POST", reading, {}), "not the POST")
    fake = context_of(client, "GET", CREATE.template)
    blocked(client, smuggled("POST", fake, {}), "not the GET")
    assert written(organization) == []


def test_a_header_cannot_turn_a_read_into_a_write(client):
    async def overridden():
        context = context_of(client, "POST", "/{project}/_apis/wit/wiql")
        url = f"{client.settings.url('core')}/Platform/_apis/wit/wiql"
        headers = {"X-HTTP-Method-Override": "PATCH"}
        request = httpx.Request("POST", url, headers=headers, extensions={"request_context": context})
        return await pass_the_gate(client, request)

    blocked(client, overridden(), "header")


# -- with a grant for something else ---------------------------------------------------------------------------------


def test_a_grant_is_for_one_project_type_and_operation(client, organization):
    for changes in ({"project": "Payments"}, {"project": None}, {"type": "Task"}):
        blocked(client, send(client, grant_of(client), **changes), "it is for")
    other = Operation("PATCH", CREATE.template)
    blocked(client, send(client, grant_of(client), operation=other), "does not declare")
    assert written(organization) == []


def test_a_grant_without_a_project_is_not_for_any_project(client, organization):
    grant = grant_of(client, bound={"project": None, "type": "Bug"})
    blocked(client, send(client, grant), "it is for project None")
    assert written(organization) == []


def test_what_the_first_request_looked_up_holds_for_the_next(client, organization):
    grant = grant_of(client, bound={"type": "Bug"}, writes=2)
    client.run_sync(send(client, grant))
    blocked(client, send(client, grant, project="Payments"), "it is for project 'Platform'")
    assert len(written(organization)) == 1


def pickled(grant):
    return pickle.loads(pickle.dumps(grant))  # noqa: S301 - its own bytes


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, dataclasses.replace, pickled])
def test_a_copied_grant_is_used_up_with_the_original(client, organization, copied):
    grant = grant_of(client)
    twin = copied(grant)
    client.run_sync(send(client, grant))
    blocked(client, send(client, twin), "used up")
    assert len(written(organization)) == 1


def test_a_grant_is_not_for_another_client(client, server, organization):
    with connected(server.base_url, FULL) as other:
        blocked(other, send(other, grant_of(client)), "another client")
    assert written(organization) == []


def test_a_closed_grant_cannot_be_replayed(client, organization):
    grant = grant_of(client)
    client.grants.close(grant)
    blocked(client, send(client, grant), "over")
    assert written(organization) == []


def test_a_grant_expires(client, organization, monkeypatch):
    grant = grant_of(client)
    from langchain_azure_devops.safety import grants

    now = grants.time.monotonic()
    monkeypatch.setattr(grants.time, "monotonic", lambda: now + GRANT_SECONDS + 1)
    blocked(client, send(client, grant), "expired")
    assert written(organization) == []


def test_one_grant_spent_by_many_at_once_lets_one_pass(client, organization):
    grant = grant_of(client)

    async def several():
        return await asyncio.gather(*(send(client, grant) for _ in range(8)), return_exceptions=True)

    outcomes = client.run_sync(several())
    assert sum(isinstance(outcome, WriteBlocked) for outcome in outcomes) == 7
    assert len(written(organization)) == 1


# -- what a tool call leaves behind ----------------------------------------------------------------------------------


class Made(Result):
    """Nothing much."""

    id: int


async def never(_client, _lost):
    return None


def leaking(times):
    """A toolset whose tool leaves tasks and a thread running that want to write after it is over."""
    toolset = Toolset.named("leaks", "Leaks.")
    left = {}

    @toolset.write(Scope.WORK_WRITE, sends=f"{CREATE.method} {CREATE.template}", recover=never, times=times)
    async def leak(client: AzureDevOps, *, type: str, project: str | None = None) -> Made:
        """Leak."""
        over = asyncio.Event()

        async def later():
            await over.wait()
            return await send(client, current_call.get().grant)

        left["task"], left["over"] = asyncio.create_task(later()), over
        left["grant"] = current_call.get().grant
        left["thread"] = ThreadPoolExecutor(1).submit(current_call.get)
        return Made(id=1)

    return leak, left


def test_a_background_task_of_a_tool_call_writes_nothing_after_it(client, organization):
    leak, left = leaking(times=5)
    leak.call_sync(client, type="Bug", project="Platform")

    async def afterwards():
        left["over"].set()
        with pytest.raises(WriteBlocked, match="over"):
            await left["task"]

    client.run_sync(afterwards())
    blocked(client, send(client, left["grant"]), "over")
    assert left["thread"].result() is None
    assert written(organization) == []


def test_a_tool_that_fails_leaves_no_grant(client, organization):
    toolset = Toolset.named("fails", "Fails.")
    seen = []

    @toolset.write(Scope.WORK_WRITE, sends=f"{CREATE.method} {CREATE.template}", recover=never)
    async def fail(client: AzureDevOps) -> Made:
        """Fail."""
        seen.append(current_call.get().grant)
        raise ValueError

    with pytest.raises(ValueError):
        fail.call_sync(client)
    blocked(client, send(client, seen[0]), "over")


def test_a_tool_cannot_send_more_or_other_writes_than_it_declares(client, organization):
    toolset = Toolset.named("greedy", "Greedy.")

    @toolset.write(Scope.WORK_WRITE, sends=f"{CREATE.method} {CREATE.template}", recover=never)
    async def greedy(client: AzureDevOps, *, type: str, project: str | None = None) -> Made:
        """Write twice."""
        await send(client, current_call.get().grant)
        await send(client, current_call.get().grant)
        return Made(id=1)

    with pytest.raises(WriteBlocked, match="used up"):
        greedy.call_sync(client, type="Bug", project="Platform")
    assert len(written(organization)) == 1


def test_another_thread_has_no_grant(client, organization):
    grant, outcomes = grant_of(client), []
    token = current_call.set(ToolCall("create_work_item", (), grant))

    def elsewhere():
        try:
            client.run_sync(send(client))
        except WriteBlocked as error:
            outcomes.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    current_call.reset(token)
    assert len(outcomes) == 1
    assert written(organization) == []


# -- every way an agent framework calls ------------------------------------------------------------------------------


def refuser(request):
    return Approval(False, request.digest, "nobody")


def test_a_write_tool_called_directly_asks(server, organization):
    with toolkit_of(server, approver=refuser) as toolkit:
        [tool] = [tool for tool in toolkit.get_tools() if tool.name == "create_work_item"]
        assert "WriteBlocked" in tool.invoke(CALL).content
        assert "WriteBlocked" in asyncio.run(tool.ainvoke(CALL)).content
        assert "WriteBlocked" in str(tool.run(ARGUMENTS))
        assert "WriteBlocked" in str(tool.func(**ARGUMENTS))
    assert written(organization) == []


def calls_model(*turns):
    """A chat model that says what it is told, then stops."""
    from azure_devops_agents.models.scripted import ScriptedModel

    return ScriptedModel(steps=[list(turn) for turn in turns])


def asking(*names):
    return AIMessage("", tool_calls=[{**CALL, "id": name} for name in names])


def test_through_a_tool_node_and_in_parallel(server, organization):
    with toolkit_of(server, approver=refuser) as toolkit:
        graph = StateGraph(MessagesState)
        graph.add_node("tools", ToolNode(toolkit.get_tools()))
        graph.add_edge(START, "tools")
        state = graph.compile().invoke({"messages": [asking("1", "2", "3")]})
    assert sum("WriteBlocked" in str(message.content) for message in state["messages"]) == 3
    assert written(organization) == []


def test_through_create_agent_and_in_a_sub_graph(server, organization):
    from azure_devops_agents.models.scripted import Call

    with toolkit_of(server, approver=refuser) as toolkit:
        steps = [[Call.to("create_work_item", **ARGUMENTS)], [Call.to("create_work_item", **ARGUMENTS)] * 2]
        agent = create_agent(calls_model(*steps), toolkit.get_tools())
        outer = StateGraph(MessagesState)
        outer.add_node("inner", agent)
        outer.add_edge(START, "inner")
        outer.add_edge("inner", END)
        state = outer.compile().invoke({"messages": [("user", "File it.")]}, {"recursion_limit": 50})
    assert sum("WriteBlocked" in str(message.content) for message in state["messages"]) == 3
    assert written(organization) == []


def test_one_approval_in_parallel_calls_allows_one_write(server, organization):
    once = iter([True])

    def approver(request):
        return Approval(next(once, False), request.digest, "dana")

    with toolkit_of(server, approver=approver) as toolkit:
        graph = StateGraph(MessagesState)
        graph.add_node("tools", ToolNode(toolkit.get_tools()))
        graph.add_edge(START, "tools")
        graph.compile().invoke({"messages": [asking("1", "2", "3", "4")]})
    assert len(written(organization)) == 1


def test_a_retried_and_a_resumed_node_are_asked_again(server, organization):
    """An approval is for one call: what runs a second time has to be allowed a second time."""
    answers = iter([True])
    tries = []

    with toolkit_of(server, approver=lambda request: Approval(next(answers, False), request.digest, "dana")) as toolkit:
        [tool] = [tool for tool in toolkit.get_tools() if tool.name == "create_work_item"]

        def write(_state):
            tries.append(tool.invoke(CALL).content)
            if len(tries) == 1:
                raise ConnectionError
            interrupt("go on?")
            return {}

        graph = StateGraph(MessagesState)
        graph.add_node("write", write, retry_policy=RetryPolicy(initial_interval=0.01, retry_on=ConnectionError))
        graph.add_edge(START, "write")
        compiled = graph.compile(checkpointer=InMemorySaver())
        config = {"configurable": {"thread_id": "t"}}
        compiled.invoke({"messages": []}, config)
        compiled.invoke(Command(resume=True), config)
    assert len(tries) == 3
    assert ["WriteBlocked" in text for text in tries] == [False, True, True]
    assert len(written(organization)) == 1


# -- the approver ----------------------------------------------------------------------------------------------------


async def slow(_request):
    await asyncio.wait_for(asyncio.sleep(60), 0.01)


def approving(request):
    return Approval(True, request.digest, "x")


def failing(_request):
    raise RuntimeError("secret detail")


@pytest.mark.parametrize(
    "approver",
    [
        None, failing, slow, lambda _: None, lambda _: True, lambda _: "approve", lambda _: {"approved": True},
        lambda request: Approval("yes", request.digest, "x"), lambda request: Approval(1, request.digest, "x"),
        lambda _: Approval(True, "another digest", "x"), lambda _: Approval(True, "", "x"),
        *(lambda request, who=who: Approval(True, request.digest, who)
          for who in ("", " ", "\n\t", "\u200b", "\u2800", "\u3164", "\u202e\u00ad", "-", None, 7, True, ["dana"])),
        *(lambda request, state=state: Approval(True, request.digest, "dana", state=state)
          for state in ("junk", "", " ", "0" * 64, "f" * 63, 7, True, ["x"], b"x")),
    ],
)  # fmt: skip
def test_anything_but_a_clear_yes_to_this_call_writes_nothing(server, organization, approver):
    with toolkit_of(server) as toolkit, approve_writes_with(approver):
        with pytest.raises(WriteBlocked) as caught:
            TOOLS["create_work_item"].call_sync(toolkit.client, **ARGUMENTS)
        with pytest.raises(WriteBlocked):
            asyncio.run(TOOLS["create_work_item"](toolkit.client, **ARGUMENTS))
    assert "secret detail" not in str(caught.value)
    assert written(organization) == []


def test_deny_and_read_only_have_no_way_to_a_grant(server, organization):
    for options in ({"writes": "deny"}, {"read_only": True}, {"writes": "allow", "read_only": True}):
        with toolkit_of(server, **options) as toolkit, approve_writes_with(approving):
            with pytest.raises(WriteBlocked, match="only reads"):
                TOOLS["create_work_item"].call_sync(toolkit.client, **ARGUMENTS)
            blocked(toolkit.client, send(toolkit.client, grant_of(toolkit.client)), "only reads")
    assert written(organization) == []


# -- every write tool ------------------------------------------------------------------------------------------------

WRITERS = [tool for tool in TOOLS.values() if tool.access == "write"]


@pytest.mark.parametrize("tool", WRITERS, ids=lambda tool: tool.name)
def test_what_every_write_tool_writes_to_is_bound_by_its_arguments(tool):
    """A tool's routes take nothing from elsewhere but the place of what an id names, and who votes: the token's owner.

    The id of a repository or pipeline, the reference name of a stage and the levels above an iteration are found from
    the argument that names them. What has another value in each request of a call is a field of the rows of an
    argument, or is found from the arguments, such as the ids of people.
    """
    taken = {name for operation in tool.operations for name in operation.template.split("{")[1:]}
    names = {name.partition("}")[0] for name in taken}
    fields = tool.parameters.model_fields
    rows = [row for field in fields.values() for row in get_args(field.annotation) if hasattr(row, "model_fields")]
    parameters = {*fields, *(name for row in rows for name in row.model_fields)}
    found = {"project", "repository", "definition", "reference", "reviewer", "level_1", "level_2", "level_3"}
    assert names - parameters - tool.several <= found
    assert tool.several <= names - set(fields)
    # Work items are found by their ids in every project; children are created where their parent is.
    assert "project" in fields or names & parameters & {"id", "work_item", "work_items"} or "parent" in fields
    assert tool.writes >= 1


def test_the_default_project_is_part_of_what_is_bound(server):
    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform")
    with AzureDevOps(settings) as client:
        tool = TOOLS["create_work_item"]
        request = tool.request(client, tool.validate({"type": "Bug", "title": "x"}))
        assert tool.bind_routes(request) == {"type": "Bug", "project": "Platform"}
    with AzureDevOps(load_settings(base_url=server.base_url, pat=FULL, environ={})) as client:
        request = tool.request(client, tool.validate({"type": "Bug", "title": "x"}))
        assert tool.bind_routes(request) == {"type": "Bug", "project": None}
