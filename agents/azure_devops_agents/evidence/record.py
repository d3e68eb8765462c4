"""Evidence: each tool result has an id. The state keeps an index entry of it, and the model can read on in its text."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, NotRequired, cast

from langchain_core.messages import ToolMessage
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from azure_devops_agents.evidence.lines import is_fence, read_lines_of
from azure_devops_agents.evidence.pages import index_pages
from azure_devops_agents.evidence.storable import storable
from azure_devops_agents.evidence.summary import summarize_error, summarize_result
from langchain_azure_devops import Tool
from langchain_azure_devops.results import ERROR
from langchain_azure_devops.text import fence

PREVIEW = 6_000
"""Characters of a result that the model sees at once."""
READ_EVIDENCE = "read_evidence"
_PAGING = {"cursor", "limit", "first_line", "last_line"}
"""Arguments that choose a part of a result, and not what is looked at."""


class _Described(TypedDict):
    """The description of one tool result.

    `status` is ok, empty, partial, or the status of the error (denied, not_found, throttled, ...); `call` is the id of
    the tool call it answers. `summary` says in one line what the text holds. `untrusted` says whether people or builds
    wrote some of it; `origins` says who: each names the record, its fields, `by` (people, builds, service), the author
    and whether that is the token's own account. `next` holds the arguments that fetch what follows, `gaps` says whether
    something is missing that no such call fetches. `final` names the organization and project at which the same call
    can never bring anything else; it is empty when it can. `urls` holds the web page of the record, or a pattern for
    all rows; see `index_pages`. `caption` says what the record is called, such as `Bug 59`. `data` is the record that
    a write returned. `cut` says that the time limit of the question cut the read.
    """

    id: str
    call: str
    tool: str
    arguments: dict[str, Any]
    status: str
    summary: str
    untrusted: bool
    origins: list[dict[str, Any]]
    next: dict[str, Any] | None
    gaps: bool
    final: NotRequired[str]
    urls: dict[str, Any] | None
    caption: NotRequired[str | None]
    data: NotRequired[Any]
    cut: NotRequired[bool]


class Answer(_Described):
    """One tool result with its text, as a node returns it."""

    text: str


class Place(TypedDict):
    """The place of a text in the store: `digest` is its key there, `size` the number of its characters."""

    digest: str
    size: int


class Evidence(_Described, Place):
    """One tool result in the state of a thread. The store holds its text.

    `read` is the time when it was read, in UTC.
    """

    read: str


class FullEvidence(Evidence):
    """One tool result with its text."""

    text: str


def given_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call that say something, without empty ones."""
    return {name: value for name, value in arguments.items() if value not in (None, "", [])}


def number_of(evidence_id: str) -> int:
    """Return the number in an evidence id, such as 3 of `E3`."""
    return int(evidence_id.removeprefix("E"))


def digest_text(text: str) -> str:
    """Return the digest of a text, which is its key in the store."""
    return hashlib.sha256(text.encode()).hexdigest()


def place_text(text: str) -> Place:
    """Return the place of a text in the store."""
    return Place(digest=digest_text(text), size=len(text))


def index_entry(answer: Answer, read: datetime) -> tuple[Evidence, str]:
    """Return what the state keeps of an answer, and its text as the store keeps it."""
    text = str(storable(answer["text"]))
    described = storable({name: value for name, value in answer.items() if name != "text"})
    when = f"{read.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return cast("Evidence", {**described, **place_text(text), "read": when}), text


class ReadEvidence(BaseModel):
    """Read on in an earlier result: from a line on, or the lines that contain a text."""

    model_config = ConfigDict(title=READ_EVIDENCE, extra="forbid")

    id: Annotated[str, Field(description="Such as E3")]
    first_line: Annotated[int, Field(ge=1)] = 1
    contains: str | None = None


def evidence_of_message(
    evidence_id: str, tool: Tool[..., Any] | None, call: dict[str, Any], message: ToolMessage, destination: str
) -> Answer:
    """Return the evidence that a tool message holds; its artifact says what its text says to a model.

    Args:
        evidence_id: The id that the evidence gets.
        tool: The tool that answered; None for one that is not declared.
        call: The call that it answers.
        message: The answer.
        destination: The organization and project that were asked.
    """
    artifact: dict[str, Any] = message.artifact if isinstance(message.artifact, dict) else {}
    failed = message.status == "error"
    name = tool.name if tool else str(call["name"])
    return Answer(
        id=evidence_id,
        call=str(call["id"]),
        tool=name,
        arguments=dict(call["args"]),
        status=str(artifact.get("status") or ("unavailable" if failed else "ok")),
        text=str(message.content),
        summary=summarize_error(artifact) if failed else summarize_result(artifact),
        untrusted=_holds_untrusted_text(artifact, failed),
        origins=[ERROR.as_data()] if failed else list(artifact.get("origins", [])),
        next=artifact.get("next"),
        gaps=bool(artifact.get("gaps")),
        final=destination if artifact.get("final") else "",
        urls=index_pages(artifact),
        caption=artifact.get("caption"),
    )


def mark_cut(evidence: Answer) -> Answer:
    """Return the evidence of a read that the time limit of the question cut; its summary says so."""
    missing = "all of it" if evidence["status"] not in {"ok", "empty", "partial"} else "the rest"
    told = f"{evidence['summary']}, cut by the time limit of the question: {missing} is missing"
    return {**evidence, "summary": told, "cut": True}


