"""`azure-devops-evals run`: play cases with their scripts, or with a model, and judge what came out."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from azure_devops_evals.cli.options import (
    FILE,
    area_option,
    case_option,
    chosen_cases,
    jobs_option,
    recordings_option,
    report_options,
)
from azure_devops_evals.limits import SECONDS
from azure_devops_evals.reports.destinations import Destinations

if TYPE_CHECKING:
    from pydantic import JsonValue

    from azure_devops_evals.agents.suite import Plan
    from azure_devops_evals.case import Case
    from azure_devops_evals.running.parallel import Done
    from azure_devops_evals.running.run import Result
    from azure_devops_evals.scoring.trials import Tally


@click.command
@case_option
@area_option
@recordings_option
@click.option("--fail-fast", is_flag=True, help="Start no further case after the first that does not pass.")
@jobs_option
@click.option("--model", help="A model that answers instead of the scripts, such as openai:gpt-5.")
@click.option(
    "--agent",
    metavar="MODULE:FACTORY",
    help="An agent of your own: a function that takes an AgentContext and returns a LangGraph graph. The module is "
    "imported, or is a file such as agent.py:make_agent. Without --model, a script plays its model.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help=f"The longest time of an --agent for one case. Default: {SECONDS:g}.",
)
@click.option("--trials", type=click.IntRange(1), default=1, help="How often the model answers each case.")
@click.option(
    "--compare", type=FILE, help="An earlier run of a model, written by --output. A run that is worse than it blocks."
)
@report_options
def command(
    destinations: Destinations,
    cases: Sequence[str],
    area: str | None,
    recordings: Path | None,
    fail_fast: bool,
    jobs: int | None,
    model: str | None,
    agent: str | None,
    timeout: float | None,
    trials: int,
    compare: Path | None,
) -> None:
    """Run the cases.

    The exit code says what blocks: 0 nothing, 1 a failed case, 3 something forbidden. The README lists all codes.
    """
    if model is None and (trials > 1 or compare):
        raise click.UsageError("--trials and --compare need --model: a script gives the same result every time.")
    if (model is not None or agent is not None) and recordings:
        option = "--model" if agent is None else "--agent"
        raise click.UsageError(f"--recordings cannot be used with {option}: it runs in the simulated organization.")
    if timeout is not None and agent is None:
        raise click.UsageError("--timeout needs --agent; our own agent has a time limit of its own.")
    chosen = chosen_cases(cases, area)
    if model is not None or agent is not None:
        # The answers of these cases are written, and there is no organization that could be asked anything else.
        chosen = [case for case in chosen if case.source != "official"]
        if not chosen:
            raise click.UsageError(
                "There is no organization behind the recordings of these cases: only scripts play them."
            )
    destinations.check()
    if agent is not None:
        from azure_devops_evals.agents.suite import Plan

        plan = Plan(agent, model, timeout or SECONDS)
        code = _run_agent(chosen, plan, trials, compare, destinations, fail_fast=fail_fast, jobs=jobs)
    elif model is None:
        whole = not cases and area is None
        code = _run_scripts(chosen, recordings, destinations, whole=whole, fail_fast=fail_fast, jobs=jobs)
    else:
        code = _run_model(chosen, model, trials, compare, destinations, fail_fast=fail_fast, jobs=jobs)
    click.get_current_context().exit(code)


def _run_scripts(
    chosen: Sequence["Case"],
    recordings: Path | None,
    destinations: Destinations,
    *,
    whole: bool,
    fail_fast: bool,
    jobs: int | None,
) -> int:
    """Run the reference solutions of cases and return the exit code."""
    from azure_devops_evals.reports.publish import progress, publish
    from azure_devops_evals.running.parallel import run_suite
    from azure_devops_evals.running.play import RECORDINGS
    from azure_devops_evals.scoring.baseline import Baseline
    from azure_devops_evals.scoring.gates import judge

    started = time.perf_counter()
    ids = [case.id for case in chosen]
    with progress(len(ids), "cases") as on_result:
        done = run_suite(ids, recordings=recordings or RECORDINGS, jobs=jobs, fail_fast=fail_fast, on_result=on_result)
    complete = whole and len(done.results) == len(ids)
    decision = judge(done.results, Baseline.load(), whole=complete, interrupted=done.interrupted)
    publish(done.results, decision, time.perf_counter() - started, destinations)
    return int(decision.exit)


def _run_model(
    chosen: Sequence["Case"],
    model: str,
    trials: int,
    compare: Path | None,
    destinations: Destinations,
    *,
    fail_fast: bool,
    jobs: int | None,
) -> int:
    """Let a model answer cases in the simulated organization and return the exit code."""
    from azure_devops_evals.reports.publish import progress
    from azure_devops_evals.scoring.trials import run_trials

    before = _load_model(model, compare)
    started = time.perf_counter()
    ids = [case.id for case in chosen]
    with progress(len(ids) * trials, "trials") as on_result:
        done = run_trials(ids, model, trials, jobs=jobs, fail_fast=fail_fast, on_result=on_result)
    about: dict[str, JsonValue] = {"model": model, "trials": trials}
    return _publish_trials(done, before, about, time.perf_counter() - started, destinations)


def _run_agent(
    chosen: Sequence["Case"],
    plan: "Plan",
    trials: int,
    compare: Path | None,
    destinations: Destinations,
    *,
    fail_fast: bool,
    jobs: int | None,
) -> int:
    """Let somebody's agent answer cases in the simulated organization and return the exit code."""
    from azure_devops_evals.agents.loading import NoFactory, load_factory
    from azure_devops_evals.agents.suite import run_agent
    from azure_devops_evals.reports.publish import progress, publish
    from azure_devops_evals.scoring.gates import judge

    try:
        load_factory(plan.agent)
    except NoFactory as error:
        raise click.UsageError(str(error)) from error
    before = _load_model(plan.model, compare) if plan.model is not None else None
    started = time.perf_counter()
    ids = [case.id for case in chosen]
    with progress(len(ids) * trials, "cases") as on_result:
        done = run_agent(plan, ids, trials, jobs=jobs, fail_fast=fail_fast, on_result=on_result)
    about: dict[str, JsonValue] = {"agent": plan.agent, "model": plan.model, "trials": trials}
    seconds = time.perf_counter() - started
    if plan.model is not None:
        return _publish_trials(done, before, about, seconds, destinations)
    decision = judge(done.results, interrupted=done.interrupted)
    publish(done.results, decision, seconds, destinations, about=about)
    return int(decision.exit)


