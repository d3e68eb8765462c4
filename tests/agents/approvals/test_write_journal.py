"""The journal of writes: each id begins once, whoever asks, in a file and in Postgres."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg
import pytest
from blockbuster import blockbuster_ctx

from azure_devops_agents.approvals.shared_database import shared_database
from azure_devops_agents.approvals.write_journal import Outcome, WriteJournal

BEGIN = (
    "import sys; from azure_devops_agents.approvals.write_journal import WriteJournal as J; from pathlib import Path; "
)
BEGIN += "j = J(sys.argv[1] if '://' in sys.argv[1] else Path(sys.argv[1])); print(j.begin('a', 'tool')); j.close()"


@pytest.fixture(params=["file", "postgres"])
def place(request, tmp_path):
    return tmp_path / "i.sqlite" if request.param == "file" else request.getfixturevalue("postgres_url")


def test_of_many_at_once_one_begins(place):
    journals = [WriteJournal(place) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(lambda journal: journal.begin("a", "tool"), journals))
    assert begun.count(None) == 1
    assert begun.count(Outcome(None, "")) == 7
    for journal in journals:
        journal.close()


def test_a_write_that_begins_at_this_moment_is_not_listed_as_begun_by_others(place, monkeypatch):
    """Two approved writes of one turn run at once: neither may take the other for one that a lost process began."""
    database = shared_database(place)
    monkeypatch.setattr("azure_devops_agents.approvals.write_journal.shared_database", lambda _: database)
    journal = WriteJournal(place)
    store, stored, listing = database.change, threading.Event(), threading.Event()

    def store_slowly(*args):
        count = store(*args)
        stored.set()
        listing.wait(0.3)
        return count

    monkeypatch.setattr(database, "change", store_slowly)
    with ThreadPoolExecutor(2) as pool:
        begun = pool.submit(journal.begin, "a", "tool", "here")
        assert stored.wait(10)
        others = pool.submit(journal.list_open, "tool", "here")
        others.add_done_callback(lambda _: listing.set())
    assert (begun.result(), others.result()) == (None, [])
    journal.close()


def test_of_many_processes_one_begins(place):
    command = [sys.executable, "-c", BEGIN, str(place)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = [process.communicate(timeout=100)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert answers.count("None") == 1
    assert sum(answer.startswith("Outcome(status=None") for answer in answers) == 2


def test_an_outcome_is_told_without_beginning(place):
    journal = WriteJournal(place)
    assert journal.outcome("a") is None
    assert journal.begin("a", "tool") is None
    assert journal.outcome("a") == Outcome(None, "")
    journal.finish("a", "written", "id: 1")
    journal.close()
    again = WriteJournal(place)
    assert again.outcome("a") == again.begin("a", "tool") == Outcome("written", "id: 1")
    again.close()


def test_the_data_of_an_outcome_is_kept(place):
    journal = WriteJournal(place)
    journal.begin("a", "tool")
    journal.finish("a", "written", "id: 1", {"data": {"id": 1, "title": "a \0 \ud800"}, "urls": None})
    journal.close()
    again = WriteJournal(place)
    assert again.outcome("a").artifact == {"data": {"id": 1, "title": "a \0 \ufffd"}, "urls": None}
    again.close()


EARLIER = "CREATE TABLE intents (id TEXT PRIMARY KEY, tool TEXT NOT NULL, status TEXT, text TEXT, begun {} NOT NULL)"


def test_the_journal_of_an_earlier_version_is_completed_by_whoever_opens_it_first(place):
    stored = "INSERT INTO intents VALUES ('a', 'tool', 'written', 'id: 1', 1.0)"
    if isinstance(place, str):
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute(EARLIER.format("DOUBLE PRECISION"))
            connection.execute(stored)
    else:
        place.touch(0o600)
        with closing(sqlite3.connect(place, isolation_level=None)) as connection:
            connection.execute(EARLIER.format("REAL"))
            connection.execute(stored)
    journals = [WriteJournal(place) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda journal: journal.outcome("a"), journals)) == [Outcome("written", "id: 1")] * 4
    journals[0].begin("b", "tool", "here", "{}")
    journals[0].finish("b", "written", "", {"data": 1})
    assert journals[1].outcome("b").artifact == {"data": 1}
    for journal in journals:
        journal.close()


def test_only_an_approval_that_was_stored_counts(place):
    journal = WriteJournal(place)
    assert not journal.is_approved("a", "digest", "dana")
    journal.approve("a", "digest", "dana")
    assert journal.is_approved("a", "digest", "dana")
    assert not journal.is_approved("a", "digest", "priya")
    assert not journal.is_approved("a", "other", "dana")
    assert not journal.is_approved("b", "digest", "dana")
    journal.approve("a", "digest", "priya")
    assert not journal.is_approved("a", "digest", "dana")
    journal.close()


async def test_many_threads_keep_the_same_journal_and_block_no_loop(place):
    journal = WriteJournal(place)
    with blockbuster_ctx():
        assert await asyncio.to_thread(journal.outcome, "a") is None
        await asyncio.to_thread(journal.approve, "a", "digest", "dana")
        assert await asyncio.to_thread(journal.is_approved, "a", "digest", "dana")
        begun = await asyncio.gather(*(asyncio.to_thread(journal.begin, "a", "tool", "here", "{}") for _ in range(8)))
        assert begun.count(None) == 1
        await asyncio.to_thread(journal.finish, "a", "unknown", "lost \ud800 \0")
        assert (await asyncio.to_thread(journal.outcome, "a")).status == "unknown"
        assert await asyncio.to_thread(journal.list_open, "tool", "here") == []
    journal.close()
    other = WriteJournal(place)
    assert [entry.write_id for entry in await asyncio.to_thread(other.list_open, "tool", "here")] == ["a"]
    assert other.outcome("a").text == "lost \ufffd \ufffd"
    other.close()


async def test_a_loop_goes_on_while_the_journal_waits_for_another_client(place, hold_journal):
    """If a write that begins stopped the loop, nobody could let the other client go on."""
    journal = WriteJournal(place)
    await asyncio.to_thread(journal.outcome, "a")
    with hold_journal(place):
        begins = asyncio.create_task(asyncio.to_thread(journal.begin, "a", "tool"))
        await asyncio.to_thread(sum, range(1000))
        assert not begins.done()
    assert await begins is None
    journal.close()


@pytest.fixture
def hold_journal():
    @contextmanager
    def hold(place):
        """Keep all others from writing, like a client in the middle of a transaction."""
        if isinstance(place, str):
            with psycopg.connect(place) as connection:
                connection.execute("LOCK TABLE intents IN EXCLUSIVE MODE")
                yield
        else:
            with closing(sqlite3.connect(place, isolation_level=None)) as connection:
                connection.execute("BEGIN EXCLUSIVE")
                yield

    return hold


def test_a_journal_opens_nothing_before_its_first_use(tmp_path):
    path = tmp_path / "i.sqlite"
    journal = WriteJournal(path)
    assert not path.exists()
    journal.finish("a", "written", "")
    assert path.exists()
    journal.close()


def test_a_journal_outlives_the_connections_that_its_server_ends(postgres_url):
    journal = WriteJournal(postgres_url)
    assert journal.begin("a", "tool") is None
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert journal.outcome("a") == Outcome(None, "")
    journal.close()


def test_a_graph_without_a_file_has_a_journal_of_its_own():
    one, two = WriteJournal(), WriteJournal()
    assert one.begin("a", "tool") is None
    assert two.begin("a", "tool") is None
    one.close()
    two.close()
