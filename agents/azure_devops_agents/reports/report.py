"""The form of the report: an answer, a verdict, and statements in sections, each with a quote that code checks."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from azure_devops_agents.evidence.record import Evidence, is_continued
from azure_devops_agents.reports.words.citations import cited_in

WRITE_REPORT = "write_report"
_MOST_FOUND = 40
"""The most results that a report of code lists."""
_LONGEST_TITLE = 100
_LONGEST_REASON = 500
"""Characters of the words of a person with which a report says why a write was rejected."""
_DECIDED = {"reject": "rejected", "stop": "stopped", "outdated": "changed since it was approved"}
_COMMON_ARGUMENTS = frozenset({"limit", "cursor", "project"})
"""Arguments that calls about different things share: one with an equal value need not correct the other."""
_LISTED = re.compile(r"(E\d+) ")
SECTIONS = ("observed", "inferred", "hypotheses_rejected", "not_determined")

_ASK = "Give these facts, in the report or each at the end of the answer on a line of its own as `name: value`: "
_VERDICTS = """\
Incidents: incident, no_incident. Deliveries: ready, at_risk, not_ready. Lists, lookups and tasks: answered. For each: \
inconclusive, when the evidence decides nothing"""


class _Part(BaseModel):
    """A part of the report. A null counts as not given, and one value in place of a list as a list of one."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def take_other_forms(cls, given: Any) -> Any:
        """Leave out what a strict mode of a provider sends as null, and make a list of what is meant as one."""
        if not isinstance(given, dict):
            return given
        lists = {name for name, field in cls.model_fields.items() if isinstance(field.default, list)} - {"values"}
        told = {name: value for name, value in given.items() if value is not None}
        return {name: _as_list(name, value) if name in lists else value for name, value in told.items()}


def _as_list(name: str, value: Any) -> Any:
    """Return the list that a model means by one row, by ids in a text, or by a list written as JSON."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return (cited_in(value) or [value] * bool(value)) if name == "evidence" else value
    return [value] if isinstance(value, dict | str) else value


class Statement(_Part):
    """One statement and where it comes from."""

    statement: str
    evidence: Annotated[list[str], Field(description="Ids such as E1")] = []
    quote: Annotated[
        str,
        Field(description='Copied literally from that evidence, at least a whole cell or line; "..." joins passages'),
    ] = ""


class Inference(Statement):
    """One statement that follows from what was observed."""

    reasoning: Annotated[str, Field(description="In one line: how it follows from the quote")] = ""


class NamedFact(_Part):
    """One fact that a program can read without understanding sentences."""

    name: Annotated[str, Field(description="As asked for, else such as author or first_bad_build")]
    values: Annotated[
        list[str],
        Field(description='Bare: a name, a number, an ISO date, yes or no; "none" when there is none, [] if unknown'),
    ] = []
    evidence: list[str] = []

    @field_validator("values", mode="before")
    @classmethod
    def take_bare_values(cls, given: Any) -> Any:
        """Take numbers, and true and false, for the texts that are meant, and a value alone for a list of one."""
        return [_as_text(value) for value in (given if isinstance(given, list) else [given])]


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, int | float) else value


class WriteReport(_Part):
    """Finish: give the answer. Each statement needs evidence ids and a literal quote, except in not_determined.

    Code compares each id, name, number, date and result of a statement with its quote, and those of the answer with the
    evidence of the statements.
    """

    model_config = ConfigDict(title=WRITE_REPORT)

    answer: Annotated[str, Field(description="A few sentences, a table where it helps")]
    verdict: Annotated[
        Literal["answered", "incident", "no_incident", "ready", "at_risk", "not_ready", "inconclusive"],
        Field(description=_VERDICTS),
    ]
    facts: Annotated[
        list[NamedFact],
        Field(description="Every fact that the question asks for by name; else the few that decide the answer"),
    ] = []
    observed: list[Statement] = []
    inferred: list[Inference] = []
    hypotheses_rejected: Annotated[list[Statement], Field(description="What was suspected and is not so")] = []
    not_determined: Annotated[list[Statement], Field(description="What stays open; needs no quote")] = []


def parse_report(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Parse the report in the arguments of a tool call.

    Raises:
        ValueError: Says which part does not fit.
    """
    try:
        return WriteReport.model_validate(dict(arguments)).model_dump()
    except ValidationError as error:
        parts = [f"{'.'.join(str(step) for step in entry['loc'])}: {entry['msg']}" for entry in error.errors()]
        raise ValueError(f"{WRITE_REPORT}: {'; '.join(parts)}") from None


