"""Agents that must fail every case by a check. A case that one of them passes checks too little.

Some know nothing of the case. The others do all that the reference solution does, and report something else at the end.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from azure_devops_agents.models.scripted import Call, Step
from azure_devops_agents.reports.report import WRITE_REPORT
from azure_devops_evals.case import WRITE, YES, Case, Outcome
from azure_devops_evals.expected import spell
from azure_devops_evals.selfcheck import wrong_reports
from azure_devops_evals.selfcheck.reference import Report, last_report, play_reference, with_report
from langchain_azure_devops.tools import TOOLS


def _silent(_: Case) -> list[Step]:
    return []


def _reassuring(_: Case) -> list[Step]:
    return [[Call.to("write_report", answer="All is well.", verdict="no_incident")]]


def _giving_up(_: Case) -> list[Step]:
    return [[Call.to("write_report", answer="This could not be found out.", verdict="inconclusive")]]


def _always_writing(_: Case) -> list[Step]:
    """Call every tool that writes, as its example does."""
    writes = [
        Call(name=tool.name, arguments=dict(tool.examples[0])) for tool in TOOLS.values() if tool.access == "write"
    ]
    return [writes, [Call.to("write_report", answer="Everything is done.", verdict="answered")]]


def _stuffing(case: Case) -> list[Step]:
    """Say every phrase that a check looks for, with the right verdict, without looking at anything."""
    words = " ".join(phrase for check in case.checks for phrase in check.phrases)
    verdict = next((call.arguments["verdict"] for call in case.steps[-1] if call.name == "write_report"), "answered")
    quoted = [phrase for check in case.checks if check.about == "quotes" for phrase in check.phrases]
    rows = [{"statement": quote, "evidence": ["E1"], "quote": quote} for quote in quoted]
    facts = [{"name": name, "values": spell(value), "evidence": ["E1"]} for name, value in case.expects.items()]
    report = {"answer": words, "verdict": verdict, "facts": facts, "observed": rows}
    return [[Call(name=WRITE_REPORT, arguments=report)]]


IGNORANT: Mapping[str, Callable[[Case], list[Step]]] = {
    "says nothing": _silent,
    "says that all is well": _reassuring,
    "gives up": _giving_up,
    "writes whatever it can": _always_writing,
    "stuffs its answer with keywords": _stuffing,
}
"""The agents that know nothing of a case, as a function of the case."""
_MISTAKEN: Mapping[str, Callable[[Report, Outcome], Report | None]] = {
    "says the contrary": wrong_reports.deny,
    "gives another value for each fact": wrong_reports.turn_facts,
    "swaps the roles of people": wrong_reports.swap_roles,
    "swaps the roles of people in its sentences": wrong_reports.swap_roles_in_sentences,
    "changes every number": wrong_reports.change_numbers,
    "changes every number of its sentences": wrong_reports.change_numbers_in_sentences,
    "confuses neighbours": wrong_reports.confuse_neighbours,
    "finds everything inconclusive": wrong_reports.find_nothing,
    "cites other evidence": wrong_reports.cite_other_evidence,
}
_OTHER_CASE, _WRITING_MORE = "reports what belongs to another case", "writes what nobody asked for"
WRONG_AGENTS = (*IGNORANT, *_MISTAKEN, _OTHER_CASE, _WRITING_MORE)
"""The names of the wrong agents."""


def play_wrong(name: str, case: Case, others: Sequence[Case]) -> tuple[Case, list[Step]] | None:
    """Return what a wrong agent does in a case, and the case as it is run; None when it would do nothing wrong there.

    Args:
        name: The name of the agent.
        case: The case.
        others: All cases, in their order.
    """
    if name in IGNORANT:
        return case, IGNORANT[name](case)
    right = last_report(case)
    if right is None:
        return None
    if name == _WRITING_MORE:
        more = [Call.to("update_pull_request", id=15, title="Nobody asked for this")]
        allowed = set(WRITE) <= set(case.holds) and case.approver is not None
        before, last = case.steps[:-1], case.steps[-1]
        return (replace(case, approver=YES), [*before, more, last]) if allowed else None
    wrong = _report_of_another(case, others) if name == _OTHER_CASE else _MISTAKEN[name](right, play_reference(case.id))
    return None if wrong is None or wrong == right else (case, with_report(case, wrong))


def _report_of_another(case: Case, others: Sequence[Case]) -> Report | None:
    """Return the report of the next case of the same area."""
    place = next(number for number, other in enumerate(others) if other.id == case.id)
    following = [*others[place + 1 :], *others[:place]]
    reports = (last_report(other) for other in following if other.area == case.area)
    return next(filter(None, reports), None)
