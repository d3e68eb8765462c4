"""The pages of this repository with generated parts: which there are, what is out of date, and writing them anew."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from azure_devops_agents.cli.documents import reference, tables
from azure_devops_agents.cli.documents.picture import demo_pictures
from azure_devops_agents.cli.documents.source import addition, comparison, module_table, room_table
from azure_devops_agents.cli.documents.walk import drawing

SECTIONS: Mapping[str, Callable[[], str]] = {
    "toolsets": reference.toolset_table,
    "reference": reference.tool_reference,
    "scopes": tables.scope_table,
    "operations": tables.operation_table,
    "absent": tables.absent_table,
    "control": tables.control_table,
}
"""What stands between `<!-- generated:NAME -->` and `<!-- /generated -->`."""

FROM_SOURCE: Mapping[str, Callable[[Path, str], str]] = {
    "rooms": room_table,
    "modules": module_table,
    "addition": addition,
    "walk": drawing,
    "comparison": comparison,
}
"""The same for sections that are made from the source: they take an argument, such as `rooms azure_devops_agents`."""

_MARKED = re.compile(r"(<!-- generated:(\w+)(?: ([^>]+))? -->\n).*?(<!-- /generated -->)", re.DOTALL)


def renewed(root: Path, text: str) -> str:
    """A page with everything between its markers made anew."""

    def section(found: re.Match[str]) -> str:
        made = FROM_SOURCE[found[2]](root, found[3]) if found[3] else SECTIONS[found[2]]()
        return f"{found[1]}{made}\n{found[4]}"

    return _MARKED.sub(section, text)


def stale(root: Path) -> dict[Path, str]:
    """The files of a repository that are out of date, with what they should hold."""
    return {path: text for path, text in _all(root) if not path.exists() or path.read_text(encoding="utf-8") != text}


def _all(root: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted([*root.glob("*.md"), *root.glob("*/*.md")]):
        yield path, renewed(root, path.read_text(encoding="utf-8"))
    for name, picture in demo_pictures().items():
        yield root / name, picture
