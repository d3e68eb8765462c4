"""Find what a sentence says was not read, or has no evidence.

The names in it are those of a search that did not take place.
"""

import re

from azure_devops_agents.reports.facts import mask_quoted
from azure_devops_agents.reports.words.clauses import has_verb

_READ = (
    r"(?:look(?:ed)? (?:at|for|into|up|through|in)|search(?:ed)?(?: for| through)?|read|open(?:ed)?|fetch(?:ed)?|"
    r"inspect(?:ed)?|examined?|compared?|quer(?:y|ied)|g(?:o|one) through|scan(?:ned)?|investigated?|download(?:ed)?)"
)
_TRIED = (
    r"(?:check(?:ed)?|follow(?:ed)?|verif(?:y|ied)|tr(?:y|ied)|test(?:ed)?|consider(?:ed)?|cover(?:ed)?|"
    r"ask(?:ed)?(?: for| about)?|request(?:ed)?|seen?|explored?|count(?:ed)?)"
)
"""Verbs that tell of reading only where the agent says of itself that it did not do so."""
_ADVERBS = r"(?:(?:yet|even|also|further|itself|separately|individually|actually) )*"
_PASSIVE = re.compile(
    rf"\b(?:(?:(?:was|were|has been|have been)(?: not|n't)|never (?:was|were)) {_ADVERBS}{_READ}|"
    r"(?:went|remains?|remained|stays?|stayed|was left|were left) (?:unread|unopened|unseen))"
    r"(?: (?:here|yet|either|as well|too|by me|by us|in full|at all))*(?=\W*$|[,;:)]| (?:and|but|so|because|since)\b)",
    re.IGNORECASE,
)
_ACTIVE = re.compile(
    rf"\b(?:I|[Ww]e)(?:(?: did| have| had)?(?: not|n't)| never) {_ADVERBS}(?:{_READ}|{_TRIED})\b"
    rf"|(?:^\W*|(?<=[;:(] ))[Nn]ot (?!opened:)(?:{_READ}|{_TRIED})\b:?"
)
_UNSUPPORTED = re.compile(
    r"[;,:\u2014-] (?:but |and |though |although |yet |for which )?"
    r"(?:(?:I|we) (?:have|found|saw|see|know of)|there (?:is|was)) no (?:evidence|proof|source|support|confirmation)"
    r"(?: (?:for|of|behind) (?:this|that|it|the|these|them)(?: \w+)?)?(?=\W*$)",
    re.IGNORECASE,
)
"""The end of a sentence that says of its own beginning that no evidence was found for it."""
_CREATED = re.compile(
    r"(?:a |an |the )?(?:pull request|pr|bug|task|issue|ticket|story|branch)s?\b.*\bopened", re.IGNORECASE
)
"""What is opened when it is created."""
_JOINED = re.compile(r"[;:\u2014]\s|,? (?:and|but|so|while) ")
_ENDS = re.compile(r"[;:\u2014]|,? (?:but|as|since|because|so|although|though|and (?:I|we|it|the|that|this))\b")
_AND = re.compile(r",? and ")
_LISTED = re.compile(r"\d$|,\s*\S+$")
_LONGEST = 1_000


def split_unread(sentence: str) -> tuple[str, str]:
    """Split a sentence into what it says was not read, and the rest. Either may be empty.

    It begins with the subject of "was not read", and ends with the object of "I did not read".
    """
    text = mask_quoted(sentence.replace("\u2019", "'")) if len(sentence) <= _LONGEST else ""
    unread = [(_find_subject(text[: found.start()]), found.end()) for found in _PASSIVE.finditer(text)]
    unread = [(begin, end) for begin, end in unread if not _CREATED.match(text[begin:end])]
    for found in _ACTIVE.finditer(text):
        unread.append((found.start(), _find_end(text, found.end())))
    for found in _UNSUPPORTED.finditer(text):
        begin = max(text.rfind(mark, 0, found.start()) for mark in ";:\u2014") + 1
        unread.append((begin, found.end()))
    kept, position = "", 0
    for begin, end in sorted(unread):
        kept += sentence[position : max(position, begin)]
        position = max(position, end)
    return " ".join(sentence[begin:end] for begin, end in unread), kept + sentence[position:]


def _find_end(text: str, position: int) -> int:
    """Return where an object ends: before the next clause, which has a verb of its own."""
    ends = [found.start() for found in (_ENDS.search(text, position),) if found]
    joined = list(_AND.finditer(text, position))
    ends_of_clauses = [*(found.start() for found in joined), len(text)][1:]
    clauses = zip(joined, ends_of_clauses, strict=True)
    ends += [found.start() for found, end in clauses if has_verb(text[found.end() : end])]
    return min(ends, default=len(text))


def _find_subject(before: str) -> int:
    """Return where the subject begins that stands before a verb: behind a word that joins it to another clause."""
    for joined in reversed(list(_JOINED.finditer(before))):
        first, subject = before[: joined.start()], before[joined.end() :]
        begins = not _LISTED.search(first) if joined[0].startswith(",") else has_verb(first)
        if not joined[0].strip(" ,").isalpha() or (begins and not has_verb(subject)):
            return joined.end()
    return 0
