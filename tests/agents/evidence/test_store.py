"""The texts of evidence are in a store: the state has an index, and secrets that become known leave."""

import hashlib
import json
from datetime import UTC, datetime

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.store.memory import InMemoryStore
from langgraph.store.sqlite.aio import AsyncSqliteStore

from azure_devops_agents.evidence.record import evidence_of_text, index_entry
from azure_devops_agents.evidence.storable import storable
from azure_devops_agents.evidence.store import EvidenceTexts
from azure_devops_agents.investigation.events import ReportReady
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.investigation.state import State
from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_agents.threads.opening import open_threads

LIST = Call.to("list_pull_requests")
REPORT = Call.to("write_report", answer="Done.", verdict="answered")
FILE = Call.to("read_repository_file", project="Payments", repository="checkout-service", path="/deploy/storage.env")
THREAD = {"configurable": {"thread_id": "a.b/%c"}}
ASKED = {"messages": [("user", "?")]}


def model(*steps):
    return ScriptedModel(steps=[step if isinstance(step, list) else [step] for step in steps])


def texts_of(store, namespace_prefix=()):
    return {item.key: item.value.get("text") for item in store.search(namespace_prefix, limit=1000)}


def entry_of(text):
    return {"digest": hashlib.sha256(text.encode()).hexdigest(), "size": len(text)}


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_the_state_holds_an_index_and_the_store_the_texts(toolkit, asynchronous):
    store, saver = InMemoryStore(), InMemorySaver()
    again = Call.to("read_evidence", id="E2", contains="build")
    steps = [[LIST, Call.to("list_builds")], again, REPORT]
    graph = build_graph(model(*steps), toolkit, checkpointer=saver, store=store)
    state = await graph.ainvoke(ASKED, THREAD) if asynchronous else graph.invoke(ASKED, THREAD)
    texts = texts_of(store)
    assert len(texts) == 2
    for entry in state["evidence"].values():
        assert "text" not in entry
        assert len(texts[entry["digest"]]) == entry["size"] > 100
        assert hashlib.sha256(texts[entry["digest"]].encode()).hexdigest() == entry["digest"]
        assert entry["read"].endswith("Z")
        assert entry["urls"]["pattern"].startswith(toolkit.client.settings.base_url)
    assert "E2, list_builds:" in str([message.content for message in state["messages"]])
    assert json.loads(json.dumps(state["evidence"])) == state["evidence"]


async def test_a_graph_around_it_without_a_store_changes_nothing(toolkit):
    inner = build_graph(model(LIST, Call.to("read_evidence", id="E1"), REPORT), toolkit)
    outer = StateGraph(State).add_node("inner", inner).add_edge(START, "inner").compile()
    state = await outer.ainvoke(ASKED)
    assert "E1, list_pull_requests" in str([message.content for message in state["messages"]])


def test_a_secret_that_becomes_known_later_leaves_the_stored_texts(toolkit, unread_secret):
    store = InMemoryStore()
    texts, before = EvidenceTexts(store, THREAD["configurable"]["thread_id"]), f"it says {unread_secret}"
    texts.save([before])
    graph = build_graph(model(FILE, REPORT), toolkit, checkpointer=InMemorySaver(), store=store)
    graph.invoke(ASKED, THREAD)
    assert unread_secret not in repr(texts_of(store))
    assert texts.load({"E9": entry_of(before)})["E9"].startswith("it says [secret:")


def test_an_older_checkpoint_finds_the_text_without_the_secret():
    texts = EvidenceTexts(InMemoryStore(), "t")
    texts.save(["the key is hunter2", "nothing here"])
    entries = {"E1": entry_of("the key is hunter2"), "E2": entry_of("nothing here")}
    places = texts.clear(lambda text: text.replace("hunter2", "[secret:key:1]"))
    assert list(places) == [entries["E1"]["digest"]]
    assert texts.load(entries) == {"E1": "the key is [secret:key:1]", "E2": "nothing here"}
    assert texts.load({"E1": places[entries["E1"]["digest"]]}) == {"E1": "the key is [secret:key:1]"}
    assert "hunter2" not in repr(texts_of(texts.store))
    assert texts.clear(lambda text: text.replace("hunter2", "x")) == {}


def test_what_somebody_changed_in_the_store_is_no_evidence():
    store = InMemoryStore()
    texts = EvidenceTexts(store, "t")
    texts.save(["build 17 failed"])
    entry = entry_of("build 17 failed")
    store.put(texts.namespace, entry["digest"], {"text": "build 17 was green"})
    assert texts.load({"E1": entry}) == {"E1": ""}
    store.put(texts.namespace, entry["digest"], {"replaced_by": entry["digest"]})
    assert texts.load({"E1": entry}) == {"E1": ""}


