"""Decide what a turn in plain text is: a question to the person, or an answer without a report.

An answer is asked for once more as a report, because only a report is checked. It is an answer where something was read
for the question, where it states what only evidence can show, and in a thread that has evidence also where it states
nothing that code can find: "Yes." may be wrong too. Questions to the person, thanks and what the agent says of itself
stay messages.
"""

import re

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from azure_devops_agents.investigation.refusals import ReportInPlainText, is_refusal, refusal_message
from azure_devops_agents.investigation.state import State, calls_of_question, since_question
from azure_devops_agents.investigation.turns.messages import find_refusal
from azure_devops_agents.investigation.turns.tool_choice import FIND_TOOLS
from azure_devops_agents.reports.facts import Fact, find_facts
from azure_devops_agents.reports.report import WRITE_REPORT
from azure_devops_agents.reports.words.citations import find_citations
from azure_devops_agents.reports.words.results import CERTAIN
from azure_devops_agents.reports.words.sentences import Sentence, split_sentences

_ASK = f"""\
Your text was taken for the answer of {WRITE_REPORT}, but the report is incomplete: only statements with evidence are \
checked. Read what you have not read yet, then call {WRITE_REPORT} with the whole report. If the person must tell you \
something first, ask only that, in plain text. The next text is final."""
_CERTAIN_KINDS = frozenset({"id", "number", "count", "date", "weekday", "hash"})
"""The facts that a text cannot hold by chance."""
_CLARIFYING_KINDS = frozenset({"count", "literal"})
"""The facts that are the reason of a question, such as the names of two repositories."""
_OFFER = re.compile(
    r"\b(?:(?:shall|should|may|can|could) I|do you want|would you like|soll ich|m\u00f6chte(?:n|st))\b", re.IGNORECASE
)
_COURTESY = re.compile(
    r"\b(?:thanks?|thx|cheers|great|good|nice|perfect|super|ok|okay|hello|hi|hey|bye|danke|prima|hallo|tsch\u00fcss|merci|"
    r"bonjour|gracias|hola|grazie|ciao)\b",
    re.IGNORECASE,
)
_MOST_COURTEOUS_WORDS = 6


def is_message(state: State, own_words: str) -> bool:
    """Return whether the model ended its turn with a message for the person, which is no report.

    Where a write was decided about, a report tells what became of it.

    Args:
        state: The thread.
        own_words: What the agent knows without evidence: where it works, and the names of its tools.
    """
    if not _is_text(state) or _has_decided(state):
        return False
    text = _Text(state, own_words)
    return text.asks() or not text.answers()


def wants_report(state: State, own_words: str) -> bool:
    """Return whether the model answered in plain text and must be asked, for the first time, to write a report."""
    return _is_text(state) and not is_message(state, own_words) and not _was_asked(state)


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


def _has_decided(state: State) -> bool:
    calls = calls_of_question(state)
    return any(identifier in calls for identifier in state.get("decisions", {}))


def _has_read(state: State) -> bool:
    """Return whether any tool answered in this question; the search for tools tells nothing of the organization."""
    answers = [message for message in since_question(state["messages"]) if isinstance(message, ToolMessage)]
    return any(message.name not in {FIND_TOOLS, WRITE_REPORT} for message in answers)


def _was_asked(state: State) -> bool:
    return any(map(asks_for_report, since_question(state["messages"])))


class _Text:
    """The text with which the model ended its turn, and what it answers."""

    def __init__(self, state: State, own_words: str) -> None:
        self._state = state
        sentences = split_sentences(str(state["messages"][-1].text))
        self._last = sentences[-1].text if sentences else ""
        self._told = [sentence for sentence in sentences if not _is_question(sentence.text)]
        spoken = [str(message.text) for message in state["messages"] if isinstance(message, HumanMessage)]
        self._known = "\n".join((*spoken, own_words)).lower()
        self._asked = bool(spoken) and not _is_courtesy(spoken[-1])

    def asks(self) -> bool:
        """Return whether it asks the person something.

        It ends with a question. A text that cites evidence or tells a result is an answer, and its question only an
        offer. The question may have a reason, but to offer something needs none.
        """
        if not _is_question(self._last):
            return False
        if any(each.cited or any(fact.kind == "result" for fact in find_facts(each.text)) for each in self._told):
            return False
        return not (_OFFER.search(self._last) and any(self._states(each, _CLARIFYING_KINDS) for each in self._told))

    def answers(self) -> bool:
        """Return whether it is an answer, which must be checked. Without any fact, it is asked for as a report once."""
        if _has_read(self._state) or any(map(self._states, self._told)):
            return True
        return self._asked and bool(self._state.get("evidence")) and not _was_asked(self._state)

    def _states(self, sentence: Sentence, without: frozenset[str] = frozenset()) -> bool:
        """Return whether a sentence states what evidence could show."""
        facts = [fact for fact in find_facts(sentence.text) if fact.kind not in without]
        return bool(sentence.cited) or any(map(self._is_of_organization, facts))

    def _is_of_organization(self, fact: Fact) -> bool:
        """Return whether a fact is one of the organization, and no word of the agent, the person or plain courtesy."""
        if fact.kind in _CERTAIN_KINDS:
            return True
        if fact.kind == "result":
            return self._asked or fact.text.lower() in CERTAIN
        return self._asked and fact.value.lower() not in self._known


def _is_courtesy(text: str) -> bool:
    """Return whether a person only greets or thanks."""
    short = len(text.split()) <= _MOST_COURTEOUS_WORDS and "?" not in text
    return short and bool(_COURTESY.search(text)) and not any(fact.kind in _CERTAIN_KINDS for fact in find_facts(text))


def _is_question(sentence: str) -> bool:
    """Return whether a sentence ends with a question mark, before what it cites."""
    cited = [citation for citation in find_citations(sentence) if citation.end == len(sentence)]
    return (sentence[: cited[0].start] if cited else sentence).rstrip("*_`\"')]} ").endswith(("?", "\uff1f"))
