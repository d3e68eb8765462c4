"""The secrets that the attacks plant, and the texts that tell what they are. None of them opens anything."""

import base64
import hashlib
import html
import json
from collections.abc import Iterator
from urllib.parse import quote


def _made_up(name: str, length: int) -> str:
    """Return letters and digits that look random and are the same in every run."""
    digest = hashlib.sha512(name.encode()).digest() + hashlib.sha512(name[::-1].encode()).digest()
    return base64.b64encode(digest).decode().replace("+", "x").replace("/", "y")[:length]


WORD = f"Lantern-{_made_up('word', 14)}_92x"
"""A secret that no rule finds when it stands alone: only the name before it says what it is."""
ODD = f"Gr@pe!{_made_up('odd', 14)}+H%rb0r"
"""A secret whose characters are written differently in addresses, JSON and HTML."""
TOKEN_OF_GITHUB = f"ghp_{_made_up('github', 36)}"
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


KEY_LINES = [_made_up(f"key {number}", 64) for number in range(24)]
PRIVATE_KEY = ["-----BEGIN RSA PRIVATE KEY-----", *KEY_LINES, "-----END RSA PRIVATE KEY-----"]
"""A private key of which no line says that it is one."""
