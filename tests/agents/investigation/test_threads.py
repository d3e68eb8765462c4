"""Threads on disk and on Postgres: small files, deleted threads, locks across processes, faults with a clear word."""

import os
import sqlite3
import stat
import subprocess
import sys
import textwrap
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from agent_decisions import YES, answer, report_of

from azure_devops_agents.investigation.events import ToolFinished
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_agents.threads.database import ThreadsUnusable
from azure_devops_agents.threads.opening import open_threads, read_retention
from azure_devops_agents.threads.sqlite_database import SqliteThreads
from langchain_azure_devops.errors import Conflict, Misconfigured, NotFound

REPORT = Call.to("write_report", answer="Done.", verdict="answered")
LIST = Call.to("list_pull_requests")
BUG = Call.to("create_work_item", type="Bug", title="The gate is open", project="Platform")


def model(*steps):
    return ScriptedModel(steps=[step if isinstance(step, list) else [step] for step in steps])


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    """Where threads are stored, as the arguments of `open_investigator`."""
    if request.param == "sqlite":
        return {"path": tmp_path / "threads.sqlite"}
    return {"database": request.getfixturevalue("postgres_url")}


def approve(investigator, thread="t"):
    question = investigator.pending(thread)
    return [] if question is None else answer(investigator, question, *[YES] * len(question.views), thread=thread)


def locks(place):
    return list(place["path"].with_name("threads.sqlite.locks").iterdir()) if "path" in place else []


def rows(place, table):
    if "path" in place:
        with sqlite3.connect(place["path"]) as connection:
            return connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - a name from this file
    import psycopg

    names = {"writes": "checkpoint_writes"}
    with psycopg.connect(place["database"]) as connection:
        return connection.execute(f"SELECT * FROM {names.get(table, table)}").fetchall()  # noqa: S608 - same


def test_a_thread_goes_on_in_another_process_of_the_investigator(toolkit, place, organization):
    with open_investigator(model(LIST, BUG, REPORT), toolkit, **place) as investigator:
        list(investigator.ask("t", "File it."))
        assert len(investigator.pending("t").views) == 1
    with open_investigator(model(LIST, BUG, REPORT), toolkit, **place) as investigator:
        report = report_of(approve(investigator))
        evidence = investigator.evidence("t")
    assert "Paginate the shipment search" in evidence["E1"]["text"]
    assert [entry["status"] for entry in evidence.values()] == ["ok", "written"]
    assert len([item for item in organization.work_items if item.title == "The gate is open"]) == 1
    assert report["answer"] == "Done."


def test_only_the_newest_checkpoint_is_kept_and_what_an_approval_needs(toolkit, place):
    with open_investigator(model(LIST, [LIST, BUG], REPORT), toolkit, **place) as investigator:
        list(investigator.ask("t", "File it."))
        assert len(rows(place, "checkpoints")) == 1
        assert rows(place, "writes")
        approve(investigator)
        assert len(rows(place, "checkpoints")) == 1
        assert len(investigator.evidence("t")) == 3


def test_a_deleted_thread_leaves_nothing_but_the_others(toolkit, place):
    with open_investigator(model(BUG, REPORT), toolkit, **place) as investigator:
        for thread in ("t", "t:b", "other"):
            list(investigator.ask(thread, "File it."))
            approve(investigator, thread)
    held = len(locks(place))
    threads = open_threads(**place)
    try:
        assert {stored.name for stored in threads.list_threads()} == {"t", "t:b", "other"}
        assert all(datetime.now(UTC) - stored.changed < timedelta(hours=1) for stored in threads.list_threads())
        threads.delete("t")
        threads.delete("other")
        with pytest.raises(NotFound, match="no thread 'other'"):
            threads.delete("other")
    finally:
        threads.close()
    for table in ("checkpoints", "writes"):
        assert {row[0] for row in rows(place, table)} <= {"t:b"}
    assert len(rows(place, "store")) == 1
    [settled] = rows(place, "intents")
    assert settled[0].startswith("t:b:")
    if "path" in place:
        assert len(locks(place)) == held - 2
        whole = b"".join(path.read_bytes() for path in place["path"].parent.iterdir() if path.is_file())
        assert b"The gate is open" in whole


def test_a_write_whose_outcome_is_not_known_outlives_its_thread(toolkit, place):
    with open_investigator(model(LIST, REPORT), toolkit, **place) as investigator:
        list(investigator.ask("t", "?"))
    threads = open_threads(**place)
    try:
        threads.journal.begin("t:approve:1:digest", "create_work_item")
        threads.journal.begin("t:approve:2:digest", "create_work_item")
        threads.journal.finish("t:approve:2:digest", "written", "done")
        threads.journal.approve("t:approve:1:digest", "digest", "dana")
        threads.journal.approve("tt:approve:1:digest", "digest", "dana")
        threads.delete("t")
        assert not threads.journal.is_approved("t:approve:1:digest", "digest", "dana")
        assert threads.journal.is_approved("tt:approve:1:digest", "digest", "dana")
        assert threads.journal.outcome("t:approve:1:digest") is not None
        assert threads.journal.outcome("t:approve:2:digest") is None
    finally:
        threads.close()


