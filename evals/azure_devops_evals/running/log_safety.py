"""Make text of cases safe for a build log: no secret, no command to the build server, no control character."""

import re
from collections.abc import Iterable

from azure_devops_evals.recording.format import PSEUDONYM_KEY
from azure_devops_evals.world.world import TOKEN
from langchain_azure_devops.text import KnownSecrets, find_hidden

_ORDER = re.compile(r"(?i)##(?=vso\[|\[)|(?m:^(?P<colons>\s*::)(?=[a-z]))")
# What XML does not take, and the line breaks that only some readers see.
_UNPRINTABLE = re.compile(r"[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")


def make_safe(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text in a form that can be published in a build.

    Azure Pipelines obeys `##vso[` and `##[`, and GitHub obeys lines that begin with `::`. Both are broken up.

    Args:
        text: A text of a case, which can quote anything in the organization.
        secrets: Secrets to remove, besides those that are recognized by their form.
    """
    known = KnownSecrets(PSEUDONYM_KEY, lambda: (TOKEN,))
    for secret in sorted(secrets, key=len, reverse=True):
        known.learn(secret, "planted")
        # Also where a value is so short that it would count only as a whole word.
        text = text.replace(secret, "[secret:planted]")
    text = known.redact(text)
    text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    if not text.isascii():
        for character in filter(find_hidden, set(text)):
            text = text.replace(character, "\N{REPLACEMENT CHARACTER}")
    return _ORDER.sub(lambda found: f"{found['colons'][:-1]} :" if found["colons"] else "# #", text)
