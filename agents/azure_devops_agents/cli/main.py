"""`azure-devops-agent`: the table of its commands."""

from collections.abc import Mapping

import click

from azure_devops_agents.cli.lazy_group import Entry, LazyGroup, run

_COMMANDS = "azure_devops_agents.cli.commands"

COMMANDS: Mapping[str, Entry] = {
    "verify": Entry(f"{_COMMANDS}.verify", "Check the connection and what the token may do."),
    "tools": Entry(f"{_COMMANDS}.tools", "List the tools this token gets, and what the others need."),
    "scopes": Entry(f"{_COMMANDS}.scopes", "List the least scope for each capability; needs no connection."),
    "simulator": Entry(
        f"{_COMMANDS}.simulator", "Serve a local Azure DevOps with a made-up company in it.", extra="simulator"
    ),
    "demo": Entry(f"{_COMMANDS}.demo", "Watch an investigation in the simulator; needs no account and no key."),
    "investigate": Entry(f"{_COMMANDS}.investigate", "Answer one question from the live organization, with evidence."),
    "chat": Entry(f"{_COMMANDS}.chat", "Investigate in a conversation."),
    "threads": Entry(f"{_COMMANDS}.threads", "List and delete the conversations and questions that are stored."),
    "automate": Entry(
        f"{_COMMANDS}.automate", "Show the writes of an automation, and carry them out once you approve them."
    ),
    "mcp": Entry(f"{_COMMANDS}.mcp", "Serve the tools that this token gets to MCP hosts.", extra="mcp"),
    "audit": Entry(f"{_COMMANDS}.audit", "Show and check the record of what was read, asked, allowed and written."),
    "docs": Entry(f"{_COMMANDS}.docs", "Rewrite what is generated on the pages of this repository.", hidden=True),
}


@click.group(cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="langchain-azure-devops", message="%(version)s")
def group() -> None:
    """Investigate Azure DevOps with an agent that cites its evidence and asks before it writes.

    The token is read from AZURE_DEVOPS_PAT, the organization from AZURE_DEVOPS_ORG (or the whole URL of a server from
    AZURE_DEVOPS_BASE_URL). Begin with 'azure-devops-agent demo', which needs neither.
    """


def main() -> None:
    """Run the command line."""
    run(group, "azure-devops-agent")


if __name__ == "__main__":
    main()
