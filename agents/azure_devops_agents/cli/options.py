"""The options that several commands share. Only click is imported here, so that `--help` never waits for HTTP."""

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import click

from azure_devops_agents.settings import CALLS, INSTRUCTIONS, MINUTES, SECOND_LOOK, SECOND_LOOK_SHARE, TOKENS
from langchain_azure_devops.errors import did_you_mean

if TYPE_CHECKING:
    from azure_devops_agents.cli.target import Target
    from azure_devops_agents.investigation.budgets import Budgets

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


@dataclass(frozen=True)
class AgentOptions:
    """The values of the options about the agent.

    Attributes:
        model: As provider:name.
        calls: The most tool calls of a question.
        tokens: The most tokens of a question.
        minutes: The longest time of a question.
        instructions: The file of the operator's instructions.
        second_look: Whether an independent pass looks at each report.
    """

    model: str | None
    calls: int | None
    tokens: int | None
    minutes: float | None
    instructions: Path | None
    second_look: bool

    def budgets(self) -> "Budgets":
        """Return the budgets of a question; what is not given comes from the environment.

        Raises:
            Misconfigured: A variable of the environment is no number above 0.
        """
        from azure_devops_agents.investigation.budgets import read_budgets  # noqa: PLC0415 - slow to import

        return read_budgets(calls=self.calls, tokens=self.tokens, minutes=self.minutes)

    def load_instructions(self) -> str:
        """Return the operator's instructions; without a file, those that the environment names.

        Raises:
            Misconfigured: The file cannot be used.
        """
        from azure_devops_agents.investigation.turns.instructions import load_instructions  # noqa: PLC0415 - same

        return load_instructions(self.instructions)


def agent_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options about the agent to a command, which gets them as `AgentOptions` by the name `agent`."""

    @click.option(
        "--model", help="As provider:name, such as openai:gpt-5. Default: OpenAI with OPENAI_API_KEY, else offline."
    )
    @click.option(
        "--calls",
        type=click.IntRange(min=1),
        help=f"The most tool calls of a question. Default: {CALLS.variable}, else {CALLS.default}.",
    )
    @click.option(
        "--tokens",
        type=click.IntRange(min=1),
        help="The most tokens of a question, as the provider counts them. "
        f"Default: {TOKENS.variable}, else {TOKENS.default}.",
    )
    @click.option(
        "--minutes",
        type=click.FloatRange(min=0, min_open=True),
        help="The longest time of a question, without waiting for you. "
        f"Default: {MINUTES.variable}, else {MINUTES.default}.",
    )
    @click.option(
        "--instructions",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="A Markdown file with your organization's instructions for the agent, such as who owns what and how to "
        f"file. Default: {INSTRUCTIONS}.",
    )
    @click.option(
        "--second-look",
        is_flag=True,
        help=f"Have an independent pass look at each report; it gets {SECOND_LOOK_SHARE:.0%} of the budget. "
        f"Default: {SECOND_LOOK} (on or off), else off.",
    )
    @wraps(command)
    def with_options(
        *given: object,
        model: str | None,
        calls: int | None,
        tokens: int | None,
        minutes: float | None,
        instructions: Path | None,
        second_look: bool,
        **others: object,
    ) -> None:
        command(*given, agent=AgentOptions(model, calls, tokens, minutes, instructions, second_look), **others)

    return with_options


Via = Literal["tools", "mcp"]

via_option = click.option(
    "--via",
    type=OneOf(get_args(Via)),
    default="tools",
    show_default=True,
    help="Use the tools of this package, or the vendor's MCP server, which needs Node.",
)

REPORT_ENDINGS = (".md", ".html", ".json", ".sarif")
"""The endings of the name of a report file. The ending chooses the form in which the report is written."""


def _check_report_files(
    context: click.Context, parameter: click.Parameter, given: tuple[Path, ...]
) -> tuple[Path, ...]:
    """Accept only files whose form is known and whose folder can be written, before anything is asked."""
    for path in given:
        if path.suffix.lower() not in REPORT_ENDINGS:
            endings = ", ".join(REPORT_ENDINGS)
            raise click.BadParameter(f"{path.name!r} must end with one of {endings}.", context, parameter)
        folder = path.absolute().parent
        if not folder.is_dir():
            raise click.BadParameter(f"There is no folder {str(folder)!r}.", context, parameter)
        try:
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            told = f"No file can be made in {str(folder)!r}: {error.strerror}."
            raise click.BadParameter(told, context, parameter) from None
    return given


report_option = click.option(
    "--report",
    "reports",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    callback=_check_report_files,
    help=f"Write the report to a file as well, in the form of its ending: {', '.join(REPORT_ENDINGS)}. Repeatable.",
)
