"""A second look at a report: it does not see the conclusion, cannot write, and what it finds is shown."""

import json

import pytest
from agent_decisions import report_of
from agent_tokens import READER
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver

from azure_devops_agents.investigation.budgets import Budgets
from azure_devops_agents.investigation.events import SecondLookBegun
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.investigation.second_look import split_budgets, wants_second_look
from azure_devops_agents.reports.markdown import render_markdown
from azure_devops_agents.reports.words.citations import cited_in
from azure_devops_evals.live.openai_server import OpenAIServer, Turn
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.errors import Misconfigured

QUESTION = "Did build 19 of platform-api-ci succeed?"
READ = ("get_build", json.dumps({"ids": [19]}))


def report(answer, verdict, *statements):
    rows = [{"statement": said, "evidence": [name], "quote": quote} for said, name, quote in statements]
    return "write_report", json.dumps({"answer": answer, "verdict": verdict, "observed": rows})


def compare(**found):
    return "compare_reports", json.dumps(found)


def play(first, second, comparison):
    """Answer as the model of the first look, of the second look, or of the comparison, as the request asks."""

    def turns(request):
        offered = {tool["function"]["name"] for tool in request["tools"]}
        if offered == {"compare_reports"}:
            return Turn(calls=[comparison] if comparison else [], text="" if comparison else "No.")
        looks_again = "You take a second look" in request["messages"][0]["content"]
        script = second if looks_again else first
        said = sum(message["role"] == "assistant" for message in request["messages"]) - looks_again
        return script[min(said, len(script) - 1)]

    return turns


def ask(toolkit, turns, question=QUESTION, **budgets):
    with OpenAIServer(turns) as server:
        model = ChatOpenAI(model="local", base_url=server.base_url, api_key="made-up", max_retries=0)
        graph = build_graph(model, toolkit, budgets=Budgets(**budgets), second_look=True)
        state = graph.invoke({"messages": [("user", question)]})
    return state, server.requests


RIGHT = report("Yes, build 19 succeeded.", "answered", ("Build 19 succeeded.", "E1", "result: succeeded"))
FIRST = [Turn(calls=[READ]), Turn(calls=[RIGHT])]


def test_a_second_look_that_agrees_is_told_in_one_sentence(reader):
    second = [Turn(calls=[report("It did.", "answered", ("Build 19 succeeded.", "E1", "result: succeeded"))])]
    state, _ = ask(reader, play(FIRST, second, compare(agrees=True)))
    looked = state["report"]["second_look"]
    assert (looked["result"], looked["differences"], looked["added"]) == ("agrees", [], [])
    assert "An independent pass came to the same result." in render_markdown(state["report"])
    assert "disagrees" not in render_markdown(state["report"])


def test_the_second_look_sees_the_question_and_the_evidence_but_not_the_conclusion(reader):
    second = [Turn(calls=[("read_evidence", '{"id": "E1"}')]), Turn(calls=[RIGHT])]
    _, requests = ask(reader, play(FIRST, second, compare(agrees=True)))
    looked = [request for request in requests if "You take a second look" in request["messages"][0]["content"]]
    assert QUESTION in looked[0]["messages"][1]["content"]
    assert "E1 get_build" in json.dumps(looked[0]["messages"])
    assert "result: succeeded" in looked[1]["messages"][-1]["content"]
    assert all("Yes, build 19 succeeded." not in json.dumps(request) for request in looked)


def test_a_disagreement_is_shown_and_lowers_the_confidence(reader):
    wrong = [Turn(calls=[READ]), Turn(calls=[report("No incident.", "no_incident")])]
    second = [
        Turn(calls=[("list_builds", json.dumps({"pipeline": "platform-api-ci", "limit": 2}))]),
        Turn(calls=[report("It succeeded.", "answered", ("Build 19 succeeded.", "E1", "result: succeeded"))]),
    ]
    found = compare(agrees=True, differences=["The first one does not say how it ended."], missing=[1, 7])
    state, _ = ask(reader, play(wrong, second, found))
    looked = state["report"]["second_look"]
    assert looked["result"] == "disagrees"
    assert looked["differences"] == [
        "The first verdict is no_incident, the second is answered.",
        "The first one does not say how it ended.",
    ]
    assert [entry["statement"] for entry in looked["added"]] == ["Build 19 succeeded."]
    assert state["report"]["verdict"] == "no_incident"
    assert set(state["evidence"]) == {"E1", "E2"}
    shown = render_markdown(state["report"])
    assert "**No incident, a second look disagrees**" in shown
    assert "It succeeded." in shown
    assert "[E1](" in shown


