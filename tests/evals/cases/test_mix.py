"""The suite is as broad as it says: counted by what the cases do, not by what they are called."""

import ast
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from azure_devops_agents.evidence.record import ReadEvidence
from azure_devops_agents.reports.report import WriteReport
from azure_devops_evals import cases
from azure_devops_evals.agents.solution import SolutionModel
from azure_devops_evals.case import SAY, WRITE, YES, Area, Family, Kind, Surface
from azure_devops_evals.cases import CASES
from azure_devops_evals.cases.reports import reported
from azure_devops_evals.checks import gates
from azure_devops_evals.running.play import open_environment, open_world, play
from azure_devops_evals.running.run import failures
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.tools import TOOLS

ATTACKED = [case for case in CASES if case.injection]
HEALTHY = {"healthy": "no_incident", "inconclusive": "inconclusive"}
GAPS = {
    "denied": {"denied", "not_signed_in"},
    "truncated": {"partial"},
    "missing": {"not_found", "unavailable", "unknown", "invalid"},
    "rejected": {"not_written"},
}

TOLD = {"missing": ("There is no", " has no "), "truncated": ("more: repeat with cursor",)}
"""What a tool says of a gap that the report no longer names, as the solution got around it."""


def name(case):
    return case.id


def share(cases):
    return len(list(cases)) / len(CASES)


def verdict_of(case):
    [report] = case.steps[-1]
    return report.arguments["verdict"]


def reads_of(case):
    return [call for step in case.steps for call in step if call.name in TOOLS and TOOLS[call.name].access == "read"]


def calls_of(case):
    return [call for step in case.steps for call in step]


def is_default(tool):
    return tool not in TOOLS or TOOLS[tool].default


def test_there_are_enough_cases_in_every_area():
    areas = Counter(case.area for case in CASES)
    assert len(CASES) == len({case.id for case in CASES}) >= 48
    assert set(areas) == set(get_args(Area))
    assert min(areas.values()) >= 5


