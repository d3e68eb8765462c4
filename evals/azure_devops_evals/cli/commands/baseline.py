"""`azure-devops-evals baseline`: compare the present results with the reviewed ones, and accept them on demand."""

import click

from azure_devops_evals.cli.options import chosen_cases


@click.command
@click.option("--write", is_flag=True, help="Make the present results the baseline.")
def command(write: bool) -> None:
    """Show what differs from the reviewed baseline.

    The exit code is 1 when something differs and --write was not given.
    """
    from azure_devops_evals.reports.publish import progress
    from azure_devops_evals.running.parallel import run_suite
    from azure_devops_evals.scoring.baseline import BASELINE, Baseline
    from azure_devops_evals.scoring.gates import judge

    chosen = chosen_cases()
    with progress(len(chosen), "cases") as on_result:
        done = run_suite([case.id for case in chosen], on_result=on_result)
    decision = judge(done.results, interrupted=done.interrupted)
    if decision.reasons:
        raise click.ClickException("No baseline is made of these results: " + "; ".join(decision.reasons))
    present = Baseline.of(done.results)
    changes = Baseline.load().changes(present)
    click.echo("\n".join(changes) or "Nothing differs from the baseline.")
    if write:
        present.save()
        click.echo(f"{BASELINE.name}: {len(present.rows)} cases, {len(changes)} differences written")
    click.get_current_context().exit(int(bool(changes) and not write))
