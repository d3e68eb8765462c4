"""The investigation graph against a real simulator: reads, approvals, budgets, and never two writes."""

import asyncio

import pytest
from agent_decisions import NO, STOP, YES, answer, asked, questions, report_of
from agent_tokens import FULL
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.investigation.budgets import Budgets
from azure_devops_agents.investigation.events import ToolFinished  # fmt: skip
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import ApprovalPending, Investigator, open_investigator  # fmt: skip
from azure_devops_agents.models.scripted import Call, ScriptedModel
from langchain_azure_devops import Approval, AzureDevOpsToolkit

REPORT = Call.to("write_report", answer="Done.", verdict="answered")
BUG = Call.to("create_work_item", type="Bug", title="The gate is open", project="Platform")
LIST = Call.to("list_pull_requests")


def model(*steps):
    return ScriptedModel(steps=[step if isinstance(step, list) else [step] for step in steps])


@pytest.fixture
def investigate(toolkit, tmp_path):
    def start(*steps, budgets=None, path=None):
        return open_investigator(model(*steps), toolkit, path=path or tmp_path / "threads.sqlite", budgets=budgets)

    return start


def bugs(organization, title="The gate is open"):
    return [item for item in organization.work_items if item.title == title]


def finished(events):
    events = list(events)
    return report_of(events), events


def test_reads_become_evidence_and_quotes_are_found(investigate):
    report = Call.to(
        "write_report",
        answer="Six.",
        verdict="answered",
        observed=[
            {"statement": "The search gets pages.", "evidence": ["E1"], "quote": "Paginate the shipment search"},
            {"statement": "made up", "evidence": ["E1"], "quote": "Delete everything"},
            {"statement": "no such evidence", "evidence": ["E9"], "quote": "Paginate the shipment search"},
        ],
    )
    with investigate(LIST, report) as investigator:
        found, events = finished(investigator.ask("t", "Which pull requests are open?"))
        state = investigator.state("t")
    assert [statement["statement"] for statement in found["observed"]] == ["The search gets pages."]
    assert [statement["statement"] for statement in found["unverified"]] == ["made up", "no such evidence"]
    assert [event.evidence_id for event in events if isinstance(event, ToolFinished)] == ["E1"]
    assert state["evidence"]["E1"]["untrusted"]
    assert state["untrusted_read"] is True


def test_parallel_calls_each_have_their_own_evidence(investigate):
    with investigate([LIST, Call.to("list_pipelines"), Call.to("list_builds", limit=2)], REPORT) as investigator:
        finished(investigator.ask("t", "?"))
        evidence = investigator.state("t")["evidence"]
    assert {name: entry["tool"] for name, entry in evidence.items()} == {
        "E1": "list_pull_requests", "E2": "list_pipelines", "E3": "list_builds",
    }  # fmt: skip
    assert evidence["E3"]["status"] == "partial"


def test_a_write_waits_for_a_person_and_happens_once(investigate, organization):
    with investigate(BUG, REPORT) as investigator:
        question = asked(investigator.ask("t", "File it."))
        assert bugs(organization) == []
        assert question.views[0]["arguments"]["title"] == "The gate is open"
        found, _ = finished(answer(investigator, question, YES))
        assert answer(investigator, question, YES) == []
    assert len(bugs(organization)) == 1
    assert "written" in found["coverage"]


@pytest.mark.parametrize("decision", [NO, STOP], ids=str)
def test_a_no_writes_nothing(investigate, organization, decision):
    with investigate(BUG, REPORT) as investigator:
        found, _ = finished(answer(investigator, asked(investigator.ask("t", "File it.")), decision))
    assert bugs(organization) == []
    assert "not_written" in found["coverage"]


def test_the_reason_of_a_rejection_reaches_the_model(investigate):
    with investigate(BUG, REPORT) as investigator:
        finished(answer(investigator, asked(investigator.ask("t", "File it.")), NO))
        texts = [str(message.content) for message in investigator.state("t")["messages"]]
    assert any("known already" in text for text in texts)


def test_two_approvals_of_one_turn_are_one_question_and_each_is_written_once(investigate, organization):
    other = Call.to("create_work_item", type="Task", title="Close the gate", project="Platform")
    with investigate([BUG, LIST, other], REPORT) as investigator:
        question = asked(investigator.ask("t", "File both."))
        assert [view["arguments"]["type"] for view in question.views] == ["Bug", "Task"]
        finished(answer(investigator, question, YES, YES))
        evidence = investigator.state("t")["evidence"]
    assert len(bugs(organization)) == len(bugs(organization, "Close the gate")) == 1
    assert sorted(evidence) == ["E1", "E2", "E3"]
    assert evidence["E1"]["tool"] == "list_pull_requests"


