"""The tables in the READMEs, made from the tools' own declarations so that they cannot be out of date unnoticed."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from azure_devops_agents.capabilities import needed
from langchain_azure_devops.connection import least
from langchain_azure_devops.scopes import Scope, on_token_page
from langchain_azure_devops.tools import TOOLS, TOOLSETS

SETS: Mapping[str, list[Scope]] = {
    "only investigates": needed(writes=False),
    "also files work items and pull requests": needed(writes=True),
}
"""The scopes of one token for everything, by what the token is for."""


def tool_table() -> str:
    """Every tool with what it does and the least scope it needs."""
    rows = ["| tool | what it does | access | least scope |", "|---|---|---|---|"]
    for toolset in TOOLSETS.values():
        for tool in toolset.tools:
            first_sentence = re.split(r"(?<=\.)\s", tool.description)[0].replace("|", "\\|")
            rows.append(f"| `{tool.name}` | {first_sentence} | {tool.access} | `{least(tool.scopes).value}` |")
    return "\n".join(rows)


def scope_table() -> str:
    """The least scope for each capability, and the scopes of a token for all of them."""
    rows = ["| capability | on the token page | scope |", "|---|---|---|"]
    by_scope: dict[Scope, list[str]] = {}
    for tool in TOOLS.values():
        by_scope.setdefault(least(tool.scopes), []).append(f"`{tool.name}`")
    rows += [f"| {', '.join(names)} | {on_token_page(scope)} | `{scope.value}` |" for scope, names in by_scope.items()]
    for title, scopes in SETS.items():
        listed = ", ".join(f"{on_token_page(scope)} (`{scope.value}`)" for scope in scopes)
        rows.append(f"| **a token that {title}** | {listed} | |")
    return "\n".join(rows)


TABLES: Mapping[str, Callable[[], str]] = {"tools": tool_table, "scopes": scope_table}
READMES = ("README.md", "agents/README.md")
_MARKED = re.compile(r"(<!-- generated:(\w+) -->\n).*?(<!-- /generated -->)", re.DOTALL)


def renewed(text: str) -> str:
    """A README with every table between its markers made anew."""
    return _MARKED.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}", text)


def stale(root: Path) -> list[Path]:
    """The READMEs below a folder whose tables are out of date."""
    paths = [root / name for name in READMES]
    return [path for path in paths if path.exists() and renewed(text := path.read_text(encoding="utf-8")) != text]
