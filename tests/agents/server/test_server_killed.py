"""`kill -9` of the server in the middle of an approved write, which `langgraph dev` then has only half stored."""

import time

import pytest
from server_client import APPROVE, GRAPH, answer, ask, waiting

from azure_devops_simulator import Fault

pytestmark = pytest.mark.timeout(300)


def test_a_write_in_flight_happens_once_and_is_not_called_done_without_proof(world):
    title = "edited"
    fault = Fault(kind="endless", method="POST", path="/workitems/", times=1, delay=0.1)
    with world.serve() as server:
        with server.client() as client:
            thread, _ = ask(client, f"File {title}.")
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
            if waiting(client, thread) is not None:
                answer(client, thread, APPROVE)
            values = client.threads.get_state(thread)["values"]
    assert world.titles().count(title) == 1
    [entry] = [entry for entry in values["evidence"].values() if entry["tool"] == "create_work_item"]
    # What arrived may not be found yet, and then nobody knows.
    assert entry["status"] in {"written", "unknown"}
    told = [row["evidence"] for row in values["report"]["written"]]
    assert told == ([entry["id"]] if entry["status"] == "written" else [])
