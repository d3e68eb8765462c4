"""The organization that a command works on."""

import os
import secrets
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from azure_devops_agents.cli import terminal
from azure_devops_agents.cli.lazy_group import MissingLibrary
from azure_devops_agents.cli.options import ConnectionOptions, Via
from azure_devops_agents.paths import audit_path
from azure_devops_agents.reports.about import SIMULATED
from langchain_azure_devops import AzureDevOps
from langchain_azure_devops.errors import Misconfigured
from langchain_azure_devops.runtime import RunContext
from langchain_azure_devops.safety import AuditLog
from langchain_azure_devops.settings import Settings, load_settings

if TYPE_CHECKING:
    from langchain_azure_devops import AzureDevOpsToolkit

MCP_COMMAND = "AZURE_DEVOPS_MCP_COMMAND"
"""The variable with the command that starts the vendor's MCP server."""
SIMULATED_PROJECT = "Platform"
READ_ONLY_SCOPES = ("vso.build", "vso.code", "vso.identity", "vso.profile", "vso.project", "vso.work")


@dataclass(frozen=True)
class Target:
    """The organization that a command works on.

    Attributes:
        settings: Where it is and how to sign in.
        read_only: Nothing may be written.
        simulated: Whether this is the organization of the simulator.
        context: The clock and so on. It is the simulator's time there, because "yesterday" means a day of its records.
    """

    settings: Settings
    read_only: bool
    simulated: bool
    context: RunContext = field(default_factory=RunContext)

    @property
    def only_reads(self) -> bool:
        """Return whether no write can happen, by option or because the token was made for another program."""
        return self.read_only or self.settings.borrowed

    @property
    def audit_path(self) -> Path | None:
        """The file of the audit log. A simulator has none unless `AZURE_DEVOPS_AUDIT` is set."""
        return None if self.simulated and "AZURE_DEVOPS_AUDIT" not in os.environ else audit_path()

    def client(self) -> AzureDevOps:
        """Open a client for typed functions, without LangChain."""
        audit = None if self.audit_path is None else AuditLog(self.audit_path)
        return AzureDevOps(
            self.settings,
            read_only=self.only_reads,
            audit=audit,
            context=self.context,
            progress=terminal.print_waiting,
        )

    def toolkit(
        self, toolsets: Sequence[str] | None = None, *, images: bool = False, attachments_folder: Path | None = None
    ) -> "AzureDevOpsToolkit":
        """Open a verified toolkit for an agent; this loads LangChain.

        Args:
            toolsets: The toolsets to offer; by default the default set.
            images: Whether results hold images.
            attachments_folder: The folder whose files may be attached to work items; None when none may.
        """
        from langchain_azure_devops import AzureDevOpsToolkit  # noqa: PLC0415 - `verify` must not wait for LangChain

        return AzureDevOpsToolkit.connect(
            settings=self.settings,
            toolsets=toolsets,
            read_only=self.only_reads,
            audit=self.audit_path,
            context=self.context,
            progress=terminal.print_waiting,
            images=images,
            attachments_folder=attachments_folder,
        )

    def open_toolkit(self, via: Via) -> "AzureDevOpsToolkit":
        """Open a verified toolkit: with the tools of this package, or with the operations of the vendor's MCP server.

        Raises:
            Misconfigured: The server cannot be used.
        """
        if via == "tools":
            # The agent shows its model what fits, and finds the rest by words.
            return self.toolkit(("all",))
        from langchain_azure_devops import azure_devops_mcp_tools  # noqa: PLC0415 - `verify` must not wait for it

        toolkit = self.toolkit(())
        try:
            azure_devops_mcp_tools(toolkit, command=_mcp_command(simulated=self.simulated))
        except BaseException:
            toolkit.close()
            raise
        return toolkit


def _mcp_command(*, simulated: bool) -> list[str]:
    """Return the command that starts the vendor's server.

    Raises:
        Misconfigured: It would not reach the organization.
    """
    if given := os.environ.get(MCP_COMMAND):
        return shlex.split(given)
    if simulated:
        raise Misconfigured(
            f"The vendor's MCP server reaches no simulator. Set {MCP_COMMAND} to a command that leads it there.",
            subject="via",
        )
    from langchain_azure_devops.adapters.mcp_client import load_allow_list  # noqa: PLC0415 - loads LangChain

    known = load_allow_list()
    return ["npx", "-y", f"{known.package}@{known.version}"]


@contextmanager
def open_target(options: ConnectionOptions) -> Iterator[Target]:
    """Open the organization that the options of a command name; a simulator lives as long as the block.

    Raises:
        Misconfigured: The settings cannot be right.
    """
    if options.simulator:
        with open_simulator(options.project or SIMULATED_PROJECT, options.read_only) as target:
            yield target
    else:
        settings = load_settings(
            organization=options.organization, base_url=options.base_url, default_project=options.project
        )
        yield Target(settings, options.read_only, simulated=False)


@contextmanager
def open_simulator(project: str, read_only: bool = False) -> Iterator[Target]:
    """Serve the simulator's seeded organization in this process, with a new token."""
    try:
        from azure_devops_simulator import (  # noqa: PLC0415 - an extra, and 0.4 s nobody else should wait for
            SimulatorServer,
            seed_organization,
        )
    except ModuleNotFoundError as error:
        raise MissingLibrary(error.name or "azure_devops_simulator", "simulator") from error
    organization = seed_organization()
    organization.clock.rate = 1.0
    context = RunContext(clock=organization.clock.now)
    token = organization.add_token(secrets.token_hex(26), READ_ONLY_SCOPES if read_only else ("app_token",))
    with SimulatorServer(organization) as server:
        settings = load_settings(base_url=server.base_url, pat=token.value, default_project=project, environ={})
        yield Target(replace(settings, credential_source=SIMULATED), read_only, simulated=True, context=context)
