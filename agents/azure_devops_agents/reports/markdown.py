"""A report as Markdown: the last message of the agent, and the file that `--report FILE.md` writes."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from markdown_it import MarkdownIt

from azure_devops_agents.reports.outline import (
    REASONING,
    SOURCES,
    TIMELINE,
    UNVERIFIED,
    Outline,
    Point,
    Reference,
    outline,
)

_CONTAINERS = r"^((?:[ \t]*(?:>|(?:[-+*]|\d{1,9}[.)])[ \t]))*[ \t]*)"
_HEADING = re.compile(_CONTAINERS + r"#{1,6}(?:[ \t]+(.*?)[ \t#]*)?$")
_UNDERLINE = re.compile(_CONTAINERS + r"((?:=+|-+)[ \t]*)$")
_TILDES = re.compile(_CONTAINERS + r"(~{3,})")
_BLOCK_BEGINS = re.compile(r"^(\d{0,9})([.)+*-](?=\s|$)|#{1,6}(?=\s|$)|>|-{2}|={2}|~{3})")
_FENCE = re.compile(r"^([ \t]*)(`{3,}(?=[^`]*$)|~{3,})(.*)$")
_INLINE = re.compile(r"\\.|`+|[^\\`]+|\\")
_BACKTICKS = re.compile(r"`+")


_LINKED = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)|\[((?:\\.|[^\]\\\n])*)\]\(https?://[^)\s]*\)")
_USED = re.compile(r"\n\*[\d,]+ tool calls?\b")


def shorten_markdown(text: str) -> str:
    """Return a rendered report for a model that reads it again: without addresses, list of sources and footer.

    Each link becomes its words, such as `E3, line 12`. The evidence has the addresses.
    """
    sources = text.rfind(f"\n## {SOURCES}\n")
    used = [found.start() for found in _USED.finditer(text)]
    kept = text[:sources] if sources >= 0 else text[: used[-1]] if used else text
    return _LINKED.sub(lambda found: found[0] if found[1] else found[2], kept).rstrip()


def render_markdown(report: Mapping[str, Any], title: str = "") -> str:
    """Render a report as Markdown.

    Args:
        report: The report, as the graph stores it.
        title: A heading for a file; the last message of the agent needs none.
    """
    return "\n".join(_render(outline(report), _linked(title, "")))


def _render(found: Outline, title: str) -> Iterator[str]:
    if title:
        yield f"# {title}\n"
    if found.notice:
        yield f"*{one_line_markdown(found.notice)}*\n"
    yield f"**{found.verdict}**\n\n{contain(found.answer)}\n"
    if found.facts:
        yield "| Fact | Value | Source |\n|---|---|---|"
        for fact in found.facts:
            value = f"{fact.text} ({UNVERIFIED.lower()}: {fact.problem})" if fact.problem else fact.text
            yield f"| {_cell(fact.lead)} | {_cell(value)} | {_references(fact.references)} |"
        yield ""
    if found.timeline:
        yield f"## {TIMELINE}\n"
        yield "| UTC | What happened | Source |\n|---|---|---|"
        for moment in found.timeline:
            yield f"| {moment.time} | {_cell(moment.text)} | {_references(moment.references)} |"
        yield ""
    for section in found.sections:
        yield f"## {section.title}\n"
        yield from _points(section.points)
        yield ""
    if found.sources:
        yield f"## {SOURCES}\n"
        yield from (f"- {source.id}: {_linked(source.title or 'result', source.url)}" for source in found.sources)
        yield ""
    yield from (f"*{line}*\n" for line in found.footer)


def _points(points: Iterable[Point]) -> Iterator[str]:
    for point in points:
        text = one_line_markdown(point.text)
        cited = _references(point.references) if any(entry.id for entry in point.references) else ""
        yield "- " + " ".join(
            part for part in (f"**{point.lead}**:" if point.lead else "", text, f"({cited})" if cited else "") if part
        )
        if point.reasoning:
            yield f"  - {REASONING}: {one_line_markdown(point.reasoning)}"
        if point.problem:
            yield f"  - {one_line_markdown(point.problem)}"
        if point.quote:
            rows = point.quote.split("\n")
            yield from (f"  {line}" for line in (_code_block(rows) if len(rows) > 1 else [f"> {as_code(rows[0])}"]))


def _references(references: Iterable[Reference]) -> str:
    return ", ".join(_linked(reference.label, reference.url) for reference in references)


def _linked(text: str, url: str) -> str:
    shown = one_line_markdown(text.replace("\\", r"\\")).replace("[", r"\[").replace("]", r"\]")
    return f"[{shown}]({url})" if url else shown


def as_code(text: str) -> str:
    """Write a text of one line as code, whatever backticks it has."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    marks = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{marks}{space}{text}{space}{marks}"


