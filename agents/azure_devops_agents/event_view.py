"""Events, approvals and reports as people see them; nothing that was read acts on the terminal."""

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from azure_devops_agents.investigation.investigator import (
    ApprovalAsked,
    Event,
    ModelText,
    ToolFinished,
    ToolStarted,
    Waited,
)
from azure_devops_agents.terminal import shown

_MARKS = {"ok": ("✓", "green"), "written": ("✓", "bold green"), "partial": ("◐", "yellow"), "empty": ("○", "dim")}
_SECTIONS = {
    "observed": "Observed",
    "inferred": "Inferred",
    "ruled_out": "Ruled out",
    "not_determined": "Not determined",
    "unverified": "Unverified: the quote was not found",
}
_GAPS = {
    "partial": "Read in part",
    "not_written": "Not written",
    "written": "Written",
    "limits": "Limits",
    "unknown": "Outcome unknown",
}


def show(console: Console, event: Event) -> None:
    """Print one event."""
    if isinstance(event, ModelText):
        console.print(Text(shown(event.text)), end="")
    elif isinstance(event, ToolStarted):
        if event.tool != "write_report":
            console.print(Text.assemble(("→ ", "cyan"), (event.tool, "bold"), f" {_arguments(event.arguments)}"))
    elif isinstance(event, Waited):
        console.print(Text(f"  … {event.text}", style="yellow"))
    elif isinstance(event, ToolFinished):
        mark, style = _MARKS.get(event.status, ("✗", "red"))
        console.print(
            Text.assemble("  ", (f"{mark} {event.evidence_id} ", style), _short(event.summary)),
            overflow="ellipsis",
            no_wrap=True,
        )
    elif isinstance(event, ApprovalAsked):
        show_approval(console, event.view)
    else:
        show_report(console, event.report)


def show_approval(console: Console, view: Mapping[str, Any]) -> None:
    """Print everything a person needs for the decision."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    current = view.get("current") or {}
    for name, value in view["arguments"].items():
        now = f"\n(now: {_plain(current[name])})" if name in current else ""
        table.add_row(Text(name), Text(f"{_plain(value)}{now}"))
    if view["hidden_characters"]:
        table.add_row(Text("hidden characters", style="bold red"), Text(_plain(view["hidden_characters"])))
    if view["untrusted_read"]:
        table.add_row(Text("note", style="yellow"), Text("Text that people and builds wrote was read before this."))
    where = f" in project {view['project']}" if view.get("project") else ""
    console.print(
        Panel(table, title=Text(f"May {view['tool']} write{where}?"), border_style="yellow", title_align="left")
    )


def show_report(console: Console, report: Mapping[str, Any]) -> None:
    """Print a report."""
    console.print()
    console.rule(Text(f"Report: {report['verdict'].replace('_', ' ')}"), align="left")
    console.print(Text(shown(str(report["answer"]))))
    for section, title in _SECTIONS.items():
        if report.get(section):
            console.print(Text(f"\n{title}", style="bold"))
        for statement in report.get(section) or []:
            sources = ", ".join(statement["evidence"])
            console.print(
                Text.assemble("• ", shown(statement["statement"]), (f" [{sources}]" if sources else "", "cyan"))
            )
            quote = " ".join(shown(statement["quote"]).split())
            if quote and quote not in " ".join(shown(statement["statement"]).replace("|", " ").split()):
                console.print(Text(f"    “{quote}”", style="dim"))
    gaps = report.get("coverage") or {}
    if gaps:
        console.print(Text("\nCoverage", style="bold"))
    for status, entries in gaps.items():
        for entry in entries:
            console.print(
                Text.assemble(
                    "• ",
                    (f"{_GAPS.get(status, status.replace('_', ' '))}: ", "bold"),
                    _short(entry.split("; more: repeat", 1)[0]),
                )
            )


def _arguments(arguments: Mapping[str, Any]) -> str:
    given = {name: value for name, value in arguments.items() if value not in (None, [], "")}
    return _short(", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in given.items()))


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return shown(value)
    return shown(json.dumps(value, ensure_ascii=False, default=str))


def _short(text: str, most: int = 160) -> str:
    line = " ".join(shown(text).replace("\t", "  ").split("\n"))
    return line if len(line) <= most else f"{line[: most - 1]}…"
