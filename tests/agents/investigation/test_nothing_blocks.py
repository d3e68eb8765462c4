"""Nothing of the agent blocks the event loop: no read, no file, no journal, no approved write, and no report."""

import pytest
from agent_tokens import FULL
from blockbuster import BlockingError, blockbuster_ctx
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.models.scripted import Call, ScriptedModel
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.text.secret_rules import load_rules

OURS = ["azure_devops_agents", "langchain_azure_devops"]
BUGS = [Call.to("create_work_item", type="Bug", title=title, project="Platform") for title in ("One", "Two")]
CONFIG = {"configurable": {"thread_id": "t"}}


@pytest.fixture
def never_blocking():
    """Fail on every blocking call that comes from our code, on the loop of the graph and on the client's own."""
    # The rules are read once in a process, like a module at its import.
    load_rules()
    with blockbuster_ctx(scanned_modules=OURS):
        yield


@pytest.fixture(params=["file", "postgres"])
async def graph(request, server, tmp_path):
    """A graph whose toolkit writes an audit log and whose journal is on disk, opened without blocking."""
    place = tmp_path / "journal.sqlite" if request.param == "file" else request.getfixturevalue("postgres_url")
    steps = [
        [Call.to("list_projects"), Call.to("list_pull_requests"), Call.to("read_evidence", id="E1")],
        BUGS,
        [Call.to("write_report", answer="Done [E1].", verdict="answered")],
    ]
    journal = WriteJournal(place)
    async with await AzureDevOpsToolkit.aconnect(
        base_url=server.base_url, pat=FULL, default_project="Platform", audit=tmp_path / "audit.jsonl"
    ) as toolkit:
        yield build_graph(ScriptedModel(steps=steps), toolkit, journal=journal, checkpointer=InMemorySaver())
    journal.close()


async def run(graph, given):
    await graph.ainvoke(given, CONFIG)
    return (await graph.aget_state(CONFIG)).values


async def test_reads_two_approved_writes_and_the_report(graph, organization, never_blocking):
    await run(graph, {"messages": [("user", "File two.")]})
    values = await run(graph, Command(resume={"decisions": [{"type": "approve"}, {"type": "approve"}]}))
    assert {"One", "Two"} <= {item.title for item in organization.work_items}
    assert values["report"]["answer"] == "Done [E1]."


async def test_a_stop_with_an_approved_write_that_was_not_carried_out(graph, organization, never_blocking):
    await run(graph, {"messages": [("user", "File two.")]})
    values = await run(graph, Command(resume={"decisions": [{"type": "approve"}, {"type": "stop"}]}))
    assert "not_written" in values["report"]["coverage"]


async def test_a_blocking_call_of_ours_would_be_noticed(tmp_path, never_blocking):
    journal = WriteJournal(tmp_path / "journal.sqlite")
    with pytest.raises(BlockingError):
        journal.outcome("a")
    journal.close()
