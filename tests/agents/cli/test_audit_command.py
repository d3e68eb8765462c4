"""`audit show`, `verify` and `review`: what people see of the record, and whether the service agrees."""

import json
import os

import httpx
import pytest
from agent_tokens import FULL
from click.testing import CliRunner

from azure_devops_agents.cli.main import group
from langchain_azure_devops import TOOLS, AzureDevOpsToolkit
from langchain_azure_devops.errors import Misconfigured
from langchain_azure_devops.safety.audit import AuditLog


@pytest.fixture
def log(tmp_path, server, monkeypatch):
    for name in [name for name in os.environ if name.startswith("AZURE_DEVOPS_")]:
        monkeypatch.delenv(name)
    path = tmp_path / "audit.jsonl"
    monkeypatch.setenv("AZURE_DEVOPS_AUDIT", str(path))
    monkeypatch.setenv("AZURE_DEVOPS_BASE_URL", server.base_url)
    monkeypatch.setenv("AZURE_DEVOPS_PAT", FULL)
    return path


@pytest.fixture
def toolkit(server, log):
    arguments = {"base_url": server.base_url, "pat": FULL, "default_project": "Platform", "scopes": "app_token"}
    with AzureDevOpsToolkit(**arguments, writes="allow", audit=log) as made:
        yield made


def run(*arguments):
    return CliRunner().invoke(group, ["audit", *arguments])


def bug(toolkit, title="The gate is open"):
    return TOOLS["create_work_item"].call_sync(toolkit.client, type="Bug", title=title)


def behind_its_back(server, title):
    """A work item that the same account makes without the record."""
    answer = httpx.post(
        f"{server.base_url}/Platform/_apis/wit/workitems/$Bug?api-version=7.1",
        auth=("", FULL),
        headers={"Content-Type": "application/json-patch+json"},
        content=json.dumps([{"op": "add", "path": "/fields/System.Title", "value": title}]),
    )
    return answer.json()["id"]


def test_show_says_what_happened_in_order(toolkit):
    made = bug(toolkit)
    TOOLS["get_work_item"].call_sync(toolkit.client, ids=[made.id])
    shown = run("show").stdout.splitlines()
    assert [line.split()[3] for line in shown] == ["approved", "granted", "written", "read"]
    assert "create_work_item" in shown[0]
    assert "writes='allow'" in shown[0]
    assert f'"id": {made.id}' in shown[2]
    assert run("show", "--last", "1").stdout.count("\n") == 1
    [only] = [json.loads(line) for line in run("show", "--event", "written", "--json").stdout.splitlines()]
    assert only["tool"] == "create_work_item"


def test_show_finds_the_lines_that_were_torn(log):
    record = AuditLog(log)
    record.record("read", {"tool": "x"})
    with log.open("ab") as file:
        file.write(b'{"at": "2026')
    record.record("read", {"tool": "y"})
    [only] = [json.loads(line) for line in run("show", "--event", "torn", "--json").stdout.splitlines()]
    assert (only["event"], only["bytes"]) == ("torn", 12)
    misspelt = run("show", "--event", "tron")
    assert misspelt.exit_code == 2
    assert "torn" in misspelt.output
    with pytest.raises(Misconfigured):
        record.record("torn", {})


def test_text_of_others_gives_neither_the_terminal_nor_a_pipeline_a_command(log):
    AuditLog(log).record("denied", {"tool": "x\x1b[31m", "reason": "\n##vso[task.complete] ##[error]"})
    for options in ((), ("--json",)):
        shown = run("show", *options).stdout
        assert "\x1b" not in shown
        assert "##vso[" not in shown
    assert json.loads(run("show", "--json").stdout)["reason"] == "\n##vso[task.complete] ##[error]"


def test_verify_names_the_first_broken_line(toolkit, log):
    bug(toolkit)
    assert run("verify").exit_code == 0
    assert "Whole: 3 lines" in run("verify").stdout
    log.write_bytes(log.read_bytes().replace(b'"event":"granted"', b'"event":"read"'))
    outcome = run("verify")
    assert outcome.exit_code == 1
    assert "Broken at line 2" in outcome.stdout


def test_a_missing_record_is_said_plainly(log):
    for word in ("show", "verify"):
        outcome = run(word)
        assert outcome.exit_code == 1
        assert "There is no record at" in outcome.output


def test_review_shows_first_what_the_record_does_not_know(toolkit, server):
    known = bug(toolkit).id
    assert run("review").exit_code == 0
    hidden = behind_its_back(server, "Nobody saw this")
    outcome = run("review")
    assert outcome.exit_code == 1
    lines = outcome.stdout.splitlines()
    assert lines[0] == "In the service and NOT in the record:"
    assert f"work item {hidden}" in lines[1]
    assert lines.index("In both:") > 1
    assert f"work item {known}" in outcome.stdout


def test_review_works_without_any_record(server, log):
    hidden = behind_its_back(server, "Nobody saw this")
    assert not log.exists()
    assert f"work item {hidden}" in run("review").stdout


def test_review_sees_pull_requests_of_every_project(toolkit, server):
    source = next(
        row.name for row in TOOLS["list_branches"].call_sync(toolkit.client, repository="platform-api").items
        if row.name != "main"
    )  # fmt: skip
    body = {"sourceRefName": f"refs/heads/{source}", "targetRefName": "refs/heads/main", "title": "Quietly"}
    answer = httpx.post(
        f"{server.base_url}/Platform/_apis/git/repositories/platform-api/pullrequests?api-version=7.1",
        auth=("", FULL),
        json=body,
    )
    number = answer.json().get("pullRequestId")
    if number is None:
        body["targetRefName"] = "refs/heads/review-target"
        pytest.fail(str(answer.json()))
    assert f"pull request {number}: Platform, Quietly" in run("review").stdout