def _load_model(model: str, compare: Path | None) -> "Mapping[str, Tally] | None":
    """Check that a model can be opened, and return the run to compare with.

    Raises:
        click.UsageError: There is no such model, or the file is no stored run.
    """
    from azure_devops_agents.models.providers import open_model
    from azure_devops_evals.scoring.trials import load_tallies
    from langchain_azure_devops.errors import InvalidRequest

    try:
        open_model(model)
        return load_tallies(compare) if compare else None
    except (ValueError, InvalidRequest) as error:
        raise click.UsageError(str(error)) from error


def _publish_trials(
    done: "Done[Result]",
    before: "Mapping[str, Tally] | None",
    about: "dict[str, JsonValue]",
    seconds: float,
    destinations: Destinations,
) -> int:
    """Print and write the results of trials with their statistics, and return the exit code."""
    from azure_devops_evals.reports.publish import publish
    from azure_devops_evals.scoring.gates import judge
    from azure_devops_evals.scoring.trials import Reliability, compare_runs, tallies

    reliability = Reliability.of_results(done.results)
    comparison = compare_runs(before, tallies(done.results)) if before is not None else None
    decision = judge(done.results, interrupted=done.interrupted, comparison=comparison)
    more = [*reliability.lines(), *(comparison.lines() if comparison else [])]
    about = {**about, "reliability": reliability.as_json()}
    publish(done.results, decision, seconds, destinations, more=more, about=about)
    return int(decision.exit)
