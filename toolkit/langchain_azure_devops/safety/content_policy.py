"""Check the content of writes: no secret, no link to an unnamed host, no unwanted mention, no logging command.

A hostile text could tell a model to write a secret, an image that tells a foreign server who looked at it, or a line
that a pipeline agent carries out. Every argument of every write is checked here before a person is asked. The text is
checked in several readings: as it is, without invisible characters, with HTML entities and percent signs decoded, and
in compatibility form. A text that is refused in one reading is refused.

This catches known forms. A secret in an encoding that a model invents looks like any other text.
"""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from langchain_azure_devops.text.secrets import PSEUDONYM, redact
from langchain_azure_devops.text.untrusted import clean, defuse_commands

# A scheme with its slashes, as programs turn it into a link anywhere; browsers take one slash, and backslashes, too.
_LINK = re.compile(
    r"(?i)\b((?:https?|ftp|wss?|file)(?=:[/\\])|[a-z][a-z0-9+.-]{1,20}(?=://)):[/\\]+"
    r"([^\s/\\?#<>\"'`)\]|]*)([^\s<>\"'`)\]|]*)"
)
_WWW = re.compile(r"(?i)(?<![\w./-])(?=www\.\w)()([\w.-]+\w)([^\s<>\"'`)\]|]*)")
# Where a target of a link or an image begins in Markdown, HTML and style sheets; white space inside it does not count.
_TARGET = re.compile(
    r"(?i)\]\(\s*<?|\]:\s*<?|\burl\(\s*[\"']?"
    r"|\b(?:src|srcset|href|action|formaction|background|poster|cite|data|content|style|xlink:href)\s*=\s*[\"']?"
)
_AUTOLINK = re.compile(r"<(?=[a-z][a-z0-9+.-]{1,20}:[^\s])")
_IN_TAG = re.compile(r"(?i)<[a-z][^<>]*[\"'=,\s](?=[/\\]{2})")
_SPECIAL = re.compile(r"(?i)(https?|ftp|wss?|file):[/\\]*([^/\\?#<>\"'`)\]|]*)([^<>\"'`)\]|]*)")
_ANY_SCHEME = re.compile(r"(?i)([a-z][a-z0-9+.-]{1,20}):(?!//)")
_SCHEMELESS = re.compile(r"()[/\\]{2,}([^/\\?#<>\"'`)\]|]*)([^<>\"'`)\]|]*)")
_BLANKS = re.compile(r"[\s\x00-\x20]+")
_MAX_TARGET = 400
_NAMED_URL = re.compile(r"(?i)\bhttps?://((?:[\w-]+\.)*[\w-]+)(?=[/:?#\s)>\]\"',.;!]|$)")
# The service finds `@<id>` wherever it stands; a name only where no word, path or address goes before it.
_MENTION = re.compile(r"@<[^>\n]*>|(?<![\w.@/+-])@[\w][\w.\\-]*(?:@[\w.-]+)?")
_MENTION_MARKUP = re.compile(r"(?i)data-vss-mention")
_TICKS = re.compile(r"`+")
_MACROS = frozenset({"@me", "@project", "@today", "@currentiteration", "@startofday", "@startofweek"})
_COMMAND = re.compile(r"(?im)##(?=vso\[)|^[^\S\n]*##(?=\[)")
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEXADECIMAL = re.compile(r"(?:[0-9A-Fa-f]{2}[\s:-]?){16,}")
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
_SHORTEST_SECRET = 8
_MULTI_TENANT = ("dev.azure.com", "almsearch.dev.azure.com", "vssps.dev.azure.com")


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
    """The rules for the text of one write.

    Attributes:
        own_urls: The base URLs of the organization; links below them are allowed.
        link_hosts: The hosts that the operator allows; `*.example.com` stands for every host below it.
        named: The hosts and people that the person named.
        secrets: The secrets that are known in this process, in clear text.
    """

    own_urls: tuple[str, ...]
    link_hosts: frozenset[str] = frozenset()
    named: NamedTargets = NamedTargets()
    secrets: tuple[str, ...] = ()


_NO_TARGETS = NamedTargets()
_current_targets: ContextVar[NamedTargets] = ContextVar("azure_devops_named", default=_NO_TARGETS)


def find_named_targets(text: str) -> NamedTargets:
    """Find the hosts and mentions in a text that a person wrote.

    Only a whole address such as `https://wiki.contoso.com` names a host: a bare `README.md` looks like one, too.
    """
    hosts = {_ascii_host(match) for match in _NAMED_URL.findall(clean(text))}
    return NamedTargets(frozenset(hosts), frozenset(match.lower() for match in _MENTION.findall(clean(text))))


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