def test_the_second_look_gets_no_tool_that_writes_and_none_is_carried_out(toolkit, organization):
    write = ("create_work_item", json.dumps({"type": "Bug", "title": "From the second look"}))
    second = [Turn(calls=[write]), Turn(calls=[RIGHT])]
    before = len(list(organization.work_items))
    _, requests = ask(toolkit, play(FIRST, second, compare(agrees=True)))
    looked = [request for request in requests if "You take a second look" in request["messages"][0]["content"]]
    offered = {tool["function"]["name"] for tool in looked[0]["tools"]}
    assert "create_work_item" not in offered
    assert "get_work_item" in offered
    assert "There is no tool create_work_item" in looked[1]["messages"][-1]["content"]
    assert len(list(organization.work_items)) == before


def test_both_looks_together_stay_within_the_budget():
    first, second = split_budgets(Budgets())
    assert (second.calls, second.tokens, second.seconds) == (15, 100_000, 300.0)
    assert (first.calls, first.tokens, first.seconds) == (45, 300_000, 900.0)


def test_a_second_look_that_wants_more_than_its_quarter_is_cut(reader):
    reading = Turn(calls=[("list_builds", json.dumps({"limit": number})) for number in range(1, 6)])
    state, _ = ask(reader, play(FIRST, [reading, Turn(calls=[RIGHT])], compare(agrees=True)), calls=8)
    assert state["report"]["second_look"]["usage"]["calls"] == 2
    assert state["report"]["usage"]["calls"] == 3


@pytest.mark.parametrize("comparison", [None, compare(nonsense=True)])
def test_a_comparison_that_does_not_come_is_told_and_the_report_stays(reader, comparison):
    state, _ = ask(reader, play(FIRST, [Turn(calls=[RIGHT])], comparison))
    looked = state["report"]["second_look"]
    assert looked["result"] == "failed"
    assert state["report"]["answer"] == "Yes, build 19 succeeded."
    assert "The second look failed" in render_markdown(state["report"])


def test_a_second_look_whose_model_fails_leaves_the_report_as_it_is(reader):
    state, _ = ask(reader, play(FIRST, [Turn(status=400)], compare(agrees=True)))
    looked = state["report"]["second_look"]
    assert looked["result"] == "failed"
    assert "The model failed" in looked["differences"][0]
    assert state["report"]["verdict"] == "answered"


@pytest.mark.parametrize(
    "second",
    [[Turn(calls=[READ])], [Turn(calls=[READ]), Turn()], [Turn(calls=[READ]), Turn(status=400)]],
    ids=["it never reports", "it says nothing", "the model fails"],
)
def test_a_second_look_without_a_report_says_why_and_lists_no_evidence_of_its_own(reader, second):
    state, _ = ask(reader, play(FIRST, second, compare(agrees=True)), calls=8)
    [why] = state["report"]["second_look"]["differences"]
    assert cited_in(why) == []
    assert "found" not in why
    assert f"- **Reason**: {why}" in render_markdown(state["report"])


def test_text_in_evidence_names_no_host_that_may_become_a_link(reader, organization):
    second = [
        Turn(calls=[report("See https://evil.example/x?d=1 for more.", "answered")]),
    ]
    state, _ = ask(reader, play(FIRST, second, compare(agrees=False, differences=["https://evil.example/leak"])))
    told = json.dumps(state["report"]["second_look"])
    assert "https://evil.example" not in told


