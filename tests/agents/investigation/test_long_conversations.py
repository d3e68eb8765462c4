"""Long conversations: older results become a line of the index, and what is sent stays below the limit."""

import json
from itertools import pairwise

from langchain_core.messages.utils import count_tokens_approximately
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver

from azure_devops_agents.investigation.budgets import Budgets
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.reports.markdown import shorten_markdown
from azure_devops_evals.live.openai_server import OpenAIServer, Turn

REPORT = Turn(calls=[("write_report", json.dumps({"answer": "Done.", "verdict": "answered"}))])
QUESTION = {"messages": [("user", "What happened?")]}
# Without the id of a log, each call is carried out: a retry of the build may have failed in another step.
LOG = ("get_build_log", json.dumps({"build": 35, "first_line": 1, "last_line": 60}))


def run(toolkit, turns, **budgets):
    with OpenAIServer([*turns, REPORT]) as server:
        model = ChatOpenAI(model="local", base_url=server.base_url, api_key="made-up", max_retries=0)
        state = build_graph(model, toolkit, budgets=Budgets(**budgets)).invoke(QUESTION)
    return state, [request["messages"] for request in server.requests]


def tokens(messages):
    return count_tokens_approximately([{**message, "content": message["content"] or ""} for message in messages[1:]])


def without_note(message):
    return {**message, "content": str(message["content"]).split("\n\n[Left of")[0]}


def test_a_run_of_two_hundred_calls_stays_below_the_limit(toolkit):
    turns = [Turn(calls=[LOG] * 10) for _ in range(20)]
    state, sent = run(toolkit, turns, calls=300, tokens=10**9, context=30_000)
    assert state["report"]["answer"] == "Done."
    assert state["report"]["usage"]["calls"] == 200
    assert 15_000 < max(map(tokens, sent)) <= 30_500
    for messages in sent:
        calls = [call["id"] for message in messages for call in message.get("tool_calls", [])]
        answers = [message["tool_call_id"] for message in messages if message["role"] == "tool"]
        assert calls == answers


def test_a_reduced_result_is_a_line_that_says_how_to_see_it_again_and_the_state_keeps_it_whole(toolkit):
    read = Turn(calls=[("read_evidence", json.dumps({"id": "E1"}))])
    state, sent = run(toolkit, [*[Turn(calls=[LOG])] * 8, read], tokens=10**9, context=2_500)
    first = next(message for message in sent[8] if message["role"] == "tool")
    lines = first["content"].splitlines()
    assert lines[0].startswith('E1: get_build_log {"build": 35')
    assert lines[-1] == "[read_evidence(id='E1') shows it]"
    assert lines[1].startswith("<untrusted ")
    assert sent[9][-1]["content"].startswith("E1, get_build_log")
    kept = next(message for message in state["messages"] if message.type == "tool")
    assert len(str(kept.content)) > 1_000


def test_the_newest_results_are_whole(toolkit):
    _, sent = run(toolkit, [Turn(calls=[LOG])] * 8, tokens=10**9, context=2_500)
    assert len(sent) == 10
    for messages in sent[1:]:
        assert not messages[-1]["content"].startswith('E1: get_build_log {"')
        assert "shows it]" not in messages[-1]["content"]


def test_results_of_one_turn_that_do_not_fit_by_themselves_are_reduced_as_well(toolkit):
    _, sent = run(toolkit, [Turn(calls=[LOG] * 20)], tokens=10**9, context=8_000)
    assert tokens(sent[1]) <= 8_200
    assert "shows it]" not in sent[1][-1]["content"]


def test_the_beginning_of_what_is_sent_stays_the_same_for_many_turns(toolkit):
    _, sent = run(toolkit, [Turn(calls=[LOG])] * 16, tokens=10**9, context=6_000)
    changed = 0
    for before, after in pairwise(sent):
        old, new = [list(map(without_note, messages[: len(before)])) for messages in (before, after)]
        changed += old != new
    assert 0 < changed <= 16 // 3


def test_a_later_question_sends_the_report_without_addresses_and_people_keep_them(toolkit):
    builds = ("list_builds", json.dumps({"pipeline": "platform-api-ci", "project": "Platform"}))
    rows = [{"statement": f"Build {number} failed.", "evidence": ["E1"], "quote": f"{number}\tplatform-api-ci"}
            for number in (35, 31, 29, 25, 23)]  # fmt: skip
    said = {"answer": "Five failed (E1).", "verdict": "answered", "observed": rows}
    report = Turn(calls=[("write_report", json.dumps(said))])
    with OpenAIServer([Turn(calls=[builds]), report, report, REPORT]) as server:
        model = ChatOpenAI(model="local", base_url=server.base_url, api_key="made-up", max_retries=0)
        graph, config = build_graph(model, toolkit, checkpointer=InMemorySaver()), {"configurable": {"thread_id": "1"}}
        first = graph.invoke(QUESTION, config)["messages"][-1]
        state = graph.invoke({"messages": [("user", "And why?")]}, config)
    [shown] = [message.text for message in state["messages"] if message.id == first.id]
    asked = [request["messages"] for request in server.requests if request["messages"][-1]["content"] == "And why?"]
    lean = asked[0][-2]["content"]
    assert shown == first.text
    assert shown.count("](http") > 5
    assert "Build 35 failed. (E1" in lean
    assert "http" not in lean
    assert "tool call" not in lean
    assert "Sources" not in lean
    assert count_tokens_approximately([("ai", lean)]) < 0.6 * count_tokens_approximately([("ai", shown)])


def test_a_later_question_sends_the_report_before_it_once_as_the_person_saw_it(toolkit):
    answer = "The pool of connections was exhausted."
    report = Turn(calls=[("write_report", json.dumps({"answer": answer, "verdict": "answered"}))])
    with OpenAIServer([Turn(calls=[LOG]), report]) as server:
        model = ChatOpenAI(model="local", base_url=server.base_url, api_key="made-up", max_retries=0)
        graph, config = build_graph(model, toolkit, checkpointer=InMemorySaver()), {"configurable": {"thread_id": "1"}}
        graph.invoke(QUESTION, config)
        state = graph.invoke({"messages": [("user", "And why?")]}, config)
    shown = next(message.text for message in state["messages"] if message.additional_kwargs.get("report"))
    sent = next(request["messages"] for request in server.requests if request["messages"][-1]["content"] == "And why?")
    assert json.dumps(sent).count(answer) == shown.count(answer)
    assert sent[-2]["content"] == shorten_markdown(shown)
    calls = [call["id"] for message in sent for call in message.get("tool_calls") or []]
    assert calls == [message["tool_call_id"] for message in sent if message["role"] == "tool"]
    assert len(calls) == 1
