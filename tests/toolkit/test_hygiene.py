"""Paths, hosts, redirects, and the token: nothing leads elsewhere, and the token stays where it belongs.

The paths are tried on every text parameter of every registered tool, over a real socket that records them raw.
"""

import json
import logging
import os
import subprocess
import sys
import traceback
from pathlib import Path
from urllib.parse import unquote

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.sqlite import SqliteSaver
from stub_service import SIGNED_IN, Reply, StubService, failure, ok

from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.models import Call, ScriptedModel
from azure_devops_evals.attacks.samples import SAMPLES
from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsError, AzureDevOpsToolkit
from langchain_azure_devops.context import Patience, RunContext
from langchain_azure_devops.settings import load_settings

CANARY = "c" + "anary7" * 8 + "abc"
AT_ONCE = RunContext(patience=Patience(looks=(0.0,)))
"""Looks once for a write that the stub's answer leaves unknown."""
PARAMETERS = [
    (tool, name)
    for tool in sorted(TOOLS)
    for name, schema in TOOLS[tool].schema["properties"].items()
    if "string" in schema["type"] and "enum" not in schema and schema.get("format") != "date-time"
]
TRAVERSALS = (
    "..", ".", "../../_apis/projects", "..%2f..%2fsecret", "%2e%2e", "%2e%2e%2f", "..\\..\\x", "a/../../b", "/",
    "//evil.example/x",
    "https://evil.example/x", "\\\\evil.example\\x", "@evil.example", "x?y=z", "x#y", "x;y", "a\x00b",
    "a\r\nHost: evil.example",
    "\u2025/x", "\uff0e\uff0e\uff0fx", "\u2024\u2024\u2215x", "..;/x", "%252e%252e%252f", ":80", "..\u200b/", "a%00b",
)  # fmt: skip


def anything(seen):
    """An answer that most tools can go on with."""
    row = {"id": "1", "name": "x", "path": "/x", "fields": {"System.TeamProject": "P", "System.WorkItemType": "Bug"}}
    return ok({"count": 0, "value": [], "results": [], "workItems": [], "asOf": "2026-01-01", **row})


@pytest.mark.parametrize(("tool", "name"), PARAMETERS)
def test_no_argument_leaves_its_place_in_a_path_or_reaches_another_host(tool, name):
    with StubService(anything) as service:
        settings = load_settings(base_url=service.base_url, pat=CANARY, default_project="P", environ={})
        with AzureDevOps(settings, writes="allow", context=AT_ONCE) as client:
            for value in TRAVERSALS:
                try:
                    TOOLS[tool].call_sync(client, **{**SAMPLES[tool][0], name: value})
                except (AzureDevOpsError, ValueError, KeyError, TypeError, IndexError):
                    continue  # refused, or an answer of the stub that fits no such question
        base = "/" + service.base_url.split("/", 3)[3]
        for seen in service.seen:
            path = seen.target.partition("?")[0]
            assert path.startswith(base + "/"), (value, seen.target)
            assert seen.headers["host"] == service.base_url.split("/")[2]
            assert not any(character in seen.target for character in "\0\r\n \\#"), seen.target
            for segment in path.split("/"):
                assert unquote(segment) not in {".", ".."}, seen.target
                assert not set("/\\\0\r\n") & set(unquote(segment)), seen.target


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_a_redirect_is_never_followed(tool, status):
    with StubService(anything) as elsewhere:
        target = f"{elsewhere.base_url}/stolen"
        redirect = Reply(status, headers={"Location": target, **SIGNED_IN})
        with StubService(lambda _: redirect) as service:
            settings = load_settings(base_url=service.base_url, pat=CANARY, default_project="P", environ={})
            with AzureDevOps(settings, writes="allow") as client:
                with pytest.raises(AzureDevOpsError) as caught:
                    TOOLS[tool].call_sync(client, **SAMPLES[tool][0])
        assert service.seen
        assert elsewhere.seen == []
        assert CANARY not in str(caught.value)


# -- the token -------------------------------------------------------------------------------------------------------


