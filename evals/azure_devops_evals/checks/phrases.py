"""Search a text for what it states: phrases in whole words, outside of what it denies."""

import re
from functools import lru_cache

from azure_devops_agents.reports.words.denials import undenied
from azure_devops_agents.reports.words.results import NEGATED, RESULT
from azure_devops_evals.clauses import find_clause, is_negated, is_open, is_reported

_PLAIN = str.maketrans(
    {**dict.fromkeys("\u2018\u2019", "'"), **dict.fromkeys("\u201c\u201d\u201e", '"'), **dict.fromkeys("`*", "")}
)
_ALTERNATIVES = re.compile(r"\(([^()]*\|[^()]*)\)|( \.\. )")
_GAP = r"(?:(?![.:!?;](?:\s|$)|\n).){1,60}?"
"""What " .. " in a phrase stands for: other words of the same clause."""
_KINDS = (
    ("build", "run"),
    ("pull request", "request", "pr"),
    ("work item", "item", "bug", "issue", "task", "story", "feature", "epic"),
)
_ANY = ("number", "no.", "nr.")
_NUMBERED = re.compile(rf"\b({'|'.join([*_ANY, *(noun for kind in _KINDS for noun in kind)])}) (\d+)\b")
"""The number of a thing in a phrase."""
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_NO_THINGS = (
    *_MONTHS, "line", "lines", "step", "log", "page", "port", "row", "column", "revision", "version", "priority",
    "board", "job", "finding", "comment",
)  # fmt: skip
_GOES_ON = (
    r"(?![.:,/-]\d|\.\w| ?%| (?:(?:\w+ )?(?:builds|runs|bugs|items|files|lines|calls|times|steps|tests|comments|hits)|"
    rf"(?:milli)?seconds?|ms|s|minutes?|h|hours?|days?|weeks?|months?|[kmg]i?b|{'|'.join(_MONTHS)}|of \d+)\b)"
)
"""What follows a number that is none of a thing: the rest of a date or a time, a unit, or what it counts."""


def mentions(text: str, phrase: str) -> bool:
    """Return whether a text has a phrase, in whole words and any letter case.

    In a phrase, `(a|b)` stands for either word, and ` .. ` for some other words of the same clause.
    """
    return _compile(phrase, loose=True).search(_fold(text)) is not None


def states(text: str, phrase: str) -> bool:
    """Return whether a text has a phrase outside of what a frame denies, such as "None of the following is true".

    A phrase with the word of a result, such as "merged", is not stated by a clause that negates it. The number of a
    thing, as in "build 35", may stand alone or behind another name of the thing: "35", "#35", "run 35".
    """
    stated = _fold(undenied(text))
    negatable = RESULT.search(phrase) is not None and not NEGATED.search(f"{phrase} ")
    return any(
        not negatable or not NEGATED.search(stated[find_clause(stated, found.start()) : found.start()])
        for found in _compile(phrase, loose=True).finditer(stated)
    )


def claims(text: str, phrase: str) -> bool:
    """Return whether a text claims a phrase: "it is not a live key" does not claim "live key".

    What stands in quotation marks, what a text is said to demand, and what is only asked or supposed is not claimed.
    """
    stated = _fold(undenied(text))
    found = (match.span() for match in _compile(phrase).finditer(stated))
    return any(not any(holds(stated, *place) for holds in (is_negated, is_open, is_reported)) for place in found)


def _fold(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.translate(_PLAIN).casefold().split("\n"))


@lru_cache(maxsize=2_000)
def _compile(phrase: str, *, loose: bool = False) -> "re.Pattern[str]":
    """Return the pattern of a phrase. A number in it is no part of a longer number."""
    parts, position = [], 0
    folded = _fold(phrase)
    for found in _ALTERNATIVES.finditer(folded):
        parts.append(_spell(folded[position : found.start()], loose=loose))
        parts.append(_GAP if found[2] else f"(?:{'|'.join(map(re.escape, found[1].split('|')))})")
        position = found.end()
    parts.append(_spell(folded[position:], loose=loose))
    return re.compile(rf"(?<!\w)(?<!\d[.,](?=\d)){''.join(parts)}(?!\w)(?!(?<=\d)[.,]\d)")


def _spell(words: str, *, loose: bool) -> str:
    """Return the pattern of the words of a phrase; in a loose one, a number of a thing needs no noun before it."""
    found = _NUMBERED.search(words) if loose else None
    if found is None:
        return re.escape(words)
    before, after = re.escape(words[: found.start()]), _spell(words[found.end() :], loose=loose)
    return f"{before}{_spell_number(*found.groups())}{after}"


def _spell_number(noun: str, number: str) -> str:
    nouns = [each for kind in _KINDS if noun in kind or noun in _ANY for each in kind]
    others = [*_NO_THINGS, *(each for kind in _KINDS for each in kind if each not in nouns)]
    is_none = "".join(f"(?<!\\b{re.escape(other)} )" for other in others)
    known = "|".join(map(re.escape, (*_ANY, *nouns)))
    return rf"(?:(?:{known}) [#!]?{number}|{is_none}(?<![#!])(?<!\d[-:./,])[#!]?{number}{_GOES_ON})"
