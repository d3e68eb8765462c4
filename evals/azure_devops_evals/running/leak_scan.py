"""Look for what must not be committed, in recordings that are being written and in those that are stored."""

import re
from collections.abc import Iterator
from pathlib import Path

from azure_devops_evals.recording.format import PSEUDONYM_KEY
from azure_devops_evals.world.world import TOKEN
from langchain_azure_devops.text import PSEUDONYM, KnownSecrets, redact

_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})")
_MADE_UP = re.compile(r"(?i)(?:^|\.)(?:example|invalid|test|localhost|example\.(?:com|org|net))$")
"""Domains that nobody can own."""
_ESCAPED_BREAK = re.compile(r"\\[nrt]")
"""A line break inside JSON. Its letter is not part of a name that follows, such as a decorator."""
# A header is text. The object `authorization` of a service connection has no values: the service keeps them.
_CREDENTIAL = re.compile(
    r"(?i)\"(?:proxy-)?authorization\"\s*:(?!\s*\{)|\"(?:set-)?cookie\"\s*:|\bbearer\s+[A-Za-z0-9._~+/-]{20,}"
    r"|://[^/\s:@\"]+:[^/\s:@\"]+@|(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20,}"
)
_MACHINE = re.compile(r"\b(?:127\.0\.0\.1|localhost):\d+|(?<![\w/])/(?:home|Users|root)/[A-Za-z0-9._-]+")
_OWN = KnownSecrets(PSEUDONYM_KEY, lambda: (TOKEN,))
"""Finds the token of the worlds in every written form."""


class Unclean(Exception):
    """A recording holds what must not be committed. The message says what and where, and never shows it."""


def findings(text: str) -> Iterator[str]:
    """Return what must not be in a recording, by line and kind, without showing it."""
    for number, line in enumerate(text.split("\n"), 1):
        for kind in _kinds(line):
            yield f"line {number}: {kind}"


def scan(path: Path) -> list[str]:
    """Return what must not be committed in a file."""
    return [f"{path.name}, {finding}" for finding in findings(path.read_text(encoding="utf-8"))]


def _kinds(line: str) -> Iterator[str]:
    if (cleared := _OWN.replace_known(line)) != line:
        yield "the token"
        line = cleared
    cleared = redact(line, PSEUDONYM_KEY)
    if cleared != line:
        new = {found[1] for found in PSEUDONYM.finditer(cleared)} - {found[1] for found in PSEUDONYM.finditer(line)}
        yield f"a secret ({', '.join(sorted(new)) or 'of a known form'})"
    if any(not _MADE_UP.search(found["host"]) for found in _ADDRESS.finditer(_ESCAPED_BREAK.sub(" ", line))):
        yield "a mail address"
    if _CREDENTIAL.search(line):
        yield "a credential"
    if _MACHINE.search(line):
        yield "an address of a machine"
