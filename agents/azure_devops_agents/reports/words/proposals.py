"""Find sentences that propose what to do next. They state nothing that a quote could support."""

import re

from azure_devops_agents.reports.facts import find_facts

_LONGEST = 1_000
_VERBS = (
    "add|ask|check|close|contact|fix|increase|investigate|look|merge|raise|re-?queue|re-?run|rename|restart|retry|"
    "revert|rotate|run|set|tell|try|update|verify|wait"
)
_BEGINS = re.compile(
    r"(?:(?:possible |recommended |suggested )?(?:next steps?|recommendations?|suggestions?|proposals?|to[ -]?dos?|"
    r"(?:recommended|suggested) actions?)\s*:"
    r"|(?:i|we)(?: would|['\u2019]d)? (?:recommend|suggest|propose|advise)\b"
    r"|(?:you|we) (?:should|could|might want to)\b"
    r"|(?:ask|investigate|ensure|make sure|verify|contact|re-?run|re-?queue)\b(?! (?:by|of)\b)"
    rf"|if\b[^,;]{{3,200}}, (?:first |then |please )?(?:{_VERBS})\b)",
    re.IGNORECASE,
)
_TELLS = re.compile(r"\b(?:note|aware|mind|remember)\b|\bthat\b.*\b(?:is|was|were|are|has|have|had)\b", re.IGNORECASE)
_CONDITION = re.compile(r"\b(?:after|once|as soon as|when|until|before|unless)\b[^,;]*", re.IGNORECASE)
"""What must happen first, which is no statement either."""
_REASON = re.compile(r";|[,:]? \b(?:because|since)\b|, (?:as|so|and so|which|who)\b", re.IGNORECASE)


def split_proposal(sentence: str) -> tuple[str, str]:
    """Split a sentence into what it proposes and the rest, such as the reason. Either may be empty.

    A sentence that tells a result, or that only calls for attention, proposes nothing.
    """
    begins = _BEGINS.match(sentence.lstrip(" *_"))
    if begins is None or len(sentence) > _LONGEST:
        return "", sentence
    reason = _REASON.search(sentence, begins.end() + len(sentence) - len(sentence.lstrip(" *_")))
    proposed, rest = (sentence[: reason.start()], sentence[reason.end() :]) if reason else (sentence, "")
    told = _TELLS.search(proposed) or any(fact.kind == "result" for fact in find_facts(_CONDITION.sub(" ", proposed)))
    return ("", sentence) if told else (proposed, rest)