def find_violations(arguments: Mapping[str, object], policy: ContentPolicy) -> list[str]:
    """List all forbidden parts in the arguments of a write, each with its place and the next step."""
    return [
        f"{where}: {objection}"
        for where, text in _walk_texts(arguments)
        for objection in dict.fromkeys(_find_violations_in(text, policy))
    ]


def neutralize(text: str, policy: ContentPolicy) -> str:
    """Break the links, mentions and pipeline commands in a text that others wrote."""
    text = _remove_active_content(clean(text), policy)
    if next(_find_active_content(text, policy), None) is not None:
        # It is active in another reading only: use that reading, and separate the characters that lead to more of them.
        text = unicodedata.normalize("NFKC", html.unescape(text))
        text = _remove_active_content(re.sub(r"([&%\\])(?=\S)", r"\1 ", text), policy)
    return text


def _remove_active_content(text: str, policy: ContentPolicy) -> str:
    for pattern in (_LINK, _WWW):
        text = pattern.sub(
            lambda match: match[0] if _find_foreign_host(match, policy) is None else _break_link(match[0]), text
        )
    for pattern in (_TARGET, _AUTOLINK, _IN_TAG):
        text = pattern.sub(
            lambda begin: begin[0] if _check_target(begin, policy) is None else _separate(begin[0]), text
        )
    text = _MENTION_MARKUP.sub("data vss mention", _MENTION.sub(lambda match: f"@ {match[0][1:]}", text))
    return defuse_commands(text)


def _find_active_content(text: str, policy: ContentPolicy) -> Iterator[str]:
    for reading in _list_readings(text):
        yield from _find_links(reading, policy)
        yield from _find_mentions(reading, policy)
        yield from ("a command" for _ in _COMMAND.finditer(reading))


def _separate(beginning: str) -> str:
    """Change the beginning of a target so that no program recognizes it."""
    if beginning.startswith("]"):
        return f"] {beginning[1:]}"
    if beginning.startswith("<"):
        return f"< {beginning[1:]}"
    return beginning.replace("=", "[=]", 1) if "=" in beginning else beginning.replace("(", " (", 1)


# -- the arguments -------------------------------------------------------------------------------------------------


