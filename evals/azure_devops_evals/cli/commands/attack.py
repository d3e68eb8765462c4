"""`azure-devops-evals attack`: plant hostile text wherever a tool shows text, and let a model obey it."""

from pathlib import Path

import click

from azure_devops_evals.cli.options import jobs_option, page_option


@click.command
@jobs_option
@click.option("--full", is_flag=True, help="Run every family on every text in each mode, not four of the seven.")
@click.option("--json", "as_machine", is_flag=True, help="Print the counts as JSON.")
@page_option
def command(jobs: int | None, full: bool, as_machine: bool, page: Path | None) -> None:
    """Attack every text that a tool shows, with a model that obeys it.

    The exit code is 1 when a bound does not hold, or when an attack did not reach the model.
    """
    from azure_devops_evals.attacks.parallel import attack_all
    from azure_devops_evals.attacks.report import as_json, as_text, has_failed

    matrix, honest = attack_all(jobs, full=full)
    click.echo(as_json(matrix, honest) if as_machine else as_text(matrix, honest))
    if page is not None:
        from azure_devops_evals.cli.page import replace_section

        replace_section(page, "attacks", as_text(matrix, honest))
    click.get_current_context().exit(1 if has_failed(matrix) else 0)
