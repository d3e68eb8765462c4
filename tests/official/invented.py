"""Writes an answer of the service anew: names, kinds, forms and absences are facts, what it said is invented."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

Fact = tuple[str, str]

_GUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"
_AMERICAN_DATE = r"\d+/\d+/\d{4} \d+:\d\d:\d\d ([AP]M)"
_KEPT = re.compile(r"0001-01-01T.*|9999-.*|[0-]+|refs/heads/|[Mm]arkdown|[Hh]tml", re.DOTALL)
"""Texts that say nothing of their own: dates never set, ids of nothing, prefixes, words of the service."""
OF_THE_SERVICE = re.compile(
    r"(System|Microsoft)(\.[\w-]+)+|ArtifactLink|Hyperlink|AttachedFile|\$\(\w+\)|[Tt]rue|[Ff]alse"
)
"""Names of fields, of kinds of links and of variables that every organization has."""
_FREE = frozenset({"displayName", "name", "title", "description", "comment", "message", "content", "text"})
"""Members that people write, whatever words of the service they happen to use."""


class Inventor:
    """Invents values. Equal texts of one answer become equal texts, so that what refers to each other still does."""

    def __init__(self, words: Mapping[str, Collection[str]], segments: Collection[str]) -> None:
        """Take the service's own words by the member that holds them, and its own parts of paths."""
        self._words, self._segments = words, segments
        self._known: dict[str, dict[str, int]] = {}
        self._forms: dict[str, Callable[[re.Match[str]], str]] = {
            _DATE: self._date,
            _AMERICAN_DATE: lambda told: f"11/{self._number('date', told[0]) % 28 + 1}/2026 1:20:30 {told[1]}",
            _GUID: lambda told: f"00000000-0000-4000-8000-{self._number('guid', told[0].lower()):012}",
            "[0-9a-f]{40}": lambda told: f"{self._number('commit', told[0]):040x}",
            r"-?\d+": lambda told: str(self._number("number", told[0]) + 1),
            r"refs/(\w+)/.+": self._ref,
            r"(\w+)://(\S*)": self._address,
            r"[^<>]+ <[^<>\s]+>|[^\s@<>]+@[^\s@<>]+": self._person,
            r".*<\w+[^>]*>.*": lambda told: f"<div>Text {self._number('markup', told[0])}</div>",
            r"/.*|[^\n]*\\[^\n]*": self._path,
        }

    def value(self, told: Any, member: str = "") -> Any:
        """Return a value of the same kind and form."""
        if isinstance(told, dict):
            return {self._member(name): self.value(inside, name) for name, inside in told.items()}
        if isinstance(told, list):
            return [self.value(inside, member) for inside in told]
        if isinstance(told, str):
            return self._text(told, member)
        if isinstance(told, bool) or told is None or member == "vote":
            return told
        if isinstance(told, float):
            return 1.5
        return told if told <= 1 else self._number("number", str(told)) + 1

    def _member(self, name: str) -> str:
        """The name of a member, without the ids that an organization gave to something."""
        name = re.sub(r"(?<=^WEF_)[0-9A-F]+", "0" * 32, name)
        return self._text(name, "") if re.fullmatch(_GUID, name) or name.startswith("refs/") else name

    def _text(self, told: str, member: str) -> str:
        is_word = told in self._words.get(member, ()) and member not in _FREE
        if not told or is_word or _KEPT.fullmatch(told) or OF_THE_SERVICE.fullmatch(told):
            return told
        for form, write in self._forms.items():
            if found := re.fullmatch(form, told, re.DOTALL):
                return write(found)
        return f"Text {self._number('text', told)}"

    def _date(self, told: re.Match[str]) -> str:
        day = self._number("date", told[0]) % 28 + 1
        return f"2026-11-{day:02}T10:20:30{re.sub('[0-9]', '7', told[1] or '')}{told[2] or ''}"

    def _ref(self, told: re.Match[str]) -> str:
        number = self._number("ref", told[0])
        return f"refs/pull/{number}/merge" if told[1] == "pull" else f"refs/{told[1]}/name-{number}"

    def _person(self, told: re.Match[str]) -> str:
        number = self._number("person", told[0])
        return f"{f'Person {number} <' if '<' in told[0] else ''}person{number}@example.com{'>' * ('<' in told[0])}"

    def _path(self, told: re.Match[str]) -> str:
        """A path, or a name with its domain: each part becomes another."""
        slash = "/" if told[0][0] == "/" else "\\"
        return slash.join(part and f"part-{self._number('part', part)}" for part in told[0].split(slash))

    def _address(self, told: re.Match[str]) -> str:
        """An address: the service's own parts of a path are kept, everything else is invented."""
        scheme, rest = told[1], told[2]
        if scheme == "vstfs":
            return f"vstfs://{re.sub(r'(?i)' + _GUID + '|[0-9a-f]{40}|[0-9]+(?![0-9a-f])', self._part, rest)}"
        host, slash, path = rest.partition("/")
        invented = "example.visualstudio.com" if host.endswith("visualstudio.com") else "dev.azure.com"
        return f"{scheme}://{invented}{slash}{re.sub(r'[^/?&=%]+', self._segment, path)}"

    def _segment(self, part: re.Match[str]) -> str:
        return part[0] if part[0].lower() in self._segments else self._part(part)

    def _part(self, part: re.Match[str]) -> str:
        if re.fullmatch(f"{_GUID}|[0-9a-f]{{40}}|[0-9]+", part[0]):
            return self._text(part[0], "")
        return f"part-{self._number('part', part[0])}"

    def _number(self, kind: str, told: str) -> int:
        """The running number of a text among those of its kind."""
        same = self._known.setdefault(kind, {})
        return same.setdefault(told, len(same) + 1)


