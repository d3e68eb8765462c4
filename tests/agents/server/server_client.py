"""What a front end does with LangGraph's own client: it asks, looks at what waits, and answers."""

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
