"""Bring the threads of an earlier version into the form of this one.

Before, the state of a thread held the texts of its evidence, each write waited in an approval of its own, and a report
named what it rejected differently. The texts move into the store. A question that was not finished ends with a report:
its approvals cannot be answered any more, so nothing of them is written.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from langgraph.graph import END
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import StateSnapshot

from azure_devops_agents.evidence.record import Answer, index_entry
from azure_devops_agents.evidence.store import EvidenceTexts
from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.threads.database import ThreadDatabase

_ENDED = (
    "A new version of the program ended this question. Writes that waited for an approval were not carried out; ask "
    "again for them"
)


def migrate_threads(graph: CompiledStateGraph[Any, Any, Any, Any], threads: ThreadDatabase) -> None:
    """Bring all threads of an earlier version into the form of this one; others stay as they are.

    Raises:
        Conflict: Another client is at work on one of them.
        ThreadsUnusable: A newer version wrote the threads.
    """
    with threads.migrating() as names:
        for name in names:
            with threads.hold(name):
                _migrate(graph, EvidenceTexts(threads.store, name))


def _migrate(graph: CompiledStateGraph[Any, Any, Any, Any], texts: EvidenceTexts) -> None:
    config: Any = {"configurable": {"thread_id": texts.thread}}
    unfinished = bool(graph.get_state(config).tasks)
    if unfinished:
        # What its finished steps found enters the state, and no step waits any more.
        graph.update_state(config, None, as_node=END)
    snapshot = graph.get_state(config)
    update: dict[str, Any] = {
        "evidence": _store_texts(snapshot, texts),
        "report": _convert(snapshot.values.get("report")),
    }
    if unfinished:
        graph.update_state(config, {**update, "failure": _ENDED}, as_node="model")
    else:
        graph.update_state(config, update, as_node="check")


def _store_texts(snapshot: StateSnapshot, texts: EvidenceTexts) -> dict[str, Any]:
    """Store the texts in a state, and return an index entry for each."""
    # When a result was read is not known. It was not later than this.
    read = datetime.fromisoformat(snapshot.created_at or datetime.now(UTC).isoformat())
    entries = {
        name: index_entry(cast("Answer", {"urls": None, **entry}), read)
        for name, entry in snapshot.values.get("evidence", {}).items()
        if "text" in entry
    }
    texts.save(text for _, text in entries.values())
    return {name: entry for name, (entry, _) in entries.items()}


def _convert(report: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a report with the names of this version."""
    if report is None:
        return None
    unverified = [
        {**row, "section": "hypotheses_rejected" if row.get("section") == "ruled_out" else row.get("section")}
        for row in report.get("unverified", [])
    ]
    kept = {name: value for name, value in report.items() if name != "ruled_out"}
    rejected = [*report.get("hypotheses_rejected", []), *report.get("ruled_out", [])]
    return {**plain_report(""), **kept, "hypotheses_rejected": rejected, "unverified": unverified}
