"""`toolkit.system_prompt()` tells the model of any agent what our own agent is told."""

import pytest
from tool_calls import FULL, READ, READ_SCOPES, seed_with_tokens

from azure_devops_agents.investigation.budgets import Budgets
from azure_devops_agents.investigation.turns.prompts import write_system_prompt
from langchain_azure_devops import AzureDevOpsToolkit


@pytest.fixture
def organization():
    return seed_with_tokens()


def toolkit_of(server, **options):
    return AzureDevOpsToolkit(base_url=server.base_url, **{"pat": FULL, "scopes": "app_token", **options})


def test_it_names_the_place_and_the_conventions(server):
    with toolkit_of(server, default_project="Platform") as toolkit:
        prompt = toolkit.system_prompt()
        ours = write_system_prompt(toolkit.client, ["Platform"], Budgets())
    assert "The organization is 'tidewater'. The default project is 'Platform'." in prompt
    for convention in (
        "<untrusted ...>",
        "[secret:...]",
        "cursors",
        "An error's first line",
        "A person approves every",
    ):
        assert convention in prompt
    # One text for both: what our own agent is told is not written down a second time.
    rules = [line for line in prompt.splitlines() if line.startswith(("- [secret", "- An error"))]
    assert len(rules) == 2
    assert all(rule in ours for rule in rules)
    assert "do not have" not in prompt


def test_it_names_the_tools_that_are_absent_and_why(server):
    with toolkit_of(server, pat=READ, scopes=READ_SCOPES, name_prefix="ado_") as toolkit:
        prompt = toolkit.system_prompt()
        assert toolkit.absent
    absent = prompt.partition("You do not have these tools")[2]
    assert "ado_create_work_item" in absent
    assert "the token is not declared to have the scope vso.work_write" in absent
    assert "vso.code_write" in absent
    assert "list_projects" not in absent
    assert "names begin with 'ado_'" in prompt


@pytest.mark.parametrize(
    ("options", "words", "others"),
    [
        ({"read_only": True}, "no tool changes anything", "A person approves"),
        ({"writes": "deny"}, "no tool changes anything", "A person approves"),
        ({"writes": "allow"}, "", "A person approves"),
        ({}, "A person approves every write before it is sent", "no tool changes anything"),
    ],
    ids=["read-only", "deny", "allow", "ask"],
)
def test_it_says_what_happens_to_writes(server, options, words, others):
    with toolkit_of(server, **options) as toolkit:
        prompt = toolkit.system_prompt()
    assert words in prompt
    assert others not in prompt


def test_it_follows_what_is_learnt_of_the_token(server):
    with toolkit_of(server, pat=READ, scopes=None) as toolkit:
        assert "the token's scopes are not known yet" in toolkit.system_prompt()
        toolkit.verify()
        assert "the token lacks the scope vso.work_write" in toolkit.system_prompt()
