"""The commands. Only click is imported here, so that `--help` answers at once and without LangChain."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from azure_devops_evals.case import Case

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def cli() -> None:
    """Check the agent on recorded and simulated Azure DevOps organizations; no key, no account, no network."""


@cli.command()
@click.option("--case", "cases", multiple=True, help="Id of a case; may be given several times.")
@click.option("--area", help="Only the cases of this area.")
@click.option("--recordings", type=_FOLDER, help="Folder of recordings. Default: the ones that come with the package.")
@click.option("--json", "as_machine", is_flag=True, help="Print the results as JSON.")
@click.pass_context
def run(
    context: click.Context, cases: Sequence[str], area: str | None, recordings: Path | None, as_machine: bool
) -> None:
    """Run the cases; exit code 1 when one does not pass."""
    from azure_devops_evals.report import as_json, as_text  # noqa: PLC0415 - slow to import
    from azure_devops_evals.run import RECORDINGS, run_case  # noqa: PLC0415 - slow to import

    chosen = _chosen(cases, area)
    results = [run_case(case, recordings=recordings or RECORDINGS) for case in chosen]
    click.echo(as_json(results) if as_machine else as_text(results))
    context.exit(0 if all(result.status == "pass" for result in results) else 1)


@cli.command()
@click.option("--case", "cases", multiple=True, help="Id of a case; may be given several times. Default: all.")
@click.option("--live", is_flag=True, help="From the organization of AZURE_DEVOPS_ORG, which is only read.")
@click.option("--recordings", type=_FOLDER, help="Where to write. Default: into the package, from the simulator only.")
def record(cases: Sequence[str], live: bool, recordings: Path | None) -> None:
    """Make the recordings that cases are run on, secrets taken out."""
    if live and recordings is None:
        raise click.UsageError("--live needs --recordings FOLDER: it must not replace the recordings of the package.")

    from azure_devops_evals import record as recorder  # noqa: PLC0415 - slow to import
    from azure_devops_evals.run import RECORDINGS  # noqa: PLC0415 - slow to import
    from langchain_azure_devops.errors import AzureDevOpsError  # noqa: PLC0415 - slow to import

    chosen = _chosen(cases, None)
    if worlds := [case.id for case in chosen if case.source == "world" and cases]:
        raise click.UsageError(f"{', '.join(worlds)}: runs in a world of its own, there is nothing to record.")
    for case in chosen:
        if case.source == "recording":
            try:
                made = recorder.record_live(case) if live else recorder.record(case)
            except (AzureDevOpsError, recorder.NotRecorded) as error:
                raise click.ClickException(str(error)) from error
            path = recorder.write(case, made, recordings or RECORDINGS)
            click.echo(f"{path.name}: {len(made.exchanges)} exchanges from {made.provenance.source}")


def _chosen(ids: Sequence[str], area: str | None) -> list["Case"]:
    """The cases a person named."""
    from azure_devops_evals.cases import CASES  # noqa: PLC0415 - slow to import

    if unknown := sorted(set(ids) - {case.id for case in CASES}):
        raise click.UsageError(f"No case {', '.join(unknown)}. Known: {', '.join(case.id for case in CASES)}.")
    areas = sorted({case.area for case in CASES})
    if area is not None and area not in areas:
        raise click.UsageError(f"No area {area}. Known: {', '.join(areas)}.")
    chosen = [case for case in CASES if (not ids or case.id in ids) and area in {None, case.area}]
    if not chosen:
        raise click.UsageError("No case is in both that list and that area.")
    return chosen