def test_what_is_deleted_is_in_no_byte_of_the_file(toolkit, tmp_path):
    place = {"path": tmp_path / "threads.sqlite"}
    with open_investigator(model(LIST, REPORT), toolkit, **place) as investigator:
        list(investigator.ask("t", "Which pull requests of the orchard are open?"))
    assert b"orchard" in place["path"].read_bytes()
    threads = open_threads(**place)
    threads.delete("t")
    threads.close()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if b"orchard" in path.read_bytes() or b"Paginate" in path.read_bytes()]


@pytest.mark.parametrize(("days", "kept"), [(90, ["new"]), (400, ["new", "old"]), (0, ["new", "old"])])
def test_threads_that_did_not_change_for_long_are_deleted(toolkit, place, days, kept, monkeypatch):
    with open_investigator(model(LIST, REPORT), toolkit, **place) as investigator:
        list(investigator.ask("old", "?"))
    from langgraph.checkpoint.base import id as ids

    stored = open_threads(**place)
    later = datetime.now(UTC) + timedelta(days=100)
    monkeypatch.setattr(ids, "_last_v6_timestamp", None)
    monkeypatch.setattr(ids.time, "time_ns", lambda: int(later.timestamp() * 1e9))
    with open_investigator(model(LIST, REPORT), toolkit, retention_days=0, **place) as investigator:
        list(investigator.ask("new", "?"))
    try:
        deleted = stored.expire(days, later)
        assert sorted(thread.name for thread in stored.list_threads()) == kept
        assert ("old" in deleted) is ("old" not in kept)
    finally:
        stored.close()


def test_the_environment_names_the_database_and_the_retention(postgres_url, toolkit, monkeypatch):
    monkeypatch.setenv("AZURE_DEVOPS_AGENT_DATABASE", postgres_url)
    monkeypatch.setenv("AZURE_DEVOPS_AGENT_RETENTION_DAYS", "7")
    assert read_retention() == 7
    with open_investigator(model(LIST, REPORT), toolkit) as investigator:
        list(investigator.ask("t", "?"))
    assert len(rows({"database": postgres_url}, "checkpoints")) == 1
    monkeypatch.delenv("AZURE_DEVOPS_AGENT_RETENTION_DAYS")
    assert read_retention() == 90


