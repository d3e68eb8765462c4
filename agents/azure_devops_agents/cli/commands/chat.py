"""`azure-devops-agent chat`: a conversation with the investigator."""

import click

from azure_devops_agents.cli.options import ConnectionOptions, connection_options, model_option


@click.command
@model_option
@click.option("--thread", help="The thread to begin or to continue.")
@click.option("--resume", is_flag=True, help="Continue the last thread.")
@connection_options
def command(options: ConnectionOptions, model: str | None, thread: str | None, resume: bool) -> None:
    """Talk with the investigator. You approve every write."""
    from azure_devops_agents.cli.conversation import chat

    chat(options, model=model, thread=thread, resume=resume)
