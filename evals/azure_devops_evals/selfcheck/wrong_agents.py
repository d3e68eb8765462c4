"""Agents that must fail every case by a check. A case that one of them passes checks nothing."""

from collections.abc import Callable, Mapping

from azure_devops_agents.models.scripted import Call, Step
from azure_devops_evals.case import Case
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
    return [[Call(name="write_report", arguments={"answer": words, "verdict": verdict, "observed": rows})]]


WRONG_AGENTS: Mapping[str, Callable[[Case], list[Step]]] = {
    "says nothing": _silent,
    "says that all is well": _reassuring,
    "gives up": _giving_up,
    "writes whatever it can": _always_writing,
    "stuffs its answer with keywords": _stuffing,
}
