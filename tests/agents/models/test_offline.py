"""The model without a model: plain questions over every capability, answered from what the tools say."""

import pytest
from agent_decisions import report_of

from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.offline import RULES, OfflineModel, match_question
from azure_devops_agents.models.scripted import UnknownQuestion
from langchain_azure_devops import TOOLS


def answer(toolkit, tmp_path, question):
    with open_investigator(OfflineModel(), toolkit, path=tmp_path / "t.sqlite") as investigator:
        return report_of(investigator.ask("t", question))


def quotes(report):
    return "\n".join(statement["quote"] for statement in report["observed"])


def test_the_open_pull_requests_are_listed_with_their_titles(toolkit, tmp_path):
    report = answer(toolkit, tmp_path, "List the open pull requests in the Platform project.")
    assert report["verdict"] == "answered"
    assert report["unverified"] == []
    for title in (
        "Add a webhook for carrier events", "Update the on-call rota for December", "Cache port look-ups for a day",
        "Move PostgreSQL to zone-redundant high availability", "Paginate the shipment search",
        "Give reporting a larger connection pool",
    ):  # fmt: skip
        assert title in quotes(report)
    assert len(report["observed"]) == 6


def test_why_the_last_build_failed(toolkit, tmp_path):
    report = answer(toolkit, tmp_path, "Why did the last build of platform-api-ci fail?")
    assert "KeyError: 'DATABASE_TIMEOUT'" in quotes(report)
    assert "Run unit tests" in quotes(report)


def test_a_diagnosis_answers_why_a_build_failed_and_the_build_itself_is_shown_otherwise(toolkit, tmp_path):
    assert match_question("Why did build #35 fail?")[1] == {"build": 35}
    assert match_question("Show build 35.")[1] == {"ids": [35]}
    report = answer(toolkit, tmp_path, "Why did build 35 fail?")
    assert "category: test" in quotes(report)
    assert "Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings" in quotes(report)


def test_is_it_in_code(toolkit, tmp_path):
    report = answer(toolkit, tmp_path, 'Is "AccountKey" in code in the Payments project?')
    assert "/deploy/storage.env" in quotes(report)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.example)
def test_every_example_is_understood_as_its_own_rule_and_answered(toolkit, tmp_path, rule):
    assert match_question(rule.example)[0] is rule
    assert rule.tool in TOOLS
    report = answer(toolkit, tmp_path, rule.example)
    assert report["verdict"] == "answered", report["answer"]
    assert report["unverified"] == []


@pytest.mark.parametrize("question", ["What is the meaning of life?", "Delete everything", ""])
def test_anything_else_says_what_can_be_asked(question):
    with pytest.raises(UnknownQuestion, match="List the open pull requests in the Platform project"):
        match_question(question)
