"""Evidence: each tool result whole under an id; the model sees a preview and reads on."""

from typing import Annotated, Any

from langchain_core.messages import ToolMessage
from pydantic import BaseModel, ConfigDict, Field

from azure_devops_agents.investigation.state import Evidence
from langchain_azure_devops.results import Lines, Page
from langchain_azure_devops.toolset import Tool
from langchain_azure_devops.untrusted import fenced

PREVIEW = 6_000
"""Characters of a result that the model sees at once."""
READ_EVIDENCE = "read_evidence"


class ReadEvidence(BaseModel):
    """Read on in an earlier result: from a line on, or the lines that contain a text."""

    model_config = ConfigDict(title=READ_EVIDENCE, extra="forbid")

    id: Annotated[str, Field(description="Such as E3")]
    first_line: Annotated[int, Field(ge=1)] = 1
    contains: str | None = None


def gathered(evidence_id: str, tool: Tool[..., Any] | None, call: dict[str, Any], message: ToolMessage) -> Evidence:
    """The evidence a tool message holds."""
    text = str(message.content)
    return Evidence(
        id=evidence_id,
        tool=tool.name if tool else str(call["name"]),
        arguments=dict(call["args"]),
        status=_status(message, text),
        text=text,
        untrusted="<untrusted " in text,
    )


def _status(message: ToolMessage, text: str) -> str:
    if message.status == "error":
        return text.removeprefix("[").split(" ", 1)[0].split("]", 1)[0]
    artifact = message.artifact
    if isinstance(artifact, Page):
        if not artifact.items:
            return "empty"
        return "partial" if artifact.cursor is not None or "; more: repeat with cursor=" in text else "ok"
    if isinstance(artifact, Lines):
        return "partial" if "; go on with first_line=" in text or artifact.first_line > 1 else "ok"
    return "partial" if " characters shown." in text else "ok"


def preview(evidence: Evidence) -> str:
    """What the model sees of a result: its id, and as much as fits, the fence kept closed."""
    text = evidence["text"]
    head = f"{evidence['id']}:\n"
    if len(text) <= PREVIEW:
        return head + text
    end = text.rfind("\n", 0, PREVIEW)
    shown = text[: end if end > PREVIEW // 2 else PREVIEW]
    start = text.find("<untrusted ")
    closing = f"\n</{text[start + 1 : text.find('>', start)]}>" if 0 <= start < len(shown) else ""
    lines = shown.count("\n") + 1
    return (
        f"{head}{shown}{closing}\n[{lines} of {text.count(chr(10)) + 1} lines shown; go on with "
        f"{READ_EVIDENCE}(id={evidence['id']!r}, first_line={lines + 1}) or contains=]"
    )


def read_on(known: dict[str, Evidence], arguments: dict[str, Any], nonce: str) -> str:
    """Some lines of earlier evidence, numbered.

    Raises:
        ValueError: The arguments do not fit, or no such evidence exists.
    """
    wanted = ReadEvidence.model_validate({name: value for name, value in arguments.items() if value is not None})
    evidence = known.get(wanted.id)
    if evidence is None:
        raise ValueError(f"There is no evidence {wanted.id!r}. Known: {', '.join(known) or 'none yet'}.")
    lines = list(enumerate(evidence["text"].split("\n"), 1))[wanted.first_line - 1 :]
    if wanted.contains:
        lines = [(number, line) for number, line in lines if wanted.contains.lower() in line.lower()]
    shown: list[str] = []
    room = PREVIEW
    for number, line in lines:
        room -= len(line) + 8
        if room < 0 and shown:
            break
        shown.append(f"{number}: {line[:PREVIEW]}")
    more = f"[{len(lines) - len(shown)} more lines]" if len(shown) < len(lines) else "[end]"
    return f"{evidence['id']}, {evidence['tool']}:\n{fenced(chr(10).join(shown), nonce)}\n{more}"
