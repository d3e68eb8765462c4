"""`azure-devops-evals refresh`: make the recordings again and show what changed."""

from collections.abc import Sequence
from pathlib import Path

import click

from azure_devops_evals.cli.options import case_option, chosen_cases, recordings_option

_MOST_CHANGES = 20


@click.command
@case_option
@recordings_option
@click.option("--write", is_flag=True, help="Replace the recordings that are out of date.")
def command(cases: Sequence[str], recordings: Path | None, write: bool) -> None:
    """Make the recordings of the simulator again and show what changed.

    The exit code is 7 when a recording changed and --write was not given.
    """
    from azure_devops_evals.running.leak_scan import Unclean
    from azure_devops_evals.running.play import RECORDINGS
    from azure_devops_evals.running.recorder import NotRecorded, refresh
    from azure_devops_evals.running.recorder import write as write_recording
    from azure_devops_evals.scoring.gates import Exit

    folder, stale, official = recordings or RECORDINGS, 0, 0
    for case in chosen_cases(cases):
        official += case.source == "official"
        if case.source != "recording":
            continue
        try:
            found = refresh(case, folder)
            if write and (found.changes or found.moved):
                write_recording(case, found.made, folder)
        except (NotRecorded, Unclean) as error:
            raise click.ClickException(str(error)) from error
        if found.changes or found.moved:
            _show(case.id, found.changes, written=write)
        stale += bool(found.changes)
    if official:
        click.echo(f"{official} recordings are written after the service's own answers and are left as they are.")
    click.echo(f"{stale} recordings changed" if stale else "Every recording is what the simulator answers.")
    click.get_current_context().exit(int(Exit.STALE if stale and not write else Exit.PASSED))


def _show(case: str, changes: Sequence[str], *, written: bool) -> None:
    from azure_devops_evals.running.log_safety import make_safe

    what = "changed" if changes else "the same answers, from another world"
    click.echo(f"{case}: {what}{', written' if written else ''}")
    for line in changes[:_MOST_CHANGES]:
        click.echo(f"    {make_safe(line)}")
    if len(changes) > _MOST_CHANGES:
        click.echo(f"    and {len(changes) - _MOST_CHANGES} more")
