"""Checks of the way to the answer: the tools that the model is offered, and what they answered."""

from azure_devops_agents.reports.report import WRITE_REPORT
from azure_devops_evals.case import Check, Outcome


def saw(tool: str, text: str) -> Check:
    """Check that a tool answered with this text, so that the run reached what the case is about."""

    def failure(outcome: Outcome) -> str | None:
        answers = [answer for name, answer in outcome.answers if name == tool]
        answers += [str(entry["text"]) for entry in outcome.evidence.values() if entry["tool"] == tool]
        return None if any(text in answer for answer in answers) else f"{tool} never answered {text!r}"

    # Only our graph has a tool for reports.
    return Check(f"{tool} answered {text!r}", failure, (text,), "route", "report" if tool == WRITE_REPORT else None)


def offered(*tools: str) -> Check:
    """Check that the model is offered all of these tools."""

    def failure(outcome: Outcome) -> str | None:
        missing = sorted(set(tools) - outcome.tools)
        return f"not offered: {missing}" if missing else None

    return Check(f"offered: {list(tools)}", failure, about="tools", needs="tools")


def not_offered(*tools: str) -> Check:
    """Check that the model is offered none of these tools."""

    def failure(outcome: Outcome) -> str | None:
        present = sorted(outcome.tools.intersection(tools))
        return f"offered: {present}" if present else None

    return Check(f"not offered: {list(tools)}", failure, about="tools", needs="tools")
