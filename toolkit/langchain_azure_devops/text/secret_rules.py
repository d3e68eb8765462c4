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
_PLAIN_KINDS = frozenset({"private-key", "jwt"})
"""Kinds that are so long that the word of a placeholder may occur in them by chance."""


@dataclass(frozen=True)
class Rule:
    """One kind of secret and how it is found; the data file explains the fields."""

    kind: str
    pattern: re.Pattern[str]
    entropy: float
    words: tuple[bytes, ...]
    back: int
    run: bytes
    length: int
    start: bool
    check: Check | None
    wraps: bool

    def matches(self, looked: "IndexedText") -> Iterator[tuple[int, int]]:
        """Yield where the secrets of this kind begin and end."""
        behind = 0
        for at in self._places(looked):
            if at < behind:
                continue
            match = self.pattern.match(looked.text, max(0, at - self.back))
            if match is None:
                continue
            name = "secret" if match["secret"] else "secret2"
            if self._holds(match, match[name]):
                behind = match.end(name)
                yield match.span(name)

    def _places(self, looked: "IndexedText") -> Iterator[int]:
        if self.start:
            yield 0
            yield from (match.end() for match in re.finditer(BETWEEN, looked.text))
        for word in self.words:
            if load_hints()[word] not in looked.absent:
                at = looked.lowered.find(word)
                while at >= 0:
                    yield at
                    at = looked.lowered.find(word, at + len(word))
        if self.run:
            mask = looked.plain.translate(self.run)
            wanted = b"a" * self.length
            at = mask.find(wanted)
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
    def at(cls, text: str) -> "IndexedText":
        """Prepare a text."""
        plain = text.encode("ascii", "replace")
        lowered = plain.lower()
        return cls(text, plain, lowered, frozenset(hint for hint in set(load_hints().values()) if hint not in lowered))


@cache
def load_hints() -> dict[bytes, bytes]:
    """Return for each word the text to search first: the hint that it contains, or the word itself."""
    shared = [hint.encode() for hint in _load_document()["hints"]]
    words = {word for rule in load_rules() for word in rule.words}
    return {word: next((hint for hint in shared if hint in word), word) for word in words}


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
            words=tuple(word.encode() for word in row.get("words", ())),
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
    """Turns each byte into `a` when it is one of the characters, else into a blank."""
    return bytes(ord("a") if chr(code) in characters else ord(" ") for code in range(256))
