"""Tables for the pages, made from the declarations of the tools and from the routes of the simulator."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from azure_devops_agents.cli.capabilities import list_least_scopes, list_needed_scopes
from azure_devops_agents.cli.documents.other_servers import link_tools
from langchain_azure_devops.scopes import Scope, on_token_page
from langchain_azure_devops.tools import TOOLS

if TYPE_CHECKING:
    from azure_devops_simulator.api.routing import Route

SETS: Mapping[str, list[Scope]] = {
    "only investigates": list_needed_scopes(writes=False),
    "also files work items and pull requests": list_needed_scopes(writes=True),
}
"""The scopes of a token for everything, by the purpose of the token."""


def scope_table() -> str:
    """List the least scope for each capability, and the scopes of a token for all of them."""
    rows = ["| capability | on the token page | scope |", "|---|---|---|"]
    by_scopes: dict[tuple[Scope, ...], list[str]] = {}
    for tool in TOOLS.values():
        by_scopes.setdefault(list_least_scopes(tool), []).append(f"`{tool.name}`")
    for needed, names in by_scopes.items():
        pages, values = map(on_token_page, needed), (f"`{scope.value}`" for scope in needed)
        rows.append(f"| {', '.join(names)} | {' and '.join(pages)} | {' and '.join(values)} |")
    for title, scopes in SETS.items():
        listed = ", ".join(f"{on_token_page(scope)} (`{scope.value}`)" for scope in scopes)
        rows.append(f"| **a token that {title}** | {listed} | |")
    return "\n".join(rows)


def operation_table() -> str:
    """List every operation of the simulator by area, with its version, the scopes that it needs and its parameters."""
    from azure_devops_simulator.server.app import AREAS  # noqa: PLC0415 - an extra that the other tables do without

    rows: list[str] = []
    by_area: dict[str, list[str]] = {}
    for route in sorted({(r.area, r.template, r.method): r for a in AREAS for r in a.routes}.values(), key=_place):
        scopes = ", ".join(f"`{scope}`" for scope in route.scopes) or "any token"
        first = (route.handler.__doc__ or "").strip().splitlines()[0].replace("|", "\\|")
        honoured = " ".join(f"`{name}`" for name in (*route.query, *(f"body.{name}" for name in route.body)))
        honoured += " header `Range`" if route.ranges else ""
        row = f"| `{route.method}` | `{route.template}` | {route.version} | {scopes} | {first} | {honoured} |"
        by_area.setdefault(route.area, []).append(row)
    for area, found in by_area.items():
        rows += ["", f"### {area}: {len(found)} operations", ""]
        rows += [
            "| method | path | version | scope, any one | what it does | parameters |",
            "|---|---|---|---|---|---|",
            *found,
        ]
    return "\n".join([f"{sum(map(len, by_area.values()))} operations in {len(by_area)} areas.", *rows])


def _place(route: "Route") -> tuple[str, str, str]:
    return route.area, route.template.lower(), route.method


def vendor_table() -> str:
    """List every operation of the vendor's MCP server with the tool that it becomes here, and our tool for the same."""
    from langchain_azure_devops.adapters.mcp_client import READ_BACK, load_allow_list  # noqa: PLC0415 - loads LangChain

    known = load_allow_list()
    rows = [
        f"{len(known.operations)} operations of `{known.package}` {known.version}.",
        "",
        "| operation of the server | tool here | scope, any one | done is | our tool |",
        "|---|---|---|---|---|",
    ]
    for each in known.operations:
        name = f"**`{each.name}`**" if each.access == "write" else f"`{each.name}`"
        done = "" if each.access != "write" else "read back" if each.key in READ_BACK else "unknown"
        ours = link_tools(each.ours) or each.lacks
        scopes = ", ".join(f"`{scope.value}`" for scope in each.scopes)
        offered = name if each.access != "none" else f"not offered: {each.reason}"
        rows.append(f"| `{each.key}` | {offered} | {scopes} | {done} | {ours} |")
    return "\n".join(rows)


def absent_table() -> str:
    """List the areas of the service of which the simulator knows only the scopes."""
    from azure_devops_simulator.api.access import UNSERVED  # noqa: PLC0415 - an extra that the other tables do without

    rows = ["| area | reading needs, any one | writing needs, any one |", "|---|---|---|"]
    for area, needs in UNSERVED.items():
        reads, writes = (", ".join(f"`{scope}`" for scope in scopes) or "any token" for scopes in needs)
        rows.append(f"| {area} | {reads} | {writes} |")
    return "\n".join(rows)


def control_table() -> str:
    """Quote the table of the control endpoint from the docstring of its module."""
    from azure_devops_simulator.server import control  # noqa: PLC0415 - an extra that the other tables do without

    return "\n".join(line for line in (control.__doc__ or "").splitlines() if line.startswith("|"))
