"""Find the facts in a sentence that code can compare with evidence: ids, names, numbers, dates and results."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from azure_devops_agents.reports.units import KINDS, NOUNS
from azure_devops_agents.reports.words.capitals import COMMON, ROLES, is_technology
from azure_devops_agents.reports.words.citations import find_citations
from azure_devops_agents.reports.words.clauses import find_clause_ends
from azure_devops_agents.reports.words.counts import NO_THINGS, NUMBER_WORDS, OWN_THINGS, TIME_UNITS, name_things
from azure_devops_agents.reports.words.dates import Moment, find_dates, find_weekday
from azure_devops_agents.reports.words.languages import SMALL_WORDS, THINGS, is_foreign
from azure_devops_agents.reports.words.results import (
    CERTAIN,
    NEGATED,
    POSSIBLE,
    RESULT,
    RESULTS,
    hands_on,
    is_attribute,
    is_ordered,
)

Kind = Literal["literal", "id", "number", "count", "date", "weekday", "name", "hash", "result"]

_VOTED = frozenset(
    """
    approved rejected reviewed commented said asked requested approval approvals approvers vote votes voted review
    reviews reviewers comment comments remark remarks question questions noted mentioned suggested proposed wanted
    confirmed declined accepted questioned answered read
    """.split()  # noqa: SIM905 - a list of single words would not be read
)
"""The words before "by" and "of" that make the person after them no author."""
_BEFORE_PERSON = re.compile(
    r"\b(\w+)(?:\W{1,3}(?:and|or|also|later|then|once|twice|too|with suggestions|by [A-Z]\w+(?: [A-Z]\w+)*)\b)*"
    r"\W{1,3}by\W+$"
)
"""The verb before "by" and a name, such as that of both names in "approved by Mina Sato and, later, by Tom Becker"."""
_QUOTED = re.compile(
    r"`([^`\n]{1,300})`|\u201e([^\u201c\u201d\n]{1,300})[\u201c\u201d]|\u00ab([^\u00bb\n]{1,300})\u00bb|"
    r"\u201c([^\u201d\n]{1,300})\u201d|\"([^\"\n]{1,300})\"|(?<!\w)['\u2018]([^'\u2019\n]{2,300})['\u2019](?!\w)"
)
_OWN_WORDS = re.compile(r"[^`\w](?:[a-z']+ ){0,3}[a-z']+\W")
_TAKEN_AS = re.compile(
    r"(?:\b(?:take|read|treat|understand|regard|see|count|call|interpret)(?: (?:that|this|it|them|these|those))? as"
    r"|\b(?:so-called|a kind of|(?:I|you|we) (?:mean|call)(?: (?:it|that|this|them))?)) $",
    re.IGNORECASE,
)
"""The words before a quotation of small words that names something in words of the writer's own."""
_READER_SAID = re.compile(
    r"\b(?:you (?:said|wrote|answered|replied|told me|called (?:it|this|that|them)|spoke of|named|mentioned|"
    r"asked(?: for)?)"
    r"|your (?:answer|reply|words?)(?: was| were| is)?)[:,]? $",
    re.IGNORECASE,
)
"""The words before a quotation of the person who asked. What they replied to a question is no evidence."""
URL = re.compile(r"https?\[?:\]?/ ?/\S{1,500}(?<![.,:;!?])")
_CODE = re.compile(r"(?<![\w/.-])[\w./\\@:+#-]{3,200}(?<![.,:;])")
_DIGITS, _MEASURED = 4, re.compile(r"[\d.,]+[A-Za-z]{1,2}")
"""How many digits make a code of a word, which is not a number with its unit, such as "1500ms"."""
_ONE = r"#?(?:\d{1,3}(?:,\d{3})+|\d{1,9})\b(?![.:]\d|%|-\w| of \d)"
_NUMBERS = rf"{_ONE}(?:(?:,? (?:and|or|&) |, | to |-){_ONE})*"
_NOUNS = sorted((*NOUNS, "line number"), key=len, reverse=True)
_ID = re.compile(
    rf"\b(?P<noun>{'|'.join(noun.replace(' ', r'[ -]') for noun in _NOUNS)})(?:s|es)?"
    rf"(?:(?: (?:number|no\.?|id))?[ #!]{{1,2}}|(?<=pr)-?)(?P<numbers>{_NUMBERS})",
    re.IGNORECASE,
)
_YEAR = re.compile(r"20\d\d")
_SHORT_ID = re.compile(r"PR-?\d{1,9}", re.IGNORECASE)
_MARKED = re.compile(r"(?<!\w)(?P<mark>AB#|[#!])(?P<number>\d{1,9})\b")
_HASH = re.compile(r"(?<=\bcommit )\d{7,40}\b|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b")
_NUMBER = re.compile(
    r"(?<![\w.,/-])(?P<number>\d{1,3}(?:,\d{3})+|\d+,\d{1,2}(?![\w,.])|\d+(?:\.\d+)*)(?P<ordinal>st|nd|rd|th)?(?![\w/])"
    r"(?P<unit> ?(?:%|percent\b|[kKMG]i?B\b|bytes?\b|ms\b|s\b|h\b|(?:second|minute|hour|day|week|month)s?\b))?"
)
_LABEL = re.compile(
    r"^\W*(?:step|option|phase|part|cause|reason|hypothesis|point|recommendation|example|note) \d{1,2}(?=[:.)])"
    r"|\[\^\d{1,3}\]:?"
    r"|\((?:(?:evidence|source|see) )?E\d{1,4}(?:: ?[a-z]+(?:_[a-z]+)+|,? rows? \d{1,4}(?:-\d{1,4})?)\)",
    re.IGNORECASE,
)
"""Labels such as "Step 2:" and "[^1]", and citations that describe their evidence. They state nothing."""
_COMPARED = re.compile(
    r"(?:less than|more than|fewer than|over|under|above|below|at least|at most|up to|about|around|nearly|almost|"
    r"roughly|approximately|some|within|etwa|rund|ca\.|circa|approx\.?|ungef\u00e4hr|knapp|fast|mehr als|weniger als|"
    r"environ|plus de|moins de|unos|unas|cerca de|m\u00e1s de|menos de|~|<|>|\u2264|\u2265)\s?$",
    re.IGNORECASE,
)
_COUNT = re.compile(
    rf"(?<![\w-])(?P<word>{'|'.join(NUMBER_WORDS)})\b"
    r"(?=:|(?: (?:of|the|these|those|other|more|\w+ing|\w+ed|\w+))? ?(?:\w+ )?(?:\w+s|children|people)\b)",
    re.IGNORECASE,
)
_NO_ADJECTIVE = (
    rf"(?:{'|'.join(NUMBER_WORDS)}|has|had|did|was|were|got|is|are|for|in|on|at|to|with|by|from|as|or|and|"
    r"\w+[a-rt-z]s)\b"
)
_COUNTED = re.compile(
    r"(?: of(?= (?:\d|the|these|those|its|all)))?(?: (?:\d[\d,]*|the|these|those|its|all|other|more))?"
    r"(?: (?:open|active|new|closed|resolved|completed|merged|abandoned|failed|skipped|canceled|red|green|draft)"
    r"(?! (?:in|on|at|to|of|for|with|by|from|all|the|its|and|or|as|after|before|because)\b))?"
    rf"(?: (?!{_NO_ADJECTIVE})\w+)? (?!(?:{'|'.join(NO_THINGS)})\b)[a-z]{{2,}}s\b"
    r"|:(?= \d+(?:, \d+)*,? (?:and|or) \d+)"
)
"""The words after a number that says how many there are of something."""
_NOT_NOW = re.compile(r"\s?(?:\?|by (?:default|hand))")
"""The words after a word of a result that make it a question or a setting."""
_NAME = re.compile(r"(?<![\w'\u2019.-])[A-Z][\w\u00c0-\u024f]*(?:[ -][A-Z][\w\u00c0-\u024f]*){0,3}")


