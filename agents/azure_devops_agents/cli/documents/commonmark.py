"""Rewrite a page for Python-Markdown, which differs from CommonMark in how blocks begin and how lists are indented."""

import re
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

_BLOCKS = frozenset({"bullet_list_open", "ordered_list_open", "table_open"})
_MARKER = re.compile(r" *(?:[-*+]|\d+[.)]) +")


def for_python_markdown(text: str) -> str:
    """Return a page that Python-Markdown shows as CommonMark would show the given one.

    The parts of a list item are indented by four blanks, a block begins after an empty line, the content of
    `<details>` is Markdown, and comments are left out.
    """
    lines = text.split("\n")
    tokens = [token for token in MarkdownIt("commonmark").enable("table").parse(text) if token.map]
    items = [_lines_of(token, lines) for token in tokens if token.type == "list_item_open"]
    begins = {_first(token) for token, after in pairwise(tokens) if _needs_empty_line(token, after)}
    comments = {line for token in tokens if _is_comment(token) for line in range(*token.map or (0, 0))}
    result: list[str] = []
    for number, line in enumerate(lines):
        offsets = [offset for first, end, offset in items if first < number < end]
        blanks = min(len(line) - len(line.lstrip(" ")), max(offsets, default=0))
        if number in begins and result and result[-1].strip():
            result.append("")
        written = "" if number in comments else line[blanks:]
        result.append(" " * 4 * len(offsets) + written if written else "")
    return "\n".join(result).replace("<details>", '<details markdown="1">')


def _lines_of(item: Token, lines: list[str]) -> tuple[int, int, int]:
    """Return the first line of an item of a list, the line after its last one, and where its content begins."""
    first, end = item.map or (0, 0)
    marker = _MARKER.match(lines[first])
    return first, end, len(marker[0]) if marker else 0


def _needs_empty_line(token: Token, after: Token) -> bool:
    """Return whether Python-Markdown recognizes this token only after an empty line."""
    if token.type == "list_item_open":
        return after.type == "paragraph_open" and not after.hidden
    return token.type == "fence" or (token.type in _BLOCKS and not token.level)


def _first(token: Token) -> int:
    return (token.map or [0])[0]


def _is_comment(token: Token) -> bool:
    return token.type == "html_block" and token.content.startswith("<!--")
