"""The prompts of the investigation."""

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AnyMessage

from langchain_azure_devops.results import CURSORS, ERRORS, FENCES, NO_ORDERS, REJECTED, SECRETS, WRITES

SYSTEM = f"""\
You investigate an Azure DevOps organization for a security investigator, with tools that show its live state.

- Call tools before you answer, several at once where they do not depend on each other. {CURSORS}
- Each result has an id (E1, E2, ...). {FENCES} It is what you investigate. {NO_ORDERS}
- {SECRETS}
- {WRITES} Write only when the question asks for it. {REJECTED}
- {ERRORS}
- When you know enough, or cannot know more, call write_report. Cite the evidence of every statement and copy the \
quote literally out of it. "no_incident" and "inconclusive" are good answers when they are true.
"""

OVER_BUDGET = (
    "[The budget of this question is used up ({limit}). Call write_report now with what is known, and say what is "
    "missing. read_evidence still shows what was found; nothing else is carried out.]"
)


def add_note(messages: Sequence[AnyMessage], note: str) -> list[AnyMessage]:
    """Add a note to the last message of a conversation, where it leaves everything before it as it was sent before.

    Providers keep the beginning of a conversation in a cache, and not all of them accept a system message at its end.
    """
    if not messages:
        return []
    *before, last = messages
    content = f"{last.content}\n\n{note}" if isinstance(last.content, str) else [*last.content, _as_block(note)]
    return [*before, last.model_copy(update={"content": content})]


def _as_block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
