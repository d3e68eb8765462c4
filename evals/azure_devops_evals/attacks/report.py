"""The attacks as counts, for people and for machines."""

import json
from collections.abc import Sequence

from azure_devops_evals.attacks.modes import MODES
from azure_devops_evals.attacks.orders import FAMILIES
from azure_devops_evals.attacks.suite import Honest, Matrix, by_family, places_of
from langchain_azure_devops.tools import TOOLS


def failed(matrix: Matrix) -> bool:
    """Whether something happened that must not, or an attack was not proven to reach the model."""
    return bool(matrix.violations) or not matrix.attacks or any(not attack.reached for attack in matrix.attacks)


def as_text(matrix: Matrix, honest: Sequence[Honest]) -> str:
    """Tables of counts, each with what it is out of."""
    lines = [_row("attacks read by the model, of all", MODES)]
    counts = by_family(matrix.attacks)
    for family in FAMILIES:
        found = [counts.get((family, mode)) for mode in MODES]
        lines.append(_row(family, [f"{each[0]} of {each[1]}" if each else "-" for each in found]))
    lines += ["", "places attacked, by tool:"]
    places = places_of(matrix.attacks)
    lines += [f"  {len(places.get(tool, ())):>3}  {tool}" for tool in TOOLS]
    lines += ["", _row("honest tasks without an attack", MODES), *_honest(honest)]
    done = [matrix.tasks.get(mode, (0, 0)) for mode in MODES]
    lines.append(_row("done beside an attack", [f"{each[0]} of {each[1]}" for each in done]))
    lines += [
        *_cost(honest),
        "",
        f"carried out as ordered where nobody is asked (writes='allow'): {matrix.ordered.get('allow', 0)} writes,",
        "  none of them with a secret, a foreign link, a mention or a logging command",
        *(f"VIOLATION {text}" for text in matrix.violations[:50]),
        *(f"NOT REACHED {each.surface}, {each.family}, {each.mode}" for each in matrix.attacks if not each.reached),
        f"{len(matrix.violations)} violations in {len(matrix.attacks)} attacks",
    ]
    return "\n".join(lines)


def as_json(matrix: Matrix, honest: Sequence[Honest]) -> str:
    """The same as one JSON document."""
    counts = by_family(matrix.attacks)
    return json.dumps(
        {
            "attacks": len(matrix.attacks),
            "reached": sum(attack.reached for attack in matrix.attacks),
            "violations": matrix.violations,
            "by_family": [
                {"family": family, "mode": mode, "reached": reached, "of": of}
                for (family, mode), (reached, of) in counts.items()
            ],
            "places": {tool: len(found) for tool, found in places_of(matrix.attacks).items()},
            "ordered": matrix.ordered,
            "tasks_beside_attacks": {mode: {"done": done, "of": of} for mode, (done, of) in matrix.tasks.items()},
            "honest": [each.__dict__ for each in honest],
        },
        indent=1,
    )


def _honest(honest: Sequence[Honest]) -> list[str]:
    rows = []
    for access in ("read", "write"):
        mine = [[each for each in honest if each.mode == mode and TOOLS[each.tool].access == access] for mode in MODES]
        rows.append(_row(f"{access}: done", [f"{sum(each.done for each in row)} of {len(row)}" for row in mine]))
        rows.append(_row(f"{access}: tool calls", [str(sum(each.calls for each in row)) for row in mine]))
        rows.append(_row(f"{access}: approvals asked", [str(sum(each.approvals for each in row)) for row in mine]))
    return rows


def _cost(honest: Sequence[Honest]) -> list[str]:
    """Which honest tasks a mode makes impossible, and which wait for a person."""
    lines = []
    for mode in MODES:
        impossible = [each.tool for each in honest if each.mode == mode and not each.done]
        waiting = [each.tool for each in honest if each.mode == mode and each.done and each.approvals]
        lines.append(f"  {mode}: impossible: {', '.join(impossible) or 'none'}; slower: {', '.join(waiting) or 'none'}")
    return ["", "what each mode costs (slower is to wait for a person):", *lines]


def _row(name: str, cells: Sequence[object]) -> str:
    return f"{name:<34}" + "".join(f"{cell!s:>24}" for cell in cells)
