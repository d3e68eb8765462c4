"""Never two writes, with real processes on one thread file: two that answer at once, and one killed at every point."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing

import pytest
from agent_decisions import YES, answer, asked, report_of

from azure_devops_agents.approvals.thread_lock import hold_thread
from azure_devops_agents.investigation.events import ApprovalAsked
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_agents.reports.markdown import render_markdown
from langchain_azure_devops.errors import Conflict
from langchain_azure_devops.safety.audit import AuditLog, read_entries

REPORT = Call.to("write_report", answer="Done.", verdict="answered")
TASK = Call.to("create_work_item", type="Task", title="Close the gate", project="Platform")
BUG = Call.to("create_work_item", type="Bug", title="The gate is open", project="Platform")
BOTH = [BUG, TASK]
SECRET = "Zx9kQ2mW7vB4nT6y"
PROCESS = """
import json, os, signal, sys, time
from pathlib import Path
from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.investigation.writes.approving import ApproveNode
from azure_devops_agents.investigation.events import ApprovalAsked
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from langchain_azure_devops import AzureDevOpsToolkit

url, path, role, given = sys.argv[1:]
calls = [Call.to(name, **arguments) for name, arguments in json.loads(given)]

def die(*_given):
    os.kill(os.getpid(), signal.SIGKILL)

def before(owner, name):
    setattr(owner, name, die)

def after(owner, name):
    real = getattr(owner, name)
    def dying(*given):
        real(*given)
        die()
    setattr(owner, name, dying)

{
    "answers": lambda: None,
    "asked": lambda: None,
    "decided": lambda: before(ApproveNode, "_decide"),
    "approved": lambda: before(WriteJournal, "begin"),
    "begun": lambda: after(WriteJournal, "begin"),
    "sent": lambda: before(WriteJournal, "finish"),
    "finished": lambda: after(WriteJournal, "finish"),
}[role]()
steps = [calls, [Call.to("write_report", answer="Done.", verdict="answered")]]
toolkit = AzureDevOpsToolkit.connect(base_url=url, pat="full-access-token", default_project="Platform")
with open_investigator(ScriptedModel(steps=steps), toolkit, path=Path(path)) as investigator:
    if role == "answers":
        wait = investigator.pending("t")
        print("ready", flush=True)
        sys.stdin.readline()
    else:
        [wait] = [event for event in investigator.ask("t", "File it.") if isinstance(event, ApprovalAsked)]
        if role == "asked":
            die()
    print(len(list(investigator.answer("t", wait.interrupt_id, {"decisions": [{"type": "approve"}] * len(calls)}))))
