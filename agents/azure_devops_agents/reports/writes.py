"""Find sentences that tell of a write: only evidence of one, or of the decision against it, can support them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azure_devops_agents.reports.facts import is_denied, mask_quoted
from azure_devops_agents.reports.units import Source, Unit

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
_BEGINS = re.compile(r"^\W*(?P<verb>Filed|Commented|Notified|Informed|Posted|Submitted|Raised)\b")


@dataclass(frozen=True)
class ClaimedWrite:
    """A write that a sentence tells of.

    Attributes:
        verb: What was done, in the words of the sentence.
        own: Whether the agent says that it did so itself; else it may be the work of other people.
    """

    verb: str
    own: bool


def find_claimed_write(sentence: str) -> ClaimedWrite | None:
    """Return the write that a sentence tells of; None when it tells of none, denies it, or only proposes it."""
    text = mask_quoted(sentence)
    for own, patterns in ((True, (_OWN,)), (False, (_PASSIVE, _FILED, _BEGINS))):
        for pattern in patterns:
            for found in pattern.finditer(text):
                verb = next(filter(None, found.groupdict().values()))
                denied = _NOTHING.match(text, found.end()) or is_denied(text[: found.start()])
                if not denied and not is_denied(text[: found.end() - len(verb)]):
                    return ClaimedWrite(verb.lower(), own)
    return None


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


UNSENT = "unsent"
"""The part of a unit that tells of a write that was not sent."""
_DECIDED = {"approve": "approved", "reject": "rejected", "stop": "stopped", "outdated": "approved"}
_DECLINED = re.compile(
    r"\b(?:reject\w*|declin\w+|refus\w+|den(?:y|ied)|said no|no|nothing|none|nobody|neither|not|never|without|stop\w*|"
    r"stays?|unchanged|propos\w+|wanted|would)\b|n't\b",
    re.IGNORECASE,
)


def tells_of_unsent(sentence: str) -> bool:
    """Return whether a sentence may tell of a write that did not happen: it denies, or names a decision."""
    return _DECLINED.search(mask_quoted(sentence)) is not None
