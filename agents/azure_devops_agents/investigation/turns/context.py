"""Keep short what is sent to the model: older results become one line, and stay whole in the evidence."""

import json
from collections.abc import Iterable, Mapping, Sequence

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langchain_core.messages.utils import count_tokens_approximately

from azure_devops_agents.evidence.record import READ_EVIDENCE, Evidence
from azure_devops_agents.reports.markdown import shorten_markdown
from azure_devops_agents.reports.report import WRITE_REPORT
from langchain_azure_devops.text import fence

_LONGEST_ARGUMENTS = 300


def reduce_results(
    messages: Sequence[AnyMessage], evidence: Mapping[str, Evidence], most: int, nonce: str
) -> list[AnyMessage]:
    """Return a conversation in which the oldest results are reduced to a line, when it has more than `most` tokens.

    When the limit is exceeded, the oldest results are reduced until half of the tokens remain. The choice depends only
    on earlier messages, so the provider's cache stays valid. Results that the model
    has not seen yet are reduced only when they do not fit by themselves. Each call keeps its answer.

    Args:
        messages: The conversation. It is not changed.
        evidence: The index of the evidence.
        most: The tokens that the conversation may have, estimated from characters.
        nonce: Nobody who wrote a result can know it; the same for the whole thread.
    """
    entries = {entry["call"]: entry for entry in evidence.values()}
    sent, sizes = list(messages), [count_tokens_approximately([message]) for message in messages]
    seen = 0
    total = 0

    def reduce(positions: Iterable[int], least: int) -> None:
        nonlocal total
        for position in positions:
            if total <= least:
                return
            short = _shorten(sent[position], entries, nonce)
            size = count_tokens_approximately([short])
            if size < sizes[position]:
                total -= sizes[position] - size
                sent[position], sizes[position] = short, size

    for position in range(len(messages) + 1):
        at_turn = position == len(messages) or isinstance(messages[position], AIMessage)
        if at_turn and total > most:
            reduce(range(seen), most // 2)
            reduce(range(seen, position), most)
        if position < len(messages):
            total += sizes[position]
            seen = position + 1 if at_turn else seen
    return sent


def leave_out_report_calls(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """Return a conversation in which each report stands once: as the message that the person was shown, shortened.

    That message says also what was not verified. Its addresses are left out, and so are the turns that only wrote the
    report, with their answers.
    """
    kept: list[AnyMessage] = []
    for message in messages:
        if isinstance(message, AIMessage) and message.additional_kwargs.get("report"):
            while (begin := _find_report_call(kept)) is not None:
                del kept[begin:]
            kept.append(message.model_copy(update={"content": shorten_markdown(str(message.text))}))
        else:
            kept.append(message)
    return kept


def _find_report_call(messages: Sequence[AnyMessage]) -> int | None:
    """Return where the last turn begins, if it did nothing else than to write a report; None otherwise."""
    begin = len(messages) - 1
    while begin >= 0 and isinstance(messages[begin], ToolMessage):
        begin -= 1
    said = messages[begin] if begin >= 0 else None
    calls = [*said.tool_calls, *said.invalid_tool_calls] if isinstance(said, AIMessage) else []
    return begin if calls and all(call["name"] == WRITE_REPORT for call in calls) else None


def _shorten(message: AnyMessage, entries: Mapping[str, Evidence], nonce: str) -> AnyMessage:
    """Return the answer to a call as the line of its evidence; another message as it is."""
    if not isinstance(message, ToolMessage):
        return message
    if entry := entries.get(message.tool_call_id):
        return message.model_copy(update={"content": _index_line(entry, nonce)})
    if message.name == READ_EVIDENCE:
        return message.model_copy(update={"content": f"[Shown before; {READ_EVIDENCE} shows it again.]"})
    return message


def _index_line(entry: Evidence, nonce: str) -> str:
    """Return what a reduced result still says: its id, the call, its summary, and how to see it again."""
    arguments = json.dumps(entry["arguments"], ensure_ascii=False)
    if len(arguments) > _LONGEST_ARGUMENTS:
        arguments = f"{arguments[:_LONGEST_ARGUMENTS]}..."
    summary = fence(entry["summary"], nonce) if entry["untrusted"] else entry["summary"]
    again = f"[{READ_EVIDENCE}(id={entry['id']!r}) shows it]"
    return f"{entry['id']}: {entry['tool']} {arguments}, {entry['status']}:\n{summary}\n{again}"
