"""The report: observed, inferred, ruled out and not determined statements, each with a quote that code checks."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from azure_devops_agents.evidence.record import Evidence, is_continued

WRITE_REPORT = "write_report"
SECTIONS = ("observed", "inferred", "ruled_out", "not_determined")


class Statement(BaseModel):
    """One statement and where it comes from."""

    model_config = ConfigDict(extra="forbid")

    statement: str
    evidence: Annotated[list[str], Field(description="Ids such as E1")] = []
    quote: Annotated[str, Field(description="Copied literally from that evidence")] = ""


class WriteReport(BaseModel):
    """Finish: give the answer. Every observed or inferred statement cites evidence and quotes it literally."""

    model_config = ConfigDict(title=WRITE_REPORT, extra="forbid")

    answer: Annotated[str, Field(description="A few sentences")]
    verdict: Literal["answered", "incident", "no_incident", "inconclusive"]
    observed: list[Statement] = []
    inferred: list[Statement] = []
    ruled_out: list[Statement] = []
    not_determined: list[Statement] = []


def parse_report(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Parse the report in the arguments of a tool call.

    Raises:
        ValueError: Says which part does not fit.
    """
    try:
        return WriteReport.model_validate(
            {key: value for key, value in arguments.items() if value is not None}
        ).model_dump()
    except ValidationError as error:
        parts = [f"{'.'.join(str(step) for step in entry['loc'])}: {entry['msg']}" for entry in error.errors()]
        raise ValueError(f"{WRITE_REPORT}: {'; '.join(parts)}") from None


def plain_report(answer: str, verdict: str = "inconclusive") -> dict[str, Any]:
    """Return a report whose answer cites nothing."""
    return {"answer": answer, "verdict": verdict, **{section: [] for section in SECTIONS}}


def check_quotes(report: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Move every statement whose quote is not found to `unverified`.

    What was not determined needs no quote: it says what is missing. `texts` holds the text of each piece of evidence
    by its id.
    """
    result: dict[str, Any] = {**report, "unverified": []}
    for section in SECTIONS:
        kept = []
        for statement in report[section]:
            if (section == "not_determined" and not statement["quote"]) or _is_quoted(statement, texts):
                kept.append(statement)
            else:
                result["unverified"].append({**statement, "section": section})
        result[section] = kept
    return result


def list_coverage(
    evidence: Mapping[str, Evidence], decisions: Mapping[str, Mapping[str, Any]], limits: list[str]
) -> dict[str, list[str]]:
    """List what the report does not cover, and what was written."""
    gaps: dict[str, list[str]] = {}
    for entry in evidence.values():
        if entry["status"] not in {"ok", "empty", "written"} and not is_continued(entry, evidence.values()):
            gaps.setdefault(entry["status"], []).append(f"{entry['id']} {entry['tool']}: {entry['summary']}")
    for decision in decisions.values():
        if decision["decision"] != "approve":
            reason = f": {decision['reason']}" if decision["reason"] else ""
            gaps.setdefault("not_written", []).append(f"{decision['call']['name']}, {decision['decision']}{reason}")
    written = [f"{entry['id']} {entry['tool']}" for entry in evidence.values() if entry["status"] == "written"]
    if written:
        gaps["written"] = written
    if limits:
        gaps["limits"] = limits
    return gaps


def _is_quoted(statement: Mapping[str, Any], texts: Mapping[str, str]) -> bool:
    quote = " ".join(str(statement["quote"]).split())
    sources = [texts[identifier] for identifier in statement["evidence"] if identifier in texts]
    return len(quote) > 1 and any(quote in " ".join(text.split()) for text in sources)
