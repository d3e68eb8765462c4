"""`azure-devops-agent demo`: an investigation in a local Azure DevOps, without an account and without a key."""

from pathlib import Path

import click

from azure_devops_agents.cli.options import report_option


@click.command
@click.option("--yes", is_flag=True, help="Approve the one write of the demo without asking.")
@report_option
def command(yes: bool, reports: tuple[Path, ...]) -> None:
    """Watch an investigation in a local Azure DevOps. It needs no account and no key."""
    from azure_devops_agents.cli.demonstration import demonstrate

    demonstrate(yes=yes, reports=reports)
