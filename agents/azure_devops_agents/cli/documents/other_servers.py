"""Compare the tools with those of two other servers, operation by operation.

The list of the vendor's server is the one by which its operations are offered here. The other list is `devops_mcp.json`
beside this module; it holds names and purposes only.
"""

import json
import pkgutil
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class ServerOperation(NamedTuple):
    """An operation of another server.

    Attributes:
        name: Its name there.
        does: What it does, where its name alone does not say so.
        ours: Our tools for the same purpose.
        lacks: Why there is none; empty when there is one.
    """

    name: str
    does: str
    ours: tuple[str, ...]
    lacks: str


class OtherServer(NamedTuple):
    """A release of another server with all its operations, in the order of its own list."""

    package: str
    version: str
    operations: tuple[ServerOperation, ...]


def load_servers() -> tuple[OtherServer, OtherServer]:
    """Return the vendor's server, and the other one that agents are often given."""
    from langchain_azure_devops.adapters.mcp_client import load_allow_list  # noqa: PLC0415 - loads LangChain

    vendor = load_allow_list()
    known = tuple(ServerOperation(each.key, "", each.ours, each.lacks) for each in vendor.operations)
    raw = json.loads(pkgutil.get_data(__name__, "devops_mcp.json") or b"")
    others = tuple(
        ServerOperation(name, told["does"], tuple(told.get("ours", ())), told.get("lacks", ""))
        for name, told in raw["tools"].items()
    )
    return (
        OtherServer(vendor.package, vendor.version, known),
        OtherServer(raw["package"], raw["version"], others),
    )


def comparison_tables() -> str:
    """Count what the tools here cover of each server, then list all its operations."""
    servers = load_servers()
    rows = ["| server | operations | have | have not |", "|---|---:|---:|---:|"]
    for server in servers:
        have = sum(bool(each.ours) for each in server.operations)
        total = len(server.operations)
        rows.append(f"| `{server.package}` {server.version} | {total} | {have} | {total - have} |")
    for server in servers:
        rows += ["", f"## {server.package} {server.version}", "", *_list_operations(server.operations)]
    return "\n".join(rows)


def _list_operations(operations: Sequence[ServerOperation]) -> Iterable[str]:
    described = any(each.does for each in operations)
    yield "| operation | what it does | our tools |" if described else "| operation | our tools |"
    yield "|---|---|---|" if described else "|---|---|"
    for each in operations:
        does = f" {each.does} |" if described else ""
        yield f"| `{each.name}` |{does} {link_tools(each.ours) or each.lacks} |"


def link_tools(names: Iterable[str]) -> str:
    """Name tools with links to the page of all tools."""
    return ", ".join(f"[`{name}`](TOOLS.md#{name})" for name in names)
