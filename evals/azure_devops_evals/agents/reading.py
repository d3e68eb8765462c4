"""Read what any graph left behind: its answer, its evidence, and what a check of the suite can be applied to."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from azure_devops_agents.reports.quotes import QuoteFinder
from azure_devops_agents.reports.report import SECTIONS, plain_report
from azure_devops_evals.case import Check, Needs, Outcome
from langchain_azure_devops.tools import TOOLS

_FACT = re.compile(r"\W*(?P<name>[A-Za-z]\w*(?:[ -]\w+){0,5})\W*?\s*[:|]\s*(?P<value>[^|]+?)[\s|]*$")


def find_report(state: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the report in the structure of ours, from the state or the last message; None when there is none."""
    last = next((one for one in reversed(state.get("messages", [])) if isinstance(one, AIMessage)), None)
    for found in (state.get("report"), last.additional_kwargs.get("report") if last else None):
        if isinstance(found, Mapping) and {"answer", "verdict", "unverified", *SECTIONS} <= found.keys():
            return found
    return None


def find_answer(messages: Sequence[AnyMessage]) -> str:
    """Return the text of the last message when the model wrote it and calls no tool in it."""
    last = messages[-1] if messages else None
    return str(last.text).strip() if isinstance(last, AIMessage) and not last.tool_calls else ""


def list_evidence(messages: Sequence[AnyMessage], writers: frozenset[str]) -> dict[str, dict[str, Any]]:
    """Return the tool messages in their order as E1, E2 and so on, with the fields of our evidence that checks read.

    Args:
        messages: The conversation.
        writers: The tools that write. What they answered without an error counts as written.
    """
    answers = [message for message in messages if isinstance(message, ToolMessage)]
    calls = {call["id"]: call for one in messages if isinstance(one, AIMessage) for call in one.tool_calls}
    found: dict[str, dict[str, Any]] = {}
    for number, message in enumerate(answers, 1):
        call: Mapping[str, Any] = calls.get(message.tool_call_id) or {"name": message.name, "args": {}}
        told = message.artifact.get("status") if isinstance(message.artifact, Mapping) else None
        status = "error" if message.status == "error" else str(told or "ok")
        if message.status != "error" and call["name"] in writers:
            status = "written"
        found[f"E{number}"] = {
            "id": f"E{number}",
            "call": message.tool_call_id,
            "tool": str(call["name"]),
            "arguments": call["args"],
            "status": status,
            "text": str(message.text),
        }
    return found


def read_answer(answer: str, evidence: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a report of a plain answer: each block quote is a statement, and is looked for in all evidence.

    Each line `name: value`, and each row of a table of two cells, is a fact.
    """
    finder = QuoteFinder({name: str(entry["text"]) for name, entry in evidence.items()})
    report: dict[str, Any] = {**plain_report(answer, ""), "unverified": [], "coverage": {}}
    report["facts"] = [
        {"name": match["name"], "values": [match["value"]]}
        for line in answer.split("\n")
        if (match := _FACT.match(line))
    ]
    for quote in _block_quotes(answer):
        found = finder.find(quote, evidence)
        row = {"statement": quote, "evidence": [found.evidence_id] if found else [], "quote": quote}
        report["observed" if found else "unverified"].append(row)
    return report


def _block_quotes(text: str) -> Iterator[str]:
    lines: list[str] = []
    for line in [*text.split("\n"), ""]:
        if line.lstrip().startswith(">"):
            lines.append(line.lstrip()[1:].removeprefix(" "))
        elif lines:
            yield "\n".join(lines)
            lines = []


def applicable_checks(checks: Sequence[Check], outcome: Outcome, *, structured: bool) -> tuple[Check, ...]:
    """Return the checks that apply to an outcome.

    Args:
        checks: All checks of a case.
        outcome: The outcome.
        structured: Whether the agent gave a report in the structure of ours.
    """
    quotes = any(outcome.report[section] for section in (*SECTIONS, "unverified"))
    known: Mapping[Needs, bool] = {
        "report": structured,
        "plain answer": not structured,
        "quotes": structured or quotes,
        "tools": not outcome.tools or bool(outcome.tools & TOOLS.keys()),
        "warnings": all("untrusted_read" in view for view in outcome.approval_requests),
    }
    return tuple(check for check in checks if check.needs is None or known[check.needs])


def answered() -> Check:
    """Check that the conversation ends with an answer."""

    def failure(outcome: Outcome) -> str | None:
        return None if str(outcome.report["answer"]).strip() else "the last message is no answer of the model"

    return Check("the conversation ends with an answer", failure)


def equipped() -> Check:
    """Check that the model was offered tools."""

    def failure(outcome: Outcome) -> str | None:
        return None if outcome.tools or outcome.evidence else "the agent offered its model no tools"

    return Check("the model is offered tools", failure)


def informed(phrases: Sequence[str]) -> Check:
    """Check that the answer holds one of these phrases and a tool answered with it, so that it is not a guess."""

    def failure(outcome: Outcome) -> str | None:
        said = str(outcome.report["answer"]).lower()
        read = "\n".join(str(entry["text"]) for entry in outcome.evidence.values()).lower()
        known = [phrase for phrase in phrases if phrase.lower() in said and phrase.lower() in read]
        return None if known else "the answer says nothing that a tool answered"

    return Check("the answer says something that a tool answered", failure, needs="plain answer")
