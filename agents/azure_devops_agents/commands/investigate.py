"""`azure-devops-agent investigate`: one question, its steps on stderr, its report on stdout."""

import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click
from rich.console import Console

from azure_devops_agents.approval import DECISIONS
from azure_devops_agents.event_view import show, show_report
from azure_devops_agents.investigation.investigator import (
    ApprovalAsked,
    Event,
    Investigator,
    ReportReady,
    as_json,
    open_investigator,
)
from azure_devops_agents.models import open_model
from azure_devops_agents.options import Connect, connection_options
from azure_devops_agents.terminal import print_waiting
from langchain_azure_devops import AzureDevOpsToolkit

Decide = Callable[[ApprovalAsked], Mapping[str, Any]]


@click.command("investigate")
@click.argument("question")
@click.option(
    "--model", help="As provider:name, such as openai:gpt-5. Default: OpenAI with OPENAI_API_KEY, else offline."
)
@click.option("--thread", help="Go on with an earlier thread.")
@click.option("--json", "as_machine", is_flag=True, help="Print report and evidence as JSON.")
@connection_options
def command(connect: Connect, question: str, model: str | None, thread: str | None, as_machine: bool) -> None:
    """Answer one question with evidence; a write is asked of you first."""
    steps, out = Console(stderr=True), Console()
    thread = thread or f"ask-{uuid.uuid4().hex[:8]}"
    with (
        connect.open() as target,
        AzureDevOpsToolkit.connect(
            settings=target.settings,
            read_only=target.only_reads,
            audit=target.audit_path,
            progress=print_waiting,
        ) as toolkit,
        open_investigator(open_model(model), toolkit) as investigator,
    ):
        events = investigator.ask(thread, question)
        for event in answered(investigator, thread, events, lambda asked: decide(steps, asked)):
            if not isinstance(event, ReportReady):
                show(steps, event)
            elif not as_machine:
                show_report(out, event.report)
        if as_machine:
            click.echo(as_json(investigator.state(thread)))


def answered(investigator: Investigator, thread: str, events: Iterator[Event], decide: Decide) -> Iterator[Event]:
    """All events of a question, each approval answered in between."""
    while True:
        asked: list[ApprovalAsked] = []
        for event in events:
            if isinstance(event, ApprovalAsked):
                asked.append(event)
            yield event
        if not asked:
            return
        events = investigator.answer(thread, {entry.interrupt_id: decide(entry) for entry in asked})


def decide(console: Console, asked: ApprovalAsked) -> Mapping[str, Any]:
    """Ask the person at the terminal; nobody there is a no."""
    if not sys.stdin.isatty():
        console.print("Nobody is at a terminal to approve: rejected, nothing was written.", markup=False)
        return {"decision": "reject", "reason": "nobody was at a terminal", "approver": "nobody"}
    while True:
        answer = click.prompt(f"{' / '.join(DECISIONS)}", default="reject", err=True).strip().lower()
        chosen = [word for word in DECISIONS if answer and word.startswith(answer)]
        if len(chosen) == 1:
            return {"decision": chosen[0], "approver": "terminal", **_details(chosen[0], asked.view)}


def _details(decision: str, view: Mapping[str, Any]) -> dict[str, Any]:
    """The reason of a rejection, the new arguments of an edit."""
    if decision == "reject":
        return {"reason": click.prompt("Why", default="", show_default=False, err=True)}
    if decision != "edit":
        return {}
    arguments = dict(view["arguments"])
    for name, value in arguments.items():
        if isinstance(value, str):
            arguments[name] = click.prompt(name, default=value, err=True)
    return {"arguments": arguments}
