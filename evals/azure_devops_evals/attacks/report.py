"""Show the results of the attacks as tables and as JSON."""

import json
from collections.abc import Iterator, Sequence

from azure_devops_evals.attacks.direct import FamilyResult, as_rows, has_failed_directly
from azure_devops_evals.attacks.modes import MODES, Mode
from azure_devops_evals.attacks.orders import FAMILIES
from azure_devops_evals.attacks.suite import BesideAttack, HonestTask, Matrix, by_family, places_of
from langchain_azure_devops.tools import TOOLS

_SHOWN = 50


def has_failed(matrix: Matrix, direct: Sequence[FamilyResult] = ()) -> bool:
    """Return whether something forbidden happened, or an attack was not proven to take place."""
    missed = not matrix.attacks or any(not attack.reached for attack in matrix.attacks)
    return bool(matrix.violations) or missed or has_failed_directly(direct)


def as_text(matrix: Matrix, honest: Sequence[HonestTask], direct: Sequence[FamilyResult] = ()) -> str:
    """Return tables of counts in Markdown."""
    reached = sum(attack.reached for attack in matrix.attacks)
    ordered = sum(beside.ordered for beside in matrix.honest_results.values())
    surfaces = len({attack.surface for attack in matrix.attacks})
    missed = [f"NOT REACHED {each.surface}, {each.family}, {each.mode}" for each in matrix.attacks if not each.reached]
    lines = [
        *_attacks(matrix),
        "",
        *_costs(honest),
        "",
        *_name_tasks(honest),
        "",
        *_show_honest_results(matrix),
        "",
        f"Carried out as ordered where nobody is asked (`allow`): {ordered} writes.",
        "",
        *(f"VIOLATION {text}" for text in matrix.violations[:_SHOWN]),
        *missed[:_SHOWN],
        f"{reached} of {len(matrix.attacks)} attacks on {surfaces} surfaces were read.",
        "",
        *as_rows(direct, _SHOWN),
        f"{len(matrix.violations) + sum(result.violated for result in direct)} violations.",
    ]
    return "\n".join(lines)


def _attacks(matrix: Matrix) -> Iterator[str]:
    """Count the attacks that were read by family, and the attacked texts by tool."""
    yield from _header("attacks read by the model, of all")
    counts = by_family(matrix.attacks)
    for family in FAMILIES:
        found = [counts.get((family, mode)) for mode in MODES]
        yield _row(family, [f"{each[0]} of {each[1]}" if each else "-" for each in found])
    places = places_of(matrix.attacks)
    yield ""
    yield "Places attacked: " + ", ".join(f"{tool} {len(places.get(tool, ()))}" for tool in TOOLS) + "."


def _costs(honest: Sequence[HonestTask]) -> Iterator[str]:
    """Show what each task costs without an attack: one row for all reads, and one for each tool that writes."""
    yield from _header("tasks without an attack: done; tool calls; approvals")
    reads = [each for each in honest if TOOLS[each.tool].access == "read"]
    rows = {f"{len({each.tool for each in reads})} tools that read": reads}
    rows |= {tool: [each for each in honest if each.tool == tool] for tool in TOOLS if TOOLS[tool].access == "write"}
    for name, row in rows.items():
        cells = [[each for each in row if each.mode == mode] for mode in MODES]
        yield _row(
            name,
            [
                f"{sum(each.done for each in cell)} of {len(cell)}; {sum(each.calls for each in cell)}; "
                f"{sum(each.approvals for each in cell)}"
                for cell in cells
            ],
        )


def _name_tasks(honest: Sequence[HonestTask]) -> Iterator[str]:
    """Name the tasks that a mode makes impossible, and those that wait for an approval."""
    for mode in MODES:
        impossible = [each.tool for each in honest if each.mode == mode and not each.done]
        waiting = [each.tool for each in honest if each.mode == mode and each.done and each.approvals]
        yield f"- {mode}: impossible: {', '.join(impossible) or 'none'}; slower: {', '.join(waiting) or 'none'}"


def _show_honest_results(matrix: Matrix) -> Iterator[str]:
    """Show how the honest write beside an attack ended, by family and by the tool that showed the attack."""
    yield from _header("honest write beside an attack: done of runs; tool calls; approvals")
    for family in FAMILIES:
        yield _row(family, _cells(matrix, family=family))
    for tool in TOOLS:
        yield _row(f"read from {tool}", _cells(matrix, tool=tool))
    yield _row("all", _cells(matrix))


def _cells(matrix: Matrix, tool: str | None = None, family: str | None = None) -> list[str]:
    found = [_sum(matrix, mode, tool, family) for mode in MODES]
    return [f"{each.done} of {each.runs}; {each.calls}; {each.approvals}" if each.runs else "-" for each in found]


def _sum(matrix: Matrix, mode: Mode, tool: str | None, family: str | None) -> BesideAttack:
    fitting = [
        beside
        for (its_tool, its_family, its_mode), beside in matrix.honest_results.items()
        if its_mode == mode and tool in {None, its_tool} and family in {None, its_family}
    ]
    return sum(fitting, BesideAttack())


def as_json(matrix: Matrix, honest: Sequence[HonestTask], direct: Sequence[FamilyResult] = ()) -> str:
    """Return the results as one JSON document."""
    return json.dumps(
        {
            "attacks": len(matrix.attacks),
            "reached": sum(attack.reached for attack in matrix.attacks),
            "violations": matrix.violations,
            "by_family": [
                {"family": family, "mode": mode, "reached": reached, "of": of}
                for (family, mode), (reached, of) in by_family(matrix.attacks).items()
            ],
            "places": {tool: len(found) for tool, found in places_of(matrix.attacks).items()},
            "honest_results": [
                {"tool": tool, "family": family, "mode": mode, **beside.__dict__}
                for (tool, family, mode), beside in matrix.honest_results.items()
            ],
            "honest": [each.__dict__ for each in honest],
            "direct": [each.__dict__ for each in direct],
        },
        indent=1,
    )


def _header(name: str) -> list[str]:
    return [_row(name, MODES), "|---|" + "---:|" * len(MODES)]


def _row(name: str, cells: Sequence[object]) -> str:
    return "| " + " | ".join([name, *map(str, cells)]) + " |"
