"""`simulator`: a local Azure DevOps in the foreground, and how to point the other commands at it."""

import secrets
import signal
import threading

import click

from azure_devops_agents.cli.target import READ_ONLY_SCOPES, SIMULATED_PROJECT
from azure_devops_simulator import SimulatorServer, seed_organization


@click.command
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port. Default: a free one.")
def command(port: int) -> None:
    """Serve a local Azure DevOps with a made-up company in it.

    Stop it with Ctrl-C. Everything that was written to it is lost then.
    """
    organization = seed_organization()
    full = organization.add_token(secrets.token_hex(26)).value
    reading = organization.add_token(secrets.token_hex(26), READ_ONLY_SCOPES).value
    try:
        server = SimulatorServer(organization, port)
    except OSError as error:
        raise click.ClickException(f"Port {port} cannot be used: {error.strerror}.") from error
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with server:
        click.echo(server.base_url)
        click.echo(
            f"full access token: {full}\nread only token: {reading}\n\n"
            "In another terminal:\n"
            f"export AZURE_DEVOPS_BASE_URL={server.base_url}\n"
            f"export AZURE_DEVOPS_PAT={full}\n"
            f"export AZURE_DEVOPS_PROJECT={SIMULATED_PROJECT}\n"
            "azure-devops-agent verify\n\n"
            "Ctrl-C ends it."
        )
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            # This is how people end it, so it is not a failure.
            click.echo("\nStopped.", err=True)
        click.echo(server.requests.summary(), err=True, nl=False)
