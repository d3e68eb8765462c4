"""Environments with their deployments and approvals, and the pools of the seed organization."""

from __future__ import annotations

from azure_devops_simulator.areas.builds.shapes import POOLS
from azure_devops_simulator.areas.builds.steps import moment
from azure_devops_simulator.state.builds import Build
from azure_devops_simulator.state.deployment import (
    Agent,
    Approval,
    ApprovalStep,
    Check,
    Deployment,
    Environment,
    Pool,
)
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.values import guid

DANA, PRIYA = "Dana Ortiz", "Priya Raman"
_INSTRUCTIONS = "Look at the deployment to staging first."


def seed_deployment(organization: Organization) -> None:
    """Add the environments of Platform with what was deployed there, and the pools."""
    staging, production = (_environment(organization, name) for name in ("staging", "production"))
    for build in organization.builds.builds.values():
        if build.definition.name == "infrastructure-deploy" and build.result == "succeeded":
            _deploy(organization, staging, build, "Staging")
            _deploy(organization, production, build, "Production")
            _approve(organization, build)
        elif build.status == "inProgress" and build.definition.name == "platform-api-ci":
            _wait(organization, build)
    _check(organization, production)
    for name, agents in (("Azure Pipelines", ()), ("linux-large", ("01", "02")), ("tidewater-private", ("01",))):
        _pool(organization, name, agents)


def _environment(organization: Organization, name: str) -> Environment:
    number, by, when = organization.next_id("environment"), organization.named(PRIYA), moment("2026-08-26 09:30")
    project = organization.repository("Platform", "infrastructure").project
    made = Environment(number, project, name, f"The {name} systems of Platform.", by, when, by, when)
    organization.deployment.environments[number] = made
    return made


def _deploy(organization: Organization, environment: Environment, build: Build, stage: str) -> None:
    for record in build.records or ():
        if record.type == "Job" and record.identifier.startswith(f"{stage}.") and record.start:
            number = organization.next_id("deployment")
            row = Deployment(number, build.id, stage, record.name, record.start, record.start)
            row.finish, row.result = record.finish, record.result
            environment.deployments.append(row)


def _approve(organization: Organization, build: Build) -> None:
    number = guid(f"approval/{organization.name}/{build.id}")
    step = ApprovalStep(
        organization.named(DANA), "approved", organization.named(DANA), "Staging is fine.", build.finish
    )
    other = ApprovalStep(organization.named(PRIYA), "skipped")
    created = build.start or build.queued
    made = Approval(number, build.definition.project, build.id, "Production", created, [step, other], _INSTRUCTIONS)
    made.status = "approved"
    organization.deployment.approvals[number] = made


def _wait(organization: Organization, build: Build) -> None:
    """Let a build wait for an approval that the service account may give, too."""
    number = guid(f"approval/{organization.name}/{build.id}")
    steps = [ApprovalStep(organization.named(name)) for name in (DANA, "svc-agent")]
    created = build.start or build.queued
    made = Approval(number, build.definition.project, build.id, "Deploy", created, steps, _INSTRUCTIONS)
    organization.deployment.approvals[number] = made


def _check(organization: Organization, environment: Environment) -> None:
    number, by, when = organization.next_id("check"), organization.named(PRIYA), moment("2026-08-26 09:32")
    check = Check(number, environment.project, "Approval", ("environment", str(environment.id)), by, when, by, when)
    approvers = [{"displayName": name, "id": organization.named(name).id} for name in (DANA, PRIYA)]
    check.settings = {
        "approvers": approvers,
        "executionOrder": "anyOrder",
        "minRequiredApprovers": 1,
        "instructions": _INSTRUCTIONS,
        "blockedApprovers": [],
        "requesterCannotBeApprover": True,
    }
    organization.deployment.checks[number] = check


def _pool(organization: Organization, name: str, agents: tuple[str, ...]) -> None:
    number, _, hosted = POOLS[name]
    when = moment("2026-08-26 09:00")
    pool = Pool(number, name, organization.named(PRIYA), when, hosted)
    for place, suffix in enumerate(agents, 1):
        agent = Agent(place, f"{name}-{suffix}", when, online=name != "tidewater-private")
        agent.system_capabilities = {"Agent.OS": "Linux", "docker": "/usr/bin/docker"}
        agent.user_capabilities = {"team": "harbor"}
        pool.agents.append(agent)
    organization.deployment.pools[number] = pool
