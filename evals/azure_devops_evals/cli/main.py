"""`azure-devops-evals`: the table of its commands."""

from collections.abc import Mapping

import click

from azure_devops_agents.cli.lazy_group import Entry, LazyGroup, run


def _entry(name: str, summary: str, *, hidden: bool = False) -> Entry:
    return Entry(f"azure_devops_evals.cli.commands.{name}", summary, hidden=hidden, extra="evals")


COMMANDS: Mapping[str, Entry] = {
    "run": _entry("run", "Run the cases, with their scripts or with a model."),
    "prove": _entry("prove", "Check that the suite notices wrong agents and injected faults."),
    "attack": _entry("attack", "Attack every text that a tool shows, with a model that obeys it."),
    "bench": _entry("bench", "Measure against the budgets."),
    "logs": _entry("logs", "Compare the failure view with other ways to look at a log."),
    "record": _entry("record", "Make the recordings that cases are played on."),
    "refresh": _entry("refresh", "Make the recordings again and show what changed."),
    "baseline": _entry("baseline", "Show what differs from the reviewed baseline."),
    "wire": _entry("wire", "Play recorded answers of a model over the wire."),
    "scan": _entry("scan", "Look for secrets in recordings."),
    "docs": _entry("docs", "Rewrite the generated page of the evals.", hidden=True),
}


@click.group(cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="langchain-azure-devops", message="%(version)s")
def group() -> None:
    """Check the agent on recorded and simulated Azure DevOps organizations. No key, no account, no network."""


def main() -> None:
    """Run the command line."""
    run(group, "azure-devops-evals")
