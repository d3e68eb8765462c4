"""`audit`: show the record of reads, approvals and writes, check its chain, and compare it with the service."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import click
from rich.text import Text

from azure_devops_agents.cli import terminal
from azure_devops_agents.cli.options import ConnectionOptions, OneOf, connection_options
from azure_devops_agents.paths import audit_path
from langchain_azure_devops import AzureDevOps
from langchain_azure_devops.safety import Entry, EntryEvent, read_entries, verify_chain
from langchain_azure_devops.text import one_line
from langchain_azure_devops.tools.pull_requests import list_pull_requests
from langchain_azure_devops.tools.work_items import query_work_items

DIFFERS = 1
"""The exit code when the chain is broken, or the service holds something that the record lacks."""
_STYLES = {"written": "bold green", "denied": "yellow", "failed": "red", "unknown": "bold red", "torn": "bold red"}
_FIRST = ("tool", "project", "approver")

_file = click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="The audit log. Default: AZURE_DEVOPS_AUDIT, or the file of the agent.",
)


@click.group
def command() -> None:
    """Show and check the record of what was read, asked, allowed, refused and written.

    The record is a chain, so `verify` finds a line that was changed or removed. The owner of the file can still cut off
    its end or rewrite it completely; `review` asks the service itself.
    """


@command.command("show")
@_file
@click.option("--last", type=click.IntRange(min=1), default=50, show_default=True, help="The number of lines.")
@click.option("--event", type=OneOf(get_args(EntryEvent)), help="Show only this event.")
@click.option("--json", "as_machine", is_flag=True, help="Print one JSON object a line.")
def show(file: Path | None, last: int, event: str | None, as_machine: bool) -> None:
    """Print the last lines of the record."""
    shown = [entry for entry in read_entries(_existing(file)) if event in (None, entry.event)][-last:]
    out = terminal.console()
    for entry in shown:
        if as_machine:
            whole = {"n": entry.number, "at": entry.at.isoformat(), "event": entry.event, **entry.details}
            click.echo(json.dumps(whole, ensure_ascii=True).replace("##", "\\u0023#"))
        else:
            # The columns come first and stay aligned; the text beside them may be wrapped.
            when = f"{entry.number:>5}  {entry.at:%Y-%m-%d %H:%M:%S}  {one_line(entry.event):<8}  "
            out.print(Text.assemble(when, terminal.one_line_text(_about(entry.details), _STYLES.get(entry.event, ""))))
    if not shown and not as_machine:
        out.print(terminal.plain("The record has no such line."))


@command.command("verify")
@_file
def verify(file: Path | None) -> None:
    """Check the chain, and name the first line that does not fit."""
    path = _existing(file)
    found = verify_chain(path)
    out = terminal.console()
    if found.broken is not None:
        out.print(terminal.plain(f"Broken at line {found.broken} of {path}: {found.reason}.", "bold red"))
        out.print(terminal.plain(f"The {found.entries} lines before it are whole."))
        click.get_current_context().exit(DIFFERS)
    out.print(terminal.plain(f"Whole: {found.entries} lines. Last hash {found.head}", "green"))
    if found.torn:
        out.print(terminal.plain(f"Torn lines, left by a process that was killed: {found.torn}."))
    out.print(
        terminal.plain(
            "Store the last hash in another place, so that you can see later whether the end was cut off.", "dim"
        )
    )


@command.command("review")
@connection_options
@_file
@click.option(
    "--days", type=click.IntRange(min=1), default=30, show_default=True, help="The number of days to look back."
)
def review(options: ConnectionOptions, file: Path | None, days: int) -> None:
    """Ask the service what this account created, and compare it with the record."""
    with options.open() as target:
        # Look in every project that the token can see, not only in the default one.
        with AzureDevOps(replace(target.settings, default_project=None), read_only=True) as client:
            made = {**_work_items(client, days), **_pull_requests(client, days)}
        path = file or audit_path()
        recorded = _find_recorded(read_entries(path) if path.exists() else (), target.settings.organization)
    missing = [text for key, text in made.items() if key not in recorded]
    since = datetime.now(UTC) - timedelta(days=days)
    gone = [f"{kind} {number}" for (kind, number), at in recorded.items() if (kind, number) not in made and at > since]
    _list("In the service and NOT in the record", missing, "bold red")
    _list("In both", [text for key, text in made.items() if key in recorded], "green")
    _list("In the record and not found in the service (deleted, or not visible to this token)", gone, "yellow")
    if not made and not gone:
        terminal.console().print(terminal.plain(f"This account created nothing in the last {days} days."))
    if missing:
        click.get_current_context().exit(DIFFERS)


def _existing(file: Path | None) -> Path:
    path = file or audit_path()
    if not path.exists():
        raise click.ClickException(
            f"There is no record at {path}. Either nothing was done yet, or the record is in another file."
        )
    return path


def _about(details: Mapping[str, object]) -> str:
    """Write the details on one line, the most important first."""
    first = [str(details[name]) for name in _FIRST if name in details]
    rest = {
        name: value for name, value in details.items() if name not in {"tool", "project", "approver", "organization"}
    }
    digest = str(rest.pop("digest", ""))[:12]
    texts = [f"{name}={_short(value)}" for name, value in rest.items()]
    return "  ".join([*first, *texts, *([f"#{digest}"] if digest else [])])


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _find_recorded(found: Iterable[Entry], organization: str) -> dict[tuple[str, int], datetime]:
    """Return what was created in an organization according to the record: kind and number, and the time."""
    made: dict[tuple[str, int], datetime] = {}
    for entry in found:
        result, kind = entry.details.get("result"), entry.details.get("made")
        here = entry.event == "written" and entry.details.get("organization") == organization
        if here and kind is not None and isinstance(result, dict) and isinstance(result.get("id"), int):
            made[str(kind), int(str(result["id"]))] = entry.at
    return made


def _work_items(client: AzureDevOps, days: int) -> dict[tuple[str, int], str]:
    mine = f"[System.CreatedBy] = @Me AND [System.CreatedDate] >= @Today - {days}"
    wiql = f"SELECT [System.Id] FROM WorkItems WHERE {mine} ORDER BY [System.Id] DESC"  # noqa: S608 - WIQL of a number
    found: dict[tuple[str, int], str] = {}
    cursor: str | None = None
    while True:
        page = query_work_items.call_sync(client, wiql=wiql, limit=200, cursor=cursor)
        found.update({("work item", row.id): f"work item {row.id}: {row.type}, {row.title}" for row in page.items})
        if (cursor := page.cursor) is None:
            return found


def _pull_requests(client: AzureDevOps, days: int) -> dict[tuple[str, int], str]:
    since = datetime.now(UTC) - timedelta(days=days)
    found: dict[tuple[str, int], str] = {}
    for project in client.run_sync(client.project_names(strict=True)):
        cursor: str | None = None
        while True:
            page = list_pull_requests.call_sync(
                client, project=project, author="@me", status="all", limit=100, cursor=cursor
            )
            rows = [row for row in page.items if row.created >= since]
            found.update({("pull request", row.id): f"pull request {row.id}: {project}, {row.title}" for row in rows})
            if (cursor := page.cursor) is None or len(rows) < len(page.items):
                break
    return found


def _list(title: str, lines: Iterable[str], style: str) -> None:
    out = terminal.console()
    if shown := list(lines):
        out.print(terminal.plain(f"{title}:", style))
        for line in shown:
            out.print(terminal.one_line_text(f"  {line}"))
