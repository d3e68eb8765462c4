"""Search a text for what it states: phrases in whole words, outside of what it denies."""

import re
from functools import lru_cache

from azure_devops_agents.reports.words.denials import undenied
from azure_devops_agents.reports.words.results import NEGATED, RESULT

_PLAIN = str.maketrans(
    {**dict.fromkeys("\u2018\u2019", "'"), **dict.fromkeys("\u201c\u201d\u201e", '"'), **dict.fromkeys("`*", "")}
)
_ALTERNATIVES = re.compile(r"\(([^()]*\|[^()]*)\)|( \.\. )")
_GAP = r"(?:(?![.:!?;](?:\s|$)|\n).){1,60}?"
"""What " .. " in a phrase stands for: other words of the same clause."""
_SURE = re.compile(
    r"\b(?:(?:no|without(?: an?y?)?|beyond) (?:doubt|question)|not (?:only|just|merely|least)|nothing (?:but|less)|"
    r"no (?:other|less) than|none other than|no wonder)\b",
    re.IGNORECASE,
)
"""Words that look like a negation and are none."""
_NEGATION = re.compile(
    r"\b(?:not|never|no|nobody|none|nothing|neither|nor|cannot|hardly|without|no longer|whether|if|unless|unlike|"
    r"rather than|instead of|wrongly|mistaken|denies|denied|excludes|rules? out|ruled out|far from|"
    r"nicht|nie|kein\w*|niemand|weder|ohne|statt|ob|ne|pas|jamais|aucune?|sans|ni|nunca|ning\w+|sin)\b|n't\b",
    re.IGNORECASE,
)
_NEGATED_AFTER = re.compile(
    r"(?: (?!and\b|or\b)[\w'#-]+){0,4}? (?:is|are|was|were|can be|has been|have been|it is|he is)"
    r"(?:n't\b| (?:\w+ )?(?:not|ruled out|excluded|wrong|false|untrue|refuted|impossible|out of the question)\b)",
    re.IGNORECASE,
)
_VERBS = r"(?:is|are|was|were|has|have|had|did|does|do|must|should|can|will)"
_CLAUSE = re.compile(
    r"[;:.!?](?=\s|$)|\n|\s[\u2013\u2014-]\s|\u2014|\b(?:but|while|whereas|although|instead(?! of)|however|yet)\b|"
    rf",\s(?:and |so |or )?(?:(?:the |a |an )?\w+(?: [\w.-]+){{0,2}})\s{_VERBS}\b",
    re.IGNORECASE,
)
"""Where a clause begins, so that a negation before it says nothing about what follows."""


def mentions(text: str, phrase: str) -> bool:
    """Return whether a text has a phrase, in whole words and any letter case.

    In a phrase, `(a|b)` stands for either word, and ` .. ` for some other words of the same clause.
    """
    return _compile(phrase).search(_fold(text)) is not None


def states(text: str, phrase: str) -> bool:
    """Return whether a text has a phrase outside of what a frame denies, such as "None of the following is true".

    A phrase with the word of a result, such as "merged", is not stated by a clause that negates it.
    """
    stated = _fold(undenied(text))
    negatable = RESULT.search(phrase) is not None and not NEGATED.search(f"{phrase} ")
    return any(
        not negatable or not NEGATED.search(stated[_find_clause(stated, found.start()) : found.start()])
        for found in _compile(phrase).finditer(stated)
    )


def claims(text: str, phrase: str) -> bool:
    """Return whether a text claims a phrase: "it is not a live key" does not claim "live key"."""
    stated = _fold(undenied(text))
    return any(not _is_negated(stated, *found.span()) for found in _compile(phrase).finditer(stated))


def _is_negated(text: str, start: int, end: int) -> bool:
    before = _SURE.sub(" ", text[_find_clause(text, start) : start])
    return bool(_NEGATION.search(before) or _NEGATED_AFTER.match(text, end))


def _find_clause(text: str, position: int) -> int:
    """Return where the clause begins in which a position is."""
    begins = [begin.start() + 1 for begin in _CLAUSE.finditer(text) if begin.start() < position]
    return max([0, *(begin for begin in begins if begin <= position)])


def _fold(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.translate(_PLAIN).casefold().split("\n"))


@lru_cache(maxsize=2_000)
def _compile(phrase: str) -> "re.Pattern[str]":
    """Return the pattern of a phrase. A number in it is no part of a longer number."""
    parts, position = [], 0
    folded = _fold(phrase)
    for found in _ALTERNATIVES.finditer(folded):
        parts.append(re.escape(folded[position : found.start()]))
        parts.append(_GAP if found[2] else f"(?:{'|'.join(map(re.escape, found[1].split('|')))})")
        position = found.end()
    parts.append(re.escape(folded[position:]))
    return re.compile(rf"(?<!\w)(?<!\d[.,](?=\d)){''.join(parts)}(?!\w)(?!(?<=\d)[.,]\d)")