"""


def model(number=1):
    return ScriptedModel(steps=[BOTH[:number], [REPORT]])


def killed_at(point, server, path, call=BUG):
    """Let a process approve a call and die at a point of it."""
    killed = started(server, path, point, [call])
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL


def write_of(investigator, thread):
    """The evidence of the one write of a thread, and what the report and its text say was written."""
    [entry] = investigator.evidence(thread).values()
    report = investigator.state(thread)["report"]
    text = render_markdown(report)
    return entry, report["written"], text[text.index("## Written") :].splitlines()[2] if "## Written" in text else ""


def bugs(organization, title="The gate is open"):
    return [item for item in organization.work_items if item.title == title]


def started(server, path, role, calls=(BUG,)):
    given = json.dumps([[call.name, call.arguments] for call in calls])
    command = [sys.executable, "-c", textwrap.dedent(PROCESS), server.base_url, str(path), role, given]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


@pytest.mark.parametrize("number", [1, 2])
def test_two_processes_answering_one_question_write_once(toolkit, server, organization, tmp_path, number):
    path = tmp_path / "threads.sqlite"
    with open_investigator(model(number), toolkit, path=path) as investigator:
        list(investigator.ask("t", "File it."))
    clients = [started(server, path, "answers", BOTH[:number]) for _ in range(2)]
    for client in clients:
        assert client.stdout.readline().strip() == "ready"
    for client in clients:
        client.stdin.write("\n")
        client.stdin.flush()
    answers = sorted(int(client.communicate(timeout=120)[0]) for client in clients)
    assert [client.returncode for client in clients] == [0, 0]
    assert answers[0] == 0
    assert answers[1] > 0
    assert len(bugs(organization)) == 1
    assert len(bugs(organization, "Close the gate")) == number - 1


def recorded(log):
    """The outcomes on record, and whether they were looked up."""
    outcomes = {"written", "failed", "unknown"}
    return [
        (entry.event, bool(entry.details.get("looked_up")))
        for entry in read_entries(log.path)
        if entry.event in outcomes
    ]


@pytest.mark.parametrize(
    ("point", "then", "coverage"),
    [
        ("asked", 0, None), ("decided", 0, None), ("approved", 0, "written"), ("begun", 0, "unknown"),
        ("sent", 1, "written"), ("finished", 1, "written"),
    ],
)  # fmt: skip
def test_a_process_killed_at_any_point_never_leads_to_two_writes(
    toolkit, server, organization, tmp_path, point, then, coverage
):
    """`then` is what was written when it died; afterwards another process goes on, answers and asks again."""
    path = tmp_path / "threads.sqlite"
    killed = started(server, path, point)
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert len(bugs(organization)) == then
    toolkit.client.audit = log = AuditLog(tmp_path / "audit.jsonl")
    with open_investigator(model(), toolkit, path=path) as investigator:
        events = list(investigator.resume("t"))
        question = investigator.pending("t")
        if question is not None:
            events += answer(investigator, question, YES)
        assert list(investigator.resume("t")) == []
        assert (question is not None) == (coverage is None)
    report = report_of(events)
    assert (coverage or "written") in report["coverage"]
    if coverage == "unknown":
        assert "whether it was written is not known" in report["coverage"]["unknown"][0]
    if point in {"begun", "sent"}:
        assert recorded(log) == [(coverage, True)]
    assert len(bugs(organization)) == (0 if coverage == "unknown" else 1)


@pytest.mark.parametrize("point", ["asked", "decided", "approved", "begun", "sent", "finished"])
def test_a_process_killed_at_any_point_writes_each_of_two_writes_at_most_once(
    toolkit, server, organization, tmp_path, point
):
    """Every write that is not in the organization afterwards is called unknown: it was begun, and never sent."""
    path = tmp_path / "threads.sqlite"
    killed = started(server, path, point, BOTH)
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    with open_investigator(model(2), toolkit, path=path) as investigator:
        events = list(investigator.resume("t"))
        question = investigator.pending("t")
        if question is not None:
            events += answer(investigator, question, YES, YES)
        assert list(investigator.resume("t")) == []
        assert (question is not None) == (point in {"asked", "decided"})
    report = report_of(events)
    written = [len(bugs(organization, title)) for title in ("The gate is open", "Close the gate")]
    assert max(written) <= 1
    assert sum(written) + len(report["coverage"].get("unknown", [])) == 2
    assert len(report["coverage"].get("written", [])) == sum(written)


@pytest.mark.parametrize("point", ["sent", "finished"])
def test_a_write_that_is_found_after_a_kill_is_reported_like_one_that_went_through(
    toolkit, server, organization, tmp_path, point
):
    path = tmp_path / "threads.sqlite"
    killed_at(point, server, path)
    with open_investigator(model(), toolkit, path=path) as investigator:
        list(investigator.resume("t"))
        entry, written, line = write_of(investigator, "t")
    with open_investigator(ScriptedModel(steps=[[TASK], [REPORT]]), toolkit, path=path) as investigator:
        answer(investigator, asked(investigator.ask("fresh", "File it.")), YES, thread="fresh")
        fresh, _, _ = write_of(investigator, "fresh")
    [item] = bugs(organization)
    url = f"{fresh['urls']['url'].removesuffix(str(fresh['data']['id']))}{item.id}"
    assert url.endswith(f"/_workitems/edit/{item.id}")
    what = {"evidence": entry["id"], "tool": "create_work_item", "what": f"Bug {item.id}"}
    assert written == [{**what, "title": "The gate is open", "url": url}]
    assert line == f"- **Bug {item.id}**: The gate is open ([E1]({url}))"
    assert entry.keys() == fresh.keys()
    assert entry["data"].keys() == fresh["data"].keys()
    assert (entry["data"]["id"], entry["data"]["title"]) == (item.id, "The gate is open")
    same = ("tool", "status", "untrusted", "next", "gaps")
    assert [entry[name] for name in same] == [fresh[name] for name in same]
    assert entry["summary"].startswith(f"id: {item.id}, title: The gate is open")


def test_what_the_journal_stored_of_a_write_counts_when_it_is_not_found_any_more(
    toolkit, server, organization, tmp_path
):
    path = tmp_path / "threads.sqlite"
    killed_at("finished", server, path)
    [item] = bugs(organization)
    item.revision.fields["System.Title"] = "Another"
    with open_investigator(model(), toolkit, path=path) as investigator:
        list(investigator.resume("t"))
        entry, [row], _ = write_of(investigator, "t")
    assert (row["what"], row["title"]) == (f"Bug {item.id}", "The gate is open")
    assert row["url"].endswith(f"/_workitems/edit/{item.id}")
    assert entry["data"]["id"] == item.id


def test_a_write_that_an_equal_one_finds_is_reported_whole_in_both_threads(toolkit, server, organization, tmp_path):
    path = tmp_path / "threads.sqlite"
    killed_at("sent", server, path)
    with open_investigator(model(), toolkit, path=path) as investigator:
        list(investigator.ask("other", "File it."))
        assert investigator.pending("other") is None
        list(investigator.resume("t"))
        found, again = write_of(investigator, "other"), write_of(investigator, "t")
    [item] = bugs(organization)
    for entry, [row], line in (found, again):
        assert (row["what"], row["title"]) == (f"Bug {item.id}", "The gate is open")
        assert row["url"].endswith(f"/_workitems/edit/{item.id}")
        assert row["url"] in line
        assert entry["data"]["id"] == item.id


def test_what_an_earlier_version_stored_of_a_write_is_looked_up_once_more(toolkit, server, organization, tmp_path):
    """It stored the status and the text alone. Where the write is not found any more, these are what is known."""
    path = tmp_path / "threads.sqlite"
    killed_at("finished", server, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE intents DROP COLUMN artifact")
        connection.execute("UPDATE intents SET text = 'id: 1, as the earlier version said'")
    kept = shutil.copy(path, tmp_path / "kept.sqlite")
    with open_investigator(model(), toolkit, path=path) as investigator:
        list(investigator.resume("t"))
        entry, [row], _ = write_of(investigator, "t")
    [item] = bugs(organization)
    assert (row["what"], row["title"], entry["data"]["id"]) == (f"Bug {item.id}", "The gate is open", item.id)
    item.revision.fields["System.Title"] = "Another"
    with open_investigator(model(), toolkit, path=kept) as investigator:
        list(investigator.resume("t"))
        entry, [row], _ = write_of(investigator, "t")
    assert (entry["status"], row["url"]) == ("written", "")
    assert "as the earlier version said" in entry["text"]


@pytest.mark.parametrize("point", ["sent", "finished"])
def test_a_secret_in_what_a_found_write_returned_is_stored_nowhere(toolkit, server, organization, tmp_path, point):
    [item] = [item for item in organization.work_items if item.id == 4]
    item.revision.fields["System.Title"] = f"password={SECRET} for the rota"
    path = tmp_path / "threads.sqlite"
    call = Call.to("update_work_item", id=4, revision=item.revision.number, tags="rota")
    killed_at(point, server, path, call)
    with open_investigator(ScriptedModel(steps=[[call], [REPORT]]), toolkit, path=path) as investigator:
        list(investigator.resume("t"))
        entry, [row], _ = write_of(investigator, "t")
    assert entry["status"] == "written"
    assert row["title"].startswith("password=[secret")
    assert entry["data"]["tags"] == "rota"
    with closing(sqlite3.connect(path)) as connection:
        [[stored]] = connection.execute("SELECT artifact FROM intents").fetchall()
    assert "for the rota" in stored
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]


def test_a_thread_is_held_by_one_client_and_others_are_free(tmp_path, monkeypatch):
    store = tmp_path / "threads.sqlite"
    monkeypatch.setattr("azure_devops_agents.approvals.thread_lock.WAIT_SECONDS", 0.2)
    with hold_thread(store, "one"), hold_thread(store, "two"):
        with pytest.raises(Conflict, match="Another client is at work"), hold_thread(store, "one"):
            pass
    with hold_thread(store, "one"):
        pass
    [folder] = tmp_path.iterdir()
    assert [(path.stat().st_size, path.stat().st_mode & 0o777) for path in folder.iterdir()] == [(0, 0o600)] * 2
    assert folder.stat().st_mode & 0o777 == 0o700


def test_who_waits_gets_the_thread_when_it_is_free(tmp_path):
    store, order = tmp_path / "threads.sqlite", []

    def second():
        with hold_thread(store, "one"):
            order.append("second")

    with hold_thread(store, "one"):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.2)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_many_clients_hold_a_thread_one_after_the_other(tmp_path):
    store, inside, most = tmp_path / "threads.sqlite", [], []

    def hold():
        for _ in range(5):
            with hold_thread(store, "one"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=hold) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(most) == 30
    assert max(most) == 1


def test_asking_while_another_client_is_at_work_changes_nothing(toolkit, organization, tmp_path, monkeypatch):
    monkeypatch.setattr("azure_devops_agents.approvals.thread_lock.WAIT_SECONDS", 0.2)
    path = tmp_path / "threads.sqlite"
    with open_investigator(model(), toolkit, path=path) as investigator:
        with hold_thread(path, "t"), pytest.raises(Conflict):
            list(investigator.ask("t", "File it."))
        assert investigator.state("t") == {}
        assert [event for event in investigator.ask("t", "File it.") if isinstance(event, ApprovalAsked)]
    assert bugs(organization) == []
