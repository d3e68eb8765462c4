"""Command lines whose commands are imported when they run, and which end every command in the same way.

A command line is a table: the name of each command, the module that holds it, and its line in the overview. `--help`
imports nothing but click, and a command never waits for the libraries of another one.
"""

import signal
import sys
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.extras import describe_missing, find_extra

try:
    import click
except ModuleNotFoundError:  # the commands are an extra; the toolkit alone has no use for click
    sys.exit(describe_missing("click", "agents"))

INTERRUPTED = 130
"""The exit code after Ctrl-C."""
_OURS = ("azure_devops_agents", "azure_devops_evals", "langchain_azure_devops")


class MissingLibrary(click.ClickException):
    """A command needs a library that is not installed. It ends with the exit code 1."""

    def __init__(self, library: str, extra: str) -> None:
        """Name the library, and the extra that brings it."""
        super().__init__(describe_missing(library, extra))


class Entry(NamedTuple):
    """One command in the table of a command line.

    Attributes:
        module: The full name of the module whose attribute `command` is the click command.
        summary: The line of the command in the overview.
        hidden: Whether the overview leaves the command out.
        extra: The extra of the distribution that brings the libraries of the command.
    """

    module: str
    summary: str
    hidden: bool = False
    extra: str = "agents"


class LazyGroup(click.Group):
    """A click group that imports a command when it runs.

    An error of the service ends with its message and its own exit code, a library that is not installed with the extra
    that brings it, and Ctrl-C with 130.
    """

    def __init__(self, *arguments: Any, table: Mapping[str, Entry], **settings: Any) -> None:
        """Take the table of the commands, in the order of the overview."""
        super().__init__(*arguments, **settings)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one command; None when the table has no such name."""
        if (entry := self.table.get(cmd_name)) is None:
            return None
        try:
            command = import_module(entry.module).command
        except ModuleNotFoundError as error:
            _name_the_extra(error, entry.extra)
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.module}.command is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the overview from the table, without importing any command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.table.items() if not entry.hidden])

    def invoke(self, ctx: click.Context) -> object:
        """Run a command and end it in the way that all commands share."""
        try:
            return self._invoke(ctx)
        except ModuleNotFoundError as error:
            entry = self.table.get(ctx.invoked_subcommand or "")
            _name_the_extra(error, entry.extra if entry else "agents")

    def _invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except AzureDevOpsError as error:
            # Imported here for the same reason as the commands: a plain `--help` prints no error.
            from azure_devops_agents.cli.terminal import print_error  # noqa: PLC0415 - slow to import

            print_error(error)
            ctx.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort):
            click.echo("\nInterrupted.", err=True)
            ctx.exit(INTERRUPTED)


def run(group: click.Group, program: str) -> None:
    """Run a command line as a program; never returns.

    Args:
        group: The command line.
        program: The name that people type.
    """
    # A shell starts background processes with SIGINT ignored; `kill -INT` must still end a simulator, for example.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warnings.showwarning = partial(_show_warning, warnings.showwarning)
    try:
        sys.exit(group.main(prog_name=program, standalone_mode=True))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _show_warning(
    otherwise: Callable[..., None], message: Warning | str, category: type[Warning], *place: Any, **options: Any
) -> None:
    """Print a warning of our own as a sentence, without the line of code that gives it."""
    if category.__module__.startswith(_OURS):
        click.echo(str(message), err=True)
    else:
        otherwise(message, category, *place, **options)


def _name_the_extra(error: ModuleNotFoundError, extra: str) -> NoReturn:
    """End with the extra that brings a missing library; a missing module of our own is a bug and stays visible.

    Args:
        error: What failed to import.
        extra: The extra of the command. Another one is named where only that brings the library.
    """
    library = error.name or ""
    if library.partition(".")[0] in _OURS:
        raise error
    raise MissingLibrary(library, find_extra(library, extra) or extra) from error
