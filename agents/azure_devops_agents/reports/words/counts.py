"""Find what texts, totals and fields count, such as "24 builds" and "total_lines: 340". An id counts nothing."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from azure_devops_agents.evidence.lines import NUMBERED
from azure_devops_agents.reports.units import KINDS, NOUNS, SIZE, Unit, identifies
from azure_devops_agents.reports.words.dates import find_dates

NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        (
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ),
        2,
    )
}
"""The numbers that are recognized in words."""
TIME_UNITS = frozenset({"second", "minute", "hour", "day", "week"})
"""Units of time. A number in words in front of one measures a time and counts nothing."""
_NUMBER = (
    rf"(?P<number>\d{{1,3}}(?:,\d{{3}})+|\d{{1,9}}|(?<![a-z])(?:{'|'.join(NUMBER_WORDS)})(?![a-z]))"
    r"(?![\w/%-]|[.,:]\d)"
)
_BEFORE_THING = re.compile(rf"(?<![\w.,/#!+-]){_NUMBER}", re.IGNORECASE)
_AFTER_THING = re.compile(r"\b(?P<thing>[a-z][a-z_ ]{1,40}?)(?: \(| ?[:=] ?)(?P<number>\d{1,9})(?![\w/%-]|[.,:]\d)")
_IDENTIFIED = re.compile(
    rf"#\s*$|\b(?:{'|'.join(NOUNS).replace(' ', '[ _-]')}|line|step|version|port|code|id|number)s?(?: no\.?)?"
    r"[ :#!=/]{1,3}$",
    re.IGNORECASE,
)
_OF = re.compile(r"\bof $")
_THINGS = re.compile(r" (?:of )?(?:(?:\d[\d,]*|[a-z][\w'-]*) ){0,2}?(?P<thing>[a-z][a-z-]+)", re.IGNORECASE)
NO_THINGS = frozenset(
    """
    is was has does as its this us thus less across always gives adds changes names hits fails passes runs needs says
    shows uses comes goes makes takes sets keeps lacks ends begins starts stands waits belongs tells blocks contains
    edits complains asks wants carries removes replaces renames moves touches reads writes opens closes merges describes
    mentions explains requires depends refers remains stays succeeds appears leaves brings holds introduces
    afterwards likewise besides
    """.split()  # noqa: SIM905 - a list of single words would not be read
)
"""Words that look like a plural and are none, after a number that is an id."""
OWN_THINGS = frozenset(
    {"thing", "reason", "point", "way", "fact", "remark", "caveat", "option", "question", "observation", "aspect",
     "note", "hint", "clue", "sign", "argument", "conclusion", "explanation", "possibility", "caution", "limitation",
     "reservation", "correction", "doubt", "uncertainty", "assumption", "recommendation", "suggestion", "qualification",
     "consideration"}
)  # fmt: skip
"""What a text counts of its own thoughts, such as "two reasons"; no evidence counts them."""
_IRREGULAR = {"children": "work item", "people": "person", "entries": "entry", "retries": "retry"}
_MOST_WORDS = 4
_TOTALS = frozenset({"", "total", "count", "all", "sum", "matching", "entry"})
_LINES = "lines"
_LINE_OF_FILE = re.compile(r"(?:^|(?<=; ))\d{1,7} ")
"""The number of a line that a search found, in front of the line."""


@dataclass(frozen=True)
class Counted:
    """A number of things.

    Attributes:
        number: How many.
        things: What they are called, in the singular; empty where the text does not say so.
    """

    number: int
    things: frozenset[str] = frozenset()

    def agrees(self, number: int, thing: str) -> bool:
        """Return whether a sentence may say this number of things."""
        named = {*self.things, *(each.rpartition(" ")[2] for each in self.things)}  # "items" for "work items"
        return number == self.number and (thing in named or not self.things - _TOTALS)


def name_things(after: str) -> str:
    """Return what a number counts by the words after it, in the singular; empty when they name nothing."""
    found = _THINGS.match(after)
    near = after[:60].lower().partition(",")[0]
    words = re.findall(r"[a-z][\w'-]*", near)[:_MOST_WORDS] if found else []
    for at, word in enumerate(words):
        if word in _IRREGULAR or (word.endswith("s") and len(word) > 2 and word not in NO_THINGS):
            before = f"{words[at - 1]} " if at else ""
            one = _IRREGULAR.get(word) or _singular(word)
            return KINDS.get(f"{before}{one}") or KINDS.get(one) or one
    return ""


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    return word[:-2] if re.search(r"(?:ch|sh|x|ss)es$", word) else word.removesuffix("s")


def says_many(text: str, kind: str) -> bool:
    """Return whether a text has the plural of a kind, such as "stories" for "User Story"."""
    word = kind.lower().rsplit(" ", 1)[-1]
    return bool(word) and (f"{word[:-1]}ies" if word.endswith("y") else f"{word}s") in text.lower()


def sum_columns(rows: Sequence[Unit]) -> set[int]:
    """Return the sum of each column of numbers."""
    columns = [[row.fields.get(name, "") for row in rows] for name in rows[0].fields if not identifies(name)]
    return {sum(map(int, values)) for values in columns if all(re.fullmatch(r"\d{1,12}", value) for value in values)}


def list_counted(unit: Unit) -> Iterator[Counted]:
    """Yield what a unit counts."""
    if not unit.fields:
        lines = unit.text.split("\n")
        numbered = any(kind == "line" for kind, _ in unit.ids)
        for line in lines:
            marked = NUMBERED.match(line) if numbered else None
            yield from _read(line[marked.end() :] if marked else line)
        return
    for name, value in unit.fields.items():
        if re.fullmatch(r"\d{1,3}(?:,\d{3})+|\d{1,9}", value):
            if unit.part == SIZE or not identifies(name):
                label = unit.fields.get("name", "") if name == "value" else name
                yield Counted(int(value.replace(",", "")), _name_words(label))
        elif name == _LINES:
            yield from _read(_LINE_OF_FILE.sub("", value))
        elif not identifies(name):
            yield from _read(value)


def _name_words(name: str) -> frozenset[str]:
    words = re.findall(r"[A-Z]?[a-z]+", name.replace("_", " "))
    found = {_singular(word.lower()) for word in words}
    return frozenset(found | {KINDS[word] for word in found if word in KINDS})


def _read(text: str) -> Iterator[Counted]:
    """Yield what a text counts, without its dates and without the ids that it mentions."""
    plain = list(text)
    for written in find_dates(text):
        plain[written.start : written.end] = "\0" * (written.end - written.start)
    blank = "".join(plain)
    for found in _BEFORE_THING.finditer(blank):
        before = blank[: found.start()]
        if not _IDENTIFIED.search(before[-40:]) and (
            _OF.search(before) or re.match(r" [a-z(]|[.,;)]|$", blank[found.end() :])
        ):
            thing = name_things(blank[found.end() :])
            yield Counted(_value(found["number"]), frozenset({thing} if thing else ()))
    for found in _AFTER_THING.finditer(blank):
        if not identifies(found["thing"].strip().replace(" ", "_")):
            yield Counted(int(found["number"]), _name_words(found["thing"].rsplit(" ", 1)[-1]))


def _value(number: str) -> int:
    return NUMBER_WORDS.get(number.lower()) or int(number.replace(",", ""))
