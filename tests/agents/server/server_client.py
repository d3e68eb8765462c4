"""What a front end does with LangGraph's own client: it asks, looks at what waits, and answers."""

import os
import subprocess
import sys

from langgraph_server import AGENTS

GRAPH = "investigator"


def ask(client, question, thread=None):
    """Ask a question on a new thread, and return the thread and what the run returned."""
    thread = thread or client.threads.create()["thread_id"]
    given = {"messages": [{"role": "user", "content": question}]}
    return thread, client.runs.wait(thread, GRAPH, input=given)


def waiting(client, thread):
    """Return what the one interrupt of a thread asks, or None."""
    interrupts = client.threads.get_state(thread)["interrupts"]
    assert len(interrupts) <= 1
    return interrupts[0]["value"] if interrupts else None


def answer(client, thread, *decisions, **options):
    """Answer with decisions in their order, in the shape of LangChain's human-in-the-loop front ends."""
    return client.runs.wait(thread, GRAPH, command={"resume": {"decisions": list(decisions)}}, **options)


APPROVE = {"type": "approve"}


def run_client(server, question, typed, **environ):
    """Run the example of a client with what a person types, until the end of the input."""
    program = AGENTS / "examples" / "server_client.py"
    return subprocess.run(
        [sys.executable, str(program), question],
        input=typed,
        env={**os.environ, "NO_PROXY": "127.0.0.1", "AGENT_URL": server.url, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
