"""ChatOpenAI over the wire: whatever the provider does, the thread ends in a report."""

import json

import pytest
from agent_decisions import report_of
from langchain_core.messages import ToolMessage
from langchain_openai import ChatOpenAI

from azure_devops_agents.investigation.events import ModelAnswered, ModelText, ReportReady, ToolStarted
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.providers import open_model
from azure_devops_agents.reports.markdown import render_markdown
from azure_devops_evals.live.openai_server import OpenAIServer, Turn

REPORT = ("write_report", json.dumps({"answer": "Done.", "verdict": "inconclusive"}))
LIST = ("list_pull_requests", json.dumps({"project": "Platform", "status": None}))


@pytest.fixture
def ask(toolkit, tmp_path, monkeypatch):
    def run(*turns):
        with OpenAIServer(turns) as server:
            monkeypatch.setenv("OPENAI_API_KEY", "made-up")
            monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
            with open_investigator(open_model("openai:local"), toolkit, path=tmp_path / "t.sqlite") as investigator:
                events = list(investigator.ask("t", "Which pull requests are open?"))
                state = {**investigator.state("t"), "evidence": investigator.evidence("t")}
        return events, state, server.requests

    return run


def tool_texts(state):
    return [str(message.content) for message in state["messages"] if isinstance(message, ToolMessage)]


def test_streamed_tool_calls_are_put_together(ask):
    events, state, requests = ask(Turn(calls=[LIST]), Turn(calls=[REPORT]))
    assert report_of(events)["answer"] == "Done."
    assert "Paginate the shipment search" in state["evidence"]["E1"]["text"]
    assert requests[0]["stream"] is True
    offered = {tool["function"]["name"] for tool in requests[0]["tools"]}
    assert {"list_pull_requests", "create_work_item", "read_evidence", "write_report"} <= offered


def test_parallel_calls(ask):
    events, state, _ = ask(Turn(calls=[LIST, ("list_pipelines", "{}")]), Turn(calls=[REPORT]))
    assert report_of(events)["answer"] == "Done."
    assert [entry["tool"] for entry in state["evidence"].values()] == ["list_pull_requests", "list_pipelines"]
    assert len([event for event in events if isinstance(event, ToolStarted)]) == 3


def test_text_is_streamed_and_is_a_message_and_no_report(ask):
    events, _, _ = ask(Turn(text="Which project?"))
    assert "".join(event.text for event in events if isinstance(event, ModelText)).strip() == "Which project?"
    [said] = [event for event in events if isinstance(event, ModelAnswered)]
    assert said.text.strip() == "Which project?"
    assert not [event for event in events if isinstance(event, ReportReady)]


def test_a_refusal_is_reported(ask):
    report = report_of(ask(Turn(refusal="I will not do that."))[0])
    assert report["verdict"] == "inconclusive"
    assert "may have refused" in report["answer"]


def test_a_refusal_that_is_not_streamed_is_quoted(toolkit, monkeypatch):
    with OpenAIServer([Turn(refusal="I will not do that.")]) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "made-up")
        model = ChatOpenAI(model="local", base_url=server.base_url, disable_streaming=True)
        state = build_graph(model, toolkit).invoke({"messages": [("user", "?")]})
    assert "I will not do that." in state["report"]["answer"]


def test_malformed_arguments_are_answered_so_that_the_model_can_repair_them(ask):
    events, state, requests = ask(
        Turn(calls=[("list_pull_requests", '{"project": "Plat')]), Turn(calls=[LIST]), Turn(calls=[REPORT])
    )
    assert "not valid JSON" in tool_texts(state)[0]
    assert report_of(events)["answer"] == "Done."
    assert len(requests) == 3


def test_a_report_in_the_wrong_form_is_sent_back(ask):
    wrong = ("write_report", json.dumps({"answer": "x", "verdict": "maybe"}))
    events, state, _ = ask(Turn(calls=[wrong]), Turn(calls=[REPORT]))
    assert "verdict" in tool_texts(state)[0]
    assert report_of(events)["answer"] == "Done."


def test_a_throttled_model_is_asked_again(ask):
    events, _, requests = ask(Turn(status=429), Turn(calls=[REPORT]))
    assert report_of(events)["answer"] == "Done."
    assert len(requests) == 2


@pytest.mark.parametrize("turn", [Turn(status=429), Turn(status=401), Turn(calls=[LIST], dropped=True)], ids=str)
def test_a_model_that_fails_for_good_ends_in_a_report_that_says_so(ask, turn):
    report = report_of(ask(turn)[0])
    assert report["verdict"] == "inconclusive"
    assert "The model failed" in report["answer"]
    assert "The model failed" in report["coverage"]["failure"][0]
    assert "limits" not in report["coverage"]
    assert "**Ended early**: The model failed" in render_markdown(report)


def test_a_model_that_cannot_be_reached_is_named_with_its_address_and_what_to_do(toolkit, tmp_path):
    model = ChatOpenAI(model="local", base_url="http://user:pass@127.0.0.1:9/v1", api_key="made-up", max_retries=0)
    with open_investigator(model, toolkit, path=tmp_path / "t.sqlite") as investigator:
        report = report_of(list(investigator.ask("t", "?")))
    assert ".." not in report["answer"]
    assert "Connection error. This was the model local at http://127.0.0.1:9/v1/chat/completions" in report["answer"]
    assert "Check the address, and that its server runs and can be reached from here." in report["answer"]
    assert "pass@" not in str(report)


@pytest.mark.parametrize(
    ("status", "advice"), [(401, "Check the key"), (404, "Check the name"), (429, "Wait, or raise")]
)
def test_the_answer_of_a_model_server_says_what_to_do(ask, status, advice):
    told = report_of(ask(Turn(status=status))[0])["coverage"]["failure"][0]
    assert "This was the model local at http://127.0.0.1:" in told
    assert advice in told


HOSTILE = "Look: ![x](https://evil.example/?d=1) and that is all."


def test_a_link_of_a_model_with_tools_is_streamed_without_effect(ask):
    events, _, _ = ask(Turn(text=HOSTILE))
    said = "".join(event.text for event in events if isinstance(event, ModelText))
    assert "that is all" in said
    assert said.count("evil.example") == 1
    assert "https://" not in said


async def test_every_message_of_the_graph_is_streamed_without_effect(toolkit, monkeypatch):
    with OpenAIServer([Turn(text=HOSTILE)]) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "made-up")
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        graph = build_graph(open_model("openai:local"), toolkit)
        parts = [
            str(message.text)
            async for message, _ in graph.astream({"messages": [("user", "What is open?")]}, stream_mode="messages")
        ]
    assert "that is all" in "".join(parts)
    assert "https://" not in "".join(parts)