@pytest.mark.parametrize("given", ["-1", "ninety", "1.5", "²", "999999"])
def test_a_retention_that_is_no_number_of_days_is_refused(given, monkeypatch, toolkit, tmp_path):
    monkeypatch.setenv("AZURE_DEVOPS_AGENT_RETENTION_DAYS", given)
    with pytest.raises(Misconfigured, match="AZURE_DEVOPS_AGENT_RETENTION_DAYS is a number of days"):
        with open_investigator(model(REPORT), toolkit, path=tmp_path / "t"):
            pass


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://host/x", "must be a URL such as postgresql"),
        ("postgresql://u:hunter2@127.0.0.1:1/x", r"cannot be used.*OperationalError\."),
        ("postgresql://u:hun/ter2@127.0.0.1:1/x", "cannot be used"),
        ("postgresql://u:hunter2@127.0.0.1:1/x?hunter2=1", "cannot be used"),
        ("postgresql://u@127.0.0.1:1/x?sslmode=hunter2", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_says_so_and_not_its_password(url, told):
    with pytest.raises(Misconfigured, match=f"(?s){told}") as caught:
        open_threads(database=url)
    assert not [word for word in ("hunter2", "ter2") if word in str(caught.value)]


def test_a_database_in_which_no_table_may_be_created_says_so(postgres_url):
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN")
    with pytest.raises(ThreadsUnusable, match=r"may create tables there: InsufficientPrivilege\."):
        open_threads(database=postgres_url.replace("user=tester", "user=reader"))


PROCESS = """
import sys
from azure_devops_agents.threads.opening import open_threads
from pathlib import Path

kind, where = sys.argv[1:]
threads = open_threads(**{kind: Path(where) if kind == "path" else where})
with threads.hold("t"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_two_processes_wait_for_each_other_and_a_dead_one_lets_go(toolkit, place, monkeypatch):
    from azure_devops_agents.approvals import thread_lock
    from azure_devops_agents.threads import postgres_database

    [(kind, where)] = place.items()
    with open_investigator(model(LIST, REPORT), toolkit, **place) as investigator:
        other = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PROCESS), kind, str(where)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert other.stdout.readline() == "held\n"
        with monkeypatch.context() as patched:
            patched.setattr(thread_lock, "WAIT_SECONDS", 0.2)
            patched.setattr(postgres_database, "WAIT_SECONDS", 0.2)
            with pytest.raises(Conflict, match="Another client is at work on thread t"):
                list(investigator.ask("t", "?"))
            assert report_of(investigator.ask("u", "?"))
        other.kill()
        other.communicate()
        assert report_of(investigator.ask("t", "?"))


def test_every_file_is_private_while_it_is_in_use(toolkit, tmp_path):
    before = os.umask(0)
    try:
        with open_investigator(model(LIST, BUG, REPORT), toolkit, path=tmp_path / "threads.sqlite") as investigator:
            list(investigator.ask("t", "File it."))
            files = [path for path in tmp_path.rglob("*") if path.is_file()]
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in files}
    finally:
        os.umask(before)
    assert {"threads.sqlite", "threads.sqlite-wal", "threads.sqlite-shm"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_a_damaged_file_is_told_once_and_clearly(toolkit, tmp_path):
    path = tmp_path / "threads.sqlite"
    path.write_bytes(b"This is no database. " * 500)
    path.chmod(0o600)
    with pytest.raises(
        ThreadsUnusable, match=r"in \S+threads.sqlite cannot be read, because the file is damaged.*Move"
    ):
        with open_investigator(model(REPORT), toolkit, path=path):
            pass


def test_a_full_disk_is_told_with_what_to_do_next(tmp_path):
    with closing(SqliteThreads(tmp_path / "threads.sqlite")) as database:
        # SQLite reports a file that must not grow as it reports a disk that is full.
        database.saver.conn.execute("PRAGMA max_page_count = 1")
        with pytest.raises(
            ThreadsUnusable, match=r"the disk is full .*\. Free space, and ask again in the same thread"
        ):
            with database.naming_faults():
                database.saver.conn.execute("CREATE TABLE large AS SELECT randomblob(1000000)")


def test_evidence_that_was_damaged_is_told_when_it_is_read(toolkit, tmp_path):
    path = tmp_path / "threads.sqlite"
    with open_investigator(model(LIST, REPORT), toolkit, path=path) as investigator:
        list(investigator.ask("t", "?"))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET rootpage = 9999 WHERE name = 'store'")
    connection.close()
    with pytest.raises(ThreadsUnusable, match="damaged"):
        with open_investigator(model(LIST, REPORT), toolkit, path=path) as investigator:
            investigator.evidence("t")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a folder in which nobody may write")
def test_a_folder_that_may_not_be_written_is_told():
    from pathlib import Path

    with pytest.raises(ThreadsUnusable, match=r"cannot be stored in /proc/threads\.sqlite .*Choose a file in a folder"):
        open_threads(Path("/proc/threads.sqlite"))


KILLED = """
import os, signal, sys
from pathlib import Path
from azure_devops_agents.evidence.store import EvidenceTexts
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from langchain_azure_devops import AzureDevOpsToolkit

url, path = sys.argv[1:]
real = EvidenceTexts.save
def dying(self, texts):
    real(self, texts)
    os.kill(os.getpid(), signal.SIGKILL)
EvidenceTexts.save = dying
steps = [[Call.to("list_pull_requests")], [Call.to("write_report", answer="Done.", verdict="answered")]]
toolkit = AzureDevOpsToolkit.connect(base_url=url, pat="full-access-token", default_project="Platform")
with open_investigator(ScriptedModel(steps=steps), toolkit, path=Path(path)) as investigator:
    list(investigator.ask("t", "?"))
"""


def test_a_process_killed_between_the_text_and_the_checkpoint_loses_nothing(toolkit, server, tmp_path):
    path = tmp_path / "threads.sqlite"
    done = subprocess.run([sys.executable, "-c", KILLED, server.base_url, str(path)], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr
    with open_investigator(model(LIST, REPORT), toolkit, path=path) as investigator:
        assert investigator.evidence("t") == {}
        report = report_of(investigator.resume("t"))
        assert report["answer"] == "Done."
        assert [entry["status"] for entry in investigator.evidence("t").values()] == ["ok"]
        assert "Paginate" in investigator.evidence("t")["E1"]["text"]
    threads = open_threads(path)
    threads.delete("t")
    threads.close()
    assert rows({"path": path}, "store") == []


def test_a_question_that_ended_between_two_steps_goes_on(toolkit, place):
    with open_investigator(model(LIST, REPORT), toolkit, **place) as investigator:
        for event in investigator.ask("t", "?"):
            if isinstance(event, ToolFinished):
                break
    with open_investigator(model(LIST, REPORT), toolkit, **place) as investigator:
        assert report_of(investigator.resume("t"))
        assert list(investigator.resume("t")) == []
        assert "Paginate" in investigator.evidence("t")["E1"]["text"]
