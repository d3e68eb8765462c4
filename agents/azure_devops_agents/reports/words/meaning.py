"""Tell whether two texts are about the same, by their words: without the small ones, and without their endings."""

import re
from collections.abc import Collection, Iterable

from azure_devops_agents.reports.words.counts import NUMBER_WORDS
from azure_devops_agents.reports.words.languages import ENGLISH, SMALL_WORDS, THINGS, is_foreign
from azure_devops_agents.reports.words.results import RESULT, RESULTS

_EMPTY = frozenset(
    """
    case contrary opposite reverse true truth false untrue wrong right correct incorrect thing things fact facts said
    says say saying follow follows following above below before preceding statement statements sentence sentences claim
    claims quote quotes evidence report reports answer answers happen happened happens hold holds applies valid nothing
    something everything anything nobody somebody everybody yes indeed actually really just quite exactly very much
    more most less least other others another same such own here now him his her hers them their its our your mine
    any some one ones two way ways kind kinds part parts be being do doing done get gets got make makes made
    gegenteil fall wahr falsch stimmt folgende folgenden folgendes nichts davon contraire vrai faux suit rien
    contrario cierto falso verdad siguiente nada
    """.split()  # noqa: SIM905 - a list of single words would not be read
)
"""Words that say nothing about a subject."""
_WORD = re.compile(r"[^\W\d_]+|\d+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ENDING = re.compile(r"(?:ations?|ings?|edly|ments?|ions?|ies|ied|ers?|ed|es|ly|s|e|y)$")
_SHORTEST, _PREFIX = 3, 4
"""The least letters of a word of meaning, and those that two forms of a word have in common."""


def stems_of(text: str) -> set[str]:
    """Return the numbers and the words of meaning of a text, without their endings."""
    words = [word.lower() for word in _WORD.findall(_HUMP.sub(" ", text))]
    told = (word for word in words if word not in _EMPTY and word not in ENGLISH and word not in SMALL_WORDS)
    return {*filter(None, map(_stem, told)), *(str(NUMBER_WORDS[word]) for word in words if word in NUMBER_WORDS)}


def is_covered(stem: str, known: Collection[str]) -> bool:
    """Return whether a stem, or another form of the same word, is among others."""
    if stem in known:
        return True
    return len(stem) >= _PREFIX and not stem.isdigit() and any(other[:_PREFIX] == stem[:_PREFIX] for other in known)


def shares_meaning(sentence: str, texts: Iterable[str]) -> bool:
    """Return whether a sentence has a number, a name, a word of meaning or the kind of a result in common with texts.

    A sentence in another language need not have one in common with English texts, but it must have one.
    """
    told = stems_of(sentence)
    if told and (is_foreign(sentence) or not sentence.isascii() or THINGS & {*sentence.lower().split()}):
        return True
    results = _list_results(sentence)
    for text in texts:
        known = stems_of(text)
        if any(is_covered(stem, known) for stem in told) or results & _list_results(text):
            return True
    return False


def _stem(word: str) -> str:
    if word.isdigit():
        return word.lstrip("0") or "0"
    if len(word) < _SHORTEST:
        return ""
    shorter = _ENDING.sub("", word)
    return shorter if len(shorter) >= _SHORTEST else word


def _list_results(text: str) -> set[str]:
    """Return the questions that the results in a text answer, such as whether something passed."""
    return {RESULTS[found[0].lower()][0] for found in RESULT.finditer(text)}
