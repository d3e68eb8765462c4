"""`azure-devops-evals scan`: look for what must not be committed."""

from collections.abc import Sequence
from pathlib import Path

import click


@click.command
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
def command(paths: Sequence[Path]) -> None:
    """Look for secrets, tokens, mail addresses and machine addresses in recordings.

    PATHS are files or folders. Default: the recordings of the package. The exit code is 3 when something is found.
    """
    from azure_devops_evals.running.leak_scan import scan
    from azure_devops_evals.running.play import CASSETTES, RECORDINGS
    from azure_devops_evals.scoring.gates import Exit

    files = sorted(
        file for path in paths or (RECORDINGS, CASSETTES) for file in (path.rglob("*") if path.is_dir() else (path,))
    )
    found = [line for file in files if file.is_file() for line in scan(file)]
    click.echo("\n".join(found) or f"{len(files)} files, nothing found")
    click.get_current_context().exit(int(Exit.FORBIDDEN if found else Exit.PASSED))
