"""How a run came out, for people and for machines. Counts only: each case runs once and gives the same every time."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import get_args

from azure_devops_evals.run import Result, Status

STATUSES: tuple[Status, ...] = get_args(Status)


def counts(results: Iterable[Result]) -> dict[Status, int]:
    """How many results of each status."""
    found = Counter(result.status for result in results)
    return {status: found[status] for status in STATUSES}


def as_text(results: Sequence[Result]) -> str:
    """One line for each case, its reasons below it, and the counts."""
    lines: list[str] = []
    for result in results:
        lines.append(f"{result.status:<5} {result.area:<10} {result.case} ({result.seconds:.2f} s)")
        lines += [f"      {reason}" for reason in result.reasons]
    lines.append("")
    for area in sorted({result.area for result in results}):
        lines.append(f"{area + ':':<11} {_words(counts(result for result in results if result.area == area))}")
    lines.append(f"{'all:':<11} {_words(counts(results))} in {sum(result.seconds for result in results):.1f} s")
    return "\n".join(lines)


def as_json(results: Sequence[Result]) -> str:
    """The same as one JSON document."""
    return json.dumps({"counts": counts(results), "cases": [asdict(result) for result in results]}, indent=2)


def _words(found: dict[Status, int]) -> str:
    return ", ".join(f"{number} {status}" for status, number in found.items() if number or status == "pass")
