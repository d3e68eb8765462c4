"""`verify`: check the settings, and show the account and what the token may do."""

from collections.abc import Mapping

import click
from rich.text import Text

from azure_devops_agents.cli import terminal
from azure_devops_agents.cli.capabilities import select_tools, spell_scopes
from azure_devops_agents.cli.options import ConnectionOptions, connection_options
from azure_devops_agents.cli.shell_terms import in_shell_terms
from langchain_azure_devops.access import Connection, Selection, verify
from langchain_azure_devops.errors import AzureDevOpsError, Misconfigured
from langchain_azure_devops.scopes import on_token_page
from langchain_azure_devops.settings import Settings, load_settings
from langchain_azure_devops.tools import TOOLS

_AGAIN = "then run 'azure-devops-agent verify' again."
_NEXT: Mapping[int, str] = {
    2: f"Correct the setting named above, {_AGAIN}",
    3: f"Set AZURE_DEVOPS_PAT to the token, copied in one piece, {_AGAIN}",
    4: f"Make a new token at {{tokens}}, set AZURE_DEVOPS_PAT, {_AGAIN}",
    5: f"Compare the name with the address in your browser ({{url}}), set {{place}}, {_AGAIN}",
    6: f"Choose a visible project with --project or AZURE_DEVOPS_PROJECT, {_AGAIN}",
    7: f"Add the scope to the token at {{tokens}}, or ask an administrator for the permission, {_AGAIN}",
    8: f"Check that {{url}} can be opened from this machine, {_AGAIN}",
    9: f"Set SSL_CERT_FILE to a file with the root certificates this machine trusts, {_AGAIN}",
    10: f"Open {{url}} in a browser on this machine, or set HTTPS_PROXY, {_AGAIN}",
}
"""The next step after each exit code but 0."""

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


@click.command
@connection_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(options: ConnectionOptions, as_json: bool) -> None:
    """Check the connection and what the token may do.

    Exit codes: 0 connected, 2 usage or organization's form, 3 token's form, 4 not signed in, 5 organization, 6 project,
    7 scope or permission, 8 unreachable, 9 TLS, 10 a proxy's page.
    """
    nothing = Selection((), {})
    try:
        with options.open() as target, target.client() as client:
            connection = client.run_sync(verify(client))
            selection = select_tools(target, connection) if connection.learnt or connection.missing else nothing
    except Misconfigured as error:
        connection, selection = _describe_unsent(options, error), nothing
    next_step = _next_step(connection, selection, options)
    if as_json:
        click.echo(terminal.machine_readable(_for_machines(connection, selection, next_step)))
    else:
        _show(connection, selection, next_step)
    click.get_current_context().exit(connection.exit_code)


def _describe_unsent(options: ConnectionOptions, error: AzureDevOpsError) -> Connection:
    """Return what is known about a connection that was never tried: where it would lead, unless that is wrong."""
    settings = _load_without_token(options)
    if settings is None:
        return Connection("", "", "", error=error)
    return Connection(settings.organization, settings.url("core"), "", error=error)


def _load_without_token(options: ConnectionOptions) -> Settings | None:
    try:
        return load_settings(organization=options.organization, base_url=options.base_url, pat=lambda: "")
    except Misconfigured:
        return None


def _next_step(connection: Connection, selection: Selection, options: ConnectionOptions) -> str:
    if connection.error is not None:
        url, settings = connection.url, _load_without_token(options)
        place = "AZURE_DEVOPS_BASE_URL" if settings and settings.base_url else "AZURE_DEVOPS_ORG"
        return _NEXT[connection.exit_code].format(url=url, tokens=f"{url}/_usersSettings/tokens", place=place)
    if not selection.tools:
        return "Add scopes to the token: 'azure-devops-agent scopes' lists what each capability needs."
    project = connection.default_project or next(iter(connection.projects), None)
    where = f" in the {project} project" if project else ""
    option = "--simulator " if options.simulator else ""
    return f'azure-devops-agent investigate {option}"List the open pull requests{where}."'


# -- for people ----------------------------------------------------------------------------------------------------


