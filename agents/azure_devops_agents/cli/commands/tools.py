"""`tools`: which tools this token gets, and what the others need."""

from typing import Any

import click

from azure_devops_agents.cli import terminal
from azure_devops_agents.cli.capabilities import select_tools, spell_scopes
from azure_devops_agents.cli.options import ConnectionOptions, connection_options
from langchain_azure_devops import Tool
from langchain_azure_devops.access import DEFAULT, Catalog, Selection, verify
from langchain_azure_devops.tools import TOOLS

Tools = tuple[Tool[..., Any], ...]


@click.command
@connection_options
@click.option(
    "--toolsets",
    default=DEFAULT,
    show_default=True,
    help="The toolsets to list: 'default', 'all', or names separated by commas.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(options: ConnectionOptions, toolsets: str, as_json: bool) -> None:
    """List the tools this token gets, and what the others need."""
    tools = Catalog.of().choose([name.strip() for name in toolsets.split(",")])
    with options.open() as target, target.client() as client:
        connection = client.run_sync(verify(client))
        if connection.error is not None:
            raise connection.error
        selection = select_tools(target, connection, tools)
    if as_json:
        click.echo(terminal.machine_readable(_for_machines(tools, selection)))
    else:
        _show(tools, selection)


def _for_machines(tools: Tools, selection: Selection) -> list[dict[str, object]]:
    available = {tool.name for tool in selection.tools}
    return [
        {
            "name": tool.name,
            "toolset": tool.toolset,
            "default": tool.default,
            "access": tool.access,
            "scopes": [scope.value for scope in tool.scopes],
            "also": [scope.value for scope in tool.also],
            "available": tool.name in available,
            "missing": [] if tool.name in available else [scope.value for scope in selection.absent[tool.name].least],
        }
        for tool in tools
    ]


def _show(tools: Tools, selection: Selection) -> None:
    out = terminal.console()
    available = {tool.name for tool in selection.tools}
    rows = []
    for tool in tools:
        absence = selection.absent.get(tool.name)
        needs = "" if absence is None else spell_scopes(absence.least) or absence.reason
        rows.append((tool.name, tool.toolset, tool.access, "yes" if tool.name in available else "no", needs))
    out.print(terminal.table(("tool", "toolset", "access", "there", "needs"), rows, 0))
    more = f" '--toolsets all' lists all {len(TOOLS)}." if len(tools) < len(TOOLS) else ""
    out.print(terminal.plain(f"\n{len(available)} of {len(tools)} tools.{more}"))
