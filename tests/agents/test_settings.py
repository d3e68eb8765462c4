"""A page that tells a limit tells the one of the code."""

from pathlib import Path

import pytest

from azure_devops_agents.cli.one_question import ASKED_BACK
from azure_devops_agents.cli.options import REPORT_ENDINGS
from azure_devops_agents.investigation.budgets import Budgets
from azure_devops_agents.investigation.spending import CeilingReached
from azure_devops_agents.investigation.turns import instructions
from azure_devops_agents.investigation.turns.tool_choice import MOST_SCHEMA_TOKENS
from azure_devops_agents.settings import CALLS, MINUTES, RETENTION_DAYS, SECOND_LOOK_SHARE, TOKENS

ROOT = Path(__file__).parents[2]
TOLD = [
    f"may use {CALLS.default} tool calls, {TOKENS.default:,} tokens and {MINUTES.default} minutes",
    f"has {SECOND_LOOK_SHARE:.0%} of the budget",
    f"at most {instructions.MOST:,} characters",
    f"prints it and ends with {ASKED_BACK}",
    f"(`{'`, `'.join(REPORT_ENDINGS)}`; `/save FILE` in `chat`)",
    f"reached them (exit code {CeilingReached.exit_code})",
    f"did not change for {RETENTION_DAYS.default} days is deleted",
    f"`{RETENTION_DAYS.variable}` ({RETENTION_DAYS.default}; 0 keeps all)",
    f"at most {Budgets.approvals} approvals for a question and {Budgets.approvals_at_once} at once",
]
SCHEMAS = f"while they fit into {MOST_SCHEMA_TOKENS:,} tokens of schema"


@pytest.mark.parametrize(("page", "told"), [*(("agents", told) for told in TOLD), ("toolkit", SCHEMAS)])
def test_the_page_tells_the_limits_of_the_code(page, told):
    assert told in " ".join((ROOT / page / "README.md").read_text(encoding="utf-8").split())
