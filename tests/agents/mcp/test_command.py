"""`azure-devops-agent mcp`: who is let in over HTTP, what it prints, and how it ends."""

import contextlib
import json
import os
import queue
import re
import select
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from agent_tokens import FULL
from click.testing import CliRunner
from mcp_processes import BEARER, CLEAN, CLI, environ, serving

from azure_devops_agents.cli.main import group
from azure_devops_simulator import Fault

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {"elicitation": {}},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
LIST_TOOLS = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/list",
    "params": {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    },
}
NO_SETTINGS = {name: None for name in os.environ if name.startswith("AZURE_DEVOPS_")}
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what such a server accepts is tested here
ACCEPT = {"Accept": "application/json, text/event-stream"}
NEW = {**ACCEPT, "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list"}
ERAS = pytest.mark.parametrize(
    ("request_body", "more"), [(INITIALIZE, ACCEPT), (LIST_TOOLS, NEW)], ids=["older protocol", "2026-07-28"]
)


@pytest.fixture(scope="module")
def served():
    with serving({**CLEAN, "AZURE_DEVOPS_MCP_TOKEN": BEARER}, "--simulator") as (_, url, told):
        yield url, told


def post(url, body, **headers):
    return httpx.post(url, json=body, headers=headers, timeout=30)


@ERAS
def test_a_host_with_the_token_is_let_in(served, request_body, more):
    url, told = served
    assert url.startswith("http://127.0.0.1:")
    answer = post(url, request_body, Authorization=f"Bearer {BEARER}", **more)
    assert answer.status_code == 200, answer.text
    assert BEARER not in told
    assert "not encrypted" not in told


@ERAS
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Bearer",
        f"Bearer {BEARER}x",
        f"Bearer {BEARER[:-1]}",
        f"Basic {BEARER}",
        BEARER,
        "Bearer \u00e4",
    ],
)
def test_without_the_token_nobody_is_let_in(served, request_body, more, authorization):
    headers = more if authorization is None else {**more, "Authorization": authorization.encode()}
    answer = post(served[0], request_body, **headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "tools" not in answer.text


@ERAS
@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Host", "evil.example", 421),
        ("Host", "127.0.0.1.evil.example:80", 421),
        ("Host", "127.0.0.1:1", 421),
        ("Origin", "https://evil.example", 403),
        ("Origin", "http://localhost:3000", 403),
        ("Origin", "null", 403),
    ],
)
def test_a_page_of_a_browser_is_not_let_in_even_with_the_token(served, request_body, more, header, value, status):
    answer = post(served[0], request_body, **{"Authorization": f"Bearer {BEARER}", **more, header: value})
    assert answer.status_code == status
    assert "azure-devops" not in answer.text


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_the_names_of_this_machine_are_accepted(served, name):
    port = httpx.URL(served[0]).port
    headers = {"Authorization": f"Bearer {BEARER}", "Host": f"{name}:{port}", "Origin": f"http://{name}:{port}"}
    assert post(served[0], INITIALIZE, **ACCEPT, **headers).status_code == 200


def test_a_body_that_is_too_large_is_refused(served):
    answer = post(served[0], {**INITIALIZE, "more": "x" * 5_000_000}, Authorization=f"Bearer {BEARER}", **ACCEPT)
    assert answer.status_code == 413


def test_a_new_token_is_made_for_each_start_and_printed_once():
    tokens = []
    for _ in range(2):
        with serving(CLEAN, "--simulator") as (process, url, told):
            [token] = re.findall(r"Authorization: Bearer (\S+)", told)
            tokens.append(token)
            assert post(url, INITIALIZE, Authorization=f"Bearer {token}", **ACCEPT).status_code == 200
            assert post(url, INITIALIZE, Authorization="Bearer wrong", **ACCEPT).status_code == 401
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=20)
            assert token not in output + errors
    assert tokens[0] != tokens[1]
    assert min(map(len, tokens)) >= 40


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_http_ends_with_130_also_while_a_host_listens(stop):
    with serving({**CLEAN, "AZURE_DEVOPS_MCP_TOKEN": BEARER}, "--simulator") as (process, url, _):
        headers = {"Authorization": f"Bearer {BEARER}", **ACCEPT}
        session = post(url, INITIALIZE, **headers).headers["Mcp-Session-Id"]
        headers = {**headers, "Mcp-Session-Id": session, "MCP-Protocol-Version": "2025-11-25"}
        with httpx.stream("GET", url, headers=headers, timeout=30) as listening:
            assert listening.status_code == 200
            process.send_signal(stop)
            output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (130, "", "\nInterrupted.\n")
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def run(*arguments, env):
    """Run the command in this process; nothing is served in these tests."""
    return CliRunner().invoke(group, ["mcp", *arguments], env={**NO_SETTINGS, **env})


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["--port", "0"], {}, "need --http"),
        (["--name", "tools.example"], {}, "need --http"),
        (["--toolsets", "build"], {}, "Did you mean 'builds'?"),
        (["--http", "--port", "70000"], {}, "70000"),
        (["--http", "--host", EVERYWHERE], {}, "with --name"),
        (["--http", "--name", "https://tools.example"], {}, "--name takes names without"),
        (["--http", "--host", "no-such-host.invalid"], {}, "cannot listen on no-such-host.invalid"),
        (["--http"], {"AZURE_DEVOPS_MCP_TOKEN": "short"}, "AZURE_DEVOPS_MCP_TOKEN needs at least 24"),
        (["--http"], {"AZURE_DEVOPS_MCP_TOKEN": ""}, "AZURE_DEVOPS_MCP_TOKEN needs at least 24"),
        (["--http"], {"AZURE_DEVOPS_MCP_TOKEN": "with spaces in between them all"}, "without spaces"),
    ],
    ids=str,
)
def test_wrong_settings_say_what_is_wrong_before_anything_is_served(arguments, environment, said):
    done = run("--simulator", *arguments, env=environment)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Serving" not in done.stderr


