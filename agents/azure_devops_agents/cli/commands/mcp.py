"""`mcp`: the tools for any MCP host, over standard input and output or over HTTP."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from azure_devops_agents.cli.lazy_group import INTERRUPTED
from azure_devops_agents.cli.options import ConnectionOptions, connection_options

if TYPE_CHECKING:
    from langchain_azure_devops import AzureDevOpsToolkit
    from langchain_azure_devops.adapters.mcp_server import HttpServer

Serve = Callable[["AzureDevOpsToolkit"], Coroutine[None, None, None]]
TOKEN = "AZURE_DEVOPS_MCP_TOKEN"  # noqa: S105 - the name of a variable
_HOST, _PORT = "127.0.0.1", 8765


@click.command
@connection_options
@click.option(
    "--toolsets",
    default="default",
    show_default=True,
    help="The toolsets to serve: 'default', 'all', or names separated by commas.",
)
@click.option("--http", is_flag=True, help="Serve over HTTP in place of standard input and output.")
@click.option("--host", metavar="ADDRESS", help=f"The address to listen on. Default: {_HOST}, this machine only.")
@click.option("--port", type=click.IntRange(0, 65535), help=f"The port; 0 takes a free one. Default: {_PORT}.")
@click.option(
    "--name",
    "names",
    metavar="NAME",
    multiple=True,
    help="A further name under which hosts reach the server, such as the one of a proxy; may be given several times.",
)
@click.option(
    "--text-only",
    is_flag=True,
    help="Leave the data out of results, for hosts that show the model the data in place of the text.",
)
@click.option(
    "--images",
    is_flag=True,
    help="Show images of work items, which can be neither redacted nor fenced. Needs the extra 'images'.",
)
@click.option(
    "--attachments-folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder whose files may be attached to work items. Without it, none may.",
)
def command(
    options: ConnectionOptions,
    toolsets: str,
    http: bool,
    host: str | None,
    port: int | None,
    names: tuple[str, ...],
    text_only: bool,
    images: bool,
    attachments_folder: Path | None,
) -> None:
    """Serve the tools that this token gets to MCP hosts.

    A host starts this command by itself and speaks to it over standard input and output. With --http the command serves
    until Ctrl-C, and hosts send the token from AZURE_DEVOPS_MCP_TOKEN, or a new one that is printed at the start.

    The person at the host approves every write. A host that cannot ask a person gets no write through.
    """
    if not http and (host is not None or port is not None or names):
        raise click.UsageError("--host, --port and --name need --http: a host on this machine needs no address.")
    # Wrong settings of this command are reported before the service is asked.
    from langchain_azure_devops.adapters.mcp_server import HttpServer, check_token, serve_stdio

    given = os.environ.get(TOKEN)
    if http and given is not None:
        check_token(given)
    chosen = [name.strip() for name in toolsets.split(",")]
    with (
        options.open() as target,
        target.toolkit(chosen, images=images, attachments_folder=attachments_folder) as toolkit,
    ):
        if http:
            listening = HttpServer(
                toolkit,
                host=host or _HOST,
                port=_PORT if port is None else port,
                token=given,
                names=names,
                text_only=text_only,
            )
            _serve_http(toolkit, listening, given)
        else:
            asyncio.run(_serve_stdio(toolkit, partial(serve_stdio, text_only=text_only)))


async def _serve_stdio(toolkit: "AzureDevOpsToolkit", serve: Serve) -> None:
    _say(f"Serving {_count(toolkit)} over standard input and output; an MCP host starts this command by itself.")
    interrupted = asyncio.Event()
    with suppress(NotImplementedError):  # Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted.set)
    serving, waiting = asyncio.create_task(serve(toolkit)), asyncio.create_task(interrupted.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if interrupted.is_set():
        # A thread still waits for input and would keep the process from ending.
        await toolkit.aclose()
        _say("\nInterrupted.")
        os._exit(INTERRUPTED)
    waiting.cancel()
    await serving


def _serve_http(toolkit: "AzureDevOpsToolkit", server: "HttpServer", given: str | None) -> None:
    _say(f"Serving {_count(toolkit)} at {server.url}; Ctrl-C ends it.")
    if not server.local:
        _say("Other machines reach this address, and HTTP is not encrypted: put a proxy with TLS in front of it.")
    _say(f"Hosts send the token from {TOKEN}." if given else f"Hosts send this: Authorization: Bearer {server.token}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server.run()


def _count(toolkit: "AzureDevOpsToolkit") -> str:
    organization = toolkit.client.settings.organization
    return f"{len(toolkit.get_tools())} tools of the organization {organization}"


def _say(text: str) -> None:
    click.echo(text, err=True)