def test_a_call_without_evidence_takes_no_number(investigate):
    again = Call.to("create_work_item", type="Bug", title="Again", project="Platform")
    calls = [BUG, Call.to("read_evidence", id="E9"), LIST, again, Call.to("write_report", answer="x")]
    with investigate(calls, [Call.to("list_pipelines")], REPORT) as investigator:
        finished(answer(investigator, asked(investigator.ask("t", "File both.")), NO, YES))
        evidence = investigator.state("t")["evidence"]
    assert {name: entry["tool"] for name, entry in evidence.items()} == {
        "E1": "list_pull_requests", "E2": "create_work_item", "E3": "list_pipelines",
    }  # fmt: skip


def test_a_new_question_while_an_approval_waits_is_refused(investigate, organization):
    with investigate(BUG, REPORT) as investigator:
        list(investigator.ask("t", "File it."))
        with pytest.raises(ApprovalPending):
            list(investigator.ask("t", "And now?"))
    assert bugs(organization) == []


def test_a_write_without_a_checkpointer_cannot_be_asked_and_does_not_happen(toolkit, organization):
    graph = build_graph(model(BUG, REPORT), toolkit)
    state = graph.invoke({"messages": [("user", "File it.")]})
    assert any("without a checkpointer" in str(message.content) for message in state["messages"])
    assert bugs(organization) == []
    [told] = state["report"]["coverage"]["not_written"]
    assert "without a checkpointer" in told
    assert told in state["messages"][-1].text.replace("**", "")


def test_the_write_tool_called_past_the_graph_is_blocked(toolkit, organization):
    build_graph(model(REPORT), toolkit)
    [tool] = [tool for tool in toolkit.get_tools() if tool.name == "create_work_item"]
    call = {"type": "tool_call", "id": "1", "name": tool.name, "args": BUG.arguments}
    assert "WriteBlocked" in tool.invoke(call).content
    assert bugs(organization) == []


def test_a_graph_leaves_the_approver_of_its_toolkit_to_others(server, organization, tmp_path):
    requests = []

    def dana(request):
        requests.append(request)
        return Approval(True, request.digest, "dana")

    settings = {"base_url": server.base_url, "pat": FULL, "scopes": "app_token", "default_project": "Platform"}
    with AzureDevOpsToolkit(**settings, approver=dana) as shared:
        with open_investigator(model(BUG, REPORT), shared, path=tmp_path / "t.sqlite") as investigator:
            answer(investigator, asked(investigator.ask("t", "File it.")), NO)
        assert (requests, bugs(organization)) == ([], [])
        [tool] = [tool for tool in shared.get_tools() if tool.name == "create_work_item"]
        tool.invoke(BUG.arguments)
    assert len(requests) == len(bugs(organization)) == 1


def test_a_reader_s_agent_has_no_tool_to_write_with(reader, organization, tmp_path):
    with open_investigator(model(BUG, REPORT), reader, path=tmp_path / "t.sqlite") as investigator:
        _, events = finished(investigator.ask("t", "File it."))
        texts = [str(message.content) for message in investigator.state("t")["messages"]]
    assert questions(events) == []
    assert any("There is no tool create_work_item" in text and "vso.work_write" in text for text in texts)
    assert bugs(organization) == []


async def test_the_graph_runs_without_blocking_as_well(toolkit, organization):
    graph = build_graph(model([LIST, BUG], REPORT), toolkit, checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}
    state = await graph.ainvoke({"messages": [("user", "File it.")]}, config)
    [wait] = state["__interrupt__"]
    state = await graph.ainvoke(Command(resume={wait.id: {"decisions": [YES]}}), config)
    assert state["report"]["answer"] == "Done."
    assert len(bugs(organization)) == 1
    assert await asyncio.to_thread(lambda: len(bugs(organization))) == 1


@pytest.mark.parametrize(
    ("budgets", "limit"),
    [(Budgets(calls=1), "1 tool call"), (Budgets(tokens=10), "tokens"), (Budgets(seconds=0), "seconds")],
)
def test_a_used_up_budget_ends_in_a_valid_report(investigate, budgets, limit):
    with investigate(LIST, LIST, LIST, LIST, REPORT, budgets=budgets) as investigator:
        found, _ = finished(investigator.ask("t", "?"))
    assert found["verdict"] == "inconclusive"
    assert any(limit in text for text in found["coverage"]["limits"])


def test_an_unknown_tool_and_wrong_arguments_are_answered(investigate):
    wrong = Call.to("list_builds", status="sleeping")
    with investigate([Call.to("drop_database"), wrong], REPORT) as investigator:
        finished(investigator.ask("t", "?"))
        texts = "\n".join(str(message.content) for message in investigator.state("t")["messages"])
    assert "There is no tool drop_database" in texts
    assert "status must be one of" in texts


