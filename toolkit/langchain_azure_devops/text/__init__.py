"""Text that outsiders wrote: what a reader cannot see is removed, and secrets become pseudonyms.

`clean` and `one_line` make a text safe to show, `fence` marks where it begins and ends for a model, and `redact`
replaces its secrets.
"""

from langchain_azure_devops.text.secrets import PSEUDONYM, make_pseudonym, redact, remove_token
from langchain_azure_devops.text.untrusted import (
    clean,
    defuse_commands,
    disarm_fences,
    fence,
    find_hidden,
    join_halves,
    one_line,
)

__all__ = [
    "PSEUDONYM",
    "clean",
    "defuse_commands",
    "disarm_fences",
    "fence",
    "find_hidden",
    "join_halves",
    "make_pseudonym",
    "one_line",
    "redact",
    "remove_token",
]