async def test_it_works_without_blocking_and_with_a_checkpointer(server):
    second = [Turn(calls=[READ]), Turn(calls=[RIGHT])]
    async with AzureDevOpsToolkit(base_url=server.base_url, pat=READER, default_project="Platform") as toolkit:
        await toolkit.averify()
        with OpenAIServer(play(FIRST, second, compare(agrees=True))) as served:
            model = ChatOpenAI(model="local", base_url=served.base_url, api_key="made-up", max_retries=0)
            graph = build_graph(model, toolkit, checkpointer=InMemorySaver(), second_look=True)
            config = {"configurable": {"thread_id": "1"}}
            state = await graph.ainvoke({"messages": [("user", QUESTION)]}, config)
    assert state["report"]["second_look"]["result"] == "agrees"
    assert set(state["evidence"]) == {"E1", "E2"}


def test_the_environment_asks_for_it_with_on_and_nothing_else():
    assert wants_second_look({"AZURE_DEVOPS_AGENT_SECOND_LOOK": "on"})
    assert not wants_second_look({"AZURE_DEVOPS_AGENT_SECOND_LOOK": "off"})
    assert not wants_second_look({})
    with pytest.raises(Misconfigured, match="AZURE_DEVOPS_AGENT_SECOND_LOOK"):
        wants_second_look({"AZURE_DEVOPS_AGENT_SECOND_LOOK": "yes"})


def test_a_front_end_sees_when_the_second_look_begins_what_it_reads_and_one_report(reader):
    second = [Turn(calls=[READ]), Turn(calls=[RIGHT])]
    with OpenAIServer(play(FIRST, second, compare(agrees=True))) as server:
        model = ChatOpenAI(model="local", base_url=server.base_url, api_key="made-up", max_retries=0)
        graph = build_graph(model, reader, second_look=True)
        parts = list(graph.stream({"messages": [("user", QUESTION)]}, stream_mode=["custom", "messages"]))
    types = [part["type"] for mode, part in parts if mode == "custom"]
    assert types.count("second_look") == types.count("report") == 1
    after = [part for mode, part in parts if mode == "custom"][types.index("second_look") :]
    assert [part["evidence_id"] for part in after if part["type"] == "tool_finished" and part["evidence_id"]] == ["E2"]
    whole = [
        message
        for mode, part in parts
        if mode == "messages"
        for message in part[:1]
        if message.additional_kwargs.get("report")
    ]
    assert len(whole) == 1


async def test_every_streamed_message_is_one_of_the_thread(reader):
    """A front end shows what comes by its id. It knows nothing of an inner conversation, or of an end that has none."""
    first, second = [[Turn(calls=[READ], text=text), Turn(calls=[RIGHT])] for text in ("I look.", "I look again.")]
    given, config = {"messages": [("user", QUESTION)]}, {"configurable": {"thread_id": "t"}}
    with OpenAIServer(play(first, second, compare(agrees=True))) as server:
        model = ChatOpenAI(model="local", base_url=server.base_url, api_key="made-up", max_retries=0)
        graph = build_graph(model, reader, second_look=True, checkpointer=InMemorySaver())
        streamed = [message.id for message, _ in graph.stream(given, config, stream_mode="messages")]
        later = [message.id async for message, _ in graph.astream(given, config, stream_mode="messages")]
        await model.root_async_client.close()
    kept = [message.id for message in graph.get_state(config).values["messages"] if message.type != "human"]
    assert list(dict.fromkeys([*streamed, *later])) == kept


def test_an_investigator_that_stores_every_step_takes_a_second_look_as_well(reader, tmp_path):
    second = [Turn(calls=[READ]), Turn(calls=[RIGHT])]
    with OpenAIServer(play(FIRST, second, compare(agrees=True))) as server:
        model = ChatOpenAI(model="local", base_url=server.base_url, api_key="made-up", max_retries=0)
        with open_investigator(model, reader, path=tmp_path / "t.sqlite", second_look=True) as investigator:
            events = list(investigator.ask("t", QUESTION))
            report = report_of(events)
    assert report["second_look"]["result"] == "agrees"
    assert SecondLookBegun() in events
