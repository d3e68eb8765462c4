"""Find what acts when a program shows or prints a text: links to foreign hosts, mentions and pipeline commands.

The text is checked in several readings: as it is, without invisible characters, with HTML entities and percent signs
decoded, and in compatibility form. The time grows in proportion to the text, whatever it is.

In a source file, which every page shows as it stands, a link in Markdown's syntax is code. What loads or runs when a
program takes the text for HTML or an image, an address with a host, and a command are found there, too.
"""

import html
import re
import unicodedata
from collections.abc import Collection, Iterator
from urllib.parse import unquote, urlsplit

from langchain_azure_devops.safety.allowed_targets import MENTION, ContentPolicy, ascii_host
from langchain_azure_devops.safety.file_types import Shown
from langchain_azure_devops.text.untrusted import clean

# A scheme with its slashes, as programs turn it into a link anywhere; browsers take one slash, and backslashes, too.
LINK = re.compile(
    r"(?i)((?:https?|ftp|wss?|file)(?=:[/\\])|(?<![a-z])[a-z][a-z0-9+.-]{1,20}(?=://)):[/\\]+"
    r"([^\s/\\?#<>\"'`)\]|]*)([^\s<>\"'`)\]|]*)"
)
WWW = re.compile(r"(?i)(?<![a-z0-9./-])(?=www\.\w)()([\w.-]+\w)([^\s<>\"'`)\]|]*)")
# Where a target of a link or an image begins in Markdown, HTML, style sheets and formulas.
TARGET = re.compile(
    r"(?i)\]\(\s{0,40}<?|\burl\(\s{0,40}[\"']?|@import\s{0,40}[\"']?|\\(?:href|url|includegraphics)\s{0,9}\{"
    r"|\b(?:src|srcset|href|action|formaction|background|poster|cite|data|content|style)\s{0,40}=\s{0,40}[\"']?"
)
# A reference link is defined at the beginning of a line, inside any quotes, lists and added lines of a diff. The label
# goes over lines, and a text that is put into another one may begin inside of it.
DEFINITION = re.compile(
    r"(?:\A|(?:^|(?<=\r))(?:(?![\r\n])[\s>*+\-\d.)])*+\[(?!\s*+\]))[^\[\]\\]*+(?:\\.[^\[\]\\]*+)*+\]:\s{0,40}<?",
    re.MULTILINE | re.DOTALL,
)
AUTOLINK = re.compile(r"(?i)<(?=[a-z][a-z0-9+.-]{1,20}:[^\s])")
_IMAGE = re.compile(r"!\[(?:[^\[\]\\]|\\.|\[[^\[\]]*+\])*+\]\(\s{0,40}<?", re.DOTALL)
_TAG = re.compile(r"(?i)<[a-z][^<>]*")
# In source, `i<n; i++` is no tag.
_WHOLE_TAG = re.compile(r"(?i)<[a-z][a-z0-9:-]*+[\s/][^<>]*+>")
ATTRIBUTE = re.compile(r"[\"'=,\s](?=[/\\]{2})|(?<=[\w:-])\s{0,40}=\s{0,40}[\"']?")
# Their values are no addresses, so that a word before a colon in them is no scheme: `style="color: red"`.
_NO_ADDRESS = re.compile(
    r"(?i)(?<![\w:.-])(?:style|class|classname|id|name|title|alt|content|type|role|(?:data-|aria-|on)[\w.:-]{1,40})"
    r"\s{0,40}=\s{0,40}[\"']?\Z"
)
_LONGEST_NAME = 60
# A blank ends a host and is in no scheme. Other white space inside a target does not count, as in browsers.
_FOLLOWING = re.compile(r"\s*([^<>\"'`)\]|]{0,400})")
_SPECIAL = re.compile(r"(?i)(https?|ftp|wss?|file):[/\\]*([^/\\?# ]*)(.*)")
_ANY_SCHEME = re.compile(r"(?i)([a-z][a-z0-9+.-]{1,20}):(?!//)")
_SCHEMELESS = re.compile(r"()[/\\]{2,}+(?! )([^/\\?# ]*)(.*)")
_REMOVED = re.compile(r"[^\S ]|[\x00-\x1f]")
_BROWSER_SCHEMES = frozenset({"javascript", "vbscript", "data", "blob", "filesystem", "mailto", "tel", "sms"})
"""The schemes that a browser carries out by itself. Of any other one only a link is followed."""
# The host of `https://${host}:%d` is filled in later; what stands beside a variable is a host that somebody named.
_VARIABLE = r"(?:\$?\{{1,2}[\w.\[\] ]{0,80}\}{1,2}|\$\([\w.]{1,80}\)|\$\w{1,80}|%\(\w{1,80}\)[sd]|%[sd])"
_UNNAMED_HOST = re.compile(
    rf"(?i)[a-z][a-z0-9+.-]{{1,20}}:[/\\]+(?:{_VARIABLE}(?::(?:\d+|{_VARIABLE}))?(?=[/?#\s\"'`,;)\]]|$)|(?=[\s\"'`)\]]|$))"
)
MENTION_MARKUP = re.compile(r"(?i)data-vss-mention")
_TICKS = re.compile(r"`+")
_MACROS = frozenset({"@me", "@project", "@today", "@currentiteration", "@startofday", "@startofweek"})
_COMMAND = re.compile(r"(?im)##(?=vso\[)|^[^\S\n]*##(?=\[)")
_MULTI_TENANT = ("dev.azure.com", "almsearch.dev.azure.com", "vssps.dev.azure.com", "vstmr.dev.azure.com")


