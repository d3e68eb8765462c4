"""Models: which one is opened, what the keyless ones say they are, and answers that no model should give."""

import json

import pytest
from agent_decisions import report_of
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI

from azure_devops_agents.investigation.events import ApprovalAsked
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.investigation.state import answer_every_call
from azure_devops_agents.investigation.turns.messages import find_refusal, join_message
from azure_devops_agents.models.offline import OfflineModel
from azure_devops_agents.models.providers import open_model
from azure_devops_agents.models.scripted import Call, ScriptedModel, UnknownQuestion
from azure_devops_evals.live.openai_server import OpenAIServer, Turn
from langchain_azure_devops.errors import InvalidRequest

REPORT = ("write_report", json.dumps({"answer": "Done.", "verdict": "answered"}))
LIST = ("list_pull_requests", "{}")


@pytest.fixture
def keyless(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    return monkeypatch


@pytest.fixture
def ask(toolkit, tmp_path):
    def run(*turns, **options):
        with OpenAIServer(turns) as server:
            model = ChatOpenAI(model="local", base_url=server.base_url, api_key="made-up", **options)
            with open_investigator(model, toolkit, path=tmp_path / "t.sqlite") as investigator:
                return list(investigator.ask("t", "?")), investigator.state("t")

    return run


def test_without_a_key_the_offline_model_answers(keyless):
    assert isinstance(open_model(None), OfflineModel)


def test_a_server_of_one_s_own_needs_no_key(keyless):
    keyless.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert isinstance(open_model(None), ChatOpenAI)


def test_openai_without_a_key_says_what_is_missing(keyless):
    with pytest.raises(InvalidRequest, match="OPENAI_API_KEY"):
        open_model("openai:gpt-5-mini")


def test_keyless_models_say_what_they_are():
    assert "script" in ScriptedModel(steps=[]).description
    assert "no language model" in OfflineModel().description


async def test_a_script_plays_in_every_way():
    model = ScriptedModel(steps=[[Call.to("a", x=1), Call.to("b")]])
    whole = model.invoke("?").tool_calls
    assert [(call["name"], call["args"]) for call in whole] == [("a", {"x": 1}), ("b", {})]
    streamed = [part async for part in model.bind_tools([]).astream("?")]
    assert (await model.ainvoke("?")).tool_calls == whole == streamed[0].tool_calls


def test_a_question_nobody_understands_leaves_nothing_to_go_on_with(toolkit, tmp_path):
    with open_investigator(OfflineModel(), toolkit, path=tmp_path / "t.sqlite") as investigator:
        with pytest.raises(UnknownQuestion):
            list(investigator.ask("t", "What is the meaning of life?"))
        assert list(investigator.resume("t")) == []
        assert report_of(investigator.ask("t", "Which projects are there?"))["verdict"] == "answered"


@pytest.mark.parametrize("whole", [False, True])
def test_a_server_that_repeats_its_ids_is_understood(ask, whole):
    events, state = ask(Turn(calls=[LIST]), Turn(calls=[LIST]), Turn(calls=[REPORT]), disable_streaming=whole)
    assert report_of(events)["answer"] == "Done."
    assert len(state["evidence"]) == 2


@pytest.mark.parametrize("arguments", ["[]", "null", '"x"', "3"])
def test_arguments_that_are_no_object_are_answered(ask, arguments):
    events, state = ask(Turn(calls=[("list_pull_requests", arguments)]), Turn(calls=[REPORT]))
    assert report_of(events)["answer"] == "Done."
    assert "must be a JSON object" in str(state["messages"][2].content)


def test_a_write_with_cut_arguments_is_not_asked(ask):
    events, _ = ask(Turn(calls=[("create_work_item", '{"type": "Bug", "tit')]), Turn(calls=[REPORT]))
    assert [event for event in events if isinstance(event, ApprovalAsked)] == []
    assert report_of(events)["answer"] == "Done."


def test_a_refusal_is_found_beside_and_inside_the_content():
    assert find_refusal(AIMessage("", additional_kwargs={"refusal": "No."})) == "No."
    assert find_refusal(AIMessage([{"type": "refusal", "refusal": "No."}])) == "No."
    assert find_refusal(AIMessage("Yes.")) is None


def test_calls_that_a_dead_process_left_are_answered_for_the_provider():
    call = {"name": "list_builds", "args": {}, "id": "c1", "type": "tool_call"}
    done = {**call, "id": "c2"}
    messages = [HumanMessage("?"), AIMessage("", tool_calls=[call, done]), ToolMessage("x", tool_call_id="c2")]
    whole = answer_every_call([*messages, HumanMessage("again?")])
    assert [message.type for message in whole] == ["human", "ai", "tool", "tool", "human"]
    assert {message.tool_call_id for message in whole if isinstance(message, ToolMessage)} == {"c1", "c2"}


def test_ids_of_one_answer_are_made_different():
    call = {"name": "a", "args": {}, "id": "c", "type": "tool_call"}
    message = join_message(
        [AIMessage("", tool_calls=[call, call])], [AIMessage("", tool_calls=[call])], lambda value: value
    )
    assert len({"c", *(call["id"] for call in message.tool_calls)}) == 3
