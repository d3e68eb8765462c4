"""The results of a run as text and as JSON."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from pydantic import JsonValue

from azure_devops_evals.counts import Count, add_counts
from azure_devops_evals.running.log_safety import make_safe
from azure_devops_evals.running.metrics import COSTS
from azure_devops_evals.running.run import STATUSES, Result, Status
from azure_devops_evals.scoring.gates import Decision


def counts(results: Iterable[Result]) -> dict[Status, int]:
    """Count the results of each status."""
    found = Counter(result.status for result in results)
    return {status: found[status] for status in STATUSES}


def metrics(results: Sequence[Result]) -> dict[str, Count]:
    """Add up the metrics of all results."""
    return add_counts(result.counts for result in results)


def as_text(results: Sequence[Result], decision: Decision, seconds: float, more: Sequence[str] = ()) -> str:
    """Return one line for each case, the traces of those that did not pass, the metrics, the counts and what blocks."""
    width = max((len(result.area) for result in results), default=0)
    lines: list[str] = []
    for result in results:
        trial = f" #{result.trial}" if result.trial > 1 else ""
        lines.append(f"{result.status:<5} {result.area:<{width}} {result.case}{trial} ({result.seconds:.2f} s)")
        if result.not_applicable:
            lines.append(f"      not applicable: {'; '.join(result.not_applicable)}")
        lines += [f"      {line}" for line in (result.trace or "\n".join(result.reasons)).split("\n") if line]
    lines += ["", *_metric_lines(metrics(results)), ""]
    areas = sorted({result.area for result in results})
    for area in areas:
        lines.append(f"{area + ':':<{width + 1}} {words(counts(one for one in results if one.area == area))}")
    lines.append(f"{'all:':<{width + 1}} {words(counts(results))} in {seconds:.1f} s")
    lines += more
    lines += [f"blocked: {reason}" for reason in decision.reasons]
    return make_safe("\n".join(lines))


def _metric_lines(found: Mapping[str, Count]) -> list[str]:
    width = max((len(name) for name in found), default=0)
    return [f"{name:<{width}}  {value(name, count)}" for name, count in found.items()]


def value(name: str, count: Count) -> str:
    """Return a metric as text: a cost as a sum and per case, every other metric as a count out of a total."""
    if name in COSTS:
        return f"{count.found}, {count.found / count.of:.1f} a case"
    return str(count)


def as_json(
    results: Sequence[Result], decision: Decision, seconds: float, about: Mapping[str, JsonValue] | None = None
) -> str:
    """Return the results as one JSON document, which `--compare` reads; `about` adds facts about the run."""
    document = {
        **(about or {}),
        "exit": int(decision.exit),
        "blocked": list(decision.reasons),
        "counts": counts(results),
        "metrics": {name: list(count) for name, count in metrics(results).items()},
        "seconds": round(seconds, 3),
        "cases": [asdict(result) for result in results],
    }
    # Programs read the same values from it, but a pipeline finds no command, and every file can hold the characters.
    return json.dumps(document, indent=2).replace("##", "\\u0023#")


def words(found: Mapping[Status, int]) -> str:
    """Return the counts in words, without statuses that did not occur."""
    return ", ".join(f"{number} {status}" for status, number in found.items() if number or status == "pass")
