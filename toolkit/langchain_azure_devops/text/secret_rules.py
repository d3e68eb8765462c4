"""The rules for secrets: read from `secret_rules.toml`, and found where their words stand.

A word is looked for in the lower-cased text, which costs a twentieth of a pattern, and only if the hint that several
words share is there; a pattern is only ever tried at a word. So a text without words costs little, and no text costs
more than its length.
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
"""Stands between texts that are looked at as one."""
_PLAIN_KINDS = frozenset({"private-key", "jwt"})
"""Kinds so long that a placeholder's word may stand in one by chance."""


@dataclass(frozen=True)
class Rule:
    """One kind of secret and how it is found; see the data file for the fields."""

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
        """Where the secrets of this kind are: first character and the one behind the last."""
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
    """A text and its quick looks: one byte for each character, so that places in one are places in the other."""

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
    """For each word what is looked for first: the hint it holds, or itself."""
    shared = [hint.encode() for hint in _load_document()["hints"]]
    words = {word for rule in load_rules() for word in rule.words}
    return {word: next((hint for hint in shared if hint in word), word) for word in words}


@cache
def _load_document() -> dict[str, Any]:
    return tomllib.loads((files("langchain_azure_devops.text") / "secret_rules.toml").read_text(encoding="utf-8"))


@cache
def load_rules() -> tuple[Rule, ...]:
    """All rules in order; earlier ones win."""
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
    """Bits per character."""
    counts = [text.count(character) / len(text) for character in set(text)]
    return -sum(share * math.log2(share) for share in counts)


def _mask(characters: str) -> bytes:
    """Turns each byte into `a` when it is one of the characters, else into a blank."""
    return bytes(ord("a") if chr(code) in characters else ord(" ") for code in range(256))
