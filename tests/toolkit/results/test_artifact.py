"""The data beside a text: status, completeness and how to go on, the same before and after a checkpointer."""

import json
from typing import Annotated, TypedDict

import httpx
import jsonschema
import pytest
from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode
from tool_calls import FULL, READ, connected, seed_with_tokens

from azure_devops_simulator import Fault, SimulatorServer
from langchain_azure_devops import TOOLS, AzureDevOps
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.results.models import Failed, Page, Position, Result
from langchain_azure_devops.results.provenance import origins

KEYS = {
    "type", "status", "complete", "next", "gaps", "final", "total", "notes", "failed", "origins", "urls", "caption",
    "lines", "data", "looked_in"
}  # fmt: skip
CALLS = [(name, number) for name, tool in TOOLS.items() for number in range(len(tool.examples))]


class State(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


@pytest.fixture(scope="module")
def server():
    with SimulatorServer(seed_with_tokens()) as running:
        yield running


@pytest.fixture(scope="module")
def reader(server):
    with connected(server.base_url, READ) as client:
        yield client


def call_of(name, arguments):
    return {"type": "tool_call", "id": "1", "name": name, "args": dict(arguments)}


def answer(client, name, /, **arguments) -> ToolMessage:
    return bind(TOOLS[name], client).invoke(call_of(name, arguments))


def data(client, name, /, **arguments):
    return answer(client, name, **arguments).artifact


@pytest.mark.parametrize(("name", "number"), CALLS)
def test_an_artifact_is_plain_json_and_survives_a_checkpointer(name, number, reader, tmp_path):
    tool, client, opened = TOOLS[name], reader, []
    if tool.access == "write":
        opened = [SimulatorServer(seed_with_tokens()).__enter__()]
        client = connected(opened[0].base_url, FULL)
    try:
        message = answer(client, name, **tool.examples[number])
    finally:
        for each in opened:
            client.close()
            each.__exit__(None, None, None)
    assert message.status == "success"
    assert set(message.artifact) == KEYS
    assert json.loads(json.dumps(message.artifact)) == message.artifact
    jsonschema.validate(message.artifact, tool.output_schema, format_checker=jsonschema.FormatChecker())
    assert stored(message, tmp_path).artifact == message.artifact


@pytest.mark.parametrize("name", TOOLS)
def test_an_output_schema_is_valid_and_requires_every_field(name):
    schema = TOOLS[name].output_schema
    jsonschema.Draft202012Validator.check_schema(schema)
    assert set(schema["required"]) == set(schema["properties"]) == KEYS
    assert not {"title", "description"} & set(schema)


def stored(message, tmp_path) -> ToolMessage:
    """The message as another process reads it out of the thread."""
    graph = StateGraph(State).add_node("tools", lambda _: {"messages": [message]}).add_edge(START, "tools")
    config = {"configurable": {"thread_id": "1"}}
    with SqliteSaver.from_conn_string(str(tmp_path / "thread.sqlite")) as saver:
        graph.compile(checkpointer=saver).invoke({"messages": []}, config)
    with SqliteSaver.from_conn_string(str(tmp_path / "thread.sqlite")) as saver:
        return graph.compile(checkpointer=saver).get_state(config).values["messages"][-1]


def test_a_page_says_how_to_go_on_and_the_next_one_follows(reader):
    seen, arguments = [], {"limit": 7}
    while True:
        page = data(reader, "list_builds", **arguments)
        seen += [row["id"] for row in page["data"]]
        assert page["complete"] == (page["next"] is None)
        assert page["status"] == ("ok" if page["complete"] else "partial")
        assert not page["gaps"]
        if page["next"] is None:
            break
        arguments = {"limit": 7, **page["next"]}
    assert seen == [row["id"] for row in data(reader, "list_builds", limit=1000)["data"]]


def test_a_page_cut_to_a_budget_goes_on_after_its_last_row(reader):
    whole = data(reader, "list_pull_requests", status="all")
    bound = bind(TOOLS["list_pull_requests"], reader, budget=3_200)
    first = bound.invoke(call_of("list_pull_requests", {"status": "all"})).artifact
    rest = data(reader, "list_pull_requests", status="all", **first["next"])
    assert len(first["data"]) < len(whole["data"])
    assert [*first["data"], *rest["data"]] == whole["data"]
    assert (first["status"], rest["status"]) == ("partial", "ok")


def test_a_record_that_lacks_what_its_schema_requires_does_not_fit(reader):
    artifact = data(reader, "get_work_item", ids=[4])
    fits = jsonschema.Draft202012Validator(TOOLS["get_work_item"].output_schema).is_valid
    assert fits(artifact)
    for name in KEYS:
        assert not fits({key: value for key, value in artifact.items() if key != name})
    assert not fits({**artifact, "more": 1})
    assert not fits({**artifact, "data": {"title": "no id"}})


def test_an_empty_page_is_empty_and_complete(reader, server):
    page = data(reader, "query_work_items", title="no such words")
    assert (page["status"], page["complete"], page["data"]) == ("empty", True, [])
    assert page["urls"] == {"list": f"{server.base_url}/Platform/_workitems"}


def test_lines_of_a_file_go_on_with_the_next_line(reader):
    whole = TOOLS["read_repository_file"].call_sync(reader, repository="platform-api", path="/data/ports.csv")
    bound = bind(TOOLS["read_repository_file"], reader, budget=2_000)
    arguments = {"repository": "platform-api", "path": "/data/ports.csv"}
    first = bound.invoke(call_of("read_repository_file", arguments)).artifact
    rest = data(reader, "read_repository_file", **arguments, **first["next"])
    assert whole.text.startswith(first["data"]["text"] + "\n" + rest["data"]["text"])
    assert (first["status"], first["gaps"], rest["gaps"]) == ("partial", False, True)
    assert whole.total_lines == first["total"]
    assert data(reader, "read_repository_file", repository="docs", path="/README.md")["status"] == "ok"


def test_a_search_in_a_log_that_shows_its_first_matches_says_where_to_go_on(reader):
    found = data(reader, "get_build_log", build=37, log=3, contains="e")
    assert found["status"] == "partial"
    again = data(reader, "get_build_log", build=37, log=3, contains="e", **found["next"])
    assert again["data"]["lines"] != found["data"]["lines"]


def test_a_part_that_could_not_be_read_is_named(server):
    organization = server.organization
    organization.faults.add(Fault("status", path="/changes", times=99))
    try:
        with connected(server.base_url, READ) as client:
            build = data(client, "get_build", ids=[37])
    finally:
        organization.faults.clear()
    assert (build["status"], build["complete"], build["gaps"]) == ("partial", False, True)
    assert [(part["place"], part["status"]) for part in build["failed"]] == [("commits", "unavailable")]


AT_LINE = "&line={{line}}&lineEnd={{end}}&lineStartColumn=1&lineEndColumn=1&lineStyle=plain"


@pytest.mark.parametrize(
    ("name", "arguments", "urls"),
    [
        ("list_projects", {}, {"pattern": "{base}/{{name}}", "list": "{base}"}),
        (
            "list_pull_requests",
            {},
            {"pattern": "{base}/Platform/_git/{{repository}}/pullrequest/{{id}}", "list": "{base}/Platform"},
        ),
        (
            "list_pull_requests",
            {"repository": "docs"},
            {
                "pattern": "{base}/Platform/_git/{{repository}}/pullrequest/{{id}}",
                "list": "{base}/Platform/_git/docs/pullrequests",
            },
        ),
        ("list_pull_requests", {"project": "My Shop"}, None),
        *(
            (f"list_pull_request_{what}", {"id": number}, {"list": "{base}/Platform/_git/" + page, **pattern})
            for what, number, page, pattern in (
                ("threads", 16, "docs/pullrequest/16", {}),
                ("work_items", 16, "docs/pullrequest/16", {}),
                (
                    "iterations",
                    9,
                    "platform-api/pullrequest/9",
                    {
                        "pattern": "{base}/Platform/_git/platform-api/pullrequest/9?_a=files&iteration={{iteration}}",
                    },
                ),
            )
        ),
        ("get_pull_request", {"ids": [16]}, {"url": "{base}/Platform/_git/docs/pullrequest/16"}),
        (
            "query_work_items",
            {},
            {"pattern": "{base}/_workitems/edit/{{id}}", "list": "{base}/Platform/_workitems"},
        ),
        ("get_build", {"ids": [37]}, {"url": "{base}/Platform/_build/results?buildId=37"}),
        (
            "read_repository_file",
            {"repository": "docs", "path": "/README.md", "version": "main"},
            {
                "url": "{base}/Platform/_git/docs?path=%2FREADME.md&version=GBmain",
                "lines": "{base}/Platform/_git/docs?path=%2FREADME.md&version=GBmain" + AT_LINE,
            },
        ),
        (
            "read_repository_file",
            {"repository": "docs", "path": "/README.md"},
            {
                "url": "{base}/Platform/_git/docs?path=%2FREADME.md",
                "lines": "{base}/Platform/_git/docs?path=%2FREADME.md" + AT_LINE,
            },
        ),
        (
            "list_repository_files",
            {"repository": "docs"},
            {"pattern": "{base}/Platform/_git/docs?path={{path}}", "list": "{base}/Platform/_git/docs"},
        ),
    ],
    ids=str,
)
def test_what_a_person_could_open_has_a_url(server, reader, name, arguments, urls):
    found = data(reader, name, **arguments)
    expected = urls and {kind: text.format(base=server.base_url) for kind, text in urls.items()}
    there = found.get("urls")
    without_parts = there and {kind: text for kind, text in there.items() if kind != "parts"}
    assert without_parts == expected


EVERYWHERE = [
    (name, {"text": "port", "project": "*"} if tool.parameters.model_fields.get("text") else {"project": "*"})
    for name, tool in TOOLS.items()
    if (project := tool.parameters.model_fields.get("project")) and project.description
]
"""Calls that look in every project; the description of the argument offers that."""


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *((name, example) for name, tool in TOOLS.items() if tool.access == "read" for example in tool.examples),
        *EVERYWHERE,
    ],
    ids=str,
)
def test_every_result_has_a_page(server, reader, name, arguments):
    urls = data(reader, name, **arguments)["urls"]
    assert (urls.get("url") or urls["list"]).startswith(server.base_url)


