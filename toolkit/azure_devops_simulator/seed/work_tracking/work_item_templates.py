"""The templates of work items in the seed organization."""

from __future__ import annotations

from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.values import guid
from azure_devops_simulator.state.work_items.templates import Template

_TEMPLATES: tuple[tuple[str, str, str, str, dict[str, str]], ...] = (
    (
        "Platform",
        "Production bug",
        "Something is broken for customers.",
        "Bug",
        {
            "System.AreaPath": "Platform\\Operations",
            "System.Tags": "production",
            "Microsoft.VSTS.Common.Priority": "1",
            "Microsoft.VSTS.Common.Severity": "2 - High",
            "Microsoft.VSTS.TCM.ReproSteps": "<p>Since when:</p><p>Who is affected:</p><p>What was tried:</p>",
        },
    ),
    (
        "Platform",
        "Follow-up of an incident",
        "A task that a review of an incident asks for.",
        "Task",
        {"System.Tags": "incident; follow-up", "Microsoft.VSTS.Common.Priority": "2"},
    ),
    ("Payments", "Ledger correction", "", "Task", {"System.AreaPath": "Payments\\Ledger"}),
)


def seed_templates(organization: Organization) -> None:
    """Add the templates to the default teams of their projects."""
    for project_name, name, description, kind, fields in _TEMPLATES:
        project = next(each for each in organization.projects.values() if each.name == project_name)
        number = guid(f"template/{project_name}/{name}")
        made = Template(number, project, project.teams[0].id, name, description, kind, dict(fields))
        organization.work_items.templates.items[number] = made
