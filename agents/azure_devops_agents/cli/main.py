"""`azure-devops-agent`: the table of its commands, and how every one of them ends.

A command's module is imported when the command runs: `--help` must not wait for a HTTP client, `verify` not for a
model.
"""

import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

try:
    import click
except ModuleNotFoundError as error:  # the commands are an extra; the toolkit alone has no use for click
    raise SystemExit(
        "azure-devops-agent needs the extra 'agents': pip install 'langchain-azure-devops[agents]'"
    ) from error

from langchain_azure_devops.errors import AzureDevOpsError

INTERRUPTED = 130
"""The exit code after Ctrl-C."""


class Entry(NamedTuple):
    """Where a command is, and its line in the overview."""

    module: str
    summary: str
    hidden: bool = False


COMMANDS: Mapping[str, Entry] = {
    "verify": Entry("cli.commands.verify", "Check the connection and what the token may do."),
    "tools": Entry("cli.commands.tools", "List the tools this token gets, and what the others need."),
    "scopes": Entry("cli.commands.scopes", "List the least scope for each capability; needs no connection."),
    "simulator": Entry("cli.commands.simulator", "Serve a local Azure DevOps with a made-up company in it."),
    "demo": Entry("cli.commands.demo", "Watch an investigation in the simulator; needs no account and no key."),
    "investigate": Entry("cli.commands.investigate", "Answer one question from the live organization, with evidence."),
    "chat": Entry("cli.commands.chat", "Investigate in a conversation."),
    "automate": Entry("cli.commands.automate", "Create or update work items from findings."),
    "audit": Entry("cli.commands.audit", "Show and check the record of what was read, asked, allowed and written."),
    "docs": Entry("cli.commands.docs", "Rewrite the generated tables in the READMEs.", hidden=True),
}


class LazyGroup(click.Group):
    """Finds commands in the table and ends every one of them in the same way."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the module of a command."""
        if (entry := COMMANDS.get(cmd_name)) is None:
            return None
        command = import_module(f"azure_devops_agents.{entry.module}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.module}.command is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the overview from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items() if not entry.hidden])

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an error of the service is one message, Ctrl-C is one line."""
        try:
            return super().invoke(ctx)
        except AzureDevOpsError as error:
            # Imported here for the same reason as the commands: a plain `--help` needs no rendering.
            from azure_devops_agents.cli.terminal import print_error  # noqa: PLC0415 - only needed here

            print_error(error)
            ctx.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort):
            click.echo("\nInterrupted.", err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="langchain-azure-devops", message="%(version)s")
def group() -> None:
    """Investigate Azure DevOps with an agent that cites its evidence and asks before it writes.

    The token is read from AZURE_DEVOPS_PAT, the organization from AZURE_DEVOPS_ORG (or the whole URL of a server from
    AZURE_DEVOPS_BASE_URL). Begin with 'azure-devops-agent demo', which needs neither.
    """


def main() -> None:
    """The entry point of the command line."""
    # A shell starts what runs in its background with Ctrl-C switched off; a simulator must end with it all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.exit(group.main(prog_name="azure-devops-agent", standalone_mode=True))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