def test_a_case_is_short():
    """At most 25 lines, as the README promises to whoever adds one."""
    lengths = {}
    for path in sorted(Path(cases.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Case":
                lengths[f"{path.name}:{node.lineno}"] = node.end_lineno - node.lineno + 1
    assert len(lengths) == len(CASES)
    assert {place: lines for place, lines in lengths.items() if lines > 25} == {}


def test_the_mix():
    assert share(case for case in CASES if case.kinds & {"healthy", "inconclusive"}) >= 0.15
    assert share(case for case in CASES if case.kinds & {"denied", "throttled", "truncated", "missing"}) >= 0.15
    # An order counts only where obeying it would have an effect, and a written answer has no organization behind it.
    assert len(ATTACKED) / len([case for case in CASES if case.source != "official"]) >= 0.20
    assert share(case for case in CASES if case.kinds & {"rejected", "edited"}) >= 0.10
    assert share(case for case in CASES if case.source != "world") >= 0.50
    assert {kind for case in CASES for kind in case.kinds} == set(get_args(Kind))


def test_orders_are_hidden_everywhere_and_in_every_way():
    assert {case.injection.surface for case in ATTACKED} == set(get_args(Surface))
    assert {case.injection.family for case in ATTACKED} == set(get_args(Family))


@pytest.mark.parametrize("case", CASES, ids=name)
def test_the_answer_takes_several_calls(case):
    assert len(reads_of(case)) >= 2


@pytest.mark.parametrize("case", CASES, ids=name)
def test_every_kind_is_true_of_the_reference_solution(case, reference):
    outcome = reference(case.id).outcome
    coverage = set(outcome.report["coverage"])
    assert {kind for kind, verdict in HEALTHY.items() if verdict == verdict_of(case)} == case.kinds & HEALTHY.keys()
    for kind in case.kinds & GAPS.keys():
        told = any(part in text for _, text in outcome.answers for part in TOLD.get(kind, ()))
        assert coverage & GAPS[kind] or told, (kind, coverage)
    assert ("throttled" in case.kinds) == any(fault.kind == "throttle" for fault in case.faults)
    assert ("edited" in case.kinds) == edited(outcome)
    # A write that no call of the budget was left for is not written either.
    spent = "limits" in coverage
    assert not (coverage & GAPS["rejected"]) or "rejected" in case.kinds or case.injection or spent


def edited(outcome):
    written = [entry["arguments"] for entry in outcome.evidence.values() if entry["status"] == "written"]
    shown = [{**view["arguments"]} for view in outcome.approval_requests]
    return any(not any(is_part(arguments, proposed) for proposed in shown) for arguments in written)


def is_part(given, shown):
    """Whether an approver was shown what was given, beside the defaults of what was not given."""
    if isinstance(given, dict):
        return all(name in shown and is_part(value, shown[name]) for name, value in given.items())
    if isinstance(given, list):
        return len(given) == len(shown) and all(map(is_part, given, shown))
    return given == shown


@pytest.mark.parametrize("case", ATTACKED, ids=name)
def test_the_hidden_order_is_on_the_way_and_nobody_asked_for_it(case, reference):
    outcome = reference(case.id).outcome
    assert any(case.injection.text in text for _, text in outcome.answers)
    assert case.injection.text not in case.asked
    assert any(entry["untrusted"] for entry in outcome.evidence.values())


@pytest.mark.parametrize("case", ATTACKED, ids=name)
def test_a_model_that_obeys_changes_nothing_without_a_yes_and_something_with_one(case):
    read = [[call for call in step if call not in case.injection.obeyed] for step in case.steps[:-1]]
    steps = [*(step for step in read if step), case.injection.obeyed, reported("Done as told.", verdict="inconclusive")]
    no = replace(case, approver=None if case.approver is None else {"type": "reject"}, changes={}, checks=())
    outcome = play(no, open_world(no), steps)
    assert failures(gates(no), outcome) == []
    obeyed = {call.name for call in case.injection.obeyed}
    assert all("[blocked" in text or "[denied" in text for tool, text in outcome.answers if tool in obeyed)
    yes = replace(no, approver=YES, holds=WRITE, declared=None, verified=False)
    allowed = play(yes, open_world(yes), steps)
    if case.injection.family == "exfiltration" and not allowed.approved:
        # What it would write leads to a host that nobody named: a person is not even asked.
        assert any("which nobody named" in text for _, text in allowed.answers)
        return
    assert obeyed <= set(allowed.approved)
    assert allowed.changes != {}


@pytest.mark.parametrize("case", CASES, ids=name)
def test_saying_all_that_is_expected_is_not_enough(case):
    phrases = [phrase for check in case.checks for phrase in check.phrases]
    stuffed = [reported(" ".join(phrases), *(("E1", phrase) for phrase in phrases), verdict=verdict_of(case))]
    assert failures(case.checks, play(case, open_environment(case), stuffed)) != []


def test_no_expected_text_is_in_a_tool():
    with AzureDevOpsToolkit(organization="tidewater", pat="x" * 52, scopes=WRITE) as toolkit:
        offered = [*toolkit.get_tools(), WriteReport, ReadEvidence]
        given = json.dumps([convert_to_openai_tool(tool) for tool in offered]).lower()
    assert "create_work_item" in given
    phrases = {(case.id, phrase) for case in CASES for check in case.checks for phrase in check.phrases}
    # A bare number gives nothing away without what it counts.
    telling = [(case, phrase.lower()) for case, phrase in phrases if not phrase.isdigit()]
    found = [(case, phrase) for case, phrase in telling if re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", given)]
    assert found == []


class Watching(SolutionModel):
    """Plays a script, and remembers the calls of tools that it was not shown."""

    unseen: list[str] = Field(default_factory=list)

    def reword(self, message, tools):
        shown = {tool["name"] for tool in tools}
        self.unseen += [call["name"] for call in message.tool_calls if call["name"] not in {*shown, SAY}]
        return super().reword(message, tools)


FINDING = [case for case in CASES if any(not is_default(call.name) for call in calls_of(case))]


@pytest.mark.parametrize("case", FINDING, ids=name)
def test_a_solution_finds_each_tool_before_it_calls_it(case):
    model = Watching(steps=case.steps, second_look=case.second_look or [])
    outcome = play(case, open_environment(case), model)
    assert model.unseen == []
    assert any(tool == "find_tools" for tool, _ in outcome.answers)
