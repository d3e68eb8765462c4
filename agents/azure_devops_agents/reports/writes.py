"""Find sentences that tell of a write: only evidence of one, or of the decision against it, can support them."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from azure_devops_agents.reports.facts import mask_quoted
from azure_devops_agents.reports.units import KINDS, NOUNS, Source, Unit
from azure_devops_agents.reports.words.results import is_denied

_NEW = "filed|created|opened|raised|logged|posted|added|left|written|submitted"
_DONE = (
    f"{_NEW}|reported|commented|replied|answered|wrote|updated|changed|edited|set|fixed|closed|reopened|resolved|"
    "assigned|reassigned|asked|told|notified|informed|messaged|requested|queued|started|restarted|reran|rerun|"
    "retried|triggered|scheduled|reverted|merged|approved|rejected|voted|abandoned|completed|canceled|cancelled|moved|"
    "linked|tagged|deleted|removed|marked|renamed|rotated|pushed|committed|sent"
)
_ADVERBS = r"(?:(?:also|already|now|just|then|therefore|successfully) )*"
_OWN = re.compile(
    rf"\b(?:I|[Ww]e)(?: have| had|['\u2019]ve|['\u2019]d)? {_ADVERBS}(?P<verb>{_DONE})\b"
    rf"|\b(?P<by>{_DONE}) by (?:me|us|the (?:agent|assistant))\b"
    rf"|\b(?:was|were|has been|have been|is|are) {_ADVERBS}(?P<told>notified|informed)\b"
)
_THING = (
    r"(?:work item|bug|task|ticket|issue|story|feature|epic|comment|note|pull request|question|reply|request|build|run)"
)
_PASSIVE = re.compile(
    rf"(?:\b(?:[Aa]n?|[Tt]he|[Tt]his|[Oo]ne)|^\W*)\s?(?:new |follow-up |corresponding |matching )?{_THING}s?"
    rf"(?: (?:for|about|on|to) (?:it|this|that))? (?:(?:is|was|were|are|has been|have been) )?{_ADVERBS}"
    rf"(?P<verb>{_NEW})\b",
    re.IGNORECASE,
)
_FILED = re.compile(rf"\b(?:was|were|has been|have been|is|are) {_ADVERBS}(?P<verb>filed|commented on)\b")
_NOTHING = re.compile(r"\s+(?:nothing|no|none|neither|not)\b")
_DETERMINED = r" (?:an?|one|another|two|three|the|this|that|my|our|new|follow-up|further)"
_TOLD_TO_PEOPLE = r"(?:comment|note|reply|repl|message|question|remark|review|vote|answer|hint|word)"
_READABLE = (
    r"(?:logs?|pages?|lists?|rows?|files?|diffs?|entr(?:y|ies)|results?|commits?|branch(?:es)?|director(?:y|ies)|"
    r"folders?|lines?|records?|details?|histor(?:y|ies)|searche?s?|evidence|hits?|links?|attachments?)"
)
_READS: Mapping[str, str] = {
    # Something was left as it is, unless it is something that people read.
    "left": rf"(?!{_DETERMINED}?(?: [\w-]+){{0,2}}? {_TOLD_TO_PEOPLE})",
    # A new thing is opened for a write; what has a number, or is no record, was opened to read it.
    "opened": (
        rf"(?!{_DETERMINED} )|{_DETERMINED}(?: [\w-]+){{0,2}}? (?:{_READABLE}|[#!]?\d)\b|"
        r"(?: \S+){1,6}? (?:alone|only)\b"
    ),
    "asked": rf"(?: only| just)? for (?!an? )|(?: \w+){{0,2}} (?:{_READABLE}|service|server|search|index|tool)\b",
    "requested": rf"(?: [\w-]+){{0,4}} {_READABLE}\b",
    "told": r" (?:\w+ ){0,3}apart\b",
    "added": r" (?:\w+ ){0,4}(?:up|together)\b",
    "set": r" (?:\w+ ){0,3}(?:aside|apart|out)\b",
    "moved": r" (?:on|ahead|forward|down)\b",
    "started": r" (?:with|from|at|by|out|off|looking|reading|searching|there|here)\b",
    "marked": r" (?:\w+ ){0,4}(?:above|below|here|in (?:this|the) (?:table|list|answer|report))\b",
    "wrote": r" (?:above|below|this|here|down)\b",
    "linked": r" (?:\w+ ){0,4}(?:above|below|here)\b",
    "closed": r" (?:with|in on)\b",
}
"""What follows a verb of a write where it tells that something was read, left as it is, or only counted."""
_BEGINS = re.compile(r"^\W*(?P<verb>Filed|Commented|Notified|Informed|Posted|Submitted|Raised)\b")

# The words for each kind of write in a sentence, and a pattern for the names of its tools.
_THINGS = {
    "comment": (r"\bcomment(?:s|ed)?\b|\bnotes?\b|\brepl(?:y|ies|ied)\b", r"comment|thread|repl(?:y|ies)"),
    "pull request": (r"\bpull requests?\b|\bPRs?\b", r"pull_request"),
    "work item": (
        r"\b(?:work items?|bugs?|tasks?|tickets?|issues?|stor(?:y|ies)|features?|epics?)\b",
        r"work_item|wit_",
    ),
    "run": (r"\b(?:builds?|runs?|pipelines?)\b", r"build|run|pipeline"),
}
_OBJECT = 60
"""Characters after a verb in which its object stands."""


@dataclass(frozen=True)
class ClaimedWrite:
    """A write that a sentence tells of.

    Attributes:
        verb: What was done, in the words of the sentence.
        own: Whether the agent says that it did so itself; else it may be the work of other people.
        thing: What was written, such as "comment"; empty when the sentence does not say.
    """

    verb: str
    own: bool
    thing: str = ""

    def may_be(self, tool: str) -> bool:
        """Return whether a tool may have done this; one whose kind of write is not told may have done anything."""
        return not self.thing or re.search(_THINGS[self.thing][1], tool) is not None


def find_claimed_writes(sentence: str) -> Iterator[ClaimedWrite]:
    """Yield the writes that a sentence tells of and neither denies nor only proposes."""
    text = mask_quoted(sentence)
    for own, patterns in ((True, (_OWN,)), (False, (_PASSIVE, _FILED, _BEGINS))):
        for pattern in patterns:
            for found in pattern.finditer(text):
                verb = next(filter(None, found.groupdict().values()))
                denied = _NOTHING.match(text, found.end()) or is_denied(text[: found.start()])
                denied = denied or is_denied(text[: found.end() - len(verb)])
                thing = _find_thing(found[0]) or _find_thing(text[found.end() :])
                if not denied and not _only_reads(found, thing, text[found.end() :]):
                    yield ClaimedWrite(verb.lower(), own, thing)


def _only_reads(found: "re.Match[str]", thing: str, after: str) -> bool:
    """Return whether a verb tells that something was read or left as it is, such as "left open"."""
    if found.re is _OWN:
        return bool(re.match(_READS.get(found["verb"] or "", r"(?!)"), after, re.IGNORECASE))
    return found.groupdict().get("verb", "").lower() == "left" and thing != "comment"


def _find_thing(text: str) -> str:
    """Return what a text names first: a comment on a bug is a comment."""
    begun = text[:_OBJECT]
    named = {place.start(): thing for thing, (words, _) in _THINGS.items() if (place := re.search(words, begun))}
    return named[min(named)] if named else ""


@dataclass(frozen=True)
class UnsentWrite:
    """A write that was asked for and not sent, so that it left no evidence: what was decided about it, or why not.

    Attributes:
        tool: The tool that would have written.
        arguments: What it would have written.
        decision: What was decided: reject, stop or outdated; empty when nobody was asked.
        approver: Who decided.
        told: What the model was told.
        asked_now: Whether the current question asked for it, and not an earlier one of the thread.
    """

    tool: str
    arguments: Mapping[str, Any]
    decision: str
    approver: str
    told: str
    asked_now: bool

    def as_unit(self, number: int) -> Unit:
        """Return what is known of the write, as one of several."""
        call = Source("", "", self.tool, self.arguments).call
        text = f"{_DECIDED.get(self.decision, 'refused')} by {self.approver}\n{self.told}\n{self.tool}\n{call.text}"
        return Unit("", text, call.fields, UNSENT, call.ids, places=range(number, number + 1))


UNSENT, APPROVED = "unsent", "approved"
"""The parts of units that tell of a write that was not sent, and who approved one that was."""
_DECIDED = {"approve": "approved", "reject": "rejected", "stop": "stopped", "outdated": "approved"}
_TELLS_OF: Mapping[str, "re.Pattern[str]"] = {
    UNSENT: re.compile(
        r"\b(?:reject\w*|declin\w+|refus\w+|den(?:y|ied)|said no|no|nothing|none|nobody|neither|not|never|without|"
        r"stop\w*|stays?|unchanged|propos\w+|wanted|would)\b|n't\b",
        re.IGNORECASE,
    ),
    APPROVED: re.compile(
        r"^(?!.*\b(?:review\w*|vot\w+|pull requests?|PRs?)\b).*\b(?:approv\w+|agree\w*|accept\w+|confirm\w+)\b",
        re.IGNORECASE | re.DOTALL,
    ),
}
"""The words of a decision, without those about the votes on a pull request."""


def as_approval(source: Source, approver: str) -> Unit:
    """Return who approved a write that was sent."""
    text = f"approved by {approver}\n{source.tool}"
    return Unit(source.evidence_id, text, part=APPROVED, ids=source.call.ids)


def may_tell_of(decision: Unit, sentence: str) -> bool:
    """Return whether a sentence may tell of a write that did not happen, or that a write was approved."""
    return _TELLS_OF[decision.part].search(mask_quoted(sentence)) is not None


# -- links of a write ---------------------------------------------------------------------------------------------

_NOUN = rf"(?:the )?(?:{'|'.join(NOUNS)})s?"
_NUMBER = r"[#!]?\d{1,10}(?![\w.-]*\w)"
_LINKED = re.compile(
    rf"\blink(?:s|ed|ing)?(?: (?:it|them|both))?(?: (?:to|with))? (?P<listed>{_NOUN} {_NUMBER}"
    rf"(?:(?:,? and |, | & )(?:to )?(?:{_NOUN} )?{_NUMBER})*)",
    re.IGNORECASE,
)
_EACH = re.compile(rf"(?:(?P<noun>{'|'.join(NOUNS)})s? )?[#!]?(?P<number>\d{{1,10}})", re.IGNORECASE)
_SENT = re.compile(r"(build|pull_request|work_item):(\d+)")
_RELATIONS = ("links", "work_items", "parent")
"""The arguments of a write that hold what it is linked to."""


def compare_links(
    sentence: str, writes: Iterable[Source], sources: Iterable[Source], claims: Collection[ClaimedWrite]
) -> Iterator[str]:
    """Yield what a sentence about a write says it is linked to, and that neither was sent nor read as a link.

    Args:
        sentence: The sentence.
        writes: The evidence of the writes.
        sources: All evidence of the thread.
        claims: The writes that the sentence tells of. One that names the record of a write tells of it as well.
    """
    written = [source for source in writes if any(source.arguments.get(name) for name in _RELATIONS)]
    own = {number for source in written for unit in source.units for kind, number in unit.ids if unit.is_record}
    said = list(_LINKED.finditer(sentence))
    named = any(int(found["number"]) in own for found in _EACH.finditer(sentence) if found["noun"])
    if not written or not said or not (claims or named):
        return
    there = {link for source in written for link in _list_sent(source)} | {
        link for source in sources for unit in source.units if unit.part == "links" for link in unit.ids
    }
    for found in said:
        kind = ""
        for each in _EACH.finditer(found["listed"]):
            kind = KINDS.get(each["noun"].lower(), each["noun"].lower()) if each["noun"] else kind
            link = (kind, int(each["number"]))
            if link not in there and link[1] not in own:
                yield f"no link to {kind} {link[1]} was written"


def _list_sent(source: Source) -> Iterator[tuple[str, int]]:
    """Yield what a write was linked to, by the kind and the number."""
    for name in _RELATIONS:
        value = source.arguments.get(name)
        for link in value if isinstance(value, list) else [value]:
            if isinstance(link, int):
                yield "work item", link
            elif found := _SENT.fullmatch(str(link)):
                yield found[1].replace("_", " "), int(found[2])
