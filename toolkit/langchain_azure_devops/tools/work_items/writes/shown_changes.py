"""How a change of a field is shown to the person who decides about it: nothing that it removes or adds is left out."""

import json
from collections.abc import Callable

from langchain_azure_devops.text.line_diff import show_difference

_EMPTY, _BECOMES = "(empty)", " -> "
_PLAIN = "System."


def show_change(name: str, old: str, new: str, redact: Callable[[str], str]) -> list[str]:
    """Return the lines that show a person how the value of a field changes.

    Args:
        name: The field.
        old: The whole value that is there.
        new: The whole value that is sent.
        redact: Replaces the secrets of a text. It gets the whole texts, because the lines that differ may hold a secret
            without the words that tell that it is one.
    """
    short = name.removeprefix(_PLAIN)
    old, new = (redact(text.replace("\r\n", "\n")) for text in (old, new))
    if "\n" not in f"{old}{new}":
        return [f"{short}: {_quote(old)}{_BECOMES}{_quote(new)}"]
    return [f"{short}:", *show_difference(old, new)]


def _quote(value: str) -> str:
    """Return a value, in quotes where it could be taken for another one."""
    if not value:
        return _EMPTY
    doubtful = _BECOMES in value or value == _EMPTY or value != value.strip()
    return json.dumps(value, ensure_ascii=False) if doubtful else value
