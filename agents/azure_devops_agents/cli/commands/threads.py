"""`azure-devops-agent threads`: list the threads that are stored, and delete some of them."""

import json

import click
from rich.text import Text

from azure_devops_agents.cli import terminal
from azure_devops_agents.settings import DATABASE, RETENTION_DAYS

_HELP = f"""\
List and delete stored threads.

They are in a file under your state directory, or in the Postgres database that {DATABASE} names. A thread that did \
not change for {RETENTION_DAYS.default} days is deleted when the agent starts; {RETENTION_DAYS.variable} sets another \
number of days, and 0 keeps all."""


@click.group(help=_HELP)
def command() -> None:
    """Take one of the commands below."""


@command.command("list")
@click.option("--json", "as_machine", is_flag=True, help="Print one JSON object a line.")
def list_threads(as_machine: bool) -> None:
    """List the threads; the one that changed last comes first."""
    from azure_devops_agents.threads.opening import open_threads

    threads = open_threads()
    try:
        stored = threads.list_threads()
    finally:
        threads.close()
    out = terminal.console()
    for thread in stored:
        if as_machine:
            click.echo(json.dumps({"thread": thread.name, "changed": thread.changed.isoformat()}))
        else:
            when = f"{thread.changed:%Y-%m-%d %H:%M} UTC  "
            out.print(Text.assemble((when, "dim"), terminal.one_line_text(thread.name, "bold")))
    if not stored and not as_machine:
        out.print(terminal.plain("No thread is stored."))


@command.command("delete")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def delete_threads(names: tuple[str, ...]) -> None:
    """Delete threads with their messages, evidence and finished writes; this cannot be undone.

    A write whose outcome is not known stays recorded, so that it is never sent twice.
    """
    from azure_devops_agents.threads.opening import open_threads

    threads = open_threads()
    try:
        for name in names:
            threads.delete(name)
            terminal.console().print(Text.assemble("Deleted: ", terminal.one_line_text(name, "bold")))
    finally:
        threads.close()
