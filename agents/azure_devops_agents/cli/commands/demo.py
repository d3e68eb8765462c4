"""`azure-devops-agent demo`: an investigation in a local Azure DevOps, without an account and without a key."""

import click


@click.command
@click.option("--yes", is_flag=True, help="Approve the one write of the demo without asking.")
def command(yes: bool) -> None:
    """Watch an investigation in a local Azure DevOps. It needs no account and no key."""
    from azure_devops_agents.cli.demonstration import demonstrate

    demonstrate(yes=yes)
