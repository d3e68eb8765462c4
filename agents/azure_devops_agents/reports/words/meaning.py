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
_OTHER_LETTER = re.compile(r"[^\W\d_a-zA-Z\u00aa-\u024f]")
"""A letter that is not Latin. Typographic marks stand in English sentences as well."""
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ENDING = re.compile(r"(?:ations?|ings?|edly|ments?|ions?|ies|ied|ers?|ed|es|ly|s|e|y)$")
_REFERS = re.compile(r"\W*(?:it|this|that|they|these|those)\b", re.IGNORECASE)
_MOST_STEMS = 2
_SHORTEST, _PREFIX = 3, 4
"""The least letters of a word of meaning, and those that two forms of a word have in common."""


_CONCEPTS = tuple(
    re.compile(rf"(?<![\w.-])(?:{words})(?!\w)", re.IGNORECASE)
    for words in (
        r"full|filled up|(?:no|out of)(?: \w+)? space|no space left|ENOSPC",
        r"(?:only|just|exactly) one|the only|single|sole|1(?= [a-z])",
        (
            r"missing|absent|lacks?|gone|not_found|404|"
            r"(?:do|does|did)(?: not|n't) (?:have|exist|contain|hold|occur|appear)|"
            r"(?:not|never|nowhere|nothing|none|no(?: \w+){1,4}) (?:found|there)|"
            r"(?:is|are|has|have|had) no(?: \w+)?|no such \w+"
        ),
        r"hidden|invisible|no access|(?:not|n't|cannot) (?:be )?(?:see|seen|visible|shown|listed)",
        r"encrypt(?:s|ed|ion)?|https|TLS|SSL|certificates?",
        (
            r"refus(?:es?|ed|al)|denied|forbidden|not (?:allowed|permitted)|permissions?|rights?|403|scopes?|"
            r"unauthori[sz]ed"
        ),
        r"down|outage|unavailable|unreachable|stopped|offline|50[0-4]|did(?: not|n't) (?:answer|respond)",
        r"throttl(?:es?|ed|ing)|rate[ -]limit(?:ed|s)?|too many requests|429",
        (
            r"time(?:d|s)?[ -]?outs?|time-?outs?|too (?:slow|long)|in vain|waited|"
            r"within the (?:allotted|allowed) time|gave up"
        ),
        r"flaky|intermittent(?:ly)?|unstable|sometimes|now and then|every (?:second|other) (?:run|time)",
        r"placeholders?|dumm(?:y|ies)|fake|filler|samples?|EXAMPLE\w*|examples?|harmless|not real",
        (
            r"conflict(?:s|ed)?|(?:changed|edited)(?: it)? (?:since|meanwhile|in between)|"
            r"somebody(?: else)? changed|stale|outdated"
        ),
        r"complete|all|in full|entire(?:ly)?|whole",
        r"partial(?:ly)?|incomplete|truncated|cut|not all|\d+ of \d+",
        r"lost|unknown|broke the connection|no answer|Read ?Error",
        r"errors?|exceptions?|crash(?:es|ed)?|Traceback|\w+Error|exit code [1-9]",
        r"remov(?:es?|ed|al)|delet(?:es?|ed|ion)|no longer",
        r"wrote|written by|author|created_by|requested_for",
        r"owns|owner|responsible|belongs to|assigned_to",
    )
)
"""Words and phrases that mean the same in evidence and in what people say of it."""


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
    if told and (is_foreign(sentence) or _OTHER_LETTER.search(sentence) or THINGS & {*sentence.lower().split()}):
        return True
    results = _list_results(sentence)
    for text in texts:
        known = stems_of(text)
        if any(is_covered(stem, known) for stem in told) or results & _list_results(text):
            return True
    return False


def shares_concept(sentence: str, quote: str) -> bool:
    """Return whether a sentence says in other words what a quote says, such as "full" for "no space left"."""
    plain = _HUMP.sub(" ", quote)
    return any(words.search(sentence) and words.search(plain) for words in _CONCEPTS)


def refers_back(sentence: str) -> bool:
    """Return whether a short sentence speaks of what was named before it, such as "It is harmless"."""
    return bool(_REFERS.match(sentence)) and 0 < len(stems_of(sentence)) <= _MOST_STEMS


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
