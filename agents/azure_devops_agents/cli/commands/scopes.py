"""`scopes`: the least scope for each capability, from the tools' own declarations."""

import click

from azure_devops_agents.cli import terminal
from azure_devops_agents.cli.capabilities import list_least_scopes
from azure_devops_agents.cli.documents.tables import SETS
from langchain_azure_devops.scopes import on_token_page
from langchain_azure_devops.tools import TOOLS


@click.command
def command() -> None:
    """List the least scope for each capability; needs no connection."""
    out = terminal.console()
    rows = [
        (tool.name, tool.access, " and ".join(map(on_token_page, needed)), " and ".join(needed))
        for tool in TOOLS.values()
        for needed in [list_least_scopes(tool)]
    ]
    out.print(terminal.table(("capability", "access", "on the token page", "scope"), rows, 0))
    for title, scopes in SETS.items():
        out.print(terminal.heading(f"A token that {title} needs"))
        out.print(
            terminal.table(("on the token page", "scope"), [(on_token_page(scope), scope.value) for scope in scopes])
        )