@pytest.mark.parametrize("thread", ["", "a.b", "langgraph", "ä\udc80\0", "%_*", "x" * 5000])
def test_any_name_of_a_thread_has_a_place_of_its_own(thread):
    store = InMemoryStore()
    mine, other = EvidenceTexts(store, thread), EvidenceTexts(store, f"{thread}x")
    mine.save(["text"] + [str(number) for number in range(120)])
    other.save(["text"])
    assert mine.load({"E1": entry_of("text")}) == {"E1": "text"}
    mine.delete()
    assert mine.load({"E1": entry_of("text")}) == {"E1": ""}
    assert list(texts_of(store).values()) == ["text"]


def test_what_no_store_takes_is_replaced():
    hostile = {"a\0": ["\ud800", 2**70, float("nan"), b"\xff\0", "\ud83d\ude00", {"deep": float("-inf")}]}
    kept = storable(hostile)
    assert kept == {"a�": ["�", hex(2**70), "nan", "��", "😀", {"deep": "-inf"}]}
    json.dumps(kept, allow_nan=False).encode()


def test_a_secret_that_another_thread_brought_to_light_leaves_the_texts_of_this_one(toolkit, unread_secret):
    tool = next(tool for tool in toolkit.get_tools() if tool.name == "read_repository_file")
    store, saver = InMemoryStore(), InMemorySaver()
    graph = build_graph(model(LIST, REPORT, LIST, REPORT), toolkit, checkpointer=saver, store=store)
    graph.invoke(ASKED, THREAD)
    EvidenceTexts(store, THREAD["configurable"]["thread_id"]).save([f"it says {unread_secret}"])
    toolkit.client.secrets.redact(f"AccountKey={unread_secret}")
    tool.invoke({"type": "tool_call", "id": "2", "name": tool.name, "args": FILE.arguments})
    graph.invoke(ASKED, THREAD)
    assert unread_secret not in repr(texts_of(store))


async def test_a_store_that_only_works_asynchronously_is_used_so_in_every_node(toolkit, tmp_path):
    steps = [[LIST, Call.to("list_builds")], Call.to("read_evidence", id="E1", contains="Paginate"), REPORT]
    async with AsyncSqliteStore.from_conn_string(str(tmp_path / "evidence.sqlite")) as store:
        await store.setup()
        graph = build_graph(model(*steps), toolkit, checkpointer=InMemorySaver(), store=store)
        state = await graph.ainvoke(ASKED, THREAD)
        texts = await EvidenceTexts(store, THREAD["configurable"]["thread_id"]).aload(state["evidence"])
    assert [len(text) for text in texts.values()] == [entry["size"] for entry in state["evidence"].values()]
    assert "Paginate the shipment search" in texts["E1"]
    assert "E1, list_pull_requests:" in str([message.content for message in state["messages"]])


async def test_texts_are_deleted_and_cleared_without_blocking():
    texts = EvidenceTexts(InMemoryStore(), "t")
    await texts.asave(["the key is hunter2", "other"])
    assert len(await texts.aclear(lambda text: text.replace("hunter2", "x"))) == 1
    assert await texts.aload({"E1": entry_of("the key is hunter2")}) == {"E1": "the key is x"}
    await texts.adelete()
    assert texts_of(texts.store) == {}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_every_text_can_be_stored_in_every_database(kind, request, tmp_path):
    place = {"path": tmp_path / "t"} if kind == "sqlite" else {"database": request.getfixturevalue("postgres_url")}
    hostile = "a\0b \ud800 \ud83d\ude00 ##vso[x]"
    answer = evidence_of_text("E1", {"id": "c", "name": "t", "args": {"a\0": hostile}}, "ok", hostile, "")
    entry, text = index_entry(answer, datetime(2026, 1, 1, tzinfo=UTC))
    threads = open_threads(**place)
    try:
        texts = EvidenceTexts(threads.store, "thread \ud800\0")
        texts.save([text])
        assert texts.load({"E1": entry}) == {"E1": "a\ufffdb \ufffd 😀 ##vso[x]"}
        assert entry["arguments"] == {"a\ufffd": "a\ufffdb \ufffd 😀 ##vso[x]"}
    finally:
        threads.close()


class Failing(ScriptedModel):
    def calls(self, messages, turn):
        raise RuntimeError("no \0 model \ud800")


def test_a_failure_of_the_model_that_no_database_stores_as_it_is_ends_with_a_report(toolkit, postgres_url):
    with open_investigator(Failing(steps=[]), toolkit, database=postgres_url) as investigator:
        events = list(investigator.ask("t", "What \0 now \ud800?"))
        assert "The model failed: RuntimeError: no" in investigator.state("t")["report"]["answer"]
    assert isinstance(events[-1], ReportReady)
