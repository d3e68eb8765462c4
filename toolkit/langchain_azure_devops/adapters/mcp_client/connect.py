"""Start the vendor's server, check what it offers, and add its operations to a toolkit."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from langchain_core.tools import BaseTool
from pydantic import SecretStr

from langchain_azure_devops.access.selection import DEFAULT, Catalog, Names
from langchain_azure_devops.adapters.toolkit import AzureDevOpsToolkit
from langchain_azure_devops.errors import Misconfigured
from langchain_azure_devops.extras import describe_missing
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.safety.grants import Approver

if TYPE_CHECKING:
    from langchain_azure_devops.adapters.mcp_client.session import Launch


def azure_devops_mcp_tools(
    toolkit: AzureDevOpsToolkit,
    *,
    package: Path | str | None = None,
    command: Sequence[str] | None = None,
    url: str | None = None,
    url_token: SecretStr | str | None = None,
    environment: Mapping[str, str] | None = None,
    names: Names | None = None,
    toolsets: Names | None = None,
    approver: Approver | Literal["default"] | None = "default",
) -> list[BaseTool]:
    """Start the vendor's MCP server, and return its operations as tools under the rules of a toolkit.

        with AzureDevOpsToolkit.connect(organization="contoso", toolsets=()) as toolkit:
            tools = azure_devops_mcp_tools(toolkit, package="node_modules/@azure-devops/mcp")

    The token's scopes filter them, an approver answers their write requests, and secrets are replaced in their results,
    as for the tools of this package. They also belong to `toolkit.get_tools()` from now on, and `toolkit.absent` says
    which the token does not allow. The server runs until the toolkit is closed.

    The operations of exactly one release of the server are known. Another release, or another list of tools, is
    refused, and the message names the difference. Each operation is a tool of its own, such as `mcp_repo_branch_list`
    for the action `list` of `repo_branch`.

    The approval stands before the call of the server's tool, not below its requests: which requests one call sends is
    the server's own decision. A write that it reports as done is read back with the client of the toolkit. A write that
    cannot be read back is reported as unknown.

    This blocks until the server has started. In asynchronous code, use `asyncio.to_thread`.

    Args:
        toolkit: Its client, token, approver and limits are used. `toolsets=()` makes one without tools of its own.
        package: The folder of the installed npm package, or the folder in which npm installed it. It needs Node.
        command: The program with its first arguments instead, such as `["npx", "-y", "@azure-devops/mcp@2.10.0"]`.
            The organization and the kind of authentication are added.
        url: The address of the hosted server instead. It takes tokens of Microsoft Entra only and no personal access
            token. It is not tested, because the project has no such token, and it is refused unless it offers the same
            list of tools.
        url_token: The Entra token for `url`. It is not renewed.
        environment: Further environment variables of the process, such as NODE_EXTRA_CA_CERTS.
        names: Names of tools; adds up with `toolsets`, and neither means the default set.
        toolsets: Names of toolsets, such as "mcp_repositories", "default" or "all".
        approver: Answers the write requests of the returned tools, as in `toolkit.get_tools`.

    Raises:
        Misconfigured: An option has no possible value, the server is another release, or something is not installed.
        ToolUnknown: There is no such tool or toolset.
        Unreachable: The server cannot be started.
    """
    try:
        from langchain_azure_devops.adapters.mcp_client.session import VendorServer  # noqa: PLC0415 - an extra
        from langchain_azure_devops.adapters.mcp_client.vendor_tools import make_tools  # noqa: PLC0415 - same

        launch = _choose_launch(toolkit.client, package, command, url, url_token, environment or {})
    except ModuleNotFoundError as error:
        raise Misconfigured(describe_missing(str(error.name), "mcp"), subject="mcp") from error
    client = toolkit.client
    server = VendorServer(client, launch)
    made = make_tools(server, client.run_sync(server.list_offers()))
    groups = tuple(dict.fromkeys(tool.toolset for tool in made))
    catalog = Catalog({tool.name: tool for tool in made}, groups, frozenset(), "")
    chosen = catalog.find_names(DEFAULT if names is None and toolsets is None else toolsets, names, "names")
    added = [tool for tool in made if tool.name in chosen]
    toolkit.add_tools(added)
    return toolkit.get_tools(names=[tool.name for tool in added], approver=approver)


def _choose_launch(
    client: AzureDevOps,
    package: Path | str | None,
    command: Sequence[str] | None,
    url: str | None,
    url_token: SecretStr | str | None,
    environment: Mapping[str, str],
) -> "Launch":
    """Return how the server is reached.

    Raises:
        Misconfigured: There is not exactly one of the three ways, or it cannot be right.
    """
    from langchain_azure_devops.adapters.mcp_client import launch  # noqa: PLC0415 - an extra

    if sum(way is not None for way in (package, command, url)) != 1:
        raise Misconfigured(
            "Give exactly one of package=, command= and url= to say where the server is.", subject="mcp"
        )
    if isinstance(command, str) or (command is not None and not command):
        raise Misconfigured("command= takes a list: the program and its arguments.", subject="command")
    launch.check_destination(client.settings, chosen_command=command is not None)
    if url is not None:
        token = url_token.get_secret_value() if isinstance(url_token, SecretStr) else url_token
        if not token:
            raise Misconfigured("url= needs the Entra token in url_token=.", subject="url_token")
        client.secrets.learn(token, "token")
        return launch.launch_hosted(url, SecretStr(token))
    whole = launch.find_program(package) if package is not None else [*(command or ())]
    return launch.launch_process(client.settings, whole, environment)