def ask_for_facts(question: str, facts: Mapping[str, str]) -> str:
    """Return a question that asks for facts by name as well.

    The report has them in `facts`, a list of `{"name", "values", "evidence", "problem"}`. The values are texts, such as
    `["Tom Becker"]`, `["9", "7"]` or `["yes"]`; `["none"]` when there is none, and empty when the agent does not know.
    The problem says why the evidence does not support a fact; it is empty when it does.

    Args:
        question: What a person asks.
        facts: What each fact is, such as `"a person"` or `"numbers of pull requests"`, by its name.
    """
    asked = "; ".join(f"`{name}` ({meaning})" if meaning else f"`{name}`" for name, meaning in facts.items())
    return f"{question}\n\n{_ASK}{asked}." if facts else question


def plain_report(answer: str, verdict: str = "inconclusive") -> dict[str, Any]:
    """Return a report whose answer cites nothing."""
    return {"answer": answer, "verdict": verdict, "facts": [], **{section: [] for section in SECTIONS}}


def describe_found(evidence: Sequence[Evidence]) -> str:
    """Describe in code's own words what was found, for a question whose report the model did not write."""
    if not evidence:
        return "Nothing was found until then."
    shown = [f"- {entry['id']} {entry['tool']}: {entry['summary']}" for entry in evidence[:_MOST_FOUND]]
    more = len(evidence) - len(shown)
    return "\n".join(("What was found until then:", *shown, *([f"- {more} further results"] if more else [])))


def split_gap(line: str) -> tuple[str, str]:
    """Split a line of the coverage into the id of its evidence, which may be empty, and the rest."""
    found = _LISTED.match(line)
    return (found[1], line[found.end() :]) if found else ("", line)


def name_call(call: Mapping[str, Any]) -> str:
    """Name a write that was asked for, with the title or the id of what it is about, so that two can be told apart."""
    given = call["args"]
    if title := " ".join(str(given.get("title") or "").split())[:_LONGEST_TITLE]:
        return f'{call["name"]} "{title}"'
    number = given.get("id") or given.get("ids") or ""
    return f"{call['name']} {number}".strip()


def _cut_reason(reason: str) -> str:
    """Return the beginning of a long reason, with a mark of how long it is."""
    cut = f"{reason[:_LONGEST_REASON].rstrip()} [cut; {len(reason):,} characters]"
    return cut if len(reason) > len(cut) else reason


def list_cut(evidence: Mapping[str, Evidence]) -> list[str]:
    """List the ids of the reads that the time limit cut and that no later call brought to their end."""
    return [name for name, entry in evidence.items() if entry.get("cut") and not is_continued(entry, evidence.values())]


def _is_corrected(entry: Evidence, later: Iterable[Evidence]) -> bool:
    """Return whether a later call of the same tool, with a telling argument of the invalid one, read something."""
    read = (
        other for other in later if other["tool"] == entry["tool"] and other["status"] in {"ok", "empty", "partial"}
    )
    wanted = {name: value for name, value in entry["arguments"].items() if name not in _COMMON_ARGUMENTS}
    return any(other["arguments"].get(name) == value for other in read for name, value in wanted.items())


def list_coverage(
    evidence: Mapping[str, Evidence],
    decisions: Mapping[str, Mapping[str, Any]],
    limits: list[str],
    failure: str = "",
) -> dict[str, list[str]]:
    """List what the report does not cover, and what was written.

    An invalid call that was corrected leaves no gap: another one of the same tool, with one of its arguments, read
    something later. What was not found stays one: the service answers so as well for what the token may not see.
    """
    gaps: dict[str, list[str]] = {}
    entries = list(evidence.values())
    for place, entry in enumerate(entries):
        corrected = entry["status"] == "invalid" and _is_corrected(entry, entries[place + 1 :])
        gap = entry["status"] not in {"ok", "empty", "written"} or entry.get("cut")
        if gap and not corrected and not is_continued(entry, entries):
            gaps.setdefault("partial" if entry["status"] in {"ok", "empty"} else entry["status"], []).append(
                f"{entry['id']} {entry['tool']}: {entry['summary']}"
            )
    for decision in decisions.values():
        if decision["decision"] != "approve":
            reason = f": {_cut_reason(decision['reason'])}" if decision["reason"] else ""
            how = _DECIDED.get(decision["decision"], decision["decision"])
            gaps.setdefault("not_written", []).append(f"{name_call(decision['call'])}, {how}{reason}")
    written = [f"{entry['id']} {entry['tool']}" for entry in evidence.values() if entry["status"] == "written"]
    if written:
        gaps["written"] = written
    if limits:
        gaps["limits"] = limits
    if failure:
        gaps["failure"] = [failure]
    return gaps
