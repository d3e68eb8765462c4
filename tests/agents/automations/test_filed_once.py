"""A finding is filed once: within the lag of queries, by two runs at once, and after a run was killed."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from agent_tokens import FULL
from click.testing import CliRunner
from sarif_log import result, sarif

from azure_devops_agents.automations import filed
from azure_devops_agents.cli.main import group
from azure_devops_agents.paths import filed_path
from azure_devops_simulator import Fault
from azure_devops_simulator.state.work_items.records import Draft
from langchain_azure_devops import AzureDevOps
from langchain_azure_devops.settings import load_settings

LOG = sarif(result(), result(path="b.py"))


@pytest.fixture
def environ(server, organization, tmp_path, monkeypatch):
    """What every run sees; queries are an hour behind."""
    organization.work_item_lag = timedelta(hours=1)
    for name in [name for name in os.environ if name.startswith("AZURE_DEVOPS_")]:
        monkeypatch.delenv(name)
    (tmp_path / "scan.sarif").write_text(json.dumps(LOG), encoding="utf-8")
    given = {"AZURE_DEVOPS_BASE_URL": server.base_url, "AZURE_DEVOPS_PAT": FULL, "XDG_STATE_HOME": str(tmp_path)}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "scan.sarif"


def run(file, *more, project="Platform"):
    done = CliRunner().invoke(group, ["automate", "findings", str(file), "--project", project, *more])
    return done.exit_code, done.output


def start(file):
    command = ["-m", "azure_devops_agents.cli.main", "automate", "findings", str(file), "--project", "Platform"]
    return subprocess.Popen(
        [sys.executable, *command, "--apply", "--yes"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def filed_items(organization):
    return [
        item for item in organization.work_items if str(item.revision.fields["System.Title"]).startswith("Finding:")
    ]


def wait_until(condition):
    for _ in range(3_000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")


@pytest.mark.parametrize("forget", [False, True], ids=["same machine", "another machine"])
@pytest.mark.parametrize("again", ["Platform", "pLATFORM", "id"])
def test_a_second_run_finds_what_queries_do_not_know_yet(environ, organization, tmp_path, monkeypatch, forget, again):
    assert "2 of 2 written." in run(environ, "--apply", "--yes")[1]
    if forget:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    project = organization.project("Platform").id if again == "id" else again
    assert "Plan: 0 to create, 0 to update, 2 unchanged." in run(environ, "--apply", "--yes", project=project)[1]
    assert len(filed_items(organization)) == 2


def test_the_record_finds_what_lies_behind_many_items_that_are_hidden(environ, organization):
    hidden, someone = organization.project("Data"), organization.named("Dana Ortiz")
    task = next(item for item in organization.work_items if item.project is hidden)
    for _ in range(120):
        fields = dict(task.revision.fields)
        organization.work_items.create(hidden, Draft(fields), by=someone, when=organization.clock.tick())
    organization.hide_project(hidden, organization.tokens[FULL].user)
    for _ in range(2):
        run(environ, "--apply", "--yes")
    assert len(filed_items(organization)) == 2


def test_two_runs_at_once_file_each_finding_once(environ, organization):
    runs = [start(environ) for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0].decode() for process in runs]
    assert len(filed_items(organization)) == 2, outputs
    assert sum("2 of 2 written." in output for output in outputs) == 1


def test_a_run_that_is_killed_after_the_effect_leaves_nothing_to_file_again(environ, organization):
    organization.faults.add(Fault("delay", method="POST", path="/workitems/$", when="after", delay=20, times=1))
    process = start(environ)
    wait_until(lambda: filed_items(organization))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert "Plan: 1 to create, 0 to update, 1 unchanged." in run(environ, "--apply", "--yes")[1]
    assert len(filed_items(organization)) == 2


def test_a_run_that_is_killed_before_the_effect_leaves_it_open_for_an_hour(environ, organization, monkeypatch):
    organization.faults.add(Fault("delay", method="POST", path="/workitems/$", delay=20, times=1))
    process = start(environ)
    wait_until(lambda: organization.faults.counted()[0][2])
    process.send_signal(signal.SIGKILL)
    process.communicate()
    code, output = run(environ, "--apply", "--yes")
    assert (code, len(filed_items(organization))) == (0, 1)
    assert "Plan: 1 to create, 0 to update, 0 unchanged, 1 unsettled." in output
    assert "an earlier run sent it, and its outcome is not known yet" in output
    monkeypatch.setattr(filed, "UNSETTLED_SECONDS", 0.0)
    assert "Plan: 1 to create, 0 to update, 1 unchanged." in run(environ, "--apply", "--yes")[1]


def test_a_refused_creation_leaves_nothing_open(environ, organization):
    assert run(environ, "--apply", "--yes", "--type", "Epidemic")[0] != 0
    assert "Plan: 2 to create" in run(environ, "--apply", "--yes")[1]
    assert len(filed_items(organization)) == 2


def test_a_run_that_waits_too_long_for_another_writes_nothing(environ, organization, monkeypatch):
    monkeypatch.setattr(filed, "WAIT_SECONDS", 0.05)
    with AzureDevOps(load_settings()) as client, filed.FiledRecord(filed_path(), client, "Platform").hold():
        code, output = run(environ, "--apply", "--yes")
    assert code == 7
    assert "Another run is creating work items. Nothing was written here" in output
    assert "0 of 2 written." in output
    assert filed_items(organization) == []


def test_only_its_user_can_read_the_record(environ):
    assert "2 of 2 written." in run(environ, "--apply", "--yes")[1]
    assert filed_path().stat().st_mode & 0o777 == 0o600
    assert filed_path().with_suffix(".lock").stat().st_mode & 0o777 == 0o600


def test_a_record_that_cannot_be_kept_stops_the_run_before_anything_is_written(environ, organization):
    assert "2 to create" in run(environ)[1]
    filed_path().write_bytes(b"no database at all, but long enough to be taken for one" * 10)
    code, output = run(environ, "--apply", "--yes")
    assert code == 2
    assert "cannot be used to record which work items were created" in output
    assert filed_items(organization) == []
