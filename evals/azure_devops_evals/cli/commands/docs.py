"""`azure-devops-evals docs`: rewrite the sections of `evals/MEASURED.md` that depend on nothing but the code."""

from pathlib import Path

import click

from azure_devops_evals.cli.options import PAGE


@click.command
@click.argument("page", type=PAGE, default=Path("evals/MEASURED.md"))
def command(page: Path) -> None:
    """Rewrite what MEASURED.md says about the cases and the attack families."""
    from azure_devops_evals.cli.page import SECTIONS, replace_section

    for name, text in SECTIONS.items():
        replace_section(page, name, text())
    click.echo(f"{page}: {', '.join(SECTIONS)} written")
