"""Errors of a report, made systematically: another id, number, name, date or result in a true sentence.

Half of the values occur elsewhere in the same evidence, as in a report that mixes up two records, or that takes an id
for a count; the others occur nowhere. The same sentence always gives the same errors.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from azure_devops_agents.reports.facts import Fact, find_facts
from azure_devops_agents.reports.knowledge import Knowledge
from azure_devops_agents.reports.units import Source
from azure_devops_agents.reports.words.results import CERTAIN

_OTHER_RESULTS = {
    "succeeded": "failed", "succeeds": "fails", "passed": "failed", "passes": "fails", "green": "red",
    "failed": "succeeded", "fails": "passes", "failing": "green", "red": "green", "broken": "green",
    "succeeded in part": "failed to compile", "canceled": "skipped",
    "approved": "rejected", "rejected": "approved", "merged": "abandoned", "completed": "abandoned",
    "abandoned": "completed", "closed": "open", "done": "open", "open": "closed", "active": "abandoned",
    "new": "closed", "resolved": "new", "waits for the author": "approved", "waits for its author": "approved",
    "has not voted": "approved", "no vote": "approved",
}  # fmt: skip
_PEOPLE = frozenset({"author", "requested_for", "assigned_to", "created_by", "changed_by", "name", "pushed_by"})
_PERSON = re.compile(r"[A-Z]\w+ [A-Z]\w+")
_LONGEST_VALUE, _SHORTEST_VALUE = 60, 3
STRANGER = "Nora Quist"
"""The name of a person whom no case knows."""
_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip


_DENIALS = (
    "None of the following is true: {}", "The opposite of the following is the case: {}", "It is not true that {}",
    "It would be wrong to say that {}", "{} The opposite is the case.", "{} None of the above is true.",
    "{} That is not true.", "Nichts von dem Folgenden ist wahr: {}", "{} Lo contrario es cierto.",
)  # fmt: skip
DENIED = "denied"
"""The kind of an error that is a true sentence in a frame that denies it."""


@dataclass(frozen=True)
class SeededError:
    """A true sentence with one wrong fact.

    Attributes:
        kind: The kind of the fact.
        near: Whether the wrong value occurs elsewhere in the evidence.
        sentence: The sentence, which is false now.
    """

    kind: str
    near: bool
    sentence: str


def seed_errors(sentence: str, sources: Mapping[str, Source]) -> Iterator[SeededError]:
    """Yield the errors of a true sentence."""
    knowledge = Knowledge(sources)
    facts = find_facts(sentence, knowledge.names)
    for fact in facts:
        about = any(other.kind in {"id", "number", "name", "literal"} for other in facts if other.clause == fact.clause)
        if fact.kind == "result" and fact.text.lower() not in CERTAIN and not about:
            continue  # such as "Open: nobody knows", which tells no result
        for near, value in _other_values(fact, knowledge):
            start, end = fact.place
            wrong = f"{sentence[:start]}{value}{sentence[end:]}"
            said = re.search(rf"(?<!\w){re.escape(value)}(?!\w)", sentence)  # else it may be no error
            if fact.kind == "result" or not said:
                yield SeededError(fact.kind, near, wrong)


def seed_denials(sentence: str) -> Iterator[SeededError]:
    """Yield a true sentence in each of the frames that deny it. Its words stay as they are."""
    for frame in _DENIALS:
        yield SeededError(DENIED, True, frame.format(sentence))


def seed_cells(sentence: str, sources: Mapping[str, Source]) -> Iterator[SeededError]:
    """Yield errors of a true sentence that are made from the records alone, whatever the check recognizes.

    Where the sentence states the value of a cell or a field, another value of the same column takes its place. Some of
    these sentences may be true as well: no one can tell from the columns.
    """
    columns = list_columns(sources)
    done: set[tuple[int, int]] = set()
    for name, values in sorted(columns.items()):
        for value in sorted(value for value in values if len(value) >= _SHORTEST_VALUE or value.isdigit()):
            place = re.search(rf"(?<![\w./#-]){re.escape(value)}(?![\w/-]|\.\w)", sentence)
            if place is None or place.span() in done:
                continue
            others = [
                other
                for other in sorted(values)
                if other != value
                and other.isdigit() == value.isdigit()
                and not re.search(rf"(?<!\w){re.escape(other)}(?!\w)", sentence)
            ]
            if others:
                done.add(place.span())
                other = min(others, key=partial(_distance, value))
                wrong = f"{sentence[: place.start()]}{other}{sentence[place.end() :]}"
                yield SeededError(f"column {name}", True, wrong)


def _distance(value: str, other: str) -> tuple[int, str]:
    return abs(len(other) - len(value)), other


def nearest(value: str, others: Iterable[str]) -> str:
    """Return the most similar other value of the same kind; empty when there is none."""
    alike = sorted(other for other in others if other != value and other.isdigit() == value.isdigit())
    if value.isdigit():
        return min(alike, key=lambda other: abs(int(other) - int(value)), default="")
    return min(alike, key=partial(_distance, value), default="")


def find_people(sources: Mapping[str, Source]) -> set[str]:
    """Return the names of the people in the columns and fields of evidence."""
    columns = list_columns(sources)
    return {value for name in _PEOPLE & columns.keys() for value in columns[name] if _PERSON.fullmatch(value)}


def list_columns(sources: Mapping[str, Source]) -> dict[str, set[str]]:
    """Return the values of each column and field that are short enough to be repeated in a sentence."""
    columns: dict[str, set[str]] = defaultdict(set)
    for source in sources.values():
        for unit in source.units:
            for name, value in unit.fields.items():
                parts = re.split(r"[,;] ?", value) if name == "tags" else [value]
                columns[name] |= {part for part in parts if part and len(part) <= _LONGEST_VALUE}
    return columns


def _other_values(fact: Fact, knowledge: Knowledge) -> Iterator[tuple[bool, str]]:
    if fact.kind == "result" and not fact.negated and (other := _OTHER_RESULTS.get(fact.text.lower())):
        yield True, other.capitalize() if fact.text[0].isupper() else other
    elif fact.kind == "id" or (fact.kind == "number" and fact.value.isdigit()):
        yield from _other_numbers(fact, knowledge)
    elif fact.kind == "count":
        yield from _other_counts(fact, knowledge)
    elif fact.kind == "name" and _PERSON.fullmatch(fact.value):
        people = sorted({value for unit in knowledge.everything.units for name, value in unit.fields.items()
                         if name in _PEOPLE and _PERSON.fullmatch(value) and value != fact.value})  # fmt: skip
        yield from ((True, person) for person in people[:1])
        yield False, STRANGER
    elif fact.kind == "literal" and " " not in fact.value:
        yield from _other_names(fact, knowledge)
    elif fact.kind == "date":
        yield from _other_dates(fact, knowledge)
    elif fact.kind == "hash":
        yield False, fact.value[::-1]


def _other_numbers(fact: Fact, knowledge: Knowledge) -> Iterator[tuple[bool, str]]:
    number = int(fact.value)
    rows = [unit for unit in knowledge.everything.units if unit.fields.get("id", "").isdigit()]
    same = {int(unit.fields["id"]) for unit in rows if (fact.noun, int(unit.fields["id"])) in unit.ids or not fact.noun}
    if near := sorted(same - {number}, key=lambda other: (abs(other - number), other))[:1]:
        yield True, str(near[0])
    free = number + 1
    while re.search(rf"(?<!\d){free}(?!\d)", knowledge.everything.text):
        free += 1
    yield False, str(free)


def _other_counts(fact: Fact, knowledge: Knowledge) -> Iterator[tuple[bool, str]]:
    """Yield an id of the same evidence and the next number, as words where the sentence has a word."""
    number = int(fact.value)
    ids = {other for kind, other in knowledge.everything.ids if kind != "line" and other > 1} - {number}
    near = sorted(ids, key=lambda other: (abs(other - number), other))[:1]
    for is_id, other in [*((True, each) for each in near), (False, number + 1)]:
        word = _WORDS[other - 1] if fact.text[0].isalpha() and other <= len(_WORDS) else ""
        yield is_id, (word.capitalize() if fact.text[0].isupper() else word) or str(other)


def _other_names(fact: Fact, knowledge: Knowledge) -> Iterator[tuple[bool, str]]:
    shape = re.sub(r"[A-Za-z0-9]+", "", fact.value)
    columns = [dict(unit.fields) for unit in knowledge.everything.units]
    names = {name for fields in columns for name, value in fields.items() if fact.value.lower() in value.lower()}
    values = {value for fields in columns for name, value in fields.items() if name in names and " " not in value}
    others = sorted(value for value in values if fact.value.lower() not in value.lower() and value)
    if near := [value for value in others if re.sub(r"[A-Za-z0-9]+", "", value) == shape]:
        yield True, near[0]
    head, dot, end = fact.value.rpartition(".")
    yield False, f"{head}_old.{end}" if dot else f"{fact.value[:-1]}{'x' if fact.value[-1] != 'x' else 'y'}2"


def _other_dates(fact: Fact, knowledge: Knowledge) -> Iterator[tuple[bool, str]]:
    reading = fact.readings[0]
    if reading.day is None or reading.month is None:
        return
    days = {moment.day_of_year for moment in knowledge.everything.moments} - {None}
    claimed = date(reading.year or 2026, reading.month, reading.day)
    others = sorted(day for day in days if day is not None and day != claimed)
    if others:
        yield True, _spell(min(others, key=lambda day: (abs(day - claimed), day)), fact.text)
    free = claimed + timedelta(days=1)
    while free in days:
        free += timedelta(days=1)
    yield False, _spell(free, fact.text)


def _spell(day: date, like: str) -> str:
    if re.match(r"\d{4}-", like):
        return f"{day.isoformat()}{like[10:]}"
    return f"{day.day} {_MONTHS[day.month - 1]}"
