"""An agent that was built once outlives its token: the next turn has the tools of the next token."""

import pytest
from agent_decisions import YES, answer, asked
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import Field

from azure_devops_agents.investigation.events import ApprovalAsked, ReportReady, ToolFinished
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import Investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_simulator import SimulatorServer, seed_organization
from langchain_azure_devops import AzureDevOpsToolkit

OLD, NEW = "old-token", "new-token"
WRITER = ("vso.project", "vso.code", "vso.work_write")
READER = ("vso.project", "vso.code", "vso.work")
LIST = Call.to("list_pull_requests")
BUG = Call.to("create_work_item", type="Bug", title="After the rotation")
REPORT = Call.to("write_report", answer="Done.", verdict="inconclusive")


class Watched(ScriptedModel):
    """Notes which tools it was offered in each turn."""

    offered: list[set[str]] = Field(default_factory=list)

    def bind_tools(self, tools, **more):
        self.offered.append({getattr(tool, "name", "") for tool in tools})
        return super().bind_tools(tools, **more)


@pytest.fixture
def organization():
    return seed_organization()


@pytest.fixture
def server(organization):
    with SimulatorServer(organization) as running:
        yield running


@pytest.fixture
def agent(organization, server):
    """A graph built once, on a token with the first scopes; the provider has one with the second."""
    toolkits = []

    def build(first, second, *steps):
        organization.add_token(OLD, first)
        organization.add_token(NEW, second)
        tokens = iter([OLD])
        toolkit = AzureDevOpsToolkit.connect(
            base_url=server.base_url, pat=lambda: next(tokens, NEW), default_project="Platform"
        )
        toolkits.append(toolkit)
        model = Watched(steps=[step if isinstance(step, list) else [step] for step in steps])
        return Investigator(build_graph(model, toolkit, checkpointer=InMemorySaver())), model

    yield build
    for toolkit in toolkits:
        toolkit.close()


def statuses(events):
    return [event.status for event in events if isinstance(event, ToolFinished)]


def test_a_token_revoked_in_the_middle_of_a_question_is_not_noticed_by_the_model(organization, agent):
    investigator, _ = agent(READER, READER, LIST, Call.to("list_repositories"), REPORT)
    seen = []
    for event in investigator.ask("t", "What is open?"):
        seen.append(event)
        if isinstance(event, ToolFinished) and event.evidence_id == "E1":
            organization.tokens[OLD].state = "revoked"
    assert statuses(seen) == ["ok", "ok"]
    assert isinstance(seen[-1], ReportReady)


def test_a_tool_that_the_new_token_brings_is_offered_in_the_next_turn_and_works(organization, agent):
    investigator, model = agent(READER, WRITER, LIST, BUG, REPORT)
    organization.tokens[OLD].state = "revoked"
    count = len(list(organization.work_items))
    events = answer(investigator, asked(investigator.ask("t", "File it.")), YES)
    assert statuses(events) == ["written"]
    assert len(list(organization.work_items)) == count + 1
    assert ["create_work_item" in offered for offered in model.offered] == [False, True, True]


def test_a_tool_that_the_new_token_lacks_is_denied_in_the_next_turn(organization, agent):
    investigator, model = agent(WRITER, READER, LIST, BUG, REPORT)
    organization.tokens[OLD].state = "revoked"
    count = len(list(organization.work_items))
    events = list(investigator.ask("t", "File it."))
    assert statuses(events) == ["ok", "denied"]
    assert not [event for event in events if isinstance(event, ApprovalAsked)]
    assert ["create_work_item" in offered for offered in model.offered] == [True, False, False]
    assert len(list(organization.work_items)) == count


def test_a_write_that_was_approved_before_the_new_token_took_its_tool_away_is_not_sent(organization, agent):
    investigator, _ = agent(WRITER, READER, BUG, REPORT)
    question = asked(investigator.ask("t", "File it."))
    organization.tokens[OLD].state = "revoked"
    now = organization.clock.now()
    assert statuses(answer(investigator, question, YES)) == ["denied"]
    assert organization.clock.now() == now
