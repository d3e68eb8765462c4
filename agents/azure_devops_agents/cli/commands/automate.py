"""`automate`: show the plan of an automation; with --apply and an approval, carry it out exactly."""

from collections import Counter
from typing import Any

import click
from pydantic import BaseModel

from azure_devops_agents.automations import AUTOMATIONS
from azure_devops_agents.automations.automation import Automation, Plan, carry_out
from azure_devops_agents.cli import terminal
from azure_devops_agents.cli.inputs import describe_arguments, inputs_from, parameters_of
from azure_devops_agents.cli.options import ConnectionOptions, connection_options
from langchain_azure_devops.errors import WriteBlocked

NOT_APPROVED = 1
"""The exit code when a person said no."""


@click.group
def command() -> None:
    """Show the writes of an automation, and carry them out once you approve them.

    The plan is shown before anything happens; without --apply that is all. A second run writes nothing.
    """


def command_of(automation: Automation[Any]) -> click.Command:
    """Derive the command of an automation from its inputs.

    Raises:
        TypeError: An input has the name of an option that every automation has, or a type without a form here.
    """
    summary = automation.summary
    about = f"{summary}\n\n\b\n{describe_arguments(automation.inputs)}"
    parameters = parameters_of(automation.inputs)

    @click.command(automation.name, help=about, short_help=summary)
    @connection_options
    @click.option("--apply/--dry-run", "apply", default=False, help="Carry the plan out, or only show it (default).")
    @click.option("--yes", is_flag=True, help="Approve the plan without being asked.")
    def run(options: ConnectionOptions, apply: bool, yes: bool, **given: object) -> None:
        inputs = inputs_from(automation.inputs, given, parameters)
        _run(automation, options, inputs, apply=apply, yes=yes)

    if taken := {parameter.name for parameter in run.params} & {parameter.name for parameter in parameters}:
        raise TypeError(f"{automation.name}: every automation has {', '.join(sorted(map(str, taken)))} already.")
    run.params.extend(parameters)
    return run


def _run(automation: Automation[Any], options: ConnectionOptions, inputs: BaseModel, *, apply: bool, yes: bool) -> None:
    out = terminal.console()
    with options.open() as target, target.client() as client:
        if apply and target.only_reads:
            raise WriteBlocked(
                "--apply needs to write, but this connection only reads (--read-only, or a borrowed token)."
            )
        plan = automation.plan(client, inputs)
        _show(plan)
        if not plan.writes:
            out.print(terminal.plain("Nothing to write."))
            return
        out.print(terminal.plain(f"Write plan {plan.write_plan(client).digest[:12]}", "dim"))
        if not apply:
            out.print(terminal.plain("Nothing was written: --apply carries this plan out."))
            return
        if not _ask_approval(len(plan.writes), yes):
            click.echo("Nothing was written.", err=True)
            click.get_current_context().exit(NOT_APPROVED)
        done = 0
        try:
            with plan.hold():
                again = automation.plan(client, inputs)
                for step, result in carry_out(client, plan, again, "--yes" if yes else "terminal"):
                    done += 1
                    number = getattr(result, "id", "")
                    out.print(terminal.plain(f"{step.action}d {number}: {step.subject}"))
        finally:
            out.print(terminal.plain(f"{done} of {len(plan.writes)} written."))


def _ask_approval(writes: int, yes: bool) -> bool:
    if yes:
        return True
    if not terminal.interactive():
        raise WriteBlocked(
            "Nobody is at a terminal to approve the plan, so nothing was written. Give --yes to approve it."
        )
    return click.confirm(f"Carry out these {writes} writes?", default=False, err=True)


def _show(plan: Plan) -> None:
    out = terminal.console()
    for step in plan.steps:
        out.print(terminal.one_line_text(f"{step.action} {step.subject}", "" if step.tool is None else "bold"))
        if step.tool is not None:
            out.print(terminal.fields(step.details, 4))
    for note in plan.notes:
        out.print(terminal.plain(note, "dim"))
    counts = Counter(step.action for step in plan.steps)
    summary = ", ".join(f"{counts[action]} to {action}" for action in ("create", "update"))
    unsettled = f", {counts['unsettled']} unsettled" if counts["unsettled"] else ""
    out.print(terminal.plain(f"Plan: {summary}, {counts['unchanged']} unchanged{unsettled}."))


for _automation in AUTOMATIONS.values():
    command.add_command(command_of(_automation))
