"""A write that equals one of an earlier process whose outcome is not known: the person is told before it is sent."""

import io
import json

import pytest
from agent_decisions import YES, answer, asked
from rich.console import Console

from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.cli.approval_panel import show_approval
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel

REPORT = [Call.to("write_report", answer="Done.", verdict="answered")]
ARGUMENTS = {"type": "Bug", "title": "The gate is open", "project": "Platform"}


def bugs(organization):
    return [item for item in organization.work_items if item.title.strip().lower() == "the gate is open"]


def destination(toolkit):
    settings = toolkit.client.settings
    return f"{settings.url('core')}, default project {settings.default_project}"


def begin_earlier(path, toolkit, arguments=ARGUMENTS):
    """Store that an earlier process began a write, and that it ended before the outcome was known."""
    journal = WriteJournal(path)
    journal.begin("earlier", "create_work_item", destination(toolkit), json.dumps(arguments))
    journal.close()


@pytest.mark.parametrize("spelled", [{}, {"title": " the gate is OPEN", "project": "PLATFORM"}], ids=["same", "other"])
def test_the_person_is_told_and_the_write_happens_once_more_only_with_a_yes(toolkit, organization, tmp_path, spelled):
    path = tmp_path / "threads.sqlite"
    begin_earlier(path, toolkit)
    steps = [[Call.to("create_work_item", **{**ARGUMENTS, **spelled})], REPORT]
    with open_investigator(ScriptedModel(steps=steps), toolkit, path=path) as investigator:
        question = asked(investigator.ask("t", "File it."))
        assert "An equal write was begun at" in question.views[0]["notice"]
        console = Console(file=io.StringIO(), width=80)
        show_approval(console, question.views[0])
        assert "This may be done twice:" in console.file.getvalue()
        assert bugs(organization) == []
        answer(investigator, question, YES)
    assert len(bugs(organization)) == 1


def test_another_write_is_asked_about_without_a_notice(toolkit, organization, tmp_path):
    path = tmp_path / "threads.sqlite"
    begin_earlier(path, toolkit, {**ARGUMENTS, "title": "Another"})
    model = ScriptedModel(steps=[[Call.to("create_work_item", **ARGUMENTS)], REPORT])
    with open_investigator(model, toolkit, path=path) as investigator:
        question = asked(investigator.ask("t", "File it."))
        assert question.views[0]["notice"] == ""
        answer(investigator, question, YES)
    assert len(bugs(organization)) == 1
