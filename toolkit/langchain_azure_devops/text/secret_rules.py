"""The rules for secrets, read from `secret_rules.toml`, and how they are applied to a text.

A pattern is tried only where one of its words stands. Words are searched in the lower-cased text, which costs a
twentieth of a pattern, and only if the text contains the hint that several words share. A text without such words
therefore costs little, and the cost grows at most with the length of a text.
"""

import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from langchain_azure_devops.text.secret_checks import CHECKS, Check

_PLACEHOLDER = re.compile(
    r"(?i)example|sample|placeholder|dummy|change_?me|change-this|redacted|your[-_ ]|my[-_]?(?:password|secret)|xxxx|"
    r"\*\*\*|\.\.\.|0{12}|insert|todo|fixme|<[a-z]"
)
BETWEEN = "\n\x1e"
"""Separates texts that are searched as one."""
_APART = b"\x1e"
_PLAIN_KINDS = frozenset({"private-key", "jwt"})
"""Kinds that are so long that the word of a placeholder may occur in them by chance."""


@dataclass(frozen=True)
class Rule:
    """One kind of secret and how it is found; the data file explains the fields."""

    kind: str
    pattern: re.Pattern[str]
    entropy: float
    words: dict[bytes, tuple[bytes, ...]]
    back: int
    run: bytes
    length: int
    start: bool
    check: Check | None
    wraps: bool

    def matches(self, looked: "IndexedText") -> Iterator[tuple[int, int]]:
        """Yield where the secrets of this kind begin and end."""
        if not self.run and looked.absent.issuperset(self.words):
            return
        behind = 0
        # The places come in the order of the text, because those up to the end of the last match are skipped.
        for at in sorted(self._places(looked)):
            if at < behind:
                continue
            match = self.pattern.match(looked.text, max(behind, at - self.back))
            if match is None:
                continue
            name = "secret" if match["secret"] else "secret2"
            if self._holds(match, match[name]):
                behind = match.end(name)
                yield match.span(name)

    def _places(self, looked: "IndexedText") -> Iterator[int]:
        for hint, words in self.words.items():
            if hint not in looked.absent:
                for word in words:
                    at = looked.lowered.find(word)
                    while at >= 0:
                        yield at
                        at = looked.lowered.find(word, at + len(word))
        if self.run and len(looked.plain) >= self.length:
            mask = looked.plain.translate(self.run)
            wanted = b"a" * self.length
            at = mask.find(wanted)
            if self.start and at >= 0:
                yield 0
                yield from (match.end() for match in re.finditer(BETWEEN, looked.text))
                return
            while at >= 0:
                yield at
                end = mask.find(b" ", at)
                at = mask.find(wanted, end) if end >= 0 else -1

    def _holds(self, match: re.Match[str], secret: str) -> bool:
        if self.kind not in _PLAIN_KINDS and _PLACEHOLDER.search(secret):
            return False
        return entropy(secret) >= self.entropy and (self.check is None or self.check(match, secret))


@dataclass(frozen=True)
class IndexedText:
    """A text with its forms for quick searches, which have one byte for each character and so the same positions."""

    text: str
    plain: bytes
    lowered: bytes
    absent: frozenset[bytes]

    @classmethod
    def at(cls, text: str, *, wrapped: bool = False) -> "IndexedText":
        """Prepare a text for all rules, or only for those that are also applied to wrapped secrets."""
        plain = text.encode("ascii", "replace")
        lowered = plain.lower()
        # The cells of a table repeat each other, and no hint contains the character between them.
        different = _APART.join(set(lowered.split(_APART)))
        return cls(text, plain, lowered, frozenset([hint for hint in _load_hints(wrapped) if hint not in different]))


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
    return tuple(
        Rule(
            kind=row["kind"],
            pattern=re.compile(row["pattern"]),
            entropy=row["entropy"],
            words=_group_words(row.get("words", []), _load_document()["hints"]),
            back=row.get("back", 0),
            run=_mask(row["run"]) if "run" in row else b"",
            length=row.get("length", 0),
            start=row.get("start", False),
            check=CHECKS[row["check"]] if "check" in row else None,
            wraps=row.get("wraps", False),
        )
        for row in _load_document()["rule"]
    )


def entropy(text: str) -> float:
    """Compute the entropy of a text in bits per character."""
    counts = [text.count(character) / len(text) for character in set(text)]
    return -sum(share * math.log2(share) for share in counts)


def _mask(characters: str) -> bytes:
    """Return a table for `translate` that turns the given characters into `a` and every other one into a blank."""
    return bytes(ord("a") if chr(code) in characters else ord(" ") for code in range(256))
