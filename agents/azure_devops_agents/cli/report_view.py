"""A report in the terminal: the sections of its outline, tables as tables, and links where the terminal shows them."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Console, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.rule import Rule
from rich.style import Style
from rich.table import Table
from rich.text import Text

from azure_devops_agents.cli.terminal import make_safe, text_width
from azure_devops_agents.reports.markdown import contain, render_markdown
from azure_devops_agents.reports.outline import (
    REASONING,
    SOURCES,
    TIMELINE,
    UNVERIFIED,
    Outline,
    Point,
    Reference,
    Section,
    outline,
)

_PROGRAMS = frozenset({"iterm.app", "wezterm", "vscode", "ghostty", "hyper", "rio", "tabby", "tmux", "warpterminal"})
_TERMINALS = ("xterm-kitty", "xterm-ghostty", "alacritty", "foot", "contour", "wezterm", "tmux")
_LEAST_VTE = 5000
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


def show_report(console: Console, report: Mapping[str, Any]) -> None:
    """Print a report: laid out in a terminal, and as Markdown with plain addresses into a pipe or a file."""
    if not console.is_terminal:
        console.print(Text(make_safe(render_markdown(report))), soft_wrap=True)
        return
    found = outline(report)
    width = text_width(console)
    console.print()
    console.print(Rule(Text(f"Report: {make_safe(found.verdict).lower()}"), align="left"), width=width)
    console.print()
    if found.notice:
        console.print(Text(f"{make_safe(found.notice)}\n", style="yellow"), width=width)
    for part in _lay_out(found, links=shows_links(console)):
        console.print(part, width=width)


def shows_links(console: Console) -> bool:
    """Return whether the terminal shows links behind texts (OSC 8). If that is not known, addresses are printed."""
    if not console.is_terminal or console.legacy_windows or console.color_system is None:
        return False
    if console.record:
        # A recording becomes a picture or a page.
        return True
    if forced := os.environ.get("FORCE_HYPERLINK"):
        return forced != "0"
    vte = os.environ.get("VTE_VERSION", "")
    return (
        os.environ.get("TERM_PROGRAM", "").lower() in _PROGRAMS
        or os.environ.get("TERM", "").startswith(_TERMINALS)
        or bool(os.environ.get("WT_SESSION") or os.environ.get("KONSOLE_VERSION"))
        or (vte.isdigit() and int(vte) >= _LEAST_VTE)
    )


def _lay_out(found: Outline, *, links: bool) -> Iterator[RenderableType]:
    yield Markdown(make_safe(contain(found.answer)), hyperlinks=links, code_theme="ansi_dark")
    if found.facts:
        yield Padding(_facts(found.facts, links=links), (1, 0, 0, 0))
    if found.timeline:
        yield _title(f"{TIMELINE} (UTC)")
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="cyan", no_wrap=True)
        grid.add_column(overflow="fold")
        for moment in found.timeline:
            grid.add_row(moment.time, _sentence(make_safe(moment.text), moment.references, links=links))
        yield Padding(grid, (0, 0, 0, 2), expand=False)
    for section in found.sections:
        yield _title(section.title)
        yield _points(section, links=links)
    if found.sources and not links:
        yield _title(SOURCES)
        yield _sources(found.sources)
    for number, line in enumerate(found.footer):
        yield Text(f"{'' if number else chr(10)}{make_safe(line)}", style="dim")


def _facts(facts: Iterable[Point], *, links: bool) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", overflow="fold")
    grid.add_column(overflow="fold")
    for fact in facts:
        grid.add_row(make_safe(fact.lead), _sentence(make_safe(fact.text), fact.references, links=links))
        if fact.problem:
            grid.add_row("", Text(f"{UNVERIFIED}: {make_safe(fact.problem)}", style="yellow"))
    return grid


def _title(text: str) -> Text:
    return Text(f"\n{make_safe(text)}", style="bold")


def _points(section: Section, *, links: bool) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for point in section.points:
        lead = (f"{make_safe(point.lead)}: " if point.lead else "", "bold")
        grid.add_row("•", Text.assemble(lead, _sentence(make_safe(point.text), point.references, links=links)))
        for text, style in (
            (f"{REASONING}: {point.reasoning}" if point.reasoning else "", "italic"),
            (point.problem, "yellow"),
            (f"“{point.quote}”" if point.quote else "", "dim"),
        ):
            if text:
                grid.add_row("", Padding(Text(make_safe(text), style=style), (0, 0, 0, 2)))
        if not links:
            # The addresses of all sources stand below; those of lines and writes are shown with what they prove.
            exact = (reference.url for reference in point.references if reference.title or section.key == "written")
            for url in filter(None, dict.fromkeys(exact)):
                grid.add_row("", Padding(Text(make_safe(url), style="dim", overflow="fold"), (0, 0, 0, 2)))
    return grid


def _sentence(text: str, references: Iterable[Reference], *, links: bool) -> Text:
    """Return a text with what it cites behind it."""
    whole, cited = _style_code(text), [reference for reference in references if reference.id]
    for number, reference in enumerate(cited):
        whole.append(" [" if not number else ", ", style="cyan")
        link = Style(link=reference.url) if links and reference.url else Style()
        whole.append(make_safe(reference.label), style=Style.parse("cyan") + link)
    return whole.append("]", style="cyan") if cited else whole


def _style_code(text: str) -> Text:
    """Return a text in which code has a style in place of its backticks."""
    return Text.assemble(*((part, "green" if place % 2 else "") for place, part in enumerate(_CODE.split(text))))


def _sources(sources: Iterable[Reference]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    for source in sources:
        grid.add_row(make_safe(source.id), Text(make_safe(source.title)))
        if source.url:
            grid.add_row("", Text(make_safe(source.url), style="dim"))
    return grid
