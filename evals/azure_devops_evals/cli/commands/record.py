"""`azure-devops-evals record`: make the recordings that cases are played on."""

from collections.abc import Sequence
from pathlib import Path

import click

from azure_devops_evals.cli.options import FOLDER, case_option, chosen_cases


@click.command
@case_option
@click.option("--live", is_flag=True, help="Record the organization that AZURE_DEVOPS_ORG names. It is only read.")
@click.option(
    "--recordings", type=FOLDER, help="The folder to write to. Default: the package, with recordings of the simulator."
)
def command(cases: Sequence[str], live: bool, recordings: Path | None) -> None:
    """Make the recordings that cases are played on, with all secrets taken out."""
    if live and recordings is None:
        raise click.UsageError("--live needs --recordings FOLDER: it must not replace the recordings of the package.")

    from azure_devops_evals.running import recorder
    from azure_devops_evals.running.leak_scan import Unclean
    from azure_devops_evals.running.play import RECORDINGS
    from langchain_azure_devops.errors import AzureDevOpsError

    chosen = chosen_cases(cases)
    if worlds := [case.id for case in chosen if case.source == "world" and cases]:
        raise click.UsageError(f"{', '.join(worlds)}: runs in a world of its own, so there is nothing to record.")
    if official := [case.id for case in chosen if case.source == "official" and cases]:
        raise click.UsageError(
            f"{', '.join(official)}: its answers are written by people, after those that the service publishes. "
            "Change the recording itself."
        )
    for case in chosen:
        if case.source == "recording":
            try:
                made = recorder.record_live(case) if live else recorder.record(case)
                path = recorder.write(case, made, recordings or RECORDINGS)
            except (AzureDevOpsError, recorder.NotRecorded, Unclean) as error:
                raise click.ClickException(str(error)) from error
            click.echo(f"{path.name}: {len(made.exchanges)} exchanges from {made.provenance.source}")
