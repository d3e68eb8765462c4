"""Show where the words of a search stand in a work item."""

import re
from collections.abc import Iterable

from langchain_azure_devops.results.models import Result, Untrusted
from langchain_azure_devops.text.known_secrets import KnownSecrets
from langchain_azure_devops.text.untrusted import one_line

_BEFORE, _SHOWN = 50, 250


class Snippet(Result):
    """The surroundings of a word that was found."""

    cell = "{where}: {text}"

    where: Untrusted
    text: Untrusted


def find_word(words: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern for any of the words; None when there is none."""
    patterns = [re.escape(word.rstrip("*")) + ("" if word.endswith("*") else r"(?!\w)") for word in words]
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})", re.IGNORECASE) if patterns else None


def make_snippet(where: str, text: str, words: re.Pattern[str], secrets: KnownSecrets) -> Snippet | None:
    """Return the part of a text with the first word; None when it has none. The text is plain or Markdown.

    The whole text is redacted before it is cut: what is left might not show that it is a secret.
    """
    shown = one_line(secrets.redact(text))
    found = words.search(shown)
    if found is None:
        return None
    start = max(0, found.start() - _BEFORE)
    part = shown[start : start + _SHOWN]
    right = "…" if start + _SHOWN < len(shown) else ""
    return Snippet(where=where, text=f"{'…' if start else ''}{part}{right}")
