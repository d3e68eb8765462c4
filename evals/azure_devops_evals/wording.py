"""What a text that an agent words itself must and must not say, and the comparison of found values with that.

Case, white space, and the marks of HTML and Markdown do not matter, and a phrase is found as whole words only.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from langchain_azure_devops.extras import naming_extras
from langchain_azure_devops.text import redact

with naming_extras():
    from azure_devops_agents.reports.words.denials import undenied

from azure_devops_evals.clauses import is_negated

Phrase = str | tuple[str, ...]
"""A word or a phrase, or several of which one is enough. One that ends in `*` is the beginning of a word."""

_UNFINISHED = ("todo", "tbd", "fixme", "xxx", "lorem ipsum")
_SENTENCE_END = re.compile(
    r"(?<=[.!?])\s+(?!(?:[^.!?\n]|\.\w)*\b(?:it|its|this|these|they|them|their)\b)|(?<![:,.!?])\n(?![-+|\d])"
)
"""Where a sentence ends. One with a pronoun goes on about the one before, and a list is part of what introduces it."""
_ADDRESS = re.compile(r"https?://[^\s<>\"')\]]+")
_NUMBER = re.compile(r"(?<![\w.])[v#!]?(\d+(?:\.\d+)*)(?:st|nd|rd|th)?(?!\w)")
_TIME = re.compile(r"\b\d{1,2}:\d\d(?::\d\d)?\b")
_FILE = re.compile(r"(?<![\w.@-])[\w./-]*\w\.[a-z]{2,5}(?![\w/])")


@dataclass(frozen=True)
class Text:
    """What a text must and must not say.

    Attributes:
        has: What it must name anywhere, outside of what it denies with a frame such as "It is not true that".
        about: What it must name in the sentence that states all of `states`. Key words alone are no statement.
        states: What it must say in one sentence, in clauses without a negation; "not set" brings its own negation.
        only: If given, all phrases of which the text consists, for names and tags.
        lacks: What it must not say in a clause without a negation.
        may: The numbers, the files, and the beginnings of the addresses that it may name besides those above. Any other
            number, file or address is wrong; times of day are not looked at.
        at_most: The greatest number of characters.
    """

    has: Sequence[Phrase] = ()
    about: Sequence[Phrase] = ()
    states: Sequence[Phrase] = ()
    only: Sequence[str] = ()
    lacks: Sequence[str] = ()
    may: Sequence[str] = ()
    at_most: int = 1_000

    def __post_init__(self) -> None:
        """Refuse a statement that would accept any text."""
        if self.about and not self.states:
            raise ValueError("a Text that is about something must state something")
        if not self.has and not self.states and not self.only:
            raise ValueError("a Text must name what it has, states or consists of; else it accepts nonsense")

    def find_fault(self, found: object) -> str | None:
        """Return what is wrong with a text; None when it says what it must."""
        if not isinstance(found, str) or not found.strip():
            return "there is no text"
        return next(self._find_faults(found), None)

    def _find_faults(self, found: str) -> Iterator[str]:
        text = fold(found)
        if len(found) > self.at_most:
            yield f"it has {len(found)} characters, more than {self.at_most}"
        if redact(found, b"") != found:
            yield "it shows a secret"
        for stated in _leave_out_denied(found):
            yield from (f"it does not name {phrase!r}" for phrase in self.has if not _names(stated, phrase))
            yield from min(map(self._list_unstated, _split_sentences(stated)), key=len, default=["it says nothing"])
        if self.only and re.search(r"\w", _remove(text, self.only)):
            yield f"it has more words than {self.only!r}"
        yield from (f"it says {phrase!r}" for phrase in self.lacks if _states(text, phrase))
        yield from (f"it says {phrase!r}" for phrase in _UNFINISHED if _names(text, phrase))
        phrases = (*self.has, *self.about, *self.states, *self.only)
        told = fold("\n".join((*self.may, *(each for one in phrases for each in _alternatives(one)))))
        for kind, find in (("address", _list_addresses), ("number", _list_numbers), ("file", _list_files)):
            known = tuple(find(told))
            yield from (f"it names the {kind} {one}" for one in find(text) if not _is_known(one, known, kind))

    def _list_unstated(self, sentence: str) -> list[str]:
        unnamed = [f"no sentence with the statement names {one!r}" for one in self.about if not _names(sentence, one)]
        return [*(f"it does not state {one!r}" for one in self.states if not _states(sentence, one)), *unnamed]


@dataclass(frozen=True)
class Maybe:
    """A value that nobody asked for and that may still be there: none, an empty one, or one that fits."""

    value: object


def find_fault(expected: object, found: object) -> str | None:
    """Return why a found value is not as expected; None when it is.

    Tuples are compared part by part; a list of texts counts as one text.
    """
    if isinstance(expected, Maybe):
        return None if found in (None, "", (), []) else find_fault(expected.value, found)
    if isinstance(expected, Text):
        found = "; ".join(map(str, found)) if isinstance(found, list) else found
        fault = expected.find_fault(found)
        return fault and f"{found!r}: {fault}"
    if isinstance(expected, tuple) and isinstance(found, tuple) and len(expected) == len(found):
        return next(filter(None, map(find_fault, expected, found)), None)
    return None if found == expected else f"{found!r}, not {expected!r}"


def fold(text: str) -> str:
    """Return a text in small letters, without marks of HTML and Markdown, and with single spaces."""
    return _strip_marks(text).casefold()


def _strip_marks(text: str) -> str:
    text = re.sub(r"<a\b[^>]*?href=[\"']([^\"']+)[\"'][^>]*>", r" \1 ", text)
    text = html.unescape(re.sub(r"<[^<>]+>", " ", text))
    text = re.sub(r"\[([^\]\n]+)\]\(([^\s)]+)\)", r"\1 \2 ", text)
    text = re.sub(
        r"[`*]|(?m:^\s*[#>]+\s)|(?<![\w/])_+|_+(?!\w)", "", text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    )
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _alternatives(phrase: Phrase) -> tuple[str, ...]:
    return (phrase,) if isinstance(phrase, str) else phrase


def _find_all(text: str, phrase: str) -> Iterator[re.Match[str]]:
    """Find a phrase as whole words in a folded text."""
    words = r"\s+".join(map(re.escape, phrase.casefold().rstrip("*").split()))
    before = r"(?<!\w)" if phrase[0].isalnum() else ""
    after = "" if phrase.endswith("*") or not phrase[-1].isalnum() else r"(?!\w|\.\w)"
    return re.finditer(f"{before}{words}{after}", text)


def _names(text: str, phrase: Phrase) -> bool:
    return any(any(_find_all(text, one)) for one in _alternatives(phrase))


def _states(text: str, phrase: Phrase) -> bool:
    """Return whether a clause has the phrase and does not negate it."""
    places = (place.span() for one in _alternatives(phrase) for place in _find_all(text, one))
    return any(not is_negated(text, *place) for place in places)


def _split_sentences(text: str) -> list[str]:
    return _SENTENCE_END.split(text)


def _remove(text: str, phrases: Sequence[str]) -> str:
    """Return a folded text without all places of the phrases; a beginning of a word takes the whole word."""
    for one in phrases:
        rest = r"[\w-]*" if one.endswith("*") else r"(?!\w)"
        text = re.sub(rf"(?<!\w){re.escape(one.casefold().rstrip('*'))}{rest}", " ", text)
    return text


def _leave_out_denied(text: str) -> tuple[str, str]:
    """Return a folded text without what a frame denies, in both readings of "It is not true that it fails: X"."""
    plain = _strip_marks(text)
    return undenied(plain).casefold(), undenied(plain.replace(": ", ", ")).casefold()


def _is_known(one: str, known: Sequence[str], kind: str) -> bool:
    """Return whether the number, file or address is known. An address may go on behind a known one."""
    return one in known or (kind == "address" and any(re.match(rf"{re.escape(start)}(?!\w)", one) for start in known))


def _list_addresses(text: str) -> list[str]:
    return _ADDRESS.findall(text)


def _list_numbers(text: str) -> list[str]:
    return [number.lstrip("0") or "0" for number in _NUMBER.findall(_TIME.sub(" ", _ADDRESS.sub(" ", text)))]


def _list_files(text: str) -> list[str]:
    """Return the names of the files in a text, without their folders."""
    return [path.rpartition("/")[2] for path in _FILE.findall(_ADDRESS.sub(" ", text))]
