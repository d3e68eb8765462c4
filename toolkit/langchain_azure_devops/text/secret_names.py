"""Whether a name says that its value is secret: `DB_PASSWORD` does, `passwordPolicy` and `continuationToken` do not."""

import re
from enum import Enum
from functools import lru_cache

from langchain_azure_devops.text.secret_words import load_words


class Secrecy(Enum):
    """What kind of secret a name promises; the kinds differ in what their values look like."""

    PASSWORD = "password"  # noqa: S105 - the name of a kind
    """Chosen by a person, perhaps: a word with a digit or a sign is enough."""
    TOKEN = "token"  # noqa: S105 - the name of a kind
    """Made by a machine."""
    KEY = "key"
    """Made by a machine, and long: many other things are called keys."""


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PASSWORD = re.compile(
    r"(?:[a-z]*(?:passw(?:or[dt]|d)|passphrase|passcode|pwd|pword)|kennwort|psw|"
    r"(?:db|user|smtp|mail|root|admin|my|ssh|ftp|sql|login|key|store|sa|app|web|redis|mongo|pg|proxy)?pass)s?"
)
_TOKEN = re.compile(r"(?:[a-z]*(?:secret|token|credential)s?|creds?|pat)")
_QUALIFIER = "[a-z]*?(?:" + "|".join(load_words("keys")) + ")"
_IS_QUALIFIER = re.compile(_QUALIFIER)
_KEY = re.compile(f"{_QUALIFIER}keys?")
_ABOUT = load_words("about")
_ABOUT_START = ("expir", "creat", "updat", "rotat", "valid", "count", "usag")
_HARMLESS = load_words("harmless")
_HARMLESS_START = ("continuation", "cancel", "csrf", "xsrf", "antiforgery", "next", "page", "sync", "skip", "public")
_MOST_AFTER = 4


@lru_cache(maxsize=4096)
def find_secrecy(name: str) -> Secrecy | None:
    """Return what kind of secret stands under a name, in any spelling; None when the name does not say so."""
    words = [word.lower() for word in _WORD.findall(name)]
    for at in range(len(words) - 1, max(-1, len(words) - _MOST_AFTER - 2), -1):
        found = _secrecy_of(words, at)
        if found is not None:
            return found if found is Secrecy.PASSWORD or not any(map(_is_harmless, words)) else None
        if words[at] in _ABOUT or words[at].startswith(_ABOUT_START):
            return None
    return None


def _secrecy_of(words: list[str], at: int) -> Secrecy | None:
    word = words[at]
    if _PASSWORD.fullmatch(word):
        return Secrecy.PASSWORD
    if _TOKEN.fullmatch(word):
        return Secrecy.TOKEN
    if word in {"key", "keys"}:
        return Secrecy.KEY if at > 0 and _IS_QUALIFIER.fullmatch(words[at - 1]) else None
    return Secrecy.KEY if _KEY.fullmatch(word) else None


def _is_harmless(word: str) -> bool:
    return word in _HARMLESS or word.startswith(_HARMLESS_START)
