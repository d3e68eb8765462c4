"""Whoever calls, from wherever: threads, notebooks, several event loops; stopping, closing, forgetting, forking."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from stub_service import StubService, ok

from langchain_azure_devops import AzureDevOps, AzureDevOpsToolkit, load_settings
from langchain_azure_devops.errors import ClientClosed
from langchain_azure_devops.http.pacing import MAX_PARALLEL

PROJECTS = "/_apis/projects"
ROWS = {"count": 1, "value": [{"id": "1", "name": "Platform", "state": "wellFormed"}]}


class Silent:
    """A service that answers when it is let go, and says when a request has arrived."""

    def __init__(self) -> None:
        self.arrived, self.go = threading.Event(), threading.Event()

    def __call__(self, seen):
        self.arrived.set()
        self.go.wait(30)
        return ok(ROWS)


@pytest.fixture
def silent():
    return Silent()


@contextmanager
def held_back(silent):
    """A service that does not answer as long as the block lasts."""
    with StubService(silent) as service:
        try:
            yield service
        finally:
            silent.go.set()


def client_of(service):
    return AzureDevOps(load_settings(base_url=service.base_url, pat="a-token", environ={}))


def toolkit_of(service):
    return AzureDevOpsToolkit(base_url=service.base_url, pat="a-token")


def list_projects(toolkit):
    [tool] = [tool for tool in toolkit.get_tools() if tool.name == "list_projects"]
    return tool


# -- from everywhere -----------------------------------------------------------------------------------------------


def test_threads_and_several_event_loops_share_one_toolkit_at_the_same_time():
    with StubService([ok(ROWS)]) as service, toolkit_of(service) as toolkit:
        tool = list_projects(toolkit)

        async def several():
            return await asyncio.gather(*(tool.ainvoke({}) for _ in range(5)))

        with ThreadPoolExecutor(8) as pool:
            blocking = [pool.submit(tool.invoke, {}) for _ in range(8)]
            loops = [pool.submit(asyncio.run, several()) for _ in range(4)]
            texts = [future.result() for future in blocking] + [text for future in loops for text in future.result()]
    assert len(texts) == 28
    assert all("Platform" in text for text in texts)


async def test_a_blocking_call_works_under_a_running_loop_as_in_a_notebook():
    with StubService([ok(ROWS)]) as service, toolkit_of(service) as toolkit:
        assert "Platform" in list_projects(toolkit).invoke({})


def graph_of(toolkit):
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode([list_projects(toolkit)]))
    graph.add_edge(START, "tools")
    graph.add_edge("tools", END)
    return graph.compile()


def asked(*ids):
    calls = [{"name": "list_projects", "args": {}, "id": identifier, "type": "tool_call"} for identifier in ids]
    return {"messages": [{"role": "assistant", "content": "", "tool_calls": calls}]}


async def test_langgraph_calls_it_blocking_and_not_blocking():
    with StubService([ok(ROWS)]) as service, toolkit_of(service) as toolkit:
        graph = graph_of(toolkit)
        blocking = await asyncio.to_thread(graph.invoke, asked("1", "2"))
        waiting = await graph.ainvoke(asked("1", "2"))
    for state in (blocking, waiting):
        assert [("Platform" in message.content) for message in state["messages"][1:]] == [True, True]


# -- stopping ------------------------------------------------------------------------------------------------------


async def test_who_stops_waiting_stops_the_request_and_frees_its_place(silent):
    with held_back(silent) as service, client_of(service) as client:
        waiting = [asyncio.create_task(client.run(client.get(PROJECTS))) for _ in range(MAX_PARALLEL)]
        await asyncio.to_thread(silent.arrived.wait, 20)
        for each in waiting:
            each.cancel()
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(each) for each in ended} == {asyncio.CancelledError}
        silent.go.set()
        assert (await client.run(client.get(PROJECTS))).status_code == 200


async def test_a_time_limit_of_the_caller_ends_a_tool(silent):
    with held_back(silent) as service, toolkit_of(service) as toolkit:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(list_projects(toolkit).ainvoke({}), 0.1)


def test_an_exit_in_the_middle_of_a_call_reaches_its_caller_and_nobody_else():
    with StubService([ok(ROWS)]) as service, client_of(service) as client:

        async def leave():
            raise SystemExit(3)

        with pytest.raises(SystemExit):
            client.run_sync(leave())
        assert client.run_sync(client.get(PROJECTS)).status_code == 200


def test_closing_while_a_blocking_call_is_under_way_ends_it_and_says_so(silent):
    with held_back(silent) as service, ThreadPoolExecutor(1) as pool:
        client = client_of(service)
        call = pool.submit(lambda: client.run_sync(client.get(PROJECTS)))
        silent.arrived.wait(20)
        client.close()
        with pytest.raises(ClientClosed, match="closed during the call"):
            call.result(timeout=20)
        client.close()


async def test_closing_while_an_awaited_call_is_under_way_ends_it_and_says_so(silent):
    with held_back(silent) as service:
        client = client_of(service)
        call = asyncio.create_task(client.run(client.get(PROJECTS)))
        await asyncio.to_thread(silent.arrived.wait, 20)
        await client.aclose()
        with pytest.raises(ClientClosed, match="closed during the call"):
            await call


def test_closing_from_many_threads_while_many_call_never_hangs():
    with StubService([ok(ROWS)]) as service:
        client = client_of(service)
        client.run_sync(client.get(PROJECTS))

        def use():
            try:
                while True:
                    client.run_sync(client.get(PROJECTS))
            except ClientClosed as error:
                return str(error)

        with ThreadPoolExecutor(6) as pool:
            users = [pool.submit(use) for _ in range(4)]
            time.sleep(0.1)
            closers = [pool.submit(client.close) for _ in range(2)]
            assert all("closed" in user.result(timeout=10) for user in users)
            assert [closer.result(timeout=10) for closer in closers] == [None, None]


# -- forgetting ----------------------------------------------------------------------------------------------------


def loops():
    return [thread for thread in threading.enumerate() if thread.name == "azure-devops-client"]


@pytest.mark.parametrize("make", [client_of, toolkit_of], ids=["client", "toolkit"])
def test_a_forgotten_client_ends_its_thread_and_connections(make):
    with StubService([ok(ROWS)]) as service:
        before = set(loops())
        made = make(service)
        client = getattr(made, "client", made)
        client.run_sync(client.get(PROJECTS))
        [thread] = set(loops()) - before
        gone = weakref.ref(client)
        del made, client
        gc.collect()
        assert gone() is None
        thread.join(timeout=5)
        assert not thread.is_alive()


def run(program, service, **more):
    """A program in a process of its own, with every warning on."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(program), service.base_url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def complaints(stderr):
    """What a program said on stderr, without how long something took: that depends on the machine."""
    return [line for line in stderr.splitlines() if not (line.startswith("Executing <") and line.endswith(" seconds"))]


