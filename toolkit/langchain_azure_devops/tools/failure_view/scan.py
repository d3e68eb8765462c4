"""Score the lines of a log that the rules find, while the log is read once.

The time is linear in the length of the log. What stays in memory is bounded: the lines with the highest scores, and the
windows in which they stand, because a secret is recognized by what stands around it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from pydantic_core import SchemaValidator, core_schema

from langchain_azure_devops.text.untrusted import ANSI
from langchain_azure_devops.tools.failure_view.cleaning import clean_line
from langchain_azure_devops.tools.failure_view.rules import Rule, load_families
from langchain_azure_devops.tools.failure_view.windows import Window

_MOST_LINES, _KEPT_LINES = 8_000, 4_000
_WINDOWS = 32
"""So many windows are kept in memory, and up to twice as many for a while."""
_MOST_KINDS = 50_000
_MOST_STEPS = 2_000
_REPEATS = 60
"""A line that came so often, but for its numbers, tells nothing new."""
_ORDINARY = 20_000
"""A hint that so many lines hold is part of the ordinary output of this log, and is not looked for any more."""
_LIKE = 0.3
"""How much another message of the same rule takes away, compared with the same message."""
_NEAR, _FAR = 0.8, 0.45
"""How much the lines around a message count, as a share of its score: the nearest, and of that the farthest."""
_AROUND, _ROOM = 10, 0.2
"""So many lines behind every message, and half as many before it, are shown where there is room."""
_SURE = 0.6
"""A rule with such a score applies to lines that look harmless, too."""
_ECHO = "\x1b[36;1m"
"""The colour in which a runner echoes the script of a step before it runs."""
_END, LAST = 6, 0.3
"""So many lines at the end are shown, whatever they say, unless there is much to show."""
_TAIL, _REST = 400, 0.01
"""So many more are shown only where the rules find nothing, or where there is room for the whole log."""
_MATCHED = 2_000
"""So many characters of a line are compared with the rules, because a hostile line could take very long."""
_NO_DIGITS = str.maketrans("123456789", "000000000")
_VARIABLE = re.compile(
    r"0x[0-9a-fA-F]+|\b[0-9a-f]{7,40}\b|\d+|(['\"`]).{1,200}?\1|[‘“].{1,200}?[’”]"
    r"|(?<![\w.@~-])(?:[\w.@~-]{0,80}+[/\\]){1,20}+[\w.@~-]{0,80}"
)
_COLOURS = re.compile(ANSI)
_STEPS = {
    "##[group]run ": "begins",
    "##[section]starting": "begins",
    "##[group]post job": "begins",
    "##[error]": "fails",
    "##[section]finishing": "ends",
}
_ENDED = re.compile(r"##\[error\].*(?:exit code|exited with|failed with|timed? ?out|cancel)", re.IGNORECASE)


class Scored(NamedTuple):
    """A line that may be shown.

    Attributes:
        score: How much it counts, from 0 to 1.
        window: Where it stands.
        at: Which character of it matters.
        proof: The rule by which it proves the kind of the failure.
    """

    score: float
    window: Window
    at: int
    proof: Rule | None = None


class Step(NamedTuple):
    """A line in which a step begins, fails or ends."""

    number: int
    kind: str


class _Match(NamedTuple):
    rule: Rule
    at: int


@dataclass
class LogScan:
    """What is known of a log.

    Attributes:
        count: How many lines were read.
        scored: The lines that may be shown, by their numbers.
        steps: Where the steps of a log begin, fail and end, in order.
    """

    count: int = 0
    scored: dict[int, Scored] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)
    _kinds: Counter[str] = field(default_factory=Counter)
    _hints: Counter[str] = field(default_factory=Counter)
    _unsorted: int = 0

    def read(self, window: Window) -> None:
        """Score the lines of the next window."""
        self.count = window.first + window.end - 1
        self._find_steps(window)
        for index, hints in self._find_hints(window):
            self._read_line(window, index, hints)
        self._forget_least()

    def finish(self, last: Window) -> None:
        """Score the lines at the end of the log, whatever they say."""
        for distance, index in enumerate(range(last.end - 1, max(-1, last.end - 1 - _TAIL), -1)):
            self._add(last, index, LAST if distance < _END else _REST * (1 - distance / _TAIL), 0)

    def _find_steps(self, window: Window) -> None:
        """Note the lines in which the runner begins, fails or ends a step."""
        for index in range(window.begin, window.end):
            if "##[" in window.lines[index][:40] and len(self.steps) < _MOST_STEPS:
                line = window.lines[index]
                kind = next((kind for begins, kind in _STEPS.items() if line.lower().startswith(begins)), None)
                if kind and (kind != "fails" or _ENDED.search(line)):
                    self.steps.append(Step(window.first + index, kind))

    def _find_hints(self, window: Window) -> Iterator[tuple[int, set[str]]]:
        """Yield the lines of a window that hold hints, by their index."""
        text = "\n".join(window.lines[window.begin : window.end])
        if "\x1b" in text:
            text = _COLOURS.sub("", text)
        ordinary = frozenset(hint for hint, count in self._hints.items() if count > _ORDINARY)
        hints = _list_hints(ordinary)
        for index, line in enumerate(text.split("\n"), window.begin):
            if hints.may_hold(line):
                found = hints.find(clean_line(line)[:_MATCHED].lower())
                if found:
                    self._hints.update(found)
                    yield index, found

    def _read_line(self, window: Window, index: int, hints: set[str]) -> None:
        if window.lines[index].startswith(_ECHO):
            return
        line = clean_line(window.lines[index])[:_MATCHED]
        plain = line.translate(_NO_DIGITS)
        self._seen[plain] += 1
        if self._seen[plain] > _REPEATS:
            return
        matches = _match(line, hints)
        proof = next((match.rule for match in matches if match.rule.category), None)
        for match in matches:
            rule = match.rule
            kind = f"{rule.name}:{_VARIABLE.sub('#', line)}"
            again = self._kinds[kind] + _LIKE * self._kinds[rule.name]
            score = rule.score / (1 + rule.fading * again)
            self._kinds.update((kind, rule.name))
            self._add(window, index, score, match.at, proof)
            for distance in range(1, min(rule.before, index) + 1):
                self._add(window, index - distance, score * _belongs(distance, rule.before), 0)
            self._read_below(window, index, rule, score)
            if rule.score >= _SURE:
                self._add_around(window, index, score)
        if len(self._kinds) > _MOST_KINDS:
            self._kinds.clear()
        if len(self._seen) > _MOST_KINDS:
            self._seen.clear()

    def _read_below(self, window: Window, index: int, rule: Rule, score: float) -> None:
        """Score the lines behind a match that belong to it."""
        for distance in range(1, rule.after + 1):
            at = index + distance
            if at >= len(window.lines):
                return
            line = clean_line(window.lines[at])[:_MATCHED]
            if rule.until is not None and rule.until.search(line):
                return
            share = next((each.share for each in rule.inner if each.pattern.search(line)), 0)
            self._add(window, at, score * max(share, _belongs(distance, rule.after)), 0)

    def _add_around(self, window: Window, index: int, score: float) -> None:
        """Let the lines around a message be shown where there is room for them."""
        for distance in range(1, _AROUND + 1):
            for at in (index - distance // 2, index + distance):
                if 0 <= at < len(window.lines):
                    self._add(window, at, score * _ROOM * (1 - distance / (_AROUND + 1)), 0)

    def _add(self, window: Window, index: int, score: float, at: int, proof: Rule | None = None) -> None:
        number = window.first + index
        known = self.scored.get(number)
        if known is None or known.score < score:
            self.scored[number] = Scored(score, window, at, proof)

    def _forget_least(self) -> None:
        """Keep the memory bounded: forget the lines with the lowest scores, and those of the poorest windows."""
        self._unsorted += 1
        if len(self.scored) <= _MOST_LINES and self._unsorted < _WINDOWS:
            return
        self._unsorted = 0
        ranked = sorted(self.scored.items(), key=lambda entry: -entry[1].score)[:_KEPT_LINES]
        best = list(dict.fromkeys(id(each.window) for _, each in ranked))[:_WINDOWS]
        self.scored = {number: each for number, each in ranked if id(each.window) in best}


def _belongs(distance: int, most: int) -> float:
    """Return how much a line counts that is so many lines away from a message."""
    return _NEAR * (1 - (1 - _FAR) * distance / (most + 1))


def match_line(line: str) -> Rule | None:
    """Return the rule that tells most of a single message: the first that proves the kind of a failure, or else any."""
    found = _list_hints(frozenset()).find(line.lower())
    matches = [match.rule for match in _match(line, found)]
    return next((rule for rule in matches if rule.category), matches[0] if matches else None)


def _match(line: str, hints: set[str]) -> list[_Match]:
    """Return the rules that a line matches; of the unsure ones the first, unless it looks harmless."""
    by_hint, harmless = _index_rules()
    rules = {id(rule): rule for hint in hints for rule in by_hint.get(hint, ())}
    found: list[_Match] = []
    for rule in sorted(rules.values(), key=lambda rule: (-rule.score, rule.name)):
        if rule.score < _SURE and (found or any(pattern.search(line) for pattern in harmless)):
            break
        if match := rule.pattern.search(line):
            found.append(_Match(rule, match.start()))
    return found


class _Hints(NamedTuple):
    """The hints that are looked for.

    Attributes:
        anywhere: Those that may stand anywhere in a line.
        beginning: Those at the beginning of a line, by their first character.
        may_hold: Tells quickly whether a line may hold one of them.
    """

    anywhere: tuple[str, ...]
    beginning: dict[str, tuple[str, ...]]
    may_hold: Callable[[str], bool]

    def find(self, lowered: str) -> set[str]:
        """Return the hints that a line in lower case holds."""
        found = {hint for hint in self.anywhere if hint in lowered}
        found.update(hint for hint in self.beginning.get(lowered[:1], ()) if lowered.startswith(hint[1:]))
        return found


@cache
def _list_hints(ordinary: frozenset[str]) -> _Hints:
    """Return the hints that are not ordinary.

    The regular expression of pydantic searches a line for all hints at once, in linear time. One search for each hint
    would take most of the time.
    """
    hints = [hint for hint in _index_rules()[0] if hint not in ordinary]
    anywhere = tuple(hint for hint in hints if not hint.startswith("^"))
    beginning: dict[str, tuple[str, ...]] = {}
    for hint in set(hints).difference(anywhere):
        beginning[hint[1:2]] = (*beginning.get(hint[1:2], ()), hint)
    begins = "|".join(re.escape(hint[1:]) for each in beginning.values() for hint in each)
    pattern = f"(?i)(?:^|\\r)(?:{begins})|{'|'.join(map(re.escape, anywhere))}"
    return _Hints(anywhere, beginning, SchemaValidator(core_schema.str_schema(pattern=pattern)).isinstance_python)


@cache
def _index_rules() -> tuple[dict[str, tuple[Rule, ...]], tuple[re.Pattern[str], ...]]:
    """Return the rules of each hint, and what is harmless."""
    by_hint: dict[str, list[Rule]] = {}
    families = load_families().values()
    for rule in (rule for family in families for rule in family.rule):
        for hint in rule.hints:
            by_hint.setdefault(hint, []).append(rule)
    harmless = tuple(pattern for family in families for pattern in family.harmless)
    return {hint: tuple(found) for hint, found in by_hint.items()}, harmless
