"""Events, approvals and reports as people see them. Text from the service cannot control the terminal."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from azure_devops_agents.cli.terminal import machine_readable, make_safe
from azure_devops_agents.investigation.events import ApprovalAsked, Event, ModelText, ToolFinished, ToolStarted, Waited

_MARKS = {"ok": ("✓", "green"), "written": ("✓", "bold green"), "partial": ("◐", "yellow"), "empty": ("○", "dim")}
_MAX_SOURCES, _MAX_AUTHORS = 8, 4
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
        console.print(Text(make_safe(event.text)), end="")
    elif isinstance(event, ToolStarted):
        if event.tool != "write_report":
            console.print(
                Text.assemble(("→ ", "cyan"), (_short(event.tool), "bold"), f" {_arguments(event.arguments)}")
            )
    elif isinstance(event, Waited):
        console.print(Text(f"  … {make_safe(event.text)}", style="yellow"))
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


def join_lines(events: Iterable[Event]) -> Iterator[Event]:
    """Join the model's text to whole lines, because a pipeline command could be split over several pieces."""
    text = ""
    for event in events:
        if isinstance(event, ModelText):
            text += event.text
            head, end, rest = text.rpartition("\n")
            if end:
                yield ModelText(head + end)
            text = rest
        else:
            if text:
                yield ModelText(f"{text}\n")
            text = ""
            yield event
    if text:
        yield ModelText(f"{text}\n")


def summarize_write(view: Mapping[str, Any]) -> str:
    """Describe a waiting write in a few words, so that a person can tell it from others."""
    arguments = view["arguments"]
    about = arguments.get("id") or arguments.get("title") or ""
    return _short(f"{view['tool']} {about}".strip(), 48)


def show_approval(console: Console, view: Mapping[str, Any]) -> None:
    """Print everything a person needs for the decision: the write, the current state, and the texts read before."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    if view.get("problem"):
        table.add_row(Text("not accepted", style="bold red"), Text(_plain(view["problem"])))
    for name in ("id", "revision"):
        if name in view["arguments"]:
            table.add_row(Text(name), Text(_target(view, name)))
    for change in view["changes"]:
        table.add_row(Text(make_safe(change["field"])), _change(change))
    if view["hidden_characters"]:
        table.add_row(Text("hidden characters", style="bold red"), Text(_plain(view["hidden_characters"])))
    for entry in view["evidence"]:
        mark = ", text of people or builds" if entry["untrusted"] else ""
        table.add_row(Text("named evidence"), Text(f"{entry['id']} from {entry['tool']}{mark}"))
    if view["untrusted_read"]:
        table.add_row(Text("read before this", style="yellow"), Text(_sources(view["read_before"]), style="yellow"))
    where = f" in project {view['project']}" if view.get("project") else ""
    title = f"{'Edited: may' if view.get('edited') else 'May'} {view['tool']} write{where} of {view['organization']}?"
    console.print(Panel(table, title=Text(make_safe(title)), border_style="yellow", title_align="left"))


def _target(view: Mapping[str, Any], name: str) -> str:
    """Show the title of the target beside its number."""
    current = view.get("current") or {}
    if name == "id" and current.get("title"):
        return f"{view['arguments'][name]} ({_plain(current['title'])})"
    return str(view["arguments"][name])


def _change(change: Mapping[str, Any]) -> Text:
    """Show one field: the lines that differ, or the old and the new value."""
    if change["lines"]:
        text = Text()
        for line in change["lines"]:
            style = {"+": "green", "-": "red", "@": "dim"}.get(line[:1], "")
            text.append(f"{make_safe(line)}\n", style=style)
        text.rstrip()
        return text
    if not change["known"]:
        return Text(_plain(change["new"]))
    if change["old"] == change["new"]:
        return Text.assemble(_plain(change["new"]), (" (as it is now)", "dim"))
    return Text.assemble(
        (_plain(change["old"]) or "(empty)", "red"), " → ", (_plain(change["new"]) or "(empty)", "green")
    )


def _sources(read: Sequence[Mapping[str, Any]]) -> str:
    """List the authors of the texts that the model had read, because one of these may have told it what to write."""
    lines = ["Text that others wrote, and that may have led to this:"]
    for entry in read[:_MAX_SOURCES]:
        of = ", ".join(f"{name}={_plain(value)}" for name, value in entry["of"].items())
        people = f", by {', '.join((entry['authors'] or entry['by'])[:_MAX_AUTHORS])}"
        more = f" and {len(entry['authors']) - _MAX_AUTHORS} more" if len(entry["authors"]) > _MAX_AUTHORS else ""
        lines.append(_short(f"{entry['id']} {entry['tool']}({of}){people}{more}"))
    if len(read) > _MAX_SOURCES:
        lines.append(f"and {len(read) - _MAX_SOURCES} more results")
    return "\n".join(lines)


def show_report(console: Console, report: Mapping[str, Any]) -> None:
    """Print a report."""
    console.print()
    console.rule(Text(f"Report: {report['verdict'].replace('_', ' ')}"), align="left")
    console.print(Text(make_safe(str(report["answer"]))))
    for section, title in _SECTIONS.items():
        if report.get(section):
            console.print(Text(f"\n{title}", style="bold"))
        for statement in report.get(section) or []:
            sources = make_safe(", ".join(statement["evidence"]))
            console.print(
                Text.assemble("• ", make_safe(statement["statement"]), (f" [{sources}]" if sources else "", "cyan"))
            )
            quote = " ".join(make_safe(statement["quote"]).split())
            if quote and quote not in " ".join(make_safe(statement["statement"]).replace("|", " ").split()):
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
                    _short(entry),
                )
            )


def as_json(state: Mapping[str, Any]) -> str:
    """Return the report and the evidence of a thread as JSON."""
    return machine_readable({"report": state.get("report"), "evidence": list(state.get("evidence", {}).values())})


def _arguments(arguments: Mapping[str, Any]) -> str:
    given = {name: value for name, value in arguments.items() if value not in (None, [], "")}
    return _short(", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in given.items()))


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return make_safe(value)
    return make_safe(json.dumps(value, ensure_ascii=False, default=str))


def _short(text: str, most: int = 160) -> str:
    line = " ".join(make_safe(text).replace("\t", "  ").split("\n"))
    return line if len(line) <= most else f"{line[: most - 1]}…"
