"""Open a connection to the vendor's server: as a process of Node, or over HTTP to the hosted one."""

import base64
import json
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from pydantic import SecretStr

from langchain_azure_devops.adapters.mcp_client.operations import load_allow_list
from langchain_azure_devops.adapters.mcp_client.process import ErrorOutput, Streams, open_process
from langchain_azure_devops.adapters.mcp_client.session import Launch
from langchain_azure_devops.errors import Misconfigured
from langchain_azure_devops.extras import naming_extras
from langchain_azure_devops.settings import CLOUD_HOSTS, Settings, is_loopback

with naming_extras():
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

_TOKEN = "PERSONAL_ACCESS_TOKEN"  # noqa: S105 - the name of the variable that the server reads


def launch_process(settings: Settings, command: Sequence[str], environment: Mapping[str, str]) -> Launch:
    """Return how a process of the server is started.

    The token goes to it in one variable of its environment, in the form that it reads. Of the environment of this
    process it gets only what every program needs, such as PATH and HOME.

    Args:
        settings: The organization.
        command: The program and its first arguments.
        environment: Further variables for it.
    """
    whole = [*command, settings.organization, "--authentication", "pat"]

    def launch(token: str, errors: ErrorOutput, ended: Callable[[], None]) -> AbstractAsyncContextManager[Streams]:
        encoded = base64.b64encode(f":{token}".encode()).decode()
        return open_process(whole, {"LOG_LEVEL": "error", **environment, _TOKEN: encoded}, errors, ended)

    return launch


def launch_hosted(url: str, entra: SecretStr) -> Launch:
    """Return how the hosted server is reached.

    Raises:
        Misconfigured: The URL is not one of HTTPS, so that the token would be readable on its way.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise Misconfigured(
            "url= takes the address of the hosted MCP server, which begins with https://.", subject="url"
        )

    @asynccontextmanager
    async def launch(
        token: str,  # noqa: ARG001 - a personal access token, which that server does not take
        errors: ErrorOutput,  # noqa: ARG001 - no process
        ended: Callable[[], None],
    ) -> AsyncIterator[Streams]:
        headers = {"Authorization": f"Bearer {entra.get_secret_value()}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60.0) as http,
            streamable_http_client(url, http_client=http) as streams,
        ):
            try:
                yield cast("Streams", streams)
            finally:
                ended()

    return launch


def check_destination(settings: Settings, *, chosen_command: bool) -> None:
    """Accept only the organization that the server will work on: it knows the cloud and no other address.

    Raises:
        Misconfigured: The organization is elsewhere. The server would send its token to the cloud.
    """
    here = settings.url("core")
    if here == CLOUD_HOSTS["core"].format(organization=settings.organization):
        return
    if chosen_command and is_loopback(urlsplit(here).hostname or ""):
        # A simulator on this machine; the command knows how the server reaches it.
        return
    raise Misconfigured(
        f"The vendor's MCP server works on https://dev.azure.com only and would send the token of {here} there. Leave "
        "base_url out for an organization of the cloud, and use the tools of this package for any other.",
        subject="base_url",
    )


def find_program(package: Path | str) -> list[str]:
    """Return the command for an installed package.

    Args:
        package: The folder of the package, or the folder in which npm installed it.

    Raises:
        Misconfigured: It is not there, or Node is not installed.
    """
    known = load_allow_list()
    given = Path(package).expanduser()
    for folder in (given / "node_modules" / known.package, given):
        try:
            described = json.loads((folder / "package.json").read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if described.get("name") == known.package:
            if (node := shutil.which("node")) is None:
                raise Misconfigured("The vendor's MCP server needs Node, which is not installed.", subject="node")
            return [node, str(folder / "dist" / "index.js")]
    raise Misconfigured(
        f"{known.package} is not in {given}. Install it with 'npm install {known.package}@{known.version}', and give "
        "the folder where it is.",
        subject="package",
    )
