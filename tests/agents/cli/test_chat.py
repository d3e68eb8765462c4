"""Approvals and Ctrl-C in the chat, at a real terminal, with a model behind a real (local) OpenAI-compatible server."""

import json
import os
import sys
import threading

import pexpect
import pytest
from agent_tokens import FULL
from key_presses import interrupt
from stub_service import PERSON, Reply, StubService, ok

from azure_devops_agents.cli.conversation import History
from azure_devops_evals.live.openai_server import OpenAIServer, Turn
from langchain_azure_devops.text import KnownSecrets

BUG = {"type": "Bug", "title": "The rota names \x1b[31mnobody", "project": "Platform", "tags": ["rota"]}
REPORT = {"answer": "That is all.", "verdict": "answered"}
FILE_IT = Turn(calls=[("create_work_item", json.dumps(BUG))])
FINISH = Turn(calls=[("write_report", json.dumps(REPORT))])
PROMPT = "›"


@pytest.fixture
def chat(tmp_path):
    started = []

    def start(base_url, model, *arguments, until=PROMPT):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_DEVOPS_", "OPENAI_"))}
        process = pexpect.spawn(
            sys.executable,
            ["-m", "azure_devops_agents.cli.main", "chat", *arguments],
            env={
                **kept,
                "AZURE_DEVOPS_BASE_URL": base_url, "AZURE_DEVOPS_PAT": FULL, "AZURE_DEVOPS_PROJECT": "Platform",
                "OPENAI_API_KEY": "not-a-key", "OPENAI_BASE_URL": model.base_url,
                "XDG_STATE_HOME": str(tmp_path), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1",
            },
            encoding="utf-8",
            timeout=40,
            dimensions=(50, 120),
        )  # fmt: skip
        started.append(process)
        process.expect(until)
        return process

    yield start
    for process in started:
        process.close(force=True)


def ended(process):
    process.expect(pexpect.EOF)
    process.close()
    return process.exitstatus


def titles(server):
    """What the service has, asked by a client of its own."""
    from langchain_azure_devops.http.client import AzureDevOps
    from langchain_azure_devops.settings import load_settings
    from langchain_azure_devops.tools.work_items.tools import query_work_items

    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
    with AzureDevOps(settings) as client:
        return [item.title for item in query_work_items.call_sync(client, tag="rota").items]


def asked(process, question="File a bug."):
    process.sendline(question)
    process.expect("May create_work_item write in project Platform")
    process.expect("approve / edit / reject / stop")


def test_an_approved_write_happens(chat, server):
    with OpenAIServer([FILE_IT, FINISH]) as model:
        process = chat(server.base_url, model)
        asked(process)
        assert "\x1b[31mnobody" not in process.before
        assert titles(server) == []
        process.sendline("approve")
        process.expect("That is all.")
        process.expect(PROMPT)
        process.sendline("/quit")
        assert ended(process) == 0
    assert len(titles(server)) == 1


EDITOR = """#!{python}
import json, sys
given = json.load(open(sys.argv[-1]))
given.update({changes})
json.dump(given, open(sys.argv[-1], "w"), indent=2)
"""


def editor(tmp_path, monkeypatch, **changes):
    """An editor that changes some of the arguments in the file it is given."""
    script = tmp_path / "editor"
    script.write_text(EDITOR.format(python=sys.executable, changes=repr(changes)))
    script.chmod(0o700)
    monkeypatch.setenv("EDITOR", str(script))
    monkeypatch.delenv("VISUAL", raising=False)


def test_an_edited_write_is_shown_again_and_happens_as_edited(chat, server, tmp_path, monkeypatch):
    """All arguments can be edited, not only those that are a text."""
    editor(tmp_path, monkeypatch, title="Name somebody on the rota", tags=["rota", "edited"])
    with OpenAIServer([FILE_IT, FINISH]) as model:
        process = chat(server.base_url, model)
        asked(process)
        process.sendline("edit")
        process.expect("Edited: may create_work_item write in project Platform")
        process.expect("Name somebody on the rota")
        process.expect("approve / edit / reject / stop")
        assert titles(server) == []
        process.sendline("approve")
        process.expect("That is all.")
    assert titles(server) == ["Name somebody on the rota"]