@dataclass(frozen=True)
class Fact:
    """One fact of a sentence.

    Attributes:
        kind: What it is.
        text: Its words, for people.
        value: What is compared: the number as text, the folded name, the result.
        noun: What an id identifies, what a count counts, the question that a result answers, or the unit of a number.
        readings: The forms that a date may have.
        negated: Whether the sentence denies the result.
        clause: The number of the clause that it stands in.
        also: Another reading of a number, such as 50000 for "50.000" in other languages than English.
        place: Where the value stands in the sentence: its first character, and the one after its last.
    """

    kind: Kind
    text: str
    value: str
    noun: str = ""
    readings: tuple[Moment, ...] = ()
    negated: bool = False
    clause: int = 0
    place: tuple[int, int] = (0, 0)
    also: str = ""


def find_facts(sentence: str, known: frozenset[str] = frozenset()) -> list[Fact]:
    """Return the facts of a sentence.

    Args:
        sentence: One sentence.
        known: Names that the evidence has as whole values, in lower case. A plain word with a hyphen is a name only
            when it is one of them or nearly so.
    """
    reader = _Reader(sentence, known)
    return sorted(reader.facts(), key=lambda fact: fact.clause)


def split_clauses(sentence: str) -> list[str]:
    """Split a sentence into its clauses, without citations; a fact's clause is its place among them."""
    plain = _plain(sentence)
    ends, bare = _find_ends(plain), list(plain)
    for citation in find_citations(plain):
        bare[citation.start : citation.end] = " " * (citation.end - citation.start)
    text = "".join(bare)
    return [text[begin:end] for begin, end in zip([0, *ends], [*ends, len(plain)], strict=True)]


