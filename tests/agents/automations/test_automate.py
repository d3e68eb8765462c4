"""Work items from findings: planned, shown, approved, written once, kept up to date; hostile files refused."""

import json
import os
import re
import sys
from importlib import import_module
from pkgutil import iter_modules

import pexpect
import pytest
from agent_tokens import FULL, READER
from click.testing import CliRunner
from sarif_log import result, sarif

from azure_devops_agents import automations
from azure_devops_agents.automations import AUTOMATIONS
from azure_devops_agents.automations.automation import Automation, Plan, Step, carry_out
from azure_devops_agents.automations.findings import FindingsInputs, plan_findings
from azure_devops_agents.cli.commands.automate import command
from azure_devops_agents.cli.main import group
from langchain_azure_devops import approve_writes_with
from langchain_azure_devops.errors import Conflict, WriteBlocked
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.settings import load_settings
from langchain_azure_devops.tools.work_items.tools import (
    create_work_item,
    get_work_item,
    query_work_items,
    update_work_item,
)

PAT = "ghp_Zk3vQ9xT7bN2mW8rY5cL1dF6hJ4gS0aPqEuV"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "scan.sarif"


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """The record of what was filed, of each test alone."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def automate(server, file, monkeypatch):
    for name in [name for name in os.environ if name.startswith("AZURE_DEVOPS_")]:
        monkeypatch.delenv(name)

    def run(log, *arguments, token=FULL, project="Platform"):
        file.write_text(json.dumps(log), encoding="utf-8")
        variables = {"AZURE_DEVOPS_BASE_URL": server.base_url, "AZURE_DEVOPS_PAT": token}
        command = ["automate", "findings", str(file), "--project", project, *arguments]
        return CliRunner().invoke(group, command, env=variables)

    return run


@pytest.fixture
def client(server):
    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
    with AzureDevOps(settings) as opened:
        yield opened


def items(client, project="Platform"):
    page = query_work_items.call_sync(client, title="Finding:", project=project)
    return sorted((get_work_item.call_sync(client, ids=[row.id]) for row in page.items), key=lambda item: item.id)


def applied(outcome):
    assert outcome.exit_code == 0, outcome.output
    return outcome.stdout


# -- plan and writes -----------------------------------------------------------------------------------------------


def test_without_apply_the_plan_is_all(automate, client):
    for arguments in ((), ("--dry-run",), ("--yes",)):
        outcome = applied(automate(sarif(result()), *arguments))
        assert "create Finding: py/sql-injection in src/db.py" in outcome
        assert "SQL from user input." in outcome
        assert "Plan: 1 to create, 0 to update, 0 unchanged." in outcome
        assert "Nothing was written" in outcome
    assert items(client) == []


def test_a_second_run_writes_nothing(automate, client, organization):
    log = sarif(result(), result(rule="py/xss", message="Script in a page.", path="web/page.py"))
    assert "2 of 2 written." in applied(automate(log, "--apply", "--yes"))
    before = items(client)
    assert [item.title for item in before] == [
        "Finding: py/sql-injection in src/db.py", "Finding: py/xss in web/page.py",
    ]  # fmt: skip
    assert all(re.fullmatch(r"finding-[0-9a-f]{12}", item.tags) for item in before)
    assert before[0].severity == "2 - High"
    assert "SQL from user input." in before[0].repro_steps
    assert "dev.azure.com/tidewater/Platform/_git/platform-api" in before[0].repro_steps

    outcome = applied(automate(log, "--apply", "--yes"))
    assert "Plan: 0 to create, 0 to update, 2 unchanged." in outcome
    assert "Nothing to write." in outcome
    assert [item.revision for item in items(client)] == [item.revision for item in before]


def test_lines_that_move_and_white_space_keep_the_identity(automate, client):
    applied(automate(sarif(result(line=12, text="  q = f'{x}'")), "--apply", "--yes"))
    outcome = applied(automate(sarif(result(line=240, text="q =  f'{x}'\n")), "--apply", "--yes"))
    assert "Nothing to write." in outcome
    assert len(items(client)) == 1


@pytest.mark.parametrize(
    "changed",
    [{"rule": "py/other"}, {"path": "src/other.py"}, {"text": "q = other"}],
    ids=["rule", "path", "flagged text"],
)
def test_another_rule_path_or_text_is_another_finding(automate, client, changed):
    applied(automate(sarif(result()), "--apply", "--yes"))
    assert "Plan: 1 to create" in applied(automate(sarif(result(**changed)), "--apply", "--yes"))
    assert len(items(client)) == 2


def test_another_repository_is_another_finding_and_another_way_to_clone_is_not(automate):
    applied(automate(sarif(result()), "--apply", "--yes"))
    same = "https://svc:secret@dev.azure.com/Tidewater/Platform/_git/platform-api"
    assert "1 unchanged" in applied(automate(sarif(result(), repository=same)))
    assert "1 to create" in applied(automate(sarif(result(), repository=f"{same}-2")))
    assert "1 to create" in applied(automate(sarif(result(), repository=None), "--repository", "other"))


def test_a_changed_severity_or_message_updates_with_the_revision(automate, client):
    rules = [{"id": "py/sql-injection", "properties": {"security-severity": "8.1"}}]
    applied(automate(sarif(result(), rules=rules), "--apply", "--yes"))
    rules[0]["properties"]["security-severity"] = "9.8"
    outcome = applied(automate(sarif(result(), rules=rules), "--apply", "--yes"))
    assert "Plan: 0 to create, 1 to update, 0 unchanged." in outcome
    [item] = items(client)
    assert (item.severity, item.revision) == ("1 - Critical", 2)
    applied(automate(sarif(result(message="SQL from a cookie."), rules=rules), "--apply", "--yes"))
    [item] = items(client)
    assert "SQL from a cookie." in item.repro_steps
    assert item.revision == 3
    assert item.tags.startswith("finding-")


def test_what_people_did_to_the_item_stays(automate, client):
    applied(automate(sarif(result()), "--apply", "--yes"))
    [item] = items(client)
    client.writes = "allow"
    update_work_item.call_sync(
        client,
        id=item.id,
        revision=item.revision,
        title="Finding: ours now",
        state="Closed",
        tags=f"{item.tags}; audit",
    )
    assert "Nothing to write." in applied(automate(sarif(result()), "--apply", "--yes"))
    applied(automate(sarif(result(message="New words.")), "--apply", "--yes"))
    [item] = items(client)
    assert (item.title, item.state) == ("Finding: ours now", "Closed")
    assert "audit" in item.tags
    assert "New words." in item.repro_steps


def test_the_same_finding_twice_in_one_file_is_one_item(automate, client):
    log = sarif(result(line=3), result(line=90, level="note"), result(line=40))
    outcome = applied(automate(log, "--apply", "--yes", "--min-severity", "low"))
    assert "Plan: 1 to create" in outcome
    assert "2 left out: the same finding again." in outcome
    [item] = items(client)
    assert "lines when written: 3, 40, 90" in item.repro_steps
    assert item.severity == "2 - High"


def test_what_is_below_the_severity_passed_or_suppressed_is_left_out(automate):
    log = sarif(
        result(path="a", level="note"),
        result(path="b", level="warning"),
        result(path="c", kind="pass"),
        result(path="d", suppressions=[{"kind": "inSource"}]),
        result(path="e", suppressions=[{"kind": "inSource", "status": "rejected"}]),
        result(path="f", baselineState="absent"),
    )
    outcome = applied(automate(log))
    assert "Plan: 1 to create" in outcome
    assert "2 left out: below high." in outcome
    assert "3 left out: passed, suppressed or gone." in outcome
    assert "Plan: 2 to create" in applied(automate(log, "--min-severity", "medium"))
    assert "Plan: 3 to create" in applied(automate(log, "--min-severity", "low"))


def test_the_severity_of_a_bug_is_that_of_its_finding_and_other_types_have_none(automate, client):
    scores = {"critical": "9.8", "high": "7.0", "medium": "4.0", "low": "0.1"}
    log = sarif(*(result(rule=name, properties={"security-severity": score}) for name, score in scores.items()))
    applied(automate(log, "--apply", "--yes", "--min-severity", "low"))
    filed = {item.title.split()[1]: item.severity for item in items(client)}
    assert filed == {"critical": "1 - Critical", "high": "2 - High", "medium": "3 - Medium", "low": "4 - Low"}
    applied(automate(sarif(result(rule="task")), "--apply", "--yes", "--type", "Task"))
    assert {item.type for item in items(client) if item.title.split()[1] == "task"} == {"Task"}


def test_another_project_has_its_own_items(automate, client):
    applied(automate(sarif(result()), "--apply", "--yes"))
    assert "Plan: 1 to create" in applied(automate(sarif(result()), "--apply", "--yes", project="Data"))
    assert [len(items(client, project)) for project in ("Platform", "Data")] == [1, 1]


def test_many_findings_are_found_again_over_several_queries(automate):
    log = sarif(*(result(path=f"src/{number}.py") for number in range(130)))
    assert "130 of 130 written." in applied(automate(log, "--apply", "--yes"))
    assert "130 unchanged" in applied(automate(log))


# -- approval ------------------------------------------------------------------------------------------------------


def test_without_a_terminal_nobody_approved(automate, client):
    outcome = automate(sarif(result()), "--apply")
    assert outcome.exit_code == 7
    assert "--yes" in outcome.stderr
    assert "Plan: 1 to create" in outcome.stdout
    assert items(client) == []


@pytest.mark.parametrize(
    ("keys", "code", "says", "written"),
    [("y\r", 0, "1 of 1 written", 1), ("n\r", 1, "Nothing was written", 0), ("\r", 1, "Nothing was written", 0),
     ("\x03", 130, "Interrupted", 0)],
    ids=["yes", "no", "enter", "ctrl-c"],
)  # fmt: skip
def test_on_a_terminal_a_person_is_asked(server, client, file, keys, code, says, written):
    file.write_text(json.dumps(sarif(result())), encoding="utf-8")
    environ = {**os.environ, "AZURE_DEVOPS_BASE_URL": server.base_url, "AZURE_DEVOPS_PAT": FULL, "TERM": "dumb"}
    arguments = [
        "-m",
        "azure_devops_agents.cli.main",
        "automate",
        "findings",
        str(file),
        "--project",
        "Platform",
        "--apply",
    ]
    process = pexpect.spawn(sys.executable, arguments, env=environ, timeout=60, encoding="utf-8")
    process.expect(r"Carry out these 1 writes\? \[y/N\]")
    assert "SQL from user input." in process.before
    process.send(keys)
    process.expect(pexpect.EOF)
    process.close()
    assert says in process.before
    assert "Traceback" not in process.before
    assert process.exitstatus == code
    assert len(items(client)) == written


def test_a_connection_that_only_reads_does_not_apply(automate, client):
    for outcome in (
        automate(sarif(result()), "--apply", "--yes", "--read-only"),
        automate(sarif(result()), "--apply", "--yes", token=READER),
    ):
        assert outcome.exit_code == 7
        assert "Traceback" not in outcome.output
    assert items(client) == []


def test_a_plan_that_changed_after_it_was_shown_is_not_carried_out(client, file):
    file.write_text(json.dumps(sarif(result())), encoding="utf-8")
    shown = plan_findings(client, FindingsInputs(file=file))
    file.write_text(json.dumps(sarif(result(), result(path="other.py"))), encoding="utf-8")
    now = plan_findings(client, FindingsInputs(file=file))
    with pytest.raises(Conflict, match="Nothing was written"):
        list(carry_out(client, shown, now, "test"))
    assert items(client) == []


def test_only_the_writes_of_the_plan_are_approved_and_each_once(client):
    step = Step("create", "x", tool=create_work_item, arguments={"type": "Bug", "title": "Finding: x"})
    plan = Plan((step,))
    writing = carry_out(client, plan, plan, "test")
    next(writing)
    # Between its steps and afterwards, nobody else has the approver of the automation.
    for title in ("Finding: x", "Finding: something else"):
        with pytest.raises(WriteBlocked, match="no approver was given"):
            create_work_item.call_sync(client, type="Bug", title=title)
    assert list(writing) == []
    with pytest.raises(WriteBlocked, match="no approver was given"):
        create_work_item.call_sync(client, type="Bug", title="Finding: x")
    assert len(items(client)) == 1
    written = plan.write_plan(client)
    with approve_writes_with(written.approved(client, by="test", digest=written.digest)):
        create_work_item.call_sync(client, type="Bug", title="Finding: x")
        for title in ("Finding: x", "Finding: something else"):
            with pytest.raises(WriteBlocked, match="does not name this write"):
                create_work_item.call_sync(client, type="Bug", title=title)
    assert len(items(client)) == 2


def test_a_failure_in_the_middle_says_how_much_was_written_and_the_next_run_goes_on(automate, client):
    log = sarif(result(), result(path="b.py"))
    outcome = automate(log, "--apply", "--yes", "--type", "Epidemic")
    assert outcome.exit_code != 0
    assert "0 of 2 written." in outcome.stdout
    assert "Bug" in outcome.stderr
    applied(automate(sarif(result()), "--apply", "--yes"))
    assert "Plan: 1 to create, 0 to update, 1 unchanged." in applied(automate(log, "--apply", "--yes"))
    assert len(items(client)) == 2


# -- text from the file --------------------------------------------------------------------------------------------


def test_nothing_in_the_file_acts_anywhere(automate, client):
    hostile = (
        "##vso[task.setvariable variable=x]1\n##[error]no\n@everyone look\n@<0000> you\n```\n# Heading\n"
        f"<img src=http://evil.example>\x1b[31m\u202ehidden\u200b {PAT} [secret:password:0123456789] me@contoso.example"
    )
    log = sarif(result(rule="@all##vso[x]", path="##[group]/a.py", message=hostile))
    outcome = applied(automate(log, "--apply", "--yes"))
    [item] = items(client)
    raw = item.repro_steps
    for text in (outcome, raw, item.title):
        assert "##vso[" not in text
        assert "##[" not in text
        assert not re.search(r"(?m)^\s*@\w", text)
        assert "@everyone" not in text
        assert PAT not in text
        assert not set("\x1b\u202e\u200b") & set(text)
    assert "(secret removed: github-token)" in raw
    assert "me@contoso.example" in raw
    body = raw.split("````text\n", 1)[1].split("\n````\n", 1)[0]
    assert "# Heading" in body
    # The tag can be read, and no program takes it for one, in whatever frame it stands.
    assert "< img src=" in body
    assert "<img" not in raw
    assert "Nothing to write." in applied(automate(log, "--apply", "--yes"))


def test_text_that_is_too_long_is_cut(automate, client):
    applied(automate(sarif(result(rule="r" * 5_000, path="p" * 5_000, message="m" * 500_000)), "--apply", "--yes"))
    [item] = items(client)
    assert len(item.title) <= 255
    assert len(item.repro_steps) < 6_000


# -- refusals ---------------------------------------------------------------------------------------------------------


def test_too_many_findings_are_refused(automate):
    outcome = automate(sarif(*(result(path=f"{number}.py") for number in range(1_001))))
    assert outcome.exit_code == 2
    assert "--min-severity" in outcome.stderr


def test_a_refused_file_ends_the_command_with_its_reason(automate, file):
    outcome = automate({"version": "1.0"})
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("[invalid InvalidRequest sarif]\n")
    assert "Traceback" not in outcome.output


def test_a_project_that_does_not_exist(automate):
    outcome = automate(sarif(result()), project="Platfrom")
    assert outcome.exit_code == 6
    assert "Did you mean 'Platform'?" in outcome.stderr


def test_the_table_names_every_automation_by_its_command():
    assert list(AUTOMATIONS) == [automation.name for automation in AUTOMATIONS.values()] == list(command.commands)
    modules = [import_module(f"{automations.__name__}.{module.name}") for module in iter_modules(automations.__path__)]
    declared = {value.name for module in modules for value in vars(module).values() if isinstance(value, Automation)}
    assert set(AUTOMATIONS) == declared
    assert declared
