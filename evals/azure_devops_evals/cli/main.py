"""The commands. Only click is imported here, so that `--help` answers at once and without LangChain."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from azure_devops_evals.case import Case

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


def _reports(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say where results go."""
    options = (
        click.option("--json", "machine", is_flag=True, help="Print the results as JSON."),
        click.option("--junit", type=_FILE, help="Write JUnit XML."),
        click.option("--markdown", type=_FILE, help="Write Markdown."),
        click.option("--output", type=_FILE, help="Write JSON."),
        click.option(
            "--summary",
            type=click.Choice(["github", "azure"]),
            help="Show the Markdown on the page of the build, of GitHub or Azure Pipelines.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def cli() -> None:
    """Check the agent on recorded and simulated Azure DevOps organizations; no key, no account, no network."""


@cli.command()
@click.option("--case", "cases", multiple=True, help="Id of a case; may be given several times.")
@click.option("--area", help="Only the cases of this area.")
@click.option("--recordings", type=_FOLDER, help="Folder of recordings. Default: the ones that come with the package.")
@click.option("--fail-fast", is_flag=True, help="Begin no further case after one that does not pass.")
@click.option("--jobs", type=click.IntRange(1), help="Processes. Default: as many as there are processors.")
@click.option("--model", help="A model that answers in place of the scripts, such as openai:gpt-5.")
@click.option("--trials", type=click.IntRange(1), default=1, help="How often the model answers each case.")
@click.option("--compare", type=_FILE, help="A run of a model that --output wrote: being worse than it blocks.")
@_reports
@click.pass_context
def run(
    context: click.Context,
    /,
    cases: Sequence[str],
    area: str | None,
    recordings: Path | None,
    fail_fast: bool,
    jobs: int | None,
    model: str | None,
    trials: int,
    compare: Path | None,
    **reports: Any,
) -> None:
    """Run the cases. The exit code says what blocks: 0 nothing, 1 a case, 3 something forbidden; see the README."""
    if model is None and (trials > 1 or compare):
        raise click.UsageError("--trials and --compare need --model: scripts give the same every time.")
    if model is not None and recordings:
        raise click.UsageError("--recordings cannot be used with --model, which runs in the simulated organization.")

    from azure_devops_evals.cli import commands  # noqa: PLC0415 - slow to import

    chosen = _chosen(cases, area)
    how: dict[str, Any] = {"fail_fast": fail_fast, "jobs": jobs, **reports}
    if model is None:
        code = commands.run_scripts(chosen, recordings, whole=not cases and area is None, **how)
    else:
        code = commands.run_model(chosen, model, trials, compare, **how)
    context.exit(code)


@cli.command()
@click.option("--write", is_flag=True, help="Make the present results the baseline.")
@click.pass_context
def baseline(context: click.Context, write: bool) -> None:
    """Show what differs from the reviewed baseline; exit code 1 when something does and it is not written."""
    from azure_devops_evals.cli.commands import show_baseline  # noqa: PLC0415 - slow to import

    context.exit(show_baseline(_chosen((), None), write=write))


@cli.command()
@click.option("--case", "cases", multiple=True, help="Id of a case; may be given several times. Default: all.")
@click.option("--live", is_flag=True, help="From the organization of AZURE_DEVOPS_ORG, which is only read.")
@click.option("--recordings", type=_FOLDER, help="Where to write. Default: into the package, from the simulator only.")
def record(cases: Sequence[str], live: bool, recordings: Path | None) -> None:
    """Make the recordings that cases are run on, secrets taken out."""
    if live and recordings is None:
        raise click.UsageError("--live needs --recordings FOLDER: it must not replace the recordings of the package.")

    from azure_devops_evals.running import recorder  # noqa: PLC0415 - slow to import
    from azure_devops_evals.running.leak_scan import Unclean  # noqa: PLC0415 - slow to import
    from azure_devops_evals.running.play import RECORDINGS  # noqa: PLC0415 - slow to import
    from langchain_azure_devops.errors import AzureDevOpsError  # noqa: PLC0415 - slow to import

    chosen = _chosen(cases, None)
    if worlds := [case.id for case in chosen if case.source == "world" and cases]:
        raise click.UsageError(f"{', '.join(worlds)}: runs in a world of its own, there is nothing to record.")
    for case in chosen:
        if case.source == "recording":
            try:
                made = recorder.record_live(case) if live else recorder.record(case)
                path = recorder.write(case, made, recordings or RECORDINGS)
            except (AzureDevOpsError, recorder.NotRecorded, Unclean) as error:
                raise click.ClickException(str(error)) from error
            click.echo(f"{path.name}: {len(made.exchanges)} exchanges from {made.provenance.source}")


@cli.command()
@click.option("--case", "cases", multiple=True, help="Id of a case; may be given several times. Default: all.")
@click.option("--recordings", type=_FOLDER, help="Folder of recordings. Default: the ones that come with the package.")
@click.option("--write", is_flag=True, help="Replace what is out of date.")
@click.pass_context
def refresh(context: click.Context, /, cases: Sequence[str], recordings: Path | None, write: bool) -> None:
    """Make the recordings anew and show what changed; exit code 7 when something did and it is not written."""
    from azure_devops_evals.cli.commands import refresh_recordings  # noqa: PLC0415 - slow to import

    context.exit(refresh_recordings(_chosen(cases, None), recordings, write=write))


@cli.command()
@click.option("--case", "cases", multiple=True, help="Id of a case; may be given several times. Default: all.")
@click.option("--area", help="Only the cases of this area.")
@click.option("--every", is_flag=True, help="Seed every fault, not a few of each kind into each case.")
@click.option("--jobs", type=click.IntRange(1), help="Processes. Default: as many as there are processors.")
@click.pass_context
def prove(context: click.Context, /, cases: Sequence[str], area: str | None, every: bool, jobs: int | None) -> None:
    """Check the suite itself: solutions pass, impostors fail, and seeded faults are noticed; exit code 1 if not."""
    from azure_devops_evals.cli.commands import show_proof  # noqa: PLC0415 - slow to import

    context.exit(show_proof(_chosen(cases, area), every=every, jobs=jobs))


@cli.command()
@click.option("--case", "cases", multiple=True, help="Id of a case; may be given several times. Default: the recorded.")
@click.option("--record", "anew", is_flag=True, help="Record the answers anew, not play them.")
@click.option("--model", help="Record those of a model, such as openai:gpt-5. Default: a local server without one.")
@click.option("--strict", is_flag=True, help="Block on stale answers, too: for a release job that has a key.")
@_reports
@click.pass_context
def wire(
    context: click.Context, /, cases: Sequence[str], anew: bool, model: str | None, strict: bool, **reports: Any
) -> None:
    """Play recorded answers of a model over the wire. Stale ones are not evaluated and named."""
    if model is not None and not anew:
        raise click.UsageError("--model needs --record: what is played is what was recorded.")

    from azure_devops_evals.cli import commands  # noqa: PLC0415 - slow to import
    from azure_devops_evals.live.cassettes import cassettes  # noqa: PLC0415 - slow to import

    chosen = _chosen(cases or cassettes(), None)
    if anew:
        context.exit(commands.record_wire(chosen, model))
    context.exit(commands.run_wire(chosen, strict=strict, **reports))


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.pass_context
def scan(context: click.Context, /, paths: Sequence[Path]) -> None:
    """Look for secrets, tokens, mail addresses and machine addresses in recordings; exit code 3 when there are any.

    PATHS are files or folders; by default the recordings of the package.
    """
    from azure_devops_evals.cli.commands import scan_files  # noqa: PLC0415 - slow to import

    context.exit(scan_files(paths))


@cli.command()
@click.option("--only", "names", multiple=True, help="Name of a benchmark; may be given several times. Default: all.")
@click.option("--json", "file", type=_FILE, help="Write what was measured as JSON, too.")
@click.pass_context
def bench(context: click.Context, names: Sequence[str], file: Path | None) -> None:
    """Measure against the budgets; exit code 1 beyond a hard limit, or beyond twice the budget of a time."""
    from azure_devops_evals.benchmarks import suite  # noqa: PLC0415 - slow to import

    if unknown := sorted(set(names) - set(suite.BENCHMARKS)):
        raise click.UsageError(f"No benchmark {', '.join(unknown)}. Known: {', '.join(suite.BENCHMARKS)}.")
    found = []
    for one in suite.measured(names or suite.BENCHMARKS):
        found.append(one)
        click.echo(suite.line(one), err=True)
    click.echo(suite.table(found))
    if file is not None:
        file.write_text(suite.as_json(found) + "\n", encoding="utf-8")
    context.exit(1 if suite.failed(found) else 0)


@cli.command()
@click.option("--jobs", type=click.IntRange(1), help="Processes. Default: as many as there are processors.")
@click.option("--full", is_flag=True, help="Every family on every text in each mode, not four of the seven.")
@click.option("--json", "as_machine", is_flag=True, help="Print the counts as JSON.")
@click.pass_context
def attack(context: click.Context, /, jobs: int | None, full: bool, as_machine: bool) -> None:
    """Attack every text that a tool shows, with a model that obeys; exit code 1 when a bound does not hold."""
    from azure_devops_evals.attacks.parallel import attack_all  # noqa: PLC0415 - slow to import
    from azure_devops_evals.attacks.report import as_json, as_text, failed  # noqa: PLC0415 - slow to import

    matrix, honest = attack_all(jobs, full=full)
    click.echo(as_json(matrix, honest) if as_machine else as_text(matrix, honest))
    context.exit(1 if failed(matrix) else 0)


def _chosen(ids: Sequence[str], area: str | None) -> list["Case"]:
    """The cases a person named."""
    from azure_devops_evals.cases import CASES  # noqa: PLC0415 - slow to import

    if unknown := sorted(set(ids) - {case.id for case in CASES}):
        raise click.UsageError(f"No case {', '.join(unknown)}. Known: {', '.join(case.id for case in CASES)}.")
    areas = sorted({case.area for case in CASES})
    if area is not None and area not in areas:
        raise click.UsageError(f"No area {area}. Known: {', '.join(areas)}.")
    chosen = [case for case in CASES if (not ids or case.id in ids) and area in {None, case.area}]
    if not chosen:
        raise click.UsageError("No case is in both that list and that area.")
    return chosen
