"""Errors of the toolkit in the terms of the shell: `organization=` becomes `--organization`.

The toolkit speaks to programs, so its messages name arguments. Somebody at a shell gives options and variables instead.
"""

import re
from collections.abc import Mapping

TERMS: Mapping[str, str] = {
    "organization": "--organization",
    "base_url": "--base-url",
    "default_project": "--project",
    "project": "--project",
    "read_only": "--read-only",
    "pat": "AZURE_DEVOPS_PAT",
    "scopes": "AZURE_DEVOPS_SCOPES",
    "audit": "AZURE_DEVOPS_AUDIT",
}
"""The option that takes the place of an argument; the variable where no option does."""

_NAMES = "|".join(TERMS)
_ARGUMENT = re.compile(rf"\b({_NAMES})=(?:True\b)?")
_VARIABLE_TWICE = re.compile(r"(?:give )?(AZURE_DEVOPS_\w+) or (set )?\1\b")


def in_shell_terms(message: str) -> str:
    """Name options and environment variables where a message names arguments."""
    named = _ARGUMENT.sub(lambda found: TERMS[found[1]], message)
    return _VARIABLE_TWICE.sub(lambda found: f"{found[2] or ''}{found[1]}", named)