def test_a_port_that_is_taken_is_named():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        done = run("--simulator", "--http", "--port", str(port), env={})
    assert done.exit_code == 2
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr


@pytest.mark.parametrize("options", [[], ["--http", "--port", "0"]], ids=["stdio", "http"])
def test_a_token_that_the_service_refuses_ends_before_serving_with_the_code_of_verify(server, options):
    done = run(*options, env={"AZURE_DEVOPS_BASE_URL": server.base_url, "AZURE_DEVOPS_PAT": "not-a-token"})
    assert (done.exit_code, done.stdout) == (4, "")
    assert done.stderr.startswith("[not_signed_in TokenRejected]\n")
    assert "not-a-token" not in done.stderr


def test_a_further_name_is_accepted():
    with serving(
        {**CLEAN, "AZURE_DEVOPS_MCP_TOKEN": BEARER}, "--simulator", "--host", EVERYWHERE, "--name", "tools.example"
    ) as (
        _,
        url,
        told,
    ):
        port = httpx.URL(url).port
        assert url == f"http://tools.example:{port}/mcp"
        assert "HTTP is not encrypted" in told
        own = f"http://127.0.0.1:{port}/mcp"
        headers = {"Authorization": f"Bearer {BEARER}", **ACCEPT}
        assert post(own, INITIALIZE, Host="tools.example", **headers).status_code == 200
        assert post(own, INITIALIZE, **headers).status_code == 421


