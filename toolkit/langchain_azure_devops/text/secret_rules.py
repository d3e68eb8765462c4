"""The rules for secrets, read from `secret_rules.toml`, and how they are applied to a text.

A pattern is tried only where one of its words stands, or where a long run of letters and digits begins. Words are
searched in the lower-cased text, which costs a twentieth of a pattern, and only if the text contains the hint that
several words share. Each word and each kind of run is searched once, however many rules ask for it. A text without
them therefore costs little, and the cost grows at most with the length of a text.
"""

import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

_PLACEHOLDER = re.compile(
    r"(?i)example|sample|placeholder|dummy|change_?me|change-this|redacted|your[-_ ]|my[-_]?(?:password|secret)|xxxx|"
    r"\*\*\*|\.\.\.|0{12}|insert|todo|fixme|<[a-z]"
)
Check = Callable[[re.Match[str], str], bool]
"""Decides whether a match is a secret; gets the match and the possible secret in it."""
BETWEEN = "\n\x1e"
"""Separates texts that are searched as one."""
_APART = b"\x1e"
_BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"))
_MOST_LEAD = 32
_LOOKED_AT = 120
"""How much of a secret is looked at for its entropy and for placeholders."""
_PLAIN_KINDS = frozenset({"private-key", "jwt"})
"""Kinds that are so long that the word of a placeholder may occur in them by chance."""


class Place(NamedTuple):
    """Where a secret stands, and its kind."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Rule:
    """One kind of secret, or several that are looked for at the same places; the data file explains the fields."""

    kinds: Mapping[str, str]
    """The kind of secret by the pattern's group that holds it."""
    pattern: re.Pattern[str]
    entropy: float
    words: dict[bytes, tuple[bytes, ...]]
    back: int
    run: bytes
    length: int
    start: bool
    checks: Mapping[str, Check]
    each: re.Pattern[str] | None
    needs: bytes
    leads: Mapping[str, re.Pattern[str]]
    wraps: bool

    def matches(self, looked: "IndexedText") -> Iterator[Place]:
        """Yield where the secrets of these kinds begin and end."""
        if self.needs in looked.absent or (not self.run and looked.absent.issuperset(self.words)):
            return
        behind = 0
        # The places come in the order of the text, because those up to the end of the last match are skipped.
        for at in self._places(looked):
            if at < behind:
                continue
            match = self.pattern.match(looked.text, max(behind, at - self.back))
            if match is None or match.lastgroup is None:
                continue
            for start, end in self._secrets(match):
                behind = end
                yield Place(self.kinds.get(match.lastgroup, self.kinds["secret"]), start, end)

    def _secrets(self, match: re.Match[str]) -> Iterator[tuple[int, int]]:
        """Yield the secrets of a match: what its last group holds, or each one inside of it."""
        group = match.lastgroup or "secret"
        if self.each is None:
            start, end = match.span(group)
            if group in self.leads:
                before = self.leads[group].search(match.string, max(0, start - _MOST_LEAD), start)
                start = before.start() if before else start
            if group == "bare":
                end -= len(match[group]) - len(_trim(match[group]))
            if self._holds(match, group, match.string[start:end]):
                yield start, end
            return
        for inner in self.each.finditer(match.string, *match.span(group)):
            if self._holds(inner, "secret", inner["secret"]):
                yield inner.span("secret")

    def _places(self, looked: "IndexedText") -> Sequence[int]:
        if self.run:
            places = looked.runs(self.run, self.length)
            if not self.start:
                return places
            return [0, *(match.end() for match in re.finditer(BETWEEN, looked.text))] if places else ()
        found = [
            looked.places(word) for hint, words in self.words.items() if hint not in looked.absent for word in words
        ]
        return found[0] if len(found) == 1 else sorted(at for places in found for at in places)

    def _holds(self, match: re.Match[str], group: str, secret: str) -> bool:
        checked, check = secret[:_LOOKED_AT], self.checks.get(group)
        if check is not None and not check(match, secret):
            return False
        if self.kinds.get(group) not in _PLAIN_KINDS and _PLACEHOLDER.search(checked):
            return False
        return len(secret) > 0 and entropy(checked) >= self.entropy


@dataclass(frozen=True)
class IndexedText:
    """A text with its forms for quick searches, which have one byte for each character and so the same positions."""

    text: str
    plain: bytes
    lowered: bytes
    absent: frozenset[bytes]
    _found: dict[bytes, Sequence[int]] = field(default_factory=dict)

    @classmethod
    def at(cls, text: str, *, wrapped: bool = False) -> "IndexedText":
        """Prepare a text for all rules, or only for those that are also applied to wrapped secrets."""
        plain = text.encode("ascii", "replace")
        lowered = plain.lower()
        # The cells of a table repeat each other, and no hint contains the character between them.
        different = _APART.join(set(lowered.split(_APART)))
        return cls(text, plain, lowered, frozenset([hint for hint in _load_hints(wrapped) if hint not in different]))

    def places(self, word: bytes) -> Sequence[int]:
        """Return where a word stands, in any case; several rules ask for the same words."""
        if word not in self._found:
            self._found[word] = list(_find_all(self.lowered, word))
        return self._found[word]

    def runs(self, table: bytes, length: int) -> Sequence[int]:
        """Return where unbroken runs begin that have at least this length; several rules ask for the same ones."""
        if len(self.plain) < length:
            return ()
        if table not in self._found:
            mask = self.plain.translate(table)
            self._found[table] = list(_find_runs(mask, b"a" * length))
        return self._found[table]


