"""`azure-devops-evals bench`: measure against the budgets."""

from collections.abc import Sequence
from pathlib import Path

import click

from azure_devops_evals.cli.options import FILE, page_option
from langchain_azure_devops.errors import did_you_mean


@click.command
@click.option("--only", "names", multiple=True, metavar="NAME", help="Only this benchmark. Can be given several times.")
@click.option("--json", "file", type=FILE, help="Also write the measurements as JSON to this file.")
@page_option
def command(names: Sequence[str], file: Path | None, page: Path | None) -> None:
    """Measure against the budgets.

    The exit code is 1 when a hard limit is exceeded, or when a time is beyond twice its budget.
    """
    if page is not None and names:
        raise click.UsageError("--page cannot be used with --only: the page shows all benchmarks.")

    from azure_devops_evals.benchmarks import suite

    if unknown := sorted(set(names) - set(suite.BENCHMARKS)):
        near = did_you_mean(unknown[0], suite.BENCHMARKS)
        raise click.UsageError(f"No benchmark {', '.join(unknown)}.{near} Known: {', '.join(suite.BENCHMARKS)}.")
    found = []
    for one in suite.measure(names or suite.BENCHMARKS):
        found.append(one)
        click.echo(suite.line(one), err=True)
    click.echo(suite.table(found))
    if file is not None:
        file.write_text(suite.as_json(found) + "\n", encoding="utf-8")
    if page is not None:
        from azure_devops_evals.cli.page import replace_section

        replace_section(page, "benchmarks", suite.table(found))
    click.get_current_context().exit(1 if suite.has_failed(found) else 0)