def test_an_editor_that_changes_nothing_decides_nothing(chat, server, tmp_path, monkeypatch):
    editor(tmp_path, monkeypatch)
    with OpenAIServer([FILE_IT, FINISH]) as model:
        process = chat(server.base_url, model)
        asked(process)
        process.sendline("edit")
        process.expect("Nothing was changed.")
        process.expect("approve / edit / reject / stop")
        process.sendline("reject")
        process.expect("Why")
        process.sendline("")
        process.expect("That is all.")
    assert titles(server) == []


@pytest.mark.parametrize("answer", ["reject", "stop", "", "yes please"])
def test_anything_else_writes_nothing(chat, server, answer):
    with OpenAIServer([FILE_IT, FINISH]) as model:
        process = chat(server.base_url, model)
        asked(process)
        process.sendline(answer)
        if answer in {"reject", ""}:
            process.expect("Why")
            process.sendline("not now")
        elif answer == "yes please":
            process.expect("approve / edit / reject / stop")
            process.sendline("reject")
            process.expect("Why")
            process.sendline("")
        process.expect(PROMPT)
        process.sendline("/quit")
        assert ended(process) == 0
    assert titles(server) == []


def test_ctrl_c_at_the_approval_leaves_the_write_waiting(chat, server):
    with OpenAIServer([FILE_IT, FINISH]) as model:
        process = chat(server.base_url, model)
        asked(process)
        interrupt(process)
        process.expect("Not answered. The write waits")
        process.expect(PROMPT)
        process.sendline("Go on.")
        process.expect("still waits for an answer")
        process.expect("approve / edit / reject / stop")
        interrupt(process)
        process.expect("nothing was written")
        process.expect(PROMPT)
        process.sendintr()
        assert ended(process) == 0
    assert titles(server) == []


def test_a_write_that_waits_is_asked_again_by_the_next_process(chat, server):
    with OpenAIServer([FILE_IT, FINISH]) as model:
        process = chat(server.base_url, model, "--thread", "rota")
        asked(process)
        process.close(force=True)
        assert titles(server) == []
        again = chat(server.base_url, model, "--thread", "rota", until="still waits for an answer")
        again.expect("approve / edit / reject / stop")
        again.sendline("approve")
        again.expect("That is all.")
        again.expect(PROMPT)
    assert len(titles(server)) == 1


def test_ctrl_c_cancels_the_question_and_the_thread_goes_on(chat):
    """The service hangs; Ctrl-C brings the prompt back, the next question is answered, then EOF leaves."""
    release = threading.Event()

    def answer(request):
        if "connectionData" in request.target:
            return ok(PERSON)
        if "_apis/projects" in request.target:
            return ok({"count": 1, "value": [{"id": "1", "name": "Platform", "state": "wellFormed"}]})
        if "pullrequests" in request.target.lower():
            release.wait(30)
        return Reply(404, {"typeKey": "x", "message": "no"}, {"X-VSS-UserData": "1:dana@contoso.example"})

    slow = Turn(calls=[("list_pull_requests", "{}")])
    with StubService(answer) as service, OpenAIServer([slow, FINISH]) as model:
        process = chat(service.base_url, model)
        process.sendline("List the pull requests.")
        process.expect("list_pull_requests")
        process.sendintr()
        process.expect("Stopped")
        process.expect(PROMPT)
        process.sendline("And now?")
        process.expect("That is all.")
        process.expect(PROMPT)
        release.set()
        process.sendeof()
        assert ended(process) == 0
        # What the model is sent afterwards is a conversation it accepts: every call has an answer.
        messages = model.requests[-1]["messages"]
        called = {call["id"] for message in messages for call in message.get("tool_calls") or []}
        answered = {message["tool_call_id"] for message in messages if message["role"] == "tool"}
        assert called == answered


def test_ctrl_c_at_the_prompt_leaves(chat, server):
    with OpenAIServer([FINISH]) as model:
        process = chat(server.base_url, model)
        process.sendintr()
        assert ended(process) == 0


def test_a_secret_that_was_typed_is_not_kept_in_the_history(tmp_path):
    secret = "ghp_Zk3vQ9xT7bN2mW8rY5cL1dF6hJ4gS0aPqEuV"
    History(str(tmp_path / "history"), KnownSecrets(b"key").redact).append_string(f"Where is {secret} used?")
    kept = (tmp_path / "history").read_text()
    assert secret not in kept
    assert "Where is [secret:github-token:" in kept
