"""The facts that a case expects, as values that a program compares: each kind of value with its own tolerance.

A report gives a fact as texts. A name may have another case, a mark around it or a mail address behind it; a number may
be written as a word or behind `#`; a date may have any form; the order of a list means nothing. A text that gives a
second value, or leaves open or denies the one that it gives, is wrong.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from langchain_azure_devops.extras import naming_extras

with naming_extras():
    from azure_devops_agents.reports.words.counts import NUMBER_WORDS
    from azure_devops_agents.reports.words.dates import Moment, find_dates

__all__ = ["Expected", "Unknown", "describe", "is_same", "one_of", "spell"]


@dataclass(frozen=True)
class Choice:
    """One of several words; the question names them all."""

    right: str
    others: tuple[str, ...]


@dataclass(frozen=True)
class Unknown:
    """A value that nobody can know from what there is to read. The question asks for it as for a known one.

    Attributes:
        form: What kind of value it would be: `bool`, `int`, `date`, `datetime`, `str`, or `list` for several.
    """

    form: type


Value = str | bool | int | float | date | datetime | Choice
Expected = Value | Sequence[Value] | Unknown | None
"""The value of a fact: one, several in any order, an empty list where there is none, or what nobody can know.

None stands for a text that nobody can know.
"""

_SEVERAL = "all of them, in any order"
_FORMS: dict[type, str] = {
    bool: "yes or no", datetime: "a date and time in UTC", date: "a date", int: "a number", float: "a number", str: "",
}  # fmt: skip
"""What a question says of the form of a value."""
_NONE = frozenset({"none", "nobody", "no one", "nothing", "no", "-", "n/a", "[]", "0"})
_UNKNOWN = frozenset({"unknown", "not known", "not determined", "cannot be determined", "undetermined", "n/a"})
_YES, _NO = frozenset({"yes", "true"}), frozenset({"no", "false"})
_KIND = r"(?:the )?(?:repository|branch|pipeline|build|run|file|project|work item|pull request|pr|bug|task|line|step)"
_AROUND = re.compile(rf"^{_KIND} (?=\S)|(?<=\S) {_KIND}$")
_OPEN = (
    r"(?:or|either|maybe|perhaps|possibly|probably|likely|presumably|about|around|roughly|approx\w*|circa|ca|nearly|"
    r"almost|estimated|at (?:least|most)|more|less|fewer|up to|over|under|above|below|minimum|maximum|max|plus|"
    r"unsure|uncertain|unclear|unconfirmed|unknown|not (?:sure|certain|clear|confirmed|known|quite))\b"
)
"""What leaves a value open, also as the first words in brackets behind it."""
_MORE_NUMBERS = rf"(?:one|{'|'.join(NUMBER_WORDS)}|dozens?|hundreds?|thousands?|millions?|billions?|k|half|some|few)\b"
_DENIED = r"(?:not|never|no|none|nor|neither|but|and|if|to|than|at|upwards?|instead|rather|wrong|false|untrue|except)\b"
_THING = rf"(?!{_OPEN}|{_MORE_NUMBERS}|{_DENIED})[a-z]+"
_BEHIND = re.compile(rf"\s*(?:\((?!\s*{_OPEN})[^()]*\)|<[^<>]*>)$", re.IGNORECASE)
_BARE = re.compile(rf"(?:{_KIND}s? ?)?(?:ab)?[#!]?(?P<number>[\d,.]+|[a-z]+)(?: ?%| ?{_THING}(?: {_THING})?)?")
_BESIDE_DATE = re.compile(
    r"(?:on|the|at|in|of|utc|time|(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?|[\s,.;()-])*",
    re.IGNORECASE,
)
"""All that may stand beside a date. Any other word, such as "before", may change what it says."""
_OWNERS = frozenset({
    "platform", "payments", "mobile app", "data", "turbine control",
    "platform-api", "infrastructure", "checkout-service", "ledger", "tidewater-app", "empty-lake",
})  # fmt: skip
"""The projects and repositories of the cases, which may stand in front of what is in them. A folder of branches may
not: `release/main` is another branch than `main`. The repository `docs` is left out, as folders have its name."""
_FILE = re.compile(r"[^/]+\.[a-z]{1,4}")
_MARKS = "\"'`*_.,;: \u201c\u201d\u2018\u2019"
_HASH = re.compile(r"[0-9a-f]{7,40}")
_BETWEEN = re.compile(r"\s*(?:[,;\n]|\band\b)\s*")
_RATIO = 0.005
"""How far a number with decimals may be off: people round."""


def one_of(right: str, *others: str) -> Choice:
    """Return the right one of several words. The question names them in alphabetical order."""
    return Choice(right, others)


def describe(expected: Expected) -> str:
    """Return what a question says about the form of a fact, without giving the value away."""
    if isinstance(expected, Choice):
        return f"one of: {', '.join(sorted((expected.right, *expected.others)))}"
    form = expected.form if isinstance(expected, Unknown) else type(expected)
    return "" if expected is None else _FORMS.get(form, _SEVERAL)


def spell(expected: Expected) -> list[str]:
    """Return the values of a fact as a report gives them."""
    if expected is None or isinstance(expected, Unknown):
        return []
    if isinstance(expected, Choice):
        return [expected.right]
    if isinstance(expected, bool):
        return ["yes" if expected else "no"]
    if isinstance(expected, datetime):
        return [f"{expected.astimezone(UTC):%Y-%m-%d %H:%M} UTC"]
    if isinstance(expected, str | int | float | date):
        return [str(expected)]
    return [text for value in expected for text in spell(value)] or ["none"]


def is_same(expected: Expected, values: Sequence[str]) -> bool:
    """Return whether the values that a report gives for a fact are those expected, and no others."""
    given = [text for text in values if _fold(text)]
    if expected is None or isinstance(expected, Unknown):
        return _UNKNOWN.issuperset(map(_fold, given))
    if isinstance(expected, str | bool | int | float | date | Choice):
        return bool(given) and all(_is_value(expected, text) for text in given)
    if not expected:
        return len(given) == 1 and _fold(given[0]) in _NONE
    if len(given) == 1:
        given = [part for part in _BETWEEN.split(given[0]) if part]
    return _are_paired(expected, given)


def _are_paired(expected: Iterable[Value], given: Sequence[str]) -> bool:
    """Return whether each value that is given is one of the expected ones, and none of these is missing."""
    wanted = list(expected)
    found = [next((place for place, value in enumerate(wanted) if _is_value(value, text)), None) for text in given]
    return set(found) == set(range(len(wanted)))


def _is_value(expected: Value, text: str) -> bool:
    if isinstance(expected, bool):
        return _fold(text) in (_YES if expected else _NO)
    if isinstance(expected, Choice):
        return _fold(text) == _fold(expected.right)
    if isinstance(expected, int | float):
        return _is_number(expected, _fold(text))
    if isinstance(expected, date):
        return any(_is_date(expected, form) for form in (text, _trim(text)))
    return _is_name(expected, _fold(text))


def _is_number(expected: float, text: str) -> bool:
    found = _BARE.fullmatch(text)
    if found is None:
        return False
    said = found["number"].replace(",", "")
    words = {"no": 0, "zero": 0, "none": 0, "one": 1, **NUMBER_WORDS}
    if not re.fullmatch(r"\d+(?:\.\d+)?", said):
        return words.get(said) == expected
    rounded = expected % 1 != 0 and math.isclose(float(said), expected, rel_tol=_RATIO)
    return float(said) == expected or rounded


def _is_date(expected: date, text: str) -> bool:
    """Return whether all dates of a text are the expected one in all their readings, and nothing else is said."""
    found = find_dates(text)
    rest = text
    for written in reversed(found):
        rest = f"{rest[: written.start]} {rest[written.end :]}"
    right = all(_is_time(expected, moment) for written in found for moment in written.readings)
    return bool(found) and right and _BESIDE_DATE.fullmatch(rest) is not None


def _is_time(expected: date, moment: Moment) -> bool:
    if not isinstance(expected, datetime):
        return (moment.month, moment.day) == (expected.month, expected.day) and moment.year in {None, expected.year}
    return moment.exact == expected.astimezone(UTC).replace(second=0, microsecond=0)


def _is_name(expected: str, text: str) -> bool:
    name = _fold(expected)
    if _HASH.fullmatch(name) and _HASH.fullmatch(text):
        return name.startswith(text) or text.startswith(name)
    bare = _AROUND.sub("", text)
    before = bare.removesuffix(f"/{name}")
    in_folder = not expected.startswith("/") and _FILE.fullmatch(name) is not None
    owned = before != bare and (in_folder or _OWNERS.issuperset(before.split("/")))
    return name in {text, bare} or owned


def _trim(text: str) -> str:
    """Return a text without the marks around it and what stands in brackets behind it."""
    plain = " ".join(unicodedata.normalize("NFKC", text).split()).strip(_MARKS)
    return _BEHIND.sub("", plain).strip(_MARKS) or plain


def _fold(text: str) -> str:
    """Return a name as it is compared: without case, marks, and what stands in brackets behind it."""
    plain = _trim(text).casefold()
    return plain.removeprefix("refs/heads/").removeprefix("/") or plain
