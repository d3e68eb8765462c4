"""Make text of cases safe for a build log: no secret, no command to the build server, no control character."""

import re
from collections.abc import Iterable

from azure_devops_evals.recording.format import PSEUDONYM_KEY
from azure_devops_evals.world.world import TOKEN
from langchain_azure_devops.text import KnownSecrets

_ORDER = re.compile(r"(?i)##(?=vso\[|\[)|(?m:^(?P<colons>\s*::)(?=[a-z]))")
_UNPRINTABLE = re.compile(r"[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
_HIDDEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


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
    text = _HIDDEN.sub("\N{REPLACEMENT CHARACTER}", _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text))
    return _ORDER.sub(lambda found: f"{found['colons'][:-1]} :" if found["colons"] else "# #", text)
