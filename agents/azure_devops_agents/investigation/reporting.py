"""Take the model's report, check its quotes, and state what it does not cover."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.evidence.record import Evidence
from azure_devops_agents.investigation.clearing import ClearNode, clear_known
from azure_devops_agents.investigation.messages import find_refusal
from azure_devops_agents.investigation.outgoing import Outgoing
from azure_devops_agents.investigation.routing import Budgets, is_stopped, over_budget
from azure_devops_agents.investigation.state import (
    Decision,
    State,
    calls_of_question,
    list_unanswered_calls,
)
from azure_devops_agents.reports.report import (
    SECTIONS,
    WRITE_REPORT,
    check_quotes,
    list_coverage,
    parse_report,
    plain_report,
)
from langchain_azure_devops import AzureDevOpsToolkit


@dataclass
class ReportNodes:
    """The two nodes at the end of a question, with what they need. Nothing of it enters the state."""

    toolkit: AzureDevOpsToolkit
    budgets: Budgets
    journal: WriteJournal
    clearing: ClearNode

    def report(self, state: State) -> dict[str, Any]:
        """Take the report from the model's last message, check its quotes, and answer the calls that remain."""
        return self._report(state, self.clearing.evidence.texts().load(state.get("evidence", {})))

    async def areport(self, state: State) -> dict[str, Any]:
        """Take the report, check its quotes, and answer the calls that remain, without blocking."""
        return self._report(state, await self.clearing.evidence.texts().aload(state.get("evidence", {})))

    def _report(self, state: State, texts: dict[str, str]) -> dict[str, Any]:
        """Take the report, and compare its quotes with the texts of the evidence.

        The quotes are compared with the evidence before the report is made inert. From then on, also the call that
        brought it shows what a page may render.
        """
        open_calls = list_unanswered_calls(state["messages"])
        wanted = next((call for call in open_calls if call["name"] == WRITE_REPORT and "malformed" not in call), None)
        answers: list[AnyMessage] = [
            ToolMessage(
                "Done." if call is wanted else "Not carried out: the report was written.", tool_call_id=call["id"]
            )
            for call in open_calls
        ]
        outgoing, last = Outgoing.of_thread(self.toolkit.client, state["messages"]), state["messages"][-1]
        if wanted is not None and isinstance(last, AIMessage):
            answers.insert(0, outgoing.report_call(last, WRITE_REPORT))
        checked = check_quotes(
            clear_known(self.toolkit.client, self._take_report(state, wanted)),
            clear_known(self.toolkit.client, texts),
        )
        return {"messages": answers, "report": outgoing.value(checked)}

    def _take_report(self, state: State, wanted: dict[str, Any] | None) -> dict[str, Any]:
        if state.get("failure"):
            return plain_report(f"{state['failure']}. What was found until then is in the evidence.")
        if is_stopped(state):
            return plain_report("Stopped by a person.")
        if wanted is not None:
            try:
                return parse_report(wanted["args"])
            except ValueError as error:
                return plain_report(f"The model's report does not have the form of one: {error}")
        last = state["messages"][-1]
        if refusal := find_refusal(last):
            return plain_report(f"The model refused: {refusal}")
        text = str(last.text) if isinstance(last, AIMessage) else ""
        limit = over_budget(state, self.budgets)
        return plain_report(
            text or f"No report was written ({limit or 'the model said nothing; it may have refused'}).",
            "answered" if text else "inconclusive",
        )

    def check(self, state: State) -> dict[str, Any]:
        """State what the report does not cover."""
        return self._check(state, self.clearing.collect(state))

    async def acheck(self, state: State) -> dict[str, Any]:
        """State what the report does not cover, without blocking."""
        # It may look into the journal of writes.
        return await asyncio.to_thread(self._check, state, await self.clearing.acollect(state))

    def _check(self, state: State, cleared: dict[str, Any]) -> dict[str, Any]:
        known = {**state.get("evidence", {}), **cleared.get("evidence", {})}
        report = dict(state["report"] or check_quotes(plain_report(""), {}))
        limits = [text for text in (state.get("failure"), over_budget(state, self.budgets)) if text]
        calls = calls_of_question(state)
        cited = {identifier for section in SECTIONS for entry in report[section] for identifier in entry["evidence"]}
        decided = state.get("decisions", {})
        report["coverage"] = list_coverage(
            {name: entry for name, entry in known.items() if entry["call"] in calls or name in cited},
            {name: entry for name, entry in decided.items() if name in calls},
            limits,
        )
        for status, text in _list_unfinished_writes(self.journal, known, decided):
            report["coverage"].setdefault(status, []).append(text)
        return {**cleared, "report": Outgoing.of_thread(self.toolkit.client, state["messages"]).value(report)}


def _list_unfinished_writes(
    journal: WriteJournal, known: Mapping[str, Evidence], decided: Mapping[str, Decision]
) -> list[tuple[str, str]]:
    """List approved writes without an answer, because the process ended or another client said stop."""
    answered = {entry["call"] for entry in known.values()}
    found = []
    for identifier, decision in decided.items():
        if decision["decision"] != "approve" or identifier in answered:
            continue
        name, before = decision["call"]["name"], journal.outcome(decision["write_id"])
        if before is None:
            found.append(("not_written", f"{name}, approved and not carried out"))
        else:
            found.append((before.status or "unknown", f"{name}, begun when the process ended"))
    return found
