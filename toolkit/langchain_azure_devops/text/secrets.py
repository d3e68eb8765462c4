"""Replace secrets by stable pseudonyms before a model, trace, checkpoint, report or recording sees them."""

import base64
import hashlib
import hmac
import math
import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from langchain_azure_devops.text.secret_rules import BETWEEN, IndexedText, load_rules

PSEUDONYM = re.compile(r"\[secret:([a-z-]+):([0-9a-f]{10})\]")
# The characters of a secret around a line break, with what logs and tables put around a break.
_RUN = r"[A-Za-z0-9+/=_~.-]"
# The time that a log puts before each line.
_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.,\d]{0,12}Z? "
_BROKEN = re.compile(
    rf"(?<!{_RUN})(?:{_RUN}{{6,}}+[ \t\"'\\|,]{{0,8}}\r?\n(?:{_STAMP})?[ \t\"'|>#\x1e]{{0,40}})+{_RUN}{{6,}}+", re.ASCII
)
_PART = re.compile(rf"(?P<stamp>(?<=\n){_STAMP})|{_RUN}{{6,}}+", re.ASCII)
_APART = " \0 "
_AROUND_A_BREAK = b"\x1e\t\"'\\|,>#\r"
_TOKENS = bytes(ord("a") if re.match(_RUN, chr(code)) else code if code == 10 else ord(" ") for code in range(256))
_MAY_BREAK = re.compile(rb"aaaaaa {0,8}\n {0,40}aaaaaa")


@dataclass(frozen=True)
class FoundSecret:
    """A secret in a text.

    Attributes:
        kind: The kind of secret, as the pseudonym names it.
        secret: The whole secret.
        parts: Where it stands; more than one place when a line break splits it.
    """

    kind: str
    secret: str
    parts: tuple[tuple[int, int], ...]


@dataclass
class _Claims:
    """The parts of a text that belong to a secret or a pseudonym already."""

    spans: list[tuple[int, int]] = field(default_factory=list)

    def claim(self, start: int, end: int) -> bool:
        """Claim a part; return False when some of it is claimed already."""
        at = bisect_left(self.spans, (start, end))
        if (at > 0 and self.spans[at - 1][1] > start) or (at < len(self.spans) and self.spans[at][0] < end):
            return False
        insort(self.spans, (start, end))
        return True


def find_secrets(text: str) -> Iterator[FoundSecret]:
    """Find the secrets in a text, in no particular order; no two of them overlap."""
    looked = IndexedText.at(text)
    claims = _Claims([match.span() for match in PSEUDONYM.finditer(text)] if "[secret:" in text else [])
    for rule in load_rules():
        for kind, start, end in rule.matches(looked):
            if claims.claim(start, end):
                yield FoundSecret(kind, text[start:end], ((start, end),))
    if _MAY_BREAK.search(looked.plain.translate(_TOKENS, _AROUND_A_BREAK)):
        yield from _find_wrapped(text, claims)


def _find_wrapped(text: str, claims: _Claims) -> Iterator[FoundSecret]:
    """Find the secrets that line breaks split: join the parts of each run and apply the rules to the result."""
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    size = 0
    for run in _BROKEN.finditer(text):
        for part in _PART.finditer(text, *run.span()):
            if part["stamp"]:
                continue
            places.append((size, part.start()))
            pieces.append(part[0])
            size += len(part[0])
        pieces.append(_APART)
        size += len(_APART)
    looked = IndexedText.at("".join(pieces), wrapped=True)
    for rule in load_rules():
        if rule.wraps:
            for kind, start, end in rule.matches(looked):
                parts = tuple(_original_spans(places, start, end))
                if len(parts) > 1 and all(claims.claim(*part) for part in parts):
                    yield FoundSecret(kind, looked.text[start:end], parts)


def _original_spans(places: list[tuple[int, int]], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Map a part of the joined text to the original text; `places` holds the beginning of each part in both."""
    at = bisect_right(places, (start, math.inf)) - 1
    while at < len(places) and places[at][0] < end:
        joined, original = places[at]
        following = places[at + 1][0] if at + 1 < len(places) else end
        low, high = max(start, joined), min(end, following)
        yield original + low - joined, original + high - joined
        at += 1


def contains_secret(text: str) -> bool:
    """Return whether the rules find a secret in a text; as cheap as one search for each word."""
    return next(find_secrets(text), None) is not None


def redact(text: str, key: bytes, remember: Callable[[str, str], None] | None = None) -> str:
    """Replace each secret in a text by `[secret:KIND:DIGEST]`, which is the same for the same secret and key.

    Args:
        text: The text that may contain secrets.
        key: The key of the digest, without which the digest reveals nothing about the secret.
        remember: Called with each pseudonym and its secret.
    """
    replaced: list[tuple[int, int, str]] = []
    for found in find_secrets(text):
        pseudonym = make_pseudonym(found.secret, found.kind, key)
        if remember is not None:
            remember(pseudonym, found.secret)
        replaced += [(start, end, pseudonym) for start, end in found.parts]
    if not replaced:
        return text
    pieces, at = [], 0
    for start, end, pseudonym in sorted(replaced):
        pieces += [text[at:start], pseudonym]
        at = end
    return "".join([*pieces, text[at:]])


def redact_all(texts: Sequence[str], key: bytes, remember: Callable[[str, str], None] | None = None) -> Sequence[str]:
    """Redact texts that are shown one after the other as one, because a secret may begin in one and end in the next."""
    joined = BETWEEN.join(texts)
    if joined.count(BETWEEN) != len(texts) - 1:
        texts = [text.replace(BETWEEN, " ") for text in texts]
        joined = BETWEEN.join(texts)
    cleared = redact(joined, key, remember)
    return texts if cleared is joined else cleared.split(BETWEEN)


def make_pseudonym(secret: str, kind: str, key: bytes) -> str:
    """Return the pseudonym of a secret."""
    digest = hmac.new(key, secret.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    return f"[secret:{kind}:{digest[:10]}]"


def remove_token(text: str, token: str) -> str:
    """Replace one known token in a text, in clear text or as a Basic credential."""
    basic = base64.b64encode(f":{token}".encode()).decode()
    return text.replace(token, "[secret:own-token]").replace(basic, "[secret:own-token]")
