"""What a person is shown: everything, without secrets, for the place where it would be written."""

import json

import httpx
import pytest
from agent_decisions import YES, answer, asked
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from azure_devops_agents.approvals.view import graph_approver, present_approval
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.offline import OfflineModel
from azure_devops_agents.models.scripted import Call, ScriptedModel
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.safety import Approval, WriteRequest, spell_out_hidden
from langchain_azure_devops.tools.work_items.tools import query_work_items

REPORT = Call.to("write_report", answer="Done.", verdict="answered")
BUG = Call.to("create_work_item", type="Bug", title="The gate is open")
SECRET = "Zm9vQmFyMTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo3Nw=="


def investigator_of(toolkit, path, *steps):
    return open_investigator(ScriptedModel(steps=[[step] for step in steps]), toolkit, path=path / "threads.sqlite")


def files_with(folder, text):
    return [path.name for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


@pytest.fixture
def bug(toolkit):
    return query_work_items.call_sync(toolkit.client, type="Bug", limit=1).items[0]


@pytest.fixture
def connected(server):
    def make(**arguments):
        return AzureDevOpsToolkit.connect(base_url=server.base_url, pat="full-access-token", **arguments)

    return make


def test_an_update_is_shown_beside_the_current_state(toolkit, bug, tmp_path):
    fields = [{"name": "Microsoft.VSTS.Common.Priority", "value": "1"}]
    call = Call.to("update_work_item", id=bug.id, revision=bug.revision, title="New", fields=fields)
    with investigator_of(toolkit, tmp_path, call, REPORT) as investigator:
        view = asked(investigator.ask("t", "Change it.")).views[0]
    assert view["current"]["title"] == bug.title
    assert view["current"]["revision"] == bug.revision
    assert view["current"]["Microsoft.VSTS.Common.Priority"] in {1, 2, 3, 4}
    assert view["arguments"]["fields"] == fields
    assert view["organization"] == "tidewater"


def test_the_evidence_that_a_write_names_is_shown_with_it(toolkit, tmp_path):
    call = Call.to("create_work_item", type="Bug", title="As E1 and E7 say")
    with investigator_of(toolkit, tmp_path, Call.to("list_pipelines"), call, REPORT) as investigator:
        view = asked(investigator.ask("t", "File it.")).views[0]
    [entry] = view["evidence"]
    assert (entry["id"], entry["tool"], entry["status"]) == ("E1", "list_pipelines", "ok")
    assert (entry["cited"], entry["untrusted"]) == (True, True)
    assert view["untrusted_read"] is True


def test_secrets_in_the_current_state_are_neither_shown_nor_stored(toolkit, server, bug, tmp_path):
    patch = [{"op": "add", "path": "/fields/Microsoft.VSTS.TCM.ReproSteps", "value": f"AccountKey={SECRET};"}]
    answer = httpx.patch(
        f"{server.base_url}/_apis/wit/workitems/{bug.id}?api-version=7.1",
        auth=("", "full-access-token"),
        headers={"Content-Type": "application/json-patch+json"},
        content=json.dumps(patch),
    )
    assert answer.status_code == 200
    call = Call.to("update_work_item", id=bug.id, revision=answer.json()["rev"], description="Rotated.")
    with investigator_of(toolkit, tmp_path, call, REPORT) as investigator:
        view = asked(investigator.ask("t", "Change it.")).views[0]
    assert "AccountKey=[secret:account-key:" in view["current"]["description"]
    assert SECRET not in json.dumps(view)
    assert files_with(tmp_path, SECRET) == []


def test_a_secret_in_a_question_is_searched_for_and_not_stored(toolkit, tmp_path):
    question = f'Is "AccountKey={SECRET}" in code in the Payments project?'
    with open_investigator(OfflineModel(), toolkit, path=tmp_path / "t.sqlite") as investigator:
        list(investigator.ask("t", question))
        state = investigator.state("t")
    assert state["evidence"]["E1"]["status"] == "empty"
    assert files_with(tmp_path, SECRET) == []


def test_a_write_approved_for_one_project_is_not_carried_out_in_another(connected, organization, tmp_path):
    with connected(default_project="Platform") as toolkit, investigator_of(toolkit, tmp_path, BUG, REPORT) as first:
        wait = asked(first.ask("t", "File it."))
    assert wait.views[0]["project"] == "Platform"
    with connected(default_project="Payments") as toolkit, investigator_of(toolkit, tmp_path, BUG, REPORT) as second:
        answer(second, wait, YES)
        texts = [str(message.content) for message in second.state("t")["messages"]]
    assert any("Nothing was written: the write was prepared for" in text for text in texts)
    assert [item for item in organization.work_items if item.title == "The gate is open"] == []


async def test_a_graph_without_an_investigator_keeps_to_the_place_as_well(connected, organization):
    saver, config = InMemorySaver(), {"configurable": {"thread_id": "t"}}
    model = ScriptedModel(steps=[[BUG], [REPORT]])
    with connected(default_project="Platform") as toolkit:
        graph = build_graph(model, toolkit, checkpointer=saver)
        state = await graph.ainvoke({"messages": [("user", "File it.")]}, config)
    with connected(default_project="Payments") as toolkit:
        graph = build_graph(model, toolkit, checkpointer=saver)
        await graph.ainvoke(Command(resume={state["__interrupt__"][0].id: YES}), config)
    assert [item for item in organization.work_items if item.title == "The gate is open"] == []


def test_a_toolkit_with_prefixed_names_is_approved_and_written_once(connected, organization, tmp_path):
    call = Call(name="ado_create_work_item", arguments={**BUG.arguments, "project": "Platform"})
    with (
        connected(name_prefix="ado_") as toolkit,
        investigator_of(toolkit, tmp_path, Call(name="ado_list_projects", arguments={}), call, REPORT) as investigator,
    ):
        wait = asked(investigator.ask("t", "File it."))
        answer(investigator, wait, YES)
    assert len([item for item in organization.work_items if item.title == "The gate is open"]) == 1


def test_characters_nobody_sees_are_written_out(toolkit, tmp_path):
    call = Call.to("create_work_item", type="Bug", title="pay\u202eload\u200b")
    with investigator_of(toolkit, tmp_path, call, REPORT) as investigator:
        view = asked(investigator.ask("t", "File it.")).views[0]
    assert view["arguments"]["title"] == "pay⟦RIGHT-TO-LEFT OVERRIDE⟧load⟦ZERO WIDTH SPACE⟧"
    assert view["hidden_characters"] == {"title": ["RIGHT-TO-LEFT OVERRIDE", "ZERO WIDTH SPACE"]}
    assert spell_out_hidden([{"a": "x\u200b"}, 1]) == [{"a": "x⟦ZERO WIDTH SPACE⟧"}, 1]


def test_the_approver_says_yes_only_to_what_is_presented():
    request = WriteRequest("create_work_item", {}, "digest", None)
    assert graph_approver(request).approved is False
    with present_approval(Approval(True, "another digest", "dana")):
        assert graph_approver(request).approved is False
    with present_approval(Approval(True, "digest", "dana")):
        assert graph_approver(request).approved is True
    assert graph_approver(request).approved is False