def test_long_results_are_previewed_and_read_on(investigate):
    steps = [
        Call.to("get_build_log", build=35, log=5, first_line=1, last_line=340),
        Call.to("read_evidence", id="E1", contains="KeyError"),
        Call.to("read_evidence", id="E7"),
        REPORT,
    ]
    with investigate(*steps) as investigator:
        finished(investigator.ask("t", "?"))
        state = investigator.state("t")
    shown = [str(message.content) for message in state["messages"] if message.type == "tool"]
    assert "go on with read_evidence(id='E1'" in shown[0]
    assert shown[0].count("</untrusted ") == 1
    assert "KeyError: 'DATABASE_TIMEOUT'" in shown[1]
    assert "There is no evidence 'E7'" in shown[2]


def test_a_thread_goes_on_in_another_process_of_the_same_file(toolkit, tmp_path, organization):
    path = tmp_path / "threads.sqlite"
    with open_investigator(model(BUG, REPORT), toolkit, path=path) as investigator:
        question = asked(investigator.ask("t", "File it."))
    with open_investigator(model(BUG, REPORT), toolkit, path=path) as investigator:
        assert investigator.pending("t") == question
        finished(answer(investigator, question, YES))
    assert len(bugs(organization)) == 1


def test_the_token_is_in_no_file(investigate, tmp_path):
    with investigate([LIST, BUG], REPORT) as investigator:
        finished(answer(investigator, asked(investigator.ask("t", "File it.")), YES))
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"The gate is open" in kept
    assert b"full-access-token" not in kept


def test_an_investigator_needs_a_checkpointer(toolkit):
    with pytest.raises(ValueError, match="checkpointer"):
        Investigator(build_graph(model(REPORT), toolkit))


def test_intents_are_unique_across_connections(tmp_path):
    one, two = WriteJournal(tmp_path / "i.sqlite"), WriteJournal(tmp_path / "i.sqlite")
    assert one.begin("a", "tool") is None
    assert two.begin("a", "tool").status is None
    one.finish("a", "written", "id: 1")
    assert two.begin("a", "tool").text == "id: 1"
    one.close()
    two.close()


def test_the_evidence_of_a_write_keeps_what_was_sent_and_what_the_service_returned(investigate):
    steps = "Open the gate at seven.\nIt stays open."
    bug = Call.to("create_work_item", **BUG.arguments, description=steps)
    sent = {"statement": "The bug says how.", "evidence": ["E1"], "quote": "It stays open."}
    report = Call.to("write_report", answer="Filed.", verdict="answered", observed=[sent])
    with investigate(bug, report) as investigator:
        found, _ = finished(answer(investigator, asked(investigator.ask("t", "File it.")), YES))
        entry = investigator.evidence("t")["E1"]
        told = next(message for message in investigator.state("t")["messages"] if message.type == "tool")
    assert [statement["statement"] for statement in found["observed"]] == ["The bug says how."]
    assert entry["arguments"]["description"] == steps
    assert entry["data"]["title"] == "The gate is open"
    assert f"id: {entry['data']['id']}" in entry["text"]
    assert "The values that were sent:" in entry["text"]
    assert steps in entry["text"]
    assert steps not in told.content


@pytest.mark.parametrize(
    ("statement", "is_true"),
    [
        ("Bug 59 was created with links to build 35 and pull request 13.", True),
        ("Bug 59 was created with links to build 23 and pull request 13.", False),
        ("I filed bug 59 and linked build 35 and PR 15.", False),
        ("I filed bug 59, linked it to work item 4 and pull request 13.", True),
    ],
)
def test_the_model_can_quote_the_links_it_wrote_and_cannot_claim_others(investigate, statement, is_true):
    words = "Red since build 23; PR 15 waits for it."
    links = ["build:35", "pull_request:13", "work_item:4"]
    bug = Call.to("create_work_item", **BUG.arguments, description=words, links=links)

    quote = 'links: ["build:35", "pull_request:13", "work_item:4"]'
    observed = [{"statement": statement, "evidence": ["E1"], "quote": quote}]
    report = Call.to("write_report", answer=statement, verdict="answered", observed=observed)
    with investigate(bug, report, report) as investigator:
        found, _ = finished(answer(investigator, asked(investigator.ask("t", "File it.")), YES))
        told = next(message for message in investigator.state("t")["messages"] if message.type == "tool")
        assert investigator.evidence("t")["E1"]["data"]["id"] == 59
    assert quote in told.content
    assert words not in told.content
    assert bool(found["observed"]) is is_true, [row["problem"] for row in found["unverified"]]
    assert bool(found["answer_unverified"]) is not is_true


def test_building_a_graph_reads_no_source(toolkit, monkeypatch):
    """LangGraph would parse the source of each node to look for graphs inside, which takes most of the time."""
    read = []
    monkeypatch.setattr("inspect.getsource", lambda of: read.append(of) or "")
    graph = build_graph(model(REPORT), toolkit, second_look=True)
    assert (read, [*graph.get_subgraphs()]) == ([], [])
