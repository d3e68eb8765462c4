"""What the commands do, once it is known what they were asked for."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from azure_devops_evals.baseline import BASELINE, Baseline
from azure_devops_evals.case import Case
from azure_devops_evals.gates import judge
from azure_devops_evals.playing import RECORDINGS
from azure_devops_evals.publishing import Reports, check_summary, progress, publish
from azure_devops_evals.suite import run_suite


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