def everything_about(error: BaseException) -> str:
    """An exception with its causes, their tracebacks, and the representation of every local variable on the way."""
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(whole.format(chain=True)) + repr(error) + repr(error.__dict__)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401),
        failure(403, "AccessDeniedException", "no"),
        failure(404, "NotFound", "no"),
        failure(500, "Broken", "no"),
        Reply(302, headers={"Location": "https://login.microsoftonline.com/"}),
        Reply(200, b"<html>", content_type="text/html"),
        Reply(200, b"{not json", headers=SIGNED_IN),
        Reply(200, {"value": [{"wrong": 1}]}, SIGNED_IN),
        Reply(reset=True),
    ],
    ids=["401", "403", "404", "500", "302", "html", "bad json", "wrong rows", "reset"],
)
def test_the_token_is_in_no_exception_and_no_log(reply, caplog):
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "asyncio", "langchain_azure_devops"):
        caplog.set_level(logging.DEBUG, logger=name)
    with StubService(lambda _: reply) as service:
        settings = load_settings(base_url=service.base_url, pat=CANARY, environ={})
        with AzureDevOps(settings) as client:
            with pytest.raises((AzureDevOpsError, ValueError)) as caught:
                TOOLS["list_projects"].call_sync(client)
            shown = [repr(client), repr(settings), str(settings)]
    assert service.seen
    for text in (*shown, everything_about(caught.value), *(record.getMessage() for record in caplog.records)):
        assert not leaked(text)


def leaked(text: str) -> bool:
    import base64

    return any(form in text for form in (CANARY, base64.b64encode(f":{CANARY}".encode()).decode()))


class Recorder(BaseCallbackHandler):
    """Writes down whatever a tracing service would be sent."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def __getattribute__(self, name):
        if name.startswith("on_"):
            return lambda *args, **kwargs: self.written.append(repr((name, args, kwargs)))
        return super().__getattribute__(name)


STEPS = [
    [
        Call.to("list_projects"),
        Call.to("get_work_item", id=999_999),
        Call.to("add_work_item_comment", id=4, text="Seen"),
    ],
    [
        Call.to(
            "write_report", verdict="answered", answer="x", observed=[], inferred=[], ruled_out=[], not_determined=[]
        )
    ],
]


def test_the_token_is_in_no_trace_and_no_checkpoint(server, organization, tmp_path):
    organization.add_token(CANARY)
    recorder = Recorder()
    with AzureDevOpsToolkit(
        base_url=server.base_url, pat=CANARY, default_project="Platform", scopes="app_token"
    ) as toolkit:
        graph = build_graph(ScriptedModel(steps=STEPS), toolkit)
        graph.invoke({"messages": [HumanMessage(f"look; my token is {CANARY}")]}, {"callbacks": [recorder]})
        with SqliteSaver.from_conn_string(str(tmp_path / "threads.sqlite")) as saver:
            stored = build_graph(ScriptedModel(steps=STEPS), toolkit, checkpointer=saver)
            stored.invoke({"messages": [HumanMessage("look")]}, {"configurable": {"thread_id": "t"}})
    assert len(recorder.written) > 10
    trace = [text for text in recorder.written if "my token is" not in text]
    assert not any(leaked(text) for text in trace)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not any(leaked(path.read_bytes().decode("latin-1")) for path in files)


COMMANDS = (
    ("verify",), ("verify", "--json"), ("tools",), ("tools", "--json"), ("scopes",), ("audit", "show"),
    ("investigate", "Which pull requests are open?"),
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_token_is_in_no_output_and_no_file_of_a_command(command, server, organization, tmp_path):
    organization.add_token(CANARY)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "OPENAI_"))},
        "AZURE_DEVOPS_BASE_URL": server.base_url,
        "AZURE_DEVOPS_PAT": CANARY,
        "AZURE_DEVOPS_PROJECT": "Platform",
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        [str(Path(sys.executable).with_name("azure-devops-agent")), *command],
        env=environment, capture_output=True, text=True, timeout=100, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.stdout or done.stderr
    files = [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(leaked(text) for text in (done.stdout, done.stderr, *files)), json.dumps(command)
