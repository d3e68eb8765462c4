"""`tools`: which tools this token gets, and what the others need."""

import click

from azure_devops_agents.cli import terminal
from azure_devops_agents.cli.capabilities import capabilities, spelled
from azure_devops_agents.cli.options import ConnectionOptions, connection_options
from langchain_azure_devops.access import Selection, verify
from langchain_azure_devops.tools import TOOLS


@click.command
@connection_options
@click.option("--json", "as_json", is_flag=True, help="Print for machines.")
def command(options: ConnectionOptions, as_json: bool) -> None:
    """List the tools this token gets, and what the others need."""
    with options.open() as target, target.client() as client:
        connection = client.run_sync(verify(client))
        if connection.error is not None:
            raise connection.error
        selection = capabilities(target, connection)
    if as_json:
        click.echo(terminal.machine_readable(_for_machines(selection)))
    else:
        _show(selection)


def _for_machines(selection: Selection) -> list[dict[str, object]]:
    available = {tool.name for tool in selection.tools}
    return [
        {
            "name": tool.name,
            "toolset": tool.toolset,
            "access": tool.access,
            "scopes": [scope.value for scope in tool.scopes],
            "available": tool.name in available,
            "missing": [] if tool.name in available else [scope.value for scope in selection.absent[tool.name].scopes],
        }
        for tool in TOOLS.values()
    ]


def _show(selection: Selection) -> None:
    out = terminal.console()
    available = {tool.name for tool in selection.tools}
    rows = []
    for tool in TOOLS.values():
        absence = selection.absent.get(tool.name)
        needs = "" if absence is None else spelled(absence.scopes) if absence.scopes else absence.reason
        rows.append((tool.name, tool.toolset, tool.access, "yes" if tool.name in available else "no", needs))
    out.print(terminal.table(("tool", "toolset", "access", "there", "needs"), rows, 0))
    out.print(terminal.plain(f"\n{len(available)} of {len(TOOLS)} tools."))
