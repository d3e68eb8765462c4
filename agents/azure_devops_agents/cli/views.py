"""Events, approvals and reports as people see them. Text from the service cannot control the terminal."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from langchain_core.messages import AIMessage
from rich.console import Console
from rich.text import Text

from azure_devops_agents.cli.approval_panel import show_approval
from azure_devops_agents.cli.terminal import machine_readable, make_safe
from azure_devops_agents.investigation.events import (
    ApprovalAsked,
    Event,
    ModelAnswered,
    ModelText,
    ReportReady,
    ToolFinished,
    ToolStarted,
    Waited,
)
from azure_devops_agents.investigation.investigator import Investigator

_MARKS = {"ok": ("✓", "green"), "written": ("✓", "bold green"), "partial": ("◐", "yellow"), "empty": ("○", "dim")}
_SECTIONS = {
    "observed": "Observed",
    "inferred": "Inferred",
    "hypotheses_rejected": "Hypotheses rejected",
    "not_determined": "Not determined",
    "unverified": "Not verified",
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
        show_approvals(console, event)
    elif isinstance(event, ModelAnswered):
        console.print(Text("\nThere is no report: the model waits for your answer.", style="dim"))
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


def as_json(investigator: Investigator, thread: str) -> str:
    """Return the report and the evidence of a thread as JSON, with the last words of the model in `message`."""
    state = investigator.state(thread)
    spoken = [str(message.text) for message in state.get("messages", []) if isinstance(message, AIMessage)]
    told = {"report": state.get("report"), "message": spoken[-1] if spoken else ""}
    return machine_readable({**told, "evidence": list(investigator.evidence(thread).values())})


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