def _find_ends(plain: str) -> list[int]:
    """Return where the clauses of a sentence end, except for the last one."""
    return find_clause_ends(mask_quoted(plain))


def _plain(sentence: str) -> str:
    return sentence.replace("**", "  ").replace("\u2019", "'")


def mask_quoted(sentence: str) -> str:
    """Return a sentence whose quoted words are blank, character for character."""
    return _QUOTED.sub(lambda match: "\0" * len(match[0]), sentence)


class _Reader:
    """Takes one kind of fact after another out of a sentence."""

    def __init__(self, sentence: str, known: frozenset[str]) -> None:
        self._rest = self._plain = _plain(sentence)
        self._known, self._whole = known, self._rest.lower()
        self._foreign = is_foreign(mask_quoted(self._rest))
        self._common = COMMON | KINDS.keys() | (SMALL_WORDS | THINGS if self._foreign else frozenset())
        self._ends = _find_ends(self._rest)

    def facts(self) -> Iterator[Fact]:
        """Yield all facts."""
        whole = self._rest
        for match in self._take(_LABEL):
            del match
        for citation in list(find_citations(self._rest)):
            self._blank(citation.start, citation.end)
        for match in self._take(_QUOTED):
            inner = next(filter(None, match.groups()))
            before = whole[: match.start()]
            of_reader = _READER_SAID.search(before) and re.fullmatch(r"[^`\d_/]+", match[0])
            if not of_reader and not (_OWN_WORDS.fullmatch(match[0]) and _TAKEN_AS.search(before)):
                yield self._fact("literal", match, inner)
        for match in self._take(URL):
            del match
        for written in find_dates(self._rest):
            yield self._date((written.start, written.end), written.readings)
            self._blank(written.start, written.end)
        yield from self._codes()
        yield from self._identified()
        for match in self._take(_HASH):
            yield self._fact("hash", match, match[0])
        if not self._foreign:
            yield from self._results(whole)
        yield from self._numbers(whole)
        yield from self._names(whole)

    def _codes(self) -> Iterator[Fact]:
        for match in filter(self._is_code, list(_CODE.finditer(self._rest))):
            yield self._fact("literal", match, match[0].rstrip(".,:;"))
            self._blank(match.start(), match.end())

    def _is_code(self, match: "re.Match[str]") -> bool:
        word = match[0]
        if _SHORT_ID.fullmatch(word) or is_technology(word):
            return False
        if _HASH.fullmatch(word) or re.fullmatch(r"[\d.,:/#-]+", word) or (word.lower() in self._known and "-" in word):
            return word.lower() in self._known and not re.fullmatch(r"[\d.,:/#-]+", word)
        parts = [part for part in re.split(r"[./\\_@:+#-]", word) if part]
        if re.search(r"[a-z][A-Z]", word) or "_" in word or ("." in word[:-1] and re.search(r"\w\.[A-Za-z]\w*", word)):
            return len(word) > 3
        if "/" in word:
            return len(parts) > 1 and word.lower() not in {"and/or", "ci/cd", "yes/no", "either/or"}
        long = sum(map(str.isdigit, word)) >= _DIGITS and not _MEASURED.fullmatch(word)  # Such as TF401027x.
        if long or "-" not in word or len(parts) < 2:
            return long or (bool(re.search(r"[A-Za-z]\d", word)) and word.isupper())
        return (
            (len(parts) > 2 and word.islower())
            or any(any(map(str.isdigit, part)) for part in parts)
            or self._is_near(word)
        )

    def _is_near(self, word: str) -> bool:
        """Return whether a word with a hyphen looks like a known name, such as another pipeline's."""
        parts = set(word.lower().split("-"))
        return any(
            len(parts & set(name.split("-"))) and parts != {name}
            for name in self._known
            if "-" in name and len(name) < 80
        ) and (word.lower().rsplit("-", 1)[-1] in {name.rsplit("-", 1)[-1] for name in self._known if "-" in name})

    def _identified(self) -> Iterator[Fact]:
        for match in self._take(_ID):
            noun = re.sub(r"[ -]", " ", match["noun"].lower())
            if noun not in KINDS and _YEAR.fullmatch(match["numbers"]):
                yield self._date(match.span("numbers"), (Moment(year=int(match["numbers"])),))
                continue  # As in "Security findings 2026".
            kind = KINDS.get(noun, noun)
            numbers = match["numbers"]
            for number in re.finditer(r"\d+(?:,\d{3})*", numbers):
                at = match.start("numbers") + number.start()
                place = (at, at + len(number[0]))
                value, clause = number[0].replace(",", ""), self._clause(at)
                yield Fact("id", f"{match['noun']} {number[0]}", value, kind, clause=clause, place=place)
        for match in self._take(_MARKED):
            kind = {"AB#": "work item", "!": "pull request"}.get(match["mark"], "")
            clause = self._clause(match.start())
            yield Fact("id", match[0], match["number"], kind, clause=clause, place=match.span("number"))

    def _numbers(self, whole: str) -> Iterator[Fact]:
        for match in self._take(_NUMBER):
            compared = bool(_COMPARED.search(self._rest[: match.start()]))
            if not match["ordinal"] and not compared:
                unit, number = (match["unit"] or "").strip(), match["number"].replace(",", "")
                counted = not unit and number.isdigit() and _COUNTED.match(whole, match.end())
                clause = self._clause(match.start())
                kind: Kind = "count" if counted else "number"
                noun = name_things(whole[match.end() :]) if counted else unit
                if counted and noun in OWN_THINGS:
                    continue
                also = self._read_otherwise(match["number"])
                yield Fact(kind, match[0].strip(), number, noun, clause=clause, place=match.span("number"), also=also)
        for match in _COUNT.finditer(whole):
            # A result may stand between the number and what it counts; "Three things are missing:" counts what follows.
            value, noun = str(NUMBER_WORDS[match["word"].lower()]), name_things(whole[match.end() :])
            free = self._rest[match.start() : match.end()] == match[0]
            free = free and noun not in OWN_THINGS and (noun in KINDS or not whole.rstrip().endswith(":"))
            if free and not _COMPARED.search(self._rest[: match.start()]):
                kind = "number" if noun in TIME_UNITS else "count"
                yield Fact(kind, match[0], value, noun, clause=self._clause(match.start()), place=match.span("word"))

    def _read_otherwise(self, number: str) -> str:
        """Return a number of another language, in which a full stop parts thousands and a comma decimals."""
        if not self._foreign:
            return ""
        if re.fullmatch(r"\d{1,3}(?:\.\d{3})+", number):
            return number.replace(".", "")
        return number.replace(",", ".") if number.count(",") == 1 else ""

    def _results(self, whole: str) -> Iterator[Fact]:
        for match in self._take(RESULT):
            begin = max([0, *(end + 1 for end in self._ends if end < match.start())])
            said_before = whole[begin : match.start()]
            before = said_before[-80:]
            dimension, value = RESULTS[match[0].lower()]
            after = whole[match.end() :]
            if POSSIBLE.search(before) or is_ordered(said_before) or _NOT_NOW.match(after) or hands_on(match[0], after):
                continue
            if self._is_in_title(match) or (match[0].lower() not in CERTAIN and is_attribute(before, after)):
                continue
            negated = bool(NEGATED.search(before)) and value != "no vote"
            clause = self._clause(match.start())
            yield Fact("result", match[0], value, dimension, negated=negated, clause=clause, place=match.span())

    def _is_in_title(self, match: "re.Match[str]") -> bool:
        """Return whether a word is a part of a longer value that the sentence repeats, such as a title."""
        word, said = match[0].lower(), self._whole
        return any(
            0 <= (begin := said.find(value)) < match.start() + 1 and match.end() <= begin + len(value)
            for value in self._known
            if word in value and value.count(" ") > 1 and value in said and value not in RESULTS
        )

    def _is_known_behind(self, words: list[str], end: int) -> bool:
        """Return whether words behind the first one begin a known name, as in "Projekt Payments"."""
        if " ".join(words).lower() in self._known:
            return False
        rest = " ".join(words[1:]).lower()
        begin = end - len(rest)
        return any(value.startswith(rest) and self._whole.startswith(value, begin) for value in self._known)

    def _begins_with_other_word(self, words: list[str], *, begins: bool) -> bool:
        """Return whether the first word is none of the name behind it: "Reviewer Priya Raman", "Searching Payments"."""
        rest, first = " ".join(words[1:]).lower(), " ".join(words[:1]).lower()
        if self._foreign or rest not in self._known or " ".join(words).lower() in self._known:
            return False
        return first in ROLES or (begins and (first.endswith("ing") or " " in rest) and first not in self._known)

    def _names(self, whole: str) -> Iterator[Fact]:
        for match in self._take(_NAME):
            words = match[0].split(" ")
            begins = not re.search(r"[\w)\]'\"`]\W*$", self._rest[: match.start()]) or bool(
                re.search(r"[.:!?][)\]\"'\u201d*_]*\s*$|[(\u2014\"-]\s*$|^\W*$", self._rest[: match.start()])
            )
            begins = begins or self._foreign
            if self._foreign and match[0].lower() in KINDS:
                continue  # Other languages write "Pull Request" and "Work Item" as nouns.
            while words and (words[0].lower() in self._common or is_technology(words[0])):
                words = words[1:]
                begins = self._foreign
            while len(words) > 1 and self._foreign and self._is_known_behind(words, match.end()):
                words = words[1:]
            if self._begins_with_other_word(words, begins=begins):
                words = words[1:]
            while words and (words[-1].lower() in COMMON or is_technology(words[-1])):
                words = words[:-1]
            text = " ".join(words)
            after = self._rest[match.end() :]
            if weekday := find_weekday(text, after) or find_weekday(match[0], after):
                yield self._fact("weekday", match, weekday, text=match[0])
            elif words and len(text) > 1 and not (begins and len(words) == 1 and text.lower() not in self._known):
                # The verb before "by" may be a result, which was taken out of the sentence.
                before = whole[max(0, match.start() - 200) : match.start()]
                by = _BEFORE_PERSON.search(before) or re.search(r"()\bby\W+$", before)
                of = re.search(r"(?:\d|\0) of $", self._rest[: match.start()])
                done = by or re.search(r"(\w+)\W+of $", before)
                made = (by or of) and (done[1] if done else "").lower() not in _VOTED
                yield self._fact("name", match, text, "by" if made else "", text)

    def _take(self, pattern: "re.Pattern[str]") -> Iterator["re.Match[str]"]:
        """Yield the matches and take them out of the sentence."""
        for match in list(pattern.finditer(self._rest)):
            yield match
            self._blank(match.start(), match.end())

    def _blank(self, start: int, end: int) -> None:
        self._rest = f"{self._rest[:start]}{chr(0) * (end - start)}{self._rest[end:]}"

    def _date(self, place: tuple[int, int], readings: tuple[Moment, ...]) -> Fact:
        text = self._plain[slice(*place)]
        return Fact("date", text, text, readings=readings, clause=self._clause(place[0]), place=place)

    def _clause(self, position: int) -> int:
        return sum(end <= position for end in self._ends)

    def _fact(self, kind: Kind, match: "re.Match[str]", value: str, noun: str = "", text: str = "") -> Fact:
        start = match.start() + max(0, match[0].find(text or value))
        place = (start, start + len(text or value))
        return Fact(kind, (text or match[0]).strip(), value, noun, clause=self._clause(match.start()), place=place)
