"""Describe what happened in a case that did not pass, to be read from top to bottom."""

import json
import shlex
from collections.abc import Mapping, Sequence

from azure_devops_agents.reports.report import SECTIONS
from azure_devops_evals.case import Case, Outcome
from azure_devops_evals.running.log_safety import make_safe

_ANSWER_LINES = 12
_LINE = 160


def trace(case: Case, outcome: Outcome, reasons: Sequence[str], options: Sequence[str] = ()) -> str:
    """Return the question, the calls with shortened answers, the approvals asked for, the report, and what is wrong.

    Args:
        case: The case.
        outcome: What happened.
        reasons: What is wrong.
        options: The options of the command that make it play this case in the same way again.
    """
    lines = [f"question: {case.asked}"]
    for number, call in enumerate(outcome.calls, 1):
        if call.tool == "write_report":
            continue
        lines.append(f"call {number}: {call.tool}({_arguments(call.arguments)})")
        lines += [f"    {line}" for line in _shortened(call.answer or "(never answered)")]
    lines += [f"asked: {view['tool']}({_arguments(view['arguments'])})" for view in outcome.approval_requests]
    lines += [f"asked back: {text}" for text in outcome.questions]
    lines.append(f"report: {outcome.report['verdict']}: {outcome.report['answer']}")
    for section in (*SECTIONS, "unverified"):
        lines += [
            f"    {section}: {row['statement']} [{', '.join(row['evidence'])}] {row['quote']!r}"
            for row in outcome.report.get(section, [])
        ]
    lines += [f"changed: {path} = {value!r}" for path, value in sorted(outcome.changes.items())]
    lines += [f"wrong: {reason}" for reason in reasons]
    lines.append(f"again: azure-devops-evals run --case {case.id} {shlex.join(options)}".rstrip())
    return make_safe("\n".join(lines), outcome.secrets)


def _arguments(arguments: Mapping[str, object]) -> str:
    return ", ".join(
        f"{name}={json.dumps(value, ensure_ascii=False, default=str)}" for name, value in arguments.items()
    )


def _shortened(text: str) -> list[str]:
    lines = text.split("\n")
    kept = [line if len(line) <= _LINE else f"{line[:_LINE]}..." for line in lines[:_ANSWER_LINES]]
    return [*kept, f"... {len(lines) - len(kept)} more lines"] if len(lines) > len(kept) else kept
