"""`docs`: rewrite the generated parts of this repository's pages."""

from pathlib import Path

import click


@click.command
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The folder of the repository; by default the current one.",
)
def command(root: Path) -> None:
    """Rewrite the generated tables, maps and pictures of this repository."""
    from azure_devops_agents.cli.documents.pages import stale

    for path, text in stale(root).items():
        path.write_text(text, encoding="utf-8")
        click.echo(f"rewritten: {path}")
