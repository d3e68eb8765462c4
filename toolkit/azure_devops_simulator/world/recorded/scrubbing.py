"""Replace people and secrets of a recording by pseudonyms.

People are those whose identity or commit signature appears in an answer: their names, addresses, ids and descriptors
are replaced wherever they stand. Every other mail address is replaced, too, and what `secret_forms` takes for a secret.
Of headers only those stay that a world needs. Names of projects, repositories and hosts, first names that stand alone,
and everything else stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from azure_devops_simulator.api.parsing import as_object, as_text
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.values import JsonObject, JsonValue, guid
from azure_devops_simulator.world.recorded.contents import replace_in, replace_in_base64
from azure_devops_simulator.world.recorded.name_forms import Names
from azure_devops_simulator.world.recorded.secret_forms import (
    KEY_BEGIN,
    KEY_END,
    is_secret,
    names_secret,
    replace_secrets,
)
from azure_devops_simulator.world.recorded.seen import identities, objects, signatures

_MAIL = re.compile(
    r"(?!(?<=\\)[nrtbf])[A-Za-z0-9._%+-]{1,80}(?:@|%(?:25)?40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
)
_ENCODED_AT = re.compile("%(?:25)?40")
_SHORT = 3
"""The most letters of a name that is found only as it is written."""
_DOMAIN = "example.invalid"
_DROPPED = ("System.PersonId",)
"""Members that tell people apart by a number of their own."""
_KEPT_HEADERS = ("content-type",)
"""Headers that say something to a world. All others are left out, since they can hold credentials."""
_FIELD = re.compile(r"(?:System|Microsoft|WEF)[._][\w.]+")
"""A name of a field, which names nobody."""
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
        self._names = Names(self._replaced)

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
            (person.id.replace("-", ""), stand_in.id.replace("-", "")),
            (person.display_name, stand_in.display_name),
            (person.unique_name, stand_in.unique_name),
            (person.descriptor, stand_in.descriptor),
        ):
            if old:
                self._replaced.setdefault(old, new)
                if len(old) > _SHORT:
                    self._replaced.setdefault(old.lower(), new)

    def text(self, text: str) -> str:
        """Replace people and secrets in a text, also in one that is Base64 as a whole."""
        if "\0" in text:
            # A text in UTF-16 that was read as another encoding.
            return replace_in(text.encode(), self._plain).decode()
        coded = replace_in_base64(text, self._plain)
        return self._plain(text) if coded == text else coded

    def _plain(self, text: str) -> str:
        text = self._names.replace(text)
        if "@" in text or "%40" in text:
            text = _MAIL.sub(self._mail, text)
        return replace_secrets(text, self._secret)

    def value(self, value: JsonValue) -> JsonValue:
        """Replace people and secrets in every text of a JSON value, and in the keys of its objects."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            return self._list(value)
        return value

    def _object(self, value: Mapping[str, JsonValue]) -> JsonObject:
        named = {"value"} if names_secret(as_text(value.get("name")) or as_text(value.get("key"))) else set[str]()
        return {
            name if _FIELD.fullmatch(name) else self.text(name): self._member(name, below, name in named)
            for name, below in value.items()
            if name not in _DROPPED
        }

    def _member(self, name: str, value: JsonValue, secret: bool) -> JsonValue:
        if name.lower().endswith("headers"):
            return _kept_headers(value)
        if secret or names_secret(name):
            if isinstance(value, str) and is_secret(value):
                return self._secret(value)
            if isinstance(value, dict):
                return {below: self._member(below, part, below == "value") for below, part in value.items()}
        return self.value(value)

    def _list(self, rows: Sequence[JsonValue]) -> list[JsonValue]:
        """Replace in a list. A private key may stand in it with each line for itself, as in a log."""
        if len(rows) == 2 and isinstance(rows[0], str) and names_secret(rows[0]) and isinstance(rows[1], str):
            return [rows[0], self._secret(rows[1]) if is_secret(rows[1]) else rows[1]]
        new: list[JsonValue] = []
        within = False
        for row in rows:
            if not isinstance(row, str):
                new.append(self.value(row))
                continue
            ends = KEY_END.search(row)
            if within:
                new.append(
                    self._secret(row[: ends.end()] if ends else row) + (self.text(row[ends.end() :]) if ends else "")
                )
            else:
                new.append(self.text(row))
            last = max((found.end() for found in KEY_BEGIN.finditer(row)), default=-1)
            within = last > (ends.end() if ends else -1) or (within and not ends)
        return new

    def _mail(self, found: re.Match[str]) -> str:
        # `git@host` is the address of a repository.
        if found[0].lower().endswith(_KEPT) or found[0].startswith("git@"):
            return found[0]
        number = self._numbers.setdefault(_ENCODED_AT.sub("@", found[0].lower()), self.people + 1)
        return pseudonymous_user(number).unique_name

    def _secret(self, secret: str) -> str:
        return self._secrets.setdefault(secret, f"secret-{len(self._secrets) + 1}")


def _kept_headers(headers: JsonValue) -> JsonValue:
    """Return the headers that a world needs. Other forms than an object are left out as a whole."""
    return {name: value for name, value in as_object(headers).items() if name.lower() in _KEPT_HEADERS}


def scrub(recording: JsonObject) -> JsonObject:
    """Return a recording with pseudonyms for people and secrets of known forms, and without headers of credentials."""
    return as_object(Scrubber(recording).value(recording))