class Asked:
    """A session over HTTP in which a person is asked about a write."""

    def __init__(self, url, pool):
        self.url, self.headers = url, {"Authorization": f"Bearer {BEARER}", **ACCEPT}
        opened = post(url, INITIALIZE, **self.headers)
        assert opened.status_code == 200
        self.headers |= {"Mcp-Session-Id": opened.headers["Mcp-Session-Id"], "MCP-Protocol-Version": "2025-11-25"}
        self.heard = queue.SimpleQueue()
        self.call = pool.submit(self._ask)
        self.question = self.heard.get(timeout=60)
        assert self.question["method"] == "elicitation/create"

    def _ask(self):
        params = {"name": "create_work_item", "arguments": {"type": "Bug", "title": "The export fails"}}
        body = {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": params}
        with httpx.stream("POST", self.url, json=body, headers=self.headers, timeout=60) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: {"):
                    self.heard.put(json.loads(line.removeprefix("data: ")))

    def answer(self, number, **headers):
        yes = {"jsonrpc": "2.0", "id": number, "result": {"action": "accept", "content": {"approve": True}}}
        return post(self.url, yes, **{**self.headers, **headers})


def test_a_host_answers_no_question_of_another_host(server, organization):
    before = len(organization.work_items.items)
    with (
        serving({**environ(server), "AZURE_DEVOPS_MCP_TOKEN": BEARER}) as (_, url, _told),
        ThreadPoolExecutor(2) as pool,
    ):
        one, other = Asked(url, pool), Asked(url, pool)
        # Both questions have the same number, so only the session tells them apart.
        assert one.question["id"] == other.question["id"]
        assert other.answer(other.question["id"]).status_code == 202
        assert not other.heard.get(timeout=60)["result"].get("isError")
        other.answer(one.question["id"])
        assert one.answer(one.question["id"], Authorization="Bearer of-nobody").status_code == 401
        one.answer(one.question["id"], **{"Mcp-Session-Id": "of-nobody"})
        assert one.heard.empty()
        assert len(organization.work_items.items) == before + 1
        httpx.delete(url, headers=one.headers)
        one.call.result(timeout=60)
        assert one.answer(one.question["id"]).status_code == 404
    assert len(organization.work_items.items) == before + 1


# -- standard input and output ---------------------------------------------------------------------------------------


class Talk:
    """A host that writes lines and reads lines."""

    def __init__(self, environment, *options):
        self.process = subprocess.Popen(
            [*CLI, *options], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(OSError):
                stream.close()

    def say(self, *messages):
        for message in messages:
            text = message if isinstance(message, bytes) else json.dumps(message).encode()
            self.process.stdin.write(text + b"\n")
        self.process.stdin.flush()

    def hear(self):
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        assert ready
        return json.loads(self.process.stdout.readline())

    def begin(self, **capabilities):
        params = {**INITIALIZE["params"], "capabilities": capabilities or {"elicitation": {}}}
        self.say({**INITIALIZE, "params": params})
        assert self.hear()["result"]["serverInfo"]["name"] == "azure-devops"
        self.say({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def call(self, number, name, **arguments):
        params = {"name": name, "arguments": arguments}
        self.say({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})


def test_nothing_but_the_protocol_is_on_standard_output_and_garbage_ends_nothing(server, organization):
    organization.faults.add(Fault("throttle", path="/_apis/projects", retry_after=1, skip=1, times=1))
    with Talk({**environ(server), "PYTHONWARNINGS": "default"}) as talk:
        talk.begin()
        talk.say(b"garbage", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"jsonrpc": "2.0"}', b"null")
        talk.call(2, "list_projects")
        heard = talk.hear()
        assert heard["id"] == 2
        assert not heard["result"].get("isError")
        talk.process.stdin.close()
        rest, errors = talk.process.stdout.read(), talk.process.stderr.read().decode()
        assert talk.process.wait(20) == 0
    assert rest == b""
    assert "throttled, continuing in 1 s" in errors
    assert FULL not in errors + json.dumps(heard)
    assert "Traceback" not in errors


def test_a_host_that_can_only_open_a_page_cannot_ask_about_a_write(server, organization):
    before = len(organization.work_items.items)
    with Talk(environ(server)) as talk:
        talk.begin(elicitation={"url": {}})
        talk.call(2, "create_work_item", type="Bug", title="The export fails")
        heard = talk.hear()
        assert heard["result"]["isError"]
        assert "this host cannot ask a person" in heard["result"]["content"][0]["text"]
    assert len(organization.work_items.items) == before


def test_a_host_that_goes_away_in_the_middle_of_a_call_ends_the_server(server, organization):
    organization.faults.add(Fault("delay", path="/_apis/build/builds", delay=5.0, skip=1))
    with Talk(environ(server)) as talk:
        talk.begin()
        talk.call(2, "list_builds")
        while organization.faults.counted()[0][1] < 2:
            time.sleep(0.01)
        talk.process.stdin.close()
        assert talk.process.wait(20) == 0


def test_a_host_that_goes_away_while_a_person_is_asked_ends_the_server_and_writes_nothing(server, organization):
    before = len(organization.work_items.items)
    with Talk(environ(server)) as talk:
        talk.begin()
        talk.call(2, "create_work_item", type="Bug", title="The export fails")
        assert talk.hear()["method"] == "elicitation/create"
        talk.process.stdin.close()
        assert talk.process.wait(20) == 0
    assert len(organization.work_items.items) == before


def test_ctrl_c_ends_it_with_130_although_the_host_says_nothing(server):
    with Talk(environ(server)) as talk:
        talk.begin()
        talk.process.send_signal(signal.SIGINT)
        assert talk.process.wait(20) == 130
        assert talk.process.stderr.read().decode().endswith("\nInterrupted.\n")


def test_the_answer_to_a_question_of_nobody_writes_nothing(server, organization):
    """A host that answers a question that was not asked, or twice."""
    before = len(organization.work_items.items)
    yes = {"action": "accept", "content": {"approve": True}}
    with Talk(environ(server)) as talk:
        talk.begin()
        talk.say({"jsonrpc": "2.0", "id": 1, "result": yes}, {"jsonrpc": "2.0", "id": 99, "result": yes})
        talk.call(2, "create_work_item", type="Bug", title="The export fails")
        asked = talk.hear()
        assert asked["method"] == "elicitation/create"
        assert len(organization.work_items.items) == before
        talk.say({"jsonrpc": "2.0", "id": asked["id"], "result": yes})
        talk.say({"jsonrpc": "2.0", "id": asked["id"], "result": yes})
        assert not talk.hear()["result"].get("isError")
    assert len(organization.work_items.items) == before + 1
