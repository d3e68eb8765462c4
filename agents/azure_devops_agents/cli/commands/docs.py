"""`docs`: rewrite the generated tables in the READMEs of this repository."""

from pathlib import Path

import click

from azure_devops_agents.cli.generated_docs import renewed, stale


@click.command
@click.option("--root", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path(), help="Where.")
def command(root: Path) -> None:
    """Rewrite the generated tables in the READMEs."""
    for path in stale(root):
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
        click.echo(f"rewritten: {path}")
