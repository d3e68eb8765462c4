"""Decide what a turn in plain text is: a question to the person, or an answer without a report.

An answer that rests on something that was read is asked for once more as a report, because only a report is checked.
"""

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from azure_devops_agents.investigation.refusals import ReportInPlainText, is_refusal, refusal_message
from azure_devops_agents.investigation.state import State, calls_of_question, since_question
from azure_devops_agents.investigation.turns.messages import find_refusal
from azure_devops_agents.investigation.turns.tool_choice import FIND_TOOLS
from azure_devops_agents.reports.citations import cited_in
from azure_devops_agents.reports.facts import find_facts
from azure_devops_agents.reports.report import WRITE_REPORT
from azure_devops_agents.reports.sentences import split_sentences

_ASK = f"""\
Your text was taken for the answer of {WRITE_REPORT}, but the report is incomplete: only statements with evidence are \
checked. Call {WRITE_REPORT} with the whole report. If the person must tell you something first, ask only that, in \
plain text. The next text is final."""


def is_message(state: State) -> bool:
    """Return whether the model ended its turn with a message for the person, which is no report.

    It is a message where nothing was read for the question, and where it asks the person something. Where a write was
    decided about, a report tells what became of it.
    """
    return _is_text(state) and not _has_decided(state) and not (_has_read(state) and not _asks(_last_text(state)))


def wants_report(state: State) -> bool:
    """Return whether the model answered in plain text and must be asked, for the first time, to write a report."""
    return _is_text(state) and not is_message(state) and _has_read(state) and not _was_asked(state)


def ask_for_report(state: State) -> list[AnyMessage]:
    """Return the messages that ask for a report in place of a text.

    The text becomes the call that should have brought it, and the call is answered. So every call has an answer, the
    turns keep their order for every provider, and no message counts as a new question of the person.
    """
    said = state["messages"][-1]
    identifier = f"text_{len(state['messages'])}"
    call = {"name": WRITE_REPORT, "args": {"answer": str(said.text)}, "id": identifier, "type": "tool_call"}
    return [
        said.model_copy(update={"tool_calls": [call]}),
        refusal_message(call, ReportInPlainText(_ASK, subject=WRITE_REPORT)),
    ]


def asks_for_report(message: AnyMessage) -> bool:
    """Return whether a message asks for a report in place of a text."""
    return is_refusal(message, ReportInPlainText)


def _is_text(state: State) -> bool:
    """Return whether the last turn is a text without calls, in a question that goes on and has no report yet."""
    last = state["messages"][-1]
    spoken = isinstance(last, AIMessage) and not (last.tool_calls or last.invalid_tool_calls) and last.text.strip()
    return bool(spoken) and not (state.get("failure") or state.get("report") or find_refusal(last))


def _last_text(state: State) -> str:
    return str(state["messages"][-1].text)


def _has_decided(state: State) -> bool:
    calls = calls_of_question(state)
    return any(identifier in calls for identifier in state.get("decisions", {}))


def _has_read(state: State) -> bool:
    """Return whether any tool answered in this question; the search for tools tells nothing of the organization."""
    answers = [message for message in since_question(state["messages"]) if isinstance(message, ToolMessage)]
    return any(message.name not in {FIND_TOOLS, WRITE_REPORT} for message in answers)


def _was_asked(state: State) -> bool:
    return any(map(asks_for_report, since_question(state["messages"])))


def _asks(text: str) -> bool:
    """Return whether a text asks the person something.

    It ends with a question. A text that cites evidence or tells a result is an answer, and its question only an offer.
    """
    sentences = [sentence.text for sentence in split_sentences(text)]
    told = [sentence for sentence in sentences if not _is_question(sentence)]
    answers = any(cited_in(each) or any(fact.kind == "result" for fact in find_facts(each)) for each in told)
    return bool(sentences) and _is_question(sentences[-1]) and not answers


def _is_question(sentence: str) -> bool:
    return sentence.rstrip("*_`\"')]} ").endswith(("?", "\uff1f"))
