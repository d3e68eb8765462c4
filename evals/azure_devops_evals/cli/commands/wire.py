"""`azure-devops-evals wire`: play recorded answers of a model over the wire, or record them."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from azure_devops_evals.cli.options import case_option, chosen_cases, report_options
from azure_devops_evals.reports.destinations import Destinations

if TYPE_CHECKING:
    from azure_devops_evals.case import Case


@click.command
@case_option
@click.option("--record", "anew", is_flag=True, help="Record the answers again instead of playing them.")
@click.option("--model", help="Record this model, such as openai:gpt-5. Default: a local server without a model.")
@click.option("--strict", is_flag=True, help="Also block on stale answers: for a release job that has a key.")
@report_options
def command(destinations: Destinations, cases: Sequence[str], anew: bool, model: str | None, strict: bool) -> None:
    """Play recorded answers of a model over the wire. Stale answers are named and not evaluated."""
    if model is not None and not anew:
        raise click.UsageError("--model needs --record: without it, the recorded answers are played.")
    destinations.check()

    from azure_devops_evals.live.cassettes import recorded_cases

    chosen = chosen_cases(cases or recorded_cases())
    if anew:
        _record(chosen, model)
    else:
        click.get_current_context().exit(_play(chosen, destinations, strict=strict))


def _record(chosen: Sequence["Case"], model: str | None) -> None:
    """Record what a model answers to cases."""
    from azure_devops_evals.live.cassettes import record_cassette
    from azure_devops_evals.running.leak_scan import Unclean
    from azure_devops_evals.running.recorder import NotRecorded
    from langchain_azure_devops.errors import InvalidRequest

    for case in chosen:
        try:
            path = record_cassette(case, model=model)
        except (NotRecorded, Unclean, InvalidRequest) as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"{path.name}: from {model or 'a script, in which there is no model'}")


def _play(chosen: Sequence["Case"], destinations: Destinations, *, strict: bool) -> int:
    """Play recorded answers of a model and return the exit code."""
    from azure_devops_evals.live.cassettes import run_cassette
    from azure_devops_evals.reports.publish import publish
    from azure_devops_evals.scoring.gates import judge

    started = time.perf_counter()
    results = [run_cassette(case) for case in chosen]
    stale = sum(result.status == "stale" for result in results)
    decision = judge(results, strict=strict)
    more = [f"evaluated {len(results) - stale}/{len(results)}, {stale} stale"]
    publish(results, decision, time.perf_counter() - started, destinations, more=more)
    return int(decision.exit)
