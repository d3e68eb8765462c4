"""Replace people and obvious secrets of a recording by pseudonyms.

People are those whose identity or commit signature appears in an answer: their names, addresses, ids and descriptors
are replaced wherever they stand. Every other mail address, and texts with the form of a token or a private key, are
replaced too. Names of projects, repositories and hosts, first names that stand alone, and everything else stay.
"""

from __future__ import annotations

import base64
import re

from azure_devops_simulator.api.parsing import as_object
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.values import JsonObject, JsonValue, guid
from azure_devops_simulator.world.recorded.seen import identities, objects, signatures

_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----"
    r"|(?<![A-Za-z0-9])(?:[a-z2-7]{52}|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4})(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|xox[abpr]-[\w-]{10,})"
    r"|(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"
    r"|(?<![\w-])eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*"
    r"|(?<=AccountKey=)[A-Za-z0-9+/]{40,}={0,2}"
    r"|(?i:(?<=password=)|(?<=password:\s)|(?<=secret=)|(?<=\btoken=))[^\s\"'<>;,&]{8,}",
    re.DOTALL,
)
_SHORTEST_SECRET = 16
_DOMAIN = "example.invalid"
_DROPPED = ("System.PersonId",)
"""Members that tell people apart by a number of their own."""
_KEPT = ("example.invalid", "example.com", "example.org")


def pseudonymous_user(number: int, member: bool = True) -> User:
    """Return the user that stands for the n-th person of a recording."""
    mail = f"person{number}@{_DOMAIN}"
    descriptor = f"aad.{guid(f'descriptor/{mail}').replace('-', '')}"
    return User(guid(f"user/{mail}"), f"Person {number}", mail, descriptor, member)


class Scrubber:
    """Replaces the people and secrets of one recording; equal texts get equal pseudonyms.

    Args:
        recording: a recording, from which the people are learned.
    """

    def __init__(self, recording: JsonValue) -> None:
        self._numbers: dict[str, int] = {}
        self._secrets: dict[str, str] = {}
        self._replaced: dict[str, str] = {}
        everything = list(objects(recording))
        for person in identities(everything):
            self._learn(person.unique_name or person.id, person)
        for name, mail in signatures(everything):
            self._learn(mail, User("", name, mail, ""))
        words = sorted((word for word in self._replaced if len(word) > 2), key=len, reverse=True)
        self._words = {word.lower() for word in words}
        parts = [f"(?i:{re.escape(word)})" if re.search(r"\W", word) else re.escape(word) for word in words]
        self._people = re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)") if parts else None

    @property
    def people(self) -> int:
        """How many people have a pseudonym."""
        return len(set(self._numbers.values()))

    @property
    def secrets(self) -> int:
        """How many different secrets were replaced so far."""
        return len(self._secrets)

    def _learn(self, key: str, person: User) -> None:
        number = self._numbers.setdefault(key.lower(), self.people + 1)
        stand_in = pseudonymous_user(number)
        for old, new in (
            (person.id, stand_in.id),
            (person.display_name, stand_in.display_name),
            (person.unique_name, stand_in.unique_name),
            (person.descriptor, stand_in.descriptor),
        ):
            if old:
                self._replaced.setdefault(old, new)
                self._replaced.setdefault(old.lower(), new)

    def text(self, text: str) -> str:
        """Replace people and secrets in a text."""
        lowered = text.lower()
        # Most texts name nobody, and looking for a word costs much less than the expression for all of them.
        if self._people and any(word in lowered for word in self._words):
            text = self._people.sub(self._person, text)
        if "@" in text:
            text = _MAIL.sub(self._mail, text)
        return _SECRET.sub(self._secret, text) if len(text) >= _SHORTEST_SECRET else text

    def value(self, value: JsonValue) -> JsonValue:
        """Replace people and secrets in every text of a JSON value. Contents in Base64 are decoded for it."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {name: self._member(name, below) for name, below in value.items() if name not in _DROPPED}
        if isinstance(value, list):
            return [self.value(below) for below in value]
        return value

    def _member(self, name: str, value: JsonValue) -> JsonValue:
        if name == "base64" and isinstance(value, str):
            try:
                text = base64.b64decode(value).decode("utf-8")
            except ValueError:
                return value
            return base64.b64encode(self.text(text).encode()).decode("ascii")
        return self.value(value)

    def _person(self, found: re.Match[str]) -> str:
        return self._replaced.get(found[0]) or self._replaced[found[0].lower()]

    def _mail(self, found: re.Match[str]) -> str:
        # `git@host` is the address of a repository.
        if found[0].lower().endswith(_KEPT) or found[0].startswith("git@"):
            return found[0]
        number = self._numbers.setdefault(found[0].lower(), self.people + 1)
        return pseudonymous_user(number).unique_name

    def _secret(self, found: re.Match[str]) -> str:
        return self._secrets.setdefault(found[0], f"secret-{len(self._secrets) + 1}")


def scrub(recording: JsonObject) -> JsonObject:
    """Return a recording with pseudonyms for people and obvious secrets."""
    return as_object(Scrubber(recording).value(recording))
