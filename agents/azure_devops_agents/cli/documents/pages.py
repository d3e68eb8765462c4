"""Find the pages of this repository whose generated parts are out of date, and generate them again."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from azure_devops_agents.cli.documents import other_servers, reference, tables
from azure_devops_agents.cli.documents.picture import demo_pictures
from azure_devops_agents.cli.documents.source import comparison, module_table, program_table, room_table
from azure_devops_agents.cli.documents.walk import drawing

SECTIONS: Mapping[str, Callable[[], str]] = {
    "toolsets": reference.toolset_table,
    "reference": reference.tool_reference,
    "scopes": tables.scope_table,
    "operations": tables.operation_table,
    "absent": tables.absent_table,
    "control": tables.control_table,
    "vendor": tables.vendor_table,
    "other_servers": other_servers.comparison_tables,
}
"""The sections without an argument. Each stands between `<!-- generated:NAME -->` and `<!-- /generated -->`."""

FROM_SOURCE: Mapping[str, Callable[[Path, str], str]] = {
    "rooms": room_table,
    "modules": module_table,
    "walk": drawing,
    "comparison": comparison,
    "programs": program_table,
}
"""Sections that are made from the source take an argument, such as `rooms azure_devops_agents`."""

_MARKED = re.compile(r"(<!-- generated:(\w+)(?: ([^>]+))? -->\n).*?(<!-- /generated -->)", re.DOTALL)


def renewed(root: Path, text: str) -> str:
    """Return a page with everything between its markers generated again.

    Raises:
        LookupError: A marker names a section that does not exist, or something in the source that does not.
    """

    def section(found: re.Match[str]) -> str:
        name, argument = found[2], found[3]
        if name not in (FROM_SOURCE if argument else SECTIONS):
            raise LookupError(f"No section is called {name!r}: {found[1].strip()}")
        made = FROM_SOURCE[name](root, argument) if argument else SECTIONS[name]()
        return f"{found[1]}{made}\n{found[4]}"

    return _MARKED.sub(section, text)


def stale(root: Path) -> dict[Path, str]:
    """Return the files of a repository that are out of date, with what they should hold."""
    return {path: text for path, text in _all(root) if not path.exists() or path.read_text(encoding="utf-8") != text}


def _all(root: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted([*root.glob("*.md"), *root.glob("*/*.md")]):
        yield path, renewed(root, path.read_text(encoding="utf-8"))
    for name, picture in demo_pictures().items():
        yield root / name, picture
