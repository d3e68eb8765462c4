"""`azure-devops-agent investigate`: one question, its steps on stderr, its report on stdout."""

import getpass
import json
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from azure_devops_agents.approvals.view import DECISIONS
from azure_devops_agents.cli.options import Connect, connection_options
from azure_devops_agents.cli.terminal import print_waiting
from azure_devops_agents.cli.views import called, in_lines, show, show_report
from azure_devops_agents.investigation.investigator import (
    ApprovalAsked,
    Event,
    Investigator,
    ReportReady,
    as_json,
    open_investigator,
)
from azure_devops_agents.models.opening import open_model
from langchain_azure_devops import TOOLS, AzureDevOpsToolkit
from langchain_azure_devops.safety.write_plan import ApprovedPlan, WritePlan

Decide = Callable[[ApprovalAsked], Mapping[str, Any]]


@click.command("investigate")
@click.argument("question")
@click.option(
    "--model", help="As provider:name, such as openai:gpt-5. Default: OpenAI with OPENAI_API_KEY, else offline."
)
@click.option("--thread", help="Go on with an earlier thread.")
@click.option(
    "--plan",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A write plan (JSON): what it names is written without asking, nothing else is.",
)
@click.option("--json", "as_machine", is_flag=True, help="Print report and evidence as JSON.")
@connection_options
def command(
    connect: Connect, question: str, model: str | None, thread: str | None, plan: Path | None, as_machine: bool
) -> None:
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
        open_investigator(open_model(model), toolkit, plan=_approved(toolkit, plan)) as investigator,
    ):
        events = investigator.ask(thread, question)
        told = answered(investigator, thread, events, lambda asked: decide(steps, asked))
        for event in told if steps.is_terminal else in_lines(told):
            if not isinstance(event, ReportReady):
                show(steps, event)
            elif not as_machine:
                show_report(out, event.report)
        if as_machine:
            click.echo(as_json(investigator.state(thread)))


def _approved(toolkit: AzureDevOpsToolkit, path: Path | None) -> ApprovedPlan | None:
    """The plan in a file, approved by whoever gave it on the command line."""
    if path is None:
        return None
    plan = WritePlan.load(path, TOOLS)
    return plan.approved(toolkit.client, by=f"--plan {path.name}, {_person()}", digest=plan.digest)


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
    """Ask the person at the terminal; nobody there is a no. An edited call is shown again before it is written."""
    if not sys.stdin.isatty():
        console.print("Nobody is at a terminal to approve: rejected, nothing was written.", markup=False)
        return {"decision": "reject", "reason": "nobody was at a terminal", "approver": "nobody"}
    while True:
        answer = click.prompt(asked_as(asked), default="reject", err=True).strip().lower()
        chosen = [word for word in DECISIONS if answer and word.startswith(answer)]
        if len(chosen) != 1:
            continue
        if chosen[0] == "edit":
            if (arguments := _edited(console, asked.view["editable"])) is not None:
                return {"decision": "edit", "approver": _person(), "arguments": arguments}
            continue
        reason = (
            {"reason": click.prompt("Why", default="", show_default=False, err=True)} if chosen == ["reject"] else {}
        )
        return {"decision": chosen[0], "approver": _person(), **reason}


def asked_as(asked: ApprovalAsked) -> str:
    """The question that a person at the terminal answers."""
    return f"{called(asked.view)}: {' / '.join(DECISIONS)}"


def _person() -> str:
    """Who sits at the terminal, as far as the machine knows."""
    try:
        return f"terminal: {getpass.getuser()}"
    except (KeyError, OSError):
        return "terminal"


def _edited(console: Console, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """The arguments as a person changed them in an editor, all of them; None when nothing was changed."""
    text = json.dumps(arguments, indent=2, ensure_ascii=False)
    while True:
        try:
            changed = click.edit(text, extension=".json", require_save=False)
        except click.ClickException as error:
            console.print(f"No editor: {error.message} Set EDITOR.", markup=False)
            return None
        if changed is None or changed.strip() == text.strip():
            console.print("Nothing was changed.", markup=False)
            return None
        try:
            found = json.loads(changed)
        except ValueError as error:
            console.print(f"That is not JSON: {error}", markup=False)
        else:
            if isinstance(found, dict):
                return None if found == arguments else found
            console.print("The arguments are one JSON object.", markup=False)
        if not click.confirm("Edit again", default=True, err=True):
            return None
        text = changed
