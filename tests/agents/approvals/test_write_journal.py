"""The journal of writes: each id begins once, whoever asks."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from blockbuster import blockbuster_ctx

from azure_devops_agents.approvals.write_journal import Outcome, WriteJournal


def test_of_many_at_once_one_begins(tmp_path):
    journals = [WriteJournal(tmp_path / "i.sqlite") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(lambda journal: journal.begin("a", "tool"), journals))
    assert begun.count(None) == 1
    assert begun.count(Outcome(None, "")) == 7
    for journal in journals:
        journal.close()


def test_an_outcome_is_told_without_beginning(tmp_path):
    journal = WriteJournal(tmp_path / "i.sqlite")
    assert journal.outcome("a") is None
    assert journal.begin("a", "tool") is None
    assert journal.outcome("a") == Outcome(None, "")
    journal.finish("a", "written", "id: 1")
    journal.close()
    again = WriteJournal(tmp_path / "i.sqlite")
    assert again.outcome("a") == again.begin("a", "tool") == Outcome("written", "id: 1")
    again.close()


def test_a_journal_opens_nothing_before_its_first_use(tmp_path):
    path = tmp_path / "i.sqlite"
    journal = WriteJournal(path)
    assert not path.exists()
    journal.finish("a", "written", "")
    assert path.exists()
    journal.close()


async def test_the_asynchronous_form_keeps_the_same_journal_and_blocks_no_loop(tmp_path):
    journal = WriteJournal(tmp_path / "i.sqlite")
    with blockbuster_ctx():
        assert await journal.aoutcome("a") is None
        begun = await asyncio.gather(*(journal.abegin("a", "tool", "here", "{}") for _ in range(8)))
        assert begun.count(None) == 1
        await journal.afinish("a", "unknown", "lost \ud800 \0")
        assert (await journal.aoutcome("a")).status == "unknown"
        assert await journal.alist_open("tool", "here") == []
    journal.close()
    other = WriteJournal(tmp_path / "i.sqlite")
    assert [entry.write_id for entry in await other.alist_open("tool", "here")] == ["a"]
    assert other.outcome("a").text == "lost \ufffd \ufffd"
    other.close()


def test_a_graph_without_a_file_has_a_journal_of_its_own():
    one, two = WriteJournal(), WriteJournal()
    assert one.begin("a", "tool") is None
    assert two.begin("a", "tool") is None
    one.close()
    two.close()