Names = Mapping[str, Collection[str]]
"""The members that were seen, by the place of what has them."""


def facts_of(value: Any, at: str, names: Names) -> Iterator[Fact]:
    """What a value itself says about the answers: which members are there or absent, or the form of a text."""
    if isinstance(value, dict):
        yield from ((at, f"has {name}") for name in value)
        yield from ((at, f"lacks {name}") for name in names.get(at, ()) if name not in value)
    elif isinstance(value, list):
        yield at, "a list" if value else "an empty list"
    elif isinstance(value, str):
        kind = "vstfs" if value.startswith("vstfs") else "an address"
        yield at, kind if "://" in value else re.sub("[0-9a-f]{12,}|[0-9]+", "0", value)
    else:
        yield at, str(value) if isinstance(value, bool) or value is None else type(value).__name__


def inside(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    """The values in a value, with their places."""
    if isinstance(value, dict):
        yield from ((f"{at}.{name}", one) for name, one in value.items())
    elif isinstance(value, list):
        yield from ((f"{at}[]", one) for one in value)


class Condenser:
    """Leaves out of answers what says nothing that was not said before."""

    def __init__(self, answers: Iterable[Any]) -> None:
        """Look at all answers, to know which members there are."""
        self._names: dict[str, set[str]] = {}
        self._seen: set[Fact] = set()
        for answer in answers:
            self._meet(answer, "")

    def _meet(self, value: Any, at: str) -> None:
        if isinstance(value, dict):
            self._names.setdefault(at, set()).update(value)
        for place, one in inside(value, at):
            self._meet(one, place)

    def is_new(self, value: Any, at: str = "") -> bool:
        """Return whether a value says anything new."""
        if not self._seen.issuperset(facts_of(value, at, self._names)):
            return True
        return any(self.is_new(one, place) for place, one in inside(value, at))

    def condense(self, value: Any, at: str = "") -> Any:
        """Return a value without the items of lists that say nothing new, and remember what it says."""
        self._seen.update(facts_of(value, at, self._names))
        if isinstance(value, dict):
            kept = {name: self.condense(one, f"{at}.{name}") for name, one in value.items()}
            if "count" in kept and isinstance(kept.get("value"), list):
                kept["count"] = len(kept["value"])
            return kept
        if isinstance(value, list):
            items = [self.condense(one, f"{at}[]") for one in value if self.is_new(one, f"{at}[]")]
            return items or [self.condense(one, f"{at}[]") for one in value[:1]]
        return value