def _holds_untrusted_text(artifact: Mapping[str, Any], failed: bool) -> bool:
    """Return whether people, builds or the service wrote some of the text; true when nothing is known about it.

    The artifact of an error says whose words it repeats, and an empty result has only its notes.
    """
    if failed:
        return bool(artifact.get("origins", True))
    return artifact.get("status") != "empty" or bool(artifact.get("notes") or artifact.get("failed"))


def evidence_of_text(evidence_id: str, call: dict[str, Any], status: str, text: str, summary: str) -> Answer:
    """Return the evidence of an answer that no tool gave."""
    return Answer(
        id=evidence_id,
        call=str(call["id"]),
        tool=str(call["name"]),
        arguments=dict(call["args"]),
        status=status,
        text=text,
        summary=summary,
        untrusted=False,
        origins=[],
        next=None,
        gaps=False,
        final="",
        urls=None,
        caption=None,
    )


def merge_evidence(old: dict[str, Evidence] | None, new: dict[str, Evidence] | None) -> dict[str, Evidence]:
    """Merge evidence; the newer entry wins, but what was untrusted once stays untrusted."""
    both = {**(old or {}), **(new or {})}
    for identifier in (old or {}).keys() & (new or {}).keys():
        before, after = (old or {})[identifier], both[identifier]
        kept = [origin for origin in before.get("origins", []) if origin not in after.get("origins", [])]
        untrusted = before["untrusted"] or after["untrusted"]
        both[identifier] = {**after, "untrusted": untrusted, "origins": [*kept, *after.get("origins", [])]}
    return both


def is_continued(evidence: Evidence, known: Iterable[Evidence]) -> bool:
    """Return whether later calls returned all that a partial result left out; those results report their own gaps."""
    following = evidence["next"]
    if following is None or evidence["gaps"]:
        return False
    wanted = _leave_out(evidence["arguments"], *_PAGING) | following
    return any(
        other["tool"] == evidence["tool"]
        and other["status"] in {"ok", "empty", "partial"}
        and _leave_out(other["arguments"], *_PAGING - following.keys()) == wanted
        for other in known
    )


def _leave_out(arguments: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None and name not in names}


def preview(evidence: Answer) -> str:
    """Return what the model sees of a result: its id and as many lines as fit, with the fence closed."""
    text = evidence["text"]
    head = f"{evidence['id']}:\n"
    if len(text) <= PREVIEW:
        return head + text
    every = read_lines_of(text)
    kept = _take_fitting([line.text for line in every])
    shown = "\n".join(kept)
    closing = _closing_fence(text, len(shown))
    return (
        f"{head}{shown}{closing}\n[{len(kept)} of {len(every)} lines shown; go on with "
        f"{READ_EVIDENCE}(id={evidence['id']!r}, first_line={every[len(kept)].number}) or contains=]"
    )


def _closing_fence(text: str, length: int) -> str:
    """Return the line that closes the fence which is open after the first characters of a text.

    Only the text tells where its fences begin: the artifact holds the data, and the nonce is never stored elsewhere.
    """
    start = text.rfind("<untrusted ", 0, length)
    ended = text.rfind("</untrusted ", 0, length)
    return f"\n</{text[start + 1 : text.find('>', start)]}>" if start > ended else ""


def _take_fitting(lines: list[str]) -> list[str]:
    """Return as many of the first lines as a preview holds, and at least one."""
    kept: list[str] = []
    room = PREVIEW
    for line in lines:
        room -= len(line) + 1
        if room < 0 and kept:
            break
        kept.append(line)
    return kept


def find_evidence(known: Mapping[str, Evidence], arguments: dict[str, Any]) -> Evidence:
    """Return the entry in whose text a call reads on.

    Raises:
        ValueError: The arguments do not fit, or no such evidence exists.
    """
    wanted = _parse_arguments(arguments)
    if wanted.id not in known:
        raise ValueError(f"There is no evidence {wanted.id!r}. Known: {', '.join(known) or 'none yet'}.")
    return known[wanted.id]


def read_lines(evidence: Evidence, text: str, arguments: dict[str, Any], nonce: str) -> str:
    """Return lines of the text of earlier evidence, with the numbers that they have in their file or log.

    Raises:
        ValueError: The arguments do not fit, or the text is not stored any more.
    """
    wanted = _parse_arguments(arguments)
    if evidence["size"] and not text:
        raise ValueError(f"The text of {evidence['id']} is not stored any more. Call {evidence['tool']} again.")
    # What stands before the first line of a file or log belongs to the beginning.
    lines = [line for line in read_lines_of(text) if line.number >= wanted.first_line and not is_fence(line.text)]
    if wanted.contains:
        lines = [line for line in lines if wanted.contains.lower() in line.text.lower()]
    shown = _take_fitting([line.shown for line in lines])
    rest = lines[len(shown) :]
    more = f"[{len(rest)} more lines; go on with first_line={rest[0].number}]" if rest else "[end]"
    return f"{evidence['id']}, {evidence['tool']}:\n{fence(chr(10).join(shown), nonce)}\n{more}"


def _parse_arguments(arguments: dict[str, Any]) -> ReadEvidence:
    return ReadEvidence.model_validate({name: value for name, value in arguments.items() if value is not None})
