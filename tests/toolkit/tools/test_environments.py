"""Environments and deployments, checks and approvals, pools and agents."""

import pytest
from tool_calls import call, message_of, refusal

from azure_devops_simulator import build_organization
from langchain_azure_devops.errors import InvalidRequest, NotFound, ScopeMissing


def test_deployments_say_what_is_where_since_when(platform_reader):
    assert [row.name for row in call(platform_reader, "list_environments").items] == ["staging", "production"]
    newest, before = call(platform_reader, "list_deployments", environment="Production").items
    assert (newest.build, newest.pipeline, newest.stage, newest.result) == (
        7,
        "infrastructure-deploy",
        "Production",
        "succeeded",
    )
    assert f"{newest.finished:%Y-%m-%d %H:%M}" == "2026-10-06 10:38"
    first = call(platform_reader, "list_deployments", environment="2", limit=1)
    assert call(platform_reader, "list_deployments", environment="2", limit=1, cursor=first.cursor).items == [before]


def test_a_wrong_name_is_told_with_the_near_one(platform_reader):
    told = refusal(platform_reader, "list_deployments", NotFound, environment="prodution")
    assert "Did you mean 'production'?" in told
    told = refusal(platform_reader, "list_agents", NotFound, pool="linux-larg")
    assert "Did you mean 'linux-large'?" in told
    refusal(platform_reader, "list_deployments", NotFound, environment="99")
    # The service takes a blank name for any name.
    assert "list_pools" in refusal(platform_reader, "list_agents", InvalidRequest, pool=" ")
    assert "list_environments" in refusal(platform_reader, "list_deployments", InvalidRequest, environment="")


def test_a_check_says_who_must_approve_and_who_changed_it(platform_reader):
    [check] = call(platform_reader, "list_checks", resource="production").items
    assert (check.type, check.approvers, check.needed) == ("Approval", ["Dana Ortiz", "Priya Raman"], 1)
    assert (check.requester_may_not_approve, check.modified_by) == (True, "Priya Raman")
    assert check.instructions == "Look at the deployment to staging first."
    assert call(platform_reader, "list_checks", resource="staging").items == []


@pytest.mark.parametrize(
    ("kind", "lister", "field"),
    [
        ("environment", "list_environments", "id"),
        ("endpoint", "list_service_connections", "id"),
        ("variablegroup", "list_variable_groups", "id"),
        ("repository", "list_repositories", "name"),
    ],
)
def test_a_resource_without_checks_is_told_from_one_that_does_not_exist(
    platform_client, organization, kind, lister, field
):
    row = call(platform_client, lister).items[0]
    known = str(row.id) if field == "id" else organization.repository("Platform", row.name).id
    organization.deployment.checks.clear()
    page = call(platform_client, "list_checks", resource=known, kind=kind)
    assert (page.items, page.notes) == ([], [])
    told = refusal(platform_client, "list_checks", NotFound, resource="999", kind=kind)
    assert "There is no" in told
    assert known in told
    if kind != "environment":
        assert f"{row.name!r} is the name of {known}" in refusal(
            platform_client, "list_checks", NotFound, resource=row.name, kind=kind
        )


def test_a_resource_that_was_not_looked_up_is_said_to_be_so(platform_reader, organization, connect):
    for kind in ("queue", "securefile"):
        page = call(platform_reader, "list_checks", resource="nix", kind=kind)
        assert (page.items, "was not looked up" in page.notes[0]) == ([], True)
    organization.add_token("builder", ["build", "project"])
    page = call(connect("builder"), "list_checks", resource="nix", kind="endpoint")
    assert page.failed[0].place == "whether the service connection exists"
    assert "was not looked up" in page.notes[0]


def test_approvals_say_who_may_decide_and_who_did(platform_client, organization):
    world = build_organization(organization)
    approval = world.project("Platform").add_environment("test").ask(organization.builds.builds[35], "Tom Becker")
    pending, waiting = sorted(call(platform_client, "list_approvals").items, key=lambda row: row.build)
    assert (waiting.build, waiting.approvers) == (38, ["Dana Ortiz", "svc-agent"])
    assert (pending.id, pending.build, pending.approvers) == (approval.id, 35, ["Tom Becker"])
    assert pending.decisions == []
    [done] = call(platform_client, "list_approvals", build=7, state="all").items
    assert (done.status, done.decisions) == ("approved", ["Dana Ortiz approved: Staging is fine."])
    assert call(platform_client, "list_approvals", build=7).items == []
    refusal(platform_client, "list_approvals", NotFound, build=999)


def test_an_offline_agent_is_seen_and_capabilities_have_no_values(platform_reader):
    pools = {row.name: row for row in call(platform_reader, "list_pools").items}
    assert (pools["Azure Pipelines"].hosted, pools["linux-large"].agents) == (True, 2)
    [agent] = call(platform_reader, "list_agents", pool="tidewater-private").items
    assert (agent.name, agent.status, agent.enabled) == ("tidewater-private-01", "offline", True)
    [agent] = call(platform_reader, "list_agents", pool="14", capabilities=True).items
    assert (agent.capabilities, agent.system_capabilities) == (["team"], ["Agent.OS", "docker"])
    assert "harbor" not in message_of(platform_reader, "list_agents", pool="14", capabilities=True)


def test_the_job_that_an_agent_runs_is_shown(platform_client, organization):
    agent = organization.deployment.pools[12].agents[0]
    agent.request = {"requestId": 5, "jobName": "Soak", "owner": {"id": 37, "name": "20261120.1"}}
    first = call(platform_client, "list_agents", pool="linux-large").items[0]
    assert (first.job, first.build) == ("Soak", 37)


def test_reading_pools_needs_its_own_scope(organization, connect):
    organization.add_token("builder", ["build", "project"])
    assert "vso.agentpools" in refusal(connect("builder"), "list_pools", ScopeMissing)
    assert call(connect("builder"), "list_environments").items
