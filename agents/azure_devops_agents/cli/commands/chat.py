"""`azure-devops-agent chat`: a conversation with the investigator."""

import click

from azure_devops_agents.cli.options import AgentOptions, ConnectionOptions, agent_options, connection_options


@click.command
@agent_options
@click.option("--thread", help="The thread to begin or to continue.")
@click.option("--resume", is_flag=True, help="Continue the last thread.")
@connection_options
def command(options: ConnectionOptions, agent: AgentOptions, thread: str | None, resume: bool) -> None:
    """Talk with the investigator. You approve every write."""
    from azure_devops_agents.cli.conversation import chat

    chat(options, agent=agent, thread=thread, resume=resume)
