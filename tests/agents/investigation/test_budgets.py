"""Budgets end a question with a report, whichever limit is reached, and the model is told the truth about them."""

import asyncio
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from agent_tokens import READER
from langchain_core.messages import ToolMessage
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from stub_service import StubService, failure, ok

from azure_devops_agents.investigation.budgets import Budgets, read_budgets
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_evals.live.openai_server import OpenAIServer, Turn
from azure_devops_simulator import Fault
from langchain_azure_devops import AzureDevOpsToolkit, RunContext
from langchain_azure_devops.errors import Misconfigured

REPORT = ("write_report", json.dumps({"answer": "Six are open.", "verdict": "answered"}))
OPEN = ("write_report", json.dumps({"answer": "Nothing is known.", "verdict": "inconclusive"}))
LIST = ("list_pull_requests", "{}")
ENDED = [Call.to("write_report", answer="Done.", verdict="answered")]
QUESTION = {"messages": [("user", "Which pull requests are open?")]}


def chat(server):
    return ChatOpenAI(model="local", base_url=server.base_url, api_key="made-up", max_retries=0, stream_usage=True)


def run(toolkit, turns, **budgets):
    with OpenAIServer(turns) as server:
        state = build_graph(chat(server), toolkit, budgets=Budgets(**budgets)).invoke(QUESTION)
    return state, server.requests


def offered(request):
    return [tool["function"]["name"] for tool in request["tools"]]


def tail(request):
    """The last line of what was sent to the model."""
    return str(request["messages"][-1]["content"]).rsplit("\n", 1)[-1]


def test_a_request_that_hangs_is_cut_at_the_time_limit_and_the_model_still_writes_its_report(reader):
    state, requests = run(reader, [Turn(hangs=True), Turn(calls=[REPORT])], seconds=1, last_seconds=600)
    assert state["report"]["answer"] == "Six are open."
    assert state["report"]["coverage"]["limits"] == ["1 second"]
    assert set(offered(requests[1])) == {"read_evidence", "write_report"}
    assert "used up (1 second)" in tail(requests[1])


@pytest.fixture
def hurried(server, organization):
    """Asks for the builds of a service that throttles for longer than the question may take, but not than a call."""

    def ask(fault, reads=1, **config):
        steps = [[Call.to("list_builds", project="Platform", limit=number + 1) for number in range(reads)], ENDED]
        with AzureDevOpsToolkit.connect(base_url=server.base_url, pat=READER) as toolkit:
            organization.faults.add(fault)
            graph = build_graph(ScriptedModel(steps=steps), toolkit, budgets=Budgets(seconds=2))
            if config.pop("form", "sync") == "async":
                return asyncio.run(graph.ainvoke(QUESTION, config))
            return graph.invoke(QUESTION, config)

    return ask


@pytest.mark.parametrize("form", ["sync", "async"])
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault(kind="throttle", path="/build/builds", retry_after=30, times=1), "throttled"),
        (Fault(kind="delay", path="/build/builds", delay=6), "unavailable"),
    ],
    ids=["throttled", "no answer"],
)
def test_a_read_does_not_outlive_the_time_limit_of_its_question(hurried, form, fault, status):
    state = hurried(fault, form=form)
    [answer] = [message for message in state["messages"] if message.name == "list_builds"]
    assert state["evidence"]["E1"]["status"] == status
    assert "The time of this question is up: it left 2 seconds for this call." in answer.content
    assert state["report"]["answer"] == "Done."
    [gap] = state["report"]["coverage"][status]
    assert gap.startswith("E1 list_builds")
    assert gap.endswith("cut by the time limit of the question: all of it is missing")
    assert "The time limit of the question cut E1; see “Not covered”." in state["messages"][-1].content


