"""The secrets that the attacks plant, and the texts that tell what they are. None of them opens anything."""

import base64
import hashlib
import html
import json
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote


def made_up(name: str, length: int) -> str:
    """Return letters and digits that look random and are the same in every run."""
    digest = hashlib.sha512(name.encode()).digest() + hashlib.sha512(name[::-1].encode()).digest()
    return base64.b64encode(digest).decode().replace("+", "x").replace("/", "y")[:length]


WORD = f"Lantern-{made_up('word', 14)}_92x"
"""A secret that no rule finds when it stands alone: only the name before it says what it is."""
ODD = f"Gr@pe!{made_up('odd', 14)}+H%rb0r"
"""A secret whose characters are written differently in addresses, JSON and HTML."""
TOKEN_OF_GITHUB = f"ghp_{made_up('github', 36)}"
"""A secret that a rule finds wherever it stands."""
OWN_TOKEN = base64.b32encode(hashlib.sha512(b"own").digest()).decode().lower()[:52]
"""The client's own token in the attacks that are about it, with the entropy of a real one."""
SECRETS = (WORD, ODD, TOKEN_OF_GITHUB)


def tell(secret: str) -> str:
    """Return a text that says that something is a secret."""
    return f'password="{secret}"'


def forms(secret: str) -> Iterator[str]:
    """Return a secret as it stands in a text, in an address, in JSON and in HTML."""
    yield from dict.fromkeys((secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1]))
    yield from {html.escape(secret)} - {secret}


def shows(text: str, secret: str) -> bool:
    """Return whether a text shows a secret, in any letter case."""
    folded = text.casefold()
    return any(form.casefold() in folded for form in forms(secret))


KEY_LINES = [made_up(f"key {number}", 64) for number in range(24)]
PRIVATE_KEY = ["-----BEGIN RSA PRIVATE KEY-----", *KEY_LINES, "-----END RSA PRIVATE KEY-----"]
"""A private key of which no line says that it is one."""


def _between(mark: str) -> Callable[[str], str]:
    return mark.join


def _around(before: str, after: str) -> Callable[[str], str]:
    return lambda text: f"{before}{text}{after}"


def _in_the_middle(mark: str, after: str = "") -> Callable[[str], str]:
    return lambda text: f"{text[:5]}{mark}{text[5:]}{after}"


DECORATIONS: Mapping[str, Callable[[str], str]] = {
    "a colour inside": _in_the_middle("\x1b[31m", "\x1b[0m"),
    "a colour around": _around("\x1b[33m", "\x1b[0m"),
    "colours between": _between("\x1b[1;32m"),
    "a colour of 24 bits around": _around("\x1b[38;2;250;128;1m", "\x1b[m"),
    "a link of a terminal around": _around("\x1b]8;;https://h.example/\x07", "\x1b]8;;\x07"),
    "an erased line inside": _in_the_middle("\x1b[2K"),
    "a zero-width space inside": _in_the_middle("\u200b"),
    "zero-width spaces between": _between("\u200b"),
    "joiners between": _between("\u200d"),
    "soft hyphens between": _between("\u00ad"),
    "word joiners around": _around("\u2060", "\u2060"),
    "byte order marks between": _between("\ufeff"),
    "a turned direction around": _around("\u202e", "\u202c"),
    "variation selectors between": _between("\ufe0f"),
    "tag characters between": _between("\U000e0061"),
    "a NUL inside": _in_the_middle("\0"),
    "a bell before": _around("\a", ""),
    "a backspace inside": _in_the_middle("\b"),
    "tags between": _between("<b></b>"),
    "a tag inside": _in_the_middle("<i>", "</i>"),
    "a tag around": _around("<b>", "</b>"),
    "comments between": _between("<!-- -->"),
    "entities of soft hyphens between": _between("&shy;"),
    "entities of zero-width spaces between": _between("&#8203;"),
    "stars around": _around("**", "**"),
    "a quoted piece of code around": _around("`", "`"),
}
"""What may stand in and around a text and is not seen where it is shown."""
_PRINTABLE = frozenset(map(chr, range(32, 127)))
MARKUP = frozenset(kind for kind, decorate in DECORATIONS.items() if not set(decorate("abcdef")) - _PRINTABLE)
"""The decorations that are seen in a plain text, and that only a page takes for markup."""
