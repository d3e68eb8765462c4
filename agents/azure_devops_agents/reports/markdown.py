"""A report as Markdown: the last message of the agent, and the file that `--report FILE.md` writes."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from azure_devops_agents.reports.outline import SOURCES, TIMELINE, Outline, Point, Reference, outline

_CODE = re.compile(r"(```[\s\S]*?(?:```|\Z)|(?<!`)`[^`\n]+`(?!`))")
_HEADING = re.compile(r"^( {0,3})#{1,6}[ \t]+(.*?)[ \t#]*$", re.MULTILINE)
_UNDERLINE = re.compile(r"^ {0,3}(=+|-+)[ \t]*$", re.MULTILINE)
_BLOCK_BEGINS = re.compile(r"^(\d{0,9})([.)+*-](?=\s)|#{1,6}(?=\s)|>|-{2}|={2}|~{3}|`{3})")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")


def render_markdown(report: Mapping[str, Any], title: str = "") -> str:
    """Render a report as Markdown.

    Args:
        report: The report, as the graph stores it.
        title: A heading for a file; the last message of the agent needs none.
    """
    return "\n".join(_render(outline(report), one_line_markdown(title)))


def _render(found: Outline, title: str) -> Iterator[str]:
    if title:
        yield f"# {title}\n"
    yield f"**{found.verdict}**\n\n{contain(found.answer)}\n"
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
    if found.footer:
        yield f"*{found.footer}*\n"


def _points(points: Iterable[Point]) -> Iterator[str]:
    for point in points:
        text = one_line_markdown(point.text)
        cited = _references(point.references) if any(entry.id for entry in point.references) else ""
        yield "- " + " ".join(
            part for part in (f"**{point.lead}**:" if point.lead else "", text, f"({cited})" if cited else "") if part
        )
        if point.reasoning:
            yield f"  - Because {one_line_markdown(point.reasoning)}"
        if point.problem:
            yield f"  - {one_line_markdown(point.problem)}"
        if point.quote:
            yield f"  > {as_code(point.quote)}"


def _references(references: Iterable[Reference]) -> str:
    return ", ".join(_linked(reference.label, reference.url) for reference in references)


def _linked(text: str, url: str) -> str:
    shown = one_line_markdown(text).replace("[", r"\[").replace("]", r"\]")
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
    """Return Markdown of several lines that cannot pass for a section: headings become bold, code blocks are closed."""
    lines: list[str] = []
    fence = ""
    for line in text.strip().split("\n"):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
            lines.append(line)
        elif mark and not (mark[1][0] == "`" and "`" in mark[2]):
            fence = mark[1]
            lines.append(line)
        else:
            plain = _HEADING.sub(lambda found: f"**{found[2]}**" if found[2] else "", line)
            lines.append(_escape_tags(_UNDERLINE.sub(r"\\\g<0>", plain)))
    if fence:
        lines.append(fence)
    return "\n".join(lines)


def _escape_tags(text: str) -> str:
    """Show tags as text; code shows them anyway."""
    parts = _CODE.split(text)
    return "".join(part if place % 2 else part.replace("<", "&lt;") for place, part in enumerate(parts))


def _cell(text: str) -> str:
    return one_line_markdown(text).replace("|", r"\|")
