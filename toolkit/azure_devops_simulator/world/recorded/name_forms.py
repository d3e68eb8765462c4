"""Find the names, addresses and ids of people in texts, also where a URL, JSON or HTML has escaped them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import quote

from azure_devops_simulator.world.recorded.secret_forms import ESCAPED, LEFT


class Names:
    """Replaces names in texts.

    Args:
        pseudonyms: the pseudonyms by what they replace. A name of several words is found in any case; a name of one
            word as it is written here. A name of one letter is replaced only where it is the whole text.
    """

    def __init__(self, pseudonyms: Mapping[str, str]) -> None:
        self._pseudonyms = pseudonyms
        names = sorted((name for name in pseudonyms if len(name) > 1), key=len, reverse=True)
        # Most texts name nobody. Looking for the longest part that has one form costs much less than for all forms.
        self._parts = [(max(re.findall("[a-z0-9]*", name.lower()), key=len), name) for name in names]
        self._patterns: dict[tuple[str, ...], re.Pattern[str]] = {}

    def replace(self, text: str) -> str:
        """Return the text with pseudonyms. In a URL they are encoded as the names were."""
        if text in self._pseudonyms:
            return self._pseudonyms[text]
        lowered = text.lower()
        present = tuple(name for part, name in self._parts if part in lowered)
        if not present:
            return text
        if present not in self._patterns:
            self._patterns[present] = re.compile("|".join(f"({_forms(name)})" for name in present))

        def pseudonym(found: re.Match[str]) -> str:
            name = present[(found.lastindex or 1) - 1]
            new = self._pseudonyms[name]
            if "%" in found[0] and "%" not in name:
                return quote(new, safe="@")
            return new.replace(" ", "+") if "+" in found[0] and "+" not in name else new

        return self._patterns[present].sub(pseudonym, text)


def _forms(name: str) -> str:
    """Return the expression for a name. One of one word stands alone, so that it is found in no other word."""
    body = "".join(map(_character, name))
    if re.fullmatch(r"\w+", name):
        return rf"(?:(?<!\w)|{ESCAPED}){body}(?!\w)"
    return rf"{LEFT}(?i:{body})(?![A-Za-z0-9])"


def _character(letter: str) -> str:
    if letter.isascii() and letter.isalnum():
        return letter
    forms = {letter, *(unicodedata.normalize(form, letter) for form in ("NFC", "NFD"))}
    bytes_of = {form.encode() for form in forms}
    if ord(letter) < 0x100:
        bytes_of.add(letter.encode("latin-1"))
    encoded = ["".join(f"%(?:25)?{byte:02X}" for byte in raw) for raw in bytes_of]
    number = ord(letter)
    written = [*map(re.escape, forms), *(f"(?i:{form})" for form in encoded)]
    if number < 0x10000:
        written.append(rf"\\+u(?i:{number:04x})")
    written.append(rf"&#(?:{number}|[xX]0*(?i:{number:x}));")
    if letter == " ":
        written += [r"\+", "&nbsp;", "\u00a0"]
    return f"(?:{'|'.join(written)})"
