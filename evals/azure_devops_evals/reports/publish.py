"""Put the results of a run where people and build servers look for them."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
from pydantic import JsonValue

from azure_devops_evals.reports.junit import as_junit
from azure_devops_evals.reports.markdown import as_markdown
from azure_devops_evals.reports.text import as_json, as_text
from azure_devops_evals.running.run import Result
from azure_devops_evals.scoring.gates import Verdict

Summary = Literal["github", "azure"]


@dataclass(frozen=True)
class Reports:
    """Which reports a person wants.

    Attributes:
        machine: Print JSON instead of text.
        junit: File for JUnit XML.
        markdown: File for Markdown.
        output: File for JSON.
        summary: The build server on whose page of the build the Markdown is to be shown.
    """

    machine: bool = False
    junit: Path | None = None
    markdown: Path | None = None
    output: Path | None = None
    summary: Summary | None = None


def publish(
    results: Sequence[Result],
    verdict: Verdict,
    seconds: float,
    reports: Reports,
    *,
    more: Sequence[str] = (),
    about: Mapping[str, JsonValue] | None = None,
) -> None:
    """Print the results and write the reports that are wanted.

    Args:
        results: Of a run.
        verdict: Whether it blocks.
        seconds: How long it took.
        reports: What is wanted.
        more: Lines about the run as a whole, for people.
        about: The same, for machines.
    """
    machine = as_json(results, verdict, seconds, about)
    click.echo(machine if reports.machine else as_text(results, verdict, seconds, more))
    if reports.output:
        _write(reports.output, machine + "\n")
    if reports.junit:
        _write(reports.junit, as_junit(results))
    if reports.markdown:
        _write(reports.markdown, as_markdown(results, verdict, seconds, more))
    if reports.summary:
        _summarize(as_markdown(results, verdict, seconds, more), reports.summary, reports.markdown)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def check_summary(summary: Summary | None) -> None:
    """Say that a summary cannot be shown before anything is run.

    Raises:
        click.UsageError: There is no build server of that kind.
    """
    needed = {"github": "GITHUB_STEP_SUMMARY", "azure": "TF_BUILD"}
    if summary and not os.environ.get(needed[summary]):
        raise click.UsageError(f"--summary {summary} needs {needed[summary]}, which the build server sets.")


def _summarize(text: str, summary: Summary, written: Path | None) -> None:
    if summary == "github":
        with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as file:
            file.write(text)
        return
    path = (written or Path(os.environ.get("AGENT_TEMPDIRECTORY", ".")) / "azure-devops-evals.md").resolve()
    path.write_text(text, encoding="utf-8")
    # The one order to the build server in all that is printed; those in what cases read are broken up.
    click.echo(f"##vso[task.uploadsummary]{path}", err=True)


@contextmanager
def progress(total: int, label: str) -> Iterator[Callable[[object], None]]:
    """A bar on the terminal, if there is one, that moves on with each call."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=total, label=label, file=sys.stderr) as bar:
        yield lambda _: bar.update(1)
