"""A page that tells a limit tells the one of the code."""

from pathlib import Path

import pytest

from azure_devops_agents.cli.one_question import ASKED_BACK
from azure_devops_agents.cli.options import REPORT_ENDINGS
from azure_devops_agents.investigation.budgets import Budgets
from azure_devops_agents.investigation.spending import CeilingReached
from azure_devops_agents.investigation.turns.instructions import MOST
from azure_devops_agents.investigation.turns.tool_choice import MOST_SCHEMA_TOKENS
from azure_devops_agents.settings import CALLS, MINUTES, RETENTION_DAYS, SECOND_LOOK_SHARE, TOKENS
from langchain_azure_devops.runtime import Timeouts

ROOT = Path(__file__).parents[1]
TOLD = {
    "agents": (
        f"may use {CALLS.default} tool calls, {TOKENS.default:,} tokens and {MINUTES.default} minutes",
        f"has {SECOND_LOOK_SHARE:.0%} of the budget",
        f"at most {MOST:,} characters",
        f"prints it and ends with {ASKED_BACK}",
        f"(`{'`, `'.join(REPORT_ENDINGS)}`; `/save FILE` in `chat`)",
        f"reached them (exit code {CeilingReached.exit_code})",
        f"did not change for {RETENTION_DAYS.default} days is deleted",
        f"`{RETENTION_DAYS.variable}` ({RETENTION_DAYS.default}; 0 keeps all)",
        f"at most {Budgets.approvals} approvals for a question and {Budgets.approvals_at_once} at once",
    ),
    "toolkit": (
        f"while they fit into {MOST_SCHEMA_TOKENS:,} tokens of schema",
        f"One call may take {Timeouts.call:g} s with all its requests",
        f"would have made, for up to {Timeouts.recovery:g} s",
    ),
}


@pytest.mark.parametrize(("page", "told"), [(page, told) for page, every in TOLD.items() for told in every])
def test_a_page_tells_the_limits_of_the_code(page, told):
    assert told in " ".join((ROOT / page / "README.md").read_text(encoding="utf-8").split())
