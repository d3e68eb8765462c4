"""A toolkit with a hundred further tools: the model sees what fits, and finds the others by words."""

import json
import re

import pytest
from agent_tokens import FULL, READ_SCOPES, READER
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver

from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import Investigator
from azure_devops_evals.live.openai_server import OpenAIServer, Turn
from langchain_azure_devops import AzureDevOps, AzureDevOpsToolkit, Result, Scope, Toolset

REPORT = Turn(calls=[("write_report", json.dumps({"answer": "Done.", "verdict": "answered"}))])


class Crane(Result):
    singular, plural = "crane", "cranes"

    id: int


def harbour(count):
    """A toolset with many tools that read, and one that writes."""
    toolset = Toolset.named("harbour", "Look after the harbour.")
    for number in range(count):

        async def read(client: AzureDevOps, *, berth: str, tide: str = "", note: str = "") -> Crane:
            return Crane(id=7)

        read.__name__ = f"inspect_crane_{number:03}"
        read.__doc__ = f"Inspect crane number {number:03} and its {'hydraulic' if number == 42 else 'plain'} pump."
        toolset.read(Scope.CODE)(read)

    @toolset.write(Scope.WORK_WRITE, sends="POST /_apis/cranes")
    async def lower_crane(client: AzureDevOps, *, berth: str) -> Crane:
        """Lower a crane into the water."""
        raise AssertionError

    return toolset


@pytest.fixture
def ask(server):
    def run(*turns, token=FULL, scopes="app_token", count=100):
        settings = {"base_url": server.base_url, "pat": token, "default_project": "Platform", "scopes": scopes}
        with AzureDevOpsToolkit(**settings, extra=[harbour(count)]) as toolkit, OpenAIServer([*turns, REPORT]) as local:
            model = ChatOpenAI(model="local", base_url=local.base_url, api_key="made-up", max_retries=0)
            state = build_graph(model, toolkit).invoke({"messages": [("user", "Is the crane safe?")]})
        return state, local.requests

    return run


def offered(request):
    return [tool["function"]["name"] for tool in request["tools"]]


def find(words):
    return Turn(calls=[("find_tools", json.dumps({"words": words}))])


def schema_tokens(request):
    return sum(len(json.dumps(tool)) for tool in request["tools"]) / 4


def test_the_model_sees_the_default_set_and_the_search_and_what_it_found_from_the_next_turn_on(ask):
    crane = ("inspect_crane_042", json.dumps({"berth": "North"}))
    state, requests = ask(find("hydraulic pumps of cranes"), Turn(calls=[crane]))
    names = [offered(request) for request in requests]
    assert {"list_pull_requests", "find_tools", "read_evidence", "write_report"} <= set(names[0])
    assert not any(name.startswith("inspect_crane") for name in names[0])
    assert "inspect_crane_042" in names[1]
    assert "- inspect_crane_042: Inspect crane number 042" in str(requests[1]["messages"][-1]["content"])
    assert state["evidence"]["E1"]["tool"] == "inspect_crane_042"
    assert state["report"]["usage"]["calls"] == 1
    assert max(map(schema_tokens, requests)) <= 6_000


def test_what_was_found_longest_ago_goes_when_there_is_no_room(ask):
    searches = [find(f"{number:03}") for number in range(18)]
    _, requests = ask(*searches)
    assert max(map(schema_tokens, requests)) <= 6_000
    last = str(requests[-1]["messages"][-1]["content"])
    told = re.search(r"left out: (.*?)\.", last)
    assert "inspect_crane_000" in told[1].split(", ")
    assert not set(told[1].split(", ")) & set(offered(requests[-1]))
    assert "left out" not in str(requests[1]["messages"][-1]["content"])
    assert "inspect_crane_000" in offered(requests[1])
    assert "inspect_crane_000" not in offered(requests[-1])
    assert "inspect_crane_017" in offered(requests[-1])
    # The default set stays, in its order, so that the beginning of what is sent stays the same.
    first = [name for name in offered(requests[0]) if name in offered(requests[-1])]
    assert [name for name in offered(requests[-1]) if name in first] == first


def test_a_tool_that_the_token_does_not_allow_is_named_with_the_scope_and_not_offered(ask):
    _, requests = ask(find("lower a crane"), token=READER, scopes=READ_SCOPES)
    answer = str(requests[1]["messages"][-1]["content"])
    assert "- lower_crane: " in answer.split("left out")[1]
    assert "vso.work_write" in answer
    assert "lower_crane" not in offered(requests[1])


def test_a_search_says_which_tools_are_there_already(ask):
    _, requests = ask(find("code of builds and logs, crane 042"))
    new, known = str(requests[1]["messages"][-1]["content"]).split("You have these tools already:")
    assert "inspect_crane" in new.split("from the next turn on:")[1]
    assert {f"- {name}: " for name in ("get_build_log", "get_build")} <= set(re.findall(r"- \w+: ", known))
    assert "inspect_crane" not in known
    assert set(re.findall(r"- (\w+): ", known)) <= set(offered(requests[0]))