SETUP = """
    import asyncio, os, sys
    from langchain_azure_devops import AzureDevOps, load_settings
    client = AzureDevOps(load_settings(base_url=sys.argv[1], pat="a-token", environ={}))
    get = lambda: client.get("/_apis/projects")
"""


@pytest.mark.parametrize(
    "rest",
    [
        "client.run_sync(get()); client.close()",
        "client.run_sync(get())",
        "asyncio.run(client.run(get()))",
        "client.run_sync(get()); del client",
    ],
    ids=["closed", "not closed", "several loops, not closed", "forgotten"],
)
def test_a_program_ends_without_a_word_on_stderr(rest):
    with StubService([ok(ROWS)]) as service:
        process = run(SETUP + "    " + rest, service)
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, complaints(stderr)) == (0, [])


def test_ctrl_c_in_a_blocking_call_ends_the_program_at_once(silent):
    program = """
    try:
        client.run_sync(get())
    except KeyboardInterrupt:
        print("interrupted")
        client.close()
        print("closed")
    """
    with held_back(silent) as service:
        process = run(SETUP + program, service)
        assert silent.arrived.wait(30)
        process.send_signal(signal.SIGINT)
        said, stderr = process.communicate(timeout=30)
    assert said.split() == ["interrupted", "closed"]
    assert (process.returncode, complaints(stderr)) == (0, [])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_is_told_to_make_a_client_of_its_own():
    program = """
    client.run_sync(get())
    if os.fork() == 0:
        try:
            client.run_sync(get())
        except RuntimeError as error:
            print("forked" in str(error))
        own = AzureDevOps(load_settings(base_url=sys.argv[1], pat="a-token", environ={}))
        print(own.run_sync(own.get("/_apis/projects")).status_code)
        own.close()
        sys.stdout.flush()
        os._exit(0)
    os.wait()
    client.close()
    """
    with StubService([ok(ROWS)]) as service:
        process = run(SETUP + program, service)
        said, _ = process.communicate(timeout=60)
    assert said.split() == ["True", "200"]