@pytest.mark.parametrize("form", ["sync", "async"])
def test_a_list_that_the_time_limit_cuts_says_what_is_missing(form):
    rows = [{"id": str(number), "name": f"P{number}", "state": "wellFormed"} for number in range(3)]

    def answer_request(seen):
        if "continuationToken=3" in seen.target:
            return failure(429, "X", "TF400733", Retry_After="30")
        return ok({"count": 3, "value": rows}, x_ms_continuationtoken="3")

    with StubService(answer_request) as service:
        toolkit = AzureDevOpsToolkit(base_url=service.base_url, pat=READER, scopes="vso.project")
        model = ScriptedModel(steps=[[Call.to("list_projects")], ENDED])
        graph = build_graph(model, toolkit, budgets=Budgets(seconds=5))
        state = asyncio.run(graph.ainvoke(QUESTION)) if form == "async" else graph.invoke(QUESTION)
        toolkit.close()
    [answer] = [message for message in state["messages"] if message.name == "list_projects"]
    assert "Stopped after 3 rows" in answer.content
    assert "The time of this question is up" in answer.content
    [gap] = state["report"]["coverage"]["partial"]
    missing = "projects: 3, more follow, cut by the time limit of the question: the rest is missing"
    assert gap == f"E1 list_projects: {missing}"
    shown = state["messages"][-1].content
    assert missing in shown
    assert shown.rstrip().splitlines()[-1].startswith("*The time limit of the question cut E1")


@pytest.mark.parametrize("form", ["sync", "async"])
def test_what_a_person_would_be_shown_is_read_within_the_time_limit_too(toolkit, organization, form):
    organization.faults.add(Fault(kind="throttle", method="GET", path="/workitems", retry_after=30, times=1))
    change = Call.to("update_work_item", id=4, revision=5, title="The gate is open")
    model, budgets = ScriptedModel(steps=[[change], ENDED]), Budgets(seconds=2)
    graph = build_graph(model, toolkit, budgets=budgets, checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}
    state = asyncio.run(graph.ainvoke(QUESTION, config)) if form == "async" else graph.invoke(QUESTION, config)
    [answer] = [message for message in state["messages"] if message.name == "update_work_item"]
    assert answer.content.startswith("[throttled Throttled")
    assert "The time of this question is up" in answer.content
    assert "__interrupt__" not in state
    assert state["report"]["answer"] == "Done."


def test_reads_that_wait_for_each_other_share_the_time_that_is_left(hurried):
    state = hurried(Fault(kind="delay", path="/build/builds", delay=6), reads=3, max_concurrency=1)
    answers = [message.content for message in state["messages"] if message.name == "list_builds"]
    assert ["it left 2 seconds" in answer for answer in answers] == [True, False, False]


async def test_the_same_without_blocking(reader):
    turns = [Turn(hangs=True), Turn(calls=[REPORT])]
    with OpenAIServer(turns) as server:
        graph = build_graph(chat(server), reader, budgets=Budgets(seconds=1, last_seconds=60))
        state = await graph.ainvoke(QUESTION)
    assert state["report"]["answer"] == "Six are open."


def test_code_writes_the_report_when_the_model_never_answers_again(server):
    moved = []

    def turns(request):
        if len(request["messages"]) == 2:
            moved.append(timedelta(seconds=1_199))
            return Turn(calls=[LIST])
        return Turn(hangs=True)

    def clock():
        return datetime.now(UTC) + sum(moved, timedelta())

    with (
        AzureDevOpsToolkit.connect(
            base_url=server.base_url, pat=READER, default_project="Platform", context=RunContext(clock=clock)
        ) as toolkit,
        OpenAIServer(turns) as model,
    ):
        graph = build_graph(chat(model), toolkit, budgets=Budgets(last_seconds=1))
        for step in graph.stream(QUESTION, stream_mode="updates"):
            state = step
    report = state["check"]["report"]
    assert report["verdict"] == "inconclusive"
    assert "used up (20 minutes)" in report["answer"]
    assert "E1 list_pull_requests: " in report["answer"]
    assert "20 minutes" in report["coverage"]["limits"]


@pytest.mark.parametrize(
    ("budgets", "limit"),
    [({"calls": 1}, "1 tool call"), ({"tokens": 100}, "100 tokens"), ({"seconds": 0}, "0 seconds")],
    ids=str,
)
def test_every_limit_leads_to_a_last_turn_in_which_the_model_can_only_report(toolkit, budgets, limit):
    turns = [Turn(calls=[LIST, LIST], usage=(90, 0, 10)), Turn(calls=[REPORT])]
    if limit == "0 seconds":
        turns = turns[1:]
    state, requests = run(toolkit, turns, **budgets)
    assert state["report"]["answer"] == "Six are open."
    assert state["report"]["coverage"]["limits"] == [limit]
    assert set(offered(requests[-1])) == {"read_evidence", "write_report"}
    assert f"used up ({limit})" in tail(requests[-1])


