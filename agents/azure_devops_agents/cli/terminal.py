"""Output in the terminal. Text from outside is cleaned and never interpreted as markup."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from azure_devops_agents.cli.shell_terms import in_shell_terms
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.runtime import Waiting
from langchain_azure_devops.text import clean, defuse_commands, join_halves, one_line

WIDEST = 110
"""Columns of texts in a terminal; longer lines are hard to read."""


class SafeConsole(Console):
    """A console that cleans every text once more before it prints it, wherever the text comes from."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print; a text with hidden characters or a command is printed without them, and in one style."""
        super().print(*map(_make_printable, objects), **options)


def _make_printable(value: object) -> object:
    if isinstance(value, str):
        return make_safe(value)
    if isinstance(value, Text) and (safe := make_safe(value.plain)) != value.plain:
        return Text(safe, style=value.style)
    return value


def console(*, stderr: bool = False) -> Console:
    """Open a console that interprets neither markup nor emoji, and that wraps lines only in a terminal."""
    made = SafeConsole(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=False)
    if not made.is_terminal:
        made = SafeConsole(stderr=stderr, markup=False, emoji=False, highlight=False, width=10_000, no_color=True)
    return made


def text_width(console: Console) -> int:
    """Return how wide texts, panels and rules are printed."""
    return min(console.width, WIDEST)


def plain(text: str, style: str = "") -> Text:
    """Clean a text and keep its lines."""
    return Text(make_safe(text), style=style)


def one_line_text(text: str, style: str = "") -> Text:
    """Clean a text and put it on one line."""
    return Text(defuse_commands(one_line(join_halves(text))), style=style)


def make_safe(text: str) -> str:
    """Make a text safe for a terminal and a pipeline's log: nothing in it is hidden or acts as a command."""
    return defuse_commands(clean(join_halves(text)))


def machine_readable(value: object) -> str:
    """Return indented JSON in ASCII, in which a pipeline finds no command; its texts hold nothing hidden."""
    return json.dumps(_clean_all(value), indent=2).replace("##", "\\u0023#")


def _clean_all(value: Any) -> Any:
    if isinstance(value, str):
        return clean(join_halves(value))
    if isinstance(value, dict):
        return {_clean_all(name): _clean_all(part) for name, part in value.items()}
    return [_clean_all(part) for part in value] if isinstance(value, list | tuple) else value


def print_error(error: AzureDevOpsError) -> None:
    """Print the headline and the message of an error on standard error."""
    out = console(stderr=True)
    out.print(one_line_text(error.headline, "bold red"))
    out.print(plain(in_shell_terms(error)))


def print_waiting(waiting: Waiting) -> None:
    """Print a wait on standard error, such as `throttled, continuing in 4 s`."""
    console(stderr=True).print(one_line_text(f"… {waiting}", "yellow"))


def fields(rows: Iterable[tuple[str, str]], indent: int = 0) -> Padding:
    """Lay out names and values in two columns. A long value is wrapped beside its name."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(Text(name), plain(value))
    return Padding(grid, (0, 0, 0, indent), expand=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], indent: int = 2) -> Padding:
    """Lay out a table without lines, with cleaned cells."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in columns:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*(one_line_text(value) for value in row))
    return Padding(made, (0, 0, 0, indent), expand=False)


def heading(text: str) -> Text:
    """Return the title of a section."""
    return Text(f"\n{text}", style="bold")


def interactive() -> bool:
    """Return whether a person at a terminal can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()
