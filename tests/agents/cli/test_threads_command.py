"""`threads list` and `threads delete`: what is stored, and what is deleted with a thread."""

import json

import pytest
from click.testing import CliRunner

from azure_devops_agents.cli.decisions import answer_all, answer_approvals
from azure_devops_agents.cli.main import group
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_agents.paths import state_path
from langchain_azure_devops.errors import Conflict, NotFound

STEPS = [[Call.to("list_pull_requests")], [Call.to("write_report", answer="Done.", verdict="answered")]]


@pytest.fixture
def stored(toolkit, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for thread in ("first", "evil\x1b[2J\nname"):
        with open_investigator(ScriptedModel(steps=STEPS), toolkit) as investigator:
            list(investigator.ask(thread, "What is open?"))
    return state_path()


def run(*arguments):
    return CliRunner().invoke(group, ["threads", *arguments])


def test_list_names_the_newest_thread_first_and_cannot_control_the_terminal(stored):
    lines = run("list").stdout.splitlines()
    assert len(lines) == 2
    assert lines[0].split(" UTC ")[1].strip().startswith("evil")
    assert lines[1].endswith("first")
    assert "\x1b" not in "".join(lines)
    assert [json.loads(line)["thread"] for line in run("list", "--json").stdout.splitlines()][1] == "first"


def test_delete_deletes_the_thread_and_its_evidence(stored):
    assert b"Paginate" in stored.read_bytes()
    assert run("delete", "first", "evil\x1b[2J\nname").stdout.splitlines()[0] == "Deleted: first"
    assert run("list").stdout == "No thread is stored.\n"
    assert b"Paginate" not in b"".join(path.read_bytes() for path in stored.parent.iterdir() if path.is_file())


def test_a_thread_that_is_not_there_is_an_error(stored):
    result = run("delete", "other")
    assert result.exit_code == NotFound.exit_code
    assert "There is no thread 'other'." in result.stderr
    assert run("delete").exit_code == 2


@pytest.mark.parametrize("meanwhile", ["deleted", "answered"])
def test_a_decision_that_comes_too_late_says_so(toolkit, organization, tmp_path, monkeypatch, meanwhile):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    write = Call.to("create_work_item", type="Bug", title="The gate is open", project="Platform")
    model = ScriptedModel(steps=[[write], STEPS[1]])
    with open_investigator(model, toolkit) as investigator:

        def decide(asked):
            if meanwhile == "deleted":
                assert run("delete", "t").stdout == "Deleted: t\n"
            else:
                list(investigator.answer("t", asked.interrupt_id, answer_all(asked, {"type": "reject"})))
            return answer_all(asked, {"type": "approve"})

        with pytest.raises(Conflict, match="came too late, and nothing was written by it"):
            list(answer_approvals(investigator, "t", investigator.ask("t", "File it."), decide))
    assert not [item for item in organization.work_items if item.title == "The gate is open"]
