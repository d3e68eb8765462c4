"""`azure-devops-evals prove`: check that the suite notices wrong agents and injected faults."""

import logging
from collections.abc import Sequence

import click

from azure_devops_evals.cli.options import area_option, case_option, chosen_cases, jobs_option


@click.command
@case_option
@area_option
@click.option("--every", is_flag=True, help="Inject every fault, not only a few of each kind into each case.")
@jobs_option
def command(cases: Sequence[str], area: str | None, every: bool, jobs: int | None) -> None:
    """Check the suite itself: solutions pass, wrong agents fail, injected faults are noticed.

    It also measures the check of reports: no true sentence of a reference report is marked, and nearly every error is.

    The exit code is 1 when the suite misses what it must notice.
    """
    from azure_devops_evals.reports.publish import progress
    from azure_devops_evals.running.log_safety import make_safe
    from azure_devops_evals.scoring.gates import Exit
    from azure_devops_evals.selfcheck.proof import prove, tasks
    from azure_devops_evals.selfcheck.support import measure_support

    chosen = chosen_cases(cases, area)
    # Where a fault ends a run in the middle, LangGraph's threads complain that there is nothing left to do.
    logging.getLogger("concurrent.futures").setLevel(logging.CRITICAL + 1)
    with progress(len(list(tasks(chosen, every=every))), "trials") as on_result:
        proof = prove(chosen, every=every, jobs=jobs, on_result=on_result)
    click.echo(make_safe("\n".join(proof.lines())))
    if proof.interrupted:
        click.get_current_context().exit(int(Exit.INTERRUPTED))
    measured = measure_support(chosen, jobs=jobs)
    click.echo(make_safe("\n".join(measured.lines())))
    code = Exit.PASSED if proof.holds and (measured.holds or (cases and not measured.true.found)) else Exit.FAILED
    click.get_current_context().exit(int(code))
