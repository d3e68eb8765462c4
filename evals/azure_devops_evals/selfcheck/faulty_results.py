"""Faults in what tools answer, which an agent believes: each result stays plausible, and so does its report.

An agent that is right about a wrong result quotes it, and says what it says. Only what the case expects tells.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from azure_devops_agents.reports.report import SECTIONS
from azure_devops_agents.reports.units import Source
from azure_devops_evals.case import Outcome
from azure_devops_evals.selfcheck.errors import STRANGER, find_people

Tamper = Callable[[str], str]
_COUNT = re.compile(r"\A(\d+)(?= )")
_PART = re.compile(r"\A(\d+) of (\d+)(?= )")
_MORE = re.compile(r"; more: repeat with cursor=\S+")
_CHANGED = re.compile(r"^[+-](?![+-])", re.MULTILINE)
_LINE = re.compile(r"^(\d+)(?=: )", re.MULTILINE)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ")
_CHATHAM = timedelta(hours=13, minutes=45)
_OLDER = {
    "Active": "New", "Resolved": "Active", "Closed": "Active", "completed": "active", "abandoned": "active",
    "approved": "no vote", "failed": "", "succeeded": "",
}  # fmt: skip
_DAY = len("2026-11-21")
_WORD = re.compile(r"\w+")
_STATE = re.compile(rf"(?<=[\t ])(?:{'|'.join(_OLDER)})(?=\t|$)", re.MULTILINE)


def _name_others(text: str) -> str:
    people = sorted(find_people({"E1": Source("E1", text, "", {})}))
    after = dict(pairwise([*people, STRANGER]))
    return re.sub("|".join(map(re.escape, people)), lambda name: after[name[0]], text) if people else text


def _count_one_more(text: str) -> str:
    return _COUNT.sub(lambda count: str(int(count[1]) + 1), text)


def _lose_last_row(text: str) -> str:
    return _keep_rows(text, lambda rows: rows[:-1])


def _stop_after_half(text: str) -> str:
    return _keep_rows(text, lambda rows: rows[: len(rows) // 2])


def _call_page_whole(text: str) -> str:
    return _MORE.sub("", _PART.sub(r"\1", text))


def _name_other_requester(text: str) -> str:
    """Name somebody else in the column or the field of who requested a build."""
    lines = text.split("\n")
    header = next((line.split("\t") for line in lines if "requested_for" in line.split("\t")), [])
    place = header.index("requested_for") if header else -1

    def other(line: str) -> str:
        cells = line.split("\t")
        if len(cells) == len(header) > 1 and cells != header:
            cells[place] = STRANGER
        return re.sub(r"^(requested_for: ).+", rf"\1{STRANGER}", "\t".join(cells))

    return "\n".join(map(other, lines))


def _compare_the_other_way(text: str) -> str:
    """Show a difference from its end to its beginning: what was added is removed."""
    return _CHANGED.sub(lambda mark: "-" if mark[0] == "+" else "+", text) if "\n@@ " in text else text


def _keep_rows(text: str, keep: Callable[[list[int]], list[int]]) -> str:
    """Return a list with some of its rows, which says that these are all. Anything else stays as it is."""
    lines = text.split("\n")
    places = [place for place, line in enumerate(lines) if "\t" in line and not line.startswith((" ", "\t"))][1:]
    kept = keep(places)
    if not _COUNT.match(text) or len(places) < 2:
        return text
    left = "\n".join(line for place, line in enumerate(lines) if place not in places or place in kept)
    return _COUNT.sub(str(len(kept)), left)


def _shift_lines(text: str) -> str:
    return _LINE.sub(lambda number: str(int(number[1]) + 1), text)


def _show_local_times(text: str) -> str:
    def local(found: "re.Match[str]") -> str:
        return f"{datetime.fromisoformat(found[0]) + _CHATHAM:%Y-%m-%dT%H:%MZ}"

    return _TIME.sub(local, text)


def _tell_older_states(text: str) -> str:
    return _STATE.sub(lambda state: _OLDER[state[0]], text)


FAULTY_RESULTS: Mapping[str, Tamper] = {
    "name other people": _name_others,
    "count one more": _count_one_more,
    "lose the last row": _lose_last_row,
    "call the first half all": _stop_after_half,
    "call a page all": _call_page_whole,
    "name another requester": _name_other_requester,
    "compare the other way round": _compare_the_other_way,
    "have every line number off by one": _shift_lines,
    "show local times as UTC": _show_local_times,
    "tell the states of before": _tell_older_states,
}


def believe(report: Mapping[str, Any], outcome: Outcome, tamper: Tamper) -> dict[str, Any] | None:
    """Return the report of an agent that believes faulty results; None when the answer and the facts stay the same.

    Args:
        report: The right report.
        outcome: The evidence of the right results.
        tamper: The fault.
    """
    texts = {name: str(entry["text"]) for name, entry in outcome.evidence.items()}
    others: dict[str, str] = {}
    gone: set[str] = set()
    for text in texts.values():
        faulty = tamper(text)
        others.update(_compare(text, faulty))
        gone |= _list_ids(text) - _list_ids(faulty)
    if any(_MORE.search(text) and not _MORE.search(tamper(text)) for text in texts.values()):
        # Nobody asks for the next page of a list that is all there is.
        gone |= {each for name, text in texts.items() if _is_next_page(outcome, name) for each in _list_ids(text)}

    names = re.compile("|".join(map(re.escape, sorted(filter(None, others), key=len, reverse=True))) or r"(?!)")

    def reword(said: str) -> str:
        return names.sub(lambda found: others[found[0]] if _is_whole(said, found) else found[0], said)

    def retell(values: Sequence[str]) -> list[str]:
        """Return the values of a fact; one that nobody knows stays unknown."""
        return [reword(value) for value in values if value not in gone] or ["none"] * bool(values)

    facts = [{**fact, "values": retell(fact["values"])} for fact in report.get("facts") or ()]
    believed = {**report, "answer": reword(report["answer"]), "facts": facts}
    if believed["answer"] == report["answer"] and facts == list(report.get("facts") or ()):
        return None
    for section in (name for name in SECTIONS if report.get(name)):
        believed[section] = [
            {**row, "statement": reword(row["statement"]), "quote": reword(row.get("quote") or "")}
            for row in report[section]
        ]
    return believed


def _is_next_page(outcome: Outcome, name: str) -> bool:
    return bool(outcome.evidence[name]["arguments"].get("cursor"))


def _is_whole(said: str, found: "re.Match[str]") -> bool:
    around = said[max(0, found.start() - 1) : found.start()] + said[found.end() : found.end() + 1]
    return not any(character.isalnum() for character in around)


def _compare(text: str, faulty: str) -> Iterator[tuple[str, str]]:
    """Yield the values that a fault changed, each with the other one."""
    rows, others = text.split("\n"), faulty.split("\n")
    if (part := _PART.match(text)) and not _PART.match(faulty):
        yield part[2], part[1]
    yield from (pair for pair in zip(_COUNT.findall(text), _COUNT.findall(faulty), strict=True) if len({*pair}) > 1)
    for row, other in zip(rows, others, strict=False) if len(rows) == len(others) else ():
        cells, new = re.split(r"\t|: |; ", row), re.split(r"\t|: |; ", other)
        if len(cells) == len(new):
            yield from ((old.strip(), cell.strip()) for old, cell in zip(cells, new, strict=True) if old != cell)
        # A report tells the day of a time.
        times = zip(_TIME.findall(row), _TIME.findall(other), strict=False)
        yield from ((old[:_DAY], time[:_DAY]) for old, time in times if old[:_DAY] != time[:_DAY])
    for (removed, added), other in zip(pairwise(rows), others, strict=False):
        if (removed[:1], added[:1], other[:1]) == ("-", "+", "+"):
            words = list(zip(_WORD.findall(removed), _WORD.findall(added), strict=False))
            yield from (pair for old, new in words if old != new for pair in ((old, new), (new, old)))


def _list_ids(text: str) -> set[str]:
    """Return the first cells of the rows of a list."""
    return {line.split("\t")[0] for line in text.split("\n") if "\t" in line and not line.startswith((" ", "\t"))}
