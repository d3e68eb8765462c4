"""`kill -9` of the server in the middle of an approved write, which `langgraph dev` then has only half stored."""

import time
from datetime import UTC, datetime

import pytest
from server_client import APPROVE, GRAPH, answer, ask, waiting

from azure_devops_simulator import Fault

pytestmark = pytest.mark.timeout(300)

BEFORE = Fault(kind="endless", method="GET", path="/build/builds/35", times=1, delay=0.1)
"""Holds the read of the linked build, which comes between the journal's entry and the request that writes."""
AFTER = Fault(kind="endless", method="POST", path="/workitems/", times=1, delay=0.1)
"""Lets the request arrive and take effect, and never ends its answer."""


@pytest.fixture
def world(world):
    """The organization at the time of the machine, because what a killed process wrote is known by when it began."""
    world.organization.clock.set(datetime.now(UTC))
    world.organization.clock.rate = 1
    return world


def kill_in_the_middle(world, server, question, fault):
    """Approve the write that a question leads to, and kill the server while the fault holds a request of it.

    Returns the state of the thread after another server has gone on with it.
    """
    with server.client() as client:
        thread, _ = ask(client, question)
    # The server stores its state when it ends, so the question is still there after the kill.
    server.stop()
    server.start()
    world.organization.faults.add(fault)
    with server.client() as client:
        assert waiting(client, thread) is not None
        client.runs.create(thread, GRAPH, command={"resume": {"decisions": [APPROVE]}})
        while not any(failed for given, _, failed in world.organization.faults.counted() if given is fault):
            time.sleep(0.05)
    server.process.kill()
    server.process.wait()
    world.organization.faults.clear()
    server.start()
    with server.client() as client:
        # A run that the server had stored goes on by itself. Without one, the question waits again.
        while client.threads.get(thread)["status"] == "busy":
            time.sleep(0.05)
        if waiting(client, thread) is not None:
            answer(client, thread, APPROVE)
        return client.threads.get_state(thread)["values"]


def entry_of(values):
    [entry] = [entry for entry in values["evidence"].values() if entry["tool"] == "create_work_item"]
    return entry


def test_a_write_that_arrived_before_the_kill_is_found_and_reported_whole(world):
    with world.serve() as server:
        values = kill_in_the_middle(world, server, "File edited.", AFTER)
    [item] = [item for item in world.organization.work_items if item.title == "edited"]
    entry = entry_of(values)
    assert entry["status"] == "written"
    [row] = values["report"]["written"]
    assert (row["evidence"], row["what"], row["title"]) == (entry["id"], f"Bug {item.id}", "edited")
    assert row["url"].endswith(f"/_workitems/edit/{item.id}")


def test_a_write_that_never_left_is_not_sent_by_itself_and_called_unknown_with_what_to_do(world):
    """Nobody can know that it never left.

    The journal stores that a write begins before anything of it is sent. A process that was killed right after that
    leaves the same entry as one that was killed while the request was on its way, where it may still arrive. So the
    next process looks for what the write would have made. Its absence proves nothing, and the write is not sent again.
    """
    with world.serve() as server:
        values = kill_in_the_middle(world, server, "File linked.", BEFORE)
    assert "linked" not in world.titles()
    entry = entry_of(values)
    assert entry["status"] == "unknown"
    assert values["report"]["written"] == []
    [gap] = values["report"]["coverage"]["unknown"]
    assert gap.startswith(f"{entry['id']} create_work_item")
    [told] = [message["content"] for message in values["messages"] if message.get("name") == "create_work_item"]
    assert "did not find a Bug with this title" in told
    assert "The outcome is unknown, so do not repeat it. A person can see there whether it was done: http" in told
    assert values["report"]["links"][entry["id"]]["url"].endswith("/Platform/_workitems/recentlycreated")
