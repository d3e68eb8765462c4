"""Find out whether a text says a thing itself, or its clause negates it, supposes it or reports it.

The texts are answers of agents and what they write into the organization.
"""

import re

__all__ = ["find_clause", "is_negated", "is_open", "is_reported"]

_SURE = re.compile(
    r"\b(?:(?:no|without(?: an?y?)?|beyond) (?:doubt|question)|not (?:only|just|merely|least)|nothing (?:but|less)|"
    r"no (?:other|less) than|none other than|no wonder)\b",
    re.IGNORECASE,
)
"""Words that look like a negation and are none."""
_NEGATION = re.compile(
    r"\b(?:not|never|no|nobody|none|nothing|neither|nor|cannot|hardly|without|no longer|whether|if|unless|unlike|"
    r"rather than|instead of|wrongly|mistaken|false|untrue|contrary|opposite|denies|denied|excludes|rules? out|"
    r"ruled out|far from|"
    r"nicht|nie|kein\w*|niemand|weder|ohne|statt|ob|ne|pas|jamais|aucune?|sans|ni|nunca|ning\w+|sin)\b|n't\b",
    re.IGNORECASE,
)
_NEGATED_AFTER = re.compile(
    r"(?:n't\b| (?:not|never|nothing|nobody|no|neither|nowhere)\b(?! only))|"
    r"(?: (?!and\b|or\b)[\w'#-]+){0,4}? (?:is|are|was|were|can be|has been|have been|it is|he is|remains|stays)"
    r"(?:n't\b| (?:\w+ )?(?:not|ruled out|excluded|wrong|false|untrue|refuted|impossible|out of the question|unknown|"
    r"unclear|open|undecided)\b)",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\b(?:may|might|could|would|perhaps|maybe|possibly|either|how|supposed(?:ly)?|allegedly)\b", re.IGNORECASE
)
"""Words of a clause that only supposes something or asks for it."""
_VERBS = r"(?:is|are|was|were|has|have|had|did|does|do|must|should|can|will)"
_CLAUSE = re.compile(
    r"[;:.!?](?=\s|$)|\n|\s[\u2013\u2014-]\s|\u2014|"
    r"\b(?:but|while|whereas|although|because|instead(?! of)|however|yet)\b|"
    rf"(?:,\s(?:and |so |or )?|\sand\s)(?:(?:the |a |an )?\w+(?: [\w.-]+){{0,2}})\s{_VERBS}\b",
    re.IGNORECASE,
)
"""Where a clause begins, so that a negation before it says nothing about what follows."""
_QUOTED = re.compile(
    r"\"[^\"\n]{1,400}\"|\u00ab[^\u00bb\n]{1,400}\u00bb|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w)){2,400}'(?!\w)"
)
_TEXTS = (
    r"(?:comment|title|text|description|message|mail|row|tag|note|order|name|bracket|paragraph|passage|sentence|"
    r"instruction|remark|prompt|injection|addition)s?"
)
_CLAIMING = r"(?:order|instruct|urge|demand|claim|pretend|purport|allege|pose|posing)"
_ASKING = rf"(?:{_CLAIMING}|tell|told|ask|want|try|tries|call)"
_DEMANDING = re.compile(
    rf"\b(?:{_TEXTS}\b.*?\b{_ASKING}|(?:it|which|that|who)\b.*?\b{_CLAIMING})(?:s|d|es|ed|ing)?\b|"
    r"\b(?:(?<!in )orders?|instructions?|demands?|commands?|aimed|addressed|directed) (?:\w+ )?(?:to|for|at|that)\b",
    re.IGNORECASE,
)
"""A text of the organization that wants something of its reader, up to what it wants."""
_MORE_WORDS = 2
"""How many words a quoted text has besides a phrase in it. A phrase alone in quotation marks is the author's own."""


def is_negated(text: str, start: int, end: int) -> bool:
    """Return whether its clause negates a part of a text."""
    before = _SURE.sub(" ", text[find_clause(text, start) : start])
    return bool(_NEGATION.search(before) or _NEGATED_AFTER.match(text, end))


def is_open(text: str, start: int, end: int) -> bool:
    """Return whether a part of a text is only supposed or asked for by its clause."""
    asked = re.match(r"[^.!?;:\n]*\?", text[end:])
    return asked is not None or _UNSURE.search(text[find_clause(text, start) : start]) is not None


def is_reported(text: str, start: int, end: int) -> bool:
    """Return whether a part of a text only tells what another text says: in quotation marks, or as its demand."""
    words = len(text[start:end].split()) + _MORE_WORDS
    quoted = (found for found in _QUOTED.finditer(text) if found.start() < start and end < found.end())
    if any(len(found[0].split()) >= words for found in quoted):
        return True
    return _DEMANDING.search(text[find_clause(text, start, ends=";.!?\n") : start]) is not None


def find_clause(text: str, position: int, ends: str = ";:.!?\n") -> int:
    """Return where the clause begins in which a position is; marks that are no `ends` do not end one."""
    begins = (found for found in _CLAUSE.finditer(text) if found.start() < position)
    return max([0, *(one.start() + 1 for one in begins if one[0][0] not in ";:.!?\n" or one[0] in ends)])
