"""Find the clauses of a sentence, so that what is said of one thing is not compared with another one."""

import re

from azure_devops_agents.reports.units import NOUNS
from azure_devops_agents.reports.words.results import RESULT

_NUMBERED = rf"(?:(?:{'|'.join((*NOUNS, 'line number'))})s? )?#?\d+(?:, \d+)*(?:,? (?:and|or) \d+)?"
_SUBJECT = rf"(?:the )?{_NUMBERED}"
_ENDS = re.compile(
    rf"[;:\u2014](?=\s)|(?<=[\w)])\.(?=\s+(?-i:(?:{_SUBJECT}|[A-Z][a-z]+ [A-Z][a-z]+)\b))|"
    r"\s(?:while|whereas|but|although|though|because|then)\s|"
    rf",(?=\s(?:and |but )?{_SUBJECT} (?!(?:and|or|by|of|in|on|from|with|at|for|to)\b)[a-z])",
    re.IGNORECASE,
)
_VERB = re.compile(rf"\b(?:is|are|was|were|has|have|had|did(?: not|n't))\b|{RESULT.pattern}", re.IGNORECASE)
_NAME = rf"(?-i:[A-Z])[\w-]+(?: (?-i:[A-Z])[\w-]+)*(?: [a-z]+ly)? (?:{_VERB.pattern})"
_JOINED = re.compile(
    rf"(?<!\d),? and (?=(?:the (?:[a-z]+ ){{1,2}}[a-z]+, )?{_SUBJECT}\b|{_NAME})|, (?={_NAME})", re.IGNORECASE
)
"""Words that join two clauses, or two things of which the same is said."""
_RELATIVE = re.compile(r"\b(?:which|who|whose|that|where)\b", re.IGNORECASE)


def find_clause_ends(sentence: str) -> list[int]:
    """Return where the clauses of a sentence end, except for the last one. Quoted words must be blank."""
    ends = {match.start() for match in _ENDS.finditer(sentence)}
    for joined in _JOINED.finditer(sentence):
        begin = max((end for end in ends if end < joined.start()), default=0)
        if has_verb(sentence[begin : joined.start()]) and has_verb(sentence[joined.end() :]):
            ends.add(joined.start())
    return sorted(ends)


def has_verb(words: str) -> bool:
    """Return whether words tell of a thing by themselves, and not only which one is meant."""
    verb, relative = _VERB.search(words), _RELATIVE.search(words)
    return verb is not None and not (relative and relative.start() < verb.start())
