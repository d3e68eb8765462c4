"""Text that outsiders wrote: what a reader cannot see is removed, and secrets become pseudonyms.

`clean` and `one_line` make a text safe to show, `fence` marks where it begins and ends for a model, and `redact`
replaces its secrets. `KnownSecrets` does so for one client, and replaces everywhere what it found once.
"""

from langchain_azure_devops.text.known_secrets import KnownSecrets
from langchain_azure_devops.text.lookalikes import find_alphabets, find_disguise, find_similar
from langchain_azure_devops.text.secrets import PSEUDONYM, make_pseudonym, redact, remove_token
from langchain_azure_devops.text.unseen import find_unseen, spell_out
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
    "KnownSecrets",
    "clean",
    "defuse_commands",
    "disarm_fences",
    "fence",
    "find_alphabets",
    "find_disguise",
    "find_hidden",
    "find_similar",
    "find_unseen",
    "join_halves",
    "make_pseudonym",
    "one_line",
    "redact",
    "remove_token",
    "spell_out",
]
