"""Files of the agent and of the toolkit: only their owner may use them, whatever was there before."""

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from azure_devops_agents.approvals.thread_lock import hold_thread
from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.automations.filed import FiledRecord
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import ScriptedModel
from azure_devops_agents.threads.sqlite_database import SqliteThreads
from langchain_azure_devops.errors import AuditFailed, AzureDevOpsError, Misconfigured
from langchain_azure_devops.safety import AuditLog, make_private, make_private_folder
from langchain_azure_devops.safety.private_files import FileTightened

pytestmark = pytest.mark.skipif(os.name != "posix", reason="only POSIX systems have modes")


def write_audit(path, toolkit):
    log = AuditLog(path)
    log.record("denied", {"tool": "x"})


def keep_threads(path, toolkit):
    with open_investigator(ScriptedModel(steps=[]), toolkit, path=path):
        pass


def keep_journal(path, toolkit):
    with closing(WriteJournal(path)) as journal:
        journal.begin("a", "b")


def keep_filed(path, toolkit):
    FiledRecord(path, toolkit.client, "Platform").begin("finding-1")


USES = {"audit": write_audit, "threads": keep_threads, "journal": keep_journal, "filed": keep_filed,
        "file": lambda path, _: make_private(path)}  # fmt: skip


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize("use", USES)
def test_a_new_file_is_private_whatever_the_umask(tmp_path, toolkit, use):
    before = os.umask(0)
    try:
        USES[use](tmp_path / "state", toolkit)
    finally:
        os.umask(before)
    assert mode(tmp_path / "state") == 0o600


@pytest.mark.parametrize("wide", [0o666, 0o644, 0o640, 0o604, 0o777, 0o620, 0o601])
@pytest.mark.parametrize("use", USES)
def test_an_existing_file_that_others_may_use_is_tightened_and_that_is_told(tmp_path, toolkit, use, wide):
    path = tmp_path / "state"
    path.touch()
    path.chmod(wide)
    with pytest.warns(FileTightened, match=f"{wide:04o}.*0600"):
        USES[use](path, toolkit)
    assert mode(path) == 0o600


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal"])
def test_the_files_beside_a_database_are_tightened_as_well(tmp_path, ending):
    beside = tmp_path / f"state{ending}"
    beside.touch()
    beside.chmod(0o666)
    with pytest.warns(FileTightened):
        make_private(tmp_path / "state")
    assert mode(beside) == 0o600


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("what", ["link", "broken link", "folder", "pipe"])
def test_what_is_no_file_of_ones_own_is_refused(tmp_path, toolkit, use, what):
    path, other = tmp_path / "state", tmp_path / "other"
    if what == "link":
        other.write_text("precious")
        path.symlink_to(other)
    elif what == "broken link":
        path.symlink_to(other)
    elif what == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(Misconfigured, match="is a link or no regular file"):
        USES[use](path, toolkit)
    assert not other.exists() or other.read_text() == "precious"


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
def test_a_link_beside_a_database_is_refused(tmp_path, ending):
    (tmp_path / f"state{ending}").symlink_to(tmp_path / "other")
    with pytest.raises(Misconfigured):
        make_private(tmp_path / "state")
    assert not (tmp_path / "other").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("use", USES)
def test_a_file_of_somebody_else_is_refused_and_stays_as_it_is(tmp_path, toolkit, use):
    path = tmp_path / "state"
    path.touch()
    os.chown(path, 12345, 12345)
    path.chmod(0o666)
    with pytest.raises(AzureDevOpsError, match="belongs to another user"):
        USES[use](path, toolkit)
    assert (mode(path), path.stat().st_size) == (0o666, 0)


def test_folders_are_private(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with pytest.warns(FileTightened, match=r"0755.*0700"):
        make_private_folder(folder)
    assert mode(folder) == 0o700
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(Misconfigured):
        make_private_folder(tmp_path / "link")


def test_the_locks_of_threads_are_private(tmp_path):
    folder = tmp_path / "threads.sqlite.locks"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.warns(FileTightened), hold_thread(tmp_path / "threads.sqlite", "t"):
        pass
    [lock] = folder.iterdir()
    assert (mode(folder), mode(lock)) == (0o700, 0o600)
    lock.chmod(0o666)
    with pytest.warns(FileTightened), hold_thread(tmp_path / "threads.sqlite", "t"):
        pass
    assert mode(lock) == 0o600


def test_the_folder_of_a_file_that_the_user_chose_stays_as_it_is(tmp_path):
    tmp_path.chmod(0o755)
    AuditLog(tmp_path / "audit.jsonl").record("denied", {})
    assert mode(tmp_path) == 0o755


def test_an_audit_log_that_is_refused_writes_nothing(tmp_path):
    (tmp_path / "audit.jsonl").symlink_to(tmp_path / "other")
    with pytest.raises(AuditFailed, match="AZURE_DEVOPS_AUDIT"):
        AuditLog(tmp_path / "audit.jsonl").record("granted", {})
    assert not (tmp_path / "other").exists()


def test_a_command_says_what_it_tightened(tmp_path):
    state = tmp_path / "azure-devops-agent"
    state.mkdir()
    for name in ("threads.sqlite", "audit.jsonl"):
        (state / name).touch()
        (state / name).chmod(0o666)
    state.chmod(0o755)
    program = "from azure_devops_agents.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "investigate", "--simulator", "What is work item 4?"],
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path), "AZURE_DEVOPS_AUDIT": str(state / "audit.jsonl")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert {path.name: mode(path) for path in state.iterdir()} == {
        "threads.sqlite": 0o600, "audit.jsonl": 0o600, "threads.sqlite.locks": 0o700,
    }, done.stderr  # fmt: skip
    assert mode(state) == 0o700
    assert done.stderr.count("Check who may have read or changed it before.") == 3
    assert "private_files.py" not in done.stderr
    with closing(sqlite3.connect(state / "threads.sqlite")) as opened:
        assert opened.execute("SELECT count(*) FROM checkpoints").fetchone()[0] > 0
    assert Path(state / "audit.jsonl").read_text()


def test_a_second_process_leaves_the_changes_of_the_first_in_place(tmp_path):
    path = tmp_path / "threads.sqlite"
    code = (
        "import sys; from pathlib import Path\n"
        f"from {SqliteThreads.__module__} import SqliteThreads\n"
        "threads = SqliteThreads(Path(sys.argv[1])); print(threads.journal.outcome('a').status); threads.close()"
    )
    with closing(SqliteThreads(path)) as threads:
        threads.journal.begin("a", "create_work_item")
        for status in ("unknown", "written"):
            threads.journal.finish("a", status, "")
            seen = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
            assert seen.stdout.strip() == status
            assert path.with_name("threads.sqlite-wal").exists(), "the other process took itself for the last one"
