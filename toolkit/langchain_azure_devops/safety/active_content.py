"""Find what acts when a program shows or prints a text: links to foreign hosts, mentions and pipeline commands.

The text is checked in several readings: as it is, without invisible characters, with HTML entities and percent signs
decoded, and in compatibility form. The time grows in proportion to the text, whatever it is.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from langchain_azure_devops.safety.allowed_targets import MENTION, ContentPolicy, ascii_host
from langchain_azure_devops.text.untrusted import clean

# A scheme with its slashes, as programs turn it into a link anywhere; browsers take one slash, and backslashes, too.
LINK = re.compile(
    r"(?i)((?:https?|ftp|wss?|file)(?=:[/\\])|(?<![a-z])[a-z][a-z0-9+.-]{1,20}(?=://)):[/\\]+"
    r"([^\s/\\?#<>\"'`)\]|]*)([^\s<>\"'`)\]|]*)"
)
WWW = re.compile(r"(?i)(?<![a-z0-9./-])(?=www\.\w)()([\w.-]+\w)([^\s<>\"'`)\]|]*)")
# Where a target of a link or an image begins in Markdown, HTML, style sheets and formulas.
TARGET = re.compile(
    r"(?i)\]\(\s{0,40}<?|\]:\s{0,40}<?|\burl\(\s{0,40}[\"']?|@import\s{0,40}[\"']?|\\(?:href|url|includegraphics)\s{0,9}\{"
    r"|\b(?:src|srcset|href|action|formaction|background|poster|cite|data|content|style)\s{0,40}=\s{0,40}[\"']?"
)
AUTOLINK = re.compile(r"(?i)<(?=[a-z][a-z0-9+.-]{1,20}:[^\s])")
_TAG = re.compile(r"(?i)<[a-z][^<>]*")
ATTRIBUTE = re.compile(r"[\"'=,\s](?=[/\\]{2})|(?<=[\w:-])\s{0,40}=\s{0,40}[\"']?")
# White space inside a target does not count, so these are tried on what follows a beginning without it.
_FOLLOWING = re.compile(r"[^<>\"'`)\]|]{0,400}")
_SPECIAL = re.compile(r"(?i)(https?|ftp|wss?|file):[/\\]*([^/\\?#]*)(.*)")
_ANY_SCHEME = re.compile(r"(?i)([a-z][a-z0-9+.-]{1,20}):(?!//)")
_SCHEMELESS = re.compile(r"()[/\\]{2,}([^/\\?#]*)(.*)")
_BLANKS = re.compile(r"[\s\x00-\x20]+")
MENTION_MARKUP = re.compile(r"(?i)data-vss-mention")
_TICKS = re.compile(r"`+")
_MACROS = frozenset({"@me", "@project", "@today", "@currentiteration", "@startofday", "@startofweek"})
_COMMAND = re.compile(r"(?im)##(?=vso\[)|^[^\S\n]*##(?=\[)")
_MULTI_TENANT = ("dev.azure.com", "almsearch.dev.azure.com", "vssps.dev.azure.com")


def find_active_content(text: str, policy: ContentPolicy, *, mentions: bool = True) -> Iterator[str]:
    """Say what acts in a text, each with the next step; nothing when it is inert.

    Args:
        text: The text.
        policy: The hosts and people that it may name.
        mentions: Whether the text is shown where a mention notifies somebody. In a file it does not.
    """
    for reading in _list_readings(text):
        yield from _find_links(reading, policy)
        if mentions:
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


# -- links ---------------------------------------------------------------------------------------------------------


def _find_links(text: str, policy: ContentPolicy) -> Iterator[str]:
    for pattern in (LINK, WWW):
        for match in pattern.finditer(text):
            if (host := find_foreign_host(match, policy)) is not None:
                yield _describe_foreign_link(host)
    for begin in _find_beginnings(text):
        if (objection := check_target(begin, policy)) is not None:
            yield objection


def _find_beginnings(text: str) -> Iterator[re.Match[str]]:
    """Yield where targets begin."""
    yield from TARGET.finditer(text)
    yield from AUTOLINK.finditer(text)
    for tag in _TAG.finditer(text):
        yield from ATTRIBUTE.finditer(text, *tag.span())


def _describe_foreign_link(host: str) -> str:
    return (
        f"a link to {host or 'nowhere'}, which nobody named. Leave it out, describe it in words, or let the person "
        "name it as https://HOST"
    )


def check_target(begin: re.Match[str], policy: ContentPolicy) -> str | None:
    """Say what is wrong with the target that begins after a match; None when nothing is, or there is no target."""
    following = _FOLLOWING.match(begin.string, begin.end())
    target = _BLANKS.sub("", following[0] if following else "")
    if found := _SPECIAL.match(target) or _SCHEMELESS.match(target):
        host = find_foreign_host(found, policy)
        return None if host is None else _describe_foreign_link(host)
    if scheme := _ANY_SCHEME.match(target):
        # What looks like a scheme may be a word before a colon in a table of reference links; those are not followed.
        return f"a {scheme[1].lower()}: link. Leave it out"
    return None


def find_foreign_host(match: re.Match[str], policy: ContentPolicy) -> str | None:
    """Return the host of a link that must not be written; None when the link is allowed."""
    scheme, authority, rest = match[1].lower() or "https", clean(match[2]).rstrip(".,;:!*_"), match[3]
    # The part before an at sign is no host: `https://dev.azure.com@evil.example`.
    host = ascii_host(re.sub(r":\d*$", "", authority.rpartition("@")[2]))
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
    """Return whether a link stays in the organization; on hosts of all organizations its path must name this one."""
    own = urlsplit(own_url)
    if host != (own.hostname or "").lower():
        return False
    if host not in _MULTI_TENANT:
        return True
    path = rest.split("?", 1)[0].split("#", 1)[0].lower()
    base = own.path.rstrip("/").lower()
    return ".." not in unquote(path) and "\\" not in path and (path == base or path.startswith(f"{base}/"))


# -- mentions ------------------------------------------------------------------------------------------------------


def _find_mentions(text: str, policy: ContentPolicy) -> Iterator[str]:
    if MENTION_MARKUP.search(text):
        yield "the markup of a mention (data-vss-mention). Write the name without it"
    for found in find_mentions(text, policy):
        yield f"the mention {found[0]}, which nobody asked for. Write the name without @, or code between backticks"


def find_mentions(text: str, policy: ContentPolicy) -> Iterator[re.Match[str]]:
    """Yield the mentions that nobody asked for. In code only those by an id count; the service finds these anywhere."""
    asked = _MACROS | policy.named.mentions
    code = _find_code(text)
    number = 0
    for found in MENTION.finditer(text):
        while number < len(code) and code[number][1] <= found.start():
            number += 1
        inside = number < len(code) and code[number][0] <= found.start()
        if (not inside or found[0].startswith("@<")) and found[0].lower().rstrip(".") not in asked:
            yield found


def _find_code(text: str) -> list[tuple[int, int]]:
    """Find code spans and blocks: from a run of backticks to the next run of the same length."""
    runs = list(_TICKS.finditer(text))
    partner: dict[int, int] = {}
    last: dict[int, int] = {}
    for number in range(len(runs) - 1, -1, -1):
        length = runs[number].end() - runs[number].start()
        if length in last:
            partner[number] = last[length]
        last[length] = number
    code, number = [], 0
    while number < len(runs):
        if (closing := partner.get(number)) is None:
            number += 1
            continue
        code.append((runs[number].start(), runs[closing].end()))
        number = closing + 1
    return code
