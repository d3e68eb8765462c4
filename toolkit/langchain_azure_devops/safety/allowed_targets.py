"""The hosts and people that a text which leaves may name, and the secrets that it must not contain."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property

from langchain_azure_devops.safety.secret_parts import SecretIndex, index_secrets
from langchain_azure_devops.text.untrusted import clean

# The service finds `@<id>` wherever it stands; a name only where no word, path or address goes before it.
MENTION = re.compile(r"@<[^>\n]{0,100}>|(?<![\w.@/+-])@[\w][\w.\\-]*(?:@[\w.-]+)?")
_NAMED_URL = re.compile(r"(?i)\bhttps?://((?:[\w-]+\.)*[\w-]+)(?=[/:?#\s)>\]\"',.;!]|$)")


@dataclass(frozen=True)
class NamedTargets:
    """The hosts and people that a person named, so that a write may contain them.

    Attributes:
        hosts: Hosts that may be linked to, in lower case.
        mentions: People that may be mentioned, as `@name` in lower case.
    """

    hosts: frozenset[str] = frozenset()
    mentions: frozenset[str] = frozenset()

    def __or__(self, other: "NamedTargets") -> "NamedTargets":
        """Both."""
        return NamedTargets(self.hosts | other.hosts, self.mentions | other.mentions)


@dataclass(frozen=True)
class ContentPolicy:
    """The rules for a text that leaves: an argument of a write, a report, or a text of the model.

    Attributes:
        own_urls: The base URLs of the organization; links below them are allowed.
        link_hosts: The hosts that the operator allows; `*.example.com` stands for every host below it.
        named: The hosts and people that the person named.
        secrets: The secrets that are known in this process, in clear text.
        tokens: The own tokens, of which every part counts, whatever they look like.
    """

    own_urls: tuple[str, ...]
    link_hosts: frozenset[str] = frozenset()
    named: NamedTargets = NamedTargets()
    secrets: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()

    @cached_property
    def known(self) -> SecretIndex:
        """The secrets and own tokens, prepared for a search."""
        return index_secrets(self.secrets, self.tokens)


_NO_TARGETS = NamedTargets()
_current_targets: ContextVar[NamedTargets] = ContextVar("azure_devops_named", default=_NO_TARGETS)


def find_named_targets(text: str) -> NamedTargets:
    """Find the hosts and mentions in a text that a person wrote.

    Only a whole address such as `https://wiki.contoso.com` names a host: a bare `README.md` looks like one, too.
    """
    hosts = {ascii_host(match) for match in _NAMED_URL.findall(clean(text))}
    return NamedTargets(frozenset(hosts), frozenset(match.lower() for match in MENTION.findall(clean(text))))


@contextmanager
def allow_targets(named: NamedTargets) -> Iterator[None]:
    """Allow the writes inside a `with` block to contain the hosts and mentions that a person named."""
    token = _current_targets.set(named)
    try:
        yield
    finally:
        _current_targets.reset(token)


def current_targets() -> NamedTargets:
    """Return the hosts and mentions that writes of the current context may contain."""
    return _current_targets.get()


def ascii_host(host: str) -> str:
    """Return a host in lower case and in the form that is looked up."""
    host = unicodedata.normalize("NFKC", host).lower().strip(".")
    try:
        return host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        return host
