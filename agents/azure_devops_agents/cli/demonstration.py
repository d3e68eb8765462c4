"""Play a whole investigation in the simulator (`demo`), with a script in place of the model."""

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from rich.console import Console
from rich.text import Text

from azure_devops_agents.cli.decisions import Decide, answer_all, answer_approvals, ask_person, name_approver
from azure_devops_agents.cli.report_file import save_report
from azure_devops_agents.cli.target import SIMULATED_PROJECT, open_simulator
from azure_devops_agents.cli.terminal import SafeConsole, plain
from azure_devops_agents.cli.views import show
from azure_devops_agents.evidence.record import number_of
from azure_devops_agents.investigation.events import ApprovalAsked, Event, ReportReady, ToolFinished
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel, Step
from langchain_azure_devops.results import single
from langchain_azure_devops.tools.work_items import get_work_item

QUESTION = "platform-api-ci fails on main. Why, since when, and who changed what? File a bug for it."

BUG: dict[str, JsonValue] = {
    "type": "Bug",
    "title": "platform-api-ci fails on main: deploy/ci.env lacks DATABASE_TIMEOUT",
    "project": "Platform",
    "description": (
        "Since build 23 *Run unit tests* fails: `KeyError: 'DATABASE_TIMEOUT'`.\n\n"
        "Pull request 13 (Tom Becker) renamed the setting in `settings.py`. `deploy/ci.env` and "
        "`azure-pipelines.yml` still set the old name, `DB_TIMEOUT`: rename it in both."
    ),
    "tags": ["ci", "regression"],
}

STEPS: list[Step] = [
    [
        Call.to("list_builds", pipeline="platform-api-ci", branch="main", limit=8),
        Call.to("query_work_items", type="Bug", title="DATABASE_TIMEOUT"),
    ],
    [Call.to("get_build", ids=[35]), Call.to("get_build", ids=[23])],
    [
        Call.to("get_build_log", build=35, log=5, contains="KeyError"),
        Call.to("get_pull_request", ids=[13], include=["diff"]),
        Call.to("read_repository_file", repository="platform-api", path="/deploy/ci.env"),
        Call.to("search_code", text="DB_TIMEOUT"),
    ],
    [Call.to("create_work_item", **BUG)],
    [
        Call.to(
            "write_report",
            answer=(
                "platform-api-ci fails on main because pull request 13 renamed DB_TIMEOUT to DATABASE_TIMEOUT in the "
                "code, while deploy/ci.env, which the tests load, still sets the old name."
            ),
            verdict="answered",
            observed=[
                {
                    "statement": "The task 'Run unit tests' of build 35 fails.",
                    "evidence": ["E3"],
                    "quote": "Run unit tests\tBuild > Test\tfailed",
                },
                {
                    "statement": "The tests stop because the environment has no DATABASE_TIMEOUT.",
                    "evidence": ["E5"],
                    "quote": "KeyError: 'DATABASE_TIMEOUT'",
                },
                {
                    "statement": "Pull request 13 by Tom Becker renamed the setting.",
                    "evidence": ["E6"],
                    "quote": "Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings",
                },
                {
                    "statement": "The file that the test step loads still sets the old name.",
                    "evidence": ["E7"],
                    "quote": "DB_TIMEOUT=",
                },
            ],
            inferred=[
                {
                    "statement": "Build 23 is the first that fails: it is the one that brought pull request 13.",
                    "evidence": ["E4"],
                    "quote": "Merged PR 13: Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings",
                    "reasoning": "The build before it succeeded, and the change renames what the tests miss.",
                }
            ],
            hypotheses_rejected=[
                {
                    "statement": "There was no bug for it yet.",
                    "evidence": ["E2"],
                    "quote": "No work items found in Platform",
                }
            ],
        )
    ],
]


def demonstrate(*, yes: bool, reports: Sequence[Path] = ()) -> None:
    """Play the demo in this terminal.

    Args:
        yes: Approve the one write without asking.
        reports: The files to which the report is written as well.
    """
    console = SafeConsole()
    if yes:
        play(console, lambda asked: answer_all(asked, {"type": "approve"}), lambda: "--yes", reports)
    else:
        play(console, lambda asked: _ask(console, asked), name_approver, reports)


def play(console: Console, answer: Decide, approver: Callable[[], str], reports: Sequence[Path] = ()) -> None:
    """Investigate in a fresh simulated organization, and print every step to the console.

    Args:
        console: Shows what happens. The same decision prints the same text in every run.
        answer: Decides about the one write.
        approver: Names who decides.
        reports: The files to which the report is written as well.
    """
    say = "A local Azure DevOps with a made-up company. A script plays the model; all requests are real HTTP."
    console.print(Text(say, style="dim"))
    console.print(Text(f"\n{QUESTION}\n", style="bold"))
    with (
        tempfile.TemporaryDirectory() as folder,
        open_simulator(SIMULATED_PROJECT) as target,
        target.toolkit() as toolkit,
        open_investigator(
            ScriptedModel(steps=STEPS), toolkit, path=Path(folder) / "demo.sqlite", name_approver=approver
        ) as investigator,
    ):
        for event in _sort_results(answer_approvals(investigator, "demo", investigator.ask("demo", QUESTION), answer)):
            show(console, _without_time(event) if isinstance(event, ReportReady) else event)
        for path in reports:
            save_report(investigator, "demo", path)
            console.print(plain(f"The report is in {path}.", "dim"), soft_wrap=True)
        console.print()
        filed = [entry for entry in investigator.state("demo")["evidence"].values() if entry["status"] == "written"]
        if not filed:
            console.print(Text("not filed", style="bold yellow"))
            return
        number = int(filed[0]["data"]["id"])
        read_back = single(get_work_item.call_sync(toolkit.client, ids=[number]))
        console.print(
            Text(f"Filed and read back: {read_back.type} {read_back.id}, {read_back.title}", style="bold green")
        )


def _sort_results(events: Iterable[Event]) -> Iterator[Event]:
    """Yield the results of one turn in the order of their calls; they arrive in the order in which they end."""
    results: list[ToolFinished] = []
    for event in events:
        if isinstance(event, ToolFinished):
            results.append(event)
            continue
        yield from sorted(results, key=lambda result: number_of(result.evidence_id))
        results.clear()
        yield event
    yield from sorted(results, key=lambda result: number_of(result.evidence_id))


def _without_time(ready: ReportReady) -> ReportReady:
    """Leave out how long the question took, because every run of the demo prints the same text."""
    usage = {name: value for name, value in (ready.report.get("usage") or {}).items() if name != "seconds"}
    return replace(ready, report={**ready.report, "usage": usage})


def _ask(console: Console, asked: ApprovalAsked) -> Mapping[str, Any]:
    if sys.stdin.isatty():
        return ask_person(console, asked)
    console.print(Text("Nobody is at a terminal to approve the write. Use --yes to approve it.", style="yellow"))
    return answer_all(asked, {"type": "reject", "message": "nobody was at a terminal"})
