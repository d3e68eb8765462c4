"""Check what a report says against the evidence that it cites."""

from collections.abc import Mapping
from typing import Any

from azure_devops_agents.reports.quotes import SHORTEST, QuoteFinder
from azure_devops_agents.reports.report import SECTIONS

_UNQUOTED = "it quotes nothing"
_UNCITED = "it cites no evidence"


def check_report(report: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Move every statement that its evidence does not support to `unverified`, with the `problem`.

    A statement that stays gets the place of its quote (`found`: the evidence, and the line of the file or log). What
    was not determined needs no quote: it says what is missing.

    Args:
        report: The report of the model.
        texts: The texts of the evidence, by id.
    """
    finder = QuoteFinder(texts)
    result: dict[str, Any] = {**report, "unverified": [], "answer_unverified": []}
    for section in SECTIONS:
        kept = []
        for statement in report[section]:
            if section == "not_determined" and not statement["quote"]:
                kept.append(statement)
                continue
            found = finder.find(statement["quote"], statement["evidence"])
            if found is None:
                problem = _explain_missing_quote(statement, texts)
                result["unverified"].append({**statement, "section": section, "problem": problem})
            else:
                kept.append({**statement, "found": {"evidence": found.evidence_id, "line": found.line}})
        result[section] = kept
    return result


def list_problems(report: Mapping[str, Any]) -> list[str]:
    """List what a checked report says without support, in words for the model that wrote it."""
    return [
        *(f"{row['section']}: {row['statement']!r}: {row['problem']}." for row in report["unverified"]),
        *(f"answer: {row['statement']!r}: {row['problem']}." for row in report["answer_unverified"]),
        *(
            f"inferred: {row['statement']!r}: it has no reasoning."
            for row in report["inferred"]
            if not row["reasoning"]
        ),
    ]


def is_worse(second: Mapping[str, Any], first: Mapping[str, Any]) -> bool:
    """Return whether a repaired report has less support than the one before it."""
    kept = [sum(len(report[section]) for section in SECTIONS) for report in (second, first)]
    return len(list_problems(second)) > len(list_problems(first)) or kept[0] == 0 < kept[1]


def _explain_missing_quote(statement: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    if not statement["evidence"]:
        return _UNCITED
    if missing := [identifier for identifier in statement["evidence"] if identifier not in texts]:
        return f"there is no evidence {', '.join(missing)}"
    if not statement["quote"].strip():
        return _UNQUOTED
    where = ", ".join(statement["evidence"])
    if len(statement["quote"].strip()) < SHORTEST:
        return f"the quote {statement['quote']!r} is no whole line or cell of {where}; quote more of it"
    return f"the quote {statement['quote']!r} is not in {where}"