def one_line_markdown(text: str) -> str:
    """Put a text on one line on which it can begin no block and no tag; code and emphasis stay."""
    line = _escape_tags(" ".join(text.split()))
    return _BLOCK_BEGINS.sub(r"\1\\\2", line)


def contain(text: str) -> str:
    """Return Markdown of several lines that cannot pass for a section: headings become bold, code blocks are closed.

    A code block in a list or after blanks is moved to the margin: there every reader agrees where it ends. A parser
    confirms the outcome. What it reads in another way is shown as code.
    """
    lines: list[str] = []
    margin, fence = 0, ""
    plain = text.strip().replace("\r\n", "\n").replace("\r", "\n")
    for line in plain.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[2].startswith(fence) and not mark[3].strip(" \t") and len(mark[1]) < margin + 4:
                lines.append(fence)
                fence = ""
            else:
                lines.append(_dedent(line, margin))
        elif mark:
            margin, fence = len(mark[1]), mark[2]
            lines.append(fence + mark[3])
        else:
            lines.append(_contain_line(line))
    contained = "\n".join([*lines, fence] if fence else lines)
    return contained if _is_contained(contained) else _as_code_block(plain)


def _contain_line(line: str) -> str:
    """Return a line outside code on which no heading, no code block and no tag begins, also in lists and quotes."""
    line = _UNDERLINE.sub(r"\1\\\2", line)
    line = _HEADING.sub(lambda found: f"{found[1]}**{found[2]}**" if found[2] else found[1], line)
    return _escape_tags(_TILDES.sub(lambda found: found[1] + found[2].replace("~", r"\~"), line))


def _dedent(line: str, margin: int) -> str:
    blanks = len(line) - len(line.lstrip(" \t"))
    return line[min(blanks, margin) :]


def _is_contained(text: str) -> bool:
    """Tell whether a parser finds no heading and no tag in a text, and ends each of its blocks before the next one."""
    tokens = MarkdownIt("commonmark").enable("table").parse(f"{text}\n\n## next")
    kinds = [token.type for token in tokens]
    inline = {child.type for token in tokens for child in token.children or ()}
    last = kinds[-3:] == ["heading_open", "inline", "heading_close"] and tokens[-3].level == 0
    return last and kinds.count("heading_open") == 1 and "html_block" not in kinds and "html_inline" not in inline


def _as_code_block(text: str) -> str:
    return "\n".join(_code_block(text.split("\n")))


def _code_block(rows: list[str]) -> list[str]:
    longest = max((len(run) for row in rows for run in _BACKTICKS.findall(row)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence, *rows, fence]


def _escape_tags(line: str) -> str:
    """Show the tags of a line as text; code shows them anyway. A backtick without a partner can begin no code."""
    parts: list[str] = []
    place = 0
    while found := _INLINE.match(line, place):
        part, place = found[0], found.end()
        if part[0] != "`":
            parts.append(part.replace("<", "&lt;"))
            continue
        closing = next((run.end() for run in _BACKTICKS.finditer(line, place) if len(run[0]) == len(part)), 0)
        code = line[place:closing] if closing else ""
        if "|" in code and "<" in line:
            # In a table the bar would end the code.
            return line.replace("<", "&lt;").replace("`", "&#96;")
        parts.append(part + code if closing else part.replace("`", "&#96;"))
        place = closing or place
    return "".join(parts)


def _cell(text: str) -> str:
    return one_line_markdown(text).replace("|", r"\|")
