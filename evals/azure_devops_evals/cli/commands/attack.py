"""`azure-devops-evals attack`: plant hostile text wherever a tool shows text, and let a model obey it."""

from pathlib import Path

import click

from azure_devops_evals.cli.options import jobs_option, page_option


@click.command
@jobs_option
@click.option("--full", is_flag=True, help="Run every family on every text in each mode, and every direct variant.")
@click.option("--family", "families", multiple=True, help="Run only this family of direct attacks; can be repeated.")
@click.option("--tool", "tools", multiple=True, help="Run direct attacks on this tool only; can be repeated.")
@click.option("--json", "as_machine", is_flag=True, help="Print the counts as JSON.")
@page_option
def command(
    jobs: int | None,
    full: bool,
    families: tuple[str, ...],
    tools: tuple[str, ...],
    as_machine: bool,
    page: Path | None,
) -> None:
    """Attack every text that a tool shows, with a model that obeys it, and every tool directly.

    The exit code is 1 when a bound does not hold, or when an attack did not take place.
    """
    from azure_devops_evals.attacks.parallel import attack_all
    from azure_devops_evals.attacks.report import as_json, as_text, has_failed

    if families or tools:
        _attack_some(jobs, families, tools, full)
        return
    matrix, honest, direct = attack_all(jobs, full=full)
    click.echo((as_json if as_machine else as_text)(matrix, honest, direct))
    if page is not None:
        from azure_devops_evals.cli.page import replace_section

        replace_section(page, "attacks", as_text(matrix, honest, direct))
    click.get_current_context().exit(1 if has_failed(matrix, direct) else 0)


def _attack_some(jobs: int | None, families: tuple[str, ...], tools: tuple[str, ...], full: bool) -> None:
    """Run some direct attacks and print their counts.

    Raises:
        click.UsageError: There is no such family or tool.
    """
    from azure_devops_evals.attacks.direct import DIRECT, as_rows, has_failed_directly
    from azure_devops_evals.attacks.parallel import attack_some
    from langchain_azure_devops import TOOLS

    for given, known, what in ((families, DIRECT, "family"), (tools, TOOLS, "tool")):
        if unknown := [name for name in given if name not in known]:
            raise click.UsageError(f"There is no {what} {unknown[0]!r}. Choose from: {', '.join(known)}.")
    found = attack_some(jobs, families, tools, full=full)
    click.echo("\n".join(as_rows(found)))
    click.get_current_context().exit(1 if has_failed_directly(found) else 0)
