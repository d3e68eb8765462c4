"""Select what a write rests on: a few results of the thread with their provenance, and the number of the others."""

from collections.abc import Collection, Mapping
from typing import Any

from azure_devops_agents.evidence.record import Evidence, given_arguments, number_of

SHOWN = 5
"""The most results that a person is shown beside a write; the others are only counted."""


def select_sources(known: Mapping[str, Evidence], cited: Collection[str], *, untrusted_read: bool) -> dict[str, Any]:
    """Select the results to show beside a write: those that it cites, then the latest with text of others.

    Args:
        known: All evidence of the thread.
        cited: The ids that the call names.
        untrusted_read: Whether the thread ever read text that others wrote, also when its evidence is gone.
    """
    latest = sorted(known.values(), key=lambda entry: number_of(entry["id"]), reverse=True)
    ranked = sorted(latest, key=lambda entry: (entry["id"] not in cited, not entry["untrusted"]))
    rest = ranked[SHOWN:]
    return {
        "evidence": [_describe(entry, cited=entry["id"] in cited) for entry in ranked[:SHOWN]],
        "more": {"results": len(rest), "untrusted": sum(bool(entry["untrusted"]) for entry in rest)},
        "untrusted_read": untrusted_read or any(entry["untrusted"] for entry in known.values()),
    }


def _describe(entry: Evidence, *, cited: bool) -> dict[str, Any]:
    return {
        "id": entry["id"],
        "tool": entry["tool"],
        "status": entry["status"],
        "summary": entry["summary"],
        "of": given_arguments(entry["arguments"]),
        "cited": cited,
        "untrusted": bool(entry["untrusted"]),
        "by": sorted({str(origin["by"]) for origin in entry["origins"]}),
        "authors": sorted({str(origin["author"]) for origin in entry["origins"] if origin["author"]}),
    }