def _walk_texts(value: object, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text in a value, with its place."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield f"name of {where}", str(name)
            yield from _walk_texts(part, f"{where}.{name}" if where else str(name))
    elif isinstance(value, list | tuple | set | frozenset):
        for number, part in enumerate(value):
            yield from _walk_texts(part, f"{where}.{number}")


def _find_violations_in(text: str, policy: ContentPolicy) -> Iterator[str]:
    if found := PSEUDONYM.search(clean(text)):
        yield f"{found[0]} stands for a secret. Describe where the secret is instead"
    for reading in _list_readings(text):
        yield from _find_secrets(reading, policy)
        yield from _find_links(reading, policy)
        yield from _find_mentions(reading, policy)
        if _COMMAND.search(reading):
            yield "a logging command of pipelines (##). Leave out its number signs"


def _list_readings(text: str) -> list[str]:
    """List the forms in which later programs may read the text."""
    seen = clean(text)
    readings = [text, seen, html.unescape(seen), unquote(seen), unicodedata.normalize("NFKC", html.unescape(seen))]
    # Markdown removes a backslash before punctuation.
    readings.append(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", html.unescape(seen)))
    return list(dict.fromkeys(readings))


# -- secrets -------------------------------------------------------------------------------------------------------


def _find_secrets(text: str, policy: ContentPolicy) -> Iterator[str]:
    kinds: list[str] = []
    for form in (text, *_decode_stretches(text)):
        redact(form, b"", lambda pseudonym, _secret: kinds.append(pseudonym.split(":")[1]))
    compact = _compact(text)
    if kinds or any(form in compact for secret in policy.secrets for form in _encode_secret(secret)):
        kind = f" ({kinds[0]})" if kinds else ""
        yield f"a secret{kind}, perhaps encoded. Describe where it is instead"


def _decode_stretches(text: str) -> Iterator[str]:
    """Decode the Base64 and hexadecimal parts of a text."""
    for stretch in _ENCODED.findall(text):
        padded = stretch.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            said = base64.b64decode(padded + "=" * (-len(padded) % 4)).decode()
        except (binascii.Error, ValueError):
            continue
        yield said
        yield said.lstrip(":")
    for stretch in _HEXADECIMAL.findall(text):
        try:
            yield bytes.fromhex(re.sub(r"[^0-9A-Fa-f]", "", stretch)).decode()
        except ValueError:
            continue


def _compact(text: str) -> str:
    return _NOT_ALPHANUMERIC.sub("", text).lower()


def _encode_secret(secret: str) -> Iterator[str]:
    """Yield the forms of a secret in compact text: plain, reversed, percent-encoded, hexadecimal and Base64."""
    if len(_compact(secret)) < _SHORTEST_SECRET:
        return
    yield _compact(secret)
    yield _compact(secret)[::-1]
    yield _compact(quote(secret, safe=""))
    yield secret.encode().hex()
    for shift in range(3):
        # The text before a secret shifts its Base64 groups by 0 to 2; the characters at the edges are mixed.
        encoded = base64.b64encode(b"\0" * shift + secret.encode()).decode().rstrip("=")
        yield _compact(encoded[4 if shift else 0 : -2])


# -- links ---------------------------------------------------------------------------------------------------------


def _find_links(text: str, policy: ContentPolicy) -> Iterator[str]:
    for pattern in (_LINK, _WWW):
        for match in pattern.finditer(text):
            if (host := _find_foreign_host(match, policy)) is not None:
                yield _describe_foreign_link(host)
    for pattern in (_TARGET, _AUTOLINK, _IN_TAG):
        for begin in pattern.finditer(text):
            if (objection := _check_target(begin, policy)) is not None:
                yield objection


def _describe_foreign_link(host: str) -> str:
    return (
        f"a link to {host or 'nowhere'}, which nobody named. Leave it out, describe it in words, or let the person "
        "name it as https://HOST"
    )


def _check_target(begin: re.Match[str], policy: ContentPolicy) -> str | None:
    """Say what is wrong with the target that begins after a match; None when nothing is, or there is no target."""
    target = _BLANKS.sub("", begin.string[begin.end() : begin.end() + _MAX_TARGET])
    if found := _SPECIAL.match(target) or _SCHEMELESS.match(target):
        host = _find_foreign_host(found, policy)
        return None if host is None else _describe_foreign_link(host)
    if (scheme := _ANY_SCHEME.match(target)) and begin.re is not _IN_TAG:
        # What looks like a scheme may be a word before a colon in a table of reference links; those are not followed.
        return f"a {scheme[1].lower()}: link. Leave it out"
    return None


def _break_link(link: str) -> str:
    return link.replace(":", "[:]", 1).replace("//", "/ /", 1) if ":" in link else link.replace(".", "[.]", 1)


def _find_foreign_host(match: re.Match[str], policy: ContentPolicy) -> str | None:
    """Return the host of a link that must not be written; None when the link is allowed."""
    scheme, authority, rest = match[1].lower() or "https", clean(match[2]).rstrip(".,;:!*_"), match[3]
    # The part before an at sign is no host: `https://dev.azure.com@evil.example`.
    host = _ascii_host(re.sub(r":\d*$", "", authority.rpartition("@")[2]))
    if scheme == "vstfs":
        return None
    if "@" in authority or "%" in authority or scheme not in {"http", "https"}:
        return host or authority or scheme
    if host in policy.named.hosts or host in policy.link_hosts:
        return None
    if any(allowed.startswith("*.") and host.endswith(allowed[1:]) for allowed in policy.link_hosts):
        return None
    return None if any(_is_own(host, rest, url) for url in policy.own_urls) else host


def _is_own(host: str, rest: str, own_url: str) -> bool:
    """Whether a link stays within the organization; on hosts of all organizations the path must name this one."""
    own = urlsplit(own_url)
    if host != (own.hostname or "").lower():
        return False
    if host not in _MULTI_TENANT:
        return True
    path = rest.split("?", 1)[0].split("#", 1)[0].lower()
    base = own.path.rstrip("/").lower()
    return ".." not in unquote(path) and "\\" not in path and (path == base or path.startswith(f"{base}/"))


def _ascii_host(host: str) -> str:
    host = unicodedata.normalize("NFKC", host).lower().strip(".")
    try:
        return host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        return host


# -- mentions ------------------------------------------------------------------------------------------------------


def _find_mentions(text: str, policy: ContentPolicy) -> Iterator[str]:
    if _MENTION_MARKUP.search(text):
        yield "the markup of a mention (data-vss-mention). Write the name without it"
    outside = _remove_code(text)
    asked = _MACROS | policy.named.mentions
    for found in [*_MENTION.findall(outside), *(name for name in _MENTION.findall(text) if name.startswith("@<"))]:
        if found.lower().rstrip(".") not in asked:
            yield f"the mention {found}, which nobody asked for. Write the name without @, or code between backticks"


def _remove_code(text: str) -> str:
    """Remove code spans and blocks: from a run of backticks to the next run of the same length."""
    runs = list(_TICKS.finditer(text))
    partner: dict[int, int] = {}
    last: dict[int, int] = {}
    for number in range(len(runs) - 1, -1, -1):
        length = runs[number].end() - runs[number].start()
        if length in last:
            partner[number] = last[length]
        last[length] = number
    parts, position, number = [], 0, 0
    while number < len(runs):
        if (closing := partner.get(number)) is None:
            number += 1
            continue
        parts.append(text[position : runs[number].start()])
        position, number = runs[closing].end(), closing + 1
    return " ".join([*parts, text[position:]])