def test_a_line_of_a_log_has_a_page_with_its_step_and_job(server, reader):
    timeline = httpx.get(
        f"{server.base_url}/Platform/_apis/build/builds/35/timeline?api-version=7.1", auth=("", READ)
    ).json()["records"]
    [step] = [record for record in timeline if (record.get("log") or {}).get("id") == 5]
    for more in ({}, {"contains": "KeyError"}):
        urls = data(reader, "get_build_log", build=35, log=5, **more)["urls"]
        page = f"{server.base_url}/Platform/_build/results?buildId=35&view=logs&j={step['parentId']}&t={step['id']}"
        assert urls == {"url": page, "lines": page + "&l={line}"}


def test_a_part_of_a_record_has_a_page_of_its_own(server, reader):
    pages = f"{server.base_url}/Platform/_git"
    changed = data(reader, "get_pull_request", ids=[13], include=["files"])["urls"]["parts"]
    assert changed == {"files": f"{pages}/platform-api/pullrequest/13?_a=files&path={{path}}"}
    brought = data(reader, "get_build", ids=[35])["urls"]["parts"]
    assert brought == {"changes": f"{pages}/platform-api/commit/{{commit}}"}


@pytest.mark.parametrize(
    ("name", "arguments", "caption"),
    [
        ("get_work_item", {"ids": [4]}, "Bug 4"),
        ("get_pull_request", {"ids": [16]}, "pull request 16"),
        ("get_build_log", {"build": 35, "log": 5}, "log 5 of build 35"),
        ("read_repository_file", {"repository": "docs", "path": "/README.md"}, "/README.md in docs"),
        ("list_builds", {}, None),
    ],
)
def test_a_record_says_what_it_is_called(reader, name, arguments, caption):
    assert data(reader, name, **arguments)["caption"] == caption


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("read_repository_file", {"repository": "docs", "path": "/README.md", "first_line": 3}),
        ("get_build_log", {"build": 35, "log": 5, "first_line": 9}),
    ],
)
def test_a_line_of_the_text_is_a_line_of_the_source(reader, name, arguments):
    message = answer(reader, name, **arguments)
    lines, shown = message.artifact["lines"], message.artifact["data"]["text"].split("\n")
    assert lines["first"] == message.artifact["data"]["first_line"]
    text = message.text.split("\n")
    assert text[lines["at"] - 1 : lines["at"] - 1 + len(shown)] == shown


