"""A thread file of the version before is brought into the form of this one; a newer one is refused."""

import io
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from agent_decisions import report_of
from rich.console import Console

from azure_devops_agents.cli.views import show_report
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_agents.threads.database import ThreadsUnusable

FILE = Path(__file__).parents[1] / "threads_before" / "threads.sqlite"
REPORT = Call.to("write_report", answer="Done.", verdict="answered")
READ_ON = Call.to("read_evidence", id="E1", contains="Paginate")


@pytest.fixture
def before(tmp_path):
    path = tmp_path / "threads.sqlite"
    shutil.copy(FILE, path)
    path.chmod(0o600)
    return path


@pytest.fixture
def investigate(toolkit, before):
    def start(*steps):
        model = ScriptedModel(steps=[[step] for step in steps])
        return open_investigator(model, toolkit, path=before, retention_days=0)

    return start


def stored(path, table):
    with sqlite3.connect(path) as connection:
        return connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - a name from this file


def test_texts_move_from_the_state_into_the_store_and_the_file_shrinks(investigate, before):
    size = before.stat().st_size
    with investigate(READ_ON, REPORT) as investigator:
        state = investigator.state("finished")
        assert not [entry for entry in state["evidence"].values() if "text" in entry]
        evidence = investigator.evidence("finished")
        assert "Paginate the shipment search" in evidence["E1"]["text"]
        assert state["evidence"]["E1"]["size"] == len(evidence["E1"]["text"])
        assert report_of(investigator.ask("finished", "And now?"))
        assert "E1, list_pull_requests" in str([each.content for each in investigator.state("finished")["messages"]])
    assert len(stored(before, "checkpoints")) == 4
    assert b"Paginate" in before.read_bytes()
    assert before.stat().st_size < size


def test_a_report_of_before_has_the_names_of_now(investigate):
    with investigate(REPORT) as investigator:
        report = investigator.state("finished")["report"]
    assert [row["quote"] for row in report["hypotheses_rejected"]] == ["Paginate the shipment search"]
    assert "ruled_out" not in report
    out = io.StringIO()
    show_report(Console(file=out, width=200), report)
    assert "One is open." in out.getvalue()


@pytest.mark.parametrize(
    ("thread", "told"),
    [
        ("waiting", "A new version of the program ended this question"),
        ("ended", "A new version of the program ended this question"),
        ("begun", 'create_work_item "The gate is open", begun when the process ended'),
    ],
)
def test_a_question_that_was_not_finished_ends_with_a_report_and_writes_nothing(
    investigate, organization, thread, told
):
    items = len(list(organization.work_items))
    with investigate(READ_ON, REPORT) as investigator:
        assert investigator.pending(thread) is None
        report = report_of(investigator.resume(thread))
        assert told in f"{report['answer']} {report['coverage']}"
        assert "Paginate the shipment search" in investigator.evidence(thread)["E1"]["text"]
        report = report_of(investigator.ask(thread, "Again."))
        assert report["answer"] == "Done."
    assert len(list(organization.work_items)) == items


def test_a_file_is_migrated_once(investigate, before):
    with investigate(REPORT) as investigator:
        first = investigator.state("finished")["evidence"]
    checkpoints = stored(before, "checkpoints")
    with investigate(REPORT) as investigator:
        assert investigator.state("finished")["evidence"] == first
    assert stored(before, "checkpoints") == checkpoints


OPEN = """
import sys
from pathlib import Path
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import ScriptedModel
from langchain_azure_devops import AzureDevOpsToolkit

toolkit = AzureDevOpsToolkit(organization="contoso", pat="x" * 52)
with open_investigator(ScriptedModel(steps=[]), toolkit, path=Path(sys.argv[1]), retention_days=0) as investigator:
    print(len(investigator.evidence("finished")))
"""


def test_two_processes_that_open_a_file_of_before_at_once_migrate_it_once(before):
    both = [
        subprocess.Popen([sys.executable, "-c", OPEN, str(before)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    told = [process.communicate() for process in both]
    assert [out for out, _ in told] == [b"2\n", b"2\n"], told
    assert len(stored(before, "checkpoints")) == 4


def test_a_file_of_a_newer_version_is_refused_and_not_changed(investigate, before):
    with sqlite3.connect(before) as connection:
        connection.execute("PRAGMA user_version = 2")
    checkpoints = stored(before, "checkpoints")
    with pytest.raises(ThreadsUnusable, match="A newer version of this program stored the threads"):
        with investigate(REPORT):
            pass
    assert stored(before, "checkpoints") == checkpoints
