"""Name options and environment variables where a message about a setting names arguments.

The toolkit speaks to programs, so `organization=` in its messages becomes `--organization` at a shell. Only errors
about settings are translated: they are raised before the service is asked, so none of their words come from it.
"""

import re
from collections.abc import Mapping

from langchain_azure_devops.errors import AzureDevOpsError, Misconfigured

TERMS: Mapping[str, str] = {
    "organization": "--organization",
    "base_url": "--base-url",
    "default_project": "--project",
    "project": "--project",
    "read_only": "--read-only",
    "toolsets": "--toolsets",
    "names": "--name",
    "token": "AZURE_DEVOPS_MCP_TOKEN",
    "pat": "AZURE_DEVOPS_PAT",
    "scopes": "AZURE_DEVOPS_SCOPES",
    "audit": "AZURE_DEVOPS_AUDIT",
    "instructions": "--instructions",
}
"""The option that takes the place of an argument; the variable where no option does."""

_NAMES = "|".join(TERMS)
_ARGUMENT = re.compile(rf"(?<![\w?&])({_NAMES})=(?:True\b)?")
_VARIABLE_TWICE = re.compile(r"(?:give )?(AZURE_DEVOPS_\w+) or (set )?\1\b")
_QUOTED = re.compile(r"""((?<!\w)'(?:\\.|[^'\\\n])*'|(?<!\w)"(?:\\.|[^"\\\n])*")""")


def in_shell_terms(error: AzureDevOpsError) -> str:
    """Return the message of an error; where it is about a setting, in the terms of the shell.

    Quoted values are what the user typed, so they stay as they are.
    """
    if not isinstance(error, Misconfigured):
        return error.message
    return "".join(
        part if position % 2 else _translate(part) for position, part in enumerate(_QUOTED.split(error.message))
    )


def _translate(words: str) -> str:
    named = _ARGUMENT.sub(lambda found: TERMS[found[1]], words)
    return _VARIABLE_TWICE.sub(lambda found: f"{found[2] or ''}{found[1]}", named)
