"""Turn the right report of a case into wrong ones: with the same quotes, and another meaning."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from azure_devops_agents.reports.report import SECTIONS
from azure_devops_agents.reports.units import Source
from azure_devops_evals.case import Outcome
from azure_devops_evals.selfcheck.errors import STRANGER, find_people, list_columns, nearest
from azure_devops_evals.selfcheck.reference import Report, list_sources

_STATED = ("observed", "inferred", "hypotheses_rejected")
_NUMBER = re.compile(r"(?<![\w./:#-])#?\d{1,6}(?![\w/:-]|\.\d)")
_OPPOSITE = {"yes": "no", "no": "yes", "none": STRANGER}


def deny(report: Report, _: Outcome) -> Report:
    """Deny every sentence, and leave the facts and the quotes as they are."""
    said = _restate(report, lambda row: {**row, "statement": "The contrary is the case."})
    return {**said, "answer": f"None of the following is true: {report['answer']}"}


def turn_facts(report: Report, outcome: Outcome) -> Report | None:
    """Give another value for each fact, and leave the sentences as they are."""
    sources = list_sources(outcome)

    def turn(value: str) -> str:
        if value.isdigit():
            return str(int(value) + 1)
        return _OPPOSITE.get(value) or next(iter(_neighbours([value], sources).values()), STRANGER)

    facts = [{**fact, "values": [*map(turn, fact["values"])] or [STRANGER]} for fact in report.get("facts") or ()]
    return {**report, "facts": facts} if facts else None


def swap_roles(report: Report, outcome: Outcome) -> Report | None:
    """Name each person in the place of another one, in the sentences and in the facts."""
    return _replaced(report, _other_people(report, outcome))


def swap_roles_in_sentences(report: Report, outcome: Outcome) -> Report | None:
    """Name each person in the place of another one in the sentences only."""
    return _replaced(report, _other_people(report, outcome), facts=False)


def change_numbers(report: Report, _: Outcome) -> Report | None:
    """Make every number of the sentences and of the facts one higher."""
    return _renumbered(report)


def change_numbers_in_sentences(report: Report, _: Outcome) -> Report | None:
    """Make every number of the sentences one higher, and leave the facts as they are."""
    return _renumbered(report, facts=False)


def confuse_neighbours(report: Report, outcome: Outcome) -> Report | None:
    """Take the next value of the same column for every value of a fact, also in the sentences."""
    told = [value for fact in report.get("facts") or () for value in fact["values"]]
    return _replaced(report, _neighbours(told, list_sources(outcome)))


def find_nothing(report: Report, _: Outcome) -> Report:
    """Call all of it open: no verdict, no fact, and every statement not determined."""
    rows = [{"statement": row["statement"]} for name in _STATED for row in report.get(name) or ()]
    facts = [{**fact, "values": []} for fact in report.get("facts") or ()]
    said = f"It could not be determined whether this is so: {report['answer']}"
    return {"answer": said, "verdict": "inconclusive", "facts": facts, "not_determined": rows}


def cite_other_evidence(report: Report, outcome: Outcome) -> Report:
    """Rest every fact and statement on evidence that says nothing of it, or on none that exists."""

    def misplace(row: Mapping[str, Any], *wanted: str) -> dict[str, Any]:
        silent = (
            name
            for name, entry in outcome.evidence.items()
            if name not in row["evidence"] and not any(text.lower() in str(entry["text"]).lower() for text in wanted)
        )
        return {**row, "evidence": [next(silent, "E99")]}

    said = _restate(report, lambda row: misplace(row, row["quote"]) if row.get("quote") else row)
    return {**said, "facts": [misplace(fact, *fact["values"]) for fact in report.get("facts") or ()]}


def _restate(report: Report, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> dict[str, Any]:
    return {**report, **{name: [change(row) for row in report[name]] for name in SECTIONS if report.get(name)}}


def _reworded(report: Report, change: Callable[[str], str], *, facts: bool) -> Report | None:
    """Return a report whose words are changed and whose quotes are not; None when nothing in it changes."""
    said = _restate(report, lambda row: {**row, "statement": change(row["statement"])})
    said["answer"] = change(report["answer"])
    if facts and (given := report.get("facts")):
        said["facts"] = [{**fact, "values": [change(value) for value in fact["values"]]} for fact in given]
    return said if said != report else None


def _replaced(report: Report, others: Mapping[str, str], *, facts: bool = True) -> Report | None:
    if not others:
        return None
    longest_first = sorted(others, key=len, reverse=True)
    found = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
    return _reworded(report, lambda text: found.sub(lambda match: others[match[0]], text), facts=facts)


def _renumbered(report: Report, *, facts: bool = True) -> Report | None:
    def add_one(text: str) -> str:
        return _NUMBER.sub(lambda found: re.sub(r"\d+", lambda number: str(int(number[0]) + 1), found[0]), text)

    return _reworded(report, add_one, facts=facts)


def _other_people(report: Report, outcome: Outcome) -> dict[str, str]:
    """Return for each person that the report names another one: the next in the report, or else in the evidence."""
    told = "\n".join(_texts(report))
    known = find_people(list_sources(outcome))
    named = sorted((name for name in known if name in told), key=told.index)
    if len(named) == 1:
        others = [*sorted(known - {*named}), STRANGER]
        return {named[0]: others[0]}
    return dict(zip(named, [*named[1:], *named[:1]], strict=True))


def _texts(report: Report) -> Iterator[str]:
    yield report["answer"]
    yield from (row["statement"] for name in SECTIONS for row in report.get(name) or ())
    yield from (value for fact in report.get("facts") or () for value in fact["values"])


def _neighbours(values: Iterable[str], sources: Mapping[str, Source]) -> dict[str, str]:
    """Return for each value the nearest other one in a column or field of the evidence that has it."""
    wanted, columns = list(dict.fromkeys(values)), list_columns(sources)
    found: dict[str, str] = {}
    for value in wanted:
        others = {other for column in columns.values() if value in column for other in column} - {*wanted}
        if same := nearest(value, others):
            found[value] = same
        elif value.isdigit():
            found[value] = str(int(value) + 1)
    return found