def find_active_content(text: str, policy: ContentPolicy, shown: Shown = "message") -> Iterator[str]:
    """Say what acts in a text, each with the next step; nothing when it is inert.

    Args:
        text: The text.
        policy: The hosts and people that it may name.
        shown: How the service shows it.
    """
    for reading in _list_readings(text):
        yield from _find_links(reading, policy) if shown != "source" else _find_links_in_source(reading, policy)
        if shown == "message":
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
    yield from _find_addresses(text, policy)
    for begin in _find_beginnings(text):
        if (objection := check_target(begin, policy)) is not None:
            yield objection


def _find_addresses(text: str, policy: ContentPolicy) -> Iterator[str]:
    """Find what is a link wherever it stands."""
    for pattern in (LINK, WWW):
        for match in pattern.finditer(text):
            if (host := find_foreign_host(match, policy)) is not None:
                yield _describe_foreign_link(host)


def _find_beginnings(text: str) -> Iterator[re.Match[str]]:
    """Yield where targets begin."""
    for pattern in (TARGET, DEFINITION, AUTOLINK):
        yield from pattern.finditer(text)
    for tag in _TAG.finditer(text):
        yield from ATTRIBUTE.finditer(text, *tag.span())


def _find_links_in_source(text: str, policy: ContentPolicy) -> Iterator[str]:
    yield from _find_addresses(_UNNAMED_HOST.sub(" ", text), policy)
    for begin in _find_beginnings_in_source(text):
        target = _read_target(begin)
        found = _SPECIAL.match(target) or _SCHEMELESS.match(target)
        # Two slashes before a word begin a comment, and two backslashes are an escape.
        if found and "." in found[2].strip(".") and (host := find_foreign_host(found, policy)) is not None:
            yield _describe_foreign_link(host)
        elif scheme := _find_scheme(target, _BROWSER_SCHEMES):
            yield _describe_scheme(scheme)


def _find_beginnings_in_source(text: str) -> Iterator[re.Match[str]]:
    """Yield where a target of HTML, of a style sheet or of an image begins."""
    yield from (begin for begin in TARGET.finditer(text) if begin[0][0] not in "]\\")
    yield from _IMAGE.finditer(text)
    for tag in _WHOLE_TAG.finditer(text):
        yield from ATTRIBUTE.finditer(text, *tag.span())


def _describe_foreign_link(host: str) -> str:
    return (
        f"a link to {host or 'nowhere'}, which nobody named. Leave it out, describe it in words, or let the person "
        "name it as https://HOST"
    )


def check_target(begin: re.Match[str], policy: ContentPolicy) -> str | None:
    """Say what is wrong with the target that begins after a match; None when nothing is, or there is no target."""
    target = _read_target(begin)
    if found := _SPECIAL.match(target) or _SCHEMELESS.match(target):
        host = find_foreign_host(found, policy)
        return None if host is None else _describe_foreign_link(host)
    no_address = _NO_ADDRESS.search(begin.string, max(0, begin.start() - _LONGEST_NAME), begin.end())
    scheme = _find_scheme(target, _BROWSER_SCHEMES if no_address else None)
    return scheme and _describe_scheme(scheme)


def _read_target(begin: re.Match[str]) -> str:
    """Return what stands after the beginning of a target, as a browser reads it."""
    following = _FOLLOWING.match(begin.string, begin.end())
    target = following[1] if following else ""
    if begin[0].rstrip().endswith("="):
        # Without quotes, a value ends with the first white space.
        target = next(iter(target.split(maxsplit=1)), "")
    return _REMOVED.sub("", target).strip()


def _find_scheme(target: str, only: Collection[str] | None) -> str | None:
    """Return the scheme of a target in lower case, if it has one that counts."""
    found = _ANY_SCHEME.match(target)
    scheme = found[1].lower() if found else None
    return scheme if only is None or scheme in only else None


def _describe_scheme(scheme: str) -> str:
    return f"a {scheme}: link. Leave it out"


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