def test_a_line_of_a_table_is_a_row(reader):
    message = answer(reader, "list_builds")
    first = message.artifact["lines"]["at"] - 1
    for line, row in zip(message.text.split("\n")[first:], message.artifact["data"], strict=False):
        assert line.startswith(f"{row['id']}\t")


@pytest.mark.parametrize("choice", [{"contains": "KeyError"}, {}], ids=str)
def test_chosen_lines_of_a_log_begin_with_their_numbers(reader, choice):
    found = data(reader, "get_build_log", build=35, log=5, **choice)
    assert found["lines"] == {"at": 0, "first": 0}


MIXED = {"list_work_item_links"}
"""Lists of records of several kinds, of which only work items share a pattern: the others have their own pages."""


def test_a_text_holds_no_url_that_costs_tokens(reader, server):
    for name, number in CALLS:
        if TOOLS[name].access == "read":
            content = answer(reader, name, **TOOLS[name].examples[number]).content
            rows = [line for line in content.splitlines() if server.base_url in line]
            assert not rows or name in MIXED, name
            assert all("work_item:" not in row and row.count(server.base_url) == 1 for row in rows), name


# -- errors ----------------------------------------------------------------------------------------------------------


WRONG = {
    "status": "not_found",
    "class": "NotFound",
    "subject": "99999",
    "origins": [{"record": "error", "fields": ["message"], "by": "service", "author": "", "own": None}],
}


