"""A known secret reaches no message, no evidence, no decision, no report and no file, however a model says it."""

import json
import sqlite3

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, InvalidToolCall
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.checkpoint.memory import InMemorySaver

from azure_devops_agents.cli.conversation import History
from azure_devops_agents.investigation.events import ApprovalAsked, ReportReady
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.investigation.turns.messages import join_message
from azure_devops_agents.models.scripted import KeylessModel
from langchain_azure_devops.text import PSEUDONYM

PLACE = {"project": "Payments", "repository": "checkout-service", "path": "/deploy/storage.env"}


class Repeating(KeylessModel):
    """A model that plays prepared messages."""

    description = "a model that repeats what it was told to"
    said: list[AIMessage]
    heard: list[str]

    def calls(self, messages, turn):
        raise NotImplementedError

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        self.heard.append(" ".join(f"{message.content} {getattr(message, 'tool_calls', '')}" for message in messages))
        turn = sum(isinstance(message, AIMessage) for message in messages)
        return ChatResult(generations=[ChatGeneration(message=self.said[turn])])


def call(name: str, number: int, **arguments) -> dict:
    return {"name": name, "args": arguments, "id": f"c{number}", "type": "tool_call"}


def report(text: str) -> AIMessage:
    return AIMessage(
        f"Here it is: {text}",
        tool_calls=[
            call("write_report", 90, answer=f"It is {text}.", verdict="answered",
                 observed=[{"statement": f"it says {text}", "evidence": ["E1"], "quote": text}])
        ],
    )  # fmt: skip


@pytest.fixture
def secret(toolkit) -> str:
    """A secret that the client knows, because a file names it."""
    tool = next(tool for tool in toolkit.get_tools() if tool.name == "read_repository_file")
    found = PSEUDONYM.search(tool.invoke({"type": "tool_call", "id": "1", "name": tool.name, "args": PLACE}).content)
    return toolkit.client.secrets.reveal(found[0])


def test_what_a_model_repeats_is_in_no_message_and_in_no_byte_of_any_file(toolkit, organization, secret, tmp_path):
    before = len(list(organization.work_items))
    said = [
        AIMessage(f"I will look for {secret}.", tool_calls=[call("search_code", 1, text=secret, project="Payments")]),
        AIMessage(
            [{"type": "text", "text": f"and {secret}"}],
            tool_calls=[
                call("create_work_item", 2, type="Bug", title=f"The key is {secret}", project="Platform"),
                call("read_evidence", 3, id="E1", contains=secret),
                call(f"no_tool_{secret}", 4, **{secret: [secret]}),
            ],
            invalid_tool_calls=[
                InvalidToolCall(name="list_builds", args=f'{{"branch": "{secret}', id="c5", error=secret)
            ],
            additional_kwargs={"reasoning": secret, "refusal": None},
        ),
        report(secret),
    ]
    model = Repeating(said=said, heard=[])
    with open_investigator(model, toolkit, path=tmp_path / "threads.sqlite") as investigator:
        events = list(investigator.ask("t", f"What is {secret}?"))
        waiting = [event for event in events if isinstance(event, ApprovalAsked)]
        state = investigator.state("t")
        evidence = investigator.evidence("t")
    assert not waiting
    assert len(list(organization.work_items)) == before
    shown = [event.report for event in events if isinstance(event, ReportReady)]
    assert "[secret:" in json.dumps(shown)
    texts = [*map(repr, events), *map(repr, state.values()), repr(evidence), *model.heard[1:]]
    assert not [text for text in texts if secret in text]
    with sqlite3.connect(tmp_path / "threads.sqlite") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if secret.encode() in path.read_bytes()]
    # The search was carried out with the secret itself, and found the file.
    assert "/deploy/storage.env" in evidence["E1"]["text"]
    assert "stands for a secret" in str([message.content for message in state["messages"]])


def test_a_stream_of_pieces_is_joined_before_it_is_redacted(toolkit, secret):
    half = len(secret) // 2
    pieces = [
        AIMessageChunk(
            f"a {secret[:half]}",
            tool_call_chunks=[{"name": "x", "args": f'{{"a": "{secret[:half]}', "id": "1", "index": 0}],
        ),
        AIMessageChunk(
            secret[half:], tool_call_chunks=[{"name": None, "args": f'{secret[half:]}"}}', "id": None, "index": 0}]
        ),
    ]
    whole = join_message(pieces, [], toolkit.client.secrets.redact_value)
    assert secret not in repr(whole)
    assert toolkit.client.secrets.reveal(whole.tool_calls[0]["args"]["a"]) == secret


def test_what_becomes_known_later_is_replaced_in_what_was_stored_before(toolkit, unread_secret):
    said = [
        AIMessage(f"first {unread_secret}", tool_calls=[call("list_projects", 1)]),
        AIMessage("then", tool_calls=[call("read_repository_file", 2, **PLACE)]),
        AIMessage(f"now {unread_secret}", tool_calls=[call("list_projects", 3)]),
        report("nothing"),
    ]
    model = Repeating(said=said, heard=[])
    graph = build_graph(model, toolkit, checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}
    graph.invoke({"messages": [HumanMessage(f"about {unread_secret}")]}, config)
    state = graph.get_state(config).values
    assert unread_secret in model.heard[0]
    assert unread_secret not in model.heard[2]
    assert unread_secret not in repr(state)
    assert next(each.content for each in state["messages"] if isinstance(each, AIMessage)).startswith("first [secret:")


def test_a_failure_of_the_model_is_redacted_before_it_is_cut(toolkit, secret):
    class Failing(Repeating):
        def _generate(self, messages, stop=None, run_manager=None, **kwargs):
            raise RuntimeError("x" * (300 - len(secret) // 2) + secret)

    graph = build_graph(Failing(said=[], heard=[]), toolkit, checkpointer=InMemorySaver())
    state = graph.invoke({"messages": [HumanMessage("x")]}, {"configurable": {"thread_id": "t"}})
    assert secret[:10] not in repr(state)


def test_the_history_of_typed_lines_holds_no_known_secret(toolkit, secret, tmp_path):
    history = History(str(tmp_path / "history"), toolkit.client.secrets.redact)
    history.store_string(f"what about {secret} then")
    assert secret not in (tmp_path / "history").read_text()
