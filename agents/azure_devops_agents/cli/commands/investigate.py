"""`azure-devops-agent investigate`: one question, its steps on standard error, its report on standard output."""

from pathlib import Path

import click

from azure_devops_agents.cli.options import (
    AgentOptions,
    ConnectionOptions,
    Via,
    agent_options,
    connection_options,
    report_option,
    via_option,
)


@click.command
@click.argument("question")
@agent_options
@click.option("--thread", help="Continue an earlier thread.")
@click.option(
    "--plan",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A write plan (JSON). Writes that it names are carried out without asking; all others are refused.",
)
@click.option("--json", "as_machine", is_flag=True, help="Print the report and the evidence as JSON.")
@click.option(
    "--fact", "facts", multiple=True, metavar="NAME[=MEANING]", help='A fact to state, such as author="a person".'
)
@report_option
@via_option
@connection_options
def command(
    options: ConnectionOptions,
    question: str,
    agent: AgentOptions,
    thread: str | None,
    plan: Path | None,
    as_machine: bool,
    facts: tuple[str, ...],
    reports: tuple[Path, ...],
    via: Via,
) -> None:
    """Answer one question with evidence. You approve every write."""
    from azure_devops_agents.cli.one_question import investigate
    from azure_devops_agents.reports.report import ask_for_facts

    meanings = {name.strip(): meaning.strip() for name, _, meaning in (fact.partition("=") for fact in facts)}
    if "" in meanings:
        raise click.BadParameter('a fact needs a name, such as author="a person".', param_hint="--fact")
    question = ask_for_facts(question, meanings)
    investigate(
        options, question, agent=agent, thread=thread, plan=plan, as_machine=as_machine, reports=reports, via=via
    )
