"""The programs of a new user: public names only, a process each, and their outcome in the simulator."""

import os
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from official_clients import not_run
from vendor_toolkit import on_tls

from azure_devops_agents.models.scripted import Call
from azure_devops_simulator import SimulatorServer, seed_organization

PROGRAMS = Path(__file__).with_name("newcomer")
BROKEN, SLOW = "The build is broken", "The build is slow"


def bug(name, title):
    return Call.to(name, type="Bug", title=title)


def test_tools_are_composed_with_others_under_a_prefix(run, model):
    question = "Who looks at the failed builds?"
    steps = [[Call.to("ado_list_builds", result="failed"), Call.to("on_call", service="platform-api")]]
    asked = model({question: steps}).requests
    shown = run(PROGRAMS / "compose_tools.py").stdout
    assert "tool\tado_list_builds\t" in shown
    assert "Priya is on call for platform-api." in shown
    offered = {tool["function"]["name"] for tool in asked[0]["tools"]}
    assert {"on_call", "ado_get_build_log", "ado_get_pull_request"} <= offered
    assert not [name for name in offered if "create" in name or not name.startswith(("ado_", "on_call"))]


def test_a_person_edits_and_rejects_through_the_middleware(run, model, titles):
    model({"File both bugs.": [[bug("create_work_item", BROKEN), bug("create_work_item", SLOW)]]})
    shown = run(PROGRAMS / "approve_with_middleware.py").stdout
    assert f"title: {BROKEN}" in shown
    assert "Changed by a person" in titles()
    assert not {BROKEN, SLOW} & titles()


def test_two_organizations_are_told_apart(run, model, variables, titles):
    theirs = seed_organization()
    theirs.add_token("a-token-of-theirs")
    theirs.name = "contoso"
    question = "File the bug in both organizations."
    model({question: [[bug("ours_create_work_item", BROKEN), bug("theirs_create_work_item", BROKEN)]]})
    with SimulatorServer(theirs) as server:
        variables |= {"THEIR_BASE_URL": server.base_url, "THEIR_PAT": "a-token-of-theirs"}
        shown = run(PROGRAMS / "two_organizations.py").stdout
    assert BROKEN in titles()
    assert BROKEN not in {item.title for item in theirs.work_items}
    assert "tool\ttheirs_create_work_item\t[blocked WriteBlocked" in shown


def test_fifty_users_approve_their_own_writes_at_the_same_time(run, azure_devops_organization):
    before = Counter(item.title for item in azure_devops_organization.organization.work_items)
    assert "45 written, 5 refused" in run(PROGRAMS / "fifty_users.py").stdout
    after = Counter(item.title for item in azure_devops_organization.organization.work_items)
    made = after - before
    assert made == Counter(f"The bug of user {number}" for number in range(50) if number % 10)


def test_a_notebook_calls_and_awaits_on_its_own_loop(run):
    shown = run(PROGRAMS / "notebook.py").stdout
    assert "Platform" in shown
    assert "builds, without awaiting" in shown
    assert "builds, awaited" in shown


def test_the_person_at_an_mcp_host_approves(run, titles):
    shown = run(PROGRAMS / "mcp_host.py").stdout
    assert "create_work_item" in shown.splitlines()[0].split()
    assert BROKEN in titles()
    assert SLOW not in titles()


@pytest.fixture
def vendor(variables, tmp_path, azure_devops_organization):
    """The variables with which the vendor's server reaches our organization."""
    folder = os.environ.get("AZURE_DEVOPS_MCP_FOLDER", "")
    if shutil.which("node") is None or not Path(folder, "node_modules", "@azure-devops", "mcp").is_dir():
        not_run("AZURE_DEVOPS_MCP_FOLDER does not say where @azure-devops/mcp is, or Node is not installed")
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "authority.pem")
    issued = made.issue_cert("dev.azure.com", "*.dev.azure.com", "*.visualstudio.com", "127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "chain.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    # A write that the server reports as done is read back, and found by the time at which it was made.
    clock = azure_devops_organization.organization.clock
    clock.set(datetime.now(UTC))
    clock.rate = 1
    with on_tls(azure_devops_organization.organization, tmp_path / "authority.pem") as found:
        variables |= {**found, "AZURE_DEVOPS_MCP_FOLDER": folder}
        yield


def test_the_vendor_s_server_writes_what_was_approved(run, titles, vendor):
    shown = run(PROGRAMS / "vendors_server.py").stdout.splitlines()
    assert "mcp_repo_branch_list" in shown[0].split()
    assert [line.split()[0] for line in shown[1:]] == ["success", "error"], shown[1:]
    assert BROKEN in titles()
    assert SLOW not in titles()


def test_no_program_is_left_out_and_there_are_a_dozen_with_the_examples():
    text = Path(__file__).read_text(encoding="utf-8")
    programs = sorted(path.name for path in PROGRAMS.glob("*.py"))
    assert [name for name in programs if f'"{name}"' not in text] == []
    examples = list((PROGRAMS.parents[3] / "agents" / "examples").glob("*.py"))
    assert len(programs) + len(examples) >= 12
