"""Print the results of a run and write its reports."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from pydantic import JsonValue

from azure_devops_evals.reports.destinations import Destinations, Summary
from azure_devops_evals.reports.junit import as_junit
from azure_devops_evals.reports.markdown import as_markdown
from azure_devops_evals.reports.text import as_json, as_text
from azure_devops_evals.running.run import Result
from azure_devops_evals.scoring.gates import Decision


def publish(
    results: Sequence[Result],
    decision: Decision,
    seconds: float,
    destinations: Destinations,
    *,
    more: Sequence[str] = (),
    about: Mapping[str, JsonValue] | None = None,
) -> None:
    """Print the results and write the reports that are wanted.

    Args:
        results: The results of a run.
        decision: The decision whether the run blocks.
        seconds: The duration of the run.
        destinations: The reports to write.
        more: Further lines about the run as a whole, for people.
        about: Further facts about the run as a whole, for the JSON report.
    """
    machine = as_json(results, decision, seconds, about)
    click.echo(machine if destinations.as_machine else as_text(results, decision, seconds, more))
    if destinations.output:
        _write(destinations.output, machine + "\n")
    if destinations.junit:
        _write(destinations.junit, as_junit(results))
    if destinations.markdown:
        _write(destinations.markdown, as_markdown(results, decision, seconds, more))
    if destinations.summary:
        _summarize(as_markdown(results, decision, seconds, more), destinations.summary, destinations.markdown)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _summarize(text: str, summary: Summary, written: Path | None) -> None:
    if summary == "github":
        with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as file:
            file.write(text)
        return
    path = (written or Path(os.environ.get("AGENT_TEMPDIRECTORY", ".")) / "azure-devops-evals.md").resolve()
    path.write_text(text, encoding="utf-8")
    # This is the only command to the build server in the output; commands in text of cases are broken up.
    click.echo(f"##vso[task.uploadsummary]{path}", err=True)


@contextmanager
def progress(total: int, label: str) -> Iterator[Callable[[object], None]]:
    """Show a progress bar on the terminal, if there is one; each call of the returned function advances it."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=total, label=label, file=sys.stderr) as bar:
        yield lambda _: bar.update(1)
