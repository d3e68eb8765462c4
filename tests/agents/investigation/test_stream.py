"""A front end that reads only the streams of LangGraph sees the tools, the approvals, the budget and the report."""

import pytest
from agent_decisions import YES, report_of
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from azure_devops_agents.investigation.events import ApprovalAsked, ModelAnswered, ReportReady
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel

REPORT = Call.to("write_report", answer="Six | are open.", verdict="answered")
BUG = Call.to("create_work_item", type="Bug", title="The gate is open", project="Platform")
LIST = Call.to("list_pull_requests")
CONFIG = {"configurable": {"thread_id": "t"}}
ASKED = [
    ("approval", "create_work_item", "asked"),
    ("approval", "create_work_item", "approve"),
]


def model(*turns):
    return ScriptedModel(steps=[turn if isinstance(turn, list) else [turn] for turn in turns])


class Asking(ScriptedModel):
    """Asks the person back in its first turn, and works when the person has answered."""

    def calls(self, messages, turn):
        asked = sum(isinstance(message, HumanMessage) for message in messages)
        return [] if asked == 1 else super().calls(messages, turn)


async def stream(graph, given):
    return [part async for part in graph.astream(given, CONFIG, stream_mode=["custom", "messages", "updates"])]


def custom(parts):
    return [data for mode, data in parts if mode == "custom"]


async def test_the_custom_stream_tells_all_steps_as_plain_data(toolkit):
    graph = build_graph(
        model([LIST, Call.to("read_evidence", id="E9"), BUG], REPORT), toolkit, checkpointer=InMemorySaver()
    )
    parts = await stream(graph, {"messages": [("user", "File it.")]})
    parts += await stream(graph, Command(resume=YES))
    events = custom(parts)
    started = [event for event in events if event["type"] == "tool_started"]
    finished = [event for event in events if event["type"] == "tool_finished"]
    assert [event["tool"] for event in started] == [
        "list_pull_requests", "read_evidence", "create_work_item", "write_report",
    ]  # fmt: skip
    by_tool = {event["tool"]: event for event in finished}
    assert (by_tool["list_pull_requests"]["evidence_id"], by_tool["list_pull_requests"]["status"]) == ("E1", "ok")
    assert by_tool["list_pull_requests"]["summary"]
    assert (by_tool["read_evidence"]["evidence_id"], by_tool["read_evidence"]["status"]) == ("", "invalid")
    assert (by_tool["create_work_item"]["evidence_id"], by_tool["create_work_item"]["status"]) == ("E2", "written")
    assert {event["call"] for event in finished} < {event["call"] for event in started}
    assert [(e["type"], e["tool"], e["decision"]) for e in events if e["type"] == "approval"] == ASKED
    budget = [event for event in events if event["type"] == "budget"]
    assert len(budget) == 2
    assert {"calls", "tokens", "seconds"} <= budget[-1]["used"].keys() & budget[-1]["left"].keys()
    [report] = [event["report"] for event in events if event["type"] == "report"]
    assert report["answer"] == "Six | are open."
    [interrupt] = [data["__interrupt__"] for mode, data in parts if mode == "updates" and "__interrupt__" in data]
    assert interrupt[0].value["action_requests"][0]["name"] == "create_work_item"


def test_the_custom_stream_is_inert(toolkit):
    graph = build_graph(model([Call.to("list_builds", pipeline="![x](https://evil.example/a)")], REPORT), toolkit)
    parts = graph.stream({"messages": [("user", "Look.")]}, CONFIG, stream_mode="custom")
    [started, *_] = [data for data in parts if data["type"] == "tool_started"]
    assert "](https://evil.example" not in started["arguments"]["pipeline"]


@pytest.mark.parametrize("blocks", [False, True], ids=["async", "sync"])
async def test_the_report_is_the_last_message_with_its_structure_and_its_call_is_answered(toolkit, blocks):
    graph = build_graph(model(LIST, REPORT, LIST, REPORT), toolkit, checkpointer=InMemorySaver())
    question = {"messages": [("user", "Which are open?")]}
    done = graph.invoke(question, CONFIG) if blocks else await graph.ainvoke(question, CONFIG)
    *_, call, answer, last = done["messages"]
    assert isinstance(last, AIMessage)
    assert last.additional_kwargs["report"] == done["report"]
    assert "Six | are open." in last.text
    assert not last.tool_calls
    assert isinstance(answer, ToolMessage)
    assert answer.tool_call_id == call.tool_calls[0]["id"]
    again = graph.invoke({"messages": [("user", "Again?")]}, CONFIG)
    reports = [message for message in again["messages"] if message.additional_kwargs.get("report")]
    assert len(reports) == 2


def test_a_question_of_the_model_is_a_message_and_no_report(toolkit, tmp_path):
    asking = Asking(steps=[[LIST], [REPORT]])
    with open_investigator(asking, toolkit, path=tmp_path / "threads.sqlite") as investigator:
        events = list(investigator.ask("t", "What about it?"))
        [said] = [event for event in events if isinstance(event, ModelAnswered)]
        state = investigator.state("t")
        assert said.text == state["messages"][-1].text == "I have nothing more to say."
        assert state["report"] is None
        assert not [event for event in events if isinstance(event, ReportReady)]
        report = report_of(investigator.ask("t", "The open ones."))
        assert report["answer"] == "Six | are open."
        events = list(investigator.ask("t", "And now?"))
    assert [event for event in events if isinstance(event, ReportReady)]


def test_a_plain_answer_after_a_report_leaves_no_report_of_an_earlier_question(toolkit):
    graph = build_graph(model([REPORT]), toolkit, checkpointer=InMemorySaver())
    assert graph.invoke({"messages": [("user", "One?")]}, CONFIG)["report"]
    silent = build_graph(ScriptedModel(steps=[]), toolkit, checkpointer=graph.checkpointer)
    done = silent.invoke({"messages": [("user", "Two?")]}, CONFIG)
    assert done["report"] is None
    assert done["messages"][-1].text == "I have nothing more to say."


def test_a_text_after_a_write_is_a_report_that_names_the_write(toolkit, tmp_path):
    with open_investigator(model(BUG), toolkit, path=tmp_path / "threads.sqlite") as investigator:
        [question] = [event for event in investigator.ask("t", "File it.") if isinstance(event, ApprovalAsked)]
        events = list(investigator.answer("t", question.interrupt_id, {"decisions": [YES]}))
    report = report_of(events)
    assert report["coverage"]["written"]
    assert not [event for event in events if isinstance(event, ModelAnswered)]
