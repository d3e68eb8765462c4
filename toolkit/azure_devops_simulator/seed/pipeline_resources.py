"""What the pipelines of the seed organization use: variable groups and service connections."""

from __future__ import annotations

from azure_devops_simulator.areas.builds.steps import moment
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.pipeline_resources import ServiceConnection, VariableGroup
from azure_devops_simulator.state.values import JsonObject, guid

DANA, PRIYA = "Dana Ortiz", "Priya Raman"


def seed_pipeline_resources(organization: Organization) -> None:
    """Add the variable groups and the service connections of Platform."""
    _group(
        organization,
        "platform-api-tests",
        "Settings of the unit tests.",
        {"DB_HOST": "localhost", "DB_NAME": "platform_test", "DB_TIMEOUT": "30"},
        (),
        ("2026-08-26 13:40", DANA, "2026-10-06 07:40", DANA),
    )
    _group(
        organization,
        "infrastructure-production",
        "Settings of the production environment.",
        {"AZURE_REGION": "westeurope", "RESOURCE_GROUP": "rg-tidewater-prod"},
        ("STATE_ACCESS_KEY",),
        ("2026-08-26 09:35", PRIYA, "2026-09-24 08:30", PRIYA),
    )
    _connection(
        organization, "tidewater-azure", "azurerm", "https://management.azure.com/", "WorkloadIdentityFederation"
    )
    _connection(organization, "tidewater-registry", "dockerregistry", "https://registry.tidewater.example/v2/")


def _group(
    organization: Organization,
    name: str,
    description: str,
    values: dict[str, str],
    secrets: tuple[str, ...],
    dates: tuple[str, str, str, str],
) -> None:
    created, by, modified, changed_by = dates
    variables: dict[str, JsonObject] = {each: {"value": value} for each, value in values.items()}
    variables |= {each: {"value": None, "isSecret": True} for each in secrets}
    number = organization.next_id("variableGroup")
    people = organization.named(by), moment(created), organization.named(changed_by), moment(modified)
    projects = [project for project in organization.projects.values() if project.name == "Platform"]
    group = VariableGroup(number, name, projects, variables, *people, description)
    organization.resources.variable_groups[number] = group


def _connection(organization: Organization, name: str, kind: str, url: str, scheme: str = "UsernamePassword") -> None:
    number = guid(f"serviceconnection/{organization.name}/{name}")
    projects = [project for project in organization.projects.values() if project.name == "Platform"]
    people = (
        organization.named(PRIYA),
        moment("2026-08-26 09:20"),
        organization.named(PRIYA),
        moment("2026-10-06 10:20"),
    )
    made = ServiceConnection(number, name, kind, url, projects, *people)
    made.scheme, made.parameters = scheme, ["password", "username"] if scheme == "UsernamePassword" else ["tenantid"]
    made.description = f"For the pipelines of {organization.name}."
    organization.resources.service_connections[number] = made
