"""The options that several commands share. Only click is imported here, so that `--help` never waits for HTTP."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Literal, get_args

import click

from langchain_azure_devops.errors import did_you_mean

if TYPE_CHECKING:
    from azure_devops_agents.cli.target import Target

    _Choice = click.Choice[str]
else:
    # The older releases of click have a class without type parameters.
    _Choice = click.Choice


class OneOf(_Choice):
    """An option that takes one of several words, in exactly this form; for another word it names the nearest one."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word, or fail with the allowed words and the nearest one."""
        if value not in self.choices:
            choices = ", ".join(map(repr, self.choices))
            self.fail(f"{value!r} is not one of {choices}.{did_you_mean(value, self.choices)}", param, ctx)
        return value


@dataclass(frozen=True)
class ConnectionOptions:
    """The values of the connection options.

    Attributes:
        organization: The organization's bare name.
        base_url: The whole URL of a server's collection.
        project: The default project.
        simulator: Start a simulator for this command and use it.
        read_only: Offer no tool that writes.
    """

    organization: str | None
    base_url: str | None
    project: str | None
    simulator: bool
    read_only: bool

    def open(self) -> "AbstractContextManager[Target]":
        """Open the organization that the options name; a simulator lives as long as the block.

        Raises:
            Misconfigured: The settings cannot be right.
        """
        if self.simulator and (self.organization or self.base_url):
            raise click.UsageError("--simulator brings its own organization: leave --organization and --base-url out.")

        from azure_devops_agents.cli.target import open_target  # noqa: PLC0415 - slow to import

        return open_target(self)


def connection_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the connection options to a command, which gets them as `ConnectionOptions` in its first argument."""

    @click.option(
        "--organization", metavar="NAME", help="The bare name of the organization. Default: AZURE_DEVOPS_ORG."
    )
    @click.option(
        "--base-url",
        metavar="URL",
        help="The whole URL of a collection of Azure DevOps Server. Default: AZURE_DEVOPS_BASE_URL.",
    )
    @click.option("--project", metavar="NAME", help="The default project. Default: AZURE_DEVOPS_PROJECT.")
    @click.option("--simulator", is_flag=True, help="Use a local Azure DevOps that runs as long as this command.")
    @click.option("--read-only", is_flag=True, help="Offer no tool that writes.")
    @wraps(command)
    def with_options(
        organization: str | None,
        base_url: str | None,
        project: str | None,
        simulator: bool,
        read_only: bool,
        **others: object,
    ) -> None:
        command(ConnectionOptions(organization, base_url, project, simulator, read_only), **others)

    return with_options


Via = Literal["tools", "mcp"]

via_option = click.option(
    "--via",
    type=OneOf(get_args(Via)),
    default="tools",
    show_default=True,
    help="Use the tools of this package, or the vendor's MCP server, which needs Node.",
)

model_option = click.option(
    "--model", help="As provider:name, such as openai:gpt-5. Default: OpenAI with OPENAI_API_KEY, else offline."
)