def _find_all(text: bytes, word: bytes) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


def _find_runs(mask: bytes, wanted: bytes) -> Iterator[int]:
    at = mask.find(wanted)
    while at >= 0:
        yield at
        end = mask.find(b" ", at)
        at = mask.find(wanted, end) if end >= 0 else -1


def _trim(value: str) -> str:
    """Take from an unquoted value what belongs to the text around it: full stops, and brackets without a partner."""
    more = {closer: value.count(closer) - value.count(opener) for opener, closer in _BRACKETS}
    end = len(value)
    while end > 0 and (value[end - 1] in ".,:" or more.get(value[end - 1], 0) > 0):
        end -= 1
        if value[end] in more:
            more[value[end]] -= 1
    return value[:end]


@cache
def _load_hints(wrapped: bool) -> tuple[bytes, ...]:
    """Return the hints of all rules, or only of those that are also applied to wrapped secrets."""
    return tuple({hint for rule in load_rules() if rule.wraps or not wrapped for hint in rule.words})


def _group_words(words: list[str], hints: list[str]) -> dict[bytes, tuple[bytes, ...]]:
    """Group words by the text that is searched first: the hint that a word contains, or the word itself."""
    grouped: dict[bytes, tuple[bytes, ...]] = {}
    for word in words:
        hint = next((hint for hint in hints if hint in word), word).encode()
        grouped[hint] = (*grouped.get(hint, ()), word.encode())
    return grouped


@cache
def _load_document() -> dict[str, Any]:
    return tomllib.loads((files("langchain_azure_devops.text") / "secret_rules.toml").read_text(encoding="utf-8"))


@cache
def load_rules() -> tuple[Rule, ...]:
    """Return all rules in order; where two match, the earlier one wins."""
    document = _load_document()
    rules = [_make_rule(row, document["hints"]) for row in document["rule"] if row["kind"] != "tokens"]
    at = next(at for at, row in enumerate(document["rule"]) if row["kind"] == "tokens")
    rules.insert(at, _join_tokens(document["rule"][at], document["token"]))
    return tuple(rules)


@cache
def load_certain_kinds() -> frozenset[str]:
    """Return the kinds whose form tells that they are secrets, whatever the text around them says."""
    document = _load_document()
    kinds = {row["kind"] for row in document["token"]} | set(document["certain"])
    return frozenset(kinds - set(document["declared"]))


def load_checks() -> Mapping[str, Check]:
    """Return the checks by name."""
    from langchain_azure_devops.text.secret_checks import CHECKS  # noqa: PLC0415 - only when a text is looked at

    return CHECKS


def _make_rule(row: Mapping[str, Any], hints: list[str]) -> Rule:
    pattern = re.compile(row["pattern"].replace("ESCAPED", _load_document()["escaped"]))
    return Rule(
        kinds=dict.fromkeys(("secret", *pattern.groupindex), row["kind"]),
        pattern=pattern,
        entropy=row["entropy"],
        words=_group_words(row.get("words", []), hints),
        back=row.get("back", 0),
        run=_mask(row["run"]) if "run" in row else b"",
        length=row.get("length", 0),
        start=row.get("start", False),
        checks=dict.fromkeys(("secret", *pattern.groupindex), load_checks()[row["check"]]) if "check" in row else {},
        each=re.compile(row["each"]) if "each" in row else None,
        needs=row.get("needs", "").encode(),
        leads={},
        wraps=row.get("wraps", False),
    )


def _join_tokens(row: Mapping[str, Any], tokens: list[Mapping[str, str]]) -> Rule:
    """Make one rule of all tokens that are known by their own form: each place is looked at once for all of them."""
    forms = "|".join(f"(?P<t{at}>{token['form']})" for at, token in enumerate(tokens))
    rule = _make_rule({**row, "pattern": row["pattern"].replace("FORMS", forms)}, [])
    kinds = {"secret": row["kind"], **{f"t{at}": token["kind"] for at, token in enumerate(tokens)}}
    checks = {f"t{at}": load_checks()[token["check"]] for at, token in enumerate(tokens) if "check" in token}
    leads = {f"t{at}": re.compile(rf"(?:{token['lead']})\Z") for at, token in enumerate(tokens) if "lead" in token}
    return replace(rule, kinds=kinds, checks=checks, leads=leads)


def entropy(text: str) -> float:
    """Compute the entropy of a text in bits per character."""
    counts = [text.count(character) / len(text) for character in set(text)]
    return -sum(share * math.log2(share) for share in counts)


def _mask(characters: str) -> bytes:
    """Return a table for `translate` that turns the given characters into `a` and every other one into a blank."""
    return bytes(ord("a") if chr(code) in characters else ord(" ") for code in range(256))