def _show(connection: Connection, selection: Selection, next_step: str) -> None:
    out = terminal.console()
    if connection.error is None:
        out.print(Text("Connected.", style="bold green"))
    else:
        out.print(Text(f"Not connected: {connection.status}", style="bold red"))
        out.print(terminal.plain(in_shell_terms(connection.error)))
    out.print(terminal.fields(_facts(connection)))
    if connection.learnt or connection.missing:
        _show_scopes(connection)
        _show_capabilities(selection)
    if connection.hints:
        out.print(terminal.heading("Hints"))
        for hint in connection.hints:
            out.print(terminal.fields([("-", hint)], 2))
    out.print(terminal.heading("Next"))
    out.print(terminal.fields([(">", next_step)], 2))


def _facts(connection: Connection) -> list[tuple[str, str]]:
    identity = connection.identity
    who = f"{identity.name} <{identity.unique_name}>" if identity else ""
    shown, count = connection.projects[:12], len(connection.projects)
    more = f" and {count - len(shown)} more" if count > len(shown) else ""
    rows = [
        ("signed in as", who),
        ("organization", connection.organization),
        ("address", connection.url),
        ("token from", connection.credential_source),
        ("default project", connection.default_project or ("none" if connection.url else "")),
        ("visible projects", f"{', '.join(shown)}{more}" if shown else ""),
    ]
    return [(name, value) for name, value in rows if value]


def _scope_rows(connection: Connection) -> list[tuple[str, str, str, str]]:
    """Return scope, wording, state and source of the knowledge for each scope that the tools ask for."""
    asked = {scope for tool in TOOLS.values() for group in tool.scope_groups for scope in group}
    states = (("granted", connection.learnt), ("missing", connection.missing), ("unknown", connection.unknown))
    return [
        (scope.value, on_token_page(scope), state, how)
        for state, found in states
        for scope, how in sorted(found.items())
        if scope in asked
    ]


def _show_scopes(connection: Connection) -> None:
    out = terminal.console()
    out.print(terminal.heading("Scopes"))
    rows = [(state, scope, page, how) for scope, page, state, how in _scope_rows(connection)]
    out.print(terminal.table(("", "scope", "on the token page", "how that is known"), rows))


def _show_capabilities(selection: Selection) -> None:
    out = terminal.console()
    out.print(terminal.heading(f"Capabilities: {len(selection.tools)} of {len(TOOLS)}"))
    by_toolset: dict[str, list[str]] = {}
    for tool in selection.tools:
        by_toolset.setdefault(tool.toolset, []).append(tool.name)
    out.print(terminal.fields([(name, ", ".join(tools)) for name, tools in by_toolset.items()], 2))
    if selection.absent:
        out.print(terminal.heading(f"Missing: {len(selection.absent)}"))
        rows = [(name, spell_scopes(absence.least), absence.reason) for name, absence in selection.absent.items()]
        out.print(terminal.table(("tool", "would come with", "why it is missing"), rows))


# -- for machines --------------------------------------------------------------------------------------------------


def _for_machines(connection: Connection, selection: Selection, next_step: str) -> Json:
    error, identity = connection.error, connection.identity
    return {
        "status": connection.status,
        "connected": connection.connected,
        "exit_code": connection.exit_code,
        "error": None
        if error is None
        else {
            "class": type(error).__name__,
            "status": error.status,
            "subject": error.subject,
            "message": in_shell_terms(error),
        },
        "organization": connection.organization,
        "url": connection.url,
        "credential_source": connection.credential_source,
        "identity": None
        if identity is None
        else {"id": identity.id, "name": identity.name, "unique_name": identity.unique_name},
        "default_project": connection.default_project,
        "projects": list(connection.projects),
        "scopes": [
            {"scope": scope, "token_page": page, "state": state, "how": how}
            for scope, page, state, how in _scope_rows(connection)
        ],
        "enabled": [{"name": tool.name, "toolset": tool.toolset} for tool in selection.tools],
        "missing": [
            {
                "name": name,
                "toolset": TOOLS[name].toolset,
                "reason": absence.reason,
                "scopes": [scope.value for scope in absence.scopes],
                "also": [scope.value for scope in absence.also],
            }
            for name, absence in selection.absent.items()
        ],
        "hints": list(connection.hints),
        "next_step": next_step,
    }
