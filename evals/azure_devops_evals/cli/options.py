"""The options that several commands share. Only click is imported here, so that `--help` answers at once."""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from azure_devops_agents.cli.options import OneOf
from azure_devops_evals.reports.destinations import Destinations, Summary
from langchain_azure_devops.errors import did_you_mean

if TYPE_CHECKING:
    from azure_devops_evals.case import Case

FILE = click.Path(dir_okay=False, path_type=Path)
PAGE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)

case_option = click.option(
    "--case", "cases", multiple=True, metavar="ID", help="Only this case. Can be given several times."
)
area_option = click.option("--area", metavar="NAME", help="Only the cases of this area.")
recordings_option = click.option(
    "--recordings", type=FOLDER, help="The folder of the recordings. Default: the recordings of the package."
)
page_option = click.option(
    "--page", type=PAGE, help="Also replace the section of this command in a generated page: evals/MEASURED.md."
)
jobs_option = click.option(
    "--jobs", type=click.IntRange(1), help="The number of processes. Default: about one for each processor."
)


def report_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say where results go; the command gets them as `Destinations` in its first argument."""

    @click.option("--json", "as_machine", is_flag=True, help="Print the results as JSON.")
    @click.option("--junit", type=FILE, help="Write JUnit XML to this file.")
    @click.option("--markdown", type=FILE, help="Write Markdown to this file.")
    @click.option("--output", type=FILE, help="Write JSON to this file.")
    @click.option(
        "--summary",
        type=OneOf(get_args(Summary)),
        help="Show the Markdown on the summary page of the build in GitHub Actions or Azure Pipelines.",
    )
    @wraps(command)
    def with_options(
        as_machine: bool,
        junit: Path | None,
        markdown: Path | None,
        output: Path | None,
        summary: Summary | None,
        **others: object,
    ) -> None:
        command(Destinations(as_machine, junit, markdown, output, summary), **others)

    return with_options


def chosen_cases(ids: Sequence[str] = (), area: str | None = None) -> list["Case"]:
    """Return the cases that `--case` and `--area` select; all cases when neither was given.

    Raises:
        click.UsageError: A case or an area does not exist, or no case is in both.
    """
    from azure_devops_evals.cases import CASES  # noqa: PLC0415 - slow to import

    known = [case.id for case in CASES]
    if unknown := sorted(set(ids) - set(known)):
        near = did_you_mean(unknown[0], known)
        raise click.UsageError(f"No case {', '.join(unknown)}.{near} Known: {', '.join(known)}.")
    areas = sorted({case.area for case in CASES})
    if area is not None and area not in areas:
        raise click.UsageError(f"No area {area}.{did_you_mean(area, areas)} Known: {', '.join(areas)}.")
    chosen = [case for case in CASES if (not ids or case.id in ids) and area in {None, case.area}]
    if not chosen:
        raise click.UsageError("No case is in both that list and that area.")
    return chosen
