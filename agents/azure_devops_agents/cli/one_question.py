"""Ask one question (`investigate`): show its steps, let a person decide about writes, and print the report."""

import uuid
from collections.abc import Sequence
from pathlib import Path

import click
from langchain_core.language_models import BaseChatModel

from azure_devops_agents.cli.decisions import answer_approvals, ask_person, name_approver, name_person
from azure_devops_agents.cli.options import AgentOptions, ConnectionOptions, Via
from azure_devops_agents.cli.report_file import as_json, save_report
from azure_devops_agents.cli.report_view import show_report
from azure_devops_agents.cli.terminal import SafeConsole, plain
from azure_devops_agents.cli.views import join_lines, show
from azure_devops_agents.investigation.events import ModelAnswered, ReportReady
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.providers import open_model
from azure_devops_agents.models.scripted import KeylessModel
from langchain_azure_devops import TOOLS, AzureDevOpsToolkit
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.safety import ApprovedPlan, WritePlan

ASKED_BACK = 20
"""The exit code when the model asks the person something in place of a report."""


def investigate(
    options: ConnectionOptions,
    question: str,
    *,
    agent: AgentOptions,
    thread: str | None,
    plan: Path | None,
    as_machine: bool,
    reports: Sequence[Path],
    via: Via,
) -> None:
    """Ask one question and print the report."""
    steps, out = SafeConsole(stderr=True), SafeConsole()
    opened = _open_model(agent.model, via)
    thread, answered = thread or f"ask-{uuid.uuid4().hex[:8]}", False
    with (
        options.open() as target,
        target.open_toolkit(via) as toolkit,
        open_investigator(
            opened,
            toolkit,
            budgets=agent.budgets(),
            plan=_load_plan(toolkit, plan),
            instructions=agent.load_instructions(),
            second_look=agent.second_look or None,
            name_approver=name_approver,
        ) as investigator,
    ):
        events = investigator.ask(thread, question)
        told = answer_approvals(investigator, thread, events, lambda asked: ask_person(steps, asked))
        for event in told if steps.is_terminal else join_lines(told):
            if isinstance(event, ReportReady):
                if not as_machine:
                    show_report(out, event.report)
                continue
            show(steps, event)
            if isinstance(event, ModelAnswered):
                answered = True
                if not as_machine:
                    out.print(plain(event.text))
        if as_machine:
            click.echo(as_json(investigator, thread))
        for path in () if answered else reports:
            save_report(investigator, thread, path)
            steps.print(plain(f"The report is in {path}.", "dim"), soft_wrap=True)
    if answered:
        steps.print(plain(f"Answer with: azure-devops-agent investigate --thread {thread} ..."), soft_wrap=True)
        click.get_current_context().exit(ASKED_BACK)


def _open_model(model: str | None, via: Via) -> BaseChatModel:
    """Open the model.

    Raises:
        InvalidRequest: There is none that knows the operations of the vendor's server.
    """
    opened = open_model(model)
    if via == "mcp" and isinstance(opened, KeylessModel):
        raise InvalidRequest(
            "--via mcp needs a language model: the rules without one know only the tools of this package. Give --model "
            "provider:name, or set OPENAI_API_KEY (and OPENAI_BASE_URL).",
            subject="model",
        )
    return opened


def _load_plan(toolkit: AzureDevOpsToolkit, path: Path | None) -> ApprovedPlan | None:
    """Load a write plan from a file; passing it on the command line approves it."""
    if path is None:
        return None
    plan = WritePlan.load(path, {**TOOLS, **toolkit.declarations})
    return plan.approved(toolkit.client, by=f"--plan {path.name}, {name_person()}", digest=plan.digest)
