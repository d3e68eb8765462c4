"""What a model may put into a call and nobody can store or send: the model is told, and the thread goes on."""

import json
import math

import pytest
from agent_decisions import asked, edit
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, RemoveMessage
from langchain_core.messages.tool import tool_call_chunk
from langgraph.errors import EmptyInputError

from azure_devops_agents.evidence.storable import storable
from azure_devops_agents.investigation.events import ReportReady
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.investigation.turns.messages import join_message
from azure_devops_agents.models.scripted import Call, ScriptedModel

REPORT = Call.to("write_report", answer="Done.", verdict="answered")
DEEP = json.loads("[" * 800 + "]" * 800)
HOSTILE = {
    "half a character": "a\ud800",
    "NUL": "\0",
    "2^70": 2**70,
    "NaN": math.nan,
    "infinity": -math.inf,
    "800 levels": DEEP,
    "2 MB": "x" * (2 * 1024 * 1024),
    "a key that is half a character": {"\udfff": 1},
}
TOOLS = {
    "list_projects": "cursor",
    "create_work_item": "title",
    "read_evidence": "id",
    "write_report": "answer",
    "no_such_tool": "x",
}
JSON_TEXTS = [
    '{"cursor": "\\ud800"}', '{"cursor": NaN}', '{"cursor": -Infinity}', '{"cursor": 1e999}', '{"\\udc00": 1}',
    '{"cursor": 1180591620717411303424}', '{"cursor": "\\u0000"}', "[" * 3000, "[1]", '"text"', '{"cursor": "\ud800"}',
    '{"cursor": ' + "[" * 900 + "]" * 900 + "}", '{"cursor": "' + "x" * 2_000_000 + '"}',
    '{"cursor": ' + "9" * 5000 + "}",
]  # fmt: skip


def answers(investigator):
    return [str(message.content) for message in investigator.state("t")["messages"] if message.type == "tool"]


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_the_model_is_told_and_the_thread_is_stored(toolkit, organization, tmp_path, tool, hostile):
    call = Call(name=tool, arguments={"type": "Bug", TOOLS[tool]: HOSTILE[hostile]})
    path = tmp_path / "threads.sqlite"
    with open_investigator(ScriptedModel(steps=[[call], [REPORT]]), toolkit, path=path) as investigator:
        events = list(investigator.ask("t", "Look."))
        state = investigator.state("t")
        [first, _] = answers(investigator)
    assert [event.report["answer"] for event in events if isinstance(event, ReportReady)] == ["Done."]
    assert not state["failure"]
    assert first.startswith("[invalid InvalidRequest arguments]\nThe arguments cannot be used: ")
    for message in state["messages"]:
        message.model_dump_json().encode()
        assert len(message.model_dump_json()) < 20_000
    assert not any(item.title in {"a", "\ufffd"} for item in organization.work_items)


@pytest.mark.parametrize("name", ["list\ud800", "\0", "x" * 100_000])
def test_an_odd_name_of_a_tool_is_refused(toolkit, tmp_path, name):
    script = ScriptedModel(steps=[[Call(name=name, arguments={})], [REPORT]])
    with open_investigator(script, toolkit, path=tmp_path / "threads.sqlite") as investigator:
        assert isinstance(list(investigator.ask("t", "Look."))[-1], ReportReady)
        assert answers(investigator)[0].startswith("E1:\n[invalid InvalidRequest")
        assert len(answers(investigator)[0]) < 2_000


@pytest.mark.parametrize("text", JSON_TEXTS, ids=lambda text: ascii(text[:40]))
def test_streamed_arguments_that_cannot_be_used_are_malformed(text):
    middle = len(text) // 2
    first = tool_call_chunk(name="list\ud800", args=text[:middle], id="c\ud800", index=0)
    chunks = [
        AIMessageChunk("", tool_call_chunks=[first]),
        AIMessageChunk("x\ud83d", tool_call_chunks=[tool_call_chunk(args=text[middle:], index=0)]),
        AIMessageChunk("\ude00\ud800"),
    ]
    message = join_message(chunks, [], lambda value: value)
    assert message.content == "x\U0001f600\ufffd"
    assert message.tool_calls == []
    [malformed] = message.invalid_tool_calls
    assert malformed["name"] == "list\ufffd"
    message.model_dump_json().encode()
    assert len(malformed["args"]) <= 2_000
    assert malformed["error"]


def test_good_arguments_stay_as_they_are():
    arguments = {"title": "Grüße \U0001f600", "ids": [1, 2**62], "fields": [{"name": "a", "value": "1"}]}
    message = AIMessage("", tool_calls=[{"name": "x", "args": arguments, "id": "1", "type": "tool_call"}])
    assert join_message([message], [], lambda value: value).tool_calls[0]["args"] == arguments


@pytest.mark.parametrize(
    "hostile", ["\ud800", 2**70, math.nan, DEEP, {"\ud800": 2**99}], ids=["half", "2^70", "NaN", "deep", "key"]
)
def test_a_persons_answer_that_cannot_be_stored_writes_nothing_and_ends_nothing(
    toolkit, organization, tmp_path, hostile
):
    write = Call.to("create_work_item", type="Bug", title="The gate is open")
    before = len(list(organization.work_items))
    for number, given in enumerate([
        edit(type="Bug", title=hostile),
        {"type": "reject", "message": hostile, "approver": hostile},
        {"type": hostile},
        hostile,
    ]):  # fmt: skip
        path = tmp_path / f"{number}.sqlite"
        with open_investigator(ScriptedModel(steps=[[write], [REPORT]]), toolkit, path=path) as investigator:
            question = asked(investigator.ask("t", "File it \ud800."))
            assert list(investigator.answer("t", question.interrupt_id, given))
    assert len(list(organization.work_items)) == before


def test_what_is_stored_is_whole_finite_and_shallow():
    odd = {"a\ud800": [2**64, -(2**64), math.nan, math.inf, True, None, 1.5], "deep": DEEP}
    kept = storable(odd)
    assert kept["a\ufffd"] == ["0x10000000000000000", "-0x10000000000000000", "nan", "inf", True, None, 1.5]
    json.dumps(kept, allow_nan=False, ensure_ascii=False).encode()


def test_a_message_id_that_the_thread_has_is_left_out():
    """With the same id the message would replace the earlier one, and with it the question or its budget."""
    before = [HumanMessage("What happened?", id="chatcmpl-0")]
    assert join_message([AIMessageChunk("One", id="chatcmpl-0")], before, lambda value: value).id is None
    assert join_message([AIMessage("One", id="chatcmpl-0")], before, lambda value: value).id is None
    assert join_message([AIMessage("One", id="chatcmpl-1")], before, lambda value: value).id == "chatcmpl-1"


def test_an_input_without_a_question_is_refused(toolkit):
    graph = build_graph(ScriptedModel(steps=[]), toolkit)
    with pytest.raises(EmptyInputError, match="no question"):
        graph.invoke({"messages": [RemoveMessage("__remove_all__")]})
    with pytest.raises(EmptyInputError, match="no question"):
        graph.invoke({"messages": [AIMessage("I was asked.")]})
