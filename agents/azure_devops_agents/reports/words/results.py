"""The words of results, and whether a sentence tells a result, denies it, asks for it or describes a thing by it."""

import re
from collections.abc import Mapping

from azure_devops_agents.reports.units import KINDS

_PARTLY = frozenset(
    f"{lead}{adverb}" for lead in ("", "only ", "just ") for adverb in ("partially", "partly", "in part", "to a part")
)
_PARTIAL = frozenset(
    {"partiallysucceeded", "partial success"}
    | {
        phrase
        for verb in ("succeeded", "succeeds", "succeed", "passed", "passes", "successful", "green")
        for adverb in _PARTLY
        for phrase in (f"{adverb} {verb}", f"{verb} {adverb}")
    }
)
RESULTS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("succeeded", "succeeds", "succeed", "pass", "success", "successes", "successful", "successfully",
                     "passed", "passes", "green"), ("outcome", "succeeded")),
    **dict.fromkeys(("failed", "fails", "fail", "failing", "failure", "red", "broken", "broke"),
                    ("outcome", "failed")),
    **dict.fromkeys(sorted(_PARTIAL), ("outcome", "partially succeeded")),
    **dict.fromkeys(("canceled", "cancelled"), ("outcome", "canceled")),
    **dict.fromkeys(("inprogress", "in progress", "running", "still runs"), ("outcome", "running")),
    **dict.fromkeys(("skipped",), ("outcome", "skipped")),
    **dict.fromkeys(("active", "open"), ("state", "open")),
    **dict.fromkeys(("new",), ("state", "new")),
    **dict.fromkeys(("resolved",), ("state", "resolved")),
    **dict.fromkeys(("closed", "done"), ("state", "closed")),
    **dict.fromkeys(("removed",), ("state", "removed")),
    **dict.fromkeys(("completed", "merged"), ("state", "completed")),
    **dict.fromkeys(("abandoned", "given up"), ("state", "abandoned")),
    **dict.fromkeys(("approved", "approves", "approved with suggestions"), ("vote", "approved")),
    **dict.fromkeys(("rejected", "rejects"), ("vote", "rejected")),
    **dict.fromkeys(("waits for the author", "waiting for the author", "waits for its author"),
                    ("vote", "waits for the author")),
    "draft": ("draft", "draft"),
    **dict.fromkeys(("conflicts", "conflict"), ("merge", "conflicts")),
    **dict.fromkeys(("no vote", "has not voted", "not voted", "did not vote", "didn't vote", "has yet to vote"),
                    ("vote", "no vote")),
}  # fmt: skip
"""The words of results: the question that each answers, and the result that it stands for."""
RESULT = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, RESULTS), key=len, reverse=True))})\b", re.IGNORECASE)
"""Finds a word of a result."""
AGREES: Mapping[str, frozenset[str]] = {
    "open": frozenset({"open", "new"}),
    "closed": frozenset({"closed", "removed", "completed", "abandoned"}),
    "completed": frozenset({"completed", "closed"}),
    "resolved": frozenset({"resolved", "closed"}),
    "failed": frozenset({"failed", "partially succeeded"}),
}
"""The results that a word may also stand for."""
_ATTRIBUTE = re.compile(
    r"\b(?:a|an|the|its|their|his|her|this|that|these|those|any|another|no|some|more|\d+) $", re.IGNORECASE
)
_OF_A_THING = re.compile(r" (?P<thing>[a-z][\w-]+)")
CERTAIN = frozenset(
    {"succeeded", "succeeds", "passed", "passes", "green", "failed", "red", "canceled", "cancelled", "abandoned",
     "merged", "approved", "rejected", "skipped", *_PARTIAL}
)  # fmt: skip
"""Words that always tell a result. The others also have another meaning and count only where evidence contradicts."""

NEGATED = re.compile(
    r"(?:\b(?:not|never|no|nobody|none|nothing|neither|nor|cannot|hardly|without|no longer)|n['\u2019]t)"
    r"(?:\W+\w+){0,3}\W*$"
    r"|\b(?:no|none|neither)(?: \w+)?(?: (?:of|in|on|from|for|by|with) [\w./-]+(?: [\w./-]+)?){1,2}"
    r" (?:has|have|had|is|are|was|were)(?: \w+)? $",
    re.IGNORECASE,
)
POSSIBLE = re.compile(
    r"\b(?:may|might|can|could|would|should|shall|will|must|if|whether|until|unless|to be|to|(?<!\d )before|why|how|"
    r"when|^\W*(?:who|whom|what|which))"
    r"(?:\W+\w+){0,3}\W*$"
    r"|\bnothing(?: [\w']+){0,4} (?:shows?|says?|tells?|proves?|suggests?)\b[^.;]*$",
    re.IGNORECASE,
)
_TOLD = r"(?:(?!\b(?:is|are|was|were|has|have|had|which|who)\b)[^.;|])"
_ORDERED = re.compile(
    rf"\b(?:ask(?:s|ed|ing)?|tells?|told|telling|order(?:s|ed|ing)?|instruct(?:s|ed|ing)?|demand(?:s|ed|ing)?|urges?)"
    rf"\b{_TOLD}*\bto [a-z]+ {_TOLD}*$|\bwant(?:s|ed)? (?:[\w#'-]+ ){{1,5}}$",
    re.IGNORECASE,
)
"""Words that report what somebody asks for, such as "asks readers to close the item as resolved"."""
_OBJECT = (
    r"(?:(?:it|them|the|an?|its|their|this|that|each|both)\b|[`\"']?(?=[\w./:-]*[A-Z_./:])[\w./:-]{2,}(?<![.,:])[`\"']?|"
    r"[a-z]\w+(?= (?:to|into)\b))"
)
_HANDS_ON = re.compile(
    r" (?:on|along|down|over|through) (?:as|to|into)\b| [`\"']?[A-Z]+_[A-Z_]+\b"
    rf"| {_OBJECT}[^,;:]{{0,60}}? (?:to|into|as|along) (?!the end\b)"
)
"""What follows "passes" where it hands something on, as in "passes the limit to the pool"."""
_NO_THING = frozenset({"one", "state", "and", "or", "in", "on", "at", "since", "by", "item", "request", "pull", "work"})


def is_denied(before: str) -> bool:
    """Return whether the words before a verb deny it, or say that it is only possible."""
    return bool(NEGATED.search(before[-80:]) or POSSIBLE.search(before[-80:]))


def is_ordered(before: str) -> bool:
    """Return whether the words of a clause before a result report what somebody asks for."""
    return bool(_ORDERED.search(before))


def hands_on(word: str, after: str) -> bool:
    """Return whether "pass" has an object that it hands on, as in "passes `LIMIT` to the pool", and is no result."""
    return word.lower() in {"pass", "passes", "passed"} and bool(_HANDS_ON.match(after))


def is_attribute(before: str, after: str) -> bool:
    """Return whether a word such as "new" only describes a thing that has no such state, as in "the new name"."""
    thing = _OF_A_THING.match(after)
    noun = thing["thing"].removesuffix("s") if thing else ""
    return bool(noun and noun not in _NO_THING and noun not in KINDS and _ATTRIBUTE.search(before))
