"""What a person reads in a line of a log: no colours, no folding, only the end of a progress bar."""

import re

from langchain_azure_devops.text.lines import BREAKS
from langchain_azure_devops.text.untrusted import clean

_FOLD = re.compile(r"^##\[(?:group|endgroup|section)\]")
"""What the web page of a log folds lines by; it is not shown there either."""


def clean_line(line: str) -> str:
    """Return what a person reads in a line."""
    line = _FOLD.sub("", line.rstrip("\r"))
    if "\r" in line:
        # A terminal shows what was written last, so of a progress bar only its last state is left.
        line = next((part for part in reversed(line.split("\r")) if part.strip()), "")
    return clean(line.translate(BREAKS)).rstrip()