def test_calls_that_do_not_fit_any_more_are_answered_with_the_limit_that_was_reached(toolkit):
    turns = [Turn(calls=[LIST], usage=(4_000, 0, 1_000)), Turn(calls=[REPORT])]
    state, _ = run(toolkit, turns, tokens=5_000)
    [answer] = [message for message in state["messages"] if message.type == "tool" and message.name != "write_report"]
    assert answer.content.startswith("[blocked BudgetExceeded 5,000 tokens]\nNot carried out")
    assert state.get("evidence", {}) == {}


def test_evidence_can_be_read_in_the_last_turns_but_the_very_last_one_is_for_the_report_alone(toolkit):
    read = ("read_evidence", json.dumps({"id": "E1", "contains": "shipment"}))
    state, requests = run(toolkit, [Turn(calls=[LIST]), Turn(calls=[read])], calls=1)
    shown = [str(m.content) for m in state["messages"] if isinstance(m, ToolMessage) and m.name == "read_evidence"]
    assert "Paginate the shipment search" in shown[0]
    assert [offered(request) for request in requests[-2:]] == [["read_evidence", "write_report"], ["write_report"]]
    assert "What was found until then" in state["report"]["answer"]


def test_reading_evidence_and_a_report_in_the_wrong_form_cost_no_call(toolkit):
    steps = [
        [Call.to("list_pull_requests")],
        [Call.to("read_evidence", id="E1")],
        [Call.to("write_report", answer="x", verdict="maybe")],
        [Call.to("list_pipelines")],
        [Call.to("write_report", answer="Done.", verdict="answered")],
    ]
    graph = build_graph(ScriptedModel(steps=steps), toolkit, budgets=Budgets(calls=3))
    state = graph.invoke(QUESTION)
    assert state["report"]["usage"]["calls"] == 2
    assert "limits" not in state["report"]["coverage"]


def test_the_budget_is_announced_and_what_is_left_stands_at_the_end_of_what_is_sent(toolkit):
    turns = [Turn(calls=[LIST], usage=(9_000, 0, 500)), Turn(calls=[LIST], usage=(11_000, 9_000, 500))]
    _, requests = run(toolkit, [*turns, Turn(calls=[REPORT])])
    system = [request["messages"][0]["content"] for request in requests]
    assert "60 tool calls, 400,000 tokens and 20 minutes" in system[0]
    assert "From the second turn on, the last line says what is left" in system[0]
    assert "[Left of" not in json.dumps(requests[0])
    left = "[Left of the budget: 59 of 60 tool calls, 390,000 of 400,000 tokens, 20 minutes of 20 minutes. It is "
    assert re.fullmatch(re.escape(left) + r"2026-11-20 09:\d\d UTC\.\]", tail(requests[1]))
    assert tail(requests[2]).startswith("[Left of the budget: 58 of 60 tool calls, 379,000 of 400,000 tokens")
    # All that was sent before is sent again as it was, so that a provider's cache of the beginning holds.
    for before, after in pairwise(requests):
        assert after["tools"] == before["tools"]
        for one, other in zip(before["messages"], after["messages"], strict=False):
            shown = str(one["content"]).split("\n\n[Left of the budget")[0]
            assert {**one, "content": shown} == {**other, "content": str(other["content"]).split("\n\n[Left of")[0]}


def test_tokens_are_those_that_the_provider_reports(toolkit):
    turns = [Turn(calls=[LIST], usage=(9_000, 0, 500)), Turn(calls=[OPEN], usage=(11_000, 9_000, 400))]
    state, _ = run(toolkit, turns)
    used = state["report"]["usage"]
    assert (used["input"], used["cached"], used["output"], used["tokens"]) == (20_000, 9_000, 900, 20_900)
    assert used["estimated"] is False


def test_tokens_are_estimated_where_the_provider_reports_none_and_that_is_said(toolkit):
    state, requests = run(toolkit, [Turn(calls=[LIST]), Turn(calls=[REPORT])])
    assert state["report"]["usage"]["estimated"] is True
    assert 4_000 < state["report"]["usage"]["tokens"] < 40_000
    assert "about " in tail(requests[1])


