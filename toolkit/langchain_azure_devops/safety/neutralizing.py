"""Make a text inert that a page may render: a report, a text of the model, a finding of a scanner."""

import html
import re
import unicodedata
from collections.abc import Callable, Sequence

from langchain_azure_devops.safety.active_content import (
    DEFINITION,
    LINK,
    MENTION_MARKUP,
    TARGET,
    WWW,
    check_target,
    find_active_content,
    find_foreign_host,
    find_mentions,
)
from langchain_azure_devops.safety.allowed_targets import ContentPolicy
from langchain_azure_devops.safety.content_policy import find_secrets_in
from langchain_azure_devops.safety.secret_parts import SHORTEST
from langchain_azure_devops.text.untrusted import clean, defuse_commands

SECRET_REMOVED = "[secret removed]"  # noqa: S105 - says that there was a secret
_TEXT_REMOVED = "[text removed: it would act as a link, a mention or a command]"
_TIMES = 2
_LONGEST_LINE = 2_000
"""Characters of a line whose words are looked at one by one."""
_WORD = re.compile(r"(\s+)")
# Tags that show nothing, load nothing and change nothing, such as the type arguments in `List<int>`, stay.
_ACTS_ALONE = r"(?:script|style|textarea|title|plaintext|xmp|no[a-z]+|i?frame[a-z]*|template|svg|math|form|base|meta)\b"
_TAG_BEGINS = re.compile(
    rf"(?i)<(?=[/!?]|{_ACTS_ALONE})|<(?=[a-z])(?![a-z][\w.,: \[\]&*?]{{0,60}}>)(?!https?://[^\s<>]{{1,2000}}>)"
)
# The target of a link must end on its line, because a later line or piece could change it, and say plainly what it is.
_COMPLETE = re.compile(
    r"<?(?:[^\s()<>&\\\[\]\"'`]|&(?=\w{1,40}=)|\([^\s()<>&\\\[\]\"'`]*\))*>?(?:[ \t]{1,9}\"[^\"\n]*\")?[ \t]{0,9}\)"
)
_LINK_BEGINS = re.compile(r"\]\(")
_DEFINITION_BEGINS = re.compile(r"\]:(?=[^\S\n]*$)", re.MULTILINE)
_STYLE_BEGINS = re.compile(r"(?i)\burl\((?![^\n()]{0,400}\))|@import\b")
_HOST_ALONE = re.compile(r"(?<![:\w/\\])//(?=[\w-]{1,63}\.[\w-])")
_ACTING = re.compile(r"[^\w\s,;!?'\"()+-]|_")
_BEFORE_ANOTHER_READING = re.compile(r"([&%\\])(?=\S)")


def neutralize(text: str, policy: ContentPolicy) -> str:
    """Show the foreign links in a text as text, break its mentions and pipeline commands, and remove its secrets.

    The result has nothing that `find_violations` objects to, but for pseudonyms. A text without any stays as it is.
    """
    return neutralize_all([text], policy)[0]


def neutralize_all(texts: Sequence[str], policy: ContentPolicy) -> list[str]:
    """Neutralize texts that are shown together: a secret may be spread over several of them."""
    shown = _remove_secrets([clean(text) for text in texts], policy)
    return [_make_inert(text, policy) for text in shown]


# -- secrets -------------------------------------------------------------------------------------------------------


def has_secret(text: str, policy: ContentPolicy) -> bool:
    """Return whether a text contains a secret, a part of one, or one in an encoding."""
    return len(text) >= SHORTEST and next(find_secrets_in(text, policy), None) is not None


def _remove_secrets(texts: list[str], policy: ContentPolicy) -> list[str]:
    """Remove what holds a secret: words, lines, or all between the first and the last place.

    Each text, line and word is searched a limited number of times, so that a hostile report costs time in proportion.
    """
    if not has_secret("\n".join(texts), policy):
        return texts
    texts = [_remove_from_text(text, policy) for text in texts]
    return _remove_across(texts, "\n", policy)


def _remove_from_text(text: str, policy: ContentPolicy) -> str:
    if not has_secret(text, policy):
        return text
    lines = _remove_across([_remove_from_line(line, policy) for line in text.split("\n")], "\n", policy)
    return "\n".join(line for place, line in enumerate(lines) if line != SECRET_REMOVED or lines[place - 1] != line)


def _remove_from_line(line: str, policy: ContentPolicy) -> str:
    if not has_secret(line, policy):
        return line
    if len(line) > _LONGEST_LINE:
        return SECRET_REMOVED
    words = [SECRET_REMOVED if has_secret(word, policy) else word for word in _WORD.split(line)]
    cleared = "".join(_remove_across(words, "", policy))
    return re.sub(rf"(?:{re.escape(SECRET_REMOVED)}\s*)+(?={re.escape(SECRET_REMOVED)})", "", cleared)


