"""Take the model's report, check what it says, let the model repair it once, and state what it does not cover."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any, Literal

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from azure_devops_agents.approvals.shared_database import RecordsUnusable
from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.evidence.record import Evidence
from azure_devops_agents.evidence.summary import summarize_refusal
from azure_devops_agents.investigation.budgets import Meter, Usage, add_usage
from azure_devops_agents.investigation.clearing import ClearNode, clear_known
from azure_devops_agents.investigation.events import ModelAnswered, ReportReady, announce
from azure_devops_agents.investigation.outgoing import Outgoing
from azure_devops_agents.investigation.plain_text import ask_for_report, asks_for_report, wants_report
from azure_devops_agents.investigation.refusals import (
    NotCarriedOut,
    ReportNotSupported,
    is_refusal,
    refusal_message,
    was_not_carried_out,
)
from azure_devops_agents.investigation.routing import is_stopped
from azure_devops_agents.investigation.state import (
    Decision,
    State,
    calls_of_question,
    list_unanswered_calls,
    since_question,
)
from azure_devops_agents.investigation.telling import raise_or_tell
from azure_devops_agents.investigation.tool_calls import list_writers, own_words
from azure_devops_agents.investigation.turns.messages import find_refusal
from azure_devops_agents.reports.links import add_places, list_links, list_written
from azure_devops_agents.reports.markdown import render_markdown
from azure_devops_agents.reports.report import (
    SECTIONS,
    WRITE_REPORT,
    describe_found,
    list_coverage,
    list_cut,
    name_call,
    parse_report,
    plain_report,
)
from azure_devops_agents.reports.support import check_report, is_worse, list_problems
from azure_devops_agents.reports.timeline import build_timeline
from azure_devops_agents.reports.writes import UnsentWrite
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.errors import InvalidRequest

_MOST_PROBLEMS = 20
NOT_REPAIRED = "not_repaired"
"""The gap that says why the first report of a question stayed."""
_WORSE = "The model was asked to repair this report, and its second one had less support. This is the first one."
_NO_SECOND = "The model was asked to repair this report, and wrote no second one. This is the first one."


@dataclass
class ReportNodes:
    """The nodes that end a question, with what they need. Nothing of it enters the state."""

    toolkit: AzureDevOpsToolkit
    meter: Meter
    journal: WriteJournal
    clearing: ClearNode
    describe: Callable[[datetime], dict[str, str | bool]] = lambda _: {}
    cost: Callable[[Usage], float | None] = lambda _: None
    currency: str = ""
    lists_found: bool = True
    """Whether the report that code writes lists what was found; otherwise it only says why the model wrote none."""
    instructions: str = ""
    """The operator's own instructions, of which an answer may tell."""

    def report(self, state: State) -> dict[str, Any]:
        """Take the report from the model's last message, check what it says, and answer the calls that remain."""
        return self._report(state, self.clearing.evidence.texts().load(state.get("evidence", {})))

    async def areport(self, state: State) -> dict[str, Any]:
        """Take the report, check what it says, and answer the calls that remain, without blocking."""
        texts = await self.clearing.evidence.texts().aload(state.get("evidence", {}))
        return await asyncio.to_thread(self._report, state, texts)

    def _report(self, state: State, texts: dict[str, str]) -> dict[str, Any]:
        """Take the report, and compare it with the texts of the evidence.

        A report that lacks support is answered with the reasons, and the model writes it again, once for each question.
        The first one stays when the second one is worse or does not come. What a report says is compared with the
        evidence before the report is made inert. From then on, also the call that brought it shows what a page may
        render.
        """
        if wants_report(state, own_words(self.toolkit)) and not self.meter.limit(state):
            return {"messages": ask_for_report(state)}
        open_calls = list_unanswered_calls(state["messages"])
        wanted = next((call for call in open_calls if call["name"] == WRITE_REPORT and "malformed" not in call), None)
        outgoing, last = Outgoing.of_thread(self.toolkit.client, state["messages"]), state["messages"][-1]
        texts = clear_known(self.toolkit.client, texts)
        checked = self._check_support(state, wanted, texts)
        checked["timeline"] = build_timeline(checked, texts)
        problems = list_problems(checked) if wanted is not None and self._may_repair(state) else []
        ended = self._say_how_it_ended(state, wanted)
        answers: list[AnyMessage] = [
            refusal_message(call, NotCarriedOut(ended, subject=call["name"]))
            if call is not wanted
            else _ask_to_repair(call, outgoing.value(problems))
            if problems
            else ToolMessage("Done.", tool_call_id=call["id"], name=call["name"])
            for call in open_calls
        ]
        if wanted is not None and isinstance(last, AIMessage):
            answers.insert(0, outgoing.report_call(last, WRITE_REPORT))
        first = state.get("report") if asked_to_repair(state) and not is_stopped(state) else None
        if first and (wanted is None or is_worse(checked, first)):
            why = _NO_SECOND if wanted is None else _WORSE
            return {"messages": answers, "report": {**first, NOT_REPAIRED: why}}
        return {"messages": answers, "report": outgoing.value(checked), "stepped": self.meter.now()}

    def _say_how_it_ended(self, state: State, wanted: dict[str, Any] | None) -> str:
        """Say why the calls that remain are not carried out."""
        if is_stopped(state):
            return "Not carried out: a person stopped the question."
        if wanted is not None:
            return f"Not carried out: {WRITE_REPORT} ended the question."
        return f"Not carried out: the question ended ({self.meter.limit(state) or 'the model failed'})."

    def _check_support(self, state: State, wanted: dict[str, Any] | None, texts: dict[str, str]) -> dict[str, Any]:
        """Take the report and check what the model says in it; a sentence that code wrote needs no evidence."""
        taken, known = self._take_report(state, wanted), state.get("evidence", {})
        said = (wanted["args"].get("answer") if wanted else None, str(getattr(state["messages"][-1], "text", "")))
        question = str(since_question(state["messages"])[0].text)
        report, question, instructions = clear_known(self.toolkit.client, (taken, question, self.instructions))
        unsent, by_code = self._list_unsent(state), taken["answer"] not in said
        approvers = {name: person for name, person in list_approvers(state).items() if name in texts}
        checked = check_report(
            report,
            texts,
            known,
            question,
            unsent=unsent,
            approvers=approvers,
            instructions=instructions,
            answered_by_code=by_code,
        )
        return add_places(checked, known, texts)

    def _list_unsent(self, state: State) -> list[UnsentWrite]:
        """List the writes of the thread that left no evidence, because a person, a plan or code did not let them."""
        writers, here, decided = list_writers(self.toolkit), calls_of_question(state), state.get("decisions", {})
        left = {entry["call"] for entry in state.get("evidence", {}).values()}
        said = {each.tool_call_id: str(each.text) for each in state["messages"] if isinstance(each, ToolMessage)}
        calls = [call for each in state["messages"] if isinstance(each, AIMessage) for call in each.tool_calls]
        found = []
        for call in calls:
            if call["name"] in writers and call["id"] not in left:
                identifier = str(call["id"])
                entry: Mapping[str, Any] = decided.get(identifier) or {}
                given = clear_known(self.toolkit.client, call["args"])
                by, how = str(entry.get("approver", "")), str(entry.get("decision", ""))
                found.append(UnsentWrite(call["name"], given, how, by, said.get(identifier, ""), identifier in here))
        return found

    def _may_repair(self, state: State) -> bool:
        """Return whether the model may be asked to repair its report: once, and within the budget."""
        ended = state.get("failure") or is_stopped(state) or self.meter.limit(state)
        return not ended and not asked_to_repair(state)

    def _take_report(self, state: State, wanted: dict[str, Any] | None) -> dict[str, Any]:
        if state.get("failure"):
            return self._tell_found(state, f"{state['failure']}.")
        if is_stopped(state):
            return plain_report("Stopped by a person.")
        if wanted is not None:
            try:
                return parse_report(wanted["args"])
            except ValueError as error:
                return self._tell_found(state, f"The model's report does not have the form of one: {error}")
        return self._take_text(state)

    def _take_text(self, state: State) -> dict[str, Any]:
        """Return the report of a question that the model ended without one."""
        last = state["messages"][-1]
        if refusal := find_refusal(last):
            return plain_report(f"The model refused: {refusal}")
        text = str(last.text) if isinstance(last, AIMessage) else ""
        if text:
            return plain_report(text, "answered")
        limit = self.meter.limit(state)
        spent = f"The budget of the question was used up ({limit}), and the model wrote no report in its last turn."
        return self._tell_found(state, spent if limit else "The model said nothing; it may have refused.")

    def _tell_found(self, state: State, why: str) -> dict[str, Any]:
        """Return the report that code writes when the model wrote none: why, and what is known."""
        if not self.lists_found:
            return plain_report(why)
        calls = calls_of_question(state)
        found = [entry for entry in state.get("evidence", {}).values() if entry["call"] in calls]
        return plain_report(f"{why} {describe_found(found)}")

    def check(self, state: State) -> dict[str, Any]:
        """State what the report does not cover, and say it all in the last message."""
        return _announced(self._check(state, self.clearing.collect(state)))

    async def acheck(self, state: State) -> dict[str, Any]:
        """State what the report does not cover, and say it all in the last message, without blocking."""
        # It may look into the journal of writes.
        return _announced(await asyncio.to_thread(self._check, state, await self.clearing.acollect(state)))

    def _check(self, state: State, cleared: dict[str, Any]) -> dict[str, Any]:
        known = {**state.get("evidence", {}), **cleared.get("evidence", {})}
        report = dict(state["report"] or check_report(plain_report(""), {}))
        limit = self.meter.limit(state)
        calls = calls_of_question(state)
        cited = {identifier for section in SECTIONS for entry in report[section] for identifier in entry["evidence"]}
        decided = state.get("decisions", {})
        used = add_usage(self.meter.usage(state), (report.get("second_look") or {}).get("usage"))
        report["usage"] = {**used, "cost": self.cost(used)} | ({"currency": self.currency} if self.currency else {})
        report["about"] = self.describe(self.meter.clock())
        covered = {name: entry for name, entry in known.items() if entry["call"] in calls or name in cited}
        if cut := list_cut(covered):
            report["usage"]["cut"] = cut
        report["coverage"] = list_coverage(
            covered,
            {name: entry for name, entry in decided.items() if name in calls},
            [limit] if limit else [],
            state.get("failure") or "",
        )
        for status, text in (*self._list_unfinished_writes(known, decided), *self._list_refused_writes(state)):
            report["coverage"].setdefault(status, []).append(text)
        if why := report.pop(NOT_REPAIRED, ""):
            report["coverage"][NOT_REPAIRED] = [why]
        report["written"] = list_written(entry for entry in known.values() if entry["call"] in calls)
        report["links"] = list_links(report, known)
        outgoing = Outgoing.of_thread(self.toolkit.client, state["messages"])
        final = outgoing.value(report)
        said = AIMessage(outgoing.text(render_markdown(final)), additional_kwargs={"report": final})
        return {**cleared, "messages": [*cleared.get("messages", []), said], "report": final}

    def _list_unfinished_writes(
        self, known: Mapping[str, Evidence], decided: Mapping[str, Decision]
    ) -> list[tuple[str, str]]:
        """List approved writes without an answer, because the process ended or another client said stop."""
        answered = {entry["call"] for entry in known.values()}
        found = []
        for identifier, decision in decided.items():
            if decision["decision"] != "approve" or identifier in answered:
                continue
            name = name_call(decision["call"])
            try:
                before = self.journal.outcome(decision["write_id"])
            except RecordsUnusable as error:
                found.append(("unknown", f"{name}, approved: {raise_or_tell(self.toolkit.client, error)}"))
                continue
            if before is None:
                found.append(("not_written", f"{name}, approved and not carried out"))
            else:
                found.append((before.status or "unknown", f"{name}, begun when the process ended"))
        return found

    def _list_refused_writes(self, state: State) -> list[tuple[str, str]]:
        """List the writes of the question that were refused before anybody decided about them.

        The last call of a write counts. A call whose arguments do not fit is repaired by the next one of its tool.
        """
        writers, messages = list_writers(self.toolkit), since_question(state["messages"])
        answered = {entry["call"] for entry in state.get("evidence", {}).values()} | state.get("decisions", {}).keys()
        said = {each.tool_call_id: each for each in messages if isinstance(each, ToolMessage)}
        dropped, refused = list[str](), dict[str, str]()
        for call in (call for each in messages if isinstance(each, AIMessage) for call in each.tool_calls):
            answer, name = said.get(str(call["id"])), name_call(call)
            if call["name"] not in writers:
                continue
            refused.pop(name, None)
            refused.pop(call["name"], None)
            if answer is None or answer.status != "error" or call["id"] in answered:
                continue
            artifact = answer.artifact if isinstance(answer.artifact, dict) else {}
            if was_not_carried_out(answer):
                dropped.append(f"{name}, not carried out")
            else:
                key = call["name"] if artifact.get("status") == InvalidRequest.status else name
                refused[key] = f"{name}, refused: {summarize_refusal(artifact, str(answer.text))}"
        return [("not_written", text) for text in (*dropped, *refused.values())]

    def answer(self, state: State) -> dict[str, Any]:
        """End a question that the model answered in plain text, such as a question to the person."""
        announce(ModelAnswered(str(state["messages"][-1].text)))
        return {**self.clearing.collect(state), "report": None}

    async def aanswer(self, state: State) -> dict[str, Any]:
        """End a question that the model answered in plain text, without blocking."""
        announce(ModelAnswered(str(state["messages"][-1].text)))
        return {**await self.clearing.acollect(state), "report": None}