def test_an_error_has_an_artifact(reader, tmp_path):
    message = answer(reader, "get_pull_request", ids=[99999])
    assert (message.status, message.artifact, message.name) == ("error", WRONG, "get_pull_request")
    assert message.tool_call_id == "1"
    assert stored(message, tmp_path).artifact == WRONG


def test_an_error_has_an_origin_exactly_when_its_text_has_a_fence(reader):
    with AzureDevOps(reader.settings, read_only=True) as client:
        for name, arguments in (
            ("list_branches", {"repository": "x"}),
            ("create_work_item", {"type": "Bug", "title": "x"}),
        ):
            message = answer(client, name, **arguments)
            assert bool(message.artifact["origins"]) == ("<untrusted " in message.content) == (name == "list_branches")


def test_an_empty_page_has_an_origin_when_it_has_a_note_or_a_part_that_failed():
    page = Page[Result].of([], Position(), None, "")
    assert origins(page) == ()
    page.notes.append("Stopped early.")
    assert [origin.by for origin in origins(page)] == ["service"]
    page.failed.append(Failed(place="Platform", status="denied", reason="no"))
    assert [origin.record for origin in origins(page)] == ["failed", "note"]


async def test_an_error_has_an_artifact_without_blocking(reader):
    message = await bind(TOOLS["get_pull_request"], reader).ainvoke(call_of("get_pull_request", {"ids": [99999]}))
    assert (message.status, message.artifact) == ("error", WRONG)


def test_without_the_id_of_a_call_an_error_is_its_text(reader):
    told = bind(TOOLS["get_pull_request"], reader).invoke({"ids": [99999]})
    assert told.startswith("[not_found NotFound 99999]\n")


async def test_an_error_keeps_its_artifact_in_a_tool_node_and_in_an_agent(reader):
    tool = bind(TOOLS["get_pull_request"], reader)
    asked = AIMessage("", tool_calls=[call_of("get_pull_request", {"ids": [99999]})])
    graph = StateGraph(State).add_node("tools", ToolNode([tool])).add_edge(START, "tools").compile()
    for state in (graph.invoke({"messages": [asked]}), await graph.ainvoke({"messages": [asked]})):
        assert (state["messages"][-1].status, state["messages"][-1].artifact) == ("error", WRONG)

    class Scripted(GenericFakeChatModel):
        def bind_tools(self, _tools, **_options):
            return self

    model = Scripted(messages=iter([asked, AIMessage("There is none.")]))
    [_, _, told, _] = create_agent(model, [tool]).invoke({"messages": [("user", "What is pull request 99999?")]})[
        "messages"
    ]
    assert (told.status, told.artifact) == ("error", WRONG)
