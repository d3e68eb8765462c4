"""Paths, hosts, redirects, and the token: nothing leads elsewhere, and the token stays where it belongs.

The paths are tried on every text parameter of every registered tool, over a real socket that records them raw.
"""

import base64
import json
import logging
import os
import subprocess
import sys
import traceback
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.sqlite import SqliteSaver
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from sarif_log import result, sarif
from stub_service import SIGNED_IN, Reply, StubService, failure, ok
from tool_calls import UPLOADS

from azure_devops_agents.cli.main import group
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_evals.cases import CASES
from azure_devops_evals.cli.main import group as evals
from azure_devops_simulator import SimulatorServer, seed_organization
from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsError, AzureDevOpsToolkit
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.settings import load_settings

CANARY = "c" + "anary7" * 8 + "abc"
AT_ONCE = RunContext(timeouts=Timeouts(recovery=0.0, retry_pause=0.01))
"""Attempts and looks for lost writes follow each other without waiting."""


def takes_any_text(schema):
    forms = schema.get("anyOf", [schema])
    return any(form["type"] == "string" and not {"enum", "format"} & form.keys() for form in forms)


PARAMETERS = [
    (tool, name)
    for tool in sorted(TOOLS)
    for name, schema in TOOLS[tool].schema["properties"].items()
    if takes_any_text(schema)
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


@pytest.fixture(scope="module")
def stub():
    """One service for all of them, and another host to which nothing may go."""
    with StubService(anything) as service:
        yield service


@pytest.fixture(scope="module")
def elsewhere():
    with StubService(anything) as service:
        yield service


@pytest.mark.parametrize(("tool", "name"), PARAMETERS)
def test_no_argument_leaves_its_place_in_a_path_or_reaches_another_host(tool, name, stub):
    stub.seen.clear()
    settings = load_settings(base_url=stub.base_url, pat=CANARY, default_project="P", environ={})
    with AzureDevOps(settings, files=UPLOADS, writes="allow", context=AT_ONCE) as client:
        for value in TRAVERSALS:
            try:
                TOOLS[tool].call_sync(client, **{**TOOLS[tool].examples[0], name: value})
            except (AzureDevOpsError, ValueError, KeyError, TypeError, IndexError):
                continue  # refused, or an answer of the stub that fits no such question
    base = "/" + stub.base_url.split("/", 3)[3]
    for seen in stub.seen:
        path = seen.target.partition("?")[0]
        assert path.startswith(base + "/"), seen.target
        assert seen.headers["host"] == stub.base_url.split("/")[2]
        assert not any(character in seen.target for character in "\0\r\n \\#"), seen.target
        for segment in path.split("/"):
            assert unquote(segment) not in {".", ".."}, seen.target
            assert not set("/\\\0\r\n") & set(unquote(segment)), seen.target


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(status, elsewhere):
    redirect = Reply(status, headers={"Location": f"{elsewhere.base_url}/stolen", **SIGNED_IN})
    with StubService(lambda _: redirect) as service:
        settings = load_settings(base_url=service.base_url, pat=CANARY, default_project="P", environ={})
        with AzureDevOps(settings, files=UPLOADS, writes="allow", context=AT_ONCE) as client:
            for tool in sorted(TOOLS):
                service.seen.clear()
                with pytest.raises(AzureDevOpsError) as caught:
                    TOOLS[tool].call_sync(client, **TOOLS[tool].examples[0])
                assert service.seen, tool
                assert not leaked(str(caught.value)), tool
    # Kept alive until now, so that a request to it would be seen.
    assert not any("stolen" in seen.target for seen in elsewhere.seen)


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
        with AzureDevOps(settings, context=AT_ONCE) as client:
            with pytest.raises((AzureDevOpsError, ValueError)) as caught:
                TOOLS["list_projects"].call_sync(client)
            shown = [repr(client), repr(settings), str(settings)]
    assert service.seen
    for text in (*shown, everything_about(caught.value), *(record.getMessage() for record in caplog.records)):
        assert not leaked(text)


def leaked(text: str) -> bool:
    """Whether the token is there, as it is or as a request carries it."""
    return any(form in text for form in (CANARY, base64.b64encode(f":{CANARY}".encode()).decode()))


def left_in(folder: Path) -> list[Path]:
    """The files that hold the token."""
    return [path for path in folder.rglob("*") if path.is_file() and leaked(path.read_bytes().decode("latin-1"))]


def test_the_token_would_be_found(tmp_path):
    (tmp_path / "file").write_bytes(b"\xff" + base64.b64encode(f":{CANARY}".encode()))
    assert leaked(f"x{CANARY}x")
    assert not leaked(CANARY[:-1])
    assert left_in(tmp_path) == [tmp_path / "file"]


class Recorder(BaseCallbackHandler):
    """Writes down whatever a tracing service would be sent."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def __getattribute__(self, name):
        if name.startswith("on_"):
            return lambda *args, **kwargs: self.written.append(repr((name, args, kwargs)))
        return super().__getattribute__(name)


@pytest.fixture(scope="module")
def server():
    """One organization that knows the token, for all of the rest."""
    organization = seed_organization()
    organization.add_token(CANARY)
    with SimulatorServer(organization) as running:
        yield running


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Where all commands of this module leave what they leave."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def environment(server, home):
    return {
        "AZURE_DEVOPS_BASE_URL": server.base_url,
        "AZURE_DEVOPS_PAT": CANARY,
        "AZURE_DEVOPS_PROJECT": "Platform",
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "NO_COLOR": "1",
    }


STEPS = [
    [
        Call.to("list_projects"),
        Call.to("get_work_item", ids=[999_999]),
        Call.to("add_work_item_comment", id=4, text="Seen"),
    ],
    [
        Call.to(
            "write_report",
            verdict="answered",
            answer="x",
            observed=[],
            inferred=[],
            hypotheses_rejected=[],
            not_determined=[],
        )
    ],
]


def test_the_token_is_in_no_trace_and_no_checkpoint(server, tmp_path):
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
    assert (tmp_path / "threads.sqlite").stat().st_size > 10_000
    assert left_in(tmp_path) == []


QUESTION = "List the open pull requests in the Platform project."
COMMANDS = (
    ("verify",), ("verify", "--json"), ("tools",), ("tools", "--json"), ("scopes",),
    ("investigate", QUESTION), ("investigate", QUESTION, "--json"),
    ("automate", "findings", "{home}/scan.sarif", "--project", "Platform"),
    ("automate", "findings", "{home}/scan.sarif", "--project", "Platform", "--apply", "--yes"),
    ("audit", "show"), ("audit", "show", "--json"), ("audit", "verify"), ("audit", "review"),
    ("demo",),
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_token_is_in_no_output_and_no_file_of_a_command(command, environment, home, caplog, monkeypatch):
    hold(monkeypatch)
    caplog.set_level(logging.DEBUG)
    (home / "scan.sarif").write_text(json.dumps(sarif(result())), encoding="utf-8")
    arguments = [argument.format(home=home) for argument in command]
    done = CliRunner().invoke(group, arguments, env=environment)
    assert done.exit_code == 0, done.output
    assert done.output
    assert not any(leaked(text) for text in (done.output, caplog.text))
    assert left_in(home) == []


def hold(monkeypatch):
    """Without what the environment of the tests themselves says."""
    for name in [name for name in os.environ if name.startswith(("AZURE_", "OPENAI_"))]:
        monkeypatch.delenv(name)


def test_the_token_is_in_no_output_and_no_file_of_a_chat(environment, home, capfd, monkeypatch):
    hold(monkeypatch)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        keys.send_text(f"{QUESTION}\n/evidence\n/evidence E1\n/tools\n/report\n/quit\n")
        group.main(["chat"], standalone_mode=False)
    shown = "".join(capfd.readouterr())
    assert "E1" in shown
    assert not leaked(shown)
    assert (home / "state").is_dir()
    assert left_in(home) == []


def test_the_token_is_in_no_recording_and_no_result_of_an_eval(environment, home, monkeypatch):
    hold(monkeypatch)
    case = next(case for case in CASES if case.source == "recording" and not case.faults)
    recordings, results = home / "recordings", home / "results.json"
    for command in (
        ["record", "--live", "--case", case.id, "--recordings", str(recordings)],
        ["run", "--case", case.id, "--recordings", str(recordings), "--jobs", "1", "--output", str(results)],
    ):
        done = CliRunner().invoke(evals, command, env=environment)
        assert done.exit_code in {0, 1}, done.output
        assert done.output
        assert not leaked(done.output)
    assert '"source": "live"' in (recordings / f"{case.id}.json").read_text(encoding="utf-8")
    assert results.stat().st_size
    assert left_in(home) == []


def test_the_token_is_in_no_output_of_a_real_process(environment, home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "OPENAI_"))}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("azure-devops-agent")), "verify"],
        env=kept | environment, capture_output=True, text=True, timeout=100, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not leaked(done.stdout + done.stderr)
    assert left_in(home) == []