def _remove_across(parts: list[str], between: str, policy: ContentPolicy) -> list[str]:
    """Remove the parts over which a secret is spread: from where the first begins to where the last ends."""
    if len(parts) == 1 or not has_secret(between.join(parts), policy):
        return parts
    for _ in range(_TIMES):
        begin, end = _find_first(parts, between, policy)
        # The last one is the first one from behind: there may be more of them than can be removed one by one.
        size = _find_least(len(parts), lambda size, parts=parts: has_secret(between.join(parts[-size:]), policy))  # type: ignore[misc]
        last, after = len(parts) - size, _find_first(parts[-size:], between, policy)[1]
        begin, end = min(begin, last), max(end, last + after)
        parts = [*parts[:begin], *_remove_words(parts[begin:end]), *parts[end:]]
        if not has_secret(between.join(parts), policy):
            return parts
    return _remove_words(parts)


def _find_first(parts: list[str], between: str, policy: ContentPolicy) -> tuple[int, int]:
    """Return where the first secret begins and ends among parts that together hold one."""
    end = _find_least(len(parts), lambda size: has_secret(between.join(parts[:size]), policy))
    size = _find_least(end, lambda size: has_secret(between.join(parts[end - size : end]), policy))
    return end - size, end


def _find_least(most: int, fits: Callable[[int], bool]) -> int:
    """Return the least number from 1 on that fits; greater ones are tried only as far as needed."""
    least, reach = 1, 1
    while reach < most and not fits(reach):
        least, reach = reach + 1, 2 * reach
    most = min(reach, most)
    while least < most:
        middle = (least + most) // 2
        if fits(middle):
            most = middle
        else:
            least = middle + 1
    return most


def _remove_words(parts: Sequence[str]) -> list[str]:
    return [SECRET_REMOVED if part.strip() else part for part in parts]


# -- links, mentions and commands ----------------------------------------------------------------------------------


def _make_inert(text: str, policy: ContentPolicy) -> str:
    """Break what acts in a text, as little of it as possible."""
    text = _break(text, policy)
    for stronger in (_break_lines, _spell_out, _take_signs):
        if not _acts(text, policy):
            return text
        text = stronger(text, policy)
    return _TEXT_REMOVED if _acts(text, policy) else text


def _acts(text: str, policy: ContentPolicy) -> bool:
    return next(find_active_content(text, policy), None) is not None


def _break_lines(text: str, policy: ContentPolicy) -> str:
    return "\n".join(_spell_out(line, policy) if _acts(line, policy) else line for line in text.split("\n"))


def _spell_out(text: str, policy: ContentPolicy) -> str:
    """Use the reading in which a text acts, and separate the characters that lead to more readings."""
    text = unicodedata.normalize("NFKC", html.unescape(text))
    return _break(_BEFORE_ANOTHER_READING.sub(r"\1 ", text), policy)


def _take_signs(text: str, policy: ContentPolicy) -> str:  # noqa: ARG001 - one of several ways to break a text
    return _ACTING.sub(" ", unicodedata.normalize("NFKC", html.unescape(text)))


def _break(text: str, policy: ContentPolicy) -> str:
    for pattern in (LINK, WWW):
        text = pattern.sub(
            lambda match: match[0] if find_foreign_host(match, policy) is None else _break_link(match[0]), text
        )
    for pattern in (TARGET, DEFINITION):
        text = pattern.sub(lambda begin: begin[0] if check_target(begin, policy) is None else _separate(begin[0]), text)
    text = _DEFINITION_BEGINS.sub("] :", text)
    text = _STYLE_BEGINS.sub(lambda begin: f"{begin[0][:-1]} {begin[0][-1]}", text)
    text = _HOST_ALONE.sub("/[/]", text)
    text = _LINK_BEGINS.sub(lambda begin: begin[0] if _COMPLETE.match(begin.string, begin.end()) else "] (", text)
    text = _TAG_BEGINS.sub("< ", text)
    text = _break_mentions(text, policy)
    return defuse_commands(MENTION_MARKUP.sub("data vss mention", text))


def _break_mentions(text: str, policy: ContentPolicy) -> str:
    pieces, at = [], 0
    for found in find_mentions(text, policy):
        pieces += [text[at : found.start()], "@ "]
        at = found.start() + 1
    return "".join([*pieces, text[at:]])


def _break_link(link: str) -> str:
    return link.replace(":", "[:]", 1).replace("//", "/ /", 1) if ":" in link else link.replace(".", "[.]", 1)


def _separate(beginning: str) -> str:
    """Change the beginning of a target so that no program recognizes it."""
    if beginning.startswith("]("):
        return f"] {beginning[1:]}"
    if beginning.rstrip("<").rstrip().endswith("]:"):
        return "] :".join(beginning.rsplit("]:", 1))
    if beginning.startswith("\\"):
        return f"\\ {beginning[1:]}"
    if beginning.startswith("@"):
        return f"@ {beginning[1:]}"
    return beginning.replace("=", "[=]", 1) if "=" in beginning else beginning.replace("(", " (", 1)
