"""The integration page as one program: what its agents did in the organization, in the order of the page."""

import re
import subprocess
import sys
from pathlib import Path

from azure_devops_agents.models.scripted import Call

PAGE = Path(__file__).parents[3] / "toolkit" / "docs" / "integration.md"
ASKS = "Which pull requests of platform-api are open?"
CHAINS = "Which builds failed last?"
COMMENTS = "Comment on work item 4 that the auditors come on Friday."


def test_the_page_runs_from_its_first_to_its_last_block(variables, model, tmp_path, azure_devops_organization):
    own = azure_devops_organization
    item = next(item for item in own.organization.work_items if item.id == 4)
    before = len(item.comments)
    asked = model(
        {
            ASKS: [[Call.to("list_pull_requests", repository="platform-api")]],
            CHAINS: [[Call.to("list_builds", result="failed"), Call.to("list_repositories", project="Platform")]],
            COMMENTS: [[Call.to("add_work_item_comment", id=4, text="By the agent, after an approval.")]],
        }
    )
    program = tmp_path / "integration.py"
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    program.write_text("\n".join(blocks), encoding="utf-8")
    environment = {**variables, "AZURE_DEVOPS_ORG": own.name}
    done = subprocess.run(
        [sys.executable, program], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = [comment.text for comment in item.comments[before:]]
    assert shown == ["By the agent, after an approval.", "The auditors come on Friday."]
    # The chain printed one answer to each of its two calls.
    for part in ("8 builds, all", "3 of 3 repositories"):
        assert part in done.stdout
    for part in ("list_projects", "error NotFound [not_found NotFound", "Organization: tidewater"):
        assert part in done.stdout
    tools = [{tool["function"]["name"] for tool in request["tools"]} for request in asked.requests]
    assert "add_work_item_comment" not in tools[0]
    assert "add_work_item_comment" in tools[-1]
