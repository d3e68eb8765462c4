"""A report without support is written again once, and the better one of the two is the report."""

import pytest
from agent_decisions import report_of
from langchain_core.messages import ToolMessage

from azure_devops_agents.investigation.budgets import Budgets
from azure_devops_agents.investigation.events import ToolFinished
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, KeylessModel, ScriptedModel
from azure_devops_agents.reports.markdown import render_markdown

LIST = Call.to("list_pull_requests")
TRUE = {"statement": "Pull request 9 is there.", "evidence": ["E1"], "quote": "Paginate the shipment search"}
FALSE = {"statement": "All is deleted.", "evidence": ["E1"], "quote": "Delete everything"}
ALSO = {"statement": "Nothing is left.", "evidence": ["E1"], "quote": "Nothing is left at all"}


def reporting(*rows, answer="Done."):
    return Call.to("write_report", answer=answer, verdict="answered", observed=list(rows))


@pytest.fixture
def ask(toolkit, tmp_path):
    def ask(*steps, model=None, budgets=None):
        scripted = model or ScriptedModel(steps=[[step] for step in steps])
        path = tmp_path / "threads.sqlite"
        with open_investigator(scripted, toolkit, path=path, budgets=budgets) as investigator:
            events = list(investigator.ask("t", "Which pull requests are open?"))
            return events, investigator.state("t")

    return ask


def statements(report, section="observed"):
    return [row["statement"] for row in report[section]]


def demands(state):
    return [
        str(message.content)
        for message in state["messages"]
        if isinstance(message, ToolMessage) and message.name == "write_report" and message.status == "error"
    ]


def test_the_model_is_told_once_what_lacks_support_and_its_second_report_is_final(ask):
    events, state = ask(LIST, reporting(TRUE, FALSE), reporting(TRUE, ALSO, answer="Second."), reporting(TRUE))
    report = report_of(events)
    assert report["answer"] == "Second."
    assert statements(report) == [TRUE["statement"]]
    assert statements(report, "unverified") == [ALSO["statement"]]
    [told] = demands(state)
    assert "All is deleted." in told
    assert "Delete everything" in told
    assert TRUE["statement"] not in told


def test_a_report_with_support_is_final_at_once(ask):
    events, state = ask(LIST, reporting(TRUE, answer="First."), reporting(answer="Second."))
    assert report_of(events)["answer"] == "First."
    assert demands(state) == []


def test_the_model_may_look_again_before_it_repairs(ask):
    look = Call.to("read_evidence", id="E1", contains="Paginate")
    events, _ = ask(LIST, reporting(FALSE), look, reporting(TRUE, answer="Second."))
    assert report_of(events)["answer"] == "Second."


class Failing(KeylessModel):
    """A model that fails when it is asked to repair its report."""

    steps: list[list[Call]]

    def calls(self, messages, turn):
        if turn == len(self.steps):
            raise ConnectionError("the provider is down")
        return self.steps[turn]


@pytest.mark.parametrize(
    "second",
    [
        reporting(FALSE, ALSO, answer="Second."),
        reporting(answer="Second."),
        Call.to("write_report", answer="Second."),
        LIST,
        None,
    ],
    ids=["worse", "no statement left", "malformed", "something else", "nothing"],
)
def test_the_first_report_stays_when_the_second_is_worse_or_does_not_come(ask, second):
    events, _ = ask(LIST, reporting(TRUE, FALSE, answer="First."), *([second] if second else []))
    report = report_of(events)
    assert report["answer"] == "First."
    assert statements(report) == [TRUE["statement"]]
    assert statements(report, "unverified") == [FALSE["statement"]]
    [told] = report["coverage"]["not_repaired"]
    assert f"- **Not repaired**: {told}" in render_markdown(report)


def test_a_report_that_was_repaired_or_needed_no_repair_has_no_such_gap(ask):
    for reports in ([reporting(TRUE, FALSE), reporting(TRUE)], [reporting(TRUE)]):
        events, _ = ask(LIST, *reports)
        assert "not_repaired" not in report_of(events)["coverage"]


def test_the_first_report_stays_when_the_model_fails(ask):
    events, state = ask(model=Failing(steps=[[LIST], [reporting(TRUE, FALSE, answer="First.")]]))
    assert report_of(events)["answer"] == "First."
    assert "provider is down" in str(report_of(events)["coverage"])
    assert len(demands(state)) == 1


def test_no_repair_is_asked_for_when_the_budget_is_used_up(ask):
    steps = (LIST, reporting(TRUE, FALSE, answer="First."), reporting(TRUE, answer="Second."))
    events, state = ask(*steps, budgets=Budgets(calls=1))
    assert report_of(events)["answer"] == "First."
    assert demands(state) == []


def test_each_question_has_its_own_repair(toolkit, tmp_path):
    for number in range(2):
        steps = [[LIST], [reporting(FALSE)], [reporting(TRUE, answer=f"Repaired {number}.")]]
        with open_investigator(ScriptedModel(steps=steps), toolkit, path=tmp_path / "t.sqlite") as investigator:
            events = list(investigator.ask("t", "Which pull requests are open?"))
            assert report_of(events)["answer"] == f"Repaired {number}."
            assert len(demands(investigator.state("t"))) == number + 1


def test_a_repair_is_no_tool_that_ran(ask):
    events, _ = ask(LIST, reporting(FALSE), reporting(TRUE))
    assert [event.tool for event in events if isinstance(event, ToolFinished)] == ["list_pull_requests"]
