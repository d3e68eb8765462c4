"""Find what a text denies with a frame of words, such as "None of the following is true:" and "The opposite is true".

A frame turns sentences into their contrary without a change in them, so whoever searches a text for what it says leaves
out the denied parts. The frames are the data below. They exist in English, German, French and Spanish.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Literal

from azure_devops_agents.reports.facts import mask_quoted
from azure_devops_agents.reports.words.sentences import find_ends

Reach = Literal["after", "opening", "before", "sentence", "clause"]

_TRUE = r"(?:true|correct|right|accurate|valid|so|the case|what happened|supported)\b"
_FALSE = (
    r"(?:false|wrong|untrue|incorrect|inaccurate|a lie|lies|made up|invented|nonsense|refuted|disproved|"
    rf"the (?:opposite|contrary|reverse) of (?:true|the truth)|not (?:\w+ ){{0,2}}{_TRUE}|far from {_TRUE})"
)
_IS_FALSE = (
    rf"(?:(?:is|are|was|were|'s) (?:\w+ ){{0,2}}?{_FALSE}|(?:isn't|aren't|wasn't|weren't) (?:\w+ )?{_TRUE}|"
    r"(?:does not|do not|doesn't|don't|did not) hold|never happened)"
)
_IS_TRUE = rf"(?:(?:is|are|was|were) (?:\w+ )?{_TRUE}|holds?\b|happened\b|applies\b)"
_SAYINGS = r"(?:statement|sentence|point|claim|fact|line|answer|finding|remark|conclusion)s?"
_ALL = r"(?:(?:all|each|every one|any|most) (?:of )?)?"
_NONE = r"(?:none|nothing|not one|not a word|no word|no part|neither) of"
_BELOW = (
    rf"(?:the following(?: {_SAYINGS})?|what follows|everything (?:below|that follows)|the below|"
    rf"(?:the|these) {_SAYINGS} (?:below|that follow|which follow))"
)
_ABOVE = (
    rf"(?:the (?:above|foregoing|preceding|previous)(?: {_SAYINGS})?|everything (?:above|before this)|all (?:of )?that|"
    rf"what (?:I|we) (?:said|wrote)|what (?:is|was|stands)(?: \w+)? (?:above|before)|(?:the|these) {_SAYINGS} above)"
)
_THOUGHT = r"the (?:claim|statement|assumption|idea|suspicion|belief|assertion|rumou?r|hypothesis|theory)"
_SAY = r"(?:say|claim|conclude|believe|think|state|assume|report)"

FRAMES: tuple[tuple[Reach, str], ...] = (
    ("after", rf"{_NONE} {_BELOW} {_IS_TRUE}"),
    ("after", rf"{_ALL}{_BELOW} {_IS_FALSE}"),
    ("opening", rf"{_NONE} (?:this|these(?: {_SAYINGS})?|it) {_IS_TRUE}(?=\s*:)"),
    ("opening", rf"it(?: (?=is|was)|(?='s)){_IS_FALSE} that(?=\s*:)"),
    ("after", rf"the (?:opposite|contrary|reverse) of {_BELOW} {_IS_TRUE}"),
    ("after", rf"(?:do not|don't|never) (?:believe|trust) (?:{_BELOW}|(?:any of )?this(?=\s*:))"),
    ("after", r"nichts (?:von dem|vom|des) folgenden (?:ist (?:wahr|richtig)|stimmt|trifft zu)"),
    ("after", r"(?:alles |das )?folgende[ns]? (?:ist (?:alles )?(?:falsch|unwahr|nicht wahr)|stimmt (?:alles )?nicht)"),
    ("after", r"rien de ce qui suit n'est (?:vrai|exact)|ce qui suit est faux"),
    ("after", r"nada de lo (?:siguiente|que sigue) es (?:cierto|verdad)|lo (?:siguiente|que sigue) es falso"),
    ("before", rf"{_NONE} {_ABOVE} {_IS_TRUE}"),
    ("before", rf"{_ALL}{_ABOVE} {_IS_FALSE}"),
    ("before", rf"the (?:opposite|contrary|reverse) of {_ABOVE} {_IS_TRUE}"),
    ("sentence", rf"(?:just |quite |exactly )?the (?:(?:exact|very) )?(?:opposite|contrary|reverse) {_IS_TRUE}"),
    ("sentence", rf"it is (?:just |quite )?the (?:opposite|contrary|reverse)\b(?! {_IS_TRUE}| (?:of|side|order))"),
    ("sentence", rf"{_NONE} (?:this|that|these|it|which) {_IS_TRUE}"),
    ("sentence", rf"(?:all of )?(?:this|that|these|those|which) {_IS_FALSE}(?! (?:that|to)\b)"),
    ("sentence", r"das gegenteil (?:ist (?:der fall|wahr|richtig)|stimmt)"),
    ("sentence", r"das (?:ist (?:falsch|nicht wahr)|stimmt nicht)"),
    ("sentence", r"(?:c'est )?le contraire est (?:vrai|le cas)|c'est (?:faux|le contraire)|ce n'est pas vrai"),
    ("sentence", r"lo contrario es (?:cierto|verdad)|es lo contrario|eso (?:es falso|no es (?:cierto|verdad))"),
    ("clause", rf"it(?: (?=is|was)|(?='s)| (?=isn't|wasn't)){_IS_FALSE} (?:that|to {_SAY}(?: that)?)\b"),
    ("clause", rf"it (?:is|would be|was) (?:an? )?(?:error|mistake|myth|wrong|false) (?:that|to {_SAY}(?: that)?)\b"),
    ("clause", rf"(?:nobody|no one) (?:should|may|must) {_SAY} that\b"),
    ("clause", rf"(?:you|we|one) (?:(?:should|may|must) not|cannot) {_SAY} that\b"),
    ("clause", rf"(?:do not|don't|never) {_SAY} that\b|\b(?:I|we) (?:deny|reject) that\b"),
    ("clause", r"es (?:ist (?:nicht (?:wahr|richtig|der fall)|falsch|unwahr)|stimmt nicht|trifft nicht zu), dass\b"),
    ("clause", r"il (?:n'est pas (?:vrai|exact)|est faux) qu(?:e\b|')|(?:no es (?:cierto|verdad)|es falso) que\b"),
    ("clause", rf"{_THOUGHT} that\b(?=[^.;\n]{{3,400}}? {_IS_FALSE})"),
)  # fmt: skip
"""The frames, and what each denies: the text after it or before it, its sentence and the one before, or its clause.