def test_each_question_of_a_thread_has_a_budget_of_its_own(toolkit):
    from langgraph.checkpoint.memory import InMemorySaver

    steps = [[Call.to("list_pull_requests")], [Call.to("write_report", answer="Done.", verdict="answered")]]
    graph = build_graph(ScriptedModel(steps=steps), toolkit, budgets=Budgets(calls=2), checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}
    for _ in range(3):
        state = graph.invoke(QUESTION, config)
        assert state["report"]["usage"]["calls"] == 1
        assert "limits" not in state["report"]["coverage"]


@pytest.mark.parametrize(
    "given", [{"calls": -1}, {"calls": 2.5}, {"tokens": True}, {"seconds": float("inf")}, {"calls": "60"}], ids=str
)
def test_a_budget_that_cannot_be_one_is_refused(given):
    with pytest.raises(Misconfigured, match=next(iter(given))):
        Budgets(**given)


def test_budgets_come_from_the_arguments_then_from_the_environment_then_from_the_defaults():
    environ = {"AZURE_DEVOPS_AGENT_CALLS": "7", "AZURE_DEVOPS_AGENT_TOKENS": " 90,000 "}
    assert read_budgets(environ=environ) == Budgets(calls=7, tokens=90_000)
    assert read_budgets(calls=3, minutes=1.5, environ=environ) == Budgets(calls=3, tokens=90_000, seconds=90)
    assert read_budgets(environ={}) == Budgets(calls=60, tokens=400_000, seconds=1_200)


@pytest.mark.parametrize("text", ["0", "-3", "many", "2.5", "inf"])
def test_a_variable_that_is_no_budget_is_refused_by_its_name(text):
    with pytest.raises(Misconfigured, match="AZURE_DEVOPS_AGENT_CALLS"):
        read_budgets(environ={"AZURE_DEVOPS_AGENT_CALLS": text})


def test_an_investigator_takes_its_budgets_from_the_environment(toolkit, tmp_path, monkeypatch):
    monkeypatch.setenv("AZURE_DEVOPS_AGENT_CALLS", "1")
    steps = [[Call.to("list_pull_requests")], [Call.to("write_report", answer="Done.", verdict="answered")]]
    with open_investigator(ScriptedModel(steps=steps), toolkit, path=tmp_path / "t.sqlite") as investigator:
        list(investigator.ask("t", "?"))
        assert investigator.state("t")["report"]["coverage"]["limits"] == ["1 tool call"]


def test_the_options_of_a_command_set_the_budgets_and_the_instructions(tmp_path):
    runbook = tmp_path / "runbook.md"
    runbook.write_text("# Runbook", encoding="utf-8")
    command = [sys.executable, "-m", "azure_devops_agents.cli.main", "investigate", "--simulator"]
    asked = [*command, "--calls", "1", "--tokens", "90000", "--minutes", "5", "--instructions", str(runbook), "--json"]
    environ = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""}
    done = subprocess.run(
        [*asked, "List the open pull requests in the Platform project."],
        capture_output=True,
        text=True,
        timeout=120,
        env=environ,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["report"]["coverage"]["limits"] == ["1 tool call"]


@pytest.mark.parametrize("node", ["read", "model"])
def test_the_time_in_which_no_process_works_on_a_question_does_not_count(server, node):
    now = [datetime(2026, 11, 20, 9, tzinfo=UTC)]
    context = RunContext(clock=lambda: now[0])
    model = ScriptedModel(steps=[[Call.to("list_projects")], [Call.to("list_branches", repository="docs")], ENDED])
    with AzureDevOpsToolkit(
        base_url=server.base_url, pat=READER, default_project="Platform", context=context
    ) as toolkit:
        toolkit.verify()
        graph = build_graph(model, toolkit, checkpointer=InMemorySaver())
        config, given = {"configurable": {"thread_id": "1"}}, QUESTION
        while given is not None or graph.get_state(config).next:
            state = graph.invoke(given, config, interrupt_before=[node])
            given, now[0] = None, now[0] + timedelta(hours=5)
    longest = context.timeouts.call + context.timeouts.recovery
    assert state["report"]["usage"]["calls"] == 2
    assert "limits" not in state["report"]["coverage"]
    assert state["report"]["usage"]["seconds"] <= 2 * longest
