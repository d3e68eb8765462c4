"""The demo, one question and the chat as a person at a real terminal sees them."""

import json
import os
import re
import subprocess
import sys

import pexpect
import pytest
from key_presses import interrupt

AGENT = [sys.executable, "-m", "azure_devops_agents.cli.main"]
LIST = "List the open pull requests in the Platform project."


@pytest.fixture
def environment(tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_DEVOPS_", "OPENAI_"))}
    return {**kept, "XDG_STATE_HOME": str(tmp_path), "TERM": "xterm", "COLUMNS": "100", "PROMPT_TOOLKIT_NO_CPR": "1"}


@pytest.fixture
def terminal(environment):
    started = []

    def start(*arguments):
        process = pexpect.spawn(
            AGENT[0], [*AGENT[1:], *arguments], env=environment, encoding="utf-8", timeout=40, dimensions=(50, 120)
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.close(force=True)


def run(environment, *arguments):
    return subprocess.run(
        [*AGENT, *arguments],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def ended(process):
    process.expect(pexpect.EOF)
    process.close()
    return process.exitstatus


def test_the_demo_files_the_bug_after_a_yes(terminal):
    process = terminal("demo")
    process.expect("May create_work_item write in project Platform")
    process.expect("approve / edit / reject / stop")
    process.sendline("approve")
    process.expect(r"Filed and read back: Bug 59, platform-api-ci fails on main")
    assert ended(process) == 0


def test_the_demo_writes_its_report_to_a_file(environment, tmp_path):
    path = tmp_path / "report.html"
    done = run(environment, "demo", "--yes", "--report", str(path))
    assert done.returncode == 0, done.stderr
    assert f"The report is in {path}." in done.stdout
    page = path.read_text(encoding="utf-8")
    for told in ("Reasoning: The build before it succeeded", "a script that plays the model", "tidewater · project"):
        assert told in page


def test_the_demo_does_not_file_after_a_no(terminal):
    process = terminal("demo")
    process.expect("approve / edit / reject / stop")
    process.sendline("reject")
    process.expect("Why")
    process.sendline("known")
    process.expect("not filed")
    assert ended(process) == 0


def test_the_demo_without_a_terminal_shows_the_approval_and_files_nothing(environment):
    done = run(environment, "demo")
    assert done.returncode == 0, done.stderr
    assert "May create_work_item write" in done.stdout
    assert done.stdout.rstrip().endswith("not filed")


def test_every_quote_of_the_demo_is_found(environment):
    done = run(environment, "demo", "--yes")
    assert done.returncode == 0, done.stderr
    assert "Not verified" not in done.stdout
    assert "A script plays the model" in done.stdout
    assert "Filed and read back: Bug 59" in done.stdout


@pytest.mark.parametrize("arguments", [["demo"], ["chat", "--simulator"]], ids=" ".join)
def test_ctrl_c_ends_cleanly(terminal, arguments):
    process = terminal(*arguments)
    process.expect("approve / edit|Ask a question")
    if arguments[0] == "demo":
        process.expect("reject\\]")
        interrupt(process)
    else:
        process.expect("›")
        process.sendintr()
    assert ended(process) in {0, 130}
    assert "Traceback" not in process.before


def test_a_question_is_answered_with_the_titles_and_without_a_key(environment):
    done = run(environment, "investigate", LIST, "--simulator")
    assert done.returncode == 0, done.stderr
    for title in ("Add a webhook for carrier events", "Paginate the shipment search", "Cache port look-ups for a day"):
        assert title in done.stdout
    first, *_, last = done.stdout.strip().splitlines()
    assert first.startswith("*No language model answered.")
    assert "--model provider:name" in first
    assert "lead to a simulated organization, which ended with the command" in last
    assert "tokens" not in done.stdout
    assert "list_pull_requests" in done.stderr


def test_a_fact_needs_a_name(environment):
    done = run(environment, "investigate", LIST, "--simulator", "--fact", "=a person")
    assert done.returncode == 2
    assert "a fact needs a name" in done.stderr


def test_a_question_for_machines(environment):
    done = run(environment, "investigate", LIST, "--simulator", "--json")
    answer = json.loads(done.stdout)
    assert answer["report"]["verdict"] == "answered"
    assert answer["evidence"][0]["tool"] == "list_pull_requests"
    assert {"calls", "tokens", "seconds", "cost"} <= answer["report"]["usage"].keys()
    assert answer["report"]["usage"]["calls"] == 1


def test_a_question_nobody_understands_says_what_can_be_asked(environment):
    done = run(environment, "investigate", "What is the meaning of life?", "--simulator")
    assert done.returncode == 2
    assert LIST in done.stderr
    assert "Traceback" not in done.stderr


def test_a_conversation(terminal, tmp_path):
    process = terminal("chat", "--simulator")
    process.expect(r"no\s+language\s+model\s+· thread")
    process.expect("No language model answers. For an answer")
    process.expect("Ask a question")
    process.expect("›")
    process.sendline(LIST)
    process.expect("Report: answered")
    process.expect("Paginate the shipment search")
    process.expect("›")
    process.sendline("/evidence")
    process.expect("list_pull_requests")
    process.expect("›")
    saved = tmp_path / "saved.md"
    process.sendline("/save saved.docx")
    process.expect("must end with")
    process.expect("›")
    process.sendline(f"/save {saved}")
    process.expect("The report is in")
    process.expect("›")
    assert "Paginate the shipment search" in saved.read_text(encoding="utf-8")
    process.sendline("What is love?")
    process.expect("Without a language model")
    process.expect("›")
    process.sendline("/foo bar")
    process.expect(r"There is no command /foo\.")
    process.expect("all results of this thread")
    process.expect("›")
    process.sendline("/tools")
    process.expect("create_work_item")
    process.expect("›")
    process.sendline("/quit")
    process.expect(r"Thread (chat-\w+) is kept")
    thread = re.sub(r"\x1b\[[0-9;]*m", "", process.match[1])
    assert ended(process) == 0
    again = terminal("chat", "--simulator", "--resume")
    again.expect(thread)
    again.expect("›")
    again.sendline("/evidence")
    again.expect("list_pull_requests")
    again.expect("›")
    again.sendline("/quit")
    assert ended(again) == 0
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or not path.stat().st_mode & 0o077