An `opening` denies what follows where it begins a sentence.
"""
_FRAMES = tuple((reach, re.compile(rf"(?<![\w'])(?:{words})(?!\w)", re.IGNORECASE)) for reach, words in FRAMES)
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n")
_END_OF_CLAUSE = re.compile(r";|:(?=\s)|[,.]? but\b|, (?:and )?(?:in fact|instead|rather)\b|\s[\u2013\u2014-]\s|$")
_LEAD = re.compile(r"\W*(?:(?:no|yes|but|and|in fact|actually|indeed|however|sorry|rather|oh|well)\b\W*){0,3}")
"""The words before a frame that begins its sentence."""
_STATED, _DENIED, _FRAME = 0, 1, 2
_CITATION = re.compile(r"\bE\d{1,4}\b")
_LONGEST = 30_000
"""Characters of a text that are searched for frames."""


@dataclass(frozen=True)
class Denial:
    """A denied part of a text.

    Attributes:
        start: The index of its first character; the words of the frame belong to it.
        end: The index after its last character.
        frame: The first and the last index of the frame.
        reach: What the frame denies.
    """

    start: int
    end: int
    frame: tuple[int, int]
    reach: Reach


def undenied(text: str) -> str:
    """Return a text without the parts that a frame denies, and without the frames."""
    kept, position = [], 0
    for denial in sorted(find_denials(text), key=lambda one: one.start):
        kept.append(text[position : max(position, denial.start)])
        position = max(position, denial.end)
    return " ".join((*kept, text[position:])).strip() if position else text


def find_denials(text: str) -> list[Denial]:
    """Return the denied parts of a text. Words in quotation marks are no frames."""
    plain = mask_quoted(text.replace("\u2019", "'"))
    return [denial for sentence in _list_sentences(text) for denial in _find_in_sentence(plain, sentence)]


class DeniedParts:
    """A text beside what it denies.

    Attributes:
        is_all: Whether a text denies everything that it says, or consists of a frame alone.
    """

    def __init__(self, text: str) -> None:
        """Find the denied parts of a text."""
        self._text, self._position = text, 0
        denials = find_denials(text)
        self._marks = bytearray(len(text))
        for denial in denials:
            self._marks[denial.start : denial.end] = bytes([_DENIED]) * (denial.end - denial.start)
        for denial in denials:
            self._marks[slice(*denial.frame)] = bytes([_FRAME]) * (denial.frame[1] - denial.frame[0])
        wide = any(denial.reach != "clause" for denial in denials)
        rest = re.sub(r"\W+", " ", _CITATION.sub("", self.split()[0]))
        self.is_all = wide and _LEAD.fullmatch(rest) is not None

    def split(self, start: int = 0, end: int | None = None) -> tuple[str, str]:
        """Split a part of the text into what it states and what it denies. The words of the frames are in neither."""
        if not any(self._marks):
            return self._text[start:end], ""
        marked = list(zip(self._text[start:end], self._marks[start:end], strict=True))
        stated, denied = ("".join(each for each, mark in marked if mark == wanted) for wanted in (_STATED, _DENIED))
        return stated.strip(), denied.strip()

    def split_next(self, sentence: str) -> tuple[str, str]:
        """Split the next sentence of the text, in the order in which the text has them."""
        start = self._text.find(sentence, self._position)
        if start < 0:
            return sentence, ""
        self._position = start + len(sentence)
        return self.split(start, self._position)


def _list_sentences(text: str) -> list[tuple[int, int]]:
    """Return the first and the last index of each sentence."""
    found, begin = [], 0
    for line in text[:_LONGEST].split("\n"):
        at = 0
        for end, after in [*find_ends(line), (len(line), len(line))]:
            if line[at:end].strip():
                found.append((begin + at, begin + end))
            at = after
        begin += len(line) + 1
    return found


def _find_in_sentence(text: str, sentence: tuple[int, int]) -> Iterator[Denial]:
    found = [(*match.span(), reach) for reach, pattern in _FRAMES for match in pattern.finditer(text, *sentence)]
    denied = 0
    for begin, behind, reach in sorted(found, key=itemgetter(0)):
        inside = begin < denied
        if inside or (reach == "opening" and not _LEAD.fullmatch(text, sentence[0], begin)):
            continue
        start, end = _measure_reach(text, sentence, (begin, behind), reach)
        denied = end
        yield Denial(start, end, (begin, behind), reach)


def _measure_reach(text: str, sentence: tuple[int, int], frame: tuple[int, int], reach: Reach) -> tuple[int, int]:
    if reach in {"after", "opening"}:
        return frame[0], _find_end(text, frame[1])
    if reach == "before":
        return 0, frame[1]
    if reach == "clause":
        end = _END_OF_CLAUSE.search(text, frame[1], sentence[1])
        return frame[0], end.start() if end else sentence[1]
    if _LEAD.fullmatch(text, sentence[0], frame[0]) is None:
        return sentence[0], frame[1]
    alone = not re.search(r"\w", text[frame[1] : sentence[1]])
    return _find_begin(text, sentence[0], whole=alone), frame[1]


def _find_end(text: str, position: int) -> int:
    """Return where the denied text ends: with the paragraph, or with the text if nothing precedes the frame."""
    if not re.search(r"\w{4}", text[: text.rfind("\n\n", 0, position) + 1]):
        return len(text)
    for end in _PARAGRAPH.finditer(text, position):
        if re.search(r"\w", text[position : end.start()]):
            return end.start()
    return len(text)


def _find_begin(text: str, position: int, *, whole: bool) -> int:
    """Return where the sentence before a position begins, or the whole paragraph; the position when there is none."""
    before = text[:position].rstrip()
    if not before:
        return position
    paragraphs = [end.end() for end in _PARAGRAPH.finditer(before)]
    begin = paragraphs[-1] if paragraphs else 0
    if whole:
        return begin
    return max(start for start, _ in _list_sentences(before))