def _announced(update: dict[str, Any]) -> dict[str, Any]:
    announce(ReportReady(update["report"]))
    return update


def after_report(state: State) -> Literal["model", "check"]:
    """Route to the model when it was asked to write its report, or to repair it, and else to the end."""
    last_answers = _answers_to_last_turn(state["messages"])
    asked = any(_asks_to_repair(message) or asks_for_report(message) for message in last_answers)
    return "model" if asked and not state.get("failure") else "check"


def list_approvers(state: Mapping[str, Any]) -> dict[str, str]:
    """Return who approved each write of a thread that left evidence, by the id of the evidence."""
    decisions = state.get("decisions", {})
    decided = {name: decisions.get(str(entry["call"])) for name, entry in state.get("evidence", {}).items()}
    return {
        name: str(decision["approver"])
        for name, decision in decided.items()
        if decision and decision["decision"] == "approve"
    }


def asked_to_repair(state: State) -> bool:
    """Return whether the model was asked to repair its report of the current question."""
    return any(map(_asks_to_repair, since_question(state["messages"])))


def _ask_to_repair(call: Mapping[str, Any], problems: Sequence[str]) -> ToolMessage:
    """Answer a report with what its evidence does not support."""
    told = "\n".join(f"- {problem}" for problem in problems[:_MOST_PROBLEMS])
    more = f"\n- and {len(problems) - _MOST_PROBLEMS} more" if len(problems) > _MOST_PROBLEMS else ""
    why = (
        f"The report is not final yet, because evidence does not support all of it:\n{told}{more}\n"
        f"Call {WRITE_REPORT} once more with the whole report. Quote what supports a statement, correct it, or leave "
        "it out. The next report is final."
    )
    return refusal_message(call, ReportNotSupported(why, subject=WRITE_REPORT))


def _answers_to_last_turn(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    return list(takewhile(lambda message: isinstance(message, ToolMessage), reversed(messages)))


def _asks_to_repair(message: AnyMessage) -> bool:
    return is_refusal(message, ReportNotSupported)
