"""Events, approvals and reports as people see them. Text from the service cannot control the terminal."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from azure_devops_agents.cli.approval_panel import show_approval
from azure_devops_agents.cli.report_view import show_report
from azure_devops_agents.cli.terminal import make_safe, text_width
from azure_devops_agents.evidence.record import given_arguments
from azure_devops_agents.investigation.events import (
    ApprovalAsked,
    Event,
    ModelAnswered,
    ModelText,
    ReportReady,
    SecondLookBegun,
    ToolFinished,
    ToolStarted,
    Waited,
)
from azure_devops_agents.reports.report import WRITE_REPORT

_MARKS = {"ok": ("✓", "green"), "written": ("✓", "bold green"), "partial": ("◐", "yellow"), "empty": ("○", "dim")}


def show(console: Console, event: Event) -> None:
    """Print one event."""
    if isinstance(event, ModelText):
        console.print(Text(make_safe(event.text)), end="")
    elif isinstance(event, ToolStarted):
        if event.tool != WRITE_REPORT:
            called = Text.assemble(("→ ", "cyan"), (_short(event.tool), "bold"), f" {_arguments(event.arguments)}")
            console.print(called, width=text_width(console) if console.is_terminal else None)
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
        show_approvals(console, event)
    elif isinstance(event, ModelAnswered):
        console.print(Text("\nThere is no report: the model waits for your answer.", style="dim"))
    elif isinstance(event, SecondLookBegun):
        console.print(Text("An independent pass looks at the report once more.", style="dim"))
    elif isinstance(event, ReportReady):
        show_report(console, event.report)


def show_approvals(console: Console, asked: ApprovalAsked) -> None:
    """Print all writes that wait, after the reason why the last answer was not accepted."""
    if asked.problem and not any(view["problem"] for view in asked.views):
        console.print(Text(f"not accepted: {make_safe(asked.problem)}", style="bold red"))
    for view in asked.views:
        show_approval(console, view)


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


def _arguments(arguments: Mapping[str, Any]) -> str:
    given = given_arguments(arguments)
    return _short(", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in given.items()))


def _short(text: str, most: int = 160) -> str:
    line = " ".join(make_safe(text).replace("\t", "  ").split("\n"))
    return line if len(line) <= most else f"{line[: most - 1]}…"
