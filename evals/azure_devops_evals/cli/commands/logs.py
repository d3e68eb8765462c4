"""`azure-devops-evals logs`: compare the failure view with other ways to look at a log."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from azure_devops_evals.benchmarks.labelled_logs import LabelledLog
    from azure_devops_evals.benchmarks.log_views import Compared


@click.command
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--show", "name", metavar="NAME", help="Show the view of this log, and what it misses.")
def command(folder: Path | None, name: str | None) -> None:
    """Compare the failure view with other ways to look at a log.

    FOLDER has NAME.log and NAME.json for each log. The latter says which lines tell what failed, where and why:
    {"critical": [[first, last], ...]}. Default: the logs of the package. The table has the share of the critical lines
    that each way shows.
    """
    from azure_devops_evals.benchmarks.labelled_logs import UnreadableLog, load_logs
    from azure_devops_evals.benchmarks.log_views import compare

    try:
        if name is None:
            _print_table(list(compare(load_logs(folder))))
        else:
            click.echo("\n".join(_mark(_find(name, list(load_logs(folder))))))
    except UnreadableLog as error:
        raise click.ClickException(str(error)) from error


def _find(name: str, logs: Sequence["LabelledLog"]) -> "LabelledLog":
    from langchain_azure_devops.errors import did_you_mean

    names = [log.name for log in logs]
    if name not in names:
        raise click.UsageError(f"No log {name}.{did_you_mean(name, names)}")
    return logs[names.index(name)]


def _print_table(compared: Sequence["Compared"]) -> None:
    from azure_devops_evals.benchmarks.log_views import WAYS

    width = max(len("characters"), *(len(one.log.name) for one in compared))
    rows = [(one.log.name, [f"{one.shown[way.budget].share(one.log):.0%}" for way in WAYS]) for one in compared]
    rows.append(("", []))
    for name, held_back in (("all", None), ("tuning", False), ("held back", True)):
        part = [one for one in compared if held_back in {None, one.log.held_back}]
        # Only logs of which some are held back have two parts.
        if part and (held_back is None or len(part) < len(compared)):
            means = [sum(one.shown[way.budget].share(one.log) for one in part) / len(part) for way in WAYS]
            rows.append((f"{name} {len(part)}", [f"{mean:.1%}" for mean in means]))
    sizes = [sum(one.shown[way.budget].characters for one in compared) / len(compared) for way in WAYS]
    rows.append(("characters", [f"{size:,.0f}" for size in sizes]))
    click.echo(f"{'log':<{width}}" + "".join(f"{way.heading:>13}" for way in WAYS))
    for name, cells in rows:
        click.echo((f"{name:<{width}}" + "".join(f"{cell:>13}" for cell in cells)).rstrip())


def _mark(log: "LabelledLog") -> Iterator[str]:
    """Yield the lines of the view, with a plus before the critical ones, and those that are missed with a minus."""
    from azure_devops_evals.benchmarks.log_views import read_view
    from langchain_azure_devops.tools.failure_view import CHARACTERS

    view = read_view(log, CHARACTERS)
    shown = dict(view.lines)
    for number in sorted(log.critical | set(shown)):
        mark = " " if number not in log.critical else "+" if number in shown else "-"
        yield f"{mark} {number}: {shown.get(number, log.lines[number - 1])}"
    found = len(log.critical & set(shown))
    yield f"{found} of {len(log.critical)} critical lines are shown, and {len(shown)} of all {view.total:,} lines."
