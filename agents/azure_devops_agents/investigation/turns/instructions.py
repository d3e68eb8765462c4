"""The organization's own instructions for the agent: a runbook that says, for example, who owns what."""

import os
from collections.abc import Mapping
from pathlib import Path

from azure_devops_agents.settings import INSTRUCTIONS
from langchain_azure_devops.errors import Misconfigured
from langchain_azure_devops.text import clean

__all__ = ["load_instructions"]

MOST = 20_000
"""Characters of the instructions: every turn sends them again."""


def load_instructions(path: Path | str | None = None, environ: Mapping[str, str] | None = None) -> str:
    """Read the operator's instructions from a Markdown file; empty when there is none.

    Args:
        path: The file; by default the one that `AZURE_DEVOPS_AGENT_INSTRUCTIONS` names.
        environ: The environment; by default that of the process.

    Raises:
        Misconfigured: The file cannot be read, is not text, or is too long.
    """
    given = str(path or (os.environ if environ is None else environ).get(INSTRUCTIONS, "").strip())
    if not given:
        return ""
    try:
        text = clean(Path(given).read_text(encoding="utf-8")).strip()
    except (OSError, ValueError) as error:
        raise Misconfigured(
            f"The instructions {given!r} cannot be read: {error}. instructions= takes a Markdown file in UTF-8.",
            subject="instructions",
        ) from None
    if len(text) > MOST:
        raise Misconfigured(
            f"The instructions {given!r} have {len(text):,} characters. At most {MOST:,} fit, because every turn "
            "of the model sends them again: keep what the agent must know.",
            subject="instructions",
        )
    return text
