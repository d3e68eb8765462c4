"""What the commands do, once it is known what they were asked for."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from pydantic import JsonValue

from azure_devops_agents.models.providers import open_model
from azure_devops_evals.case import Case
from azure_devops_evals.live.cassettes import record_cassette, run_cassette
from azure_devops_evals.reports.publish import Reports, check_summary, progress, publish
from azure_devops_evals.running.leak_scan import Unclean, scan
from azure_devops_evals.running.log_safety import harmless
from azure_devops_evals.running.parallel import run_suite
from azure_devops_evals.running.play import CASSETTES, RECORDINGS
from azure_devops_evals.running.recorder import NotRecorded, refreshed
from azure_devops_evals.running.recorder import write as write_recording
from azure_devops_evals.scoring.baseline import BASELINE, Baseline
from azure_devops_evals.scoring.gates import Exit, judge
from azure_devops_evals.scoring.trials import Reliability, compared, run_trials, stored, tallies
from azure_devops_evals.selfcheck.proof import prove, tasks
from langchain_azure_devops.errors import InvalidRequest

_MOST_CHANGES = 20


def run_scripts(
    chosen: Sequence[Case], recordings: Path | None, *, whole: bool, fail_fast: bool, jobs: int | None, **reports: Any
) -> int:
    """Run the reference solutions of cases; returns the exit code."""
    wanted = Reports(**reports)
    check_summary(wanted.summary)
    started = time.perf_counter()
    ids = [case.id for case in chosen]
    with progress(len(ids), "cases") as told:
        done = run_suite(ids, recordings=recordings or RECORDINGS, jobs=jobs, fail_fast=fail_fast, told=told)
    complete = whole and len(done.results) == len(ids)
    verdict = judge(done.results, Baseline.load(), whole=complete, interrupted=done.interrupted)
    publish(done.results, verdict, time.perf_counter() - started, wanted)
    return int(verdict.exit)


def run_model(
    chosen: Sequence[Case],
    model: str,
    trials: int,
    compare: Path | None,
    *,
    fail_fast: bool,
    jobs: int | None,
    **reports: Any,
) -> int:
    """Let a model answer cases in the simulated organization; returns the exit code."""
    wanted = Reports(**reports)
    check_summary(wanted.summary)
    try:
        before = stored(compare) if compare else None
        open_model(model)
    except (ValueError, InvalidRequest) as error:
        raise click.UsageError(str(error)) from error
    started = time.perf_counter()
    ids = [case.id for case in chosen]
    with progress(len(ids) * trials, "trials") as told:
        done = run_trials(ids, model, trials, jobs=jobs, fail_fast=fail_fast, told=told)
    reliability = Reliability.of_results(done.results)
    comparison = compared(before, tallies(done.results)) if before is not None else None
    verdict = judge(done.results, interrupted=done.interrupted, comparison=comparison)
    more = [*reliability.lines(), *(comparison.lines() if comparison else [])]
    about: dict[str, JsonValue] = {"model": model, "trials": trials, "reliability": reliability.as_json()}
    publish(done.results, verdict, time.perf_counter() - started, wanted, more=more, about=about)
    return int(verdict.exit)


def show_baseline(chosen: Sequence[Case], *, write: bool) -> int:
    """Show what the present results change in the baseline, and write them on demand; returns the exit code."""
    with progress(len(chosen), "cases") as told:
        done = run_suite([case.id for case in chosen], told=told)
    verdict = judge(done.results, interrupted=done.interrupted)
    if verdict.reasons:
        raise click.ClickException("No baseline is made of this: " + "; ".join(verdict.reasons))
    present = Baseline.of(done.results)
    changes = Baseline.load().changes(present)
    click.echo("\n".join(changes) or "Nothing differs from the baseline.")
    if write:
        present.save()
        click.echo(f"{BASELINE.name}: {len(present.rows)} cases, {len(changes)} differences written")
    return int(bool(changes) and not write)


def refresh_recordings(chosen: Sequence[Case], recordings: Path | None, *, write: bool) -> int:
    """Make recordings anew, show what changed, and replace them on demand; returns the exit code."""
    folder, stale = recordings or RECORDINGS, 0
    for case in chosen:
        if case.source != "recording":
            continue
        try:
            found = refreshed(case, folder)
            if write and (found.changes or found.moved):
                write_recording(case, found.made, folder)
        except (NotRecorded, Unclean) as error:
            raise click.ClickException(str(error)) from error
        if found.changes or found.moved:
            told = "changed" if found.changes else "the same answers, from another world"
            click.echo(f"{case.id}: {told}{', written' if write else ''}")
        for line in found.changes[:_MOST_CHANGES]:
            click.echo(f"    {harmless(line)}")
        if len(found.changes) > _MOST_CHANGES:
            click.echo(f"    and {len(found.changes) - _MOST_CHANGES} more")
        stale += bool(found.changes)
    click.echo(f"{stale} recordings changed" if stale else "Every recording is what the simulator answers.")
    return int(Exit.STALE if stale and not write else Exit.PASSED)


def record_wire(chosen: Sequence[Case], model: str | None) -> int:
    """Record what a model answers to cases; returns the exit code."""
    for case in chosen:
        try:
            path = record_cassette(case, model=model)
        except (NotRecorded, Unclean, InvalidRequest) as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"{path.name}: from {model or 'a script, in which there is no model'}")
    return int(Exit.PASSED)


def run_wire(chosen: Sequence[Case], *, strict: bool, **reports: Any) -> int:
    """Play recorded answers of a model; returns the exit code."""
    wanted = Reports(**reports)
    check_summary(wanted.summary)
    started = time.perf_counter()
    results = [run_cassette(case) for case in chosen]
    stale = sum(result.status == "stale" for result in results)
    verdict = judge(results, strict=strict)
    more = [f"evaluated {len(results) - stale}/{len(results)}, {stale} stale"]
    publish(results, verdict, time.perf_counter() - started, wanted, more=more)
    return int(verdict.exit)


def show_proof(chosen: Sequence[Case], *, every: bool, jobs: int | None) -> int:
    """Try solutions, impostors and seeded faults on cases, and say how that came out; returns the exit code."""
    # Where a fault ends a run in the middle, LangGraph's threads complain that there is nothing left to do.
    logging.getLogger("concurrent.futures").setLevel(logging.CRITICAL + 1)
    with progress(len(list(tasks(chosen, every=every))), "trials") as told:
        proof = prove(chosen, every=every, jobs=jobs, told=told)
    click.echo(harmless("\n".join(proof.lines())))
    if proof.interrupted:
        return int(Exit.INTERRUPTED)
    return int(Exit.PASSED if proof.holds else Exit.FAILED)


def scan_files(paths: Sequence[Path]) -> int:
    """Say what must not be committed; returns the exit code."""
    files = sorted(
        file for path in paths or (RECORDINGS, CASSETTES) for file in (path.rglob("*") if path.is_dir() else (path,))
    )
    found = [line for file in files if file.is_file() for line in scan(file)]
    click.echo("\n".join(found) or f"{len(files)} files, nothing found")
    return int(Exit.FORBIDDEN if found else Exit.PASSED)