def test_the_prompt_names_the_search_only_where_it_is_offered(ask):
    for count, offers in ((2, False), (100, True)):
        _, requests = ask(count=count)
        assert ("find_tools" in offered(requests[0])) is offers
        assert ("find_tools finds tools that you do not see yet: harbour" in str(requests[0]["messages"])) is offers


def test_where_all_tools_fit_all_are_seen(ask):
    _, requests = ask(count=2)
    assert {"inspect_crane_000", "inspect_crane_001", "lower_crane"} <= set(offered(requests[0]))
    assert "find_tools" not in offered(requests[0])


class Anthropic(ChatAnthropic):
    """Keeps what would be sent to Anthropic, and says one turn after another."""

    turns: list[tuple[str, str]]
    requests: list[dict[str, object]]

    def _stream(self, messages, stop=None, run_manager=None, *, stream_usage=None, **options):
        self.requests.append(self._get_request_payload(messages, stop=stop, **options))
        name, arguments = self.turns[len(self.requests) - 1]
        said = AIMessageChunk("", tool_call_chunks=[tool_call_chunk(name=name, args=arguments, id="a", index=0)])
        yield ChatGenerationChunk(message=said)


@pytest.mark.parametrize("count", [1, 100], ids=["all fit", "one is found"])
def test_a_provider_with_a_search_of_its_own_shows_the_model_every_tool_that_is_sent(server, count):
    turns = [("find_tools", json.dumps({"words": "crane number 000"})), *REPORT.calls]
    model = Anthropic(model="claude-sonnet-4-5", api_key="made-up", turns=turns, requests=[])
    with AzureDevOpsToolkit.connect(
        base_url=server.base_url, pat=FULL, default_project="Platform", toolsets="all", extra=[harbour(count)]
    ) as toolkit:
        build_graph(model, toolkit).invoke({"messages": [("user", "Is the crane safe?")]})
    tools = {tool["name"]: tool for tool in model.requests[-1]["tools"]}
    assert "inspect_crane_000" in tools
    assert [name for name, tool in tools.items() if tool.get("defer_loading")] == []


@pytest.fixture
def ask_all(server):
    def run(*turns, **options):
        with (
            AzureDevOpsToolkit.connect(base_url=server.base_url, toolsets="all", **options) as toolkit,
            OpenAIServer([*turns, REPORT]) as local,
        ):
            model = ChatOpenAI(model="local", base_url=local.base_url, api_key="made-up", max_retries=0)
            state = build_graph(model, toolkit).invoke({"messages": [("user", "Who wrote line 13 of settings.py?")]})
        return state, local.requests

    return run


def test_a_question_that_needs_a_tool_outside_of_the_default_set_is_answered_with_it(ask_all):
    place = {"repository": "platform-api", "path": "/src/platform_api/settings.py"}
    turns = [find("who changed this line"), Turn(calls=[("blame_file", json.dumps(place))])]
    state, requests = ask_all(*turns, pat=FULL, default_project="Platform")
    assert "blame_file" not in offered(requests[0])
    assert "blame_file" in offered(requests[1])
    assert "history" in re.search(r"do not see yet: (.*)\.", str(requests[0]["messages"]))[1]
    assert state["evidence"]["E1"]["tool"] == "blame_file"
    assert "PAGE_SIZE = 50" in str(requests[2]["messages"][-1])
    assert max(map(schema_tokens, requests)) <= 6_000


def test_a_token_that_only_reads_finds_no_tool_that_writes(ask_all):
    _, requests = ask_all(find("delete a branch"), pat=READER, scopes=READ_SCOPES)
    answer = str(requests[1]["messages"][-1]["content"])
    assert "- delete_branch: the token" in answer.split("left out")[1]
    assert "vso.code_write" in answer
    assert "delete_branch" not in offered(requests[1])
    # What the token does not allow takes no room from what it allows.
    assert len(set(offered(requests[1])) - set(offered(requests[0]))) == 4


def test_words_that_fit_nothing_say_so(ask):
    _, requests = ask(find("zeppelin"))
    assert "No tool is about 'zeppelin'" in str(requests[1]["messages"][-1]["content"])


def test_a_write_that_was_found_is_approved_like_any_other(server):
    tool = ("lower_crane", json.dumps({"berth": "North"}))
    turns = [find("lower a crane"), Turn(calls=[tool]), REPORT]
    with (
        AzureDevOpsToolkit.connect(base_url=server.base_url, pat=FULL, toolsets="all", extra=[harbour(100)]) as toolkit,
        OpenAIServer(turns) as local,
    ):
        model = ChatOpenAI(model="local", base_url=local.base_url, api_key="made-up", max_retries=0)
        investigator = Investigator(build_graph(model, toolkit, checkpointer=InMemorySaver()))
        list(investigator.ask("harbour", "Lower the crane."))
        asked = investigator.pending("harbour")
        assert [view["tool"] for view in asked.views] == ["lower_crane"]
        list(investigator.answer("harbour", asked.interrupt_id, {"decisions": [{"type": "reject"}]}))
        assert "lower_crane" not in offered(local.requests[0])
        assert "lower_crane" in offered(local.requests[1])
        assert "lower_crane" in str(investigator.state("harbour")["report"]["coverage"]["not_written"])
