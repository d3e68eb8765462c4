"""An investigation with a write plan: nobody is asked, what the plan names happens, nothing else does."""

import asyncio
import json

import pytest
from agent_tokens import FULL
from click.testing import CliRunner

from azure_devops_agents.cli.main import group
from azure_devops_agents.investigation.events import ApprovalAsked
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from langchain_azure_devops.safety.write_plan import WritePlan

REPORT = Call.to("write_report", answer="Done.", verdict="answered")
TITLE = "Nightly: the gate is open"
PLAN = {
    "writes": [
        {
            "tool": "create_work_item", "project": "Platform", "count": 1,
            "fields": {"type": {"values": ["Bug"]}, "title": {"pattern": "Nightly: .*"}},
        }
    ]
}  # fmt: skip


def bug(**changes):
    return Call.to("create_work_item", **{"type": "Bug", "title": TITLE, "project": "Platform", **changes})


def titles(organization):
    return [item.title for item in organization.work_items if "gate" in item.title]


@pytest.fixture
def approved(toolkit):
    plan = WritePlan.model_validate(PLAN)
    return plan.approved(toolkit.client, by="operator", digest=plan.digest)


def test_the_plan_decides_and_nobody_is_asked(toolkit, organization, approved, tmp_path):
    calls = [[bug(project="Payments"), bug(), bug(title="Nightly: the gate again")], [bug(title="The gate")], [REPORT]]
    path = tmp_path / "threads.sqlite"
    with open_investigator(ScriptedModel(steps=calls), toolkit, path=path, plan=approved) as investigator:
        events = list(investigator.ask("t", "File them."))
        said = "\n".join(str(message.content) for message in investigator.state("t")["messages"])
    assert not any(isinstance(event, ApprovalAsked) for event in events)
    assert titles(organization) == [TITLE]
    assert said.count("The write plan said no") == 3


async def test_without_blocking_and_without_a_checkpointer(toolkit, organization, approved):
    graph = build_graph(ScriptedModel(steps=[[bug(), bug(type="Task")], [REPORT]]), toolkit, plan=approved)
    await graph.ainvoke({"messages": [("user", "File it.")]})
    assert titles(organization) == [TITLE]


@pytest.mark.parametrize("calls", [False, True], ids=["sync", "async"])
async def test_the_plan_allows_the_first_calls_even_when_they_take_longer(toolkit, organization, calls):
    """A call with a long text is prepared later than the short ones beside it. It is the first all the same."""
    fields = {**PLAN["writes"][0]["fields"], "description": {"longest": 200_000}}
    plan = WritePlan.model_validate({"writes": [{**PLAN["writes"][0], "count": 2, "fields": fields}]})
    approved = await plan.approved_async(toolkit.client, by="operator", digest=plan.digest)
    wanted = [bug(title=f"Nightly: gate {number}", description="a long text, " * 6_000 if number == 1 else "short")
              for number in range(1, 6)]  # fmt: skip
    graph = build_graph(ScriptedModel(steps=[wanted, [REPORT]]), toolkit, plan=approved)
    question = {"messages": [("user", "File them.")]}
    done = await graph.ainvoke(question) if calls else await asyncio.to_thread(graph.invoke, question)
    assert sorted(titles(organization)) == ["Nightly: gate 1", "Nightly: gate 2"]
    assert sum("are used up" in str(message.content) for message in done["messages"] if message.type == "tool") == 3


def test_the_command_refuses_what_is_no_plan(server, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"writes": [{"tool": "create_work_item", "fields": {"type": {"pattern": ".*"}}}]}))
    outcome = CliRunner().invoke(
        group,
        ["investigate", "Which projects are there?", "--plan", str(path)],
        env={"AZURE_DEVOPS_BASE_URL": server.base_url, "AZURE_DEVOPS_PAT": FULL, "XDG_STATE_HOME": str(tmp_path)},
    )
    assert outcome.exit_code != 0
    assert "type says where a write of create_work_item goes" in outcome.output
